r"""Images as the input and output of exported models."""

__all__ = ["ExportedImages"]

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution

from ...common.arrays import tensor_of
from ..capabilities.exporting import Exportable, cast_tensor


class ExportedImages(Exportable):
    r"""Methods of :class:`~autoencode.modalities.Images` for exported models."""

    layout: str | None
    single_: bool
    dtype_: str
    range_: tuple[float, float]

    def as_input(self, X: NDArray) -> Tensor:
        return tensor_of(X)

    def load_input(self, x: Tensor) -> Tensor:
        x = x[..., None] if self.single_ and self.layout != "NCHW" else x
        return x if self.layout == "NCHW" else x.movedim(-1, 1)

    def output(self, p: Distribution) -> Tensor:
        low, high = self.range_
        x = (p.mean if self.layout == "NCHW" else p.mean.movedim(1, -1)).clamp(0, 1)
        x = x if np.dtype(self.dtype_).itemsize == 1 else x.double()
        x = x * (high - low) + low

        return cast_tensor(x[..., 0] if self.single_ else x, self.dtype_)

    def grain(self) -> Tensor:
        return torch.tensor(float(np.dtype(self.dtype_).kind != "f"))

    def draw_input(self, n: int) -> Any:
        return self.restore(torch.rand(n, *self.shape_))  # type: ignore[attr-defined]
