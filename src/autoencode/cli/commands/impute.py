r"""The command that fills in missing cells."""

from pathlib import Path

from ..next_step import suggest_next
from ..options import SourceOptions, WriteOptions


def impute(
    model: Path,
    data: Path,
    /,
    out: Path,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Fill in the missing cells of a table.

    Arguments:
        model: The model file.
        data: The table, in the same format as that of the fit.
        out: A .csv or .parquet file of the completed table.
    """
    from .. import inputs, outputs

    estimator = inputs.load_model(model, source.loading)
    outputs.check_output(out, outputs.example_suffixes(estimator), "impute", writing.force)
    examples = inputs.read_source(data, source, estimator)
    filled = estimator.impute(examples.X, inputs.context_of(examples, estimator))
    label = source.labels.label_column
    filled = filled if label is None else filled.assign(**{label: examples.y})

    outputs.write_examples(out, filled, estimator, examples.columns)
    print(f"Wrote {out}: {len(filled):,} rows.")
    suggest_next("score", model, out, options=source._replace(table=None))
