r"""Log-mel spectra, and waveforms with given ones."""

__all__ = ["LogMel"]

import math
from functools import lru_cache

import torch
from torch import Tensor

from ...common.arrays import tensor_to_numpy
from .phases import integrate_phases
from .spectra import Spectrum
from .stft import griffin_lim, stft


class LogMel(Spectrum):
    r"""Logarithm of the magnitudes in bands of the mel scale.

    .. math:: c_{tb} = \log \Big( \epsilon + \sum_k F_{bk} \, |S_{tk}| \Big), \qquad
        m(f) = 2595 \, \log_{10} \Big( 1 + \frac{f}{700} \Big)

    :math:`S` is the short-time Fourier transform with a Hann window, in which a sine of full scale
    has magnitude one. :math:`F` are triangles whose centers are evenly spaced in :math:`m`. The
    spectrum is smooth where a sound is smooth. It is far smaller than the waveform, but has no
    phase. The way back looks for a waveform with these bands: it spreads bands over frequencies,
    integrates the phases that belong to these magnitudes, and improves both by the fast algorithm
    of Griffin and Lim. Each of its iterations keeps most of how the waveform distributes a band
    over its frequencies, and corrects the level of the band. The waveform sounds like the
    original, but is a different curve.

    References:
        | Signal Estimation from Modified Short-Time Fourier Transform (Griffin & Lim, 1984)
        | https://doi.org/10.1109/TASSP.1984.1164317

        | A Fast Griffin-Lim Algorithm (Perraudin et al., 2013)
        | https://doi.org/10.1109/WASPAA.2013.6701851

        | A Noniterative Method for Reconstruction of Phase From STFT Magnitude
          (Prusa, Balazs & Sondergaard, 2017)
        | https://doi.org/10.1109/TASLP.2017.2678166

    Arguments:
        n_mels: The number of bands.
        hop_seconds: The seconds between two frames. Windows are four times as long.
        n_iter: The iterations of the way back.
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
        self, n_mels: int = 80, hop_seconds: float = 0.016, n_iter: int = 16, floor: float = 1e-3
    ) -> None:
        self.n_mels = n_mels
        self.hop_seconds = hop_seconds
        if not 0 <= n_iter <= _MAX_ITERATIONS:
            raise ValueError(f"expected n_iter from 0 to {_MAX_ITERATIONS:,}, got {n_iter!r}.")

        self.n_iter = n_iter
        self.floor = floor

    def forward(self, x: Tensor, rate: int) -> Tensor:
        S = stft(x.reshape(-1, x.shape[-1]), self._samples(rate)).abs()
        c = (self.floor + S.mT @ _triangles(self.n_mels, S.shape[1], rate).to(S)).log()

        return c.reshape(*x.shape[:-1], *c.shape[1:])

    def inverse(self, c: Tensor, rate: int, n: int) -> Tensor:
        hop = self._samples(rate)
        triangles = _triangles(self.n_mels, 2 * hop + 1, rate).to(c)
        mel = (c.exp() - self.floor).clamp(min=0).reshape(-1, *c.shape[-2:])

        # One by one, as a tree of phases may depend on the last bits of a product of matrices
        parts = [_spread(bands, triangles).mT for bands in mel]
        phases = [torch.from_numpy(integrate_phases(tensor_to_numpy(A), hop)).to(c) for A in parts]
        start = torch.stack(parts)
        root = start.sqrt().sqrt()

        def correct(A: Tensor) -> Tensor:
            r"""Returns a geometric mean with a quarter of the smooth start."""
            # All of the waveform's magnitudes would make noise rough, none of them bands smooth
            half = _with_bands(A.mT, mel, triangles).mT.sqrt()
            return root * half * half.sqrt()

        S = torch.polar(start, torch.stack(phases))
        return griffin_lim(S, hop, n, self.n_iter, correct).reshape(*c.shape[:-2], n)

    def hop(self, rate: int) -> int:
        return self._samples(rate)

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


_GRADIENT_STEPS = 30
_TINY = 1e-12
_MAX_ITERATIONS = 10_000  # a file of another person may name any number


def _spread(mel: Tensor, triangles: Tensor) -> Tensor:
    r"""Returns non-negative magnitudes of all frequencies, with the given ones in bands."""
    # Multiplicative steps stay positive, where a pseudo-inverse has ripples
    S = mel @ triangles.mT
    target = S

    for _ in range(_GRADIENT_STEPS):
        S = S * target / (S @ triangles @ triangles.mT).clamp(min=_TINY)

    return S


def _with_bands(S: Tensor, mel: Tensor, triangles: Tensor) -> Tensor:
    r"""Returns magnitudes with nearly the given bands, distributed within them as they were."""
    ratio = mel / (S @ triangles).clamp(min=_TINY)
    return S * (ratio @ triangles.mT) / triangles.sum(dim=1).clamp(min=_TINY)


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
