r"""Choices of a few points that stand for all, or that are worth a look."""

__all__ = ["boundary", "density", "k_center"]

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def k_center(points: Tensor, n: int) -> Tensor:
    r"""Points that cover all others, each the farthest from those before it.

    .. math:: i_{t + 1} = \arg\max_i \min_{s \leq t} \| x_i - x_{i_s} \|

    The first is the nearest to the mean. The largest distance of any point to the nearest
    chosen one is at most twice what the best choice of `n` points reaches.

    References:
        | Clustering to Minimize the Maximum Intercluster Distance (Gonzalez, 1985)
        | https://doi.org/10.1016/0304-3975(85)90224-5

    Arguments:
        points: The points, with shape `(N, D)`.
        n: How many to choose.

    Returns:
        Their indices in the order of choice, with shape `(n,)`.

    Example:
        >>> k_center(torch.tensor([[0.0], [1.0], [2.0], [9.0]]), n=2)
        tensor([2, 3])
    """
    x = points.to(torch.promote_types(points.dtype, torch.float32))
    farness = torch.full((len(x),), torch.inf, dtype=x.dtype, device=x.device)
    i = (x - x.mean(dim=0)).square().sum(dim=1).argmin()
    chosen = []

    for _ in range(n):
        chosen.append(i)
        farness = torch.minimum(farness, (x - x[i]).square().sum(dim=1))
        farness[i] = -1  # a chosen point is not chosen again, also among duplicates
        i = farness.argmax()

    return torch.stack(chosen)


def density(indices: Tensor, distances: Tensor, n: int) -> Tensor:
    r"""Points from the densest places, no two of which are neighbors while that can be.

    Density falls with the distance of the k-th neighbor. Points are taken in this order,
    and their neighbors put off until no others are left.

    Arguments:
        indices: The neighbors of each point, with shape `(N, k)`.
        distances: Their distances in ascending order, with shape `(N, k)`.
        n: How many to choose.

    Returns:
        Their indices in the order of choice, with shape `(n,)`.

    Example:
        >>> from autoencode.manifold.neighbors.exact import knn
        >>> distances, indices = knn(torch.tensor([[0.0], [1.0], [1.1], [9.0], [9.5]]), k=1)
        >>> density(indices, distances, n=2)
        tensor([1, 3])
    """
    neighbors = indices.cpu().numpy()
    chosen, beside_chosen = np.zeros((2, len(neighbors)), dtype=bool)
    first: list[int] = []
    later: list[int] = []

    for i in distances[:, -1].argsort(stable=True).tolist():
        if len(first) == n:
            break

        if beside_chosen[i] or chosen[neighbors[i]].any():
            later.append(i)
            continue

        first.append(i)
        chosen[i] = beside_chosen[neighbors[i]] = True

    return torch.tensor((first + later)[:n], device=indices.device)


def boundary(points: Tensor, indices: Tensor, n: int) -> Tensor:
    r"""Points whose neighbors all lie to one side, as at the border of the data.

    .. math:: \Big\| \frac{1}{k} \sum_j \frac{x_j - x_i}{\| x_j - x_i \|} \Big\|

    The norm of the mean direction to the neighbors is near 0 amidst them, and at most 1.

    Arguments:
        points: The points, with shape `(N, D)`.
        indices: The neighbors of each, with shape `(N, k)`.
        n: How many to choose.

    Returns:
        The indices of those with the largest norm, in descending order, with shape `(n,)`.

    Example:
        >>> from autoencode.manifold.neighbors.exact import knn
        >>> points = torch.arange(9.0)[:, None]
        >>> boundary(points, knn(points, k=2)[1], n=2)
        tensor([0, 8])
    """
    parts = zip(points.double().split(2**12), indices.split(2**12))
    norms = [_mean_direction(points, x, j).norm(dim=1) for x, j in parts]
    return torch.cat(norms).argsort(descending=True, stable=True)[:n]


def _mean_direction(points: Tensor, x: Tensor, j: Tensor) -> Tensor:
    return F.normalize(points[j].double() - x[:, None], dim=2, eps=1e-300).mean(dim=1)
