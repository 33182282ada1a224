r"""Training in two processes of one thread each, against one process with two threads.

Two models: the perceptron of `speed.py` with batches of 1,024, and the default convolutional
network for images of 28 x 28 pixels. The share of communication is the time within torch's
collective operations, in the first process, which includes waiting for the other. The expected
time of a step is that of one process with half of the batch and one thread, plus that of an
exchange of the same size between two processes that do nothing else.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import report
import torch
import torch.distributed as dist

import autoencode as ae
from autoencode.training.replicas import present
from autoencode.training.state import TrainState

STEPS, WARM_UP, REPEATS = {"perceptron": 40, "convolutional": 28}, 8, 4
BATCHES = {"perceptron": 1024, "convolutional": 128}


def model(kind: str, batch_size: int, n: int) -> ae.Autoencoder:
    training = ae.Training(
        epochs=1, batch_size=batch_size, validation_fraction=0, precision="float32"
    )

    options = {"layers": (512,), "likelihood": ae.distributions.Bernoulli()}
    return ae.vae(
        16, training=training, random_state=0, **(options if kind == "perceptron" else {})
    )


def measure(kind: str, batch_size: int) -> dict[str, float]:
    r"""Trains some steps, and returns seconds and bytes per step, and seconds of exchanges."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 255, size=(batch_size * STEPS[kind], 28, 28), dtype=np.uint8)
    spent = {"seconds": 0.0, "bytes": 0}
    ends: list[float] = []
    make_step = TrainState._make_step

    def timed(self: TrainState, *arguments: object) -> None:
        make_step(self, *arguments)
        ends.append(time.perf_counter())

        if len(ends) == WARM_UP:
            spent.update(seconds=0.0, bytes=0)

    TrainState._make_step = timed
    all_reduce = dist.all_reduce

    def counted(tensor: torch.Tensor, *arguments: object) -> None:
        start = time.perf_counter()
        all_reduce(tensor, *arguments)
        spent["seconds"] += time.perf_counter() - start
        spent["bytes"] += tensor.numel() * tensor.element_size()

    dist.all_reduce = counted
    model(kind, batch_size, len(X)).fit(X)
    steps = len(ends) - WARM_UP

    return {
        "step": (ends[-1] - ends[WARM_UP - 1]) / steps,
        "exchange": spent["seconds"] / steps,
        "bytes": spent["bytes"] / steps,
    }


def exchange(n_bytes: int) -> float:
    r"""Returns the median seconds of an exchange of this size, without other work."""
    tensor, seconds = torch.zeros(n_bytes // 4), []

    for _ in range(20):
        dist.barrier()
        start = time.perf_counter()
        dist.all_reduce(tensor)
        seconds.append(time.perf_counter() - start)

    return sorted(seconds)[10]


def worker(kind: str, batch_size: str, out: str) -> None:
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    found = measure(kind, int(batch_size))

    if present().several:
        found["alone"] = exchange(int(found["bytes"]))

    if present().is_first:
        Path(out).write_text(json.dumps(found))


def run(kind: str, batch_size: int, processes: int, threads: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder, "out.json"))
        launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
        launcher = [*launcher, str(processes)] if processes > 1 else []
        command = [sys.executable, *launcher, __file__, kind, str(batch_size), out]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        subprocess.run(command, check=True, env=environment, capture_output=True)
        return json.loads(Path(out).read_text())


def main() -> None:
    rows, load = [], [os.getloadavg()[0]]

    for kind, B in BATCHES.items():
        found: dict[str, list[dict[str, float]]] = {}

        for _ in range(REPEATS):  # in turn, so that other work on the machine affects all alike
            settings = {"one": (B, 1, 2), "two": (B, 2, 1), "half": (B // 2, 1, 1)}

            for name, (size, processes, threads) in settings.items():
                found.setdefault(name, []).append(run(kind, size, processes, threads))

        best = {name: min(runs, key=lambda r: r["step"]) for name, runs in found.items()}
        one, two, half = (best[name]["step"] for name in ("one", "two", "half"))
        expected = half + best["two"]["alone"]
        rows.append(
            [
                f"{kind}, batch {B:,}",
                f"{1000 * one:.1f}",
                f"{1000 * two:.1f}",
                f"{one / two:.2f}",
                f"{best['two']['exchange'] / two:.0%}",
                f"{best['two']['bytes'] / 2**20:.2f}",
                f"{1000 * half:.1f}",
                f"{1000 * best['two']['alone']:.1f}",
                f"{1000 * expected:.1f}",
                f"{two / expected:.2f}",
            ]
        )

    load.append(os.getloadavg()[0])
    report.write(
        "distributed",
        "Two processes of one thread, beside one process of two threads, on two cores",
        [
            "model", "one process, ms a step", "two processes, ms a step", "throughput, relative",
            "share of exchanges", "MiB a step", "half of the batch, one thread, ms",
            "exchange alone, ms", "expected, ms", "measured / expected",
        ],
        rows,
        f"The shortest of {REPEATS} runs in turn; of each run the mean of the steps after the"
        f" first {WARM_UP}. The load of the machine (processes that want to run) was"
        f" {load[0]:.0f} before and {load[1]:.0f} after the measurement.",
    )  # fmt: skip


if __name__ == "__main__":
    worker(*sys.argv[1:]) if len(sys.argv) > 1 else main()
