r"""What a single cell is."""

__all__ = ["plain"]

from typing import Any

import numpy as np


def plain(cell: Any) -> Any:
    r"""A cell as Python's own object.

    Example:
        >>> plain(np.float64(1.5))
        1.5
    """
    return cell.item() if isinstance(cell, np.generic) else cell
