r"""Attributes of a fitted estimator: the parts that a file stores, and views of them."""

__all__ = ["ResolvedAttributes"]

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Self, cast

import torch
from sklearn.base import clone
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..blueprint import Blueprint
from ..distributions import Family
from ..modalities import Modality
from ..modalities.context import ContinuousContext, Labels
from ..models.latent import Conditional, LatentModel
from ..networks import Network
from ..objectives import Objective
from ..persistence.model_file import FittedState
from ..priors import Prior
from ..training.solver import Solver
from ..training.trainer import Training
from .availability import Abilities


class ResolvedAttributes:
    r"""Base class of the estimator: a blueprint, the model built from it, and views of both.

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> model = ae.linear(2).fit(np.random.default_rng(0).normal(size=(20, 4)))
        >>> model.modality_ is model.blueprint_.modality
        True
    """

    modality: Modality | Sequence[Modality] | None
    posterior: Family | None
    prior: Prior | Literal["best"] | None
    objective: Objective | None
    conditional: bool | Labels | ContinuousContext
    training: Solver | None

    blueprint_: Blueprint
    model_: LatentModel
    objective_: Objective
    moments_: dict[str, Tensor]
    fitted_: Any
    training_: Solver
    history_: list[Bunch]
    seed_: int

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
        decoder = self.model_.decoder  # `None` if only the encoder was stored
        return self.blueprint_.likelihood if decoder is None else decoder.family

    @property
    def prior_(self) -> Prior:
        r"""The prior, before it is fitted."""
        return self.blueprint_.prior

    @property
    def context_(self) -> Labels | ContinuousContext | None:
        r"""The kind of labels or numbers of a conditional model."""
        return self.blueprint_.context

    @property
    def encoder_(self) -> Conditional:
        r"""The encoder, :math:`q(z \mid x)`."""
        check_is_fitted(self, "model_")
        return self.model_.encoder

    @property
    def _n_features_out(self) -> int:
        return self.model_.encoder.event[0]

    @property
    def _abilities(self) -> Abilities:
        in_steps = self.training is None or isinstance(self.training, Training)

        if (fitted := self.__dict__.get("blueprint_")) is None:
            given = self.modality, self.posterior, self.prior, self.objective
            return Abilities.before_fit(*given, bool(self.conditional))._replace(in_steps=in_steps)

        model = self.__dict__.get("model_")
        decodes = model is None or model.decoder is not None
        return Abilities.of_fit(fitted, decodes)._replace(in_steps=in_steps)

    def _move(self, device: torch.device) -> Self:
        r"""Moves all tensors of the fit to a device."""
        for part in (self.model_, self.__dict__.get("objective_")):
            if part is not None:
                part.to(device)

        if moments := self.__dict__.get("moments_"):
            self.moments_ = {name: t.to(device) for name, t in moments.items()}

        if hasattr(self.training_, "device"):
            self.training_ = self.training_.clone().set_params(device=str(device))

        return self

    def _state(self) -> FittedState:
        r"""Returns the parts of a fit that a file stores."""
        return FittedState(
            self.fitted_.get_params(deep=False),
            replace(self.blueprint_, likelihood=self.likelihood_),
            self.model_,
            self.training_,
            self.history_,
            self.seed_,
            getattr(self, "n_features_in_", None),
            getattr(self, "feature_names_in_", None),
            self.objective_,
            getattr(self, "moments_", {}),
        )

    def _set_state(self, state: FittedState) -> Self:
        r"""Restores a fit from a file, for an estimator with the stored arguments."""
        self.fitted_ = clone(self)
        self.blueprint_, self.model_ = state.blueprint, state.model
        self.objective_ = cast(Objective, state.objective)  # `None` for an encoder alone
        self.training_, self.history_, self.seed_ = state.training, state.history, state.seed

        if state.moments:
            self.moments_ = {**state.moments}

        if state.n_features_in is not None:
            self.n_features_in_ = state.n_features_in

        if state.feature_names_in is not None:
            self.feature_names_in_ = state.feature_names_in

        return self
