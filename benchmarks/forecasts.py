r"""Forecasts of later steps against seasonal-naive and linear ones, and the coverage of intervals.

    python benchmarks/forecasts.py FOLDER [seconds] [seeds]

FOLDER holds the unpacked wheels of statsmodels 0.15.0, aeon 1.6.0 and sktime 1.2.0, which come
with real series. The first 60 % of the steps are trained on, the next 20 % calibrate intervals,
and all forecasts are of the last 20 %. Errors are absolute, in standard deviations of the first
part.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import RidgeCV

import autoencode as ae
from autoencode.corruptions import FutureMasking
from autoencode.inference.forecasts import conformal_width
from autoencode.modalities import Series

# File, columns, function of the numbers, period, window, steps to forecast
SETS = {
    "El Nino": ("statsmodels/datasets/elnino/elnino.csv", slice(1, None), None, 12, 48, 12),
    "sunspots": ("statsmodels/datasets/sunspots/sunspots.csv", slice(1, 2), None, 11, 44, 11),
    "electrical equipment": (
        *("statsmodels/datasets/elec_equip/elec_equip.csv", slice(-1, None), None),
        *(12, 36, 12),
    ),
    "solar": ("sktime/datasets/data/solar/solar.csv", slice(-1, None), None, 48, 96, 24),
    "lynx": ("aeon/datasets/data/Lynx/Lynx.csv", slice(-1, None), np.log, 10, 30, 10),
    "airline": ("aeon/datasets/data/Airline/Airline.csv", slice(-1, None), np.log, 12, 36, 12),
    "US change": ("aeon/datasets/data/Uschange/Uschange.csv", slice(2, 7), None, 4, 24, 4),
    "Daphnet": (
        *("aeon/datasets/data/Daphnet_S06R02E0/S06R02E0.csv", slice(1, 10), None),
        *(1, 64, 16),
    ),
    "bleeding": (
        *("aeon/datasets/data/KDD-TSAD_135/135_UCR_Anomaly_InternalBleeding16_TEST.csv",),
        *(slice(1, 2), None, 1, 128, 32),
    ),
    "electrocardiogram": (
        *("aeon/datasets/data/UnitTest/ecg-diff-count-3_TEST.csv", slice(1, 2), None),
        *(1, 128, 32),
    ),
}
LEVEL = 0.9


def read(folder: Path, name: str) -> np.ndarray:
    r"""Returns the one series of a set, with shape `(T, C)`."""
    file, columns, function, *_ = SETS[name]
    X = np.genfromtxt(folder / file, delimiter=",", skip_header=1)[:, columns]
    X = X.reshape(-1, 1) if name == "El Nino" else X  # a row for each year
    X = X[~np.isnan(X).any(axis=1)]

    return X if function is None else function(X)


def ridge(train: np.ndarray, n: int, h: int):
    r"""Returns linear forecasts from `n` steps, relative to the last one."""
    rows = np.stack([train[i : i + n + h] for i in range(len(train) - n - h + 1)])
    rows = (rows - rows[:, n - 1 : n]).reshape(len(rows), -1)
    C = train.shape[1]
    model = RidgeCV(np.logspace(-3, 4, 12)).fit(rows[:, : n * C], rows[:, n * C :])

    def later(past: np.ndarray) -> np.ndarray:
        x = (past[-n:] - past[-1]).reshape(1, -1)
        return model.predict(x).reshape(h, C) + past[-1]

    return later


def main() -> None:
    r"""Prints a row for each set."""
    folder, seconds = Path(sys.argv[1]), float((sys.argv[2:3] or ["5"])[0])
    seeds = int((sys.argv[3:4] or ["1"])[0])
    print(
        "| set | T, C, steps | last | naive | ridge | autoencoder | vae | vae, coverage | width |"
    )
    print(f"|{' --- |' * 9}")
    logs = []

    for name, (*_, period, n, h) in SETS.items():
        X = read(folder, name)
        a, b = int(0.6 * len(X)), int(0.8 * len(X))
        train, origins = X[:a], range(b, len(X) - h + 1, max(1, h // 2))
        calibration = range(a, b - h + 1)
        scale = train.std(axis=0)

        def errors(forecast, at, X=X, h=h, scale=scale) -> np.ndarray:
            found = forecast([X[:t] for t in at])
            return np.abs(found - np.stack([X[t : t + h] for t in at])) / scale

        def naive(pasts, m, h=h) -> np.ndarray:
            return np.stack([x[-m:][np.arange(h) % m] for x in pasts])

        linear = ridge(train, n - h, h)
        row = [
            errors(lambda pasts: naive(pasts, 1), origins).mean(),
            errors(lambda pasts, m=period: naive(pasts, m), origins).mean(),
            errors(lambda pasts, f=linear: np.stack([f(x) for x in pasts]), origins).mean(),
        ]
        ours = []

        for seed in range(seeds):
            kinds = {
                "modality": Series(window=n, stride=1, gaps=True),
                "corruption": FutureMasking(h / n),
                "random_state": seed,
                "training": ae.Training(time_budget=seconds, show_progress=False),
            }
            models = [
                ae.autoencoder(**kinds).fit(train[None]),
                ae.vae(8, **kinds).fit(train[None]),
            ]

            def later(pasts, model, h=h) -> np.ndarray:
                return np.stack(model.forecast([*pasts], h, level=None).mean)

            found = [errors(lambda p, m=model: later(p, m), origins) for model in models]
            past = errors(lambda p, m=models[1]: later(p, m), calibration)
            width = conformal_width(past, LEVEL)
            ours.append([*(e.mean() for e in found), (found[1] <= width).mean(), width.mean()])

        row += [*np.mean(ours, axis=0)]
        logs.append(np.log(row[:5]))
        shown = " | ".join(f"{v:.3f}" for v in row)
        print(f"| {name} | {len(X)}, {X.shape[1]}, {h} | {shown} |", flush=True)

    shown = " | ".join(f"{np.exp(v):.3f}" for v in np.mean(logs, axis=0))
    print(f"| geometric mean | | {shown} | | |")


if __name__ == "__main__":
    main()
