r"""Affine networks whose decoder is a dictionary of atoms with unit norm."""

__all__ = ["Dictionary"]

import math
from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn.functional import linear, normalize

from .base import Network


class Dictionary(Network):
    r"""Affine encoder, and a decoder that adds up atoms of unit norm.

    .. math:: \phi = A x + a, \qquad \hat x = b + \sum_j z_j \, \frac{w_j}{\| w_j \|}

    A code with more units than an example has numbers needs a posterior that keeps few units
    active, such as :class:`~autoencode.distributions.TopK`. All atoms have the same norm. Units
    are therefore comparable, and a penalty on units cannot be evaded by small units with large
    atoms. There are no hidden layers.

    References:
        | Towards Monosemanticity: Decomposing Language Models With Dictionary Learning
          (Bricken et al., 2023)
        | https://transformer-circuits.pub/2023/monosemantic-features

    Arguments:
        expansion: The number of units for each number of an example, if `latent_dim` is left out.

    Raises:
        ValueError: If the expansion is not positive, or the likelihood has more than one raw
            parameter for each number.

    See Also:
        :func:`~autoencode.recipes.sparse`, :class:`~autoencode.networks.FullyConnected`

    Example:
        >>> decoder = Dictionary().decoder(8, (3,))
        >>> decoder.atoms.norm(dim=1).allclose(torch.ones(8))
        True
    """

    def __init__(self, expansion: float = 4.0) -> None:
        if not expansion > 0:
            raise ValueError(f"expected expansion > 0, got {expansion}.")

        self.expansion = expansion

    def code_size(self, shape: Sequence[int]) -> int:
        return math.ceil(self.expansion * math.prod(shape))

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        return _Analysis(math.prod(shape), features, context)

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        return _Synthesis(features, tuple(shape), context)


class _Analysis(nn.Module):
    r"""Affine map from examples and contexts to units."""

    def __init__(self, n_inputs: int, n_units: int, context: int) -> None:
        super().__init__()

        self.weight = nn.Parameter(normalize(torch.randn(n_units, n_inputs), dim=1))
        self.bias = nn.Parameter(torch.zeros(n_units))
        self.context = nn.Linear(context, n_units, bias=False) if context else None

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        z = linear(x.flatten(start_dim=1), self.weight, self.bias)
        return z if self.context is None else z + self.context(c)


class _Synthesis(nn.Module):
    r"""Sum of atoms, a bias and an affine map of the context."""

    def __init__(self, n_units: int, out_shape: tuple[int, ...], context: int) -> None:
        super().__init__()

        self.out_shape = out_shape
        self.directions = nn.Parameter(torch.randn(n_units, math.prod(out_shape)))
        self.bias = nn.Parameter(torch.zeros(math.prod(out_shape)))
        self.context = nn.Linear(context, len(self.bias), bias=False) if context else None

    @property
    def atoms(self) -> Tensor:
        r"""The atoms, with shape `(units, numbers)` and unit norms."""
        return normalize(self.directions, dim=1)

    @torch.no_grad()
    def tie(self, analysis: nn.Module) -> None:
        r"""Initializes the atoms with the rows of the encoder's matrix."""
        if isinstance(analysis, _Analysis) and analysis.weight.shape == self.directions.shape:
            self.directions.copy_(analysis.weight)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        y = z @ self.atoms + self.bias
        y = y if self.context is None else y + self.context(c)
        return y.unflatten(1, self.out_shape)
