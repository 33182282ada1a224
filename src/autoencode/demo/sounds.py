r"""Sounds: synthetic drums, and a model that draws new ones of each kind."""

__all__ = ["drums"]

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import plots, recipes
from ..evaluation.measures import log_spectral_distance
from ..modalities import Sounds
from ..modalities.capabilities.files import write_one
from ..training.trainer import Training

RATE = 8000  # samples per second
KINDS = ("kick", "snare", "hat")
EPOCHS = 60


def drums(n: int = 300, random_state: int = 0) -> tuple[NDArray, NDArray]:
    r"""Synthetic drum sounds of half a second, no two of them alike.

    A kick is a falling tone, a snare is a short tone in noise, and a hat is high-pitched noise.

    Arguments:
        n: The number of sounds.
        random_state: The seed of pitches, lengths and noise.

    Returns:
        The sounds at 8,000 samples per second, with shape `(n, 4000)`, and their kinds.

    Example:
        >>> X, y = drums(6)
        >>> X.shape, y.tolist()
        ((6, 4000), ['kick', 'snare', 'hat', 'kick', 'snare', 'hat'])
    """
    rng = np.random.default_rng(random_state)
    t = np.arange(RATE // 2) / RATE

    def tone(low: float, high: float, fall: float, decay: float) -> NDArray:
        pitch = low + high * np.exp(-fall * t)
        return np.sin(2 * math.pi * np.cumsum(pitch) / RATE) * np.exp(-decay * t)

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
    y = np.resize(KINDS, n)

    return np.stack([make[kind]() for kind in y]).clip(-0.99, 0.99).astype(np.float32), y


def make_section(folder: Path, fraction: float, seed: int) -> dict[str, Any]:
    r"""Fits a model of drums, writes new ones, and returns the figures of the section."""
    X, y = drums(random_state=seed)
    epochs = max(1, round(fraction * EPOCHS))
    drummer = recipes.vae(
        4,
        layers=(256,),
        conditional=True,
        modality=Sounds(rate=RATE, seconds=0.5),
        training=Training(epochs=epochs, show_progress=False),
        random_state=seed,
    ).fit(X, y)

    for kind in KINDS:
        for i, sound in enumerate(drummer.sample(3, y=kind, random_state=seed)):
            write_one(drummer.modality_, folder / f"{kind}{i}.wav", sound)

    figure = plots.samples(drummer, 9, np.repeat(KINDS, 3), seed)
    figure.savefig(folder / "drums.png")

    return {
        "drum_epochs": epochs,
        "drum_distance": f"{log_spectral_distance(X, drummer.reconstruct(X, y)).mean():.1f}",
        "drum_silence": f"{log_spectral_distance(X, 0 * X).mean():.1f}",
        "players": "\n".join(_players(kind) for kind in KINDS),
    }


def _players(kind: str) -> str:
    players = [f'<audio controls preload="none" src="{kind}{i}.wav"></audio>' for i in range(3)]
    return f"<tr><td>{kind}</td>{''.join(f'<td>{player}</td>' for player in players)}</tr>"
