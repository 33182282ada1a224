r"""Numbers and labels of windows, from those of their recordings."""

__all__ = ["counts_of", "follow", "overlap_of"]

from typing import Any

import numpy as np

from .cutting import Windows


def counts_of(X: Any) -> list[int] | None:
    r"""The number of windows of each recording, or `None` for examples that are not windows.

    Arguments:
        X: The examples.

    Example:
        >>> from autoencode.modalities import cut
        >>> counts_of(cut([np.zeros(5), np.zeros(3)], 4)), counts_of(np.zeros((3, 4)))
        ([2, 1], None)
    """
    some = isinstance(X, Windows) and X.length == 0  # a selection of windows
    return None if some else getattr(X, "counts", None)


def overlap_of(X: Any) -> int:
    r"""The maximum number of later windows that overlap with a window.

    Arguments:
        X: Windows, or examples that were read as windows.

    Example:
        >>> from autoencode.modalities import cut
        >>> overlap_of(cut(np.zeros(50), 4)), overlap_of(cut(np.zeros(50), 5))
        (1, 2)
    """
    n = X.shape[1] if isinstance(X, Windows) else X.samples
    stride = getattr(X, "stride", None)

    # With a stride, the last window may be closer to the window before it
    return -(-n // (n // 2)) - 1 if stride is None else -(-n // stride)


def follow(y: Any, X: Any) -> Any:
    r"""Labels of windows: those of their recordings, unless `y` has a label for each window.

    Arguments:
        y: The labels, if there are any.
        X: The examples, which may be windows.

    Example:
        >>> from autoencode.modalities import cut
        >>> follow(["a", "b"], cut([np.zeros(5), np.zeros(3)], 4)).tolist()
        ['a', 'a', 'b']
    """
    counts = counts_of(X)

    if y is None or counts is None or np.ndim(y) == 0 or len(y) != len(counts):
        return y

    return np.repeat(np.asarray(y), counts, axis=0)
