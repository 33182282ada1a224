r"""Tests of the interface that users of scikit-learn expect: names, components, seeds, devices."""

import io
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.decomposition import PCA

import autoencode as ae
from autoencode import Training, evaluation, manifold, plots
from autoencode.cli import main
from autoencode.common.configurable import Configurable
from autoencode.objectives import ELBO, Matryoshka
from autoencode.priors import StandardNormal

X = load_wine().data
ONE = {"layers": (8,), "training": Training(epochs=1, validation_fraction=0), "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


# Names of code columns


def test_columns_of_codes_have_one_name(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = ae.linear(3).fit(X)
    model.save("m.ae")
    np.save("x.npy", X)

    assert main(["transform", "m.ae", "x.npy", "--out", "z.csv"]) == 0

    table, names = pd.read_csv("z.csv"), ["z1", "z2", "z3"]
    assert [*table.columns] == names == [*model.get_feature_names_out()]
    assert [*model.set_output(transform="pandas").transform(X).columns] == names
    assert np.allclose(table, model.transform(X), rtol=1e-4)

    with pytest.raises(ValueError, match="not fitted"):
        ae.linear(3).get_feature_names_out()


# Components of linear models


@pytest.mark.parametrize("data", [load_iris, load_wine, load_digits])
def test_linear_models_have_the_attributes_of_pca(data, tmp_path) -> None:
    x = data().data
    pca, model = PCA(3).fit(x), ae.linear(3).fit(x)
    model.save(tmp_path / "m.ae")
    signs = np.sign((model.components_ * pca.components_).sum(axis=1, keepdims=True))

    for one in (model, ae.load(tmp_path / "m.ae")):
        np.testing.assert_allclose(one.components_ * signs, pca.components_, atol=1e-5)
        np.testing.assert_allclose(one.mean_, pca.mean_, atol=1e-4)
        np.testing.assert_allclose(one.explained_variance_, pca.explained_variance_, rtol=1e-5)
        np.testing.assert_allclose(
            one.explained_variance_ratio_, pca.explained_variance_ratio_, rtol=1e-5
        )


def test_variances_are_weighted_and_images_keep_their_shape() -> None:
    w = np.arange(len(X)) % 3
    one, two = ae.linear(2).fit(X, sample_weight=w), ae.linear(2).fit(np.repeat(X, w, axis=0))
    ratios = one.explained_variance_ratio_, two.explained_variance_ratio_
    np.testing.assert_allclose(*ratios, rtol=1e-4)

    images = ae.linear(2).fit(load_digits().images)
    assert images.components_.shape == (2, 1, 8, 8)
    assert images.mean_.shape == (1, 8, 8)


def test_other_models_have_no_components() -> None:
    model = ae.vae(2, **ONE).fit(X)

    for name in ("components_", "mean_", "explained_variance_", "explained_variance_ratio_"):
        assert not hasattr(model, name)

    with pytest.raises(AttributeError, match="only models in closed form"):
        print(model.components_)

    damaged = ae.linear(2, corruption=ae.corruptions.GaussianNoise()).fit(X)
    assert damaged.components_.shape == (2, 13)
    assert not hasattr(damaged, "explained_variance_")


# Representations


def test_representations_show_what_differs_from_the_defaults() -> None:
    assert repr(ELBO()) == "ELBO()"
    assert repr(ELBO(beta=2.0)) == "ELBO(beta=2.0)"
    assert repr(Training(epochs=3)) == "Training(epochs=3)"
    assert repr(Matryoshka(ELBO(beta=2.0))) == "Matryoshka(objective=ELBO(beta=2.0))"
    assert "Training(epochs=1, validation_fraction=0)" in repr(ae.vae(2, **ONE))


def test_representations_of_equal_objects_are_equal_and_of_others_differ() -> None:
    class Box(Configurable):
        def __init__(self, needed: Any, size: Any = None, names: Any = ()) -> None:
            self.needed, self.size, self.names = needed, size, names

    given = [(1,), (1, 0), (1, False), (1, None, []), (None,), (1, float("nan"))]
    texts = [repr(Box(*arguments)) for arguments in given]

    assert len({*texts}) == len(texts)
    assert repr(Box(1, 2)) == repr(Box(1, 2).clone()) == "Box(needed=1, size=2)"


# Generators as random states


def seeded_calls(model: ae.Autoencoder) -> dict[str, Any]:
    x = torch.from_numpy(X[:40]).float()
    return {
        "fit": lambda seed: clone(model).set_params(random_state=seed).fit(X).transform(X),
        "sample": lambda seed: model.sample(5, random_state=seed),
        "inverse_transform": lambda seed: model.inverse_transform(
            model.transform(X), observation_noise=True, random_state=seed
        ),
        "plots.samples": lambda seed: _pixels(plots.samples(model, 4, random_state=seed)),
        "intrinsic_dimension": lambda seed: np.array(
            manifold.intrinsic_dimension(x, n_samples=20, random_state=seed).value
        ),
        "parzen": lambda seed: manifold.ManifoldParzen().fit(X).sample(3, random_state=seed),
        "trustworthiness": lambda seed: np.array(
            manifold.trustworthiness(x[:, :2], x, n_samples=20, random_state=seed).value
        ),
        "log_evidence": lambda seed: (
            evaluation.log_evidence(
                model.model_, model.preprocess(X[:9]).target, 4, random_state=seed
            )
            .detach()
            .numpy()
        ),
        "drums": lambda seed: ae.datasets.drums(4, random_state=seed).X,
        "disentanglement": lambda seed: np.array(
            evaluation.factor_vae_score(X[:, :2], X[:, :2] > X[:, :2].mean(0), random_state=seed)
        ),
    }


def _pixels(figure: Any) -> np.ndarray:
    file = io.BytesIO()
    figure.savefig(file, format="raw", dpi=20)
    return np.frombuffer(file.getvalue(), np.uint8)


MODEL = ae.vae(2, prior=StandardNormal(), **ONE)


@pytest.mark.parametrize("name", seeded_calls(MODEL))
def test_generators_are_random_states(name: str) -> None:
    call = seeded_calls(clone(MODEL).fit(X))[name]

    for generator in (np.random.default_rng, np.random.RandomState):
        assert np.array_equal(call(generator(0)), call(generator(0)), equal_nan=True)

    for wrong in ("zero", -1, 1.5):
        with pytest.raises((ValueError, TypeError), match="random_state"):
            call(wrong)


def test_a_generator_goes_on_with_each_call() -> None:
    generator = np.random.default_rng(0)
    model = ae.vae(2, prior=StandardNormal(), **ONE).fit(X)

    assert not np.array_equal(*(model.sample(5, random_state=generator) for _ in range(2)))


def test_a_model_with_a_generator_is_stored(tmp_path) -> None:
    model = ae.vae(2, **ONE).set_params(random_state=np.random.default_rng(0)).fit(X)
    model.save(tmp_path / "m.ae")
    again = ae.load(tmp_path / "m.ae")

    assert again.random_state is None
    assert np.array_equal(again.score_samples(X[:3]), model.score_samples(X[:3]))


# Traversals of codes


def test_traversals_decode_one_unit_at_a_time() -> None:
    x = load_digits().images
    model = ae.linear(3).fit(x)
    Z = model.transform(x[4:])
    figure = plots.traversals(model, x[4:], n_units=2, n_steps=3, extent=1.5)
    tiles = [np.asarray(image.get_array()) for image in figure.axes[0].images]
    codes = np.tile(Z[0], (6, 1))
    codes[[0, 2], 0] += np.array([-1.5, 1.5]) * Z[:, 0].std()
    codes[[3, 5], 1] += np.array([-1.5, 1.5]) * Z[:, 1].std()
    expected = model.inverse_transform(codes) / 16

    np.testing.assert_allclose(np.stack(tiles), expected.clip(0, 1), atol=1e-5)
    assert [text.get_text() for text in figure.axes[0].texts[:2]] == ["z₁", "z₂"]


def test_traversals_of_tables_conditions_and_wrong_arguments() -> None:
    y = load_wine().target
    model = ae.vae(2, conditional=True, **ONE).fit(X, y)
    figure = plots.traversals(model, X, y)
    heights = np.array([[bar.get_height() for bar in ax.patches] for ax in figure.axes])

    assert heights.shape == (2, 13)
    assert np.abs(heights).max() == pytest.approx(1)
    assert len(plots.traversals(ae.linear(1).fit(X), pd.DataFrame(X).to_numpy()).axes) == 1

    wrong = ({"n_steps": 4}, {"n_steps": 1}, {"n_units": 0}, {"extent": 0})

    for options in wrong:
        with pytest.raises(ValueError, match=next(iter(options))):
            plots.traversals(model, X, y=y, **options)

    with pytest.raises(ValueError, match="expected a fitted model"):
        plots.traversals(X, X)


# Devices


@pytest.mark.parametrize("recipe", [ae.vae, ae.linear, ae.aae, ae.vq_vae, ae.sparse])
def test_all_tensors_move_to_a_device(recipe) -> None:
    model = recipe(4).set_params(training=None, random_state=0)
    model = recipe(4) if recipe is ae.linear else model
    model = model.fit(X) if recipe is ae.linear else model.set_params(**_steps()).partial_fit(X)
    before = model.transform(X)

    assert model.to("cpu") is model
    assert np.array_equal(model.transform(X), before)

    modules = [*model.model_.modules(), *model.objective_.modules()]
    hidden = [k for m in modules for k, v in vars(m).items() if isinstance(v, torch.Tensor)]
    assert hidden == []  # else they would stay behind

    model._move(torch.device("meta"))  # the only other device that every machine has
    tensors = [*model.model_.state_dict().values(), *model.objective_.state_dict().values()]
    assert all(t.is_meta for t in [*tensors, *getattr(model, "moments_", {}).values()])


def _steps() -> dict[str, Any]:
    return {"training": Training(epochs=1), "network": ae.networks.FullyConnected((8,))}


def test_unknown_devices_are_refused() -> None:
    model = ae.linear(2).fit(X)

    for device in ("nowhere", "meta", 1.5, "cuda:99"):
        with pytest.raises(ValueError, match=re.escape("expected a device")):
            model.to(device)

    with pytest.raises(ValueError, match="not fitted"):
        ae.linear(2).to("cpu")
