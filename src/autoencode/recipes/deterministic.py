r"""Recipes for sharp new examples, by codes that follow a prior, and for quantized codes."""

__all__ = ["aae", "rae", "vae_gan", "vq_vae", "wae"]

from typing import Any

from ..distributions import VectorQuantizer
from ..estimator import Autoencoder
from ..objectives import AAE, RAE, VAEGAN, VQ, WAE
from .building import Layers, check_effect, recipe


def wae(
    latent_dim: int | None = None,
    weight: float | None = None,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Wasserstein autoencoder, whose codes together follow the prior.

    It generates as a VAE does, with sharper reconstructions, and has no density. See
    :class:`~autoencode.objectives.WAE`.

    References:
        | Wasserstein Auto-Encoders (Tolstikhin et al., 2018)
        | https://arxiv.org/abs/1711.01558

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        weight: The weight of the mismatch of codes and prior; by default the number of elements
            of an example.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.aae`,
        :func:`~autoencode.recipes.rae`,
        :class:`~autoencode.objectives.SlicedWAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = wae(2, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.sample(5, random_state=1).shape
        (5, 4)
    """
    check_effect("objective", options, weight=(weight, None))
    return recipe(latent_dim, layers, WAE(weight), options)


def aae(
    latent_dim: int | None = None,
    weight: float | None = None,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Adversarial autoencoder: a discriminator makes the codes follow the prior.

    See :class:`~autoencode.objectives.AAE`. :func:`wae` serves the same purpose without a
    second player.

    References:
        | Adversarial Autoencoders (Makhzani et al., 2016)
        | https://arxiv.org/abs/1511.05644

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        weight: The weight of fooling the discriminator; by default a tenth of the number of
            elements of an example.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.wae`, :func:`~autoencode.recipes.rae`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = aae(2, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.sample(5, random_state=1).shape
        (5, 4)
    """
    check_effect("objective", options, weight=(weight, None))
    return recipe(latent_dim, layers, AAE(weight), options)


def vae_gan(
    latent_dim: int | None = None,
    weight: float | None = None,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Variational autoencoder that compares examples by the features of a discriminator.

    The discriminator also tells new examples from real ones, which makes them sharper. See
    :class:`~autoencode.objectives.VAEGAN`.

    References:
        | Autoencoding beyond pixels using a learned similarity metric (Larsen et al., 2016)
        | https://arxiv.org/abs/1512.09300

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        weight: The weight of fooling the discriminator; by default a tenth of the number of
            elements of an example.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.vae`, :func:`~autoencode.recipes.aae`,
        :class:`~autoencode.objectives.ImageSimilarity`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = vae_gan(2, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.sample(5, random_state=1).shape
        (5, 4)
    """
    check_effect("objective", options, weight=(weight, None))
    return recipe(latent_dim, layers, VAEGAN(weight), options)


def rae(
    latent_dim: int | None = None,
    beta: float = 1e-2,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Regularized autoencoder, smooth enough to draw new examples from.

    See :class:`~autoencode.objectives.RAE`, and :class:`~autoencode.networks.SpectralNorm` for a
    decoder that stretches no distance, `rae(network=SpectralNorm())`.

    References:
        | From Variational to Deterministic Autoencoders (Ghosh et al., 2020)
        | https://arxiv.org/abs/1903.12436

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        beta: The weight of the norm of the codes.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.wae`, :func:`~autoencode.recipes.vae`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = rae(2, beta=0.1, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.sample(5, random_state=1).shape
        (5, 4)
    """
    check_effect("objective", options, beta=(beta, 1e-2))
    return recipe(latent_dim, layers, RAE(beta), options)


def vq_vae(
    latent_dim: int | None = None,
    codebook_size: int = 256,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Autoencoder with quantized codes: groups of units are entries of a codebook.

    `transform(X, indices=True)` returns the entries' indices. See
    :class:`~autoencode.distributions.VectorQuantizer`, and
    :class:`~autoencode.distributions.FiniteScalarQuantizer` for a grid that needs no learning.

    References:
        | Neural Discrete Representation Learning (van den Oord et al., 2017)
        | https://arxiv.org/abs/1711.00937

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        codebook_size: The number of entries of the codebook.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :class:`~autoencode.objectives.VQ`, :class:`~autoencode.distributions.ResidualQuantizer`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = vq_vae(2, codebook_size=8, training=ae.Training(epochs=1), random_state=0)
        >>> model = model.fit(X)
        >>> model.transform(X, indices=True).shape
        (60, 1)
    """
    check_effect("posterior", options, codebook_size=(codebook_size, 256))
    options = {"posterior": VectorQuantizer(codebook_size)} | options

    return recipe(latent_dim, layers, VQ(), options)
