r"""Examples to codes and back, and new examples."""

from collections.abc import Sequence
from pathlib import Path

_SHOWN = 64  # examples in one picture


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
    from ...estimator import load
    from .. import files

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
            of images; for sounds, too, or a folder of .wav files; for tables a .csv or .parquet
            file; for texts a .txt or .csv file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    from ...estimator import load
    from .. import files

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
            of images; for sounds, too, or a folder of .wav files; for tables a .csv or .parquet
            file; for texts a .txt or .csv file.
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
    temperature: float | None = None,
    nucleus: float | None = None,
    random_state: int | None = None,
) -> None:
    r"""Writes new examples, drawn from the model.

    Arguments:
        model: The file of the model.
        out: A .npy file; for images also a .png picture or a folder of images; for sounds a
            .png picture or a folder of .wav files; for tables a .csv or .parquet file; for texts
            a .txt or .csv file.
        n: How many.
        y: The label of all new examples, or one for each; or a row of numbers.
        given: Cells that all new rows of a table of mixed columns have, as COLUMN=CELL.
        temperature: Of texts, what makes them more usual below one, and the most probable
            ones at zero; by default that of the fit.
        nucleus: Of texts, the share of the probability to draw each symbol from; by default
            that of the fit.
        random_state: Seeds the draws, to get the same ones again.
    """
    from ...estimator import load
    from .. import files

    estimator = load(model)
    files.check_out(out, files.suffixes(estimator))

    try:
        draw = estimator.sample
    except AttributeError as error:  # meant for the user, who has no attributes
        raise ValueError(str(error)) from None

    if estimator.context_ is not None and y is None:
        raise ValueError("this model is conditional: say with --y what to make.")

    how = {"temperature": temperature, "nucleus": nucleus}
    estimator.likelihood_.set_params(**{k: v for k, v in how.items() if v is not None})

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
    from ...estimator import load
    from .. import files

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
    from ...estimator import load
    from .. import files

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
