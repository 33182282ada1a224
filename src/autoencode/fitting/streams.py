r"""Trainings on streams: one pass over each part, with the optimizer of the last."""

__all__ = ["Stream", "one_pass", "seeds"]

from typing import Any, NamedTuple

from torch import Tensor

from ..persistence.model_file import FittedState
from ..training.trainer import Training

# Settings of a training of one pass over all examples
_ONE_PASS: dict[str, Any] = {
    "epochs": 1,
    "validation_fraction": 0,
    "patience": None,
    "time_budget": None,
    "checkpoint_dir": None,
}


class Stream(NamedTuple):
    r"""State before a pass over a part of a stream.

    Example:
        >>> Stream({}, None).n_examples, Stream({}, None).epoch
        (0, 0)
    """

    moments: dict[str, Tensor]
    r"""The step count and moments of the optimizer, or none if they begin anew."""

    state: FittedState | None
    r"""The trained model, or `None` in the first pass."""

    @property
    def n_examples(self) -> int:
        r"""The number of examples that the model was trained on."""
        objective = None if self.state is None else self.state.objective
        return 0 if objective is None else objective.n_examples

    @property
    def epoch(self) -> int:
        r"""The number of the last pass."""
        return 0 if self.state is None else self.state.history[-1].epoch


def one_pass(training: Any) -> Training:
    r"""Training of one pass over all examples.

    Arguments:
        training: The training method, or `None`.

    Example:
        >>> one_pass(Training(epochs=7, patience=2)).epochs
        1
    """
    training = Training() if training is None else training
    return training.clone().set_params(**_ONE_PASS)


def seeds(seed: int, state: FittedState | None) -> tuple[int, int]:
    r"""The seed of a model, and that of its next pass, which follows from the number of passes.

    Arguments:
        seed: The seed of the first pass.
        state: The model, if this is a later pass.

    Example:
        >>> seeds(7, None)
        (7, 7)
    """
    if state is None:
        return seed, seed

    return state.seed, (state.seed + state.history[-1].epoch) % 2**63
