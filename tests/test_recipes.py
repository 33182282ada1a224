r"""Tests for the recipes module."""

import inspect
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn.datasets
import torch
from numpy.typing import NDArray
from scipy.linalg import subspace_angles
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

import autoencode as ae
from autoencode import recipes
from autoencode.corruptions import Masking
from autoencode.evaluation import active_units
from autoencode.manifold import Tangents
from autoencode.modalities import Tables
from autoencode.networks import FullyConnected
from autoencode.objectives import ELBO, LinearSchedule
from autoencode.priors import StandardNormal
from autoencode.recipes.guide import ADVICE, source_of

RECIPES = [getattr(recipes, name) for name in recipes.__all__]


def small(recipe: Callable[..., ae.Autoencoder], **options: Any) -> ae.Autoencoder:
    r"""A recipe that trains within milliseconds."""
    options = {"latent_dim": 2, "random_state": 0} | options

    if recipe is not ae.linear:
        options = {"layers": (16,), "training": ae.Training(epochs=1)} | options

    if recipe is ae.beta_vae or recipe is ae.vae:
        options = {"prior": StandardNormal()} | options  # which takes no time to fit

    return recipe(**options)


EXPECTED_FAILURES = {
    "check_estimators_overwrite_params": (
        "objectives and families are torch modules, and the pickle of a tensor, which the check"
        " compares by its hash, names the tensor's address in memory;"
        " test_estimator.py::test_fit_leaves_the_arguments_alone compares their values"
    ),
    **dict.fromkeys(
        (
            "check_sample_weight_equivalence_on_dense_data",
            "check_sample_weight_equivalence_on_sparse_data",
        ),
        "minibatches of repeated rows are others, and scales of columns do not use weights;"
        " test_continuing.py compares losses, and linear models up to these scales",
    ),
}
UNWEIGHTED = dict.fromkeys(
    [
        *(f"check_sample_weights_{name}" for name in ("list", "not_an_array", "not_overwritten")),
        *(f"check_sample_weights_{name}" for name in ("pandas_series", "shape")),
        "check_sample_weight_equivalence_on_dense_data",
    ],
    "the loss compares the examples of a minibatch with each other, and takes no weights",
)


def expected_failures(estimator: BaseEstimator) -> dict[str, str]:
    r"""The checks that an estimator fails, each with the reason."""
    parts = estimator.objective, estimator.posterior, estimator.likelihood
    coupled = any(getattr(part, "couples_examples", False) for part in parts)
    return {**EXPECTED_FAILURES, **(UNWEIGHTED if coupled else {})}


COUNTED = [ae.counts, ae.recommender]  # for other data, see test_counts.py

# The three ways to train and to score; the other recipes differ from them in arguments alone
KINDS = [ae.linear, ae.autoencoder, ae.vae]
OTHERS = [recipe for recipe in RECIPES if recipe not in [*KINDS, *COUNTED]]

if "AUTOENCODE_GRID" not in os.environ:  # parts that train in another way, codes of another kind
    OTHERS = [ae.aae, ae.sparse, ae.vq_vae]


@parametrize_with_checks(
    [small(recipe) for recipe in KINDS],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learn(estimator: BaseEstimator, check: Callable, single_precision) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [small(recipe) for recipe in OTHERS], expected_failed_checks=expected_failures
)
def test_scikit_learn_on_other_recipes(
    estimator: BaseEstimator, check: Callable, single_precision
) -> None:
    check(estimator)


# What a recipe is


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes_return_ordinary_estimators(recipe: Callable) -> None:
    model = recipe(latent_dim=3, conditional=True, random_state=7)
    arguments = set(inspect.signature(recipe).parameters)

    assert type(model) is ae.Autoencoder
    assert (model.latent_dim, model.conditional, model.random_state) == (3, True, 7)
    assert inspect.getdoc(recipe).splitlines()[0].endswith((".", ","))
    assert recipe.__name__ in recipes.__doc__
    assert getattr(ae, recipe.__name__) is recipe

    for name in arguments - {"options"}:
        assert f"    {name}: " in inspect.getdoc(recipe), name

    with pytest.raises(TypeError, match="unexpected keyword argument 'latent'"):
        recipe(latent=3)


@pytest.mark.parametrize("recipe", [r for r in RECIPES if r not in [ae.linear, *COUNTED]])
def test_layers_ask_for_perceptrons(recipe: Callable) -> None:
    model = recipe(latent_dim=2, layers=(12, 7), training=ae.Training(epochs=1))
    model.fit(np.random.default_rng(0).random((10, 4, 4)))

    def widths(conditional: torch.nn.Module) -> list[int]:
        layers = conditional.network.modules()
        return [m.out_features for m in layers if isinstance(m, torch.nn.Linear)]

    assert isinstance(model.network, FullyConnected)
    assert widths(model.model_.encoder)[:2] == [12, 7]
    assert widths(model.model_.decoder)[:2] == [7, 12]
    assert not isinstance(recipe().network, FullyConnected)


def test_recipes_are_settings() -> None:
    assert ae.denoising(noise=0.5).corruption.std == 0.5
    assert isinstance(ae.denoising(corruption=Masking()).corruption, Masking)
    assert ae.contractive(weight=3.0).objective.weight == 3.0
    assert ae.beta_vae(beta=3.0).objective.beta == 3.0
    assert repr(ae.vae(warmup=0.5, free_nats=2.0).objective) == repr(
        ELBO(LinearSchedule(duration=0.5), free_nats=2.0)
    )
    assert ae.vae(objective=ELBO(2.0)).objective.beta == 2.0


DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_recipe_has_advice_a_measured_cost_a_source_and_a_picture(recipe: Callable) -> None:
    name, advice = recipe.__name__, ADVICE[recipe.__name__]
    page = (DOCS / "objectives.md").read_text("utf-8")
    measured = (DOCS.parent / "benchmarks" / "results" / "recipes.md").read_text("utf-8")
    title, address = source_of(recipe)
    who = title[title.rindex("(") + 1 : -1]
    head = f"| `{name}` | {advice.purpose} | {advice.instead} | {advice.cost:.1f} |"
    (row,) = [line for line in page.splitlines() if line.startswith(head)]

    assert row.endswith(f"[{who}]({address}) |")
    assert re.fullmatch(r".+, (19|20)\d\d", who)
    assert address.startswith("https://")
    assert f"\n| `{name}` | {advice.cost:.1f} |" in measured
    assert f"(images/recipes/{name}.png)" in page
    assert (DOCS / "images" / "recipes" / f"{name}.png").stat().st_size < 4096

    # It names another recipe
    assert {*re.findall(r"`(\w+)`", advice.instead)} <= {*recipes.__all__} - {name}
    assert "`" in advice.instead


# The linear autoencoder is principal component analysis


def table() -> NDArray:
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=(200, 3)) @ rng.normal(size=(3, 6)) + 0.3 * rng.normal(size=(200, 6)) + 5
    )


def decoder_weight(model: ae.Autoencoder) -> NDArray:
    return model.model_.decoder.network.layers[0].weight[:, : model.latent_dim].detach().numpy()


def squared_tail(X: NDArray, n: int) -> float:
    r"""The least squared error with which a matrix has an approximation of rank `n`."""
    return float(np.square(np.linalg.svd(X, compute_uv=False)[n:]).sum())


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("X", [table(), 1e3 * table(), ae.datasets.digits().X[:500] / 255])
def test_linear_is_pca(X: NDArray, n: int) -> None:
    model, rows = ae.linear(n).fit(X), X.reshape(len(X), -1)
    pca = PCA(n).fit(rows)
    R = pca.inverse_transform(pca.transform(rows)).reshape(X.shape)
    scale = np.abs(X).max()

    assert subspace_angles(decoder_weight(model), pca.components_.T).max() < 1e-3
    assert np.allclose(
        model.reconstruct(X), R.clip(0, 1) if X.ndim == 3 else R, atol=1e-5 * scale, rtol=0
    )
    assert np.isclose(
        model.reconstruction_error(X).sum(), squared_tail(rows - rows.mean(axis=0), n), rtol=1e-4
    )

    # The likelihood's scale is what is left over
    left = np.sqrt(squared_tail(rows - rows.mean(axis=0), n) / X.size)
    stddev = model.likelihood_(torch.zeros(1)).stddev * model.modality_.unit().mean()
    assert np.isclose(stddev.item(), left, rtol=1e-2)

    # The codes, too: centered, uncorrelated, in the order of their variance
    Z = model.transform(X)
    covariance = np.cov(Z.T).reshape(n, n)

    assert np.abs(Z.mean(axis=0)).max() < 1e-4 * Z.std()
    assert np.abs(covariance - np.diag(np.diag(covariance))).max() < 1e-4 * covariance.max()
    assert (np.diff(np.diag(covariance)) <= 0).all()


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "numbers"])
def test_linear_given_y_is_pca_of_what_is_left(labels: bool) -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(4, size=200) if labels else rng.normal(size=(200, 2))
    c = np.eye(4)[y] if labels else y
    X = table() + 3 * c @ rng.normal(size=(c.shape[1], 6))
    model = ae.linear(2, conditional=True).fit(X, y)
    left = X - LinearRegression().fit(c, X).predict(c)

    # No two numbers, linear in x and y, with a decoder linear in them and y, do better
    assert np.isclose(model.reconstruction_error(X, y).sum(), squared_tail(left, 2), rtol=1e-4)
    assert subspace_angles(decoder_weight(model), PCA(2).fit(left).components_.T).max() < 1e-3
    assert np.allclose(np.corrcoef(model.transform(X, y).T, c.T)[:2, 2:], 0, atol=1e-4)


def test_linear_of_damaged_data_is_regression_of_reduced_rank() -> None:
    X = table()
    U = X + np.random.default_rng(1).normal(size=X.shape) * [0, 1, 2, 3, 4, 5]
    model = ae.linear(2).fit(X, corrupted=U)
    fitted = LinearRegression().fit(U, X).predict(U)
    least = np.square(X - fitted).sum() + squared_tail(fitted - fitted.mean(axis=0), 2)

    assert np.isclose(np.square(model.denoise(U) - X).sum(), least, rtol=1e-4)
    assert least < np.square(ae.linear(2).fit(X).reconstruct(U) - X).sum()


@pytest.mark.slow
def test_linear_by_gradients_comes_near() -> None:
    X = table()
    training = ae.Training(epochs=300, learning_rate=0.02, weight_decay=0.0)
    error = ae.linear(2, training=training, random_state=0).fit(X).reconstruction_error(X).sum()

    assert error < 1.01 * squared_tail(X - X.mean(axis=0), 2)


def test_least_squares_needs_affine_networks() -> None:
    model = ae.autoencoder(2, layers=(8,), training=ae.LeastSquares())

    with pytest.raises(ValueError, match=r"needs affine networks: use layers=\(\)"):
        model.fit(table())


# What they are for


@pytest.mark.slow
def test_a_masked_autoencoder_fills_in_patches() -> None:
    X = ae.datasets.digits().X[:600]
    hidden = np.zeros((8, 8), bool)
    hidden[2:6, 4:8] = True
    training = ae.Training(epochs=20, compile=False)
    options = {"latent_dim": 16, "layers": (64,), "training": training, "random_state": 0}

    def error(model: ae.Autoencoder) -> float:
        R = model.fit(X).reconstruct(np.where(hidden, 0, X).astype(X.dtype))
        return float(np.square(X - R.astype(float))[:, hidden].mean())

    assert error(ae.masked(**options)) < 0.75 * error(ae.autoencoder(**options))


@pytest.mark.slow
def test_a_conditional_vae_writes_the_digit_that_it_is_asked_for() -> None:
    X, y = (part for part in ae.datasets.digits().values())
    reader = SVC(gamma=0.001 * (16 / 255) ** 2).fit(X[::2].reshape(-1, 64), y[::2])
    assert reader.score(X[1::2].reshape(-1, 64), y[1::2]) > 0.95

    options = {"training": ae.Training(epochs=30), "random_state": 0}
    model = ae.vae(4, layers=(128,), conditional=True, **options).fit(X, y)
    asked = np.repeat(np.arange(10), 20)
    S = model.sample(200, y=asked, random_state=0)

    assert (reader.predict(S.reshape(-1, 64)) == asked).mean() > 0.9

    # One label for all, and samples that differ
    S = model.sample(50, y=7, random_state=1)

    assert (reader.predict(S.reshape(-1, 64)) == 7).mean() > 0.8
    assert S.std(axis=0).mean() > 10


@pytest.mark.slow
def test_a_denoising_autoencoder_removes_noise() -> None:
    X = table()
    noisy = X + np.random.default_rng(1).normal(size=X.shape)
    noise = 1 / X.std()
    options = {"layers": (64,), "training": ae.Training(epochs=40), "random_state": 0}

    def left(model: ae.Autoencoder) -> float:
        return np.square(model.fit(X).denoise(noisy) - X).mean() / np.square(noisy - X).mean()

    known = left(ae.denoising(3, noise=noise, **options))
    assert known < 0.7
    assert known < 0.95 * left(ae.autoencoder(3, **options))


def rotated(P: NDArray, D: int, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    r"""Points in a space of more dimensions with a little noise, and the rotation."""
    Q = np.linalg.qr(rng.normal(size=(D, D)))[0][: P.shape[1]]
    return P @ Q + 0.01 * rng.normal(size=(len(P), D)), Q


@pytest.mark.slow
def test_a_contractive_autoencoder_contracts() -> None:
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 300)
    out = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    X, Q = rotated(out, 4, rng)
    along, out = np.stack([-out[:, 1], out[:, 0]], axis=1) @ Q, out @ Q

    def gains(recipe: Callable) -> tuple[float, float]:
        training = ae.Training(epochs=100, precision="float32")
        modality = Tables("whole")  # so that lengths are those of the model
        options = {"layers": (32,), "modality": modality, "training": training, "random_state": 0}
        model = recipe(2, **options).fit(X)

        def gain(directions: NDArray) -> float:
            moved = model.reconstruct(X + 0.01 * directions) - model.reconstruct(X)
            return float(np.linalg.norm(moved, axis=1).mean() / 0.01)

        return gain(along), gain(out)

    # An autoencoder keeps both directions of the plane, as its code has place for them
    assert min(gains(ae.autoencoder)) > 0.7

    kept, lost = gains(ae.contractive)
    assert kept > 0.85
    assert lost < 0.3


@pytest.mark.by_hand
@pytest.mark.slow
def test_a_contractive_autoencoder_finds_tangent_planes() -> None:
    rng = np.random.default_rng(0)
    u, v = rng.uniform(0, 2 * np.pi, size=(2, 4300))
    sin_u, cos_u, sin_v, cos_v = np.sin(u), np.cos(u), np.sin(v), np.cos(v)
    torus = np.stack([(2 + 0.8 * cos_v) * cos_u, (2 + 0.8 * cos_v) * sin_u, 0.8 * sin_v], axis=1)
    X, Q = rotated(torus, 20, rng)
    planes = np.stack(
        [
            np.stack([-sin_u, cos_u, 0 * u], axis=1) @ Q,
            np.stack([-sin_v * cos_u, -sin_v * sin_u, cos_v], axis=1) @ Q,
        ],
        axis=1,
    )

    training = ae.Training(epochs=100)
    model = ae.contractive(3, layers=(128, 128), training=training, random_state=0).fit(X[:4000])
    tangents = Tangents(model, source="denoiser", n_components=2).fit(X[:4000])
    found, _ = tangents.basis(X[4000:])
    cosines = np.linalg.svd(found @ planes[4000:].transpose(0, 2, 1), compute_uv=False)
    angles = np.degrees(np.arccos(cosines[:, -1].clip(0, 1)))

    assert angles.mean() < 25
    assert model.reconstruction_error(X[4000:]).mean() < 0.002 * X.var(axis=0).sum()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "wine"])
def test_a_beta_vae_spends_less_on_its_code_and_does_not_collapse(name: str) -> None:
    X = getattr(sklearn.datasets, f"load_{name}")().data
    X_new, X = X[::2], X[1::2]
    scale = X.std(axis=0)

    def known(recipe: Callable) -> tuple[float, float, int]:
        model = recipe(4, training=ae.Training(epochs=32), random_state=0).fit(X)
        error = np.square((model.reconstruct(X_new) - X_new) / scale).sum()
        of_mean = np.square((X.mean(axis=0) - X_new) / scale).sum()
        units = active_units(torch.from_numpy(model.transform(X_new)))

        return error / of_mean, model.evaluate(X_new)["rate"], units

    error, rate, units = known(ae.beta_vae)
    _, rate_of_vae, units_of_vae = known(ae.vae)

    assert error < 0.75
    assert rate < 0.8 * rate_of_vae
    assert 1 <= units <= units_of_vae


@pytest.mark.by_hand
@pytest.mark.slow
def test_new_examples_are_of_the_label_that_was_asked_for() -> None:
    # Four hundred numbers an example leave the code free to say the label, too
    rng, t = np.random.default_rng(0), np.linspace(0, 1, 400)
    y = np.arange(240) % 3
    phase, height = rng.uniform(0, 0.15, (240, 1)), rng.uniform(0.5, 1.5, (240, 1))
    waves = height * np.sin(2 * np.pi * ((y[:, None] + 1) * t + phase))
    X = waves + 0.05 * rng.normal(size=waves.shape)

    training = ae.Training(epochs=150)
    options = {"layers": (64,), "conditional": True, "training": training, "random_state": 0}
    asked = np.repeat(range(3), 50)

    def obeyed(model: ae.Autoencoder) -> float:
        new = model.fit(X, y).sample(150, asked, random_state=0)
        return np.mean(np.abs(np.fft.rfft(new))[:, 1:4].argmax(axis=1) == asked)

    unit = ae.priors.StandardNormal()
    assert obeyed(ae.vae(4, prior=unit, **options)) > 0.9
    assert obeyed(ae.vae(4, prior=unit, cooling=0.0, **options)) < 0.8
