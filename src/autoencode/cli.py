r"""The command line: `autoencode fit`, `transform`, `sample` and the others.

A command is a function here, and its flags are the function's arguments. `fit` adds those of
the chosen recipe, of the estimator, of the chosen objects and of the training, read from the
signatures, so that a new argument appears by itself. Data and pictures go to files, written
wholly or not at all; what was done is said on stdout; all else, in one line, on stderr.
"""

__all__ = ["main"]

import contextlib
import csv
import importlib
import logging
import math
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .signatures import Group, choose, parse, read, signature, subclasses, value_of

if TYPE_CHECKING:  # these take a second to import, which `--help` need not wait for
    import numpy as np
    from numpy.typing import NDArray

    from .estimator import Autoencoder

_ROWS = (".npy", ".csv", ".parquet")
_IMAGES = (".png", ".npy", "")
_PAIRS = 64  # originals beside reconstructions in one picture


# Commands


def fit(
    data: Path,
    /,
    out: Path,
    recipe: str = "autoencoder",
    label: str | None = None,
    labels: Path | None = None,
    corrupted: Path | None = None,
    settings: Sequence[dict[str, Any]] = ({}, {}, {}),
) -> None:
    r"""Trains a model on data and writes it to a file.

    Arguments:
        data: A folder of images, or a .npy, .npz, .csv or IDX file, gzipped or not.
        out: The file of the model.
        recipe: The kind of autoencoder; `autoencode recipes` lists them.
        label: The column of a .csv file that holds labels.
        labels: A .npy, .csv or IDX file with a label, or a row of numbers, for each example
            of a conditional model.
        corrupted: Damaged versions of the examples, in the same order, to learn to undo.
        settings: The arguments of the recipe, of the estimator and of the training.
    """
    from . import recipes, storage

    storage.check_writable(out)

    own, chosen, training = settings
    build = getattr(recipes, recipe)
    model = build(**own)

    if "device" in training:
        _check_device(training["device"])

    _check_effect(build, own, chosen)
    model.set_params(**chosen)

    if training:
        model.training = _trained_by(model.training, training)

    if labels is not None and not model.conditional:
        raise ValueError("--labels is for a model of examples given labels: add --conditional.")

    X, y, *_ = _read(data, label, labels)
    model.fit(X, y, corrupted=None if corrupted is None else _read(corrupted, label).X)
    model.save(out)

    last = model.history_[-1]
    print(f"Wrote {out}: {last.epoch} epochs in {last.seconds:.1f} s; {_terms(last)}.")
    pictures = ["--out", str(out.with_name(f"{out.stem}-pictures"))]
    flags = [] if label is None else ["--label", label]
    print(f"Next: {shlex.join(['autoencode', 'plot', str(out), str(data), *flags, *pictures])}")


def transform(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes the codes of examples.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npy, .csv or .parquet file.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    _check_out(out, _ROWS)
    estimator = _load(model)
    given = _read(data, label, labels, estimator)
    Z = estimator.transform(given.X, given.y)

    _write(out, Z, [f"z{i}" for i in range(1, Z.shape[1] + 1)])
    print(f"Wrote {out}: {len(Z):,} codes of {Z.shape[1]} numbers.")


def reconstruct(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes examples as the model gives them back from their codes.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npy file; for images also a .png picture with the originals beside, or a folder
            of images; for tables a .csv or .parquet file.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    estimator = _load(model)
    _check_out(out, _suffixes(estimator))
    X, y, columns, files = _read(data, label, labels, estimator)

    if out.suffix.lower() == ".png" and len(X) > _PAIRS:
        print(f"The picture shows the first {_PAIRS} of {len(X):,}; --out FOLDER writes all.")
        X, y = X[:_PAIRS], None if y is None else y[:_PAIRS]

    R = estimator.reconstruct(X, y)
    _write(out, R, columns, files, estimator, beside=X)
    print(f"Wrote {out}: {len(R):,} reconstructions.")


def denoise(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes clean versions of damaged examples, by a model that was trained to make them.

    Arguments:
        model: The file of the model.
        data: The damaged examples.
        out: A .npy file; for images also a .png picture with the originals beside, or a folder
            of images; for tables a .csv or .parquet file.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    reconstruct(model, data, out, label, labels)


def sample(
    model: Path,
    /,
    out: Path,
    n: int = 64,
    y: Sequence[str] | None = None,
    random_state: int | None = None,
) -> None:
    r"""Writes new examples, drawn from the model.

    Arguments:
        model: The file of the model.
        out: A .npy file; for images also a .png picture or a folder of images; for tables a
            .csv or .parquet file.
        n: How many.
        y: The label of all new examples, or one for each; or a row of numbers.
        random_state: Seeds the draws, to get the same ones again.
    """
    import numpy as np

    from .modalities.context import Numbers

    estimator = _load(model)
    _check_out(out, _suffixes(estimator))

    try:
        draw = estimator.sample
    except AttributeError as error:
        raise ValueError(str(error)) from None

    if y is not None and isinstance(estimator.context_, Numbers):
        y = np.reshape(np.array(y, float), (-1, estimator.context_.size_))

    X = draw(n, y=y, random_state=random_state)
    _write(out, X, model=estimator)
    print(f"Wrote {out}: {len(X):,} new examples.")


def score(
    model: Path,
    data: Path,
    /,
    out: Path | None = None,
    label: str | None = None,
    labels: Path | None = None,
) -> None:
    r"""Says how well a model knows examples: log p(x), or without a density the squared error.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npy, .csv or .parquet file for the scores of all examples.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    if out is not None:
        _check_out(out, _ROWS)

    estimator = _load(model)
    given = _read(data, label, labels, estimator)

    if hasattr(estimator, "score_samples"):
        name, what, unit = "score_samples", "log p(x)", " nats"
    else:
        name, what, unit = "reconstruction_error", "squared error (there is no density)", ""

    scores = getattr(estimator, name)(given.X, given.y)
    print(f"{name}: {what}, mean of {len(scores):,} examples: {scores.mean():.6g}{unit}")

    if out is not None:
        _write(out, scores if out.suffix.lower() == ".npy" else scores[:, None], [name])
        print(f"Wrote {out}")


def plot(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes every picture that there is of a model to a folder.

    Arguments:
        model: The file of the model.
        data: The examples to show, like those of the fit.
        out: The folder.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, to colour the codes by.
    """
    import matplotlib

    matplotlib.use("Agg")  # pictures go to files, also where there is no screen

    from . import plots

    _check_out(out, ("",))
    estimator = _load(model)
    X, y, *_ = _read(data, label, labels, estimator)

    pictures: dict[str, Callable[[], Any]] = {
        "reconstructions": lambda: plots.reconstructions(estimator, X),
        "samples": lambda: plots.samples(estimator),
        "codes": lambda: plots.codes(estimator, X, y),
        "grid": lambda: plots.grid(estimator, X),
        "history": lambda: plots.history(estimator),
    }

    for name, draw in pictures.items():
        try:
            figure = draw()
        except (AttributeError, ValueError) as error:
            print(f"No {name}: {_sentence(error)}")
            continue

        with _replacing(out / f"{name}.png") as temporary:
            figure.savefig(temporary)

        print(f"Wrote {out / name}.png")


def info(model: Path, /) -> None:
    r"""Says what a model is and how it was trained.

    Arguments:
        model: The file of the model.
    """
    estimator = _load(model)
    given = {k: v for k, v in estimator.get_params(deep=False).items() if v is not None}
    parameters = sum(p.numel() for p in estimator.model_.parameters())
    last = estimator.history_[-1]

    rows = {
        "file": f"{model}, {model.stat().st_size / 1e6:.2f} MB",
        "examples": f"{estimator.modality_}, shape {estimator.modality_.shape_}",
        **given,
        "likelihood": estimator.model_.likelihood,
        "parameters": f"{parameters:,}",
        "epochs": f"{last.epoch} in {last.seconds:.1f} s",
        "last epoch": _terms(last),
    }

    if estimator.context_ is not None:
        rows["given"] = f"{estimator.context_} of {estimator.context_.size_}"

    for name, value in rows.items():
        print(f"{name:14} {value}")


def recipes() -> None:
    r"""Lists the recipes."""
    for name, recipe in read("recipes").items():
        print(f"{name:14} {recipe.summary}")


def demo(*, out: Path = Path("demo")) -> None:
    r"""Fits several autoencoders to handwritten digits and shows what they do.

    Arguments:
        out: The folder of the pictures and the page that shows them.
    """
    from . import demo

    demo.main(out)


_COMMANDS: dict[str, Callable[..., None]] = {
    f.__name__: f
    for f in (fit, transform, reconstruct, denoise, sample, score, plot, info, recipes, demo)
}


# The way in


def main(argv: Sequence[str] | None = None) -> int:
    r"""Runs one command.

    Arguments:
        argv: What was typed after `autoencode`; by default `sys.argv`.

    Returns:
        The exit status: 0; 2 if something is wrong with what was given; 130 if interrupted;
        1 for what should not happen.

    Example:
        >>> main(["recipes"])  # doctest: +ELLIPSIS
        autoencoder ...
    """
    log, handler = logging.getLogger(__package__), logging.StreamHandler()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)

    try:
        _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except SystemExit as stop:
        return int(stop.code or 0)
    except BrokenPipeError:
        # Nobody reads on; what is left to flush at exit has to go somewhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("AUTOENCODE_TRACEBACK"):
            traceback.print_exc()

        status, said = _verdict(error)
        print(f"autoencode: {said}", file=sys.stderr)
        return status
    finally:
        log.removeHandler(handler)
        log.setLevel(level)

    return 0


def _run(argv: list[str]) -> None:
    if not argv or argv[0] in {"-h", "--help"}:
        return _print_commands()

    if argv[0] == "--version":
        return print(importlib.import_module(__package__).__version__)

    name, *rest = argv
    choose("command", name, _COMMANDS)

    described = signature(__name__.rpartition(".")[2], name)
    groups = [Group(name, "", described.arguments)]
    groups += _settings(rest) if name == "fit" else []
    values, *settings = parse(f"autoencode {name}", described.summary, groups, rest)

    if settings:
        values["settings"] = _built(groups[1:], settings)

    positional = [values.pop(a.name) for a in described.arguments if a.positional]
    return _COMMANDS[name](*positional, **values)


def _print_commands() -> None:
    print("usage: autoencode COMMAND [OPTIONS]\n\n" + (importlib.import_module(__package__).__doc__ or ""))
