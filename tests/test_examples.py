r"""Tests that the example scripts and the code of the documentation run."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

import autoencode as ae

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
EPOCHS = 4
SCRIPTS_OF_ALL_EPOCHS = {"interpolate"}  # which compares classes of angles, all of which are there


@pytest.fixture
def few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    r"""Ends each training early: what a model has learned changes no line that runs."""
    resolve = ae.Training.resolve

    def resolve_few(self, *arguments) -> ae.Training:
        resolved = resolve(self, *arguments)
        resolved.epochs = min(resolved.epochs, EPOCHS)
        return resolved

    monkeypatch.setattr(ae.Training, "resolve", resolve_few)


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_example(script: Path, tmp_path: Path, monkeypatch, capsys, request) -> None:
    if script.stem not in SCRIPTS_OF_ALL_EPOCHS:
        request.getfixturevalue("few_epochs")

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(script.parent)  # as Python does with a script's folder
    runpy.run_path(str(script), run_name="__main__")
    printed = capsys.readouterr().out

    # It says something, and names what it has written
    assert printed
    assert all(path.name in printed for path in tmp_path.iterdir())
    assert all((tmp_path / name).exists() for name in re.findall(r"\S+\.png", printed))


@pytest.mark.slow
@pytest.mark.usefixtures("few_epochs")
def test_chapter(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    chapter = (ROOT / "docs" / "manifold.md").read_text()
    exec("\n".join(re.findall(r"```python\n(.*?)```", chapter, flags=re.DOTALL)), {})

    # All pictures of the chapter, and no others
    shown = re.findall(r"\]\(images/([^)]*)\)", chapter)
    assert sorted(shown) == sorted(path.name for path in tmp_path.glob("*.png"))


@pytest.mark.slow
def test_readme_runs(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    names: dict = {}
    exec(code.replace("random_state=0", "training=ae.Training(epochs=2), random_state=0"), names)

    assert names["Z"].shape == (1797, 8)
    assert names["R"].shape == (1797, 8, 8)
    assert names["S"].shape == (64, 8, 8)
    assert np.isfinite(names["log_p"]).all()
    assert ae.load("digits.ae").transform(names["data"].X[:2]).shape == (2, 8)


@pytest.mark.slow
def test_quickstart_runs(tmp_path: Path, monkeypatch) -> None:
    r"""All of it, on small folders and files with the names that the page uses."""
    monkeypatch.chdir(tmp_path)
    X = ae.datasets.digits().X[:40]

    for folder in ("photos", "clean", "noisy"):
        Path(folder).mkdir()

        for i, pixels in enumerate(X):
            Image.fromarray(pixels).save(f"{folder}/{i}.png")

    Path("recordings").mkdir()

    for i, sound in enumerate(ae.datasets.drums(12).X):
        soundfile.write(f"recordings/{i}.wav", sound, 8000)

    Path("lines.txt").write_text("\n".join(ae.datasets.number_words().X[:60]))
    rows = np.random.default_rng(0).normal(size=(60, 3))
    np.savetxt("table.csv", rows, delimiter=",", header="a,b,c", comments="")
    labels = "\n".join(f"{i}.png,{i % 2}" for i in range(len(X)))
    Path("labels.csv").write_text(f"file,label\n{labels}\n")

    page = (ROOT / "docs" / "quickstart.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL))
    quick = "training=ae.Training(epochs=2), layers=(8,), "
    page_of_texts = 'ae.vae().fit("lines.txt")'
    assert page_of_texts in code
    code = code.replace(page_of_texts, 'ae.vae(training=ae.Training(epochs=2)).fit("lines.txt")')
    code = re.sub(r"(ae\.(?:vae|denoising)\()(?!training)", rf"\1{quick}", code)
    exec(code, {"ae": ae})

    assert {"digits.ae", "encoder.ae", "samples.png", "codes.png", "history.png"} <= {
        path.name for path in tmp_path.iterdir()
    }
