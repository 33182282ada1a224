r"""Vector quantization, in one stage or several."""

__all__ = ["ResidualQuantizer", "VectorQuantizer"]

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn as nn
from torch import Tensor

from ...common.checks.ranges import check_at_least
from ...networks import Network
from .codebook import Codebook, QuantizedPoint
from .grouping import LearnedEntries, groups, straight_through


class VectorQuantizer(LearnedEntries):
    r"""Point masses at the nearest entries of a learned codebook.

    .. math:: z_g = e_{k_g}, \qquad k_g = \arg \min_k \| \phi_g - e_k \|

    A code of :math:`D` numbers consists of :math:`G = D / w` groups, which share the codebook. The
    gradient of the code is passed to :math:`\phi` unchanged.

    References:
        | Neural Discrete Representation Learning (van den Oord et al., 2017)
        | https://arxiv.org/abs/1711.00937

    Arguments:
        codebook_size: The number of entries.
        codebook_dim: The number :math:`w` of features of an entry, a divisor of the size of the
            code; by default the largest one up to four.
        ema_decay: The decay of the moving averages that define the entries.

    Raises:
        ValueError: If an argument is out of its range, or `codebook_dim` does not divide the code.

    See Also:
        :class:`~autoencode.distributions.ProductQuantizer`,
        :class:`~autoencode.distributions.ResidualQuantizer`,
        :class:`~autoencode.distributions.FiniteScalarQuantizer`

    Example:
        >>> family = VectorQuantizer(codebook_size=16, codebook_dim=2).build(None, (6,)).train()
        >>> family(torch.randn(5, 6, 1)).index.shape
        torch.Size([5, 3])
    """

    codebook: Codebook

    def build(self, network: Network | None, event: Sequence[int]) -> "VectorQuantizer":
        self.codebook = self.make_codebook(event[0])
        return self

    def forward(self, phi: Tensor) -> QuantizedPoint:
        x = groups(phi.squeeze(dim=-1), self.codebook.width)
        entries, index = self.codebook(x.flatten(end_dim=-2))

        return straight_through(
            x, entries.reshape(x.shape), index.reshape(x.shape[:-1]), self.codebook_size
        )

    def project(self, z: Tensor) -> Tensor:
        return self.values(self.indices(z), z.shape[-1])

    def index_shape(self, D: int) -> tuple[int, int]:
        return D // self.codebook.width, self.codebook_size

    def indices(self, z: Tensor) -> Tensor:
        x = groups(z, self.codebook.width)
        return self.codebook.nearest(x.flatten(end_dim=-2)).reshape(x.shape[:-1])

    def values(self, index: Tensor, D: int) -> Tensor:
        return self.codebook.entries[index].flatten(start_dim=-2)


class ResidualQuantizer(LearnedEntries):
    r"""Point masses at sums of entries, each the nearest one to the residual of those before.

    .. math:: z = \sum_s e^{(s)}_{k_s}, \qquad
        k_s = \arg \min_k \Big\| \phi - \sum_{t < s} e^{(t)}_{k_t} - e^{(s)}_k \Big\|

    With :math:`S` stages of :math:`K` entries there are :math:`K^S` values for each group of
    units.

    References:
        | SoundStream: An End-to-End Neural Audio Codec (Zeghidour et al., 2021), section III.C
        | https://arxiv.org/abs/2107.03312

    Arguments:
        n_stages: The number :math:`S` of codebooks.
        codebook_size: The number :math:`K` of entries of each.
        codebook_dim: The number of features of an entry, a divisor of the size of the code; by
            default the largest one up to four.
        ema_decay: The decay of the moving averages that define the entries.

    Raises:
        ValueError: If an argument is out of its range, or `codebook_dim` does not divide the code.

    See Also:
        :class:`~autoencode.distributions.VectorQuantizer`,
        :class:`~autoencode.distributions.FiniteScalarQuantizer`

    Example:
        >>> family = ResidualQuantizer(n_stages=3, codebook_size=16, codebook_dim=2)
        >>> family = family.build(None, (6,)).train()
        >>> family(torch.randn(5, 6, 1)).index.shape
        torch.Size([5, 9])
    """

    codebooks: nn.ModuleList

    def __init__(
        self,
        n_stages: int = 4,
        codebook_size: int = 64,
        codebook_dim: int | None = None,
        ema_decay: float = 0.99,
    ) -> None:
        super().__init__(codebook_size, codebook_dim, ema_decay)

        check_at_least(1, n_stages=n_stages)
        self.n_stages = n_stages

    def build(self, network: Network | None, event: Sequence[int]) -> "ResidualQuantizer":
        books = (self.make_codebook(event[0]) for _ in range(self.n_stages))
        self.codebooks = nn.ModuleList(books)

        return self

    def forward(self, phi: Tensor) -> QuantizedPoint:
        x = groups(phi.squeeze(dim=-1), self._books()[0].width)
        left, indices = x.detach().flatten(end_dim=-2), []

        for codebook in self._books():
            entries, index = codebook(left)
            left = left - entries
            indices.append(index)

        index = torch.stack(indices, dim=-1).reshape(*x.shape[:-2], -1)
        entries = x.detach() - left.reshape(x.shape)
        return straight_through(x, entries, index, self.codebook_size, self.n_stages)

    def project(self, z: Tensor) -> Tensor:
        return self.values(self.indices(z), z.shape[-1])

    def index_shape(self, D: int) -> tuple[int, int]:
        return D // self._books()[0].width * self.n_stages, self.codebook_size

    def indices(self, z: Tensor) -> Tensor:
        r"""Returns the indices of codes, which may be others of almost the same sum."""
        x = groups(z, self._books()[0].width)
        left, found = x.flatten(end_dim=-2), []

        for codebook in self._books():
            found.append(codebook.nearest(left))
            left = left - codebook.entries[found[-1]]

        return torch.stack(found, dim=-1).reshape(*x.shape[:-2], -1)

    def values(self, index: Tensor, D: int) -> Tensor:
        stages = index.unflatten(-1, (-1, self.n_stages)).unbind(dim=-1)
        entries = [book.entries[k] for book, k in zip(self._books(), stages)]

        return torch.stack(entries).sum(dim=0).flatten(start_dim=-2)

    def _books(self) -> list[Codebook]:
        return cast(list[Codebook], [*self.codebooks])
