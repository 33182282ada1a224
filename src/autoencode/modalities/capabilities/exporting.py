r"""Scaling as operations on tensors, for models that run without this library."""

__all__ = ["Exportable", "cast_tensor", "native_type"]

import abc
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution

from ...common.arrays import native_dtype


class Exportable(abc.ABC):
    r"""Kinds whose scaling can be part of an exported model. Their models can `export`.

    An exported model takes one tensor, with the numbers of the examples in the user's units, and
    returns one. `load_input` and `output` consist of operations on tensors alone.
    """

    shape_: tuple[int, ...]

    @abc.abstractmethod
    def as_input(self, X: Any) -> Tensor:
        r"""Returns the user's examples as the input of an exported model, with shape `(N, *)`."""

    @abc.abstractmethod
    def load_input(self, x: Tensor) -> Tensor:
        r"""Returns the input of an exported model as `load` returns the same examples."""

    @abc.abstractmethod
    def output(self, p: Distribution) -> Tensor:
        r"""Returns the means of :math:`p(x \mid z)` as `as_input` returns the same examples.

        Arguments:
            p: The decoder's distributions, with batch shape `(B,)`.
        """

    def has_no_output(self) -> str | None:
        r"""Returns why `output` does not exist, with a remedy, or `None` if it exists."""
        return None

    def grain(self) -> Tensor:
        r"""Returns the distance of neighboring outputs, which rounding may exchange.

        Its shape broadcasts to that of `output`. It is zero for numbers of any size.
        """
        return torch.zeros(())

    def draw_input(self, n: int) -> Any:
        r"""Returns random examples in the user's form, to try an exported model on."""
        return self.restore(torch.randn(n, *self.shape_))  # type: ignore[attr-defined]

    def preparation(self) -> dict[str, Any] | None:
        r"""Returns how other programs prepare the input, ready for JSON.

        It is `None` if the numbers of the examples are the input.
        """
        return None


def native_type(dtype: str) -> torch.dtype:
    r"""The type of torch for the numbers of an array.

    Arguments:
        dtype: The name of the type of numpy.

    Example:
        >>> native_type("uint8"), native_type(">f8")
        (torch.uint8, torch.float64)
    """
    return torch.from_numpy(np.zeros(0, native_dtype(np.dtype(dtype)))).dtype


def cast_tensor(x: Tensor, dtype: str) -> Tensor:
    r"""Floats as another type, as :func:`~autoencode.common.arrays.cast` casts arrays.

    Arguments:
        x: The numbers.
        dtype: The name of the type of numpy.

    Example:
        >>> cast_tensor(torch.tensor([-3.0, 1.7, 300.0]), "uint8")
        tensor([  0,   2, 255], dtype=torch.uint8)
    """
    kind = np.dtype(dtype).kind

    if kind == "f":
        return x.to(native_type(dtype))

    if kind == "b":
        return x > 0.5

    low, high = float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)
    high = float(np.nextafter(high, 0)) if high > np.iinfo(dtype).max else high

    return x.round().clamp(low, high).to(native_type(dtype))
