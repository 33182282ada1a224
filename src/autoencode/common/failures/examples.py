r"""Texts of warnings about examples: outliers, long texts and sounds, and unused input."""

__all__ = [
    "cut_off",
    "dominated",
    "length_limit",
    "long_outlier",
    "long_series",
    "long_sound",
    "reduced",
]

import math
from collections.abc import Sequence
from statistics import median_low

_MAX_SHARE_OF_SUM = 0.5
_OUTLIER_LENGTH_RATIO = 10
_MAX_CHEAP_BYTES = 256
_MIN_TEXTS_TO_CUT = 20
_MIN_USED_FRACTION = 0.5
_MAX_CROPPED_FRACTION = 0.2
_MIN_PIXEL_FRACTION = 0.5


def dominated(name: str, share: float, what: str, columns: bool = True) -> str | None:
    r"""Warning about one example that contributes most of a sum over all examples.

    Arguments:
        name: The name of the example, or of two windows of one place.
        share: Its share of the sum.
        what: The name of the sum.
        columns: Whether the examples are rows of columns, which can be transformed one by one.

    Example:
        >>> dominated("row 17", 0.97, "the variance of column 3")
        'one example dominates all others: row 17 makes up 97 % of the variance of column 3...'
    """
    if not share > _MAX_SHARE_OF_SUM:
        return None

    verb = "make" if " and " in name else "makes"
    remedy = (
        "Correct it, remove it, or take logarithms of such columns."
        " modality=ae.modalities.MixedTables() (command line: --modality MixedTables) transforms"
        " each column to normal scores."
        if columns
        else "The scale of all examples follows from it. Correct it, remove it, or limit its"
        " numbers to the range of the others before the fit, such as X.clip(low, high)."
    )

    return (
        f"one example dominates all others: {name} {verb} up {100 * min(share, 1):.0f} % of"
        f" {what}. {remedy}"
    )


def length_limit(lengths: Sequence[int]) -> int | None:
    r"""The length to cut texts off at, if few are so long that they would set the cost of all.

    It is ten times the length that 99 or 95 in 100 texts do not exceed, and at least 256 bytes.

    Arguments:
        lengths: The number of bytes of each text.

    Returns:
        The number of bytes, or `None` if no text is longer, or if there are less than twenty.

    Example:
        >>> length_limit([20] * 499 + [100_000]), length_limit([40] * 499 + [100_000])
        (256, 400)
        >>> length_limit([20, 30, 300, 40] * 10) is None
        True
    """
    return _usual_limit(lengths) if len(lengths) >= _MIN_TEXTS_TO_CUT else None


def long_outlier(lengths: Sequence[int]) -> str | None:
    r"""Warning about a few very long texts, which are cut off or determine the cost of all.

    Arguments:
        lengths: The number of bytes of each text.

    Example:
        >>> long_outlier([20] * 499 + [100_000])
        '1 of 500 texts is cut off at 256 bytes, as its length would set the cost of all: the...'
        >>> long_outlier([20, 30, 300, 40]) is None
        True
    """
    limit = _usual_limit(lengths)

    if limit is None:
        return None

    n, longest = sum(k > limit for k in lengths), max(lengths)

    if length_limit(lengths) is None:
        return (
            f"few long texts determine the cost of all: the longest of {len(lengths):,} texts has"
            f" {longest:,} bytes. Truncate it, with modality=Texts(max_bytes={limit},"
            f" truncate=True) (command line: --modality Texts --modality.max_bytes {limit}"
            " --modality.truncate), or remove it."
        )

    what = "is cut off at {} bytes, as its" if n == 1 else "are cut off at {} bytes, as their"

    return (
        f"{n:,} of {len(lengths):,} texts {what.format(limit)} length would set the cost of all:"
        f" the longest has {longest:,} bytes. To keep all of it, say"
        f" modality=Texts(max_bytes={longest}) (command line: --modality Texts"
        f" --modality.max_bytes {longest}); to cut elsewhere, add truncate=True"
        " (--modality.truncate) to another number."
    )


def _usual_limit(lengths: Sequence[int]) -> int | None:
    r"""Returns ten times the length of nearly all texts, if one is longer."""
    ordered = sorted(lengths)

    for share in (0.99, 0.95):
        usual = ordered[int(share * (len(ordered) - 1))] if ordered else 0
        limit = max(_OUTLIER_LENGTH_RATIO * usual, _MAX_CHEAP_BYTES)

        if len(ordered) > 1 and ordered[-1] > limit:
            return limit

    return None


def long_sound(lengths: Sequence[float], seconds: float) -> str | None:
    r"""Warning about one recording that gives most of the windows, and determines the cost.

    Arguments:
        lengths: The lengths of the recordings in seconds.
        seconds: The length of a window in seconds.

    Example:
        >>> long_sound([0.5] * 99 + [3600.0], 0.5)
        'one sound determines the cost of all: the longest of 100 recordings, of 3600 s, makes...'
        >>> long_sound([60.0, 70.0, 90.0, 100.0], 1.0) is None
        True
    """
    share = _share_of_windows(lengths, seconds)

    if share is None:
        return None

    return (
        f"one sound determines the cost of all: the longest of {len(lengths):,} recordings, of"
        f" {max(lengths):.0f} s, makes up {100 * share:.0f} % of the windows of {seconds:g} s."
        f" Remove or shorten it, or use longer windows: modality=Sounds(seconds="
        f"{10 * seconds:g}) (command line: --modality Sounds --modality.seconds {10 * seconds:g})."
    )


def long_series(lengths: Sequence[int], steps: int) -> str | None:
    r"""Warning about one series that gives most of the windows, and determines the cost.

    Arguments:
        lengths: The number of steps of each series.
        steps: The number of steps of a window.

    Example:
        >>> long_series([40] * 10 + [100_000], 128)
        'one series determines the cost of all: the longest of 11 series, of 100,000 steps...'
        >>> long_series([1000, 2000], 128) is None
        True
    """
    share = _share_of_windows(lengths, steps)

    if share is None:
        return None

    return (
        f"one series determines the cost of all: the longest of {len(lengths):,} series, of"
        f" {max(lengths):,} steps, makes up {100 * share:.0f} % of the windows of {steps:,} steps."
        f" Shorten it, or use longer windows: modality=Series(window={10 * steps}) (command line:"
        f" --modality Series --modality.window {10 * steps})."
    )


def _share_of_windows(lengths: Sequence[float], window: float) -> float | None:
    r"""Returns the share of the longest in windows that overlap by half, if it exceeds a half."""
    windows = [max(1.0, 2 * length / window - 1) for length in lengths]
    share = max(windows, default=0.0) / max(sum(windows), 1e-9)
    usual = max(median_low(lengths), window) if len(lengths) > 1 else math.inf
    far = max(lengths, default=0.0) > _OUTLIER_LENGTH_RATIO * usual

    return share if far and share > _MAX_SHARE_OF_SUM else None


def cut_off(kind: str, used: float, remedy: str) -> str | None:
    r"""Warning about input that is mostly cut off.

    Arguments:
        kind: The kind of input, and its length after cutting.
        used: The fraction that is used.
        remedy: The setting that uses more of it.

    Example:
        >>> cut_off("the sounds, of which 1 s is taken", 0.02, "seconds=60")
        'most of the input is unused: only 2 % is used of the sounds, of which 1 s is taken...'
    """
    if used > _MIN_USED_FRACTION:
        return None

    return f"most of the input is unused: only {100 * used:.2g} % is used of {kind}. Use {remedy}."


def reduced(
    own: tuple[int, int], size: tuple[int, int], cropped: float, chosen: bool
) -> str | None:
    r"""Warning about images that are scaled to a small size, or cropped at their edges.

    Arguments:
        own: The median height and width of the images.
        size: The height and width after scaling.
        cropped: The mean fraction of the area that is cropped.
        chosen: Whether the user chose the size.

    Example:
        >>> reduced((512, 512), (128, 128), 0.0, chosen=False)
        'images of 512 x 512 became 128 x 128: modality=Images(size=512) (command line: ...'
    """
    setting = f"{own[0]}" if own[0] == own[1] else f"({own[0]}, {own[1]})"
    flag = " ".join(map(str, own[:1] if own[0] == own[1] else own))
    remedy = (
        f"modality=Images(size={setting}) (command line: --modality Images --modality.size {flag})"
    )
    was, now = (f"{a} x {b}" for a, b in (own, size))
    lost = f"{100 * cropped:.0f} % of their area is cropped because their shapes differ"

    if not chosen and size[0] * size[1] < _MIN_PIXEL_FRACTION * own[0] * own[1]:
        also = f"; {lost}" * (cropped > _MAX_CROPPED_FRACTION)
        return f"images of {was} became {now}: {remedy} keeps more detail, and takes longer{also}."

    if cropped > (_MIN_USED_FRACTION if chosen else _MAX_CROPPED_FRACTION):
        return (
            f"images of {was} became {now}: {lost}. Use images of one shape, or a size that fits"
            f" most of them: {remedy}."
        )

    return None
