r"""Causes of a loss that does not stay finite."""

__all__ = ["describe_divergence", "divergence_message"]

import torch
from torch import Tensor

from ...data import Examples
from ..step import TrainStep


def describe_divergence(train_step: TrainStep, examples: Examples, index: Tensor) -> str:
    r"""Describe the example of a minibatch whose loss is not finite, and its term.

    Arguments:
        train_step: The model and its objective.
        examples: All training examples.
        index: The examples of the minibatch.
    """
    with torch.no_grad():
        loss = train_step(examples[index])

    bad = (~loss.total.isfinite()).nonzero().flatten().tolist()
    terms = [name for name, term in loss.terms.items() if not term.isfinite().all()]

    if not bad:
        return f"one of the training examples {sorted(index.tolist())[:8]}: a gradient"

    what = f"its {' and '.join(terms)}" if terms else "its loss"
    return f"example {int(index[bad[0]])} of the training examples: {what}"


def divergence_message(
    cause: str,
    skipped: int,
    made: int,
    epoch: int,
    learning_rate: float,
    started: bool = False,
) -> str:
    r"""Message about a training that was rolled back too often.

    Arguments:
        cause: What :func:`describe_divergence` returned.
        skipped: The number of skipped steps of the epoch.
        made: The number of all steps of the epoch.
        epoch: The number of epochs that were completed.
        learning_rate: The learning rate.
        started: Whether the training started from the weights of another.

    Example:
        >>> divergence_message("example 3: its rate", 5, 6, 0, 0.1)[:52]
        'the loss does not stay finite: 5 of 6 steps of epoch'
    """
    kept = (
        f"The model keeps the weights of epoch {epoch}."
        if epoch or started
        else "No epoch was completed, so that no weights are kept."
    )

    return (
        f"the loss does not stay finite: {skipped} of {made} steps of epoch {epoch + 1} were"
        f" skipped, even with an eighth of the learning rate. The cause: {cause} is"
        f" not finite. {kept} Check that example, or use a learning_rate below"
        f" {learning_rate} or max_grad_norm=1.0."
    )
