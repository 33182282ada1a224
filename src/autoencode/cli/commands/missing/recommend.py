r"""The command that recommends things to users."""

from pathlib import Path

from ...next_step import suggest_next
from ...options import SourceOptions, WriteOptions


def recommend(
    model: Path,
    data: Path,
    /,
    out: Path,
    k: int = 10,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Recommend things that users do not have yet, best first.

    Arguments:
        model: The model file.
        data: The counts or ratings, one row for each user, in the same format as those of the fit.
        out: A .npy, .csv or .parquet file with a row for each user: the numbers of columns of the
            data, from 0 on, and -1 where no thing is left; or the names of columns, if they have
            names and the file is not .npy.
        k: The number of things for each user.
    """
    import numpy as np

    from ... import inputs, outputs

    outputs.check_output(out, outputs.ROW_SUFFIXES, "recommend", writing.force)
    estimator = inputs.load_model(model, source.loading)
    examples = inputs.read_source(data, source, estimator)
    found = estimator.recommend(examples.X, k, inputs.context_of(examples, estimator))
    names = [str(name) for name in getattr(estimator, "feature_names_in_", [])]
    written = found

    if names and outputs.suffix(out) != ".npy":
        written = np.array([*names, ""], object)[found]  # -1 is the last, an empty cell

    columns = [f"rank{i}" for i in range(1, found.shape[1] + 1)]
    outputs.write_rows(out, written, columns, examples.files)
    print(f"Wrote {out}: {found.shape[1]} recommendations for {len(found):,} rows.")
    suggest_next("score", model, data, options=source)
