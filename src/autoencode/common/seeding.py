r"""Seeded random draws that leave the random state of the caller unchanged."""

__all__ = [
    "Seed",
    "as_seed",
    "check_random_state",
    "seed_torch",
    "seeded",
    "yield_to_other_threads",
]

import contextlib
import threading
from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch
from torch import Tensor

Seed = int | np.random.RandomState | np.random.Generator | None

_TURN_SECONDS = 1e-3  # long enough for a waiting thread to start


class _GeneratorLock:
    r"""Lock on torch's generator, which all threads of a process share.

    Without it, one thread could restore the generator's state while another draws numbers.
    """

    def __init__(self) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.waiting: list[None] = []  # one element for each waiting thread
        self.before: list[Tensor] = []  # the states to restore, outermost first


_GENERATOR = _GeneratorLock()


def check_random_state(random_state: Any) -> np.random.RandomState:
    r"""Generator of numpy for a seed, or for a generator of either kind.

    Arguments:
        random_state: A seed, a generator, or `None` for numpy's global generator. A
            :class:`numpy.random.Generator` seeds a new generator by its next number.

    Raises:
        ValueError: If it is none of these.

    Example:
        >>> check_random_state(np.random.default_rng(0)).randint(100) < 100
        True
    """
    if random_state is None or random_state is np.random:
        return np.random.mtrand._rand  # type: ignore[attr-defined, no-any-return]

    if isinstance(random_state, np.random.RandomState):
        return random_state

    if isinstance(random_state, np.random.Generator):
        return np.random.RandomState(random_state.integers(2**32, dtype=np.uint64))

    if isinstance(random_state, Integral) and 0 <= int(random_state) < 2**32:
        return np.random.RandomState(int(random_state))

    raise ValueError(
        "expected random_state as an integer from 0 to 4294967295, numpy.random.default_rng(...),"
        f" numpy.random.RandomState(...) or None, got {random_state!r}."
    )


def as_seed(random_state: Seed) -> int:
    r"""A seed as it is, or one that is drawn from a generator.

    Arguments:
        random_state: As in :func:`check_random_state`.

    Raises:
        ValueError: If it is neither a seed nor a generator.

    Example:
        >>> as_seed(7)
        7
    """
    rng = check_random_state(random_state)
    return int(random_state) if isinstance(random_state, Integral) else int(rng.randint(2**31))


def seed_torch(seed: int) -> None:
    r"""Seed the generators of torch, as :func:`torch.manual_seed` does, at less cost.

    On a machine without an accelerator, :func:`torch.manual_seed` prepares the seeds of devices
    that do not exist. Its first call imports torch's compiler, which takes two seconds.

    Arguments:
        seed: The seed.

    Example:
        >>> seed_torch(7)
        >>> torch.initial_seed()
        7
    """
    if torch.accelerator.is_available():
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


@contextlib.contextmanager
def seeded(seed: int, devices: Sequence[torch.device | int] = ()) -> Iterator[None]:
    r"""Seed torch within a `with` block, in one thread at a time.

    Within the block, random numbers depend on the seed alone, whatever other threads of this
    library do. Afterwards, the random state is as before. Other threads that draw numbers from
    torch directly in the meantime share the stream of the seed, and change it.

    Arguments:
        seed: The seed.
        devices: Devices whose random states are also restored.

    Example:
        >>> torch.manual_seed(7).initial_seed()
        7
        >>> with seeded(0):
        ...     x = torch.rand(3)
        >>> with seeded(0):
        ...     torch.equal(x, torch.rand(3))
        True
        >>> torch.initial_seed()
        7
    """
    _GENERATOR.waiting.append(None)

    try:
        _GENERATOR.lock.acquire()
    finally:
        _GENERATOR.waiting.pop()

    before = _GENERATOR.before
    own = _GENERATOR.before = [*before, torch.get_rng_state()]

    try:
        with torch.random.fork_rng(devices=[*devices]):
            seed_torch(seed)
            yield
    finally:
        torch.set_rng_state(own[-1])
        _GENERATOR.before = before
        _GENERATOR.lock.release()


def yield_to_other_threads() -> None:
    r"""Let waiting threads draw random numbers, between two steps of a long computation.

    The random state is the same afterwards.

    Example:
        >>> with seeded(0):
        ...     yield_to_other_threads()
    """
    # Outside of `seeded` there is no lock to release
    if not _GENERATOR.waiting or not _GENERATOR.lock._is_owned():  # type: ignore[attr-defined]
        return

    mine, before = torch.get_rng_state(), _GENERATOR.before
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    on_device = torch.cuda.get_rng_state() if cuda else None

    torch.set_rng_state(before[0])  # the state that other threads expect
    _GENERATOR.before = []

    try:
        _GENERATOR.lock.wait(_TURN_SECONDS)
    finally:
        before[0] = torch.get_rng_state()
        _GENERATOR.before = before
        torch.set_rng_state(mine)

        if on_device is not None:
            torch.cuda.set_rng_state(on_device)
