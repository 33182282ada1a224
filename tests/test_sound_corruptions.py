r"""Tests for what damages waveforms before their spectra are taken."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import autoencode as ae
from autoencode.cli import main
from autoencode.corruptions import (
    Clipping,
    Compose,
    GaussianNoise,
    Hum,
    Masking,
    Reverberation,
    WaveformCorruption,
    WhiteNoise,
)
from autoencode.evaluation import log_spectral_distance
from autoencode.modalities import LogMel, Sounds
from autoencode.training.step import TrainStep

RATE = 4000
CORRUPTIONS = [WhiteNoise, Hum, Clipping, Reverberation]
NOISES = [WhiteNoise, Hum]


def waves(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return 0.2 * torch.randn(*shape, generator=generator, dtype=torch.float64)


def seeded(corruption: WaveformCorruption, x: torch.Tensor) -> torch.Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return corruption(x, RATE)


def small() -> Sounds:
    spectrum = LogMel(n_mels=16, hop_seconds=0.016, n_iter=4)
    return Sounds(rate=RATE, seconds=0.2, spectrum=spectrum)


def quick(corruption, **options) -> ae.Autoencoder:
    training = ae.Training(epochs=2)
    options = {"modality": small(), "layers": (16,), "training": training} | options
    return ae.denoising(corruption=corruption, random_state=0, **options)


# Each


@pytest.mark.parametrize("shape", [(4, 300), (4, 2, 300), (1, 1)])
@pytest.mark.parametrize("cls", CORRUPTIONS)
def test_laws(cls: type[WaveformCorruption], shape: tuple[int, ...]) -> None:
    x = waves(*shape)
    kept = x.clone()
    damaged = seeded(cls(), x)

    assert damaged.shape == x.shape
    assert damaged.dtype == x.dtype
    assert damaged.isfinite().all()
    assert torch.equal(damaged, seeded(cls(), x))
    assert torch.equal(x, kept)
    assert shape == (1, 1) or not torch.equal(damaged, x)


@pytest.mark.parametrize("cls", CORRUPTIONS)
def test_silence_stays_silent(cls: type[WaveformCorruption]) -> None:
    assert (cls()(torch.zeros(2, 1, 100), RATE) == 0).all()


@pytest.mark.parametrize("cls", CORRUPTIONS)
def test_what_is_no_sound_is_refused(cls: type[WaveformCorruption]) -> None:
    with pytest.raises(ValueError, match=rf"{cls.__name__} needs waveforms.*\(2, 3, 8, 8\)"):
        cls()(torch.rand(2, 3, 8, 8))


@pytest.mark.parametrize("cls", CORRUPTIONS)
@pytest.mark.parametrize("ends", [(0.5, 0.2), (float("nan"), 1.0), (0.5, float("inf"))])
def test_wrong_strengths_are_refused(
    cls: type[WaveformCorruption], ends: tuple[float, float]
) -> None:
    with pytest.raises(ValueError, match="expected low <= high"):
        cls(*ends)


@pytest.mark.parametrize("cls", [Clipping, Reverberation])
def test_strengths_below_the_least_are_refused(cls: type[WaveformCorruption]) -> None:
    with pytest.raises(ValueError, match="at least"):
        cls(-0.1, 0.5)

    with pytest.raises(ValueError, match="expected a frequency > 0"):
        Hum(frequency=0.0)


# Noises


@settings(max_examples=30)
@given(st.floats(-20, 60), st.integers(100, 500), st.integers(1, 3), st.floats(1e-4, 1e3))
def test_noises_have_their_ratio(ratio: float, n: int, channels: int, loud: float) -> None:
    x = loud * waves(3, channels, n)

    for cls in NOISES:
        noise = cls(ratio, ratio)(x, RATE) - x
        power = (a.flatten(start_dim=1).square().sum(dim=1) for a in (x, noise))
        signal, noise = power
        assert torch.allclose(10 * (signal / noise).log10(), torch.tensor(ratio).double())


@pytest.mark.parametrize("cls", NOISES)
def test_ratios_are_drawn_evenly(cls: type[WaveformCorruption]) -> None:
    x = waves(4000, 80)
    noise = cls(5.0, 25.0)(x, RATE) - x
    ratios = 20 * (x.norm(dim=1) / noise.norm(dim=1)).log10()

    assert np.allclose(np.quantile(ratios, [0, 0.25, 0.5, 0.75, 1]), [5, 10, 15, 20, 25], atol=1)


def test_white_noise_is_white() -> None:
    x = torch.ones(400, 256, dtype=torch.float64)
    power = torch.fft.rfft(WhiteNoise(0.0, 0.0)(x, RATE) - x).abs().square().mean(dim=0)[1:-1]

    assert (power / power.mean() - 1).abs().max() < 0.25


def test_hum_has_the_harmonics_of_the_mains() -> None:
    x = torch.ones(1, RATE, dtype=torch.float64)  # a second: a bin is one hertz
    spectrum = torch.fft.rfft(seeded(Hum(0.0, 0.0, frequency=60.0), x) - x)[0].abs()
    found = spectrum[60 : 9 * 60 : 60]

    assert torch.allclose(found / found[0], 1 / torch.arange(1.0, 9.0, dtype=torch.float64))
    assert torch.isclose(spectrum.square().sum(), found.square().sum())


def test_hum_keeps_below_half_the_rate() -> None:
    x = torch.ones(1, 1000, dtype=torch.float64)
    spectrum = torch.fft.rfft(Hum(0.0, 0.0, frequency=300.0)(x, 1000) - x)[0].abs()

    assert spectrum.argmax() == 300
    assert spectrum[300] / spectrum.norm() > 0.9999


# Clipping


def test_clipping_is_numpys() -> None:
    x = waves(5, 2, 100)
    c = 0.3 * x.abs().amax(dim=(1, 2), keepdim=True).numpy()
    damaged = Clipping(0.3, 0.3)(x, RATE)

    assert np.allclose(damaged, np.clip(x.numpy(), -c, c))
    assert torch.equal(Clipping(1.0, 1.0)(damaged, RATE), damaged)


# Reverberation


def test_reverberation_is_a_convolution() -> None:
    x = waves(3, 200)
    impulse = torch.zeros_like(x)
    impulse[:, 0] = 1
    h = seeded(Reverberation(), impulse)
    expected = np.stack([np.convolve(a, b)[:200] for a, b in zip(h.numpy(), x.numpy())])

    assert np.allclose(seeded(Reverberation(), x), expected)


def test_echoes_come_after_the_sound() -> None:
    x = torch.zeros(2, 100, dtype=torch.float64)
    x[:, 60] = 1
    damaged = Reverberation()(x, RATE)

    assert torch.allclose(damaged[:, :60], torch.zeros(1, dtype=torch.float64), atol=1e-12)
    assert torch.allclose((damaged - x).norm(dim=1), torch.ones(2, dtype=torch.float64), rtol=0.5)


@pytest.mark.parametrize("seconds", [0.1, 0.4])
def test_echoes_die_away_in_their_time(seconds: float) -> None:
    x = torch.zeros(500, RATE // 2, dtype=torch.float64)
    x[:, 0] = 1
    echo = Reverberation(seconds, seconds)(x, RATE) - x
    power = echo.square().mean(dim=0).view(-1, 20).mean(dim=1)  # of 5 ms each
    decibels = 10 * power[: int(seconds / 0.005 / 2)].log10()
    slope = np.polyfit(0.005 * np.arange(len(decibels)), decibels, 1)[0]

    assert slope == pytest.approx(-60 / seconds, rel=0.03)


# What a model sees


@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_spectra_are_those_of_damaged_waveforms(dtype: str) -> None:
    X = waves(6, 700).clamp(-1, 1).numpy()
    X = np.rint(2**15 * X).clip(-(2**15), 2**15 - 1).astype("int16") if dtype == "int16" else X
    X = X.astype(dtype)
    sounds = small().fit(X)
    before, after = sounds.split_corruption(Hum())
    step = TrainStep(None, None, after, sounds.normalize, before)

    with torch.random.fork_rng():
        torch.manual_seed(0)
        x, target = step.inputs(ae.data.Examples(sounds.load(X)))

    full = torch.from_numpy(X.astype(np.float32) / (2**15 if dtype == "int16" else 1))
    padded = torch.nn.functional.pad(full, (0, 100))
    damaged = seeded(Hum(), padded[:, None])[:, 0].numpy()

    assert torch.equal(target, sounds.normalize(sounds.load(X)))
    assert torch.allclose(x, sounds.normalize(sounds.load(damaged)), atol=1e-5)


def test_waveforms_are_damaged_before_spectra() -> None:
    sounds = small().fit(waves(3, 800).numpy())
    noise = GaussianNoise()
    before, after = sounds.split_corruption(Compose([Hum(), Clipping(), noise]))

    assert repr(before) == f"WaveformDamage({[Hum(), Clipping()]})"
    assert after.steps == [noise]
    assert sounds.split_corruption(noise) == (None, noise)

    before, after = sounds.split_corruption(
        Compose([Compose([Hum(), Clipping()]), Compose([noise])])
    )
    assert repr(before) == f"WaveformDamage({[Hum(), Clipping()]})"
    assert after.steps == [noise]

    with pytest.raises(ValueError, match="corruptions of waveforms before those of spectra"):
        sounds.split_corruption(Compose([Masking(), Hum()]))


@pytest.mark.slow
def test_models_learn_to_undo_damage() -> None:
    t = np.arange(800) / RATE
    X = np.stack([0.5 * np.sin(2 * np.pi * (300 + 10 * i) * t) for i in range(64)])
    X_noisy = seeded(WhiteNoise(5.0, 5.0), torch.from_numpy(X)).numpy()
    sounds = Sounds(RATE, 0.2, spectrum=LogMel(n_mels=40))
    training = ae.Training(epochs=60)
    model = quick(WhiteNoise(), modality=sounds, layers=(128,), training=training).fit(X)

    left = log_spectral_distance(X, model.denoise(X_noisy)).mean()
    assert left < 0.6 * log_spectral_distance(X, X_noisy).mean()


def test_models_of_other_data_refuse_them() -> None:
    X = np.random.default_rng(0).uniform(size=(20, 8, 8))

    with pytest.raises(ValueError, match="Hum needs waveforms"):
        quick(Hum(), modality=None).fit(X)


def test_storage_resume_and_settings(tmp_path: Path) -> None:
    X = waves(16, 800).clamp(-1, 1).numpy()
    checkpoint = {"training__checkpoint_dir": str(tmp_path / "run")}
    whole = quick(Compose([Hum(), WhiteNoise()])).fit(X)
    model = quick(Compose([Hum(), WhiteNoise()])).set_params(**checkpoint).fit(X)
    model.save(tmp_path / "model.ae")

    assert np.array_equal(whole.transform(X), ae.load(tmp_path / "model.ae").transform(X))
    assert np.array_equal(whole.transform(X), model.fit(X, resume=True).transform(X))

    with pytest.raises(
        ValueError, match="cannot resume: expected the corruption of the checkpoint"
    ):
        quick(Compose([Hum(), WhiteNoise(0.0, 5.0)])).set_params(**checkpoint).fit(X, resume=True)


@pytest.mark.slow
def test_the_command_line_denoises_recordings(tmp_path: Path, capsys) -> None:
    soundfile = pytest.importorskip("soundfile")
    folder, out = tmp_path / "sounds", tmp_path / "clean"
    folder.mkdir()

    for i, x in enumerate(waves(8, 900).clamp(-1, 1).numpy()):
        soundfile.write(folder / f"{i}.flac", x, RATE)

    line = ["fit", str(folder), "--recipe", "denoising", "--layers", "8", "--epochs", "1"]
    flags = ["--modality", "Sounds", "--modality.rate", str(RATE), "--modality.seconds", "0.2"]
    hum = ["--corruption", "Hum", "--corruption.frequency", "60"]
    model = str(tmp_path / "model.ae")

    assert main([*line, *flags, *hum, "--out", model]) == 0, capsys.readouterr()
    assert main(["denoise", model, str(folder), "--out", str(out)]) == 0
    assert ae.load(model).corruption.frequency == 60

    x, rate = soundfile.read(out / "7.wav")
    assert (len(x), rate) == (900, RATE)  # as long as it was
