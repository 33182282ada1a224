r"""Tests that failed fits are reported with a warning, and healthy fits are not."""

import itertools
import math
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from torch.distributions import Independent, Normal

import autoencode as ae
from autoencode import FitWarning, Training
from autoencode.cli import main
from autoencode.common import failures
from autoencode.distributions import (
    Bernoulli,
    DiagonalGaussian,
    Gaussian,
    MixedColumns,
    SharedGaussian,
)
from autoencode.modalities import Texts
from autoencode.networks import FullyConnected
from autoencode.training.failures.baselines import constant
from autoencode.training.failures.far_examples import far_example, far_row

IMAGES = load_digits().images[:400]
QUIET_CPU = {"show_progress": False, "device": "cpu"}


def warnings_of(model, X, y=None) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)

    assert all(issubclass(w.category, FitWarning) for w in caught)
    return [str(w.message) for w in caught]


# Facts


def test_constants_are_the_closed_forms() -> None:
    x = torch.randn(300, 4, dtype=torch.float64) * torch.tensor([1.0, 2.0, 3.0, 4.0]) + 5
    scale = x.std(dim=0, correction=0)

    shared = constant(SharedGaussian(), x, x.shape[1:]).log_prob(x).mean()
    expected = Normal(x.mean(dim=0), scale.square().mean().sqrt()).log_prob(x).sum(dim=1).mean()
    assert shared.item() == pytest.approx(expected.item(), abs=1e-4)

    each = constant(Gaussian(), x, x.shape[1:]).log_prob(x).mean()
    expected = Independent(Normal(x.mean(dim=0), scale), 1).log_prob(x).mean()
    assert each.item() == pytest.approx(expected.item(), abs=1e-4)

    bits = (x > 6).double()
    found = constant(Bernoulli(), bits, bits.shape[1:]).mean
    assert found[0].tolist() == pytest.approx(bits.mean(dim=0).tolist(), abs=1e-3)


def test_constants_of_mixed_rows_are_frequencies() -> None:
    family, level = MixedColumns(scales=(0.1,), levels=(3,)), torch.randint(3, (200,))
    number, there = torch.randn(200, 1) + 2, (torch.rand(200, 1) < 0.7).float()
    x = torch.cat([number * there, there, torch.nn.functional.one_hot(level, 3)], dim=1)
    mean = constant(family, x, torch.Size([5])).mean[0]

    assert mean[0].item() == pytest.approx(float(number[there > 0].mean()), abs=1e-3)
    assert mean[2:].tolist() == pytest.approx((level.bincount() / 200).tolist(), abs=1e-3)


def test_a_far_row_is_found_whatever_the_units() -> None:
    x = torch.randn(100, 3, dtype=torch.float64)
    assert far_row(x) is None

    x[17, 2] = 1e4
    found = far_row(x)
    assert found is not None
    assert found[:2] == (17, 2)

    scaled = far_row(x * torch.tensor([1e-3, 7.0, -1e5]) + 11)
    assert scaled is not None
    assert scaled[2] == pytest.approx(found[2])


def test_a_flag_set_in_one_row_is_not_a_far_row() -> None:
    x = torch.randn(100, 2)
    x[:, 1] = 0
    x[3, 1] = 1

    assert far_row(x) is None


# What they mean


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 10, 40, 128])
def test_a_steadily_falling_loss_is_reported(epochs: int) -> None:
    losses = np.linspace(100, 50, epochs + 1)
    warning = failures.still_falling([*losses[:-1]], 60.0, final=losses[-1])

    assert warning
    assert f"of {epochs} epoch" in warning
    assert f"epochs={2 * epochs}" in warning


@pytest.mark.parametrize("noise", [0.0, 0.5])
@pytest.mark.parametrize("epochs", [8, 40, 128])
def test_a_loss_that_has_settled_is_not_reported(epochs: int, noise: float) -> None:
    rng = np.random.default_rng(0)
    losses = 100 * np.exp(-np.arange(epochs)) + 50 + noise * rng.normal(size=epochs)

    assert failures.still_falling([*losses], 100.0, noise=noise) is None


def test_a_loss_that_rises_or_is_not_a_number_is_not_falling() -> None:
    assert failures.still_falling([1.0, 2.0, 3.0, 4.0, 5.0], 1.0) is None
    assert failures.still_falling([math.nan] * 5, 1.0) is None


@pytest.mark.parametrize("n", [2, 30, 500, 5000])
def test_one_long_text_is_reported_before_training(n: int) -> None:
    lengths = [10 + i % 20 for i in range(n - 1)]

    assert failures.length_limit(lengths) is None
    limit = failures.length_limit([*lengths, 30_000])
    assert (limit is None) if n < 20 else (max(lengths) < limit < 30_000)
    assert failures.long_outlier([*lengths, 30_000])
    assert failures.long_outlier(lengths) is None
    assert failures.long_outlier([]) is None


def test_differences_by_chance_are_not_reported() -> None:
    assert failures.no_better(-5.1, -5.0, density=True, error=0.1) is None
    assert failures.no_better(-6.0, -5.0, density=True, error=0.1)
    assert failures.no_better(math.nan, -5.0, density=True)


# Planted failures


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [
        (ae.beta_vae, {"beta": 500.0}, "no active unit.*beta=500"),
        (
            ae.vae,
            {"training": Training(1, learning_rate=1e-7, **QUIET_CPU)},
            "no active unit|worse",
        ),
        (ae.autoencoder, {"training": Training(1, learning_rate=1e-7, **QUIET_CPU)}, "the mean"),
        (ae.autoencoder, {"training": Training(2, **QUIET_CPU)}, "still falling.*2 epochs"),
        (ae.vae, {"training": Training(4, **QUIET_CPU)}, "still falling.*4 epochs"),
        (ae.autoencoder, {"training": Training(time_budget=0.3, **QUIET_CPU)}, "a time_budget"),
    ],
)
def test_failures_of_training_are_reported(recipe, options, message: str, monkeypatch) -> None:
    ticks = itertools.count()  # a clock that goes on by a millisecond whenever it is read
    clock = SimpleNamespace(perf_counter=lambda: next(ticks) / 1000)
    monkeypatch.setattr("autoencode.training.schedule.time", clock)
    options = {"training": Training(10, **QUIET_CPU)} | options

    with pytest.warns(FitWarning, match=message):
        recipe(4, layers=(64,), random_state=0, **options).fit(IMAGES)  # which begin anywhere


@pytest.mark.slow
def test_a_density_worse_than_a_constant_is_named() -> None:
    X = load_iris().data
    training = Training(2, learning_rate=0.3, validation_fraction=0, **QUIET_CPU)
    model = ae.vae(2, random_state=0, training=training)

    assert any("worse than a constant density" in message for message in warnings_of(model, X))


@pytest.mark.slow
@pytest.mark.parametrize("quiet", [0.0, 0.004])
def test_one_scale_for_parts_that_vary_differently_is_named(quiet: float) -> None:
    scale = np.where(np.arange(64).reshape(8, 8) % 2, 0.2, quiet)
    scale[0, 1] = 0.05
    rng = np.random.default_rng(0)
    X = 0.5 + scale * (rng.normal(size=(200, 8, 8)) + rng.normal(size=(200, 1, 1))) / 2
    X = X.clip(0, 1)
    network = FullyConnected((16,), skip=True)
    options = {
        "modality": ae.modalities.Images(layout="NHW"),
        "training": Training(3, **QUIET_CPU),
    }
    model = ae.vae(2, network=network, random_state=0, **options)
    found = [
        message for message in warnings_of(model, X) if "worse than independent numbers" in message
    ]

    # What never changes says nothing for or against a model
    assert len(found) == (quiet > 0)

    if found:
        assert "likelihood=DiagonalGaussian()" in found[0]
        other = model.set_params(likelihood=DiagonalGaussian())
        assert not any("independent" in message for message in warnings_of(other, X))


def test_skipped_steps_are_counted() -> None:
    calls = iter([1.0, 1.0, math.nan, *[1.0] * 10**4])
    training = Training(2, batch_size=10, validation_fraction=0, **QUIET_CPU)
    X = np.random.default_rng(0).normal(size=(200, 3))
    model = ae.autoencoder(2, corruption=lambda x: x * next(calls), training=training)

    assert any("1 of 40 steps were skipped" in message for message in warnings_of(model, X))
    assert [record.skipped for record in model.history_] == [1, 0]


@pytest.mark.parametrize("recipe", [ae.linear])  # others see such columns by their ranks
def test_a_row_far_from_all_others_is_named(recipe) -> None:
    X = load_iris().data.copy()
    X[7, 2] = 1e5

    assert any(
        "row 7 makes up" in message for message in warnings_of(recipe(2, random_state=0), X)
    )


@pytest.mark.parametrize("kind", ["image", "series", "sound", "windows"])
def test_an_example_far_from_all_others_is_named(kind: str) -> None:
    x = np.random.default_rng(0).normal(size=(30, 32)).astype(np.float32)
    gaps = torch.from_numpy(x)[:, None].clone()
    gaps[3, :, :9] = torch.nan
    assert far_example(gaps) is None

    if kind == "image":
        data, options = x.reshape(30, 8, 4) / 100, {"modality": ae.modalities.Images(layout="NHW")}
        data[7] = np.eye(8)[:, :4]
    elif kind == "sound":
        data, options = x / 1000, {"modality": ae.modalities.Sounds(rate=4000)}
        data[7] *= 300
    else:
        options = {"modality": ae.modalities.Series(window=32 if kind == "windows" else None)}
        data = np.stack([x, x[::-1]], axis=2)

        if kind == "windows":  # 59 of them, two of which see the place
            data = data.reshape(1, -1, 2)
            data[0, 7 * 32 + 20, 1] = 1e4
        else:
            data[7, 20, 1] = 1e4

    found = [m for m in warnings_of(ae.linear(2, **options), data) if "dominates" in m]
    assert len(found) == 1
    name = "examples 14 and 15 make up" if kind == "windows" else "example 7 makes up"
    assert f"{name} " in found[0]
    assert "clip" in found[0]


def test_an_example_that_dominates_the_loss_is_named() -> None:
    X = np.random.default_rng(0).random((60, 6, 6)) * 0.01 + 0.5
    X[23] = 1 - np.eye(6)  # one component cannot hold both
    X[24] = np.eye(6)[::-1] * 0.7

    assert any("makes" in warning for warning in warnings_of(ae.linear(1), X))


@pytest.mark.parametrize(
    ("latent_dim", "N", "message"), [(4, 150, "as wide as"), (3, 3, "for 3 examples")]
)
def test_codes_that_are_too_wide_are_accepted_and_reported(latent_dim, N, message: str) -> None:
    X = np.random.default_rng(0).normal(size=(N, 4))
    training = Training(2, **QUIET_CPU)
    found = warnings_of(ae.autoencoder(latent_dim, training=training, random_state=0), X)

    assert any(message in warning for warning in found)


def test_a_wide_code_of_a_denoiser_is_not_reported() -> None:
    model = ae.denoising(8, training=Training(4, **QUIET_CPU), random_state=0)
    assert not any("as wide as" in warning for warning in warnings_of(model, load_iris().data))


# Unused input


def test_a_long_text_and_texts_cut_off_are_named() -> None:
    with pytest.warns(
        FitWarning, match=r"1 of 100 texts is cut off at 256 bytes.*max_bytes=20000"
    ):
        Texts().fit(["abc"] * 99 + ["x" * 20_000])

    with pytest.warns(FitWarning, match="most of the input is unused: only 10 %"):
        Texts(max_bytes=5, truncate=True).fit(["x" * 50] * 9)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([(300, 300)] * 4, r"images of 300 x 300 became 128 x 128: modality=Images\(size=300\)"),
        ([(20, 2000)] * 4, r"of 20 x 2000 became 13 x 1280: modality=Images\(size=\(20, 2000\)\)"),
        ([(60, 40), (40, 60)] * 2, "images of 50 x 50 became .* 33 % of their area is cropped"),
        ([(48, 48)] * 4, None),
        ([(72, 72)] * 4, None),
    ],
)
def test_images_that_lose_much_are_named(tmp_path, sizes, message: str | None) -> None:
    for i, (height, width) in enumerate(sizes):
        pixels = np.random.default_rng(i).integers(0, 255, (height, width), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")

    model = ae.linear(1)

    if message is None:
        assert warnings_of(model, tmp_path) == []
    else:
        with pytest.warns(FitWarning, match=message):
            model.fit(tmp_path)

        assert not warnings_of(model.set_params(modality=ae.modalities.Images(sizes[0])), tmp_path)


# Presentation


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe", [ae.linear, ae.vae, pytest.param(ae.autoencoder, marks=pytest.mark.by_hand)]
)
def test_healthy_models_are_silent(recipe) -> None:
    assert warnings_of(recipe(2, random_state=0), load_iris().data) == []


@pytest.mark.by_hand
@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "table"),
    [
        *((recipe, load_wine) for recipe in ("autoencoder", "beta_vae", "contractive")),
        *((recipe, load_breast_cancer) for recipe in ("vae", "denoising")),
    ],
)
def test_healthy_models_of_other_tables_are_silent(recipe: str, table) -> None:
    rows = table().data[::2]
    assert warnings_of(getattr(ae, recipe)(4, random_state=0), rows) == []


def test_a_warning_points_at_the_call_and_may_be_an_error() -> None:
    model = ae.beta_vae(
        2, beta=500.0, layers=(8,), training=Training(4, **QUIET_CPU), random_state=0
    )

    with pytest.warns(FitWarning) as caught:
        model.fit(IMAGES)

    assert {warning.filename for warning in caught} == {__file__}

    with warnings.catch_warnings():
        warnings.simplefilter("error", FitWarning)

        with pytest.raises(FitWarning, match="no active unit"):
            model.fit(IMAGES)

    assert model.transform(IMAGES).shape == (400, 2)  # the model is there all the same


@pytest.mark.slow
def test_diagnosis_does_not_change_the_model() -> None:
    def fit(random_state: int) -> np.ndarray:
        model = ae.vae(2, training=Training(2, **QUIET_CPU), random_state=random_state)
        return model.fit(IMAGES).sample(3, random_state=0)

    state = torch.get_rng_state()
    assert (fit(0) == fit(0)).all()
    assert (torch.get_rng_state() == state).all()


def test_the_command_line_prints_one_line_per_warning(tmp_path, capsys) -> None:
    np.save(tmp_path / "X.npy", IMAGES)
    out = str(tmp_path / "m.ae")
    flags = ["--recipe", "beta_vae", "--beta", "500", "--epochs", "4", "--layers", "8"]

    assert main(["fit", str(tmp_path / "X.npy"), "--out", out, *flags]) == 0

    lines = capsys.readouterr().err.splitlines()
    warnings_ = [line for line in lines if "warning" in line.lower()]
    assert len(warnings_) == len({*warnings_}) >= 1
    assert all(line.startswith("autoencode: warning: ") for line in warnings_)
    assert not any("Traceback" in line or ".py:" in line for line in lines)
