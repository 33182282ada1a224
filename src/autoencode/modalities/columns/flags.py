r"""Flags in the vectors of rows, and draws of exclusive flags."""

__all__ = ["Flag", "draw_exclusive"]

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import Distribution

from ..normal_scores import NormalScores


class Flag(NamedTuple):
    r"""Positions and values of a flag in the vector of a row.

    A flag is the normal score of a number, or a pair of indicators of levels.
    """

    at: int
    r"""The position of the score, or of the indicator of the level that means true."""

    scores: tuple[float, float, float] | None = None
    r"""The scores of 0 and 1, and the threshold between them."""

    other: int | None = None
    r"""The position of the indicator of the other level."""

    @classmethod
    def of_scores(cls, at: int, scores: NormalScores) -> "Flag":
        r"""Returns the flag of a column of zeros and ones."""
        low, high = scores.middle_.tolist()
        return cls(at, (low, high, float(scores.high_[0])))

    def probability(self, p: Distribution) -> Tensor:
        r"""Returns the probability that the flag is set, with shape `(B,)`."""
        mean = p.mean[:, self.at]

        if self.scores is None:
            return mean

        scale = p.stddev[:, self.at]
        return torch.special.ndtr((mean - self.scores[2]) / scale)

    def set(self, x: Tensor, on: Tensor) -> None:
        r"""Sets the flag of some rows, and clears the flag of all others."""
        if self.scores is not None:
            x[:, self.at] = torch.where(on, self.scores[1], self.scores[0]).to(x)
            return

        x[:, self.at] = on.to(x)

        if self.other is not None:
            x[:, self.other] = (~on).to(x)


def draw_exclusive(
    x: Tensor, p: Distribution, groups: Sequence[tuple[Sequence[Flag], bool]]
) -> Tensor:
    r"""Draw the flags of each group together, so that no row has two.

    .. math:: P(\text{flag } j) = \frac{p_j}{\max(1, \sum_k p_k)}, \qquad
        P(\text{none}) = \max \Big( 0, 1 - \sum_k p_k \Big)

    If each row has exactly one flag, the denominator is the sum, also if it is below one.

    Arguments:
        x: New vectors, with shape `(B, width)`. They are changed in place.
        p: The decoder's distributions.
        groups: The flags of each group, and whether each row has exactly one of them.
    """
    for flags, always in groups:
        pi = torch.stack([flag.probability(p) for flag in flags], dim=1).double()
        pi = pi.nan_to_num().clamp(0, 1)
        none = (1 - pi.sum(dim=1, keepdim=True)).clamp(min=0)
        pi = pi + 1e-12 if always else torch.cat([pi, none], dim=1) + 1e-12
        drawn = torch.multinomial(pi, 1).squeeze(dim=1)

        for k, flag in enumerate(flags):
            flag.set(x, drawn == k)

    return x
