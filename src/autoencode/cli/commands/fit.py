r"""The command that fits a model."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..next_step import suggest_next
from ..options import LabelOptions, LoadOptions, SourceOptions

if TYPE_CHECKING:  # `--help` need not wait for this import
    from ...data import TableFormat


def fit(
    data: Path,
    /,
    out: Path | None = None,
    recipe: str | None = None,
    corrupted: Path | None = None,
    groups: str | None = None,
    resume: bool = False,
    start: Path | None = None,
    freeze: tuple[str, ...] | None = None,
    weight_column: str | None = None,
    validation: Path | None = None,
    labels: LabelOptions = LabelOptions(),
    table: "TableFormat | None" = None,
    loading: LoadOptions = LoadOptions(),
    settings: Mapping[str, dict[str, Any]] = {},
) -> None:
    r"""Train a model on data and write it to a file.

    Arguments:
        data: A folder of images, sounds or tables; a .npy, .npz or IDX file; a .csv, .tsv,
            .jsonl or .parquet table; a .txt file with one text per line; or one sound file, which
            is cut into windows.
        out: The model file, which replaces only another model; by default a new file in the
            current folder, named after the data.
        recipe: The kind of autoencoder, `autoencoder` by default, or that of --start.
            `autoencode recipes` lists them.
        corrupted: Damaged versions of the examples that the model learns to repair: in the same
            order, or, for files in a folder, with the same names.
        groups: A column of a table with the group of each row, such as the name of a
            patient. It is not part of the data. Whole groups are held out for validation.
        resume: Continue from the checkpoint in `--checkpoint-dir`, if there is one. A finished
            training continues with more `--epochs`.
        start: A trained model on whose weights and scales the training builds. Other settings are
            those of this model, unless flags change them.
        freeze: The parts of --start that keep their weights: encoder, decoder, prior, or names of
            parameters.
        weight_column: A column of a table with the weight of each row in the loss. It is not part
            of the data.
        validation: Validation examples, in the same format as the data. By default, a part of the
            data is held out.
        settings: The values of all other flags, by group.
    """
    from ...common.atomic_files import check_writable
    from ...data import found_format, one_parse
    from ...training.replicas import present
    from .. import inputs
    from ..settings import build_estimator

    out = _default_path(data) if out is None else out
    check_writable(out)
    base = None if start is None else inputs.load_model(start, loading)
    model = build_estimator(recipe or "autoencoder", settings, base if recipe is None else None)

    if labels.labels is not None and not model.conditional:
        raise ValueError(
            "--labels has no effect, as this model is not conditional: add --conditional."
        )

    kinds = model.modality if base is None else base.modality_

    with one_parse():
        examples = inputs.read(data, labels, table, kinds=kinds)
        examples = inputs.with_column_types(examples, data, table)

    found = found_format(data)

    if model.conditional and examples.y is None and not data.is_dir():
        raise ValueError(inputs.NEEDS_LABELS)

    damaged = None

    if corrupted is not None:
        column = LabelOptions(None if corrupted.is_dir() else labels.label_column)
        damaged = inputs.read(corrupted, column, table, kinds=kinds)

    header = examples.column_names()

    if header and labels.label_column is not None and labels.labels is None:
        header.append(labels.label_column)

    examples, words = inputs.split_column(examples, groups, data, "--groups")
    examples, weights = inputs.split_column(examples, weight_column, data, "--weight-column")
    damaged = inputs.without_groups(damaged, groups, words, corrupted)
    held_out: Any = None

    if validation is not None:
        column = LabelOptions(None if validation.is_dir() else labels.label_column)
        others = inputs.read(validation, column, table, kinds=kinds)
        others = inputs.with_column_types(others, validation, table)
        held_out = (others.X, others.y) if model.conditional else others.X

    model.fit(
        examples.X,
        examples.y,
        corrupted=damaged,
        resume=resume,
        groups=words,
        start=base,
        freeze=freeze,
        sample_weight=weights,
        validation=held_out,
    )

    if not present().is_first:  # all processes have the same model, and the first writes it
        return

    inputs.store_columns(model, examples, found, header)
    _save(model, out)

    best = best_epoch(model)
    print(f"Wrote {out}: {describe_duration(model)}; {describe_terms(best)}.")

    pictures = out.with_name(f"{out.stem}-pictures")
    known = SourceOptions(labels=labels, loading=loading)
    suggest_next("plot", out, data, out=pictures, options=known)


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


def best_epoch(model: Any) -> Any:
    r"""Returns the record of the epoch with the lowest loss of held-out examples, or the last."""
    name = model.objective_.selection_term
    losses = [record.validation.get(name, math.nan) for record in model.history_]
    finite = [k for k, loss in enumerate(losses) if math.isfinite(loss)]

    return model.history_[min(finite, key=losses.__getitem__) if finite else -1]


def describe_duration(model: Any) -> str:
    r"""Returns the number of epochs, the time of a training, and the best epoch."""
    last, best = model.history_[-1], best_epoch(model)
    which = f", of which {best.epoch} was the best" * (best.epoch < last.epoch)

    return f"{last.epoch} epoch{'s' * (last.epoch > 1)} in {last.seconds:.1f} s{which}"


def describe_terms(record: Any) -> str:
    r"""Returns the terms of the loss in an epoch."""
    parts = {part: record.get(part) for part in ("train", "validation", "posterior")}

    return "; ".join(
        f"{part} " + ", ".join(f"{name} {value:.5g}" for name, value in terms.items())
        for part, terms in parts.items()
        if terms
    )
