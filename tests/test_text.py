r"""Tests that text of the data stays text in pictures, pages, tables and terminals."""

import csv
import io
import json
import logging
import shlex
import warnings
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import autoencode as ae
from autoencode import cli, plots
from autoencode.cli import main, outputs
from autoencode.cli.terminal import SanitizedStream
from autoencode.common.visible_text import visible
from autoencode.data import write_frame
from autoencode.diagnosis.subject import Subject
from autoencode.manifold.reporting import html
from autoencode.modalities import Texts
from autoencode.pages.drawing import draw
from autoencode.plots import tables
from autoencode.plots.style import _numeric_texts, canvas, numbered

X = np.random.default_rng(0).normal(size=(30, 4))
HOSTILE = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\n=1", "\uff1d1",
    "\x1b]0;owned\x07\x1b[31m", "\x9b31m", "\r\x08", "\u202eevil\u202c", "\u2066x\u2069", "\u2028",
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onload='x", "</table></dl>",
    "${findings}", "$figures", "%s {0} {x}", "&lt;", "<!--", "<svg onload=alert(1)>",
    r"$\frac{$", "$5 to $9", r"$\badcommand$", "$x_1$", r"$\mathdefault{1}$", "a_b^{c",
    r"\input{x}", "_hidden", "_nolegend_", "x" * 5000, "[x](javascript:alert(1))", "| a |",
]  # fmt: skip


def texts_of(figure: Figure) -> list[str]:
    r"""Returns the texts of a figure as they are drawn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(io.BytesIO())

    found = [t for t in figure.findobj(Text) if t.get_text()]
    numbers = {t for ax in figure.axes for t in _numeric_texts(ax)}

    assert not any(t.get_parse_math() or t.get_usetex() for t in found if t not in numbers)
    assert all(t.get_text().isprintable() and len(t.get_text()) < 100 for t in found)

    return [t.get_text() for t in found]


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("part", range(0, len(HOSTILE), 9))
def test_labels_are_literal_in_pictures(width: int, part: int) -> None:
    labels = HOSTILE[part : part + 9]
    figure = plots.codes(X[:, :width], y=(labels * 30)[:30])
    shown = texts_of(figure)
    entries = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]

    assert len(entries) == len(labels)
    assert {visible(label, 30) for label in labels} == {*entries} <= {*shown}
    assert numbered("z", 1) in shown


def test_names_of_columns_are_literal_in_pictures() -> None:
    figure = canvas(9)
    [figure.text(0, i / len(HOSTILE), text) for i, text in enumerate(HOSTILE)]
    assert {visible(text, 80) for text in HOSTILE} == {*texts_of(figure)}

    shown = HOSTILE[4:16]
    bars = draw("bars", dict.fromkeys(shown, 1.0), "$x", "$y", {"$m": 0.5})
    assert {visible(text, 80) for text in shown} <= {*texts_of(bars)}

    names = ["_n", r"$\frac{$"]
    assert {*names} <= {*texts_of(tables.pairs(X[:, :2], names))}


class Tags(HTMLParser):
    r"""The tags of a page, with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, [name for name, _ in attrs]))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(folder: Path, texts: list[str]) -> Tags:
    r"""Returns the page of a report in which texts of the data stand everywhere."""
    rows = {f"{i} {text}": text for i, text in enumerate(texts)}
    found: Any = SimpleNamespace(findings=lambda: rows, to_dict=lambda: rows)
    pictures = [("", text, [["example", "reconstruction"], [text, text]]) for text in texts]
    html.write(folder, found, iter(pictures))

    assert json.loads((folder / "report.json").read_text()) == rows
    return Tags((folder / "index.html").read_text())


def test_texts_are_literal_on_pages(tmp_path: Path) -> None:
    plain = page_of(tmp_path, [f"plain {i}" for i in range(len(HOSTILE))])
    hostile = page_of(tmp_path, HOSTILE)

    assert hostile.tags == plain.tags
    assert all(visible(text, 300) in hostile.text for text in HOSTILE)
    assert all(letter.isprintable() or letter == "\n" for letter in hostile.text)


def test_arguments_are_literal_in_notebooks() -> None:
    for text in HOSTILE:
        shown = ae.Autoencoder(modality=Texts(column=text))._repr_html_()
        assert text not in shown or text.isalnum() or "<" not in text


def test_cells_of_results_are_no_formulas(tmp_path: Path) -> None:
    outputs.write_rows(tmp_path / "z.csv", np.zeros((len(HOSTILE), 1)), ["=z"], HOSTILE)

    with (tmp_path / "z.csv").open(newline="", encoding="utf-8") as file:
        rows = [*csv.reader(file)]

    assert [row[0].removeprefix("'") for row in rows[1:]] == [t.removeprefix("'") for t in HOSTILE]
    assert not any(outputs.is_formula(cell) for row in rows for cell in row)


def test_cells_of_frames_are_no_formulas(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"=k": HOSTILE, "n": -np.ones(len(HOSTILE)), "c": HOSTILE})
    outputs.write_table(tmp_path / "t.csv", frame.astype({"c": "category"}))

    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        rows = [*csv.reader(file)]

    assert [row[0].removeprefix("'") for row in rows[1:]] == [t.removeprefix("'") for t in HOSTILE]
    assert not any(outputs.is_formula(c) for row in rows for c in row if c != "-1.0")


def test_columns_of_one_name_are_all_written(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    outputs.write_rows(tmp_path / "z.parquet", np.eye(3), ["example", "a", "a"], [*"uvw"])
    names = parquet.read_table(tmp_path / "z.parquet").column_names
    assert names == ["example", "example_2", "a", "a_2"]


def test_names_of_columns_stay_in_their_line(capsys) -> None:
    names = ["a\nWrote b.csv", "\x1b[31m\u202e"]
    subject = Subject(*[None] * 7, names=names)  # type: ignore[arg-type]
    assert [subject.column(j) for j in range(3)] == [*map(repr, names), "column 2"]

    record = logging.makeLogRecord({"msg": "column %s", "args": (names[0],)})
    assert cli._OneLine().format(record) == "column a\\nWrote b.csv"


def lines_of(capsys) -> str:
    r"""Returns what a command has printed, which holds no character that a terminal acts on."""
    output = "".join(capsys.readouterr())
    assert all(letter.isprintable() or letter in "\n\t" for letter in output), output
    return output


@pytest.mark.slow
def test_nothing_acts_on_the_terminal(tmp_path: Path, monkeypatch, capsys) -> None:
    pandas = pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    n = len(HOSTILE)
    cells = [text.strip() or "x" for text in HOSTILE * 2]
    columns = {"\x1b[31mn\n\u202e": np.arange(2.0 * n), "\x1b[31mk\n\u202e": cells}
    pandas.DataFrame(columns).to_parquet("t.parquet")
    flags = "--layers 4 --epochs 1 --recipe vae --prior StandardNormal --latent-dim 2"

    assert main(shlex.split(f"fit t.parquet --out m.ae {flags}")) == 0
    assert main(shlex.split("score m.ae t.parquet --cells")) == 0
    assert "\\n\\u202e =" in lines_of(capsys)  # whichever column has the highest surprisal
    assert main(["sample", "m.ae", "--out", "s.csv", "--conditions", "\x1b[32m=1"]) == 2
    pandas.DataFrame({"n": [1.0], "\x1b[33m": ["a"]}).to_parquet("u.parquet")
    assert main(shlex.split("transform m.ae u.parquet --out z.csv")) == 2

    for text in ("\x1b]0;owned\x07\u202e\x9b", "\udcff"):
        assert main(["info", text]) == 2
        assert main(["score", "m.ae", f"{text}.csv"]) == 2
        assert main(["transform", "m.ae", "t.parquet", "--out", f"{text}.npy"]) == 0
        assert main(["transform", "m.ae", "t.parquet", f"--{text}"]) == 2
        assert main([text]) == 2
        lines_of(capsys)


def test_letters_that_a_terminal_lacks_are_spelled() -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print("naïve 字", file=SanitizedStream(terminal))
    terminal.flush()

    assert terminal.buffer.getvalue() == b"na\\xefve \\u5b57\n"


def test_powers_of_ten_remain() -> None:
    figure = canvas(2)
    ax = figure.add_subplot()
    ax.plot([1, 1000], [1, 1e6])
    ax.set_yscale("log")
    ax.set_xticks([1, 1000], labels=["$5 and $6", "b"])
    figure.savefig(io.BytesIO())

    assert all(t.get_parse_math() for t in ax.get_yticklabels())
    assert not ax.get_xticklabels()[0].get_parse_math()


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


@pytest.mark.parametrize("kind", ["rows", "frame"])
def test_line_breaks_of_cells_survive_files(tmp_path: Path, kind: str) -> None:
    pandas = pytest.importorskip("pandas")
    cells = ["a\rb", "a\nb", "a\r\nb", "\r", 'a"b', "a,b", "\x0b\x0c\x85\u2028"]

    if kind == "rows":
        outputs.write_rows(tmp_path / "t.csv", np.array(cells, object), ["k"], examples=True)
    else:
        write_frame(tmp_path / "t.csv", pandas.DataFrame({"k": cells}), ".csv")

    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        assert [*csv.reader(file)] == [["k"], *([cell] for cell in cells)]

    assert pandas.read_csv(tmp_path / "t.csv")["k"].tolist() == cells
