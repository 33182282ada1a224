r"""Tests of each command on a disk that is full, read-only or taken away, and of ended processes.

Nothing is lost: inputs and earlier outputs stay as they are, no temporary file remains, and one
line says what is wrong.
"""

import contextlib
import errno
import io
import os
import re
import shlex
import shutil
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import autoencode as ae
from autoencode.cli import main
from autoencode.corruptions import FutureMasking
from autoencode.data.media.audio.files import write_sound
from autoencode.modalities import MixedTables, Series, Sounds
from autoencode.networks import Recurrent, TemporalConvolutional
from autoencode.priors import StandardNormal

QUICK: dict[str, Any] = {
    "layers": (4,),
    "training": ae.Training(epochs=1, show_progress=False),
    "prior": StandardNormal(),
    "random_state": 0,
}

# A line for each command, and for each format that is written
LINES = [
    "fit x.npy --recipe linear --latent-dim 2 --out out.ae",
    "transform m.ae x.npy --out out.npy",
    "transform m.ae x.npy --out out.csv",
    "reconstruct m.ae x.csv --out out.csv",
    "denoise p.ae photos --out out",
    "denoise s.ae sounds/0.wav --out out.wav",
    "sample m.ae --random-state 0 --out out.npy",
    "sample p.ae --out out.png",
    "sample t.ae --random-state 0 --out out.txt",
    "sample s.ae -n 1 --out out.wav",
    "sample s.ae -n 2 --out out",
    "impute f.ae f.csv --out out.csv",
    "impute f.ae f.csv --out out.parquet",
    "score m.ae x.npy --out out.csv",
    "plot p.ae photos --out out",
    "manifold m.ae x.npy --n-neighbors 3 --out out",
    "neighbors m.ae x.npy --n-neighbors 3 --out out.npz",
    "anomalies w.ae w.csv --out out.csv",
    "interpolate m.ae x.npy 0 1 -n 3 --out out.png",
    "compare x.npy --methods pca --latent-dims 1 --n-folds 2 --out out",
    "diagnose m.ae x.npy --new more.npy --out out.json",
    "evaluate m.ae x.npy --train more.npy --out out.html",
    "recommend c.ae c.npy --k 1 --out out.csv",
    "forecast g.ae w.csv --steps 2 --out out.csv",
    "sample o.ae -n 2 --steps 9 --random-state 0 --out out.npy",
    "transform o.ae o.npy --full-size --out out.csv",
    "inpaint p.ae photos --mask photos/0.png --out out",
    "anomalies p.ae photos --maps maps --out out.csv",
]
NEEDS = {"s.ae": "soundfile", "f.ae": "pandas", ".parquet": "pyarrow"}
NEEDS |= {"w.ae": "pandas", "g.ae": "pandas"}


def needed(line: str) -> bool:
    return all(find_spec(name) for part, name in NEEDS.items() if part in line)


LINES = [line for line in LINES if needed(line)]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    r"""A folder with data of all kinds, and a model of each."""
    place = tmp_path_factory.mktemp("original")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3))
    np.save(place / "x.npy", X)
    (place / "x.csv").write_text("\n".join(["a,b,c", *(",".join(map(str, row)) for row in X)]))
    ae.vae(2, **QUICK).fit(X).save(place / "m.ae")

    np.save(place / "more.npy", X[:20])

    np.save(place / "c.npy", rng.poisson(1.0, size=(30, 4)) + 1)
    ae.recommender(2, **QUICK).fit(place / "c.npy").save(place / "c.ae")
    np.save(place / "o.npy", X.reshape(5, 6, 3))
    flat = {"layers": None, "network": TemporalConvolutional(4, 1), "modality": Series()}
    ae.vae(**QUICK | flat).fit(place / "o.npy").save(place / "o.ae")

    (place / "photos").mkdir()
    pixels = rng.integers(256, size=(7, 8, 8), dtype=np.uint8)

    for i, image in enumerate(pixels):
        Image.fromarray(image).save(place / f"photos/{i}.png")

    ae.vae(2, **QUICK).fit(place / "photos").save(place / "p.ae")
    speller = ae.vae(2, **QUICK | {"layers": None, "network": Recurrent(4)})
    speller.fit(["ab", "ba", "aab"] * 9).save(place / "t.ae")

    if needed("s.ae"):
        sounds = rng.normal(scale=0.1, size=(8, 800)).astype(np.float32)
        ae.vae(2, modality=Sounds(rate=8000), **QUICK).fit(sounds).save(place / "s.ae")
        (place / "sounds").mkdir()

        for i in range(2):
            write_sound(place / f"sounds/{i}.wav", sounds[i], 8000)

    if needed("f.ae"):
        rows = [f"{x:.2f},{'uv'[i % 2] if i % 3 else ''}" for i, x in enumerate(X[:, 0])]
        (place / "f.csv").write_text("\n".join(["a,k", *rows]))
        ae.vae(2, modality=MixedTables(), **QUICK).fit(place / "f.csv").save(place / "f.ae")
        steps = [f"{i},{np.sin(i)},{np.cos(i)}" for i in range(60)]
        (place / "w.csv").write_text("\n".join(["t,u,v", *steps]))
        series = Series(window=6, time="t")
        ae.vae(2, modality=series, **QUICK).fit(place / "w.csv").save(place / "w.ae")
        hidden = {"modality": Series(6, gaps=True, time="t"), "corruption": FutureMasking()}
        ae.vae(2, **QUICK | hidden).fit(place / "w.csv").save(place / "g.ae")

    return place


EARLIER = ["0.png", "00000.wav", "codes.png", "index.html"]  # some of the files of a folder


def named(out: str) -> Path:
    r"""Makes an earlier output, and returns its path."""
    path = Path(out)

    if path.suffix == ".ae":  # only a model is replaced by a model
        shutil.copy("m.ae", path)
    elif path.suffix:
        path.write_text("earlier")
    else:
        path.mkdir()
        [(path / name).write_text("earlier") for name in EARLIER]

    return path


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def temporary_files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob(".*") if p.name.startswith(".")]


def forced(line: str) -> list[str]:
    return shlex.split(line) + ["--force"] * (not line.startswith("fit"))


# Faults


@contextmanager
def full(size: int) -> Iterator[None]:
    r"""A disk on which no file is longer than some bytes."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only() -> Iterator[None]:
    r"""A disk on which no file can be made."""

    def refused(path: str, flags: int, *mode: int, **options: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

        return usual(path, flags, *mode, **options)

    usual = os.open

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", refused)
        yield


@contextmanager
def before_replacing(do: Callable[[Path], object]) -> Iterator[None]:
    r"""Does something when a file is complete, and about to get its name."""

    def replace(source: str, target: str) -> None:
        if "cache" not in str(target):
            do(Path(target))

        usual(source, target)

    usual = os.replace

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", replace)
        yield


def stop(number: int) -> AbstractContextManager:
    def interrupt(target: Path) -> None:
        signal.raise_signal(number)
        raise AssertionError("the signal was ignored")

    return before_replacing(interrupt)


def refuse(number: int) -> AbstractContextManager:
    def fail(target: Path) -> None:
        raise OSError(number, os.strerror(number))

    return before_replacing(fail)


_FULL = "File too large|No space left|could not be written completely"
FAULTS: dict[str, tuple[int, str, Callable[[], AbstractContextManager]]] = {
    "full": (2, _FULL, lambda: full(0)),
    "nearly full": (2, _FULL, lambda: full(60)),
    "read-only": (2, "Read-only file system", read_only),
    "no such device": (2, "Invalid cross-device link", lambda: refuse(errno.EXDEV)),
    "SIGTERM": (130, "interrupted", lambda: stop(signal.SIGTERM)),
    "SIGINT": (130, "interrupted", lambda: stop(signal.SIGINT)),
}
DRAWN = (
    "manifold",
    "plot",
    "interpolate",
    "compare",
    "forecast",
    "anomalies",
    "evaluate",
    "diagnose",
)  # which take long
EVERYDAY = ("fit", "transform m.ae x.npy --out out.csv", "sample s.ae -n 2", "sample p.ae")
COMMANDS = [
    pytest.param(s, marks=[pytest.mark.slow] * (not s.startswith(EVERYDAY))) for s in LINES
]


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS)
def test_a_fault_loses_nothing_and_is_reported(
    place: Path, tmp_path, monkeypatch, line: str
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    out = named(shlex.split(line)[-1])
    before = bytes_of(place)

    for name, (status, message, fault) in FAULTS.items():
        if line.startswith(DRAWN) and name not in {"full", "SIGTERM"}:
            continue

        if name == "SIGTERM" and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            break  # as in the background

        stderr = io.StringIO()

        with (
            contextlib.redirect_stderr(stderr),
            contextlib.redirect_stdout(io.StringIO()),
            fault(),
        ):
            assert main(forced(line)) == status, name

        *_, last = stderr.getvalue().splitlines()
        assert re.search(message, last), last
        assert str(out) in last or status == 130, last
        assert "unexpected" not in stderr.getvalue()
        assert "Traceback" not in stderr.getvalue()
        assert bytes_of(place) == before, name
        assert temporary_files(place) == []

    # A killed process leaves a file, which the next one deletes
    if hasattr(os, "fork") and not line.startswith(DRAWN):
        assert _killed(line) == signal.SIGKILL
        assert {k: v for k, v in bytes_of(place).items() if "/." not in k} == before
        assert temporary_files(place) != []

    assert main(forced(line)) == 0
    assert temporary_files(place) == []


def _killed(line: str) -> int:
    r"""Runs a command in a process that is killed before its first file gets its name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of processes with threads
        child = os.fork()

    if child == 0:
        signal.alarm(60)

        with before_replacing(lambda target: os.kill(os.getpid(), signal.SIGKILL)):
            main(forced(line))

        os._exit(0)

    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_folder_may_vanish(place: Path, tmp_path, monkeypatch, capsys, line: str) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    words = shlex.split(line)
    words[-1] = f"new/{words[-1]}"

    # When the file is complete
    with before_replacing(lambda target: shutil.rmtree("new") if "new" in str(target) else None):
        assert main(words) == 2

    error = capsys.readouterr().err.splitlines()[-1]
    assert f"{words[-1]}" in error
    assert "No such file" in error
    assert not Path("new").exists()
    rescued = [*(tmp_path / "tmp").rglob("*.ae")]
    assert len(rescued) == (words[0] == "fit")

    for path in rescued:
        assert str(path) in error
        assert ae.load(path).transform(np.load("x.npy")).shape == (30, 2)


# Names


def names_of(path: Path) -> list[str]:
    r"""Makes links to a file or folder, and returns all its names."""
    shutil.rmtree("links", ignore_errors=True)
    links = [Path(f"links/{name}{path.suffix}") for name in ("soft", "twice", "hard")]
    links[0].parent.mkdir()
    links[0].symlink_to(path.absolute())
    links[1].symlink_to(links[0].absolute())

    if path.is_file():
        os.link(path, links[2])

    usual = [str(path), f"./{path}", f"photos/../{path}", str(path.absolute())]
    return usual + [str(link) for link in links if link.exists()]


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_no_name_of_an_input_is_an_output(place: Path, capsys, line: str) -> None:
    words = forced(line)
    at = words.index("--out") + 1
    inputs = [Path(word) for word in words[1:] if Path(word).exists()]
    inputs += [min(path.iterdir()) for path in inputs if path.is_dir()]
    before = bytes_of(place)

    for path in inputs:
        for name in names_of(path):
            words[at] = name
            assert main(words) == 2, name
            assert "Traceback" not in "".join(capsys.readouterr())

        shutil.rmtree("links")
        assert bytes_of(place) == before


NAMES = ["a" * 255, "字" * 85, os.fsdecode(b"\xff\xfe"), "\x1b[31m", "-x", " ", "$x", "a'b"]


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in LINES if not line.startswith(DRAWN)])
def test_outputs_may_have_any_name(place: Path, capsys, line: str) -> None:
    *words, _, out = shlex.split(line)
    suffix = Path(out).suffix

    for name in NAMES:
        name = _shortened(name, 255 - len(suffix)) + suffix
        assert main([*words, f"--out={name}"]) == 0, name
        assert Path(name).exists()
        output = "".join(capsys.readouterr())
        assert all(c.isprintable() or c in "\n\t" for c in output)

    assert temporary_files(place) == []


def _shortened(name: str, size: int) -> str:
    r"""Returns the beginning of a name that has at most so many bytes."""
    while len(os.fsencode(name)) > size:
        name = name[:-1]

    return name
