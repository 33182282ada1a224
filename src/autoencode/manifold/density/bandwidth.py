r"""Bandwidth selection: the scale across the planes, by leave-one-out likelihood."""

__all__ = [
    "LeaveOneOut",
    "best_sigma",
    "leave_one_out_log_prob",
    "leave_one_out_updates",
    "next_principal_variance",
]

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .local_gaussians import NEGLIGIBLE_VARIANCE, LocalGaussians, gram_pca, log_gaussian

_MAX_HELD_OUT = 1000  # more examples hardly change sigma


class LeaveOneOut(NamedTuple):
    r"""Pairs of a held-out example and a Gaussian, with the Gaussian refitted without it.

    Example:
        >>> from autoencode.manifold.density.local_gaussians import fit_local_gaussians
        >>> x = torch.tensor([[0.0], [1.0], [3.0]]).double()
        >>> mixture, *fit = fit_local_gaussians(x, torch.zeros(3).double(), None, 1, 0)
        >>> pairs = leave_one_out_updates(mixture, torch.arange(3), *fit)
        >>> pairs.row, pairs.component  # each example is left out of its neighbor's Gaussian
        (tensor([1, 0, 1]), tensor([0, 1, 2]))
    """

    row: Tensor
    component: Tensor
    squares: Tensor
    u: Tensor
    spread: Tensor


def best_sigma(
    mixture: LocalGaussians, distances: Tensor, G: Tensor, random_state: np.random.RandomState
) -> float:
    r"""Scale that maximizes the leave-one-out likelihood of examples.

    Arguments:
        mixture: The mixture.
        distances: The distances to the neighbors, with shape `(n, K)`.
        G: The inner products of the offsets to the neighbors, with shape `(n, K, K)`.
        random_state: The generator that chooses up to 1,000 examples.

    Example:
        >>> from autoencode.manifold.density.local_gaussians import fit_local_gaussians
        >>> x = torch.randn(500, 2, dtype=torch.float64)
        >>> found = fit_local_gaussians(x, torch.full((500,), 1 / 500).log().double(), None, 5, 0)
        >>> 0.1 < best_sigma(*found, np.random.RandomState(0)) < 1
        True
    """
    n, D = mixture.centers.shape
    held_out = torch.from_numpy(random_state.permutation(n)[:_MAX_HELD_OUT]).to(G.device)
    updates = leave_one_out_updates(mixture, held_out, distances, G)

    scale = float(distances.square().mean(dim=1).median().div(D).sqrt().log())
    grid = torch.linspace(scale - 7, scale + 5, 13).to(G)

    for _ in range(3):  # grids with steps of 1, 1/5 and 1/25
        best = int(leave_one_out_log_prob(mixture, grid.exp(), held_out, updates).argmax())
        step = float(grid[1] - grid[0])
        chosen = float(grid[best])
        grid = chosen + torch.linspace(-step, step, 11).to(G)

    return math.exp(chosen)


def leave_one_out_updates(
    mixture: LocalGaussians, held_out: Tensor, distances: Tensor, G: Tensor
) -> LeaveOneOut:
    r"""Gaussians that change if an example is left out, because it is one of their neighbors.

    Arguments:
        mixture: The mixture.
        held_out: The examples to leave out, with shape `(m,)`.
        distances: The distances to the neighbors, with shape `(n, K)`.
        G: The inner products of the offsets to the neighbors, with shape `(n, K, K)`.

    Example:
        >>> from autoencode.manifold.density.local_gaussians import fit_local_gaussians
        >>> x = torch.randn(20, 3, dtype=torch.float64)
        >>> mixture, distances, G = fit_local_gaussians(x, x[:, 0], None, 5, 2)
        >>> leave_one_out_updates(mixture, torch.arange(20), distances, G).component.shape
        torch.Size([100])
    """
    (n, K), k = mixture.neighbors.shape, mixture.k
    row = held_out.new_full((n,), -1)
    row[held_out] = torch.arange(len(held_out)).to(held_out)

    of, at = (row[mixture.neighbors[:, :k]] >= 0).nonzero(as_tuple=True)
    rest = torch.arange(K - 1).to(at)
    rest = rest + (rest >= at[:, None])
    spread, A = gram_pca(
        G[of[:, None, None], rest[:, :, None], rest[:, None, :]], mixture.spread.shape[1]
    )
    u = (A.mT @ G[of[:, None], rest, at[:, None]][..., None])[..., 0]

    return LeaveOneOut(
        row[mixture.neighbors[of, at]], of, distances[of, at].square(), u.square(), spread
    )


def leave_one_out_log_prob(
    mixture: LocalGaussians, sigmas: Tensor, held_out: Tensor, updates: LeaveOneOut
) -> Tensor:
    r"""Mean leave-one-out log-likelihood of examples, for each sigma.

    Arguments:
        mixture: The mixture.
        sigmas: The scales across the planes to try, with shape `(S,)`.
        held_out: The examples to leave out, with shape `(m,)`.
        updates: The result of :func:`leave_one_out_updates` for these examples.

    Example:
        >>> from autoencode.manifold.density.local_gaussians import fit_local_gaussians
        >>> x = torch.randn(20, 3, dtype=torch.float64)
        >>> log_weights = torch.full((20,), 0.05).log().double()
        >>> mixture, *rest = fit_local_gaussians(x, log_weights, None, 5, 2)
        >>> held_out = torch.arange(20)
        >>> sigmas = torch.tensor([0.01, 1.0, 100.0], dtype=torch.float64)
        >>> updates = leave_one_out_updates(mixture, held_out, *rest)
        >>> int(leave_one_out_log_prob(mixture, sigmas, held_out, updates).argmax())
        1
    """
    x, D = mixture.centers[held_out], mixture.centers.shape[1]
    total = x.new_full((len(sigmas), len(x)), -math.inf)
    self_indices = torch.arange(len(x)).to(held_out)

    for i, squares, u in mixture.iter_offsets(x):
        mine = (held_out >= i[0]) & (held_out <= i[-1])
        theirs = (updates.component >= i[0]) & (updates.component <= i[-1])
        changed = LeaveOneOut(*(part[theirs] for part in updates))

        for s, sigma in enumerate(sigmas):
            v = sigma.square()
            ll = log_gaussian(squares, u, mixture.spread[i], v.expand(len(i)), D)
            ll[self_indices[mine], held_out[mine] - i[0]] = -math.inf
            ll[changed.row, changed.component - i[0]] = log_gaussian(
                changed.squares, changed.u, changed.spread, v.expand(len(changed.component)), D
            )
            total[s] = total[s].logaddexp((ll + mixture.log_weights[i]).logsumexp(dim=1))

    weights = mixture.log_weights[held_out].exp()
    return ((total - (-weights).log1p()) * weights).sum(dim=1) / weights.sum()


def next_principal_variance(mixture: LocalGaussians) -> Tensor:
    r"""Largest variance of the neighbors across the planes, or the smallest one along them.

    Arguments:
        mixture: The mixture.

    Returns:
        The variances, with shape `(n,)`.

    Example:
        >>> from autoencode.manifold.density.local_gaussians import fit_local_gaussians
        >>> x = torch.randn(20, 3, dtype=torch.float64)
        >>> next_principal_variance(fit_local_gaussians(x, x[:, 0], None, 5, 2)[0]).shape
        torch.Size([20])
    """
    variances = []

    for part in mixture.slices(len(mixture.centers)):
        i = torch.arange(len(mixture.centers))[part].to(mixture.neighbors.device)
        M = mixture.neighbor_offsets(i, projected=False)[:, : mixture.k]
        along = M @ mixture.planes(i).mT
        v = torch.linalg.eigvalsh(M @ M.mT - along @ along.mT)[:, -1:] / mixture.k
        v = torch.cat([v, mixture.spread[i]], dim=1)
        some = v > NEGLIGIBLE_VARIANCE * v.amax(dim=1, keepdim=True)
        variances.append(v[:, 0].where(some[:, 0], v.masked_fill(~some, math.inf).amin(dim=1)))

    return torch.cat(variances)
