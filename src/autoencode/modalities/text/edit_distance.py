r"""Edit distances between sequences."""

__all__ = ["edits"]

import torch
from torch import Tensor

from ...networks.padding import lengths


def edits(a: Tensor, b: Tensor, end: int) -> Tensor:
    r"""Levenshtein distance: the fewest insertions, deletions and replacements.

    The dynamic program of Wagner and Fischer, one row at a time for all sequences. Within a row,
    insertions are a running minimum.

    References:
        | The String-to-String Correction Problem (Wagner & Fischer, 1974)
        | https://doi.org/10.1145/321796.321811

    Arguments:
        a: Tokens, with shape `(B, L)`.
        b: Other tokens, with shape `(B, M)`.
        end: The token that ends a sequence.

    Returns:
        The distances, with shape `(B,)`.

    Example:
        >>> edits(torch.tensor([[0, 1, 9]]), torch.tensor([[1, 1, 0, 9]]), end=9)
        tensor([2])
    """
    m, n = (lengths(x, end, include_end=False) for x in (a, b))
    places = torch.arange(b.shape[1] + 1, device=b.device)
    row = places.expand(len(b), -1)
    answers = row.gather(1, n[:, None]).squeeze(1)

    for i in range(int(m.max()) if len(m) else 0):
        exchanged = row[:, :-1] + (a[:, i, None] != b)
        above = torch.cat([row[:, :1] + 1, torch.minimum(exchanged, row[:, 1:] + 1)], dim=-1)
        row = (above - places).cummin(dim=-1).values + places
        answers = torch.where(m == i + 1, row.gather(1, n[:, None]).squeeze(1), answers)

    return answers
