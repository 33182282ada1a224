r"""Tests of the start of trainings; `linear` itself is held in `test_recipes.py`."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA, FactorAnalysis

import autoencode as ae
from autoencode.data import Examples
from autoencode.distributions import Bernoulli, FixedGaussian, Gaussian, SharedGaussian
from autoencode.networks import FullyConnected
from autoencode.training.linear.factor_analysis import factor_analysis, probabilistic_pca
from autoencode.training.linear.linear_start import _Regression, linear_start
from autoencode.training.step import TrainStep, losses

X = np.random.default_rng(0).normal(size=(200, 8)) @ np.random.default_rng(1).normal(size=(8, 8))
y = np.arange(200) % 3
SCALED = (X - X.mean(axis=0)) / X.std(axis=0)


def started(make=ae.autoencoder, D: int = 3, X=X, y=None, skip=True, **options):
    r"""Returns a model that was trained and then put back to its start, the start, and data."""
    network = FullyConnected((16,), skip=skip)
    training = ae.Training(epochs=1, show_progress=False)
    model = make(D, network=network, training=training, random_state=0, **options).fit(X, y)
    given = model.preprocess(X, y)
    data = Examples(given.target, None, given.context)
    start = linear_start(TrainStep(model.model_, model.blueprint_.objective))
    words = start and start.set(data)

    return model, start, words, data


def test_autoencoders_start_at_principal_components() -> None:
    model, _, words, _ = started()
    pca = PCA(3).fit(SCALED)
    Z, known = model.transform(X), pca.transform(SCALED)

    assert words == "3 principal components"
    assert np.allclose(np.abs(Z), np.abs(known / known.std(axis=0)), atol=1e-3)

    R = pca.inverse_transform(known) * X.std(axis=0) + X.mean(axis=0)
    assert np.allclose(model.reconstruct(X), R, atol=1e-3 * np.abs(X).max())

    scale = model.model_.decode(torch.zeros(1, 3)).stddev
    assert scale.mean().item() == pytest.approx(np.sqrt(pca.noise_variance_ * 5 / 8), rel=1e-2)


@pytest.mark.parametrize("shape", [(60, 40), (90, 12)])
def test_denoisers_of_few_rows_start_no_worse_than_principal_components(shape) -> None:
    rng = np.random.default_rng(3)
    W = rng.normal(size=(5, shape[1]))
    every = rng.normal(size=(shape[0] + 2000, 5)) @ W
    every += 0.3 * rng.normal(size=every.shape)
    X = every[: shape[0]]
    every = (every - X.mean(axis=0)) / X.std(axis=0)
    X, others = every[: shape[0]], every[shape[0] :]
    model = started(ae.denoising, 5, X, noise=1.0)[0]
    damaged = others + rng.normal(size=others.shape)
    pca = PCA(5).fit(X)

    def error(R) -> float:
        return np.square(R - others).sum(axis=1).mean()

    linear = error(pca.inverse_transform(pca.transform(damaged)))
    assert error(model.reconstruct(damaged)) < 1.01 * linear


@pytest.mark.parametrize("make", [ae.autoencoder, ae.vae])
def test_under_a_context_they_start_at_what_that_leaves(make) -> None:
    moved = X + 50 * y[:, None]
    model, _, _, _ = started(make, X=moved, y=y, conditional=True)
    R = model.reconstruct(moved, y)
    means = np.stack([moved[y == label].mean(axis=0) for label in range(3)])[y]

    assert ((R - moved) ** 2).sum() < 0.5 * ((means - moved) ** 2).sum()


@pytest.mark.parametrize(
    ("likelihood", "D"),
    [
        (None, 2),
        (None, 12),
        (SharedGaussian(), 4),
        (FixedGaussian(0.5), 8),
        *(pytest.param(None, D, marks=pytest.mark.slow) for D in (1, 4, 8)),
        *(pytest.param(SharedGaussian(), D, marks=pytest.mark.slow) for D in (1, 2, 8, 12)),
        *(pytest.param(FixedGaussian(0.5), D, marks=pytest.mark.slow) for D in (1, 2, 4, 12)),
    ],
)
def test_the_first_bound_is_the_log_likelihood_of_the_linear_model(likelihood, D) -> None:
    model, _, _, data = started(ae.vae, D, likelihood=likelihood)
    step = TrainStep(model.model_, model.blueprint_.objective)
    bound = -losses(step, data, seed=0, n_samples=64).mean().item()
    evidence = model.score_samples(X) + float(model.modality_.unit().log().sum())

    # The posterior is exact, so that the bound is tight
    assert bound == pytest.approx(evidence.mean(), abs=0.1)

    if likelihood is None:
        k = min(D, 7)
        found = FactorAnalysis(k).fit(SCALED).score(SCALED)
        assert evidence.mean() == pytest.approx(found, abs=0.25)


@pytest.mark.parametrize(
    ("options", "has_start"),
    [
        ({"likelihood": FixedGaussian()}, True),
        ({"likelihood": Gaussian()}, False),
        ({"skip": False}, False),
        ({"X": (X > 0).astype(float), "likelihood": Bernoulli()}, False),
    ],
)
def test_other_models_start_from_random_weights(options, has_start: bool) -> None:
    assert (started(**options)[1] is not None) is has_start


@pytest.mark.parametrize(
    ("x", "rank"), [(X[:2], 1), (np.ones((20, 8)), 0), (X[:1], 0), (X[:, [0, 1, 1, 0, 2]], 3)]
)
def test_codes_wider_than_what_varies_are_zero_there(x, rank: int) -> None:
    model = started(D=12, X=x)[0]
    Z = model.transform(x)

    assert np.allclose(Z.std(axis=0)[:rank], 1, atol=1e-3)
    assert np.allclose(Z[:, rank:], 0, atol=1e-6)
    assert np.allclose(model.reconstruct(x), x, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("make", [ae.autoencoder, ae.vae])
@pytest.mark.parametrize("labels", ["a label each", "few for each", "numbers"])
def test_contexts_that_explain_everything_leave_a_finite_model(make, labels: str) -> None:
    x = np.random.default_rng(2).normal(size=(80, 4))
    y = {
        "a label each": np.arange(80),
        "few for each": np.arange(80) // 3,
        "numbers": np.c_[x, x[:, :1]],
    }[labels]
    training = ae.Training(epochs=3, show_progress=False)
    model = make(2, conditional=True, training=training, random_state=0).fit(x, y)

    assert np.isfinite(model.reconstruct(x, y)).all()
    assert np.isfinite(model.score(x, y))


def test_labels_that_no_two_examples_share_say_nothing_of_others() -> None:
    x = np.random.default_rng(2).normal(size=(200, 4))
    model = started(ae.vae, 2, X=x, y=np.arange(200), conditional=True)[0]
    new = model.sample(2000, y=np.arange(2000) % 200, random_state=0)

    assert np.allclose(new.std(axis=0), x.std(axis=0), rtol=0.1)


@pytest.mark.slow
def test_equal_rows_do_not_hide_that_training_knows_them_by_heart() -> None:
    rng = np.random.default_rng(6)
    x, new = np.repeat(rng.normal(size=(30, 4)), 8, axis=0), rng.normal(size=(200, 4))
    model = ae.vae(4, random_state=0, training=ae.Training(epochs=30)).fit(x)

    assert model.score_samples(new).mean() > FactorAnalysis(1).fit(x).score(new) - 2


@pytest.mark.parametrize("n", [2, 3, 9, 20])
def test_too_few_rows_to_judge_by_keep_the_start(n: int) -> None:
    training = ae.Training(epochs=2, show_progress=False)
    model = ae.autoencoder(4, training=training, random_state=0).fit(X[:n])

    assert np.allclose(model.reconstruct(X[:5]), started(D=4, X=X[:n])[0].reconstruct(X[:5]))


def test_a_larger_scale_alone_is_no_gain() -> None:
    x = np.random.default_rng(8).normal(size=(60, 80))
    model, start, _, data = started(D=20, X=x)
    train, held_out = data.hold_out(20)
    start.begin(train, held_out, seed=0)
    R = model.reconstruct(x)

    # The residuals of the training examples are smaller than those of others
    model.model_.likelihood.set_scale(torch.tensor(1.0))
    assert not start.is_beaten(held_out, seed=0)
    assert (model.reconstruct(x) == R).all()

    start.set(data)  # components of the held-out examples, too
    assert start.is_beaten(held_out, seed=0)


def test_labels_of_few_examples_that_fit_by_chance_say_nothing_of_others() -> None:
    lost, kept = [], []

    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, c, new, c_new = (torch.from_numpy(rng.normal(size=(n, 3))) for n in (13, 13, 99, 99))
        own = (new - x.mean(dim=0)).square().mean()
        lost.append((new - _Regression(c, x)(c_new)).square().mean() / own)
        kept.append((new - _Regression(c, x + 2 * c)(c_new) + 2 * c_new).square().mean() / own)

    assert np.mean(lost) < 1.05
    assert np.mean(kept) < 1.6  # least squares with four numbers from 13 examples: 1.44


@pytest.mark.slow
def test_the_noise_of_each_column_is_learned() -> None:
    rng = np.random.default_rng(7)
    W = rng.normal(size=(3, 20)) * [[5], [3], [1.5]]
    x = rng.normal(size=(2000, 3)) @ W + 0.3 * rng.normal(size=(2000, 20)) + 2
    model = ae.vae(3, random_state=0, training=ae.Training(epochs=2)).fit(x)

    assert model.score(x) == pytest.approx(FactorAnalysis(3).fit(x).score(x), abs=0.3)


@pytest.mark.slow
def test_what_training_does_not_improve_on_the_start_is_left_at_it() -> None:
    noise = np.random.default_rng(3).normal(size=(60, 5))
    model = ae.vae(5, training=ae.Training(epochs=20, show_progress=False), random_state=0).fit(
        noise
    )

    # Both halves are affine: the layers beside the skip connections end in zeros
    z = np.random.default_rng(4).normal(size=(2, 5))
    middle = model.inverse_transform(z.mean(axis=0, keepdims=True))
    assert np.allclose(middle, model.inverse_transform(z).mean(axis=0), atol=1e-5)

    fitted = FactorAnalysis(1).fit(noise)
    new = np.random.default_rng(5).normal(size=(500, 5))
    assert model.score_samples(new).mean() > fitted.score(new) - 0.5


@pytest.mark.slow
@pytest.mark.parametrize("load", [load_iris, load_diabetes])
@pytest.mark.parametrize("D", [2, 16])
def test_training_is_not_far_worse_than_factor_analysis(load, D: int) -> None:
    data = load().data
    model = ae.vae(D, training=ae.Training(epochs=10), random_state=0).fit(data[::2])
    known = max(
        FactorAnalysis(k).fit(data[::2]).score(data[1::2]) for k in (1, min(D, data.shape[1] - 1))
    )

    assert model.score_samples(data[1::2]).mean() > known - 1


def test_the_number_of_factors_is_that_of_the_data() -> None:
    rng = np.random.default_rng(0)
    W = torch.from_numpy(rng.normal(size=(3, 20)))
    x = torch.from_numpy(rng.normal(size=(500, 3))) @ W + 0.3 * torch.from_numpy(
        rng.normal(size=(500, 20))
    )
    x = x - x.mean(dim=0)

    for method in (factor_analysis, probabilistic_pca):
        assert method(x, 3).loadings.shape == (20, 3)
        assert method(x, 16).loadings.shape[1] in {3, 4}
        assert method(x, 3).noise.mean().item() == pytest.approx(0.09, rel=0.1)


@pytest.mark.parametrize("scales", [0.0, 1.5])
def test_the_noise_of_few_rows_is_that_of_others(scales: float) -> None:
    rng = np.random.default_rng(1)
    noise = np.exp(scales * rng.normal(size=300))
    W = rng.normal(size=(300, 2))
    x, new = (
        torch.from_numpy(rng.normal(size=(n, 2)) @ W.T + noise * rng.normal(size=(n, 300)))
        for n in (40, 500)
    )
    x, new = x - x.mean(dim=0), new - x.mean(dim=0)
    found = factor_analysis(x, 8)
    known = factor_analysis(new, 2).log_prob(new).mean()  # which has seen them

    # Neither a variance that few rows happen to have, nor one for all columns
    assert found.log_prob(new).mean() > probabilistic_pca(x, 8).log_prob(new).mean() - 2
    assert found.log_prob(new).mean() > known - 0.15 * 300
    assert found.noise.sqrt().median().item() == pytest.approx(np.median(noise), rel=0.15)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (2, 5), (3, 40), (5, 2), (50, 200), (9, 1)])
@pytest.mark.parametrize("method", [factor_analysis, probabilistic_pca])
def test_factors_of_few_rows_are_finite(method, shape: tuple[int, int]) -> None:
    x = torch.from_numpy(np.random.default_rng(0).normal(size=shape))
    found = method(x - x.mean(dim=0), 8)

    assert all(t.isfinite().all() for t in found)
    assert found.log_prob(x).isfinite().all()
    assert found.encoder.isfinite().all()


def test_least_squares_refuses_skip_connections() -> None:
    network = FullyConnected((), skip=True)

    with pytest.raises(ValueError, match="skip=False"):
        ae.autoencoder(2, network=network, training=ae.LeastSquares()).fit(X)
