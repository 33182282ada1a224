r"""Linear autoencoders in closed form.

Among all pairs of affine maps, :math:`z = W_1 x + b_1` and :math:`r = W_2 z + b_2`, those of
least squared error span the principal components (Baldi & Hornik, 1989). With a corrupted
input, the solution is a reduced-rank regression. With a context, both are fitted to the residuals
of a regression on the context.
"""

__all__ = ["LeastSquares"]

import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from torch import Tensor

from ...common.checks.types import check_agreement
from ...data import Examples
from ...distributions import SharedGaussian
from ...models.latent import Conditional
from ...networks.mlp import MLP
from ..solver import Solver, TrainingDefaults
from ..state import EpochRecord
from ..step import TrainStep, evaluate

_MAX_COVARIANCE_FEATURES = 4096
_MAX_EXACT_SIZE = 1024  # examples or features; randomized methods beyond


class LeastSquares(Solver):
    r"""Least-squares solution of an affine autoencoder, in one step.

    .. math:: \min_{W_1, W_2, b_1, b_2} \sum_i \| x_i - W_2 (W_1 x_i + b_1) - b_2 \|^2

    The code is that of principal component analysis: centered and uncorrelated, with components
    in order of decreasing variance.

    References:
        | Neural networks and principal component analysis: Learning from examples without
          local minima (Baldi & Hornik, 1989)
        | https://doi.org/10.1016/0893-6080(89)90014-2

        | Reduced-rank regression for the multivariate linear model (Izenman, 1975)
        | https://doi.org/10.1016/0047-259X(75)90042-1

    A corruption is drawn once for each example, and the regression is fitted to these pairs.

    Arguments:
        validation_fraction: The fraction of the examples held out to compute a validation loss.

    Raises:
        ValueError: If the networks are not affine.

    See Also:
        :class:`~autoencode.Training`, :func:`~autoencode.recipes.linear`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(60, 3)) * [3.0, 2.0, 1.0]
        >>> model = ae.Autoencoder(2, network=ae.networks.FullyConnected(()))
        >>> model = model.set_params(training=LeastSquares())
        >>> Z = model.fit(X).transform(X)
        >>> bool(abs(np.corrcoef(Z.T)[0, 1]) < 1e-3)
        True
    """

    closed_form = True

    explained_variance_: NDArray[np.float64]
    total_variance_: float

    def __init__(self, validation_fraction: float | None = None) -> None:
        self.validation_fraction = validation_fraction

    def check_learned(self) -> None:
        variances = self.explained_variance_
        finite = variances.ndim == 1 and bool(np.isfinite(variances).all())
        check_agreement(type(self), explained_variance_=finite and bool((variances >= 0).all()))

    def n_held_out(self, n: int) -> int:
        return min(round(n * (self.validation_fraction or 0)), n - 1)

    def resolve(self, n: int, defaults: TrainingDefaults = TrainingDefaults()) -> "LeastSquares":
        return self.clone()

    def train(
        self,
        train_step: TrainStep,
        data: Examples,
        validation: Examples | None = None,
        resume: bool = False,
        trained: bool = False,
    ) -> Iterator[EpochRecord]:
        start = time.perf_counter()
        encoder, decoder = _affine(train_step.model.encoder), _affine(train_step.model.decoder)
        examples = data[:]  # in memory, as the solvers need them

        with torch.no_grad():
            u, x = (t.double().flatten(start_dim=1) for t in train_step.inputs(examples))
            c = examples.context

            w = examples.weights
            x_mean, u_mean = _Regression(c, x, w), _Regression(c, u, w)
            x_residual, u_residual = x - x_mean(c), u - u_mean(c)

            if w is not None:  # the weighted problem is that of scaled rows
                root = w.double().sqrt()[:, None]
                x_residual, u_residual = root * x_residual, root * u_residual

            projection = None if torch.equal(u, x) else _Projection(u_residual)
            fitted = projection(x_residual) if projection else x_residual
            V = _components(fitted, encoder.out_features, centered=w is None)
            W = projection.slope(x_residual @ V.T) if projection else V

            # z = W (u - E[u | c]) and r = V' z + E[x | c]
            _assign(encoder, W, -W @ u_mean.slope, -W @ u_mean.offset)
            _assign(decoder, V.T, x_mean.slope, x_mean.offset)

            family = train_step.model.decoder.family

            if projection is None:
                dof = max(1, len(x) - 1)
                scores = x_residual @ V.T
                self.explained_variance_ = (scores.square().sum(dim=0) / dof).numpy()
                self.total_variance_ = float(x_residual.square().sum() / dof)

            if isinstance(family, SharedGaussian):
                residual = x_residual - fitted @ V.T @ V
                family.set_scale(residual.square().mean().sqrt())

        yield EpochRecord(
            1,
            evaluate(train_step, data.split()),
            {} if validation is None else evaluate(train_step, validation.split()),
            {},
            time.perf_counter() - start,
        )


class _Regression:
    r"""Least-squares regression of `y` on a context, or the mean of `y` without a context."""

    def __init__(self, c: Tensor | None, y: Tensor, w: Tensor | None = None) -> None:
        if c is None:
            mean = y.mean(dim=0) if w is None else w.double() @ y / w.double().sum()
            self.slope, self.offset = y.new_zeros(y.shape[1], 0), mean
        else:
            fit = LinearRegression().fit(c.double(), y, w)
            self.slope, self.offset = torch.from_numpy(fit.coef_), torch.from_numpy(fit.intercept_)

    def __call__(self, c: Tensor | None) -> Tensor:
        return self.offset if c is None else c.double() @ self.slope.T + self.offset


class _Projection:
    r"""Least squares for wide rows, without a features-by-features matrix.

    .. math:: u = P S Q^\top, \qquad \hat{y} = P P^\top y, \qquad M = Q S^{-1} P^\top y
    """

    def __init__(self, u: Tensor) -> None:
        P, S, Q = torch.linalg.svd(u, full_matrices=False)
        kept = S > S.max() * max(u.shape) * torch.finfo(u.dtype).eps
        self.P, self.S, self.Q = P[:, kept], S[kept], Q[kept]

    def __call__(self, y: Tensor) -> Tensor:
        r"""Returns the fitted values of `y`, with shape `(N, K)`."""
        return self.P @ (self.P.T @ y)

    def slope(self, y: Tensor) -> Tensor:
        r"""Returns the transpose of :math:`M`, with shape `(K, D)`."""
        return (y.T @ self.P / self.S) @ self.Q


def _components(x: Tensor, n: int, centered: bool = True) -> Tensor:
    r"""Returns the first principal directions as rows, `(n, D)`; missing ones are zero."""
    N, D = x.shape
    V = x.new_zeros(n, D)

    if not centered:  # rows that were scaled by weights have another mean than zero
        rows = torch.linalg.svd(x, full_matrices=False)[2][:n]
        signs = rows.gather(1, rows.abs().argmax(dim=1, keepdim=True)).sign()
        V[: len(rows)] = rows * signs
        return V

    # With more features than examples, the covariance is larger than the data
    small = min(N, D) <= _MAX_EXACT_SIZE
    solver = (
        "covariance_eigh" if D <= min(N, _MAX_COVARIANCE_FEATURES) else "full" if small else "auto"
    )

    if N > 1 and x.any():  # one example or a constant has no components
        pca = PCA(min(n, N, D), svd_solver=solver, random_state=0).fit(x)
        V[: len(pca.components_)] = torch.from_numpy(pca.components_)

    return V


def _affine(conditional: Conditional) -> torch.nn.Linear:
    network = conditional.network

    match list(network.layers) if isinstance(network, MLP) and not network.skip else []:
        case [torch.nn.Linear() as layer]:
            return layer

    raise ValueError(
        "LeastSquares() needs affine networks: use layers=() and skip=False. It does not support"
        " examples with missing numbers: use autoencode.autoencoder() for these."
    )


def _assign(linear: torch.nn.Linear, W: Tensor, W_context: Tensor, b: Tensor) -> None:
    linear.weight[: len(W)] = torch.cat([W, W_context], dim=1)
    linear.bias[: len(b)] = b
