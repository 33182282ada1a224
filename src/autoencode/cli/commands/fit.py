r"""Commands that fit a model, describe it and list the recipes."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..next_step import suggest_next
from ..signatures import read_signatures


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
    r"""Train a model on data and write it to a file.

    Arguments:
        data: A folder of images, sounds or tables; a .npy, .npz or IDX file; a .csv, .tsv,
            .jsonl or .parquet table; a .txt file with one text per line; or one sound file, which
            is cut into windows.
        out: The model file, which replaces only another model; by default a new file in the
            current folder, named after the data.
        recipe: The kind of autoencoder. `autoencode recipes` lists them.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        corrupted: Damaged versions of the examples, in the same order, that the model learns to
            repair.
        resume: Continue from the checkpoint in `--checkpoint-dir`, if there is one.
        settings: The values of all other flags, by group.
    """
    from ...common.atomic_files import check_writable
    from ...data import found_format
    from .. import inputs
    from ..settings import build_estimator

    out = _default_path(data) if out is None else out
    check_writable(out)
    model = build_estimator(recipe, settings)

    if labels is not None and not model.conditional:
        raise ValueError(
            "--labels has no effect, as this model is not conditional: add --conditional."
        )

    form = inputs.table_format(settings)
    examples = inputs.read(data, label, labels, kinds=model.modality, form=form)
    examples, found = inputs.with_column_types(examples, data, form), found_format(data)

    if model.conditional and examples.y is None and not data.is_dir():
        raise ValueError(inputs.NEEDS_LABELS)

    damaged = corrupted and inputs.read(corrupted, label, kinds=model.modality, form=form).X
    model.fit(examples.X, examples.y, corrupted=damaged, resume=resume)
    inputs.store_columns(model, examples, found)
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
    r"""Describe a model and its training.

    Arguments:
        model: The model file.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    from ...estimator import load

    estimator = load(model, trusted=trusted)
    parameters = estimator.get_params(deep=False).items()
    arguments = {name: value for name, value in parameters if value is not False}
    context, last = estimator.context_, estimator.history_[-1]
    n_params = sum(p.numel() for p in estimator.model_.parameters())

    rows = {
        "file": f"{model}, {model.stat().st_size / 1e6:.2f} MB",
        "examples": f"{estimator.modality_}, shape {estimator.modality_.shape_}",
        **arguments,
        "likelihood": estimator.model_.likelihood,
        "condition": None if context is None else f"{context} of {context.size_}",
        "parameters": f"{n_params:,}",
        "trained": _duration(last),
        "last epoch": _terms(last),
    }

    for name, value in rows.items():
        if value is not None:
            print(f"{name:14} {value}")

    suggest_next("transform", model, "DATA", out=f"{model.stem}-codes.csv", trusted=trusted)


def recipes() -> None:
    r"""List the recipes of `fit --recipe`."""
    for name, recipe in read_signatures("recipes").items():
        print(f"{name:14} {recipe.summary}")

    suggest_next("fit", "DATA", recipe="vae", out="model.ae")


def _default_path(data: Path) -> Path:
    r"""Returns the path of a new model, named after the data."""
    name = data.resolve().name
    out = Path(f"{name if data.is_dir() else Path(name).stem}.ae")

    if out.exists():
        raise ValueError(f"the file '{out}' already exists: name another with --out.")

    return out


def _save(model: Any, out: Path) -> None:
    r"""Writes a model, to the temporary folder if its own path fails."""
    try:
        model.save(out)
    except (OSError, ValueError) as error:
        try:
            rescued = Path(tempfile.mkdtemp(prefix="autoencode-"), "model.ae")
            model.save(rescued)
        except (OSError, ValueError):
            raise error from None

        raise ValueError(
            f"cannot write '{out}' ({error}). The model was saved as '{rescued}': move it from"
            " there."
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
