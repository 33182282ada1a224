r"""The way in which threads wait for each other.

The threads of OpenMP, which torch computes with, spin for a while when they have nothing to
do. On a machine that does other work, too, they keep the processor from those that they wait
for.
"""

__all__ = ["wait_passively"]

import os
import sys

_CHOICES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def wait_passively() -> bool:
    r"""Lets the threads of torch sleep where they would spin.

    Sets the environment variable `OMP_WAIT_POLICY` to `passive`, unless torch has been loaded,
    which reads it but once, or the user has set it, `GOMP_SPINCOUNT` or `KMP_BLOCKTIME`.

    Returns:
        Whether it was set.

    Example:
        >>> import torch
        >>> wait_passively()
        False
    """
    if "torch" in sys.modules or any(name in os.environ for name in _CHOICES):
        return False

    os.environ["OMP_WAIT_POLICY"] = "passive"
    return True
