r"""Levels that the fit did not see: their probability, and folds that lack some."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score

import autoencode as ae
from autoencode.modalities import MixedTables
from autoencode.modalities.columns import LevelColumn

pytestmark = pytest.mark.filterwarnings("ignore::autoencode.common.failures.FitWarning")
RNG = np.random.default_rng(0)
TWO_EPOCHS = ae.Training(epochs=2, show_progress=False)


def vae(unknown: str = "rare", **arguments) -> ae.Autoencoder:
    return ae.vae(
        1,
        layers=(8,),
        modality=MixedTables(unknown=unknown),
        training=TWO_EPOCHS,
        random_state=0,
        prior=ae.priors.StandardNormal(),  # which takes no time to fit
        **arguments,
    )


def table(n: int = 60) -> pd.DataFrame:
    return pd.DataFrame({"x": RNG.normal(size=n), "k": RNG.choice([*"aab"], size=n)})


@pytest.mark.parametrize(
    ("cells", "mass"),
    [
        ([*"aabb"], 0.5 / 5),  # no level is alone
        ([*"aabc"], 2.5 / 5),  # two are
        (["a", "a", None, None], 0.5 / 3),  # of those that are there
        ([None, None], 0.5),
        ([True, False, True], 0.0),  # there is no third
        ([True, True], 0.5 / 3),
        (pd.Categorical([*"aabb"], categories=[*"abz"]), 0.5 / 5),
    ],
    ids=repr,
)
def test_the_mass_of_what_is_new(cells, mass: float) -> None:
    column = LevelColumn("k").fit(pd.Series(cells))
    assert column.new_mass == pytest.approx(mass)
    assert LevelColumn("k", unknown="missing").fit(pd.Series(cells)).new_mass == 0


def test_probabilities_of_all_levels_and_of_a_new_one_sum_to_one() -> None:
    X = table()
    frames = MixedTables().fit(X)
    every = pd.DataFrame({"x": [np.nan] * 3, "k": [*"abz"]})
    p = frames.likelihood()(torch.randn(frames.shape_[0], 1))
    x = frames.load(every)
    log_p = p.log_prob(frames.normalize(x)) + frames.log_mass(x).sum(dim=1)

    assert float(log_p.exp().sum()) == pytest.approx(1)
    assert float(log_p[2]) == pytest.approx(np.log(0.5 / 61))


def test_rows_with_new_levels_are_scored_as_unlikely(caplog) -> None:
    X = table()
    model = vae().fit(X)
    new = X[:2].assign(k=["a", "z"])
    likely, unlikely = model.score_samples(new)

    assert np.isfinite([likely, unlikely]).all()
    assert unlikely < likely - 1
    assert "'z' in row 1" in caplog.text
    assert "unknown='error'" in caplog.text
    assert np.isfinite(model.cell_surprisal(new)).all()
    assert model.cell_surprisal(new)[1, 1] == pytest.approx(-np.log(0.5 / 61))
    assert model.reconstruct(new).shape == new.shape


def test_rare_ones_have_the_mass_of_rare_ones() -> None:
    X = pd.DataFrame({"x": RNG.normal(size=60), "k": [*"ab" * 27, *"cdefgh"]})
    model = ae.vae(
        1,
        modality=MixedTables(max_levels=2),
        training=TWO_EPOCHS,
        prior=ae.priors.StandardNormal(),
    ).fit(X)
    rare, new = model.score_samples(X[-1:].loc[[59, 59]].assign(k=["h", "z"]))
    assert rare == pytest.approx(new)


def test_a_new_level_costs_models_without_a_density_one_indicator() -> None:
    X = table()
    model = ae.autoencoder(1, training=TWO_EPOCHS, random_state=0).fit(X)
    missing, new = model.reconstruction_error(X[:1].loc[[0, 0]].assign(k=[None, "z"]))
    assert new == pytest.approx(missing + 1)


def test_what_is_missing_is_not_scored() -> None:
    X = table()
    model = vae("missing").fit(X)
    missing, new = model.score_samples(X[:1].loc[[0, 0]].assign(k=[None, "z"]))
    assert missing == new


def test_errors_name_row_and_column_and_the_way_out() -> None:
    X = table().set_index(RNG.permutation(60) + 100)
    model = vae("error").fit(X)
    where = X.index[3]

    with pytest.raises(
        ValueError, match=rf"'k': 'z' in row 3 \(index '{where}'\).*unknown='rare'"
    ):
        model.transform(X.assign(k=[*"aaaz", *X.k[4:]]))

    with pytest.raises(ValueError, match="is not a level of the fit"):
        vae().fit(X).sample(2, conditions={"k": "z"})

    with pytest.raises(ValueError, match="expected unknown as one of"):
        vae("never").fit(X)

    truths = X.assign(k=[True, False] * 30)
    with pytest.raises(ValueError, match="'k': 'maybe' in row 0"):
        vae().fit(truths).transform(X.assign(k="maybe"))


@pytest.mark.parametrize(
    "rare",
    ["r", *(pytest.param(rare, marks=pytest.mark.slow) for rare in (None, 3))],
)
def test_folds_that_lack_a_level(rare: object) -> None:
    X = pd.DataFrame({"x": RNG.normal(size=40), "k": ["a"] * 39 + [rare]}, dtype=object)
    X = X.assign(x=X.x.astype(float), only=["u"] * 20 + ["v"] * 20)

    assert np.isfinite(cross_val_score(vae(), X, cv=4)).all()
    search = GridSearchCV(vae(), {"latent_dim": [1, 2], "modality__max_levels": [1, 9]}, cv=2).fit(
        X
    )
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_constant_columns_see_new_levels() -> None:
    X = table().assign(k="a")
    known, new = vae().fit(X).score_samples(X[:1].loc[[0, 0]].assign(k=["a", "b"]))
    assert new - known == pytest.approx(np.log(0.5 / 61) - np.log(60.5 / 61))


def test_parts_know_what_all_the_data_have_told() -> None:
    X = table().assign(day=pd.date_range("2024", periods=60), one=[1] + [0] * 59)
    X.loc[0, "k"] = "rare"
    frames = MixedTables().fit(X)
    part = frames.for_subset()

    for kind in (part, part.clone(), clone(part)):
        kind.fit(X[1:20])
        assert kind.shape_ == frames.shape_
        assert torch.equal(kind.load(X), frames.load(X))

    assert MixedTables().fit(X[1:20]).shape_ != frames.shape_


def test_files_remember(tmp_path) -> None:
    X = table()
    new = X[:3].assign(k="z")

    for unknown in ("missing", "rare"):
        model = vae(unknown).fit(X)
        model.save(tmp_path / "m.ae")
        again = ae.load(tmp_path / "m.ae")
        assert again.modality.unknown == unknown
        assert np.array_equal(again.score_samples(new), model.score_samples(new))


def test_folds_that_lack_a_label(tmp_path, caplog) -> None:
    X, y = RNG.normal(size=(40, 3)), np.array([*"a" * 20, *"b" * 19, "r"])
    X += (y == "a")[:, None]
    model = ae.vae(
        1, layers=(8,), conditional=True, training=TWO_EPOCHS, prior=ae.priors.StandardNormal()
    )

    assert np.isfinite(cross_val_score(model, X, y, cv=4)).all()
    assert "labels were not in the fit" in caplog.text

    model.fit(X[:39], y[:39]).save(tmp_path / "m.ae")
    again = ae.load(tmp_path / "m.ae")
    c = again.preprocess(X[37:], y[37:]).context
    assert torch.allclose(c, torch.tensor([[0, 1.0], [0, 1.0], [20 / 39, 19 / 39]]))
    assert np.array_equal(again.transform(X, y), model.transform(X, y))

    again.context_.unknown = "error"

    for call in (
        lambda: again.transform(X, y),  # by the setting
        lambda: model.transform(X, "r"),  # one for all
        lambda: model.sample(2, y=["a", "r"]),  # to be made
        lambda: model.inverse_transform([[0.0]], y=["r"]),
    ):
        with pytest.raises(ValueError, match=r"labels of the fit \(a, b\), got r"):
            call()
