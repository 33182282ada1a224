r"""Tests for sounds: files and arrays in, spectra, and files out."""

import logging
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import autoencode as ae
from autoencode import plots
from autoencode.cli import main
from autoencode.corruptions import Compose, Hum, Typos
from autoencode.distributions import DiagonalGaussian, SharedGaussian
from autoencode.evaluation import log_spectral_distance, signal_to_noise
from autoencode.inputs import modality_of
from autoencode.modalities import MDCT, Images, LogMel, Sounds, Tables, cut, guess, join, pool
from autoencode.networks import Convolutional

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")

from autoencode.data.media.audio.decoding import mix  # noqa: E402
from autoencode.data.media.audio.faults import find_fault, report_faults  # noqa: E402
from autoencode.data.media.audio.files import read_sound  # noqa: E402
from autoencode.data.media.audio.folders import Recordings, read_sounds  # noqa: E402

RATE = 4000


def tone(frequency: float, n: int = 800, rate: int = RATE) -> NDArray:
    return 0.5 * np.sin(2 * np.pi * frequency / rate * np.arange(n))


def tones(N: int = 24, n: int = 800) -> NDArray:
    return np.stack([tone(200 + 30 * i, n) for i in range(N)]).astype(np.float32)


ODD_SOUNDS = ["narrow", "offsets", "quiet"]


def small(**options) -> Sounds:
    return Sounds(
        rate=RATE, seconds=0.2, spectrum=LogMel(n_mels=16, hop_seconds=0.016, n_iter=4), **options
    )


def quick(recipe=ae.autoencoder, **options):
    training = ae.Training(epochs=2, validation_fraction=0)
    return recipe(latent_dim=2, layers=(16,), training=training, random_state=0, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i in range(8):
        file = tmp_path / "sounds" / ["high", "low"][i % 2] / f"{i}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, tone(1000 if i % 2 == 0 else 300, 700 + 20 * i), RATE)

    return tmp_path / "sounds"


# Spectra


SIGNALS = {
    "sine": torch.sin(torch.arange(1000, dtype=torch.float64) / 3),
    "noise": torch.randn(1000, dtype=torch.float64, generator=torch.Generator().manual_seed(0)),
    "silence": torch.zeros(1000, dtype=torch.float64),
    "impulse": torch.eye(1000, dtype=torch.float64)[0],
}


@pytest.mark.parametrize("power", [0.5, 1.0])
@pytest.mark.parametrize("name", SIGNALS)
def test_the_mdct_inverts(name: str, power: float) -> None:
    x, mdct = SIGNALS[name], MDCT(n_bins=32, power=power)
    assert torch.allclose(mdct.inverse(mdct.forward(x, RATE), RATE, 1000), x, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", SIGNALS)
def test_the_mdct_keeps_energy(name: str) -> None:
    x = SIGNALS[name]
    X = MDCT(n_bins=32, power=1.0).forward(x, RATE)
    assert torch.allclose(X.square().sum(), x.square().sum(), rtol=1e-10)


@settings(max_examples=40)
@given(st.integers(1, 300), st.integers(1, 40), st.integers(1, 3))
def test_the_mdct_inverts_any_length(n: int, bins: int, channels: int) -> None:
    x = torch.randn(2, channels, n, dtype=torch.float64)
    mdct = MDCT(n_bins=bins)
    c = mdct.forward(x, RATE)

    assert c.shape == (2, channels, -(-n // bins) + 1, bins)
    assert torch.allclose(mdct.inverse(c, RATE, n), x, atol=1e-10)


def test_the_mdct_is_a_cosine_sum() -> None:
    M, x = 8, SIGNALS["noise"][:64]
    n, k = np.arange(2 * M)[:, None], np.arange(M)
    basis = np.sin(np.pi / (2 * M) * (n + 0.5)) * np.cos(np.pi / M * (n + (1 + M) / 2) * (k + 0.5))
    X = MDCT(n_bins=M, power=1.0).forward(x, RATE)[3]  # the first frame begins M samples early

    assert np.allclose(X, np.sqrt(2 / M) * x.numpy()[2 * M : 4 * M] @ basis)


def test_bands_of_a_sine_peak_where_it_is() -> None:
    mel = LogMel(n_mels=40, hop_seconds=0.016)
    highest = 2595 * np.log10(1 + RATE / 2 / 700)

    for frequency in (200, 500, 1200):
        c = mel.forward(torch.from_numpy(tone(frequency, 4000)), RATE)[20]
        center = 2595 * np.log10(1 + frequency / 700) / highest * 41 - 1
        assert abs(c.argmax().item() - center) <= 1


def test_the_way_back_from_bands_keeps_pitch_and_level() -> None:
    mel, x = LogMel(n_mels=60, hop_seconds=0.016), torch.from_numpy(tone(500, 4000))[None]
    r = mel.inverse(mel.forward(x, RATE), RATE, 4000)

    assert abs(np.abs(np.fft.rfft(r[0])).argmax() - 500) <= 20
    assert 0.7 < (r.square().mean() / x.square().mean()).sqrt() < 1.3
    assert (mel.forward(r, RATE) - mel.forward(x, RATE))[0, 8:-8].abs().mean() < 0.5


def test_the_way_back_does_not_depend_on_the_others() -> None:
    mel = LogMel(n_mels=16, hop_seconds=0.016, n_iter=3)
    c = mel.forward(torch.from_numpy(tones(3)), RATE)

    together = mel.inverse(c, RATE, 800)
    assert torch.allclose(together[1:2], mel.inverse(c[1:2], RATE, 800), atol=1e-5)


def test_the_way_back_from_bands_keeps_noise() -> None:
    mel, x = LogMel(n_mels=40, hop_seconds=0.016), 0.1 * SIGNALS["noise"].repeat(4)[None]
    r = mel.inverse(mel.forward(x, RATE), RATE, 4000)

    assert 0.7 < (r.square().mean() / x.square().mean()).sqrt() < 1.3
    assert (mel.forward(r, RATE) - mel.forward(x, RATE))[0, 8:-8].abs().mean() < 0.5


def test_loud_spectra_have_the_mean_power() -> None:
    mel, generator = LogMel(), torch.Generator().manual_seed(0)
    c, v = torch.tensor([-6.0, -3.0, 0.0]), torch.tensor([0.5, 0.2, 1.0])
    C = c + v.sqrt() * torch.randn(400_000, 3, generator=generator)
    power = (C.exp() - mel.floor).square().mean(dim=0)

    assert torch.allclose((mel.loud(c, v).exp() - mel.floor) ** 2, power, rtol=0.05)
    assert torch.allclose(mel.loud(c, torch.zeros(3)), c, atol=1e-6)
    assert torch.equal(MDCT().loud(c, v), c)


@pytest.mark.slow
def test_new_sounds_are_as_loud_as_the_data() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(0.05, 0.2, (60, 1)) * rng.normal(size=(60, 800))
    model = quick(ae.vae, modality=small()).fit(X.clip(-1, 1))
    new, real = (np.sqrt(np.square(x).mean(axis=1)) for x in (model.sample(200, None, 0), X))

    assert abs(new.mean() / real.mean() - 1) < 0.2
    assert abs(np.median(new) / np.median(real) - 1) < 0.2

    del model.modality_.residual_  # as it was
    assert np.sqrt(np.square(model.sample(200, None, 0)).mean(axis=1)).mean() < 0.85 * new.mean()


@pytest.mark.parametrize(
    "kind",
    ["silence", "clicks", *(pytest.param(k, marks=pytest.mark.slow) for k in ODD_SOUNDS)],
)
def test_densities_of_sounds_with_parts_that_hardly_vary(kind: str) -> None:
    rng, t = np.random.default_rng(0), np.arange(1600) / 8000
    X = np.sin(2 * np.pi * rng.uniform(200, 800, (80, 1)) * t) * rng.uniform(0.1, 0.5, (80, 1))
    make = {
        "narrow": lambda: X,  # nothing above 1 kHz
        "silence": lambda: X * (t < 0.1),
        "clicks": lambda: np.where(t == t[rng.integers(1600, size=80)][:, None], 0.9, 0.01 * X),
        "offsets": lambda: 0.2 * X + rng.uniform(-0.5, 0.5, (80, 1)),
        "quiet": lambda: X * 10 ** rng.uniform(-4, 0, (80, 1)),
    }
    sounds = make[kind]().astype(np.float32)
    sounds[0] = 0
    train, test = sounds[:60], sounds[60:]
    training = ae.Training(epochs=2, show_progress=False)
    modality = Sounds(rate=8000, spectrum=LogMel(n_mels=24))
    model = ae.vae(3, modality=modality, training=training, random_state=0).fit(train)
    m = model.modality_
    x, new = (m.normalize(m.load(part)).flatten(1).double() for part in (train, test))

    # Independent numbers, as if one more example had varied as all numbers do
    variance = (60 * x.var(dim=0) + x.var(dim=0).mean()) / 61
    known = torch.distributions.Normal(x.mean(dim=0), variance.sqrt()).log_prob(new).sum(dim=1)
    found = model.score_samples(test) + x.shape[1] * m.unit().log().item()
    assert found.mean() > known.mean() - 0.02 * x.shape[1]

    # What differs where those of the fit did not is unlikely, and no more than that
    odd = (0.3 * rng.normal(size=(5, 1600))).astype(np.float32)
    assert -1e4 * x.shape[1] < model.score_samples(odd).min()
    assert model.score_samples(odd).max() < model.score_samples(test).mean()


def test_errors_of_sounds_count_alike_without_a_density() -> None:
    X = tones()
    assert type(quick(ae.vae, modality=small()).fit(X).likelihood_) is DiagonalGaussian
    assert type(quick(ae.vae, modality=small()).fit(X[:19]).likelihood_) is SharedGaussian
    assert type(quick(ae.autoencoder, modality=small()).fit(X).likelihood_) is SharedGaussian


def test_silence_stays_silent() -> None:
    mel = LogMel(n_mels=16, hop_seconds=0.016)
    assert (mel.inverse(mel.forward(torch.zeros(2, 800), RATE), RATE, 800) == 0).all()


# Arrays


@settings(max_examples=30)
@given(st.lists(st.integers(2, 700), min_size=1, max_size=4), st.integers(1, 2))
def test_sounds_of_any_length_come_back(lengths: list[int], channels: int) -> None:
    rng = np.random.default_rng(len(lengths))
    shapes = [(n,) if channels == 1 else (n, 2) for n in lengths]
    X = [rng.uniform(-0.9, 0.9, shape) for shape in shapes]
    sounds = Sounds(rate=1000, seconds=0.5, channels=channels, spectrum=MDCT(n_bins=32)).fit(X)
    R = sounds.restore(sounds.normalize(sounds.load(X)))

    assert R.dtype == np.float32
    assert R.shape == ((len(X), 500) if channels == 1 else (len(X), 500, 2))

    for x, r in zip(X, R):
        n = min(500, len(x))
        assert np.allclose(r[:n], x[:n], atol=1e-4)
        assert np.allclose(r[n:], 0, atol=1e-4)


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint8", "float64"])
def test_integers_are_those_of_files(dtype: str) -> None:
    X = tones(3).astype(float)
    scale = {"int16": 2**15, "int32": 2**31, "uint8": 2**7, "float64": 1}[dtype]
    Y = (np.rint(X * scale) + 128 * (dtype == "uint8")) if scale > 1 else X
    sounds = small().fit(X.astype(np.float32))
    got = sounds._waves(sounds.load(Y.astype(dtype)))[:, 0]

    assert np.allclose(got, X, atol=1 / min(scale, 2**15) if scale > 1 else 1e-6)


def test_arrays_and_lists_are_alike() -> None:
    X = tones(3, n=700)
    sounds = small().fit(X)
    padded = np.pad(X, ((0, 0), (0, 100)))

    x = sounds.normalize(sounds.load(X))
    assert torch.equal(x, sounds.normalize(sounds.load(padded)))
    assert torch.equal(x, sounds.normalize(sounds.load([*X])))
    assert torch.equal(x, sounds.normalize(sounds.load(X[..., None].repeat(2, axis=-1))))
    assert torch.equal(
        sounds.normalize(sounds.load(tones(3, n=900))), sounds.normalize(sounds.load(tones(3)))
    )


def test_channels_are_mixed_or_repeated() -> None:
    x = np.array([[0.0, 1.0], [0.5, 0.5]])

    assert mix(x, 2) is x
    assert mix(x, 1).tolist() == [[0.5], [0.5]]
    assert mix(x, 3).tolist() == [[0.5] * 3] * 2


def test_spectra_are_centered_and_scaled() -> None:
    sounds = small().fit(tones())
    x = sounds.normalize(sounds.load(tones())).double()

    assert x.shape[1:] == sounds.shape_ == (1, 13, 16)
    assert np.allclose(x.mean(dim=(0, 1, 2)), 0, atol=1e-4)
    assert np.isclose(x.square().mean(), 1, atol=1e-4)


def test_constant_sounds_have_a_spectrum() -> None:
    sounds = small().fit([np.zeros(100), np.zeros(200)])
    assert (sounds.restore(sounds.normalize(sounds.load([np.zeros(10)]))) == 0).all()


def test_what_is_a_sound_is_guessed() -> None:
    assert isinstance(guess([tone(300, 2000), tone(300, 900)[:, None].repeat(2, axis=1)]), Sounds)
    assert isinstance(guess([np.zeros(5000, np.uint8), np.zeros((600, 2), np.uint8)]), Sounds)
    assert Sounds.accepts([np.zeros(5), np.zeros((6, 2))])  # where one says so
    assert not Sounds.accepts([np.zeros((5, 9), np.uint8), np.zeros((6, 9), np.uint8)])
    assert isinstance(guess(np.zeros((5, 100))), Tables)
    assert isinstance(guess(np.zeros((5, 8, 8))), Images)
    assert not Sounds.accepts(["a", "b"])
    assert not Sounds.accepts([])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 3, 4, 5)), r"expected sounds with shape \(N, n\) or.*got \(2, 3, 4, 5\)"),
        ([np.zeros(3), np.zeros(0)], "sound 1 is empty"),
        ([np.zeros(3), np.array([np.nan])], "sound 1 holds numbers that are not finite"),
        (np.full((2, 50), np.inf), "100 values in 2 rows"),
        ([np.full(9, 3e4), np.zeros(3)], "expected waveforms from -1 to 1, got up to 30000"),
        ([np.zeros(9, int), np.zeros(8, int)], r"got int64. Use x.astype\(np.int16\)"),
        (np.zeros((2, 9), np.uint16), "expected waveforms of int16, int32 or uint8.*got uint16"),
        (np.zeros((2, 9), bool), "got bool"),
        ([np.zeros((9, 2)), np.zeros((2, 9))], r"got \(2, 9\), which looks.*x.T, as for sound 1"),
        (np.zeros((3, 2, 9)), r"looks like \(channels, n\). Use X.swapaxes\(1, 2\)"),
    ],
)
def test_what_is_no_sound_is_refused(X, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small().fit(X)


@pytest.mark.parametrize(
    "options",
    [
        {"rate": 0},
        {"rate": "8000"},
        {"rate": 8000.5},
        {"seconds": 0},
        {"seconds": "1"},
        {"seconds": float("nan")},
        {"channels": 0},
        {"channels": 1.5},
    ],
)
def test_arguments_are_checked(options) -> None:
    with pytest.raises(ValueError, match="expected rate >= 1"):
        Sounds(**options).fit(tones())


def test_faults_of_arrays_are_named(caplog) -> None:
    X = [tone(300), np.zeros(800), np.clip(4 * tone(300), -1, 1), tone(300, 20)]

    with caplog.at_level(logging.WARNING, "autoencode"):
        small().fit(X)

    for kind, i in (("silent", 1), ("clipped", 2), ("too short", 3)):
        assert f"1 of 4 sounds {kind}, and kept: sound {i}." in caplog.text

    with pytest.raises(ValueError, match="silent, and kept: sound 1"):
        small(strict=True).fit(X)


def test_many_faults_are_counted_and_all_named_on_demand(caplog) -> None:
    with caplog.at_level(logging.DEBUG, "autoencode"):
        report_faults({"silent": [f"{i}.wav" for i in range(8)]}, "9 files", strict=False)

    assert [record.getMessage() for record in caplog.records] == [
        "8 of 9 files silent: 0.wav; 1.wav; 2.wav; 3.wav; 4.wav; and 3 more.",
        f"all that are silent: {'; '.join(f'{i}.wav' for i in range(8))}.",
    ]


def test_a_loud_sound_is_not_clipped() -> None:
    assert find_fault(2 * tone(300), RATE) is None
    assert find_fault(np.clip(3 * tone(300), -1, 1), RATE) == "clipped"


# Files


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        ("wav", "PCM_16", 1e-4),
        ("wav", "PCM_U8", 1e-2),
        ("wav", "FLOAT", 1e-6),
        ("wav", "DOUBLE", 1e-6),
        ("flac", "PCM_24", 1e-6),
        ("aiff", "PCM_16", 1e-4),
        ("ogg", "VORBIS", 0.1),
    ],
)
def test_all_formats_are_read(tmp_path, suffix: str, subtype: str, tolerance: float) -> None:
    x = tone(440, 8000, 8000)
    soundfile.write(tmp_path / f"a.{suffix}", x, 8000, subtype=subtype)
    read = read_sounds(tmp_path, rate=8000, strict=True)

    assert read.files == [f"a.{suffix}"]
    assert read.y is None
    assert read.X[0].dtype == np.float32
    assert np.abs(read.X[0] - x).max() < tolerance


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000])
def test_resampling_keeps_a_sine(tmp_path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, rate, rate), rate, subtype="FLOAT")
    x = read_sounds(tmp_path, rate=16000).X[0]

    assert len(x) == 16000
    assert np.abs(np.fft.rfft(x)).argmax() == 440
    assert np.abs(x - tone(440, 16000, 16000))[1000:-1000].max() < 1e-3


def test_rates_far_below_that_of_the_result_are_refused(tmp_path) -> None:
    soundfile.write(tmp_path / "a.wav", np.sin(np.arange(4000) / 3), 8000)
    soundfile.write(tmp_path / "slow.wav", np.sin(np.arange(40) / 3), 100)

    for names in (read_sounds(tmp_path).files, read_sounds(tmp_path, 8000).files):
        assert names.left_out.keys() == {"slow.wav"}
        assert "Sounds(rate=100)" in names.left_out["slow.wav"]

    assert read_sounds([tmp_path / "slow.wav"], rate=100).X[0].shape == (40,)


def test_stereo_is_mixed_or_kept(tmp_path, caplog) -> None:
    x = np.stack([tone(300), tone(500)], axis=1)
    soundfile.write(tmp_path / "a.wav", x, RATE, subtype="FLOAT")

    with caplog.at_level(logging.INFO, "autoencode"):
        assert np.allclose(read_sounds(tmp_path, RATE, channels=2).X[0], x, atol=1e-6)
        assert caplog.messages == []

        for _ in range(2):  # what changes is said once
            assert np.allclose(read_sounds(tmp_path, RATE).X[0], x.mean(axis=1), atol=1e-6)

        (message,) = caplog.messages
        assert message.startswith("1 of 1 sounds have 2 channels")
        assert "Sounds(channels=2)" in message
        assert "--modality.channels 2" in message

        read_sounds(tmp_path, 2 * RATE, channels=2)
        assert f"Sounds(rate={RATE})" in caplog.messages[-1]


def test_what_is_beyond_full_scale_is_cut_as_players_do(tmp_path, caplog) -> None:
    soundfile.write(tmp_path / "a.wav", 80 * tone(300), RATE, subtype="FLOAT")
    x = read_sounds(tmp_path, RATE).X[0]

    assert np.abs(x).max() == 1
    assert "1 of 1 file clipped, and kept: a.wav" in caplog.text
    assert small().fit([x]).samples_ == 800


def test_a_folder_is_read_with_labels(folder) -> None:
    X, y, files = read_sounds(folder, RATE, seconds=0.19)

    assert [len(x) for x in X] == [700, 740, 760, 760, 720, 760, 760, 760]
    assert y.tolist() == ["high"] * 4 + ["low"] * 4
    assert files[0] == str(Path("high") / "0.wav")


def test_what_is_wrong_in_a_folder_is_named(folder, caplog) -> None:
    (folder / "low" / "notes.txt").write_text("no sound")
    (folder / "low" / "broken.wav").write_bytes(b"RIFF")
    (folder / ".hidden").write_text("not looked at")
    soundfile.write(folder / "low" / "empty.wav", np.zeros(0), RATE)
    soundfile.write(folder / "low" / "nan.wav", np.full(800, np.nan), RATE, subtype="FLOAT")
    soundfile.write(folder / "low" / "silent.wav", np.zeros(800), RATE)
    soundfile.write(folder / "low" / "clipped.wav", np.clip(4 * tone(300), -1, 1), RATE)
    soundfile.write(folder / "low" / "short.wav", tone(300, 20), RATE)

    with caplog.at_level(logging.INFO, "autoencode"):
        read = read_sounds(folder, RATE, seconds=0.2)

    assert "4 of 15 files no readable sounds, and skipped: " in caplog.text
    for name in ("notes.txt (", "broken.wav (", "empty.wav (it is empty", "nan.wav ("):
        assert name in caplog.text
    for kind, name in (("silent", "silent"), ("clipped", "clipped"), ("too short", "short")):
        assert f"1 of 15 files {kind}, and kept: low/{name}.wav." in caplog.text
    assert "2 of 15 files longer than 0.2 s, and cut off: " in caplog.text
    assert len(read.X) == len(read.y) == 11

    with pytest.raises(ValueError, match="no readable sounds"):
        read_sounds(folder, RATE, strict=True)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("share", [0.3, 0.99])
def test_an_ogg_without_its_end_is_named(tmp_path, caplog, subtype: str, share: float) -> None:
    path = tmp_path / "speech.ogg"
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 96_000)
    soundfile.write(path, noise, 16_000, format="OGG", subtype=subtype)
    read_sounds(tmp_path, RATE)

    assert "truncated" not in caplog.text

    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    (x,) = read_sounds(tmp_path, RATE).X

    assert len(x) < 96_000 * RATE / 16_000
    assert "1 of 1 file truncated, and kept: speech.ogg." in caplog.text


@pytest.mark.parametrize(
    ("suffix", "subtype"), [("wav", "PCM_16"), ("wav", "FLOAT"), ("aiff", "PCM_16"), ("au", None)]
)
def test_truncated_files_are_named(tmp_path, caplog, suffix: str, subtype: str | None) -> None:
    whole, cut_off = tmp_path / f"whole.{suffix}", tmp_path / f"cut_off.{suffix}"
    soundfile.write(whole, tone(300, 4000), RATE, subtype=subtype)
    cut_off.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])

    for seconds in (None, 0.1):
        caplog.clear()
        X, _, files = read_sounds(tmp_path, RATE, seconds)
        n = 4000 if seconds is None else 400

        assert files == [cut_off.name, whole.name]
        assert np.array_equal(X[0], X[1][: len(X[0])])
        assert len(X[1]) == n
        assert f"1 of 2 files truncated, and kept: {cut_off.name}." in caplog.text

    with pytest.raises(ValueError, match="1 of 2 files truncated, and kept"):
        read_sounds(tmp_path, RATE, strict=True)


def test_who_writes_to_a_pipe_does_not_truncate(tmp_path, caplog) -> None:
    soundfile.write(tmp_path / "a.wav", tone(300, 4000), RATE)
    data = (tmp_path / "a.wav").read_bytes()
    at = data.index(b"data") + 4
    (tmp_path / "a.wav").write_bytes(data[:at] + b"\xff" * 4 + data[at + 4 :])

    assert len(read_sounds(tmp_path, RATE, strict=True).X[0]) == 4000
    assert not caplog.text


def test_folders_without_sounds_are_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="got no sound in"):
        read_sounds(tmp_path)


def test_missing_packages_are_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("autoencode.data.media.audio.formats.find_spec", lambda name: None)

    with pytest.raises(ValueError, match=r"pip install 'autoencode\[audio\]'"):
        read_sounds(tmp_path)


# Models


def test_a_model_of_a_folder_is_that_of_its_arrays(folder) -> None:
    model = quick(modality=small()).fit(folder)
    X = read_sounds(folder, RATE).X

    assert isinstance(model.modality_, Sounds)
    assert np.array_equal(model.transform(folder), model.transform([*X]))
    assert np.array_equal(model.transform(folder), quick(modality=small()).fit([*X]).transform(X))
    assert model.reconstruct(folder).shape == (8, 800)
    assert isinstance(modality_of(folder, None), Sounds)


@pytest.mark.parametrize("recipe", [ae.autoencoder, ae.vae, ae.denoising, ae.contractive])
def test_recipes_take_sounds(recipe) -> None:
    X = tones()
    model = quick(recipe, modality=small()).fit(X)

    assert model.transform(X).shape == (24, 2)
    assert model.inverse_transform(np.zeros((3, 2))).shape == (3, 800)
    assert model.denoise(X[:3]).dtype == np.float32
    assert model.reconstruction_error(X).shape == (24,)
    assert np.isfinite(model.evaluate(X)["total"])
    assert np.abs(model.reconstruct(X)).max() <= 1


@pytest.mark.slow
def test_the_default_network_takes_spectra() -> None:
    model = ae.vae(2, modality=small(), training=ae.Training(epochs=1), random_state=0)
    assert model.fit(tones()).sample(2, random_state=0).shape == (2, 800)


def test_networks_suit_the_size_of_spectra() -> None:
    short, long = small().fit(tones()), small().fit(tones())
    long.shape_ = (1, 1000, 80)

    assert short.network().skip
    assert isinstance(long.network(), Convolutional)


def test_codes_keep_what_a_sound_is() -> None:
    X = tones()
    spectrum = LogMel(n_mels=40, n_iter=16)
    model = ae.linear(8, modality=Sounds(RATE, 0.2, spectrum=spectrum)).fit(X)
    mean = model.inverse_transform(np.zeros((1, 8))).repeat(24, axis=0)

    known = log_spectral_distance(X, model.reconstruct(X)).mean()
    assert known < 0.7 * log_spectral_distance(X, mean).mean()


def test_linear_models_of_spectra_are_principal_components() -> None:
    from sklearn.decomposition import PCA

    X = tones()
    model = ae.linear(3, modality=small()).fit(X)
    c = model.preprocess(X).target.flatten(start_dim=1).numpy()
    pca = PCA(3).fit(c)
    residual = ((c - pca.inverse_transform(pca.transform(c))) ** 2).sum(axis=1)

    assert np.allclose(model.reconstruction_error(X), residual, atol=1e-3)


def test_generated_sounds_and_storage(tmp_path) -> None:
    X, y = tones(), np.arange(24) % 2
    model = quick(ae.vae, modality=small(), conditional=True).fit(X, y)
    model.save(tmp_path / "tones.ae")
    again = ae.load(tmp_path / "tones.ae")
    made = model.sample(3, y=1, random_state=0)

    assert made.shape == (3, 800)
    assert np.array_equal(made, again.sample(3, y=1, random_state=0))
    assert np.array_equal(model.score_samples(X, y), again.score_samples(X, y))
    assert repr(again.modality_) == repr(small())
    assert repr(small().clone()) == repr(small())


@pytest.mark.slow
def test_new_sounds_are_what_the_label_says() -> None:
    rng = np.random.default_rng(0)
    frequencies = np.where(np.arange(60) % 2, 300, 1200) + rng.uniform(-40, 40, 60)
    X, y = [tone(f) for f in frequencies], np.where(np.arange(60) % 2, "low", "high")
    sounds = Sounds(RATE, 0.2, spectrum=LogMel(n_mels=32, hop_seconds=0.016, n_iter=16))
    training = ae.Training(epochs=100, batch_size=20, learning_rate=5e-3)
    model = ae.vae(
        2, layers=(32,), modality=sounds, conditional=True, training=training, random_state=0
    ).fit(X, y)

    for label, low, high in (("low", 200, 400), ("high", 1100, 1300)):
        made = model.sample(100, y=label, random_state=0)
        peaks = np.abs(np.fft.rfft(made, axis=1)).argmax(axis=1) * RATE / 800
        assert ((peaks > low) & (peaks < high)).mean() > 0.8


def test_training_goes_on_from_a_checkpoint(tmp_path) -> None:
    X = [*tones(12), tone(300, 400)]
    whole = quick(modality=small()).fit(X)
    model = (
        quick(modality=small()).set_params(training__checkpoint_dir=str(tmp_path / "run")).fit(X)
    )

    assert np.array_equal(whole.transform(X), model.fit(X, resume=True).transform(X))

    with pytest.raises(ValueError, match="cannot resume"):
        model.fit(X[1:], resume=True)


def test_arrays_of_another_length_are_taken() -> None:
    model = quick(modality=small()).fit(tones())

    assert np.array_equal(model.transform(tones(n=900)), model.transform(tones()))
    assert model.transform([tone(300, 100), tone(300, 100)]).shape == (2, 2)


def test_sounds_of_several_lengths_are_drawn() -> None:
    X = [*tones(12), tone(300, 400), tone(300, 900)][::-1]
    model = quick(modality=small()).fit(X)

    assert len(plots.reconstructions(model, X, n_examples=3, noisy=X).axes[0].images) == 9

    with pytest.raises(ValueError, match="Read files first"):
        plots.reconstructions(model, Path("tones.wav"))


def test_pairs_of_damaged_and_clean_sounds() -> None:
    X = [*tones(12), tone(300, 400)]
    hum = [x + 0.1 * tone(50, len(x)) for x in X]
    model = quick(modality=small()).fit(X, corrupted=hum)

    assert model.denoise(hum).shape == (13, 800)


def test_corruptions_of_texts_are_refused() -> None:
    for steps in ([Typos()], [Hum(), Typos()]):
        with pytest.raises(ValueError, match="Typos is for texts, got Sounds"):
            small().split_corruption(Compose(steps))


def test_other_data_are_refused_by_a_model_of_tables() -> None:
    model = quick().fit(np.random.default_rng(0).normal(size=(20, 3)))

    with pytest.raises(ValueError, match="expected data like those of Tables"):
        model.transform([np.zeros(4), np.zeros(5)])


def test_memory_mapped_sounds_stay_on_disk(tmp_path) -> None:
    np.save(tmp_path / "X.npy", tones(n=700))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    model = quick(modality=small())

    assert np.array_equal(
        model.fit(mapped).transform(mapped), model.fit(tones(n=700)).transform(mapped)
    )


# Long recordings


@settings(max_examples=40)
@given(st.integers(1, 200), st.integers(2, 50), st.integers(1, 2))
def test_windows_are_joined_to_what_was_cut(length: int, n: int, channels: int) -> None:
    x = np.random.default_rng(length).normal(size=(length, channels))
    x = x[:, 0] if channels == 1 else x
    X = cut(x, n)

    assert X.shape[1:] == (n, *x.shape[1:])
    assert np.allclose(join(X, length), x, atol=1e-10)
    assert np.array_equal(X[0][: min(n, length)], x[:n])
    assert np.array_equal(X[1:, : n - n // 2], X[:-1, n // 2 :])


def test_windows_fade_into_each_other() -> None:
    x = join(np.array([[0.0] * 4, [1.0] * 4]), 6)

    assert np.array_equal(x[:2], [0, 0])
    assert np.array_equal(x[4:], [1, 1])
    assert np.allclose(x[2:4], np.sin(np.pi / 4 * np.array([0.5, 1.5])) ** 2)


def test_lists_of_sounds_are_cut_and_joined_one_by_one() -> None:
    sounds = [tone(300, n)[:, None] * [1, 0.5] for n in (5, 40, 41, 200)]
    X = cut(sounds, 40)

    assert X.counts == [1, 1, 2, 9]
    assert X.length == (5, 40, 41, 200)
    assert np.array_equal(X, np.concatenate([cut(x, 40) for x in sounds]))
    assert all(np.allclose(r, x, atol=1e-6) for r, x in zip(join(X, X.length), sounds))
    assert len(join(cut(sounds[:1], 40), [5])) == 1


@settings(max_examples=40)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=5), st.integers(2, 50))
def test_pooling_is_the_mean_over_windows(lengths: list[int], n: int) -> None:
    sounds = [np.zeros(length) for length in lengths]
    windows = cut(sounds, n)
    Z = np.random.default_rng(0).normal(size=(len(windows), 3))
    codes = pool(Z, windows)
    ends = np.cumsum(windows.counts)

    assert codes.shape == (len(lengths), 3)
    assert pool(Z.astype(np.float32), windows).dtype == np.float32

    for row, part in zip(codes, np.split(Z, ends[:-1])):
        assert np.allclose(row, part.mean(axis=0), rtol=0, atol=1e-12)
        assert len(part) > 1 or np.array_equal(row, part[0])

    # Whatever the others are
    assert np.array_equal(pool(Z[: ends[0]], cut(sounds[0], n)), codes[:1])


@pytest.fixture(scope="module")
def pooling():
    return quick(modality=small()).fit(tones())


def test_each_sound_has_one_code(pooling) -> None:
    sounds = [tone(300, 600), tone(400, 800), tone(500, 3210), 0.1 * tone(900, 900)]
    Z = pooling.transform(sounds, pool_windows=True)

    # As those that fit one window do without pooling, and of the others the mean
    assert np.allclose(Z[:2], pooling.transform(sounds[:2]), rtol=0, atol=1e-5)
    assert np.allclose(Z[2], pooling.transform(cut(sounds[2], 800)).mean(axis=0), atol=1e-5)

    for i, x in enumerate(sounds):
        assert np.allclose(pooling.transform([x], pool_windows=True), Z[[i]], rtol=0, atol=1e-5)

    # Cut by oneself, as rows of an array, and as integers of two channels
    windows = cut(sounds, 800)
    both = np.stack([np.rint(32767 * sounds[2]).astype(np.int16)] * 2, axis=1)
    assert np.allclose(pooling.transform(windows, pool_windows=True), Z, rtol=0, atol=1e-5)
    assert np.allclose(pool(pooling.transform(windows), windows), Z, rtol=0, atol=1e-5)
    assert np.allclose(
        pooling.transform(sounds[2][None], pool_windows=True), Z[[2]], rtol=0, atol=1e-5
    )
    assert np.allclose(pooling.transform([both], pool_windows=True), Z[[2]], rtol=0, atol=1e-2)


def test_labels_are_those_of_whole_sounds(tmp_path) -> None:
    model = quick(ae.vae, modality=small(), conditional=True).fit(tones(), np.arange(24) % 2)
    sounds = [tone(300, 3000), tone(400, 700)]
    Z = model.transform(sounds, [0, 1], pool_windows=True)

    for x, y, z in zip(sounds, (0, 1), Z):
        assert np.allclose(model.transform(cut(x, 800), y).mean(axis=0), z, rtol=0, atol=1e-5)

    assert np.allclose(model.transform(sounds, 0, pool_windows=True)[0], Z[0], rtol=0, atol=1e-5)

    model.save(tmp_path / "model.ae")
    soundfile.write(tmp_path / "one.wav", sounds[0], RATE)
    line = ["transform", tmp_path / "model.ae", tmp_path / "one.wav", "--y", 1]
    one = tmp_path / "one.npy"
    assert main([*map(str, [*line, "--pool-windows", "--out", one])]) == 0
    assert np.allclose(np.load(one), model.transform(sounds[:1], 1, pool_windows=True), atol=1e-2)
    assert main([*map(str, [*line, "--out", one])]) == 0
    assert np.load(one).shape == (len(cut(sounds[0], 800)), 2)

    with pytest.raises(ValueError, match="expected one y for all or 2 of them, got 3"):
        model.transform(sounds, [0, 1, 1], pool_windows=True)


def test_what_has_no_windows_is_not_pooled(pooling) -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))

    with pytest.raises(ValueError, match=r"has no windows to pool.* Leave out pool_w"):
        quick().fit(X).transform(X, pool_windows=True)

    with pytest.raises(ValueError, match="sound 1 is empty"):
        pooling.transform([tone(300), np.zeros(0)], pool_windows=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cut([], 4), "expected a sound and windows of at least two samples"),
        (lambda: cut([1.0], 1), "expected a sound and windows of at least two samples"),
        (lambda: cut([np.ones(3), np.ones(0)], 4), r"got shape \(0,\) and 4 for sound 1"),
        (
            lambda: cut([np.ones(3), np.ones((3, 2))], 4),
            r"as many channels as the first.* sound 1",
        ),
        (lambda: join(np.zeros((3, 4)), 5), "expected 2 windows of 5 samples, got 3"),
        (lambda: join(np.zeros((4, 4)), [5, 1]), "3 windows of 6 samples in 2 sounds, got 4"),
        (lambda: pool(np.zeros((2, 3)), np.zeros((2, 4))), "as cut returns them, got ndarray"),
        (lambda: pool(np.zeros((2, 3)), cut(np.ones(9), 4)[:2]), "got a selection or a changed"),
        (lambda: pool(np.zeros((2, 3)), cut(np.ones(9), 4)), "each of 4 windows, got 2"),
    ],
)
def test_wrong_windows_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# Distances


def test_distances_have_their_closed_forms() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4000))

    assert torch.allclose(signal_to_noise(x, 0.9 * x), torch.tensor(20.0, dtype=torch.float64))
    assert torch.allclose(signal_to_noise(x, 0 * x), torch.tensor(0.0, dtype=torch.float64))
    assert torch.allclose(
        log_spectral_distance(x, 0.5 * x), torch.tensor(20 * np.log10(2)), atol=0.05
    )
    assert (log_spectral_distance(x, -x) == 0).all()

    several = log_spectral_distance(x, x[::-1].copy(), (128, 512))
    one_by_one = [log_spectral_distance(x, x[::-1].copy(), n) for n in (128, 512)]
    assert torch.allclose(several, sum(one_by_one) / 2)
    assert (log_spectral_distance(0 * x, 0 * x) == 0).all()

    with pytest.raises(ValueError, match="expected waveforms of one shape"):
        signal_to_noise(x, x[:, 1:])


def test_distances_take_lists_and_single_waveforms() -> None:
    x = np.random.default_rng(0).normal(size=(3, 4000))
    r, several = 0.9 * x, [x[0, :3000], x[1], np.append(x[2], np.ones(50))]
    filled = np.stack([np.append(x[0, :3000], np.zeros(1000)), x[1], x[2]])

    for distance in (log_spectral_distance, signal_to_noise):
        assert torch.equal(distance(several, r), distance(filled, r))
        assert torch.equal(distance(Recordings.of(several), r), distance(filled, r))
        assert torch.equal(distance(x[0], r[0]), distance(x[:1], r[:1]))

        with pytest.raises(ValueError, match=r"waveforms with shape \(n,\), got \(4000, 2\)"):
            distance([np.zeros((4000, 2))], r[:1])


# The command line


@pytest.mark.slow
def test_the_command_line_takes_and_writes_sounds(folder, tmp_path, capsys) -> None:
    model, out = tmp_path / "model.ae", tmp_path / "out"
    flags = ["--modality", "Sounds", "--modality.rate", str(RATE), "--modality.seconds", "0.2"]
    line = ["fit", str(folder), "--recipe", "vae", "--layers", "8", "--epochs", "1"]

    assert main([*line, *flags, "--out", str(model)]) == 0, capsys.readouterr()
    assert main(["sample", str(model), "-n", "3", "--out", str(out / "new")]) == 0
    assert main(["reconstruct", str(model), str(folder), "--out", str(out / "again")]) == 0
    assert main(["sample", str(model), "-n", "3", "--out", str(out / "new.png")]) == 0
    assert main(["plot", str(model), str(folder), "--out", str(out / "plots")]) == 0
    assert main(["score", str(model), str(folder)]) == 0

    x, rate = soundfile.read(out / "new" / "00002.wav")
    assert (len(x), rate) == (800, RATE)
    assert (out / "again" / "high" / "0.wav").exists()
    assert {p.stem for p in (out / "plots").iterdir()} >= {"reconstructions", "samples", "codes"}


@pytest.mark.slow
def test_one_recording_goes_in_and_out_whole(tmp_path, capsys, caplog) -> None:
    n, clean = 3210, 0.5 * tone(300, 3210)
    soundfile.write(tmp_path / "one.wav", clean, RATE)
    model = quick(modality=small()).fit(tmp_path / "one.wav")
    X = cut(read_sound(tmp_path / "one.wav", RATE), 800)
    model.save(tmp_path / "model.ae")

    assert len(X) == 8
    assert np.array_equal(model.transform(tmp_path / "one.wav"), model.transform([*X]))
    assert np.array_equal(quick(modality=small()).fit([*X]).transform([*X]), model.transform(X))

    def run(command: str, out: str, *more: str, data: str = "one.wav") -> int:
        given = [str(tmp_path / name) for name in ("model.ae", data)]
        return main([command, *given, "--out", str(tmp_path / out), *more])

    assert run("reconstruct", "again.wav") == 0
    x, rate = soundfile.read(tmp_path / "again.wav")
    assert (len(x), rate) == (n, RATE)
    assert np.allclose(x, join(model.reconstruct(X), n), atol=1e-4)

    assert run("transform", "codes.csv") == 0
    names, *codes = (tmp_path / "codes.csv").read_text().splitlines()
    assert names == "example,z1,z2"
    assert [line.split(",")[0] for line in codes] == [f"one-{0.1 * i:g}s.wav" for i in range(8)]
    assert np.allclose(np.array([c.split(",")[1:] for c in codes], float), model.transform(X))

    assert run("reconstruct", "windows.npy") == 0
    assert np.array_equal(np.load(tmp_path / "windows.npy"), model.reconstruct(X))
    assert run("denoise", "clean") == 0
    assert [soundfile.info(p).frames for p in (tmp_path / "clean").iterdir()] == [n]
    assert run("anomalies", "anomalies.csv") == 0
    assert main(["sample", str(tmp_path / "model.ae"), "--out", str(tmp_path / "no.wav")]) == 2
    assert "a .wav file holds a single example, got 64" in capsys.readouterr().err

    (tmp_path / "noise.wav").write_text("no sound")
    for data, message in (
        ("gone.wav", "there is no file or folder"),
        ("noise.wav", "cannot read"),
    ):
        assert run("reconstruct", "no.wav", data=data) == 2
        assert message in capsys.readouterr().err

    soundfile.write(tmp_path / "silent.wav", np.zeros(100), RATE)
    assert run("reconstruct", "short.wav", data="silent.wav") == 0
    assert soundfile.info(tmp_path / "short.wav").frames == 100
    assert "1 of 1 file silent, and kept: silent.wav" in caplog.text


def test_recordings_of_any_length_come_back_whole(tmp_path) -> None:
    X = [tone(300, 3210), tone(200, 500), tone(250, 800)]
    model = quick(modality=small()).fit(tones())

    for x, r in zip(X, model.reconstruct(X, full_size=True), strict=True):
        windows = cut(x, 800)
        assert np.allclose(r, join(model.reconstruct(windows), len(x)), atol=1e-5)

    # Of a folder, too, by the command line
    for name, x in zip(("a/long.wav", "a/short.wav", "b/same.wav"), X):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "in" / name, x, RATE, subtype="FLOAT")

    model.save(tmp_path / "model.ae")
    paths = [str(tmp_path / name) for name in ("model.ae", "in", "out")]
    assert main(["denoise", *paths[:2], "--out", paths[2]]) == 0
    R = model.denoise(tmp_path / "in", full_size=True)

    for name, x, r in zip(("a/long.wav", "a/short.wav", "b/same.wav"), X, R, strict=True):
        written = soundfile.read(tmp_path / "out" / name)[0]
        assert len(written) == len(x)
        assert np.allclose(written, r, atol=1e-4)


@pytest.mark.parametrize("channels", [1, 2])
def test_what_lies_in_the_cache_comes_back_whole_too(
    channels, tmp_path, monkeypatch, limits
) -> None:
    monkeypatch.setenv("AUTOENCODE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "in").mkdir()

    for i, n in enumerate((800, 500, 640)):
        x = np.stack([tone(200 + 20 * i, n)] * channels, axis=1)
        soundfile.write(tmp_path / "in" / f"{i}.wav", x, RATE, subtype="FLOAT")

    model = quick(modality=small(channels=channels)).fit(tmp_path / "in")
    whole = partial(model.reconstruct, full_size=True)
    R, Z = (f(tmp_path / "in") for f in (whole, model.transform))
    limits(resident_bytes=0)
    mapped = model.reconstruct(tmp_path / "in", full_size=True)

    assert [len(r) for r in mapped] == [800, 500, 640]
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(R, mapped, strict=True))
    assert np.allclose(model.transform(tmp_path / "in", pool_windows=True), Z, atol=1e-5)


def test_the_command_line_pools_whole_recordings(tmp_path, capsys) -> None:
    lengths = {"a/long.wav": 3210, "a/short.wav": 700, "b/longer.wav": 5000}
    quick(modality=small()).fit(tones()).save(tmp_path / "model.ae")

    for name, n in lengths.items():
        (tmp_path / "long" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "long" / name, tone(300, n), RATE)

    def pooled(data: str) -> tuple[list[str], NDArray]:
        out = tmp_path / "codes.csv"
        line = ["transform", tmp_path / "model.ae", tmp_path / data, "--pool-windows"]
        line += ["--out", out]
        assert main([*map(str, line)]) == 0, capsys.readouterr()
        header, *rows = (line.split(",") for line in out.read_text().splitlines())
        assert header == ["example", "z1", "z2"]

        return [name for name, *_ in rows], np.array([row[1:] for row in rows], float)

    files, Z = pooled("long")
    model = ae.load(tmp_path / "model.ae")
    assert files == [*lengths]
    assert np.allclose(model.transform(tmp_path / "long", pool_windows=True), Z, rtol=0, atol=1e-5)
    assert "3 codes of 2 numbers." in capsys.readouterr().out

    for file, z in zip(files, Z):
        names, alone = pooled(f"long/{file}")
        windows = cut(read_sound(tmp_path / "long" / file, RATE), 800)
        assert names == [Path(file).name]
        assert np.allclose(alone, [z], rtol=0, atol=1e-5)
        assert np.allclose(alone[0], model.transform(windows).mean(axis=0), rtol=0, atol=1e-5)
        assert "1 code of 2 numbers." in capsys.readouterr().out


def test_ways_between_sounds_are_sounds(folder, tmp_path, capsys) -> None:
    model = quick(modality=small()).fit(folder)
    model.save(tmp_path / "model.ae")
    line = ["interpolate", str(tmp_path / "model.ae"), str(folder), "0", "5", "-n", "3"]

    assert main([*line, "--out", str(tmp_path / "way")]) == 0
    way = [soundfile.read(f)[0] for f in sorted((tmp_path / "way").iterdir())]
    R = model.reconstruct(folder)

    assert [len(x) for x in way] == [800] * 3
    assert np.allclose(way[0], R[0], atol=1e-3)
    assert np.allclose(way[2], R[5], atol=1e-3)
    assert capsys.readouterr().out.splitlines()[-1].startswith("Next: autoencode manifold ")


def test_what_is_cut_off_is_named(caplog) -> None:
    small(strict=True).fit([tone(300), tone(300, 900)])

    assert "1 of 2 sounds longer than 0.2 s, and cut off: sound 1." in caplog.text
