r"""Work in parts against a loop by hand, with one process and with two.

The loop reads the same Parquet files, encodes with the same network and writes the same columns,
without manifest, ids of files, checks and durable renames. Each way is a process of its own, and
the ways take turns. Rows per second are those of the whole work after the model is loaded; seconds
of processor time do not depend on other programs of the machine.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import report

FILES, ROWS, D, CODE = 8, 50_000, 100, 30
REPEATS = 3


def make(folder: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    import autoencode as ae

    rng = np.random.default_rng(0)
    (folder / "rows").mkdir()

    for i in range(FILES):
        X = rng.standard_normal((ROWS, D), dtype=np.float32)
        lists = pa.FixedSizeListArray.from_arrays(pa.array(X.reshape(-1)), D)
        table = pa.table({"id": np.arange(ROWS) + i * ROWS, "x": lists})
        parquet.write_table(table, folder / "rows" / f"{i}.parquet", row_group_size=25_000)

    training = ae.Training(epochs=1, show_progress=False)
    model = ae.autoencoder(CODE, layers=(512, 256), training=training, random_state=0)
    model.fit(X[:2000]).save(folder / "m.ae")


def by_hand(folder: Path, out: Path) -> None:
    r"""Encodes all files with torch and pyarrow alone, once the model is loaded."""
    import pyarrow as pa
    import torch
    from pyarrow import parquet

    import autoencode as ae

    loaded = ae.load(folder / "m.ae")
    network, kind = loaded.model_.eval(), loaded.modality_
    out.mkdir()
    start = time.perf_counter(), time.process_time()

    for path in sorted((folder / "rows").glob("*.parquet")):
        with parquet.ParquetFile(path) as file:
            writer = None

            for batch in file.iter_batches(25_000, columns=["x", "id"]):
                X = batch.column("x").flatten().to_numpy().reshape(len(batch), -1)

                with torch.no_grad():
                    parts = torch.from_numpy(X.copy()).split(1024)
                    Z = torch.cat([network.encode(kind.normalize(x)).mean for x in parts]).numpy()

                codes = pa.FixedSizeListArray.from_arrays(pa.array(Z.reshape(-1)), Z.shape[1])
                table = pa.table({"id": batch.column("id"), "code": codes})
                name = out / path.name
                writer = writer or parquet.ParquetWriter(name, table.schema, compression="zstd")
                writer.write_table(table)

            writer.close()

    say(start)


def in_parts(folder: Path, out: Path, workers: int) -> None:
    from autoencode import scale

    start = time.perf_counter(), time.process_time()
    rows = folder / "rows"
    done = scale.transform(folder / "m.ae", rows, out, workers=workers, id_column="id")
    assert done.is_complete
    say(start, done.seconds)


def say(start: tuple[float, float], seconds: float | None = None) -> None:
    wall, cpu = time.perf_counter() - start[0], time.process_time() - start[1]
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 2**10
    print(json.dumps({"seconds": seconds or wall, "cpu": cpu, "peak": peak}))


def child(folder: str, what: str) -> None:
    out = Path(tempfile.mkdtemp(dir=folder), "z")

    if what == "hand":
        by_hand(Path(folder), out)
    else:
        in_parts(Path(folder), out, int(what))

    size = sum(path.stat().st_size for path in out.iterdir())
    shutil.rmtree(out.parent)
    print(json.dumps({"bytes": size}))


def measure(folder: Path, what: str) -> dict[str, float]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    lines = subprocess.run(
        [sys.executable, __file__, str(folder), what],
        check=True, capture_output=True, text=True, env=environment,
    ).stdout.splitlines()  # fmt: skip

    return {name: value for line in lines for name, value in json.loads(line).items()}


def main() -> None:
    folder = Path(tempfile.mkdtemp())

    try:
        make(folder)
        ways = {"loop by hand": "hand", "1 process": "1", "2 processes": "2"}
        found = {way: [] for way in ways}

        for _ in range(REPEATS):
            for way, what in ways.items():
                found[way].append(measure(folder, what))
    finally:
        shutil.rmtree(folder)

    rows, n = [], FILES * ROWS
    hand = found["loop by hand"]

    for way, runs in found.items():
        rates = [other["seconds"] / run["seconds"] for run, other in zip(runs, hand)]
        costs = [other["cpu"] / run["cpu"] for run, other in zip(runs, hand)]
        own = way != "2 processes"
        rows.append([
            way,
            f"{n / median(run['seconds'] for run in runs):,.0f}",
            f"{median(rates):.2f} ({min(rates):.2f} to {max(rates):.2f})",
            f"{median(costs):.2f} ({min(costs):.2f} to {max(costs):.2f})" if own else "",
            f"{median(run['peak'] for run in runs):,.0f}" if own else "",
            f"{median(run['bytes'] for run in runs) / n:.0f}",
        ])  # fmt: skip

    report.write(
        "scale",
        f"Work in parts: {n:,} rows of {D} numbers to codes of {CODE}",
        [
            "way",
            "rows a second",
            "times the loop",
            "rows for the same processor time",
            "peak memory, MiB",
            "bytes a row of output",
        ],
        rows,
        f"Medians of {REPEATS} runs in turn, with the range of the ratios to the loop of the same"
        f" turn. The model is {D}-512-256-{CODE}; each process has one thread. The input is"
        f" {FILES} Parquet files of lists, of {4 * D} bytes a row. Peak memory includes torch.",
    )


if __name__ == "__main__":
    child(*sys.argv[1:]) if len(sys.argv) > 1 else main()
