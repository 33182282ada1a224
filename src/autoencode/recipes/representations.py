r"""Recipes for codes that serve other purposes than the reconstruction."""

__all__ = ["masked", "matryoshka"]

from collections.abc import Sequence
from typing import Any

from ..corruptions import Masking
from ..estimator import Autoencoder
from ..objectives import Matryoshka, Reconstruction
from .building import Layers, check_effect, recipe


def matryoshka(
    latent_dim: int | None = None,
    prefixes: Sequence[int] | None = None,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Autoencoder with ordered codes: the first units of a code are a code, too.

    One model has codes of all sizes. `transform(X)[:, :m]` has the first :math:`m` units, and
    `inverse_transform` decodes them. With `objective=Matryoshka(...)` around another objective,
    the codes of any other recipe are ordered. See :class:`~autoencode.objectives.Matryoshka`.

    References:
        | Learning Ordered Representations with Nested Dropout (Rippel et al., 2014)
        | https://arxiv.org/abs/1402.0915

        | Matryoshka Representation Learning (Kusupati et al., 2022)
        | https://arxiv.org/abs/2205.13147

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map.
        prefixes: The numbers of first units that are to be codes; by default the powers of two
            below the size of the code.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.autoencoder`, :func:`~autoencode.recipes.linear`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = matryoshka(2, training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model.inverse_transform(model.transform(X)[:, :1]).shape
        (60, 4)
    """
    check_effect("objective", options, prefixes=(prefixes, None))
    return recipe(latent_dim, layers, Matryoshka(prefixes=prefixes), options)


def masked(
    latent_dim: int | None = None,
    fraction: float = 0.5,
    patch_size: int = 4,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Masked autoencoder, which sees a part of each example and fills in the rest.

    It hides patches of images, stretches of series, and cells of tables, so that codes hold what
    the parts have in common. `impute` fills in the missing cells of a frame. All numbers are
    scored, not the hidden ones alone as in the paper, so that `reconstruct` keeps what is seen;
    networks are those of the kind of data. See :class:`~autoencode.corruptions.Masking`.

    References:
        | Masked Autoencoders Are Scalable Vision Learners (He et al., 2022)
        | https://arxiv.org/abs/2111.06377

        | ReMasker: Imputing Tabular Data with Masked Autoencoding (Du et al., 2024)
        | https://arxiv.org/abs/2309.13793

    Arguments:
        latent_dim: The number of features of the code; by default it follows from the data, and
            two make a map. That of images is as wide as they are, by a network that keeps them
            at their resolution.
        fraction: The share of each example that is hidden, in 0 to 1.
        patch_size: The side of a hidden patch in pixels, or its steps; in tables it is a cell.
        layers: The widths of the encoder's hidden layers.
        options: Other arguments of the estimator.

    See Also:
        :func:`~autoencode.recipes.denoising`, :func:`~autoencode.recipes.miwae`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = masked(2, training=ae.Training(epochs=1), random_state=0).fit(X)
        >>> model.transform(X).shape
        (60, 2)
    """
    check_effect("corruption", options, fraction=(fraction, 0.5), patch_size=(patch_size, 4))
    options = {"corruption": Masking(fraction, patch_size)} | options

    return recipe(latent_dim, layers, Reconstruction(), options)
