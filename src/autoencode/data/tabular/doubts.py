r"""Doubts about a table that was read: log lines about guesses, and warnings."""

__all__ = ["announce", "are_days", "doubts", "found_format"]

import logging
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..encodings import is_garbled
from .delimited import Reading
from .spellings import WORDS, kind_of

log = logging.getLogger(__name__)

_SEPARATORS = {
    ";": "semicolons between cells",
    "\t": "tabs between cells",
    "|": "pipes between cells",
}
_SENTINELS = (-9, -99, -999, -9999, -99999, 999, 9999, 99999)
# Ranges of the other numbers; a repeated number farther away is probably a mark
_MIN_MARK_DISTANCE = 1000
_MAX_WORDS_SHOWN = 3
_MAX_EXAMINED_WORDS = 1000  # maximum number of distinct words that are examined
_MIN_DISTINCT_WORDS = 8  # minimum number of distinct words for a warning
_COMPACT_DATES = {"%Y%m%d": 10**4, "%Y%m%d%H%M": 10**8, "%Y%m%d%H%M%S": 10**10}  # units per year
_NUMBER_IN_TEXT = re.compile(  # a number with text before or after it
    r"(?P<before>[~≈<>=±$€£]{0,2}) ?[-+\u2212]?(?:\d[\d.,' ]*\d|\d)(?:[eEdD][-+]?\d+)?"
    r"(?P<after> ?[^\d\s.,:/-][^\d]{0,11})?"
)
_MONTH = re.compile(
    r"\d{1,2}[-./ ]{1,2}[^\W\d]{3,}[-./ ]{1,2}\d{2,4}|[^\W\d]{3,}[-./ ]{1,2}\d{1,2},? ?\d{2,4}"
    r"|\d{1,2}([-./])\d{1,2}\1\d{2}|\d{4}-\d{2}|\d{4}-?[WQ]\d{1,2}|[QT][1-4][ /-]?\d{4}"
    r"|(?:jan|f[eé]v|feb|m[aä]r|apr|avr|ma[iy]|jui?n|jui?l|aug|ao[uû]|sep|o[ck]t|nov|d[eéi][cz])"
    r"[^\W\d]*\.?[-/ ]\d{2}(?:\d{2})?",
    re.IGNORECASE,
)
_SPELLINGS = {
    "durations": re.compile(
        r"\d+ days?,? (?:\d+:\d\d:\d\d(?:\.\d+)?)?|-?P(?=.)(?:\d+[YMWD])*(?:T(?:[\d.]+[HMS])+)?"
        r"|(?:\d+ ?(?:d|h|hrs?|min|m|s|sec)\b ?){2,}|[-+]?\d+:\d\d(?::\d\d(?:\.\d+)?)?"
    ),
    "dates, which are best written as 2024-12-31": re.compile(
        r"[A-Z][a-z]{2,8},? \d{1,2}\.? [A-Z][a-z]{2,8}\.? \d{2,4}.*"
        r"|[A-Z][a-z]{2,8} [A-Z][a-z]{2,8}\.? +\d{1,2} .*\d{4}"
        r"|\d{4}-\d\d?-\d\d?[ T]\d\d?:\d\d(?::\d\d(?:\.\d+)?)? [A-Z][A-Za-z/_]{2,}"
    ),
    "cells of a spreadsheet, with signs before them": re.compile(r'="[^"]*"|\'[-+\d.,]+'),
    "fractions": re.compile(r"-?(?:\d+ )?\d+/\d+"),
    "numbers with their errors": re.compile(r"[-+\d.,]+ ?(?:±|\+/-) ?[\d.,]+"),
    "degrees, minutes and seconds": re.compile(r"\d+ ?[°º] ?\d+.*"),
}
_TOTALS = re.compile(
    r"(?:grand |sub)?totals?|sum|mean|average|count|summe|gesamt|insgesamt|mittelwert|moyenne",
    re.IGNORECASE,
)
_last: dict[str, Any] = {}


def announce(path: Path, reading: Reading) -> None:
    r"""Logs once what was guessed about a table in text, and remembers its format.

    Arguments:
        path: The file.
        reading: The result of reading it.
    """
    layout = reading.layout
    notes = [_SEPARATORS[layout.separator]] if layout.separator in _SEPARATORS else []
    notes += layout.guesses
    notes += ["decimal commas"] * (reading.format.decimal == ",")
    groups = {
        sign for c in reading.conversions.values() if c.numbers for sign in c.numbers.thousands
    }
    notes += [f"{' and '.join(map(repr, sorted(groups)))} between thousands"] * bool(groups)
    notes += [f"{unit} left out in column {n!r}" for n, unit in reading.format.units.items()]
    dates = {c.form for c in reading.conversions.values() if c.kind == "date"}
    notes += [f"dates as {form}" for form in sorted(dates)]
    times = {c.form for c in reading.conversions.values() if c.kind == "time"}
    notes += [f"times as {form}" for form in sorted(times)]
    negatives = [
        repr(n) for n, c in reading.conversions.items() if c.numbers and c.numbers.negatives
    ]
    what = "numbers in parentheses, or before a minus, are negative in"
    notes += [f"{what} {', '.join(negatives[:_MAX_WORDS_SHOWN])}"] * bool(negatives)
    periods = {"Q": "quarters", "M": "months"}
    notes += [
        f"{periods[c.form]} in {name!r}"
        for name, c in reading.conversions.items()
        if c.kind == "period"
    ]
    spans = [repr(n) for n, c in reading.conversions.items() if c.kind == "duration"]
    notes += [f"durations in {', '.join(spans[:_MAX_WORDS_SHOWN])}"] * bool(spans)

    for name, conversion in reading.conversions.items():
        if marks := {mark.strip() for mark in conversion.marks} - {*WORDS}:
            notes.append(f"{' and '.join(map(repr, sorted(marks)))} missing in column {name!r}")

    message = f"reads '{path}': {'; '.join(notes)}." if notes else ""

    if message and _last.get("message") != message:
        log.info("%s", message)

    _last.update(message=message, key=_key(path), format=reading.format.document())


def found_format(path: Path) -> dict[str, Any] | None:
    r"""The format of the last table that was read, if it was this file.

    Arguments:
        path: The file.

    Example:
        >>> found_format(Path("digits.npy")) is None
        True
    """
    return _last.get("format") if path.exists() and _last.get("key") == _key(path) else None


def _key(path: Path) -> tuple[str, int, int]:
    about = path.stat()
    return str(path.resolve()), about.st_size, about.st_mtime_ns


def doubts(path: Path, reading: Reading) -> Iterator[str]:
    r"""Yields warnings about doubtful readings, each with the setting to change.

    Arguments:
        path: The file.
        reading: The result of reading it.
    """
    from pyarrow import types

    table = reading.table
    given = reading.format

    yield from _doubts_about_rows(path, table)

    for name, words in reading.names.items():
        what = "are one number" if len(words) > 1 else "are read as numbers with an exponent"
        yield (
            f"'{path}': cells of column {name!r} such as {' and '.join(map(repr, words))} {what}."
            f" If they are names of something, set text_columns=[{name!r}] (command line:"
            " --text-columns)."
        )

    for name, cells in zip(table.column_names, table.columns):
        if name in given.text_columns or name == reading.layout.row_names:
            continue

        if types.is_string(cells.type):
            yield from _doubts_about_text(path, name, cells, given.missing_values is None)
        elif types.is_integer(cells.type) or types.is_floating(cells.type):
            yield from _doubts_about_numbers(path, name, cells)


def _doubts_about_rows(path: Path, table: Any) -> Iterator[str]:
    r"""Yields warnings about empty rows, and about a last row with the totals of the others."""
    import numpy as np
    from pyarrow import compute, types

    n, columns = table.num_rows, [*zip(table.column_names, table.columns)]

    if len(columns) < 2:
        return

    if min(c.null_count for _, c in columns):
        empty = compute.is_null(columns[0][1])

        for _, cells in columns[1:]:
            empty = compute.and_(empty, compute.is_null(cells))

        if count := compute.sum(empty).as_py():
            yield (
                f"'{path}': {count:,} empty row{'s' * (count > 1)}"
                f" {'are' if count > 1 else 'is'} kept, with all cells missing. Remove such lines"
                " if they separate parts of the file."
            )

    words = [c for _, c in columns if types.is_string(c.type)]
    numbers = [c for _, c in columns if types.is_integer(c.type) or types.is_floating(c.type)]

    if n < 4 or not numbers:
        return

    last = [str(c[n - 1].as_py() or "").strip().rstrip(":") for c in words]
    once = [compute.sum(compute.equal(c, c[n - 1])).as_py() == 1 for c in words]
    named = [word for word, alone in zip(last, once) if alone and _TOTALS.fullmatch(word)]
    sums = 0

    for cells in numbers:
        v = np.asarray(cells.fill_null(0).to_numpy(), float)
        finite = np.isfinite(v).all() and np.abs(v[:-1]).sum()
        sums += bool(finite and np.isclose(v[-1], v[:-1].sum(), rtol=1e-6, atol=0))

    if named or (sums > 1 and sums == len(numbers) and not all(last)):
        what = f"begins with {named[0]!r}" if named else "is the sum of all others"
        yield (
            f"'{path}': the last row {what}, and is read like the others: remove it if it holds"
            " totals of the rows above."
        )


def _doubts_about_text(path: Path, name: str, cells: Any, guessed: bool) -> Iterator[str]:
    counts = {v["values"]: v["counts"] for v in cells.value_counts().to_pylist()}
    counts.pop(None, None)
    words = [*counts]
    kinds = {word: kind_of(word) for word in words}
    others = [word for word in words if kinds[word] == "text"]
    typed = [word for word in words if kinds[word] in ("number", "date")]
    marks = [word for word in words if kinds[word] == ""] if guessed else []
    garbled = next(filter(is_garbled, [name, *words[:_MAX_EXAMINED_WORDS]]), None)
    ids = re.compile(r"[0-9 +()/-]*")  # such as telephone numbers and postal codes
    dated = any(kinds[word] == "date" for word in typed)

    if garbled is not None:
        yield (
            f"'{path}': column {name!r} has words such as {garbled!r}, which were decoded in a"
            " wrong encoding: set another one, such as encoding='utf-8' (command line:"
            " --encoding), or write the file anew if its letters were lost before."
        )
    elif (what := _other_spelling(words)) is not None:
        yield (
            f"'{path}': the cells of column {name!r} look like {what}, such as {words[0]!r}. This"
            " spelling is not supported, and the cells are taken for words. If they are words, set"
            f" text_columns=[{name!r}] (command line: --text-columns)."
        )
    elif len(typed) > len(words) / 2 and (others or dated or not all(map(ids.fullmatch, typed))):
        what = "dates" if sum(kinds[w] == "date" for w in typed) > len(typed) / 2 else "numbers"
        odd = others or words
        shown = ", ".join(map(repr, odd[:_MAX_WORDS_SHOWN]))
        why = f"not all, such as {shown}" if others else f"in different spellings, such as {shown}"
        setting = (
            f"missing_values=[{shown}] (command line: --missing-values) if these are missing cells"
            if others
            else "--decimal, --thousands or --date-order (autoencode.data.read_table)"
        )
        yield (
            f"'{path}': most cells of column {name!r} look like {what}, but {why}: it is read as"
            f" text. Write all cells in one way, or use {setting}. If it is text, set"
            f" text_columns=[{name!r}] (--text-columns)."
        )
    elif alike := _alike(words):
        yield (
            f"'{path}': column {name!r} has words that differ only in letter case, spaces or"
            f" Unicode form, such as {' and '.join(map(repr, alike))}: each is a category of its"
            f" own. Write them in one way, or set text_columns=[{name!r}] (command line:"
            " --text-columns) if they are different."
        )
    elif guessed and cells.null_count and all(map(re.compile("[A-Z]{2}").fullmatch, words)):
        yield (
            f"'{path}': column {name!r} has codes of two letters, and {cells.null_count:,} missing"
            " cells: if NA is one of the codes, set missing_values=[''] (command line:"
            ' --missing-values "").'
        )
    elif marks:
        shown = ", ".join(map(repr, marks))
        n = sum(counts[mark] for mark in marks)
        yield (
            f"'{path}': {n:,} cell{'s' * (n > 1)} of column {name!r} {'are' if n > 1 else 'is'}"
            f" {shown}, and taken for words: set missing_values=[{shown}] (command line:"
            f" --missing-values) if such cells are missing, text_columns=[{name!r}]"
            " (--text-columns) if not."
        )


def _alike(words: list[str]) -> list[str] | None:
    r"""Returns two words that differ only in letter case, spaces or Unicode form, if any."""
    if len(words) > _MAX_EXAMINED_WORDS:
        return None

    first: dict[str, str] = {}

    for word in words:
        key = " ".join(unicodedata.normalize("NFKC", word).casefold().split())

        if first.setdefault(key, word) != word and key:
            return [first[key], word]

    return None


def _other_spelling(words: list[str]) -> str | None:
    r"""Returns the kind of number or date that words spell in an unsupported way, if any."""
    words = [word.strip() for word in words[:_MAX_EXAMINED_WORDS]]

    if len(words) < _MIN_DISTINCT_WORDS:
        return None

    if all(map(_MONTH.fullmatch, words)):
        return "dates, which are best written as 2024-12-31"

    for what, pattern in _SPELLINGS.items():
        if sum(map(bool, map(pattern.fullmatch, words))) >= 0.9 * len(words):
            return what

    matches = [m for m in map(_NUMBER_IN_TEXT.fullmatch, words) if m]
    around = {(m["before"], (m["after"] or "").strip()) for m in matches}
    fortran = sum("d" in m[0].lower() and not m["after"] for m in matches)

    if len(matches) < 0.9 * len(words) or not (fortran or around - {("", "")}) or len(around) > 4:
        return None

    kept = sorted({f"{a} {b}".strip() for a, b in around} - {""})
    return f"numbers with {' or '.join(map(repr, kept))} beside them" if kept else "numbers"


def _doubts_about_numbers(path: Path, name: str, cells: Any) -> Iterator[str]:
    import numpy as np

    v = cells.drop_null().to_numpy()
    v = v[np.isfinite(v)]

    if are_days(v):
        yield (
            f"'{path}': the numbers of column {name!r} look like dates, such as {int(v[0])}: write"
            f" them as {str(int(v[0]))[:4]}-{str(int(v[0]))[4:6]}-{str(int(v[0]))[6:8]}"
            f"{' 12:00:00' if v[0] > 10**9 else ''}, if they are."
        )

    ends = {float(v.min()), float(v.max())} if len(v) else set()
    marks = {*_SENTINELS, *ends}

    for mark in sorted(marks, key=lambda m: (abs(m), m)):
        there = v == mark
        rest = v[~there]

        if there.sum() < 2 or len(rest) < 3:
            continue

        low, high = float(np.min(rest)), float(np.max(rest))
        gap = max(low - mark, mark - high)

        far = (
            1
            if mark in _SENTINELS or set(f"{abs(mark):.15g}") - {"."} == {"9"}
            else _MIN_MARK_DISTANCE
        )

        if low < high and gap > far * (high - low) and gap > 0:
            shown = f"{mark:.15g}"
            yield (
                f"'{path}': {int(there.sum()):,} cells of column {name!r} are {shown}, far from"
                f" all others: set missing_values=['{shown}'] (command line:"
                f" --missing-values={shown}) if they are missing. The others lie between"
                f" {low:g} and {high:g}."
            )


def are_days(v: Any) -> bool:
    r"""Tell whether numbers could all be dates without hyphens, such as 20241231.

    Arguments:
        v: An array of finite numbers, with shape `(N,)`.

    Example:
        >>> import numpy as np
        >>> are_days(20240100 + np.arange(1, 32)), are_days(np.arange(30))
        (True, False)
    """
    import pandas as pd

    if v.dtype.kind not in "iuf" or len(v) < _MIN_DISTINCT_WORDS:
        return False

    form = next(
        (f for f, k in _COMPACT_DATES.items() if 1900 * k <= v.min() <= v.max() < 2100 * k), None
    )

    if form is None or (v % 1).any():
        return False

    days = pd.Series(v[:_MAX_EXAMINED_WORDS]).astype("int64").astype(str)
    return bool(pd.to_datetime(days, format=form, errors="coerce").notna().all())
