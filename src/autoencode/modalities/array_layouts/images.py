r"""Arrays that may be images: photographs, windows of sensors, and maps of labels."""

__all__ = ["check_channels", "check_columns", "check_gray", "check_labels", "looks_channels_first"]

import numpy as np
from numpy.typing import NDArray

from .likeness import (
    MIN_PHOTO_SIDE,
    MIN_SIDE,
    has_jumps,
    likeness,
    planes_are_alike,
    sample,
    some_rows,
)
from .remedies import as_gray, as_series_or_table, as_sounds
from .waves import MIN_WAVE_LENGTH

_MIN_SMOOTH, _MAX_ROUGH = 0.5, 0.3  # likeness of neighbors
_MAX_LABELS, _MIN_EQUAL_FRACTION = 64, 0.8  # labels of a map, and its pairs of equal neighbors
_MAX_SPREAD_RATIO = 30  # standard deviation of one channel in that of another
_ONE_HOT = "np.eye({}, dtype=np.uint8)[X]"


def looks_channels_first(shape: tuple[int, ...]) -> bool:
    r"""Tell whether the last two of four sizes look like height and width.

    Example:
        >>> looks_channels_first((60, 12, 32, 32)), looks_channels_first((60, 32, 32, 12))
        (True, False)
    """
    _, a, b, c = shape

    if c < MIN_SIDE:
        return False

    return a in {1, 2, 3, 4} or (b == c and a != b) or (a != b and 2 * a <= min(b, c))


def check_gray(X: NDArray) -> str:
    r"""Description of an array with three sizes as gray images.

    Arguments:
        X: The array.

    Raises:
        ValueError: If the array may hold other data.
    """
    N, H, W = X.shape

    if W < MIN_SIDE and min(N, H) >= MIN_PHOTO_SIDE:
        also = f"{N:,} windows of {H} steps of {W} sensors" if W > 1 else f"{N:,} series of {H}"
        sounds = f" {as_sounds('')}" if W <= 2 and H >= MIN_WAVE_LENGTH else ""
        raise ValueError(
            f"an array with shape {X.shape} may be one photograph, {also}, or {N:,} gray images"
            f" of {H} x {W}. Use X[None] for a photograph, {as_series_or_table()}, {as_gray()}."
            f"{sounds}"
        )

    low = 3 if X.dtype in (np.uint8, bool) else MIN_SIDE  # bytes are rarely sensors

    if (H < low or W < MIN_SIDE) and H != W:
        swapped = H < W
        steps, sensors = (W, H) if swapped else (H, W)
        sounds = f" {as_sounds('.swapaxes(1, 2)' * swapped)}" if sensors <= 2 else ""
        raise ValueError(
            f"an array with shape {X.shape} may be {N:,} windows of {steps} steps of {sensors}"
            f" sensor{'s' * (sensors > 1)} or channels, or {N:,} gray images of {H} x {W}. Use"
            f" {as_series_or_table('.swapaxes(1, 2)' * swapped)}, {as_gray()}.{sounds}"
        )

    if N in {3, 4} and min(H, W) >= MIN_PHOTO_SIDE and planes_are_alike(X):
        raise ValueError(
            f"an array with shape {X.shape} and similar planes may be one photograph with its"
            f" channels first, or {N} gray images of {H} x {W}. Use"
            f" np.moveaxis(X, 0, -1)[None] for a photograph, {as_gray()}."
        )

    check_columns(X)
    check_labels(X)

    return f"{N:,} gray images of {H} x {W}"


def check_channels(X: NDArray) -> None:
    r"""Refuse arrays with channels or frames first, and channels with different scales.

    Arguments:
        X: An array with four sizes.

    Raises:
        ValueError: If the array is of this kind.
    """
    N, A, B, C = X.shape

    if looks_channels_first(X.shape) or (A < MIN_SIDE and C < MIN_SIDE and B >= MIN_PHOTO_SIDE):
        raise ValueError(
            f"an array with shape {X.shape} may be {N:,} images of {B} x {C} with {A} channels"
            f" first, as {A} frames or slices are, which looks like (N, C, H, W), or {N:,} images"
            f" of {A} x {B} with {C} channels last. Use modality=ae.modalities.Images("
            "layout='NCHW') (command line: --modality Images --modality.layout NCHW) or"
            " np.moveaxis(X, 1, -1) for the first, layout='NHWC' for the second."
        )

    x = sample(X)
    low, high = x.min(), x.max()

    if C == 1 or X.dtype in (np.uint8, bool) or not np.isfinite([low, high]).all():
        return

    spread = x.std(axis=(0, 1, 2))
    some = spread[spread > 0]

    if 0 <= low and (high <= 1 or (C < MIN_SIDE and high <= 255)):
        return

    if len(some) and some.max() > _MAX_SPREAD_RATIO * some.min():
        raise ValueError(
            f"the channels of an array with shape {X.shape} differ in range: standard deviations"
            f" go from {some.min():.3g} to {some.max():.3g}, and images have one scale for all."
            " Scale each channel, for example by (X - X.mean(axis=(0, 1, 2))) / X.std(axis=(0, 1,"
            " 2)), or use modality=ae.modalities.Images(layout='NHWC') (command line: --modality"
            " Images --modality.layout NHWC) for one scale."
        )


def check_columns(X: NDArray, moved: str = "") -> None:
    r"""Refuse gray images whose columns look like sensors, or whose values are unusual.

    Arguments:
        X: Gray images.
        moved: A selection of the axis of rows and columns, for the message.

    Raises:
        ValueError: If the array is of this kind.
    """
    if X.dtype in (np.uint8, bool) or min(X.shape[1:]) < 2:
        return

    x = sample(X)
    low, high = float(x.min()), float(x.max())

    if not (np.isfinite([low, high]).all() and x.var() > 0):
        return  # the modality reports this

    down, across = likeness(x, 1), likeness(x, 2)
    usual = (-1 <= low and high <= 1) or (low >= 0 and 127.5 < high <= 255)
    why = None

    if down > _MIN_SMOOTH and across < _MAX_ROUGH and down - across > _MIN_SMOOTH:
        why = "neighboring columns are not alike, while neighboring rows are"
    elif not usual and has_jumps(x):
        why = "its columns differ in range"
    elif low < 0 and not usual and min(down, across) < _MIN_SMOOTH:
        why = f"its values, from {low:.3g} to {high:.3g}, are unusual for intensities"

    if why is not None:
        N, H, W = X.shape
        raise ValueError(
            f"an array with shape {X.shape} may be {N:,} windows of {H} steps of {W} sensors, or"
            f" {N:,} gray images of {H} x {W} with one scale for all: {why}. Use"
            f" {as_series_or_table(moved)}, {as_gray()}."
        )


def check_labels(X: NDArray) -> None:
    r"""Refuse whole numbers that look like the labels of pixels.

    Arguments:
        X: Gray images.

    Raises:
        ValueError: If the array is of this kind.
    """
    if X.dtype.kind not in "ui":
        return

    x = X[some_rows(len(X))]
    values = np.unique(x)
    K = len(values)

    if not 3 <= K <= _MAX_LABELS or min(x.shape[1:]) < MIN_SIDE:
        return

    equal = np.mean([np.mean(np.diff(x.astype(int), axis=axis) == 0) for axis in (1, 2)])

    if equal > _MIN_EQUAL_FRACTION and values[0] >= 0 and values[-1] < _MAX_LABELS:
        n = int(values[-1]) + 1
        raise ValueError(
            f"an array of {X.dtype} with shape {X.shape} and {K} values up to {values[-1]} may be"
            f" maps of labels, or gray images of few levels. Use {_ONE_HOT.format(n)} for"
            f" labels, a channel for each, {as_gray()}."
        )
