"""Tests for recordings that are read, reconstructed and written in parts."""

import errno
from pathlib import Path

import memory
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import autoencode as ae
from autoencode.cli import main
from autoencode.data.remedies import UnreadableFileError
from autoencode.inference.blocks import map_blocks
from autoencode.modalities import MDCT, Sounds, cut, join

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")

from autoencode.data.media.audio import blocks as sound_blocks  # noqa: E402
from autoencode.data.media.audio.faults import FaultFinder, find_fault  # noqa: E402
from autoencode.data.media.audio.files import read_sound, write_sound  # noqa: E402

RATE = 1000
RNG = np.random.default_rng(0)


def parts(x: NDArray, cuts: list[int]) -> list[NDArray]:
    return np.split(x, sorted(c % (len(x) + 1) for c in cuts))


@settings(max_examples=40)
@given(
    st.integers(1, 60), st.integers(2, 13), st.integers(1, 5), st.integers(1, 2),
    st.lists(st.integers(0, 60), max_size=4),
)  # fmt: skip
def test_parts_are_those_of_the_whole(
    length: int, n: int, most: int, channels: int, cuts: list[int]
) -> None:
    x = np.random.default_rng(length).normal(size=(length, channels)).astype(np.float32)
    seen = []

    def function(windows: NDArray) -> NDArray:
        return (windows**2 + np.arange(n)[:, None]).astype(np.float32)  # joined, not the same

    def noted(windows: NDArray) -> NDArray:
        seen.append(windows)
        return function(windows)

    found = np.concatenate([*map_blocks(parts(x, cuts), noted, n, most)])
    windows = cut(x, n)

    assert np.array_equal(np.concatenate(seen), windows)
    assert max(map(len, seen)) <= most
    assert found.dtype == np.float32
    assert np.array_equal(found, join(function(windows), length))


def test_no_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        [*map_blocks([], lambda windows: windows, 4, 2)]


@settings(max_examples=40)
@given(
    st.sampled_from(["sine", "clipped", "silent", "short", "cancelled", "stereo"]),
    st.lists(st.integers(0, 900), max_size=5),
)
def test_faults_in_parts_are_those_of_the_whole(kind: str, cuts: list[int]) -> None:
    tone = np.sin(np.arange(900) / 9)
    x = {
        "sine": tone,
        "clipped": np.clip(3 * tone, -1, 1),
        "silent": 0 * tone,
        "short": tone[:5],
        "cancelled": np.stack([tone, -tone], axis=1),
        "stereo": np.stack([tone, np.cos(np.arange(900))], axis=1),
    }[kind]
    finder = FaultFinder(RATE, 1)

    for part in parts(x, cuts):
        finder.add(part)

    assert finder.fault() == find_fault(x, RATE, 1)
    assert (finder.fault() is None) == (kind in {"sine", "stereo"})


@pytest.mark.parametrize("rate", [700, 1000, 2300])
@pytest.mark.parametrize(("suffix", "channels"), [("wav", 1), ("flac", 2), ("ogg", 1)])
def test_blocks_of_files_are_the_files(
    tmp_path, monkeypatch, rate: int, suffix: str, channels: int
) -> None:
    own = 8000 if suffix == "ogg" else RATE
    x = RNG.uniform(-0.5, 0.5, (5 * own, 2)) * np.linspace(0, 1, 5 * own)[:, None]
    soundfile.write(tmp_path / f"a.{suffix}", x, own)
    monkeypatch.setattr(sound_blocks, "_BLOCK_FRAMES", 777)
    name, blocks = next(sound_blocks.each_sound_in_blocks(tmp_path, rate, channels))
    found = [*blocks]
    whole = read_sound(tmp_path / f"a.{suffix}", rate, channels).reshape(-1, channels)

    assert name == f"a.{suffix}"
    assert len(found) > 2
    assert np.concatenate(found).shape == whole.shape
    assert np.allclose(np.concatenate(found), whole, atol=1e-5)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff"])
def test_parts_are_written_as_the_whole(tmp_path, suffix: str) -> None:
    x = RNG.uniform(-0.9, 0.9, (1000, 2)).astype(np.float32)
    sound_blocks.write_sound_blocks(tmp_path / f"parts{suffix}", iter(parts(x, [1, 500])), RATE)
    write_sound(tmp_path / f"whole{suffix}", x, RATE)

    assert (tmp_path / f"parts{suffix}").read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.xyz", r"expected a file of a sound, one of .*\.wav.*, got '\.xyz'"),
        ("a", "got ''"),
        ("a.mp3", r"cannot write a \.mp3 file with 1,000 samples a second.*Use \.wav"),
    ],
)
def test_formats_that_cannot_be_written_are_named(tmp_path, name: str, message: str) -> None:
    x = RNG.uniform(-0.5, 0.5, (50, 1)).astype(np.float32)

    with pytest.raises(ValueError, match=message):
        write_sound(tmp_path / name, x, RATE)

    with pytest.raises(ValueError, match=message):
        sound_blocks.write_sound_blocks(tmp_path / name, iter([x]), RATE)

    assert not (tmp_path / name).exists() or name == "a.mp3"


def test_a_full_disk_is_reported(tmp_path) -> None:
    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    full = sound_blocks._Watched(Full())  # type: ignore[arg-type]
    assert full.write(b"ab") == full.write(b"cd") == 2

    with pytest.raises(OSError, match="No space"):
        full.check()

    with pytest.raises(ValueError, match="at least one part"):
        sound_blocks.write_sound_blocks(tmp_path / "a.wav", iter([]), RATE)


@pytest.fixture(scope="module")
def model() -> ae.Autoencoder:
    modality = Sounds(rate=RATE, seconds=0.5, spectrum=MDCT(n_bins=32))
    X = RNG.uniform(-0.5, 0.5, (12, 500)).astype(np.float32)
    return ae.linear(2, modality=modality).fit(X)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, n in {"a/0.wav": 3210, "a/1.flac": 90, "b/1.wav": 500, "b/1.flac": 740}.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "in" / name, RNG.uniform(-0.5, 0.5, n), RATE)

    return tmp_path / "in"


def test_files_in_parts_are_those_in_memory(model, folder, tmp_path, caplog) -> None:
    (folder / "broken.wav").write_bytes(b"RIFF nothing")
    whole = model.denoise(folder, full_size=True)
    caplog.clear()
    found = model.denoise(folder, out=tmp_path / "out")
    names = ["a/0.wav", "a/1.wav", "b/1.flac.wav", "b/1.wav.wav"]

    assert [str(path.relative_to(tmp_path / "out")) for path in found] == names
    assert "1 of 5 files no readable sounds, and skipped: broken.wav" in caplog.text
    assert not (tmp_path / "out" / "broken.wav").exists()

    for path, x in zip(found, whole, strict=True):
        assert np.allclose(soundfile.read(path)[0], x, atol=1e-4)

    # One file, to a file and to a folder
    for out, there in (("x.flac", "x.flac"), ("one", "one/0.wav")):
        found = model.reconstruct(str(folder / "a" / "0.wav"), out=str(tmp_path / out))
        assert found == tmp_path / there
        assert np.allclose(soundfile.read(found)[0], whole[0], atol=1e-4)


def test_the_command_line_writes_parts(model, folder, tmp_path, capsys) -> None:
    model.save(tmp_path / "m.ae")
    args = ["denoise", str(tmp_path / "m.ae")]

    assert main([*args, str(folder), "--out", str(tmp_path / "out")]) == 0
    assert "4 reconstructions" in capsys.readouterr().out
    assert main([*args, str(folder / "a/0.wav"), "--out", str(tmp_path / "x.wav")]) == 0
    assert "1 reconstruction." in capsys.readouterr().out
    assert (tmp_path / "x.wav").read_bytes() == (tmp_path / "out/a/0.wav").read_bytes()
    assert main([*args, str(folder), "--out", str(tmp_path / "y.wav")]) == 2
    (tmp_path / "bad.wav").write_bytes(b"RIFF nothing")
    assert main([*args, str(tmp_path / "bad.wav"), "--out", str(tmp_path / "z.wav")]) == 2
    assert "cannot read" in capsys.readouterr().err
    assert not (tmp_path / "z.wav").exists()


def test_what_has_no_parts_is_refused(model, folder, tmp_path) -> None:
    for X, out, message in (
        (
            np.zeros((2, 500), np.float32),
            "x",
            "for sounds in a file or folder.*got ndarray",
        ),
        (folder, "x.wav", "expected a folder for the sounds of the folder"),
    ):
        with pytest.raises(ValueError, match=message):
            model.reconstruct(X, out=tmp_path / out)

    with pytest.raises(FileNotFoundError, match="there is no file"):
        model.reconstruct(tmp_path / "no.wav", out=tmp_path / "x.wav")

    (tmp_path / "empty.wav").touch()

    with pytest.raises(UnreadableFileError, match="cannot read"):
        model.reconstruct(tmp_path / "empty.wav", out=tmp_path / "x.wav")

    table = ae.linear(1).fit(RNG.normal(size=(9, 3)))

    with pytest.raises(ValueError, match="is for sounds in a file or folder"):
        table.reconstruct(folder, out=tmp_path / "x")


def test_parts_have_the_label_of_their_recording(folder, tmp_path) -> None:
    modality = Sounds(rate=RATE, seconds=0.5, spectrum=MDCT(n_bins=32))
    model = ae.linear(2, modality=modality, conditional=True)
    model.fit(RNG.uniform(-0.5, 0.5, (12, 500)).astype(np.float32), ["a", "b"] * 6)
    y = ["a", "a", "b", "b"]
    found = model.reconstruct(folder, y, out=tmp_path / "out")

    for path, x in zip(found, model.reconstruct(folder, y, full_size=True), strict=True):
        assert np.allclose(soundfile.read(path)[0], x, atol=1e-4)


SCRIPT = """
import sys
import memory
import autoencode as ae

model = ae.load(sys.argv[1])
model.denoise(sys.argv[2], out=sys.argv[3])
before = memory.forget()
model.denoise(sys.argv[4], out=sys.argv[3])
print(memory.peak() - before)
"""


@pytest.mark.slow
@memory.linux
def test_memory_does_not_depend_on_the_length(model, tmp_path) -> None:
    model.save(tmp_path / "m.ae")
    x = RNG.uniform(-0.5, 0.5, 3_000_000).astype(np.float32)  # 12 MB, of 50 minutes
    soundfile.write(tmp_path / "short.wav", x[:1_000_000], RATE)
    soundfile.write(tmp_path / "long.wav", x, RATE)
    files = [tmp_path / name for name in ("m.ae", "short.wav", "out.wav", "long.wav")]

    assert memory.printed(SCRIPT, *files) < 4e7  # in memory, it takes 2e8
