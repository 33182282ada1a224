r"""Priors made of the posteriors of some inputs."""

__all__ = ["PriorOfInputs"]

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution

from ..base import Prior


class PriorOfInputs(Prior):
    r"""Abstract prior that encodes inputs of its own, which start at training examples."""

    refusal_of_posterior: ClassVar[str]
    r"""The message about posteriors without a density, with a place for `{family}`."""

    refusal_of_examples: ClassVar[str]
    r"""The message about discrete examples."""

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        family: Any = encoder.family

        if not family.has_density:
            raise ValueError(self.refusal_of_posterior.format(family=family))

        self.attached: tuple[Any] = (encoder,)  # a tuple, so that it is not part of this module
        self.context = context

    @torch.no_grad()
    def start(self, examples: Callable[[], tuple[Tensor, Tensor | None]]) -> None:
        x, c = examples()

        if not x.is_floating_point():
            raise ValueError(self.refusal_of_examples)

        inputs, contexts = self.inputs()
        chosen = torch.linspace(0, len(x) - 1, len(inputs)).round().long()
        inputs.copy_(x[chosen].nan_to_num(0.0))

        if c is not None and contexts is not None:
            contexts.copy_(c[chosen])

    @abc.abstractmethod
    def inputs(self) -> tuple[Tensor, Tensor | None]:
        r"""Returns the inputs, with shape `(M, *)`, and their contexts, with shape `(M, C)`."""

    def posteriors(self) -> Distribution:
        r"""Returns the posteriors of the inputs, with batch shape `(M,)`."""
        (encoder,) = self.attached
        return encoder(*self.inputs())
