r"""Conversion of columns of text to numbers, dates, times and truth values."""

__all__ = ["Conversion", "conversions", "names_like_numbers"]

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .formats import TableFormat
from .spellings import MARKS, PARTS, Numbers, form_of_times, numbers_of, order_of_dates

_DAYS = {"dmy": "%d{0}%m{0}%Y", "mdy": "%m{0}%d{0}%Y", "ymd": "%Y{0}%m{0}%d"}
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
_DIGITS = re.compile(r"\s*[+-]?[0-9]+\s*")
_BARE = re.compile(r"[0-9]+[eE][0-9]+")
_VERSION = re.compile(r"[0-9]+\.[0-9]{1,2}")
_LOOKED_AT, _FEW = 100_000, 200  # maximum numbers of cells, and of distinct numbers in them
_LARGE = 1e6  # the numbers of versions are smaller
_PADDED = re.compile(r"\s*[+-]?0[0-9xX]")  # a number with leading zeros, or in hexadecimal
_NAMED = (
    *("%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%d-%B-%Y", "%d.%b.%Y", "%d. %b %Y", "%d. %B %Y"),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y"),
)


class Conversion(NamedTuple):
    r"""Rule that converts the words of a column to numbers, dates, times or truth values."""

    kind: str
    numbers: Numbers | None = None
    form: str = ""
    marks: frozenset[str] = frozenset()

    def apply(self, cells: Any) -> Any:
        r"""Returns the converted column.

        Arguments:
            cells: The words, as an Arrow column.

        Raises:
            ValueError: If a word cannot be converted.
        """
        import pyarrow as pa
        from pyarrow import compute

        if self.marks:
            gone = compute.is_in(cells, pa.array([*self.marks], pa.string()))
            cells = compute.if_else(gone, pa.scalar(None, pa.string()), cells)

        if self.kind == "truth":
            return compute.equal(compute.utf8_lower(compute.utf8_trim_whitespace(cells)), "true")

        if self.kind == "date":
            return _dates(cells, self.form)

        if self.kind == "time":
            return _times(cells, self.form)

        assert self.numbers is not None
        words = compute.replace_substring_regex(cells, PARTS, r"\1\2\3")
        words = compute.replace_substring(words, "\u2212", "-")
        decimal = self.numbers.decimal or "."

        for sign in self.numbers.thousands:
            words = compute.replace_substring(words, sign, "")

        words = compute.replace_substring(words, decimal, ".") if decimal != "." else words
        words = compute.replace_substring_regex(words, r"^\+", "")

        for kind in (pa.int64(), pa.uint64()):
            with contextlib.suppress(pa.ArrowInvalid):
                return words.cast(kind)

        return words.cast(pa.float64())


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
    from pyarrow import types

    names = [name for name in table.column_names if name not in texts]
    strings = {n: _words(table.column(n)) for n in names if types.is_string(table.column(n).type)}
    strings |= _padded(table, names, read, kinds)
    floats = [n for n in names if types.is_floating(table.column(n).type)]
    marks = MARKS if given.missing_values is None else frozenset()
    known = given.decimal

    def spelled(words: list[str], decimal: str | None) -> Numbers | None:
        return numbers_of(words, decimal, given.thousands, marks)

    tried = {n: spelled(words, known) for n, words in strings.items()}
    numbers = {n: how for n, how in tried.items() if how is not None}
    signs = {how.decimal: n for n, how in numbers.items()}
    open_ = {n: how.unsure for n, how in numbers.items() if how.unsure}

    if "," in signs or known == ",":
        for name in floats:  # Arrow took their points for decimal signs
            words = _words(read({name}, [name]).column(name))

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
            again = read({*unsure}, unsure)

            for name in unsure:
                words = _words(again.column(name))
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

        if name in strings and (closed := spelled(strings[name], known)) is not None:
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
        elif kind in (None, "truth") and _are_truths(words, marks):
            result[name] = Conversion("truth", marks=_marked(words, marks))

    dates = {
        name: there
        for name, words in strings.items()
        if name not in result and kinds.get(name) in (None, "date", "time")
        if (there := [word for word in words if word.strip().lower() not in marks])
    }
    result |= {
        name: Conversion("time", form=form, marks=_marked(strings[name], marks))
        for name, words in dates.items()
        if kinds.get(name) != "date" and (form := form_of_times(words))
    }
    dates = {n: words for n, words in dates.items() if kinds.get(n) != "time" and n not in result}
    result |= _date_columns(dates, strings, marks, given, found)

    for name in {*strings} - {*result}:
        i = table.column_names.index(name)

        if not types.is_string(table.column(name).type):
            table = table.set_column(i, name, read({name}, [name]).column(name))

        if strings[name] and all(word[:1] == " " for word in strings[name]):
            from pyarrow import compute

            table = table.set_column(i, name, compute.utf8_trim_whitespace(table.column(name)))

    for name, conversion in [*result.items()]:
        cells = table.column(name)
        cells = cells if types.is_string(cells.type) else read({name}, [name]).column(name)
        i = table.column_names.index(name)

        try:
            table = table.set_column(i, name, conversion.apply(cells))
        except ValueError:  # a date does not exist, such as the 31st of February
            table = table.set_column(i, name, cells)
            del result[name]

    return result, _without_marks(_as_known(table, kinds), given)


def names_like_numbers(
    table: Any, read: Callable[[set[str], list[str]], Any], converted: set[str]
) -> dict[str, list[str]]:
    r"""Finds columns of numbers that may be names, such as `12e4`, or `1.1` beside `1.10`.

    Programs write numbers as `1e+05` or `1.2e5`. An exponent without a sign or a decimal point may
    be part of an identifier. Two words for one number may be versions.

    Arguments:
        table: The columns, as they were read.
        read: A function that reads columns again, as text.
        converted: The names of columns that Arrow took for text.

    Returns:
        Examples of such words, by the name of their column.

    Example:
        >>> import pyarrow as pa
        >>> words = pa.table({"id": ["12e4", "123"]})
        >>> names_like_numbers(pa.table({"id": [12e4, 123.0]}), lambda texts, only: words, set())
        {'id': ['12e4']}
    """
    from pyarrow import types

    floats = [
        name
        for name, cells in zip(table.column_names, table.columns)
        if name not in converted and types.is_floating(cells.type) and _are_few_digits(cells)
    ]

    if not floats:
        return {}

    again = read({*floats}, floats)
    found = {}

    for name in floats:
        words = _words(again.column(name))
        bare = [word for word in words if _BARE.fullmatch(word)]

        if bare and all(word.isdecimal() for word in {*words} - {*bare}):
            found[name] = bare[:1]
        elif len(shorter := [*filter(_VERSION.fullmatch, words)]) == len(words):
            same = {float(word): word for word in shorter}
            twice = [w for w in shorter if same[float(w)] != w]

            if twice:
                found[name] = [twice[0], same[float(twice[0])]]

    return found


def _are_few_digits(cells: Any) -> bool:
    r"""Tell whether numbers are whole, or few and of at most two decimals."""
    import numpy as np
    from pyarrow import compute

    if compute.all(compute.equal(cells, compute.trunc(cells))).as_py():
        return True

    if len(cells) > _LOOKED_AT or len(few := cells.unique()) > _FEW:
        return False

    v = few.drop_null().to_numpy()
    return bool((np.abs(v) < _LARGE).all() and (v == np.round(v, 2)).all())


def _words(cells: Any) -> list[str]:
    r"""Returns the distinct words of a column."""
    return [word for word in cells.unique().to_pylist() if word is not None]


def _padded(
    table: Any,
    names: list[str],
    read: Callable[[set[str], list[str]], Any],
    kinds: Mapping[str | int, str],
) -> dict[str, list[str]]:
    r"""Returns the words of columns of whole numbers with leading zeros, or too long for Arrow.

    Numbers with leading zeros are identifiers.
    """
    import numpy as np
    from pyarrow import types

    found = {}

    for name in names:
        cells = table.column(name)
        long = False

        if types.is_floating(cells.type):
            v = np.abs(cells.drop_null().to_numpy())
            long = bool((v >= 2**63).any() and (v == np.rint(v)).all())

        if name not in kinds and (long or types.is_integer(cells.type)):
            words = _words(read({name}, [name]).column(name))
            digits = all(map(_DIGITS.fullmatch, words))

            if (long and digits) or (not long and any(map(_PADDED.match, words))):
                found[name] = words

    return found


def _could_group(cells: Any) -> bool:
    r"""Returns whether the decimal points of all numbers may separate thousands."""
    import numpy as np

    v = cells.drop_null().to_numpy()
    broken = v[v != np.rint(v)]
    thousandths = np.abs(broken * 1000 - np.rint(broken * 1000)) < 1e-6

    return len(broken) > 1 and bool(
        thousandths.all() and (np.abs(v) < 1000).all() and (np.abs(broken) >= 1).all()
    )


def _marked(words: list[str], marks: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if word.strip().lower() in marks)


def _are_truths(words: list[str], marks: frozenset[str]) -> bool:
    there = {word.strip().lower() for word in words} - marks
    return bool(there) and there <= {"true", "false"}


def _date_columns(
    dates: Mapping[str, list[str]],
    strings: Mapping[str, list[str]],
    marks: frozenset[str],
    given: TableFormat,
    found: TableFormat,
) -> dict[str, Conversion]:
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
            result[name] = Conversion("date", form=form, marks=_marked(strings[name], marks))
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


def _dates(cells: Any, form: str) -> Any:
    import pandas as pd
    import pyarrow as pa

    dates = pd.to_datetime(cells.to_pandas().str.strip(), format=form)
    unit = "ms" if form.endswith("%f") or form == "ISO8601" else "s"
    zone = getattr(dates.dtype, "tz", None)

    return pa.chunked_array([pa.array(dates, pa.timestamp(unit, zone and str(zone)))])


def _times(cells: Any, form: str) -> Any:
    import pandas as pd
    import pyarrow as pa

    times = pd.to_datetime(cells.to_pandas().str.strip(), format=form).dt.time
    kind = pa.time64("us") if form.endswith("%f") else pa.time32("s")

    return pa.chunked_array([pa.array(times, kind, from_pandas=True)])


def _as_known(table: Any, kinds: Mapping[str | int, str]) -> Any:
    r"""Converts empty columns, and columns of whole numbers, to the types of the fit."""
    import pyarrow as pa
    from pyarrow import types

    of = {"float": pa.float64(), "number": pa.int64(), "date": pa.timestamp("s")}
    of |= {"truth": pa.bool_(), "text": pa.string(), "time": pa.time32("s")}

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
