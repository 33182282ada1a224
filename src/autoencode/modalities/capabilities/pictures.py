r"""Pictures of examples, and images of any size."""

__all__ = ["Pictured", "Tiled", "to_images", "to_numeric"]

import abc
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from ...networks import Network
from ..base import Modality
from .sequences import Tokenized
from .tables import Tabular


class Pictured(abc.ABC):
    r"""Kinds whose examples have pictures."""

    @abc.abstractmethod
    def to_images(self, X: NDArray) -> NDArray:
        r"""Returns pictures of examples, with shape `(N, H, W, C)` and values from 0 to 1."""

    def to_numeric(self, X: Any) -> Any:
        r"""Returns examples as one array of numbers."""
        return X


class Tiled(abc.ABC):
    r"""Kinds whose examples may have any size. Results keep the size."""

    @abc.abstractmethod
    def in_own_size(
        self,
        X: NDArray,
        function: Callable[[Tensor], Tensor],
        receptive_radius: int | None = None,
        hidden: NDArray | None = None,
    ) -> NDArray:
        r"""Applies a function of scaled examples to one example of any size.

        Arguments:
            X: The example.
            function: Maps scaled examples with shape `(B, *shape_)` to examples of the same shape.
                A convolutional function maps examples of any size.
            receptive_radius: The radius of the receptive field in pixels; `None` if unlimited.
            hidden: Where pixels are NaN to the function, with shape `(H, W)`.
        """

    @abc.abstractmethod
    def enlarged(self, X: NDArray, factor: int | None = None) -> NDArray:
        r"""Returns examples with larger sides, in the same type.

        Arguments:
            X: The examples, all of one size.
            factor: The factor; by default the one that leads to the size of the fit, if any.
        """

    @abc.abstractmethod
    def scale_one(self, X: NDArray) -> Tensor:
        r"""Returns one example of any size as the networks see it, with shape `(C, H, W)`.

        Arguments:
            X: The example. Colors are averaged if the examples of the fit are gray.
        """

    @abc.abstractmethod
    def piecewise(
        self,
        x: Tensor,
        function: Callable[[Tensor], Tensor],
        receptive_radius: int | None = None,
        stride: int = 1,
    ) -> Tensor:
        r"""Applies a function to parts of a scaled example, and joins the results.

        Arguments:
            x: The scaled example.
            function: Maps scaled examples to results of their size, divided by the stride. The
                examples have shape `(B, *shape_)`, or any size if the function is convolutional.
            receptive_radius: The radius of the receptive field in pixels; `None` if unlimited.
            stride: The number of pixels on each side of a position of the result.
        """

    @abc.abstractmethod
    def denoiser(self) -> Network:
        r"""Returns the default architecture of denoising models, if the code size is open."""


def to_images(modality: Modality, X: NDArray) -> NDArray:
    r"""Pictures of examples, with shape `(N, H, W, C)` and values from 0 to 1.

    Arguments:
        modality: The kind of data.
        X: The examples.

    Raises:
        ValueError: If there are no pictures of this kind.
    """
    if not isinstance(modality, Pictured):
        raise ValueError(f"there are no pictures of {modality}.")

    return modality.to_images(X)


def to_numeric(modality: Modality, X: Any) -> Any:
    r"""Examples as one array of numbers, for pictures.

    Arguments:
        modality: The kind of data.
        X: The examples.

    Raises:
        ValueError: If the examples are token sequences.
    """
    if isinstance(modality, Tokenized):
        raise ValueError("texts have no pictures. Draw their codes with plots.codes(...).")

    return modality.to_numeric(X) if isinstance(modality, (Tabular, Pictured)) else X
