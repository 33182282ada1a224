r"""Real sets of all kinds from package registries, in two groups.

Defaults are chosen by the group `CHOOSE`. The group `FINAL` is opened once, when they stand. No
set of either appears in an example or a page of the documentation. Rows are drawn so that a group
takes minutes. Two thirds are to train on, the others to test. Photographs are split, and not their
crops.
"""

import contextlib
import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import data
import environments
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from sklearn import datasets
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from autoencode.data.media.audio.files import read_sound

RATE = 16000
MAX_TEST = 120


class Set(NamedTuple):
    r"""A data set: `load` returns all examples, or training and test examples."""

    name: str
    kind: str  # "numbers", "mixed", "images", "sounds" or "texts"
    code: int
    load: Callable[[], Any]
    rows: int = 600

    def split(self) -> tuple[Any, Any]:
        found = self.load()

        if isinstance(found, tuple):
            return found

        order = np.random.default_rng(0).permutation(len(found))[: self.rows]
        n = max(2 * len(order) // 3, len(order) - MAX_TEST)
        train, test = order[:n], order[n:]

        return _take(found, train), _take(found, test)


def _take(X: Any, index: NDArray) -> Any:
    if isinstance(X, pd.DataFrame):
        return X.iloc[index].reset_index(drop=True)

    return X[index] if isinstance(X, np.ndarray) else [X[i] for i in index]


# Tables


@functools.cache
def mlbench(name: str) -> pd.DataFrame:
    r"""Returns a table of R's package mlbench."""
    folder = data.debian("r-cran-mlbench", "usr/lib/R/site-library/mlbench/data")

    if not (folder / "Glass.csv").exists():
        python = environments.python("rdata", "rdata==1.1.0")
        environments.output(python, Path(__file__).parent / "peers" / "rda_tables.py", folder)

    return pd.read_csv(folder / f"{name}.csv")


def numbers(name: str, *left_out: str) -> NDArray:
    r"""Returns the numeric columns of a table as an array."""
    X = mlbench(name).drop(columns=[*left_out]).select_dtypes("number")
    return X.dropna().to_numpy(float)


def islp(name: str) -> pd.DataFrame:
    r"""Returns a table of the book An Introduction to Statistical Learning."""
    return pd.read_csv(data.wheel("islp", "0.6.0", "ISLP/data") / f"{name}.csv")


def genes() -> NDArray:
    folder = data.wheel("islp", "0.6.0", "ISLP/data")
    parts = [pd.read_csv(folder / f"Khan_x{part}.csv", index_col=0) for part in ("train", "test")]

    return np.concatenate([part.to_numpy(float) for part in parts])


def power() -> NDArray:
    r"""Returns days of electrical power, one column per hour."""
    folder = data.wheel("aeon", "1.6.0", "aeon/datasets/data/ItalyPowerDemand")
    lines = [
        line.rpartition(":")[0]
        for part in ("TRAIN", "TEST")
        for line in (folder / f"ItalyPowerDemand_{part}.ts").read_text().splitlines()
        if line[:1] not in {"#", "@", ""}
    ]

    return np.array([line.split(",") for line in lines], float)


def statsmodels(name: str) -> NDArray:
    folder = data.wheel("statsmodels", "0.15.0", "statsmodels/datasets")
    return pd.read_csv(folder / name / f"{name}.csv").to_numpy(float)


def schools() -> NDArray:
    r"""Returns statistics of school districts, without products of columns."""
    return statsmodels("star98")[:, :14]


def health() -> NDArray:
    r"""Returns visits to doctors and their covariates: counts, flags and amounts."""
    return statsmodels("randhie")


def vega() -> Path:
    return data.wheel("vega_datasets", "0.9.0", "vega_datasets/_data")


def cars() -> pd.DataFrame:
    X = pd.read_json(vega() / "cars.json").drop(columns="Name")
    return X.assign(Year=pd.to_datetime(X["Year"]).dt.year)


def penguins() -> pd.DataFrame:
    return pd.read_csv(
        data.wheel("palmerpenguins", "0.1.6", "palmerpenguins/data") / "penguins.csv"
    )


# Images


def photographs() -> Path:
    return data.wheel("scikit-image", "0.26.0", "skimage/data")


def crops(names: Sequence[str], size: int, n: int, mode: str, scale: float = 1.0) -> NDArray:
    r"""Returns the same number of crops of each photograph."""
    rng = np.random.default_rng(0)
    found = []

    for name in names:
        image = Image.open(photographs() / name).convert(mode)
        image = image.resize([round(scale * side) for side in image.size], Image.LANCZOS)
        X = np.asarray(image)

        for _ in range(n):
            i, j = (rng.integers(side - size + 1) for side in X.shape[:2])
            found.append(X[i : i + size, j : j + size])

    return np.stack(found)


def textures() -> tuple[NDArray, NDArray]:
    r"""Returns left and right parts of photographs of surfaces, 24 x 24."""
    rng = np.random.default_rng(0)
    parts: tuple[list, list] = [], []

    for name in ("brick.png", "grass.png", "gravel.png"):
        X = np.asarray(Image.open(photographs() / name).convert("L").resize((192, 192)))

        for part, side, n in zip(parts, (X[:, :128], X[:, 128:]), (100, 50)):
            for _ in range(n):
                i, j = (rng.integers(s - 24 + 1) for s in side.shape)
                part.append(side[i : i + 24, j : j + 24])

    return np.stack(parts[0]), np.stack(parts[1])


FEW = ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "ihc.png", "retina.jpg"]


def few_photographs() -> tuple[NDArray, NDArray]:
    others = ["motorcycle_left.png", "hubble_deep_field.jpg", "color.png"]
    return crops(FEW, 32, 8, "RGB", 0.3), crops(others, 32, 20, "RGB", 0.3)


def patches() -> tuple[NDArray, NDArray]:
    return crops(FEW, 16, 100, "RGB", 0.5), crops(["motorcycle_left.png"], 16, 150, "RGB", 0.5)


def flags() -> NDArray:
    r"""Returns flags of countries in color, 11 x 16."""
    folder = data.debian("famfamfam-flag-png", "usr/share/flags/countries/16x11")
    images = [Image.open(path).convert("RGB") for path in sorted(folder.glob("*.png"))]

    return np.stack([np.asarray(image) for image in images if image.size == (16, 11)])


def stamps() -> NDArray:
    r"""Returns colored pictures of objects on white, 24 x 24."""
    folder = data.debian("tuxpaint-stamps-default", "usr/share/tuxpaint/stamps")
    return np.stack([_thumbnail(path, 24) for path in sorted(folder.rglob("*.png"))])


def icons() -> NDArray:
    r"""Returns gray line drawings, 24 x 24."""
    folder = data.npm("@tabler/icons-png", "3.48.0", "package/icons/outline")
    paths = np.random.default_rng(1).permutation(sorted(folder.glob("*.png")))[:750]

    return np.stack([_thumbnail(path, 24)[..., 0] for path in paths])


def _thumbnail(path: Path, size: int) -> NDArray:
    image = Image.open(path).convert("RGBA")
    square = Image.new("RGBA", [max(image.size)] * 2, "white")
    place = tuple((max(image.size) - side) // 2 for side in image.size)
    square.alpha_composite(image, place)

    return np.asarray(square.convert("RGB").resize((size, size), Image.BOX))


# Sounds


def recordings(package: str, inside: str, pattern: str, most: int) -> list[NDArray]:
    r"""Returns the first second of audible recordings, as waveforms at 16 kHz."""
    paths = sorted(data.debian(package, inside).rglob(pattern))
    found = []

    for i in np.random.default_rng(1).permutation(len(paths))[:most]:
        with contextlib.suppress(ValueError):  # raised for an empty file
            found.append(read_sound(paths[i], RATE)[:RATE])

    return [x for x in found if np.abs(x).max() > 0.01]


# Texts


def words() -> list[str]:
    folder = data.debian("scowl", "usr/share/dict/scowl")
    levels = [10, 20, 35]
    found = {w for k in levels for w in _lines(folder / f"english-words.{k}") if w.isalpha()}

    return sorted(w for w in found if 3 <= len(w) <= 12)


def proper_names() -> list[str]:
    folder = data.debian("scowl", "usr/share/dict/scowl")
    found = {w for w in _lines(folder / "english-proper-names.50") if w.isalpha()}

    return sorted(w for w in found if 3 <= len(w) <= 12)


def airports() -> list[str]:
    return sorted(
        {name for name in pd.read_csv(vega() / "airports.csv")["name"] if len(name) <= 40}
    )


def sayings() -> list[str]:
    r"""Returns fortunes of a single line."""
    folder = data.debian("fortunes", "usr/share/games/fortunes")
    topics = ["computers", "definitions", "humorists", "people", "platitudes", "science", "wisdom"]
    parts = [p for t in topics for p in re.split(r"\n%\n", (folder / t).read_text())]

    return sorted(
        {p.strip() for p in parts if "\n" not in p.strip() and 10 <= len(p.strip()) <= 60}
    )


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="latin-1").splitlines()


# Without a registry


def wine_with_holes() -> pd.DataFrame:
    X = datasets.load_wine(as_frame=True)
    frame = X.frame.assign(target=X.frame["target"].map(dict(enumerate(X.target_names))))

    return frame.mask(np.random.default_rng(0).random(frame.shape) < 0.05)


SHORT = [
    Set("iris", "numbers", 2, lambda: datasets.load_iris().data),
    Set("wine with holes", "mixed", 4, wine_with_holes),
    Set(
        "digits",
        "images",
        8,
        lambda: (16 * datasets.load_digits().images).clip(0, 255).astype("u1"),
        400,
    ),
    Set("stop words", "texts", 4, lambda: sorted(ENGLISH_STOP_WORDS)),
]
CHOOSE = [
    Set("sonar", "numbers", 8, lambda: numbers("Sonar")),
    Set("few photographs", "images", 8, few_photographs),
    Set("cars", "mixed", 4, cars),
    Set("words", "texts", 16, words, 800),
    Set(
        "spoken letters",
        "sounds",
        16,
        lambda: recordings("klettres-data", "usr/share/klettres", "alpha/*.ogg", 300),
    ),
    Set("Boston housing", "numbers", 4, lambda: numbers("BostonHousing")),
    Set("textures", "images", 16, textures),
    Set("wages", "mixed", 4, lambda: islp("Wage").drop(columns="region")),
    Set("vehicle", "numbers", 4, lambda: numbers("Vehicle")),
    Set("photograph patches", "images", 16, patches),
    Set("ionosphere", "numbers", 8, lambda: numbers("Ionosphere")),
    Set("letters", "numbers", 8, lambda: numbers("LetterRecognition")),
    Set("airports", "texts", 16, airports),
    Set(
        "prompts in Russian",
        "sounds",
        16,
        lambda: recordings(
            "asterisk-core-sounds-ru-wav", "usr/share/asterisk/sounds", "*.wav", 300
        ),
    ),
]
FINAL = [
    Set("schools", "numbers", 4, schools),
    Set("stamps", "images", 16, stamps, 450),
    Set("baseball", "mixed", 4, lambda: islp("Hitters")),
    Set("proper names", "texts", 16, proper_names, 800),
    Set(
        "things by name",
        "sounds",
        16,
        lambda: recordings("ktuberling-data", "usr/share/ktuberling/sounds", "*.ogg", 300),
    ),
    Set(
        "insurance", "numbers", 8, lambda: islp("Caravan").select_dtypes("number").to_numpy(float)
    ),
    Set("icons", "images", 16, icons),
    Set("penguins", "mixed", 2, penguins),
    Set("power demand", "numbers", 4, power),
    Set("flags", "images", 8, flags),
    Set("genes", "numbers", 8, genes),
    Set("health", "numbers", 4, health),
    Set("soybeans", "mixed", 8, lambda: mlbench("Soybean").astype(object)),
    Set("sayings", "texts", 16, sayings),
]
