r"""Tests for columns without spread, which no model should see."""

import logging

import numpy as np
import pytest

import autoencode as ae
from autoencode.manifold import OffManifoldDetector, Tangents
from autoencode.modalities import Tables
from autoencode.priors import StandardNormal

pd = pytest.importorskip("pandas")

rng = np.random.default_rng(0)
VARYING_COLUMNS = rng.normal(size=(120, 3))
CONSTANT = {
    "zero": 0.0,
    "small": np.float32(0.1),
    "id": 2**60 + 1,
    "flag": True,
    "byte": np.uint8(200),
}


def fitted(X, recipe=ae.vae) -> ae.Autoencoder:
    options = {"prior": StandardNormal()} if recipe is ae.vae else {}  # takes no time to fit
    training = ae.Training(epochs=2)
    return recipe(2, layers=(16,), training=training, random_state=0, **options).fit(X)


def padded(X: np.ndarray) -> np.ndarray:
    return np.c_[np.zeros(len(X)), X[:, :1], np.full(len(X), 7.1), X[:, 1:], np.ones(len(X))]


@pytest.mark.parametrize("recipe", [ae.vae, ae.autoencoder])
def test_models_with_and_without_constants_are_the_same(recipe) -> None:
    model, wide = fitted(VARYING_COLUMNS, recipe), fitted(padded(VARYING_COLUMNS), recipe)
    X = padded(VARYING_COLUMNS)

    assert np.array_equal(model.transform(VARYING_COLUMNS), wide.transform(X))
    assert np.array_equal(
        model.reconstruction_error(VARYING_COLUMNS), wide.reconstruction_error(X)
    )
    assert np.array_equal(padded(model.reconstruct(VARYING_COLUMNS)), wide.reconstruct(X))

    if recipe is ae.vae:
        assert np.array_equal(model.score_samples(VARYING_COLUMNS), wide.score_samples(X))
        new = model.sample(9, random_state=0)
        assert np.array_equal(padded(new), wide.sample(9, random_state=0))


@pytest.mark.parametrize("text", [False, True])
def test_constants_of_frames_come_back_as_they_were(text: bool, tmp_path) -> None:
    X = pd.DataFrame(VARYING_COLUMNS, columns=list("abc")).assign(**CONSTANT)
    X["n"] = pd.array([3] * len(X), dtype="Int64")
    X = (
        X.assign(k=np.resize(["x", "y"], len(X)), same="z", day=pd.Timestamp("2024-02-29"))
        if text
        else X
    )
    model = fitted(X)
    model.save(tmp_path / "model.ae")
    kept = [c for c in X.columns if X[c].nunique() == 1]

    for m in (model, ae.load(tmp_path / "model.ae")):
        for R in (m.sample(len(X)), m.reconstruct(X)):
            pd.testing.assert_frame_equal(R[kept], X[kept])
            assert R.dtypes.equals(X.dtypes)

    alone = X.drop(columns=kept)
    known = np.log1p(-0.5 / (len(X) + 1))  # of levels, which could have been new
    levels = [X[c].dtype.kind not in "iufM" for c in kept] if text else []
    expected = fitted(alone).score_samples(alone) + known * sum(levels)
    assert np.allclose(model.score_samples(X), expected, atol=1e-12)

    if text:
        scores = model.cell_surprisal(X)
        assert np.array_equal(
            scores[:, ~X.columns.isin(kept)], fitted(alone).cell_surprisal(alone)
        )
        constants = scores[:, X.columns.isin(kept)]
        assert np.allclose(constants, -known * np.array(levels), atol=1e-6)


def test_a_column_that_is_missing_now_and_then_is_not_constant() -> None:
    X = pd.DataFrame({"a": VARYING_COLUMNS[:, 0], "b": 2.5, "k": "x"}).assign(
        k=np.resize(["x", "y"], 120)
    )
    X.loc[::3, "b"] = np.nan
    model = fitted(X)

    assert np.isnan(model.cell_surprisal(X)[::3, 1]).all()
    assert (model.impute(X)["b"] == 2.5).all()


def test_integers_and_rounding() -> None:
    X = np.full((30, 3), 2**62 + 1)
    X[:, 1] = np.arange(30)
    assert (fitted(X).sample(5)[:, [0, 2]] == 2**62 + 1).all()

    # One sum in another order each time
    X = np.c_[VARYING_COLUMNS, np.where(VARYING_COLUMNS[:, 0] > 0, 0.3, 0.1 + 0.2)]
    assert Tables().fit(X).shape_ == (3,)

    with pytest.warns(UserWarning, match="columns 0, 1, 2: the numbers are too small"):
        assert Tables().fit(1e-300 * X).shape_ == (1,)  # of no variance that is a number

    assert Tables().fit(1e6 + 1e-3 * VARYING_COLUMNS).shape_ == (3,)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_whole_numbers_beyond_floats_keep_their_digits(tmp_path, suffix: str) -> None:
    ids = np.uint64(2**64 - 1) - np.arange(30, dtype=np.uint64)
    X = pd.DataFrame({"id": ids, "v": VARYING_COLUMNS[:30, 0]})
    getattr(X, f"to_{suffix}")(tmp_path / f"t.{suffix}", index=False)

    for source in (X, tmp_path / f"t.{suffix}"):
        model = fitted(source)
        assert model.sample(99)["id"].isin(ids).all()
        assert model.sample(99)["id"].nunique() > 1


def test_constants_beyond_64_bits_are_stored(tmp_path) -> None:
    X = np.c_[np.full(30, 2**64 - 1, np.uint64), np.arange(30, dtype=np.uint64)]
    model = fitted(X)
    model.save(tmp_path / "m.ae")
    assert (ae.load(tmp_path / "m.ae").sample(5)[:, 0] == 2**64 - 1).all()

    X[:, 0] -= X[:, 1]

    with pytest.warns(UserWarning, match="columns 0: the whole numbers differ by less than"):
        fitted(X)


def test_tables_without_any_spread_still_fit() -> None:
    for X in (
        np.full((20, 3), 7.0),
        VARYING_COLUMNS[:1],
        pd.DataFrame({"a": [1, 1], "k": ["x", "x"]}),
    ):
        model = fitted(X)

        assert np.array_equal(model.reconstruct(X), X)
        assert np.array_equal(model.sample(4), np.repeat(np.asarray(X)[:1], 4, axis=0))
        assert np.isfinite(model.score_samples(X)).all()


@pytest.mark.parametrize("frame", [False, True])
def test_constants_that_change_are_named_and_ignored(frame: bool, caplog) -> None:
    X = padded(VARYING_COLUMNS)
    other = X.copy()
    other[5, 2] = 7.2

    if frame:
        X, other = (pd.DataFrame(t, columns=list("abcdef")).assign(k="x") for t in (X, other))

    model = fitted(X)

    with caplog.at_level(logging.WARNING, "autoencode"):
        assert np.array_equal(model.score_samples(X), model.score_samples(X))
        assert "constant" not in caplog.text
        assert np.array_equal(model.score_samples(X), model.score_samples(other))

    assert f"vary now, which is ignored: {repr('c') if frame else 2}." in caplog.text
    assert (np.asarray(model.reconstruct(other))[:, 2] == 7.1).all()


def test_constants_are_part_of_the_rows_of_manifolds() -> None:
    X = np.c_[padded(VARYING_COLUMNS), np.zeros(len(VARYING_COLUMNS))]
    X[3, -1] = 1.0  # which most folds do not have
    moved = X[5:8].copy()
    moved[:, 2] += 1
    detector = OffManifoldDetector(fitted(X, ae.autoencoder), random_state=0).fit(X)

    assert (
        OffManifoldDetector(ae.autoencoder(2, layers=(16,), training=ae.Training(epochs=1)))
        .fit(X)
        .offset_
        < 0
    )
    assert (detector.predict(moved) == -1).all()
    assert (np.abs(detector.explain(moved)).argmax(axis=1) == 2).all()

    tangents = Tangents(fitted(X), n_components=2).fit(X)
    assert tangents.basis(X[:4])[0].shape == (4, 2, 7)
    R = tangents.displace(X, np.ones((len(X), 2)))
    assert np.allclose(R[:, [0, 2, 5]], X[:, [0, 2, 5]], atol=1e-6)
