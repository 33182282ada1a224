r"""Sequences of different lengths in one tensor.

The last symbol of an alphabet ends a sequence, and fills its row up. It counts as a part of
the sequence once: a row without it holds the beginning of a longer one.
"""

__all__ = ["by_length", "lengths", "sizes"]

from collections.abc import Iterator

from torch import Tensor

# Symbols that are computed at once: enough to keep a device busy, few enough to fit in memory
_AT_ONCE = {"cpu": 2**12}
_AT_ONCE_ELSEWHERE = 2**16


def lengths(x: Tensor, end: int) -> Tensor:
    r"""The number of symbols of each row, the first end included.

    Arguments:
        x: Rows of symbols, with shape `(*, L)`.
        end: The symbol that ends a sequence.

    Returns:
        The lengths, with shape `(*)`.

    Example:
        >>> lengths(torch.tensor([[0, 2, 2], [2, 2, 2], [0, 1, 0]]), end=2)
        tensor([2, 1, 3])
    """
    return (sizes(x, end) + 1).clamp(max=x.shape[-1])


def sizes(x: Tensor, end: int) -> Tensor:
    r"""The number of symbols of each row, without the end.

    Arguments:
        x: Rows of symbols, with shape `(*, L)`.
        end: The symbol that ends a sequence.

    Returns:
        The numbers, with shape `(*)`.

    Example:
        >>> sizes(torch.tensor([[0, 2, 2], [2, 2, 2], [0, 1, 0]]), end=2)
        tensor([1, 0, 3])
    """
    return (x != end).cumprod(dim=-1).sum(dim=-1)


def by_length(n: Tensor) -> Iterator[tuple[Tensor, int]]:
    r"""Groups of rows of similar lengths, each of which fits in memory.

    Cut to its longest row, a group of similar ones has little padding to compute.

    Arguments:
        n: The length of each row, with shape `(B,)`.

    Returns:
        For each group the indices of its rows, and the length of the longest.

    Example:
        >>> [(rows.tolist(), longest) for rows, longest in by_length(torch.tensor([3, 1, 2]))]
        [([1, 2, 0], 3)]
    """
    order = n.argsort(stable=True)
    sizes = n[order].tolist()
    symbols = _AT_ONCE.get(n.device.type, _AT_ONCE_ELSEWHERE)
    end = len(sizes)

    # From the longest down, so that it is the shortest that may be few
    while end > 0:
        start = max(0, end - max(1, symbols // sizes[end - 1]))
        yield order[start:end], sizes[end - 1]
        end = start
