r"""Cost and gain of compiling a training step, from which `_WORTH_COMPILING` was chosen.

Each model is trained as it is written and compiled, in processes of their own, in turn, with an
empty cache of torch's compiler the first time.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import report
import torch

import autoencode as ae

STEPS, EPOCHS, REPEATS = 100, 5, 2
N = 128 * STEPS


def numbers() -> Any:
    return np.random.default_rng(0).standard_normal((N, 20)).astype(np.float32)


def mixed() -> Any:
    rng = np.random.default_rng(0)
    levels = {f"k{i}": rng.choice([*"abcdefgh"], N) for i in range(8)}
    return pd.DataFrame({f"x{i}": x for i, x in enumerate(numbers().T[:8])} | levels)


def images() -> Any:
    return np.random.default_rng(0).integers(0, 256, (N, 28, 28), dtype=np.uint8)


JOBS: dict[str, tuple[Callable[[], Any], Callable[..., ae.Autoencoder]]] = {
    "20 numbers, `ae.autoencoder(4)`": (numbers, lambda **k: ae.autoencoder(4, **k)),
    "20 numbers, `ae.vae(4)`": (numbers, lambda **k: ae.vae(4, **k)),
    "16 mixed columns, `ae.vae(8)`": (mixed, lambda **k: ae.vae(8, **k)),
    "images, `ae.vae(16, layers=(512,))`": (images, lambda **k: ae.vae(16, layers=(512,), **k)),
    "images, `ae.vae(16)`": (images, lambda **k: ae.vae(16, **k)),
}


def main() -> None:
    rows = []

    for name in JOBS:
        found: dict[str, list[list[float]]] = {"eager": [], "compiled": []}

        with tempfile.TemporaryDirectory() as cache:
            for _ in range(REPEATS):
                for how, seconds in found.items():
                    command = [sys.executable, __file__, name, how]
                    where = os.environ | {"TORCHINDUCTOR_CACHE_DIR": cache}
                    out = subprocess.run(command, env=where, capture_output=True, check=True)
                    seconds.append(json.loads(out.stdout))

        step = {k: statistics.median(s for _, *v in runs for s in v) for k, runs in found.items()}
        first, *again = (epochs[0] - step["compiled"] for epochs in found["compiled"])
        saved = step["eager"] - step["compiled"]
        rows.append(
            [
                name,
                f"{1e3 * step['eager'] / STEPS:.2f}",
                f"{1e3 * step['compiled'] / STEPS:.2f}",
                f"{first:.0f}",
                f"{statistics.median(again):.0f}",
                f"{round(first / saved * STEPS, -2):,.0f}" if saved > 0 else "never",
            ]
        )
        print(rows[-1], flush=True)

    report.write(
        "compile",
        "Compiled steps of 128 examples",
        ["model", "ms a step", "compiled", "compiling, s", "again, s", "worth it after"],
        rows,
        f"Medians over epochs of {STEPS} steps and {REPEATS} processes of each kind, in turn. The"
        " first compiles from nothing, the others find its work on disk. Worth it after so many"
        " steps: by then they save what the first compilation takes.",
    )


def measure(name: str, how: str) -> None:
    data, make = JOBS[name]
    training = ae.Training(epochs=EPOCHS, compile=how == "compiled", show_progress=False)
    model = make(training=training, random_state=0).fit(data())
    ends = [0.0, *(record.seconds for record in model.history_)]
    print(json.dumps([after - before for before, after in pairwise(ends)]))


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    measure(*sys.argv[1:]) if len(sys.argv) > 1 else main()
