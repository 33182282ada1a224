r"""Tests that the code of pages of the documentation runs, block by block, in an empty folder."""

import re
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import autoencode as ae

pandas = pytest.importorskip("pandas")
soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")

ROOT = Path(__file__).parents[1]
PAGES = ["choosing", "exporting", "guide", "index", "modalities", "objectives", "posteriors"]
RNG = np.random.default_rng(0)


def sections(page: str) -> dict[str, list[str]]:
    r"""The blocks of Python below each heading of a page."""
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    parts = {f"{page}: {part.partition(chr(10))[0]}": part for part in text.split("\n## ")}
    found = {k: re.findall(r"```python\n(.*?)```", part, re.DOTALL) for k, part in parts.items()}

    return {heading: code for heading, code in found.items() if code}


SECTIONS = {heading: code for page in PAGES for heading, code in sections(page).items()}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    r"""A folder with the files that the pages name; trainings of one epoch."""
    monkeypatch.chdir(tmp_path)
    resolve = ae.Training.resolve

    def resolve_few(self, *arguments) -> ae.Training:
        resolved = resolve(self, *arguments)
        resolved.epochs = 1
        return resolved

    monkeypatch.setattr(ae.Training, "resolve", resolve_few)
    display = types.SimpleNamespace(Audio=lambda data, rate: None)
    monkeypatch.setitem(
        sys.modules, "IPython", types.SimpleNamespace(display=display, version_info=(9, 0))
    )
    shapes = {"photographs": (12, 20), "small": (6, 10)}

    for folder in ("photos", "clean", "noisy", "photographs", "small", "masks"):
        Path(folder).mkdir()

        for name in ("a", "b", *"cdefghij"):
            rows, columns = shapes.get(folder, (12, 20) if folder == "masks" else (8, 8))
            pixels = RNG.integers(0, 255, (rows, columns), np.uint8)
            pixels = np.uint8(255) * (pixels > 230) if folder == "masks" else pixels
            Image.fromarray(pixels).save(f"{folder}/{name}.png")

    for name in ("a.png", "b.png"):
        Image.fromarray(RNG.integers(0, 255, (8, 8), np.uint8)).save(name)

    labelled = "".join(f"{name}.png,{name < 'e'}\n" for name in "abcdefghij")
    Path("labels.csv").write_text(f"file,label\n{labelled}")

    for folder in ("recordings/snare", "recordings/kick", "interviews", "telephone"):
        seconds = 2.5 if folder == "interviews" else 0.5
        Path(folder).mkdir(parents=True)

        for i in range(3):
            sound = 0.3 * np.sin(np.arange(int(16000 * seconds)) * (0.1 + 0.05 * i))
            soundfile.write(f"{folder}/{i}.wav", sound, 16000)

    lines = "".join(f"{word} upon a time {i}\n" for i in range(15) for word in ("Once", "Twice"))
    Path("lines.txt").write_text(lines)
    rows = "".join(f"{i};{i},25;{'ab'[i % 2]}\n" for i in range(30))
    Path("export.csv").write_text(f"id;size;class\n{rows}")
    Path("table.csv").write_text("gloss\n" + lines)


def names() -> dict[str, dict[str, Any]]:
    r"""The names that blocks use without defining them, by a part of the first such block."""
    t = np.arange(600)
    table = pandas.DataFrame({"size": RNG.normal(size=60), "class": ["a", "b", "c"] * 20})
    series = pandas.DataFrame(
        {
            "when": [*pandas.date_range("2024", periods=600, freq="10min")] * 3,
            "machine": np.repeat(["a", "b", "c"], 600),
            "heat": np.concatenate([np.sin(t / 9 + i) for i in range(3)]),
        }
    )
    steps, driven = np.tile(t, 3), series.assign(valve=np.tile(t % 2, 3))
    waves = [0.3 * np.sin(np.arange(n) * 0.2) for n in (40_000, 50_000, 60_000)]
    pictures = [RNG.integers(0, 255, (rows, 20), np.uint8) for rows in (12, 16, 20)]
    past = [np.stack([np.sin(t / 9 + i), np.cos(t / 9)], axis=1)[:100] for i in range(3)]
    texts = [f"once upon a time {i}" for i in range(20)]
    return {
        "Mixture, StandardNormal": {"X": RNG.normal(size=(60, 20))},
        "small = model.denoise": dict(zip(("x1", "x2", "x3"), pictures)),
        "FullyConvolutional(": {"crops": RNG.integers(0, 255, (40, 8, 8), np.uint8)},
        "model.cell_surprisal": {"df": table.mask(RNG.random((60, 2)) < 0.1)},
        'fit("recordings/")': {
            **dict(zip(("x1", "x2", "x3"), waves)),
            "labels": ["snare", "kick", "kick"],
            "X": RNG.normal(size=(3, 4000)) / 9,
        },
        "played_back": {"X": waves, "X_played_back": waves},
        'machine="': {"df": series, "new_df": series},
        'identity="machine"': {"df": series, "new_df": series},
        "FutureMasking": {"history": past, "recent": past[:1], "others": past[1:]},
        "covariates=plan": {
            "history": driven[steps < 100],
            "recent": driven[(steps >= 500) & (steps < 588)],
            "plan": driven[steps >= 588].drop(columns="heat"),
        },
        "TemporalConvolutional(stride": {"history": past},
        "Once upon": {"texts": texts, "mistyped": ["onec upon"]},
    }


@pytest.mark.slow
@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("heading", SECTIONS)
def test_code_of_pages_runs(heading: str) -> None:
    own, shared = names(), {"ae": ae}

    for code in SECTIONS[heading]:
        for part, values in own.items():
            shared |= values if part in code else {}

        exec(code.replace('"Once upon a time", ...', '*texts, "Once upon a time"'), shared)


@pytest.mark.parametrize("page", PAGES)
def test_pages_import_the_library_before_they_use_it(page: str) -> None:
    code = [code for blocks in sections(page).values() for code in blocks]
    first = next((c for c in code if re.search(r"\bae\.", c)), "import autoencode as ae")

    assert "import autoencode as ae" in first
