r"""Choices of a training that follow from the number of examples and steps.

They depend on the arguments and never on the clock, so that a call is reproducible.
"""

__all__ = ["default_batch_size", "default_epochs", "default_held_out", "is_worth_compiling"]

import math

import torch

_MIN_STEPS, _MIN_EPOCHS = 2000, 10
_MIN_BATCH_SIZE, _MAX_BATCH_SIZE = 16, 128
_LARGE_BATCH_SIZE, _LARGE_DATA_SIZE = 512, 100_000
_MAX_HELD_OUT = 2048
_MIN_EXAMPLES_TO_SPLIT = 10
_MIN_STEPS_TO_COMPILE = {"cuda": 2_000, "cpu": 20_000}
_MIN_SECONDS_TO_COMPILE = 600


def default_batch_size(n: int, limit: int | None = None) -> int:
    r"""Batch size: a power of two, smaller for few examples, so that an epoch has enough steps.

    Arguments:
        n: The number of examples.
        limit: The largest batch size for fewer than 100,000 examples; by default 128.

    Example:
        >>> default_batch_size(100), default_batch_size(60_000), default_batch_size(10**6)
        (16, 128, 512)
        >>> default_batch_size(100, limit=64), default_batch_size(60_000, limit=64)
        (16, 64)
    """
    if n >= _LARGE_DATA_SIZE:
        return _LARGE_BATCH_SIZE

    return min(limit or _MAX_BATCH_SIZE, max(_MIN_BATCH_SIZE, 1 << (n // 16).bit_length()))


def default_epochs(steps: int) -> int:
    r"""Number of epochs, before the limit of the network.

    Arguments:
        steps: The number of steps of an epoch.

    Example:
        >>> default_epochs(100), default_epochs(1000)
        (20, 10)
    """
    return max(_MIN_EPOCHS, math.ceil(_MIN_STEPS / steps))


def default_held_out(n: int) -> int:
    r"""Number of examples that are held out for validation.

    Arguments:
        n: The number of examples.

    Example:
        >>> default_held_out(9), default_held_out(100), default_held_out(1000)
        (0, 20, 100)
    """
    if n < _MIN_EXAMPLES_TO_SPLIT:
        return 0

    return min(round(n * (0.1 if n >= 500 else 0.2)), _MAX_HELD_OUT)


def is_worth_compiling(device: str, steps: int | None, budget: float | None) -> bool:
    r"""Tell whether a training is long enough to compile its step.

    Arguments:
        device: The device to train on.
        steps: The number of all steps, if it is known.
        budget: The time budget in seconds, if there is one.

    Example:
        >>> is_worth_compiling("cpu", 100, None), is_worth_compiling("cpu", None, 3600.0)
        (False, True)
    """
    min_steps = _MIN_STEPS_TO_COMPILE.get(torch.device(device).type, math.inf)

    if steps:
        return steps >= min_steps

    return (budget or 0) >= _MIN_SECONDS_TO_COMPILE and min_steps < math.inf
