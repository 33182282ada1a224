r"""Abstract corruption, and the composition of several."""

__all__ = ["Compose", "Corruption", "flatten"]

import abc
from collections.abc import Callable

import torch.nn as nn
from torch import Tensor

from ..common.configurable import Configurable


class Corruption(Configurable, nn.Module, abc.ABC):
    r"""Abstract corruption: a stochastic map from clean to damaged data.

    See Also:
        :class:`~autoencode.corruptions.Compose`, :func:`~autoencode.recipes.denoising`
    """

    @abc.abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        r"""
        Arguments:
            x: The data, with shape `(B, *)`.

        Returns:
            A damaged copy, with the same shape.
        """


class Compose(Corruption):
    r"""Composition of corruptions, applied in order.

    Arguments:
        steps: Corruptions, or functions from tensor to tensor.

    See Also:
        :class:`~autoencode.corruptions.Corruption`

    Example:
        >>> import torch
        >>> from autoencode.corruptions import Blur, GaussianNoise
        >>> Compose([Blur(0.5), GaussianNoise(0.1), torch.relu])(torch.rand(2, 1, 8, 8)).shape
        torch.Size([2, 1, 8, 8])
    """

    def __init__(self, steps: list[Callable[[Tensor], Tensor]]) -> None:
        super().__init__()

        self.steps = steps

    def forward(self, x: Tensor) -> Tensor:
        for step in self.steps:
            x = step(x)

        return x


def flatten(corruption: Callable[..., Tensor]) -> list[Callable[..., Tensor]]:
    r"""Flattens nested compositions into a list of corruptions, in the order of application.

    Arguments:
        corruption: A corruption, or a function from tensor to tensor.

    Example:
        >>> from autoencode.corruptions import Blur, GaussianNoise, Masking
        >>> flatten(Compose([Blur(0.5), Compose([Masking(0.1), GaussianNoise(0.2)])]))
        [Blur(std=0.5), Masking(fraction=0.1), GaussianNoise(std=0.2)]
    """
    if not isinstance(corruption, Compose):
        return [corruption]

    return [part for step in corruption.steps for part in flatten(step)]
