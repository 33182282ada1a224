r"""How far a long work is, for whoever looks at a terminal."""

__all__ = ["through"]

from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from tqdm.auto import tqdm

_PATIENCE = 2.0  # seconds that nobody asks how far it is

Part = TypeVar("Part", bound=Sized)


def through(parts: Iterable[Part], total: int, unit: str) -> Iterator[Part]:
    r"""Goes through the parts of a work, under a line that moves and has gone when it is done.

    It shows how much is done, how fast, and the time that is left, of what takes longer than two
    seconds in a terminal; `TQDM_DISABLE=1` in the environment turns it off.

    Arguments:
        parts: The parts, each as long as the number of things in it.
        total: How many things there are.
        unit: What they are.

    Example:
        >>> list(through([[1, 2], [3]], 3, "numbers"))
        [[1, 2], [3]]
    """
    # tqdm reads `disable=None` as: only in a terminal
    with tqdm(
        total=total, unit=f" {unit}", unit_scale=True, delay=_PATIENCE, leave=False, disable=None
    ) as bar:
        for part in parts:
            yield part
            bar.update(len(part))
