r"""The potential of a nerve cell: gaps filled in, and the change in its firing found."""

__all__: list[str] = []

from pathlib import Path
from typing import Any

import numpy as np

from .. import datasets, plots, recipes
from ..common.atomic_files import replacing
from ..corruptions import SensorDropout
from ..manifold import SeriesDetector
from ..modalities import Series
from ..training.trainer import Training

EPOCHS = 50


def make_section(folder: Path, fraction: float, seed: int) -> dict[str, Any]:
    r"""Fits a model of regular firing, and returns the figures of the section."""
    x = datasets.membrane_potential().x.reshape(-1, 2).mean(axis=1)
    train, regular, rest = x[None, 800:2300], x[None, 2300:2900], x[None, 2900:5400]
    epochs = max(1, round(fraction * EPOCHS))
    cell = recipes.autoencoder(
        16,
        modality=Series(window=160, stride=2, gaps=True),
        corruption=SensorDropout(),
        training=Training(epochs=epochs, show_progress=False),
        random_state=seed,
    ).fit(train)

    t = np.arange(regular.shape[1])
    hidden = t % 80 >= 64
    filled = cell.impute(np.where(hidden, np.nan, regular))
    line = np.interp(t, t[~hidden], regular[0, ~hidden])
    detector = SeriesDetector(cell, false_positive_rate=0.01).fit(regular)
    found = detector.intervals(rest)

    with replacing(folder / "firing.png") as temporary:
        plots.intervals(detector, rest).savefig(temporary)

    def error(guess: Any) -> str:
        return f"{np.abs(guess - regular)[..., hidden].mean():.1f}"

    return {
        "cell_epochs": epochs,
        "cell_imputed": error(filled),
        "cell_line": error(line),
        "cell_start": f"{max(found, key=lambda f: f.end - f.start).start}" if found else "no",
    }
