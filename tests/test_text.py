r"""Tests that text of the data stays literal in pictures, pages and spreadsheets."""

import io
import shlex
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

import autoencode as ae
from autoencode import plots
from autoencode.cli import main, outputs
from autoencode.plots.style import canvas

X = np.random.default_rng(0).normal(size=(30, 4))
EVIL = [r"$\frac{$", "$5 to $9", r"$\badcommand$", "<script>", "$x", "a_b^{c", r"\$"]


@pytest.mark.parametrize("label", EVIL)
def test_labels_are_not_formulas(tmp_path: Path, label: str) -> None:
    figure = plots.codes(X[:, :2], y=[label, "b"] * 15)
    figure.savefig(tmp_path / "codes.png")
    texts = {t.get_text(): t for t in figure.findobj(Text)}

    assert not texts[label].get_parse_math()
    assert texts["$z_1$"].get_parse_math()


def test_powers_of_ten_remain() -> None:
    figure = canvas(2)
    ax = figure.add_subplot()
    ax.plot([1, 1000], [1, 1e6])
    ax.set_yscale("log")
    ax.set_xticks([1, 1000], labels=["$5 and $6", "b"])
    figure.savefig(io.BytesIO())

    assert all(t.get_parse_math() for t in ax.get_yticklabels())
    assert not ax.get_xticklabels()[0].get_parse_math()


def test_names_are_not_spreadsheet_formulas(tmp_path: Path) -> None:
    files = ["=1+1", "+a", "-b", "@c", "d", "e=f"]
    outputs.write_rows(tmp_path / "z.csv", np.zeros((6, 1)), ["=z"], files)
    lines = (tmp_path / "z.csv").read_text().splitlines()

    assert [line.split(",")[0] for line in lines[1:]] == ["'=1+1", "'+a", "'-b", "'@c", "d", "e=f"]
    assert lines[0] == "example,'=z"


def test_examples_stay_what_they_are_and_are_warned_of(tmp_path, monkeypatch, capsys) -> None:
    pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    rows = [f"{i % 7},{['=cmd()', 'b'][i % 2]}" for i in range(30)]
    Path("t.csv").write_text("\n".join(["n,k", *rows]) + "\n")
    training = ae.Training(epochs=1, show_progress=False)
    ae.vae(2, layers=(8,), training=training).fit("t.csv").save("m.ae")

    assert main(shlex.split("impute m.ae t.csv --out full.csv")) == 0
    assert "15 cells of 'full.csv' look like spreadsheet formulas" in capsys.readouterr().err
    assert "=cmd()" in Path("full.csv").read_text()
    assert main(shlex.split("score m.ae full.csv")) == 0
