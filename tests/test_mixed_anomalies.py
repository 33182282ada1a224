r"""Anomalies of tables: missing cells, levels, copies, and frames of other libraries."""

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from torch.distributions import Normal

import autoencode as ae
from autoencode.data import to_pandas
from autoencode.distributions import MixedColumns, MixedRow
from autoencode.distributions.censored import Intervals
from autoencode.manifold import OffManifoldDetector
from autoencode.manifold.anomalies.cell_surprisal import _entropy, _features
from autoencode.manifold.anomalies.models import default_model
from autoencode.manifold.arrays import duplicate_groups

pytestmark = pytest.mark.filterwarnings("ignore::autoencode.common.failures.FitWarning")


def few(epochs: int = 2) -> ae.Training:
    return ae.Training(epochs=epochs, show_progress=False)


def plane(n: int, rng: np.random.Generator) -> pd.DataFrame:
    L = np.array([[1.0, 0.5, -1.0, 0.3], [0.2, 1.0, 0.4, -1.0]])
    X = rng.normal(size=(n, 2)) @ L + 0.2 * rng.normal(size=(n, 4))
    return pd.DataFrame(X, columns=list("abcd"))


@pytest.fixture(scope="module")
def detector() -> OffManifoldDetector:
    rng = np.random.default_rng(0)
    X = plane(300, rng).assign(k=rng.choice([*"xxy"], 300))
    X = X.mask(rng.random(X.shape) < 0.01)
    model = ae.vae(2, layers=(64,), random_state=0, training=few(30)).fit(X)
    return OffManifoldDetector(model).fit(plane(300, rng).assign(k="x"))


@pytest.mark.slow
def test_a_missing_cell_makes_no_anomaly(detector) -> None:
    rng = np.random.default_rng(1)
    new = plane(400, rng).assign(k="x")
    gaps = new.mask(np.arange(5) == rng.integers(5, size=(400, 1)))
    shifted = gaps.assign(d=-new.d * 3)

    whole, incomplete = ((detector.predict(X) == -1).mean() for X in (new, gaps))
    assert max(whole, incomplete) < 0.06
    assert (detector.predict(shifted) == -1).mean() > 0.3
    assert detector.p_values(new).mean() == pytest.approx(0.5, abs=0.1)

    nothing = new[:2].assign(**dict.fromkeys("abcdk"))
    assert (detector.predict(nothing.astype(new.dtypes)) == 1).all()
    assert (detector.explain(nothing.astype(new.dtypes)) == 0).all(axis=None)


def test_explained_by_column_of_the_user_in_nats(detector) -> None:
    X = plane(50, np.random.default_rng(2)).assign(k=[*"x" * 48, "z", None])
    X = X.set_index(pd.Index(range(100, 150), name="id"))[[*"kabcd"]]
    X.iloc[7, 1] = 9.0
    explained = detector.explain(X)
    off = detector.decompose(X).off_manifold
    cut = detector._residual_noise.cap

    pd.testing.assert_index_equal(explained.index, X.index)
    pd.testing.assert_index_equal(explained.columns, X.columns)
    assert np.allclose(np.minimum(-explained.sum(axis=1), cut), off)
    assert explained.iloc[7].idxmax() == "a"
    assert explained.iloc[48].idxmax() == "k"
    assert explained.iloc[48, 0] > 3
    assert explained.iloc[49, 0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_frames_of_other_libraries(detector, library: str) -> None:
    module = pytest.importorskip(library)
    X = plane(20, np.random.default_rng(3)).assign(k=[*"x" * 19, None])
    cells = {name: [None if pd.isna(v) else v for v in X[name]] for name in X.columns}
    other = module.DataFrame(cells) if library == "polars" else module.table(cells)

    assert np.allclose(detector.score_samples(other), detector.score_samples(X))
    assert type(detector.explain(other)) is type(other)
    assert np.allclose(to_pandas(detector.explain(other)).astype(float), detector.explain(X))
    assert np.isfinite(
        OffManifoldDetector(
            ae.vae(1, layers=(8,), training=few(), prior=ae.priors.StandardNormal())
        )
        .fit(other)
        .offset_
    )


@pytest.mark.slow
def test_rare_levels_constants_and_copies_in_folds() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=60), "k": ["a"] * 59 + ["r"], "one": 3, "u": "v"})
    X.loc[0, "x"] = np.nan
    model = ae.vae(1, layers=(8,), training=few(), prior=ae.priors.StandardNormal())
    detector = OffManifoldDetector(model, n_folds=3, random_state=0).fit(X)
    pair = X.loc[[5, 5]].assign(one=[3, 4], u=["v", "w"])
    known, new = detector.explain(pair).to_numpy()
    u = 0.5 / 61

    assert np.isfinite(detector.score_samples(X)).all()
    assert np.allclose((new - known)[[2, 3]], math.log1p(-u) - math.log(u))

    twice = pd.concat([X, X])
    groups = duplicate_groups(torch.from_numpy(np.r_[[[1, np.nan]] * 2, [[1, 2]]]))
    assert groups.tolist() == [0, 0, 1]
    again = OffManifoldDetector(model, n_folds=3, random_state=0).fit(twice)
    assert np.isfinite(again.offset_)


@pytest.mark.slow
def test_copies_do_not_make_the_threshold_tight() -> None:
    rng = np.random.default_rng(1)
    M, once, often = rng.normal(size=(5, 5)), [], []

    for _ in range(3):
        X, new = rng.normal(size=(40, 5)) @ M, rng.normal(size=(500, 5)) @ M
        for shares, n in ((once, 1), (often, 10)):
            detector = OffManifoldDetector(random_state=0).fit(np.repeat(X, n, axis=0))
            shares.append((detector.predict(new) == -1).mean())

    assert np.mean(often) < np.mean(once) + 0.03
    assert np.isfinite(OffManifoldDetector().fit(np.ones((10, 2))).offset_)


def test_a_default_for_mixed_columns() -> None:
    X = pd.DataFrame({"x": [1.0, None, 2.0, 3.0] * 3, "k": [*"abab"] * 3})
    assert hasattr(default_model(X), "score_samples")
    assert isinstance(default_model(X).modality, ae.modalities.MixedTables)


INTERVALS = [(-math.inf, -0.5), (-0.5, 0.2)]


def cells(z: torch.Tensor) -> MixedRow:
    family = MixedColumns((0.1, 0.1), (3,), (INTERVALS, ()))
    W = torch.linspace(-1, 1, 2 * 7).reshape(2, 7)
    return family((z @ W)[..., None])


def test_entropies_and_information_are_expectations() -> None:
    torch.manual_seed(0)
    z = torch.tensor([[0.3, -0.7]])
    p = cells(z)
    x = p.sample(torch.Size([40000]))[:, 0]
    ll = cells(z.expand(len(x), -1)).cells(x)
    error = ll.std(dim=0) / len(x) ** 0.5
    assert ((-ll.mean(dim=0) - _entropy(p)[0]).abs() < 5 * error).all()

    a = z.expand(len(x), -1).clone().requires_grad_()
    there = torch.ones(1, 3, dtype=torch.bool)

    for j in (1, 2):  # of the first, what lies outside of intervals is that of the whole normal
        slopes = torch.autograd.grad(cells(a).cells(x)[:, j].sum(), a)[0]
        fisher = slopes.T @ slopes / len(x)
        only = there & (torch.arange(3) == j)
        features = partial(lambda only, z: _features(cells(z), p, only)[0], only)
        J = torch.autograd.functional.jacobian(features, z)[:, 0]
        assert torch.allclose(J.T @ J, fisher, rtol=0.1, atol=0.02)


def test_intervals_that_are_all_have_no_density_left() -> None:
    normal = Normal(torch.zeros(1, 1), torch.ones(1, 1))
    halves = Intervals([[(-math.inf, 0.0), (0.0, math.inf)]])
    p = MixedRow(normal.loc, normal.scale, torch.zeros(1, 0), (), halves)
    assert float(_entropy(p)) == pytest.approx(math.log(2), abs=1e-5)
