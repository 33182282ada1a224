r"""Tests for the length of sounds, and for folders and lists of long recordings."""

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import autoencode as ae
from autoencode.cli import main
from autoencode.common.failures import FitWarning
from autoencode.modalities import LogMel, Sounds, cut
from autoencode.modalities.audio.lengths import choose_seconds

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")

RATE = 1000
LENGTHS = {"a/0": 3.2, "a/1": 2.7, "b/2": 4.05, "b/3": 0.6}
WINDOWS = [6, 5, 8, 1]  # of a second, each half a second after the one before


def sounds(**options) -> Sounds:
    spectrum = LogMel(n_mels=8, hop_seconds=0.032, n_iter=2)
    return Sounds(rate=RATE, spectrum=spectrum, **options)


def quick(recipe=ae.vae, modality: Sounds | None = None, **options):
    training = ae.Training(epochs=1)
    modality = modality or sounds()
    return recipe(2, layers=(8,), training=training, random_state=0, modality=modality, **options)


def noise(seconds: float, seed: int = 0) -> NDArray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(RATE * seconds))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i, (name, seconds) in enumerate(LENGTHS.items()):
        file = tmp_path / "long" / f"{name}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, noise(seconds, i), RATE, subtype="FLOAT")

    return tmp_path / "long"


def test_a_folder_of_long_recordings_is_cut_as_a_single_file_is(folder, caplog) -> None:
    with caplog.at_level(logging.INFO, "autoencode"):
        model = quick(conditional=True).fit(folder)

    assert "4 recordings are cut into 20 windows of 1 s" in caplog.text
    assert model.modality_.samples_ == RATE
    assert model.context_.classes_.tolist() == ["a", "b"]
    assert model.transform(folder).shape == (20, 2)  # under the labels of the subfolders
    assert model.transform(folder, pool_windows=True).shape == (4, 2)
    assert [len(x) for x in model.denoise(folder, full_size=True)] == [3200, 2700, 4050, 600]

    for i, (name, n) in enumerate(zip(LENGTHS, np.cumsum(WINDOWS))):
        alone = model.transform(folder / f"{name}.wav", name[0])
        assert np.allclose(alone, model.transform(folder)[n - WINDOWS[i] : n], atol=1e-5)


def test_recordings_are_held_out_whole(folder, caplog) -> None:
    for i in range(6):
        soundfile.write(folder / "a" / f"more{i}.wav", noise(3, i), RATE, subtype="FLOAT")

    with caplog.at_level(logging.INFO, "autoencode"):
        quick().fit(folder)
        quick(modality=sounds(seconds=0.5)).fit(folder / "b" / "2.wav")

    assert "held out: all windows of 2 of 10 recordings" in caplog.text
    assert "read 10 of 10 files" in caplog.text
    assert "held out: the last windows of 1 of 1 recordings" in caplog.text


def test_many_windows_are_cut_once(folder, monkeypatch, limits, caplog) -> None:
    monkeypatch.setenv("AUTOENCODE_CACHE", str(folder.parent / "cache"))
    (folder / "a" / "broken.wav").write_bytes(b"RIFF")
    soundfile.write(folder / "b" / "silent.wav", np.zeros(3000), RATE)
    codes = quick().fit(folder).transform(folder)
    limits(resident_bytes=0)
    model = quick().fit(folder)
    monkeypatch.setattr("autoencode.data.media.audio.folders.decode_file", None)
    caplog.clear()

    assert np.array_equal(model.transform(folder), codes)
    assert np.array_equal(quick().fit(folder).transform(folder), codes)
    assert "silent, and kept: b" in caplog.text
    assert "no readable sounds, and skipped: a" in caplog.text
    assert len([*folder.parent.glob("cache/autoencode/*/info.json")]) == 1


def test_a_list_is_a_folder(folder) -> None:
    X = [noise(seconds, i) for i, seconds in enumerate(LENGTHS.values())]
    y = ["a", "a", "b", "b"]
    of_list, of_folder = (quick(conditional=True).fit(*data) for data in ((X, y), (folder,)))

    assert np.allclose(of_list.transform(X, y), of_folder.transform(folder), atol=1e-4)
    assert of_list.score(X, y) == pytest.approx(of_folder.score(folder), rel=1e-3)
    assert np.array_equal(of_list.transform(X, y), of_list.transform(X, np.repeat(y, WINDOWS)))
    assert np.array_equal(of_list.transform(cut(X, RATE), y), of_list.transform(X, y))

    with pytest.raises(ValueError, match="expected one y for all or 4 of them, got 3"):
        of_list.transform(X, y[:3])


def test_the_command_line_labels_windows_by_recordings(folder, tmp_path) -> None:
    model, labels = tmp_path / "m.ae", tmp_path / "labels.csv"
    quick(conditional=True).fit(folder).save(model)
    labels.write_text("a\na\nb\nb\n")
    line = ["transform", model, folder, "--labels", labels, "--out", tmp_path / "z.csv"]

    assert main([*map(str, line)]) == 0
    lines = (tmp_path / "z.csv").read_text().splitlines()
    assert len(lines) == 21
    assert lines[2].startswith(str(Path("a") / "0-0.5s.wav"))


def test_pairs_of_recordings_have_one_length() -> None:
    X = [noise(3.0), noise(4.0)]
    quick(ae.autoencoder).fit(X, corrupted=[0.5 * x for x in X])

    with pytest.raises(
        ValueError, match=r"recording 0 with 5 windows, and its damaged version with 7"
    ):
        quick(ae.autoencoder).fit(X, corrupted=X[::-1])


@pytest.mark.parametrize(
    ("lengths", "seconds"),
    [
        ([0.3, 0.5, 0.61], 0.61),
        ([0.5] * 30 + [1.4], 0.5),  # one outlier
        ([5.0, 5.0, 5.0], 5.0),  # clips of one length
        ([3.0, 6.0, 9.0], 1.0),
        ([60.0, 60.0], 1.0),
        ([], 1.0),
    ],
)
def test_the_length_is_that_of_the_recordings(lengths: list, seconds: float) -> None:
    assert choose_seconds(lengths) == seconds


@given(st.lists(st.floats(0.02, 30), min_size=1, max_size=40))
def test_the_length_of_what_was_cut_is_the_same_or_less(lengths: list[float]) -> None:
    seconds = choose_seconds(lengths)
    assert 0 < seconds <= 10
    assert choose_seconds([min(n, seconds) for n in lengths]) <= seconds


def test_what_is_cut_off_is_counted(caplog) -> None:
    model = quick(modality=sounds(seconds=0.5)).fit([noise(0.5)] * 30 + [noise(0.7)])
    assert caplog.text.count("1 of 31 sounds longer than 0.5 s, and cut off: sound 30") == 1

    caplog.clear()
    assert model.transform([noise(0.5), noise(2.0)]).shape == (2, 2)
    assert "1 of 2 sounds longer than 0.5 s, and cut off: sound 1" in caplog.text


def test_one_sound_that_sets_the_cost_of_all_is_named() -> None:
    with pytest.warns(FitWarning, match=r"the longest of 21 recordings, of 40 s, makes up 8\d %"):
        quick().fit([noise(0.5)] * 20 + [noise(40.0)])


def test_a_length_that_was_asked_for_is_kept(folder) -> None:
    for modality in (sounds(seconds=0.25), sounds(seconds=5.0)):
        assert quick(modality=modality).fit(folder).modality_.samples_ == RATE * modality.seconds
