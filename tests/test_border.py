r"""Tests for the border module: what users give and get, of each kind."""

import numpy as np
import pandas as pd
import pytest
import torch

import autoencode as ae
from autoencode import manifold, plots
from autoencode.manifold.arrays import as_batch, as_examples, from_rows, select_row, select_rows
from autoencode.manifold.codec import as_codec

TRAINING = ae.Training(epochs=2, batch_size=128, validation_fraction=0, show_progress=False)
PLAIN = {"layers": (16,), "training": TRAINING, "random_state": 0}
PLAIN["prior"] = ae.priors.StandardNormal()  # which takes no time to fit


def people(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    a = rng.normal(size=n)
    kind = np.where(a > 0, "x", "y")
    frame = pd.DataFrame({"age": 40 + 10 * a, "kind": kind, "yes": rng.random(n) < 0.3})
    frame.loc[3, "age"] = np.nan
    return frame


@pytest.fixture(scope="module")
def mixed() -> ae.Autoencoder:
    return ae.vae(2, **PLAIN).fit(people())


def test_batches_and_single_examples() -> None:
    X = np.zeros((3, 4))
    frame = pd.DataFrame(X)
    sounds = [np.zeros(3), np.zeros(5)]

    assert as_batch(X, 2)[0] is X
    assert as_batch(frame, 2)[0] is frame
    assert as_batch(X[0], 2)[0].shape == (1, 4)
    assert as_batch(torch.zeros(4), 2)[0].shape == (1, 4)
    assert as_batch(sounds, 2)[0].dtype == object
    assert [as_batch(x, 2)[1] for x in (X, X[0], sounds, list(X))] == [False, True, False, False]


def test_some_examples() -> None:
    X = np.arange(6.0).reshape(3, 2)
    frame = pd.DataFrame(X, columns=["a", "b"])
    sounds = as_examples([np.zeros(3), np.ones(5)])

    assert np.array_equal(select_rows(X, [2, 0]), X[[2, 0]])
    assert np.array_equal(select_rows(frame, [2, 0]), X[[2, 0]])
    assert np.array_equal(select_rows(sounds, [1])[0], np.ones(5))
    assert select_row(frame, 1).columns.tolist() == ["a", "b"]
    assert np.array_equal(select_row(sounds, 1), np.ones(5))


@pytest.mark.parametrize("X", [np.ones((2, 3)), torch.ones(2, 3)])
def test_arrays_give_arrays_and_tensors_tensors(X) -> None:
    codec = as_codec((lambda x: x, lambda z: z))
    assert type(from_rows(X, codec, torch.zeros(6, 3), 2, 3)) is type(X)


def test_tables_of_mixed_columns_are_looked_at_like_others(mixed) -> None:
    X = people()
    tangents = manifold.Tangents(mixed, n_components=2).fit(X)
    n = 4

    for found, rows in [
        (tangents.traversals(X[:1], n_steps=3), 2 * 3),
        (manifold.TangentAugment(tangents)(X[:n], random_state=0), n),
        (manifold.ManifoldParzen(tangents).fit(X).sample(n, random_state=0), n),
        (manifold.walkback(mixed, X[:n], n_steps=3, noise=0.1, random_state=0), 3 * n),
        (
            manifold.Geodesics(mixed, n_points=4).interpolate(X[:n], X[n : 2 * n], n_points=5),
            5 * n,
        ),
    ]:
        assert found.columns.tolist() == X.columns.tolist()
        assert len(found) == rows
        assert set(found["kind"]) <= {"x", "y"}

    assert plots.tangents(tangents, X[:1]).axes
    assert manifold.report(mixed, X, X[:30]).latent_dim == 2


def test_detectors_of_mixed_columns(mixed) -> None:
    X = people()
    untrained = ae.vae(2, **PLAIN)

    for model in (mixed, untrained):
        detector = manifold.OffManifoldDetector(model, n_folds=2).fit(X)
        on, off = detector.decompose(X[:5])
        assert np.isfinite(on + off).all()


@pytest.mark.slow
def test_the_default_detector_takes_mixed_columns() -> None:
    X = people()
    assert np.isfinite(manifold.OffManifoldDetector(n_folds=2).fit(X[:60]).score_samples(X)).all()
