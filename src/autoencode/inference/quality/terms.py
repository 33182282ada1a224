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

    Terms of a whole minibatch, which no example has alone, have no standard error. Examples may
    have weights.

    Arguments:
        step: The model with its objective.
        batches: The examples, in batches that fit in memory.
    """
    step.eval()
    n, mass = 0, 0.0
    sums: dict[str, torch.Tensor] = {}  # of weighted values, and moments of their squares
    common = set()

    for batch in batches:
        loss = step(batch)
        n += len(loss.total)
        w = torch.ones_like(loss.total) if batch.weights is None else batch.weights
        w = w.double()
        mass += float(w.sum())

        for name, term in {"total": loss.total, **loss.terms}.items():
            common |= {name} if term.ndim == 0 else set()
            v = term.expand_as(loss.total).double()
            wv, ww = w * v, w.square().sum()
            moments = torch.stack([wv.sum(), ww, (w * wv).sum(), wv.square().sum()])
            sums[name] = sums[name] + moments if name in sums else moments

    found: dict[str, Estimate | float] = {}

    for name, moments in sums.items():
        total, weights, products, squares = moments.tolist()
        mean = total / mass
        spread = squares - 2 * mean * products + mean * mean * weights
        variance = max(0.0, spread / mass**2) * n / max(1, n - 1)
        found[name] = mean if name in common else Estimate(mean, math.sqrt(variance))

    return found
