r"""Spellings of cells: how people and programs write numbers, dates and missing cells.

Whether `1,234` is a large or a small number depends on the file. The functions here decide from
all cells of a column, and report a column that allows two readings.
"""

__all__ = [
    "DASHES",
    "MARKS",
    "NEGATIVES",
    "PARTS",
    "SPACES",
    "WORDS",
    "Numbers",
    "form_of_times",
    "kind_of",
    "numbers_of",
    "order_of_dates",
]

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

SPACES = "\u00a0\u202f\u2009"

# Words that stand for missing cells in any column: those of Arrow, pandas and databases
WORDS = (
    *("", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "<NA>", "NaT", "\\N"),
    *("#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN"),
)

# Marks that stand for missing cells where all other cells of a column are numbers or dates
MARKS = frozenset(
    [
        *map(str.lower, WORDS),
        *("?", "-", "--", "---", "\u2013", "\u2014", ".", "..", "*", "none", "n.a.", "nil"),
        *("missing", "unknown", "k.a.", "k. a.", "n.d.", "nd", "(null)", "(blank)", "undefined"),
        *("#div/0!", "#value!", "#ref!", "#wert!", "#name?", "#num!", "#null!"),
    ]
)

DASHES = "\u2212\u2013\u2010\u2011\ufe63\uff0d"
r"""Signs that stand for a minus, from other keyboards and typesetting programs."""

_SIGN = f"[-+{DASHES}]?"
_GROUPS = f"'\u2019 {SPACES}"
_UNIT = (
    r"[$€£¥₹₽₩%‰]|[A-Z]{1,2}\$|EUR|USD|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN"
    r"|Rs\.?|kr\.?|zł"
)
_GAP = rf"[\s{SPACES}]*"
_HEAD, _TAIL = f"[0-9][0-9{_GROUPS}]*", f"[0-9.,{_GROUPS}]*[0-9]"
PARTS = (
    rf"^{_GAP}({_SIGN}){_GAP}(?:{_UNIT})?{_GAP}({_SIGN})"
    rf"((?:{_HEAD})?[.,]?[0-9](?:{_TAIL})?[.,]?(?:[eE][-+]?[0-9]+)?)"
    rf"{_GAP}(?:{_UNIT})?{_GAP}$"
)
r"""A number with the text around it, as a pattern for both Python and RE2."""

# Negative numbers of accounting, as patterns and what replaces them, for both Python and RE2
NEGATIVES = (
    (rf"^({_GAP}(?:{_UNIT})?{_GAP})\(([^()]*)\)({_GAP}(?:{_UNIT})?{_GAP})$", r"\1-\2\3"),
    (rf"^([^-{DASHES}]*[0-9.,][^-{DASHES}]*)[-{DASHES}]{_GAP}$", r"-\1"),
)

_PARTS = re.compile(PARTS)
_NEGATIVES = [(re.compile(pattern), plain) for pattern, plain in NEGATIVES]
_UNIT_PATTERN = re.compile(_UNIT)
_EXPONENT = re.compile(r"[eE][-+]?[0-9]+$")
_SPECIAL = re.compile(r"[-+]?inf(?:inity)?", re.IGNORECASE)
_TIME = (
    r"(?:[T ,]+\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?\s*"
    r"(?:Z|[+-]\d\d:?\d\d)?)?"
)
_DATE = re.compile(
    rf"(?:\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}|\d{{1,2}}([-/.])\d{{1,2}}\2\d{{4}}){_TIME}"
    r"|\d{1,2}[-. ][A-Za-z]{3,9}\.?[-. ]\d{4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}"
    r"|\d{4}年\d{1,2}月\d{1,2}日|\d{4}-?W[0-5]\d-?[1-7]"
    r"|\d{1,2}(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\d{4}(?::\d\d:\d\d:\d\d)?"
)
_HOURS, _MINUTES = "(?:[01]?[0-9]|2[0-3])", "[0-5][0-9]"
_TIMES_OF_THE_DAY = {
    form: re.compile(pattern.replace("H", _HOURS).replace("M", _MINUTES), re.IGNORECASE)
    for form, pattern in {
        "%H:%M": "H:M",
        "%H:%M:%S": "H:M:M",
        "%H:%M:%S.%f": r"H:M:M(?:\.[0-9]{1,6})?",
        "%I:%M %p": "(?:0?[1-9]|1[0-2]):M [ap]m",
        "%I:%M:%S %p": "(?:0?[1-9]|1[0-2]):M:M [ap]m",
        "%I:%M%p": "(?:0?[1-9]|1[0-2]):M[ap]m",
    }.items()
}
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2\d{4}")


class Numbers(NamedTuple):
    r"""Spelling of the numbers of a column."""

    decimal: str | None
    r"""The decimal sign, or `None` if no number has one."""

    thousands: str
    r"""The signs that group digits."""

    unit: str
    r"""The text around each number, such as a currency."""

    marks: frozenset[str]
    r"""The cells that mark missing numbers."""

    unsure: str = ""
    r"""A cell that could be either of two numbers, or an empty text."""

    negatives: bool = False
    r"""True if numbers in parentheses, or before a minus, are negative, as in accounting."""


def kind_of(cell: str) -> str:
    r"""The apparent kind of a cell: `number`, `date`, `truth` or `text`; empty if it is missing.

    Example:
        >>> [kind_of(c) for c in ("1.234,5", "?", "31.12.2024", "True", "007", "red")]
        ['number', '', 'date', 'truth', 'number', 'text']
    """
    cell = cell.strip()

    if cell.lower() in MARKS:
        return ""

    if _PARTS.match(_signed(cell)) or _SPECIAL.fullmatch(cell):
        return "date" if _DATE.fullmatch(cell) else "number"

    if _DATE.fullmatch(cell):
        return "date"

    return "truth" if cell.lower() in {"true", "false"} else "text"


def numbers_of(
    cells: Sequence[str],
    decimal: str | None = None,
    thousands: str | None = None,
    marked: Collection[str] = MARKS,
    known: bool = False,
) -> Numbers | None:
    r"""The spelling of the numbers of a column, if all of its cells are numbers.

    Arguments:
        cells: The distinct cells of the column.
        decimal: The decimal sign, if it is known.
        thousands: The sign that groups digits, if it is known.
        marked: The marks of missing cells, in lower case.
        known: Whether the column is known to hold numbers. Otherwise, numbers in parentheses are
            negative only beside others without.

    Example:
        >>> numbers_of(["(1.50)", "2.25"]).negatives, numbers_of(["(1)", "(2)"])
        (True, None)
        >>> numbers_of(["1.234,50 EUR", "12 EUR"])[:3]
        (',', '.', 'EUR')
        >>> numbers_of(["1,234"]).unsure, numbers_of(["00123"])
        ('1,234', None)
    """
    marks, words, units, negatives = set(), [], set(), 0

    for cell in cells:
        if cell.strip().lower() in marked:
            marks.add(cell)
            continue

        signed = _signed(cell)
        negatives += signed is not cell

        if (match := _PARTS.match(signed)) is None or (match[1] and match[2]):
            return None

        words.append(match[3])
        around = signed[: match.start(3)] + signed[match.end(3) :]
        units.add(" ".join(_UNIT_PATTERN.findall(around)))

    # An identifier may begin with a zero; a number does not
    if not words or len(units) > 1 or any(re.match(r"0[0-9]", word) for word in words):
        return None

    if negatives == len(words) and not known:
        return None

    signs = _signs([_EXPONENT.sub("", word) for word in words], decimal, thousands)
    return signs and Numbers(
        signs[0], signs[1], min(units), frozenset(marks), signs[2], negatives > 0
    )


def _signed(cell: str) -> str:
    r"""Returns a negative number of accounting with a minus before it, and other cells as is."""
    for pattern, plain in _NEGATIVES:
        if (match := pattern.match(cell)) is not None:
            return match.expand(plain)

    return cell


def _signs(
    words: list[str], decimal: str | None, thousands: str | None
) -> tuple[str | None, str, str] | None:
    r"""Returns the decimal sign, the signs that group digits, and a word with two readings."""
    groups = "".join(sorted({c for word in words for c in word} - {*"0123456789.,"}))

    if groups and not _grouped(words, groups, thousands):
        return None

    bare = [re.sub(f"[{re.escape(groups)}]", "", word) for word in words] if groups else words
    readings = [(d, o) for d, o in ((".", ","), (",", ".")) if decimal in (None, d)]
    fitting = [(d, o) for d, o in readings if _fits(bare, d, o)]

    if not fitting or not any(c in word for word in bare for c in ".,"):
        return (None, groups, "") if fitting else None

    if len(fitting) == 2:
        unsure = next(word for word in bare if "." in word or "," in word)
        return None, groups, unsure

    ((d, o),) = fitting
    grouped = any(o in word for word in bare)

    if grouped and thousands not in (None, o):
        return None

    return d if any(d in word for word in bare) else None, groups + o * grouped, ""


def _grouped(words: list[str], groups: str, thousands: str | None) -> bool:
    r"""Returns whether the signs between digits form groups of three."""
    sign = f"[{re.escape(groups)}]"
    whole = re.compile(rf"[0-9]{{1,3}}(?:{sign}[0-9]{{3}})*(?:[.,][0-9]*)?|[0-9]*[.,]?[0-9]*")

    if not all(map(whole.fullmatch, words)):
        return False

    if thousands is not None and thousands in groups:
        return True

    # If every cell has the same number of groups, it is rather a telephone or account number
    counts = {len(re.findall(sign, word)) for word in words}
    return " " not in groups or min(counts) == 0 or max(counts) != min(counts) or counts == {1}


def _fits(words: list[str], decimal: str, other: str) -> bool:
    r"""Returns whether all words are numbers with given signs for decimals and for thousands."""
    d, o = re.escape(decimal), re.escape(other)
    plain = re.compile(rf"[0-9]+(?:{d}[0-9]*)?|{d}[0-9]+")
    grouped = re.compile(rf"[1-9][0-9]{{0,2}}(?:{o}[0-9]{{3}})+(?:{d}[0-9]*)?")
    bare = [word for word in words if other not in word]

    if not all(map(plain.fullmatch, bare)):
        return False

    if len(bare) == len(words):
        return True

    # If some numbers have groups of digits, all long numbers must have them
    short = all(len(word.partition(decimal)[0]) <= 3 for word in bare)
    return short and all(grouped.fullmatch(word) for word in words if other in word)


def form_of_times(cells: Sequence[str]) -> str:
    r"""The form of the times of the day in a column, if all of its cells have the same form.

    Arguments:
        cells: The distinct cells of the column, without missing ones.

    Returns:
        The form in the notation of `strptime`, or an empty text.

    Example:
        >>> form_of_times(["14:35", "9:05"]), form_of_times(["2:35 pm"]), form_of_times(["25:00"])
        ('%H:%M', '%I:%M %p', '')
    """
    words = [cell.strip() for cell in cells]
    forms = _TIMES_OF_THE_DAY.items() if words else ()

    return next((form for form, way in forms if all(map(way.fullmatch, words))), "")


def order_of_dates(cells: Sequence[str]) -> str | None:
    r"""The order of day, month and year, if all cells of a column are dates in digits.

    Arguments:
        cells: The distinct cells of the column, without missing ones.

    Returns:
        `"ymd"`, `"dmy"` or `"mdy"`; `"?"` if it may be either of the last two; `None` if a cell
        is not such a date.

    Example:
        >>> order_of_dates(["31/12/2024", "01/02/2024"]), order_of_dates(["01/02/2024"])
        ('dmy', '?')
        >>> order_of_dates(["01.02.2024"]), order_of_dates(["2024/01/02"])
        ('dmy', 'ymd')
    """
    words = [cell.strip() for cell in cells]

    if not words or not all(map(_DATE.fullmatch, words)) or any("W" in word for word in words):
        return None

    matches = [m for m in map(_YEAR_LAST.match, words) if m]

    if len(matches) < len(words):
        digits = re.compile(r"\d{4}[-/.]")
        return "ymd" if not matches and all(map(digits.match, words)) else None

    first, second = (max(int(m[k]) for m in matches) for k in (1, 3))

    if first > 12 or second > 12:
        return None if min(first, second) > 12 else "dmy" if first > 12 else "mdy"

    return "dmy" if all(m[2] == "." for m in matches) else "?"
