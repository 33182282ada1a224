r"""Tests of the search for neighbors, and of the graph."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.csgraph import connected_components, shortest_path
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors
from sklearn.semi_supervised import LabelSpreading
from sklearn.utils.estimator_checks import check_estimator
from torch import Tensor, randn

from autoencode.common.batching import memory_budget
from autoencode.manifold.neighbors import distance_blocks, exact, inverted_file
from autoencode.manifold.neighbors import graph as graph_module
from autoencode.manifold.neighbors.duplicates import find_duplicates
from autoencode.manifold.neighbors.exact import knn
from autoencode.manifold.neighbors.graph import NeighborGraph
from autoencode.manifold.neighbors.label_spreading import label_spreading, spread_labels
from autoencode.manifold.neighbors.landmarks import select_landmarks


def brute_force(points: Tensor, k: int, queries: Tensor | None = None) -> tuple[Tensor, Tensor]:
    x = points if queries is None else queries
    d = (x.double()[:, None] - points.double()).norm(dim=2)

    if queries is None:
        d.fill_diagonal_(torch.inf)

    d, j = d.sort(dim=1, stable=True)
    return d[:, :k], j[:, :k]


def clusters(n: int = 600) -> Tensor:
    return torch.randint(4, (n, 1)) * 1e4 + 1e-3 * randn(n, 3)


POINTS = {
    "gaussian": lambda: randn(700, 8),
    "double": lambda: randn(700, 8).double(),
    "wide": lambda: randn(200, 300),
    "ties": lambda: torch.randint(3, (600, 4)),
    "grid": lambda: torch.cartesian_prod(torch.arange(20.0), torch.arange(20.0)),
    "copies": lambda: randn(30, 4).repeat(15, 1),
    "one point": lambda: torch.full((90, 3), 0.1),
    "clusters": clusters,
    "far away": lambda: randn(500, 3).double() * 1e-9 + 1e3,
    "outlier": lambda: torch.cat([randn(500, 3), torch.full((1, 3), 1e15)]),
    "huge": lambda: randn(300, 3) * 1e25,
    "tiny": lambda: randn(300, 3) * 1e-25,
    "integers": lambda: torch.randint(50, (300, 2)) + 2**40,
    "half": lambda: randn(300, 3).half(),
    "one number": lambda: randn(900, 1),
    "constant": lambda: torch.cat([randn(300, 1), torch.ones(300, 2)], dim=1),
}


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize("k", [1, 7, 80])
def test_search_is_exact_and_ordered_by_index(name: str, k: int) -> None:
    points = POINTS[name]()
    d, j = knn(points, k)
    d_true, j_true = brute_force(points, k)

    assert torch.equal(j, j_true)
    assert d.dtype == torch.promote_types(points.dtype, torch.float32)
    assert torch.allclose(d.double(), d_true, rtol=1e-6 if d.dtype == torch.float32 else 1e-12)


@pytest.mark.parametrize("name", POINTS)
def test_search_from_queries_is_exact(name: str) -> None:
    points = POINTS[name]()
    queries = torch.cat([points[:20], points[-20:] + 1])

    assert torch.equal(knn(points, 9, queries)[1], brute_force(points, 9, queries)[1])
    assert knn(points, 2, queries[:0])[1].shape == (0, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gaussian", "ties", "copies", "clusters"])
def test_tiles_do_not_change_the_result(name: str, monkeypatch) -> None:
    points = POINTS[name]()[:250]
    expected = knn(points, 12)

    monkeypatch.setattr(distance_blocks, "COLUMNS", 64)
    assert all(map(torch.equal, knn(points, 12), expected))

    with memory_budget(1):
        assert all(map(torch.equal, knn(points, 12), expected))


def test_search_notices_lower_precision() -> None:
    points = randn(400, 20)
    expected = knn(points, 5)
    before = torch.get_float32_matmul_precision()

    try:
        torch.set_float32_matmul_precision("medium")
        assert all(map(torch.equal, knn(points, 5), expected))
    finally:
        torch.set_float32_matmul_precision(before)


@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(1, 4), st.integers(1, 5))
def test_search_among_small_integers(seed: int, N: int, D: int, values: int) -> None:
    rng = np.random.default_rng(seed)
    points = torch.as_tensor(rng.integers(values, size=(N, D)))
    k = int(rng.integers(1, N))

    assert torch.equal(knn(points, k)[1], brute_force(points, k)[1])


def test_search_refuses_what_it_cannot_find() -> None:
    with pytest.raises(ValueError, match="from 1 to 4"):
        knn(randn(5, 2), 5)

    with pytest.raises(ValueError, match="from 1 to 5"):
        knn(randn(5, 2), 6, randn(1, 2))

    with pytest.raises(ValueError, match="got 0"):
        knn(randn(5, 2), 0)

    with pytest.raises(ValueError, match=r"got \(5, 2\) and \(1, 3\)"):
        knn(randn(5, 2), 1, randn(1, 3))

    with pytest.raises(ValueError, match="beyond 1e"):
        knn(torch.tensor([[0.0], [1e200], [1.0]], dtype=torch.float64), 1)

    with pytest.raises(ValueError, match="NaN"):
        knn(torch.tensor([[0.0], [torch.nan], [1.0]]), 1)


@pytest.fixture
def Z() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(300, 4))


def test_graph_is_a_scikit_learn_estimator() -> None:
    check_estimator(NeighborGraph(n_neighbors=2), on_skip=None)


def test_graph_equals_scikit_learn(Z: np.ndarray) -> None:
    graph = NeighborGraph(n_neighbors=6).fit(Z)
    reference = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(Z)

    distances, indices = reference.kneighbors()
    assert_array_equal(graph.indices_, indices)
    assert_allclose(graph.distances_, distances, rtol=1e-7)
    assert graph.recall_ == (1.0, 0.0)

    new = Z[:10] + 0.1
    assert_array_equal(graph.kneighbors(new, 3)[1], reference.kneighbors(new, 3)[1])
    assert_array_equal(graph.kneighbors()[1], graph.indices_)

    union = reference.kneighbors_graph(mode="distance").toarray()
    union = np.maximum(union, union.T)
    assert_allclose(graph.to_scipy().toarray(), union, rtol=1e-7)

    mutual = NeighborGraph(n_neighbors=6, mutual=True).fit(Z).to_scipy().toarray()
    assert_array_equal(mutual > 0, (union > 0) & (cdist(Z, Z) <= np.minimum(*_reach(distances))))


def _reach(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    last = distances[:, -1:] * (1 + 1e-9)
    return last, last.T


def test_what_comes_in_goes_out(Z: np.ndarray) -> None:
    graph = NeighborGraph(n_neighbors=3).fit(Z)
    tensors = NeighborGraph(n_neighbors=3).fit(torch.tensor(Z))

    assert isinstance(tensors.indices_, Tensor)
    assert isinstance(tensors.kneighbors(torch.tensor(Z[:2]))[0], Tensor)
    assert isinstance(tensors.kneighbors(Z[:2])[0], np.ndarray)
    assert_array_equal(tensors.indices_.numpy(), graph.indices_)
    assert_array_equal(NeighborGraph(3).fit(Z.reshape(300, 2, 2)).indices_, graph.indices_)
    assert_array_equal(
        pickle.loads(pickle.dumps(graph)).kneighbors(Z[:5])[1], graph.kneighbors(Z[:5])[1]
    )
    assert clone(graph).get_params() == graph.get_params()


def test_graph_refuses_too_many_neighbors(Z: np.ndarray) -> None:
    with pytest.raises(ValueError, match="from 1 to 14"):
        NeighborGraph(n_neighbors=15).fit(Z[:15])

    with pytest.raises(ValueError, match="target_recall"):
        NeighborGraph(target_recall=1.5).fit(Z)


def test_arcs_of_no_length_are_arcs() -> None:
    Z = np.repeat(np.arange(3.0), 4)[:, None]
    A = NeighborGraph(n_neighbors=3).fit(Z).to_scipy()

    assert A.nnz == 3 * 4 * 3
    assert A.maximum(A.T).nnz == A.nnz
    assert connected_components(A)[0] == 3
    assert NeighborGraph(n_neighbors=4).fit(Z).shortest_path_lengths([0])[0, -1] == 2.0


def test_geodesics(Z: np.ndarray) -> None:
    graph = NeighborGraph(n_neighbors=4).fit(Z)
    lengths = shortest_path(graph.to_scipy().toarray(), method="FW", directed=False)
    assert_allclose(graph.shortest_path_lengths([3, -1]), lengths[[3, -1]])

    path = graph.shortest_path(3, 200)
    steps = np.linalg.norm(np.diff(Z[path.indices], axis=0), axis=1)
    assert (path.indices[0], path.indices[-1]) == (3, 200)
    assert_allclose(path.length, lengths[3, 200])
    assert_allclose(path.length, steps.sum())
    assert graph.shortest_path(7, 7) == ([7], 0.0)


def test_parts_without_a_path() -> None:
    Z = np.concatenate([np.arange(5.0), np.arange(100.0, 105.0)])[:, None]
    graph = NeighborGraph(n_neighbors=2).fit(Z)

    assert graph.n_connected_components_ == 2
    assert_array_equal(graph.component_labels_, np.repeat([0, 1], 5))
    assert np.isinf(graph.shortest_path_lengths(0)[5:]).all()

    with pytest.raises(ValueError, match="no path from 0 to 9"):
        graph.shortest_path(0, 9)

    with pytest.raises(ValueError, match="expected indices of 10 points"):
        graph.shortest_path_lengths([10])


def test_arcs_that_leave_the_planes_are_left_out() -> None:
    t = torch.linspace(1.5 * np.pi, 4.5 * np.pi, 150, dtype=torch.float64)
    spiral = torch.stack([t * t.cos(), t * t.sin()], dim=1)
    tangent = torch.stack([t.cos() - t * t.sin(), t.sin() + t * t.cos()], dim=1)
    basis = (tangent / tangent.norm(dim=1, keepdim=True))[:, None]

    graph = NeighborGraph(n_neighbors=40).fit(spiral)
    filtered = NeighborGraph(n_neighbors=40).fit(spiral, tangents=basis)

    arcs = filtered.to_scipy().tocoo()
    i, j = (torch.as_tensor(a) for a in arcs.coords)
    arc = spiral[j] - spiral[i]
    normal = (arc - (arc * basis[i, 0]).sum(dim=1, keepdim=True) * basis[i, 0]).norm(dim=1)

    # Round each turn instead of across
    assert graph.shortest_path(0, 149).length < 30
    assert filtered.shortest_path(0, 149).length > 80
    assert 0 < arcs.nnz < graph.to_scipy().nnz
    found = torch.as_tensor((graph.indices_[i] == j[:, None]).any(dim=1))
    assert (normal / arc.norm(dim=1) <= 0.5)[found].all()
    assert (graph.prune_by_tangents(basis, 1.0).to_scipy() != graph.to_scipy()).nnz == 0

    with pytest.raises(ValueError, match=r"expected a basis with shape \(150, d, 2\)"):
        graph.prune_by_tangents(basis[:, 0])


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("name", ["ties", "copies", "one point", "clusters", "one number"])
def test_duplicates_are_the_components_within_the_threshold(name: str, k: int) -> None:
    points = POINTS[name]().double()
    d = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist").numpy()

    for threshold in (0.0, 1e-3, 1.0):
        label = connected_components(d <= threshold)[1]
        expected = [np.flatnonzero(label == c) for c in range(label.max() + 1)]
        expected = sorted((g.tolist() for g in expected if len(g) > 1), key=min)
        found = find_duplicates(NeighborGraph(n_neighbors=k).fit(points), threshold)
        assert [g.tolist() for g in found] == expected


def test_duplicates_refuse_a_negative_threshold(Z: np.ndarray) -> None:
    with pytest.raises(ValueError, match="threshold >= 0"):
        find_duplicates(NeighborGraph().fit(Z), -1.0)


def weights(N: int = 60) -> np.ndarray:
    W = np.random.default_rng(0).exponential(size=(N, N))
    W = (W + W.T) * (W + W.T > 3)
    np.fill_diagonal(W, 0)
    return W


@pytest.mark.parametrize("alpha", [0.2, 0.9])
def test_label_spreading_is_the_limit_of_scikit_learns(alpha: float) -> None:
    from scipy.sparse import csr_array

    W = weights()
    y = np.full(60, -1)
    y[:9] = np.arange(9) % 3

    model = LabelSpreading(kernel=lambda A, B: W, alpha=alpha, max_iter=2000, tol=1e-14)
    model.fit(np.zeros((60, 1)), y)
    ours = spread_labels(csr_array(W), y, alpha)

    assert_allclose(ours.probabilities, model.label_distributions_, atol=1e-8)
    assert_array_equal(ours.labels, model.transduction_)

    S = W / np.sqrt(np.outer(W.sum(axis=0), W.sum(axis=1)))
    F = np.linalg.solve(np.eye(60) - alpha * S, np.eye(3)[y] * (y >= 0)[:, None])
    assert_allclose(ours.probabilities, F / F.sum(axis=1, keepdims=True), atol=1e-8)


@pytest.mark.parametrize(
    ("y", "unknown"),
    [
        ([3, *9 * [-1], 5, *9 * [-1]], -1),
        ([3.5, *9 * [np.nan], 5.5, *9 * [np.nan]], np.nan),
        (["a", *9 * [None], "b", *9 * [None]], None),
        (["a", *9 * [-1], "b", *9 * [np.nan]], None),
        (np.array([3, *9 * [-1], 5, *9 * [-1]]), -1),
    ],
)
def test_labels_of_every_kind_spread(y, unknown) -> None:
    Z = np.concatenate([np.arange(10.0), np.arange(100.0, 110.0), [999, 1000, 1001]])[:, None]
    graph = NeighborGraph(n_neighbors=2).fit(Z)
    result = label_spreading(
        graph, np.append(y, 3 * [unknown]) if hasattr(y, "dtype") else [*y, *3 * [unknown]]
    )

    assert result.labels[:20].tolist() == 10 * [y[0]] + 10 * [y[10]]
    assert result.classes.tolist() == [y[0], y[10]]
    assert_allclose(result.probabilities.sum(axis=1), 1)

    # No label has reached the last ones
    assert_array_equal(result.reached, [True] * 20 + [False] * 3)
    assert_array_equal(result.probabilities[20:], 0.5)
    assert str(result.labels[-1]) == str(unknown)


@pytest.mark.parametrize("n_neighbors", [1, 2])
def test_labels_stay_in_their_parts(n_neighbors: int) -> None:
    Z = np.r_[0:3, 100:120, 500:502, 900:903].astype(float)[:, None]
    part = np.repeat([0, 1, 2, -1], [3, 20, 2, 3])
    y = np.full(len(Z), -1)
    y[[1, 3, 12, 23]] = [0, 1, 1, 2]
    found = label_spreading(NeighborGraph(n_neighbors).fit(Z), y)

    assert np.isfinite(found.probabilities).all()
    assert (found.labels[found.reached] == part[found.reached]).all()
    assert found.reached[[0, 1, 2, 3, 12, 23, 24]].all()
    assert not found.reached[-3:].any()

    if n_neighbors == 2:
        assert (found.labels == part).all()


def test_label_spreading_refuses(Z: np.ndarray) -> None:
    graph = NeighborGraph().fit(Z)

    with pytest.raises(ValueError, match="all are unknown"):
        label_spreading(graph, np.full(300, -1))

    with pytest.raises(ValueError, match="one label for each of 300"):
        label_spreading(graph, [1, 2])

    with pytest.raises(ValueError, match="alpha between 0 and 1"):
        label_spreading(graph, np.ones(300), alpha=1.0)


def test_a_remote_point_takes_the_label_of_its_neighbors() -> None:
    Z = np.concatenate([np.random.default_rng(0).normal(size=(50, 2)) * 1e-6, [[1e6, 0.0]]])
    result = label_spreading(NeighborGraph(n_neighbors=5).fit(Z), [1, *50 * [-1]])

    assert (result.labels == 1).all()
    assert result.reached.all()


@pytest.mark.parametrize("strategy", ["kcenter", "density", "boundary"])
@pytest.mark.parametrize("n", [1, 40, 300])
def test_selections_are_different_points(Z: np.ndarray, strategy: str, n: int) -> None:
    chosen = select_landmarks(NeighborGraph().fit(np.round(Z)), n, strategy)

    assert chosen.shape == (n,)
    assert len(set(chosen.tolist())) == n
    assert chosen.min() >= 0
    assert chosen.max() < 300


def test_selections_are_what_they_say(Z: np.ndarray) -> None:
    graph = NeighborGraph(n_neighbors=10).fit(Z)
    d = cdist(Z, Z)

    # No other center is closer than the next one would be to all
    centers = select_landmarks(graph, 12, "kcenter")
    radius = d[:, centers].min(axis=1).max()
    apart = d[np.ix_(centers, centers)][~np.eye(12, dtype=bool)].min()
    assert apart >= radius

    # The densest of the points that are not beside a chosen one
    dense = select_landmarks(graph, 5, "density")
    assert dense[0] == graph.distances_[:, -1].argmin()
    assert not np.isin(graph.indices_[dense], dense).any()

    # A disc's rim
    disc = np.random.default_rng(1).uniform(-1, 1, size=(3000, 2))
    disc = disc[np.linalg.norm(disc, axis=1) < 1]
    rim = select_landmarks(NeighborGraph(n_neighbors=30).fit(disc), 40, "boundary")
    assert np.linalg.norm(disc[rim], axis=1).min() > 0.9

    with pytest.raises(ValueError, match="expected method 'kcenter', 'density' or 'boundary'"):
        select_landmarks(graph, 3, "random")

    with pytest.raises(ValueError, match="expected n_landmarks from 1 to 300"):
        select_landmarks(graph, 301)


def test_without_faiss_search_is_exact_and_says_so(Z, monkeypatch, caplog) -> None:
    monkeypatch.setattr(graph_module, "MAX_EXACT_SEARCH", 100)
    monkeypatch.setattr(graph_module.inverted_file, "available", lambda: False)

    with caplog.at_level("INFO"):
        graph = NeighborGraph(n_neighbors=5).fit(Z)

    assert 'pip install "autoencode[knn]"' in caplog.text
    assert torch.equal(torch.as_tensor(graph.indices_), knn(torch.tensor(Z), 5)[1])


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_approximate_search_reaches_its_recall(offset, monkeypatch) -> None:
    pytest.importorskip("faiss")
    monkeypatch.setattr(graph_module, "MAX_EXACT_SEARCH", 1000)
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(6000, 4)) @ rng.normal(size=(4, 16)) + offset
    graph = NeighborGraph(n_neighbors=10, target_recall=0.97, random_state=0).fit(Z)
    j = knn(torch.tensor(Z), 10)[1].numpy()

    found = np.array([len(np.intersect1d(a, b)) / 10 for a, b in zip(graph.indices_, j)])
    assert abs(graph.recall_.value - found.mean()) < 4 * graph.recall_.standard_error
    assert graph.recall_.value > 0.965
    assert (graph.indices_ != np.arange(6000)[:, None]).all()

    distances = np.linalg.norm(Z[:, None] - Z[graph.indices_], axis=2)
    assert_allclose(graph.distances_, distances)
    assert (np.diff(graph.distances_) >= 0).all()
    assert (graph.kneighbors(Z[:50], 1)[1][:, 0] == np.arange(50)).mean() > 0.9
    assert not graph.index_.exact


def test_a_search_of_all_cells_is_exact() -> None:
    pytest.importorskip("faiss")
    x = randn(2000, 8)
    index = inverted_file.InvertedFileIndex(x, 10, 0.9, np.random.RandomState(0))
    index.n_cells, index.exact = index.index.nlist, False

    assert torch.equal(index.knn(10)[1], knn(x, 10)[1])
    assert torch.equal(index.knn(10, x[:50] + 1)[1], knn(x, 10, x[:50] + 1)[1])


def test_what_has_no_structure_is_searched_exactly() -> None:
    pytest.importorskip("faiss")
    x = randn(2000, 32)
    index = inverted_file.InvertedFileIndex(x, 10, 0.99, np.random.RandomState(0))

    assert index.exact
    assert index.recall == (1.0, 0.0)
    assert torch.equal(index.knn(10)[1], knn(x, 10)[1])


def test_the_search_of_a_line_needs_few_cells() -> None:
    pytest.importorskip("faiss")
    t = torch.rand(5000, 1, dtype=torch.float64) * 40
    x = torch.cat([t.sin(), t.cos(), t], dim=1) @ randn(3, 20).double()
    index = inverted_file.InvertedFileIndex(x, 10, 0.99, np.random.RandomState(0))

    assert index.n_cells < 0.05 * index.index.nlist
    assert index.recall.value >= 0.98


def test_rounding_does_not_matter_to_codes(monkeypatch) -> None:
    again = []
    monkeypatch.setattr(exact, "_refine_unsafe", lambda *args: again.append(len(args[3])))
    knn(randn(2000, 16), 15)

    assert again == [0]
