r"""Corruptions of sounds: what microphones, wires and rooms do to waveforms.

They act before the spectrum is taken, so that a model learns to undo what was recorded. How
strong a corruption is differs from sound to sound, evenly within a range: a model that has seen
one strength alone undoes no other.
"""

__all__ = ["Clipping", "Hum", "Reverberation", "WaveformCorruption", "WhiteNoise"]

import abc
import math
from typing import ClassVar

import torch
from torch import Tensor

from .numeric import Corruption

_HARMONICS = 8
_QUIETER = math.log(1000)  # 60 dB, by which the time of a reverberation is measured


class WaveformCorruption(Corruption, abc.ABC):
    r"""Abstract corruption of waveforms, of a strength that is drawn for each sound.

    Arguments:
        low: The least strength, in the unit of the corruption.
        high: The greatest.
    """

    least: ClassVar[float] = -math.inf
    r"""The least strength that there is."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()

        if not (self.least <= low <= high and math.isfinite(high)):
            raise ValueError(
                f"expected low <= high, both finite and at least {self.least:g},"
                f" got {low} and {high}."
            )

        self.low = low
        self.high = high

    def forward(self, x: Tensor, rate: int | None = None) -> Tensor:
        r"""
        Arguments:
            x: Waveforms, full scale from -1 to 1, with shape `(B, *, n)`.
            rate: Their samples per second.

        Returns:
            A damaged copy, with the same shape. It may lead beyond full scale.
        """
        if rate is None:
            raise ValueError(
                f"{type(self).__name__} is for sounds, with a rate; got other data, with shape"
                f" {tuple(x.shape)}. Use GaussianNoise() or Masking()."
            )

        return self.damage(x, self.low + (self.high - self.low) * _uniform(x), rate)

    @abc.abstractmethod
    def damage(self, x: Tensor, strength: Tensor, rate: int) -> Tensor:
        r"""
        Arguments:
            x: Waveforms, with shape `(B, *, n)`.
            strength: How strong it is to be for each, with shape `(B, *1)`.
            rate: The samples per second.
        """


class WhiteNoise(WaveformCorruption):
    r"""Adds noise of all frequencies, :math:`\tilde x = x + \sigma \epsilon` with
    :math:`\epsilon \sim \mathcal{N}(0, I)`.

    .. math:: \sigma^2 = 10^{-s / 10} \, \tfrac{1}{n} \| x \|^2

    Arguments:
        low: The least signal-to-noise ratio :math:`s`, in decibels.
        high: The greatest.

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
    r"""Adds the hum of the mains: a tone with its harmonics, each of a random phase.

    .. math:: \tilde x_t = x_t + a \sum_{k=1}^8 \tfrac{1}{k}
        \sin \big( 2 \pi k f t + \varphi_k \big)

    The amplitude :math:`a` follows from the signal-to-noise ratio. Harmonics beyond half the rate
    are left out.

    Arguments:
        low: The least signal-to-noise ratio, in decibels.
        high: The greatest.
        frequency: The frequency :math:`f` of the mains, in hertz: 50 or 60.

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

        for k in range(1, _HARMONICS + 1):
            phase = 2 * math.pi * _uniform(x)

            if 2 * k * self.frequency < rate:
                hum = hum + (2 * math.pi * k * self.frequency * t + phase).sin() / k

        return _add(x, hum, strength)


class Clipping(WaveformCorruption):
    r"""Cuts off what is louder than a share :math:`s` of the peak.

    .. math:: \tilde x = \min(c, \max(-c, x)), \qquad c = s \max_t |x_t|

    Arguments:
        low: The least share :math:`s` of the peak that is left.
        high: The greatest; one leaves a sound as it is.

    Example:
        >>> Clipping(low=0.5, high=0.5)(torch.tensor([[0.1, -0.8]]), rate=8000)
        tensor([[ 0.1000, -0.4000]])
    """

    least = 0.0

    def __init__(self, low: float = 0.1, high: float = 0.5) -> None:
        super().__init__(low, high)

    def damage(self, x: Tensor, strength: Tensor, rate: int) -> Tensor:
        c = strength * x.abs().flatten(start_dim=1).amax(dim=-1).view(strength.shape)
        return torch.minimum(torch.maximum(x, -c), c)


class Reverberation(WaveformCorruption):
    r"""Adds the echoes of a room: the sound, convolved with noise that dies away.

    .. math:: \tilde x = x + \frac{h * x}{\| h \|}, \qquad
        h_t = \epsilon_t \, 10^{-3 t / s}, \quad \epsilon_t \sim \mathcal{N}(0, 1)

    Echoes are as loud as the sound itself, and each sound has a room of its own.

    References:
        | About This Reverberation Business (Moorer, 1979)

    Arguments:
        low: The least time :math:`s`, in seconds, in which echoes become quieter by 60 dB.
        high: The greatest.

    Example:
        >>> Reverberation()(torch.eye(1, 8000), rate=8000).shape
        torch.Size([1, 8000])
    """

    least = 1e-3

    def __init__(self, low: float = 0.1, high: float = 0.5) -> None:
        super().__init__(low, high)

    def damage(self, x: Tensor, strength: Tensor, rate: int) -> Tensor:
        n = x.shape[-1]
        t = torch.arange(n, dtype=x.dtype, device=x.device) / rate
        h = torch.randn(len(x), *[1] * (x.ndim - 2), n, dtype=x.dtype, device=x.device)
        h = h * (-_QUIETER * t / strength).exp()

        # Twice the length, so that the end does not come round to the beginning
        echo = torch.fft.irfft(torch.fft.rfft(x, 2 * n) * torch.fft.rfft(h, 2 * n), 2 * n)
        return x + echo[..., :n] / h.norm(dim=-1, keepdim=True)


def _uniform(x: Tensor) -> Tensor:
    r"""Draws a number from 0 to 1 for each sound, with shape `(B, *1)`."""
    return torch.rand(len(x), *[1] * (x.ndim - 1), dtype=x.dtype, device=x.device)


def _add(x: Tensor, noise: Tensor, ratio: Tensor) -> Tensor:
    r"""Adds noise at a signal-to-noise ratio in decibels; none to silence."""
    signal, power = (a.flatten(start_dim=1).norm(dim=-1).view(ratio.shape) for a in (x, noise))
    return x + noise * signal / power.clamp(min=1e-12) * 10 ** (-ratio / 20)
