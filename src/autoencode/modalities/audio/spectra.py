r"""Spectra that networks see instead of waveforms, and the way back."""

__all__ = ["MDCT", "LogMel", "Spectrum"]

import abc
import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ...common.configurable import Configurable


class Spectrum(Configurable, abc.ABC):
    r"""Abstract map of waveforms to pictures of time and frequency, and back.

    See Also:
        :class:`~autoencode.modalities.LogMel`, :class:`~autoencode.modalities.MDCT`
    """

    @abc.abstractmethod
    def forward(self, x: Tensor, rate: int) -> Tensor:
        r"""
        Arguments:
            x: Waveforms, with shape `(*, n)`.
            rate: Their samples per second.

        Returns:
            Their spectra, with shape `(*, frames, bins)`.
        """

    @abc.abstractmethod
    def inverse(self, c: Tensor, rate: int, n: int) -> Tensor:
        r"""
        Arguments:
            c: Spectra, with shape `(*, frames, bins)`.
            rate: The samples per second.
            n: The number of samples.

        Returns:
            Their waveforms, with shape `(*, n)`.
        """

    def loud(self, c: Tensor, variance: Tensor) -> Tensor:
        r"""Returns spectra with the mean power of Gaussian spectra; by default their means.

        Arguments:
            c: Their means, with shape `(*, frames, bins)`.
            variance: The variance of each number, with a shape that broadcasts to that of `c`.
        """
        return c


class MDCT(Spectrum):
    r"""Modified discrete cosine transform, companded.

    .. math:: X_{tk} = \sqrt{\tfrac{2}{M}} \sum_{n=0}^{2M-1} \sin \Big( \tfrac{\pi}{2M}
        (n + \tfrac{1}{2}) \Big) \, x_{tM + n} \cos \Big( \tfrac{\pi}{M}
        (n + \tfrac{1 + M}{2}) (k + \tfrac{1}{2}) \Big), \qquad
        c_{tk} = \mathrm{sign}(X_{tk}) \, |X_{tk}|^p

    Frames overlap by half, and their aliases cancel. The transform is orthogonal, and has as many
    numbers as there are samples (and one frame more). The waveform therefore comes back exactly,
    with its phase. With a power :math:`p < 1`, quiet parts count more in a likelihood with one
    scale.

    References:
        | Analysis/Synthesis Filter Bank Design Based on Time Domain Aliasing Cancellation
          (Princen & Bradley, 1986)
        | https://doi.org/10.1109/TASSP.1986.1164954

    Arguments:
        n_bins: The number :math:`M` of frequencies, and of samples between frames.
        power: The power :math:`p > 0`; one leaves the transform as it is.

    See Also:
        :class:`~autoencode.modalities.LogMel`, :class:`~autoencode.modalities.Sounds`

    Example:
        >>> x = torch.randn(3, 1000, dtype=torch.float64)
        >>> mdct = MDCT(n_bins=64)
        >>> mdct.forward(x, 8000).shape
        torch.Size([3, 17, 64])
        >>> torch.allclose(mdct.inverse(mdct.forward(x, 8000), 8000, 1000), x)
        True
    """

    def __init__(self, n_bins: int = 256, power: float = 0.5) -> None:
        self.n_bins = n_bins
        self.power = power

    def forward(self, x: Tensor, rate: int) -> Tensor:
        M, n = self.n_bins, x.shape[-1]
        frames = F.pad(x, (M, M + -n % M)).unfold(-1, 2 * M, M)

        X = frames @ _cosines(M, x.dtype, x.device)
        return X.sign() * X.abs() ** self.power

    def inverse(self, c: Tensor, rate: int, n: int) -> Tensor:
        M = self.n_bins
        X = c.sign() * c.abs() ** (1 / self.power)
        frames = X @ _cosines(M, c.dtype, c.device).mT

        x = frames[..., 1:, :M] + frames[..., :-1, M:]
        return x.flatten(start_dim=-2)[..., :n]


class LogMel(Spectrum):
    r"""Logarithm of the magnitudes in bands of the mel scale.

    .. math:: c_{tb} = \log \Big( \epsilon + \sum_k F_{bk} \, |S_{tk}| \Big), \qquad
        m(f) = 2595 \, \log_{10} \Big( 1 + \frac{f}{700} \Big)

    :math:`S` is the short-time Fourier transform with a Hann window, in which a sine of full scale
    has magnitude one. :math:`F` are triangles whose centers are evenly spaced in :math:`m`. The
    spectrum is smooth where a sound is smooth. It is far smaller than the waveform, but has no
    phase. The way back looks for a waveform with these magnitudes, by the fast algorithm of
    Griffin and Lim. This waveform sounds like the original, but is a different curve.

    References:
        | Signal Estimation from Modified Short-Time Fourier Transform (Griffin & Lim, 1984)
        | https://doi.org/10.1109/TASSP.1984.1164317

        | A Fast Griffin-Lim Algorithm (Perraudin et al., 2013)
        | https://doi.org/10.1109/WASPAA.2013.6701851

    Arguments:
        n_mels: The number of bands.
        hop_seconds: The seconds between two frames. Windows are four times as long.
        n_iter: The steps of the way back.
        floor: The magnitude :math:`\epsilon > 0` below which differences count little.

    See Also:
        :class:`~autoencode.modalities.MDCT`, :class:`~autoencode.modalities.Sounds`

    Example:
        >>> x = torch.sin(torch.arange(8000) * 2 * torch.pi * 440 / 8000)
        >>> mel = LogMel(n_mels=40)
        >>> mel.forward(x, 8000).shape
        torch.Size([63, 40])
        >>> mel.inverse(mel.forward(x, 8000), 8000, 8000).shape
        torch.Size([8000])
    """

    def __init__(
        self, n_mels: int = 80, hop_seconds: float = 0.016, n_iter: int = 32, floor: float = 1e-3
    ) -> None:
        self.n_mels = n_mels
        self.hop_seconds = hop_seconds
        if not 0 <= n_iter <= _MOST_ITERATIONS:
            raise ValueError(f"expected n_iter from 0 to {_MOST_ITERATIONS:,}, got {n_iter!r}.")

        self.n_iter = n_iter
        self.floor = floor

    def forward(self, x: Tensor, rate: int) -> Tensor:
        S = _stft(x.reshape(-1, x.shape[-1]), self._samples(rate)).abs()
        c = (self.floor + S.mT @ _triangles(self.n_mels, S.shape[1], rate).to(S)).log()

        return c.reshape(*x.shape[:-1], *c.shape[1:])

    def inverse(self, c: Tensor, rate: int, n: int) -> Tensor:
        hop = self._samples(rate)
        mel = (c.exp() - self.floor).clamp(min=0).reshape(-1, *c.shape[-2:])
        S = _spread(mel, _triangles(self.n_mels, 2 * hop + 1, rate).to(mel)).mT

        # The same phase for all sounds, so that a sound does not depend on the others
        generator = torch.Generator().manual_seed(0)
        phase = 2 * math.pi * torch.rand(S.shape[1:], generator=generator).to(S)
        tilted = torch.polar(torch.ones_like(S), phase.expand_as(S))
        before = torch.zeros_like(tilted)

        for _ in range(self.n_iter):
            projected = _stft(_istft(S * _unit(tilted), hop, n), hop)
            tilted, before = projected + _MOMENTUM * (projected - before), projected

        return _istft(S * _unit(tilted), hop, n).reshape(*c.shape[:-2], n)

    def loud(self, c: Tensor, variance: Tensor) -> Tensor:
        r"""Returns spectra with the mean power of Gaussian spectra; their mean has less power.

        .. math:: c' = \log (\epsilon + \sqrt{E (e^{C} - \epsilon)^2}), \qquad
            E e^{C} = e^{c + v / 2}, \quad E e^{2 C} = e^{2 c + 2 v}

        Arguments:
            c: Their means, with shape `(*, frames, bins)`.
            variance: The variance :math:`v` of each number, which broadcasts to that shape.

        Example:
            >>> LogMel().loud(torch.zeros(1), torch.tensor([0.5])).shape
            torch.Size([1])
        """
        c, v = c.double(), variance.double()
        power = (2 * c + 2 * v).exp() - 2 * self.floor * (c + v / 2).exp() + self.floor**2

        return (self.floor + power.clamp(min=0).sqrt()).log().to(variance.dtype)

    def _samples(self, rate: int) -> int:
        return max(1, round(self.hop_seconds * rate))


_MOMENTUM = 0.99
_STEPS = 30
_MOST_ITERATIONS = 10_000  # a file of another person may name any number


def _stft(x: Tensor, hop: int) -> Tensor:
    window = torch.hann_window(4 * hop, dtype=x.dtype, device=x.device)
    S = torch.stft(x, 4 * hop, hop, window=window, pad_mode="constant", return_complex=True)

    return S * (2 / window.sum())


def _istft(S: Tensor, hop: int, n: int) -> Tensor:
    window = torch.hann_window(4 * hop, dtype=S.real.dtype, device=S.device)
    return torch.istft(S * (window.sum() / 2), 4 * hop, hop, window=window, length=n)


def _spread(mel: Tensor, triangles: Tensor) -> Tensor:
    r"""Returns magnitudes of all frequencies, none negative, with the given ones in bands."""
    # Multiplicative steps stay positive, where a pseudo-inverse has ripples
    S = mel @ triangles.mT
    target = S

    for _ in range(_STEPS):
        S = S * target / (S @ triangles @ triangles.mT).clamp(min=1e-12)

    return S


def _unit(S: Tensor) -> Tensor:
    return S / S.abs().clamp(min=1e-12)


@lru_cache(maxsize=8)
def _cosines(M: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    n = torch.arange(2 * M, dtype=torch.float64)[:, None] + 0.5
    k = torch.arange(M, dtype=torch.float64) + 0.5
    basis = (math.pi / M * (n + M / 2) * k).cos() * (math.pi / (2 * M) * n).sin()

    return (math.sqrt(2 / M) * basis).to(device, dtype)


@lru_cache(maxsize=8)
def _triangles(bands: int, bins: int, rate: int) -> Tensor:
    r"""Returns the bands' weights, with shape `(bins, bands)`."""
    highest = 2595 * math.log10(1 + rate / 2 / 700)
    mel = torch.linspace(0, highest, bands + 2, dtype=torch.float64)
    edges = 700 * (10 ** (mel / 2595) - 1)

    # Narrow triangles of low frequencies must reach at least one bin
    width = rate / 2 / (bins - 1)
    below = (edges[1:-1] - edges[:-2]).clamp(min=width)
    above = (edges[2:] - edges[1:-1]).clamp(min=width)
    f = torch.linspace(0, rate / 2, bins, dtype=torch.float64)[:, None] - edges[1:-1]

    return torch.minimum(1 + f / below, 1 - f / above).clamp(min=0)
