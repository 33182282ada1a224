r"""Tests of files that nobody would write: a mutant of a file ends in predictions or a refusal."""

import gzip
import importlib
import os
import subprocess
import sys
from pathlib import Path

import fuzz
import memory
import numpy as np
import pytest

import autoencode as ae
from autoencode.common import container
from autoencode.common.checks.types import learned_hints
from autoencode.data import holds_frame

MUTANTS = int(os.environ.get("MUTANTS", 60))  # of checkpoints and data files


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


@pytest.mark.slow
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
@pytest.mark.slow
def test_mutants_of_files(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("soundfile")
    counts = importlib.import_module("fuzz.files").run(tmp_path, MUTANTS)

    assert not [end for end in counts if end.startswith("RAW")]
    assert counts["read, then read"] > 0
    assert counts["refused, then refused"] > 0


@pytest.mark.parametrize("name", ["x.csv.gz", "x.jsonl.gz", "x.txt.gz"])
def test_damaged_archives_are_named(tmp_path: Path, name: str) -> None:
    rows = {"x.csv.gz": "a,b\n1,2\n3,4\n", "x.jsonl.gz": '{"a": 1}\n', "x.txt.gz": "one\ntwo\n"}
    whole = bytearray(gzip.compress(rows[name].encode()))
    whole[10] = 255  # the kind of the first block
    (tmp_path / name).write_bytes(whole)

    with pytest.raises(ValueError, match=f"{name}.*damaged"):
        ae.autoencoder(1).fit(tmp_path / name)


@pytest.mark.parametrize("name", ["x-ubyte.gz", "x.npz", "x.jsonl.gz", "x.txt.gz"])
def test_files_that_expand_too_far_are_refused(tmp_path: Path, monkeypatch, name: str) -> None:
    monkeypatch.setattr("autoencode.data.listing.packed._ALWAYS_BYTES", 2**10)
    file, zeros = tmp_path / name, np.zeros(2**20, np.uint8)

    if name == "x.npz":
        np.savez_compressed(file, X=zeros)
    else:
        head = b"\0\0\x08\x01\x7f\xff\xff\xff" if "ubyte" in name else b"a\n"
        file.write_bytes(gzip.compress(head + zeros.tobytes()))

    kind = ae.modalities.Texts() if "txt" in name else None

    with pytest.raises(ValueError, match=rf"{name}.*expands to more than 100 times its size"):
        ae.autoencoder(1, modality=kind).fit(file)


def test_names_and_dates_that_python_lacks(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "x.jsonl").write_bytes(b'{"\xeb": 1, "b": 2}\n')
    years = pa.array([-(2**62)] * 8, pa.timestamp("us", "Asia/Tokyo"))
    parquet.write_table(pa.table({"a": years, "k": [*"ab"] * 4}), tmp_path / "x.parquet")

    with pytest.raises(ValueError, match=r"x\.jsonl"):
        ae.autoencoder(1).fit(tmp_path / "x.jsonl")

    assert holds_frame(tmp_path / "x.parquet")


@pytest.mark.parametrize("name", ["q.csv", "h.csv"])
def test_cells_that_are_too_long_are_reported(tmp_path: Path, name: str) -> None:
    long = "x\n" * 100_000
    text = {"q.csv": f'a,b\n1,2\n"{long}', "h.csv": f'"{long}",b\n1,u\n2,v\n'}[name]
    (tmp_path / name).write_text(text)

    with pytest.raises(ValueError, match=name):
        ae.autoencoder(1).fit(tmp_path / name)
