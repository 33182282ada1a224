r"""Corruptions of waveforms: noise, hum, clipping and reverberation.

They act before the spectrum is computed. The strength of a corruption is drawn for each sound,
uniformly from a range: a model trained at a single strength does not generalize to others.
"""

__all__ = ["Clipping", "Hum", "Reverberation", "WaveformCorruption", "WhiteNoise"]

import abc
import math
from typing import ClassVar

import torch
from torch import Tensor

from .base import Corruption

N_HARMONICS = 8
DECAY_60_DB = math.log(1000)  # definition of the reverberation time


class WaveformCorruption(Corruption, abc.ABC):
    r"""Abstract corruption of waveforms, with a random strength for each sound.

    Arguments:
        low: The smallest strength, in the unit of the corruption.
        high: The largest strength.

    See Also:
        :class:`~autoencode.corruptions.WhiteNoise`, :class:`~autoencode.corruptions.Hum`
    """

    min_strength: ClassVar[float] = -math.inf
    r"""The smallest valid strength."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()

        if not (self.min_strength <= low <= high and math.isfinite(high)):
            raise ValueError(
                f"expected low <= high, both finite and at least {self.min_strength:g},"
                f" got {low} and {high}."
            )

        self.low = low
        self.high = high

    def forward(self, x: Tensor, rate: int | None = None) -> Tensor:
        r"""
        Arguments:
            x: Waveforms, with full scale from -1 to 1 and shape `(B, *, n)`.
            rate: The sampling rate in hertz.

        Returns:
            A damaged copy, with the same shape. It may exceed full scale.
        """
        if rate is None:
            raise ValueError(
                f"{type(self).__name__} needs waveforms and their sampling rate, got data with"
                f" shape {tuple(x.shape)}. Use GaussianNoise() or Masking()."
            )

        return self.damage(x, self.low + (self.high - self.low) * _uniform(x), rate)

    @abc.abstractmethod
    def damage(self, x: Tensor, strength: Tensor, rate: int) -> Tensor:
        r"""
        Arguments:
            x: Waveforms, with shape `(B, *, n)`.
            strength: The strength for each sound, with shape `(B, *1)`.
            rate: The sampling rate in hertz.
        """


class WhiteNoise(WaveformCorruption):
    r"""Adds white noise, :math:`\tilde x = x + \sigma \epsilon` with
    :math:`\epsilon \sim \mathcal{N}(0, I)`.

    .. math:: \sigma^2 = 10^{-s / 10} \, \tfrac{1}{n} \| x \|^2

    Arguments:
        low: The smallest signal-to-noise ratio :math:`s`, in decibels.
        high: The largest ratio.

    See Also:
        :class:`~autoencode.corruptions.Hum`, :class:`~autoencode.corruptions.GaussianNoise`

    Example:
        >>> x = torch.sin(torch.arange(8000.0))[None]
        >>> noise = WhiteNoise(low=20.0, high=20.0)(x, rate=8000) - x
        >>> (x.square().sum() / noise.square().sum()).log10().round(decimals=1)
        tensor(2.)
    """

    def __init__(self, low: float = 0.0, high: float = 20.0) -> None:
        super().__init__(low, high)

    def damage(self, x: Tensor, strength: Tensor, rate: int) -> Tensor:
        return _add(x, torch.randn_like(x), strength)


class Hum(WaveformCorruption):
    r"""Adds mains hum: a tone and its harmonics, with random phases.

    .. math:: \tilde x_t = x_t + a \sum_{k=1}^8 \tfrac{1}{k}
        \sin \big( 2 \pi k f t + \varphi_k \big)

    The amplitude :math:`a` follows from the signal-to-noise ratio. Harmonics above the Nyquist
    frequency are omitted.

    Arguments:
        low: The smallest signal-to-noise ratio, in decibels.
        high: The largest ratio.
        frequency: The mains frequency :math:`f` in hertz, 50 or 60.

    See Also:
        :class:`~autoencode.corruptions.WhiteNoise`

    Example:
        >>> Hum(low=0.0, high=0.0)(torch.ones(2, 8000), rate=8000).shape
        torch.Size([2, 8000])
    """

    def __init__(self, low: float = 0.0, high: float = 20.0, frequency: float = 50.0) -> None:
        super().__init__(low, high)

        if not frequency > 0:
            raise ValueError(f"expected a frequency > 0, got {frequency}.")

        self.frequency = frequency

    def damage(self, x: Tensor, strength: Tensor, rate: int) -> Tensor:
        t = torch.arange(x.shape[-1], dtype=x.dtype, device=x.device) / rate
        hum = torch.zeros_like(x)

        for k in range(1, N_HARMONICS + 1):
            phase = 2 * math.pi * _uniform(x)

            if 2 * k * self.frequency < rate:
                hum = hum + (2 * math.pi * k * self.frequency * t + phase).sin() / k

        return _add(x, hum, strength)


class Clipping(WaveformCorruption):
    r"""Clips amplitudes at a fraction :math:`s` of the peak.

    .. math:: \tilde x = \min(c, \max(-c, x)), \qquad c = s \max_t |x_t|

    Arguments:
        low: The smallest fraction :math:`s` of the peak.
        high: The largest fraction; at one, a sound is unchanged.

    See Also:
        :class:`~autoencode.corruptions.WhiteNoise`, :class:`~autoencode.corruptions.Reverberation`

    Example:
        >>> Clipping(low=0.5, high=0.5)(torch.tensor([[0.1, -0.8]]), rate=8000)
        tensor([[ 0.1000, -0.4000]])
    """

    min_strength = 0.0

    def __init__(self, low: float = 0.1, high: float = 0.5) -> None:
        super().__init__(low, high)

    def damage(self, x: Tensor, strength: Tensor, rate: int) -> Tensor:
        c = strength * x.abs().flatten(start_dim=1).amax(dim=-1).view(strength.shape)
        return torch.minimum(torch.maximum(x, -c), c)


class Reverberation(WaveformCorruption):
    r"""Adds reverberation: the sound convolved with exponentially decaying noise.

    .. math:: \tilde x = x + \frac{h * x}{\| h \|}, \qquad
        h_t = \epsilon_t \, 10^{-3 t / s}, \quad \epsilon_t \sim \mathcal{N}(0, 1)

    The reverberation has the energy of a unit impulse response. Each sound has its own response.

    References:
        | About This Reverberation Business (Moorer, 1979)

    Arguments:
        low: The shortest reverberation time :math:`s`: the seconds in which echoes decay by 60 dB.
        high: The longest reverberation time.

    See Also:
        :class:`~autoencode.corruptions.Clipping`, :class:`~autoencode.corruptions.WhiteNoise`

    Example:
        >>> Reverberation()(torch.eye(1, 8000), rate=8000).shape
        torch.Size([1, 8000])
    """

    min_strength = 1e-3

    def __init__(self, low: float = 0.1, high: float = 0.5) -> None:
        super().__init__(low, high)

    def damage(self, x: Tensor, strength: Tensor, rate: int) -> Tensor:
        n = x.shape[-1]
        t = torch.arange(n, dtype=x.dtype, device=x.device) / rate
        h = torch.randn(len(x), *[1] * (x.ndim - 2), n, dtype=x.dtype, device=x.device)
        h = h * (-DECAY_60_DB * t / strength).exp()

        # Twice the length, so that the convolution does not wrap around
        echo = torch.fft.irfft(torch.fft.rfft(x, 2 * n) * torch.fft.rfft(h, 2 * n), 2 * n)
        return x + echo[..., :n] / h.norm(dim=-1, keepdim=True)


def _uniform(x: Tensor) -> Tensor:
    r"""Draws a uniform number for each sound, with shape `(B, *1)`."""
    return torch.rand(len(x), *[1] * (x.ndim - 1), dtype=x.dtype, device=x.device)


def _add(x: Tensor, noise: Tensor, ratio: Tensor) -> Tensor:
    r"""Adds noise at a signal-to-noise ratio in decibels. Silence stays silent."""
    signal, power = (a.flatten(start_dim=1).norm(dim=-1).view(ratio.shape) for a in (x, noise))
    return x + noise * signal / power.clamp(min=1e-12) * 10 ** (-ratio / 20)
