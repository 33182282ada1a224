r"""New rows of a table against held-out ones."""

__all__ = ["measure_new_rows"]

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...common.estimates import Estimate, jackknife
from ...evaluation import classifier_test, column_shapes, pair_trends, training_on_new
from ...modalities.capabilities import Tabular
from ...pages import Chart
from .columns import level_columns
from .task import Section, Task

_MAX_COLUMNS = 64
_MAX_ROWS = 1000  # that forests learn from
_MAX_TARGETS = 3
_MAX_CLASSES = 20
_LISTED = 20


def measure_new_rows(task: Task, new: Tensor) -> Section:
    r"""Measure columns, pairs of columns, and forests that tell new rows from held-out ones.

    Of wide tables, sixty-four columns are measured, evenly spaced. New rows miss the same cells as
    held-out rows. With training examples, forests also learn categories from new rows.

    Arguments:
        task: The model and its data.
        new: New scaled examples, as many as held-out ones.
    """
    if not isinstance(task.modality, Tabular):
        return Section("New rows", {})

    modality: Any = task.modality

    def numbers(x: Tensor) -> NDArray:
        return np.asarray(modality.to_numeric(modality.restore(x)), float)

    X, Y = numbers(modality.normalize(task.test.target)), numbers(new)
    Y = np.where(np.isfinite(X), Y, np.nan)
    some = np.unique(np.linspace(0, X.shape[1] - 1, _MAX_COLUMNS).round().astype(int))
    levels = [k for k, j in enumerate(some) if j in level_columns(modality)]
    names = [task.column(int(j)) for j in some]
    X, Y = X[:, some], Y[:, some]
    found = _agreement(X, Y, levels)
    found["told_apart"] = classifier_test(X[:_MAX_ROWS], Y[:_MAX_ROWS], task.seed)

    if task.train is not None and levels and len(some) > 1:
        train = numbers(modality.normalize(task.train.target))[:, some]
        found |= _usefulness(train, X, Y, levels, task.seed)

    shapes, pairs = column_shapes(X, Y, levels), pair_trends(X, Y, levels)
    each = {
        f"{names[i]}, {names[j]}": float(pairs[i, j])
        for i, j in combinations(range(len(some)), 2)
        if np.isfinite(pairs[i, j])
    }
    details = {
        "shapes": {name: {"agreement": float(v)} for name, v in zip(names, shapes) if v == v},
        "pairs": {name: {"agreement": v} for name, v in each.items()},
    }
    worst = dict(sorted(each.items(), key=lambda item: item[1])[:_LISTED])
    about = "The pairs of columns whose association new rows keep worst."
    charts = [Chart("bars", worst, about, "agreement")] if len(worst) > 1 else []

    return Section("New rows", found, charts, details)


def _agreement(X: NDArray, Y: NDArray, levels: list[int]) -> dict[str, Estimate | float]:
    r"""Returns means over columns and pairs, of new rows and of two halves of the real ones."""

    def mean(measure: Callable[..., NDArray]) -> Callable[[Tensor, Tensor], float]:
        return lambda x, y: float(np.nanmean(measure(x.numpy(), y.numpy(), levels)))

    x, y = torch.from_numpy(X), torch.from_numpy(Y)
    pairs = {"": y[::2], "_real": x[1::2]}  # as many rows in both
    found: dict[str, Estimate | float] = {}

    for name, measure in (("column_shapes", column_shapes), ("pair_trends", pair_trends)):
        if np.isfinite(measure(X[::2], X[1::2], levels)).any():
            for suffix, other in pairs.items():
                found[f"{name}{suffix}"] = jackknife(mean(measure), x[::2], other)

    return found


def _usefulness(
    train: NDArray, X: NDArray, Y: NDArray, levels: list[int], seed: int
) -> dict[str, Estimate | float]:
    r"""Returns mean accuracies of forests that learn some categories from new and real rows."""
    targets = [
        j for j in levels if 2 <= len(np.unique(X[np.isfinite(X[:, j]), j])) <= _MAX_CLASSES
    ]
    each = [
        training_on_new(train[:_MAX_ROWS], X, Y[:_MAX_ROWS], j, seed)
        for j in targets[:_MAX_TARGETS]
        if np.isfinite(train[:_MAX_ROWS, j]).any() and np.isfinite(Y[:_MAX_ROWS, j]).any()
    ]

    if not each:
        return {}

    means = (np.mean([getattr(u, name) for u in each], axis=0) for name in each[0]._fields)
    return {
        f"trained_{name}": Estimate(float(value), float(error))
        for name, (value, error) in zip(each[0]._fields, means)
    }
