r"""Codes, losses and log-likelihoods of some examples under a trained model."""

__all__ = ["Scores", "scores_of", "subset"]

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...data import Examples
from ..step import TrainStep

MIN_EXAMPLES = 16
_MAX_EXAMPLES = 512


class Scores(NamedTuple):
    r"""Scaled examples, their codes, losses and log-likelihoods."""

    target: Tensor
    codes: Tensor
    total: Tensor
    log_prob: Tensor
    context: Tensor | None = None


def subset(data: Examples, numbers: int) -> Examples:
    r"""At most 512 examples, evenly spread over the data.

    Arguments:
        data: The examples.
        numbers: The maximum number of their numbers, which at least 16 examples may exceed.

    Example:
        >>> len(subset(Examples(torch.zeros(1000, 3)), 300))
        100
    """
    fitting = max(MIN_EXAMPLES, numbers // max(1, data.target[:1].numel()))
    return data.spread(min(_MAX_EXAMPLES, fitting))


def scores_of(step: TrainStep, data: Examples) -> Scores:
    r"""Codes, losses and log-likelihoods of examples under a model.

    Arguments:
        step: The model and its objective.
        data: The examples.
    """
    rows: list[Any] = []

    for part in data.split():
        part = part.to(next(step.parameters()).device)
        x, target = step.inputs(part)
        loss = step(part)
        ll = loss.terms.get("bound", -loss.terms.get("distortion", loss.total))
        codes = step.model.given(part.context).encode(x).mean
        rows.append((target, codes, loss.total.double(), ll.double(), part.context))

    target, codes, total, ll = (torch.cat([row[k] for row in rows]) for k in range(4))
    contexts = [row[4] for row in rows if row[4] is not None]

    return Scores(target, codes, total, ll, torch.cat(contexts) if contexts else None)
