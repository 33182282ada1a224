r"""Scalar quantization to a fixed grid."""

__all__ = ["FiniteScalarQuantizer"]

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ...networks import Network
from ..base import Family
from .codebook import QuantizedPoint

_MARGIN = 1e-3  # keeps the outermost levels within reach of the hyperbolic tangent


class FiniteScalarQuantizer(Family):
    r"""Point masses at a fixed grid: each unit is rounded to one of a few levels.

    .. math:: z_j = \frac{1}{\lfloor L_j / 2 \rfloor} \, \mathrm{round} \Big(
        \tfrac{L_j - 1}{2} \tanh(\phi_j + s_j) - o_j \Big)

    The offset :math:`o_j` is :math:`\frac{1}{2}` for even :math:`L_j` and zero for odd ones, and
    the shift :math:`s_j` keeps :math:`\phi_j = 0` at :math:`z_j = 0`. There is no codebook to
    learn. A group has one unit for each entry of `levels`, and one index among
    :math:`\prod_j L_j`.

    References:
        | Finite Scalar Quantization: VQ-VAE Made Simple (Mentzer et al., 2024)
        | https://arxiv.org/abs/2309.15505

    Arguments:
        levels: The numbers of levels :math:`L_j \geq 3` of the units of a group.

    Raises:
        ValueError: If a unit has fewer than three levels, or the code size is not a multiple of
            the size of a group.

    See Also:
        :class:`~autoencode.distributions.VectorQuantizer`,
        :class:`~autoencode.distributions.ResidualQuantizer`

    Example:
        >>> family = FiniteScalarQuantizer(levels=(3, 3))
        >>> q = family(torch.tensor([[[-9.0], [0.1]]]))
        >>> q.mean, q.index
        (tensor([[-1.,  0.]]), tensor([[3]]))
    """

    n_params = 1
    has_density = False
    finite = True

    def __init__(self, levels: Sequence[int] = (8, 5, 5, 5)) -> None:
        super().__init__()

        if not levels or min(levels) < 3:
            raise ValueError(f"expected three levels or more for each unit, got {levels}.")

        self.levels = levels

    def build(self, network: Network | None, event: Sequence[int]) -> "FiniteScalarQuantizer":
        if event[0] % len(self.levels):
            raise ValueError(
                f"expected a code size that is a multiple of {len(self.levels)}, the length of"
                f" levels, got {event[0]}. Choose another latent_dim, or other levels."
            )

        return self

    def forward(self, phi: Tensor) -> QuantizedPoint:
        x = phi.squeeze(dim=-1)
        n = min(len(self.levels), x.shape[-1])
        L = torch.tensor(self.levels[:n]).to(x)
        half, offset = (L - 1) * (1 - _MARGIN) / 2, (1 - L % 2) / 2

        x = x.unflatten(-1, (-1, n))
        bounded = (x + (offset / half).atanh()).tanh() * half - offset
        level = bounded + (bounded.round() - bounded).detach()
        steps = (level.detach() + torch.div(L, 2, rounding_mode="floor")).long()
        strides = torch.tensor([1, *self.levels[: n - 1]], device=x.device).cumprod(dim=0)
        z = level / torch.div(L, 2, rounding_mode="floor")

        return QuantizedPoint(
            z.flatten(start_dim=-2),
            (steps * strides).sum(dim=-1),
            x.new_zeros(x.shape[:-2]),
            math.prod(self.levels[:n]),
        )

    def project(self, z: Tensor) -> Tensor:
        return self.values(self.indices(z), z.shape[-1]).to(z)

    def index_shape(self, D: int) -> tuple[int, int]:
        n = min(len(self.levels), D)
        return D // n, math.prod(self.levels[:n])

    def indices(self, z: Tensor) -> Tensor:
        n = min(len(self.levels), z.shape[-1])
        L = torch.tensor(self.levels[:n], device=z.device)
        steps = (z.unflatten(-1, (-1, n)) * (L // 2)).round().long() + L // 2
        strides = torch.tensor([1, *self.levels[: n - 1]], device=z.device).cumprod(dim=0)

        return (steps.clamp(min=0).minimum(L - 1) * strides).sum(dim=-1)

    def values(self, index: Tensor, D: int) -> Tensor:
        n = min(len(self.levels), D)
        L = torch.tensor(self.levels[:n], device=index.device)
        strides = torch.tensor([1, *self.levels[: n - 1]], device=index.device).cumprod(dim=0)
        steps = index[..., None] // strides % L

        return ((steps - L // 2) / (L // 2)).flatten(start_dim=-2)
