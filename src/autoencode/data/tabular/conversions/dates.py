r"""Columns of dates, and the common form of their words."""

__all__ = ["date_columns"]

from collections.abc import Mapping

from ..formats import TableFormat
from ..spellings import order_of_dates
from .rules import Conversion
from .words import marked

_DAYS = {"dmy": "%d{0}%m{0}%Y", "mdy": "%m{0}%d{0}%Y", "ymd": "%Y{0}%m{0}%d"}
_TIMES = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S"),
    ":%H:%M:%S",  # of SAS
)

_NAMED = (
    *("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%d-%B-%Y", "%d.%b.%Y", "%d. %b %Y", "%d. %B %Y"),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d%b%Y", "%Y年%m月%d日"),
    *("%G-W%V-%u", "%GW%V%u"),  # days of weeks
)


def date_columns(
    dates: Mapping[str, list[str]],
    strings: Mapping[str, list[str]],
    marks: frozenset[str],
    given: TableFormat,
    found: TableFormat,
) -> dict[str, Conversion]:
    r"""Rules for the columns of dates.

    Arguments:
        dates: The distinct words of columns that may be dates, without marks.
        strings: The distinct words of all columns of text.
        marks: Words for missing cells.
        given: The settings of the format that the user has fixed.
        found: The format to which the order of dates is added.

    Raises:
        ValueError: If the order of day and month is open.

    Example:
        >>> words, form = {"a": ["31.01.2024"]}, TableFormat()
        >>> date_columns(words, words, frozenset(), form, form)["a"].form
        '%d.%m.%Y'
    """
    orders = {name: order_of_dates(words) for name, words in dates.items()}
    known = given.date_order or next((o for o in orders.values() if o in ("dmy", "mdy")), None)
    result = {}

    for name, words in dates.items():
        order = orders[name]

        if order == "?" and known is None:
            raise ValueError(
                f"{words[0]!r} in column {name!r} may begin with the day or the month: set"
                " date_order='dmy' or date_order='mdy' (command line: --date-order)."
            )

        order = known if order == "?" else order

        if order in ("dmy", "mdy") and given.date_order in ("dmy", "mdy"):
            order = given.date_order

        if form := _form(words, order):
            result[name] = Conversion("date", form=form, marks=marked(strings[name], marks))
            found.date_order = order if order in ("dmy", "mdy") else found.date_order

    return result


def _form(words: list[str], order: str | None) -> str:
    r"""Returns the common form of all dates, or an empty text if there is none."""
    import pandas as pd

    first = words[0].strip()
    sign = next((c for c in first if c in "-/."), "-")
    days = [_DAYS[order].format(sign)] if order else _NAMED

    for form in [day + time for day in days for time in _TIMES]:
        try:
            pd.to_datetime(pd.Series(words[:1]).str.strip(), format=form)
            pd.to_datetime(pd.Series(words).str.strip(), format=form)
        except (ValueError, TypeError):
            continue

        return form

    if order == "ymd":
        try:
            pd.to_datetime(pd.Series(words).str.strip(), format="ISO8601")
        except (ValueError, TypeError):
            return ""

        return "ISO8601"

    return ""
