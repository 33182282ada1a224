r"""Forecasts of series: the end of a window, given its beginning."""

__all__ = [
    "Forecast",
    "Known",
    "conformal_width",
    "continue_series",
    "past_errors",
    "warn_unless_learned",
]

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..corruptions import FutureMasking
from ..corruptions.base import flatten
from ..modalities.capabilities import Forecastable
from ..models.latent import LatentModel, Model
from .batched import map_scaled
from .imputation import posterior_mean

log = logging.getLogger(__name__)

_MAX_PAST = 500  # maximum number of earlier forecasts from which widths are learned


class Forecast(NamedTuple):
    r"""Later steps of series, with intervals.

    Example:
        >>> Forecast(np.zeros((1, 3)), None, None).mean.shape
        (1, 3)
    """

    mean: Any
    r"""The expected steps, in the form of the series."""

    lower: Any
    r"""The lower ends of the intervals, or `None`."""

    upper: Any
    r"""The upper ends of the intervals, or `None`."""


class Known(NamedTuple):
    r"""Covariates of series and of their later steps, as contexts of windows.

    Example:
        >>> known = Known([np.array([[1.0], [2.0], [3.0]])], lambda v: v)
        >>> known.contexts([1], 3)[..., 0].tolist()
        [[2.0, 3.0, 3.0]]
    """

    series: Sequence[NDArray]
    r"""The covariates of each series, with shape `(T, K)`."""

    encode: Callable[[NDArray], Tensor]
    r"""A function from the covariates of windows, `(N, n, K)`, to their contexts."""

    def contexts(self, begins: Sequence[int], n: int) -> Tensor:
        r"""Returns the contexts of a window of `n` steps of each series."""
        parts = [x[i : i + n] for x, i in zip(self.series, begins)]
        held = [np.pad(x, ((0, n - len(x)), (0, 0)), mode="edge") for x in parts]

        return self.encode(np.stack(held))

    def select(self, rows: Sequence[int]) -> "Known":
        r"""Returns the covariates of some series, which may repeat."""
        return Known([self.series[i] for i in rows], self.encode)


def continue_series(
    model: LatentModel,
    modality: Any,
    X: Sequence[NDArray],
    steps: int,
    c: Tensor | Known | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    r"""Expected later steps of series.

    .. math:: \hat x_{t+1:t+h} = \mathbb{E}[x_{t+1:t+h} \mid x_{t-n+h+1:t}]

    Future steps are imputed as the missing end of a window of :math:`n` steps. A forecast of more
    than half a window continues from its own expectations, block by block.

    Arguments:
        model: The model.
        modality: The kind of data, which is :class:`~autoencode.modalities.capabilities
            .Forecastable`.
        X: The series, each with shape `(T, C)`.
        steps: The number of later steps.
        c: The context of each series, with shape `(N, *)`, or the covariates of the series and of
            their later steps.
        seed: The seed of the codes.

    Returns:
        The later steps, with shape `(N, steps, C)`.
    """
    C, n = modality.shape_
    block = min(steps, max(1, n // 2))
    known, later = [np.asarray(x, float) for x in X], []

    def means(model: Model, x: Tensor) -> Tensor:
        return posterior_mean(model, x, seed, mean=modality.mean_given)

    for done in range(0, steps, block):
        h = min(block, steps - done)
        begins = [min(len(x), n - h) for x in known]
        windows = np.full((len(known), n, C), np.nan)

        for window, x, k in zip(windows, known, begins):
            window[:k] = x[len(x) - k :]

        x = modality.load(windows)
        at = [len(past) + done - k for past, k in zip(X, begins)]
        given = c.contexts(at, n) if isinstance(c, Known) else c
        R = np.asarray(modality.restore(map_scaled(model, modality, means, x, given)))
        ends = [r.reshape(n, C)[k : k + h] for r, k in zip(R, begins)]
        later.append(np.stack(ends))
        known = [np.concatenate([x, end])[-n:] for x, end in zip(known, ends)]

    return np.concatenate(later, axis=1)


def past_errors(
    model: LatentModel,
    modality: Forecastable,
    X: Sequence[NDArray],
    steps: int,
    c: Tensor | Known | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    r"""Absolute errors of forecasts from earlier steps of series.

    Arguments:
        model: The model.
        modality: The kind of data.
        X: The series, each with shape `(T, C)`.
        steps: The number of steps of each forecast.
        c: The context of each series, with shape `(N, *)`, or the covariates of the series.
        seed: The seed of the codes.

    Returns:
        The errors, with shape `(forecasts, steps, C)`, and NaN where a step is missing.
    """
    least = modality.shape_[-1] - min(steps, modality.shape_[-1] // 2)
    origins = [(i, t) for i, x in enumerate(X) for t in range(least, len(x) - steps + 1)]
    evenly = np.linspace(0, len(origins) - 1, min(len(origins), _MAX_PAST)).round().astype(int)
    origins = [origins[k] for k in evenly]

    if not origins:
        return np.empty((0, steps, modality.shape_[0]))

    pasts = [np.asarray(X[i])[:t] for i, t in origins]
    later = np.stack([np.asarray(X[i], float)[t : t + steps] for i, t in origins])
    rows = [i for i, _ in origins]
    contexts = c.select(rows) if isinstance(c, Known) else None if c is None else c[rows]

    return np.abs(later - continue_series(model, modality, pasts, steps, contexts, seed))


def conformal_width(errors: NDArray, level: float) -> NDArray[np.float64]:
    r"""Half the widths of intervals that hold new values with a given probability.

    .. math:: w_{jc} = e_{(k)jc}, \qquad k = \lceil (m + 1) \, \text{level} \rceil

    :math:`e_{(k)}` is the :math:`k`-th smallest of :math:`m` errors of the same step and channel.
    If new errors are exchangeable with these, the probability is at least the level.

    References:
        | Distribution-Free Predictive Inference for Regression (Lei et al., 2018)
        | https://arxiv.org/abs/1604.04173

    Arguments:
        errors: Absolute errors, with shape `(m, steps, C)`, and NaN for missing ones.
        level: The probability, in :math:`(0, 1)`.

    Returns:
        The widths, with shape `(steps, C)`.

    Raises:
        ValueError: If there are too few errors for the level.

    Example:
        >>> conformal_width(np.arange(1.0, 20.0)[:, None, None], 0.9)
        array([[18.]])
    """
    m = (~np.isnan(errors)).sum(axis=0)
    least = math.ceil(level / (1 - level) - 1e-9)

    if (few := int(m.min(initial=0 if errors.size == 0 else m.max()))) < least:
        raise ValueError(
            f"intervals of level {level:g} need at least {least} earlier forecasts of each step,"
            f" got {few}. Give longer series, others as calibration=... (command line:"
            " --calibration), a lower level, or level=None (command line: --intervals False)."
        )

    k = np.ceil((m + 1) * level - 1e-9).astype(int) - 1  # 19 errors are enough for 0.95

    return np.take_along_axis(np.sort(errors, axis=0), k[None], axis=0)[0]


def warn_unless_learned(corruption: Any) -> None:
    r"""Warn if a model was not trained to continue series.

    Arguments:
        corruption: The corruption of its training.
    """
    if not any(isinstance(step, FutureMasking) for step in flatten(corruption)):
        log.warning(
            "the model was not trained to continue series. Fit with"
            " corruption=ae.corruptions.FutureMasking() (command line: --corruption"
            " FutureMasking), which hides their ends."
        )
