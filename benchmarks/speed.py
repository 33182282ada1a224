r"""Seconds per epoch of a VAE on Fashion-MNIST, against other packages and the machine's limit.

All have one hidden layer of 512 units in encoder and decoder, 16 codes, Bernoulli pixels and
batches of 128. Each runs in its own process, several times in turn, so that other work on the
machine affects all alike.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import data
import environments
import numpy as np
import report
import torch

import autoencode as ae

EPOCHS = 4
REPEATS = 5
PEERS = Path(__file__).parent / "peers"
GFLOP = 5 * 2 * 60_000 * 784 * 512 / 1e9  # large products, two forward and three backward


def matrix_rate() -> float:
    r"""Returns the highest float32 rate of torch on this machine, in GFLOP per second."""
    A, B, best = torch.rand(2048, 2048), torch.rand(2048, 2048), 0.0

    for _ in range(20):
        start = time.perf_counter()
        A @ B
        best = max(best, 2 * 2048**3 / 1e9 / (time.perf_counter() - start))

    return best


def main() -> None:
    X = ae.datasets.fashion_mnist(data.fashion_mnist()).X
    pythae = environments.python("pythae", "torch", "pythae==0.1.2")
    jax = environments.python("jax", "jax", "optax", "numpy")
    peak, epochs, whole = [], {}, {}

    with tempfile.TemporaryDirectory() as folder:
        images, floats, out = (Path(folder) / name for name in ("x.npy", "f.npy", "out.json"))
        np.save(images, X)
        np.save(floats, (X / 255).astype(np.float32))
        here, plain = sys.executable, PEERS / "plain_vae.py"
        ours = PEERS / "autoencode_vae.py"
        commands = {
            "pythae 0.1.2": [pythae, PEERS / "pythae_vae.py", floats, EPOCHS, out],
            "PyTorch, DataLoader": [here, plain, images, EPOCHS, "loader"],
            "PyTorch, resident data, fused Adam": [here, plain, images, EPOCHS, "resident"],
            "JAX, `lax.scan`": [jax, PEERS / "jax_vae.py", images, EPOCHS],
            "autoencode": [here, ours, images, EPOCHS, "eager"],
            "autoencode, `compile=True`": [here, ours, images, EPOCHS, "compiled"],
        }

        for _ in range(REPEATS):
            peak.append(matrix_rate())

            for name, command in commands.items():
                start = time.perf_counter()
                printed = environments.output(*command)
                whole.setdefault(name, []).append(time.perf_counter() - start)

                if name.startswith("pythae"):
                    ends = [0.0, *(record["seconds"] for record in json.loads(out.read_text()))]
                    seconds = list(np.diff(ends))
                else:
                    seconds = json.loads(printed.splitlines()[-1])

                # The first epoch warms up, or compiles
                epochs.setdefault(name, []).append(statistics.median(seconds[1:]))

    rows = []
    theirs = statistics.median(epochs["pythae 0.1.2"])

    for name, values in epochs.items():
        value = statistics.median(values)
        ratios = [a / b for a, b in zip(epochs["pythae 0.1.2"], values)]
        rows.append(
            [
                name,
                f"{value:.2f} ({min(values):.2f} to {max(values):.2f})",
                f"{theirs / value:.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
                f"{GFLOP / value / max(peak):.0%}",
                f"{statistics.median(whole[name]):.1f}",
            ]
        )

    report.write(
        "speed",
        "Seconds of an epoch: Fashion-MNIST, a VAE of 784-512-16-512-784, batches of 128",
        ["loop", "seconds an epoch", "times pythae", "of the matrix rate", "whole process, s"],
        rows,
        f"Medians of {REPEATS} runs in turn, with their range; of each run the median of epochs"
        f" 2 to {EPOCHS}. The matrix rate is that of the five large products of a step,"
        f" {GFLOP:.0f} GFLOP an epoch, at the {max(peak):.0f} GFLOP a second that torch reaches"
        " with matrices of 2048. The whole process imports, reads, trains"
        f" {EPOCHS} epochs and, here and in pythae, saves; compilation is in it, from torch's"
        " cache after the first run. Hidden units are GELU, and ReLU in pythae.",
    )


if __name__ == "__main__":
    main()
