r"""The command that forecasts series."""

from pathlib import Path
from typing import Any

from ...common.atomic_files import replacing
from ..options import SourceOptions, WriteOptions


def forecast(
    model: Path,
    data: Path,
    /,
    out: Path,
    steps: int,
    level: float = 0.9,
    intervals: bool = True,
    calibration: Path | None = None,
    covariates: Path | None = None,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Forecast the steps after the end of each series.

    Arguments:
        model: The model file. The model must be fitted to series with gaps (--modality Series
            --modality.gaps --corruption FutureMasking).
        data: The series, in the same format as that of the fit.
        out: A .csv or .parquet file with a row for each series and step: the series, the time,
            and for each channel the expected number and the ends of its interval. A picture is
            written beside it.
        steps: The number of steps to forecast.
        level: The probability that an interval holds the number.
        intervals: Write the ends of intervals. Their width is that of the errors of earlier
            forecasts.
        calibration: Series from which the width of intervals is learned, preferably not those of
            the fit; by default the data themselves.
        covariates: A table with the covariates of the later steps, if the model was fitted with
            --modality.covariates: their columns, and those of times and of series.
    """
    from ... import plots
    from .. import inputs, outputs
    from ..ownership import check_replaceable

    outputs.check_output(out, (".csv", ".parquet"), "forecast", writing.force)
    picture = out.with_suffix(".png")
    check_replaceable("forecast", [picture], [model, data, calibration, covariates], writing.force)
    estimator = inputs.load_model(model, source.loading)
    examples = inputs.read_with_label(data, source, estimator, whole=True)
    others = None

    if calibration is not None:
        shared = source.for_other(calibration)
        others = inputs.read_with_label(calibration, shared, estimator, whole=True).X

    y = inputs.context_of(examples, estimator)
    result = estimator.forecast(
        examples.X,
        steps,
        y=y,
        level=level if intervals else None,
        calibration=others,
        covariates=covariates,
    )
    frame = _as_table(result, estimator.modality_)
    outputs.write_table(out, frame)
    print(f"Wrote {out}: {len(frame):,} rows, {steps} steps of each series.")

    with replacing(picture) as temporary:
        plots.forecast(estimator, examples.X, result).savefig(temporary)

    print(f"Next: look at {picture}: the series, their expected steps, and the intervals.")


def _as_table(result: Any, modality: Any) -> Any:
    r"""Returns expected steps and intervals as one table, with three columns for each channel."""
    import numpy as np
    import pandas as pd

    from ...data import is_frame, to_pandas

    names = modality.channel_names()
    ends = [part for part in result if part is not None]

    if is_frame(result.mean):
        frames = [to_pandas(part) for part in ends]
        numbered = isinstance(frames[0].index, pd.RangeIndex)
        table = frames[0].copy() if numbered else frames[0].reset_index()
        channels = [[np.asarray(frame[name], float) for name in names] for frame in frames]
    else:
        N, steps = len(result.mean), len(result.mean[0])
        table = pd.DataFrame(
            {"series": np.repeat(np.arange(N), steps), "step": [*range(1, steps + 1)] * N}
        )
        channels = [[*np.concatenate([x.reshape(steps, -1) for x in part]).T] for part in ends]

    for j, name in enumerate(names):
        for values, suffix in zip(channels, ("", "_lower", "_upper")):
            table[name + suffix] = values[j]

    return table
