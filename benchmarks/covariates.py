r"""Forecasts of series with and without covariates of the later steps.

    python benchmarks/covariates.py FOLDER [seeds]

FOLDER holds the unpacked wheels of aeon 1.6.0 and sktime 1.2.0, which come with real series. The
first 60 % of the steps are trained on, and all forecasts are of the last 20 %. Errors are
absolute, in standard deviations of the first part. All covariates of later steps are known, as in
a forecast under a scenario.
"""

import sys
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import RidgeCV

import autoencode as ae
from autoencode.corruptions import FutureMasking
from autoencode.modalities import Series

EPOCHS, CODE = 60, 8
RECIPES = {"autoencoder": ae.autoencoder, "vae": ae.vae}


class Set(NamedTuple):
    r"""A series, its covariates, the steps of a window and of a forecast."""

    x: NDArray
    c: NDArray
    window: int
    steps: int


def sets(folder: Path) -> dict[str, Set]:
    r"""Returns the sets by name."""
    us = np.genfromtxt(folder / "aeon/datasets/data/Uschange/Uschange.csv", delimiter=",")[1:, 2:7]
    solar = folder / "sktime/datasets/data/solar/solar.csv"
    power = np.genfromtxt(solar, delimiter=",", skip_header=1)[:, -1]
    hour = 2 * np.pi * (np.arange(len(power)) % 48) / 48

    return {
        "US consumption, given income, production, savings and unemployment": Set(
            us[:, 0], us[:, 1:], 24, 4
        ),
        "solar power, given the time of day": Set(
            power, np.stack([np.sin(hour), np.cos(hour)], axis=1), 96, 24
        ),
    }


def table(x: NDArray, c: NDArray, begin: int, end: int, name: str = "x") -> pd.DataFrame:
    r"""Returns the rows of a part of a series, as a table with the name of the series."""
    columns = {f"c{j}": v for j, v in enumerate(c[begin:end].T)}
    return pd.DataFrame({"t": np.arange(begin, end), "series": name, "x": x[begin:end], **columns})


def ridge(data: Set, train: int, origins: list[int], known: bool) -> NDArray:
    r"""Returns linear forecasts from all steps of the window, relative to the last one."""
    n, h = data.window - data.steps, data.steps

    def row(t: int) -> NDArray:
        past = data.x[t - n : t] - data.x[t - 1]
        return np.concatenate([past, data.c[t - n : t + h].ravel()]) if known else past

    fitted = [*range(n, train - h + 1)]
    targets = np.stack([data.x[t : t + h] - data.x[t - 1] for t in fitted])
    inputs = np.stack([row(t) for t in fitted])
    scale = inputs.std(axis=0) + 1e-9
    model = RidgeCV(np.logspace(-3, 4, 12)).fit(inputs / scale, targets)

    return np.stack([model.predict(row(t)[None] / scale)[0] + data.x[t - 1] for t in origins])


def ours(
    data: Set, train: int, origins: list[int], known: bool, recipe: Any, seed: int
) -> NDArray:
    r"""Returns forecasts of an autoencoder."""
    names = [f"c{j}" for j in range(data.c.shape[1])]
    roles: dict[str, Any] = {"covariates": names} if known else {}
    kind = Series(window=data.window, stride=1, gaps=True, time="t", identity="series", **roles)
    model = recipe(
        CODE,
        modality=kind,
        corruption=FutureMasking(data.steps / data.window),
        training=ae.Training(epochs=EPOCHS, show_progress=False),
        prior=ae.priors.StandardNormal(),
        random_state=seed,
    )
    dropped = [] if known else names
    model.fit(table(data.x, data.c, 0, train).drop(columns=dropped))
    parts = [table(data.x, data.c, t - data.window, t, str(t)) for t in origins]
    plans = [table(data.x, data.c, t, t + data.steps, str(t)) for t in origins]
    later = {"covariates": pd.concat(plans)} if known else {}
    past = pd.concat(parts, ignore_index=True).drop(columns=dropped)
    mean = model.forecast(past, data.steps, level=None, **later).mean

    return mean["x"].to_numpy().reshape(len(origins), data.steps)


def main() -> None:
    r"""Prints a row for each set."""
    folder, seeds = Path(sys.argv[1]), int((sys.argv[2:3] or ["3"])[0])
    warnings.simplefilter("ignore", ae.FitWarning)
    names = [f"{name}{more}" for name in ("ridge", *RECIPES) for more in ("", ", covariates")]
    print(f"| set | {' | '.join(names)} |\n|{' --- |' * 7}")

    for name, data in sets(folder).items():
        train, first = int(0.6 * len(data.x)), int(0.8 * len(data.x))
        origins = [*range(first, len(data.x) - data.steps + 1, max(1, data.steps // 2))]
        truth = np.stack([data.x[t : t + data.steps] for t in origins])
        scale = data.x[:train].std()

        def error(guess: NDArray, truth: NDArray = truth, scale: float = scale) -> float:
            return float(np.abs(guess - truth).mean() / scale)

        row = [f"{error(ridge(data, train, origins, known)):.3f}" for known in (False, True)]

        for recipe in RECIPES.values():
            for known in (False, True):
                made = [ours(data, train, origins, known, recipe, seed) for seed in range(seeds)]
                found = [*map(error, made)]
                row.append(f"{np.mean(found):.3f} ({min(found):.3f} to {max(found):.3f})")

        print(f"| {name} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
