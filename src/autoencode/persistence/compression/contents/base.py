r"""Abstract content: examples as symbols on the stack."""

__all__ = ["Content", "Symbols"]

import abc
import contextlib
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from ....modalities import Modality
from ..stack import Stack

Symbols = tuple[Tensor, ...]
r"""Whole numbers, each with shape `(B, *)`, from which examples are restored."""


class Content(abc.ABC):
    r"""Abstract content: examples as symbols, whose probabilities follow from the likelihood.

    Symbols may stand for examples that differ from the user's. Such differences are stored beside
    them (:mod:`~autoencode.persistence.compression.forms`).

    Arguments:
        modality: The kind of data, after `fit`.
        likelihood: The likelihood of the model.
    """

    def __init__(self, modality: Any, likelihood: Any) -> None:
        self.modality: Any = modality
        self.likelihood = likelihood
        self.arithmetic: AbstractContextManager = contextlib.nullcontext()

    @property
    @abc.abstractmethod
    def cost(self) -> int:
        r"""Number of probabilities of an example that are in memory together."""

    @abc.abstractmethod
    def symbols(self, X: Any) -> Symbols:
        r"""Returns the symbols of the user's examples, or of those nearest to them."""

    @abc.abstractmethod
    def restored(self, symbols: Symbols) -> Any:
        r"""Returns the examples of symbols, in the form of the user's examples."""

    @abc.abstractmethod
    def push(self, stack: Stack, p: Any, symbols: Symbols) -> None:
        r"""Puts symbols on the stack under the decoder's distributions."""

    @abc.abstractmethod
    def pop(self, stack: Stack, p: Any, n: int, hidden: Tensor) -> Symbols:
        r"""Takes the symbols of `n` examples from the stack.

        Arguments:
            stack: The stack.
            p: The decoder's distributions, with batch shape `(n,)`.
            n: The number of examples.
            hidden: Which parts are missing, with shape `(n, *)`, as :meth:`hidden` returned it.
        """

    @property
    def parts(self) -> int:
        r"""Number of parts of an example that may be missing."""
        return 0

    def hidden(self, symbols: Symbols) -> Tensor:
        r"""Returns which parts are missing, and thus not on the stack, with shape `(B, parts)`."""
        return torch.zeros(len(symbols[0]), self.parts, dtype=torch.bool)

    def count(self, symbols: Symbols) -> int:
        r"""Returns how many numbers, cells or tokens symbols stand for."""
        return symbols[0].numel()

    def reason(self, p: Any) -> str | None:
        r"""Returns a sentence if the decoder's distributions cannot be coded."""
        return None

    def inputs(self, symbols: Symbols) -> Tensor:
        r"""Returns the scaled examples of symbols, as the encoder sees them, in float64."""
        return scaled(self.modality, self.restored(symbols))


def scaled(modality: Modality, X: Any) -> Tensor:
    r"""Returns scaled examples in float64."""
    return modality.normalize(modality.load(X)).double()


def elements_of(p: Distribution) -> Any:
    r"""Returns the distribution of single elements."""
    while isinstance(p, Independent):
        p = p.base_dist

    return p
