r"""Choices that follow from others, if the user leaves them open."""

__all__ = [
    "default_prior",
    "resolve_latent_dim",
    "resolve_likelihood",
    "resolve_network",
    "resolve_objective",
    "resolve_posterior",
    "resolve_prior",
]

import logging
from numbers import Integral
from typing import Any

from ..distributions import Family
from ..modalities import Modality
from ..modalities.capabilities import Extendable
from ..modalities.capabilities.fitting import (
    adapt_likelihood,
    adapt_network,
    default_likelihood,
    default_network,
)
from ..networks import Modules, Network
from ..networks.modules import as_network
from ..objectives import Objective, Reconstruction
from ..priors import (
    AutoregressivePrior,
    BestPrior,
    ConditionalMixture,
    Mixture,
    Prior,
    Reference,
    StandardNormal,
)

log = logging.getLogger(__name__)


def resolve_latent_dim(latent_dim: Any) -> int | None:
    r"""Number of features of the code, or `None` to choose it from the data.

    Raises:
        ValueError: If it is not a positive integer.

    Example:
        >>> resolve_latent_dim(2.5)
        Traceback (most recent call last):
        ValueError: expected latent_dim as an integer >= 1, or None, got 2.5.
    """
    if latent_dim is None:
        return None

    if not isinstance(latent_dim, Integral) or isinstance(latent_dim, bool) or latent_dim < 1:
        raise ValueError(f"expected latent_dim as an integer >= 1, or None, got {latent_dim!r}.")

    return int(latent_dim)


def resolve_objective(objective: Objective | None) -> Objective:
    r"""Objective to minimize: the argument, or the mean reconstruction error.

    Example:
        >>> resolve_objective(None)
        Reconstruction()
    """
    return (objective or Reconstruction()).clone()


def resolve_posterior(posterior: Family | None, objective: Objective | None) -> Family:
    r"""Family of the codes: the argument, or the default of the objective.

    Arguments:
        posterior: The posterior, if one was chosen.
        objective: The objective, if one was chosen.

    Example:
        >>> resolve_posterior(None, None)
        Dirac()
    """
    return (posterior or resolve_objective(objective).posterior()).clone()


def resolve_prior(
    prior: Prior | str | None,
    objective: Objective | None,
    conditional: bool,
    posterior: Family | None = None,
    network: Network | None = None,
) -> Prior:
    r"""Prior of the codes: the argument, or the default of the objective.

    A conditional model with a density has a mixture for each label, as one fitted to the codes of
    all labels would draw codes of other labels. Codes in other spaces, such as a sphere, have
    the prior of this space. Codes over time have an autoregressive prior in place of both.

    Arguments:
        prior: The prior, if one was chosen; `"best"` for a choice by held-out codes.
        objective: The objective, if one was chosen.
        conditional: Whether the model is conditional.
        posterior: The posterior, if one was chosen.
        network: The network, if it is known.

    Example:
        >>> resolve_prior(None, None, conditional=False)
        StandardNormal()
    """
    if isinstance(prior, str):
        return BestPrior()

    return (prior or default_prior(objective, conditional, posterior, network)()).clone()


def default_prior(
    objective: Objective | None,
    conditional: bool,
    posterior: Family | None = None,
    network: Network | None = None,
) -> type[Prior]:
    r"""Class of the prior of :func:`resolve_prior`, if none was chosen.

    Arguments:
        objective: The objective, if one was chosen.
        conditional: Whether the model is conditional.
        posterior: The posterior, if one was chosen.
        network: The network, if it is known.

    Example:
        >>> from autoencode.distributions import PowerSpherical
        >>> default_prior(None, False, PowerSpherical()).__name__
        'Reference'
    """
    family = resolve_posterior(posterior, objective)
    prior = resolve_objective(objective).prior

    if family.has_reference:
        return Reference

    over_time = network is not None and network.over_time

    if prior is Mixture and over_time:
        return AutoregressivePrior

    if conditional:
        return ConditionalMixture if prior is Mixture and family.has_density else StandardNormal

    return prior


def resolve_network(network: Any, modality: Modality, cleans: bool) -> Network:
    r"""Architecture of the networks: the argument or the modality's default, adapted to the data.

    Arguments:
        network: The architecture, if one was chosen, or plain modules of torch.
        modality: The modality, fitted to the data.
        cleans: Whether the size of the code is open and the examples are damaged.

    Raises:
        ValueError: If the network does not suit such data.

    Example:
        >>> import numpy as np
        >>> from autoencode.modalities import Images
        >>> images = Images().fit(np.zeros((2, 8, 8), np.uint8))
        >>> type(resolve_network(None, images, cleans=False)).__name__
        'Convolutional'
    """
    chosen = as_network(network)

    if isinstance(chosen, Modules) and chosen.has_modules:
        log.warning(
            "a model with modules of your own cannot be saved, because modules do not record how"
            " they were built. Functions that build them can be stored: see"
            " autoencode.networks.Modules."
        )

    network = adapt_network(modality, chosen or default_network(modality, cleans)).clone()

    if network.over_time and not isinstance(modality, Extendable):
        raise ValueError(
            f"{network} is for series and sounds, got {modality}. Use FullyConvolutional() for"
            " codes of images that are maps, or leave network=... out."
        )

    return network


def resolve_likelihood(
    likelihood: Family | None, modality: Modality, X: Any, density: bool
) -> Family:
    r"""Likelihood of the examples: the argument or the modality's default, adapted to the data.

    Arguments:
        likelihood: The likelihood, if one was chosen.
        modality: The modality, fitted to the data. It learns from the examples what its default
            needs.
        X: The examples.
        density: Whether codes have a density.

    Raises:
        ValueError: If the likelihood does not suit the data.

    Example:
        >>> from autoencode.distributions import Gaussian
        >>> from autoencode.modalities import Images
        >>> resolve_likelihood(Gaussian(), Images(), None, density=True)
        Gaussian()
    """
    likelihood = likelihood or default_likelihood(modality, X, density)
    return adapt_likelihood(modality, likelihood)
