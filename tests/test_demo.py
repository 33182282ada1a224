r"""Tests of the demo: its page, its code and its progress reports."""

import html
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autoencode import demo
from autoencode.demo import page as demo_page
from autoencode.demo.remaining_time import Stages


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "new" / "folder"
    demo.main(folder, epochs=1)
    return folder


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def cells(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", page)
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows if "<td" in row]


@pytest.mark.slow
def test_page_links_to_all_its_files(folder: Path) -> None:
    page = (folder / "index.html").read_text()
    linked = re.findall(r'src="([^"]*)"', page)

    pictures = [name for name in linked if name.endswith(".png")]
    sounds = [name for name in linked if name.endswith(".wav")]

    assert len(pictures) == 11
    assert len(sounds) == 9
    explored = {"digits.ae", "digits.npz"}
    assert {*linked, "index.html", *explored} == {path.name for path in folder.iterdir()}
    assert all(pixels(folder / name).shape[1] > 450 for name in pictures)
    assert all((folder / name).read_bytes()[:4] == b"RIFF" for name in sounds)

    assert "$" not in re.sub(r"<li>[^<]*</li>", "", page)
    assert "http" not in page
    assert "@media (prefers-color-scheme: dark)" in page


@pytest.mark.slow
def test_code_on_the_page_reproduces_its_pictures_and_figures(
    folder: Path, tmp_path, monkeypatch
) -> None:
    page = (folder / "index.html").read_text()
    lines = re.findall(r"<pre><code>(.*?)</code></pre>", page, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)

    made: dict = {}
    exec(html.unescape("\n".join(lines)), made)

    for path in folder.glob("*.png"):
        assert np.array_equal(pixels(path), pixels(tmp_path / path.name)), path.name

    for path in folder.glob("*.wav"):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name

    shown = map(html.unescape, re.findall(r"<li>([^<]*)</li>", page))
    texts = [*made["made_up"][:6], *made["between"]]
    assert [*shown] == ["".join(c if c.isprintable() else "·" for c in text) for text in texts]
    assert not made["filled"].isna().any(axis=None)

    # The figures in the tables
    errors, figures = cells(page)[:5], cells(page)[5:8]

    for D, pca, linear, deep, *_ in errors:
        assert float(pca) == pytest.approx(made["errors"]["PCA"][int(D)], abs=6e-4)
        assert float(linear) == pytest.approx(float(pca), abs=2e-3)
        assert float(deep) == pytest.approx(made["errors"]["deep"][int(D)], abs=6e-4)

    bound, evidence, active = figures[1][1:]
    assert float(evidence) == pytest.approx(made["evidence"], abs=0.06)
    assert float(bound) == pytest.approx(made["bound"], abs=0.5)
    assert float(bound) < float(evidence)
    assert active == f"{made['active']} of 16"


def test_each_stage_reports_its_time_and_the_remaining_time(capsys: pytest.CaptureFixture) -> None:
    stages = Stages({"first": 2.0, "second": 2.0})
    stages.start -= 4.0  # twice as slow as expected

    with stages.stage("first"):
        pass

    assert stages.left() == pytest.approx(2.0 * 7 / 5, abs=0.1)
    assert re.match(r"\[ 1/2\] first +\d+\.\d s, about +3 s left\n", capsys.readouterr().out)


def test_unwritable_folder_is_refused_before_the_first_fit(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ValueError, match=r"cannot write .*index\.html.* is not a folder"):
        demo.main(tmp_path / "file")


@pytest.mark.by_hand
@pytest.mark.slow
def test_sections_without_their_package_are_left_out(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(demo_page.util, "find_spec", lambda name: None)
    monkeypatch.setattr(
        demo_page, "_SECTIONS", {k: v for k, v in demo_page._SECTIONS.items() if v.package}
    )
    monkeypatch.setattr(demo_page, "_fill_template", lambda name, figures: figures["sounds"])
    demo.main(tmp_path, epochs=1)

    assert "pip install 'autoencode[audio]'" in (tmp_path / "index.html").read_text()
