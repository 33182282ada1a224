r"""The scale across the planes of a density, from what examples say of each other."""

__all__ = ["Folds", "best_sigma", "folds_of", "leave_one_out", "left_out_direction"]

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .local_gaussians import NULL, Mixture, log_gaussian, principal

_HELD_OUT = 1000  # examples whose likelihood decides on sigma


class Folds(NamedTuple):
    r"""Which example of those left out changes which Gaussian, and what becomes of it.

    Example:
        >>> Folds(*torch.zeros(5, 1)).row
        tensor([0.])
    """

    row: Tensor
    of: Tensor
    squares: Tensor
    u: Tensor
    spread: Tensor


def best_sigma(
    mixture: Mixture, distances: Tensor, G: Tensor, random_state: np.random.RandomState
) -> float:
    r"""The scale under which examples are most likely when each is left out in turn.

    Arguments:
        mixture: The mixture.
        distances: Those to the neighbors, with shape `(n, K)`.
        G: The products of the ways to them, with shape `(n, K, K)`.
        random_state: Chooses up to 1000 examples.

    Example:
        >>> from autoencode.manifold.density.local_gaussians import place
        >>> x = torch.randn(500, 2, dtype=torch.float64)
        >>> found = place(x, torch.full((500,), 1 / 500).log().double(), None, 5, 0)
        >>> 0.1 < best_sigma(*found, np.random.RandomState(0)) < 1
        True
    """
    n, D = mixture.centers.shape
    held = torch.from_numpy(random_state.permutation(n)[:_HELD_OUT]).to(G.device)
    folds = folds_of(mixture, held, distances, G)

    scale = float(distances.square().mean(dim=1).median().div(D).sqrt().log())
    grid = torch.linspace(scale - 7, scale + 5, 13).to(G)

    for _ in range(3):  # a step of 1, of 1/5, and of 1/25
        best = int(leave_one_out(mixture, grid.exp(), held, folds).argmax())
        step = float(grid[1] - grid[0])
        chosen = float(grid[best])
        grid = chosen + torch.linspace(-step, step, 11).to(G)

    return math.exp(chosen)


def folds_of(mixture: Mixture, held: Tensor, distances: Tensor, G: Tensor) -> Folds:
    r"""The Gaussians that change as an example is left out: it is their neighbor.

    Arguments:
        mixture: The mixture.
        held: The examples to leave out, with shape `(m,)`.
        distances: Those to the neighbors, with shape `(n, K)`.
        G: The products of the ways to them, with shape `(n, K, K)`.

    Example:
        >>> from autoencode.manifold.density.local_gaussians import place
        >>> x = torch.randn(20, 3, dtype=torch.float64)
        >>> mixture, distances, G = place(x, x[:, 0], None, 5, 2)
        >>> folds_of(mixture, torch.arange(20), distances, G).of.shape
        torch.Size([100])
    """
    (n, K), k = mixture.neighbors.shape, mixture.k
    row = held.new_full((n,), -1)
    row[held] = torch.arange(len(held)).to(held)

    of, at = (row[mixture.neighbors[:, :k]] >= 0).nonzero(as_tuple=True)
    rest = torch.arange(K - 1).to(at)
    rest = rest + (rest >= at[:, None])
    spread, A = principal(
        G[of[:, None, None], rest[:, :, None], rest[:, None, :]], mixture.spread.shape[1]
    )
    u = (A.mT @ G[of[:, None], rest, at[:, None]][..., None])[..., 0]

    return Folds(
        row[mixture.neighbors[of, at]], of, distances[of, at].square(), u.square(), spread
    )


def leave_one_out(mixture: Mixture, sigmas: Tensor, held: Tensor, folds: Folds) -> Tensor:
    r"""The mean log-likelihood of examples left out, for each sigma.

    Arguments:
        mixture: The mixture.
        sigmas: The scales across the planes to try, with shape `(S,)`.
        held: The examples to leave out, with shape `(m,)`.
        folds: What :func:`folds_of` returns for them.

    Example:
        >>> from autoencode.manifold.density.local_gaussians import place
        >>> x = torch.randn(20, 3, dtype=torch.float64)
        >>> mixture, *rest = place(x, torch.full((20,), 0.05).log().double(), None, 5, 2)
        >>> held = torch.arange(20)
        >>> sigmas = torch.tensor([0.01, 1.0, 100.0], dtype=torch.float64)
        >>> int(leave_one_out(mixture, sigmas, held, folds_of(mixture, held, *rest)).argmax())
        1
    """
    x, D = mixture.centers[held], mixture.centers.shape[1]
    total = x.new_full((len(sigmas), len(x)), -math.inf)
    own = torch.arange(len(x)).to(held)

    for i, squares, u in mixture.offsets(x):
        mine = (held >= i[0]) & (held <= i[-1])
        theirs = (folds.of >= i[0]) & (folds.of <= i[-1])
        changed = Folds(*(part[theirs] for part in folds))

        for s, sigma in enumerate(sigmas):
            v = sigma.square()
            ll = log_gaussian(squares, u, mixture.spread[i], v.expand(len(i)), D)
            ll[own[mine], held[mine] - i[0]] = -math.inf
            ll[changed.row, changed.of - i[0]] = log_gaussian(
                changed.squares, changed.u, changed.spread, v.expand(len(changed.of)), D
            )
            total[s] = total[s].logaddexp((ll + mixture.log_weights[i]).logsumexp(dim=1))

    weights = mixture.log_weights[held].exp()
    return ((total - (-weights).log1p()) * weights).sum(dim=1) / weights.sum()


def left_out_direction(mixture: Mixture) -> Tensor:
    r"""The largest variance of the neighbors across the planes, or the least along them.

    Arguments:
        mixture: The mixture.

    Returns:
        The variances, with shape `(n,)`.

    Example:
        >>> from autoencode.manifold.density.local_gaussians import place
        >>> x = torch.randn(20, 3, dtype=torch.float64)
        >>> left_out_direction(place(x, x[:, 0], None, 5, 2)[0]).shape
        torch.Size([20])
    """
    variances = []

    for part in mixture.parts(len(mixture.centers)):
        i = torch.arange(len(mixture.centers))[part].to(mixture.neighbors.device)
        M = mixture.ways(i, projected=False)[:, : mixture.k]
        along = M @ mixture.planes(i).mT
        v = torch.linalg.eigvalsh(M @ M.mT - along @ along.mT)[:, -1:] / mixture.k
        v = torch.cat([v, mixture.spread[i]], dim=1)
        some = v > NULL * v.amax(dim=1, keepdim=True)
        variances.append(v[:, 0].where(some[:, 0], v.masked_fill(~some, math.inf).amin(dim=1)))

    return torch.cat(variances)
