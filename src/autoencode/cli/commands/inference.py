r"""Commands that encode, reconstruct, denoise, sample, impute and score."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..next_step import suggest_next

_MAX_EXAMPLES = 64  # in one picture
_LISTED_CELLS = 10


def transform(
    model: Path,
    data: Path,
    /,
    out: Path,
    pool_windows: bool = False,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Write the codes of examples.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit.
        out: A .npy, .csv or .parquet file. If the examples are files, the first column of a
            table has their names.
        pool_windows: Write one row per sound: the mean of the codes of its windows.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        y: The label, or the row of numbers, for a conditional model: one for all examples, or
            one for each.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    from ...estimator import load
    from .. import inputs, outputs

    outputs.check_output(out, outputs.ROW_SUFFIXES, "transform", force)
    estimator = load(model, trusted=trusted)
    examples = inputs.read_labeled(data, label, labels, y, estimator, whole=pool_windows)
    Z = estimator.transform(examples.X, inputs.context_of(examples, estimator), pool_windows)

    outputs.write_rows(out, Z, [f"z{i}" for i in range(1, Z.shape[1] + 1)], examples.files)
    print(f"Wrote {out}: {len(Z):,} code{'s' * (len(Z) != 1)} of {Z.shape[1]} numbers.")

    if pool_windows:
        print(f"Next: compare the examples by the rows of {out}.")
        return

    neighbors = out.with_name(f"{model.stem}-neighbors.csv")
    same = {"label": label, "labels": labels, "y": y, "trusted": trusted}
    suggest_next("neighbors", model, data, out=neighbors, **same)


def reconstruct(
    model: Path,
    data: Path,
    /,
    out: Path,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Write the reconstructions of examples.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit. Longer sounds
            are cut into windows, which .wav files join with cross-fades.
        out: A .npy file; images also go to a .png picture beside the originals, or to a folder;
            sounds to a .png picture, a folder of .wav files or, one alone, a .wav file; tables to
            a .csv or .parquet file; texts to a .txt or .csv file.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        y: The label, or the row of numbers, for a conditional model: one for all examples, or
            one for each.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    from ...estimator import load
    from .. import inputs, outputs

    estimator = load(model, trusted=trusted)
    outputs.check_output(out, outputs.example_suffixes(estimator), "reconstruct", force)
    whole = outputs.is_file_per_example(out, estimator)
    examples = inputs.read_labeled(data, label, labels, y, estimator, whole)
    (X, _, columns, names), context = examples, inputs.context_of(examples, estimator)
    outputs.check_count(out, len(X), estimator)
    outputs.check_examples(out, len(X), estimator, names, [model, data, labels], force)

    if outputs.suffix(out) == ".png" and len(X) > _MAX_EXAMPLES:
        print(
            f"The picture shows the first {_MAX_EXAMPLES} of {len(X):,}; --out FOLDER writes all."
        )
        X, context = X[:_MAX_EXAMPLES], None if context is None else context[:_MAX_EXAMPLES]

    R = estimator.reconstruct(X, context, whole)
    outputs.write_examples(out, R, estimator, columns, names, beside=X)
    print(f"Wrote {out}: {len(R):,} reconstruction{'s' * (len(R) != 1)}.")
    suggest_next("score", model, data, label=label, labels=labels, y=y, trusted=trusted)


def denoise(
    model: Path,
    data: Path,
    /,
    out: Path,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Write clean versions of damaged examples.

    Arguments:
        model: The model file.
        data: The damaged examples. Images may have any size, which they keep.
        out: A .npy file; images also go to a folder, to a .png file if there is one, or to a
            .png picture of several beside the damaged ones; sounds to a .png picture, a folder of
            .wav files or, one alone, a .wav file; tables to a .csv or .parquet file; texts to a
            .txt or .csv file.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        y: The label, or the row of numbers, for a conditional model: one for all examples, or
            one for each.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    from ...data import is_image
    from ...estimator import load
    from ...modalities.capabilities import Tiled
    from .. import inputs, outputs

    estimator = load(model, trusted=trusted)
    single = is_image(data) and outputs.suffix(out) == ".png"
    tiled = isinstance(estimator.modality_, Tiled)
    photographs = tiled and (is_image(data) or data.is_dir())

    if tiled and not photographs and outputs.suffix(out) == ".npy":
        outputs.check_output(out, outputs.example_suffixes(estimator), "denoise", force)
        examples = inputs.read_labeled(data, label, labels, y, estimator)
        R = estimator.denoise(examples.X, inputs.context_of(examples, estimator))
        outputs.write_examples(out, R, estimator)
        print(f"Wrote {out}: {len(R):,} image{'s' * (len(R) != 1)} in their own size.")
        suggest_next("score", model, data, label=label, labels=labels, y=y, trusted=trusted)
        return

    if not (photographs and (single or outputs.suffix(out) == "")):
        reconstruct(model, data, out, label, labels, y, force, trusted)
        return

    outputs.check_output(out, outputs.example_suffixes(estimator), "denoise", force)
    examples = inputs.read_labeled(data, label, labels, y, estimator)
    names, context = examples.files or [], inputs.context_of(examples, estimator)

    if not single:
        outputs.check_examples(out, len(names), estimator, names, [model, data, labels], force)

    folder = data if data.is_dir() else data.parent
    files = [folder / name for name in names]
    new = [out] if single else outputs.example_paths(out, names, estimator)

    for i, (file, path) in enumerate(zip(files, new)):
        one = context if context is None or len(context) == 1 else context[i : i + 1]
        outputs.write_photograph(path, estimator.denoise(file, one)[0], file)

    print(f"Wrote {out}: {len(files):,} image{'s' * (len(files) != 1)} in their own size.")
    suggest_next("score", model, data, label=label, labels=labels, y=y, trusted=trusted)


def sample(
    model: Path,
    /,
    out: Path,
    n: int = 64,
    y: Sequence[str] | None = None,
    conditions: Sequence[str] | None = None,
    missing: bool = False,
    temperature: float | None = None,
    top_p: float | None = None,
    random_state: int | None = None,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Draw new examples from the model.

    Arguments:
        model: The model file.
        out: A .npy file; images also go to a .png picture or a folder; sounds to a .png picture,
            a folder of .wav files or, with `-n 1`, a .wav file; tables to a .csv or .parquet
            file; texts to a .txt or .csv file.
        n: The number of new examples.
        y: The label, or the row of numbers, for a conditional model: one for all examples, or
            one for each.
        conditions: Cells that all new rows of a mixed table share, as COLUMN=CELL.
        missing: Leave cells of a mixed table missing, as often as in the data.
        temperature: The temperature of texts: below one they are more typical, at zero the most
            probable; by default that of the fit.
        top_p: The share of the probability from which each token of a text is drawn; by
            default that of the fit.
        random_state: The seed of the random draws.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    from ...estimator import load
    from .. import inputs, outputs

    estimator = load(model, trusted=trusted)
    outputs.check_output(out, outputs.example_suffixes(estimator), "sample", force)
    outputs.check_count(out, n, estimator)
    outputs.check_examples(out, n, estimator, None, [model], force)

    if not hasattr(estimator, "sample") and hasattr(estimator, "reconstruct"):
        raise ValueError(
            "this model cannot sample, as it has no density p(x): fit with --recipe vae, or with"
            " --prior Mixture."
        )

    if estimator.context_ is not None and y is None:
        raise ValueError("this model is conditional: name the label of the new examples with --y.")

    how = {"temperature": temperature, "top_p": top_p}
    likelihood = estimator.likelihood_
    unknown = [f"--{k}" for k, v in how.items() if v is not None and not hasattr(likelihood, k)]

    if unknown:
        raise ValueError(f"{' and '.join(unknown)} only affect texts; leave them out.")

    if temperature == 0 and top_p is not None:
        raise ValueError("--top-p has no effect with --temperature 0; leave out one of them.")

    estimator.likelihood_.set_params(**{k: v for k, v in how.items() if v is not None})

    X = estimator.sample(
        n,
        y=inputs.parse_context(y, estimator),
        random_state=random_state,
        conditions=inputs.parse_conditions(conditions),
        missing=missing,
    )
    outputs.write_examples(out, X, estimator)
    print(f"Wrote {out}: {len(X):,} new example{'s' * (len(X) != 1)}.")
    print(f"Next: look at {out}; another --random-state draws other examples.")


def impute(
    model: Path,
    data: Path,
    /,
    out: Path,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Fill in the missing cells of a table.

    Arguments:
        model: The model file.
        data: The table, in the same format as that of the fit.
        out: A .csv or .parquet file of the completed table.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        y: The label, or the row of numbers, for a conditional model: one for all examples, or
            one for each.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    from ...estimator import load
    from .. import inputs, outputs

    estimator = load(model, trusted=trusted)
    outputs.check_output(out, outputs.example_suffixes(estimator), "impute", force)
    examples = inputs.read_labeled(data, label, labels, y, estimator)
    filled = estimator.impute(examples.X, inputs.context_of(examples, estimator))
    filled = filled if label is None else filled.assign(**{label: examples.y})

    outputs.write_examples(out, filled, estimator, examples.columns)
    print(f"Wrote {out}: {len(filled):,} rows.")
    suggest_next("score", model, out, label=label, labels=labels, y=y, trusted=trusted)


def score(
    model: Path,
    data: Path,
    /,
    out: Path | None = None,
    cells: bool = False,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Score examples: log p(x), or the reconstruction error of a model without a density.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit.
        out: A .npy, .csv or .parquet file of the scores of all examples.
        cells: Score each cell of a table by its surprisal given the rest of its row, in nats.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        y: The label, or the row of numbers, for a conditional model: one for all examples, or
            one for each.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    from ...estimator import load
    from .. import inputs, outputs

    if out is not None:
        outputs.check_output(out, outputs.ROW_SUFFIXES, "score", force)

    estimator = load(model, trusted=trusted)
    examples = inputs.read_labeled(data, label, labels, y, estimator)

    if hasattr(estimator, "score_samples"):
        name, what, unit = "score_samples", "log p(x)", " nats"
    else:
        name, what, unit = "reconstruction_error", "error (this model has no density)", ""

    context = inputs.context_of(examples, estimator)

    if cells:
        scores = estimator.cell_surprisal(examples.X, context)
        columns = outputs.column_names(estimator, scores.shape[1])
        _print_strangest(scores, columns, examples.X)
    else:
        scores, columns = getattr(estimator, name)(examples.X, context), [name]
        print(f"{name}: {what}, mean of {len(scores):,} examples: {scores.mean():.6g}{unit}")

    if out is not None:
        outputs.write_rows(out, scores, columns, examples.files)
        print(f"Wrote {out}: {scores.size:,} scores.")

    neighbors = f"{model.stem}-neighbors.csv"
    same = {"label": label, "labels": labels, "y": y, "trusted": trusted}
    suggest_next("neighbors", model, data, out=neighbors, **same)


def _print_strangest(scores: Any, columns: Sequence[str], X: Any) -> None:
    r"""Prints the cells with the highest surprisal; missing cells have none."""
    import numpy as np

    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), axis=None, kind="stable")
    print("cell_surprisal: -log p(cell | rest of its row). The highest, with rows counted from 0:")

    for i, j in zip(*np.unravel_index(order[:_LISTED_CELLS], scores.shape)):
        cell = X[columns[j]].iloc[i]
        print(f"  row {i:>6}  {columns[j]} = {cell}: {scores[i, j]:.4g} nats")
