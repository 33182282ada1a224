r"""The command that encodes examples."""

from pathlib import Path

from ..next_step import suggest_next
from ..options import SourceOptions, WriteOptions


def transform(
    model: Path,
    data: Path,
    /,
    out: Path,
    pool_windows: bool = False,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Write the codes of examples.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit.
        out: A .npy, .csv or .parquet file. If the examples are files, the first column of a
            table has their names.
        pool_windows: Write one row per sound: the mean of the codes of its windows.
    """
    from .. import inputs, outputs

    outputs.check_output(out, outputs.ROW_SUFFIXES, "transform", writing.force)
    estimator = inputs.load_model(model, source.loading)
    examples = inputs.read_source(data, source, estimator, whole=pool_windows)
    Z = estimator.transform(examples.X, inputs.context_of(examples, estimator), pool_windows)

    outputs.write_rows(out, Z, [f"z{i}" for i in range(1, Z.shape[1] + 1)], examples.files)
    print(f"Wrote {out}: {len(Z):,} code{'s' * (len(Z) != 1)} of {Z.shape[1]} numbers.")

    if pool_windows:
        print(f"Next: compare the examples by the rows of {out}.")
        return

    neighbors = out.with_name(f"{model.stem}-neighbors.csv")
    suggest_next("neighbors", model, data, out=neighbors, options=source)
