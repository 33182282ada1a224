r"""Reconstruction of new series by codes of eight numbers, for the default network of `Series`.

    python benchmarks/series.py FOLDER [seconds] [seeds]

FOLDER holds the unpacked wheels of aeon 1.6.0, chemotools 0.5.0 and PyWavelets 1.9.0, which come
with real series. 60 % of the series, or the first 60 % of a long one, are trained on. The error is
that of the others, as a share of their variance around the mean of each channel and step.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

import autoencode as ae
from autoencode.modalities import Series
from autoencode.networks import Convolutional, FullyConnected, Recurrent, Transformer

CODE = 8
NETWORKS = {
    "fully connected": FullyConnected(skip=True),
    "convolutional": Convolutional(),
    "convolutional, skip": Convolutional(skip=True),
    "dilated, skip": Convolutional(depth=3, dilation=2, skip=True),
    "recurrent, skip": Recurrent(width=64, skip=True),
    "transformer, skip": Transformer(width=64, depth=2, skip=True),
}


def ts(folder: Path, name: str) -> np.ndarray:
    r"""Returns the series of both parts of a set of aeon, with shape `(N, T, C)`."""
    rows = []

    for part in ("TRAIN", "TEST"):
        file = folder / "aeon/datasets/data" / name.split("_eq")[0] / f"{name}_{part}.ts"
        lines = file.read_text().split("@data")[1].split("\n")
        rows += [line.rsplit(":", 1)[0].split(":") for line in lines if ":" in line]

    return np.array([[c.split(",") for c in row] for row in rows], float).swapaxes(1, 2)


def long(file: Path, columns: slice, window: int = 128) -> list[np.ndarray]:
    r"""Returns the windows of both parts of a long series."""
    X = np.genfromtxt(file, delimiter=",", skip_header=1)[:, columns]
    cut = int(0.6 * len(X))
    parts = [X[:cut], X[cut:]]

    return [np.asarray(Series(window, window // 2).fit(x[None]).windows(x[None])) for x in parts]


def sets(folder: Path, seed: int) -> dict[str, list[np.ndarray]]:
    r"""Returns series to train on and others, by the name of their set."""
    aeon = folder / "aeon/datasets/data"
    found = {
        name: ts(folder, name)
        for name in (
            *("GunPoint", "ArrowHead", "ItalyPowerDemand", "OSULeaf", "ACSF1"),
            *("BasicMotions", "JapaneseVowels_eq"),
        )
    }

    for name in ("coffee", "fermentation"):
        file = folder / f"chemotools/datasets/data/{name}_spectra.csv"
        found[f"{name} spectra"] = np.genfromtxt(file, delimiter=",", skip_header=1)[..., None]

    whole = {}

    for name, X in found.items():
        order = np.random.default_rng(seed).permutation(len(X))
        whole[name] = [X[order[: int(0.6 * len(X))]], X[order[int(0.6 * len(X)) :]]]

    whole["Daphnet"] = long(aeon / "Daphnet_S06R02E0/S06R02E0.csv", slice(1, 10))
    kdd = aeon / "KDD-TSAD_135/135_UCR_Anomaly_InternalBleeding16_TEST.csv"
    whole["bleeding"] = long(kdd, slice(1, 2))

    return whole


def by_hand(X: np.ndarray, Y: np.ndarray, seconds: float, seed: int) -> np.ndarray:
    r"""Returns reconstructions by strided convolutions, trained for so long."""
    torch.manual_seed(seed)
    loc, scale = X.mean(axis=(0, 1)), X.std(axis=(0, 1)) + 1e-9
    x, y = (torch.tensor((A - loc) / scale, dtype=torch.float32).mT for A in (X, Y))
    C, T = x.shape[1:]
    n = T // 4
    model = nn.Sequential(
        nn.Conv1d(C, 32, 5, 2, 2), nn.GELU(), nn.Conv1d(32, 64, 5, 2, 2), nn.GELU(),
        nn.Flatten(), nn.LazyLinear(256), nn.GELU(), nn.Linear(256, CODE),
        nn.Linear(CODE, 256), nn.GELU(), nn.Linear(256, 64 * n), nn.Unflatten(1, (64, n)),
        nn.GELU(), nn.Upsample(scale_factor=2), nn.Conv1d(64, 32, 5, 1, 2), nn.GELU(),
        nn.Upsample(size=T), nn.Conv1d(32, C, 5, 1, 2),
    )  # fmt: skip
    model(x[:2])
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    start, held, best, weights = time.perf_counter(), max(1, len(x) // 10), np.inf, {}

    while time.perf_counter() - start < seconds:
        for rows in (held + torch.randperm(len(x) - held)).split(32):
            optimizer.zero_grad()
            (model(x[rows]) - x[rows]).square().mean().backward()
            optimizer.step()

        with torch.no_grad():
            if (loss := float((model(x[:held]) - x[:held]).square().mean())) < best:
                best, weights = loss, {k: v.clone() for k, v in model.state_dict().items()}

    model.load_state_dict(weights)

    with torch.no_grad():
        return model(y).mT.numpy() * scale + loc


def main() -> None:
    r"""Prints a row for each set."""
    folder, seconds = Path(sys.argv[1]), float((sys.argv[2:3] or ["5"])[0])
    seeds = int((sys.argv[3:4] or ["1"])[0])
    names = ["PCA", *NETWORKS, "by hand"]
    print(f"| set | N, T, C | {' | '.join(names)} |\n|{' --- |' * (2 + len(names))}")
    logs = []

    for name in sets(folder, 0):
        rows = []

        for seed in range(seeds):
            X, Y = sets(folder, seed)[name]
            scale = X.std(axis=(0, 1)) + 1e-9
            power = np.square((Y - X.mean(axis=0)) / scale).mean()

            def error(R: np.ndarray, Y=Y, scale=scale, power=power) -> float:
                return float(np.square((np.asarray(R) - Y) / scale).mean() / power)

            models = [ae.linear(CODE, modality=Series(), random_state=seed)]
            models += [
                ae.autoencoder(
                    CODE,
                    modality=Series(),
                    network=network,
                    random_state=seed,
                    training=ae.Training(time_budget=seconds, show_progress=False),
                )
                for network in NETWORKS.values()
            ]
            row = [error(model.fit(X).reconstruct(Y, full_size=True)) for model in models]
            rows.append([*row, error(by_hand(X, Y, seconds, seed))])

        mean = np.mean(rows, axis=0)
        logs.append(np.log(mean))
        shown = " | ".join(f"{v:.4f}" for v in mean)
        print(f"| {name} | {len(X)}, {X.shape[1]}, {X.shape[2]} | {shown} |", flush=True)

    shown = " | ".join(f"{np.exp(v):.4f}" for v in np.mean(logs, axis=0))
    print(f"| geometric mean | | {shown} |")


if __name__ == "__main__":
    main()
