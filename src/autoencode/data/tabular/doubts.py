r"""Doubts about a table that was read: what was guessed, and what was perhaps not meant."""

__all__ = ["announce", "doubts", "found_format"]

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .delimited import Reading
from .spellings import WORDS, kind_of

log = logging.getLogger(__name__)

_SEPARATORS = {
    ";": "semicolons between cells",
    "\t": "tabs between cells",
    "|": "pipes between cells",
}
_SENTINELS = (-9, -99, -999, -9999, -99999, 999, 9999, 99999)
_SHOWN = 3
_LOOKED_AT = 1000  # different words
_FEWEST = 8  # different words of which something can be told
_AROUND = re.compile(  # a number, and something else before or after it
    r"(?P<before>[~≈<>=±$€£]{0,2}) ?[-+\u2212]?(?:\d[\d.,' ]*\d|\d)(?:[eEdD][-+]?\d+)?"
    r"(?P<after> ?[^\d\s.,:/-][^\d]{0,11})?"
)
_MONTH = re.compile(
    r"\d{1,2}[-./ ]{1,2}[^\W\d]{3,}[-./ ]{1,2}\d{2,4}|[^\W\d]{3,}[-./ ]{1,2}\d{1,2},? ?\d{2,4}"
    r"|\d{1,2}([-./])\d{1,2}\1\d{2}|\d{4}-\d{2}|\d{4}-?[WQ]\d{1,2}"
)
_last: dict[str, Any] = {}


def announce(path: Path, reading: Reading) -> None:
    r"""Logs what was guessed of a table in text, once, and remembers its format.

    Arguments:
        path: The file.
        reading: What was read.
    """
    layout = reading.layout
    said = [_SEPARATORS[layout.separator]] if layout.separator in _SEPARATORS else []
    said += layout.said
    said += ["decimal commas"] * (reading.format.decimal == ",")
    groups = {
        sign for c in reading.conversions.values() if c.numbers for sign in c.numbers.thousands
    }
    said += [f"{' and '.join(map(repr, sorted(groups)))} between thousands"] * bool(groups)
    said += [f"{unit} left out in column {n!r}" for n, unit in reading.format.units.items()]
    dates = {c.form for c in reading.conversions.values() if c.kind == "date"}
    said += [f"dates as {form}" for form in sorted(dates)]

    for name, conversion in reading.conversions.items():
        if marks := {mark.strip() for mark in conversion.marks} - {*WORDS}:
            said.append(f"{' and '.join(map(repr, sorted(marks)))} missing in column {name!r}")

    message = f"reads '{path}': {'; '.join(said)}." if said else ""

    if message and _last.get("message") != message:
        log.info("%s", message)

    _last.update(message=message, key=_key(path), format=reading.format.document())


def found_format(path: Path) -> dict[str, Any] | None:
    r"""The format in which a table was last read, if it was this one.

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
    r"""Yields what is perhaps not what was meant, with the setting to change.

    Arguments:
        path: The file.
        reading: What was read.
    """
    from pyarrow import types

    table = reading.table
    given = reading.format

    for name, cells in zip(table.column_names, table.columns):
        if name in given.text or name == reading.layout.row_names:
            continue

        if types.is_string(cells.type):
            yield from _of_text(path, name, cells, given.missing is None)
        elif types.is_integer(cells.type) or types.is_floating(cells.type):
            yield from _of_numbers(path, name, cells)


def _of_text(path: Path, name: str, cells: Any, guessed: bool) -> Iterator[str]:
    counts = {v["values"]: v["counts"] for v in cells.value_counts().to_pylist()}
    counts.pop(None, None)
    words = [*counts]
    kinds = {word: kind_of(word) for word in words}
    others = [word for word in words if kinds[word] == "text"]
    typed = [word for word in words if kinds[word] in ("number", "date")]
    marks = [word for word in words if kinds[word] == ""] if guessed else []
    ids = re.compile(r"[0-9 +()/-]*")  # as of telephones and postal codes
    dated = any(kinds[word] == "date" for word in typed)

    if (what := _other_spelling(words)) is not None:
        yield (
            f"'{path}': the cells of column {name!r} look like {what}, such as {words[0]!r}, in a"
            f" spelling that is not read, and are taken for words. text=[{name!r}] (command line:"
            " --text) says that they are."
        )
    elif len(typed) > len(words) / 2 and (others or dated or not all(map(ids.fullmatch, typed))):
        what = "dates" if sum(kinds[w] == "date" for w in typed) > len(typed) / 2 else "numbers"
        odd = others or words
        shown = ", ".join(map(repr, odd[:_SHOWN]))
        why = f"not all, such as {shown}" if others else f"in different spellings, such as {shown}"
        setting = (
            f"missing=[{shown}] (command line: --missing) if these are missing cells"
            if others
            else "--decimal, --thousands or --dates (autoencode.data.read_table)"
        )
        yield (
            f"'{path}': most cells of column {name!r} look like {what}, but {why}: it is read as"
            f" text. Write them in one way, or use {setting}; text=[{name!r}] (--text) says that"
            " it is text."
        )
    elif guessed and cells.null_count and all(map(re.compile("[A-Z]{2}").fullmatch, words)):
        yield (
            f"'{path}': column {name!r} has codes of two letters, and {cells.null_count:,} missing"
            " cells: if NA is one of the codes, say missing=[''] (command line: --missing \"\")."
        )
    elif marks:
        shown = ", ".join(map(repr, marks))
        n = sum(counts[mark] for mark in marks)
        yield (
            f"'{path}': {n:,} cell{'s' * (n > 1)} of column {name!r} {'are' if n > 1 else 'is'}"
            f" {shown}, and taken for words: missing=[{shown}] (command line: --missing) if they"
            f" are missing, text=[{name!r}] (--text) if not."
        )


def _other_spelling(words: list[str]) -> str | None:
    r"""Returns what different words look like that are read neither as numbers nor as dates."""
    words = [word.strip() for word in words[:_LOOKED_AT]]

    if len(words) < _FEWEST:
        return None

    if all(map(_MONTH.fullmatch, words)):
        return "dates, which are best written as 2024-12-31"

    found = [m for m in map(_AROUND.fullmatch, words) if m]
    around = {(m["before"], (m["after"] or "").strip()) for m in found}
    fortran = sum("d" in m[0].lower() and not m["after"] for m in found)

    if len(found) < 0.9 * len(words) or not (fortran or around - {("", "")}) or len(around) > 4:
        return None

    kept = sorted({f"{a} {b}".strip() for a, b in around} - {""})
    return f"numbers with {' or '.join(map(repr, kept))} beside them" if kept else "numbers"


def _of_numbers(path: Path, name: str, cells: Any) -> Iterator[str]:
    import numpy as np

    v = cells.drop_null().to_numpy()

    if _are_days(v):
        yield (
            f"'{path}': the numbers of column {name!r} look like dates, such as {int(v[0])}: write"
            f" them as {str(int(v[0]))[:4]}-{str(int(v[0]))[4:6]}-{str(int(v[0]))[6:]}, if they"
            " are."
        )

    for mark in _SENTINELS:
        there = v == mark
        rest = v[~there]

        if there.sum() < 2 or len(rest) < 3:
            continue

        low, high = float(np.min(rest)), float(np.max(rest))
        gap = low - mark if mark < 0 else mark - high

        if low < high and gap > high - low and gap > 0:
            yield (
                f"'{path}': {int(there.sum()):,} cells of column {name!r} are {mark}, far from all"
                f" others: missing=['{mark}'] (command line: --missing={mark}) if they are"
                f" missing. The others lie between {low:g} and {high:g}."
            )


def _are_days(v: Any) -> bool:
    r"""Tell whether numbers could all be years, months and days in eight digits."""
    import pandas as pd

    if v.dtype.kind not in "iu" or len(v) < _FEWEST or v.min() < 19000101 or v.max() > 20991231:
        return False

    return bool(
        pd.to_datetime(pd.Series(v[:_LOOKED_AT]).astype(str), format="%Y%m%d", errors="coerce")
        .notna()
        .all()
    )
