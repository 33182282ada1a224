r"""Tests for the estimator module."""

import functools
import logging
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import autoencode as ae
from autoencode import recipes
from autoencode.common.batching import memory_budget
from autoencode.corruptions import Compose, GaussianNoise, Masking
from autoencode.distributions import (
    Bernoulli,
    ContinuousBernoulli,
    DiscretizedLogistic,
    FixedGaussian,
    Gaussian,
    SharedGaussian,
)
from autoencode.modalities import Images, Tables
from autoencode.networks import FullyConnected
from autoencode.objectives import ELBO, Reconstruction
from autoencode.priors import StandardNormal
from autoencode.training.trainer import EpochRecord, Training

ONE_EPOCH = Training(epochs=1, validation_fraction=0)
SMALL: dict[str, Any] = {"layers": (8,), "training": ONE_EPOCH, "random_state": 0}
PLAIN = SMALL | {"prior": StandardNormal()}  # which takes no time to fit
MODELS = [
    ae.linear(2, random_state=0),
    *(
        getattr(recipes, name)(2, **(PLAIN if name == "beta_vae" else SMALL))
        for name in recipes.basic.__all__
        if name != "linear"
    ),
    ae.vae(2, likelihood=Gaussian(), **PLAIN),
    ae.denoising(2, corruption=Compose([Masking(), GaussianNoise()]), **SMALL),
]

NAMES = ["linear", *(n for n in recipes.basic.__all__ if n != "linear"), "scaled", "composed"]
each_model = pytest.mark.parametrize("model", MODELS, ids=NAMES)


class Untouched(Training):
    r"""Fails if training begins."""

    def train(self, *_: Any) -> Iterator[EpochRecord]:
        raise AssertionError("training began")


def table(n: int = 40, d: int = 5) -> NDArray:
    return np.random.default_rng(0).normal(3, 2, size=(n, d))


def pictures(n: int = 12, shape: tuple[int, ...] = (5, 9)) -> NDArray:
    return np.random.default_rng(0).integers(256, size=(n, *shape), dtype=np.uint8)


def weights(model: ae.Autoencoder) -> dict[str, torch.Tensor]:
    return model.model_.state_dict()


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a | b)


# The interface of scikit-learn


@pytest.mark.slow
@each_model
def test_same_random_state_same_model(model: ae.Autoencoder) -> None:
    X = table()
    first, second = clone(model).fit(X), clone(model).fit(X[:7])

    assert equal(weights(first), weights(second.fit(X)))  # fit twice is fit once
    assert np.array_equal(first.transform(X), second.transform(X))
    assert np.array_equal(first.transform(X), first.transform(X))
    assert np.array_equal(clone(model).fit_transform(X), first.transform(X))

    if model.network.layers:
        assert not equal(weights(first), weights(clone(model).set_params(random_state=1).fit(X)))
        free = clone(model).set_params(random_state=None)
        assert not equal(weights(clone(free).fit(X)), weights(free.fit(X)))


@each_model
def test_codes_and_reconstructions(model: ae.Autoencoder) -> None:
    X, model = table(), clone(model)
    Z = model.fit(X).transform(X)

    assert Z.shape == (40, 2)
    assert Z.dtype == np.float32
    assert np.allclose(model.inverse_transform(Z), model.reconstruct(X))
    assert np.allclose(
        model.reconstruction_error(X), np.square(model.reconstruct(X) - X).sum(axis=1), rtol=1e-4
    )
    assert model.n_features_in_ == 5
    assert len(model.get_feature_names_out()) == 2
    assert model.history_[0].epoch == 1
    assert set(model.history_[0]) == {
        "epoch",
        "train",
        "validation",
        "posterior",
        "seconds",
        "skipped",
    }


@each_model
def test_a_row_does_not_depend_on_its_neighbors(model: ae.Autoencoder) -> None:
    X = table(1100)
    model = clone(model).fit(X)
    methods = ["transform", "reconstruct", "reconstruction_error"]
    methods += ["score_samples"] * hasattr(model, "score_samples")

    for method in methods:
        together = getattr(model, method)(X)
        alone = getattr(model, method)(X[-1:])
        assert np.allclose(together[-1:], alone, rtol=1e-5, atol=1e-5), method


def test_the_score_of_a_row_does_not_depend_on_its_neighbors_for_one_number() -> None:
    # Whose noise torch draws differently in smaller parts
    X = table(1100)
    model = ae.vae(1, **PLAIN).fit(X)

    assert np.allclose(model.score_samples(X)[:3], model.score_samples(X[:3]), rtol=1e-5)


@each_model
def test_fit_leaves_the_arguments_alone(model: ae.Autoencoder) -> None:
    model = clone(model)
    before = {name: pickle.dumps(repr(value)) for name, value in model.get_params().items()}
    objects = model.get_params(deep=False)
    states = {
        name: {k: v.clone() for k, v in value.state_dict().items()}
        for name, value in objects.items()
        if isinstance(value, torch.nn.Module)
    }
    model.fit(table())

    assert {n: pickle.dumps(repr(value)) for n, value in model.get_params().items()} == before
    assert all(value is objects[n] for n, value in model.get_params(deep=False).items())
    assert all(equal(states[n], objects[n].state_dict()) for n in states)

    for name, value in objects.items():
        if isinstance(value, torch.nn.Module):
            assert all(p.grad is None for p in value.parameters()), name


@each_model
def test_nothing_global_changes(model: ae.Autoencoder) -> None:
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 - the global state is what must not change
    numbers = torch.rand(3), np.random.rand(3)  # noqa: NPY002

    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002
    model = clone(model).fit(table())
    model.transform(table())

    if hasattr(model, "sample"):
        model.score_samples(table())
        model.sample(3, random_state=0)

    assert torch.equal(torch.rand(3), numbers[0])
    assert np.array_equal(np.random.rand(3), numbers[1])  # noqa: NPY002
    assert torch.is_grad_enabled()


@each_model
def test_pickle(model: ae.Autoencoder) -> None:
    X = table()
    model = clone(model).fit(X)
    again = pickle.loads(pickle.dumps(model))

    assert np.array_equal(again.transform(X), model.transform(X))
    assert np.array_equal(again.reconstruct(X), model.reconstruct(X))


def test_grid_search_reaches_nested_arguments() -> None:
    grid = {
        "objective__beta": [0.5, 2.0],
        "training__epochs": np.arange(1, 2),
        "network__layers": [(np.int64(4),), (8, 4)],
        "latent_dim": [np.int64(2)],
    }
    search = GridSearchCV(ae.vae(2, **PLAIN), grid, cv=2).fit(table())

    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.transform(table()).shape == (40, 2)
    assert cross_val_score(ae.autoencoder(2, **SMALL), table(), cv=2).max() < 0


def test_nested_arguments_of_defaults_can_be_set() -> None:
    model = ae.Autoencoder().set_params(training__epochs=3, training__batch_size=7)

    assert model.training.get_params() == Training(3, 7).get_params()
    assert ae.Autoencoder().training is None
    assert model.set_params(training=None, latent_dim=3).training is None
    assert model.set_params(objective=ELBO(), objective__beta=2.0).objective.beta == 2.0

    for name in ["network__layers", "modality__size", "likelihood__scale", "corruption__scale"]:
        with pytest.raises(ValueError, match=rf"cannot set '{name}'.*set_params\({name[:4]}"):
            ae.vae().set_params(**{name: 3})

    for name in ["latent", "objective__alpha", "training__epoch"]:
        with pytest.raises(ValueError, match=name.rpartition("__")[2]):
            ae.vae(2, **PLAIN).set_params(**{name: 3})


def test_a_bad_nested_argument_is_found_before_training() -> None:
    model = ae.vae(training=Untouched(), layers=(4,))

    for name, value in {"training__epochs": 0, "objective__beta": -1.0}.items():
        with pytest.raises(ValueError, match="expected"):
            clone(model).set_params(**{name: value}).fit(table())


def test_pipelines() -> None:
    X, y = table(), np.arange(40) % 2
    pipeline = make_pipeline(StandardScaler(), ae.autoencoder(2, **SMALL), LogisticRegression())

    assert pipeline.fit(X, y).predict(X).shape == (40,)
    assert np.allclose(pipeline[:2].inverse_transform(pipeline[:2].transform(X)).shape, X.shape)


def test_set_output_and_data_frames() -> None:
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(table(), columns=list("abcde"), index=range(100, 140))
    model = ae.autoencoder(2, **SMALL).set_output(transform="pandas").fit(X)
    Z = model.transform(X)

    assert list(Z.columns) == ["z1", "z2"]
    assert list(Z.index) == list(X.index)
    assert model.feature_names_in_.tolist() == list("abcde")
    assert model.reconstruct(X).shape == X.shape

    with pytest.raises(ValueError, match="feature names"):
        model.transform(X.rename(columns={"a": "z"}))


# Data of all types


def as_list(X: NDArray) -> list:
    return X.tolist()


def read_only(X: NDArray) -> NDArray:
    X = X.copy()
    X.flags.writeable = False
    return X


def reversed_twice(X: NDArray) -> NDArray:
    return np.ascontiguousarray(X[::-1])[::-1]


def fortran(X: NDArray) -> NDArray:
    return np.asfortranarray(X)


def swapped(X: NDArray) -> NDArray:
    return X.astype(X.dtype.newbyteorder(">"))


def mapped(X: NDArray, tmp_path: Path) -> NDArray:
    np.save(tmp_path / "x.npy", X)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


def on_disk(X: NDArray, tmp_path: Path) -> str:
    np.save(tmp_path / "x.npy", X)
    return str(tmp_path / "x.npy")


@functools.cache
def fitted(ndim: int, listed: bool) -> ae.Autoencoder:
    X = table() if ndim == 2 else pictures()
    modality = Images() if ndim > 2 and listed else None
    model = ae.vae(2, modality=modality, **PLAIN)

    return model.fit(np.array(X.tolist()) if listed else X)


@pytest.mark.parametrize("X", [table(), pictures()], ids=["table", "images"])
@pytest.mark.parametrize(
    "wrap", [torch.tensor, as_list, read_only, reversed_twice, fortran, swapped, mapped, on_disk]
)
def test_the_container_of_data_does_not_matter(tmp_path: Path, X: NDArray, wrap) -> None:
    wrapped = wrap(X, tmp_path) if wrap in (mapped, on_disk) else wrap(X)
    modality = None if X.ndim == 2 or wrap is not as_list else Images()
    plain = fitted(X.ndim, wrap is as_list)
    model = ae.vae(2, modality=modality, **PLAIN).fit(wrapped)

    assert np.allclose(model.transform(wrapped), plain.transform(X), atol=1e-6)
    assert np.allclose(model.score_samples(wrapped), plain.score_samples(X), rtol=1e-5)
    assert model.reconstruct(wrapped).shape == X.shape


@pytest.mark.parametrize(
    "X",
    [
        pictures(),
        pictures(shape=(5, 9, 3)),
        pictures(shape=(5, 9, 1)),
        pictures(shape=(1, 1)),
        pictures(1),
        pictures() > 100,
        (pictures() > 100).astype(np.uint8),
        pictures() / 255,
        (pictures() / 255).astype(np.float32),
        (pictures() / 255).astype(np.float16),
        pictures() * 1.0,
        pictures() / 127.5 - 1,
        pictures().astype(np.int64),
        pictures().astype(np.uint16) * 200,
        np.zeros((3, 4, 4)),
        np.full((3, 4, 4), 200, np.uint8),
        table(),
        table().astype(np.float32),
        table().astype(int),
        (10 * table()).astype(np.uint8),
        table() > 3,
        table(d=1),
        table(1),
        table(2),
        1e6 + table(),
        1e-6 * table(),
        np.hstack([table(), np.full((40, 1), 7.0)]),
        np.full((40, 2), 7.0),
        np.zeros((5, 1)),
    ],
    ids=lambda X: f"{X.dtype}{X.shape}",
)
@pytest.mark.parametrize("recipe", [ae.linear, ae.vae])
def test_results_have_the_shape_scale_and_type_of_the_data(recipe, X: NDArray) -> None:
    options = PLAIN if recipe is ae.vae else {}
    model = recipe(**options).fit(X)
    low, high = X.min().astype(float), X.max().astype(float)
    spread = (high - low) or max(1, abs(high))
    results = [model.reconstruct(X), model.inverse_transform(model.transform(X))]
    results += [model.sample(len(X), random_state=0)] if recipe is ae.vae else []

    for R in results:
        assert R.shape == X.shape
        assert R.dtype == X.dtype
        assert np.isfinite(R).all()
        assert low - 10 * spread <= R.astype(float).min()
        assert R.astype(float).max() <= high + 10 * spread

    assert np.isfinite(model.transform(X)).all()
    assert np.isfinite(model.reconstruction_error(X)).all()

    if recipe is ae.vae:
        assert np.isfinite(model.score_samples(X)).all()

    # What does not vary comes back as it is
    if recipe is ae.linear:
        constant = (X == X[:1]).all(axis=0)
        assert np.allclose(model.reconstruct(X)[:, constant], X[:, constant])


def test_the_default_network_takes_images_of_any_shape() -> None:
    for shape in [(5, 9), (1, 1), (8, 8, 3), (2, 17)]:
        X = pictures(4, shape)
        model = ae.vae(2, modality=Images(), training=Training(epochs=1), random_state=0).fit(X)

        assert model.transform(X).shape == (4, 2)
        assert model.reconstruct(X).shape == X.shape


def test_densities_and_errors_are_in_the_users_units() -> None:
    X = table()
    model, scaled = ae.vae(2, **PLAIN).fit(X), ae.vae(2, **PLAIN).fit(1000 * X + 5)

    assert np.allclose(
        scaled.score_samples(1000 * X + 5), model.score_samples(X) - 5 * np.log(1000), rtol=1e-4
    )
    assert np.allclose(
        scaled.reconstruction_error(1000 * X + 5), 1e6 * model.reconstruction_error(X), rtol=1e-3
    )
    assert np.isclose(model.score(X), model.score_samples(X).mean())

    # Without a density, no column counts more for its unit
    Y = X * [1, 1000, 1, 1e-3, 1] + 1e4
    plain, large = (ae.autoencoder(2, **SMALL).fit(data) for data in (X, Y))
    residual = (plain.reconstruct(X) - X) / X.std(0)
    assert np.isclose(plain.score(X), -np.square(residual).sum(axis=1).mean(), rtol=1e-3)
    assert np.isclose(large.score(Y), plain.score(X), rtol=1e-3)

    # Intensities are counted from 0 to 1
    images = ae.linear(2).fit(pictures())
    residual = (images.reconstruct(pictures()).astype(float) - pictures()) / 255
    assert np.allclose(
        images.reconstruction_error(pictures()), np.square(residual).sum(axis=(1, 2)), rtol=0.05
    )


@pytest.mark.parametrize(
    "likelihood",
    [Bernoulli(), ContinuousBernoulli(), DiscretizedLogistic(), FixedGaussian(0.1)],
    ids=repr,
)
def test_likelihoods(likelihood) -> None:
    for X in (pictures(), table() / 20 + 0.2):
        X = X.clip(0, 255 if X.ndim == 3 else 1)
        model = ae.vae(2, likelihood=likelihood, **PLAIN).fit(X)

        assert np.isfinite(model.score_samples(X)).all()
        assert model.sample(3, random_state=0).dtype == X.dtype
        assert (model.score_samples(X) <= 0).all() or not likelihood.discrete


def test_scores_need_the_support_of_the_likelihood() -> None:
    X = pictures() / 255
    model = ae.vae(2, likelihood=Bernoulli(), **PLAIN).fit(X)

    with pytest.raises(ValueError, match=r"Bernoulli needs values between 0 and 1, got .* to 1\."):
        model.score_samples(X + 0.5)

    assert model.transform(X + 0.5).shape == (12, 2)


def test_samples() -> None:
    model = ae.vae(2, **PLAIN).fit(table())
    S = model.sample(50, random_state=1)

    assert S.shape == (50, 5)
    assert np.array_equal(S, model.sample(50, random_state=1))
    assert not np.array_equal(S, model.sample(50, random_state=2))
    assert not np.array_equal(model.sample(50), model.sample(50))
    assert len(np.unique(S, axis=0)) == 50

    for n in (0, -1, 2.5, "3", None):
        with pytest.raises(ValueError, match="expected a number of samples >= 1, got"):
            model.sample(n)


# Models that are no density


@pytest.mark.parametrize("method", ["sample", "score_samples"])
def test_a_model_without_a_density_says_what_to_do(method: str) -> None:
    model = ae.autoencoder(2, **SMALL).fit(table())

    assert not hasattr(model, method)

    with pytest.raises(AttributeError, match=rf"'{method}' needs a density.*Use ae\.vae"):
        getattr(model, method)

    assert hasattr(ae.vae(), method)
    assert hasattr(ae.autoencoder(posterior=Gaussian()), method)


# Conditional models


@pytest.mark.parametrize(
    ("y", "one"),
    [
        (np.arange(40) % 3, 2),
        ((np.arange(40) % 3).astype(float), 2.0),
        (np.arange(40) % 2 == 0, True),
        (np.array(["cat", "dog"])[np.arange(40) % 2], "dog"),
        (np.array(["cat", "dog"], dtype=object)[np.arange(40) % 2], "dog"),
        (torch.arange(40) % 3, torch.tensor(2)),
        ((np.arange(40) % 3).tolist(), 2),
        (np.linspace(0, 1, 40), 0.3),
        (table(40, 3), [1.0, 2.0, 3.0]),
    ],
    ids=lambda y: type(y).__name__,
)
@pytest.mark.parametrize("recipe", [ae.vae, ae.linear])
def test_conditional(recipe, y, one) -> None:
    X = table()
    model = recipe(2, conditional=True, **(PLAIN if recipe is ae.vae else {})).fit(X, y)
    Z = model.transform(X, y)

    assert Z.shape == (40, 2)
    assert np.allclose(model.inverse_transform(Z, y), model.reconstruct(X, y))
    assert model.inverse_transform(Z, one).shape == X.shape
    assert np.isfinite(model.reconstruction_error(X, y)).all()
    assert not np.allclose(Z, model.transform(X, one))

    if recipe is ae.vae:
        assert model.sample(7, y=one).shape == (7, 5)
        assert model.sample(40, y=y).shape == X.shape
        assert np.isfinite(model.score_samples(X, y)).all()

    for use in (model.transform, model.reconstruct, model.reconstruction_error):
        with pytest.raises(ValueError, match="this model is conditional: pass y"):
            use(X)

        with pytest.raises(ValueError, match="expected one y for all or 40 of them, got 39"):
            use(X, y[:39])


def test_y_is_ignored_without_conditional() -> None:
    X, model = table(), ae.vae(2, **PLAIN)
    first = weights(model.fit(X))

    assert model.context_ is None

    for y in (np.arange(40), ["a"] * 40, [1, 2, 3], np.full(40, np.nan)):
        assert equal(first, weights(clone(model).fit(X, y)))

        with pytest.raises(ValueError, match="y has no effect"):
            model.transform(X, y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, r"a conditional model needs y: fit\(X, y\)"),
        (np.arange(39), "expected one row of each for every example.*'X': 40, 'y': 39"),
        ([3], "'X': 40, 'y': 1"),
        (3, "'X': 40, 'y': 1"),
        ([], "'X': 40, 'y': 0"),
        (np.full(40, np.nan), "40 values in 40 rows, the first in row 0"),
        (np.array([["a"]] * 40), "expected one label for each example"),
    ],
)
def test_bad_y_is_refused(y, message: str) -> None:
    model = ae.vae(conditional=True, training=Untouched())

    with pytest.raises(ValueError, match=message):
        model.fit(table(), y)


def test_unseen_labels_are_refused_or_taken_as_missing(caplog) -> None:
    model = ae.vae(2, conditional=True, **PLAIN).fit(table(), np.arange(40) % 3)

    with pytest.raises(ValueError, match=r"labels of the fit \(0, 1, 2\), got 7"):
        model.sample(3, y=7)

    assert np.isfinite(model.transform(table(), [7, 0] * 20)).all()
    assert "20 of 40 labels were not in the fit" in caplog.text


# Corrupted pairs


@pytest.mark.slow
def test_pairs_replace_the_corruption() -> None:
    X = table()
    noisy = X + np.random.default_rng(1).normal(size=X.shape)
    model = ae.autoencoder(2, layers=(32,), training=Training(epochs=60), random_state=0)
    paired = clone(model).fit(X, corrupted=noisy)

    def error(model: ae.Autoencoder) -> float:
        return float(np.square(model.denoise(noisy) - X).mean())

    assert error(paired) < error(model.fit(X))
    assert np.array_equal(paired.denoise(noisy), paired.reconstruct(noisy))


@pytest.mark.parametrize(
    ("corrupted", "message"),
    [
        (table(39), "'X': 40, 'corrupted': 39"),
        (table(40, 6), "6 features"),
        (np.full((40, 5), np.nan), "200 values in 40 rows"),
        (pictures(40), r"expected rows of 5 features, got \(40, 5, 9\)"),
    ],
)
def test_bad_pairs_are_refused(corrupted, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ae.autoencoder(training=Untouched()).fit(table(), corrupted=corrupted)


# Bad input


def with_bad(bad: float, X: NDArray) -> NDArray:
    X = X.astype(float)
    X[3].flat[1] = X[7].flat[0] = X[7].flat[2] = bad
    return X


BAD_DATA = [
    (with_bad(np.nan, table()), "NaN or infinity: 3 values in 2 rows, the first in row 3"),
    (with_bad(np.inf, table()), "NaN or infinity: 3 values in 2 rows, the first in row 3"),
    (with_bad(-np.inf, pictures()), "NaN or infinity: 3 values in 2 rows, the first in row 3"),
    (np.empty((0, 5)), r"0 sample\(s\)"),
    (np.empty((5, 0)), r"0 feature\(s\)"),
    (np.empty((0, 8, 8)), r"expected at least one example, got shape \(0, 8, 8\)"),
    (np.empty((5, 0, 8)), r"expected images with shape .* got \(5, 0, 8\)"),
    (np.zeros(5), "Expected 2D array, got 1D array"),
    (np.float64(5), "Expected 2D array, got scalar array"),
    (np.zeros((2, 2, 2, 2, 2)), r"shape \(2, 2, 2, 2, 2\) may be videos"),
    (np.zeros((5, 3, 8, 8)), r"looks like \(N, C, H, W\)"),
    ([["a", "b"], ["c", "d"]], "got lists of words: use"),
    ([[1.0, "b"], [2.0, "d"]], "string"),
    (np.full((2, 3, 3), "a"), "expected numbers, got text in an array"),
    (np.zeros((2, 3), complex), "Complex data not supported"),
    (np.zeros((2, 3, 3), complex), "Complex data not supported: got complex128"),
    (np.full((2, 3, 3), {}, object), "expected numbers, got an array of type object"),
    ([[1.0, 2.0], [3.0]], "inhomogeneous"),
    (1e300 * table(), "too large to be squared"),
]


@pytest.mark.parametrize(("X", "message"), BAD_DATA)
def test_bad_data_are_refused_before_training(X, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ae.vae(training=Untouched()).fit(X)


@pytest.mark.parametrize("latent_dim", [0, -1, 2.5, 2.0, True, "2", np.nan])
def test_bad_latent_dim_is_refused(latent_dim) -> None:
    with pytest.raises(ValueError, match="expected latent_dim as an integer >= 1, or None, got"):
        ae.vae(latent_dim, training=Untouched()).fit(table())


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("objective", "elbo"),
        ("objective", ELBO),
        ("network", (512,)),
        ("posterior", "gaussian"),
        ("likelihood", "bernoulli"),
        ("prior", "normal"),
        ("modality", "images"),
        ("modality", [Images(), "tables"]),
        ("corruption", 0.3),
        ("training", {"epochs": 3}),
    ],
)
def test_bad_arguments_are_refused(argument: str, value) -> None:
    model = ae.Autoencoder(training=Untouched()).set_params(**{argument: value})

    with pytest.raises(TypeError, match=f"expected {argument} as .*, for example"):
        model.fit(table())


@pytest.mark.parametrize(
    ("options", "X", "message"),
    [
        ({"likelihood": Bernoulli()}, table(), "Bernoulli needs values between 0 and 1, got -"),
        ({"likelihood": ContinuousBernoulli()}, table(), "ContinuousBernoulli needs values betw"),
        ({"likelihood": DiscretizedLogistic()}, 2 + table() ** 2, "between 0 and 1, got 2"),
        ({"modality": Images()}, table(), r"expected images with shape \(N, H, W\)"),
        ({"modality": Tables()}, pictures(), r"expected a table with shape \(N, D\)"),
        ({"modality": Tables("rows")}, table(), "expected scaling as one of"),
        ({"network": FullyConnected((0,))}, table(), "expected layers as widths > 0"),
    ],
    ids=lambda value: str(getattr(value, "shape", value)),
)
def test_choices_that_do_not_fit_the_data_are_refused(options, X: NDArray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ae.vae(training=Untouched(), **options).fit(X)


@pytest.mark.parametrize(
    ("X", "other", "message"),
    [
        (table(), table(40, 6), "6 features"),
        (table(), table()[0], "Expected 2D array"),
        (table(), pictures(), r"expected rows of 5 features, got \(12, 5, 9\)"),
        (table(), with_bad(np.nan, table()), "3 values in 2 rows, the first in row 3"),
        (table(), [["a"] * 5], "got lists of words"),
        (pictures(), pictures(shape=(5, 8)), r"shape \(N, 5, 9\), got \(12, 5, 8\)"),
        (pictures(), pictures(shape=(5, 9, 3)), r"shape \(N, 5, 9\), got \(12, 5, 9, 3\)"),
        (pictures(), pictures()[0], r"shape \(N, 5, 9\), got \(5, 9\)"),
        (pictures(), with_bad(np.inf, pictures()), "3 values in 2 rows, the first in row 3"),
        (pictures() / 255, pictures() * 1.0, "expected intensities from about 0 to 1"),
    ],
    ids=lambda X: str(getattr(X, "shape", "")),
)
def test_data_unlike_those_of_the_fit_are_refused(X: NDArray, other, message: str) -> None:
    model = ae.vae(2, **PLAIN).fit(X)

    for use in (model.transform, model.reconstruct, model.score_samples):
        with pytest.raises(ValueError, match=message):
            use(other)


@pytest.mark.parametrize(
    ("Z", "message"),
    [
        (np.zeros((3, 5)), r"expected codes of 2 numbers, got shape \(3, 5\)"),
        (np.zeros(2), "Expected 2D array"),
        (np.full((3, 2), np.nan), "contains NaN"),
        (np.full((3, 2), np.inf), "contains infinity"),
        (np.empty((0, 2)), r"0 sample\(s\)"),
        ([["a", "b"]], "could not convert"),
    ],
)
def test_bad_codes_are_refused(Z, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ae.vae(2, **PLAIN).fit(table()).inverse_transform(Z)


def test_codes_may_be_tensors() -> None:
    model = ae.vae(2, **PLAIN).fit(table())
    Z = torch.zeros(3, 2, requires_grad=True)

    assert np.array_equal(model.inverse_transform(Z), model.inverse_transform(np.zeros((3, 2))))
    assert model.transform(torch.zeros(3, 5, dtype=torch.bfloat16)).shape == (3, 2)


@pytest.mark.parametrize(
    "use",
    [
        lambda m: m.transform(table()),
        lambda m: m.inverse_transform(np.zeros((1, 2))),
        lambda m: m.reconstruct(table()),
        lambda m: m.denoise(table()),
        lambda m: m.reconstruction_error(table()),
        lambda m: m.score_samples(table()),
        lambda m: m.score(table()),
        lambda m: m.sample(3),
        lambda m: m.encoder_,
        lambda m: m.save("nowhere.ae"),
        lambda m: m.get_feature_names_out(),
    ],
)
def test_use_before_fit_is_refused(use) -> None:
    with pytest.raises(NotFittedError, match="not fitted yet"):
        use(ae.vae())


@pytest.mark.parametrize("X", [BAD_DATA[0][0], "nowhere.npy"])
def test_bad_data_leave_an_earlier_fit_as_it_was(X) -> None:
    model = ae.vae(2, **PLAIN).fit(table())
    Z = model.transform(table())

    with pytest.raises((ValueError, FileNotFoundError)):
        model.fit(X)

    assert np.array_equal(model.transform(table()), Z)

    # And a fit to something else leaves nothing behind
    model.fit(pictures())

    assert not hasattr(model, "n_features_in_")
    assert model.transform(pictures()).shape == (12, 2)


class Interrupted(Training):
    def __init__(self, after: int = 0, error: type[BaseException] = KeyboardInterrupt) -> None:
        super().__init__(epochs=3)
        self.after = after
        self.error = error

    def train(self, *given: Any) -> Iterator[EpochRecord]:
        for record in super().train(*given):
            if self.after == 0:
                raise self.error
            yield record
            if record.epoch == self.after:
                raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt, FloatingPointError])
def test_training_that_fails_at_once_leaves_an_earlier_fit_as_it_was(error) -> None:
    model = ae.vae(2, **PLAIN).fit(table())
    Z = model.transform(table())

    with pytest.raises(error):
        model.set_params(training=Interrupted(0, error)).fit(1 + table())

    assert np.array_equal(model.transform(table()), Z)

    fresh = clone(model)

    with pytest.raises(error):
        fresh.fit(table())

    with pytest.raises(NotFittedError):
        fresh.transform(table())


def test_an_interrupted_model_is_kept(caplog) -> None:
    with caplog.at_level(logging.WARNING, "autoencode"):
        model = ae.vae(2, layers=(8,), training=Interrupted(2)).fit(table())

    assert len(model.history_) == 2
    assert "interrupted after epoch 2; keeping the model" in caplog.text
    assert model.transform(table()).shape == (40, 2)


def test_choices_are_reported(caplog) -> None:
    with caplog.at_level(logging.INFO, "autoencode"):
        ae.vae(2, layers=(8,), training=Training(epochs=1, validation_fraction=0.25)).fit(
            pictures()
        )

    assert "9 examples of shape (1, 5, 9) as Images" in caplog.text
    assert "3 held out; FullyConnected(layers=(8,)); likelihood SharedGaussian()" in caplog.text


@pytest.mark.parametrize(("n", "share"), [(1, 0.9), (2, 0.9), (10, 0.01), (10, 0.95)])
def test_something_is_left_to_train_on(n: int, share: float) -> None:
    training = Training(epochs=1, validation_fraction=share)
    model = ae.autoencoder(layers=(4,), training=training).fit(table(n))

    assert np.isfinite(model.history_[0].train["total"])


# Paths


def test_folders_of_images(tmp_path: Path) -> None:
    for i, X in enumerate(pictures(6)):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        Image.fromarray(X).save(tmp_path / "ab"[i % 2] / f"{i}.png")

    model = ae.vae(2, **PLAIN).fit(tmp_path)
    X = pictures(6)[[0, 2, 4, 1, 3, 5]]

    assert np.array_equal(model.transform(str(tmp_path)), model.transform(X))
    assert model.sample(2).shape == (2, 5, 9)

    # The subfolders are labels
    model = ae.vae(2, conditional=True, **PLAIN).fit(tmp_path)
    assert np.array_equal(model.transform(tmp_path), model.transform(X, list("aaabbb")))
    assert model.sample(2, y="b").shape == (2, 5, 9)

    # Another folder is brought to the size of the fit
    Image.fromarray(pictures(1, (30, 50, 3))[0]).save(tmp_path / "a" / "large.png")
    assert model.transform(tmp_path).shape == (7, 2)

    assert ae.vae(2, modality=Images(size=4), **PLAIN).fit(tmp_path).sample(1).shape == (
        1,
        4,
        4,
        3,
    )


def test_bad_folders_are_refused(tmp_path: Path) -> None:
    model = ae.vae(training=Untouched())

    with pytest.raises(ValueError, match="expected images, got none in"):
        model.fit(tmp_path)

    Image.fromarray(pictures()[0]).save(tmp_path / "0.png")
    (tmp_path / "notes.txt").write_text("no image")

    with pytest.raises(ValueError, match=r"1 of 2 files are not readable images: notes\.txt"):
        ae.vae(modality=Images(strict=True), training=Untouched()).fit(tmp_path)

    with pytest.raises(ValueError, match="expected a file with a table"):
        ae.vae(modality=Tables(), training=Untouched()).fit(tmp_path)

    with pytest.raises(FileNotFoundError, match="there is no file or folder"):
        model.fit(tmp_path / "nowhere")

    with pytest.raises(ValueError, match="expected a file with a table"):
        ae.vae(2, **PLAIN).fit(table()).transform(tmp_path)


def test_files(tmp_path: Path) -> None:
    X, y = table(), np.arange(40) % 2
    np.savez(tmp_path / "a.npz", X=X, y=y)
    np.savetxt(tmp_path / "a.csv", X, delimiter=",", header="a,b,c,d,e", comments="", fmt="%.17g")
    model = ae.vae(2, conditional=True, **PLAIN)

    assert equal(
        weights(model.fit(tmp_path / "a.npz")), weights(clone(model).fit(tmp_path / "a.csv", y))
    )
    assert np.array_equal(model.transform(tmp_path / "a.npz"), model.transform(X, y))


def test_defaults_need_no_recipe() -> None:
    model = ae.Autoencoder(training=Training(epochs=1)).fit(table())

    assert isinstance(model.likelihood_, SharedGaussian)
    assert isinstance(model.modality_, Tables)
    assert isinstance(model.encoder_, torch.nn.Module)
    assert model.objective is None
    assert model.fit(table()).get_params()["objective"] is None
    assert Reconstruction().posterior is not None


@pytest.mark.slow
@pytest.mark.parametrize("channels", [None, 3])
def test_bytes_on_disk_train_as_those_in_memory(tmp_path, limits, channels) -> None:
    shape = (200, 6, 7) if channels is None else (200, 6, 7, channels)
    X = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.save(tmp_path / "X.npy", X)
    limits(resident_bytes=0)

    training = ae.Training(epochs=2, validation_fraction=0.2)
    model = ae.vae(2, layers=(8,), training=training, random_state=0)
    Z = model.fit(X).transform(X)
    loaded = model.modality_.load(np.load(tmp_path / "X.npy", mmap_mode="r"))

    assert np.array_equal(model.fit(tmp_path / "X.npy").transform(X), Z)

    # No copy was made of what may be larger than memory
    assert not loaded.numpy().flags.owndata
    assert model.modality_.load(X).data_ptr() == X.ctypes.data


def test_the_header_of_a_file_is_compared(tmp_path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    for name, header in {"a": "x,y,z", "b": "y,x,z"}.items():
        np.savetxt(tmp_path / f"{name}.csv", X, delimiter=",", header=header, comments="")

    np.save(tmp_path / "c.npy", X)
    model = ae.Autoencoder(training=Training(epochs=1)).fit(tmp_path / "a.csv")
    assert [*model.feature_names_in_] == ["x", "y", "z"]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Z = model.transform(tmp_path / "a.csv")

    with pytest.raises(ValueError, match="in this order, got"):
        model.transform(tmp_path / "b.csv")

    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert np.array_equal(model.transform(tmp_path / "c.npy"), Z)

    assert not hasattr(model.fit(tmp_path / "c.npy"), "feature_names_in_")


def test_large_examples_pass_by_the_few() -> None:
    X, width = np.repeat(table(), 4, axis=0), table().shape[1]
    model = ae.autoencoder(2, **SMALL).fit(table())
    seen = []
    hook = model.model_.encoder.network.register_forward_hook(lambda _, x, y: seen.append(len(y)))
    again = model.model_.decoder.network.register_forward_hook(lambda _, z, y: seen.append(len(y)))

    with memory_budget(64 * 20 * width):
        whole = model.inverse_transform(model.transform(X))

    hook.remove()
    again.remove()

    assert max(seen) == 20 < len(X)
    assert np.allclose(whole, model.reconstruct(X), atol=1e-5)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8", "?"])
def test_images_come_back_in_parts_as_they_do_at_once(dtype: str) -> None:
    X = np.random.default_rng(0).integers(0, 2, (50, 4, 5, 3)).astype(dtype)
    X = X if dtype == "?" else X * np.array(200, dtype)
    model = ae.autoencoder(2, layers=(8,), training=ae.Training(epochs=1)).fit(X)
    z = model.transform(X)

    with torch.no_grad():
        at_once = model.modality_.restore(model.model_.decode(torch.from_numpy(z)).mean)

    with memory_budget(1):  # the fewest examples at once
        parts = model.reconstruct(X), model.inverse_transform(z)

    for made in parts:
        assert made.dtype == X.dtype
        assert made.shape == X.shape
        atol = 1 if dtype[0] == "u" else 1e-3  # where they are rounded
        np.testing.assert_allclose(made.astype(float), at_once.astype(float), atol=atol)
