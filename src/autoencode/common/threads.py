r"""Waiting policy of OpenMP threads.

Torch computes with OpenMP threads, which spin for a while when they have nothing to do. On a busy
machine, spinning threads take processor time from the threads that they wait for.
"""

__all__ = ["wait_passively"]

import os
import sys

_WAIT_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def wait_passively() -> bool:
    r"""Make idle threads of torch sleep instead of spinning.

    This sets the environment variable `OMP_WAIT_POLICY` to `passive`, unless torch is already
    loaded or the user has set this variable, `GOMP_SPINCOUNT` or `KMP_BLOCKTIME`.

    Returns:
        Whether the variable was set.

    Example:
        >>> import torch
        >>> wait_passively()
        False
    """
    if "torch" in sys.modules or any(name in os.environ for name in _WAIT_VARIABLES):
        return False

    os.environ["OMP_WAIT_POLICY"] = "passive"
    return True
