r"""Discriminator of codes, the second player of adversarial objectives."""

__all__ = ["Discriminator"]

from collections.abc import Sequence
from itertools import pairwise

import torch.nn as nn
from torch import Tensor
from torch.func import functional_call


class Discriminator(nn.Module):
    r"""Multilayer perceptron that returns the logit of one of two classes.

    Arguments:
        features: The number of features of a code.
        layers: The widths of the hidden layers.

    Example:
        >>> import torch
        >>> Discriminator(2, (16,))(torch.zeros(5, 2)).shape
        torch.Size([5])
    """

    def __init__(self, features: int, layers: Sequence[int]) -> None:
        super().__init__()

        widths = [features, *layers]
        hidden = [m for n, k in pairwise(widths) for m in (nn.Linear(n, k), nn.GELU())]
        self.layers = nn.Sequential(*hidden, nn.Linear(widths[-1], 1))

    def forward(self, z: Tensor) -> Tensor:
        r"""Returns the logits of codes `(B, D)`, with shape `(B,)`."""
        return self.layers(z).squeeze(dim=-1)

    def frozen(self, z: Tensor) -> Tensor:
        r"""Returns the same logits, whose gradient reaches the codes and not the weights."""
        weights = {name: p.detach() for name, p in self.named_parameters()}
        return functional_call(self, weights, (z,))
