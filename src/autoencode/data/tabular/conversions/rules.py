r"""Rules that convert words to numbers, dates, times, durations and booleans."""

__all__ = ["Conversion"]

import contextlib
from typing import Any, NamedTuple

from ..spellings import DASHES, NEGATIVES, PARTS, Numbers
from .durations import nanoseconds_of
from .periods import periods_of
from .words import words_of

_UNITS = {"s": 10**9, "us": 10**3, "ns": 1}  # nanoseconds of the units of durations


class Conversion(NamedTuple):
    r"""Rule that converts the words of a column to values of one kind."""

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

        if self.kind == "duration":
            return _durations(cells)

        if self.kind == "period":
            return periods_of(cells, self.form)

        assert self.numbers is not None

        for pattern, plain in NEGATIVES if self.numbers.negatives else ():
            cells = compute.replace_substring_regex(cells, pattern, plain)

        words = compute.replace_substring_regex(cells, PARTS, r"\1\2\3")
        words = compute.replace_substring_regex(words, f"[{DASHES}]", "-")
        decimal = self.numbers.decimal or "."

        for sign in self.numbers.thousands:
            words = compute.replace_substring(words, sign, "")

        words = compute.replace_substring(words, decimal, ".") if decimal != "." else words
        words = compute.replace_substring_regex(words, r"^\+", "")

        for kind in (pa.int64(), pa.uint64()):
            with contextlib.suppress(pa.ArrowInvalid):
                return words.cast(kind)

        return words.cast(pa.float64())


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

    words = cells.to_pandas().str.strip()

    if form.endswith("%f"):  # programs leave out a fraction of zero
        words = words.str.replace(r"^([^.]+)$", r"\1.0", regex=True)

    times = pd.to_datetime(words, format=form).dt.time
    kind = pa.time64("us") if form.endswith("%f") else pa.time32("s")

    return pa.chunked_array([pa.array(times, kind, from_pandas=True)])


def _durations(cells: Any) -> Any:
    r"""Returns durations in seconds, microseconds or nanoseconds, as their fractions require."""
    import pyarrow as pa

    found = {word: nanoseconds_of(word.strip()) or 0 for word in words_of(cells)}
    unit, per = next((u, n) for u, n in _UNITS.items() if not any(t % n for t in found.values()))

    if any(abs(t) // per >= 2**63 for t in found.values()):
        raise ValueError("a duration is too long for its fractions of a second")

    ticks = [None if word is None else found[word] // per for word in cells.to_pylist()]
    return pa.chunked_array([pa.array(ticks, pa.int64()).cast(pa.duration(unit))])
