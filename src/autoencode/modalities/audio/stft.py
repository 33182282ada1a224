r"""Short-time Fourier transform with Hann windows, and its inverse."""

__all__ = ["griffin_lim", "istft", "stft", "unit"]

from collections.abc import Callable

import torch
from torch import Tensor

_MOMENTUM = 0.99


def stft(x: Tensor, hop: int) -> Tensor:
    r"""Short-time Fourier transform, in which a sine of full scale has magnitude one.

    Arguments:
        x: Waveforms, with shape `(N, n)`.
        hop: The samples between two frames. Windows are four times as long.

    Returns:
        The transforms, with shape `(N, 2 * hop + 1, frames)`.

    Example:
        >>> stft(torch.zeros(1, 100), 10).shape
        torch.Size([1, 21, 11])
    """
    window = torch.hann_window(4 * hop, dtype=x.dtype, device=x.device)
    S = torch.stft(x, 4 * hop, hop, window=window, pad_mode="constant", return_complex=True)

    return S * (2 / window.sum())


def istft(S: Tensor, hop: int, n: int) -> Tensor:
    r"""Waveforms whose transforms are nearest to given ones in the sense of least squares.

    Arguments:
        S: The transforms, with shape `(N, 2 * hop + 1, frames)`.
        hop: The samples between two frames.
        n: The number of samples.

    Example:
        >>> x = torch.sin(torch.arange(100.0))[None]
        >>> torch.allclose(istft(stft(x, 10), 10, 100), x, atol=1e-5)
        True
    """
    window = torch.hann_window(4 * hop, dtype=S.real.dtype, device=S.device)
    return torch.istft(S * (window.sum() / 2), 4 * hop, hop, window=window, length=n)


def griffin_lim(
    S: Tensor, hop: int, n: int, n_iter: int, correct: Callable[[Tensor], Tensor]
) -> Tensor:
    r"""Waveforms whose magnitudes agree with the known ones.

    Each iteration replaces the transform by that of its waveform, goes on by a part of the
    change, and corrects the magnitudes.

    Arguments:
        S: Transforms to begin with, with shape `(N, 2 * hop + 1, frames)`.
        hop: The samples between two frames.
        n: The number of samples.
        n_iter: The number of iterations.
        correct: A function from magnitudes of waveforms to the magnitudes that they should have.

    Returns:
        The waveforms, with shape `(N, n)`.

    Example:
        >>> x = torch.sin(torch.arange(100.0))[None]
        >>> S = stft(x, 10)
        >>> torch.allclose(griffin_lim(S, 10, 100, 5, lambda A: S.abs()), x, atol=1e-4)
        True
    """
    before = None

    for _ in range(n_iter):
        projected = stft(istft(S, hop, n), hop)
        change = 0 if before is None else projected - before
        before = projected
        S = correct(projected.abs()) * unit(projected + _MOMENTUM * change)

    return istft(S, hop, n)


def unit(S: Tensor) -> Tensor:
    r"""Complex numbers with the same phases and magnitude one; zero stays zero.

    Example:
        >>> unit(torch.tensor([2j, 0j]))
        tensor([0.+1.j, 0.+0.j])
    """
    return S / S.abs().clamp(min=1e-12)
