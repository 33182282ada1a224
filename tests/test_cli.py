r"""Tests for the command line, as a user meets it."""

import csv
import gzip
import json
import math
import os
import re
import shlex
import signal
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from sklearn.utils import Bunch

import autoencode as ae
from autoencode.cli import main
from autoencode.cli.commands import COMMANDS
from autoencode.cli.commands.fit import best_epoch, describe_duration
from autoencode.cli.settings import build_estimator
from autoencode.cli.signatures import (
    choices,
    class_signature,
    command_signature,
    option_groups,
    recipe_signatures,
)
from autoencode.manifold import Geodesics, NeighborGraph, OffManifoldDetector, report
from autoencode.modalities import MDCT

SHELL = [sys.executable, "-c", "import sys; from autoencode.cli import main; sys.exit(main())"]
QUICK = ["--layers", "16", "--epochs", "1", "--random-state", "0"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    r"""Data of all kinds, and a model of each."""
    folder = tmp_path_factory.mktemp("cli")
    digits = ae.datasets.digits()
    X, y = digits.X[:120], digits.y[:120]

    np.save(folder / "digits.npy", X)
    np.save(folder / "labels.npy", y)
    np.savez(folder / "digits.npz", X=X, y=y)
    np.save(folder / "line.npy", np.zeros(5))
    (folder / "words.csv").write_text("\n".join(f'"digit {label}"' for label in y) + "\n")
    (folder / "numbers.csv").write_text("even\n" + "\n".join(f"{k / 2}" for k in y) + "\n")

    header = b"\0\0\x08\x03" + struct.pack(">3i", *X.shape)
    (folder / "digits-idx3-ubyte.gz").write_bytes(gzip.compress(header + X.tobytes()))

    rows = np.random.default_rng(0).normal(size=(60, 3))
    lines = [f"{a},{b},{c},{'xy'[i % 2]}" for i, (a, b, c) in enumerate(rows)]
    (folder / "table.csv").write_text("\n".join(["a,b,c,kind", *lines]) + "\n")
    (folder / "holes.csv").write_text("a,b\n1,2\nnan,3\n4,5\n")

    for i in range(12):
        file = folder / "images" / str(y[i]) / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(X[i]).save(file)

    (folder / "empty").mkdir()
    (folder / "junk.txt").write_text("no data")
    (folder / "junk.bin").write_text("no data")

    fits = {
        "vae.ae": ["digits.npy", "--recipe", "vae", "--latent-dim", "3", *QUICK],
        "plain.ae": ["digits.npy", *QUICK],
        "table.ae": ["table.csv", "--label-column", "kind", "--recipe", "vae", *QUICK],
        "given.ae": ["digits.npz", "--recipe", "vae", "--conditional", *QUICK],
    }

    for name, (data, *flags) in fits.items():
        assert main(["fit", str(folder / data), "--out", str(folder / name), *flags]) == 0

    (folder / "truncated.ae").write_bytes((folder / "vae.ae").read_bytes()[:2000])
    return folder


@pytest.fixture
def run(folder, capsys, monkeypatch):
    r"""Runs a line in the folder and returns the exit status, stdout and stderr."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("AUTOENCODE_TRACEBACK", raising=False)

    def run(line: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(shlex.split(line))

        return status, *capsys.readouterr()

    return run


# Fit


EVERYDAY = ("aae", "autoencoder", "linear", "vae", "vq_vae")  # each way to train and to score


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(name, marks=[] if name in EVERYDAY else [pytest.mark.slow])
        for name in sorted(recipe_signatures())
    ],
)
def test_fit_makes_what_python_makes(run, recipe) -> None:
    X = np.load("digits.npy")
    X = X.reshape(len(X), -1) if recipe in {"counts", "recommender"} else X
    np.save("same.npy", X)
    training = "" if recipe == "linear" else "--layers 16 --epochs 1"
    line = f"fit same.npy --recipe {recipe} --random-state 0 --out same.ae {training}"
    assert run(line)[0] == 0

    options = {"layers": (16,), "training": ae.Training(epochs=1)} if training else {}
    model = getattr(ae, recipe)(random_state=0, **options).fit(X)

    assert np.array_equal(ae.load("same.ae").transform(X), model.transform(X))


@pytest.mark.parametrize("data", ["digits.npy", "digits.npz", "digits-idx3-ubyte.gz"])
def test_fit_reads_all_files_alike(run, data) -> None:
    run(f"fit {data} --out alike.ae {shlex.join(QUICK)}")
    X = np.load("digits.npy")

    assert np.array_equal(ae.load("alike.ae").transform(X), ae.load("plain.ae").transform(X))


@pytest.mark.slow
def test_fit_says_what_it_did_and_what_is_next(run) -> None:
    status, out, err = run(f"fit digits.npy --out new/said.ae {shlex.join(QUICK)}")
    wrote, following = out.splitlines()

    assert status == 0
    assert wrote.startswith("Wrote new/said.ae: 1 epoch in ")
    assert following == "Next: autoencode plot new/said.ae digits.npy --out new/said-pictures"
    assert "96 examples of shape (1, 8, 8) as Images" in err
    assert "24 held out" in err
    assert run(following.removeprefix("Next: autoencode "))[0] == 0


def test_without_out_the_model_has_the_name_of_the_data(run) -> None:
    for data, name in {"digits.npy": "digits.ae", "images": "images.ae"}.items():
        status, out, _ = run(f"fit {data} {shlex.join(QUICK)}")
        assert status == 0
        assert out.startswith(f"Wrote {name}: ")

        status, _, err = run(f"fit {data} {shlex.join(QUICK)}")
        assert status == 2
        assert f"the file '{name}' already exists: name another with --out." in err
        Path(name).unlink()


@pytest.mark.slow
def test_what_is_next_keeps_the_labels(run, tmp_path) -> None:
    rows = [f"{i % 7 or ''},{'ab'[i % 2]},{'xyz'[i % 3]}" for i in range(60)]
    (tmp_path / "goods.csv").write_text("\n".join(["price,kind,shop", *rows]) + "\n")
    goods, model, full = (
        shlex.quote(str(tmp_path / n)) for n in ("goods.csv", "m.ae", "full.csv")
    )
    way = shlex.quote(str(tmp_path / "way.png"))

    for line in [
        f"fit {goods} --conditional --label-column shop --recipe vae --out {model}"
        f" {shlex.join(QUICK)}",
        f"impute {model} {goods} --label-column shop --out {full}",
        f"interpolate given.ae digits.npz 0 10 --out {way}",
    ]:
        status, out, err = run(line)
        assert status == 0, err
        status, _, err = run(out.splitlines()[-1].removeprefix("Next: autoencode "))
        assert status == 0 or "n_neighbors" in err, err

    header, first, *_ = (tmp_path / "full.csv").read_text().splitlines()
    assert header == "price,kind,shop"
    assert first.startswith(tuple("123456"))
    assert first.endswith(",a,x")


def test_files_of_the_same_stem_are_both_written(run, folder, tmp_path) -> None:
    (tmp_path / "cats").mkdir()

    for name in ("a.png", "a.bmp", "b.png"):
        Image.fromarray(np.load(folder / "digits.npy")[0]).save(tmp_path / "cats" / name)

    images, out = (shlex.quote(str(tmp_path / name)) for name in ("cats", "out"))
    (tmp_path / "out").mkdir()
    status, _, err = run(f"reconstruct vae.ae {images} --out {out}")

    assert status == 0, err
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["a.bmp.png", "a.png.png", "b.png"]


def test_arguments_of_chosen_objects_can_be_objects() -> None:
    settings = {"model": {"modality": "Sounds"}, "modality": {"spectrum": "MDCT", "rate": 8000}}
    modality = build_estimator("autoencoder", settings).modality

    assert isinstance(modality.spectrum, MDCT)
    assert modality.rate == 8000


@pytest.mark.slow
def test_every_command_says_what_is_next(run) -> None:
    line = "recipes"
    seen = set()

    for line in [
        "recipes",
        "info vae.ae",
        f"fit digits.npy --recipe vae --out next.ae {shlex.join(QUICK)}",
        "sample vae.ae --out next.png",
        "denoise vae.ae digits.npy --out next.png",
        "anomalies vae.ae digits.npy --out next.csv",
        "compare digits.npy --methods pca --latent-dims 2 --n-folds 2 --out compared",
        "diagnose vae.ae digits.npy",
        "compress vae.ae digits.npy --out next.aez",
        "export vae.ae --out next.onnx",
    ]:
        # Each line leads to the next one, until there is something to look at
        while line is not None and line.split()[0] not in seen:
            status, out, err = run(line)
            seen.add(line.split()[0])
            last = out.splitlines()[-1]
            assert status == 0, err
            assert last.startswith("Next: ")
            leads = last.startswith("Next: autoencode ") and "DATA" not in last
            line = last.removeprefix("Next: autoencode ") if leads else None

    own = {
        "reconstruct",
        "impute",
        "inpaint",
        "forecast",
        "recommend",
        "demo",
        "explore",
    }  # of other kinds
    assert seen >= set(COMMANDS) - own


@pytest.mark.parametrize("losses", [[3.0, 1.0, 2.0], [math.nan, 1.0, math.inf], [None] * 3])
def test_terms_are_those_of_the_best_epoch(losses) -> None:
    records = [
        Bunch(epoch=k + 1, seconds=2.0, validation={} if loss is None else {"total": loss})
        for k, loss in enumerate(losses)
    ]
    model = SimpleNamespace(history_=records, objective_=ae.objectives.ELBO())
    known = losses[0] is not None

    assert best_epoch(model).epoch == (2 if known else 3)
    assert describe_duration(model) == "3 epochs in 2.0 s" + ", of which 2 was the best" * known


@pytest.mark.slow
def test_the_package_is_a_command(folder) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autoencode", "info", "nothing.ae"], cwd=folder, capture_output=True
    )
    assert done.returncode == 2
    assert done.stderr == b"autoencode: error: there is no model file 'nothing.ae'.\n"


def test_codes_of_files_name_them(run) -> None:
    assert run("transform plain.ae images --out named.csv")[0] == 0
    assert run("transform plain.ae images --out named.npy")[0] == 0
    assert run("score vae.ae images --out scores.csv")[0] == 0
    header, *rows = csv.reader(Path("named.csv").read_text().splitlines())
    names = [row[0] for row in rows]

    assert header == ["example", *[f"z{i + 1}" for i in range(ae.load("plain.ae").latent_dim_)]]
    assert names == [str(f.relative_to("images")) for f in sorted(Path("images").rglob("*.png"))]
    assert np.allclose(np.array([row[1:] for row in rows], float), np.load("named.npy"))
    assert Path("scores.csv").read_text().splitlines()[0] == "example,score_samples"


def test_objects_have_flags(run) -> None:
    flags = (
        "--recipe denoising --objective Contractive --objective.weight 0.5"
        " --objective.max_exact_dim=1"
        " --corruption Masking --corruption.fraction 0.4 --likelihood FixedGaussian"
        " --network FullyConnected --network.layers 8 4 --latent_dim 3 --epochs 1 --batch-size 50"
        " --learning-rate 1e-4 --validation-fraction 0.25"
    )
    assert run(f"fit digits.npy --out objects.ae {flags}")[0] == 0

    params = ae.load("objects.ae").get_params()
    wanted = {
        "objective__weight": 0.5,
        "objective__max_exact_dim": 1,
        "corruption__fraction": 0.4,
        "likelihood__scale": 1.0,
        "network__layers": (8, 4),
        "latent_dim": 3,
        "training__epochs": 1,
        "training__batch_size": 50,
        "training__learning_rate": 1e-4,
        "training__validation_fraction": 0.25,
        "training__weight_decay": 0.05,
    }

    assert wanted.items() <= params.items()


def test_a_recipe_keeps_its_own_way_to_train(run) -> None:
    run("fit digits.npy --recipe linear --validation-fraction 0.1 --out solved.ae")
    run("fit digits.npy --recipe linear --epochs 1 --out trained.ae")

    assert repr(ae.load("solved.ae").training) == "LeastSquares(validation_fraction=0.1)"
    assert repr(ae.load("trained.ae").training).startswith("Training(epochs=1")


def test_pairs(run) -> None:
    assert run(f"fit digits.npy --corrupted digits.npz --out pairs.ae {shlex.join(QUICK)}")[0] == 0


@pytest.mark.parametrize(
    ("line", "classes"),
    [
        ("fit digits.npz", 10),
        ("fit digits.npy --labels labels.npy", 10),
        ("fit digits.npy --labels words.csv", 10),
        ("fit table.csv --label-column kind", 2),
        ("fit images", 10),
    ],
)
def test_labels_from_everywhere(run, line, classes) -> None:
    assert run(f"{line} --conditional --out labels.ae {shlex.join(QUICK)}")[0] == 0
    assert ae.load("labels.ae").context_.size_ == classes


def test_numbers_as_context(run) -> None:
    fit = f"fit digits.npy --labels numbers.csv --conditional --recipe vae {shlex.join(QUICK)}"

    assert run(f"{fit} --out numbers.ae")[0] == 0
    assert run("sample numbers.ae -n 3 --y 1.5 --out numbers.npy")[0] == 0
    assert np.load("numbers.npy").shape == (3, 8, 8)


# Interruption

STOP = """if True:
    import signal, sys
    from autoencode.training import step
    from autoencode.cli import main

    compute = step.RunningMeans.compute
    def means(self):
        print("an epoch", flush=True)
        return compute(self)
    step.RunningMeans.compute = means
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which background jobs lack
    sys.exit(main())
"""


@pytest.mark.slow
def test_interrupted_fit_keeps_the_model(folder) -> None:
    line = ["fit", "digits.npy", "--out", "kept.ae", "--layers", "8", "--epochs", "3000"]
    process = subprocess.Popen(
        [sys.executable, "-c", STOP, *line],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    for _ in range(3):
        assert process.stdout.readline() == "an epoch\n"

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "interrupted: the training ends after this step" in err
    assert "Traceback" not in err
    assert "Wrote kept.ae" in out
    assert len(ae.load(folder / "kept.ae").history_) >= 1


def test_interrupted_before_the_first_epoch(run, monkeypatch) -> None:
    def interrupt(*_, **__) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ae.Autoencoder, "fit", interrupt)

    assert run("fit digits.npy --out never.ae") == (130, "", "autoencode: interrupted.\n")
    assert not Path("never.ae").exists()


# The other commands


def test_transform(run) -> None:
    Z = ae.load("vae.ae").transform(np.load("digits.npy"))

    assert run("transform vae.ae digits.npy --out z.npy")[0] == 0
    assert np.array_equal(np.load("z.npy"), Z)

    assert run("transform vae.ae digits.npy --out z.csv")[0] == 0
    header, *rows = csv.reader(Path("z.csv").read_text().splitlines())
    assert header == ["z1", "z2", "z3"]
    assert np.array_equal(np.array(rows, dtype=np.float32), Z)


def test_transform_to_parquet(run, monkeypatch) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")

    assert run("transform vae.ae digits.npy --out z.parquet")[0] == 0
    assert pyarrow.read_table("z.parquet").column_names == ["z1", "z2", "z3"]


def test_parquet_without_pyarrow_is_found_before_the_work(run, monkeypatch) -> None:
    monkeypatch.setattr("autoencode.cli.outputs.checks.find_spec", lambda name: None)
    status, _, err = run("transform vae.ae nothing.npy --out z.parquet")

    assert status == 2
    assert err.endswith("pip install 'autoencode[tables]'\n")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["reconstruct", "denoise"])
def test_reconstruct(run, command) -> None:
    X = np.load("digits.npy")
    R = ae.load("vae.ae").reconstruct(X)

    assert run(f"{command} vae.ae digits.npy --out r.npy")[0] == 0
    assert np.array_equal(np.load("r.npy"), R)

    status, out, _ = run(f"{command} vae.ae digits.npy --out r.png")
    assert status == 0
    assert "the first 64 of 120" in out

    assert run(f"{command} vae.ae digits.npy --out r")[0] == 0
    files = sorted(Path("r").iterdir())
    assert np.array_equal(np.stack([Image.open(f) for f in files]), R)


def test_reconstruct_keeps_names_and_columns(run) -> None:
    assert run("reconstruct vae.ae images --out named")[0] == 0

    names = [{f.relative_to(top) for f in Path(top).rglob("*.png")} for top in ("images", "named")]
    assert names[0] == names[1]

    assert run("reconstruct table.ae table.csv --label-column kind --out r.csv")[0] == 0
    assert Path("r.csv").read_text().splitlines()[0] == "a,b,c"


def test_the_picture_has_originals_beside_reconstructions(run) -> None:
    run("reconstruct vae.ae images --out pair.png")
    picture = np.asarray(Image.open("pair.png"))
    X, *_ = ae.load("vae.ae").modality_.read(Path("images"))
    zoom = 48 // 16

    assert np.array_equal(picture[1 : 1 + 8 * zoom : zoom, 1 : 1 + 8 * zoom : zoom], X[0])


def test_sample(run) -> None:
    assert run("sample vae.ae -n 5 --random-state 1 --out a.npy")[0] == 0
    assert run("sample vae.ae --n-samples 5 --random-state 1 --out b.npy")[0] == 0
    assert np.array_equal(np.load("a.npy"), np.load("b.npy"))
    assert np.load("a.npy").shape == (5, 8, 8)

    assert run("sample vae.ae -n 5 --out sheet.png")[0] == 0
    assert run("sample vae.ae -n 5 --out sheets")[0] == 0
    assert len([*Path("sheets").iterdir()]) == 5

    assert run("sample table.ae -n 7 --out new.csv")[0] == 0
    assert len(Path("new.csv").read_text().splitlines()) == 8


def test_sample_given_labels(run) -> None:
    given = ae.load("given.ae")

    assert run("sample given.ae -n 3 --y 7 --random-state 0 --out seven.npy")[0] == 0
    assert np.array_equal(np.load("seven.npy"), given.sample(3, y=7, random_state=0))

    assert run("sample given.ae -n 2 --y 7 3 --random-state 0 --out both.npy")[0] == 0
    assert np.array_equal(np.load("both.npy"), given.sample(2, y=[7, 3], random_state=0))


@pytest.mark.parametrize("labels", ["7", shlex.join(str(i % 10) for i in range(120))])
def test_labels_that_are_given(run, labels) -> None:
    given, X = ae.load("given.ae"), np.load("digits.npy")
    y = np.array(labels.split(), int)

    # Also of examples that have others
    for data in ("digits.npy", "digits.npz"):
        assert run(f"transform given.ae {data} --y {labels} --out z.npy")[0] == 0
        assert np.array_equal(np.load("z.npy"), given.transform(X, y))

    for command in ("reconstruct", "denoise"):
        assert run(f"{command} given.ae digits.npy --y {labels} --out r.npy")[0] == 0
        assert np.array_equal(np.load("r.npy"), given.reconstruct(X, y))
        assert run(f"{command} given.ae digits.npy --y {labels} --out r.png")[0] == 0

    assert run(f"score given.ae digits.npy --y {labels} --out s.npy")[0] == 0
    assert np.array_equal(np.load("s.npy"), given.score_samples(X, y))


def test_numbers_that_are_given(run) -> None:
    fit = f"fit digits.npy --labels pairs.npy --conditional --out said.ae {shlex.join(QUICK)}"
    X, y = np.load("digits.npy"), np.random.default_rng(0).normal(size=(120, 2))
    np.save("pairs.npy", y)

    assert run(fit)[0] == 0
    assert run("transform said.ae digits.npy --y 0.5 -1.5 --out z.npy")[0] == 0
    assert np.array_equal(np.load("z.npy"), ae.load("said.ae").transform(X, [[0.5, -1.5]]))

    for words in ("1", "1 a"):
        status, _, err = run(f"transform said.ae digits.npy --y {words} --out z.npy")
        assert status == 2
        assert f"expected --y with 2 numbers per row, as in the fit, got {words}." in err


def test_what_is_next_keeps_the_given_label(run) -> None:
    rows = [f"{i % 7 or ''},{'ab'[i % 2]}" for i in range(120)]
    Path("said.csv").write_text("\n".join(["price,kind", *rows]) + "\n")
    fit = f"fit said.csv --conditional --labels words.csv --recipe vae {shlex.join(QUICK)}"
    assert run(f"{fit} --out full.ae")[0] == 0

    for line in [
        "impute full.ae said.csv --y 'digit 3' --out full.csv",
        "transform given.ae digits.npy --y 3 --out z.npy",
        "denoise given.ae digits.npy --y 3 --out r.npy",
    ]:
        while line is not None:
            status, out, err = run(line)
            assert status == 0, err
            last = out.splitlines()[-1]
            leads = last.startswith("Next: autoencode ")
            line = last.removeprefix("Next: autoencode ") if leads else None

        assert last.startswith("Next: compare examples with their neighbors")


def test_score_says_which(run) -> None:
    X = np.load("digits.npy")

    status, out, _ = run("score vae.ae digits.npy --out s.npy")
    ll = ae.load("vae.ae").score_samples(X)
    assert status == 0
    assert out.startswith("score_samples: log p(x)")
    assert f"{ll.mean():.6g} nats" in out
    assert np.array_equal(np.load("s.npy"), ll)

    status, out, _ = run("score plain.ae digits.npy --out s.csv")
    assert status == 0
    assert out.startswith("reconstruction_error: error (this model has no density)")
    assert Path("s.csv").read_text().splitlines()[0] == "reconstruction_error"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("given.ae digits.npz", {"codes", "grid", "samples"}),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [
                ("vae.ae digits.npy --labels labels.npy", {"codes", "grid", "samples"}),
                ("given.ae digits.npy --y 3", {"codes", "grid", "samples"}),
                ("table.ae table.csv --label-column kind", {"codes", "samples"}),
            ]
        ),
    ],
)
def test_plot(run, line, names) -> None:
    pytest.importorskip("autoencode.plots")
    folder = Path(f"pictures-{line.partition('.')[0]}")
    status, out, _ = run(f"plot {line} --out {folder}")
    written = {file.stem for file in folder.iterdir()}

    assert status == 0
    assert names | {"reconstructions", "history"} <= written
    assert {file for file in written if f"Wrote {folder / file}.png" in out} == written


def test_info(run) -> None:
    status, out, _ = run("info given.ae")

    assert status == 0
    assert "ELBO()" in out
    assert re.search(r"Labels\(.*\) of 10", out)
    assert f"{sum(p.numel() for p in ae.load('given.ae').model_.parameters()):,}" in out


def test_recipes_are_listed(run) -> None:
    status, out, _ = run("recipes")

    assert status == 0
    heads = [line.split()[0] for line in out.splitlines() if line[0] != " "]
    assert heads == [*recipe_signatures(), "Next:"]

    for key in ("for:", "else:", "time:", "source:"):
        assert out.count(f"   {key}") == len(recipe_signatures())

    assert "Kingma & Welling, 2014), https://arxiv.org/abs/1312.6114" in out


def test_demo_is_called(run, monkeypatch) -> None:
    demo = pytest.importorskip("autoencode.demo")
    called = []
    monkeypatch.setattr(demo, "main", called.append)

    assert run("demo --out there")[0] == 0
    assert called == [Path("there")]


# Help


def test_help_of_everything(run) -> None:
    for words in ["", "--help", "-h"]:
        status, out, err = run(words)
        assert (status, err) == (0, "")
        assert all(f"\n  {name} " in out for name in COMMANDS)

    for name in COMMANDS:
        status, out, err = run(f"{name} --help")
        assert (status, err) == (0, "")
        assert f"usage: autoencode {name}" in out

        about = command_signature(name)

        for argument in about.arguments:
            flag = argument.name.upper() if argument.positional else f"--{argument.name}"
            assert argument.form is None or flag.replace("_", "-") in out

        for group in option_groups(about):
            assert all(f"{flag} " in out for flag in group.flags())


def test_help_has_all_flags_of_recipes_and_objects(run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")  # in one column
    estimator = class_signature("Autoencoder").arguments
    training = class_signature("Training").arguments

    for name, recipe in recipe_signatures().items():
        out = re.sub(r"\s+", " ", run(f"fit --recipe {name} --help")[1])
        known = [*recipe.arguments, *training, *(a for a in estimator if a.name != "training")]

        for argument in known:
            assert f"--{argument.name.replace('_', '-')} " in out

            if argument.form in {"INT", "FLOAT"} and argument.default is not None:
                assert f"(default: {argument.default})" in out

    for argument in estimator:
        for name, cls in choices(argument).items() if argument.name != "training" else ():
            out = run(f"fit --{argument.name} {name} --help")[1]

            for own in cls.arguments:
                assert f"--{argument.name}.{own.name.replace('_', '-')} " in out


def test_help_imports_nothing_slow() -> None:
    code = """if True:
        import sys
        from autoencode.cli import main
        for line in ["--help", "fit --help", "fit --recipe vae --objective ELBO --help",
                     "sample --help", "manifold --help", "interpolate --help",
                     "recipes", "--version", "demo --help"]:
            assert main(line.split()) == 0, line
        slow = {"torch", "sklearn", "matplotlib", "numpy", "PIL", "tqdm"} & set(sys.modules)
        assert not slow, slow
    """
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


# The manifold


@pytest.mark.slow
def test_manifold(run) -> None:
    status, out, _ = run("manifold vae.ae digits.npy --new digits.npy --out seen --n-neighbors 5")
    *text, wrote, following = out.splitlines()
    X = np.load("digits.npy")
    found = report(ae.load("vae.ae"), X, X, n_neighbors=5)

    assert status == 0
    assert text == repr(found).splitlines()
    assert wrote == "Wrote seen: 5 pictures, and report.json."
    assert following == "Next: look at seen/index.html in a browser."
    assert json.loads(Path("seen/report.json").read_text()) == found.to_dict()


@pytest.mark.slow
def test_manifold_of_images_in_a_folder_and_of_tables(run) -> None:
    assert run("manifold plain.ae images --out of-images --n-neighbors 3")[0] == 0
    assert run("manifold table.ae table.csv --label-column kind --out of-table")[0] == 0
    assert Path("of-table/manifold.png").exists()


def test_neighbors(run) -> None:
    X = np.load("digits.npy")
    graph = NeighborGraph(4).fit(ae.load("plain.ae").transform(X))
    status, out, _ = run("neighbors plain.ae digits.npy --out n.npz --n-neighbors 4")
    stored = np.load("n.npz")

    assert status == 0
    assert np.array_equal(stored["indices"], graph.indices_)
    assert np.array_equal(stored["distances"], graph.distances_)
    assert "120 times 4 neighbors" in out
    assert "Recall 1.0000" in out
    assert "0 duplicates, in 0 groups." in out
    assert run(out.splitlines()[-1].removeprefix("Next: autoencode "))[0] == 0

    assert run("neighbors plain.ae digits.npy --out n.csv --n-neighbors 4")[0] == 0
    header, first, *_ = csv.reader(Path("n.csv").read_text().splitlines())
    assert header == [f"{name}{k}" for name in ("neighbor", "distance") for k in range(1, 5)]
    assert first[:4] == [str(j) for j in graph.indices_[0]]
    assert np.allclose([float(d) for d in first[4:]], graph.distances_[0])


def test_duplicates_are_named(run) -> None:
    X = np.load("digits.npy")
    np.save("twice.npy", np.concatenate([X, X[[7, 7, 3]]]))
    out = run("neighbors plain.ae twice.npy --out n.npz --n-neighbors 4")[1]

    assert "3 duplicates, in 2 groups.\n  3, 122\n  7, 120, 121\n" in out

    # Of nothing but duplicates no distance is usual
    np.save("twice.npy", np.concatenate([X[:20], X[:20]]))
    status, out, err = run("neighbors plain.ae twice.npy --out n.npz --n-neighbors 4")
    assert status == 0, err
    assert "20 duplicates, in 20 groups." in out


def test_anomalies(run) -> None:
    X = np.load("digits.npy")
    np.save("odd.npy", np.concatenate([X[:20], 255 - X[:3]]))
    line = "anomalies vae.ae odd.npy --reference digits.npy --out odd.csv"
    status, out, _ = run(line)
    detector = OffManifoldDetector(ae.load("vae.ae")).fit(X)
    on, off = detector.decompose(np.load("odd.npy"))
    header, *rows = csv.reader(Path("odd.csv").read_text().splitlines())

    assert status == 0
    assert header == ["example", "score", "on", "off", "anomaly"]
    assert [row[0] for row in rows] == [str(i) for i in range(23)]
    assert np.allclose(np.array(rows)[:, 1:4].astype(float), np.stack([on + off, on, off], axis=1))
    assert [row[4] for row in rows] == [str(int(s < detector.offset_)) for s in on + off]
    assert [row[4] for row in rows[20:]] == ["1", "1", "1"]
    assert {words.split()[0] for words in out.splitlines()[2:5]} == {"20", "21", "22"}
    assert Path("odd.png").exists()

    assert run("anomalies table.ae table.csv --label-column kind --out rows.csv")[0] == 0
    assert not Path("rows.png").exists()


def test_anomalies_in_a_folder_are_named(run) -> None:
    status, out, _ = run("anomalies plain.ae images --out unusual.csv")
    names = [row[0] for row in csv.reader(Path("unusual.csv").read_text().splitlines())][1:]

    assert status == 0
    assert sorted(names) == sorted(
        str(f.relative_to("images")) for f in Path("images").rglob("*.png")
    )
    assert out.splitlines()[2].split()[0] in names


def test_conditional_models_are_seen_under_one_label(run) -> None:
    y = np.load("digits.npz")["y"]

    assert run("anomalies given.ae digits.npz --y 3 --out threes.csv")[0] == 0
    names = [row.split(",")[0] for row in Path("threes.csv").read_text().splitlines()][1:]
    assert names == [str(i) for i in np.flatnonzero(y == 3)]

    assert run("interpolate given.ae digits.npz 0 1 --y 3 --out way.png")[0] == 0


@pytest.mark.slow
def test_the_label_that_is_said_needs_no_others(run) -> None:
    X, y = np.load("digits.npy"), np.load("labels.npy")
    model = ae.load("given.ae")
    i, j = np.flatnonzero(y == 3)[:2]
    lengths = {k: Geodesics(model, y=[k]).distance(X[[i]], X[[j]])[0] for k in (3, 5)}
    assert f"{lengths[3]:.4g}" != f"{lengths[5]:.4g}"

    # The label of both ends, or another one, with labels in the file and without
    for line, seen in [
        (f"interpolate given.ae digits.npz {i} {j}", 3),
        (f"interpolate given.ae digits.npy {i} {j} --labels labels.npy", 3),
        (f"interpolate given.ae digits.npy {i} {j} --y 3", 3),
        (f"interpolate given.ae digits.npy {i} {j} --y 5", 5),
        (f"interpolate given.ae digits.npz {i} {j} --y 5", 5),
    ]:
        status, out, err = run(f"{line} --out way.png")
        assert status == 0, err
        assert f"The geodesic is {lengths[seen]:.4g} long" in out

    # Examples without labels are all seen under the one
    assert run("anomalies given.ae digits.npy --y 3 --out all.csv")[0] == 0
    assert len(Path("all.csv").read_text().splitlines()) == 121
    assert run("anomalies given.ae digits.npz --reference digits.npy --y 3 --out a.csv")[0] == 0
    assert run("manifold given.ae digits.npy --new digits.npy --y 3 --out seen")[0] == 0


@pytest.mark.slow
def test_interpolate(run) -> None:
    status, out, _ = run("interpolate vae.ae digits.npy 0 17 -n 5 --out way.png")
    X = np.load("digits.npy")
    length = Geodesics(ae.load("vae.ae")).distance(X[[0]], X[[17]])[0]

    assert status == 0
    assert f"The geodesic is {length:.4g} long, " in out
    assert "5 examples on each curve" in out
    assert Path("way.png").exists()
    assert run("interpolate table.ae table.csv 0 0 --label-column kind --out still.png")[0] == 0

    _, out, _ = run("interpolate vae.ae digits.npy 0 17 --metric fisher --out way.png")
    length = Geodesics(ae.load("vae.ae"), "fisher").distance(X[[0]], X[[17]])[0]
    assert f"The geodesic is {length:.4g} long, " in out


@pytest.mark.slow
def test_interpolate_between_texts(run) -> None:
    words = ["abba", "baba", "aaaa", "bbbb", "abab", "baab", "aabb", "bbaa"]
    Path("words.txt").write_text("\n".join(words) + "\n")
    fit = "--latent-dim 2 --network Recurrent --network.width 16 --epochs 3 --random-state 0"
    assert run(f"fit words.txt --out words.ae {fit}")[0] == 0

    output = run("neighbors words.ae words.txt --n-neighbors 3 --out near.csv")[1]
    following = output.splitlines()[-1].removeprefix("Next: autoencode ")
    assert following.startswith("interpolate words.ae words.txt 0 ")
    assert run(following)[0] == 0

    status, out, err = run("interpolate words.ae words.txt 0 3 -n 4 --out way.csv")
    assert status == 0, err
    assert "The geodesic is " in out

    header, *rows = csv.reader(Path("way.csv").read_text().splitlines())
    ways = Geodesics(ae.load("words.ae"), "fisher").interpolate(words[0], words[3], n_points=4)
    assert header == ["straight", "geodesic"]
    assert [row[1] for row in rows] == ways.tolist()

    assert run("interpolate words.ae words.txt 0 3 -n 4 --out way.txt")[0] == 0
    assert Path("way.txt").read_text().splitlines() == ways.tolist()

    assert "a .csv or .txt file" in run("interpolate words.ae words.txt 0 3 --out w.png")[2]
    line = "interpolate words.ae words.txt 0 3 --metric pullback --out w.csv"
    assert "metric='fisher'" in run(line)[2]


def test_the_header_of_a_table_is_that_of_the_fit(run) -> None:
    header, *rows = Path("table.csv").read_text().splitlines()
    Path("moved.csv").write_text("\n".join([header.replace("a,b", "b,a"), *rows]) + "\n")
    Path("bare.csv").write_text("\n".join(row.rpartition(",")[0] for row in rows) + "\n")

    assert run("sample table.ae -n 3 --out new.csv")[0] == 0
    assert Path("new.csv").read_text().splitlines()[0] == "a,b,c"
    assert [*ae.load("table.ae").feature_names_in_] == ["a", "b", "c"]

    assert run("score table.ae table.csv --label-column kind --out s.csv")[::2] == (0, "")
    assert run("score table.ae bare.csv --out s.csv")[::2] == (
        0,
        "reads 'bare.csv': no line of names.\n",
    )
    assert (
        "['a', 'b', 'c'], in this order, got ['b', 'a', 'c']."
        in run("score table.ae moved.csv --label-column kind --out s.csv")[2]
    )


# Bad input


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("fti", "unknown command 'fti'; did you mean 'fit'?"),
        ("transform vae.ae", "missing DATA and --out."),
        ("fit digits.npy --out x.ae --recipe vea", "unknown recipe 'vea'; did you mean 'vae'?"),
        ("fit digits.npy --out x.ae --latentdim 3", "did you mean '--latent-dim'?"),
        ("fit digits.npy --out x.ae --latent-dim a", "expected --latent-dim INT, got 'a'."),
        ("fit digits.npy --out x.ae --latent-dim 0", "expected latent_dim as an integer >= 1"),
        ("fit digits.npy --out x.ae --noise 1", "it belongs to --recipe denoising."),
        ("fit digits.npy --out x.ae --objective Elbow", "unknown objective 'Elbow'"),
        ("fit digits.npy --out x.ae --objective.beta 3", "it belongs to --objective "),
        ("fit digits.npy --out x.ae --learning-rate -1", "expected learning_rate > 0"),
        ("fit digits.npy --out x.ae --epochs", "expected --epochs INT, got nothing."),
        ("fit digits.npy --out x.ae --device moon", "cannot train on 'moon'"),
        ("fit digits.npy --out x.ae --labels labels.npy", "add --conditional."),
        ("fit digits.npy --out x.ae --conditional", "--labels FILE"),
        ("fit digits.npy more.npy --out x.ae", "unknown argument 'more.npy'"),
        ("fit digits.npy table.csv --out x.ae", "several arguments: give the folder."),
        ("fit digits.npy --out empty", "cannot write 'empty': it is a folder."),
        ("fit digits.npy --out junk.txt/x.ae", "cannot write"),
        ("fit nothing.npy --out x.ae", "there is no file or folder 'nothing.npy'."),
        ("fit images/*.png --out x.ae", "patterns are not read. Give the folder 'images'"),
        ("fit junk.bin --out x.ae", "cannot read 'junk.bin'"),
        ("fit empty --out x.ae", "expected images, got none in 'empty'"),
        ("fit line.npy --out x.ae", "got shape (5,)"),
        ("fit table.csv --label-column kin --out x.ae", "no column 'kin'"),
        ("fit images --label-column kind --out x.ae", "'images' is a folder"),
        (
            "score vae.ae table.csv --label-column kind --labels labels.npy",
            "--labels has no effect",
        ),
        (
            "fit digits.npy --recipe denoising --noise 1 --corruption Masking --out x.ae",
            "--noise has no effect with --corruption; leave out one of them.",
        ),
        ("transform nothing.ae digits.npy --out z.npy", "there is no model file 'nothing.ae'."),
        ("transform junk.txt digits.npy --out z.npy", "'junk.txt' is not a model"),
        ("transform truncated.ae digits.npy --out z.npy", "truncated"),
        (
            "transform vae.ae table.csv --label-column kind --out z.npy",
            "got the table 'table.csv'",
        ),
        ("transform vae.ae digits.npy --out z.xls", "expected a .npy or .csv or .parquet file."),
        ("transform given.ae digits.npy --out z.npy", "--labels FILE"),
        ("transform vae.ae digits.npy --pool-windows --out z.npy", "has no windows to pool"),
        ("transform given.ae digits.npy --y 77 --out z.npy", "got 77"),
        ("transform given.ae digits.npy --y --out z.npy", "for all or 120 of them, got 0."),
        ("sample given.ae --y --out never.npy", "for all or 64 of them, got 0."),
        ("reconstruct given.ae digits.npy --y 1 2 --out r.png", "for all or 120 of them, got 2."),
        ("score given.ae digits.npy --y 3 --labels labels.npy", "got --y and --labels."),
        (
            "denoise given.ae digits.npy --y 3 --label-column a --out r.npy",
            "or --labels, got --y and",
        ),
        ("reconstruct vae.ae digits.npy --out r.csv", "a .png or .npy file, or a folder."),
        ("reconstruct table.ae table.csv --label-column kind --out r.png", "cannot write 'r.png'"),
        (
            "sample plain.ae --out never.npy",
            "no density p(x): fit with --recipe vae",
        ),
        ("sample vae.ae -n 0 --out never.npy", "expected a number of samples >= 1"),
        ("sample vae.ae -n many --out never.npy", "INT, got 'many'"),
        ("sample given.ae --out never.npy", "name the label of the new examples with --y"),
        ("sample given.ae --y 77 --out never.npy", "got 77"),
        ("score vae.ae digits.npy --out s.png", "cannot write 's.png'"),
        ("plot vae.ae digits.npy --out junk.txt", "cannot write 'junk.txt'"),
        ("manifold vae.ae digits.npy --out junk.txt", "cannot write 'junk.txt'"),
        ("manifold vae.ae digits.npy --n-neighbors 60 --out m", "more than 2 n_neighbors"),
        ("manifold given.ae digits.npz --out m", "name the label to examine with --y"),
        ("manifold given.ae digits.npz --y 77 --out m", "no example has the label --y 77."),
        ("neighbors vae.ae digits.npy --out n.txt", "expected a .npz or .csv file."),
        ("neighbors vae.ae digits.npy --n-neighbors 120 --out n.csv", "120"),
        ("anomalies vae.ae digits.npy --out a.npy", "expected a .csv file."),
        ("anomalies vae.ae digits.npy --reference junk.txt --out a.csv", "cannot read 'junk.txt'"),
        ("interpolate vae.ae digits.npy 0 120 --out w.png", "0 to 119, got 120."),
        ("interpolate vae.ae digits.npy 0 one --out w.png", "expected END"),
        ("interpolate vae.ae digits.npy 0 1 --out w.jpg", "a .png or .npy file, or a folder."),
        ("interpolate vae.ae digits.npy 0 1 --metric l2 --out w.png", "{pullback,fisher}, got"),
        (
            "interpolate given.ae digits.npz 0 1 --out w.png",
            "labels, 0 and 1: choose one with --y.",
        ),
        ("interpolate given.ae digits.npy 0 1 --out w.png", "has --y, it gives one label"),
        ("info empty", "there is no model file 'empty'."),
    ],
)
def test_bad_input_is_one_clear_line(run, line, message) -> None:
    status, out, err = run(line)

    assert status == 2, (out, err)
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert err.startswith("autoencode: error: ")
    assert message in err
    assert not Path("x.ae").exists()


def test_errors_in_training_too(run) -> None:
    flags = "--epochs 3 --learning-rate 1e30 --layers 8"
    status, out, err = run(f"fit digits.npy --out x.ae {flags}")

    assert (status, out) == (2, "")
    assert "autoencode: error: the loss does not stay finite" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (MemoryError(), 2, "there is not enough memory"),
        (RuntimeError("can't allocate memory: 8 TB"), 2, "there is not enough memory"),
        (PermissionError(13, "Permission denied", "x"), 2, "Permission denied: 'x'"),
        (RuntimeError("two\nlines"), 1, "unexpected RuntimeError (two lines). Please report it"),
        (AttributeError("oh"), 1, "Please report it"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_what_cannot_be_foreseen_is_one_line(run, monkeypatch, error, status, message) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setitem(COMMANDS, "recipes", fail)
    monkeypatch.setattr("os.dup2", lambda *_: None)
    monkeypatch.setattr("sys.stdout.fileno", lambda: 1, raising=False)
    found, _, err = run("recipes")

    assert found == status
    assert message in err
    assert len(err.splitlines()) == (status != 141)


def test_the_traceback_is_there_for_reports(run, monkeypatch) -> None:
    monkeypatch.setenv("AUTOENCODE_TRACEBACK", "1")
    err = run("info junk.txt")[2]

    assert err.startswith("Traceback")
    assert err.splitlines()[-1].startswith("autoencode: error: ")


def test_nothing_is_left_of_a_failed_write(run, monkeypatch) -> None:
    Path("old.npy").write_text("old")

    def fail(*_) -> None:
        raise OSError(28, "No space left on device", "old.npy")

    monkeypatch.setattr(np, "save", fail)
    status, _, err = run("transform vae.ae digits.npy --out old.npy --force")

    assert (status, err) == (2, "autoencode: error: No space left on device: 'old.npy'.\n")
    assert Path("old.npy").read_text() == "old"
    assert not [*Path().glob(".*")]


def test_in_a_shell(folder) -> None:
    line = " ".join(map(shlex.quote, SHELL))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line} fit --help | head -n 1"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "100"},
    )

    assert done.stdout.startswith("usage: autoencode fit")
    assert done.stderr == ""

    done = subprocess.run([*SHELL, "info"], cwd=folder, capture_output=True)
    assert done.returncode == 2
    assert done.stderr == b"autoencode: error: missing MODEL. See autoencode info --help\n"


def test_a_plain_autoencoder_with_a_prior_samples(run) -> None:
    line = "fit digits.npy --epochs 1 --prior Mixture --prior.max_components 2 --out mixed.ae"
    assert run(line)[0] == 0

    status, out, _ = run("sample mixed.ae -n 4 --out mixed.npy --random-state 0")
    assert status == 0
    assert np.load("mixed.npy").shape == (4, 8, 8)
    assert "Wrote mixed.npy: 4 new examples." in out
