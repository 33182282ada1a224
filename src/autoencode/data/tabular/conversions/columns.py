r"""Columns of text converted to numbers, dates, times, durations and booleans."""

__all__ = ["conversions"]

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..formats import TableFormat
from ..spellings import MARKS, Numbers, form_of_times, numbers_of
from .dates import date_columns
from .durations import are_durations, unclear_duration
from .periods import frequency_of_periods
from .rules import Conversion
from .words import are_truths, as_text, marked, words_of

_DIGITS = re.compile(r"\s*[+-]?[0-9]+\s*")
_PADDED = re.compile(r"\s*[+-]?0[0-9xX]")  # a number with leading zeros, or in hexadecimal


def conversions(
    table: Any,
    read: Callable[[set[str], list[str]], Any],
    given: TableFormat,
    found: TableFormat,
    kinds: Mapping[str | int, str],
    texts: set[str],
    separator: str,
) -> tuple[dict[str, Conversion], Any]:
    r"""Finds the kinds of columns of text, and converts them.

    A column is converted if all of its cells have the same kind.

    Arguments:
        table: The columns, as Arrow reads them.
        read: A function that reads columns again, some of them as text.
        given: The settings of the format that the user has fixed.
        found: The format to which the settings found here are added.
        kinds: The known kinds of columns, by name.
        texts: The names of columns that stay text, whatever their cells look like.
        separator: The separator of cells.

    Returns:
        The rule of each converted column, and the converted table.

    Raises:
        ValueError: If two readings are plausible.

    Example:
        >>> import pyarrow as pa
        >>> table, format = pa.table({"a": ["1,5", "?"]}), TableFormat()
        >>> read = lambda texts, only: table.select(only)
        >>> conversions(table, read, format, format, {}, set(), ";")[1].to_pydict()
        {'a': [1.5, None]}
    """
    from pyarrow import compute, types

    names = [name for name in table.column_names if name not in texts]
    strings = {
        n: words_of(table.column(n)) for n in names if types.is_string(table.column(n).type)
    }
    padded = _padded(table, names, read, kinds)
    # Arrow takes short durations for times of the day
    short = [n for n in names if kinds.get(n) == "duration"]
    short = [n for n in short if types.is_time(table.column(n).type)]
    padded |= dict(as_text(short, table.num_rows, read))
    strings |= {n: words_of(cells) for n, cells in padded.items()}
    floats = [n for n in names if types.is_floating(table.column(n).type)]
    marks = MARKS if given.missing_values is None else frozenset()
    known = given.decimal

    def spelled(words: list[str], decimal: str | None, name: str = "") -> Numbers | None:
        return numbers_of(words, decimal, given.thousands, marks, name in kinds)

    tried = {n: spelled(words, known, n) for n, words in strings.items()}
    numbers = {n: how for n, how in tried.items() if how is not None}
    signs = {how.decimal: n for n, how in numbers.items()}
    open_ = {n: how.unsure for n, how in numbers.items() if how.unsure}

    if "," in signs or known == ",":
        # Arrow took their points for decimal signs
        for name, cells in as_text(floats, table.num_rows, read):
            words = words_of(cells)

            if (how := spelled(words, ",")) is not None:
                strings[name], numbers[name] = words, how
            elif known is None:
                point = next((word for word in words if "." in word), words[0])
                comma = next(word for word in strings[signs[","]] if "," in word)
                raise ValueError(
                    f"it has decimal commas, as {comma!r} in column {signs[',']!r}, and decimal"
                    f" points, as {point!r} in column {name!r}: set decimal=',' or decimal='.'"
                    " (command line: --decimal). Cells with the other sign become text."
                )
            else:
                strings[name] = words

        known = ","
    elif known is None and "." not in signs:
        unsure = [n for n in floats if _could_group(table.column(n))]

        if unsure and len(unsure) == len(floats):
            for name, cells in as_text(unsure, table.num_rows, read):
                words = words_of(cells)
                how = spelled(words, None)
                every = all("." in word for word in words)

                if how is not None and how.unsure and (not every or separator == ";"):
                    open_[name] = how.unsure
        known = "." if floats and not open_ else None
    elif known is None:
        known = "."

    for name, word in open_.items():
        if known is None:
            sign = "," if "," in word else "."
            raise ValueError(
                f"{word!r} in column {name!r} may be {word.replace(sign, '')} or"
                f" {word.replace(sign, '.')}: set decimal={sign!r} or thousands={sign!r} (command"
                f" line: --decimal or --thousands)."
            )

        if name in strings and (closed := spelled(strings[name], known, name)) is not None:
            numbers[name] = closed

    found.decimal = known
    result = {}

    for name, words in strings.items():
        kind, how = kinds.get(name), numbers.get(name)

        if how is not None and kind in (None, "number", "float"):
            if not how.decimal and any(
                len(word) > 19 and int(word) >= 2**64 for word in words if _DIGITS.fullmatch(word)
            ):
                continue  # an identifier: floats cannot hold all of its digits

            if kind is not None and how.unit not in ("", found.units.get(name, "")):
                continue  # numbers in another unit cannot be compared

            if how.unit and kind is None:
                found.units[name] = how.unit

            result[name] = Conversion("number", how, marks=how.marks)
        elif kind in (None, "truth") and are_truths(words, marks):
            result[name] = Conversion("truth", marks=marked(words, marks))

    dates = {
        name: there
        for name, words in strings.items()
        if name not in result and kinds.get(name) in (None, "date", "time", "duration", "period")
        if (there := [word for word in words if word.strip().lower() not in marks])
    }
    result |= {
        name: Conversion("time", form=form, marks=marked(strings[name], marks))
        for name, words in dates.items()
        if kinds.get(name) in (None, "time") and (form := form_of_times(words))
    }
    result |= {
        name: Conversion("duration", marks=marked(strings[name], marks))
        for name, words in dates.items()
        if name not in result and kinds.get(name) in (None, "duration")
        if are_durations(words, known=name in kinds)
    }
    result |= {
        name: Conversion("period", form=form, marks=marked(strings[name], marks))
        for name, words in dates.items()
        if name not in result and kinds.get(name) in (None, "period")
        if (form := frequency_of_periods(words))
    }
    _check_clear(dates, {*result} | {*kinds})
    dates = {
        name: words
        for name, words in dates.items()
        if kinds.get(name) not in ("time", "duration", "period") and name not in result
    }
    result |= date_columns(dates, strings, marks, given, found)

    for name, cells in _as_words(table, [*strings], padded, read):
        column, conversion = cells, result.get(name)

        if conversion is not None:
            try:
                column = conversion.apply(cells)
            except ValueError:  # a date does not exist, such as the 31st of February
                del result[name]
        elif strings[name] and all(word[:1] == " " for word in strings[name]):
            column = compute.utf8_trim_whitespace(cells)

        table = table.set_column(table.column_names.index(name), name, column)

    return result, _without_marks(_as_known(table, kinds), given)


def _padded(
    table: Any,
    names: list[str],
    read: Callable[[set[str], list[str]], Any],
    kinds: Mapping[str | int, str],
) -> dict[str, Any]:
    r"""Returns, as text, columns of whole numbers with leading zeros, or too long for Arrow.

    Numbers with leading zeros are identifiers.
    """
    import numpy as np
    from pyarrow import types

    found, long = {}, {}

    for name in names:
        cells = table.column(name)

        if name in kinds:
            continue

        if types.is_floating(cells.type):
            v = np.abs(cells.drop_null().to_numpy())

            if (v >= 2**63).any() and (v == np.rint(v)).all():
                long[name] = True
        elif types.is_integer(cells.type):
            long[name] = False

    for name, cells in as_text([*long], table.num_rows, read):
        words = words_of(cells)
        digits = all(map(_DIGITS.fullmatch, words))

        if (long[name] and digits) or (not long[name] and any(map(_PADDED.match, words))):
            found[name] = cells

    return found


def _as_words(
    table: Any,
    names: list[str],
    known: Mapping[str, Any],
    read: Callable[[set[str], list[str]], Any],
) -> Iterator[tuple[str, Any]]:
    r"""Yields columns as text, and reads those again that have not been read as text."""
    from pyarrow import types

    cells = {name: known.get(name, table.column(name)) for name in names}
    numbers = [name for name, column in cells.items() if not types.is_string(column.type)]

    yield from ((name, column) for name, column in cells.items() if name not in numbers)
    yield from as_text(numbers, table.num_rows, read)


def _could_group(cells: Any) -> bool:
    r"""Returns whether the decimal points of all numbers may separate thousands."""
    import numpy as np

    v = cells.drop_null().to_numpy()
    broken = v[v != np.rint(v)]
    thousandths = np.abs(broken * 1000 - np.rint(broken * 1000)) < 1e-6

    return len(broken) > 1 and bool(
        thousandths.all() and (np.abs(v) < 1000).all() and (np.abs(broken) >= 1).all()
    )


def _check_clear(dates: Mapping[str, list[str]], known: set[Any]) -> None:
    r"""Refuses columns in which a cell such as 31:10 has several readings."""
    for name, words in dates.items():
        if name not in known and (cell := unclear_duration(words)):
            raise ValueError(
                f"{cell!r} in column {name!r} may be hours and minutes, minutes and seconds, or a"
                f" word: set text_columns=[{name!r}] (command line: --text-columns) for words, or"
                " write durations as 31:10:00, with hours, minutes and seconds."
            )


def _as_known(table: Any, kinds: Mapping[str | int, str]) -> Any:
    r"""Converts empty columns, and columns of whole numbers, to the types of the fit."""
    import pyarrow as pa
    from pyarrow import types

    of = {"float": pa.float64(), "number": pa.int64(), "date": pa.timestamp("s")}
    of |= {"truth": pa.bool_(), "text": pa.string(), "time": pa.time32("s")}
    of |= {"duration": pa.duration("s")}

    for i, name in enumerate(table.column_names):
        kind, cells = kinds.get(name), table.column(name)

        if (types.is_null(cells.type) and kind in of) or (
            kind == "float" and types.is_integer(cells.type)
        ):
            try:
                table = table.set_column(i, name, cells.cast(of[kind]))
            except pa.ArrowInvalid:  # floats cannot hold such large whole numbers
                continue

    return table


def _without_marks(table: Any, given: TableFormat) -> Any:
    r"""Replaces numbers that mark missing cells, such as -999, in any spelling."""
    import pyarrow as pa
    from pyarrow import compute, types

    marks = []

    for word in given.missing_values or ():
        try:
            marks.append(float(word))
        except ValueError:
            continue

    for i, name in enumerate(table.column_names):
        cells = table.column(name)

        if marks and (types.is_integer(cells.type) or types.is_floating(cells.type)):
            for mark in marks:
                gone = compute.equal(cells, mark)
                cells = compute.if_else(gone, pa.scalar(None, cells.type), cells)

            table = table.set_column(i, name, cells)

    return table
