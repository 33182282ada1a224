r"""Types and layouts of waveforms in memory."""

__all__ = ["check_waves", "full_scale", "is_wave", "to_channels", "waves_of"]

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ...common.arrays import tensor_of
from ...data.media.audio.decoding import mix
from ..statistics import value_range

_WAV_INTEGERS = ("int16", "int32", "uint8")  # as WAV files hold them
_MAX_LEVEL = 8.0  # further beyond full scale than any filter leads


def is_wave(x: object) -> bool:
    r"""Tell whether an array looks like a waveform, with shape `(n,)` or `(n, channels)`.

    Example:
        >>> is_wave(np.zeros(800)), is_wave(np.zeros((28, 28), np.uint8))
        (True, False)
    """
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "buif":
        return False

    # Bytes in many columns are more likely an image
    return x.ndim == 1 or (x.ndim == 2 and (x.dtype != np.uint8 or x.shape[1] <= 2))


def check_waves(X: Any) -> None:
    r"""
    Arguments:
        X: An array with shape `(N, n)` or `(N, n, channels)`, or a list of waveforms.

    Raises:
        ValueError: If their type or layout is not one of waveforms; the message names it.

    Example:
        >>> check_waves(np.zeros((2, 800), np.int64))
        Traceback (most recent call last):
        ValueError: expected waveforms of int16, int32 or uint8, as files hold them, ...
    """
    if isinstance(X, np.ndarray) and X.dtype != object:
        if X.ndim not in {2, 3} or 0 in X.shape:
            raise ValueError(
                f"expected sounds with shape (N, n) or (N, n, channels), got {X.shape}."
            )

        _check_type(X.dtype)
        _check_layout(X.shape[1:], "X.swapaxes(1, 2)")
        _check_peak(X.dtype, *value_range(X)[:2])
        return

    for i, x in enumerate(X):
        _check_type(x.dtype)

        if x.size == 0 or not np.isfinite(x).all():
            what = "is empty" if x.size == 0 else "holds numbers that are not finite"
            raise ValueError(f"sound {i} {what}. Remove it.")

        _check_layout(x.shape, f"x.T, as for sound {i}")
        _check_peak(x.dtype, x.min(), x.max())


def full_scale(x: Tensor) -> Tensor:
    r"""Waveforms as floats from -1 to 1, also from the integers that files hold.

    Arguments:
        x: The samples, with any shape.

    Example:
        >>> full_scale(torch.tensor([-32768, 16384], dtype=torch.int16))
        tensor([-1.0000,  0.5000])
    """
    if x.is_floating_point():
        return x.float()

    if x.dtype == torch.uint8:
        return (x.float() - 128) / 128

    return x.float() / -torch.iinfo(x.dtype).min


def to_channels(x: NDArray, channels: int) -> NDArray:
    r"""One waveform at full scale, with shape `(n, channels)`.

    Arguments:
        x: The waveform, with shape `(n,)` or `(n, channels)`.
        channels: The number of channels.

    Example:
        >>> to_channels(np.zeros(5), 2).shape
        (5, 2)
    """
    x = full_scale(tensor_of(x)).numpy()
    return mix(x if x.ndim == 2 else x[:, None], channels)


def waves_of(x: Tensor, samples: int, channels: int) -> Tensor:
    r"""Waveforms at full scale in the layout of torch, of one length.

    Arguments:
        x: The loaded sounds, with shape `(N, n)` or `(N, n, channels)`.
        samples: The length. Silence fills up shorter ones.
        channels: The number of channels.

    Returns:
        The waveforms, with shape `(N, channels, samples)`.

    Example:
        >>> waves_of(torch.ones(2, 3), 4, 1)[0]
        tensor([[1., 1., 1., 0.]])
    """
    x = full_scale(x[:, :samples])
    x = x[:, None] if x.ndim == 2 else x.movedim(-1, 1)

    if x.shape[1] != channels:
        x = x.mean(dim=1, keepdim=True).expand(-1, channels, -1)

    return F.pad(x, (0, samples - x.shape[-1]))


def _check_type(dtype: np.dtype) -> None:
    if dtype.kind != "f" and dtype.name not in _WAV_INTEGERS:
        raise ValueError(
            "expected waveforms of int16, int32 or uint8, as files hold them, or of floats from"
            f" -1 to 1, got {dtype}. Use x.astype(np.int16) if they are of 16 bits."
        )


def _check_layout(shape: tuple[int, ...], remedy: str) -> None:
    if len(shape) == 2 and shape[1] > shape[0]:
        raise ValueError(
            f"expected waveforms with shape (n,) or (n, channels), got {shape}, which looks like"
            f" (channels, n). Use {remedy}."
        )


def _check_peak(dtype: np.dtype, low: float, high: float) -> None:
    if dtype.kind == "f" and max(-low, high) > _MAX_LEVEL:
        raise ValueError(
            f"expected waveforms from -1 to 1, got up to {max(-low, high):g}. Divide them by the"
            " greatest value that they can have, such as 32768 for 16 bits."
        )
