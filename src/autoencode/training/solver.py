r"""The interface of training methods."""

__all__ = ["DEFAULT_MAX_EPOCHS", "Solver", "TrainingDefaults"]

import abc
from collections.abc import Iterator
from typing import ClassVar, NamedTuple, TypeVar

from ..common.configurable import Configurable
from ..data import Examples
from .state import EpochRecord
from .step import TrainStep

DEFAULT_MAX_EPOCHS = 128

Self = TypeVar("Self", bound="Solver")


class TrainingDefaults(NamedTuple):
    r"""Training defaults suggested by a network and its data.

    See Also:
        :class:`~autoencode.Training`
    """

    learning_rate: float = 2e-3
    r"""The learning rate."""

    max_epochs: int = DEFAULT_MAX_EPOCHS
    r"""The largest number of epochs."""

    batch_size: int | None = None
    r"""The number of examples in a minibatch; `None` to derive it from the number of examples."""

    max_batch_size: int | None = None
    r"""The largest default batch size for fewer than 100,000 examples. The number of epochs does
    not depend on it."""

    static_shapes: bool = True
    r"""True if all minibatches have the same shape, which a compiled step needs."""


class Solver(Configurable, abc.ABC):
    r"""Abstract training method.

    See Also:
        :class:`~autoencode.Training`, :class:`~autoencode.LeastSquares`
    """

    validation_fraction: float | None
    r"""The fraction of the examples to hold out."""

    closed_form: ClassVar[bool] = False
    r"""True if the method minimizes the squared error in closed form and ignores the objective."""

    @abc.abstractmethod
    def n_held_out(self, n: int) -> int:
        r"""Returns the number of examples to hold out of `n`."""

    @abc.abstractmethod
    def resolve(self: Self, n: int, defaults: TrainingDefaults = TrainingDefaults()) -> Self:
        r"""Returns a copy with a value for every argument that was left out.

        Arguments:
            n: The number of examples.
            defaults: The defaults that suit the network and the data.
        """

    @abc.abstractmethod
    def train(
        self,
        train_step: TrainStep,
        data: Examples,
        validation: Examples | None = None,
        resume: bool = False,
        trained: bool = False,
    ) -> Iterator[EpochRecord]:
        r"""Trains a model in place, and yields a record after each epoch.

        Arguments:
            train_step: The model and its objective.
            data: The examples to train on.
            validation: The examples to compute the validation loss on.
            resume: Whether to continue from the checkpoint, if there is one.
            trained: Whether the weights are those of an earlier training. Their losses are the
                record of epoch 0, and they are kept if no epoch has a lower validation loss.
        """
