r"""Tests for the anomalies module."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import multivariate_normal, spearmanr
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import Tensor, nn

import autoencode as ae
from autoencode import recipes
from autoencode.manifold.anomalies.detector import OffManifoldDetector
from autoencode.manifold.codec import as_codec
from autoencode.modalities import Sounds, Tables

TRAINING = ae.Training(epochs=2, validation_fraction=0)
SMALL: dict[str, Any] = {"layers": (16,), "training": TRAINING, "random_state": 0}


def gaussian(n: int = 2000, seed: int = 0) -> tuple[NDArray, Any]:
    r"""Data of probabilistic principal component analysis, with two components of five."""
    rng = np.random.default_rng(seed)
    W = np.linalg.qr(np.random.default_rng(1).normal(size=(5, 2)))[0] * [3.0, 2.0]
    density = multivariate_normal(np.arange(5), W @ W.T + 0.1**2 * np.eye(5))

    return density.rvs(n, random_state=rng), density


def circle(n: int = 300, seed: int = 0) -> NDArray:
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, n)
    noise = np.random.default_rng(seed + 1).normal(size=(n, 3))
    return np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1) + 0.02 * noise


@pytest.mark.slow
@parametrize_with_checks([OffManifoldDetector(n_folds=2)])
def test_interface_of_scikit_learn(estimator, check, single_precision) -> None:
    check(estimator)


# Densities


@pytest.mark.slow
def test_a_linear_gaussian_model_has_its_own_density() -> None:
    (X, density), (X_new, _) = gaussian(), gaussian(700, seed=2)
    model = ae.linear(latent_dim=2)
    detector = OffManifoldDetector(model, density="gaussian").fit(X)
    wide = X_new + 0.3 * np.random.default_rng(3).normal(size=X_new.shape)
    scores, exact = detector.score_samples(wide), density.logpdf(wide)

    # In nats of the model's unit, which divides all columns alike
    unit = float(detector.model_.modality_.unit().flatten()[0])
    exact = exact + 5 * np.log(unit)

    # What is nearer to the plane than usual counts as usual
    off = detector.decompose(wide).off_manifold
    far = off < off.max()

    assert far.mean() > 0.5
    assert spearmanr(scores[far], exact[far]).statistic > 0.999
    assert np.allclose(scores[far], exact[far], rtol=0.1, atol=0.5)
    assert (scores[~far] < exact[~far] + 0.5).all()

    # Kernels know no law, and come close to it
    free = OffManifoldDetector(model).fit(X).score_samples(wide)
    assert spearmanr(free[far], exact[far]).statistic > 0.98


def test_what_is_nearer_than_usual_is_as_usual() -> None:
    X, _ = gaussian()
    detector = OffManifoldDetector(ae.linear(2), density="gaussian").fit(X)
    on, off = detector.decompose(X)
    flat = detector.model_.reconstruct(X)

    assert np.mean(off < off.max()) == pytest.approx(0.25, abs=0.03)
    assert np.allclose(detector.decompose(flat).off_manifold, off.max())
    assert np.allclose(detector.decompose(flat).on_manifold, on, atol=0.01)


def test_points_within_the_span_of_the_data_are_found() -> None:
    rng = np.random.default_rng(0)
    u, v = rng.uniform(0, 2 * np.pi, size=(2, 1300))
    ring = 2 + 0.8 * np.cos(v)
    torus = np.stack([ring * np.cos(u), ring * np.sin(u), 0.8 * np.sin(v)], axis=1)
    X = torus @ np.linalg.qr(rng.normal(size=(20, 20)))[0][:3] + 0.01 * rng.normal(size=(1300, 20))
    X, normal = X[:1000], X[1000:]

    # Halves of examples have half of their noise, too
    odd, is_odd = np.concatenate([normal, normal / 2]), np.repeat([0, 1], 300)
    peer = LocalOutlierFactor(novelty=True).fit(X)
    area = roc_auc_score(is_odd, -OffManifoldDetector(random_state=0).fit(X).score_samples(odd))

    assert area > 0.7
    assert area > roc_auc_score(is_odd, -peer.score_samples(odd))


@pytest.mark.parametrize("density", ["parzen", "gaussian"])
def test_the_sum_of_its_parts(density: str) -> None:
    X = np.concatenate([circle(), circle() * [1, 1, -1]])  # so that the plane is level
    detector = OffManifoldDetector(ae.linear(2), density=density).fit(X)
    on, off = detector.decompose(X)

    assert np.allclose(on + off, detector.score_samples(X))
    assert np.allclose(detector.decision_function(X), detector.score_samples(X) - detector.offset_)

    # What is across the plane changes one part, what is along it the other
    up, out = X + np.array([0, 0, 1]), X * [3, 3, 1]
    for moved, changed, kept in [(up, 1, 0), (out, 0, 1)]:
        before, after = (on, off), detector.decompose(moved)
        assert (after[changed] < before[changed]).all()
        assert np.allclose(after[kept], before[kept], atol=1e-2)

    # A hole in the data is found by kernels only
    middle = detector.decompose(np.zeros((1, 3))).on_manifold - on.min()
    assert middle < 0 if density == "parzen" else middle > 0


def test_the_volume_makes_the_density_one_of_the_data() -> None:
    # Codes in another chart of the same plane, with the same data and the same law
    A = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]], dtype=torch.float64)
    B = torch.tensor([[5.0, 1.0], [0.5, 2.0]], dtype=torch.float64)

    def charted(M: Tensor) -> tuple:
        return lambda x: x @ torch.linalg.pinv(M), lambda z: z @ M

    X = np.random.default_rng(0).normal(size=(400, 2)) @ A.numpy()
    X = X + 0.1 * np.random.default_rng(1).normal(size=X.shape)
    first = OffManifoldDetector(charted(A), density="gaussian").fit(X)
    second = OffManifoldDetector(charted(B @ A), density="gaussian").fit(X)

    assert np.allclose(first.score_samples(X), second.score_samples(X), atol=1e-3)


def test_a_saturated_encoder_hides_nothing() -> None:
    # What is reconstructed badly along the manifold is no residual across it, but counts
    saturated = (lambda x: x[:, :1].clamp(-2, 2), lambda z: z @ torch.ones(1, 3).to(z))
    X = np.random.default_rng(0).uniform(-1, 1, size=(400, 1)) + np.zeros((1, 3))
    X = X + 0.05 * np.random.default_rng(1).normal(size=X.shape)
    detector = OffManifoldDetector(saturated).fit(X)
    far = np.full((1, 3), 10.0)

    assert detector.predict(far) == [-1]
    assert detector.decompose(far).on_manifold < detector.decompose(X).on_manifold.min()


def test_shifts_and_units_change_nothing() -> None:
    X, _ = gaussian(300)
    scores = OffManifoldDetector(random_state=0).fit(X).score_samples(X)
    other = X * [1.0, 100.0, 0.01, 5.0, 2.0] + [1e3, -50.0, 0.0, 7.0, 0.1]

    assert np.allclose(
        OffManifoldDetector(random_state=0).fit(other).score_samples(other), scores, atol=0.05
    )


# Anomalies


def test_contamination_is_the_share_of_anomalies() -> None:
    X, _ = gaussian(500)
    model = ae.linear(2).fit(X)

    for share in (0.01, 0.1, 0.5):
        detector = OffManifoldDetector(model, contamination=share).fit(X)
        assert np.mean(detector.predict(X) < 0) == share


def test_few_new_examples_are_anomalies_by_default() -> None:
    # With as many features as this, residuals of the data of the fit are far too small
    rng = np.random.default_rng(0)
    W = rng.normal(size=(5, 40))

    def draw(n: int) -> NDArray:
        return rng.normal(size=(n, 5)) @ W + rng.normal(size=(n, 40))

    X, X_new = draw(100), draw(2000)
    honest = OffManifoldDetector(ae.linear(20), random_state=0).fit(X)
    flattered = OffManifoldDetector(ae.linear(20).fit(X), random_state=0).fit(X)

    assert np.mean(honest.predict(X_new) < 0) < 0.05
    assert np.mean(flattered.predict(X_new) < 0) > 0.2


NAMES = ["linear", "autoencoder", "vae", "denoising", "contractive"]
SOME = [*NAMES[:3], *(pytest.param(name, marks=pytest.mark.by_hand) for name in NAMES[3:])]


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_every_recipe_on_tables(name: str) -> None:
    options = {} if name == "linear" else SMALL | {"training": ae.Training(epochs=50)}
    model = getattr(recipes, name)(2, **options)
    X, odd = circle(), circle(100, seed=5) + np.array([0, 0, 1])
    trained = OffManifoldDetector(model.fit(X[:200])).fit(X[200:])
    anew = OffManifoldDetector(clone(model), n_folds=2, random_state=0).fit(X)

    assert trained.model_ is model

    for detector in (trained, anew):
        scores = detector.score_samples(np.concatenate([circle(100, seed=7), odd]))

        assert np.isfinite(scores).all()
        assert roc_auc_score(np.repeat([1, 0], 100), scores) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(8, 8), (6, 8, 3)])
def test_images(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(3, *shape))
    X = (
        128
        + 30 * np.tensordot(rng.normal(size=(200, 3)), base, 1)
        + 5 * rng.normal(size=(200, *shape))
    )
    X = X.clip(0, 255).astype(np.uint8)
    odd = X[:5].copy()
    odd[:, 2, 5] = 255 - odd[:, 2, 5]

    by_default = OffManifoldDetector(n_folds=2).fit(X)
    variational = ae.vae(2, prior=ae.priors.StandardNormal(), **SMALL)

    for detector in (by_default, OffManifoldDetector(variational, n_folds=2).fit(X)):
        assert detector.predict(X).shape == (200,)
        assert np.isfinite(detector.score_samples(odd)).all()
        assert detector.explain(odd).shape == odd.shape

    # The explanation points to the pixel
    found = np.abs(by_default.explain(odd)).reshape(5, *shape[:2], -1).max(-1)
    assert [np.unravel_index(f.argmax(), f.shape) for f in found] == [(2, 5)] * 5


def test_explained_in_units_of_the_usual() -> None:
    X, _ = gaussian(500)
    detector = OffManifoldDetector(ae.linear(2, modality=Tables("whole"))).fit(X)
    z = detector.explain(X)

    assert np.allclose((z**2).mean(axis=0), 1, atol=0.2)

    moved = X[:20].copy()
    moved[:, 3] += 3
    assert (np.abs(detector.explain(moved)).argmax(axis=1) == 3).mean() > 0.9
    assert (detector.explain(moved)[:, 3] > 3).all()


def test_constant_columns_and_duplicates() -> None:
    X, _ = gaussian(200)
    X = np.repeat(np.c_[X, np.full(200, 7.0)], 3, axis=0)
    detector = OffManifoldDetector(n_folds=2).fit(X)
    moved = X[:5].copy()
    moved[:, 5] += 1

    assert np.isfinite(detector.score_samples(X)).all()
    assert (detector.score_samples(moved) < detector.score_samples(X).min()).all()
    assert (detector.predict(moved) == -1).all()

    constant = OffManifoldDetector().fit(np.ones((10, 3)))
    assert (constant.predict(np.ones((2, 3))) == 1).all()
    assert constant.predict([[1.0, 2.0, 1.0]]) == [-1]


def test_codes_wider_than_the_data() -> None:
    X = circle()
    wide = (lambda x: torch.cat([x, x], dim=1), lambda z: (z[:, :3] + z[:, 3:]) / 2)
    detector = OffManifoldDetector(wide).fit(X)

    assert np.isfinite(detector.score_samples(X)).all()
    assert np.allclose(detector.decompose(X).off_manifold, 0, atol=1e-3)


def test_tensors_in_tensors_out() -> None:
    X = torch.from_numpy(circle())
    detector = OffManifoldDetector().fit(X)

    assert isinstance(detector.decompose(X).on_manifold, Tensor)
    assert isinstance(detector.score_samples(X), Tensor)
    assert isinstance(detector.explain(X), Tensor)
    assert np.allclose(
        detector.score_samples(X).numpy(), detector.score_samples(X.numpy()), atol=1e-3
    )


def test_modules_are_left_as_they_were() -> None:
    encoder = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)).train()
    decoder = nn.Linear(2, 3)
    detector = OffManifoldDetector((encoder, decoder)).fit(circle())

    assert encoder.training
    assert encoder[1].training
    assert np.array_equal(detector.score_samples(circle()), detector.score_samples(circle()))


def test_untrained_models_are_trained_alike() -> None:
    model = ae.autoencoder(2, layers=(16,), training=ae.Training(epochs=1))
    detectors = [
        OffManifoldDetector(model, n_folds=2, random_state=s).fit(circle()) for s in (0, 0, 1)
    ]
    a, b, c = (detector.score_samples(circle()) for detector in detectors)

    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    assert model.random_state is None


def test_conditional_models_are_seen_under_a_label() -> None:
    X = np.concatenate([circle(100), circle(100) + 1])
    model = ae.autoencoder(2, conditional=True, **SMALL).fit(X, np.repeat([0, 1], 100))

    with pytest.raises(ValueError, match="pass y"):
        OffManifoldDetector(model).fit(X)

    with pytest.raises(ValueError, match="has to be trained before"):
        OffManifoldDetector(clone(model), y=[0]).fit(X)

    scores = [OffManifoldDetector(model, y=[y]).fit(X).score_samples(X) for y in (0, 1)]
    assert not np.allclose(*scores)


def test_clones_keep_a_trained_model_and_forget_another() -> None:
    X = circle(100)
    trained, untrained = ae.linear(2).fit(X), ae.linear(2)
    pair = (nn.Linear(3, 2), nn.Linear(2, 3))

    for model in (trained, pair):
        detector = OffManifoldDetector(model).fit(X)
        copy = clone(detector)

        assert copy.model is model
        assert not hasattr(copy, "offset_")
        assert np.array_equal(copy.fit(X).score_samples(X), detector.score_samples(X))

    copy = clone(OffManifoldDetector(untrained))
    assert copy.model is not untrained
    assert copy.set_params(model__latent_dim=1).fit(X).model_.latent_dim == 1
    assert untrained.latent_dim == 2


def test_sounds_are_explained_by_their_spectra() -> None:
    rng = np.random.default_rng(0)
    pitch = rng.uniform(200, 1500, size=(30, 1))
    X = (0.5 * np.sin(2 * np.pi * pitch * np.arange(1000) / 8000)).astype(np.float32)
    X[:, 800:] = 0
    modality = Sounds(rate=8000, seconds=0.125)
    model = ae.autoencoder(2, modality=modality, **SMALL).fit(X)
    shape = model.modality_.shape_
    detector = OffManifoldDetector(model).fit(X)

    assert detector.explain(X[:5]).shape == (5, *shape[1:], shape[0])

    # Of different lengths, silence being added at the end
    several = [x[: 800 + 10 * i] for i, x in enumerate(X[:20])]
    assert np.allclose(detector.score_samples(several), detector.score_samples(X[:20]), rtol=1e-3)


def test_maps_are_models() -> None:
    X = circle()
    model = ae.linear(2).fit(X)
    expected = OffManifoldDetector(model).fit(X).score_samples(X)

    assert np.allclose(OffManifoldDetector(as_codec(model)).fit(X).score_samples(X), expected)


def test_bad_arguments_are_named() -> None:
    X = circle()

    with pytest.raises(NotFittedError):
        OffManifoldDetector().score_samples(X)

    for arguments, message in [
        ({"contamination": 0.7}, r"fraction in \(0, 0.5\]"),
        ({"density": "flow"}, "density as one of"),
        ({"n_folds": 1}, "n_folds as an integer >= 2"),
    ]:
        with pytest.raises(ValueError, match=message):
            OffManifoldDetector(**arguments).fit(X)

    with pytest.raises(TypeError, match="a fitted Autoencoder, or a pair"):
        OffManifoldDetector(model="linear").fit(X)
