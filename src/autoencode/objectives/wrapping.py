r"""Helpers of objectives that contain another objective."""

__all__ = ["RecordingModel", "inherit_settings"]

from typing import Any

from torch import Tensor
from torch.distributions import Distribution

from ..models.latent import Model
from .base import Objective


class RecordingModel:
    r"""Model that records the distributions it returns, so that they are computed only once.

    Arguments:
        model: The model.

    Example:
        >>> from types import SimpleNamespace
        >>> recorded = RecordingModel(SimpleNamespace(encode=lambda x: x + 1))
        >>> recorded.encode(2), recorded.posteriors
        (3, [3])
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.posteriors: list[Distribution] = []
        self.decoded: list[Distribution] = []

    def encode(self, x: Tensor) -> Distribution:
        r"""Returns the posterior, and records it."""
        self.posteriors.append(self.model.encode(x))
        return self.posteriors[-1]

    def decode(self, z: Tensor) -> Distribution:
        r"""Returns the likelihood, and records it."""
        self.decoded.append(self.model.decode(z))
        return self.decoded[-1]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)


def inherit_settings(outer: Objective, inner: Objective) -> None:
    r"""Copy the settings of the contained objective, the attribute `whole`, to the outer one.

    Arguments:
        outer: The objective that is changed.
        inner: The objective that it contains.

    Example:
        >>> from autoencode.objectives import AAE, Matryoshka
        >>> Matryoshka(AAE()).selection_term  # which `inherit_settings` has set
        'distortion'
    """
    outer.posterior = inner.posterior
    outer.prior = inner.prior
    outer.matches_prior = inner.matches_prior
    outer.selection_term = inner.selection_term
    outer.lr_factors = {f"whole.{name}": v for name, v in inner.lr_factors.items()}
    outer.couples_examples = inner.couples_examples
    outer.completes_codes = outer.completes_codes or inner.completes_codes
