r"""Tests that arguments without an effect are refused."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import autoencode as ae
from autoencode.blueprint.checks import NOISE
from autoencode.cli import main
from autoencode.corruptions import GaussianNoise, Masking
from autoencode.distributions import Gaussian, Laplace
from autoencode.manifold import Tangents
from autoencode.networks import FullyConnected
from autoencode.objectives import ELBO, Contractive, Reconstruction
from autoencode.priors import StandardNormal

X = np.random.default_rng(0).normal(size=(24, 4))
Y = np.arange(24) % 2
QUICK = {"layers": (4,), "training": ae.Training(epochs=1), "random_state": 0}
PLAIN = QUICK | {"prior": StandardNormal()}  # which takes no time to fit


@pytest.fixture(scope="module")
def model():
    return ae.vae(2, **PLAIN).fit(X, Y)  # which ignores labels, as scikit-learn does


@pytest.mark.parametrize(
    "method",
    "transform reconstruct denoise reconstruction_error evaluate score_samples preprocess".split(),
)
def test_labels_of_a_model_without_conditions_are_refused(model, method: str) -> None:
    with pytest.raises(ValueError, match="y has no effect, as this model is not conditional"):
        getattr(model, method)(X, Y)


def test_labels_of_a_table_without_conditions_are_refused() -> None:
    frame = pd.DataFrame({"a": X[:, 0], "k": [*"xy"] * 12})
    model = ae.vae(2, **PLAIN).fit(frame)

    for method in (model.impute, model.cell_surprisal):
        with pytest.raises(ValueError, match="y has no effect, as this model is not conditional"):
            method(frame, Y)


def test_labels_of_codes_and_draws_are_refused_too(model) -> None:
    for use in (
        lambda: model.sample(2, y=1),
        lambda: model.inverse_transform(np.zeros((2, 2)), 1),
    ):
        with pytest.raises(ValueError, match="y has no effect"):
            use()

    with pytest.raises(ValueError, match="y has no effect"):
        Tangents(model, y=1).fit(X)


@pytest.mark.slow
def test_scikit_learn_may_hand_on_labels() -> None:
    quick = ae.vae(2, **PLAIN)
    search = GridSearchCV(quick, {"latent_dim": [1, 2]}, cv=2).fit(X, Y)

    assert np.isfinite(search.best_score_)
    assert np.isfinite(cross_val_score(quick, X, Y, cv=2)).all()
    assert make_pipeline(quick, PCA(1)).fit(X, Y).transform(X).shape == (24, 1)
    assert np.array_equal(quick.fit_transform(X, Y), quick.transform(X))
    assert quick.score(X, Y) == quick.score(X)


@pytest.mark.parametrize(
    ("recipe", "own", "other"),
    [
        (ae.autoencoder, {"layers": (3,)}, {"network": FullyConnected((7,))}),
        (ae.denoising, {"layers": (3,)}, {"network": FullyConnected((7,))}),
        (ae.denoising, {"noise": 0.5}, {"corruption": Masking()}),
        (ae.contractive, {"weight": 1.0}, {"objective": Reconstruction()}),
        (ae.vae, {"warmup": 0.5}, {"objective": ELBO()}),
        (ae.vae, {"free_nats": 1.0}, {"objective": ELBO()}),
        (ae.vae, {"cooling": 0.5}, {"objective": ELBO()}),
        (ae.vae, {"layers": ()}, {"network": FullyConnected((7,))}),
        (ae.beta_vae, {"beta": 4.0}, {"objective": ELBO()}),
    ],
)
def test_arguments_that_another_one_replaces_are_refused(recipe, own: dict, other: dict) -> None:
    (name,), (rival,) = own, other

    with pytest.raises(TypeError, match=f"{name} has no effect together with {rival}="):
        recipe(2, **own, **other)

    assert recipe(2, **other).get_params(deep=False)[rival] is other[rival]
    recipe(2, **own)


def test_a_corruption_beside_damaged_examples_is_refused(caplog) -> None:
    with pytest.raises(
        ValueError, match=r"corruption=Masking.* has no effect together with corrupted="
    ):
        ae.autoencoder(2, corruption=Masking(), **QUICK).fit(X, corrupted=X + 0.1)

    with caplog.at_level(logging.INFO, "autoencode"):
        model = ae.denoising(2, **QUICK)
        model.fit(X, corrupted=X + 0.1)

    assert repr(model.corruption) == repr(GaussianNoise(NOISE))
    assert "is ignored, because damaged versions of the examples are given" in caplog.text


@pytest.mark.parametrize(
    "options",
    [
        {"objective": Contractive()},
        {"objective": ELBO()},
        {"posterior": Gaussian()},
        {"likelihood": Laplace()},
    ],
)
def test_options_that_a_closed_form_ignores_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match="has no effect with LeastSquares"):
        ae.linear(2, **options).fit(X)

    ae.linear(2, training=ae.Training(epochs=1), **options).fit(X)


def test_priors_without_effect_are_refused(model) -> None:
    for recipe in (ae.autoencoder, ae.linear):
        with pytest.raises(ValueError, match=r"prior=StandardNormal\(\) has no effect"):
            recipe(1, prior=StandardNormal()).fit(X)

    with pytest.raises(ValueError, match="full_size=True is for images"):
        model.reconstruct(X, full_size=True)


def test_a_model_of_numbers_names_the_other_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.0, None, 2.0], "b": ["p", "q", "p"], "c": [1, 2, 3]})
    frame.to_csv(tmp_path / "t.csv", index=False)

    for data in (frame, tmp_path / "t.csv"):
        with pytest.raises(ValueError, match=r"in \['b'\], and missing cells in \['a'\].*vae"):
            ae.linear(1).fit(data)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["transform", "DATA", "--labels", "LABELS", "--out", "a.npy"], "--labels has no effect"),
        (["transform", "DATA", "--y", "1", "--out", "a.npy"], "--y has no effect"),
        (["score", "DATA", "--labels", "LABELS"], "--labels has no effect"),
        (["neighbors", "DATA", "--y", "1", "--out", "a.csv"], "--y has no effect"),
        (["sample", "--y", "1", "--out", "a.npy"], "--y has no effect"),
        (["sample", "--temperature", "0.5", "--out", "a.npy"], "--temperature only affect texts"),
    ],
)
def test_flags_without_effect_are_refused(
    model, tmp_path: Path, monkeypatch, capsys, flags: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", X)
    np.savez("xy.npz", X=X, y=Y)
    np.save("labels.npy", Y)
    model.save("m.ae")
    names = {"DATA": "x.npy", "LABELS": "labels.npy"}
    command, *rest = [names.get(flag, flag) for flag in flags]

    assert main([command, "m.ae", *rest]) == 2
    assert message in capsys.readouterr().err
    assert main(["transform", "m.ae", "xy.npz", "--out", "codes.npy"]) == 0  # labels come along
    assert np.array_equal(np.load("codes.npy"), model.transform(X))
