r"""State of the random generators."""

__all__ = ["random_state", "set_random_state"]

import torch
from torch import Tensor


def random_state() -> Tensor:
    r"""State of torch's generators, of the processor and of the device.

    Example:
        >>> state = random_state()
        >>> x = torch.rand(3)
        >>> set_random_state(state)
        >>> torch.equal(x, torch.rand(3))
        True
    """
    states = [torch.get_rng_state()]

    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states.append(torch.cuda.get_rng_state())

    return torch.cat(states)


def set_random_state(state: Tensor) -> None:
    r"""Restore the state of torch's generators.

    Arguments:
        state: The state, as :func:`random_state` returned it.
    """
    n = len(torch.get_rng_state())
    torch.set_rng_state(state[:n])

    if len(state) > n and torch.cuda.is_available():
        torch.cuda.set_rng_state(state[n:])
