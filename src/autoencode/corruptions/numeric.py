r"""Corruptions of numbers, and the abstract one."""

__all__ = ["Blur", "Corruption", "GaussianNoise", "Masking", "SaltAndPepper", "Sequence", "parts"]

import abc
import math
from collections.abc import Callable

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from ..common.configurable import Configurable


class Corruption(Configurable, nn.Module, abc.ABC):
    r"""Abstract corruption."""

    @abc.abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        r"""
        Arguments:
            x: The data, with shape `(B, *)`.

        Returns:
            A damaged copy, with the same shape.
        """


class GaussianNoise(Corruption):
    r"""Adds Gaussian noise, :math:`\tilde x = x + \sigma \epsilon` with
    :math:`\epsilon \sim \mathcal{N}(0, I)`.

    Arguments:
        scale: The standard deviation :math:`\sigma \geq 0`, in units of the scaled data.

    Example:
        >>> GaussianNoise(0.1)(torch.zeros(10000)).std().round(decimals=2)
        tensor(0.1000)
    """

    def __init__(self, scale: float = 0.3) -> None:
        super().__init__()

        self.scale = _at_least_zero("scale", scale)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * torch.randn_like(x)


class Masking(Corruption):
    r"""Sets elements to zero, each with probability :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    Example:
        >>> Masking(0.25)(torch.ones(10000)).unique()
        tensor([0., 1.])
    """

    def __init__(self, fraction: float = 0.25) -> None:
        super().__init__()

        self.fraction = _a_fraction(fraction)

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.rand_like(x) >= self.fraction)


class SaltAndPepper(Corruption):
    r"""Sets elements to the least or the greatest value of the batch, each with probability
    :math:`\nu / 2`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]` of being hit.

    Example:
        >>> SaltAndPepper(0.5)(torch.tensor([[0.0, 0.5, 1.0]])).shape
        torch.Size([1, 3])
    """

    def __init__(self, fraction: float = 0.1) -> None:
        super().__init__()

        self.fraction = _a_fraction(fraction)

    def forward(self, x: Tensor) -> Tensor:
        u = torch.rand_like(x)
        x_min, x_max = x.aminmax()

        x = torch.where(u < self.fraction, x_max, x)
        return torch.where(u < self.fraction / 2, x_min, x)


class Blur(Corruption):
    r"""Convolves images with a Gaussian of standard deviation :math:`\sigma`.

    The border is continued by its own pixels.

    Arguments:
        scale: The standard deviation :math:`\sigma \geq 0`, in pixels.

    Example:
        >>> Blur(1.0)(torch.ones(2, 3, 8, 8)).sub(1).abs().max() < 1e-6
        tensor(True)
    """

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()

        self.scale = _at_least_zero("scale", scale)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4:
            raise ValueError(
                f"Blur needs images, with shape (B, C, H, W), got {tuple(x.shape)}."
                " Use GaussianNoise() or Masking() for tables."
            )

        if self.scale == 0:
            return x

        radius = math.ceil(3 * self.scale)
        steps = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
        kernel = torch.softmax(-0.5 * (steps / self.scale).square(), dim=0)
        kernel = kernel.expand(x.shape[1], 1, 1, -1)

        x = F.pad(x, 4 * [radius], mode="replicate")
        x = F.conv2d(x, kernel, groups=x.shape[1])
        return F.conv2d(x, kernel.mT.reshape(*kernel.shape[:2], -1, 1), groups=x.shape[1])


class Sequence(Corruption):
    r"""Several corruptions, one after the other.

    Arguments:
        steps: Corruptions, or functions from tensor to tensor.

    Example:
        >>> Sequence([Blur(0.5), GaussianNoise(0.1), torch.relu])(torch.rand(2, 1, 8, 8)).shape
        torch.Size([2, 1, 8, 8])
    """

    def __init__(self, steps: list[Callable[[Tensor], Tensor]]) -> None:
        super().__init__()

        self.steps = steps

    def forward(self, x: Tensor) -> Tensor:
        for step in self.steps:
            x = step(x)

        return x


def parts(corruption: Callable[..., Tensor]) -> list[Callable[..., Tensor]]:
    r"""The corruptions that one consists of, in their order, however they are nested.

    Arguments:
        corruption: A corruption, or a function from tensor to tensor.

    Example:
        >>> parts(Sequence([Blur(0.5), Sequence([Masking(0.1), GaussianNoise(0.2)])]))
        [Blur(scale=0.5), Masking(fraction=0.1), GaussianNoise(scale=0.2)]
    """
    if not isinstance(corruption, Sequence):
        return [corruption]

    return [part for step in corruption.steps for part in parts(step)]


def _at_least_zero(name: str, value: float) -> float:
    if not value >= 0:
        raise ValueError(f"expected {name} >= 0, got {value}.")

    return value


def _a_fraction(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"expected a fraction between 0 and 1, got {value}.")

    return value
