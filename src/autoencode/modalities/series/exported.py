r"""Windows of series as the input and output of exported models."""

__all__ = ["ExportedSeries"]

import abc
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution

from ..capabilities.exporting import Exportable, cast_tensor


class ExportedSeries(Exportable):
    r"""Methods of :class:`~autoencode.modalities.Series` for exported models.

    The windows of series have the type of the series of the fit, or of floats if there are gaps,
    which are NaN.
    """

    flat_: bool
    gaps_: bool
    dtype_: str
    loc_: tuple[float, ...]
    scale_: tuple[float, ...]

    @abc.abstractmethod
    def load(self, X: NDArray) -> Tensor: ...

    def as_input(self, X: Any) -> Tensor:
        return cast_tensor(self.load(X), self._type())

    def load_input(self, x: Tensor) -> Tensor:
        return x

    def output(self, p: Distribution) -> Tensor:
        moments = torch.tensor([self.loc_, self.scale_], dtype=torch.float64)
        loc, scale = moments[..., None]
        x = p.mean.double() * scale + loc

        return cast_tensor(x[:, 0] if self.flat_ else x.mT, self._type())

    def grain(self) -> Tensor:
        return torch.tensor(float(np.dtype(self._type()).kind != "f"))

    def _type(self) -> str:
        return str(np.result_type(self.dtype_, np.float32)) if self.gaps_ else self.dtype_
