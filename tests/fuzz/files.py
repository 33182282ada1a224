r"""Mutants of data files and checkpoints: each is read, or refused with the name of the file.

    cd tests && python -m fuzz.files FOLDER --mutants 1000 --seed 1

Each mutant is read as new data, and by a model that was trained on the whole file. The exit status
is 1 if one ends in anything but examples or a refusal that names it; such mutants stay in the
folder.
"""

import argparse
import gzip
import logging
import random
import signal
import struct
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import memory
import numpy as np
import pyarrow as pa
import soundfile
from PIL import Image
from pyarrow import feather, parquet

import autoencode as ae
from autoencode.cli import inputs
from autoencode.common import container
from autoencode.priors import StandardNormal

from .mutations import change_bytes, mutate
from .outcomes import MEMORY, SECONDS

_HEAD = 128  # bytes, in which most of what can be read wrong stands
_CELLS = [
    "", " ", '"', '""', "'", "\0", "\r", "\n", "\t", ",", ";", "1e999", "-", "?", "NaN", "inf",
    "0x1F", "1,5", "1.234,5", "9" * 5000, "-9" + "9" * 30, "=1+1", "2024-13-45", "25:61", "14:35",
    "\u202e", "\ufeff", "é", "12e4", "007", "true", "€ 5", "5 %", "x" * 200_000, "1_000", "\\",
    '"a""b"', "#", "sep=;", "2024-01-01T00:00:00Z", "01/02/2024", "\x1b[31m", "\ud7ff",
]  # fmt: skip
_COLUMNS: list[Callable[[int], Any]] = [
    lambda n: pa.array([[1, 2]] * n),
    lambda n: pa.array([{"a": 1}] * n),
    lambda n: pa.array([None] * n),
    lambda n: pa.array([None] * n, pa.float64()),
    lambda n: pa.array([b"\xff\0"] * n),
    lambda n: pa.array([b"ab"] * n, pa.binary(2)),
    lambda n: pa.array([10**30] * n, pa.decimal256(60, 2)),
    lambda n: pa.array([2**64 - 1] * n, pa.uint64()),
    lambda n: pa.array([float("inf")] * n),
    lambda n: pa.array([-(2**62)] * n, pa.timestamp("us", "Asia/Tokyo")),
    lambda n: pa.array([2**31 - 1] * n, pa.date32()),
    lambda n: pa.array([86399] * n, pa.time32("s")),
    lambda n: pa.array([2**62] * n, pa.duration("ns")),
    lambda n: pa.array(["a\0\ud7ff"] * n).dictionary_encode(),
    lambda n: pa.array([1.5] * n, pa.float16()),
    lambda n: pa.array([True, None] * n)[:n],
    lambda n: pa.array(["x" * 10**5] * n, pa.large_string()),
    lambda n: pa.array([[("k", 1)]] * n, pa.map_(pa.string(), pa.int8())),
]
_NUMBERS = [0, 1, 2, 3, 7, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1]


class Format(NamedTuple):
    r"""A file of a format, and the ways in which it is read."""

    file: Path
    source: Path
    r"""What is given to read it: the file, or its folder."""

    reads: list[Callable[[], Any]]


def write_formats(folder: Path) -> list[Path]:
    r"""Writes a small file of each format, each in a folder of its own."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 3))
    P = rng.integers(256, size=(12, 4, 5), dtype=np.uint8)
    header = b"\0\0\x08\x03" + struct.pack(">3i", *P.shape)
    rows = [f"{a},{b},{'uv'[i % 2]},0{i % 6}:35" for i, (a, b, _) in enumerate(X)]
    table = pa.table({"a": X[:, 0], "k": [*"xyz"] * 4, "n": [*range(11), None]})
    found = []

    def place(name: str) -> Path:
        found.append(folder / name.replace(".", "-") / name)
        found[-1].parent.mkdir(parents=True, exist_ok=True)
        return found[-1]

    np.save(place("x.npy"), X)
    np.savez(place("x.npz"), X=P, y=np.arange(12))
    place("x-ubyte").write_bytes(header + P.tobytes())
    place("x-ubyte.gz").write_bytes(gzip.compress(header + P.tobytes()))
    place("x.csv").write_text("\n".join(["a,b,c,t", *rows]))
    place("q.csv").write_text(
        "\ufeffn;w\r\n" + "".join(f'{i},5;"a ""{i % 3}"""\r\n' for i in range(9))
    )
    place("n.csv").write_text("\n".join(["a,b", *(f"{a},{b}" for a, b, _ in X)]))
    place("n.csv.gz").write_bytes(gzip.compress(found[-2].read_bytes()))
    place("x.txt").write_text("one\ntwo\nthree\n")
    place("x.jsonl").write_text(
        "\n".join(f'{{"a": {a}, "k": "u{i % 2}"}}' for i, (a, *_) in enumerate(X))
    )
    place("x.jsonl.gz").write_bytes(gzip.compress(found[-2].read_bytes()))
    place("x.txt.gz").write_bytes(gzip.compress(b"one\ntwo\nthree\n"))
    parquet.write_table(table, place("x.parquet"))
    feather.write_feather(table, place("x.feather"))

    for kind, n in {"png": 3, "jpg": 3, "bmp": 1, "gif": 1, "tif": 1, "webp": 3}.items():
        for i in range(3):
            Image.fromarray(P[i] if n == 1 else P[i : i + 3].transpose(1, 2, 0).copy()).save(
                found[-1].parent / f"{i}.{kind}" if i else place(f"x.{kind}")
            )

    Image.fromarray(P[0].astype(np.uint16) * 90).save(place("deep.png"))

    for kind in ("wav", "flac", "ogg", "aiff"):
        for i in range(3):
            soundfile.write(
                found[-1].parent / f"{i}.{kind}" if i else place(f"x.{kind}"),
                rng.normal(size=(800, 2)) / 9,
                8000,
            )

    return found


def formats(folder: Path) -> list[Format]:
    r"""Writes a file of each format, and trains a model on each."""
    found = []

    for file in write_formats(folder):
        several = len([*file.parent.iterdir()]) > 1 or file.suffix in {".png"}
        source = file.parent if several else file
        texts = ae.modalities.Texts() if ".txt" in file.name else None
        training = ae.Training(epochs=1, show_progress=False)
        model = ae.vae(
            1, modality=texts, prior=StandardNormal(), random_state=0, training=training
        )
        model.fit(source)
        found.append(
            Format(
                file,
                source,
                [
                    lambda source=source, texts=texts: (
                        inputs.read(source, kinds=texts)
                        if source.is_file()
                        else ae.inputs.read(source, texts, fitting=True)
                    ),
                    lambda source=source, model=model: model.transform(source),
                ],
            )
        )

    return found


def mutant_of(file: Path, whole: bytes, draw: random.Random) -> bytes:
    r"""Returns the bytes of a mutant: of text, of a table, of numbers in a header, or of bytes."""
    how = draw.random()

    if file.suffix in {".csv", ".txt", ".jsonl"} and how < 0.7:
        return _change_text(whole.decode("utf-8-sig"), draw)

    if file.suffix in {".parquet", ".feather"} and how < 0.4:
        return _change_table(file, draw)

    if how < 0.7:
        i, n = draw.randrange(min(len(whole), _HEAD)), draw.choice([1, 2, 4, 8])
        number = draw.choice(_NUMBERS) % 2 ** (8 * n)
        return whole[:i] + number.to_bytes(n, draw.choice(["little", "big"])) + whole[i + n :]

    part = draw.choice([len(whole), min(len(whole), _HEAD)])
    return change_bytes(whole[:part], draw) + whole[part:]


def _change_text(text: str, draw: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)

    for _ in range(draw.choice([1, 1, 2, 5])):
        i, how = draw.randrange(len(lines)), draw.randrange(7)
        cells = lines[i].rstrip("\r\n").split(",")

        if how < 3:
            cells[draw.randrange(len(cells))] = draw.choice(_CELLS)
            lines[i] = ",".join(cells) + "\n"
        elif how == 3:
            lines[i] = draw.choice(["", "\n", "\r\n", lines[i] * 2, lines[i][:-3], ",\n"])
        elif how == 4:
            lines[i] = lines[i].replace(",", draw.choice([";", "\t", "|", " ", ",,", ""]))
        elif how == 5:
            lines.insert(i, draw.choice(_CELLS) + draw.choice(["\n", "\r", ""]))
        else:
            draw.shuffle(lines)

    new = "".join(lines)
    new = new.replace("\n", "\r\n") if draw.random() < 0.1 else new

    return new.encode(draw.choice(["utf-8"] * 6 + ["utf-16", "utf-8-sig", "utf-16-le"]))


def _change_table(file: Path, draw: random.Random) -> bytes:
    n = draw.choice([0, 1, 12])
    names = draw.sample(["a", "k", "n", "", "a\nb", "index", "\x1b[1m", "é" * 300], 4)
    table = pa.table([draw.choice(_COLUMNS)(n) for _ in names], names=names)
    out = pa.BufferOutputStream()

    if file.suffix == ".parquet":
        parquet.write_table(table, out)
    else:
        feather.write_feather(table, out)

    return out.getvalue().to_pybytes()


def _checkpoint(folder: Path) -> tuple[Format, Callable[[random.Random], None]]:
    r"""Returns the reading of a checkpoint, and what makes a mutant of it."""
    X = np.random.default_rng(0).normal(size=(40, 4))

    def fit(epochs: int, resume: bool) -> Any:
        training = ae.Training(epochs, batch_size=20, checkpoint_dir=folder, show_progress=False)
        return ae.vae(2, layers=(4,), training=training, random_state=0).fit(X, resume=resume)

    fit(3, resume=False)
    last = folder / "last.checkpoint"
    whole, (document, tensors) = last.read_bytes(), container.read(last)

    def change(draw: random.Random) -> None:
        (folder / "previous.checkpoint").unlink(missing_ok=True)
        mutate(last, whole, document, tensors, draw)

    return Format(last, last, [lambda: fit(3, resume=True)]), change


def end_of(form: Format) -> str:
    r"""Reads a mutant in all ways; returns how it ends."""
    ends = []

    for read in form.reads:
        try:
            read()
            ends.append("read")
        except (ValueError, FloatingPointError) as error:
            named = any(name in str(error) for name in (form.file.name, str(form.source)))
            named |= isinstance(error, FloatingPointError)
            ends.append("refused" if named or ends else f"RAW no name: {error}")
        except Exception as error:
            ends.append(f"RAW {type(error).__name__}: {error}")

    return next((end for end in ends if end.startswith("RAW")), ", then ".join(ends))


def run(folder: Path, mutants: int, seed: int = 0, only: Iterable[str] = ()) -> Counter:
    r"""Makes mutants, and counts their ends by format; prints each end that is wrong."""
    draw, counts = random.Random(seed), Counter[str]()
    most = {"seconds": 0.0, "MB": 0.0}

    def late(*_: object) -> None:
        raise TimeoutError("too long")

    before = signal.signal(signal.SIGPROF, late)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checkpoint, change = _checkpoint(folder / "checkpoint")
        known = [*formats(folder), checkpoint]
        known = [form for form in known if not only or form.file.name in only]
        whole = {form.file: form.file.read_bytes() for form in known}

        for form in known:
            assert end_of(form) in {"read", "read, then read"}, (form.file, end_of(form))

        for k in range(mutants):
            form = draw.choice(known)

            if form is checkpoint:
                change(draw)
            else:
                form.file.write_bytes(mutant_of(form.file, whole[form.file], draw))

            held, begun = memory.forget(), time.process_time()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)

            try:
                end = end_of(form)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)

            more, seconds = memory.peak() - held, time.process_time() - begun
            most = {"seconds": max(most["seconds"], seconds), "MB": max(most["MB"], more / 1e6)}

            if more > MEMORY:
                end = f"RAW {more / 1e6:.0f} MB"

            counts[end.split(":")[0]] += 1

            if end.startswith("RAW"):
                counts["RAW"] += 1
                kept = folder / f"bad-{seed}-{k}-{form.file.name}"
                kept.write_bytes(form.file.read_bytes())
                print(f"{kept.name}: {' '.join(end.split())[:300]}", flush=True)

            form.file.write_bytes(whole[form.file])

    signal.signal(signal.SIGPROF, before)
    print("the most of one mutant:", *(f"{v:.1f} {k}" for k, v in most.items()))

    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="fuzz.files", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    logging.getLogger("autoencode").setLevel(logging.CRITICAL)
    found = run(given.folder, given.mutants, given.seed, given.only)
    print(*(f"{n:6} {what}" for what, n in found.most_common()), sep="\n")
    sys.exit(any(what.startswith("RAW") for what in found))
