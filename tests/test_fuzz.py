r"""Tests of files that nobody would write: a mutant of a file ends in predictions or a refusal."""

import contextlib
import gzip
import importlib
import os
import random
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fuzz
import memory
import numpy as np
import pytest
from PIL import Image

import autoencode as ae
from autoencode.cli import inputs
from autoencode.common import container
from autoencode.common.type_checks import learned_hints
from autoencode.data import read_images, read_sounds

MUTANTS = int(os.environ.get("MUTANTS", 30))  # of checkpoints, and of each format of data


@pytest.mark.slow
def test_mutants_of_models(tmp_path: Path) -> None:
    # In a process of its own, whose memory and time are those of the mutants alone
    command = [sys.executable, "-m", "fuzz", str(tmp_path), "--mutants", "300"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        env=os.environ | {"OMP_NUM_THREADS": "1", "AUTOENCODE_CACHE": str(tmp_path / "cache")},
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    kinds = {"tables", "given", "linear", "texts", "sounds", "series", "frames"} & {*fuzz.KINDS}
    found = fuzz.make(tmp_path_factory.mktemp("models"), kinds)
    return {name: container.read(seed.file)[0] for name, seed in found.items()}


def test_classes_declare_what_they_learn(stored: dict[str, dict]) -> None:
    seen = set()

    for document in stored.values():
        for path in fuzz.places(document):
            if path[-1] == "learned" and (learned := fuzz.at(document, path)):
                name = fuzz.at(document, path[:-1])["class"]
                module, _, cls = name.rpartition(".")
                hints = learned_hints(getattr(importlib.import_module(module), cls))
                assert learned.keys() <= hints.keys(), name
                seen.add(cls)

    assert seen >= {"Tables", "MixedTables", "Images", "Sounds", "Texts", "Labels"}
    assert seen >= {"ContinuousContext"}
    assert seen >= {"NormalScores", "NumberColumn", "LevelColumn", "DateColumn", "Gaps"}


@memory.linux
def test_mutants_of_checkpoints(tmp_path: Path) -> None:
    folder, draw = tmp_path / "run", random.Random(0)
    X = np.random.default_rng(0).normal(size=(40, 4))

    def fit(epochs: int, resume: bool) -> Any:
        training = ae.Training(epochs, batch_size=20, checkpoint_dir=folder, show_progress=False)
        return ae.vae(2, layers=(4,), training=training, random_state=0).fit(X, resume=resume)

    last = folder / "last.checkpoint"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(3, resume=False)
        whole, (document, tensors) = last.read_bytes(), container.read(last)
        counts, unnamed = {"resumed": 0, "refused": 0}, []

        for _ in range(MUTANTS):
            (folder / "previous.checkpoint").unlink(missing_ok=True)
            fuzz.mutate(last, whole, document, tensors, draw)
            before = memory.forget()

            try:
                fit(3, resume=True)
                counts["resumed"] += 1
            except FloatingPointError:  # of weights that are no use
                counts["refused"] += 1
            except ValueError as error:
                unnamed += [str(error)] * ("last.checkpoint" not in str(error))
                counts["refused"] += 1

            assert memory.peak() - before < fuzz.MEMORY

    print(counts)
    assert unnamed == []
    assert min(counts.values()) > 0


# Data


def _formats(folder: Path) -> dict[str, Callable[[Path], Any]]:
    r"""Writes a small file of each format, and returns what reads it."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 3))
    P = rng.integers(256, size=(12, 4, 5), dtype=np.uint8)
    np.save(folder / "x.npy", X)
    np.savez(folder / "x.npz", X=P, y=np.arange(12))
    header = b"\0\0\x08\x03" + struct.pack(">3i", *P.shape)
    (folder / "x-ubyte").write_bytes(header + P.tobytes())
    (folder / "x-ubyte.gz").write_bytes(gzip.compress(header + P.tobytes()))
    rows = [f"{a},{b},{'uv'[i % 2]}" for i, (a, b, _) in enumerate(X)]
    (folder / "x.csv").write_text("\n".join(["a,b,c", *rows]))
    (folder / "n.csv").write_text("\n".join(["a,b", *(f"{a},{b}" for a, b, _ in X)]))
    (folder / "x.txt").write_text("one\ntwo\nthree\n")
    found: dict[str, Callable[[Path], Any]] = {
        name: inputs.read for name in ("x.npy", "x.npz", "x-ubyte", "x-ubyte.gz", "x.csv", "n.csv")
    }
    found["x.txt"] = lambda path: inputs.read(path, kinds=ae.modalities.Texts())

    if find_spec("pyarrow") and find_spec("pandas"):
        pandas = __import__("pandas")
        pandas.DataFrame({"a": X[:, 0], "k": list("xyz") * 4}).to_parquet(folder / "x.parquet")
        found["x.parquet"] = inputs.read

    for name in ("png", "jpg", "bmp", "gif", "tif", "webp"):
        Image.fromarray(P[0]).save(folder / f"x.{name}")
        found[f"x.{name}"] = lambda path: read_images(path.parent)

    if find_spec("soundfile"):
        soundfile = __import__("soundfile")

        for name in ("wav", "flac", "ogg"):
            soundfile.write(folder / f"x.{name}", rng.normal(size=800) / 9, 8000)
            found[f"x.{name}"] = lambda path: read_sounds(path.parent, rate=8000)

    return found


def test_mutants_of_data(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "mutant").mkdir()
    draw = random.Random(0)

    for name, read in _formats(tmp_path / "whole").items():
        whole = (tmp_path / "whole" / name).read_bytes()
        mutant = tmp_path / "mutant" / name

        for _ in range(MUTANTS):
            # Headers come first, so that is where most of what can be read wrong stands
            part = draw.choice([len(whole), min(len(whole), 128)])
            head, tail = whole[:part], whole[part:]
            mutant.write_bytes(fuzz.change_bytes(head, draw) + tail)

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")

                with contextlib.suppress(ValueError):
                    read(mutant)

        mutant.unlink()


@pytest.mark.parametrize("name", ["q.csv", "h.csv"])
def test_cells_that_are_too_long_are_said(tmp_path: Path, name: str) -> None:
    long = "x\n" * 100_000
    text = {"q.csv": f'a,b\n1,2\n"{long}', "h.csv": f'"{long}",b\n1,u\n2,v\n'}[name]
    (tmp_path / name).write_text(text)

    with pytest.raises(ValueError, match=name):
        ae.autoencoder(1).fit(tmp_path / name)
