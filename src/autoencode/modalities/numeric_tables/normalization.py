r"""Scaled columns of numeric tables, as the networks see them."""

__all__ = ["Normalization"]

from collections.abc import Sequence

import torch
from numpy.typing import NDArray
from torch import Tensor

from ..base import WIDE
from ..normal_scores import NormalScores, ScoreTable


class Normalization:
    r"""Scaling of rows, with constants on one device.

    .. math:: x_j \mapsto (x_j - \mu_j) / \sigma_j

    Numbers in single precision stay in single precision. Their mean then has two parts, because
    columns such as dates lie far from zero compared with their spread.

    Arguments:
        columns: The columns to scale, or `None` for all.
        loc: Their means.
        scale: Their standard deviations.
        scored: The columns that become normal scores instead: the index of each, its index among
            the scaled columns, and its scores.
        device: The device of the rows.
        dtype: The type of the rows.

    Example:
        >>> import numpy as np
        >>> args = np.array([1.0, 2.0]), np.array([2.0, 4.0]), []
        >>> normalize = Normalization(None, *args, torch.device("cpu"), torch.float32)
        >>> normalize(torch.tensor([[3.0, 2.0]]))
        tensor([[1., 0.]])
    """

    def __init__(
        self,
        columns: NDArray | None,
        loc: NDArray,
        scale: NDArray,
        scored: Sequence[tuple[int, int, NormalScores]],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        shift, divisor = torch.from_numpy(-loc), torch.from_numpy(scale)
        within = (divisor > 1e-30) & (divisor < 1e30) & (shift.abs() < 1e30)
        single = dtype not in WIDE and bool(within.all())
        parts = (shift.float(), (shift - shift.float()).float()) if single else (shift,)

        self.dtype = torch.float32 if single else torch.float64
        self.columns = None if columns is None else torch.from_numpy(columns).to(device)
        self.shifts = tuple(part.to(device) for part in parts)
        self.scale = (divisor.float() if single else divisor).to(device)
        self.scores: ScoreTable | None = None

        if scored:
            of, at, scores = zip(*scored)
            self.of, self.at = torch.tensor(of, device=device), torch.tensor(at, device=device)
            self.scores = ScoreTable([*scores], device)

    def __call__(self, x: Tensor) -> Tensor:
        r"""Scaled rows as float32.

        Arguments:
            x: The rows, with shape `(B, D)`.
        """
        rows = x
        x = (x if self.columns is None else x[:, self.columns]).to(self.dtype)

        for shift in self.shifts:
            x = x + shift

        x = (x / self.scale).float()

        if self.scores is None:
            return x

        return x.index_copy(1, self.at, self.scores.encode(rows[:, self.of]).float())
