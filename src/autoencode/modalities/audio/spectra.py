r"""Spectra that networks see instead of waveforms, and the way back."""

__all__ = ["MDCT", "Spectrum"]

import abc
import math
from functools import lru_cache
from typing import ClassVar

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

    inverts_by_tensors: ClassVar[bool] = False
    r"""True if `inverse` consists of operations on tensors alone, as exported models need."""

    def hop(self, rate: int) -> int:
        r"""Returns the number of samples between frames, for codes over time.

        Arguments:
            rate: The samples per second.

        Raises:
            ValueError: If the spectrum does not say.
        """
        raise ValueError(f"{self} does not say how many samples are between its frames.")

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

    inverts_by_tensors = True

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

    def hop(self, rate: int) -> int:
        return self.n_bins


@lru_cache(maxsize=8)
def _cosines(M: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    n = torch.arange(2 * M, dtype=torch.float64)[:, None] + 0.5
    k = torch.arange(M, dtype=torch.float64) + 0.5
    basis = (math.pi / M * (n + M / 2) * k).cos() * (math.pi / (2 * M) * n).sin()

    return (math.sqrt(2 / M) * basis).to(device, dtype)
