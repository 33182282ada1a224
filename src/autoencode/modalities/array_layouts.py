r"""Guesses of the layout of arrays. An array with two plausible readings is refused."""

__all__ = ["check_layout", "check_rows", "check_type", "looks_channels_first"]

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SOME = 256  # examples that are looked at
_NARROW = 5  # pixels: images have more to a side, channels and sensors fewer
_PHOTO = 16  # pixels to a side, from which one photograph is as plausible as many
_SMOOTH, _ROUGH = 0.5, 0.3  # likeness of neighbors, see `_likeness`
_JUMP, _LEAP = 0.8, 1.5  # changes of spread and mean from one column to the next
_FEW_VALUES, _PIECES = 64, 0.8  # values of a map of labels, and its share of equal neighbors
_APART = 30  # times the spread of another channel
_LONG = 1000  # samples; a waveform has more
_LOUD = 1.5  # filters may lead beyond full scale, up to here
_OF_LABELS = "np.eye({}, dtype=np.uint8)[X]"


def check_type(X: Any) -> None:
    r"""Refuse arrays that do not hold real numbers, and say how to convert them.

    Arguments:
        X: Any array.

    Raises:
        ValueError: If they are complex, dates, times, records or bytes.

    Example:
        >>> check_type(np.zeros((2, 2), complex))
        Traceback (most recent call last):
        ValueError: Complex data not supported: got complex128. Use np.concatenate([X.real, ...
    """
    dtype = getattr(X, "dtype", None)
    kind = getattr(dtype, "kind", None)
    frame = "a data frame, pd.DataFrame(X), whose columns have types of their own"
    remedies = {
        "M": f"X.astype('datetime64[s]').astype(float) for seconds since 1970, or {frame}",
        "m": "X / np.timedelta64(1, 's') for seconds",
        "S": f"X.astype(float) where they spell numbers, or {frame}",
        "V": f"{frame}",
    }

    if kind == "U" and X.ndim > 1:
        raise ValueError(
            f"expected numbers, got text in an array with shape {X.shape}. Use {frame}, or"
            " X.astype(float) where it spells numbers."
        )

    if kind == "c":
        both = "concatenate([X.real, X.imag], axis=1)"
        both = both if X.ndim == 2 else "stack([X.real, X.imag], axis=-1)"
        raise ValueError(
            f"Complex data not supported: got {dtype}. Use np.{both}, or np.abs(X) for magnitudes"
            " alone."
        )

    if kind in remedies:
        raise ValueError(f"expected numbers, got an array of type {dtype}. Use {remedies[kind]}.")


def check_layout(X: Any, taken_for: str) -> str | None:
    r"""Refuse data whose layout can be read in two ways.

    Arguments:
        X: An array, or a list of arrays.
        taken_for: The name of the kind of data that the shape suggests.

    Returns:
        A short description of the data, if their kind was a guess.

    Raises:
        ValueError: If the data may be of another kind; the message says what to type for each.

    Example:
        >>> check_layout(np.zeros((60, 28, 28), np.uint8), "Images")
        '60 gray images of 28 x 28'
        >>> check_layout(np.zeros((60, 12, 32, 32)), "Images")
        Traceback (most recent call last):
        ValueError: an array with shape (60, 12, 32, 32) may be 60 images of 32 x 32 with 12 ...
    """
    if taken_for == "Sounds":
        return _check_sounds([*X])

    if not isinstance(X, np.ndarray) or X.dtype.kind not in "buif" or 0 in X.shape:
        return None

    if taken_for == "Tables" and X.ndim == 2:
        return _check_single(X)

    if taken_for != "Images":
        return None

    if X.ndim == 3:
        return _check_gray(X)

    N, H, W, C = X.shape
    _check_channels(X)

    if C == 1:
        _check_columns(X[..., 0], "[..., 0]")
        _check_labels(X[..., 0])
        return f"{N:,} gray images of {H} x {W}"

    return f"{N:,} images of {H} x {W} with {C} channels"


def looks_channels_first(shape: tuple[int, ...]) -> bool:
    r"""Tell whether the last two of four sizes look like height and width.

    Example:
        >>> looks_channels_first((60, 12, 32, 32)), looks_channels_first((60, 32, 32, 12))
        (True, False)
    """
    _, a, b, c = shape

    if c < _NARROW:
        return False

    return a in {1, 2, 3, 4} or (b == c and a != b) or (a != b and 2 * a <= min(b, c))


def _check_gray(X: NDArray) -> str:
    r"""Returns a description of an array with three sizes, or refuses it."""
    N, H, W = X.shape

    if W < _NARROW and min(N, H) >= _PHOTO:
        also = f"{N:,} windows of {H} steps of {W} sensors" if W > 1 else f"{N:,} series of {H}"
        sounds = f" {_sounds('')}" if W <= 2 and H >= _LONG else ""
        raise ValueError(
            f"an array with shape {X.shape} may be one photograph, {also}, or {N:,} gray images"
            f" of {H} x {W}. Use X[None] for a photograph, {_flat()}, {_as_gray()}.{sounds}"
        )

    low = 3 if X.dtype in (np.uint8, bool) else _NARROW  # bytes are rarely sensors

    if (H < low or W < _NARROW) and H != W:
        swapped = H < W
        steps, sensors = (W, H) if swapped else (H, W)
        sounds = f" {_sounds('.swapaxes(1, 2)' * swapped)}" if sensors <= 2 else ""
        raise ValueError(
            f"an array with shape {X.shape} may be {N:,} windows of {steps} steps of {sensors}"
            f" sensor{'s' * (sensors > 1)} or channels, or {N:,} gray images of {H} x {W}. Use"
            f" {_flat('.swapaxes(1, 2)' * swapped)}, {_as_gray()}.{sounds}"
        )

    if N in {3, 4} and min(H, W) >= _PHOTO and _planes_are_alike(X):
        raise ValueError(
            f"an array with shape {X.shape}, of planes that are alike, may be one photograph with"
            f" its channels first, or {N} gray images of {H} x {W}. Use"
            f" np.moveaxis(X, 0, -1)[None] for a photograph, {_as_gray()}."
        )

    _check_columns(X)
    _check_labels(X)

    return f"{N:,} gray images of {H} x {W}"


def _check_single(X: NDArray) -> str:
    r"""Returns a description of an array with two sizes as a table.

    An array that is smooth in both directions is refused.
    """
    table = f"a table of {len(X):,} rows and {X.shape[1]:,} columns"

    if X.dtype != np.uint8 or min(X.shape) < _PHOTO:
        return table

    x = X[:1024, :1024].astype(float)

    if x.var() > 0 and min(_likeness(x, 0), _likeness(x, 1)) > 0.8:
        raise ValueError(
            f"an array of bytes with shape {X.shape} that is smooth in both directions may be one"
            " gray photograph, or a table. Use X[None] for a photograph, or"
            " modality=ae.modalities.Tables() (command line: --modality Tables) for a table."
        )

    return table


def _check_channels(X: NDArray) -> None:
    r"""Refuses arrays with channels or frames first, and channels with different scales."""
    N, A, B, C = X.shape

    if looks_channels_first(X.shape) or (A < _NARROW and C < _NARROW and B >= _PHOTO):
        raise ValueError(
            f"an array with shape {X.shape} may be {N:,} images of {B} x {C} with {A} channels"
            f" first, as {A} frames or slices are, which looks like (N, C, H, W), or {N:,} images"
            f" of {A} x {B} with {C} channels last. Use modality=ae.modalities.Images("
            "layout='NCHW') (command line: --modality Images --modality.layout NCHW) or"
            " np.moveaxis(X, 1, -1) for the first, layout='NHWC' for the second."
        )

    x = _sample(X)
    low, high = x.min(), x.max()

    if C == 1 or X.dtype in (np.uint8, bool) or not np.isfinite([low, high]).all():
        return

    spread = x.std(axis=(0, 1, 2))
    some = spread[spread > 0]

    if 0 <= low and (high <= 1 or (C < _NARROW and high <= 255)):
        return

    if len(some) and some.max() > _APART * some.min():
        raise ValueError(
            f"the channels of an array with shape {X.shape} differ in range: standard deviations"
            f" go from {some.min():.3g} to {some.max():.3g}, and images have one scale for all."
            " Scale each, by (X - X.mean(axis=(0, 1, 2))) / X.std(axis=(0, 1, 2)) for example, or"
            " say modality=ae.modalities.Images(layout='NHWC') (command line: --modality Images"
            " --modality.layout NHWC) for one scale."
        )


def _check_columns(X: NDArray, moved: str = "") -> None:
    r"""Refuses gray images whose columns look like sensors, or whose values are unusual."""
    if X.dtype in (np.uint8, bool) or min(X.shape[1:]) < 2:
        return

    x = _sample(X)
    low, high = float(x.min()), float(x.max())

    if not (np.isfinite([low, high]).all() and x.var() > 0):
        return  # the modality reports this

    down, across = _likeness(x, 1), _likeness(x, 2)
    usual = (-1 <= low and high <= 1) or (low >= 0 and 127.5 < high <= 255)
    why = None

    if down > _SMOOTH and across < _ROUGH and down - across > _SMOOTH:
        why = "columns beside each other have nothing in common, while rows do"
    elif not usual and _jumps(x):
        why = "its columns differ in range"
    elif low < 0 and not usual and min(down, across) < _SMOOTH:
        why = f"its values, from {low:.3g} to {high:.3g}, are no usual intensities"

    if why is not None:
        N, H, W = X.shape
        raise ValueError(
            f"an array with shape {X.shape} may be {N:,} windows of {H} steps of {W} sensors, or"
            f" {N:,} gray images of {H} x {W} with one scale for all: {why}. Use"
            f" {_flat(moved)}, {_as_gray()}."
        )


def _check_labels(X: NDArray) -> None:
    r"""Refuses whole numbers that look like the labels of pixels."""
    if X.dtype.kind not in "ui":
        return

    x = X[_some(len(X))]
    values = np.unique(x)
    K = len(values)

    if not 3 <= K <= _FEW_VALUES or min(x.shape[1:]) < _NARROW:
        return

    equal = np.mean([np.mean(np.diff(x.astype(int), axis=axis) == 0) for axis in (1, 2)])

    if equal > _PIECES and values[0] >= 0 and values[-1] < _FEW_VALUES:
        n = int(values[-1]) + 1
        raise ValueError(
            f"an array of {X.dtype} with shape {X.shape} and {K} values up to {values[-1]} may be"
            f" maps of labels, or gray images of few levels. Use {_OF_LABELS.format(n)} for"
            f" labels, a channel for each, {_as_gray()}."
        )


def _check_sounds(waves: list[NDArray]) -> str:
    r"""Returns a description of a list of arrays as sounds, or refuses it."""
    lengths = [len(x) for x in waves]
    longest = max(lengths)
    wide = max(x.shape[1] if x.ndim == 2 else 1 for x in waves)
    some = [waves[i] for i in _some(len(waves))]
    is_float = any(x.dtype.kind == "f" for x in some)
    finite = [x[np.isfinite(x)] for x in some if x.dtype.kind == "f"]
    low = min((x.min() for x in finite if x.size), default=0.0)
    high = max((x.max() for x in finite if x.size), default=0.0)
    why = None

    if wide > 2:
        why = f"of up to {wide} columns"
    elif longest < _LONG:
        why = f"of at most {longest} numbers, which are a few hundredths of a second"
    elif is_float and max(-low, high) > _LOUD:
        why = f"with values from {low:.3g} to {high:.3g}, where those of waveforms lie in -1 to 1"
    elif is_float and low >= 0 < high:
        why = "none of which is negative"

    if why is None:
        return f"{len(waves):,} sounds of up to {longest:,} samples"

    channels = f", channels={wide}" * (wide > 1)
    divided = "" if max(-low, high) <= _LOUD else " once divided by their greatest value,"
    image = wide > 2 and all(x.ndim == 2 and x.shape[1] >= _NARROW for x in waves)
    images = " Images of several sizes go into a folder, or are resized to one." * image
    raise ValueError(
        f"a list of {len(waves):,} arrays of different lengths, {why}, may be series of"
        f" measurements, or sounds. Use modality=ae.modalities.Series() (command line: --modality"
        " Series) for series, or"
        f"{divided} modality=ae.modalities.Sounds(rate=...{channels})"
        f" for sounds, with the samples per second.{images}"
    )


def check_rows(X: Any) -> None:
    r"""Refuse a list of equally long arrays that may be sounds as well as rows of a table.

    Arguments:
        X: Any data.

    Raises:
        ValueError: If `X` is a list of long arrays that look like waveforms.

    Example:
        >>> check_rows([np.zeros(3), np.ones(3)])
    """
    if not isinstance(X, (list, tuple)) or len(X) == 0:
        return

    if not all(isinstance(x, np.ndarray) and x.ndim == 1 and len(x) >= _LONG for x in X):
        return

    if len({len(x) for x in X}) > 1:
        return

    x = np.stack([X[i] for i in _some(len(X))])
    whole = x.dtype == np.int16
    waves = whole or (x.dtype.kind == "f" and -_LOUD < x.min() < 0 < x.max() < _LOUD)

    if waves and abs(x.mean(dtype=float)) < 0.2 * x.std(dtype=float):
        raise ValueError(
            f"a list of {len(X):,} arrays of {len(X[0]):,} numbers each may be sounds of one"
            " length, or the rows of a table. Use modality=ae.modalities.Sounds(rate=...) for"
            " sounds, with the samples per second, or np.stack(X) for a table."
        )


def _likeness(x: NDArray, axis: int) -> float:
    r"""Returns the likeness of neighbors, :math:`1 - E[(x_{i+1} - x_i)^2] / 2 V[x]`."""
    return 1 - float(np.square(np.diff(x, axis=axis)).mean() / (2 * x.var()))


def _jumps(x: NDArray) -> bool:
    r"""Tell whether the spread or mean of neighboring columns differs too much for an image."""
    spread, mean = x.std(axis=(0, 1)), x.mean(axis=(0, 1))
    jump = np.abs(np.diff(spread)).max() / spread.max() if spread.max() > 0 else np.inf

    return bool(jump > _JUMP or np.abs(np.diff(mean)).max() > _LEAP * x.std())


def _planes_are_alike(X: NDArray) -> bool:
    x = X.reshape(len(X), -1).astype(float)
    x = x - x.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(x, axis=1)

    if not (norm > 0).all():
        return False

    return bool((x[1:] @ x[0] / (norm[1:] * norm[0])).min() > 0.6)


def _some(n: int) -> NDArray:
    return np.unique(np.linspace(0, n - 1, min(n, _SOME)).astype(int))


def _sample(X: NDArray) -> NDArray:
    return np.asarray(X[_some(len(X))], dtype=float)


def _flat(moved: str = "") -> str:
    moved = f"X{moved} with " * bool(moved)
    return (
        f"{moved}modality=ae.modalities.Series() (command line: --modality Series) for series,"
        " with one scale per channel, X.reshape(len(X), -1) for a table, with one scale per column"
    )


def _as_gray() -> str:
    return (
        "or modality=ae.modalities.Images(layout='NHW') (command line: --modality Images"
        " --modality.layout NHW) for gray images"
    )


def _sounds(moved: str) -> str:
    return (
        f"Sounds are X{moved}, with modality=ae.modalities.Sounds(rate=...) and the samples per"
        " second."
    )
