r"""Blocks of squared distances from fast matrix products, with bounds on their rounding."""

from ...common.batching import budget_bytes

__all__ = ["DistanceBlocks"]

import math

import torch
from torch import Tensor

COLUMNS = 2**16  # number of columns of a block
ENTRIES_IN_CACHE = 2**23  # number of entries of a block on a processor
GROUP_SIZE = 32  # number of columns that a first pass reduces to their minimum


class DistanceBlocks:
    r"""Matrix of squared distances of queries and points, minus the queries' squared norms.

    .. math:: \| x - y \|^2 - \| x \|^2 = \| y \|^2 - 2 x^\top y

    Points are centered, and scaled by a power of two, so that nothing overflows. :meth:`upper` and
    :meth:`lower` bound the rounding errors.

    Arguments:
        points: The points :math:`y`, with shape `(N, D)`.
        x: The queries, with shape `(M, D)`.
        dtype: The precision of the products.
        self_indices: The index of each query among the points, with shape `(M,)`. The distance
            of a query to itself counts as infinite.

    Example:
        >>> blocks = DistanceBlocks(torch.eye(2), torch.eye(2), torch.float32)
        >>> blocks.block(torch.arange(2), 0)[:, :2] + blocks.norms[:, None]
        tensor([[0., 2.],
                [2., 0.]], dtype=torch.float64)
    """

    def __init__(
        self,
        points: Tensor,
        x: Tensor,
        dtype: torch.dtype,
        self_indices: Tensor | None = None,
    ) -> None:
        # The bounds hold only if products are not computed in lower precision
        if torch.get_float32_matmul_precision() != "highest":
            dtype = torch.float64

        (N, D), M = points.shape, len(x)
        precise = torch.promote_types(torch.promote_types(points.dtype, x.dtype), dtype)
        precise = precise if points.is_floating_point() else torch.float64
        mean = points.mean(dim=0, dtype=torch.float64).to(precise)
        y, x = points.to(precise) - mean, x.to(precise) - mean

        largest = max(float(a.abs().max()) if a.numel() else 0.0 for a in (y, x))
        self.unit = 2.0 ** math.frexp(largest)[1] if largest > 0 else 1.0
        y, x = (y / self.unit).to(dtype), (x / self.unit).to(dtype)

        self.n_blocks = -(-N // COLUMNS)
        self.columns = -(-N // (self.n_blocks * GROUP_SIZE)) * GROUP_SIZE
        entries = budget_bytes() // 16
        entries = entries if y.is_cuda else min(ENTRIES_IN_CACHE, entries)
        self.n_rows = max(1, min(entries // self.columns, M))
        self.self_indices = self_indices

        # Norms are a row of the product; padding of the last block is infinitely far
        self.y = y.new_zeros(D + 1, self.n_blocks * self.columns)
        self.y[:D, :N] = -2 * y.T
        self.y[D] = torch.inf
        self.y[D, :N] = _squared_norms(y)
        self.x = torch.cat([x, x.new_ones(M, 1)], dim=1)
        self.norms = _squared_norms(x)
        self.buffer = y.new_empty(self.n_rows, self.columns)

        # Errors of sums of D + 1 products, of centering, and of rounding to the precision
        self.rounding = 2 * (D + 8) * torch.finfo(dtype).eps
        self.tiny = 2 * (D + 8) * torch.finfo(dtype).tiny

    def block(self, rows: Tensor, t: int) -> Tensor:
        r"""Rows of the `t`-th block, in memory that the next call overwrites."""
        start = t * self.columns
        out = self.buffer[: len(rows)]
        torch.mm(self.x[rows], self.y[:, start : start + self.columns], out=out)

        if self.self_indices is not None:
            at = self.self_indices[rows] - start
            here = ((at >= 0) & (at < self.columns)).nonzero().flatten()
            out[here, at[here]] = torch.inf

        return out

    def upper(self, rows: Tensor, distances: Tensor) -> Tensor:
        r"""Upper bound on entries of points within these distances of their queries.

        Such a point has a norm of at most :math:`\| x \| + d`, which bounds its rounding.
        """
        entry, rounding = self._entry(rows, distances)
        return entry + rounding

    def lower(self, rows: Tensor, distances: Tensor) -> Tensor:
        r"""Lower bound on entries of points at these distances or farther."""
        entry, rounding = self._entry(rows, distances)
        return entry - rounding

    def smallest(self, block: Tensor, n: int) -> tuple[Tensor, Tensor]:
        r"""The `n` smallest entries of each row, and their columns within the block.

        They lie in the `n` groups of columns with the smallest minima.
        """
        groups = block.unflatten(1, (GROUP_SIZE, -1))
        n_groups = min(n, groups.shape[2])
        group = groups.amin(dim=1).topk(n_groups, dim=1, largest=False, sorted=False).indices

        members = groups.gather(2, group[:, None].expand(-1, GROUP_SIZE, -1)).flatten(start_dim=1)
        entries, at = members.topk(min(n, self.columns), dim=1, largest=False, sorted=False)
        return entries, at // n_groups * groups.shape[2] + group.gather(1, at % n_groups)

    def _entry(self, rows: Tensor, distances: Tensor) -> tuple[Tensor, Tensor]:
        d = distances.double() / self.unit
        norms = self.norms[rows].reshape(-1, *[1] * (d.ndim - 1))
        rounding = self.rounding * (norms.sqrt() + d).square() + self.tiny
        return d.square() - norms, rounding


def _squared_norms(x: Tensor) -> Tensor:
    return torch.cat([part.double().square().sum(dim=1) for part in x.split(2**14)])
