r"""Recipes for codes that serve other purposes than the reconstruction."""

__all__ = ["matryoshka"]

from collections.abc import Sequence
from typing import Any

from ..estimator import Autoencoder
from ..objectives import Matryoshka
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
