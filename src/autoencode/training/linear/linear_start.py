r"""Initialization of a training at the best linear model.

Gradient descent learns an affine map of wide data slowly. Networks with a linear skip connection
therefore start at the solution of the linear problem: at principal components if codes are points,
and at factor analysis with its exact posterior if codes have a distribution. The first
bound of a variational autoencoder is then the log-likelihood of the linear model.
"""

__all__ = ["LinearStart", "linear_start"]

import math
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import torch
from scipy.stats import t as student
from torch import Tensor, nn

from ...data import Examples
from ...distributions import (
    DiagonalGaussian,
    Family,
    FixedGaussian,
    Gaussian,
    Observed,
    SharedGaussian,
)
from ...networks.views.incomplete import interpolate
from ..step import TrainStep, losses, weighted
from .factor_analysis import (
    factor_analysis,
    factors_of_known_noise,
    principal_components,
    probabilistic_pca,
)

_MAX_EXAMPLES, _MAX_NUMBERS = 4096, 2**23
_MAX_REGRESSION_INPUTS = 1024
_MAX_REGRESSION_NUMBERS = 2**21
_MIN_RELATIVE_STD = 1e-5  # limit of single precision
_MIN_COMPARISON_DRAWS = 512
_MIN_INITIAL_NOISE_STD = 0.03
_CONFIDENCE = 0.84  # probability of a normal variable below one standard error
_MIN_AUGMENTED_EXAMPLES = 1000
_MAX_AUGMENTATIONS = 16
_MAX_COPIES, _MAX_DAMAGED_NUMBERS = 32, 2**23
_PENALTIES = (1e4, 1e3, 1e2, 1e1, 1e0, 1e-1, 1e-2)


class _SkipConnected(Protocol):
    r"""Network that adds an affine map of its input to the output of its last layer."""

    output_layer: nn.Module
    skip: nn.Linear


class LinearStart:
    r"""Linear model that a training starts from.

    .. math:: \mathbb{E}[z \mid x] = A (x - b), \qquad \mathbb{E}[x \mid z] = W z + b

    With a context, `b` is a ridge regression on it. The last layers parallel to the skip
    connections are set to zero. Missing numbers (NaN) are interpolated.

    References:
        | Neural networks and principal component analysis: Learning from examples without
          local minima (Baldi & Hornik, 1989), for codes without a distribution
        | https://doi.org/10.1016/0893-6080(89)90014-2

        | Don't Blame the ELBO! A Linear VAE Perspective on Posterior Collapse (Lucas et al.,
          2019), for codes with a distribution
        | https://arxiv.org/abs/1911.02469

    Arguments:
        step: The model, and how examples are scaled.
    """

    def __init__(self, step: TrainStep) -> None:
        self.step = step
        self.encoder = cast(_SkipConnected, step.model.encoder.network)
        self.decoder = cast(_SkipConnected, step.model.decoder.network)
        self.first: Tensor | None = None
        self.noise: Tensor
        self._kept: list[Tensor] = []

    @torch.no_grad()
    def set(self, data: Examples, min_std: float = 0.0) -> str:
        r"""Fits the linear model, and copies its maps to the networks.

        Arguments:
            data: The examples, with targets of shape `(N, *)`; at most 4,096 are used.
            min_std: The minimum of learned standard deviations of the noise.

        Returns:
            A description of the linear model.
        """
        for network in (self.encoder, self.decoder):
            for parameter in (*network.output_layer.parameters(), *network.skip.parameters()):
                parameter.zero_()

        self.step.eval()
        n_examples = min(_MAX_EXAMPLES, max(1, _MAX_NUMBERS // data.target[:1].numel()))
        examples = data.spread(n_examples)[:]
        x = _rows(self.step.normalize(examples.target))
        b = _Regression(examples.context, x)

        has_density = isinstance(self.step.model.posterior, Gaussian)
        return (self._set_factors if has_density else self._set_components)(
            examples, x, b, min_std
        )

    def begin(self, data: Examples, held_out: Examples | None, seed: int) -> str:
        r"""Sets the start, and stores the losses of held-out examples under it.

        Arguments:
            data: The examples to train on.
            held_out: The held-out examples, if any.
            seed: The seed of codes and corruptions.

        Returns:
            A description of the linear model.
        """
        words = self.set(data)
        self.first = self._losses(held_out.distinct(), seed) if held_out else None
        self._kept = [p.detach().clone() for p in self._skips()]

        # If the linear model is nearly exact, the first step would change outputs by thousands of
        # standard deviations
        if (self.noise < _MIN_INITIAL_NOISE_STD).any():
            self.set(data, _MIN_INITIAL_NOISE_STD)

        return words

    def is_beaten(self, held_out: Examples, seed: int) -> bool:
        r"""Returns whether held-out losses fell by more than a standard error.

        With few held-out examples, differences may be due to chance, and the linear model is the
        safer choice. Gains are clipped, so that one example cannot inflate the standard error.

        If codes have no density, both models use the trained scale of the likelihood. The scale of
        the start is estimated from the training examples, and is too small if these are few. A
        larger scale alone would then look like a gain.
        """
        examples = held_out.distinct()
        trained = self._losses(examples, seed)
        first = cast(Tensor, self.first)

        if not self.step.model.posterior.has_density:
            first = self._losses_of_start(examples, seed)

        gain = weighted(first - trained, examples.with_mean_weight_one()[:].weights)

        if len(gain) < 2:
            return False

        limit = 3 * gain.abs().median()
        clipped = gain.clamp(-limit, limit)

        needed = student.ppf(_CONFIDENCE, len(gain) - 1) * clipped.std() / len(gain) ** 0.5

        return bool(gain.mean() > 0 and clipped.mean() > needed)

    def _losses(self, held_out: Examples, seed: int) -> Tensor:
        return losses(
            self.step, held_out, seed, n_samples=-(-_MIN_COMPARISON_DRAWS // len(held_out))
        )

    @torch.no_grad()
    def _losses_of_start(self, held_out: Examples, seed: int) -> Tensor:
        r"""Returns held-out losses of the start, with the trained parameters of the likelihood."""
        layers = [self.encoder.output_layer, self.decoder.output_layer]
        outputs = [p for layer in layers for p in layer.parameters()]
        trained = [p.detach().clone() for p in (*outputs, *self._skips())]

        try:
            _copy([*outputs, *self._skips()], [*map(torch.zeros_like, outputs), *self._kept])
            return self._losses(held_out, seed)
        finally:
            _copy([*outputs, *self._skips()], trained)

    def _skips(self) -> list[nn.Parameter]:
        return [*self.encoder.skip.parameters(), *self.decoder.skip.parameters()]

    def _set_factors(self, examples: Examples, x: Tensor, b: "_Regression", min_std: float) -> str:
        residuals, family = b.residuals(), _without_observed(self.step.model.likelihood)
        D, posterior = self.step.model.encoder.event[0], cast(Gaussian, self.step.model.posterior)

        if isinstance(family, FixedGaussian):
            noise = residuals.new_full(residuals.shape[1:], family.scale**2)
            factors, name = factors_of_known_noise(residuals, D, noise), "probabilistic PCA"
        elif isinstance(family, DiagonalGaussian):
            factors, name = factor_analysis(residuals, D), "factor analysis"
        else:
            factors, name = probabilistic_pca(residuals, D), "probabilistic PCA"

        k = len(factors.precision)

        if isinstance(family, DiagonalGaussian):
            min_std = max(min_std, family.min_scale)

        if not isinstance(family, FixedGaussian) and (factors.noise < min_std**2).any():
            noise = factors.noise.clamp(min=min_std**2)
            factors = factors_of_known_noise(residuals, k, noise)

        # Augmented examples are not independent, and do not enter the choice of the number of
        # factors
        if self.step.augment is not None:
            factors = factors_of_known_noise(self._augmented(examples, b), k, factors.noise)

        self._set_maps(factors.encoder, b, factors.loadings, b, factors.noise.sqrt())

        # The posterior of units without a factor is the prior
        scale = torch.ones(D, dtype=x.dtype)
        scale[:k] = factors.precision.rsqrt()
        self.encoder.skip.bias[D : 2 * D] = posterior.raw_scale(scale)

        return f"{name} with {k} factor{'s' * (k != 1)}"

    def _set_components(
        self, examples: Examples, x: Tensor, b: "_Regression", min_std: float
    ) -> str:
        left = x - b(examples.context)
        M, b_input, seen = None, b, left

        # With a corruption, the encoder first applies the best linear denoiser
        if x.shape[1] <= _MAX_REGRESSION_INPUTS and len(x) > 1:
            copies = self._damaged(examples, x)

            if not torch.equal(copies[0], x):
                b_input = _Regression(examples.context, torch.stack(copies).mean(dim=0))
                copies = [u - b_input(examples.context) for u in copies]
                M = _best_denoiser(copies, left)
                copies = copies[: max(1, _MAX_REGRESSION_NUMBERS // x.numel())]
                seen, left = torch.cat(copies) @ M.T, left.repeat(len(copies), 1)

        if M is None and self.step.augment is not None:
            seen = left = self._augmented(examples, b)

        V, variance = principal_components(seen, self.step.model.encoder.event[0])
        S = variance.sqrt()
        S = torch.where(S > _MIN_RELATIVE_STD * S.max(), S, 0) if len(S) else S
        A = torch.where(S[:, None] > 0, V / S[:, None], 0)  # zero for constant directions
        noise = (left - seen @ V.T @ V).square().mean(dim=0).sqrt().clamp(min=min_std)

        self._set_maps(A if M is None else A @ M, b_input, V.T * S, b, noise)
        return f"{len(S)} principal component{'s' * (len(S) != 1)}"

    def _damaged(self, examples: Examples, x: Tensor) -> list[Tensor]:
        r"""Returns damaged copies of examples, as many as fit; one if the damage is not random."""
        first, second = (_rows(self.step.inputs(examples)[0]) for _ in range(2))

        if torch.equal(first, second):
            return [first]

        n = min(_MAX_COPIES, _MAX_DAMAGED_NUMBERS // x.numel())
        return [first, second, *(_rows(self.step.inputs(examples)[0]) for _ in range(n - 2))]

    def _augmented(self, examples: Examples, b: "_Regression") -> Tensor:
        r"""Returns residuals, given the context, of examples and of augmented copies of them."""
        x, augment = self.step.normalize(examples.target), cast(Callable, self.step.augment)
        n = min(
            _MAX_AUGMENTATIONS,
            math.ceil(_MIN_AUGMENTED_EXAMPLES / len(x)),
            2 * _MAX_NUMBERS // x.numel(),
        )
        rows = torch.cat([_rows(x), *(_rows(augment(x)) for _ in range(n))])
        given = b(examples.context)

        return rows - (given.repeat(n + 1, 1) if given.ndim > 1 else given)

    def _set_maps(
        self, A: Tensor, b_input: "_Regression", W: Tensor, b: "_Regression", noise: Tensor
    ) -> None:
        D, family = self.step.model.encoder.event[0], _without_observed(self.step.model.likelihood)
        self.noise = noise.square().mean().sqrt() if isinstance(family, SharedGaussian) else noise
        W = torch.cat(
            [W, W.new_zeros(len(W), D - W.shape[1])], dim=1
        )  # for units without a factor

        _assign(self.encoder.skip, A, -A @ b_input.slope, -A @ b_input.offset)
        _assign(self.decoder.skip, W, b.slope, b.offset)

        if isinstance(family, SharedGaussian):
            family.set_scale(self.noise)
        elif isinstance(family, DiagonalGaussian):
            family.set_scale(noise.reshape(family.log_scale.shape))


def linear_start(step: TrainStep) -> LinearStart | None:
    r"""Linear start for a model, or `None`.

    A linear start needs a network with skip connections, a likelihood whose raw parameters are
    means, and codes that are ordinary vectors. Codes on a sphere, for example, cannot hold
    principal components.

    Arguments:
        step: The model.
    """
    model = step.model
    networks = (model.encoder.network, model.decoder.network)
    skips = all(isinstance(getattr(n, "skip", None), nn.Linear) for n in networks)
    family = _without_observed(model.likelihood)
    means = isinstance(family, (FixedGaussian, SharedGaussian, DiagonalGaussian))

    return LinearStart(step) if skips and means and not model.posterior.has_reference else None


class _Regression:
    r"""Ridge regression of `y` on a context, or the mean of `y` without a context.

    The penalty is the largest one whose leave-one-out error is within 1 % of the lowest, or within
    a standard error of the difference. Labels that are unique to an example, or that fit a few
    examples by chance, therefore explain nothing.
    """

    def __init__(self, c: Tensor | None, y: Tensor) -> None:
        c = y.new_zeros(len(y), 0) if c is None else c.double().cpu()
        c_mean, y_mean = c.mean(dim=0), y.mean(dim=0)
        U, s, V = torch.linalg.svd(c - c_mean, full_matrices=False)
        P, left = U.T @ (y - y_mean), y - y_mean
        candidates = []

        for penalty in _PENALTIES if c.shape[1] else (1.0,):
            shrunk = s.square() / (s.square() + penalty)
            own = 1 / len(y) + U.square() @ shrunk  # the leverage of each example
            errors = (left - (U * shrunk) @ P) / (1 - own[:, None]).clamp(min=_MIN_RELATIVE_STD)
            candidates.append((penalty, errors.square().mean(dim=1)))

        best = min((errors for _, errors in candidates), key=lambda errors: float(errors.mean()))
        penalty = max(penalty for penalty, errors in candidates if _is_as_good(errors, best))

        self.slope = P.T @ (V * (s / (s.square() + penalty))[:, None])
        self.offset = y_mean - self.slope @ c_mean
        own = 1 / len(y) + U.square() @ (s.square() / (s.square() + penalty))
        self._residuals = y - c @ self.slope.T - self.offset
        self._own = own[:, None]

    def __call__(self, c: Tensor | None) -> Tensor:
        return self.offset if c is None else c.double().cpu() @ self.slope.T + self.offset

    def residuals(self) -> Tensor:
        r"""Returns the leave-one-out residuals."""
        return self._residuals / (1 - self._own).clamp(min=_MIN_RELATIVE_STD)


def _best_denoiser(copies: Sequence[Tensor], x: Tensor) -> Tensor:
    r"""Returns the linear map from damaged to clean examples, both without their means.

    With one damaged copy of each example, a regression would learn the damage by heart. Several
    copies average over it, so that hardly any penalty is needed.
    """
    if len(copies) == 1:
        few = slice(0, max(1, _MAX_REGRESSION_NUMBERS // x.shape[1]))
        return _Regression(copies[0][few], x[few]).slope

    square = x.new_zeros(x.shape[1], x.shape[1])
    product = torch.zeros_like(square)

    for u in copies:
        square += u.T @ u
        product += u.T @ x

    return torch.linalg.solve(square + torch.eye(len(square)).to(square), product).T


def _is_as_good(errors: Tensor, best: Tensor) -> bool:
    more = errors - best
    chance = more.std(correction=0) / len(more) ** 0.5

    return bool(more.mean() <= torch.maximum(0.01 * best.mean(), chance))


def _without_observed(family: Family) -> Family:
    r"""Returns the family of each number, without the wrapper for missing numbers."""
    return family.inner if isinstance(family, Observed) else family


def _rows(x: Tensor) -> Tensor:
    x = interpolate(x) if x.isnan().any() else x
    return x.double().flatten(start_dim=1).cpu()


def _copy(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for parameter, value in zip(parameters, values):
        parameter.copy_(value)


def _assign(linear: nn.Linear, W: Tensor, W_context: Tensor, b: Tensor) -> None:
    # Weights of inputs between examples and context, such as masks, stay zero
    n, c = W.shape[1], W_context.shape[1]
    linear.weight[: len(W), :n] = W.to(linear.weight)
    linear.weight[: len(W), linear.in_features - c :] = W_context.to(linear.weight)
    linear.bias[: len(b)] = b.to(linear.bias)
