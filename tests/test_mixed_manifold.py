r"""All that looks at a manifold, on tables of mixed columns with missing cells and copies."""

import contextlib
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autoencode as ae
from autoencode import manifold
from autoencode.data import to_pandas
from autoencode.manifold.incomplete_rows import encode_incomplete
from autoencode.manifold.numeric_rows import TableRows

pytestmark = [
    pytest.mark.filterwarnings("ignore::autoencode.common.failures.FitWarning"),
    pytest.mark.filterwarnings("error::RuntimeWarning"),
]
TRAINING = ae.Training(epochs=1, show_progress=False)
LIBRARIES = ("pandas", "polars", "pyarrow")


def converted(X: pd.DataFrame, library: str) -> Any:
    if library == "pandas":
        return X

    cells = {c: [None if pd.isna(v) else v for v in X[c].astype(object)] for c in X.columns}
    module = pytest.importorskip(library)
    return module.DataFrame(cells) if library == "polars" else module.table(cells)


def columns(n: int, rng: np.random.Generator) -> dict[str, Callable[[], Any]]:
    return {
        "number": lambda: rng.normal(size=n).round(3),
        "skewed": lambda: np.exp(3 * rng.normal(size=n)),
        "flag": lambda: rng.integers(2, size=n),
        "truth": lambda: rng.random(n) < 0.5,
        "kind": lambda: rng.choice([*"abc"], n),
        "rare": lambda: np.array(["a"] * (n - 1) + ["r"]),
        "day": lambda: pd.Timestamp("2024-02-28") + pd.to_timedelta(rng.integers(9, size=n), "D"),
        "constant": lambda: np.full(n, 7.0),
        "same": lambda: np.array(["s"] * n),
        "nothing": lambda: np.full(n, np.nan),
        "count": lambda: pd.array(rng.integers(5, size=n), dtype="Int64"),
    }


@st.composite
def tables(draw: st.DrawFn) -> tuple[pd.DataFrame, str]:
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    n = draw(st.sampled_from([12, 20]))
    kinds = columns(n, rng)
    chosen = draw(st.lists(st.sampled_from([*kinds]), min_size=1, max_size=4, unique=True))
    X = pd.DataFrame({name: kinds[name]() for name in chosen})

    if draw(st.booleans()):
        X = X.mask(rng.random(X.shape) < 0.2)

    if draw(st.booleans()):
        X = X.mask(np.repeat(np.arange(n)[:, None] == 3, X.shape[1], axis=1))

    X = pd.concat([X, X[:4]]) if draw(st.booleans()) else X
    return X.reset_index(drop=True), draw(st.sampled_from(LIBRARIES))


def parts(result: Any) -> Iterator[Any]:
    if isinstance(result, (tuple, list)):
        for part in result:
            yield from parts(part)
    else:
        yield result


def check(name: str, call: Callable[[], Any], rows: int | None = None) -> Any:
    r"""Calls, and looks at what comes: finite numbers or frames, or an error with words."""
    try:
        result = call()
    except (ValueError, TypeError) as error:
        words = str(error)
        assert len(words.split()) > 5, f"{name}: {words}"
        assert "could not convert" not in words, f"{name}: {words}"
        return None

    for part in parts(result):
        if isinstance(part, (np.ndarray, torch.Tensor)) and part.dtype != object:
            assert np.isfinite(np.asarray(part, float)).all(), name
        if isinstance(part, pd.DataFrame):
            assert len(part), name
        if rows is not None:
            assert len(part) == rows, name

    return result


def model_free(X: Any, n: int) -> None:
    Z = np.random.default_rng(0).normal(size=(n, 2))
    graph = manifold.NeighborGraph(n_neighbors=2)

    if check("graph", lambda: graph.fit(X)) is not None:
        pickle.loads(pickle.dumps(graph))
        check("kneighbors", lambda: graph.kneighbors(X), n)
        check("duplicates", lambda: manifold.find_duplicates(graph, threshold=1e-6))
        check("select", lambda: manifold.select_landmarks(graph, 3), 3)
        check(
            "spreading", lambda: manifold.label_spreading(graph, [0, 1] + [-1] * (n - 2)).labels, n
        )

    for measure in (manifold.trustworthiness, manifold.continuity, manifold.neighborhood_recall):
        check(measure.__name__, lambda measure=measure: measure(X, Z, n_neighbors=2))

    check("distance_preservation", lambda: manifold.distance_preservation(X, Z, n_samples=None))
    check("dimension", lambda: manifold.intrinsic_dimension(X, "mle", n_neighbors=3))
    planes = manifold.Tangents(source="neighbors", n_neighbors=3)

    if check("planes", lambda: planes.fit(X)) is not None:
        check("basis", lambda: planes.basis(X), n)
        check("moved", lambda: manifold.TangentAugment(planes)(X, random_state=0), n)

    density = manifold.ManifoldParzen(n_components=1, n_neighbors=3)

    if check("density", lambda: density.fit(X)) is not None:
        check("log-densities", lambda: density.score_samples(X), n)
        check("new rows", lambda: density.sample(3), 3)

    with contextlib.suppress(TypeError):
        manifold.knn(X, 2)
        raise AssertionError("points are tensors")


def of_a_model(X: Any, n: int) -> None:
    frame = to_pandas(X)
    noisy = ae.corruptions.GaussianNoise(0.1)
    model = ae.vae(
        1,
        modality=ae.modalities.MixedTables(),
        training=TRAINING,
        random_state=0,
        prior=ae.priors.StandardNormal(),
    )
    model = model.set_params(corruption=noisy).fit(X)
    detector = manifold.OffManifoldDetector(model, n_folds=2, random_state=0).fit(X)
    scores = check("scores", lambda: detector.score_samples(X), n)
    explained = detector.explain(X)
    assert type(explained) is type(X)
    explained = to_pandas(explained).astype(float)

    assert scores is not None
    assert [*explained.columns] == [*frame.columns]
    assert explained.index.equals(frame.index)
    assert np.isfinite(explained.to_numpy()).all()
    assert (explained.to_numpy()[frame.isna().to_numpy()] == 0).all()
    assert set(detector.predict(X)) <= {1, -1}
    assert ((detector.p_values(X) > 0) & (detector.p_values(X) <= 1)).all()

    planes = manifold.Tangents(model, n_neighbors=2)

    if check("planes", lambda: planes.fit(X)) is not None:
        width = model.modality_.shape_[0]
        check("basis", lambda: planes.basis(X), n)
        check("residual", lambda: planes.normal_residual(X), n)
        check("project", lambda: planes.project(X, np.ones((n, width))), n)
        check("spread", lambda: planes.local_scale(X), n)
        check("quality", lambda: planes.projection_error(X).value)
        check("reach", lambda: planes.principal_angles(X), n)
        check("move", lambda: planes.displace(X, np.ones((n, planes.n_components_))), n)
        check("directions", lambda: planes.traversals(frame[:1], n_steps=3))
        check("directions of a row", lambda: planes.traversals(frame.iloc[0], n_steps=3))
        density = manifold.ManifoldParzen(planes, n_neighbors=3)

        if check("density", lambda: density.fit(X)) is not None:
            check("log-densities", lambda: density.score_samples(X), n)
            check("new rows", lambda: density.sample(3), 3)

    for metric in ("pullback", "fisher"):
        ways = manifold.Geodesics(model, metric=metric, n_points=3, max_iter=1)
        check(metric, lambda ways=ways: ways.distance(X, X), n)
        check(metric, lambda ways=ways: ways.interpolate(X, X, n_points=2), 2 * n)

    check("dimension", lambda: manifold.intrinsic_dimension(X, "mle", 3, model=model))
    check("slope", lambda: manifold.stein_score(model, X), n)
    check("walk", lambda: manifold.walkback(model, X, n_steps=1, random_state=0), n)
    check("local dimension", lambda: manifold.local_dimension(model, X).value, n)
    check("report", lambda: str(manifold.report(model, X, X, n_neighbors=2)))


def try_all(case: tuple[pd.DataFrame, str]) -> None:
    frame, library = case
    X = converted(frame, library)
    model_free(X, len(frame))
    of_a_model(X, len(frame))


@pytest.mark.slow
@settings(max_examples=1, deadline=None, suppress_health_check=[*HealthCheck], derandomize=True)
@given(tables())
def test_whatever_a_table_is(case: tuple[pd.DataFrame, str]) -> None:
    try_all(case)


@pytest.mark.by_hand
@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=[*HealthCheck])
@given(tables())
def test_whatever_many_tables_are(case: tuple[pd.DataFrame, str]) -> None:
    try_all(case)


@pytest.mark.parametrize(
    "call",
    [
        lambda X: manifold.OffManifoldDetector().fit(X),
        lambda X: manifold.NeighborGraph(2).fit(X),
        lambda X: manifold.ManifoldParzen(n_neighbors=2).fit(X),
        lambda X: manifold.trustworthiness(X, X),
    ],
)
def test_gaps_of_arrays_are_refused_with_the_way_out(call) -> None:
    X = np.array([[0.0, 1.0], [np.nan, 2.0], [3.0, 4.0], [5.0, 6.0]])

    with pytest.raises(ValueError, match=r"1 NaN in an array.*pandas\.DataFrame\(X\)"):
        call(X)


def test_lazy_frames() -> None:
    polars = pytest.importorskip("polars")
    X = polars.DataFrame({"a": [1.0, None, 3.0, 4.5], "k": [*"xyxx"]})
    model = ae.vae(1, training=TRAINING, random_state=0, prior=ae.priors.StandardNormal()).fit(X)
    detector = manifold.OffManifoldDetector(model).fit(X.lazy())

    assert detector.explain(X.lazy()).equals(detector.explain(X))
    assert manifold.NeighborGraph(2).fit(X.lazy()).indices_.shape == (4, 2)


def test_rows_are_compared_by_what_is_there() -> None:
    rng = np.random.default_rng(0)
    low, high = rng.normal(size=(20, 3)), 8 + rng.normal(size=(20, 3))
    X = pd.DataFrame(np.r_[low, high], columns=[*"abc"]).assign(k=[*"x" * 20, *"y" * 20])
    whole = TableRows(X).to_rows(X)
    X.loc[[0, 39], ["a", "k"]] = None
    indices = manifold.NeighborGraph(n_neighbors=5).fit(X).indices_

    assert (indices[0] < 20).all()
    assert (indices[39] >= 20).all()
    assert torch.allclose(TableRows(X).to_rows(X)[1:39], whole[1:39], atol=0.2)


def test_codes_of_gaps_are_projections() -> None:
    W = torch.tensor([[0.6, 0.8]])
    z = torch.tensor([[1.0], [-2.0]])
    x, known = z @ W, torch.tensor([[True, False], [True, True]])

    def log_prob(x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        there = known if len(x) == 2 else known[:1]
        return -((z @ W - x) * there).square().sum(dim=1)

    found = encode_incomplete(lambda x: x @ W.T, lambda z: z @ W, log_prob, x * known, known)
    assert float(found[1]) == pytest.approx(-2)
    assert 0.8 < float(found[0]) < 1 + 1e-6


@pytest.mark.slow
def test_missing_cells_are_what_the_model_expects() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=100)
    X = pd.DataFrame({"a": a, "b": a + 0.1 * rng.normal(size=100), "k": [*"xy"] * 50})
    training = ae.Training(epochs=20, show_progress=False)
    model = ae.vae(2, modality=ae.modalities.MixedTables(), training=training, random_state=0).fit(
        X
    )
    codec = manifold.as_codec(model)
    whole = codec.to_rows(X)
    gaps = codec.to_rows(X.assign(b=np.nan))

    assert torch.equal(gaps[:, 0], whole[:, 0])
    assert (gaps[:, 2:4] == 1).all() or torch.allclose(gaps[:, 2:4], torch.ones(()))
    assert np.corrcoef(gaps[:, 1], whole[:, 1])[0, 1] > 0.8
