r"""Linear autoencoders in closed form.

Among all pairs of affine maps, :math:`z = W_1 x + b_1` and :math:`r = W_2 z + b_2`, those of
least squared error span the principal components (Baldi & Hornik, 1989). With a corrupted
input it is a regression of reduced rank; with a context, both on what is left of the data
when the context has explained its part.
"""

__all__ = ["LeastSquares"]

import time
from collections.abc import Iterator

import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from torch import Tensor

from ..data import Examples
from ..distributions import SharedGaussian
from ..models.latent import Conditional
from ..networks.mlp import MLP
from .state import Epoch
from .step import Step, evaluate
from .trainer import Hints, Solver

_LARGEST_COVARIANCE = 4096  # features: beyond that, randomized components
_EXACT = 1024  # examples or features, up to which components are exact all the same


class LeastSquares(Solver):
    r"""Solves an affine autoencoder by least squares, in one step.

    .. math:: \min_{W_1, W_2, b_1, b_2} \sum_i \| x_i - W_2 (W_1 x_i + b_1) - b_2 \|^2

    The code is that of principal component analysis: centered, uncorrelated, the component
    of largest variance first.

    References:
        | Neural networks and principal component analysis: Learning from examples without
          local minima (Baldi & Hornik, 1989)
        | https://doi.org/10.1016/0893-6080(89)90014-2

        | Reduced-rank regression for the multivariate linear model (Izenman, 1975)
        | https://doi.org/10.1016/0047-259X(75)90042-1

    A corruption is drawn once for each example, and the regression fitted to these pairs.

    Arguments:
        validation_fraction: The share of the examples that is held out and only scored.

    Raises:
        ValueError: If the networks are not affine.

    Example:
        >>> LeastSquares()
        LeastSquares(validation_fraction=None)
    """

    closed_form = True

    def __init__(self, validation_fraction: float | None = None) -> None:
        self.validation_fraction = validation_fraction

    def held_out(self, n: int) -> int:
        return min(round(n * (self.validation_fraction or 0)), n - 1)

    def choose(self, n: int, hints: Hints = Hints()) -> "LeastSquares":
        return self.clone()

    def train(
        self,
        step: Step,
        data: Examples,
        validation: Examples | None = None,
        resume: bool = False,
    ) -> Iterator[Epoch]:
        start = time.perf_counter()
        encoder, decoder = _affine(step.model.encoder), _affine(step.model.decoder)
        chosen = data[:]  # all in memory, where the solvers want them

        with torch.no_grad():
            u, x = (t.double().flatten(start_dim=1) for t in step.inputs(chosen))
            c = chosen.context

            x_given, u_given = _regression(c, x), _regression(c, u)
            x_left, u_left = x - x_given(c), u - u_given(c)

            onto = None if torch.equal(u, x) else _Projection(u_left)
            fitted = onto(x_left) if onto else x_left
            V = _components(fitted, encoder.out_features)
            W = onto.slope(x_left @ V.T) if onto else V

            # z = W (u - u(c)) and r = V' z + x(c)
            _assign(encoder, W, -W @ u_given.slope, -W @ u_given.offset)
            _assign(decoder, V.T, x_given.slope, x_given.offset)

            family = step.model.decoder.family

            if isinstance(family, SharedGaussian):
                residual = x_left - fitted @ V.T @ V
                family.set_scale(residual.square().mean().sqrt())

        yield Epoch(
            1,
            evaluate(step, data.split()),
            {} if validation is None else evaluate(step, validation.split()),
            {},
            time.perf_counter() - start,
        )


class _regression:
    r"""The least-squares fit of `y` on a context, or the mean of `y` where there is none."""

    def __init__(self, c: Tensor | None, y: Tensor) -> None:
        if c is None:
            self.slope, self.offset = y.new_zeros(y.shape[1], 0), y.mean(dim=0)
        else:
            fit = LinearRegression().fit(c.double(), y)
            self.slope, self.offset = torch.from_numpy(fit.coef_), torch.from_numpy(fit.intercept_)

    def __call__(self, c: Tensor | None) -> Tensor:
        return self.offset if c is None else c.double() @ self.slope.T + self.offset


class _Projection:
    r"""Least squares on wide rows, without a matrix of features by features.

    .. math:: u = P S Q^\top, \qquad \hat{y} = P P^\top y, \qquad M = Q S^{-1} P^\top y
    """

    def __init__(self, u: Tensor) -> None:
        P, S, Q = torch.linalg.svd(u, full_matrices=False)
        kept = S > S.max() * max(u.shape) * torch.finfo(u.dtype).eps
        self.P, self.S, self.Q = P[:, kept], S[kept], Q[kept]

    def __call__(self, y: Tensor) -> Tensor:
        r"""Returns what the rows tell of some numbers with shape `(N, K)`."""
        return self.P @ (self.P.T @ y)

    def slope(self, y: Tensor) -> Tensor:
        r"""Returns the transpose of :math:`M`, with shape `(K, D)`, for them."""
        return (y.T @ self.P / self.S) @ self.Q


def _components(x: Tensor, n: int) -> Tensor:
    r"""Returns the first principal directions as rows, with shape `(n, D)`; zeros if fewer."""
    N, D = x.shape
    V = x.new_zeros(n, D)

    # A covariance is larger than the data where there are more features than examples
    small = min(N, D) <= _EXACT
    solver = "covariance_eigh" if D <= min(N, _LARGEST_COVARIANCE) else "full" if small else "auto"

    if N > 1 and x.any():  # of one example, or of a constant, nothing is left
        pca = PCA(min(n, N, D), svd_solver=solver, random_state=0).fit(x)
        V[: len(pca.components_)] = torch.from_numpy(pca.components_)

    return V


def _affine(conditional: Conditional) -> torch.nn.Linear:
    network = conditional.network

    match list(network.layers) if isinstance(network, MLP) and not network.skip else []:
        case [torch.nn.Linear() as layer]:
            return layer

    raise ValueError("LeastSquares() solves affine networks only: use layers=() and no skip.")


def _assign(linear: torch.nn.Linear, W: Tensor, W_context: Tensor, b: Tensor) -> None:
    linear.weight[: len(W)] = torch.cat([W, W_context], dim=1)
    linear.bias[: len(b)] = b
