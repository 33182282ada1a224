r"""Tests for large folders of sounds, which are decoded once, and for fits that were killed."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import autoencode as ae
from autoencode import Training
from autoencode.corruptions import Hum
from autoencode.data.disk_arrays import FileTensor
from autoencode.modalities import LogMel, Sounds

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")

from autoencode.data.media.audio.folders import read_sounds  # noqa: E402


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("AUTOENCODE_CACHE", str(folder))
    return folder


def recordings(folder: Path, N: int = 30) -> Path:
    rng = np.random.default_rng(0)

    for i in range(N):
        place = folder / "ab"[i * 2 // N]
        place.mkdir(parents=True, exist_ok=True)
        x = rng.uniform(-0.5, 0.5, (500 + 20 * i, 1 + i % 2))
        soundfile.write(place / f"{i:03}.wav", x, [4000, 8000][i % 2])

    return folder


def sounds(**options) -> Sounds:
    spectrum = LogMel(n_mels=8, hop_seconds=0.016, n_iter=2)
    return Sounds(rate=4000, seconds=0.2, spectrum=spectrum, **options)


def fit_sounds(X, training: Training | None = None, **options):
    training = training or Training(epochs=2, batch_size=8)
    return ae.vae(
        2,
        layers=(8,),
        modality=sounds(**options),
        training=training,
        random_state=0,
        prior=ae.priors.StandardNormal(),
    ).fit(X)


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 2])
def test_folders_of_sounds_are_prepared_once(
    tmp_path, monkeypatch, limits, cache, channels, caplog
) -> None:
    recordings(tmp_path)
    (tmp_path / "a" / "notes.txt").write_text("no sound")
    soundfile.write(tmp_path / "b" / "silent.wav", np.zeros(700), 4000)
    small = read_sounds(tmp_path, 4000, 0.2, channels)
    model = fit_sounds(tmp_path, channels=channels)
    in_memory = model.transform(tmp_path)
    assert not [*cache.iterdir()]

    limits(resident_bytes=0, block_files=4)
    caplog.clear()
    large = read_sounds(tmp_path, 4000, 0.2, channels)

    assert isinstance(large.X.rows, np.memmap)
    assert large.X.rows.shape == (31, 800, 2)[: 1 + channels]
    assert all(map(np.array_equal, large.X, small.X))
    assert [len(x) for x in large.X] == [len(x) for x in small.X]
    assert large.y.tolist() == small.y.tolist()
    assert large.files == small.files
    assert "1 of 32 files no readable sounds, and skipped: a" in caplog.text
    assert "1 of 32 files silent, and kept: b" in caplog.text

    # Found again, with what is wrong of it, and nothing decoded
    caplog.clear()
    monkeypatch.setattr("autoencode.data.media.audio.folders.decode_file", None)
    assert all(map(np.array_equal, read_sounds(tmp_path, 4000, 0.2, channels).X, small.X))
    assert "1 of 32 files silent, and kept: b" in caplog.text
    assert len([*cache.rglob("info.json")]) == 1

    mapped = fit_sounds(tmp_path, channels=channels)
    assert np.array_equal(mapped.transform(tmp_path), in_memory)
    assert isinstance(mapped.modality_.load(large.X), FileTensor)
    assert model.history_[-1].train == mapped.history_[-1].train


def test_a_large_folder_without_a_sound_is_reported(tmp_path, limits) -> None:
    limits(resident_bytes=0)
    (tmp_path / "a.wav").write_text("no sound")

    with pytest.raises(ValueError, match="expected a folder of sounds, got no sound in"):
        read_sounds(tmp_path, 4000, 0.2)


def test_large_folders_of_sounds_are_guessed(tmp_path, limits, cache) -> None:
    limits(resident_bytes=0)
    training = Training(epochs=1)
    model = ae.autoencoder(2, layers=(8,), training=training).fit(recordings(tmp_path, 4))

    assert isinstance(model.modality_, Sounds)
    assert len([*cache.rglob("info.json")]) == 1


PREPARE_SOUNDS = """
import sys, time
import autoencode.data.media.audio.folders as sounds
from autoencode.common.batching import limit_data

wait = float(sys.argv[3])
decode = sounds.decode_file

def slow(file, *args):
    time.sleep(wait)
    print(file.name, flush=True)
    return decode(file, *args)

sounds.decode_file = slow

with limit_data(resident_bytes=0, block_files=2):
    sounds.read_sounds(sys.argv[1], 4000, 0.2).X.rows.tofile(sys.argv[2])
"""


@pytest.mark.slow
def test_a_killed_preparation_of_sounds_goes_on(tmp_path, cache) -> None:
    folder = recordings(tmp_path / "sounds")
    (folder / "a" / "001.wav").write_text("no sound")
    arguments = [sys.executable, "-c", PREPARE_SOUNDS, str(folder), str(tmp_path / "out")]
    first = subprocess.Popen([*arguments, "0.02"], stdout=subprocess.PIPE, text=True)
    before = [first.stdout.readline() for _ in range(15)]
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not [*cache.rglob("info.json")]

    second = subprocess.run([*arguments, "0"], capture_output=True, text=True, check=True)
    expected = sounds().fit(X := read_sounds(folder, 4000, 0.2).X).load(X)

    assert len(before) == 15
    assert second.stdout.count(".wav") < 20
    assert (tmp_path / "out").read_bytes() == expected.numpy().tobytes()


FIT = """
import os, signal, sys, time
from pathlib import Path
import autoencode as ae
from autoencode.common.batching import limit_data
from autoencode.modalities import LogMel, Sounds

damage, steps, last = ae.corruptions.Hum.damage, 0, int(sys.argv[4])

def counted(*args):
    global steps
    steps += 1

    if steps == last:
        while not Path(sys.argv[3], "last.checkpoint").exists():  # another thread writes it
            time.sleep(0.01)

        os.kill(os.getpid(), signal.SIGKILL)

    return damage(*args)

ae.corruptions.Hum.damage = counted
training = ae.Training(epochs=6, batch_size=8, checkpoint_dir=sys.argv[3], checkpoint_seconds=1e-3)
spectrum = LogMel(n_mels=8, hop_seconds=0.016, n_iter=2)
modality = Sounds(rate=4000, seconds=0.2, spectrum=spectrum)
hum = ae.corruptions.Hum()
model = ae.denoising(
    2, layers=(8,), modality=modality, training=training, corruption=hum, random_state=0
)

with limit_data(resident_bytes=0):
    model.fit(sys.argv[1], resume=True).save(sys.argv[2])

print(steps)
"""


@pytest.mark.slow
def test_a_killed_fit_of_sounds_goes_on(tmp_path, monkeypatch) -> None:
    folder = recordings(tmp_path / "sounds")
    command = [sys.executable, "-c", FIT, folder, tmp_path / "model.ae", tmp_path / "run"]
    assert subprocess.run([*command, "13"]).returncode == -signal.SIGKILL
    done = subprocess.run([*command, "0"], capture_output=True, text=True, check=True)

    killed = ae.load(tmp_path / "model.ae")
    damaged, damage = [], Hum.damage

    def counted(*arguments) -> torch.Tensor:
        damaged.append(arguments)
        return damage(*arguments)

    monkeypatch.setattr(Hum, "damage", counted)
    whole = ae.Autoencoder(**killed.get_params(deep=False))
    whole.set_params(training=Training(epochs=6, batch_size=8)).fit(folder)

    assert int(done.stdout) < len(damaged)
    assert np.array_equal(whole.transform(folder), killed.transform(folder))
