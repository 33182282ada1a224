r"""Imputed cells of held-out rows."""

__all__ = ["measure_imputation"]

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from ...common.seeding import seeded
from ...modalities.capabilities import CellScored, Tabular
from ...models.latent import Model
from ...pages import Chart
from ..batched import map_batches
from ..generation import draw_examples
from ..imputation import sample_posterior_codes
from .columns import level_columns
from .task import Section, Task

PROMISED = 0.9
_DRAWS = 39
_MIN_CELLS = 20


def measure_imputation(task: Task) -> Section:
    r"""Measure how often intervals of imputed numbers hold the number that was there.

    .. math:: p = \frac{\#\{ k : v_k < v \} + u \, (1 + \#\{ k : v_k = v \})}{K + 1}, \qquad
        u \sim U(0, 1)

    One cell of each row is hidden. Its rank :math:`p` among draws :math:`v_k` given the other
    cells is uniform if the model knows its distribution, so that an interval between the draws
    holds nine in ten.

    Arguments:
        task: The model, which has a density, and its data.
    """
    model, modality = task.model, task.modality
    topic = "Imputation"

    if not isinstance(modality, Tabular) or not isinstance(modality, CellScored):
        return Section(topic, {})

    restored: Any = modality
    x, c = modality.normalize(task.test.target), task.test.context
    X = np.asarray(restored.to_numeric(restored.restore(x)), float)
    levels = level_columns(modality)
    numbers = [j for j in range(X.shape[1]) if j not in levels and np.nanstd(X[:, j]) > 0]

    if not numbers:
        return Section(topic, {})

    rng = np.random.default_rng(task.seed)
    chosen = rng.choice(numbers, len(X))
    hidden = x.clone()

    for j, without in enumerate(modality.mask_each_cell(x)):
        rows = torch.from_numpy(chosen == j)
        hidden[rows] = without[rows]

    def codes(m: Model, x: Tensor) -> Tensor:
        return sample_posterior_codes(m, x, _DRAWS, task.seed)

    with seeded(task.seed):
        z = map_batches(model, codes, hidden, c)
        draws = [restored.restore(draw_examples(model, modality, one, c)) for one in z.unbind(1)]

    at = np.arange(len(X)), chosen
    truth = X[at]
    v = np.stack([np.asarray(restored.to_numeric(one), float)[at] for one in draws])
    there = np.isfinite(truth)

    if there.sum() < _MIN_CELLS:
        return Section(topic, {})

    ranks = (v < truth).sum(axis=0) + rng.random(len(X)) * (1 + (v == truth).sum(axis=0))
    p = ranks[there] / (_DRAWS + 1)
    inside = np.abs(p - 0.5) < PROMISED / 2
    found: dict[str, Estimate | float] = {
        "imputation_coverage": estimate_mean(torch.from_numpy(inside))
    }
    about = (
        "Ranks of hidden numbers among draws given the rest of their rows: all are equally"
        " frequent if the model knows how sure it can be, and those at both ends more frequent if"
        " it is too sure."
    )
    return Section(topic, found, [Chart("histogram", {"rank": p}, about, "rank")])
