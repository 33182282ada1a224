r"""Examples to codes and back, and new examples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..next_step import suggest_next

_SHOWN = 64  # examples in one picture
_LISTED = 10  # cells that are named


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
    r"""Writes the codes of examples.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npy, .csv or .parquet file. Tables name the files in the first column, if the
            examples are files.
        pool_windows: Write one row for each sound, however long: the mean of the codes of its
            windows.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label of all examples, or one for each, if the model is conditional; or a row of
            numbers.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    from ...estimator import load
    from .. import inputs, outputs

    outputs.check_out(out, outputs.ROWS, "transform", force)
    estimator = load(model, trusted=trusted)
    given = inputs.labeled(data, label, labels, y, estimator, whole=pool_windows)
    Z = estimator.transform(given.X, inputs.asked(given, estimator), pool_windows)

    outputs.write_rows(out, Z, [f"z{i}" for i in range(1, Z.shape[1] + 1)], given.files)
    print(f"Wrote {out}: {len(Z):,} code{'s' * (len(Z) != 1)} of {Z.shape[1]} numbers.")

    if pool_windows:
        print(f"Next: compare the examples by the rows of {out}.")
        return

    following = out.with_name(f"{model.stem}-neighbors.csv")
    same = {"label": label, "labels": labels, "y": y, "trusted": trusted}
    suggest_next("neighbors", model, data, out=following, **same)


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
    r"""Writes examples as the model gives them back from their codes.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit. Sounds may be longer: they are cut into windows,
            each faded into the next in .wav files.
        out: A .npy file; for images also a .png picture with the originals beside, or a folder
            of images; for sounds, too, or a folder of .wav files, or a .wav file for a single one;
            for tables a .csv or .parquet file; for texts a .txt or .csv file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label of all examples, or one for each, if the model is conditional; or a row of
            numbers.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    from ...estimator import load
    from .. import inputs, outputs

    estimator = load(model, trusted=trusted)
    outputs.check_out(out, outputs.suffixes(estimator), "reconstruct", force)
    whole = outputs.of_files(out, estimator)
    read = inputs.labeled(data, label, labels, y, estimator, whole)
    (X, _, columns, names), given = read, inputs.asked(read, estimator)
    outputs.check_count(out, len(X), estimator)
    outputs.check_examples(out, len(X), estimator, names, [model, data, labels], force)

    if outputs.suffix(out) == ".png" and len(X) > _SHOWN:
        print(f"The picture shows the first {_SHOWN} of {len(X):,}; --out FOLDER writes all.")
        X, given = X[:_SHOWN], None if given is None else given[:_SHOWN]

    R = estimator.reconstruct(X, given, whole)
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
    r"""Writes clean versions of damaged examples, by a model that has learned to.

    Arguments:
        model: The file of the model.
        data: The damaged examples. Images may be of any size, and come back in it.
        out: A .npy file; for images also a folder of images, a .png file for a single one, or a
            .png picture of several small ones with the damaged beside; for sounds a .png
            picture, a folder of .wav files, or a .wav file for a single one; for tables a .csv or
            .parquet file; for texts a .txt or .csv file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label of all examples, or one for each, if the model is conditional; or a row of
            numbers.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    from ...data import is_image
    from ...estimator import load
    from .. import inputs, outputs

    estimator = load(model, trusted=trusted)
    single = is_image(data) and outputs.suffix(out) == ".png"
    photographs = estimator.modality_.tiled and (is_image(data) or data.is_dir())

    if estimator.modality_.tiled and not photographs and outputs.suffix(out) == ".npy":
        outputs.check_out(out, outputs.suffixes(estimator), "denoise", force)
        read = inputs.labeled(data, label, labels, y, estimator)
        R = estimator.denoise(read.X, inputs.asked(read, estimator))
        outputs.write_examples(out, R, estimator)
        print(f"Wrote {out}: {len(R):,} image{'s' * (len(R) != 1)} in their own size.")
        suggest_next("score", model, data, label=label, labels=labels, y=y, trusted=trusted)
        return

    if not (photographs and (single or outputs.suffix(out) == "")):
        reconstruct(model, data, out, label, labels, y, force, trusted)
        return

    outputs.check_out(out, outputs.suffixes(estimator), "denoise", force)
    read = inputs.labeled(data, label, labels, y, estimator)
    names, given = read.files or [], inputs.asked(read, estimator)

    if not single:
        outputs.check_examples(out, len(names), estimator, names, [model, data, labels], force)

    folder = data if data.is_dir() else data.parent
    files = [folder / name for name in names]
    new = [out] if single else outputs.example_paths(out, names, estimator)

    for i, (file, path) in enumerate(zip(files, new)):
        one = given if given is None or len(given) == 1 else given[i : i + 1]
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
    nucleus: float | None = None,
    random_state: int | None = None,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Writes new examples, drawn from the model.

    Arguments:
        model: The file of the model.
        out: A .npy file; for images also a .png picture or a folder of images; for sounds a
            .png picture, a folder of .wav files or with `-n 1` a .wav file; for tables a .csv or
            .parquet file; for texts a .txt or .csv file.
        n: How many.
        y: The label of all new examples, or one for each; or a row of numbers.
        conditions: Cells that all new rows of a table of mixed columns have, as COLUMN=CELL.
        missing: Leave out cells of new rows of a table of mixed columns, as often as the data do.
        temperature: Of texts, what makes them more usual below one, and the most probable
            ones at zero; by default that of the fit.
        nucleus: Of texts, the share of the probability to draw each symbol from; by default
            that of the fit.
        random_state: Seeds the draws, to get the same ones again.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    from ...estimator import load
    from .. import inputs, outputs

    estimator = load(model, trusted=trusted)
    outputs.check_out(out, outputs.suffixes(estimator), "sample", force)
    outputs.check_count(out, n, estimator)
    outputs.check_examples(out, n, estimator, None, [model], force)

    if not hasattr(estimator, "sample"):
        raise ValueError(
            "new examples need a density p(x), and this model has none: fit with --recipe vae."
        )

    if estimator.context_ is not None and y is None:
        raise ValueError("this model is conditional: say with --y what to make.")

    how = {"temperature": temperature, "nucleus": nucleus}
    likelihood = estimator.likelihood_
    unknown = [f"--{k}" for k, v in how.items() if v is not None and not hasattr(likelihood, k)]

    if unknown:
        raise ValueError(f"{' and '.join(unknown)} have no effect but on texts; leave them out.")

    if temperature == 0 and nucleus is not None:
        raise ValueError("--nucleus has no effect with --temperature 0; leave out one of the two.")

    estimator.likelihood_.set_params(**{k: v for k, v in how.items() if v is not None})

    X = estimator.sample(
        n,
        y=inputs.context(y, estimator),
        random_state=random_state,
        conditions=inputs.cells(conditions),
        missing=missing,
    )
    outputs.write_examples(out, X, estimator)
    print(f"Wrote {out}: {len(X):,} new example{'s' * (len(X) != 1)}.")
    print(f"Next: look at {out}, and draw others with another --random-state.")


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
    r"""Writes the rows of a table with their missing cells filled in.

    Arguments:
        model: The file of the model.
        data: The rows, like those of the fit.
        out: A .csv or .parquet file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label of all examples, or one for each, if the model is conditional; or a row of
            numbers.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    from ...estimator import load
    from .. import inputs, outputs

    estimator = load(model, trusted=trusted)
    outputs.check_out(out, outputs.suffixes(estimator), "impute", force)
    given = inputs.labeled(data, label, labels, y, estimator)
    filled = estimator.impute(given.X, inputs.asked(given, estimator))
    filled = filled if label is None else filled.assign(**{label: given.y})

    outputs.write_examples(out, filled, estimator, given.columns)
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
    r"""Says how well a model knows examples: log p(x), or the error of their reconstruction.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npy, .csv or .parquet file for the scores of all examples.
        cells: Score each cell of a table by the others of its row, in nats: the higher, the
            stranger.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label of all examples, or one for each, if the model is conditional; or a row of
            numbers.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    from ...estimator import load
    from .. import inputs, outputs

    if out is not None:
        outputs.check_out(out, outputs.ROWS, "score", force)

    estimator = load(model, trusted=trusted)
    given = inputs.labeled(data, label, labels, y, estimator)

    if hasattr(estimator, "score_samples"):
        name, what, unit = "score_samples", "log p(x)", " nats"
    else:
        name, what, unit = "reconstruction_error", "error (there is no density)", ""

    context = inputs.asked(given, estimator)

    if cells:
        scores = estimator.cell_surprisal(given.X, context)
        columns = outputs.names(estimator, scores.shape[1])
        _name_strangest(scores, columns, given.X)
    else:
        scores, columns = getattr(estimator, name)(given.X, context), [name]
        print(f"{name}: {what}, mean of {len(scores):,} examples: {scores.mean():.6g}{unit}")

    if out is not None:
        outputs.write_rows(out, scores, columns, given.files)
        print(f"Wrote {out}: {scores.size:,} scores.")

    following = f"{model.stem}-neighbors.csv"
    same = {"label": label, "labels": labels, "y": y, "trusted": trusted}
    suggest_next("neighbors", model, data, out=following, **same)


def _name_strangest(scores: Any, columns: Sequence[str], X: Any) -> None:
    r"""Prints the cells that the others of their row say least of; missing ones have no score."""
    import numpy as np

    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), axis=None, kind="stable")
    print("cell_surprisal: -log p(cell | others of its row). The strangest, counted from 0:")

    for i, j in zip(*np.unravel_index(order[:_LISTED], scores.shape)):
        cell = X[columns[j]].iloc[i]
        print(f"  row {i:>6}  {columns[j]} = {cell}: {scores[i, j]:.4g} nats")
