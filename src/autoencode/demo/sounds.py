r"""Sounds: synthetic drums, and a model that draws new ones of each kind."""

__all__: list[str] = []

from pathlib import Path
from typing import Any

import numpy as np

from .. import datasets, plots, recipes
from ..common.atomic_files import replacing
from ..evaluation import log_spectral_distance
from ..modalities import Sounds
from ..modalities.capabilities.files import write_one
from ..training.trainer import Training

KINDS = ("kick", "snare", "hat")
EPOCHS = 60


def make_section(folder: Path, fraction: float, seed: int) -> dict[str, Any]:
    r"""Fits a model of drums, writes new ones, and returns the figures of the section."""
    data = datasets.drums(random_state=seed)
    X, y = data.X, data.y
    epochs = max(1, round(fraction * EPOCHS))
    drummer = recipes.vae(
        4,
        layers=(256,),
        conditional=True,
        modality=Sounds(rate=data.rate, seconds=0.5),
        training=Training(epochs=epochs, show_progress=False),
        random_state=seed,
    ).fit(X, y)

    for kind in KINDS:
        for i, sound in enumerate(drummer.sample(3, y=kind, random_state=seed)):
            with replacing(folder / f"{kind}{i}.wav") as temporary:
                write_one(drummer.modality_, temporary, sound)

    figure = plots.samples(drummer, 9, np.repeat(KINDS, 3), seed)

    with replacing(folder / "drums.png") as temporary:
        figure.savefig(temporary)

    return {
        "drum_epochs": epochs,
        "drum_distance": f"{log_spectral_distance(X, drummer.reconstruct(X, y)).mean():.1f}",
        "drum_silence": f"{log_spectral_distance(X, 0 * X).mean():.1f}",
        "players": "\n".join(_players(kind) for kind in KINDS),
    }


def _players(kind: str) -> str:
    players = [f'<audio controls preload="none" src="{kind}{i}.wav"></audio>' for i in range(3)]
    return f"<tr><td>{kind}</td>{''.join(f'<td>{player}</td>' for player in players)}</tr>"
