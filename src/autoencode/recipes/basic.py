r"""Recipes for the common purposes: compress, denoise, map and generate."""

__all__ = [
    "autoencoder",
    "beta_vae",
    "contractive",
    "denoising",
    "linear",
    "vae",
]

from typing import Any

from ..common.checks.ranges import check_within
from ..corruptions import GaussianNoise
from ..distributions import SharedGaussian
from ..estimator import Autoencoder
from ..modalities import Images, Sounds, Tables
from ..networks import FullyConnected
from ..objectives import ELBO, Contractive, LinearSchedule, Reconstruction
from ..training.linear.least_squares import LeastSquares
from .building import Layers, check_effect, recipe


def autoencoder(
    latent_dim: int | None = None, layers: Layers = None, **options: Any
) -> Autoencoder:
    r"""Undercomplete autoencoder, which compresses examples to a narrower code.

    References:
        | Reducing the Dimensionality of Data with Neural Networks (Hinton & Salakhutdinov, 2006)
        | https://doi.org/10.1126/science.1127647

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.linear`, :func:`~autoencode.recipes.vae`

    Example:
        >>> deep = autoencoder(latent_dim=30, layers=(1000, 500, 250))
        >>> deep.network
        FullyConnected(layers=(1000, 500, 250))
    """
    return recipe(latent_dim, layers, Reconstruction(), options)


def linear(latent_dim: int | None = None, **options: Any) -> Autoencoder:
    r"""Linear autoencoder, equivalent to principal component analysis.

    Tables are centered and scaled as a whole, not by column, so that the code is that of
    the principal components of the user's own numbers.

    References:
        | Neural networks and principal component analysis: Learning from examples without
          local minima (Baldi & Hornik, 1989)
        | https://doi.org/10.1016/0893-6080(89)90014-2

    Arguments:
        latent_dim: The number of components; by default those that hold 95 % of the variance.
        options: Other arguments of the estimator; with `training=Training()` it is trained
            by gradients instead of solved.

    See Also:
        :func:`~autoencode.recipes.autoencoder`, :class:`~autoencode.LeastSquares`

    Example:
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(60, 4))
        >>> model = linear(4).fit(X)  # as many components as columns lose nothing
        >>> np.allclose(model.reconstruct(X), X, atol=1e-4)
        True
    """
    closed_form = {
        "likelihood": SharedGaussian(),
        "modality": (Sounds(), Images(), Tables(scaling="whole")),
        "network": FullyConnected(()),
        "training": LeastSquares(),
    }

    return recipe(latent_dim, None, Reconstruction(), closed_form | options)


def denoising(
    latent_dim: int | None = None, noise: float = 0.3, layers: Layers = None, **options: Any
) -> Autoencoder:
    r"""Denoising autoencoder, which sees damaged data and learns to give back clean ones.

    References:
        | Extracting and Composing Robust Features with Denoising Autoencoders
          (Vincent et al., 2008)
        | https://doi.org/10.1145/1390156.1390294

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map. That of images is as wide as they are, by a network that keeps them
            at their resolution.
        noise: The standard deviation of the Gaussian noise, in units of the scaled data
            (intensities from 0 to 1, standard deviations of columns).
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator, such as `corruption=Masking()` for
            another damage than noise.

    See Also:
        :class:`~autoencode.corruptions.GaussianNoise`, :func:`~autoencode.manifold.stein_score`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = denoising(2, noise=0.1, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.denoise(X).shape
        (60, 4)
    """
    check_effect("corruption", options, noise=(noise, 0.3))
    options = {"corruption": GaussianNoise(noise)} | options

    return recipe(latent_dim, layers, Reconstruction(), options)


def contractive(
    latent_dim: int | None = None, weight: float = 0.1, layers: Layers = None, **options: Any
) -> Autoencoder:
    r"""Contractive autoencoder, whose reconstruction moves along the data only.

    It penalizes the Jacobian of the reconstruction, see
    :class:`~autoencode.objectives.Contractive`, and takes about three times as long as
    :func:`autoencoder`, five times with codes of up to four numbers.

    References:
        | Contractive Auto-Encoders: Explicit Invariance During Feature Extraction
          (Rifai et al., 2011)
        | https://icml.cc/2011/papers/455_icmlpaper.pdf

        | What Regularized Auto-Encoders Learn from the Data-Generating Distribution
          (Alain & Bengio, 2014)
        | https://arxiv.org/abs/1211.4246

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        weight: The weight of the contraction: the variance of the noise to ignore, as a share
            of the variance of each number. The default is about that of :func:`denoising` for
            tables.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :class:`~autoencode.objectives.Contractive`, :class:`~autoencode.manifold.Tangents`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = contractive(2, weight=0.5, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.reconstruct(X).shape
        (60, 4)
    """
    check_effect("objective", options, weight=(weight, 0.1))
    return recipe(latent_dim, layers, Contractive(weight), options)


def vae(
    latent_dim: int | None = None,
    warmup: float = 0.0,
    free_nats: float | None = None,
    cooling: float | None = None,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Variational autoencoder, which generates new examples and estimates densities.

    The codes follow a unit Gaussian, but only roughly. A :class:`~autoencode.priors.Mixture` is
    therefore fitted to them after the training, and new examples are drawn from it. Conditional
    models, and models with `prior=StandardNormal()`, draw from the unit Gaussian.

    References:
        | Auto-Encoding Variational Bayes (Kingma & Welling, 2014)
        | https://arxiv.org/abs/1312.6114

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        warmup: The share of the training over which the weight of the rate rises from zero.
        free_nats: The rate per example that is not penalized, in nats; by default eight for texts
            and zero for other data.
        cooling: The share of the training over which the weight of the rate falls to one from the
            number of elements of an example; by default a fifth for conditional models, except of
            texts, and zero for others.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.beta_vae`, :class:`~autoencode.objectives.ELBO`,
        :class:`~autoencode.priors.Mixture`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = vae(2, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.sample(5, random_state=1).shape, model.score_samples(X).shape
        ((5, 4), (60,))
    """
    own = {"warmup": (warmup, 0.0), "free_nats": (free_nats, None), "cooling": (cooling, None)}
    check_effect("objective", options, **own)

    check_within(0, 1, warmup=warmup)
    beta = LinearSchedule(duration=warmup) if warmup else 1.0

    return recipe(latent_dim, layers, ELBO(beta, free_nats, cooling), options)


def beta_vae(
    latent_dim: int | None = None, beta: float = 2.0, layers: Layers = None, **options: Any
) -> Autoencoder:
    r"""Variational autoencoder with a weight on the rate: fewer, more separate factors.

    References:
        | beta-VAE: Learning Basic Visual Concepts with a Constrained Variational
          Framework (Higgins et al., 2017)
        | https://openreview.net/forum?id=Sy2fzU9gl

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        beta: The weight of the rate; one makes a VAE. Under a likelihood that learns its scale,
            the code stays empty where the largest eigenvalue of the data's covariance
            is less than `beta` times the mean of all.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.vae`, :class:`~autoencode.objectives.ELBO`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = beta_vae(2, beta=1.5, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.transform(X).shape
        (60, 2)
    """
    check_effect("objective", options, beta=(beta, 2.0))
    return recipe(latent_dim, layers, ELBO(beta), options)
