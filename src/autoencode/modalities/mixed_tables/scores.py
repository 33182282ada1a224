r"""Scores of numbers and dates in the user's units: means, and the volume of a unit."""

__all__ = ["decoded_again", "log_unit", "mean_in_units"]

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution

from ..columns import DateColumn, NumberColumn


def mean_in_units(
    columns: Sequence[NumberColumn | DateColumn], p: Distribution, x: Tensor
) -> Tensor:
    r"""Means of missing cells in double precision, for numbers in the user's units.

    .. math:: \mathbb{E}[v(t)], \qquad t \sim \mathcal{N}(\mu, \sigma^2)

    Arguments:
        columns: The columns with scores.
        p: The decoder's distributions, with batch shape `(*, B)`.
        x: The vectors of the rows, with shape `(B, width)`.
    """
    mean, n = p.mean.double(), len(columns)
    loc, scale = (t[..., :n].double().cpu().numpy() for t in (p.mean, p.stddev))

    for j, column in enumerate(columns):
        rows = np.flatnonzero((x[:, n + j] == 0).cpu().numpy())

        if len(rows):
            a, b = loc[..., rows, j], scale[..., rows, j]
            values = column.scores_.mean(a.ravel(), b.ravel()).reshape(a.shape)
            mean[..., torch.from_numpy(rows), j] = torch.from_numpy(values).to(mean)

    return mean


def decoded_again(columns: Sequence[NumberColumn | DateColumn], mean: Tensor) -> Tensor:
    r"""Means with the scores of the numbers that they stand for.

    A number that owns an interval is decoded from any score in it. Scores may be far out.

    Arguments:
        columns: The columns with scores.
        mean: The means, with shape `(B, width)`.
    """
    mean = mean.clone()

    for j, column in enumerate(columns):
        v = column.scores_.decode(mean[..., j].double().cpu().numpy())
        mean[..., j] = torch.from_numpy(column.scores_.encode(v)).to(mean)

    return mean


def log_unit(columns: Sequence[NumberColumn | DateColumn], x: Tensor) -> Tensor:
    r"""Log of the user's volume per volume of scores at rows, with shape `(B,)`.

    Arguments:
        columns: The columns with scores.
        x: The vectors of the rows, with shape `(B, width)`.
    """
    n = len(columns)
    t, there = x[:, :n].double().cpu().numpy(), x[:, n : 2 * n].double().cpu()
    slopes = [column.scores_.log_slope(t[:, j]) for j, column in enumerate(columns)]
    total = torch.from_numpy(np.stack([np.zeros(len(t)), *slopes], axis=1))[:, 1:]

    return (there * total).sum(dim=1).to(x.device)
