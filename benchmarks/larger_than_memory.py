r"""Training on a file ten times larger than the memory allowed, against training in memory.

Each run is a process of its own: a VAE of rows of 784 numbers in float32, the file 6.3 GB. One is
confined to a tenth of that by a control group, where the system lets us make one; one is given
freely what the file's pages take; one has as many rows in memory as fit. The file's pages are
dropped before each, so that the disk is really read.
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

import autoencode as ae

N, D = 2_000_000, 784
BUDGET = 30  # seconds of training
GROUPS = Path("/sys/fs/cgroup/memory")


def make(path: Path) -> None:
    X = np.lib.format.open_memmap(path, "w+", np.float32, (N, D))
    rng = np.random.default_rng(0)
    W = rng.normal(size=(16, D)).astype(np.float32)

    for i in range(0, N, 20_000):
        noise = rng.standard_normal((20_000, D), dtype=np.float32)
        X[i : i + 20_000] = rng.standard_normal((20_000, 16), dtype=np.float32) @ W + noise

    X.flush()


def child(path: str, rows: int) -> None:
    r"""Trains, and prints examples per second and the most memory that was resident."""
    X = np.load(path, mmap_mode="r")
    X = np.array(X[:rows]) if rows else X
    training = ae.Training(epochs=1000, batch_size=128, time_budget=BUDGET, progress=False)
    counted = Counted()
    ae.vae(16, layers=(512,), corruption=counted, training=training, random_state=0).fit(X)
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0])
    seconds = counted.last - counted.first
    print(json.dumps({"rate": counted.n / seconds, "peak": peak / 2**20}))


class Counted:
    r"""Counts what passes, and changes nothing."""

    def __init__(self) -> None:
        self.n, self.first, self.last = -128, 0.0, 0.0

    def __call__(self, x):
        self.last = time.perf_counter()
        self.first = self.first or self.last
        self.n += len(x)
        return x


def run(path: Path, rows: int, limit: int | None) -> dict[str, float]:
    drop(path)
    group = GROUPS / f"autoencode-{os.getpid()}"
    command = [sys.executable, __file__, str(path), str(rows)]

    if limit:
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
        confined = os.access(GROUPS, os.W_OK)
        runs = {
            "in memory, the first 300,000 rows": (300_000, None),
            "from the file": (0, None),
            **(
                {"from the file, memory limited to a tenth of it": (0, size // 10)}
                if confined
                else {}
            ),
        }
        results = {name: run(path, *arguments) for name, arguments in runs.items()}

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
        f"`vae(16, layers=(512,))`, batches of 128 in random order, {BUDGET} seconds of training"
        " after the passes that learn the scale. The file's pages are dropped before each run;"
        " the limit is that of a control group, whose page cache counts.",
    )


if __name__ == "__main__":
    child(sys.argv[1], int(sys.argv[2])) if len(sys.argv) > 1 else main()
