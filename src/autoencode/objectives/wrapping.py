r"""Objectives around others: a model that remembers, and the choices that are handed on."""

__all__ = ["Listening", "adopt"]

from typing import Any

from torch import Tensor
from torch.distributions import Distribution

from ..models.latent import Model
from .base import Objective


class Listening:
    r"""Model that remembers what it encoded and decoded, which is then computed only once.

    Arguments:
        model: The model.

    Example:
        >>> from types import SimpleNamespace
        >>> heard = Listening(SimpleNamespace(encode=lambda x: x + 1))
        >>> heard.encode(2), heard.posteriors
        (3, [3])
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.posteriors: list[Distribution] = []
        self.decoded: list[Distribution] = []

    def encode(self, x: Tensor) -> Distribution:
        r"""Returns the posterior, and remembers it."""
        self.posteriors.append(self.model.encode(x))
        return self.posteriors[-1]

    def decode(self, z: Tensor) -> Distribution:
        r"""Returns the likelihood, and remembers it."""
        self.decoded.append(self.model.decode(z))
        return self.decoded[-1]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)


def adopt(outer: Objective, inner: Objective) -> None:
    r"""Give an objective the choices of one within it, its attribute `whole`.

    Arguments:
        outer: The objective that is changed.
        inner: The objective within it.

    Example:
        >>> from autoencode.objectives import AAE, Matryoshka
        >>> Matryoshka(AAE()).selection_term  # which `adopt` has set
        'distortion'
    """
    outer.posterior = inner.posterior
    outer.prior = inner.prior
    outer.matches_prior = inner.matches_prior
    outer.selection_term = inner.selection_term
    outer.lr_factors = {f"whole.{name}": v for name, v in inner.lr_factors.items()}
    outer.completes_codes = outer.completes_codes or inner.completes_codes
