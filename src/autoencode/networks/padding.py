r"""Sequences of different lengths in one tensor.

The last token of a vocabulary ends a sequence and pads its row. The first end token of a row
counts as part of the sequence. A row without an end token is the beginning of a longer sequence.
"""

__all__ = ["by_length", "lengths"]

from collections.abc import Iterator

from torch import Tensor

# Enough to keep a device busy, few enough to fit in memory
_TOKENS_PER_GROUP_CPU = 2**12
_TOKENS_PER_GROUP_GPU = 2**16


def lengths(x: Tensor, end: int, include_end: bool = True) -> Tensor:
    r"""Number of tokens in each row.

    Arguments:
        x: Rows of tokens, with shape `(*, L)`.
        end: The token that ends a sequence.
        include_end: Whether to count the first end token.

    Returns:
        The lengths, with shape `(*)`.

    Example:
        >>> x = torch.tensor([[0, 2, 2], [2, 2, 2], [0, 1, 0]])
        >>> lengths(x, end=2), lengths(x, end=2, include_end=False)
        (tensor([2, 1, 3]), tensor([1, 0, 3]))
    """
    n = (x != end).cumprod(dim=-1).sum(dim=-1)
    return (n + 1).clamp(max=x.shape[-1]) if include_end else n


def by_length(n: Tensor) -> Iterator[tuple[Tensor, int]]:
    r"""Groups of rows of similar lengths that fit in memory.

    A group has little padding once it is cut to the length of its longest row.

    Arguments:
        n: The length of each row, with shape `(B,)`.

    Returns:
        For each group, the indices of its rows and the length of the longest.

    Example:
        >>> [(rows.tolist(), longest) for rows, longest in by_length(torch.tensor([3, 1, 2]))]
        [([1, 2, 0], 3)]
    """
    order = n.argsort(stable=True)
    sizes = n[order].tolist()
    tokens = _TOKENS_PER_GROUP_CPU if n.device.type == "cpu" else _TOKENS_PER_GROUP_GPU
    end = len(sizes)

    # From the longest down, so that the last and smallest group has the shortest rows
    while end > 0:
        start = max(0, end - max(1, tokens // sizes[end - 1]))
        yield order[start:end], sizes[end - 1]
        end = start
