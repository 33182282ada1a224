r"""Tests that nothing is lost: outputs never replace inputs, data, or what others have written."""

import errno
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import autoencode as ae
from autoencode.cli import main
from autoencode.cli.terminal import sanitize
from autoencode.common import atomic_files as writing
from autoencode.common.atomic_files import check_distinct, check_writable, replacing

QUICK = "--layers 8 --epochs 1 --random-state 0 --latent-dim 2"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    r"""A folder with data, and models of them."""
    place = tmp_path_factory.mktemp("original")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 5)).astype(np.float32)
    np.save(place / "x.npy", X)
    np.save(place / "labels.npy", np.arange(30) % 2)
    rows = [",".join(map(str, row)) for row in X]
    (place / "x.csv").write_text("\n".join(["a,b,c,d,e", *rows]))
    (place / "thesis.txt").write_text("years of work")

    for folder in ("photos", "others"):
        (place / folder / "in").mkdir(parents=True)

    for i in range(6):
        image = Image.fromarray(rng.integers(256, size=(8, 8), dtype=np.uint8))
        image.save(place / f"photos/in/{i}.png")
        image.save(place / f"others/{i}.jpg")

    options = {"layers": (8,), "training": ae.Training(epochs=1), "random_state": 0}
    options["prior"] = ae.priors.StandardNormal()  # which takes no time to fit
    ae.vae(2, **options).fit(X).save(place / "m.ae")
    ae.vae(2, **options).fit(place / "photos").save(place / "p.ae")

    return place


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


INPUTS = [
    "fit x.npy --out x.npy",
    "fit x.npy --out ./x.npy",
    "fit x.npy --out link.npy",
    "fit x.csv --out x.csv",
    "fit x.npy --conditional --labels labels.npy --out labels.npy",
    "fit x.npy --corrupted thesis.txt --out thesis.txt",
    "fit photos --out photos/in/0.png",
    "fit x.npy --out thesis.txt",
    "fit x.npy --out y.parquet",
    "transform m.ae x.npy --out x.npy --force",
    "transform m.ae x.npy --out link.npy --force",
    "transform m.ae x.npy --out hard.npy --force",
    "transform link.ae x.npy --out x.npy --force",
    "reconstruct m.ae x.csv --out x.csv --force",
    "denoise p.ae photos --out photos --force",
    "denoise p.ae photos --out photos/../photos --force",
    "denoise p.ae photos --out album --force",
    "denoise p.ae photos/in --out photos/in --force",
    "reconstruct p.ae photos --out photos/in/0.png --force",
    "reconstruct p.ae photos/in/0.png --out photos/in --force",
    "score m.ae x.csv --out x.csv --force",
    "neighbors m.ae x.csv --out x.csv --force",
    "anomalies m.ae x.npy --reference x.csv --out x.csv --force",
    "plot m.ae x.npy --labels labels.npy --out m.ae --force",
    "anomalies p.ae photos --maps photos --out z.csv --force",
    "anomalies p.ae others --maps album --out z.csv --reference photos --force",
    "anomalies p.ae others --maps z --out z/0.csv --force",
    "diagnose m.ae x.npy --new x.csv --out x.csv --force",
]


@pytest.mark.parametrize("line", INPUTS)
def test_an_output_never_replaces_an_input(place: Path, capsys, line: str) -> None:
    Path("link.npy").symlink_to("x.npy")
    Path("link.ae").symlink_to("m.ae")
    Path("album").symlink_to("photos")
    os.link("x.npy", "hard.npy")
    before = bytes_of(place)
    words = shlex.split(line)
    status = main(words + (shlex.split(QUICK) if words[0] == "fit" else []))

    assert status == 2, capsys.readouterr()
    assert bytes_of(place) == before
    assert len(capsys.readouterr().err.strip().splitlines()) >= 1


OTHERS = [
    "transform m.ae x.npy --out own.npy",
    "score m.ae x.npy --out own.csv",
    "anomalies p.ae others --out z.csv --maps own",
    "sample m.ae --out own.npy",
    "sample p.ae --out own.png",
    "sample p.ae -n 3 --out own",
    "denoise p.ae others --out own",
    "reconstruct m.ae x.npy --out own.parquet",
    "neighbors m.ae x.npy --n-neighbors 3 --out own.npz",
    "anomalies m.ae x.npy --out own.csv",
    "interpolate m.ae x.npy 0 1 --out own.npy",
    "plot p.ae photos --out own",
    "manifold m.ae x.npy --n-neighbors 3 --out own",
]


@pytest.mark.slow
@pytest.mark.parametrize("line", OTHERS)
def test_what_others_wrote_is_replaced_only_by_force(place: Path, capsys, line: str) -> None:
    out = Path(shlex.split(line)[-1])

    if out.suffix:
        out.write_text("years of work")
    else:
        out.mkdir()

        names = ["index.html"] if "manifold" in line else ["00000.png", "0.png", "codes.png"]

        for name in names:
            (out / name).write_text("years of work")

    before = bytes_of(place)
    assert main(shlex.split(line)) == 2
    assert "--force" in capsys.readouterr().err
    assert bytes_of(place) == before

    assert main([*shlex.split(line), "--force"]) == 0, capsys.readouterr()
    first = bytes_of(place)
    assert first != before

    # What this command line has written it may write again
    assert main(shlex.split(line)) == 0, capsys.readouterr()

    # Unless it was changed since
    time.sleep(0.01)

    for path in [out] if out.is_file() else out.iterdir():
        path.write_bytes(path.read_bytes() + b" ")

    assert main(shlex.split(line)) == 2
    assert "not an unchanged result" in capsys.readouterr().err


def test_results_of_another_kind_are_not_replaced(place: Path, capsys) -> None:
    assert main(shlex.split("transform m.ae x.npy --out z.csv")) == 0
    assert main(shlex.split("score m.ae x.npy --out z.csv")) == 2
    assert (
        "it already holds results of 'transform'. Use another name, or --force"
        in capsys.readouterr().err
    )
    assert main(shlex.split("score m.ae x.npy --out z.csv --force")) == 0
    assert main(shlex.split("score m.ae x.npy --out z.csv")) == 0


def test_a_folder_of_other_files_takes_results(place: Path) -> None:
    (place / "own").mkdir()
    (place / "own" / "thesis.txt").write_text("years of work")

    assert main(shlex.split("denoise p.ae others --out own")) == 0
    assert (place / "own" / "thesis.txt").read_text() == "years of work"
    assert (place / "own" / "0.png").exists()


def test_without_a_cache_results_are_written_all_the_same(place: Path, monkeypatch) -> None:
    monkeypatch.setenv("AUTOENCODE_CACHE", str(place / "thesis.txt"))
    assert main(shlex.split("transform m.ae x.npy --out z.npy")) == 0
    assert main(shlex.split("transform m.ae x.npy --out z.npy")) == 2
    assert main(shlex.split("transform m.ae x.npy --out z.npy --force")) == 0


@pytest.mark.parametrize("name", ["x.npy", "x.csv", "thesis.txt", "new.parquet", "own"])
def test_save_replaces_models_only(place: Path, name: str) -> None:
    model = ae.load("m.ae")
    Path("own").write_bytes(b'\x10\0\0\0\0\0\0\0{"__metadata__":{}}')
    before = bytes_of(place)

    with pytest.raises(ValueError, match=r"cannot write a model to"):
        model.save(name)

    assert bytes_of(place) == before
    model.save("p.ae")
    Path("empty.ae").touch()
    model.save("empty.ae")
    assert ae.load("empty.ae").transform(np.load("x.npy")).shape == (30, 2)


def test_outputs_in_python_never_replace_inputs(place: Path) -> None:
    model, before = ae.load("m.ae"), bytes_of(place)
    Path("soft.npy").symlink_to("x.npy")
    os.link("x.npy", "hard.npy")
    Path("comparison.json").symlink_to("x.npy")

    for out in ("x.npy", "soft.npy", "hard.npy", str(place / "photos/../x.npy")):
        with pytest.raises(ValueError, match="it is the input"):
            model.transform("x.npy", out=out)

        with pytest.raises(ValueError, match=r"it is the input 'x\.npy'"):
            check_distinct([Path("new.wav"), Path(out)], [Path("gone.wav"), Path("x.npy")])

    with pytest.raises(ValueError, match="it is the input"):
        ae.compare("x.npy", out=".")

    for link in ("soft.npy", "hard.npy", "comparison.json"):
        Path(link).unlink()

    assert bytes_of(place) == before


# What passes the check passes after the work


@pytest.mark.parametrize("letter", ["a", "é", "字"])
def test_the_longest_names_are_written(place: Path, letter: str) -> None:
    n = len(letter.encode())

    for suffix in (".ae", ".npy", ".csv"):
        name = letter * ((255 - len(suffix)) // n) + suffix
        line = ["fit", "x.npy", *shlex.split(QUICK)]
        line = line if suffix == ".ae" else ["transform", "m.ae", "x.npy"]

        assert main([*line, "--out", name]) == 0
        assert Path(name).exists()
        assert main([*line, "--out", letter + name]) == 2  # and what is too long is said before


def test_upper_case_suffixes_are_written(place: Path) -> None:
    for name in ("Z.NPY", "Z.CSV", "Z.PARQUET"):
        assert main(["transform", "m.ae", "x.npy", "--out", name]) == 0

    assert np.load("Z.NPY").shape == (30, 2)
    assert main(["sample", "p.ae", "--out", "Z.PNG"]) == 0


@pytest.mark.parametrize("name", ["pipe", "null"])
def test_what_is_no_file_is_not_replaced(place: Path, name: str) -> None:
    os.mkfifo("pipe")
    Path("null").symlink_to("/dev/null")

    with pytest.raises(ValueError, match="not a regular file"):
        check_writable(name)


def test_a_folder_that_vanishes_is_made_again(place: Path) -> None:
    (place / "new").mkdir()

    def fit(self, *_: object, **__: object) -> ae.Autoencoder:
        (place / "new").rmdir()
        return real(self, np.load("x.npy"))

    real = ae.Autoencoder.fit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ae.Autoencoder, "fit", fit)
        assert main(shlex.split(f"fit x.npy --out new/n.ae {QUICK}")) == 0

    assert ae.load("new/n.ae").latent_dim == 2


def test_a_model_that_cannot_be_written_is_saved_elsewhere(
    place: Path, tmp_path, monkeypatch, capsys
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    real = os.replace

    def full(source: str, target: str) -> None:
        if Path(target).name == "n.ae":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    status = main(shlex.split(f"fit x.npy --out n.ae {QUICK}"))
    err = capsys.readouterr().err
    (elsewhere,) = (tmp_path / "tmp").rglob("*.ae")

    assert status == 2
    assert "No space left" in err
    assert str(elsewhere) in err
    assert ae.load(elsewhere).transform(np.load("x.npy")).shape == (30, 2)
    assert not [p for p in place.iterdir() if p.name.startswith(".")]


# Temporary files


def test_what_killed_processes_left_is_deleted_by_the_next_write(place: Path) -> None:
    script = """
import os, signal, sys
from autoencode.common.atomic_files import replacing
with replacing("out.npy") as temporary:
    temporary.write_text("half")
    print(temporary, flush=True)
    os.kill(os.getpid(), signal.SIGKILL) if sys.argv[1] == "kill" else sys.stdin.readline()
"""
    command = [sys.executable, "-c", script]
    subprocess.run([*command, "kill"], stdout=subprocess.DEVNULL)
    alive = subprocess.Popen(
        [*command, "wait"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    held = Path(alive.stdout.readline().strip())
    left = {p for p in place.iterdir() if p.name.startswith(".autoencode-")}
    foreign = [place / ".autoencode-thesis", place / f".autoencode-{'A' * 16}", place / ".m.ae.1"]

    for path in foreign:
        path.write_text("years of work")

    (place / f".autoencode-{'0' * 16}").symlink_to("thesis.txt")
    (place / f".autoencode-{'1' * 16}").mkdir()
    os.link("thesis.txt", f".autoencode-{'2' * 16}")

    assert len(left) == 2
    check_writable(place / "other.npy")
    assert {p for p in left if p.exists()} == {place / held}
    assert all(path.exists() for path in foreign)
    assert len([*place.glob(".autoencode-*")]) == 6
    assert Path("thesis.txt").read_text() == "years of work"

    alive.communicate("go on\n")
    assert Path("out.npy").read_text() == "half"
    assert not held.exists()


def test_without_locks_only_what_is_old_is_deleted(place: Path, monkeypatch) -> None:
    monkeypatch.setattr(writing, "fcntl", None)
    old, new = (place / f".autoencode-{c * 16}" for c in "ab")

    for path in (old, new):
        path.write_text("half")

    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)

    with replacing(place / "x.txt", durable=True) as temporary:
        temporary.write_text("whole")

    check_writable(place / "x.txt")
    assert Path("x.txt").read_text() == "whole"
    assert not old.exists()
    assert new.exists()


def test_many_threads_write_one_file(place: Path) -> None:
    def write(k: int) -> None:
        for _ in range(20):
            check_writable(place / "x.txt")

            with replacing(place / "x.txt") as temporary:
                temporary.write_text(1000 * str(k))

    threads = [threading.Thread(target=write, args=(k,)) for k in range(4)]
    _ = [t.start() for t in threads], [t.join() for t in threads]

    assert len(set(Path("x.txt").read_text())) == 1
    assert not [*place.glob(".autoencode-*")]


def test_a_planted_link_is_not_written_through(place: Path, monkeypatch) -> None:
    names = iter(["0" * 16, "1" * 16])
    monkeypatch.setattr(writing.secrets, "token_hex", lambda _: next(names))
    (place / f".autoencode-{'0' * 16}.txt").symlink_to("thesis.txt")

    with pytest.raises(FileExistsError), replacing(place / "new.txt"):
        pass

    assert Path("thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("deaf", [False, True])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_signals_leave_nothing(place: Path, monkeypatch, capsys, name: str, deaf: bool) -> None:
    if deaf and name == "SIGINT":
        pytest.skip("as jobs in the background are")

    if signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        pytest.skip(f"{name} is ignored here, as nohup has it")

    def stopped(*arguments: object) -> None:
        save(*arguments)
        signal.raise_signal(getattr(signal, name))

    before, save = bytes_of(place), np.save
    monkeypatch.setattr(np, "save", stopped)
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN if deaf else signal.default_int_handler)

    try:
        status = main(shlex.split("transform m.ae x.npy --out z.npy"))
    finally:
        signal.signal(signal.SIGINT, usual)

    assert status == 130
    assert capsys.readouterr().err == "autoencode: interrupted.\n"
    assert bytes_of(place) == before
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.slow
@pytest.mark.skipif(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, reason="in the background")
def test_a_terminated_training_keeps_the_model(place: Path, monkeypatch) -> None:
    def show(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("autoencode.training.trainer.format_terms", show)
    line = "fit x.npy --layers 8 --epochs 3000 --out kept.ae"

    assert main(shlex.split(line)) == 0
    assert len(ae.load("kept.ae").history_) <= 2


# Text of data in a terminal


def test_text_of_data_cannot_act_on_the_terminal(place: Path, capsys) -> None:
    evil = "\x1b]0;owned\x07\x1b[31m\u202e\x9b"
    name = f"photos/in/{evil}.png"
    Path(name).write_bytes(b"no image")
    main(["fit", "photos", "--out", f"{evil}.ae", *shlex.split(QUICK)])
    main(["info", f"{evil}.ae"])
    main(["fit", "photos", f"--{evil}", "--out", "q.ae"])
    main(["transform", f"{evil}.ae", f"nothing{evil}", "--out", "z.npy"])
    output = "".join(capsys.readouterr())

    assert "\\x1b" in output
    assert not [c for c in output if not (c.isprintable() or c in "\n\t")]
    assert sanitize("a\x1b\u202e\u2028b\r\n") == "a\\x1b\\u202e b \n"
