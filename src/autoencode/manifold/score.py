r"""Score of the data density, estimated by a denoising autoencoder.

Trained on squared error to undo Gaussian noise, the best reconstruction is the posterior mean

.. math:: r(\tilde x) = \mathbb{E}[x \mid \tilde x]
    = \tilde x + \sigma^2 \, \nabla \log p_\sigma(\tilde x),

where :math:`p_\sigma` is the density of the data with the noise. One pass through the network is
therefore the slope of a log-density, its Jacobian is the curvature, and from both follow samples
and the dimension of the manifold at each point. What is known holds for the density as the
model has learned it: a narrow code or a short training bends it.

In all of this :math:`\sigma` is the noise of the training, in units of the scaled data. It is
taken from a model whose corruption is :class:`~autoencode.corruptions.GaussianNoise`, and has to
be given for others.

References:
    | What Regularized Auto-Encoders Learn from the Data-Generating Distribution
      (Alain & Bengio, 2014)
    | https://arxiv.org/abs/1211.4246

    | A Connection Between Score Matching and Denoising Autoencoders (Vincent, 2011)
    | https://doi.org/10.1162/NECO_a_00142
"""

__all__ = ["local_dimension", "stein_score", "walkback"]

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from torch import Tensor

from ..common.batching import split_rows
from ..common.estimates import Estimate
from ..common.seeding import seeded
from .arrays import as_batch, as_type_of, from_rows
from .codec import Codec, as_codec
from .jacobians import pushforward

_ACTIVATIONS_PER_INPUT = (
    64  # numbers that a network holds at once for each number of the data, generously
)


def stein_score(dae: Any, X: Any, noise: float | None = None, y: ArrayLike | None = None) -> Any:
    r"""The slope of the log-density of the noisy data at examples.

    .. math:: \nabla \log p_\sigma(x) = \frac{r(x) - x}{\sigma^2}

    It points to where the data are denser. As :math:`\sigma` vanishes it becomes the slope of
    the data's own density. The length of the slope is no measure of how likely an example
    is.

    Arguments:
        dae: A denoising autoencoder: a fitted model, a pair of functions (encoder, decoder), or
            the maps of :func:`~autoencode.manifold.codec.as_codec`.
        X: The examples.
        noise: The scale :math:`\sigma` of the noise that the model removes, in units of the
            scaled data; by default that of its corruption.
        y: The label or row of numbers under which a conditional model is seen.

    Returns:
        The slopes, with shape `(N, D)`, in nats per unit of the rows: the user's for
        tables, intensities from 0 to 1 for images.

    Raises:
        ValueError: If the noise is neither known nor given.

    See Also:
        :func:`~autoencode.manifold.walkback`, :func:`~autoencode.recipes.denoising`

    Example:
        >>> normal = (lambda x: x / 2, lambda z: z)  # of x ~ N(0, 1), the mean given x + N(0, 1)
        >>> stein_score(normal, np.array([[1.0, -2.0]]), noise=1.0)
        array([[-0.5,  1. ]])
    """
    codec = as_codec(dae, y)
    scale = noise_scale(codec, noise) * codec.unit
    x = codec.to_rows(X)

    with codec.evaluating(), torch.no_grad():
        parts = [(codec.reconstruct(part) - part) / scale**2 for part in _split(x)]

    return as_type_of(X, torch.cat(parts))


def walkback(
    dae: Any,
    X: Any,
    steps: int = 10,
    noise: float | None = None,
    random_state: int | np.random.RandomState | None = None,
    y: ArrayLike | None = None,
) -> Any:
    r"""A walk over the manifold: examples damaged and restored, again and again.

    .. math:: \tilde x_t \sim \mathcal{N}(x_t, \sigma^2 I), \qquad
        x_{t + 1} \sim p(x \mid f(\tilde x_t))

    If the likelihood is the posterior of the clean example given the noisy one, the walk visits
    examples as often as the data do. That includes the likelihood's own noise: a walk
    from mean to mean, which is what is left for a pair of functions and other models without
    a likelihood, settles on too narrow a distribution. A likelihood with a single scale is
    the posterior at best on average over directions: what it samples looks noisy.

    References:
        | Generalized Denoising Auto-Encoders as Generative Models (Bengio et al., 2013)
        | https://arxiv.org/abs/1305.6663

    Arguments:
        dae: A denoising autoencoder, as for :func:`stein_score`.
        X: The examples from which the walks start, or a single one.
        steps: How many steps to take.
        noise: The scale :math:`\sigma` of the noise to add, in units of the scaled data; by
            default that of the model's corruption.
        random_state: Seeds the walks.
        y: The label or row of numbers under which a conditional model is seen.

    Returns:
        The examples after each step, with shape `(steps, N, *)`, in the shape, scale and type of
        the user's; or `(steps, *)` from a single one. Of tables of mixed columns, all rows, one
        step after the other.

    Raises:
        ValueError: If the noise is neither known nor given, or `steps` is not a number of steps.

    See Also:
        :func:`~autoencode.manifold.stein_score`

    Example:
        >>> normal = (lambda x: x / 2, lambda z: z)
        >>> walkback(normal, np.zeros((5, 1)), steps=3, noise=1.0, random_state=0).shape
        (3, 5, 1)
    """
    if not isinstance(steps, Integral) or steps < 1:
        raise ValueError(f"expected a number of steps >= 1, got {steps!r}.")

    codec = as_codec(dae, y)
    scale = noise_scale(codec, noise) * codec.unit
    X, single = as_batch(X, codec.ndim())
    x = codec.to_rows(X)
    seed = int(check_random_state(random_state).randint(2**31))
    walks = []

    with codec.evaluating(), torch.no_grad(), seeded(seed, [x.device] * x.is_cuda):
        for part in _split(x):
            walk = []

            for _ in range(steps):
                part = _next(codec, codec.encode(part + scale * torch.randn_like(part)))
                walk.append(part)

            walks.append(torch.stack(walk))

    visited = torch.cat(walks, dim=1).flatten(end_dim=1)
    return from_rows(X, codec, visited, *((steps,) if single else (steps, len(x))))


def local_dimension(
    dae: Any,
    X: Any,
    probes: int = 16,
    noise: float | None = None,
    random_state: int | np.random.RandomState | None = None,
    y: ArrayLike | None = None,
) -> Estimate:
    r"""The dimension of the manifold at examples.

    .. math:: d(x) = \operatorname{tr} J_r(x) + \frac{\| r(x) - x \|^2}{\sigma^2}
        = D + \frac{\partial \log p_\sigma(x)}{\partial \log \sigma}

    Along the manifold a denoiser keeps what it sees, and the trace counts one for each
    direction that the data fill wider than :math:`\sigma`. The examples have to be clean: with
    noise of scale :math:`\sigma` in them the average is :math:`D`, whatever the data are.

    The trace is taken on the narrow side of the network, :math:`\operatorname{tr} J_g J_f =
    \operatorname{tr} J_f J_g`. It is exact where the code has no more numbers than there are
    probes, at one product of Jacobians for each. Otherwise it is estimated without bias by
    random signs, :math:`\mathbb{E} \, v^\top J_f J_g v`; where the encoder inverts the decoder
    any single probe is exact.

    References:
        | A stochastic estimator of the trace of the influence matrix (Hutchinson, 1989)
        | https://doi.org/10.1080/03610918908812806

        | A Geometric View of Data Complexity: Efficient Local Intrinsic Dimension Estimation
          with Diffusion Models (Kamkari et al., 2024)

    Arguments:
        dae: A denoising autoencoder, as for :func:`stein_score`.
        X: The examples, without noise.
        probes: How many products to spend on an example.
        noise: The scale :math:`\sigma` of the noise that the model removes, in units of the
            scaled data; by default that of its corruption.
        random_state: Seeds the probes.
        y: The label or row of numbers under which a conditional model is seen.

    Returns:
        The dimensions and their standard errors, both with shape `(N,)`.

    Raises:
        ValueError: If the noise is neither known nor given, or there are fewer than 2 probes.

    See Also:
        :func:`~autoencode.manifold.intrinsic_dimension`, :func:`~autoencode.manifold.stein_score`

    Example:
        >>> line = (lambda x: x[:, :1], lambda z: torch.cat([z, 0 * z], dim=1))
        >>> local_dimension(line, np.array([[3.0, 0.0]]), noise=0.1).value
        array([1.])
    """
    if not isinstance(probes, Integral) or probes < 2:
        raise ValueError(f"expected a number of probes >= 2, got {probes!r}.")

    codec = as_codec(dae, y)
    scale = noise_scale(codec, noise) * codec.unit
    x = codec.to_rows(X)
    seed = int(check_random_state(random_state).randint(2**31))
    generator = torch.Generator().manual_seed(seed)
    traces, errors, residuals = [], [], []

    with codec.evaluating(), torch.no_grad():
        width = min(codec.encode(x[:1]).shape[1], x.shape[1])

        for part in _split(x, min(int(probes), width)):
            z = codec.encode(part)

            if width <= probes:
                v = torch.eye(width).to(z)[:, None].expand(-1, len(z), -1)
                t = width * (v * _product(codec, part, z, v)).sum(dim=-1)
                errors.append(torch.zeros_like(t[0]))
            else:
                v = torch.randint(2, (probes, len(z), width), generator=generator).to(z) * 2 - 1
                t = (v * _product(codec, part, z, v)).sum(dim=-1)
                errors.append(t.std(dim=0) / probes**0.5)

            traces.append(t.mean(dim=0))
            residuals.append(((codec.decode(z) - part) / scale).square().sum(dim=-1))

    dimension = torch.cat(traces) + torch.cat(residuals)
    return Estimate(as_type_of(X, dimension), as_type_of(X, torch.cat(errors)))


def _product(codec: Codec, x: Tensor, z: Tensor, v: Tensor) -> Tensor:
    r"""Returns :math:`J_f J_g v`, or :math:`J_g J_f v` where the data are narrower."""
    if z.shape[1] > x.shape[1]:
        return pushforward(codec.reconstruct, x, v)

    return pushforward(codec.encode, x, pushforward(codec.decode, z, v))


def _next(codec: Codec, z: Tensor) -> Tensor:
    if codec.likelihood is None:
        return codec.decode(z)

    return codec.with_constant_columns(codec.likelihood(z).sample()) * codec.unit


def noise_scale(codec: Codec, noise: float | None) -> float:
    r"""The scale of the noise that a model removes, unless one is given."""
    sigma = codec.noise if noise is None else noise

    if sigma is None:
        raise ValueError(
            "it is not known which noise the model was trained to remove. Train it with"
            " corruption=GaussianNoise(std), or pass noise=scale, in units of the scaled data."
        )

    if not 0 < sigma < float("inf"):
        raise ValueError(f"expected a scale of the noise > 0, got {sigma!r}.")

    return float(sigma)


def _split(x: Tensor, products: int = 1) -> Iterator[Tensor]:
    size = _ACTIVATIONS_PER_INPUT * x.shape[1] * products * x.element_size()
    return iter(split_rows(x, size))
