r"""Spellings of durations: hours beyond a day, days before hours, ISO 8601, and units."""

__all__ = ["are_durations", "nanoseconds_of", "unclear_duration"]

import re
from collections.abc import Sequence

_CLOCK = re.compile(
    r"(?:([-+]?\d{1,7}) days?\b,? ?)?(?:([-+]?)(\d{1,9}):([0-5]\d):([0-5]\d)(\.\d{1,9})?)?"
)
_ISO = re.compile(
    r"([-+]?)P(?=.)(?:(\d{1,6})W)?(?:(\d{1,7})D)?"
    r"(?:T(?=.)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(\.\d{1,9})?S)?)?"
)
_UNITS = re.compile(
    r"([-+]?)(?=\d)(?:(\d{1,6}) ?(?:weeks?|w)\b ?)?(?:(\d{1,7}) ?(?:days?|d)\b ?)?"
    r"(?:(\d{1,9}) ?(?:hours?|hrs?|h)\b ?)?(?:(\d{1,9}) ?(?:minutes?|mins?|m)\b ?)?"
    r"(?:(\d{1,9})(\.\d{1,9})? ?(?:seconds?|secs?|s)\b)?"
)
_SHORT = re.compile(r"-?(\d+):[0-5]\d")
_DAY = 86_400
_WEEK = 7 * _DAY
_HOURS = 24


def are_durations(cells: Sequence[str], known: bool = False) -> bool:
    r"""Tell whether all cells are durations, and not all of them are times of the day.

    Arguments:
        cells: The distinct cells of the column, without missing ones.
        known: Whether the column is known to hold durations, which may then look like times.

    Example:
        >>> are_durations(["31:10:00", "0:05:00"]), are_durations(["1 day, 2:00:00"])
        (True, True)
        >>> are_durations(["PT36H", "P1DT2H30M"]), are_durations(["1h 30m", "45m"])
        (True, True)
        >>> are_durations(["14:35:00"]), are_durations(["5 m"])
        (False, False)
    """
    words = [cell.strip() for cell in cells]

    if not words or any(nanoseconds_of(word) is None for word in words):
        return False

    return known or any(map(_is_beyond_a_time, words))


def nanoseconds_of(cell: str) -> int | None:
    r"""The length of a duration in nanoseconds, or `None` for another text.

    Example:
        >>> nanoseconds_of("0:00:01.5"), nanoseconds_of("-1 day, 23:59:59"), nanoseconds_of("x")
        (1500000000, -1000000000, None)
    """
    if cell and (found := _CLOCK.fullmatch(cell)):
        days, sign, hours, minutes, seconds, fraction = found.groups(default="")
        clock = 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds or 0)
        part = 10**9 * clock + _fraction(fraction)
        return 10**9 * _DAY * int(days or 0) + (-part if sign == "-" else part)

    for pattern in (_ISO, _UNITS):
        if found := pattern.fullmatch(cell):
            sign, weeks, days, hours, minutes, seconds, fraction = found.groups(default="")
            clock = 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds or 0)
            clock += _WEEK * int(weeks or 0) + _DAY * int(days or 0)
            length = 10**9 * clock + _fraction(fraction)
            return -length if sign == "-" else length

    return None


def unclear_duration(cells: Sequence[str]) -> str:
    r"""A cell that may be hours and minutes, or minutes and seconds, if all cells look so.

    Arguments:
        cells: The distinct cells of the column, without missing ones.

    Returns:
        The cell with more than 24 units before the colon, or an empty text.

    Example:
        >>> unclear_duration(["31:10", "0:05"]), unclear_duration(["14:35", "0:05"])
        ('31:10', '')
    """
    found = [_SHORT.fullmatch(cell.strip()) for cell in cells]
    there = [m for m in found if m]

    if len(there) < len(found):
        return ""

    return next((m[0] for m in there if int(m[1]) >= _HOURS), "")


def _fraction(digits: str) -> int:
    return int(digits[1:].ljust(9, "0")) if digits else 0


def _is_beyond_a_time(word: str) -> bool:
    r"""Tell whether a duration cannot be a time of the day, or a single number with its unit."""
    if found := _CLOCK.fullmatch(word):
        return bool(found[1] or found[2] or int(found[3] or 0) >= _HOURS)

    if _ISO.fullmatch(word):
        return True

    found = _UNITS.fullmatch(word)
    return found is not None and sum(part is not None for part in found.groups()[1:6]) > 1
