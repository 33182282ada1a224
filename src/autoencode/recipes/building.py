r"""Construction of estimators from recipes."""

__all__ = ["Layers", "check_effect", "recipe"]

from collections.abc import Sequence
from typing import Any

from ..estimator import Autoencoder
from ..networks import FullyConnected
from ..objectives import Objective

Layers = Sequence[int] | None


def recipe(
    latent_dim: int | None, layers: Layers, objective: Objective, options: dict[str, Any]
) -> Autoencoder:
    r"""Build the estimator of a recipe.

    Arguments:
        latent_dim: The number of features of the code, or `None`.
        layers: The widths of the encoder's hidden layers, or `None`.
        objective: The objective, unless the options have one.
        options: Other arguments of the estimator.

    Raises:
        TypeError: If both `layers` and a network are given.

    Example:
        >>> from autoencode.objectives import ELBO
        >>> recipe(2, (8,), ELBO(), {}).network
        FullyConnected(layers=(8,))
    """
    check_effect("network", options, layers=(layers, None))
    options = {"objective": objective} | options

    if layers is not None:
        options = {"network": FullyConnected(layers)} | options

    return Autoencoder(latent_dim, **options)


def check_effect(other: str, options: dict[str, Any], **own: tuple[Any, Any]) -> None:
    r"""Refuse arguments of a recipe that another argument leaves without effect.

    Arguments:
        other: The argument that replaces what they make.
        options: All arguments of the estimator that were given.
        own: The value of each argument of the recipe, and its default.

    Raises:
        TypeError: If an argument of the recipe was given beside the other.

    Example:
        >>> check_effect("objective", {"objective": "ELBO()"}, beta=(4.0, 2.0))
        Traceback (most recent call last):
        TypeError: beta has no effect together with ...
    """
    given = [name for name, (value, default) in own.items() if value != default]

    if given and options.get(other) is not None:
        raise TypeError(
            f"{' and '.join(given)} {'has' if len(given) == 1 else 'have'} no effect together with"
            f" {other}={options[other]!r}: leave out one of the two, or give it to {other}."
        )
