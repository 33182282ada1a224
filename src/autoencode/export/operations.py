r"""Operations that ONNX lacks, by operations that it has."""

__all__ = ["SIMPLER"]

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten


def _searchsorted(
    ends: Tensor, x: Tensor, *, out_int32: bool = False, right: bool = False, **_: Any
) -> Tensor:
    r"""Returns the number of ends below each number."""
    below = ends[..., None, :] <= x[..., None] if right else ends[..., None, :] < x[..., None]
    return below.sum(dim=-1, dtype=torch.int32 if out_int32 else torch.int64)


def _running(x: Tensor, dim: int, join: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    r"""Returns joined numbers up to each position, by windows that double in length."""
    x = x.movedim(dim, -1)
    step = 1

    while step < x.shape[-1]:
        x = torch.cat([x[..., :step], join(x[..., step:], x[..., :-step])], dim=-1)
        step *= 2

    return x.movedim(-1, dim)


def _cummax(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    r"""Returns the largest numbers, and zeros for their places, which nothing uses."""
    x = _running(x, dim, torch.maximum)
    return x, torch.zeros_like(x, dtype=torch.int64)


def _cumprod(x: Tensor, dim: int, *, dtype: torch.dtype | None = None) -> Tensor:
    whole = torch.int64 if x.dtype == torch.bool else x.dtype
    return _running(x.to(dtype or whole), dim, torch.mul)


def _erf(x: Tensor) -> Tensor:
    r"""Returns the error function in single precision, as onnxruntime has no other."""
    return NotImplemented if x.dtype == torch.float32 else x.float().erf().to(x.dtype)


def _ndtr(x: Tensor) -> Tensor:
    r"""Returns the distribution function of the standard normal distribution."""
    return 0.5 + 0.5 * (x * math.sqrt(0.5)).float().erf().to(x.dtype)


SIMPLER: dict[Any, Callable] = {
    aten.searchsorted.Tensor: _searchsorted,
    aten.cummax.default: _cummax,
    aten.cumprod.default: _cumprod,
    aten.erf.default: _erf,
    aten.special_ndtr.default: _ndtr,
}
r"""Functions by the operations that they replace."""
