r"""Statistics of the data that a model needs, and parts of a model adapted to the data."""

__all__ = [
    "Adaptive",
    "Augmented",
    "Calibrated",
    "DensityFitted",
    "ErrorWeighted",
    "ResidualFitted",
    "Subsettable",
    "adapt_likelihood",
    "adapt_network",
    "default_likelihood",
    "default_network",
    "for_subset",
    "split_corruption",
    "variation",
]

import abc
from collections.abc import Callable, Iterator
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from ...corruptions import TextCorruption
from ...corruptions.base import flatten
from ...distributions import Family
from ...networks import Network
from ..base import Modality
from .pictures import Tiled

Corrupting = Callable[[Tensor], Tensor]


class DensityFitted(abc.ABC):
    r"""Kinds that learn more from the data for models with a density."""

    @abc.abstractmethod
    def fit_density(self, X: NDArray) -> None:
        r"""Learns the distribution of the numbers, after `fit` to the same examples.

        It is called for models with a density and the default likelihood.
        """


class ErrorWeighted(abc.ABC):
    r"""Kinds with another default likelihood for models without a density."""

    @abc.abstractmethod
    def deterministic_likelihood(self) -> Family:
        r"""Returns the default likelihood of models without a density; it weights errors."""


class ResidualFitted(abc.ABC):
    r"""Kinds whose new examples need the spread of residuals, which a model does not learn."""

    @abc.abstractmethod
    def fit_residuals(self, squares: Callable[[], Iterator[Tensor]]) -> None:
        r"""Learns the spread of the residuals, after the training.

        Arguments:
            squares: Yields squared residuals :math:`(x - E[x \mid z])^2` of scaled examples, under
                codes drawn from their posterior, with shape `(B, *shape_)`.
        """


class Calibrated(abc.ABC):
    r"""Kinds whose nonlinear scales are adapted to the numbers that a trained model draws."""

    @property
    @abc.abstractmethod
    def is_calibrated(self) -> bool:
        r"""Tell whether there is a scale to adapt."""

    @abc.abstractmethod
    def calibrate(self, new: Tensor) -> None:
        r"""Adapts the scales of new examples, so that these follow the distribution of the data.

        Codes, reconstructions and densities keep the scales of the training.

        Arguments:
            new: Scaled examples that the model drew, as `draw` returned them.
        """


class Augmented(abc.ABC):
    r"""Kinds that train on randomly changed examples if there are few examples."""

    @abc.abstractmethod
    def variation(self) -> Callable[[Tensor], Tensor] | None:
        r"""Returns a random function that changes scaled examples into equally likely ones.

        It is `None` if there are enough examples in the fit.
        """


class Adaptive:
    r"""Kinds that complete or refuse the network, likelihood or corruption of a model.

    Example:
        >>> from autoencode.modalities import MixedTables, Tables
        >>> isinstance(MixedTables(), Adaptive), isinstance(Tables(), Adaptive)
        (True, False)
    """

    def adapt_network(self, network: Network) -> Network:
        r"""Returns a network adapted to the data, for example to the size of the vocabulary.

        Raises:
            ValueError: If the network does not suit the data.
        """
        return network

    def adapt_likelihood(self, likelihood: Family) -> Family:
        r"""Returns a likelihood adapted to the data, with open arguments filled in.

        Raises:
            ValueError: If the likelihood does not suit the data.
        """
        return likelihood

    def split_corruption(self, corruption: Any) -> tuple[Corrupting | None, Corrupting]:
        r"""Returns the parts of a corruption that act before `normalize`, if any, and after it.

        A corruption that makes no sense for the data is replaced by a similar one that does.

        Raises:
            ValueError: If no corruption can replace it, or its parts are in another order.
        """
        return None, without_text_corruptions(self, corruption)


class Subsettable(abc.ABC):
    r"""Kinds that learn facts of which a subset of the data shows too little, such as levels."""

    @abc.abstractmethod
    def for_subset(self) -> Modality:
        r"""Returns the modality for models that are fitted to a subset of the data.

        It keeps the shape, types, levels and constants of all data.
        """


def default_network(modality: Modality, cleaning: bool = False) -> Network:
    r"""The default architecture.

    Arguments:
        modality: The kind of data, after `fit`.
        cleaning: Whether the model cleans damaged examples and the size of its code is open.

    Example:
        >>> from autoencode.modalities import Texts
        >>> type(default_network(Texts().fit(["a"]))).__name__
        'Recurrent'
    """
    return modality.denoiser() if cleaning and isinstance(modality, Tiled) else modality.network()


def default_likelihood(modality: Modality, X: Any, density: bool) -> Family:
    r"""The default likelihood.

    Arguments:
        modality: The kind of data, after `fit`.
        X: The examples, from which the kind may learn more.
        density: Whether the model has a density.

    Example:
        >>> import numpy as np
        >>> from autoencode.modalities import Tables
        >>> X = np.random.default_rng(0).normal(size=(99, 3))
        >>> default_likelihood(Tables().fit(X), X, density=False)
        SharedGaussian()
    """
    if not density and isinstance(modality, ErrorWeighted):
        return modality.deterministic_likelihood()

    if density and isinstance(modality, DensityFitted):
        modality.fit_density(X)

    return modality.likelihood()


def adapt_network(modality: Modality, network: Network) -> Network:
    r"""A network adapted to the data.

    Arguments:
        modality: The kind of data, after `fit`.
        network: The network.

    Raises:
        ValueError: If the network does not suit the data.

    Example:
        >>> from autoencode.modalities import Texts
        >>> from autoencode.networks import Recurrent
        >>> adapt_network(Texts().fit(["a"]), Recurrent()).vocab_size
        256
    """
    return modality.adapt_network(network) if isinstance(modality, Adaptive) else network


def adapt_likelihood(modality: Modality, likelihood: Family) -> Family:
    r"""A likelihood adapted to the data.

    Arguments:
        modality: The kind of data, after `fit`.
        likelihood: The likelihood.

    Raises:
        ValueError: If the likelihood does not suit the data.

    Example:
        >>> from autoencode.distributions import Autoregressive
        >>> from autoencode.modalities import Texts
        >>> adapt_likelihood(Texts().fit(["a"]), Autoregressive()).max_length
        2
    """
    if isinstance(modality, Adaptive):
        return modality.adapt_likelihood(likelihood)

    return likelihood


def split_corruption(
    modality: Modality, corruption: Corrupting
) -> tuple[Corrupting | None, Corrupting]:
    r"""The parts of a corruption that act before `normalize`, if any, and after it.

    Arguments:
        modality: The kind of data, after `fit`.
        corruption: The corruption.

    Raises:
        ValueError: If it is for another kind of data.

    Example:
        >>> from autoencode.corruptions import GaussianNoise
        >>> from autoencode.modalities import Tables
        >>> split_corruption(Tables(), GaussianNoise(0.1))
        (None, GaussianNoise(std=0.1))
    """
    if isinstance(modality, Adaptive):
        return modality.split_corruption(corruption)

    return None, without_text_corruptions(modality, corruption)


def without_text_corruptions(modality: Any, corruption: Corrupting) -> Corrupting:
    r"""Returns a corruption, and refuses corruptions of texts."""
    for part in flatten(corruption):
        if isinstance(part, TextCorruption):
            raise ValueError(
                f"{type(part).__name__} is for texts, got {type(modality).__name__}."
                " Use GaussianNoise() or Masking()."
            )

    return corruption


def for_subset(modality: Modality) -> Modality:
    r"""The modality for models that are fitted to a subset of the data.

    Arguments:
        modality: The kind of data, after `fit` to all of them.

    Example:
        >>> from autoencode.modalities import Texts
        >>> for_subset(Texts().fit(["a", "abc"])).max_bytes
        3
    """
    return modality.for_subset() if isinstance(modality, Subsettable) else modality.clone()


def variation(modality: Modality) -> Callable[[Tensor], Tensor] | None:
    r"""Random change of scaled examples into equally likely ones, or `None` if none is needed.

    Arguments:
        modality: The kind of data, after `fit`.

    Example:
        >>> from autoencode.modalities import Tables
        >>> variation(Tables()) is None
        True
    """
    return modality.variation() if isinstance(modality, Augmented) else None
