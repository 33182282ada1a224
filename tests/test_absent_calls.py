r"""Tests on systems and disks that lack some calls: results are the same without them."""

import errno
import logging
import mmap
import os
import re
import signal
import threading
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest
from PIL import Image

import autoencode as ae
from autoencode.cli import main
from autoencode.common import atomic_files
from autoencode.data import cache

X = np.random.default_rng(0).normal(size=(30, 3))


def fitted(folder: Path | None = None, resume: bool = False) -> np.ndarray:
    training = ae.Training(epochs=2, checkpoint_dir=folder, show_progress=False)
    model = ae.autoencoder(2, layers=(4,), training=training, random_state=0)
    return model.fit(X, resume=resume).transform(X)


def refuse(number: int) -> Any:
    def call(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.parametrize("number", [errno.ENOLCK])
def test_a_disk_may_have_no_locks(tmp_path, monkeypatch, caplog, number: int) -> None:
    monkeypatch.setenv("AUTOENCODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(filelock.FileLock, "acquire", refuse(number))
    expected = fitted()

    with caplog.at_level(logging.WARNING):
        assert np.array_equal(fitted(tmp_path / "run"), expected)
        assert np.array_equal(fitted(tmp_path / "run", resume=True), expected)
        prepared = cache.prepare("key", _make)

    assert prepared.X.tolist() == [1, 2]
    assert "has no locks" in caplog.text


def _make(folder: Path) -> dict[str, Any]:
    (folder / "X").write_bytes(bytes([1, 2]))
    return {"dtype": "u1", "shape": [2]}


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_other_errors_of_locks_are_reported(tmp_path, monkeypatch, number: int) -> None:
    monkeypatch.setattr(filelock.FileLock, "acquire", refuse(number))

    with pytest.raises(OSError, match=os.strerror(number)):
        fitted(tmp_path / "run")


def test_a_disk_may_not_flush(tmp_path, monkeypatch) -> None:
    model = ae.linear(2).fit(X)
    monkeypatch.setattr(os, "fsync", refuse(errno.EINVAL))
    model.save(tmp_path / "m.ae")
    assert np.array_equal(ae.load(tmp_path / "m.ae").transform(X), model.transform(X))

    monkeypatch.setattr(os, "fsync", refuse(errno.ENOSPC))

    with pytest.raises(OSError, match=r"No space left on device: .*n\.ae"):
        model.save(tmp_path / "n.ae")

    assert [path.name for path in tmp_path.iterdir()] == ["m.ae"]


class NoMap(mmap.mmap):
    def __new__(cls, *_: object, **__: object) -> "NoMap":
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


def test_a_disk_may_have_no_maps(tmp_path, monkeypatch, limits) -> None:
    monkeypatch.setenv("AUTOENCODE_CACHE", str(tmp_path / "cache"))
    limits(resident_bytes=0)
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "photos").mkdir()

    for i, image in enumerate(np.random.default_rng(0).integers(256, size=(5, 6, 6), dtype="u1")):
        Image.fromarray(image).save(tmp_path / f"photos/{i}.png")

    def results() -> list[np.ndarray]:
        spool = cache.Spool()
        spool.append(X)
        codes = [
            ae.linear(1).fit(p).transform(p) for p in (tmp_path / "x.npy", tmp_path / "photos")
        ]
        return [*codes, np.array(spool.array()), np.array(cache.prepare("key", _make).X)]

    expected = results()
    monkeypatch.setattr(mmap, "mmap", NoMap)

    assert all(map(np.array_equal, results(), expected))


# Calls that Windows has, too
EVERYWHERE = set(
    "os.O_CREAT os.O_EXCL os.O_RDONLY os.O_RDWR os.O_WRONLY os.PathLike os.SEEK_SET os.W_OK "
    "os._exit os.access os.close os.cpu_count os.devnull os.dup os.dup2 os.environ os.fdopen "
    "os.fsencode os.fstat os.fsync os.getpid os.link os.listdir os.lseek os.open os.path "
    "os.pathsep os.read os.rename os.replace os.scandir os.sep os.strerror os.unlink os.utime "
    "os.walk signal.SIGINT signal.SIG_DFL signal.SIG_IGN signal.Signals "
    "signal.default_int_handler signal.getsignal signal.raise_signal signal.signal".split()
)
ABSENT = [
    (signal, ["SIGHUP", "SIGTERM"]),
    (
        os,
        [
            "geteuid",
            "sched_getaffinity",
            "sysconf",
            "O_NOFOLLOW",
            "preadv",
            "posix_fadvise",
            "POSIX_FADV_WILLNEED",
        ],
    ),
]


def test_no_other_call_of_one_system_is_used() -> None:
    tried = {f"{module.__name__}.{name}" for module, names in ABSENT for name in names}
    root = Path(ae.__file__).parent
    text = "".join(path.read_text("utf-8") for path in root.rglob("*.py"))
    used = set(re.findall(r"(?<![\w.])((?:os|signal)\.[a-zA-Z_]\w*)", text))

    assert used - EVERYWHERE <= tried
    assert len(used) > 30


def test_calls_of_other_systems_may_be_absent(tmp_path, monkeypatch) -> None:
    for module, names in ABSENT:
        for name in names:
            monkeypatch.delattr(module, name, raising=False)

    monkeypatch.setattr(atomic_files, "fcntl", None)
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", X)
    flags = ["--recipe", "linear", "--latent-dim", "1", "--out", "m.ae"]

    assert main(["fit", "x.npy", *flags]) == 0
    assert main(["fit", "x.npy", *flags]) == 0
    assert main(["transform", "m.ae", "x.npy", "--out", "z.npy"]) == 0
    assert np.load("z.npy").shape == (30, 1)
    assert {path.name for path in tmp_path.iterdir()} == {"x.npy", "m.ae", "z.npy"}


def test_commands_run_in_any_thread(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", X)
    line = ["fit", "x.npy", "--recipe", "linear", "--latent-dim", "1", "--out", "m.ae"]
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(main(line)))
    thread.start()
    thread.join()

    assert found == [0]
