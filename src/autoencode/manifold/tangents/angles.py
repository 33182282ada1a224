r"""Principal angles between the tangent planes at both ends of edges."""

__all__ = ["MAX_SAFE_ANGLE", "principal_angles"]

import math
import tempfile
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from ...common.batching import budget_bytes
from .local_bases import LocalBases, project_onto

MAX_SAFE_ANGLE = 30.0  # degrees; interpolation beyond it leaves the manifold
_CACHE_BYTES = 2**24


def principal_angles(
    bases: Iterable[LocalBases], indices: Tensor, x: Tensor, n_components: int
) -> Tensor:
    r"""Largest principal angle between the planes at both ends of each edge, in degrees.

    .. math:: \theta = \arcsin \| (I - P_i) B_j^\top \|_2

    Arguments:
        bases: The planes at all examples, in batches.
        indices: The other ends of the edges of each example, with shape `(N, k)`.
        x: The rows of the examples, with shape `(N, D)`.
        n_components: The dimension of the planes.

    Returns:
        The angles from 0 to 90, with shape `(N, k)`.

    Example:
        >>> basis = torch.tensor([[[1.0, 0.0]], [[0.8, 0.6]]])
        >>> bases = [LocalBases(slice(0, 2), torch.zeros(2, 2), basis, torch.ones(2, 1))]
        >>> principal_angles(bases, torch.tensor([[1], [0]]), torch.zeros(2, 2), 1)
        tensor([[36.8699],
                [36.8699]])
    """
    (N, D), k, r = x.shape, indices.shape[1], n_components
    basis = _allocate((N, r, D), x.dtype)

    for local in bases:
        basis[local.rows] = local.basis.cpu()

    angles = []
    rows = max(1, _CACHE_BYTES // (3 * k * r * D * x.element_size()))

    for B, j in zip(basis.split(rows), indices.cpu().split(rows)):
        across = basis[j].to(x).flatten(start_dim=1, end_dim=2)
        across = (across - project_onto(across, B.to(x))).unflatten(1, (k, r))
        squares = torch.linalg.eigvalsh((across @ across.mT).double())[..., -1]
        angles.append(squares.clamp(0, 1).sqrt().asin().rad2deg().to(x))

    return torch.cat(angles)


def _allocate(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    r"""Returns an empty tensor in memory, or in a temporary file if it does not fit."""
    x = torch.empty(0, dtype=dtype)

    if math.prod(shape) * x.element_size() <= budget_bytes():
        return torch.empty(shape, dtype=dtype)

    with tempfile.TemporaryFile() as file:
        return torch.from_numpy(np.memmap(file, x.numpy().dtype, "w+", shape=shape))
