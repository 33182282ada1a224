r"""Synthetic sounds and texts."""

__all__ = ["drums", "number_words"]

import math

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from ..common.seeding import Seed, as_seed

_RATE = 8000  # samples per second
_DRUMS = ("kick", "snare", "hat")

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def drums(n_samples: int = 300, random_state: Seed = 0) -> Bunch:
    r"""Synthetic drum sounds of half a second, no two of them alike.

    A kick is a falling tone, a snare is a short tone in noise, and a hat is high-pitched noise.

    Arguments:
        n_samples: The number of sounds.
        random_state: The seed of pitches, lengths and noise.

    Returns:
        `X`, the sounds as float32, with shape `(n_samples, 4000)`; `y`, their kinds, with
        shape `(n_samples,)`; and `rate`, the number of samples per second.

    See Also:
        :func:`~autoencode.datasets.number_words`, :class:`~autoencode.modalities.Sounds`

    Example:
        >>> data = drums(6)
        >>> data.X.shape, data.y.tolist()
        ((6, 4000), ['kick', 'snare', 'hat', 'kick', 'snare', 'hat'])
    """
    rng = np.random.default_rng(as_seed(random_state))
    t = np.arange(_RATE // 2) / _RATE

    def tone(low: float, high: float, fall: float, decay: float) -> NDArray:
        pitch = low + high * np.exp(-fall * t)
        return np.sin(2 * math.pi * np.cumsum(pitch) / _RATE) * np.exp(-decay * t)

    def noise(smoothness: int, decay: float) -> NDArray:
        # Differences keep high frequencies
        white = rng.normal(size=len(t) + smoothness)
        return np.diff(white, n=smoothness) * np.exp(-decay * t)

    make = {
        "kick": lambda: tone(rng.uniform(40, 70), 200, rng.uniform(15, 40), rng.uniform(6, 15)),
        "snare": lambda: (
            0.5 * tone(rng.uniform(160, 240), 0, 0, 30) + 0.3 * noise(0, rng.uniform(12, 30))
        ),
        "hat": lambda: 0.2 * noise(2, rng.uniform(10, 60)),
    }
    y = np.resize(_DRUMS, n_samples)

    X = np.stack([make[kind]() for kind in y]).clip(-0.99, 0.99).astype(np.float32)

    return Bunch(X=X, y=y, rate=_RATE)


def number_words(random_state: Seed = None) -> Bunch:
    r"""The numbers from 0 to 999 in words, whose spelling can be checked.

    Arguments:
        random_state: The seed of their order; by default they ascend.

    Returns:
        `X`, a list of 1,000 texts, and `y`, the numbers, with shape `(1000,)`.

    See Also:
        :func:`~autoencode.datasets.drums`, :class:`~autoencode.modalities.Texts`

    Example:
        >>> number_words().X[342]
        'three hundred and forty-two'
    """
    y = np.arange(1000)

    if random_state is not None:
        y = np.random.default_rng(as_seed(random_state)).permutation(1000)

    return Bunch(X=[_in_words(n) for n in y.tolist()], y=y)


def _in_words(n: int) -> str:
    r"""Returns a number from 0 to 999 in words."""
    if n < 20:
        return _ONES[n]

    if n < 100:
        return _TENS[n // 10 - 2] + (f"-{_ONES[n % 10]}" if n % 10 else "")

    return f"{_ONES[n // 100]} hundred" + (f" and {_in_words(n % 100)}" if n % 100 else "")
