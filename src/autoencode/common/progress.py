r"""Progress bar for long computations in a terminal."""

__all__ = ["track"]

import os
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TypeVar

from tqdm.auto import tqdm

_DELAY_SECONDS = 2.0

Part = TypeVar("Part", bound=Sized)


def track(
    parts: Iterable[Part], total: int, unit: str, name: Callable[[Part], str] | None = None
) -> Iterator[Part]:
    r"""Iterate over parts of a computation, with a progress bar.

    The bar shows the number of items done, the speed and the time left. It appears after two
    seconds, in a terminal only, and disappears at the end. `TQDM_DISABLE=1` in the environment
    turns it off.

    Arguments:
        parts: The parts; the length of each is its number of items.
        total: The number of items in all parts.
        unit: The name of the items.
        name: The name of a part, which stands before the bar while it is worked on.

    Example:
        >>> list(track([[1, 2], [3]], 3, "numbers"))
        [[1, 2], [3]]
    """
    # With `disable=None`, tqdm shows the bar only in a terminal. Of several processes that a
    # launcher has started, the first shows it
    hidden = None if os.environ.get("RANK", "0") == "0" else True

    with tqdm(
        total=total,
        unit=f" {unit}",
        unit_scale=True,
        delay=_DELAY_SECONDS,
        leave=False,
        disable=hidden,
    ) as bar:
        for part in parts:
            if name is not None:
                bar.set_description(name(part))

            yield part
            bar.update(len(part))
