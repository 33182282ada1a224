r"""Mean and spread of spectra."""

__all__ = ["moments"]

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ...data import Examples

_MIN_VARIANCE = 1e-12  # a smaller one is rounding


def moments(
    x: Tensor, transform: Callable[[Tensor], Tensor], rows: int
) -> tuple[tuple[int, ...], tuple[float, ...], float]:
    r"""Shape of spectra, their mean over time and sounds, and their common spread.

    Arguments:
        x: The loaded sounds.
        transform: A function from loaded sounds to spectra, with shape `(B, *, F)`.
        rows: The number of sounds that are transformed at once.

    Returns:
        The shape of one spectrum; the mean of each of the `F` numbers; and the spread, which is
        one for constant spectra.

    Example:
        >>> moments(torch.tensor([[1.0], [3.0]]), lambda x: x[:, None, None], rows=1)
        ((1, 1, 1), (2.0,), 1.0)
    """
    n, total, squares = 0, torch.zeros((), dtype=torch.float64), 0.0

    for part in Examples(x).split(rows):
        c = transform(part.target).double()
        n, total = n + c[..., 0].numel(), total + c.sum(dim=(0, 1, 2))
        squares += float(c.square().sum())

    shape, loc = tuple(c.shape[1:]), total / n
    variance = squares / (n * shape[-1]) - float(loc.square().mean())

    # Not an array, which torch's compiler cannot read
    return shape, tuple(loc.tolist()), math.sqrt(variance) if variance > _MIN_VARIANCE else 1.0
