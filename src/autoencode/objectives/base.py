r"""Interface of training objectives."""

__all__ = ["Loss", "Objective"]

import abc
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn as nn
from torch import Tensor

from ..common.configurable import Configurable
from ..models.latent import Model
from ..priors import Prior, StandardNormal


class Loss(NamedTuple):
    r"""Loss of each example, and its terms.

    Example:
        >>> loss = Loss(torch.tensor([1.0, 3.0]), {"rate": torch.tensor([0.0, 1.0])})
        >>> Loss.join([loss, loss]).total
        tensor([1., 3., 1., 3.])
    """

    total: Tensor
    r"""The loss of each example, minimized, with shape `(B,)`."""

    terms: dict[str, Tensor]
    r"""The terms to log, unweighted and in nats, with shapes `(B,)` or `()`."""

    def detach(self) -> "Loss":
        r"""Returns the same values, detached from the graph."""
        return Loss(self.total.detach(), {name: t.detach() for name, t in self.terms.items()})

    @classmethod
    def join(cls, losses: "Sequence[Loss]") -> "Loss":
        r"""Returns the loss of a minibatch from those of its parts."""
        if len(losses) == 1:
            return losses[0]

        named = {name: [loss.terms[name] for loss in losses] for name in losses[0].terms}
        terms = {k: torch.cat(v) if v[0].ndim else torch.stack(v).mean() for k, v in named.items()}

        return cls(torch.cat([loss.total for loss in losses]), terms)


class Objective(Configurable, nn.Module, abc.ABC):
    r"""Abstract objective. Its parameters, if any, are trained with those of the model."""

    posterior: ClassVar[Any]
    r"""Factory of the default family of :math:`q(z \mid x)`, such as a class of families."""

    prior: ClassVar[type[Prior]] = StandardNormal
    r"""The default prior :math:`p(z)`."""

    progress: Tensor
    r"""The completed fraction of the training, with shape `()`; one outside of a training."""

    def __init__(self) -> None:
        super().__init__()

        self.register_buffer("progress", torch.ones(()), persistent=False)

    @abc.abstractmethod
    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        r"""
        Arguments:
            model: The model to score.
            x: The input of the encoder, with shape `(B, *)`.
            target: The examples to reconstruct, with shape `(B, *)`. They differ from `x` if the
                input is corrupted.
        """
