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

_MORE = {"interpolate": "0 1", "forecast": "--steps 3", "inpaint": "--mask x.npy"}


@pytest.mark.parametrize("command", READERS)
def test_invalid_and_useless_flags_are_refused_by_each_command(run, command) -> None:
    more = _MORE.get(command, "")
    out = {"manifold": "o", "plot": "o", "neighbors": "o.npz", "transform": "o.npy"}
    out |= {"interpolate": "o.png", "evaluate": "o.json", "diagnose": "o.json"}
    line = f"{command} m.ae {{}} {more} --out {out.get(command, 'o.csv')}"

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
    out |= {"evaluate": "p.json", "diagnose": "p.json"}
    more = _MORE.get(command, "")

    status, _, err = run(f"{command} {model} {data} {more} --out {out.get(command, 'p.csv')}")

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
