r"""Tests for tables of mixed columns with missing cells."""

import re
import shlex
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as hpd
from sklearn.base import clone
from torch.distributions import Categorical, MultivariateNormal, Normal

import autoencode as ae
from autoencode import manifold, plots
from autoencode.cli import main
from autoencode.corruptions import Compose, GaussianNoise, Masking, Typos
from autoencode.data import holds_frame, is_numbers, read_frame
from autoencode.data.tabular.numeric import read_parquet
from autoencode.distributions import MixedColumns, MixedRow, SharedGaussian
from autoencode.evaluation import log_evidence
from autoencode.inference.imputation import leave_one_out_log_prob, posterior_mean
from autoencode.modalities import Images, MixedTables, Tables, guess
from autoencode.modalities.columns import LevelColumn
from autoencode.priors import StandardNormal

MISSING = st.none()
NUMBERS = st.floats(-1e6, 1e6)
WORDS = st.sampled_from(["a", "b", "ß", "", 'a, "b"', "true"])
DATES = st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2100-01-01"))


def frames() -> st.SearchStrategy[pd.DataFrame]:
    r"""Tables with columns of all kinds, some cells of which are missing."""
    return hpd.data_frames(
        [
            hpd.column("float", dtype=float, elements=NUMBERS | st.just(np.nan)),
            hpd.column("single", dtype=np.float32, elements=st.floats(-1e3, 1e3, width=32)),
            hpd.column("whole", dtype=np.int64, elements=st.integers(-1000, 1000)),
            hpd.column("byte", dtype=np.uint8),
            hpd.column("truth", dtype=bool),
            hpd.column("word", dtype=object, elements=WORDS | MISSING),
            hpd.column("constant", dtype=float, elements=st.just(3.5)),
            hpd.column("nothing", dtype=float, elements=st.just(np.nan)),
            hpd.column("day", dtype="datetime64[ns]", elements=DATES.map(np.datetime64)),
        ],
        index=hpd.range_indexes(min_size=1, max_size=30),
    ).map(with_extensions)


def with_extensions(X: pd.DataFrame) -> pd.DataFrame:
    X["category"] = X["word"].astype("category")
    X["ordered"] = pd.Categorical(X["whole"] % 3, [2, 0, 1, 7], ordered=True)
    X["nullable"] = X["whole"].astype("Int64").where(X["truth"])
    X["maybe"] = X["truth"].astype("boolean").where(X["byte"] % 2 == 0)
    X["zoned"] = X["day"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo").where(X["truth"])
    X["date"] = X["day"].dt.date.where(X["truth"], None)

    return X


@pytest.mark.slow
@settings(max_examples=20)
@given(frames())
def test_any_frame_comes_back(X: pd.DataFrame) -> None:
    modality = MixedTables().fit(X)
    Y = modality.restore(modality.normalize(modality.load(X)))

    assert [*Y.columns] == [*X.columns]
    assert (Y.isna() == X.isna()).all(axis=None)
    assert [*Y.dtypes] == [*X.dtypes]

    for name in X:
        known = X[name].notna()
        a, b = X[name][known], Y[name][known]

        if name in {"float", "single"}:
            assert np.abs(a - b).max() <= 1e-4 * max(1, np.ptp(a)) if len(a) else True
        elif name in {"day", "zoned", "date"}:
            gap = pd.to_datetime(a) - pd.to_datetime(b)
            assert gap.abs().max() <= pd.Timedelta(days=2) if len(a) else True
        else:
            assert [*a] == [*b]


# The likelihood


def test_a_fixed_scale_weighs_numbers_alike() -> None:
    family = MixedColumns(scales=(0.1, 0.5), levels=(3,), fixed_scale=0.3)
    phi, x = torch.randn(7, 1), torch.tensor([1.0, -2.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    p = family(phi)

    assert p.scale.tolist() == pytest.approx([0.3, 0.5])
    expected = Normal(phi[0], 0.3).log_prob(x[0]) + phi[4:, 0].log_softmax(0)[1]
    assert torch.allclose(p.log_prob(x), expected)

    with pytest.raises(ValueError, match="expected a fixed scale > 0"):
        MixedColumns(fixed_scale=0.0)


def test_only_models_without_a_density_have_a_fixed_scale() -> None:
    training = ae.Training(epochs=1, show_progress=False)
    plain, density = (make(2, training=training).fit(table()) for make in (ae.autoencoder, ae.vae))

    assert plain.likelihood_.fixed_scale is not None
    assert density.likelihood_.fixed_scale is None


def test_density_is_a_product_of_closed_forms(float64) -> None:
    torch.manual_seed(0)
    family = MixedColumns(scales=(0.1, 0.2), levels=(3, 2))
    phi = torch.randn(7, 9, 1)
    p = family(phi)
    x = p.sample()
    loc, s, one, two = phi[..., 0].split((2, 2, 3, 2), dim=-1)
    scale = torch.tensor([0.1, 0.2]) + torch.nn.functional.softplus(s)
    cells = torch.cat(
        [
            Normal(loc, scale).log_prob(x[:, :2]),
            Categorical(logits=one).log_prob(x[:, 4:7].argmax(1))[:, None],
            Categorical(logits=two).log_prob(x[:, 7:].argmax(1))[:, None],
        ],
        dim=1,
    )

    torch.testing.assert_close(p.cells(x), cells)
    torch.testing.assert_close(p.log_prob(x), cells.sum(1))
    torch.testing.assert_close(p.expand((3, 7)).log_prob(x), cells.sum(1).expand(3, 7))

    hidden = x.clone()
    hidden[:, [0, 2]] = 0  # a number
    hidden[:, 4:7] = 0  # a level
    torch.testing.assert_close(p.log_prob(hidden), cells[:, 1] + cells[:, 3])


def test_samples_have_the_moments_of_the_mean() -> None:
    torch.manual_seed(0)
    p = MixedColumns(scales=(0.1,), levels=(3,))(torch.tensor([0.5, 0.0, 0.0, 1.0, -1.0])[:, None])

    torch.testing.assert_close(p.sample((40_000,)).mean(0), p.mean, atol=0.02, rtol=0)


class Linear:
    r"""A linear-Gaussian model of three columns, whose posterior given some cells is exact."""

    def __init__(self) -> None:
        self.W = torch.tensor([[1.0, 0.5], [-1.0, 2.0], [0.3, 0.4]])
        self.scale = torch.tensor([0.5, 1.0, 0.7])
        self.prior = lambda: MultivariateNormal(torch.zeros(2), torch.eye(2))

    def encode(self, x: torch.Tensor) -> MultivariateNormal:
        there = x[:, 3:] / self.scale**2
        precision = torch.eye(2) + torch.einsum("bi,ij,ik->bjk", there, self.W, self.W)
        loc = torch.linalg.solve(precision, torch.einsum("bi,ij->bj", there * x[:, :3], self.W))
        return MultivariateNormal(loc, precision_matrix=precision)

    def decode(self, z: torch.Tensor) -> MixedRow:
        loc = z @ self.W.T
        return MixedRow(loc, self.scale.expand_as(loc), loc[..., :0], ())


@pytest.mark.parametrize("hidden", [[], [0], [1, 2], [0, 1, 2]])
def test_a_hidden_cell_is_integrated_over(float64, hidden: list[int]) -> None:
    torch.manual_seed(0)
    model = Linear()
    x = torch.cat([torch.randn(5, 3), torch.ones(5, 3)], dim=1)
    x[:, hidden] = 0
    x[:, [3 + j for j in hidden]] = 0

    seen = [j for j in range(3) if j not in hidden]
    covariance = (model.W @ model.W.T + torch.diag(model.scale**2))[seen][:, seen]
    marginal = MultivariateNormal(torch.zeros(len(seen)), covariance) if seen else None
    expected = marginal.log_prob(x[:, seen]) if marginal else torch.zeros(5)

    torch.testing.assert_close(log_evidence(model, x, n_samples=3), expected)


def test_a_cell_is_judged_by_the_others_of_its_row(float64) -> None:
    torch.manual_seed(0)
    model = Linear()
    x = torch.cat([torch.randn(5, 3), torch.ones(5, 3)], dim=1)
    rows = MultivariateNormal(torch.zeros(3), model.W @ model.W.T + torch.diag(model.scale**2))

    def hidden(j: int) -> torch.Tensor:
        return x * (torch.arange(6) % 3 != j)

    found = leave_one_out_log_prob(
        model, x, map(hidden, range(3)), lambda x, p: p.cells(x), n_samples=30_000
    )

    for j in range(3):
        rest = [i for i in range(3) if i != j]
        others = MultivariateNormal(torch.zeros(2), rows.covariance_matrix[rest][:, rest])
        expected = rows.log_prob(x[:, :3]) - others.log_prob(x[:, rest])
        torch.testing.assert_close(found[:, j], expected, atol=0.05, rtol=0)


def test_what_is_missing_has_the_mean_of_the_rest(float64) -> None:
    torch.manual_seed(0)
    model = Linear()
    x = torch.cat([torch.randn(5, 3), torch.ones(5, 3)], dim=1)
    x[:, [2, 5]] = 0
    S = model.W @ model.W.T + torch.diag(model.scale**2)
    expected = x[:, :2] @ torch.linalg.solve(S[:2, :2], S[:2, 2])

    torch.testing.assert_close(
        posterior_mean(model, x, n_samples=20_000)[:, 2], expected, atol=0.03, rtol=0
    )


# The estimator


def table(n: int = 300, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    kind = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    X = pd.DataFrame(
        {
            "size": np.exp(rng.normal(size=n) / 3 + 2 * (kind == "a")),
            "kind": kind,
            "count": rng.poisson(2 + 6 * (kind == "b")),
            "flag": rng.random(n) < 0.1 + 0.8 * (kind == "c"),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 90, n), "D"),
        }
    )
    X.loc[::7, "size"] = None
    X.loc[::5, "kind"] = None

    return X


def vae(epochs: int = 60, **options) -> ae.Autoencoder:
    options = {"prior": ae.priors.StandardNormal()} | options  # which takes no time to fit
    training = ae.Training(epochs=epochs, learning_rate=5e-3, validation_fraction=0)
    return ae.vae(3, layers=(32,), training=training, random_state=0, **options)


@pytest.fixture(scope="module")
def fitted() -> ae.Autoencoder:
    model = vae(60, prior=None)
    model.training.set_params(batch_size=64, validation_fraction=None)
    return model.fit(table(500))


@pytest.mark.slow
def test_all_verbs(fitted, tmp_path: Path) -> None:
    X, whole, numbers = table(), table(1000), ["size", "count", "day"]
    Z = fitted.transform(X)

    for Y in (fitted.inverse_transform(Z), fitted.reconstruct(X), fitted.sample(40)):
        assert [*Y.dtypes] == [*X.dtypes]
        assert not Y.isna().any(axis=None)
        assert set(Y["kind"]) <= {"a", "b", "c"}
        assert (Y[numbers].min() >= whole[numbers].min()).all()
        assert (Y[numbers].max() <= whole[numbers].max()).all()

    assert np.isfinite(fitted.score_samples(X)).all()
    assert np.isfinite(fitted.reconstruction_error(X)).all()
    assert fitted.cell_surprisal(X).shape == X.shape
    assert (np.isnan(fitted.cell_surprisal(X)) == X.isna().to_numpy()).all()
    assert [*fitted.feature_names_in_] == [*X.columns]
    assert fitted.sample(3, random_state=1).equals(fitted.sample(3, random_state=1))

    fitted.save(tmp_path / "m.ae")
    loaded = ae.load(tmp_path / "m.ae")
    np.testing.assert_array_equal(loaded.transform(X), Z)
    assert loaded.sample(9, random_state=1).equals(fitted.sample(9, random_state=1))
    assert loaded.impute(X).equals(fitted.impute(X))


@pytest.mark.slow
def test_columns_go_by_name(fitted) -> None:
    X = table()
    np.testing.assert_array_equal(fitted.transform(X[X.columns[::-1]]), fitted.transform(X))


def test_scores_are_densities_of_the_users_units() -> None:
    X = table()[["size", "kind"]]
    scaled = X.assign(size=1000 * X["size"])
    a, b = vae(3).fit(X).score_samples(X), vae(3).fit(scaled).score_samples(scaled)

    np.testing.assert_allclose(a - b, np.log(1000) * X["size"].notna(), atol=1e-3)


def test_densities_of_numbers_integrate_to_one() -> None:
    X = pd.DataFrame({"a": np.random.default_rng(0).gamma(3.0, size=400)})
    X.loc[::9, "a"] = None
    model = vae(3).fit(X)
    grid = np.linspace(X["a"].min(), X["a"].max(), 2001)
    density = np.exp(model.score_samples(pd.DataFrame({"a": grid})))

    assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=0.03)


@pytest.mark.slow
def test_the_score_with_a_hidden_cell_is_the_sum_over_its_levels(fitted) -> None:
    X = table(40, seed=5).dropna().reset_index(drop=True)
    levels = fitted.modality_.columns_[1].levels_
    each = [fitted.score_samples(X.assign(kind=k), n_samples=4096) for k in levels]
    hidden = fitted.score_samples(X.assign(kind=None), n_samples=4096)

    assert len(levels) == 3
    np.testing.assert_allclose(np.logaddexp.reduce(each), hidden, atol=0.15)


def test_a_strange_cell_stands_out(fitted) -> None:
    X = table().dropna().iloc[:50]
    before = fitted.cell_surprisal(X)
    after = fitted.cell_surprisal(X.assign(size=1e4))

    assert (after[:, 0] > before[:, 0]).all()
    assert (after[:, 0] > after[:, 1:].max(axis=1)).all()


def test_imputation_keeps_what_is_there_and_beats_the_mean(fitted) -> None:
    whole = table(600, seed=3).dropna()
    rng = np.random.default_rng(0)
    X, hidden = whole.copy(), rng.random(len(whole)) < 0.3
    X.loc[hidden, "count"] = None
    X.loc[~hidden, "kind"] = None
    filled = fitted.impute(X)

    assert filled["size"].equals(X["size"])
    assert filled["count"][~hidden].equals(whole["count"][~hidden])
    assert not filled.isna().any(axis=None)
    assert filled.index.equals(X.index)

    truth = whole["count"][hidden]
    assert np.mean((filled["count"][hidden] - truth) ** 2) < 0.7 * truth.var()
    assert (filled["kind"] == whole["kind"])[~hidden].mean() > 0.75

    draws = fitted.impute(X, n_samples=5, random_state=0)
    spread = np.std([d["count"] for d in draws], axis=0)
    assert (spread[~hidden] == 0).all()
    assert spread[hidden].mean() > 0


def test_imputation_changes_no_cell_for_the_type_of_the_fit() -> None:
    X = pd.DataFrame({"n": range(60), "byte": np.arange(60) % 200, "day": pd.Timestamp("2020")})
    X = X.assign(single=np.linspace(0, 1, 60), kind=["a", "b", "c"] * 20)
    X = X.astype({"byte": np.uint8, "single": np.float32, "day": "datetime64[s]"})
    model = vae(1).fit(X)

    one, two = pd.Timestamp("2020-01-01 00:00:00.5"), pd.Timestamp("2020-01-02")
    strange = {"n": [2.5, None], "byte": [506.0, None], "day": [one, None], "single": [0.1, None]}
    plain = {"n": [2.0, None], "byte": [7.0, None], "day": [two, None], "single": [0.5, None]}

    for cells in (strange, plain):
        filled = model.impute(pd.DataFrame(cells).assign(kind="a"))
        assert not filled.isna().any(axis=None)
        assert all(filled[name][0] == cells[name][0] for name in cells)

    assert [*filled.dtypes] == [*X.dtypes]
    assert [*model.sample(2, conditions={"single": 0.1}).dtypes] == [*X.dtypes]

    with pytest.raises(ValueError, match="column 'byte': expected a number from 0 to 255"):
        model.sample(1, conditions={"byte": 300})


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64", object])
def test_large_whole_numbers_stay_apart(dtype) -> None:
    low = 2**64 - 300 if dtype == "uint64" else 2**60
    X = pd.DataFrame({"id": [low + i for i in range(300)], "kind": ["a", "b", None] * 100})
    X = X.astype({"id": dtype})
    model = vae(1).fit(X)
    modality = model.modality_

    assert modality.restore(modality.normalize(modality.load(X)))["id"].equals(X["id"])
    assert model.sample(200)["id"].between(low, low + 299).all()
    assert (model.sample(2, conditions={"id": str(low + 7)})["id"] == low + 7).all()


def test_conditional_samples_obey_and_follow_the_condition(fitted) -> None:
    X = table(4000, seed=9)

    for kind in "abc":
        S = fitted.sample(1500, conditions={"kind": kind}, random_state=0)
        real = X[X["kind"] == kind]
        assert (S["kind"] == kind).all()
        assert S["count"].dtype == X["count"].dtype
        assert abs(S["count"].mean() - real["count"].mean()) < 1.0
        assert abs(S["flag"].mean() - real["flag"].mean()) < 0.3

    for truth in ("True", "true", "TRUE", True):
        both = fitted.sample(20, conditions={"flag": truth, "count": 3})
        assert (both["count"] == 3).all()
        assert both["flag"].all()


def test_conditional_samples_in_a_discrete_model() -> None:
    r"""With a decoder of few states, p(x | given) is a sum over a grid of codes."""
    X = pd.DataFrame({"u": ["a", "b"] * 40, "v": ["x", "y", "y", "x"] * 20})
    model = vae(1, prior=StandardNormal()).fit(X)

    with torch.no_grad():
        for p in model.model_.decoder.parameters():
            p.mul_(6 if p.ndim > 1 else 1)

        z = torch.randn(200_000, 3, generator=torch.Generator().manual_seed(0))
        pi = model.model_.decode(z).mean

    j = model.modality_.columns_[0].levels_.index("a")
    k = 2 + model.modality_.columns_[1].levels_.index("x")
    expected = float((pi[:, j] * pi[:, k]).mean() / pi[:, j].mean())
    S = model.sample(20_000, conditions={"u": "a"}, random_state=0)

    assert abs((S["v"] == "x").mean() - expected) < 0.02


def test_rare_levels_are_one_to_the_model_and_come_back() -> None:
    words = ["often"] * 60 + ["second"] * 30 + ["r1"] * 8 + [f"s{i}" for i in range(8)]
    X = pd.DataFrame({"word": words, "x": np.arange(106.0)})
    model = vae(8, modality=MixedTables(max_levels=2)).fit(X)
    S = model.sample(4000, random_state=0)["word"]
    rare = S[~S.isin(["often", "second"])]

    assert set(S) <= set(words)
    assert model.modality_.columns_[0].size == 3
    assert len(set(rare)) > 5
    assert 0.3 < (rare == "r1").mean() < 0.7
    assert len(model.transform(X)) == 106


def test_corruption_hides_whole_cells() -> None:
    X = table()
    _, hide = MixedTables().fit(X).split_corruption(Masking(0.5))
    modality = MixedTables().fit(X)
    x = modality.normalize(modality.load(X))
    Y = modality.restore(hide(x))

    assert 0.4 < Y.isna().to_numpy()[X.notna().to_numpy()].mean() < 0.6
    kept = (Y == modality.restore(x)) | Y.isna()
    assert kept.all(axis=None)
    assert ae.denoising(2, corruption=Masking(0.3), training=ae.Training(epochs=1)).fit(X)


def test_corruption_hides_whole_cells_wherever_it_stands() -> None:
    modality = MixedTables().fit(X := table())
    x = modality.normalize(modality.load(X))
    noise = GaussianNoise(0.1)
    _, damage = modality.split_corruption(Compose([noise, Compose([Masking(1.0), noise])]))
    first, hide, last = damage.steps

    assert first is noise
    assert last is noise
    assert modality.restore(hide(x)).isna().all(axis=None)


@pytest.mark.parametrize("make", [ae.autoencoder, ae.denoising, ae.contractive, ae.beta_vae])
def test_other_recipes(make) -> None:
    X = table(60)
    model = make(2, layers=(8,), training=ae.Training(epochs=1)).fit(X)

    assert model.reconstruct(X).shape == X.shape
    assert not model.impute(X).isna().any(axis=None)


def test_conditional_clone_and_resume(tmp_path: Path) -> None:
    X = table(100)
    y = X.pop("flag")
    model = vae(2, conditional=True).fit(X, y)
    assert model.sample(5, y=True).shape == (5, 4)
    assert (model.sample(5, y=True, conditions={"kind": "b"})["kind"] == "b").all()
    assert clone(model).fit(X, y).transform(X, y).shape == (100, 3)

    def training(epochs: int) -> ae.Training:
        folder = tmp_path / "run"
        return ae.Training(epochs=epochs, checkpoint_dir=folder, checkpoint_seconds=0)

    once = vae(2).set_params(training=training(2)).fit(X)
    again = vae(2).set_params(training=training(2)).fit(X, resume=True)
    np.testing.assert_array_equal(once.transform(X), again.transform(X))


def test_frames_of_numbers_are_tables() -> None:
    numbers = pd.DataFrame({"column_names": [1.0, 2.0], "b": [True, False]})

    for X, kind in [(numbers, Tables), (numbers.assign(c=["x", None]), MixedTables)]:
        model = ae.autoencoder(1, layers=(4,), training=ae.Training(epochs=1)).fit(X)
        assert isinstance(model.modality_, kind)

    # What was fitted with holes takes rows without
    assert model.transform(numbers.assign(c="x")).shape == (2, 1)
    assert isinstance(guess(np.ones((2, 2))), Tables)
    assert isinstance(guess(np.ones((2, 2, 2))), Images)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_frames_of_other_libraries(library: str) -> None:
    make = getattr(pytest.importorskip(library), {"polars": "DataFrame"}.get(library, "table"))
    day = [date(2020, 1, 1), date(2020, 2, 1)] * 20
    cells = {"flag": [True, False] * 20, "count": [*range(40)]}

    for X, kind in [(make(cells), Tables), (make({**cells, "day": day}), MixedTables)]:
        assert isinstance(vae(1).fit(X).modality_, kind)

    assert is_numbers(np.ones((2, 2)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X.drop(columns="flag"), r"\['flag'\] have vanished"),
        (lambda X: X.assign(new=1), r"\['new'\] are new"),
        (lambda X: X.assign(size="big"), "column 'size': expected numbers, got 'big' in row 0"),
        (lambda X: X.assign(size=np.inf), "column 'size': the number in row 0 is infinite"),
        (lambda X: X.assign(day=3), "column 'day': expected dates, got numbers"),
        (lambda X: X.assign(day=3).astype(object), "column 'day': expected dates, got numbers"),
        (lambda X: X.assign(day="soon"), "column 'day': expected dates, got 'soon' in row 0"),
        (lambda X: X[:0], "expected at least one row, got none"),
        (lambda X: X[["kind", *X]], r"expected columns with different names, got \['kind'\]"),
        (lambda X: np.ones((3, 5)), "expected data like those of MixedTables"),
    ],
)
def test_other_data_than_those_of_the_fit(fitted, change, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted.transform(change(table()))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (pd.DataFrame({"a": [1j]}), "column 'a': .* got complex 1j"),
        (pd.DataFrame({"a": [[1], [2]]}), "column 'a': "),
        (pd.DataFrame({"a": [np.inf, np.nan]}), "column 'a': the number in row 0 is infinite"),
        (pd.DataFrame([["x", 1]], columns=["a", "a"]), r"different names, got \['a'\]"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), r"different names, got \['a'\]"),
        (pd.DataFrame({"a": []}, dtype=str), "expected a table with rows and columns"),
    ],
)
def test_tables_that_cannot_be(X: pd.DataFrame, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        vae(1).fit(X)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("kind=a", "expected conditions by column"),
        ({"kind": ["a", "b"]}, r"expected one condition for each column.*\['kind'\]"),
        ({"day": 20200501}, "column 'day': expected a date, got 20200501"),
        ({"day": "soon"}, "column 'day': expected dates, got 'soon'"),
    ],
)
def test_given_cells_that_cannot_be(fitted, cells, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted.sample(conditions=cells)


def test_what_makes_no_sense(fitted) -> None:
    with pytest.raises(ValueError, match="have a likelihood for each column"):
        vae(1, likelihood=SharedGaussian()).fit(table())

    with pytest.raises(ValueError, match="expected conditions on the columns"):
        fitted.sample(conditions={"color": "red"})

    with pytest.raises(ValueError, match="column 'count': expected a whole number"):
        fitted.sample(conditions={"count": 2.5})

    plain = vae(1).fit(np.random.default_rng(0).normal(size=(30, 3)))

    for method in ("impute", "cell_surprisal"):
        with pytest.raises(ValueError, match="or missing cells, or of a table"):
            getattr(plain, method)(np.zeros((2, 3)))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_models_of_numbers_say_how_cells_may_be_missing(tmp_path: Path) -> None:
    X = pd.DataFrame({"a": np.arange(9.0), "b": range(9)})
    holes = X.mask(X["a"] == 3)
    model, frames = vae(1).fit(X), vae(1, modality=MixedTables()).fit(X)
    holes.to_csv(tmp_path / "t.csv", index=False)
    holes.to_parquet(tmp_path / "t.parquet")

    for call in (
        lambda: model.impute(X),
        lambda: model.impute(holes),
        lambda: model.cell_surprisal(X),
        lambda: model.sample(conditions={"a": 1}),
        lambda: model.transform(holes),
        lambda: model.transform(tmp_path / "t.csv"),
        lambda: model.transform(tmp_path / "t.parquet"),
    ):
        with pytest.raises(
            ValueError, match=r"modality=.*MixedTables\(\) .*--modality MixedTables"
        ):
            call()

    assert not frames.impute(holes).isna().any(axis=None)
    assert [*frames.sample(2, conditions={"a": 1}).dtypes] == [*X.dtypes]


# Files


def test_csv_of_all_kinds(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(
        'n,x,word,ok,day\n1,0.5,a,true,2020-01-01\n,,,,\n3,1e3,"b, c",false,2021-05-06\n'
    )
    X = read_frame(file)

    assert str(X["n"].dtype) == "Int64"
    assert [dtype.kind for dtype in X.dtypes] == ["i", "f", "O", "b", "M"]
    assert X.isna().sum(axis=1).tolist() == [0, 5, 0]
    assert X["word"].tolist()[2] == "b, c"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,x\n2\n", "expected 2 cells in each row, got 1 in line 3"),
        ("a,b\n1,x\n2,y,z\n", "expected 2 cells in each row, got 3 in line 3"),
        ('a,b\n1,"x\ny"\n2\n', "expected 2 cells in each row, got 1 in line 4"),
        ("a,a\n1,x\n", "columns with different names, got ['a'] more than once"),
        (b"a,b\n1,x\n2,caf\x90\n", "could be in several encodings"),
        ('a,b\n1,x\n2,"open\n3,y\n', "the quotes that begin in line 3 are not closed"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(ValueError, match=f"cannot read .*t.csv.*{re.escape(message)}"):
        vae(1).fit(file)


def test_other_separators_give_the_same_rows_after_the_fit(fitted, tmp_path: Path) -> None:
    for name, separator in {"t.csv": ",", "s.csv": ";", "t.tsv": "\t"}.items():
        table().to_csv(tmp_path / name, index=False, sep=separator)

    codes = [fitted.transform(tmp_path / name) for name in ("t.csv", "s.csv", "t.tsv")]
    np.testing.assert_array_equal(codes[0], codes[1])
    np.testing.assert_array_equal(codes[0], codes[2])


def test_a_quote_within_a_cell_is_none_around_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('a,b\n1,5" pipe\n2,x\n')
    assert read_frame(tmp_path / "t.csv")["b"].tolist() == ['5" pipe', "x"]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"size": "big"}, "column 'size': expected numbers, got 'big' in {}"),
        ({"day": "soon"}, "column 'day': expected dates, got 'soon' in {}"),
        ({"size": "inf"}, "column 'size': the number in {} is infinite"),
    ],
)
def test_strange_cells_of_a_file_are_named_with_its_line(
    fitted, tmp_path: Path, cells: dict[str, str], message: str
) -> None:
    X = table(6).astype(object)
    X.loc[4, [*cells]] = [*cells.values()]
    X.loc[1, "kind"] = None
    text = X.to_csv(index=False)

    for lines, line in ((text, 6), (text.replace("\n", "\n\n", 2), 8)):
        (tmp_path / "t.csv").write_text(lines)

        with pytest.raises(ValueError, match=message.format(rf"line {line} of '.*t\.csv'")):
            fitted.transform(tmp_path / "t.csv")

    X.astype({"size": str, "day": str}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"in row \d of '.*t\.parquet'"):
        fitted.transform(tmp_path / "t.parquet")


def test_text_that_looks_like_something_else_stays_text(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    rows = ["1,true,2020-01-01,007", "2,false,soon,10115", "x,maybe,2020-01-02,"] * 5
    file.write_text("\n".join(["code,truth,day,zip", *rows, ""]))
    X = read_frame(file)
    model = vae(1).fit(file)

    assert holds_frame(file)
    assert X["zip"].tolist()[:2] == ["007", "10115"]
    assert all(isinstance(c, LevelColumn) for c in model.modality_.columns_)

    file.write_text("code,truth,day,zip\n1,true,2020-01-01,10115\n2,false,2020-01-02,10115\n")
    filled = model.impute(file)
    assert filled["code"].tolist() == ["1", "2"]
    assert [*filled.dtypes] == [*X.dtypes]
    assert model.transform(X.assign(code=1, truth=True)[:2]).shape == (2, 3)

    for column in model.modality_.columns_:
        column.unknown = "error"

    with pytest.raises(ValueError, match=r"column 'code': 5 in line 2 of .* is not a level"):
        model.transform(X.assign(code=5))

    numbers = tmp_path / "n.csv"
    numbers.write_text("1,07\n2,13\n0,0\n-1,0.5\n")
    assert not holds_frame(numbers)

    # A column of numbers stays one, whatever leads them
    n = vae(1).fit(X.assign(zip=range(15)))
    file.write_text("code,truth,day,zip\n1,true,soon,007\n")
    assert n.impute(file)["zip"].tolist() == [7]
    assert read_frame(file, {"code": "text"})["zip"].tolist() == ["007"]


def test_an_index_with_a_name_is_a_column(tmp_path: Path) -> None:
    X, file = table(9), tmp_path / "t.parquet"
    numbers = X[["count", "flag"]]

    for index in (["kind"], ["kind", "day"], ["count"]):
        X.set_index(index).to_parquet(file)
        assert {*read_frame(file)} == {*X}
        assert read_frame(file)["kind"].equals(X["kind"])

    X.iloc[[3, 0, 1]].to_parquet(file)
    assert read_frame(file).index.equals(pd.RangeIndex(3))
    assert {*read_frame(file)} == {*X}

    numbers.iloc[[3, 0, 1]].to_parquet(file)
    assert read_parquet(file).columns == ["count", "flag"]

    numbers.set_index("count").to_parquet(file)
    assert read_parquet(file).columns == ["flag", "count"]

    numbers.set_axis([*"abcdefghi"]).to_parquet(file)
    assert not holds_frame(file)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_command_line(tmp_path: Path, monkeypatch, capsys, suffix: str) -> None:
    monkeypatch.chdir(tmp_path)
    X = table(80)
    write = X.to_csv if suffix == "csv" else X.to_parquet
    write(f"t.{suffix}", index=False)

    def run(line: str) -> str:
        capsys.readouterr()
        status = main(shlex.split(line))
        captured = capsys.readouterr()
        return captured.out if status == 0 else captured.err

    assert "Wrote m.ae" in run(f"fit t.{suffix} --recipe vae --layers 8 --epochs 1 --out m.ae")
    assert "4 new" in run(f"sample m.ae -n 4 --conditions kind=a flag=True --out s.{suffix}")
    assert "80 rows" in run(f"impute m.ae t.{suffix} --out i.{suffix}")
    assert "80 recon" in run(f"reconstruct m.ae t.{suffix} --out r.{suffix}")
    assert "80 codes" in run(f"transform m.ae t.{suffix} --out z.csv")
    assert "mean of 80" in run(f"score m.ae t.{suffix}")
    assert "expected a .csv or .parquet" in run("sample m.ae --out s.npy")
    assert "expected --conditions COLUMN=CELL" in run("sample m.ae --conditions kind --out s.csv")

    read = pd.read_csv if suffix == "csv" else pd.read_parquet
    S = read(f"s.{suffix}")
    assert [*S.columns] == [*X.columns]
    assert (S["kind"] == "a").all()
    assert not read(f"i.{suffix}").isna().any(axis=None)

    assert len(read(f"r.{suffix}")) == 80

    conditional = "--conditional --recipe vae --layers 8 --epochs 1"
    assert "Wrote" in run(f"fit t.{suffix} --label-column flag {conditional} --out c.ae")
    assert "5 new" in run(f"sample c.ae -n 5 --y True --out s.{suffix}")


def test_the_command_line_names_strange_cells(fitted, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    fitted.save("m.ae")
    X = table()
    X.loc[X.index[5], "size"] = 1e4
    X.to_parquet("t.parquet")

    assert main("score m.ae t.parquet --cells --out cells.csv".split()) == 0
    strangest = capsys.readouterr().out.splitlines()[1]
    cells = pd.read_csv("cells.csv")

    assert strangest.split()[:4] == ["row", "5", "size", "="]
    assert [*cells.columns] == [*X.columns]
    np.testing.assert_allclose(cells, ae.load("m.ae").cell_surprisal("t.parquet"))


@pytest.mark.slow
def test_pictures_and_the_manifold(fitted, tmp_path: Path) -> None:
    X = table(200)
    model = vae(20).fit(X)
    assert "examples" in str(manifold.report(model, X, X[:50], tmp_path, n_neighbors=5))
    assert len([*tmp_path.glob("*.png")]) == 4

    on, off = manifold.OffManifoldDetector(model).fit(X).decompose(X)
    assert np.isfinite(on + off).all()
    assert manifold.Geodesics(model).interpolate(X[:2], X[2:4], n_points=3).shape == (6, 5)

    assert plots.reconstructions(model, X, n_examples=3).axes
    assert plots.samples(model, 8).axes
    assert plots.grid(model, X, n_per_side=3).axes


def test_corruptions_of_texts_are_refused() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0] * 9, "k": ["x", "y"] * 9})

    with pytest.raises(ValueError, match="Typos is for texts, got MixedTables"):
        ae.denoising(2, corruption=Typos()).fit(frame)


def test_a_column_that_only_names_rows_is_reported(caplog) -> None:
    X = pd.DataFrame({"id": [f"u{i}" for i in range(300)], "kind": ["a", "b"] * 150})

    with caplog.at_level("INFO", "autoencode"):
        MixedTables(max_levels=20).fit(X)

    message, read = caplog.messages
    assert read == "columns as read: 'id' 300 levels; 'kind' 2 levels."
    assert message.startswith("column 'id' has 300 levels")
    assert message.endswith("leave it out.")
