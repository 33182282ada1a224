r"""Score of the data density, estimated by a denoising autoencoder.

If a model is trained on squared error to remove Gaussian noise, the best reconstruction is the
posterior mean

.. math:: r(\tilde x) = \mathbb{E}[x \mid \tilde x]
    = \tilde x + \sigma^2 \, \nabla \log p_\sigma(\tilde x),

where :math:`p_\sigma` is the density of the noisy data. One pass through the network therefore
gives the gradient of a log-density, and its Jacobian gives the curvature. Samples and the local
dimension of the manifold follow from both. All results are those of the density that the model has
learned, which differs from that of the data after a short training or with a narrow code.

:math:`\sigma` is the standard deviation of the noise in the training, in units of the scaled data.
It is known for a model whose corruption is :class:`~autoencode.corruptions.GaussianNoise`. For
other models it must be given.

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

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ..common.batching import split_rows
from ..common.estimates import Estimate
from ..common.seeding import Seed, check_random_state, seeded
from .arrays import as_batch, as_type_of, from_rows
from .codec import Codec, as_codec
from .jacobians import pushforward

_ACTIVATIONS_PER_INPUT = 64  # a generous bound on the memory of a network


def stein_score(model: Any, X: Any, noise: float | None = None, y: ArrayLike | None = None) -> Any:
    r"""Gradient of the log-density of the noisy data at examples (Stein score).

    .. math:: \nabla \log p_\sigma(x) = \frac{r(x) - x}{\sigma^2}

    It points toward denser data. As :math:`\sigma` vanishes, it becomes the gradient of the
    log-density of the data. Its length does not measure how likely an example is.

    Arguments:
        model: A denoising autoencoder: a fitted model, a pair of functions (encoder, decoder), or
            a :class:`~autoencode.manifold.Codec`.
        X: The examples.
        noise: The standard deviation :math:`\sigma` of the noise that the model removes, in units
            of the scaled data; by default that of its corruption.
        y: The label or row of numbers that a conditional model is given.

    Returns:
        The gradients, with shape `(N, D)`, in nats per unit of the rows: the user's for
        tables, intensities from 0 to 1 for images.

    Raises:
        ValueError: If the noise is neither known nor given.

    See Also:
        :func:`~autoencode.manifold.walkback`, :func:`~autoencode.recipes.denoising`

    Example:
        >>> import numpy as np
        >>> normal = (lambda x: x / 2, lambda z: z)  # the best one for x ~ N(0, 1) and this noise
        >>> stein_score(normal, np.array([[1.0, -2.0]]), noise=1.0)
        array([[-0.5,  1. ]])
    """
    codec = as_codec(model, y)
    scale = noise_scale(codec, noise) * codec.unit
    x = codec.to_rows(X)

    with codec.evaluating(), torch.no_grad():
        parts = [(codec.reconstruct(part) - part) / scale**2 for part in _split(x)]

    return as_type_of(X, torch.cat(parts))


def walkback(
    model: Any,
    X: Any,
    n_steps: int = 10,
    noise: float | None = None,
    random_state: Seed = None,
    y: ArrayLike | None = None,
) -> Any:
    r"""Random walk over the manifold: examples are repeatedly damaged and restored.

    .. math:: \tilde x_t \sim \mathcal{N}(x_t, \sigma^2 I), \qquad
        x_{t + 1} \sim p(x \mid f(\tilde x_t))

    If the likelihood is the posterior of the clean example given the noisy one, the distribution
    of the walk converges to that of the data. The samples of the likelihood are essential: a model
    without a likelihood, such as a pair of functions, walks from mean to mean, and its
    distribution becomes too narrow. A likelihood with a single scale matches the posterior only on
    average over all directions, so that its samples look noisy.

    References:
        | Generalized Denoising Auto-Encoders as Generative Models (Bengio et al., 2013)
        | https://arxiv.org/abs/1305.6663

    Arguments:
        model: A denoising autoencoder, as for :func:`stein_score`.
        X: The examples from which the walks start, or a single one.
        n_steps: The number of steps.
        noise: The standard deviation :math:`\sigma` of the noise to add, in units of the scaled
            data; by default that of the corruption of the model.
        random_state: The seed of the walks.
        y: The label or row of numbers that a conditional model is given.

    Returns:
        The examples after each step, in the user's type and units, with shape `(n_steps, N, *)`,
        or `(n_steps, *)` for a single example. For tables of mixed columns, a frame of all rows,
        one step after the other.

    Raises:
        ValueError: If the noise is neither known nor given, or `n_steps` is less than one.

    See Also:
        :func:`~autoencode.manifold.stein_score`

    Example:
        >>> import numpy as np
        >>> normal = (lambda x: x / 2, lambda z: z)
        >>> walkback(normal, np.zeros((5, 1)), n_steps=3, noise=1.0, random_state=0).shape
        (3, 5, 1)
    """
    if not isinstance(n_steps, Integral) or n_steps < 1:
        raise ValueError(f"expected a number of steps >= 1, got {n_steps!r}.")

    codec = as_codec(model, y)
    scale = noise_scale(codec, noise) * codec.unit
    X, single = as_batch(X, codec.ndim())
    x = codec.to_rows(X)
    seed = int(check_random_state(random_state).randint(2**31))
    walks = []

    with codec.evaluating(), torch.no_grad(), seeded(seed, [x.device] * x.is_cuda):
        for part in _split(x):
            walk = []

            for _ in range(n_steps):
                part = _next(codec, codec.encode(part + scale * torch.randn_like(part)))
                walk.append(part)

            walks.append(torch.stack(walk))

    visited = torch.cat(walks, dim=1).flatten(end_dim=1)
    return from_rows(X, codec, visited, *((n_steps,) if single else (n_steps, len(x))))


def local_dimension(
    model: Any,
    X: Any,
    n_probes: int = 16,
    noise: float | None = None,
    random_state: Seed = None,
    y: ArrayLike | None = None,
) -> Estimate:
    r"""Dimension of the manifold at each example.

    .. math:: d(x) = \operatorname{tr} J_r(x) + \frac{\| r(x) - x \|^2}{\sigma^2}
        = D + \frac{\partial \log p_\sigma(x)}{\partial \log \sigma}

    A denoiser keeps displacements along the manifold. The trace therefore counts the directions in
    which the data vary by more than :math:`\sigma`. The examples must be clean: with noise of
    standard deviation :math:`\sigma`, the average is :math:`D` for any data.

    The trace is computed on the narrower side of the network, :math:`\operatorname{tr} J_g J_f =
    \operatorname{tr} J_f J_g`. It is exact if there are at least as many probes as numbers in the
    code. Otherwise random signs estimate it without bias, :math:`\mathbb{E} \, v^\top J_f J_g v`.
    A single probe is exact if the encoder inverts the decoder.

    References:
        | A stochastic estimator of the trace of the influence matrix (Hutchinson, 1989)
        | https://doi.org/10.1080/03610918908812806

        | A Geometric View of Data Complexity: Efficient Local Intrinsic Dimension Estimation
          with Diffusion Models (Kamkari et al., 2024)

    Arguments:
        model: A denoising autoencoder, as for :func:`stein_score`.
        X: The examples, without noise.
        n_probes: The maximum number of products with Jacobians for each example.
        noise: The standard deviation :math:`\sigma` of the noise that the model removes, in units
            of the scaled data; by default that of its corruption.
        random_state: The seed of the probes.
        y: The label or row of numbers that a conditional model is given.

    Returns:
        The dimensions and their standard errors, both with shape `(N,)`.

    Raises:
        ValueError: If the noise is neither known nor given, or there are fewer than 2 probes.

    See Also:
        :func:`~autoencode.manifold.intrinsic_dimension`, :func:`~autoencode.manifold.stein_score`

    Example:
        >>> import numpy as np
        >>> line = (lambda x: x[:, :1], lambda z: torch.cat([z, 0 * z], dim=1))
        >>> local_dimension(line, np.array([[3.0, 0.0]]), noise=0.1).value
        array([1.])
    """
    if not isinstance(n_probes, Integral) or n_probes < 2:
        raise ValueError(f"expected a number of probes >= 2, got {n_probes!r}.")

    codec = as_codec(model, y)
    scale = noise_scale(codec, noise) * codec.unit
    x = codec.to_rows(X)
    seed = int(check_random_state(random_state).randint(2**31))
    generator = torch.Generator().manual_seed(seed)
    traces, errors, residuals = [], [], []

    with codec.evaluating(), torch.no_grad():
        width = min(codec.encode(x[:1]).shape[1], x.shape[1])

        for part in _split(x, min(int(n_probes), width)):
            z = codec.encode(part)

            if width <= n_probes:
                v = torch.eye(width).to(z)[:, None].expand(-1, len(z), -1)
                t = width * (v * _product(codec, part, z, v)).sum(dim=-1)
                errors.append(torch.zeros_like(t[0]))
            else:
                v = torch.randint(2, (n_probes, len(z), width), generator=generator).to(z) * 2 - 1
                t = (v * _product(codec, part, z, v)).sum(dim=-1)
                errors.append(t.std(dim=0) / n_probes**0.5)

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
            "the noise that the model was trained to remove is not known. Train it with"
            " corruption=GaussianNoise(std), or pass noise=scale, in units of the scaled data."
        )

    if not 0 < sigma < float("inf"):
        raise ValueError(f"expected a scale of the noise > 0, got {sigma!r}.")

    return float(sigma)


def _split(x: Tensor, products: int = 1) -> Iterator[Tensor]:
    size = _ACTIVATIONS_PER_INPUT * x.shape[1] * products * x.element_size()
    return iter(split_rows(x, size))
