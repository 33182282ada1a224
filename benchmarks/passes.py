r"""Speed of a trained model, relative to the limit of the machine.

A VAE of 784-512-16-512-784, as in `speed.py`, on the 60,000 images of Fashion-MNIST. The limit is
the time of the large matrix products alone, at the rate that torch reaches with square matrices,
measured in turn with the model. It excludes conversion of bytes, activations and densities.
"""

import functools
import statistics
import time
from collections.abc import Callable

import data
import report
from speed import matrix_rate

import autoencode as ae

REPEATS = 7
CODES = 16
SCORED = 10_000  # images for score_samples
GFLOP_PER_HALF = 2 * 784 * 512 / 1e9  # large products of one image in encoder or decoder


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    X = ae.datasets.fashion_mnist(data.fashion_mnist()).X
    n, rows = len(X), []

    for name, likelihood in {
        "Bernoulli": ae.distributions.Bernoulli(),
        "SharedGaussian": ae.distributions.SharedGaussian(),
    }.items():
        training = ae.Training(epochs=1, show_progress=False)
        options = {"likelihood": likelihood, "training": training, "random_state": 0}
        model = ae.vae(16, layers=(512,), **options).fit(X[:5000])
        some = functools.partial(model.score_samples, X[:SCORED], n_samples=CODES)
        passes = {
            "transform(X)": (n * GFLOP_PER_HALF, functools.partial(model.transform, X)),
            "reconstruct(X)": (2 * n * GFLOP_PER_HALF, functools.partial(model.reconstruct, X)),
            f"score_samples(X, n_samples={CODES})": ((1 + CODES) * SCORED * GFLOP_PER_HALF, some),
        }
        shares: dict[str, list[float]] = {what: [] for what in passes}
        spent: dict[str, list[float]] = {what: [] for what in passes}

        for _ in range(REPEATS):
            for what, (gflop, run) in passes.items():
                spent[what].append(seconds(run))
                shares[what].append(gflop / spent[what][-1] / matrix_rate())

        for what in passes:
            share = statistics.median(shares[what])
            spread = f"{min(shares[what]):.2f} to {max(shares[what]):.2f}"
            rows.append(
                [
                    name,
                    f"`{what}`",
                    f"{statistics.median(spent[what]):.2f}",
                    f"{share:.2f} ({spread})",
                ]
            )
            print(rows[-1], flush=True)

    report.write(
        "passes",
        "Passes through a trained VAE, and the machine's limit",
        ["likelihood", "pass", "seconds", "share of the matrix rate"],
        rows,
        f"Medians of {REPEATS} runs in turn, with their range. {n:,} images; densities are of"
        f" {SCORED:,}. Counted are the products of 784 and 512, of images and of each code that"
        " is drawn, at the rate of square matrices of 2,048.",
    )


if __name__ == "__main__":
    main()
