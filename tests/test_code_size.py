r"""Tests of automatic code sizes: laws of linear Gaussian data, and bounds."""

import logging

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import autoencode as ae
from autoencode import Training
from autoencode.cli import main

ONE = {"training": Training(1, show_progress=False, device="cpu"), "random_state": 0}
PLAIN = ONE | {"prior": ae.priors.StandardNormal()}  # which takes no time to fit


def factors(k: int, N: int = 400, D: int = 10, noise: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(k)
    W = np.linalg.qr(rng.normal(size=(D, k)))[0] * np.sqrt(D / k)
    return rng.normal(size=(N, k)) @ W.T + noise * rng.normal(size=(N, D))


def size(model, X, y=None) -> int:
    found = model.fit(X, y)
    assert found.transform(X[:3], None if y is None else y[:3]).shape[1] == found.latent_dim_
    assert found.latent_dim is None

    return found.latent_dim_


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_a_density_has_as_many_numbers_as_there_are_factors(k: int) -> None:
    X = factors(k)
    assert size(ae.vae(modality=ae.modalities.Tables(scaling="whole"), **PLAIN), X) == k


@pytest.mark.parametrize(
    "table",
    [
        load_iris,
        load_wine,
        pytest.param(load_breast_cancer, marks=pytest.mark.slow),
        pytest.param(load_diabetes, marks=pytest.mark.slow),
    ],
)
def test_the_size_of_a_density_is_nearly_the_best_for_new_rows(table) -> None:
    train, test = train_test_split(table().data, random_state=0)
    scaler = StandardScaler().fit(train)
    x, new = scaler.transform(train), scaler.transform(test)
    scores = [PCA(k).fit(x).score(new) for k in range(1, x.shape[1])]
    k = size(ae.vae(**PLAIN), train)

    assert scores[k - 1] > max(scores) - 0.05 * x.shape[1]


@pytest.mark.parametrize("table", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_codes_of_reconstruction_hold_most_of_the_variance(table) -> None:
    X = table().data
    varying = X.std(axis=0) > 0
    explained = PCA().fit(StandardScaler().fit_transform(X[:, varying])).explained_variance_ratio_
    k = int((explained.cumsum() < 0.95).sum()) + 1

    assert size(ae.autoencoder(**ONE), X) == min(k, varying.sum() - 1)


def test_principal_components_are_those_of_the_users_own_numbers() -> None:
    X = load_wine().data  # one column has nearly all of the variance
    assert size(ae.linear(), X) == 1


@pytest.mark.parametrize(
    ("recipe", "shape"),
    [
        pytest.param(recipe, shape, marks=[] if (i - j) % 3 == 0 else [pytest.mark.slow])
        for i, recipe in enumerate(["autoencoder", "vae", "linear", "beta_vae", "contractive"])
        for j, shape in enumerate([(1, 5), (2, 3), (3, 2), (8, 40), (50, 1), (50, 2), (300, 3)])
    ],
)
def test_sizes_are_below_those_of_rows_and_columns(recipe: str, shape: tuple[int, int]) -> None:
    X = np.random.default_rng(0).normal(size=shape)
    options = {} if recipe == "linear" else ONE
    found = size(getattr(ae, recipe)(**options), X)

    assert 1 <= found <= max(1, min(shape[1] - 1, shape[0] // 2, 64))


def test_codes_of_damaged_inputs_are_wide() -> None:
    X = np.c_[load_iris().data, np.ones(150)]
    assert size(ae.denoising(**ONE), X) == 4  # the constant column needs no number

    Y = X + np.random.default_rng(0).normal(size=X.shape)
    assert ae.autoencoder(**ONE).fit(X, corrupted=Y).latent_dim_ == 4


def test_fully_convolutional_codes_have_one_size() -> None:
    X = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    network = ae.networks.FullyConvolutional(width=4)

    assert size(ae.denoising(network=network, **ONE), X) == network.code_size((1, 8, 8))


def test_information_in_the_context_needs_no_code() -> None:
    X, y = factors(3), np.arange(400) % 4
    labeled = X + 20 * np.random.default_rng(1).normal(size=(4, 10))[y]
    tables = ae.modalities.Tables(scaling="whole")

    assert size(ae.vae(conditional=True, modality=tables, **PLAIN), labeled, y) == 3


@pytest.mark.parametrize(("length", "found"), [(5, 16), (60, 32), (200, 64)])
def test_texts_have_a_size_by_their_length(length: int, found: int) -> None:
    texts = [chr(97 + i % 26) * length for i in range(200)]
    model = ae.vae(**PLAIN)
    data = model._prepare(texts, None, None, False).data

    assert len(data) == 200
    assert model.latent_dim_ == found


def test_the_size_is_said_and_kept(tmp_path, caplog) -> None:
    X, small = load_wine().data, PLAIN | {"layers": (8,)}

    with caplog.at_level(logging.INFO, "autoencode"):
        model = ae.vae(**small).fit(X)

    assert f"code of {model.latent_dim_} numbers: this many principal components" in caplog.text
    model.save(tmp_path / "wine.ae")
    loaded = ae.load(tmp_path / "wine.ae")
    assert loaded.latent_dim is None
    assert loaded.latent_dim_ == model.latent_dim_
    assert np.array_equal(loaded.transform(X), model.transform(X))
    assert clone(model).fit(X).latent_dim_ == model.latent_dim_
    assert ae.vae(3, **small).fit(X).latent_dim_ == 3


def test_resume_takes_the_size_of_the_checkpoint(tmp_path, monkeypatch) -> None:
    X = load_wine().data
    training = Training(2, show_progress=False, device="cpu", checkpoint_dir=tmp_path)
    small = {
        "layers": (8,),
        "training": training,
        "random_state": 0,
        "prior": ae.priors.StandardNormal(),
    }
    model = ae.vae(**small).fit(X)

    # As on another processor, where the likelihoods of two sizes may change places
    monkeypatch.setattr(
        "autoencode.fitting.preparation.choose_code_size", lambda *_: (7, "otherwise")
    )
    again = ae.vae(**small).fit(X, resume=True)

    assert again.latent_dim_ == model.latent_dim_
    assert np.array_equal(again.transform(X), model.transform(X))


@pytest.mark.slow
def test_the_command_line_leaves_it_open(tmp_path, capsys) -> None:
    np.save(tmp_path / "X.npy", load_wine().data)
    out = tmp_path / "m.ae"

    assert main(["fit", str(tmp_path / "X.npy"), "--out", str(out), "--epochs", "1"]) == 0
    assert "code of 10 numbers" in capsys.readouterr().err
    assert ae.load(out).latent_dim_ == 10
    assert main(["info", str(out)]) == 0
    assert main(["plot", str(out), str(tmp_path / "X.npy"), "--out", str(tmp_path / "p")]) == 0
