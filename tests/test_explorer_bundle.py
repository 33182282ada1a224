r"""Tests of the files of the explorer's page: made from the sources, and without other sources."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import autoencode

FRONTEND = Path(__file__).parents[1] / "frontend"
STATIC = Path(autoencode.__file__).parent / "explorer" / "static"
FILES = ("explorer.js", "explorer.css")


def npm(*command: str) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed")

    if not (FRONTEND / "node_modules" / "esbuild").exists():
        pytest.skip("frontend/node_modules is missing: run `make explorer`")

    found = subprocess.run(
        ["node", *command], cwd=FRONTEND, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_bundle_is_made_from_the_sources(tmp_path: Path) -> None:
    npm("build.mjs", str(tmp_path))

    for name in FILES:
        made, kept = (tmp_path / name).read_bytes(), (STATIC / name).read_bytes()
        assert made == kept, f"{name} is older than frontend/src: run `make explorer`"


def test_the_types_of_the_sources_are_right() -> None:
    npm("node_modules/typescript/bin/tsc", "--noEmit")


def test_the_page_has_no_script_and_no_style_of_its_own_in_it() -> None:
    page = (STATIC / "index.html").read_text()

    assert re.findall(r"<script[^>]*>", page) == [
        '<script type="module" src="static/explorer.js">'
    ]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)


def test_the_page_names_no_other_machine() -> None:
    for path in STATIC.iterdir():
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[\w./-]*", path.read_text()))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path.name


def test_the_script_makes_no_code_and_no_markup_from_text() -> None:
    script = (STATIC / "explorer.js").read_text()

    for way in (
        "eval(",
        "new Function",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
    ):
        assert way not in script


def test_every_module_is_small() -> None:
    for path in (FRONTEND / "src").rglob("*.ts"):
        assert len(path.read_text().splitlines()) <= 300, path
