r"""Terms of the loss on any number of examples, with standard errors."""

__all__ = ["measure_terms"]

import math
from collections.abc import Iterable

import torch

from ...common.estimates import Estimate
from ...data import Examples
from ...training.step import TrainStep


@torch.no_grad()
def measure_terms(step: TrainStep, batches: Iterable[Examples]) -> dict[str, Estimate | float]:
    r"""Means of the loss and its terms, in one pass over data that may be larger than memory.

    Terms of a whole minibatch, which no example has alone, have no standard error.

    Arguments:
        step: The model with its objective.
        batches: The examples, in batches that fit in memory.
    """
    step.eval()
    n = 0
    sums: dict[str, torch.Tensor] = {}  # of values and of their squares
    common = set()

    for batch in batches:
        loss = step(batch)
        n += len(loss.total)

        for name, term in {"total": loss.total, **loss.terms}.items():
            common |= {name} if term.ndim == 0 else set()
            v = term.expand_as(loss.total).double()
            both = torch.stack([v.sum(), v.square().sum()])
            sums[name] = sums[name] + both if name in sums else both

    found: dict[str, Estimate | float] = {}

    for name, both in sums.items():
        total, squares = both.tolist()
        mean = total / n
        variance = max(0.0, squares / n - mean * mean) / max(1, n - 1)
        found[name] = mean if name in common else Estimate(mean, math.sqrt(variance))

    return found
