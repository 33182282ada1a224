r"""Memory of the explorer's server with a million codes, and seconds until and after it answers.

Each server is a process of its own, on one thread, asked over its socket as a page asks it. Its
memory is compared with that of a process that has only imported the library. The million rows
come from a file of numbers that is mapped into memory, as `autoencode explore` maps it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROWS, COLUMNS, CODES = 1_000_000, 32, 16
IMAGES = 10_000
DECODED = 200
REPEATS = 3


def resident() -> float:
    r"""Returns the memory of this process in MB."""
    return memory(os.getpid(), "VmRSS")


def memory(process: int, name: str) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0]) / 1024


def child(what: str, folder: str) -> None:
    r"""Imports the library, and serves examples until the parent ends it."""
    import torch

    import autoencode as ae

    assert ae.Autoencoder
    torch.set_num_threads(1)
    print(json.dumps({"imported": resident()}), flush=True)

    if what == "none":
        return

    start = time.perf_counter()
    X = np.load(f"{folder}/{what}.npy", mmap_mode="r")
    explorer = ae.explore(ae.load(f"{folder}/{what}.ae"), X)
    seconds = time.perf_counter() - start
    print(json.dumps({"url": explorer.url, "seconds": seconds}), flush=True)
    explorer.wait()


class Served:
    r"""A server in another process, with a client."""

    def __init__(self, what: str, folder: Path) -> None:
        import httpx

        words = [sys.executable, __file__, what, str(folder)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment)
        self.imported = json.loads(self.process.stdout.readline())["imported"]
        started = time.perf_counter()
        self.opened = json.loads(self.process.stdout.readline())
        address, _, token = self.opened["url"].partition("?token=")
        self.http = httpx.Client(
            base_url=address, headers={"X-Token": token}, trust_env=False, timeout=600
        )
        self.get("/")
        self.session = self.get("/api/session").json()
        self.get("/api/points")
        self.usable = time.perf_counter() - started

    def get(self, path: str):
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer

    def post(self, path: str, **values):
        answer = self.http.post(path, json=values)
        assert answer.status_code == 200, answer.text
        return answer

    def decode(self, n: int, place: bool) -> list[float]:
        r"""Returns the milliseconds of the answers to one pointer after the other."""
        rng = np.random.default_rng(0)
        waits = []

        for _ in range(n):
            z = rng.normal(size=2 if place else self.session["latent_dim"]).tolist()
            start = time.perf_counter()
            self.post("/api/decode", **({"place": z} if place else {"z": z}))
            waits.append(1000 * (time.perf_counter() - start))

        return waits

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def make(folder: Path) -> None:
    r"""Writes the examples and the models."""
    import autoencode as ae

    rng = np.random.default_rng(0)
    W = rng.normal(size=(CODES, COLUMNS)).astype(np.float32)
    X = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.float32, (ROWS, COLUMNS))

    for i in range(0, ROWS, 50_000):
        z = rng.standard_normal((50_000, CODES), dtype=np.float32)
        X[i : i + 50_000] = z @ W

    X.flush()
    ae.linear(CODES).fit(np.array(X[:5000])).save(folder / "rows.ae")

    side = np.arange(28)
    centers = rng.uniform(6, 22, (IMAGES, 2, 1, 1))
    squares = (side[:, None] - centers[:, 0]) ** 2 + (side - centers[:, 1]) ** 2
    images = (255 * np.exp(-squares / rng.uniform(8, 40, (IMAGES, 1, 1)))).astype(np.uint8)
    np.save(folder / "images.npy", images)
    training = ae.Training(epochs=1, show_progress=False)
    ae.vae(CODES, training=training, random_state=0).fit(images[:2000]).save(folder / "images.ae")


def main() -> None:
    import report

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        empty = subprocess.run(
            [sys.executable, __file__, "none", name], capture_output=True, text=True, check=True
        )
        imported = json.loads(empty.stdout)["imported"]
        large = Served("rows", folder)
        large.decode(20, place=True)
        large.post("/api/selection", selection=[*range(0, ROWS, 1000)])
        most, now = (memory(large.process.pid, n) - imported for n in ("VmHWM", "VmRSS"))
        of_rows = large.decode(20, place=True)
        large.stop()
        runs = []

        for _ in range(REPEATS):
            small = Served("images", folder)
            small.decode(5, place=True)
            runs.append((small.usable, small.decode(DECODED, False), small.decode(DECODED, True)))
            small.stop()

    usable, *waits = zip(*runs)
    milliseconds = [sorted(w for run in found for w in run) for found in waits]

    def quantiles(found: list[float]) -> str:
        return f"{found[len(found) // 2]:.1f}; {found[int(0.95 * len(found))]:.1f}"

    report.write(
        "explorer",
        "The server of the explorer",
        ["measurement", "value"],
        [
            [f"memory beyond the import with {ROWS:,} codes of {CODES} numbers, MB", f"{now:.0f}"],
            [
                "the most of it, while points, places and a selection were answered, MB",
                f"{most:.0f}",
            ],
            [
                f"seconds from the import to a usable page, {IMAGES:,} images of 28 x 28",
                f"{statistics.median(usable):.2f} ({min(usable):.2f} to {max(usable):.2f})",
            ],
            [
                "milliseconds to decode a code to an image: median; 95 %",
                quantiles(milliseconds[0]),
            ],
            ["the same for a place on the map", quantiles(milliseconds[1])],
            [
                f"the same on the map of {ROWS:,} rows",
                quantiles(sorted(of_rows)),
            ],
        ],
        f"The usable page has the session and all points; the browser is not part of it. Medians"
        f" of {REPEATS} processes with their range; {DECODED} requests of each, one after the"
        f" other. The machine's load of the last minute was {os.getloadavg()[0]:.1f}.",
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(*sys.argv[1:])
    else:
        main()
