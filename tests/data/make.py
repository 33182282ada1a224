r"""Writes one small model of each modality, and its predictions, beside this file.

Later versions must load these files and make the same predictions. Run this script only if the
format changes before a release:

    python tests/data/make.py
"""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import autoencode as ae
from autoencode.common.failures import FitWarning
from autoencode.modalities import Series, Sounds

FOLDER = Path(__file__).parent


def tables() -> np.ndarray:
    r"""Three columns of numbers, two of them on a curve."""
    t = np.arange(48.0)
    return np.stack([np.sin(t), np.cos(t) ** 2, t / 10], axis=1)


def mixed_tables() -> pd.DataFrame:
    r"""Numbers, categories and dates, with missing cells."""
    t = np.arange(48)
    frame = pd.DataFrame(
        {
            "length": np.sin(t),
            "count": t % 7,
            "color": np.array(["red", "green", "blue"])[t % 3],
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(5 * (t % 9), unit="D"),
        }
    )
    frame.loc[t % 5 == 0, "length"] = np.nan
    frame.loc[t % 8 == 3, "color"] = None

    return frame


def images() -> np.ndarray:
    r"""Gray disks that move over 6 x 6 pixels."""
    t = np.arange(48)[:, None, None]
    i, j = np.mgrid[:6, :6]
    distance = np.hypot(i - 2.5 - 2 * np.sin(t), j - 2.5 - 2 * np.cos(t))

    return (255 * (distance < 2)).astype(np.uint8)


def sounds() -> np.ndarray:
    r"""Decaying tones of 0.1 s at 4,000 samples per second."""
    t = np.arange(400) / 4000
    pitch = 200 + 20 * np.arange(48)[:, None]

    return (0.5 * np.sin(2 * np.pi * pitch * t) * np.exp(-20 * t)).astype(np.float32)


def series() -> np.ndarray:
    r"""Two channels that share a phase, with gaps."""
    t = np.arange(12) / 2 + np.arange(48)[:, None]
    X = np.stack([np.sin(t), 300 + 40 * np.cos(t)], axis=2)
    X[np.arange(48) % 5 == 0, 3:6, 1] = np.nan

    return X


def texts() -> list[str]:
    r"""Words of two syllables."""
    return [a + b for a in ("la", "mi", "so", "ti", "re", "fa") for b in ("na", "do", "lo", "ra")]


OPTIONS: dict[str, Any] = {
    "training": ae.Training(epochs=40, show_progress=False),
    "random_state": 0,
}
EXAMPLES: dict[str, Callable[[], Any]] = {
    "tables": tables, "mixed_tables": mixed_tables, "images": images, "sounds": sounds,
    "texts": texts, "series": series,
}  # fmt: skip
MODELS: dict[str, ae.Autoencoder] = {
    "tables": ae.vae(2, layers=(8,), **OPTIONS),
    "mixed_tables": ae.vae(2, layers=(8,), **OPTIONS),
    "images": ae.autoencoder(2, layers=(8,), **OPTIONS),
    "sounds": ae.autoencoder(2, layers=(8,), modality=Sounds(rate=4000, seconds=0.1), **OPTIONS),
    "series": ae.vae(2, layers=(8,), modality=Series(), **OPTIONS),
    "texts": ae.vae(2, network=ae.networks.Recurrent(width=8), **OPTIONS),
}


def predictions(model: ae.Autoencoder, X: Any) -> dict[str, list]:
    r"""Returns the codes of examples and their reconstruction errors, ready for JSON."""
    found: dict[str, list] = {"codes": model.transform(X).tolist()}
    found["errors"] = model.reconstruction_error(X).tolist()

    if isinstance(X, list):
        found["texts"] = [str(text) for text in model.reconstruct(X)]

    return found


def main() -> None:
    r"""Fits and writes all models."""
    warnings.simplefilter("ignore", FitWarning)  # the trainings are short

    for name, model in MODELS.items():
        X = EXAMPLES[name]()
        model.fit(X).save(FOLDER / f"{name}.ae")
        found = predictions(ae.load(FOLDER / f"{name}.ae"), X[:4])
        (FOLDER / f"{name}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
