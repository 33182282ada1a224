r"""Randomness that leaves that of others as it was."""

__all__ = ["seeded", "yield_to_other_threads"]

import contextlib
import threading
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

_TURN = 1e-3  # seconds that are long enough for a thread that waits to begin


class _Alone:
    r"""What lets one thread at a time use torch's generator, of which a process has one.

    Of two threads that seed it and put it back, one would put it back while the other draws.
    """

    def __init__(self) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.waiting: list[None] = []  # one for each thread that is not alone yet
        self.before: list[Tensor] = []  # states of the generator to put back, the first first


_ALONE = _Alone()


@contextlib.contextmanager
def seeded(seed: int, devices: Sequence[torch.device | int] = ()) -> Iterator[None]:
    r"""Seeds torch for a while, in one thread at a time.

    Within, the numbers are those of the seed, whatever other threads do in this library. After it,
    the caller's random state is what it was before. Numbers that other threads draw from torch by
    themselves meanwhile are of the same stream, and change it.

    Arguments:
        seed: The seed.
        devices: Devices with a generator of their own whose state is to be kept as well.

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
    _ALONE.waiting.append(None)

    try:
        _ALONE.lock.acquire()
    finally:
        _ALONE.waiting.pop()

    before = _ALONE.before
    mine = _ALONE.before = [*before, torch.get_rng_state()]

    try:
        with torch.random.fork_rng(devices=[*devices]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_rng_state(mine[-1])
        _ALONE.before = before
        _ALONE.lock.release()


def yield_to_other_threads() -> None:
    r"""Lets other threads have their turn, between two steps of long work.

    The random state afterwards is what it was before.

    Example:
        >>> with seeded(0):
        ...     yield_to_other_threads()
    """
    # Whoever is not within `seeded` has nothing to give, and does not see these change
    if not _ALONE.waiting or not _ALONE.lock._is_owned():  # type: ignore[attr-defined]
        return

    mine, before = torch.get_rng_state(), _ALONE.before
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    on_device = torch.cuda.get_rng_state() if cuda else None

    torch.set_rng_state(before[0])  # which is what others have to find, and put back
    _ALONE.before = []

    try:
        _ALONE.lock.wait(_TURN)
    finally:
        before[0] = torch.get_rng_state()
        _ALONE.before = before
        torch.set_rng_state(mine)

        if on_device is not None:
            torch.cuda.set_rng_state(on_device)
