r"""Denoising of photographs: PSNR beside seconds of one core, for the default and for peers.

    python benchmarks/denoising.py [epochs ...]

The pairs are gray crops of 32 pixels with and without the shot noise of 30 photons for white and
a read noise of 0.06: 2,000 of twelve photographs to train on, and 300 of four others. They come
with scikit-image (see `data.py`) and scikit-learn. BM3D (`pip install bm3d`, whose license allows
no commercial use) and the filters know the noise. PSNR is that of the mean squared error of
all crops, and the mean over crops.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import data
import numpy as np
import report
import sklearn
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import nn

import autoencode as ae

TRAINING = ["astronaut.png", "brick.png", "grass.png", "gravel.png", "ihc.png", "retina.jpg"]
TRAINING += ["motorcycle_left.png", "moon.png", "hubble_deep_field.jpg", "coins.png"]
TRAINING += ["china.jpg", "flower.jpg"]
OTHERS = ["camera.png", "chelsea.png", "coffee.png", "rocket.jpg"]
SIDE, PHOTONS, READ_NOISE = 32, 30, 0.06
NOTES = """
2,000 pairs of gray crops of 32 pixels to train on, 300 crops of other photographs to denoise. CPU
seconds of one thread, with the training.
"""


def pairs(names: list[str], n: int, seed: int) -> tuple[NDArray, NDArray]:
    r"""Returns clean and noisy crops, as many of each photograph."""
    rng = np.random.default_rng(seed)
    ours = data.wheel("scikit-image", "0.26.0", "skimage/data")
    theirs = Path(sklearn.__file__).parent / "datasets" / "images"
    files = [ours / name if (ours / name).exists() else theirs / name for name in names]
    photographs = [np.asarray(Image.open(file).convert("L")) for file in files]
    found = []

    for k in range(n):
        X = photographs[k % len(photographs)]
        i, j = (rng.integers(side - SIDE + 1) for side in X.shape)
        found.append(X[i : i + SIDE, j : j + SIDE])

    clean = np.stack(found)
    noisy = rng.poisson(clean / 255 * PHOTONS) / PHOTONS + READ_NOISE * rng.normal(
        size=clean.shape
    )

    return clean, np.clip(np.rint(255 * noisy), 0, 255).astype(np.uint8)


def psnr(R: NDArray, X: NDArray) -> tuple[float, float]:
    errors = np.square((R.astype(float) - X) / 255).mean(axis=(1, 2))
    return -10 * float(np.log10(errors.mean())), -10 * float(np.log10(errors).mean())


class ByHand(nn.Module):
    r"""Four residual convolutions of 32 channels, without a bottleneck, as one writes them."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, 32, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()] * 2
        self.layers = nn.Sequential(*layers, nn.Conv2d(32, 1, 3, padding=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - self.layers(x)


def by_hand(clean: NDArray, noisy: NDArray, new: NDArray, seconds: float) -> NDArray:
    torch.manual_seed(0)
    C, N, X = (torch.from_numpy(A[:, None]).float() / 255 for A in (clean, noisy, new))
    net = ByHand()
    optimizer, start = torch.optim.Adam(net.parameters(), 1e-3), time.process_time()

    while time.process_time() - start < seconds:
        for rows in torch.randperm(len(C)).split(32):
            optimizer.zero_grad()
            (net(N[rows]) - C[rows]).square().mean().backward()
            optimizer.step()

            if time.process_time() - start >= seconds:
                break

    with torch.no_grad():
        return 255 * net(X)[:, 0].clamp(0, 1).numpy()


def measure(rows: list, name: str, R: Callable[[], NDArray], clean: NDArray) -> float:
    r"""Adds a row to the table, and returns its seconds."""
    start = time.process_time()
    found = R()
    seconds = time.process_time() - start
    rows.append([name, f"{seconds:.1f}", *(f"{db:.1f}" for db in psnr(found, clean))])
    print(*rows[-1], sep=", ", flush=True)

    return seconds


def main() -> None:
    torch.set_num_threads(1)
    clean, noisy = pairs(TRAINING, 2000, 0)
    new, damaged = pairs(OTHERS, 300, 10)
    scale = np.sqrt(new.mean() / 255 / PHOTONS + READ_NOISE**2)
    rows: list[list[str]] = []
    measure(rows, "noisy", lambda: damaged, new)
    measure(
        rows,
        "Gaussian filter of 1.5 pixels",
        lambda: np.stack([gaussian_filter(x.astype(float), 1.5) for x in damaged]),
        new,
    )

    try:
        from bm3d import bm3d

        denoised = lambda: 255 * np.stack([bm3d(x / 255, scale) for x in damaged[:40]])  # noqa: E731
        measure(rows, "BM3D, 40 crops", denoised, new[:40])
    except ImportError:
        print("BM3D is not installed")

    for epochs in [int(word) for word in sys.argv[1:]] or [2, 6]:
        training = ae.Training(epochs=epochs, show_progress=False)
        model = ae.denoising(training=training, random_state=0)
        fit = lambda: model.fit(clean, corrupted=noisy).reconstruct(damaged)  # noqa: B023, E731
        seconds = measure(rows, f"`denoising()`, {epochs} epochs", fit, new)
        same = lambda: by_hand(clean, noisy, damaged, seconds)  # noqa: B023, E731
        measure(rows, "by hand, as long", same, new)

    report.write(
        "denoising",
        "Denoising of photographs",
        ["", "CPU s", "dB, of all", "dB, mean"],
        rows,
        NOTES,
        command=" ".join(["denoising.py", *sys.argv[1:]]),
    )


if __name__ == "__main__":
    main()
