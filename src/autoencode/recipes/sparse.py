r"""Recipe for dictionaries with sparse codes."""

__all__ = ["sparse"]

from typing import Any

from ..distributions import FixedGaussian, TopK
from ..estimator import Autoencoder
from ..modalities import CANDIDATES, Tables
from ..networks import Dictionary
from ..objectives import SparseCoding
from .building import Layers, check_effect, recipe


def sparse(
    latent_dim: int | None = None,
    k: int = 32,
    layers: Layers = None,
    **options: Any,
) -> Autoencoder:
    r"""Sparse autoencoder: each example is the sum of a few atoms of a large dictionary.

    The data are centered by their mean and divided by one number, so that directions stay as they
    are. `transform(X, sparse=True)` returns sparse codes, `transform(X, out="codes.npz")` writes
    them without holding all in memory, and `units(X)` returns the top examples of each unit. The
    atoms are `model.model_.decoder.network.atoms`. See
    :class:`~autoencode.objectives.SparseCoding` and :class:`~autoencode.networks.Dictionary`.

    References:
        | Scaling and evaluating sparse autoencoders (Gao et al., 2024)
        | https://arxiv.org/abs/2406.04093

        | BatchTopK Sparse Autoencoders (Bussmann et al., 2024), with `posterior=BatchTopK(k)`
        | https://arxiv.org/abs/2412.06410

    Arguments:
        latent_dim: The number of atoms; by default four times the numbers of an example.
        k: The number of units that are on in each code.
        layers: The widths of hidden layers, in place of the dictionary; by default there are none.
        options: Other arguments of the estimator.

    See Also:
        :class:`~autoencode.objectives.SparseCoding`,
        :class:`~autoencode.distributions.BatchTopK`,
        :func:`~autoencode.recipes.vq_vae`

    Example:
        >>> sparse(latent_dim=512, k=16).posterior
        TopK(k=16)
    """
    check_effect("posterior", options, k=(k, 32))
    defaults: dict[str, Any] = {
        "posterior": TopK(k),
        "likelihood": FixedGaussian(),
        "modality": [Tables("whole"), *CANDIDATES],
    }

    if layers is None:
        defaults["network"] = Dictionary()

    return recipe(latent_dim, layers, SparseCoding(), defaults | options)
