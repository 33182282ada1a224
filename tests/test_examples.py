r"""Tests that the example scripts and the code of the documentation run."""

import re
import runpy
from pathlib import Path

import pytest

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
