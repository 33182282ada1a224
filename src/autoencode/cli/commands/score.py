r"""Commands that score examples, or a model on examples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..in_parts import in_parts, run_in_parts
from ..next_step import suggest_next
from ..options import PartOptions, SourceOptions, WriteOptions
from ..terminal import on_one_line

_LISTED_CELLS = 10


def score(
    model: Path,
    data: Path,
    /,
    out: Path | None = None,
    cells: bool = False,
    full_size: bool = False,
    weight_column: str | None = None,
    source: SourceOptions = SourceOptions(),
    parts: PartOptions = PartOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Score examples: log p(x), or the reconstruction error of a model without a density.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit; or a pattern in quotes, such as
            'rows/*.parquet', for work in parts.
        out: A .npy, .csv or .parquet file of the scores of all examples. A folder, if the work is
            done in parts.
        cells: Score each cell of a table by its surprisal given the rest of its row, in nats.
        full_size: Score each series or sound in its own length, with a row for each code over
            time (--network TemporalConvolutional).
        weight_column: A column of a table with the weight of each row in the mean. It is not part
            of the data.
    """
    import numpy as np

    from .. import inputs, outputs

    if in_parts(data, parts):
        refused = {"--full-size": full_size, "--cells": cells}
        run_in_parts("score", model, data, out, parts, source, writing, refused)
        return

    if out is not None:
        outputs.check_output(out, outputs.ROW_SUFFIXES, "score", writing.force)

    estimator = inputs.load_model(model, source.loading)
    options = {"whole": full_size}
    examples, weights = inputs.read_weighted(data, source, estimator, weight_column, **options)

    if weights is not None and (full_size or cells):
        raise ValueError("--weight-column cannot be combined with --cells or --full-size.")

    if full_size and cells:
        raise ValueError("--full-size cannot be combined with --cells.")

    if hasattr(estimator, "score_samples"):
        name, what, unit = "score_samples", "log p(x)", " nats"
    else:
        name, what, unit = "reconstruction_error", "error (this model has no density)", ""

    context = inputs.context_of(examples, estimator)

    if cells:
        scores = estimator.cell_surprisal(examples.X, context)
        columns = outputs.column_names(estimator, scores.shape[1])
        _print_strangest(scores, columns, examples.X)
    elif full_size:
        scores = estimator.score_samples(examples.X, context, full_size=True)
        total = sum(map(float, map(np.sum, scores))) / len(scores)
        print(f"{name}: bound of log p(x), mean of {len(scores):,} examples: {total:.6g} nats")

        if out is not None:
            outputs.write_steps(out, scores, [name], examples)
            print(f"Wrote {out}: {sum(map(len, scores)):,} scores over time.")

        return
    else:
        scores, columns = getattr(estimator, name)(examples.X, context), [name]
        mean, kind = np.average(scores, weights=weights), "weighted " * (weights is not None)
        print(f"{name}: {what}, {kind}mean of {len(scores):,} examples: {mean:.6g}{unit}")

    if out is not None:
        outputs.write_rows(out, scores, columns, examples.files)
        print(f"Wrote {out}: {scores.size:,} scores.")

    suggest_next("neighbors", model, data, out=f"{model.stem}-neighbors.csv", options=source)


def evaluate(
    model: Path,
    data: Path,
    /,
    train: Path | None = None,
    metadata: Path | None = None,
    out: Path | None = None,
    weight_column: str | None = None,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Evaluate a model on held-out examples: density, reconstructions and new examples.

    Arguments:
        model: The model file.
        data: Held-out examples, in the same format as those of the fit.
        train: The training examples, to see whether new examples repeat them.
        metadata: A table about the held-out examples, one row each in their order, to see what
            each unit of the codes knows of its columns.
        out: A .html page with pictures, or a .json file of all measures and standard errors.
        weight_column: A column of a table with the weight of each row in the terms of the loss.
            It is not part of the data.
    """
    from .. import inputs, outputs

    if out is not None:
        outputs.check_output(out, (".html", ".json"), "evaluate", writing.force)

    estimator = inputs.load_model(model, source.loading)
    examples, weights = inputs.read_weighted(data, source, estimator, weight_column)
    X_train = None

    if train is not None:
        without = () if weight_column is None else (weight_column,)
        others = source.for_other(train)
        X_train = inputs.read_source(train, others, estimator, without=without).X

    about = None if metadata is None else inputs.read_metadata(metadata, examples)
    y = inputs.context_of(examples, estimator)
    found = estimator.evaluate(examples.X, y, X_train, weights, metadata=about)
    print(found)

    if out is not None:
        found.save(out)
        print(f"Wrote {out}: {len(found)} measures.")

    suggest_next(
        "plot", model, data, out=model.with_name(f"{model.stem}-pictures"), options=source
    )


def diagnose(
    model: Path,
    data: Path,
    /,
    new: Path | None = None,
    out: Path | None = None,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Diagnose a model: what is wrong with it and its data, and the setting to change.

    Arguments:
        model: The model file.
        data: The training examples, in the same format as those of the fit.
        new: Examples that the model has not seen, for over-fitting, copies and drift.
        out: A .html page with pictures, or a .json file of all findings with their evidence.
    """
    from .. import inputs, outputs

    if out is not None:
        outputs.check_output(out, (".html", ".json"), "diagnose", writing.force)

    estimator = inputs.load_model(model, source.loading)
    known = inputs.read_source(data, source, estimator)
    X_new = y_new = None

    if new is not None:
        others = inputs.read_source(new, source.for_other(new), estimator)
        X_new, y_new = others.X, inputs.context_of(others, estimator)

    found = estimator.diagnose(known.X, X_new, inputs.context_of(known, estimator), y_new)
    print(found)

    if out is not None:
        found.save(out)
        more = f" and {len(found.remarks)} remark{'s' * (len(found.remarks) != 1)}"
        print(f"Wrote {out}: {len(found)} finding{'s' * (len(found) != 1)}{more}.")

    suggest_next("evaluate", model, new or data, options=source)


def _print_strangest(scores: Any, columns: Sequence[str], X: Any) -> None:
    r"""Prints the cells with the highest surprisal; missing cells have none."""
    import numpy as np

    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), axis=None, kind="stable")
    print("cell_surprisal: -log p(cell | rest of its row). The highest, with rows counted from 0:")

    for i, j in zip(*np.unravel_index(order[:_LISTED_CELLS], scores.shape)):
        cell = X[columns[j]].iloc[i]
        name = on_one_line(columns[j])
        print(f"  row {i:>6}  {name} = {on_one_line(cell)}: {scores[i, j]:.4g} nats")
