r"""Detection of exports, in which some layers use simpler operations."""

__all__ = ["is_exporting"]

import torch


def is_exporting() -> bool:
    r"""Tell whether `torch.export` reads the operations of a network.

    A graph of fixed operations can neither group rows by their lengths, nor write into memory.

    Example:
        >>> is_exporting()
        False
    """
    known = getattr(torch.compiler, "is_exporting", torch.compiler.is_compiling)
    return bool(known())
