r"""Interface of training objectives."""

__all__ = ["Loss", "Objective", "penalty_weight", "units_of"]

import abc
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution, Independent

from ..common.configurable import Configurable
from ..common.schedules import WeightSchedule
from ..models.latent import LatentModel, Model
from ..priors import Prior, StandardNormal

Self = TypeVar("Self", bound="Objective")


class Loss(NamedTuple):
    r"""Loss of each example, and its terms.

    See Also:
        :class:`~autoencode.objectives.Objective`

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
        r"""Joins the losses of the parts of a minibatch."""
        if len(losses) == 1:
            return losses[0]

        named = {name: [loss.terms[name] for loss in losses] for name in losses[0].terms}
        terms = {k: torch.cat(v) if v[0].ndim else torch.stack(v).mean() for k, v in named.items()}

        return cls(torch.cat([loss.total for loss in losses]), terms)


class Objective(Configurable, nn.Module, abc.ABC):
    r"""Abstract objective. Its parameters, if any, are trained with those of the model.

    An objective that needs parameters of its own, such as a discriminator of codes, makes them in
    `build`, within the seed of the training. They are stored with the model.

    See Also:
        :class:`~autoencode.objectives.Reconstruction`, :class:`~autoencode.objectives.ELBO`
    """

    posterior: Any
    r"""Factory of the default family of :math:`q(z \mid x)`, such as a class of families."""

    prior: type[Prior] = StandardNormal
    r"""The default prior :math:`p(z)`."""

    matches_prior: bool = False
    r"""True if the objective makes the codes of all examples together follow :math:`p(z)`. New
    examples can then be drawn, even if the posterior has no density."""

    selection_term: str = "total"
    r"""The term of the validation loss, lower is better, by which the best epoch is selected."""

    lr_factors: Mapping[str, float] = MappingProxyType({})
    r"""Learning-rate factors of the objective's parameters, by the beginning of their names, such
    as `{"discriminator": 2.0}`."""

    completes_codes: bool = False
    r"""True if a code stays valid when its last units are set to zero."""

    couples_examples: bool = False
    r"""True if the loss of an example depends on the other examples of its minibatch. Such a loss
    has no weights of examples."""

    progress: Tensor
    r"""The completed fraction of the training, with shape `()`; one outside of a training."""

    n_examples: int = 1
    r"""The number of training examples, which estimates over minibatches need."""

    def __init__(self) -> None:
        super().__init__()

        self.register_buffer("progress", torch.ones(()), persistent=False)

    def build(self: Self, model: LatentModel, n_examples: int = 1) -> Self:
        r"""Creates the parameters that depend on the model, and returns the objective.

        Most objectives have no parameters. A subclass with parameters calls
        `super().build(model, n_examples)`.

        Arguments:
            model: The model to train.
            n_examples: The number of training examples.
        """
        self.n_examples = n_examples
        return self

    def start(self, examples: Callable[[], Tensor]) -> None:
        r"""Shows some examples to the objective before a training. Most objectives need none.

        Arguments:
            examples: Returns at most 1,024 examples of the training set, scaled, with shape
                `(M, *)`.
        """

    def advance(self, progress: float) -> None:
        r"""Sets the completed fraction of the training, here and in contained objectives."""
        for module in self.modules():
            if isinstance(module, Objective):
                module.progress.fill_(progress)

    def current(self, weight: float | WeightSchedule | None) -> Any:
        r"""Returns a weight at this point of the training: the number, or the schedule's value."""
        return weight(self.progress) if isinstance(weight, WeightSchedule) else weight

    @abc.abstractmethod
    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        r"""
        Arguments:
            model: The model to score.
            x: The input of the encoder, with shape `(B, *)`.
            target: The examples to reconstruct, with shape `(B, *)`. They differ from `x` if the
                input is corrupted.
        """


def penalty_weight(weight: Any, target: Tensor) -> Any:
    r"""Weight of a penalty: as given, or the number of elements of an example.

    The distortion is a sum over elements. With this weight, the share of the penalty in the loss
    does not depend on the size of an example.

    Arguments:
        weight: The weight, or `None`.
        target: The examples, with shape `(B, *)`.

    Example:
        >>> penalty_weight(None, torch.zeros(5, 3, 2))
        6
    """
    return target[0].numel() if weight is None else weight


def units_of(d: Distribution, name: str) -> Distribution:
    r"""Distributions of the units of a code.

    Arguments:
        d: The distribution of codes.
        name: The name of the distribution in the error message.

    Raises:
        ValueError: If the units are dependent.

    Example:
        >>> from torch.distributions import Normal
        >>> units_of(Independent(Normal(torch.zeros(5, 2), 1.0), 1), "posterior").batch_shape
        torch.Size([5, 2])
    """
    if not isinstance(d, Independent) or d.reinterpreted_batch_ndims != 1:
        raise ValueError(
            f"expected a {name} of independent units, got {d}. Use posterior=Gaussian() and"
            " prior=StandardNormal()."
        )

    return d.base_dist
