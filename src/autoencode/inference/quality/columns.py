r"""Reconstructions of each column of a table."""

__all__ = ["level_columns", "measure_columns"]

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from ...modalities import Modality
from ...modalities.capabilities import Tabular
from ...modalities.capabilities.scales import restore_mean
from ...modalities.columns import LevelColumn
from ...pages import Chart
from .task import Section, Task

_MAX_COLUMNS = 500


def measure_columns(task: Task, x: Tensor, mean: Tensor) -> Section:
    r"""Measure how well each column of a table is reconstructed.

    Numbers have a mean squared `error` in their own unit, and the share of their variance that is
    kept; categories have the share of cells that `agree`, and the share of the most frequent
    level, which is what a constant would reach.

    Arguments:
        task: The model and its data.
        x: The scaled examples, with shape `(N, D)`.
        mean: Their reconstructions, as :func:`~autoencode.modalities.capabilities.scales.mean`
            returns them.
    """
    modality = task.modality

    if not isinstance(modality, Tabular) or modality.shape_[0] > _MAX_COLUMNS:
        return Section("Columns", {})

    assert isinstance(modality, Modality)
    X, R = (modality.to_numeric(a) for a in (modality.restore(x), restore_mean(modality, mean)))
    levels = level_columns(modality)
    found = {
        task.column(j): measure(X[:, j], R[:, j])
        for j in range(X.shape[1])
        for measure in [_agreement if j in levels else _error]
    }
    found = {name: measures for name, measures in found.items() if measures}
    kept = {
        name: 100 * next(m[k] for k in ("agree", "explained_variance") if k in m)
        for name, m in found.items()
    }
    worst = dict(sorted(kept.items(), key=lambda item: item[1])[:20])
    about = (
        "The columns that are reconstructed worst: the share of the variance of numbers that is"
        " kept, and of the cells of categories that agree."
    )
    charts = [Chart("bars", worst, about, "% kept")] if len(found) > 1 else []

    return Section("Columns", {}, charts, {"columns": found})


def level_columns(modality: Any) -> set[int]:
    r"""Return the columns of a table that are categories.

    Arguments:
        modality: The kind of data.

    Example:
        >>> from autoencode.modalities import Tables
        >>> level_columns(Tables())
        set()
    """
    columns = getattr(modality, "columns_", ())
    columns = columns if isinstance(columns, list) else []

    return {j for j, column in enumerate(columns) if isinstance(column, LevelColumn)}


def _error(x: NDArray, r: NDArray) -> dict[str, float]:
    known = np.isfinite(x) & np.isfinite(r)
    x, r = x[known].astype(float), r[known].astype(float)

    if len(x) < 2 or np.ptp(x) == 0:
        return {}

    squares = np.square(x - r)
    error = _estimate(squares)
    share = 1 - squares.sum() / np.square(x - x.mean()).sum()

    return {
        "error": error.value, "error_se": error.standard_error, "explained_variance": float(share)
    }  # fmt: skip


def _agreement(x: NDArray, r: NDArray) -> dict[str, float]:
    known = np.isfinite(x)
    x, r = x[known], r[known]

    if len(x) < 2:
        return {}

    same = _estimate((x == r).astype(float))
    most = float(np.unique(x, return_counts=True)[1].max() / len(x))

    return {"agree": same.value, "agree_se": same.standard_error, "most_frequent": most}


def _estimate(values: NDArray) -> Estimate:
    return estimate_mean(torch.from_numpy(values))
