r"""Landmarks: a few points that represent all points, or the boundary."""

__all__ = ["boundary", "density", "k_center", "select_landmarks"]

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .graph import NeighborGraph


def select_landmarks(
    graph: NeighborGraph, n_landmarks: int, method: str = "kcenter"
) -> np.ndarray:
    r"""Selects points to inspect or to label.

    - *kcenter*: points that cover all others, each the farthest from those before it;
    - *density*: points in the densest regions that are not neighbors of each other;
    - *boundary*: points whose neighbors all lie on one side.

    Arguments:
        graph: A fitted graph.
        n_landmarks: The number of points.
        method: `"kcenter"`, `"density"` or `"boundary"`.

    Returns:
        The indices of the points in the order of selection, with shape `(n_landmarks,)`.

    Raises:
        ValueError: If there are fewer than `n_landmarks` points, or the method is unknown.

    See Also:
        :func:`~autoencode.manifold.label_spreading`, :func:`~autoencode.manifold.find_duplicates`

    Example:
        >>> select_landmarks(NeighborGraph(n_neighbors=2).fit(np.arange(9.0)[:, None]), 3)
        array([4, 0, 8])
    """
    check_is_fitted(graph)

    if not 1 <= n_landmarks <= len(graph.points_):
        raise ValueError(
            f"expected n_landmarks from 1 to {len(graph.points_)}, got {n_landmarks}."
        )

    indices, distances = graph.neighbor_tensors()

    if method == "kcenter":
        chosen = k_center(graph.points_, n_landmarks)
    elif method == "density":
        chosen = density(indices, distances, n_landmarks)
    elif method == "boundary":
        chosen = boundary(graph.points_, indices, n_landmarks)
    else:
        raise ValueError(f"expected method 'kcenter', 'density' or 'boundary', got {method!r}.")

    return chosen.cpu().numpy()


def k_center(points: Tensor, n: int) -> Tensor:
    r"""Greedy k-center: each point is the farthest from those selected before it.

    .. math:: i_{t + 1} = \arg\max_i \min_{s \leq t} \| x_i - x_{i_s} \|

    The first point is the one nearest to the mean. The covering radius, the largest distance of
    any point to its nearest center, is at most twice that of the best `n` centers.

    References:
        | Clustering to Minimize the Maximum Intercluster Distance (Gonzalez, 1985)
        | https://doi.org/10.1016/0304-3975(85)90224-5

    Arguments:
        points: The points, with shape `(N, D)`.
        n: The number of points.

    Returns:
        The indices in the order of selection, with shape `(n,)`.

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
        farness[i] = -1  # never selected again, even among duplicates
        i = farness.argmax()

    return torch.stack(chosen)


def density(indices: Tensor, distances: Tensor, n: int) -> Tensor:
    r"""Points in the densest regions, avoiding neighbors of each other.

    The density is ranked by the distance to the k-th neighbor. Points are selected in this
    order. Neighbors of selected points are deferred until no other points are left.

    Arguments:
        indices: The neighbors of each point, with shape `(N, k)`.
        distances: The distances to them in ascending order, with shape `(N, k)`.
        n: The number of points.

    Returns:
        The indices in the order of selection, with shape `(n,)`.

    Example:
        >>> from autoencode.manifold.neighbors.exact import knn
        >>> points = torch.tensor([[0.0], [1.0], [1.1], [9.0], [9.5]])
        >>> distances, indices = knn(points, n_neighbors=1)
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
    r"""Points whose neighbors all lie on one side, as at the boundary of the data.

    .. math:: \Big\| \frac{1}{k} \sum_j \frac{x_j - x_i}{\| x_j - x_i \|} \Big\|

    This norm of the mean direction to the neighbors is near 0 in the interior, and at most 1.

    Arguments:
        points: The points, with shape `(N, D)`.
        indices: The neighbors of each point, with shape `(N, k)`.
        n: The number of points.

    Returns:
        The indices of the points with the largest norms, in descending order, with shape `(n,)`.

    Example:
        >>> from autoencode.manifold.neighbors.exact import knn
        >>> points = torch.arange(9.0)[:, None]
        >>> boundary(points, knn(points, n_neighbors=2)[1], n=2)
        tensor([0, 8])
    """
    parts = zip(points.double().split(2**12), indices.split(2**12))
    norms = [_mean_direction(points, x, j).norm(dim=1) for x, j in parts]
    return torch.cat(norms).argsort(descending=True, stable=True)[:n]


def _mean_direction(points: Tensor, x: Tensor, j: Tensor) -> Tensor:
    return F.normalize(points[j].double() - x[:, None], dim=2, eps=1e-300).mean(dim=1)
