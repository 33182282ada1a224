r"""Training on a file ten times larger than the memory allowed, against training in memory.

Each run is a process of its own: a VAE of rows of 784 numbers in float32, the file 6.3 GB. One is
confined to a tenth of that by a control group, where the system lets us make one, with the file's
pages dropped before, so that the disk is really read; the next only reads, which is what the
disk allows; in another all pages are held by the system, which shows the cost of reading alone.
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

import autoencode as ae
from autoencode.data import Batches, Examples, on_disk

N, D = 2_000_000, 784
REPEATS = 2
IN_MEMORY = 300_000
TRAINING_SECONDS = 15
GROUPS = Path("/sys/fs/cgroup/memory")


def make(path: Path) -> None:
    X = np.lib.format.open_memmap(path, "w+", np.float32, (N, D))
    rng = np.random.default_rng(0)
    W = rng.normal(size=(16, D)).astype(np.float32)

    for i in range(0, N, 20_000):
        noise = rng.standard_normal((20_000, D), dtype=np.float32)
        X[i : i + 20_000] = rng.standard_normal((20_000, 16), dtype=np.float32) @ W + noise

    X.flush()


def child(path: str, what: str) -> None:
    r"""Trains or reads, and prints examples per second and the peak resident memory."""
    X = np.load(path, mmap_mode="r")

    if what == "read":
        rate = read(X)
    else:
        rate = train(np.array(X[:IN_MEMORY]) if what == "memory" else X)

    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0])
    print(json.dumps({"rate": rate, "peak": peak / 2**20}))


def read(X: np.ndarray) -> float:
    batches = Batches(Examples(on_disk(torch.zeros(1, D), X)), 128)
    start, n = time.perf_counter(), 0

    for batch in batches.iterate(torch.randperm(N)):
        n += len(batch)

        if time.perf_counter() - start > TRAINING_SECONDS / 2:
            break

    return n / (time.perf_counter() - start)


def train(X: np.ndarray) -> float:
    training = ae.Training(
        epochs=1000, batch_size=128, time_budget=TRAINING_SECONDS, show_progress=False
    )
    counted = Counted()
    ae.vae(16, layers=(512,), corruption=counted, training=training, random_state=0).fit(X)
    return counted.n / (counted.last - counted.first)


class Counted:
    r"""Identity that counts examples."""

    def __init__(self) -> None:
        self.n, self.first, self.last = -128, 0.0, 0.0

    def __call__(self, x):
        self.last = time.perf_counter()
        self.first = self.first or self.last
        self.n += len(x)
        return x


def run(path: Path, what: str, limit: int | None = None) -> dict[str, float]:
    group = GROUPS / f"autoencode-{os.getpid()}"
    command = [sys.executable, __file__, str(path), what]

    if limit:
        drop(path)
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(limit))
        command = ["sh", "-c", f'echo $$ > {group}/tasks; exec "$@"', "sh", *command]

    try:
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return json.loads(out.splitlines()[-1])
    finally:
        if limit:
            group.rmdir()


def drop(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=os.environ.get("AUTOENCODE_CACHE")) as folder:
        path = Path(folder) / "X.npy"
        make(path)
        size = path.stat().st_size
        tenth = size // 10 if os.access(GROUPS, os.W_OK) else None
        runs = {
            "in memory, the first 300,000 rows": ("memory", None),
            "from the file": ("file", None),
            "from the file, memory limited to a tenth of it": ("file", tenth),
            "reading alone, memory limited, no training": ("read", tenth),
        }
        rounds = [{name: run(path, *how) for name, how in runs.items()} for _ in range(REPEATS)]

    # The best run, as other processes can only slow it down
    results = {
        name: {
            "rate": max(r[name]["rate"] for r in rounds),
            "peak": max(r[name]["peak"] for r in rounds),
        }
        for name in runs
    }
    base = next(iter(results.values()))["rate"]
    rows = [
        [name, f"{r['rate']:,.0f}", f"{r['rate'] / base:.2f}", f"{r['peak']:.2f}"]
        for name, r in results.items()
    ]
    report.write(
        "larger_than_memory",
        f"A VAE on {N:,} rows of {D} numbers, {size / 1e9:.1f} GB",
        ["examples", "per second", "of those in memory", "most resident, GiB"],
        rows,
        f"`vae(16, layers=(512,))`, batches of 128 in random order, the best of {REPEATS}"
        f" interleaved runs of {TRAINING_SECONDS} seconds of training after the passes that learn"
        " the scale, and the most memory of these. The limit is that of a control group, in which"
        " the pages of the file count too; they are dropped before, and are read from the disk.",
    )


if __name__ == "__main__":
    child(*sys.argv[1:]) if len(sys.argv) > 1 else main()
