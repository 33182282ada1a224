r"""Commands that work in parts, for data of any size."""

__all__ = ["in_parts", "run_in_parts"]

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .next_step import suggest_next
from .options import PartOptions, SourceOptions, WriteOptions, given

if TYPE_CHECKING:  # `--help` need not wait for this import
    from ..scale import Report

_FILES = (".npy", ".npz", ".csv", ".parquet", ".txt", ".png", ".wav")
_PATTERN_SIGNS = "*?["


def in_parts(data: Path, parts: PartOptions) -> bool:
    r"""Tell whether a command works in parts: if a flag says so, or the data are a pattern.

    Arguments:
        data: The examples.
        parts: The flags.

    Example:
        >>> in_parts(Path("rows/*.parquet"), PartOptions()), in_parts(Path("x"), PartOptions())
        (True, False)
    """
    is_pattern = any(sign in str(data) for sign in _PATTERN_SIGNS) and not data.exists()
    return is_pattern or bool(given(parts))


def run_in_parts(
    verb: str,
    model: Path,
    data: Path,
    out: Path | None,
    parts: PartOptions,
    source: SourceOptions,
    writing: WriteOptions,
    refused: Mapping[str, bool] = {},
    **own: Any,
) -> None:
    r"""Run a verb in parts, and print what is finished and what to run next.

    Arguments:
        verb: The name of the command, and of the function in :mod:`autoencode.scale`.
        model: The model file.
        data: The examples.
        out: The folder of the outputs.
        parts: The flags of work in parts.
        source: The labels and the format of the table.
        writing: Whether other files in the folder are kept beside the outputs.
        refused: Flags that cannot be combined with parts, and whether they are set.
        own: Further arguments of the verb.

    Raises:
        ValueError: If flags exclude each other, or as for :func:`autoencode.scale.transform`.
        SystemExit: With status 1, if something could not be read or written.
    """
    from .. import scale
    from . import inputs

    if wrong := [flag for flag, is_set in refused.items() if is_set]:
        raise ValueError(f"{wrong[0]} cannot be combined with work in parts.")

    if source.labels.labels is not None:
        raise ValueError(
            "--labels is one file for all examples: give --label-column, a column of each table,"
            " or --y, for work in parts."
        )

    if out is None or (out.suffix.lower() in _FILES and not out.is_dir()):
        got = "none" if out is None else f"'{out}'"
        raise ValueError(f"expected a folder for the outputs of parts (--out codes), got {got}.")

    options = parts._asdict()
    options = options if verb in ("transform", "reconstruct") else _without(options, "dtype")
    label = {} if verb == "anomalies" else {"label_column": source.labels.label_column}
    y = source.typed.y

    if y is not None:
        y = inputs.parse_y(y, inputs.load_model(model, source.loading))

    report = getattr(scale, verb)(
        model,
        str(data),
        out,
        **options,
        **label,
        **own,
        y=y,
        table=None if source.table is None else source.table.document(),
        trusted=source.loading.trusted,
        force=writing.force,
    )
    print(report)
    shared = given(parts) | given(source) | {k: v for k, v in own.items() if v}
    _say_next(report, [verb, model, data], _without(shared, "shard"), parts)

    if report.failed or report.stopped:
        raise SystemExit(1)


def _without(options: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key != name}


def _say_next(
    report: "Report", words: list[Any], options: dict[str, Any], parts: PartOptions
) -> None:
    if report.stopped:
        print("Next: mend this, and run the same command again, which skips finished parts.")
    elif report.failed:
        print(
            "Next: mend these files, and run the same command again, which skips finished"
            " parts. Everything else that it was to do is finished."
        )
    elif report.unfinished:
        shards = int((parts.shard or "1/1").partition("/")[2])
        left = f", about {_duration(report.seconds_left)} of such work" * bool(report.done)
        print(f"Not finished: shards {_ranges(report.unfinished)} of {shards:,}{left}.")
        shard = f"{report.unfinished[0]}/{shards}"
        suggest_next(*words, out=report.out, shard=shard, **options)
    else:
        print(f"Next: {_READ[parts.file_format].format(out=str(report.out))}")


_READ = {
    "parquet": "read the folder in Python, pyarrow.dataset.dataset({out!r}).to_table(), or in"
    " any program that reads folders of Parquet files.",
    "npy": "join the parts in Python, in the order of their names: np.concatenate([np.load(f) for"
    " f in sorted(Path({out!r}).glob('*.npy'))]).",
}


def _duration(seconds: float) -> str:
    r"""Returns a duration in two digits or so.

    Example:
        >>> _duration(5), _duration(600), _duration(36000)
        ('5 seconds', '10 minutes', '10 hours')
    """
    for size, unit in ((3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"

    return f"{seconds:.0f} seconds"


def _ranges(numbers: tuple[int, ...]) -> str:
    r"""Returns numbers in few words.

    Example:
        >>> _ranges((1, 2, 3, 7))
        '1-3, 7'
    """
    runs: list[list[int]] = []

    for n in numbers:
        if runs and runs[-1][-1] == n - 1:
            runs[-1][1:] = [n]
        else:
            runs.append([n])

    return ", ".join("-".join(map(str, run)) for run in runs)
