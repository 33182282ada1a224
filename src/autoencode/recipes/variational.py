r"""Recipes for variational autoencoders with other bounds and independent units."""

__all__ = [
    "beta_tc_vae",
    "dip_vae",
    "factor_vae",
    "hvae",
    "info_vae",
    "iwae",
    "miwae",
    "sigma_vae",
]

from typing import Any

from ..distributions import SharedGaussian
from ..estimator import Autoencoder
from ..modalities import CANDIDATES, MixedTables
from ..objectives import DIPVAE, ELBO, HVAE, IWAE, BetaTCVAE, FactorVAE, InfoVAE
from .building import Layers, check_effect, recipe


def iwae(
    latent_dim: int | None = None,
    n_samples: int = 8,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Importance-weighted autoencoder, a tighter bound from several codes per example.

    The decoder learns more than from one code, at the cost of a pass for each. See
    :class:`~autoencode.objectives.IWAE`.

    References:
        | Importance Weighted Autoencoders (Burda et al., 2016)
        | https://arxiv.org/abs/1509.00519

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        n_samples: The number of codes per example.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.vae`, :class:`~autoencode.objectives.IWAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = iwae(2, n_samples=4, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.score_samples(X).shape
        (60,)
    """
    check_effect("objective", options, n_samples=(n_samples, 8))
    return recipe(latent_dim, layers, IWAE(n_samples), options)


def hvae(
    latent_dim: int | None = None,
    n_steps: int = 3,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Variational autoencoder whose codes move towards their exact posterior.

    Leapfrog steps follow the gradient of the decoder, at the cost of a pass with its gradient for
    each. See :class:`~autoencode.objectives.HVAE`.

    References:
        | Hamiltonian Variational Auto-Encoder (Caterini et al., 2018)
        | https://arxiv.org/abs/1805.11328

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        n_steps: The number of leapfrog steps.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.vae`, :func:`~autoencode.recipes.iwae`,
        :class:`~autoencode.objectives.HVAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = hvae(2, n_steps=2, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.score_samples(X).shape
        (60,)
    """
    check_effect("objective", options, n_steps=(n_steps, 3))
    return recipe(latent_dim, layers, HVAE(n_steps), options)


def miwae(
    latent_dim: int | None = None,
    n_samples: int = 20,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Importance-weighted autoencoder of frames with missing cells, which it imputes.

    The bound is that of the observed cells, so that incomplete rows are trained on as they are.
    `impute` returns means given the observed cells, by self-normalized importance sampling, and
    `impute(X, n_samples=...)` several completed frames. Cells are assumed to be missing at
    random. See :class:`~autoencode.objectives.IWAE`.

    References:
        | MIWAE: Deep Generative Modelling and Imputation of Incomplete Data Sets
        |   (Mattei & Frellsen, 2019)
        | https://arxiv.org/abs/1812.02633

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        n_samples: The number of codes per example.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator, such as `modality=Series(gaps=True)` for series
            with gaps.

    See Also:
        :func:`~autoencode.recipes.iwae`, :func:`~autoencode.recipes.masked`

    Example:
        >>> import numpy as np
        >>> import pandas as pd
        >>> import autoencode as ae
        >>> X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=[*"abc"])
        >>> X.loc[::4, "b"] = np.nan
        >>> model = miwae(2, n_samples=4, training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> int(model.impute(X).isna().sum().sum())
        0
    """
    check_effect("objective", options, n_samples=(n_samples, 20))
    options = {"modality": [MixedTables(), *CANDIDATES]} | options

    return recipe(latent_dim, layers, IWAE(n_samples), options)


def beta_tc_vae(
    latent_dim: int | None = None,
    beta: float = 6.0,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Variational autoencoder whose units are independent, by total correlation.

    Unlike :func:`beta_vae` it does not make the code poorer to make it independent. See
    :class:`~autoencode.objectives.BetaTCVAE`.

    References:
        | Isolating Sources of Disentanglement in Variational Autoencoders (Chen et al., 2018)
        | https://arxiv.org/abs/1802.04942

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        beta: The weight of the total correlation; one makes a VAE.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.beta_vae`,
        :func:`~autoencode.recipes.factor_vae`,
        :func:`~autoencode.recipes.dip_vae`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = beta_tc_vae(2, beta=2.0, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.transform(X).shape
        (60, 2)
    """
    check_effect("objective", options, beta=(beta, 6.0))
    return recipe(latent_dim, layers, BetaTCVAE(beta), options)


def factor_vae(
    latent_dim: int | None = None,
    gamma: float = 6.0,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Variational autoencoder whose units are independent, as a discriminator sees them.

    See :class:`~autoencode.objectives.FactorVAE`. :func:`beta_tc_vae` serves the same purpose
    without a second player.

    References:
        | Disentangling by Factorising (Kim & Mnih, 2018)
        | https://arxiv.org/abs/1802.05983

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        gamma: The weight of the total correlation.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.beta_tc_vae`, :func:`~autoencode.recipes.dip_vae`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = factor_vae(2, gamma=2.0, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.transform(X).shape
        (60, 2)
    """
    check_effect("objective", options, gamma=(gamma, 6.0))
    return recipe(latent_dim, layers, FactorVAE(gamma), options)


def dip_vae(
    latent_dim: int | None = None,
    off_diagonal: float = 10.0,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Variational autoencoder whose units are uncorrelated.

    See :class:`~autoencode.objectives.DIPVAE`.

    References:
        | Variational Inference of Disentangled Latent Concepts from Unlabeled Observations
        |   (Kumar et al., 2018)
        | https://arxiv.org/abs/1711.00848

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        off_diagonal: The weight of squared covariances of different units.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.beta_tc_vae`, :func:`~autoencode.recipes.factor_vae`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = dip_vae(2, off_diagonal=1.0, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.transform(X).shape
        (60, 2)
    """
    check_effect("objective", options, off_diagonal=(off_diagonal, 10.0))
    return recipe(latent_dim, layers, DIPVAE(off_diagonal), options)


def info_vae(
    latent_dim: int | None = None,
    alpha: float = 0.5,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Variational autoencoder that keeps the information in its code.

    It matches all codes together to the prior, and each code less. See
    :class:`~autoencode.objectives.InfoVAE`.

    References:
        | InfoVAE: Balancing Learning and Inference in Variational Autoencoders (Zhao et al.,
        |   2019)
        | https://arxiv.org/abs/1706.02262

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        alpha: The weight of the mutual information; zero makes a VAE with a penalty.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.vae`, :func:`~autoencode.recipes.wae`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = info_vae(2, alpha=0.5, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.transform(X).shape
        (60, 2)
    """
    check_effect("objective", options, alpha=(alpha, 0.5))
    return recipe(latent_dim, layers, InfoVAE(alpha), options)


def sigma_vae(
    latent_dim: int | None = None, beta: float = 1.0, layers: Layers = None, **options: Any
) -> Autoencoder:
    r"""Variational autoencoder that scores each minibatch under its own optimal noise.

    The noise of the likelihood is the weight between distortion and rate. :func:`vae` learns it
    with the other weights; here it is right from the first step, also where the errors of a
    network fall fast. It is one number for all numbers of an example. See
    :class:`~autoencode.distributions.SharedGaussian`.

    References:
        | Simple and Effective VAE Training with Calibrated Decoders (Rybkin et al., 2021)
        | https://arxiv.org/abs/2006.13202

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        beta: The weight of the rate; one makes a VAE.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.vae`, :class:`~autoencode.distributions.SharedGaussian`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = sigma_vae(2, training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model.score_samples(X).shape
        (60,)
    """
    check_effect("objective", options, beta=(beta, 1.0))
    options = {"likelihood": SharedGaussian(optimal=True)} | options

    return recipe(latent_dim, layers, ELBO(beta), options)
