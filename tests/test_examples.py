r"""Tests that the example scripts and the code of the documentation run."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_example(script: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(script.parent)  # as Python does with a script's folder
    runpy.run_path(str(script), run_name="__main__")
    printed = capsys.readouterr().out

    # It says something, and names what it has written
    assert printed
    assert all(path.name in printed for path in tmp_path.iterdir())
    assert all((tmp_path / name).exists() for name in re.findall(r"\S+\.png", printed))


@pytest.mark.slow
def test_chapter(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    chapter = (ROOT / "docs" / "manifold.md").read_text()
    chapter = chapter.replace("epochs=40", "epochs=4")  # which changes no picture but its texts
    exec("\n".join(re.findall(r"```python\n(.*?)```", chapter, flags=re.DOTALL)), {})

    # All pictures of the chapter, and no others
    shown = re.findall(r"\]\(images/([^)]*)\)", chapter)
    assert sorted(shown) == sorted(path.name for path in tmp_path.glob("*.png"))
