r"""Examples so far from all others that they determine the scales or the loss of a fit."""

__all__ = ["dominant_example", "far_example", "far_row"]

from dataclasses import replace

import torch
from torch import Tensor

from ...common import failures
from ...data import Examples
from ..step import TrainStep
from .scores import MIN_EXAMPLES

_MAX_NUMBERS_FOR_FAR_ROW = 2**24


def far_row(x: Tensor) -> tuple[int, int, float] | None:
    r"""Find a row that makes up most of the variance of a column in which other rows differ, too.

    Arguments:
        x: The rows, with shape `(N, D)`.

    Returns:
        The row, the column and the row's share of the variance, or `None`.

    Example:
        >>> far_row(torch.tensor([[1.0], [2.0], [3.0], [4.0], [1000.0]]))[:2]
        (4, 0)
    """
    N = len(x)

    if N < 5:
        return None

    x = x - x.mean(dim=0)
    squares = x.square().sum(dim=0)
    far, rows = x.abs().max(dim=0)
    shares = far.square() * N / (N - 1) / squares.clamp(min=torch.finfo(x.dtype).tiny)

    # A binary column that is set in a single row does not compress the scale of the others
    differ = torch.tensor(
        [bool(s > 0.5) and _mostly_differ(x[:, j]) for j, s in enumerate(shares.tolist())],
        dtype=torch.bool,
    )
    shares = shares.cpu() * differ

    if not shares.any():
        return None

    j = int(shares.argmax())
    return int(rows[j]), j, float(shares[j])


def far_example(x: Tensor) -> tuple[list[int], float] | None:
    r"""Find an example that makes up most of the variance of a channel in which others vary, too.

    .. math:: s_{ic} = \sum_j (x_{icj} - m_{cj})^2 \Big/ \sum_{ij} (x_{icj} - m_{cj})^2

    A place of a long recording belongs to two windows. Neighbors therefore count together.

    Arguments:
        x: The examples, with shape `(N, C, *)`. Missing numbers are NaN.

    Returns:
        The numbers of one or two examples, and their share of the variance, or `None`.

    Example:
        >>> x = torch.arange(40.0).view(20, 1, 2)
        >>> x[7] += 1000
        >>> far_example(x)[0]
        [7]
    """
    if len(x) < MIN_EXAMPLES:
        return None

    squares = (x - x.nanmean(dim=0)).square().flatten(2).nansum(dim=2)
    squares = squares * (squares.median(dim=0).values > 0)
    shares = squares.double() / squares.sum(dim=0).clamp(min=torch.finfo(x.dtype).tiny)
    alone, pairs = shares.max(dim=1).values, (shares[:-1] + shares[1:]).max(dim=1).values
    i, j = int(alone.argmax()), int(pairs.argmax())

    if alone[i] > 0.5:
        return [i], float(alone[i])

    return ([j, j + 1], float(pairs[j])) if pairs[j] > 0.5 else None


def dominant_example(
    step: TrainStep, shown: Examples, total: Tensor, data: Examples
) -> str | None:
    r"""Warning about one example that determines the scale of others, or most of the loss.

    Arguments:
        step: The model and its objective.
        shown: Some training examples.
        total: Their losses.
        data: All examples, with the held-out ones.
    """
    N, D = len(data), data.target[:1].numel()
    columns = len(step.model.encoder.shape) == 1

    if N * D <= _MAX_NUMBERS_FOR_FAR_ROW and not data.on_disk:
        data = data if data.rows is None else replace(data, rows=data.rows[:].sort().values)
        x = torch.cat([step.normalize(part.target) for part in data.split()])

        if columns and (far := far_row(x)) is not None:
            i, j, share = far
            name = f"row {_row_number(data, i)}"
            return failures.dominated(name, share, f"the variance of column {j}")

        if not columns and (found := far_example(x)) is not None:
            numbers, share = [_row_number(data, i) for i in found[0]], found[1]
            name = f"example{'s' * (len(numbers) - 1)} {' and '.join(map(str, numbers))}"
            return failures.dominated(name, share, "the variance of all", columns=False)

    away = (total - total.median()).abs()
    i = int(away.argmax())

    if len(total) < MIN_EXAMPLES or total[i] < total.median():
        return None

    rest = float(away.sum() - away[i]) / (len(away) - 1) * (N - 1)
    share = float(away[i]) / max(float(away[i]) + rest, 1e-300)

    return failures.dominated(
        f"example {_row_number(shown, i)}", share, "the spread of the losses", columns
    )


def _row_number(data: Examples, i: int) -> int:
    return i if data.rows is None else int(data.rows[i])


def _mostly_differ(column: Tensor) -> bool:
    r"""Returns whether more than half of the numbers differ from the median."""
    return bool((column - column.median()).abs().median() > 0)
