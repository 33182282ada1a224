r"""Vector quantization with a codebook for each group of units."""

__all__ = ["ProductQuantizer"]

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn as nn
from torch import Tensor

from ...networks import Network
from .codebook import Codebook, QuantizedPoint
from .grouping import LearnedEntries, entry_width, groups, straight_through


class ProductQuantizer(LearnedEntries):
    r"""Point masses at the nearest entries of several codebooks, one for each group of units.

    .. math:: z_g = e^{(g)}_{k_g}, \qquad k_g = \arg \min_k \| \phi_g - e^{(g)}_k \|

    A code of :math:`D` numbers consists of :math:`G = D / w` groups. With :math:`K` entries in
    each codebook there are :math:`K^G` codes. Unlike
    :class:`~autoencode.distributions.VectorQuantizer`, whose groups share one codebook, each group
    learns entries of its own. It needs :math:`G` times the memory, and helps if groups hold
    different kinds of information.

    References:
        | Product Quantization for Nearest Neighbor Search (Jégou et al., 2011)
        | https://doi.org/10.1109/TPAMI.2010.57

        | Neural Discrete Representation Learning (van den Oord et al., 2017), for the gradient
        | https://arxiv.org/abs/1711.00937

    Arguments:
        codebook_size: The number :math:`K` of entries of each codebook.
        codebook_dim: The number :math:`w` of features of an entry, a divisor of the size of the
            code; by default the largest one up to four.
        ema_decay: The decay of the moving averages that define the entries.

    Raises:
        ValueError: If an argument is out of its range, or `codebook_dim` does not divide the code.

    See Also:
        :class:`~autoencode.distributions.VectorQuantizer`,
        :class:`~autoencode.distributions.ResidualQuantizer`

    Example:
        >>> family = ProductQuantizer(codebook_size=16, codebook_dim=2).build(None, (6,)).train()
        >>> len(family.codebooks), family(torch.randn(5, 6, 1)).index.shape
        (3, torch.Size([5, 3]))
    """

    codebooks: nn.ModuleList

    def __init__(
        self, codebook_size: int = 64, codebook_dim: int | None = None, ema_decay: float = 0.99
    ) -> None:
        super().__init__(codebook_size, codebook_dim, ema_decay)

    def build(self, network: Network | None, event: Sequence[int]) -> "ProductQuantizer":
        width = entry_width(self.codebook_dim, event[0])
        books = (self.make_codebook(event[0]) for _ in range(event[0] // width))
        self.codebooks = nn.ModuleList(books)

        return self

    def forward(self, phi: Tensor) -> QuantizedPoint:
        x = groups(phi.squeeze(dim=-1), self._books()[0].width)
        rows = x.flatten(end_dim=-3)
        nearest = [book(rows[:, g]) for g, book in enumerate(self._books())]
        entries = torch.stack([e for e, _ in nearest], dim=1).reshape(x.shape)
        index = torch.stack([k for _, k in nearest], dim=1).reshape(x.shape[:-1])

        return straight_through(x, entries, index, self.codebook_size, len(nearest))

    def project(self, z: Tensor) -> Tensor:
        return self.values(self.indices(z), z.shape[-1])

    def index_shape(self, D: int) -> tuple[int, int]:
        return len(self.codebooks), self.codebook_size

    def indices(self, z: Tensor) -> Tensor:
        x = groups(z, self._books()[0].width)
        rows = x.flatten(end_dim=-3)
        nearest = [book.nearest(rows[:, g]) for g, book in enumerate(self._books())]

        return torch.stack(nearest, dim=1).reshape(x.shape[:-1])

    def values(self, index: Tensor, D: int) -> Tensor:
        entries = [b.entries[k] for b, k in zip(self._books(), index.unbind(dim=-1))]
        return torch.cat(entries, dim=-1)

    def _books(self) -> list[Codebook]:
        return cast(list[Codebook], [*self.codebooks])
