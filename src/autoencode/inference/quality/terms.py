r"""Terms of the loss on any number of examples, with standard errors."""

__all__ = ["measure_terms"]

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from ...common.estimates import Estimate
from ...data import Examples
from ...modalities import Modality
from ...modalities.capabilities import OpenLevels
from ...modalities.capabilities.scales import log_unit
from ...training.step import TrainStep

_SIGNS = {"total": -1, "distortion": -1, "bound": 1}  # of a log-density in each term


@torch.no_grad()
def measure_terms(
    step: TrainStep, modality: Modality, batches: Iterable[Examples]
) -> dict[str, Estimate | float]:
    r"""Means of the loss and its terms, in one pass over data that may be larger than memory.

    Terms of a whole minibatch, which no example has alone, have no standard error. Examples may
    have weights. Log-densities are in the user's units, as those of `score_samples` are.

    Arguments:
        step: The model with its objective.
        modality: The kind of data.
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

        change = _log_change(step, modality, batch.target).to(w)

        for name, term in {"total": loss.total, **loss.terms}.items():
            common |= {name} if term.ndim == 0 else set()
            v = term.expand_as(loss.total).double() + _SIGNS.get(name, 0) * change
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


def _log_change(step: TrainStep, modality: Modality, x: Tensor) -> Tensor:
    r"""Returns the log-densities of examples in the user's units less those of scaled ones."""
    change = torch.zeros(len(x), dtype=torch.float64)

    if not step.model.likelihood.discrete:
        change = change - log_unit(modality, modality.normalize(x)).cpu()

    return change + modality.log_mass(x).sum(dim=1) if isinstance(modality, OpenLevels) else change
