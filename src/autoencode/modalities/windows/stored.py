r"""Windows of many recordings in a file, so that one recording at a time is in memory."""

__all__ = ["prepared", "spooled"]

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.cache import Spool, prepare
from .cutting import Windows, cut


def spooled(waves: Iterable[NDArray], n: int) -> Windows:
    r"""Windows of sounds, in a file if there are many. Only one sound at a time is in memory.

    Arguments:
        waves: The waveforms, with shape `(T,)` or `(T, channels)`.
        n: The samples of a window.

    Raises:
        ValueError: If there is no sound.

    Example:
        >>> spooled(iter([np.zeros(5), np.zeros(3)]), 4).counts
        [2, 1]
    """
    spool, lengths = Spool(), []

    for wave in waves:
        lengths.append(len(wave))
        spool.append(np.asarray(cut(wave, n)))

    return Windows.of(spool.array(), tuple(lengths))


def prepared(
    key: Any,
    waves: Iterable[tuple[str, NDArray]],
    n: int,
    more: Callable[[], dict[str, Any]] = dict,
) -> tuple[Windows, dict[str, Any]]:
    r"""The windows of sounds, cut once and then read from the cache.

    Arguments:
        key: Everything on which the windows depend, as JSON values.
        waves: Yields names, and waveforms with shape `(T,)` or `(T, channels)`.
        n: The samples of a window.
        more: Returns further JSON values to keep; it is called after the last waveform.

    Returns:
        The windows, and the values that were kept, with the `names`.

    Raises:
        ValueError: If there is no sound, or if the cache cannot be written.
    """

    def make(place: Path) -> dict[str, Any]:
        names, lengths, total = [], [], 0
        rows = np.zeros((0, n), np.float32)

        with (place / "X").open("wb") as file:
            for name, wave in waves:
                rows = np.ascontiguousarray(cut(wave, n))
                file.write(rows.data)
                names.append(name)
                lengths.append(len(wave))
                total += len(rows)

        if not names:
            raise ValueError("expected at least one example, got none.")

        about = {"dtype": rows.dtype.str, "shape": [total, *rows.shape[1:]], "names": names}
        return about | {"lengths": lengths} | more()

    X, about, _ = prepare(key, make)
    return Windows.of(X, tuple(about["lengths"])), about
