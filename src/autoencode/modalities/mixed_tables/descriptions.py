r"""Kinds of columns, as words for the readers of files and for the log."""

__all__ = ["describe", "kind_in_file"]

from collections.abc import Sequence

from ..columns import Column, DateColumn, LevelColumn

_MAX_NAMED = 12  # maximum number of columns in a log line


def kind_in_file(column: Column) -> str | None:
    r"""Kind of a column in a file, if all of its cells have the same kind.

    Arguments:
        column: The column.
    """
    if isinstance(column, DateColumn):
        if column.dtype_.startswith("period["):
            return "period"

        return "time" if column.of_day else "duration" if column.spans_ else "date"

    if isinstance(column, LevelColumn):
        truths = bool(column.levels_) and all(isinstance(v, bool) for v in column.levels_)
        return "text" if column.is_text else "truth" if truths else None

    return "float" if column.dtype_.lower().startswith(("float", "double")) else "number"


def describe(columns: Sequence[Column]) -> str:
    r"""Kinds and grids of the columns, for the log.

    Arguments:
        columns: The columns.
    """

    def described(column: Column) -> str:
        if column.constant_:
            return "constant"

        return f"{len(column.levels_)} levels" if isinstance(column, LevelColumn) else column.grid

    n_more = len(columns) - _MAX_NAMED
    more = f"; and {n_more:,} more" * (n_more > 0)
    return "; ".join(f"{c.name!r} {described(c)}" for c in columns[:_MAX_NAMED]) + more
