r"""Tests for the dimension module."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import betaln

from autoencode.common.batching import memory_budget
from autoencode.manifold import dimension as module
from autoencode.manifold.dimension import intrinsic_dimension
from autoencode.manifold.neighbors.exact import knn

METHODS = ["twonn", "mle", "gride", "local_pca"]


def sphere(N: int, d: int, D: int | None = None, seed: int = 0) -> np.ndarray:
    r"""Uniform on the sphere of dimension d, turned into D dimensions."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, d + 1))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    R = np.linalg.qr(rng.normal(size=(D or d + 1, d + 1)))[0]
    return X @ R.T


def sorted_distances(X: np.ndarray) -> np.ndarray:
    return np.sort(np.linalg.norm(X[:, None] - X, axis=-1), axis=1)[:, 1:]


@pytest.mark.parametrize("d", [1, 2, 5])
def test_two_nearest_neighbors_on_spheres(d: int) -> None:
    for seed in range(3):
        value, error, _, _ = intrinsic_dimension(sphere(2000, d, 9, seed))

        assert abs(value - d) < 3 * error
        assert error < 0.05 * d


@pytest.mark.parametrize(
    ("method", "k", "d"),
    [
        ("mle", 4, 2),
        ("gride", 4, 5),
        ("mle", 10, 1),
        ("gride", 8, 2),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [
                ("mle", 4, 1),
                ("mle", 4, 5),
                ("gride", 4, 1),
                ("gride", 4, 2),
                ("mle", 10, 2),
                ("gride", 8, 1),
            ]
        ),
    ],
)
def test_more_neighbors_on_spheres(method: str, k: int, d: int) -> None:
    for seed in range(3):
        value, error, _, _ = intrinsic_dimension(sphere(3000, d, 9, seed), method, k)

        assert abs(value - d) < 3 * error
        assert error < 0.03 * d


@pytest.mark.parametrize(("method", "k"), [("mle", 10), ("gride", 8)])
def test_curvature_is_felt_in_five_dimensions(method: str, k: int) -> None:
    # The tenth neighbor of two thousand points is far away there
    found = [intrinsic_dimension(sphere(2000, 5, seed=seed), method, k).value for seed in range(3)]
    assert 4.7 < np.mean(found) < 5.05


@pytest.mark.parametrize(
    ("d", "N"), [(1, 2000), (2, 2000), pytest.param(5, 20_000, marks=pytest.mark.slow)]
)
def test_local_components_of_spheres(d: int, N: int) -> None:
    # Enough neighbors for all directions, and so near that the sphere does not bend
    for seed in range(3):
        value, error, _, _ = intrinsic_dimension(
            sphere(N, d, 9, seed), "local_pca", 64, n_samples=500, random_state=0
        )

        assert abs(value - d) <= 3 * error
        assert error < 0.01


@pytest.mark.parametrize(
    ("method", "k"),
    [
        ("twonn", 2),
        pytest.param("mle", 10, marks=pytest.mark.slow),
        pytest.param("gride", 8, marks=pytest.mark.slow),
    ],
)
def test_standard_errors_are_those_of_new_data(method: str, k: int) -> None:
    found = [intrinsic_dimension(sphere(500, 2, seed=s), method, k) for s in range(100)]
    values, errors = np.array([(d.value, d.standard_error) for d in found]).T

    # The standard deviation of a hundred values is known to 7 %, and the errors are generous
    assert 0.65 < values.std() / errors.mean() < 1.1


@pytest.mark.parametrize(
    ("method", "k"),
    [
        pytest.param("twonn", 2, marks=pytest.mark.slow),
        ("mle", 16),
        pytest.param("gride", 16, marks=pytest.mark.slow),
    ],
)
def test_standard_errors_of_samples_where_dimensions_differ(method: str, k: int) -> None:
    low, high = sphere(1500, 1, 9), sphere(1500, 6, 9) + 5
    X = np.concatenate([low, high])
    found = [
        intrinsic_dimension(X, method, k, n_samples=150, random_state=seed) for seed in range(60)
    ]
    values, errors = np.array([(d.value, d.standard_error) for d in found]).T

    # The standard deviation of sixty values is known to 9 %
    assert 0.75 < values.std() / errors.mean() < 1.25
    assert abs(values.mean() - intrinsic_dimension(X, method, k).value) < errors.mean()


@pytest.mark.parametrize(("method", "k"), [("mle", 16), ("gride", 16), ("local_pca", 16)])
def test_curves_are_what_fewer_neighbors_give(method: str, k: int) -> None:
    X = sphere(500, 2, 5)
    whole = intrinsic_dimension(X, method, k).curve
    parts = [intrinsic_dimension(X, method, n) for n in (4, 8, 16)]

    assert np.allclose(whole.values[-3:], [d.value for d in parts])
    assert np.allclose(whole.standard_errors[-3:], [d.standard_error for d in parts])
    assert np.allclose(whole.scales[-3:], [d.curve.scales[-1] for d in parts])


@pytest.mark.parametrize("M", [50, 300, 1000])
def test_scales_of_two_neighbors_are_those_of_fewer_examples(M: int) -> None:
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((1000, 3)))
    scales = list(module._twonn(x, 2, M))

    assert len(scales) == 4

    for n, found in zip((125, 250, 500, 1000), scales):
        T = knn(x[:n], 3, x[: min(M, n)])[0][:, 1:]  # less the example itself
        assert found.dimension.value == pytest.approx(
            (len(T) - 1) / float((T[:, 1] / T[:, 0]).log().sum())
        )


def test_far_scales_of_few_examples_are_less_certain() -> None:
    _, values, errors = intrinsic_dimension(sphere(2048, 2, 5), random_state=0).curve

    # Half as many examples know the dimension less well by a root of two
    assert np.allclose(errors / values, 2**0.5 / np.sqrt(2048 / 2 ** np.arange(6)), rtol=0.35)
    assert (np.abs(values - 2) < 3 * errors).all()


def test_definitions() -> None:
    X = sphere(200, 3, 6)
    T = np.log(sorted_distances(X))

    twonn = 199 / (T[:, 1] - T[:, 0]).sum()
    assert intrinsic_dimension(X).value == pytest.approx(twonn, rel=1e-10)
    assert intrinsic_dimension(X, "gride", 2).value == pytest.approx(twonn, rel=1e-10)

    for k in (3, 12):
        mle = 1 / np.mean([(t[k - 1] - t[: k - 1]).mean() for t in T])
        assert intrinsic_dimension(X, "mle", k).value == pytest.approx(mle, rel=1e-10)

    # The density of the ratio of the distances to neighbors n and 2 n
    for n in (2, 8):
        logs = T[:, 2 * n - 1] - T[:, n - 1]

        def loss(d: float, n: int = n, logs: np.ndarray = logs) -> float:
            log_p = (n - 1) * np.log(np.expm1(d * logs)) - ((2 * n - 1) * d + 1) * logs
            return -(199 * math.log(d) + (log_p - betaln(n, n)).sum())

        best = minimize_scalar(loss, bounds=(1, 6), method="bounded", options={"xatol": 1e-9}).x
        assert intrinsic_dimension(X, "gride", 2 * n).value == pytest.approx(best, rel=1e-6)

    order = np.argsort(np.linalg.norm(X[:, None] - X, axis=-1), axis=1)[:, 1:11]
    counts = []

    for j in order:
        s = np.linalg.svd(X[j] - X[j].mean(axis=0), compute_uv=False) ** 2
        counts.append((s > 0.05 * s[0]).sum())

    assert intrinsic_dimension(X, "local_pca", 10).value == pytest.approx(np.mean(counts))


# Of scikit-dimension 0.5.0, for the data of the next test
PEERS = {
    ("twonn", None): 4.46881272838964,
    ("mle", 12): 4.929906493732239,
    ("gride", 8): 5.109140025008905,
    ("local_pca", 20): 5.0225,
}


@pytest.mark.parametrize(("method", "k"), PEERS)
def test_is_what_scikit_dimension_has_found(method: str, k: int | None) -> None:
    found = intrinsic_dimension(sphere(400, 5, 12), method, k).value
    assert found == pytest.approx(PEERS[method, k], rel=1e-6)


def test_is_what_scikit_dimension_finds() -> None:
    id_ = pytest.importorskip("skdim").id
    X = sphere(400, 5, 12)

    with np.errstate(divide="ignore"):  # in a plot of the peer's
        expected = id_.TwoNN(discard_fraction=0, method="mle").fit(X).dimension_

    assert intrinsic_dimension(X).value == pytest.approx(expected, rel=1e-6)

    expected = id_.MLE().fit(X, n_neighbors=12).dimension_
    assert intrinsic_dimension(X, "mle", 12).value == pytest.approx(expected, rel=1e-6)

    peer = id_.GRIDE(n1=4, multiscale=True, range_max=8).fit(X)
    ours = intrinsic_dimension(X, "gride", 8)
    assert ours.value == pytest.approx(peer.dimension_, rel=1e-6)
    assert ours.standard_error == pytest.approx(2**0.5 * peer.error_, rel=0.1)  # of the model
    assert np.allclose(ours.curve.values, peer.dimension_scales_)
    assert np.allclose(ours.curve.scales, peer.radius_scales_)

    expected = id_.lPCA(ver="FO").fit_transform_pw(X, n_neighbors=20).mean()
    assert intrinsic_dimension(X, "local_pca", 20).value == pytest.approx(expected)


@pytest.mark.parametrize("method", METHODS)
def test_laws(method: str) -> None:
    X = sphere(300, 2, 5)
    d = intrinsic_dimension(X, method, random_state=0)
    scales, values, errors = d.curve
    asked = 0 if method == "twonn" else -1

    assert (np.diff(scales) > 0).all()
    assert len(values) == len(scales) == len(errors) >= 3
    assert (d.value, d.standard_error) == (values[asked], errors[asked])
    assert d.n_duplicates == 0

    # It does not depend on unit, place, order, or copies
    moved = intrinsic_dimension(1000 * X[::-1] + 7, method, random_state=0)
    assert moved.value == pytest.approx(d.value, rel=1e-6)
    assert moved.curve.scales[-1] == pytest.approx(1000 * scales[-1], rel=1e-6)

    copied = intrinsic_dimension(np.concatenate([X, X[:50], X[:50]]), method)
    assert copied.value == pytest.approx(d.value)
    assert copied.n_duplicates == 100

    # What comes in does not matter, nor how much fits into memory
    rows = torch.from_numpy(X).reshape(300, 5, 1)

    with memory_budget(2**12):
        tensor = intrinsic_dimension(rows, method, random_state=0)

    assert tensor.value == pytest.approx(d.value, rel=1e-12)
    assert isinstance(tensor.value, float)
    assert isinstance(tensor.standard_error, float)


@pytest.mark.parametrize("method", METHODS)
def test_a_sample_of_the_examples_is_enough(method: str) -> None:
    X = sphere(2000, 2, 5)
    all_, some = (intrinsic_dimension(X, method, n_samples=n, random_state=0) for n in (None, 500))

    assert abs(some.value - all_.value) <= 3 * some.standard_error
    assert some.standard_error > all_.standard_error > 0 or method == "local_pca"

    # At the same scale
    assert some.curve.scales[-1] == pytest.approx(all_.curve.scales[-1], rel=0.15)
    assert intrinsic_dimension(X, method, n_samples=5000).value == pytest.approx(all_.value)


def test_the_curve_tells_noise_from_the_manifold() -> None:
    rng = np.random.default_rng(0)
    X = sphere(3000, 1, 4) + 0.003 * rng.normal(size=(3000, 4))
    near = intrinsic_dimension(X, "gride", 64).curve.values
    assert near[0] > 1.8
    assert near[-1] < 1.4

    far = intrinsic_dimension(X, "twonn", random_state=0).curve.values
    assert far[0] > 1.8
    assert far[-1] < 1.6


def test_denoiser() -> None:
    rng = np.random.default_rng(0)
    W = torch.linalg.qr(torch.randn(6, 2, dtype=torch.float64)).Q
    plane = (lambda x: x @ W, lambda z: z @ W.T)
    X = rng.normal(size=(100, 2)) @ W.T.numpy()
    d = intrinsic_dimension(X, "denoiser", model=plane, noise=0.1, n_samples=30)

    assert d.value == pytest.approx(2)
    assert d.standard_error < 1e-9
    assert d.curve.scales.tolist() == [0.1]

    with pytest.raises(ValueError, match="noise that the model was trained to remove"):
        intrinsic_dimension(X, "denoiser", model=plane)


def test_bad_input() -> None:
    X = sphere(20, 2)

    for arguments, message in [
        ({"method": "guess"}, "expected method to be one of"),
        ({"method": "denoiser"}, "needs a denoising autoencoder"),
        ({"method": "mle", "n_neighbors": 20}, "more distinct examples than neighbors"),
        ({"method": "mle", "n_neighbors": 2}, "at least 3 neighbors"),
        ({"method": "gride", "n_neighbors": 6}, "power of two"),
        ({"method": "twonn", "n_neighbors": 6}, "two neighbors"),
        ({"n_samples": 1}, "n_samples to be None or an integer"),
    ]:
        with pytest.raises(ValueError, match=message):
            intrinsic_dimension(X, **arguments)

    with pytest.raises(ValueError, match="1 distinct of 9 examples"):
        intrinsic_dimension(np.ones((9, 2)))

    grid = np.stack(np.meshgrid(range(5), range(5)), axis=-1).reshape(-1, 2)

    with pytest.raises(ValueError, match="as on a grid"):
        intrinsic_dimension(grid)

    with pytest.raises(ValueError, match="as on a grid"):
        intrinsic_dimension(np.eye(9), "mle", 5)

    with pytest.raises(ValueError, match="NaN"):
        intrinsic_dimension(np.full((9, 2), np.nan))

    # One column, and fewer examples than neighbors by default
    for method in METHODS:
        assert intrinsic_dimension(np.random.default_rng(0).normal(size=(7, 1)), method).value > 0
