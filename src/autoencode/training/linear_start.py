r"""A start of the training at the best linear model.

Gradients learn an affine map slowly where data are wide. Networks with a linear skip connection
therefore begin at the solution of the linear problem: at principal components, where codes
have no distribution; at factor analysis with its exact posterior, where they have one. The
first bound of a variational autoencoder is then the log-likelihood of the linear model.
"""

__all__ = ["LinearStart", "linear_start"]

import math
from collections.abc import Callable
from typing import Protocol, cast

import torch
from scipy.stats import t as student
from torch import Tensor, nn

from ..data import Examples
from ..distributions import DiagonalGaussian, FixedGaussian, Gaussian, SharedGaussian
from .factor_analysis import (
    factor_analysis,
    factors_of_known_noise,
    principal_components,
    probabilistic_pca,
)
from .step import TrainStep, losses

_EXAMPLES, _NUMBERS = 4096, 2**23  # at most, that the linear model is fitted to
_INPUTS = 1024  # numbers of an example, up to which a corruption is undone by regression
_PAIRS = 2**21  # numbers, at most, that this regression sees
_SMALLEST = 1e-5  # standard deviation, of the largest, that single precision can tell
_DRAWS = 512  # codes, at least, by which a start and what became of it are compared
_NOISE = 0.03  # standard deviation, at least, that a training begins with
_CONFIDENCE = 0.84  # that of one standard error, where examples are many
_VARIED = 1000  # examples, at least, where variants of few are taken besides, but at most 16 each
_PENALTIES = (1e4, 1e3, 1e2, 1e1, 1e0, 1e-1, 1e-2)


class _SkipConnected(Protocol):
    r"""A network whose output is that of its last layer and an affine map of its input."""

    last: nn.Module
    skip: nn.Linear


class LinearStart:
    r"""The linear model that a training begins with.

    .. math:: \mathbb{E}[z \mid x] = A (x - b), \qquad \mathbb{E}[x \mid z] = W z + b

    Under a context, `b` is a ridge regression on it. The layers beside the skip connections
    end in zeros.

    References:
        | Neural networks and principal component analysis: Learning from examples without
          local minima (Baldi & Hornik, 1989), for codes without a distribution
        | https://doi.org/10.1016/0893-6080(89)90014-2

        | Don't Blame the ELBO! A Linear VAE Perspective on Posterior Collapse (Lucas et al.,
          2019), for the others
        | https://arxiv.org/abs/1911.02469

    Arguments:
        step: The model, and how examples are scaled.

    Example:
        >>> LinearStart(step).set(examples)  # doctest: +SKIP
        'factor analysis with 4 factors'
    """

    def __init__(self, step: TrainStep) -> None:
        self.step = step
        self.encoder = cast(_SkipConnected, step.model.encoder.network)
        self.decoder = cast(_SkipConnected, step.model.decoder.network)
        self.first: Tensor | None = None
        self.noise: Tensor

    @torch.no_grad()
    def set(self, data: Examples, least: float = 0.0) -> str:
        r"""Fits the linear model, and gives its maps to the networks.

        Arguments:
            data: The examples, with targets of shape `(N, *)`; no more than 4,096 are looked at.
            least: The smallest standard deviation of a noise that is learned.

        Returns:
            The linear model in words.
        """
        for network in (self.encoder, self.decoder):
            for parameter in (*network.last.parameters(), *network.skip.parameters()):
                parameter.zero_()

        self.step.eval()
        few = min(len(data), _EXAMPLES, max(1, _NUMBERS // data.target[:1].numel()))
        some = data[torch.linspace(0, len(data) - 1, few).long()]
        x = _rows(self.step.normalize(some.target))
        b = _Regression(some.context, x)

        has_density = isinstance(self.step.model.posterior, Gaussian)
        return (self._set_factors if has_density else self._set_components)(some, x, b, least)

    def begin(self, data: Examples, held_out: Examples | None, seed: int) -> str:
        r"""Sets the start, and remembers the losses of held-out examples under it.

        Arguments:
            data: The examples to train on.
            held_out: Those to judge by, if any.
            seed: Seeds codes and corruptions.

        Returns:
            The linear model in words.
        """
        words = self.set(data)
        self.first = self._losses(held_out.distinct(), seed) if held_out else None

        # Where the linear model is exact, the first steps would cost thousands of its deviations
        if (self.noise < _NOISE).any():
            self.set(data, _NOISE)

        return words

    def is_beaten(self, held_out: Examples, seed: int) -> bool:
        r"""Whether held-out losses are lower than at the start by more than a standard error.

        Few examples to judge by leave much to chance, and the linear model is the safer guess. No
        single example, of whatever loss, makes a standard error that hides the others.
        """
        gain = cast(Tensor, self.first) - self._losses(held_out.distinct(), seed)

        if len(gain) < 2:
            return False

        most = 3 * gain.abs().median()
        usual = gain.clamp(-most, most)

        needed = student.ppf(_CONFIDENCE, len(gain) - 1) * usual.std() / len(gain) ** 0.5

        return bool(gain.mean() > 0 and usual.mean() > needed)

    def _losses(self, held_out: Examples, seed: int) -> Tensor:
        return losses(self.step, held_out, seed, draws=-(-_DRAWS // len(held_out)))

    def _set_factors(self, some: Examples, x: Tensor, b: "_Regression", least: float) -> str:
        residuals, family = b.residuals(), self.step.model.likelihood
        D, posterior = self.step.model.encoder.event[0], cast(Gaussian, self.step.model.posterior)

        if isinstance(family, FixedGaussian):
            noise = residuals.new_full(residuals.shape[1:], family.scale**2)
            found, name = factors_of_known_noise(residuals, D, noise), "probabilistic PCA"
        elif isinstance(family, DiagonalGaussian):
            found, name = factor_analysis(residuals, D), "factor analysis"
        else:
            found, name = probabilistic_pca(residuals, D), "probabilistic PCA"

        k = len(found.precision)

        if least > 0 and not isinstance(family, FixedGaussian):
            noise = found.noise.clamp(min=least**2)
            found = factors_of_known_noise(residuals, k, noise)

        # What others have chosen holds for the variants, too, which are not independent
        if self.step.augment is not None:
            found = factors_of_known_noise(self._varied(some, b), k, found.noise)

        self._set_maps(found.encoder, b, found.loadings, b, found.noise.sqrt())

        # Further units follow the prior
        scale = torch.ones(D, dtype=x.dtype)
        scale[:k] = found.precision.rsqrt()
        self.encoder.skip.bias[D : 2 * D] = posterior.raw_scale(scale)

        return f"{name} with {k} factor{'s' * (k != 1)}"

    def _set_components(self, some: Examples, x: Tensor, b: "_Regression", least: float) -> str:
        left = x - b(some.context)
        M, b_input, seen = None, b, left

        # A corruption is undone as well as a linear map can
        if x.shape[1] <= _INPUTS and len(x) > 1:
            u = _rows(self.step.inputs(some)[0])

            if not torch.equal(u, x):
                b_input = _Regression(some.context, u)
                u = u - b_input(some.context)
                few = slice(0, max(1, _PAIRS // x.shape[1]))
                regression = _Regression(u[few], left[few])
                M, seen = regression.slope, regression(u)

        if M is None and self.step.augment is not None:
            seen = left = self._varied(some, b)

        V, variance = principal_components(seen, self.step.model.encoder.event[0])
        S = variance.sqrt()
        S = torch.where(S > _SMALLEST * S.max(), S, 0) if len(S) else S
        A = torch.where(S[:, None] > 0, V / S[:, None], 0)  # nothing of what does not vary
        noise = (left - seen @ V.T @ V).square().mean(dim=0).sqrt().clamp(min=least)

        self._set_maps(A if M is None else A @ M, b_input, V.T * S, b, noise)
        return f"{len(S)} principal component{'s' * (len(S) != 1)}"

    def _varied(self, some: Examples, b: "_Regression") -> Tensor:
        r"""Returns what a context leaves of examples and of variants of them, as rows."""
        x, vary = self.step.normalize(some.target), cast(Callable, self.step.augment)
        n = min(16, math.ceil(_VARIED / len(x)), 2 * _NUMBERS // x.numel())
        rows = torch.cat([_rows(x), *(_rows(vary(x)) for _ in range(n))])
        given = b(some.context)

        return rows - (given.repeat(n + 1, 1) if given.ndim > 1 else given)

    def _set_maps(
        self, A: Tensor, b_input: "_Regression", W: Tensor, b: "_Regression", noise: Tensor
    ) -> None:
        D, family = self.step.model.encoder.event[0], self.step.model.likelihood
        self.noise = noise.square().mean().sqrt() if isinstance(family, SharedGaussian) else noise
        W = torch.cat([W, W.new_zeros(len(W), D - W.shape[1])], dim=1)  # of units without a factor

        _assign(self.encoder.skip, A, -A @ b_input.slope, -A @ b_input.offset)
        _assign(self.decoder.skip, W, b.slope, b.offset)

        if isinstance(family, SharedGaussian):
            family.set_scale(self.noise)
        elif isinstance(family, DiagonalGaussian):
            family.set_scale(noise.reshape(family.log_scale.shape))


def linear_start(step: TrainStep) -> LinearStart | None:
    r"""The start for a model, if there is one.

    There is for networks with skip connections, under likelihoods whose raw parameters are their
    means.

    Arguments:
        step: The model.

    Example:
        >>> linear_start(step).set(examples)  # doctest: +SKIP
        '8 principal components'
    """
    model = step.model
    networks = (model.encoder.network, model.decoder.network)
    skips = all(isinstance(getattr(n, "skip", None), nn.Linear) for n in networks)
    means = isinstance(model.likelihood, (FixedGaussian, SharedGaussian, DiagonalGaussian))

    return LinearStart(step) if skips and means else None


class _Regression:
    r"""The ridge regression of `y` on a context, or the mean of `y` where there is none.

    The penalty is the largest of those whose leave-one-out error is hardly above the least: labels
    that no two examples share say nothing of others, however well they fit.
    """

    def __init__(self, c: Tensor | None, y: Tensor) -> None:
        c = y.new_zeros(len(y), 0) if c is None else c.double().cpu()
        c_mean, y_mean = c.mean(dim=0), y.mean(dim=0)
        U, s, V = torch.linalg.svd(c - c_mean, full_matrices=False)
        P, left = U.T @ (y - y_mean), y - y_mean
        found = []

        for penalty in _PENALTIES if c.shape[1] else (1.0,):
            shrunk = s.square() / (s.square() + penalty)
            own = 1 / len(y) + U.square() @ shrunk  # the leverage of each example
            errors = (left - (U * shrunk) @ P) / (1 - own[:, None]).clamp(min=_SMALLEST)
            found.append((penalty, errors.square().mean()))

        most = 1.01 * min(error for _, error in found)
        penalty = max(penalty for penalty, error in found if error <= most)

        self.slope = P.T @ (V * (s / (s.square() + penalty))[:, None])
        self.offset = y_mean - self.slope @ c_mean
        own = 1 / len(y) + U.square() @ (s.square() / (s.square() + penalty))
        self._residuals = y - c @ self.slope.T - self.offset
        self._own = own[:, None]

    def __call__(self, c: Tensor | None) -> Tensor:
        return self.offset if c is None else c.double().cpu() @ self.slope.T + self.offset

    def residuals(self) -> Tensor:
        r"""Returns those of each example, under the regression on all others."""
        return self._residuals / (1 - self._own).clamp(min=_SMALLEST)


def _rows(x: Tensor) -> Tensor:
    return x.double().flatten(start_dim=1).cpu()


def _assign(linear: nn.Linear, W: Tensor, W_context: Tensor, b: Tensor) -> None:
    linear.weight[: len(W)] = torch.cat([W, W_context], dim=1).to(linear.weight)
    linear.bias[: len(b)] = b.to(linear.bias)
