r"""Attributes of a fitted estimator that are views of its blueprint."""

__all__ = ["ResolvedAttributes"]

from ..distributions import Family
from ..modalities import Modality
from ..modalities.context import ContinuousContext, Labels
from ..models.latent import LatentModel
from ..networks import Network
from ..priors import Prior
from .blueprint import Blueprint


class ResolvedAttributes:
    r"""Base class of estimators that keep a blueprint and the model built from it.

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> model = ae.linear(2).fit(np.random.default_rng(0).normal(size=(20, 4)))
        >>> model.modality_ is model.blueprint_.modality
        True
    """

    blueprint_: Blueprint
    model_: LatentModel

    @property
    def latent_dim_(self) -> int:
        r"""The number of features of the code."""
        return self.blueprint_.latent_dim

    @property
    def modality_(self) -> Modality:
        r"""The kind of data, fitted to their shape and scale."""
        return self.blueprint_.modality

    @property
    def network_(self) -> Network:
        r"""The architecture of encoder and decoder."""
        return self.blueprint_.network

    @property
    def likelihood_(self) -> Family:
        r"""The family of :math:`p(x \mid z)`, which is a part of the model."""
        decoder = self.model_.decoder  # none, if only the encoder was stored
        return self.blueprint_.likelihood if decoder is None else decoder.family

    @property
    def prior_(self) -> Prior:
        r"""The prior, before it is fitted."""
        return self.blueprint_.prior

    @property
    def context_(self) -> Labels | ContinuousContext | None:
        r"""The kind of labels or numbers of a conditional model."""
        return self.blueprint_.context
