r"""The commands: a function for each, whose arguments are its flags and whose text its help."""

__all__ = ["COMMANDS"]

import logging
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..signatures import read

_SHOWN = 64  # examples in one picture


def fit(
    data: Path,
    /,
    out: Path,
    recipe: str = "autoencoder",
    label: str | None = None,
    labels: Path | None = None,
    corrupted: Path | None = None,
    resume: bool = False,
    settings: Mapping[str, dict[str, Any]] = {},
) -> None:
    r"""Trains a model on data and writes it to a file.

    Arguments:
        data: A folder of images, or a .npy, .npz, .csv, .parquet or IDX file.
        out: The file of the model.
        recipe: The kind of autoencoder; `autoencode recipes` lists them.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A .npy, .csv or IDX file with a label, or a row of numbers, for each example
            of a conditional model.
        corrupted: Damaged versions of the examples, in the same order, to learn to undo.
        resume: Go on from the checkpoint that `--checkpoint FOLDER` keeps, if there is one.
        settings: What else was given, by group.
    """
    from .. import storage
    from . import files
    from .settings import build

    storage.check_writable(out)
    model = build(recipe, settings)

    if labels is not None and not model.conditional:
        raise ValueError("--labels is for a model of examples given labels: add --conditional.")

    given = files.read(data, label, labels)

    if model.conditional and given.y is None and not data.is_dir():
        raise ValueError(files.NEEDS_LABELS)

    damaged = None if corrupted is None else files.read(corrupted, label).X
    model.fit(given.X, given.y, corrupted=damaged, resume=resume)
    model.save(out)

    last = model.history_[-1]
    print(f"Wrote {out}: {_duration(last)}; {_terms(last)}.")

    flags = [f"--{k}={v}" for k, v in {"label": label, "labels": labels}.items() if v is not None]
    pictures = out.with_name(f"{out.stem}-pictures")
    following = ["autoencode", "plot", str(out), str(data), *flags, "--out", str(pictures)]
    print(f"Next: {shlex.join(following)}")


def transform(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes the codes of examples.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npy, .csv or .parquet file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    from ..estimator import load
    from . import files

    files.check_out(out, files.ROWS)
    estimator = load(model)
    given = files.read(data, label, labels, estimator)
    Z = estimator.transform(given.X, given.y)

    files.write_rows(out, Z, [f"z{i}" for i in range(1, Z.shape[1] + 1)])
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
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    from ..estimator import load
    from . import files

    estimator = load(model)
    files.check_out(out, files.suffixes(estimator))
    X, y, columns, names = files.read(data, label, labels, estimator)

    if files.suffix(out) == ".png" and len(X) > _SHOWN:
        print(f"The picture shows the first {_SHOWN} of {len(X):,}; --out FOLDER writes all.")
        X, y = X[:_SHOWN], None if y is None else y[:_SHOWN]

    R = estimator.reconstruct(X, y)
    files.write_examples(out, R, estimator, columns, names, beside=X)
    print(f"Wrote {out}: {len(R):,} reconstructions.")


def denoise(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes clean versions of damaged examples, by a model that has learned to.

    Arguments:
        model: The file of the model.
        data: The damaged examples.
        out: A .npy file; for images also a .png picture with the damaged beside, or a folder
            of images; for tables a .csv or .parquet file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    reconstruct(model, data, out, label, labels)


def sample(
    model: Path,
    /,
    out: Path,
    n: int = 64,
    y: Sequence[str] | None = None,
    given: Sequence[str] | None = None,
    random_state: int | None = None,
) -> None:
    r"""Writes new examples, drawn from the model.

    Arguments:
        model: The file of the model.
        out: A .npy file; for images also a .png picture or a folder of images; for tables a
            .csv or .parquet file.
        n: How many.
        y: The label of all new examples, or one for each; or a row of numbers.
        given: Cells that all new rows of a table of mixed columns have, as COLUMN=CELL.
        random_state: Seeds the draws, to get the same ones again.
    """
    from ..estimator import load
    from . import files

    estimator = load(model)
    files.check_out(out, files.suffixes(estimator))

    try:
        draw = estimator.sample
    except AttributeError as error:  # meant for the user, who has no attributes
        raise ValueError(str(error)) from None

    if estimator.context_ is not None and y is None:
        raise ValueError("this model is conditional: say with --y what to make.")

    X = draw(
        n,
        y=files.context(y, estimator),
        random_state=random_state,
        given=files.cells(given),
    )
    files.write_examples(out, X, estimator)
    print(f"Wrote {out}: {len(X):,} new examples.")


def impute(
    model: Path,
    data: Path,
    /,
    out: Path,
    label: str | None = None,
    labels: Path | None = None,
) -> None:
    r"""Writes the rows of a table with their missing cells filled in.

    Arguments:
        model: The file of the model.
        data: The rows, like those of the fit.
        out: A .csv or .parquet file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    from ..estimator import load
    from . import files

    estimator = load(model)
    files.check_out(out, files.suffixes(estimator))
    given = files.read(data, label, labels, estimator)
    filled = estimator.impute(given.X, given.y)

    files.write_examples(out, filled, estimator, given.columns)
    print(f"Wrote {out}: {len(filled):,} rows.")


def score(
    model: Path,
    data: Path,
    /,
    out: Path | None = None,
    label: str | None = None,
    labels: Path | None = None,
) -> None:
    r"""Says how well a model knows examples: log p(x), or the squared error.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npy, .csv or .parquet file for the scores of all examples.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    from ..estimator import load
    from . import files

    if out is not None:
        files.check_out(out, files.ROWS)

    estimator = load(model)
    given = files.read(data, label, labels, estimator)

    if hasattr(estimator, "score_samples"):
        name, what, unit = "score_samples", "log p(x)", " nats"
    else:
        name, what, unit = "reconstruction_error", "squared error (there is no density)", ""

    scores = getattr(estimator, name)(given.X, given.y)
    print(f"{name}: {what}, mean of {len(scores):,} examples: {scores.mean():.6g}{unit}")

    if out is not None:
        files.write_rows(out, scores, [name])
        print(f"Wrote {out}: {len(scores):,} scores.")


def plot(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes every picture that there is of a model to a folder.

    Arguments:
        model: The file of the model.
        data: The examples to show, like those of the fit.
        out: The folder.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, to colour the codes by.
    """
    import matplotlib

    matplotlib.use("Agg")  # pictures go to files, also where there is no screen

    from .. import plots
    from ..estimator import load
    from . import files

    files.check_out(out, ("",))
    estimator = load(model)
    X, y, *_ = files.read(data, label, labels, estimator)

    given = None if estimator.context_ is None else y[:_SHOWN]
    shown = X if given is None else X[:_SHOWN]
    n = _SHOWN if given is None else len(given)

    pictures: dict[str, Callable[[], Any]] = {
        "reconstructions": lambda: plots.reconstructions(estimator, shown, y=given),
        "samples": lambda: plots.samples(estimator, n, given),
        "codes": lambda: plots.codes(estimator, X, y),
        "grid": lambda: plots.grid(estimator, X, y=None if given is None else given[:1]),
        "history": lambda: plots.history(estimator),
    }

    for name, draw in pictures.items():
        try:
            figure = draw()
        except (AttributeError, ValueError) as error:
            print(f"No {name}: {' '.join(str(error).split())}")
            continue

        with files.replacing(out / f"{name}.png") as temporary:
            figure.savefig(temporary)

        print(f"Wrote {out / name}.png")


def info(model: Path, /) -> None:
    r"""Says what a model is and how it was trained.

    Arguments:
        model: The file of the model.
    """
    from ..estimator import load

    estimator = load(model)
    arguments = {k: v for k, v in estimator.get_params(deep=False).items() if v}
    context, last = estimator.context_, estimator.history_[-1]
    n_params = sum(p.numel() for p in estimator.model_.parameters())

    rows = {
        "file": f"{model}, {model.stat().st_size / 1e6:.2f} MB",
        "examples": f"{estimator.modality_}, shape {estimator.modality_.shape_}",
        **arguments,
        "likelihood": estimator.model_.likelihood,
        "given": None if context is None else f"{context} of {context.size_}",
        "parameters": f"{n_params:,}",
        "trained": _duration(last),
        "last epoch": _terms(last),
    }

    for name, value in rows.items():
        if value is not None:
            print(f"{name:14} {value}")


def recipes() -> None:
    r"""Lists the kinds of autoencoder that `fit --recipe` knows."""
    for name, recipe in read("recipes").items():
        print(f"{name:14} {recipe.summary}")


def demo(out: Path = Path("demo")) -> None:
    r"""Fits several autoencoders to handwritten digits and shows what they do.

    Arguments:
        out: The folder of the pictures and of the page that shows them.
    """
    from ..demo import main

    # The demo says itself how far it is
    logging.getLogger(__name__.partition(".")[0]).setLevel(logging.WARNING)
    main(out)


def _duration(record: Any) -> str:
    return f"{record.epoch} epoch{'s' * (record.epoch > 1)} in {record.seconds:.1f} s"


def _terms(record: Any) -> str:
    parts = {"train": record.train, "validation": record.validation}

    return "; ".join(
        f"{part} " + ", ".join(f"{name} {value:.5g}" for name, value in terms.items())
        for part, terms in parts.items()
        if terms
    )


COMMANDS: dict[str, Callable[..., None]] = {
    command.__name__: command
    for command in (
        fit,
        transform,
        reconstruct,
        denoise,
        sample,
        impute,
        score,
        plot,
        info,
        recipes,
        demo,
    )
}
