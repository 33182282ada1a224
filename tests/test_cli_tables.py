r"""Tests for every command that reads data: table formats, names, and what cannot be read."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import autoencode as ae
from autoencode.cli import main
from autoencode.cli.commands import COMMANDS
from autoencode.cli.signatures import command_signature

QUICK = "--layers 8 --latent-dim 2 --epochs 1 --random-state 0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    r"""One table in two spellings, and a model of the first."""
    folder = tmp_path_factory.mktemp("tables")
    X = np.random.default_rng(0).normal(size=(40, 2)).round(2)
    german = [f"{a};{b};{'xy'[i % 2]}" for i, (a, b) in enumerate(X)]
    (folder / "german.csv").write_text("\n".join(["a;b;c", *german]).replace(".", ",") + "\n")
    english = [line.replace(";", "|") for line in german]
    (folder / "english.csv").write_text("\n".join(["a|b|c", *english]) + "\n")
    np.save(folder / "x.npy", X)

    fit = f"{folder / 'german.csv'} --recipe vae --decimal , --out {folder / 'm.ae'} {QUICK}"
    assert main(["fit", *shlex.split(fit)]) == 0

    return folder


@pytest.fixture
def run(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)

    def run(line: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return main(shlex.split(line)), *capsys.readouterr()

    return run


def test_flags_replace_settings_of_the_fit(run) -> None:
    assert run("score m.ae german.csv --out german.npy")[0] == 0
    status, out, err = run("score m.ae english.csv --decimal . --separator | --out english.npy")

    assert status == 0, err
    assert np.array_equal(np.load("english.npy"), np.load("german.npy"))
    assert "--separator '|' --decimal ." in out.splitlines()[-1]

    # The model keeps the format of its fit
    assert ae.load("m.ae").modality_.format_["decimal"] == ","


READERS = [
    name
    for name in COMMANDS
    if {"model", "data"} <= {a.name for a in command_signature(name).arguments}
]

SHOWN = {"explore"}  # commands that write no file
_MORE = {"interpolate": "0 1", "forecast": "--steps 3", "inpaint": "--mask x.npy"}


@pytest.mark.parametrize("command", READERS)
def test_invalid_and_useless_flags_are_refused_by_each_command(run, command) -> None:
    more = _MORE.get(command, "")
    out = {"manifold": "o", "plot": "o", "neighbors": "o.npz", "transform": "o.npy"}
    out |= {"interpolate": "o.png", "evaluate": "o.json", "diagnose": "o.json"}
    out |= {"compress": "o.aez"}
    written = "" if command in SHOWN else f"--out {out.get(command, 'o.csv')}"
    line = f"{command} m.ae {{}} {more} {written}"

    status, _, err = run(line.format("german.csv") + " --decimal ;")
    assert status == 2
    assert "expected decimal as '.' or ','" in err

    status, _, err = run(line.format("german.csv") + " --decimall ,")
    assert (status, "did you mean '--decimal'?" in err) == (2, True)

    status, _, err = run(line.format("x.npy") + " --decimal ,")
    assert status == 2
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


def test_flags_have_no_effect_on_arrays(run) -> None:
    status, _, err = run(f"fit x.npy --decimal , --header no --out n.ae {QUICK}")
    assert status == 2
    assert "--header and --decimal have no effect on 'x.npy', as it is not a table in text." in err


def test_names_in_the_data_do_not_reach_the_terminal(run) -> None:
    Path("evil\x1b[31m.csv").write_text("a;b;c\n1,5;2,5;x\n0,5;1,5;\x1b[2J\x07\n")
    status, out, err = run("score m.ae 'evil\x1b[31m.csv' --cells")

    assert status == 0, err
    assert not {"\x1b", "\x07"} & {*out, *err}


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("fault", ["no data", "empty folder", "no model", "damaged model"])
def test_each_command_names_what_it_cannot_read(run, command, fault) -> None:
    Path("empty").mkdir(exist_ok=True)
    Path("damaged.ae").write_bytes(Path("m.ae").read_bytes()[:-40])
    model = {"no model": "none.ae", "damaged model": "damaged.ae"}.get(fault, "m.ae")
    data = {"no data": "none.csv", "empty folder": "empty"}.get(fault, "german.csv")
    out = {"manifold": "p", "plot": "p", "neighbors": "p.npz", "interpolate": "p.png"}
    out |= {"evaluate": "p.json", "diagnose": "p.json", "compress": "p.aez"}
    more = _MORE.get(command, "")
    written = "" if command in SHOWN else f"--out {out.get(command, 'p.csv')}"

    status, _, err = run(f"{command} {model} {data} {more} {written}")

    assert status == 2
    assert err.splitlines()[-1].startswith("autoencode: error: ")
    assert (data if model == "m.ae" else model) in err
    assert "Traceback" not in err


def test_labels_and_damaged_versions_of_folders_are_joined_by_name(run) -> None:
    rng = np.random.default_rng(0)

    for i in range(12):
        for folder in ("clean", "damaged"):
            Path(folder).mkdir(exist_ok=True)
            image = rng.integers(256, size=(8, 8), dtype=np.uint8)
            Image.fromarray(image).save(f"{folder}/{i}.png")

    Path("damaged/3.png").unlink()
    names = [*range(12)][::-1]
    Path("kinds.csv").write_text(
        "file,kind\n" + "".join(f"{i}.png,{'ab'[i % 2]}\n" for i in names)
    )

    status, _, err = run(f"fit clean --corrupted damaged --out pairs.ae {QUICK}")
    assert status == 0, err
    assert "3.png" in err

    line = "--labels kinds.csv --conditional --recipe vae"
    status, _, err = run(f"fit clean {line} --out given.ae {QUICK}")
    assert status == 0, err
    assert run("transform given.ae clean --labels kinds.csv --out z.npy")[0] == 0
    y = {f"{i}.png": "ab"[i % 2] for i in names}
    assert np.allclose(np.load("z.npy"), ae.load("given.ae").transform("clean", y), atol=1e-6)


@pytest.fixture(scope="module")
def labeled(folder: Path) -> Path:
    r"""A table with labels in a column and beside it, and a conditional model of it."""
    rng = np.random.default_rng(0)
    X, words = (
        rng.normal(size=(40, 2)).round(2),
        np.array(["cat", "dog"])[rng.integers(2, size=40)],
    )
    rows = [f"{a},{b},{'xy'[i % 2]}" for i, (a, b) in enumerate(X)]
    (folder / "bare.csv").write_text("\n".join(["a,b,c", *rows, ""]))
    both = [f"{row},{word}" for row, word in zip(rows, words)]
    (folder / "both.csv").write_text("\n".join(["a,b,c,pet", *both, ""]))
    (folder / "pets.csv").write_text("\n".join(["pet", *words, ""]))
    beside = [f"{word},{i % 3}" for i, word in enumerate(words)]
    (folder / "many.csv").write_text("\n".join(["pet,cage", *beside, ""]))

    fit = f"{folder / 'both.csv'} --recipe vae --conditional --label-column pet"
    assert main(["fit", *shlex.split(f"{fit} --out {folder / 'pet.ae'} {QUICK}")]) == 0

    return folder


def test_labels_stand_in_the_table_or_beside_it(run, labeled) -> None:
    assert run("transform pet.ae both.csv --label-column pet --out z.npy")[0] == 0
    expected = np.load("z.npy")

    for flags in ("--labels pets.csv", "--labels many.csv --label-column pet"):
        status, _, err = run(f"transform pet.ae bare.csv {flags} --out z.npy")
        assert status == 0, err
        assert np.array_equal(np.load("z.npy"), expected)

    np.save("pets.npy", np.arange(40) % 2)

    for flags, message in (
        ("--labels many.csv", "--labels many.csv --label-column COLUMN"),
        ("", "needs labels: give --labels FILE, --label-column COLUMN"),
        ("--labels pets.npy --label-column pet", "columns have no names"),
        ("--labels pets.csv --y cat", "got --y and --labels"),
    ):
        status, _, err = run(f"transform pet.ae bare.csv {flags} --out z.npy")
        assert (status, message in err) == (2, True), err


def test_anomalies_are_compared_to_examples_with_their_label(run, labeled) -> None:
    read = ae.data.read_table
    status, out, err = run("anomalies pet.ae both.csv --label-column pet --out all.csv")
    assert status == 0, err
    assert "each to those with its label" in out
    scores = read("all.csv")
    assert scores["label"].tolist() == read("both.csv")["pet"].tolist()

    for word in ("cat", "dog"):
        (labeled / "some.csv").write_text(
            "".join(
                line + "\n"
                for line in (labeled / "both.csv").read_text().splitlines()
                if line.endswith((word, "pet"))
            )
        )
        assert run("anomalies pet.ae some.csv --label-column pet --out one.csv --force")[0] == 0
        of_word = scores[scores["label"] == word]
        for name in ("score", "on", "off"):
            assert np.allclose(read("one.csv")[name], of_word[name], atol=1e-4)

    (labeled / "alone.csv").write_text("a,b,c,pet\n1,2,x,cat\n1,2,y,cat\n3,4,x,dog\n")
    status, _, err = run("anomalies pet.ae alone.csv --label-column pet --out x.csv")
    assert status == 2
    assert "1 examples have the label 'dog'" in err
