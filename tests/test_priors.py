r"""Tests for priors that are fitted to the codes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.mixture import GaussianMixture
from torch import Tensor, randn

import autoencode as ae
from autoencode.priors import Mixture, StandardNormal

SMALL = {
    "layers": (16,),
    "training": ae.Training(epochs=5, batch_size=128),
    "random_state": 0,
}


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    r"""Two rings, whose codes a unit Gaussian follows badly."""
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 600)
    radius = np.repeat([1.0, 3.0], 300)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), radius], axis=1)


def fitted(z: Tensor, components: int) -> Mixture:
    prior = Mixture(components).build(z.shape[-1])
    torch.manual_seed(0)
    prior.fit(lambda: z)
    return prior


@pytest.mark.parametrize("D", [1, 3])
def test_it_is_the_unit_gaussian_until_it_is_fitted(D: int) -> None:
    z = randn(7, D)
    assert torch.equal(Mixture().build(D)().log_prob(z), StandardNormal().build(D)().log_prob(z))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("draws", [1, 4])
def test_one_component_has_the_moments_of_the_codes(draws: int) -> None:
    z = 5 + randn(300, draws, 3) @ randn(3, 3)
    flat = z.flatten(end_dim=1)
    p = fitted(z, 1)()
    law = multivariate_normal(flat.mean(0), np.cov(flat.T, bias=True))

    assert torch.allclose(p.mean, flat.mean(0))
    assert p.log_prob(flat[:50]).numpy() == pytest.approx(law.logpdf(flat[:50]), abs=0.01)


@pytest.mark.usefixtures("float64")
def test_the_density_is_that_of_scikit_learn() -> None:
    means = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    z = (means[:, None] + randn(3, 400, 2)).flatten(end_dim=1)
    unit, scale = (z - z.mean(dim=0)) / (s := z.std(dim=0, correction=0)), s.log().sum()
    other = GaussianMixture(3, reg_covar=1e-4, random_state=0).fit(unit)

    ours = fitted(z[:, None], 3)().log_prob(z) + scale
    assert ours.numpy() == pytest.approx(other.score_samples(unit), abs=1e-6)


@pytest.mark.usefixtures("float64")
def test_the_density_has_an_integral_of_one_and_is_sampled() -> None:
    z = torch.cat([randn(500, 1) - 4, 0.3 * randn(500, 1) + 2])
    p = fitted(z[:, None], 5)()
    grid = torch.linspace(-12, 12, 20_001)[:, None]
    new = p.sample((20_000,))

    assert float(torch.trapezoid(p.log_prob(grid).exp(), grid[:, 0])) == pytest.approx(1, abs=1e-6)
    assert float((new < 0).double().mean()) == pytest.approx(0.5, abs=0.02)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_scale_of_codes_does_not_matter(scale: float) -> None:
    z = randn(400, 1, 2) + 6 * torch.randint(2, (400, 1, 1))
    one, other = fitted(z, 2)(), fitted(scale * z, 2)()

    assert torch.allclose(
        other.log_prob(scale * z), one.log_prob(z) - 2 * np.log(scale), atol=1e-3
    )


@pytest.mark.parametrize(
    "z",
    [randn(1, 50, 4), randn(3, 50, 4), torch.ones(100, 2, 4), torch.zeros(100, 1, 1)],
    ids=["one example", "three examples", "constant", "zeros"],
)
def test_few_or_equal_codes_have_a_prior(z: Tensor) -> None:
    p = fitted(z, 10)()
    assert p.log_prob(z.flatten(end_dim=1)).isfinite().all()
    assert p.sample((9,)).isfinite().all()


def test_the_bound_rises_and_nothing_else_changes(rows: np.ndarray) -> None:
    plain, mixed = (
        ae.vae(2, prior=prior, **SMALL).fit(rows) for prior in (None, Mixture(components=8))
    )
    before, after = plain.evaluate(rows), mixed.evaluate(rows)

    assert np.array_equal(plain.transform(rows), mixed.transform(rows))
    assert after["distortion"] == pytest.approx(before["distortion"])
    assert after["bound"] > before["bound"] + 0.1
    assert mixed.score(rows) > plain.score(rows)


def test_new_examples_of_a_plain_autoencoder_are_like_the_data(rows: np.ndarray) -> None:
    model = ae.autoencoder(2, layers=(32,), prior=Mixture(), random_state=0).fit(rows)
    new = model.sample(400, random_state=0)

    # The radius is a column, too: that of two rings alone
    radius = np.hypot(new[:, 0], new[:, 1])
    assert np.abs(radius - new[:, 2]).mean() < 0.3
    assert np.abs(new[:, 2].mean() - 2) < 0.2
    assert not hasattr(model, "score_samples")
    assert ae.linear(2, prior=Mixture()).fit(rows).sample(3).shape == (3, 3)


def test_without_one_the_error_says_so() -> None:
    with pytest.raises(AttributeError, match=r"'sample'.*; prior=Mixture\(\)"):
        ae.autoencoder(2).sample()


def test_it_is_stored_and_made_again(rows: np.ndarray, tmp_path: Path) -> None:
    model = ae.vae(2, prior=Mixture(components=8), **SMALL).fit(rows)
    model.save(tmp_path / "model.ae")
    model.save(tmp_path / "encoder.ae", encoder_only=True)
    again = ae.load(tmp_path / "model.ae")
    new = model.sample(5, random_state=0)

    assert np.array_equal(again.sample(5, random_state=0), new)
    assert np.array_equal(again.score_samples(rows[:9]), model.score_samples(rows[:9]))
    assert np.array_equal(clone(model).fit(rows).sample(5, random_state=0), new)

    for encoder in (
        ae.load(tmp_path / "encoder.ae"),
        ae.load(tmp_path / "model.ae", encoder_only=True),
    ):
        assert np.array_equal(encoder.transform(rows), model.transform(rows))

        with pytest.raises(ValueError, match="encoder_only"):
            encoder.sample()


def test_a_resumed_training_has_the_same(rows: np.ndarray, tmp_path: Path) -> None:
    training = ae.Training(epochs=3, checkpoint=tmp_path / "run", checkpoint_seconds=0)
    model = ae.vae(2, prior=Mixture(), layers=(8,), training=training, random_state=0)
    whole = model.fit(rows).sample(5, random_state=0)

    assert np.array_equal(model.fit(rows, resume=True).sample(5, random_state=0), whole)


def test_labels_and_missing_cells_go_with_it(rows: np.ndarray) -> None:
    pd = pytest.importorskip("pandas")
    y = np.repeat(["inner", "outer"], 300)
    X = pd.DataFrame({"x": rows[:, 0], "ring": y}).mask(np.arange(1200).reshape(600, 2) % 7 == 0)
    model = ae.vae(2, prior=Mixture(components=4), **SMALL).fit(X)

    assert ae.vae(2, prior=Mixture(), conditional=True, **SMALL).fit(rows, y).sample(
        3, y="outer"
    ).shape == (3, 3)
    assert not model.impute(X).isna().any(axis=None)
    assert set(model.sample(20, given={"ring": "outer"})["ring"]) == {"outer"}


@pytest.mark.parametrize("components", [0, -1, 2.5, "ten"])
def test_wrong_arguments_are_named(components: object) -> None:
    with pytest.raises(ValueError, match="components as an integer >= 1"):
        Mixture(components)
