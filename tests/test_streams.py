r"""Tests of trainings on streams: laws of `partial_fit`."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_wine

import autoencode as ae
from autoencode import Training
from autoencode.networks import FullyConnected
from autoencode.objectives import BetaTCVAE
from autoencode.priors import StandardNormal

X = load_wine().data
Y = load_wine().target
RARE = np.where(np.arange(len(X)) % 3, "a", "b")
SMALL = {"layers": (8,), "random_state": 0}
ONE_PASS = Training(epochs=1, validation_fraction=0)
pytestmark = pytest.mark.filterwarnings("ignore:the loss was still falling")


def state(model: ae.Autoencoder) -> dict[str, torch.Tensor]:
    return {**model.model_.state_dict(), **model.objective_.state_dict()}


def equal(one: ae.Autoencoder, two: ae.Autoencoder) -> bool:
    a, b = state(one), state(two)
    return all(torch.equal(a[name], b[name]) for name in a | b)


@pytest.mark.parametrize(
    ("model", "labels"),
    [
        (ae.vae(2, **SMALL), None),
        (ae.vae(**SMALL, conditional=True), Y),
        (ae.denoising(2, **SMALL), None),
        (ae.aae(2, **SMALL), None),
        (ae.Autoencoder(2, BetaTCVAE(), network=FullyConnected((8,)), random_state=0), None),
    ],
)
def test_one_part_of_everything_is_one_epoch(model: ae.Autoencoder, labels) -> None:
    one = clone(model).set_params(training=ONE_PASS).fit(X, labels)
    two = clone(model).partial_fit(X, labels)

    assert equal(one, two)
    assert np.array_equal(one.transform(X, labels), two.transform(X, labels))
    assert one.score(X, labels) == two.score(X, labels)
    assert one.history_[0].train == two.history_[0].train


def test_a_stored_stream_goes_on_to_the_bit(tmp_path) -> None:
    one = ae.vae(2, **SMALL, prior=StandardNormal()).partial_fit(X[:90])
    one.save(tmp_path / "m.ae")
    two, three = ae.load(tmp_path / "m.ae"), pickle.loads(pickle.dumps(one))

    for model in (one, two, three):
        model.partial_fit(X[90:])

    assert equal(one, two)
    assert equal(one, three)
    assert [record.epoch for record in two.history_] == [1, 2]

    # The moments of the optimizer matter, and a fit has none
    one.set_params(training=ONE_PASS).fit(X)
    assert not hasattr(one, "moments_")
    del two.moments_
    assert not equal(two.partial_fit(X), three.partial_fit(X))


def test_a_stream_keeps_scales_and_labels_and_learns() -> None:
    options = {"conditional": True, "prior": StandardNormal()}
    model = ae.vae(2, **SMALL, **options).partial_fit(X[::2], RARE[::2])
    scaled, before = model.preprocess(X, RARE).target, model.score(X, RARE)
    model.partial_fit(100 * X[:3], RARE[:3])

    for k in range(11):
        model.partial_fit(X[k % 3 :: 3], RARE[k % 3 :: 3])

    assert torch.equal(model.preprocess(X, RARE).target, scaled)
    assert model.score(X, RARE) > before

    for data, message in (((X[:3], ["c"] * 3), "got c"), ((X[:3, :4], RARE[:3]), "4 features")):
        kept = state(model)

        with pytest.raises(ValueError, match=message):
            model.partial_fit(*data)

        assert all(torch.equal(t, kept[name]) for name, t in state(model).items())
        assert len(model.history_) == 13


def test_memory_does_not_grow_with_the_stream() -> None:
    model, sizes = ae.vae(2, **SMALL), []

    for _ in range(4):
        model.partial_fit(X)
        sizes.append(len(pickle.dumps(model)))

    assert sizes[3] - sizes[1] < 2 * 2000 < X.nbytes


def test_tables_with_names_come_in_parts() -> None:
    table = pd.DataFrame(X[:, :3], columns=[*"abc"]).assign(kind=RARE)
    model = ae.vae(2, **SMALL, prior=StandardNormal()).partial_fit(table[:50])
    model.partial_fit(table[50:].assign(kind="new"))

    assert model.feature_names_in_.tolist() == [*"abc", "kind"]

    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(table[[*"cba", "kind"]])


def test_a_fitted_model_takes_part_in_a_stream() -> None:
    model = ae.vae(2, **SMALL, training=Training(epochs=2)).fit(X)
    model.partial_fit(X, sample_weight=np.arange(1.0, len(X) + 1))

    assert [record.epoch for record in model.history_] == [1, 2, 3]
    assert model.training.epochs == 2


def test_what_has_no_steps_has_no_streams() -> None:
    assert not hasattr(ae.linear(2), "partial_fit")
    assert hasattr(ae.vae(2), "partial_fit")

    with pytest.raises(ValueError, match=re.escape("set training=ae.Training()")):
        ae.linear(2).partial_fit(X)
