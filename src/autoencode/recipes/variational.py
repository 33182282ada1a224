r"""Recipes for variational autoencoders with other bounds and independent units."""

__all__ = ["beta_tc_vae", "dip_vae", "factor_vae", "info_vae", "iwae"]

from typing import Any

from ..estimator import Autoencoder
from ..objectives import DIPVAE, IWAE, BetaTCVAE, FactorVAE, InfoVAE
from .building import Layers, check_effect, recipe


def iwae(
    latent_dim: int | None = None,
    k: int = 8,
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
        k: The number of codes per example.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.vae`, :class:`~autoencode.objectives.IWAE`

    Example:
        >>> iwae(k=16).objective
        IWAE(k=16, gradient='doubly_reparametrized')
    """
    check_effect("objective", options, k=(k, 8))
    return recipe(latent_dim, layers, IWAE(k), options)


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
        >>> beta_tc_vae(beta=4.0).objective
        BetaTCVAE(beta=4.0)
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
        >>> factor_vae(gamma=10.0).objective
        FactorVAE(gamma=10.0, layers=(256, 256))
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
        >>> dip_vae(off_diagonal=5.0).objective
        DIPVAE(off_diagonal=5.0, diagonal=None, covariance='codes')
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
        >>> info_vae(alpha=1.0).objective.alpha
        1.0
    """
    check_effect("objective", options, alpha=(alpha, 0.5))
    return recipe(latent_dim, layers, InfoVAE(alpha), options)
