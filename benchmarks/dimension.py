r"""Intrinsic dimension of Fashion-MNIST: ours against scikit-dimension, by the same definitions.

All examples are used, and for ours also a random sample of them, whose neighbors are looked for
among all. Both run on one thread, and the seconds are the processor's: they do not depend on what
else is running.
"""

import json
import os
import resource
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import data
import environments
import numpy as np
import report
import torch

import autoencode as ae
from autoencode.manifold import intrinsic_dimension

METHODS = {10000: ("twonn", "gride", "mle", "local_pca"), 60000: ("twonn", "gride", "mle")}
SAMPLE = 2000
PEER_TIMEOUT = 600  # seconds
NEIGHBORS = {"twonn": 2, "gride": 16, "mle": 20, "local_pca": 32}


def peer(rows: Path, method: str) -> tuple[float, float] | None:
    r"""Returns value and seconds of scikit-dimension, or None after a timeout."""
    python = environments.python("skdim", "scikit-dimension==0.5.0")
    script = Path(__file__).parent / "peers" / "scikit_dimension.py"
    out = rows.with_suffix(".json")

    done = subprocess.run(
        [python, script, rows, method, out],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (PEER_TIMEOUT, PEER_TIMEOUT)),
    )

    if done.returncode in {-signal.SIGKILL, -signal.SIGXCPU}:
        return None

    done.check_returncode()  # a failure is not a timeout
    return tuple(json.loads(out.read_text()))


def ours(X: np.ndarray, method: str, n_samples: int | None) -> tuple[str, float]:
    r"""Returns value and seconds of this library."""
    start = time.process_time()
    d = intrinsic_dimension(X, method, NEIGHBORS[method], n_samples=n_samples, random_state=0)
    return f"{d.value:.2f} ± {d.standard_error:.2f}", time.process_time() - start


def measure(X: np.ndarray, method: str) -> list[str]:
    r"""Returns one row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.npy"
        np.save(rows, X.astype(np.float64))
        theirs = peer(rows, method)

    value, seconds = theirs or (None, float(PEER_TIMEOUT))
    more = "" if theirs else "> "
    row = [len(X), f"`{method}`", f"{value:.2f}" if theirs else "-", f"{more}{seconds:.1f}"]

    for samples in (None, SAMPLE):
        value, spent = ours(X, method, samples)
        row += [value, f"{spent:.1f}", f"{more}{seconds / spent:.0f}"]

    return row


def main() -> None:
    torch.set_num_threads(1)
    X = ae.datasets.fashion_mnist(data.fashion_mnist()).X.reshape(-1, 784)
    intrinsic_dimension(X[:100])
    rows = []

    for n, methods in METHODS.items():
        for method in methods:
            rows.append(measure(X[:n], method))
            print(rows[-1], flush=True)

    write(rows)


def write(rows: list[list[str]]) -> None:
    report.write(
        "dimension",
        "Intrinsic dimension of Fashion-MNIST",
        [
            "images",
            "method",
            "scikit-dimension 0.5.0",
            "seconds",
            "ours, all",
            "seconds",
            "times faster",
            f"ours, at {SAMPLE}",
            "seconds",
            "times faster",
        ],
        rows,
        f"The first so many images of 784 numbers. {NEIGHBORS['mle']} neighbors for `mle`,"
        f" {NEIGHBORS['gride']} for `gride`, and {NEIGHBORS['local_pca']} for `local_pca`, which"
        f" cannot count more than these. Ours at {SAMPLE} is at that many random images, with"
        " their neighbors among all, and its error says what that costs. Ours includes the whole"
        " curve over scale, scikit-dimension's that of `gride` alone, which also leaves out the"
        f" largest ratios. Beyond {PEER_TIMEOUT} seconds scikit-dimension was stopped. Seconds are"
        " of the processor, on one thread.",
    )


if __name__ == "__main__":
    main()
