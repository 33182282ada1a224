r"""Waveforms as the input and output of exported models."""

__all__ = ["ExportedSounds"]

import abc
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution

from ..capabilities.exporting import Exportable
from .spectra import Spectrum


class ExportedSounds(Exportable):
    r"""Methods of :class:`~autoencode.modalities.Sounds` for exported models.

    Waveforms are floats in single precision from -1 to 1, of the rate and length of the fit.
    """

    rate: int
    channels: int
    samples_: int
    loc_: tuple[float, ...]
    scale_: float

    @property
    @abc.abstractmethod
    def _spectrum(self) -> Spectrum: ...

    @abc.abstractmethod
    def load(self, X: Any) -> Tensor: ...

    @abc.abstractmethod
    def _waves(self, x: Tensor) -> Tensor: ...

    def as_input(self, X: Any) -> Tensor:
        return self._in_layout(self._waves(self.load(X)))

    def load_input(self, x: Tensor) -> Tensor:
        return x

    def output(self, p: Distribution) -> Tensor:
        x = p.mean.double() * self.scale_ + torch.tensor(self.loc_, dtype=torch.float64)
        waves = self._spectrum.inverse(x.float(), self.rate, self.samples_)

        return self._in_layout(waves.clamp(-1, 1))

    def has_no_output(self) -> str | None:
        if self._spectrum.inverts_by_tensors:
            return None

        return (
            "the waveform of a log-mel spectrum is found by a search, which no graph of fixed"
            " operations holds. Use part='encoder' (command line: --part encoder), or fit with"
            " modality=ae.modalities.Sounds(spectrum=ae.modalities.MDCT())."
        )

    def draw_input(self, n: int) -> NDArray:
        shape = (n, self.samples_) if self.channels == 1 else (n, self.samples_, self.channels)
        return (0.2 * torch.randn(shape)).clamp(-1, 1).numpy()

    def _in_layout(self, waves: Tensor) -> Tensor:
        r"""Returns waves `(N, channels, samples)` in the layout of the user's arrays."""
        return waves[:, 0] if self.channels == 1 else waves.movedim(1, -1)
