r"""Distances between sounds."""

__all__ = ["log_spectral_distance", "signal_to_noise"]

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Tensor

_SOUNDS_PER_BATCH = 64


def log_spectral_distance(x: ArrayLike, r: ArrayLike, window: int | Sequence[int] = 512) -> Tensor:
    r"""Log-spectral distance of sounds, in decibels.

    .. math:: \frac{1}{T} \sum_{t=1}^T \sqrt{ \frac{1}{K} \sum_{k=1}^K \Big(
        10 \log_{10} \frac{|X_{tk}|^2}{|R_{tk}|^2} \Big)^2 }

    :math:`X` and :math:`R` are short-time Fourier transforms by Hann windows that overlap by
    three quarters. Powers are clipped at -60 dB relative to the loudest bin of :math:`X`. The
    distance ignores the phase; :func:`signal_to_noise` does not.

    Short windows resolve time, long ones pitch. The mean over several window lengths, the
    multi-resolution distance, does not favor a representation with one particular resolution.

    References:
        | Parallel WaveGAN: A Fast Waveform Generation Model Based on Generative Adversarial
          Networks with Multi-Resolution Spectrogram (Yamamoto et al., 2020)
        | https://arxiv.org/abs/1910.11480

    Arguments:
        x: Waveforms, with shape `(N, n)`, or a single one, `(n,)`. The waveforms of a list are
            cut or padded with silence to the length of `r`.
        r: The waveforms to compare with, of the same shape.
        window: The number of samples of a window, or several, such as `(256, 512, 1024, 2048)`,
            to average over.

    Returns:
        The distances, with shape `(N,)`, where `N` is one for a single waveform; zero for silence.

    See Also:
        :func:`~autoencode.evaluation.signal_to_noise`

    Example:
        >>> x = torch.randn(1, 4000)
        >>> log_spectral_distance(x, 0.1 * x).round()
        tensor([20.], dtype=torch.float64)
        >>> log_spectral_distance(x, 0.1 * x, window=(256, 1024)).round()
        tensor([20.], dtype=torch.float64)
    """
    x, r = _waveforms(x, r)
    windows = [window] if isinstance(window, int) else window
    pairs = torch.stack([x, r]).split(_SOUNDS_PER_BATCH, dim=1)

    return torch.stack([torch.cat([_distance(pair, n) for pair in pairs]) for n in windows]).mean(
        dim=0
    )


def signal_to_noise(x: ArrayLike, r: ArrayLike) -> Tensor:
    r"""Signal-to-noise ratio of sounds, in decibels.

    .. math:: 10 \log_{10} \frac{\| x \|^2}{\| x - r \|^2}

    The ratio is zero for silence as the reconstruction, and infinite for the sound itself. It is
    mostly negative for a sound of another phase, even if it sounds the same.

    Arguments:
        x: Waveforms, with shape `(N, n)`, or a single one, `(n,)`. The waveforms of a list are
            cut or padded with silence to the length of `r`.
        r: The waveforms to compare with, of the same shape.

    Returns:
        The ratios, with shape `(N,)`, where `N` is one for a single waveform.

    See Also:
        :func:`~autoencode.evaluation.log_spectral_distance`

    Example:
        >>> signal_to_noise([[1.0, -1.0]], [[0.9, -0.9]]).round()
        tensor([20.], dtype=torch.float64)
    """
    x, r = _waveforms(x, r)
    return 10 * (x.square().sum(dim=-1) / (x - r).square().sum(dim=-1)).log10()


def _waveforms(x: Any, r: Any) -> tuple[Tensor, Tensor]:
    r = torch.as_tensor(r, dtype=torch.float64)

    if isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.dtype == object):
        x = torch.stack([_cut_or_pad(wave, r.shape[-1]) for wave in x])

    x, r = torch.atleast_2d(torch.as_tensor(x, dtype=torch.float64), r)

    if x.ndim != 2 or x.shape != r.shape:
        raise ValueError(
            f"expected waveforms of one shape (N, n), got {tuple(x.shape)} and {tuple(r.shape)}."
        )

    return x, r


def _cut_or_pad(wave: ArrayLike, n: int) -> Tensor:
    wave = torch.as_tensor(wave, dtype=torch.float64)

    if wave.ndim != 1:
        raise ValueError(
            f"expected a list of waveforms with shape (n,), got {tuple(wave.shape)} in it."
        )

    return F.pad(wave, (0, n - len(wave)))  # a negative amount of padding cuts


def _distance(pair: Tensor, window: int) -> Tensor:
    r"""Returns the log-spectral distances of pairs with shape `(2, N, n)`."""
    hann = torch.hann_window(window, dtype=pair.dtype)
    S = torch.stft(
        pair.flatten(end_dim=1), window, window // 4, window=hann, pad_mode="constant",
        return_complex=True,
    )  # fmt: skip
    X, R = S.abs().square().unflatten(0, (2, -1))

    floor = (1e-6 * X.amax(dim=(1, 2), keepdim=True)).clamp(min=1e-30)
    decibels = 10 * (X.maximum(floor) / R.maximum(floor)).log10()

    return decibels.square().mean(dim=1).sqrt().mean(dim=1)
