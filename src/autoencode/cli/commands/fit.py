r"""Models: fitted, described, and the kinds that there are."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..next_step import suggest_next
from ..signatures import read


def fit(
    data: Path,
    /,
    out: Path | None = None,
    recipe: str = "autoencoder",
    label: str | None = None,
    labels: Path | None = None,
    corrupted: Path | None = None,
    resume: bool = False,
    settings: Mapping[str, dict[str, Any]] = {},
) -> None:
    r"""Trains a model on data and writes it to a file.

    Arguments:
        data: A folder of images or sounds; a .npy, .npz or IDX file; a table as a .csv, .tsv,
            .jsonl or .parquet file, or a folder of such; a .txt file with a text in each line;
            or one sound, to be cut into windows.
        out: The file of the model, in the place of nothing but another model; by default a new
            one here, with the name of the data.
        recipe: The kind of autoencoder; `autoencode recipes` lists them.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A .npy, .csv or IDX file with a label, or a row of numbers, for each example
            of a conditional model.
        corrupted: Damaged versions of the examples, in the same order, to learn to undo.
        resume: Go on from the checkpoint that `--checkpoint-dir FOLDER` keeps, if there is one.
        settings: What else was given, by group.
    """
    from ...common.atomic_files import check_writable
    from ...data import found_format
    from .. import inputs
    from ..settings import build

    out = _beside(data) if out is None else out
    check_writable(out)
    model = build(recipe, settings)

    if labels is not None and not model.conditional:
        raise ValueError("--labels is for a model of examples given labels: add --conditional.")

    form = inputs.table_format(settings)
    given = inputs.read(data, label, labels, kinds=model.modality, form=form)
    given, found = inputs.typed(given, data, form), found_format(data)

    if model.conditional and given.y is None and not data.is_dir():
        raise ValueError(inputs.NEEDS_LABELS)

    damaged = corrupted and inputs.read(corrupted, label, kinds=model.modality, form=form).X
    model.fit(given.X, given.y, corrupted=damaged, resume=resume)
    inputs.learn_file(model, given, found)
    _save(model, out)

    last = model.history_[-1]
    print(f"Wrote {out}: {_duration(last)}; {_terms(last)}.")

    pictures = out.with_name(f"{out.stem}-pictures")
    suggest_next("plot", out, data, out=pictures, label=label, labels=labels)


def info(
    model: Path,
    /,
    trusted: Sequence[str] = (),
) -> None:
    r"""Says what a model is and how it was trained.

    Arguments:
        model: The file of the model.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    from ...estimator import load

    estimator = load(model, trusted=trusted)
    given = estimator.get_params(deep=False).items()
    arguments = {name: value for name, value in given if value is not False}
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

    suggest_next("transform", model, "DATA", out=f"{model.stem}-codes.csv", trusted=trusted)


def recipes() -> None:
    r"""Lists the kinds of autoencoder that `fit --recipe` knows."""
    for name, recipe in read("recipes").items():
        print(f"{name:14} {recipe.summary}")

    suggest_next("fit", "DATA", recipe="vae", out="model.ae")


def _beside(data: Path) -> Path:
    r"""Returns a new file, with the name of the data."""
    name = data.resolve().name
    out = Path(f"{name if data.is_dir() else Path(name).stem}.ae")

    if out.exists():
        raise ValueError(f"there is a file '{out}' already: say with --out what to write.")

    return out


def _save(model: Any, out: Path) -> None:
    r"""Writes a model, in another place if that is not possible any more."""
    try:
        model.save(out)
    except (OSError, ValueError) as error:
        try:
            elsewhere = Path(tempfile.mkdtemp(prefix="autoencode-"), "model.ae")
            model.save(elsewhere)
        except (OSError, ValueError):
            raise error from None

        raise ValueError(
            f"cannot write '{out}' ({error}), so the model was saved as '{elsewhere}'. Move it"
            " from there."
        ) from None


def _duration(record: Any) -> str:
    return f"{record.epoch} epoch{'s' * (record.epoch > 1)} in {record.seconds:.1f} s"


def _terms(record: Any) -> str:
    parts = {part: record.get(part) for part in ("train", "validation", "posterior")}

    return "; ".join(
        f"{part} " + ", ".join(f"{name} {value:.5g}" for name, value in terms.items())
        for part, terms in parts.items()
        if terms
    )
