r"""Small data of each kind, in memory and on disk, with labels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_wine

from autoencode import datasets

N = 64


class Kind(NamedTuple):
    r"""Data of one kind: some in memory, and a function that writes them to a folder."""

    X: Any
    y: NDArray
    write: Callable[[Path], Path]
    out: str  # the suffix of files of examples; none for a folder
    flags: str = ""
    layers: str = "--layers 64"
    first: bool = False  # the kind on which all laws are checked


def images() -> Kind:
    X, y = datasets.digits().X[:N], datasets.digits().y[:N]

    def write(folder: Path) -> Path:
        (folder / "images").mkdir()

        for i, x in enumerate(X):
            Image.fromarray(x).save(folder / "images" / f"{i:03}.png")

        return folder / "images"

    return Kind(X, y, write, "")


def tables() -> Kind:
    X, y = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))[:N]
    X, y = X[order], y[order]

    def write(folder: Path) -> Path:
        pd.DataFrame(X, columns=load_wine().feature_names).to_csv(folder / "x.csv", index=False)
        return folder / "x.csv"

    return Kind(X, y, write, ".csv", first=True)


def frames() -> Kind:
    r"""Returns columns of numbers and levels with missing cells."""
    wine = load_wine(as_frame=True)
    order = np.random.default_rng(0).permutation(len(wine.data))[:N]
    X = wine.data.iloc[order, :5].reset_index(drop=True)
    y = wine.target.to_numpy()[order]
    X["kind"] = np.array(["barolo", "grignolino", "barbera"])[y]
    X["strong"] = (X.alcohol > 13).map({True: "yes", False: "no"})
    X.loc[::6, "ash"] = np.nan
    X.loc[1::7, "strong"] = None

    def write(folder: Path) -> Path:
        X.to_csv(folder / "x.csv", index=False)
        return folder / "x.csv"

    return Kind(X, y, write, ".csv")


def sounds() -> Kind:
    drums = datasets.drums(N)

    def write(folder: Path) -> Path:
        (folder / "sounds").mkdir()

        for i, x in enumerate(drums.X):
            soundfile.write(folder / "sounds" / f"{i:03}.wav", x, drums.rate)

        return folder / "sounds"

    return Kind([*drums.X], drums.y, write, "", f"--modality Sounds --modality.rate {drums.rate}")


def texts() -> Kind:
    words = datasets.number_words(random_state=0)
    X = words.X[:N]

    def write(folder: Path) -> Path:
        (folder / "x.txt").write_text("".join(f"{text}\n" for text in X))
        return folder / "x.txt"

    return Kind(X, words.y[:N] % 2, write, ".txt", layers="--network Recurrent --network.width 32")


def series() -> Kind:
    return _waves("--modality Series")


def gaps() -> Kind:
    r"""Returns series in which steps are missing."""
    return _waves("--modality Series --modality.gaps", missing=0.1)


def _waves(flags: str, missing: float = 0.0) -> Kind:
    rng = np.random.default_rng(0)
    y = np.arange(N) % 2
    t = np.linspace(0, 2 * np.pi, 24) * (1 + y[:, None]) + rng.uniform(0, 2 * np.pi, (N, 1))
    X = np.stack([np.sin(t), 9 * np.cos(t)], axis=2) + 0.05 * rng.normal(size=(N, 24, 2))
    X[rng.random(X.shape) < missing] = np.nan

    def write(folder: Path) -> Path:
        np.save(folder / "x.npy", X)
        return folder / "x.npy"

    return Kind(X, y, write, ".npy", flags)


KINDS: dict[str, Callable[[], Kind]] = {
    "images": images,
    "tables": tables,
    "frames": frames,
    "sounds": sounds,
    "texts": texts,
    "series": series,
    "gaps": gaps,
}
