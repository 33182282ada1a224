r"""Tests of all that looks at a manifold: data at the edge of sense, and modules left alone."""

import copy
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from autoencode.manifold import (
    Geodesics,
    ManifoldParzen,
    NeighborGraph,
    OffManifoldDetector,
    TangentAugment,
    Tangents,
    continuity,
    distance_preservation,
    intrinsic_dimension,
    label_spreading,
    local_dimension,
    neighborhood_recall,
    report,
    select_landmarks,
    stein_score,
    trustworthiness,
    walkback,
)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


RIGHT = {
    "copies": np.repeat(normal(20, 3), 4, axis=0),
    "copies of one": np.concatenate([np.zeros((50, 3)), normal(20, 3)]),
    "constant columns": np.c_[normal(60, 2), np.full((60, 2), 7.0)],
    "one column": normal(60, 1),
    "two parts": np.concatenate([normal(30, 3), normal(30, 3) + 1e6]),
    "far away": normal(60, 3) + 1e8,
    "a line": np.linspace(0, 1, 60)[:, None] * np.ones(3),
}
FEW_EXAMPLES = {
    "all the same": np.ones((40, 3)),
    "one example": normal(1, 3),
    "three examples": normal(3, 3),
    "fewer than neighbors": normal(12, 50),
    "no columns": np.zeros((40, 0)),
    "no examples": np.zeros((0, 3)),
}


def identity(x: Tensor) -> Tensor:
    return x


def doubled(x: Tensor) -> Tensor:  # d > D
    return torch.cat([x, x], dim=1)


def halved(z: Tensor) -> Tensor:
    return (z + z.roll(z.shape[1] // 2, dims=1))[:, : z.shape[1] // 2] / 2


def shrunk(x: Tensor) -> Tensor:
    return 0.9 * x


def planes(tangents: Tangents, X: np.ndarray) -> list:
    T = tangents.fit(X)
    return [*T.basis(X), T.principal_angles(X), T.normal_residual(X), T.project(X, X)]


def graph(X: np.ndarray) -> list:
    G = NeighborGraph(5).fit(X)
    y = np.full(len(X), -1)
    y[:2] = 0, 1
    chosen = [select_landmarks(G, 3, strategy) for strategy in ("kcenter", "density", "boundary")]

    return [*G.kneighbors(X), G.recall_, *chosen, label_spreading(G, y).probabilities]


def density(X: np.ndarray, **arguments: Any) -> list:
    P = ManifoldParzen(**arguments).fit(X)
    return [P.score_samples(X), P.sample(5, random_state=0), P.sigma_]


def dimension(X: np.ndarray, method: str) -> list:
    d = intrinsic_dimension(X, method)
    return [d.value, d.standard_error, *d.curve]


def detector(X: np.ndarray) -> list:
    D = OffManifoldDetector(random_state=0).fit(X)
    return [*D.decompose(X), D.explain(X), D.predict(X)]


def geodesics(X: np.ndarray, model: Any, **arguments: Any) -> list:
    ways = Geodesics(model, n_points=8, **arguments)
    return [ways.distance(X[:4], X[-4:]), ways.interpolate(X[:1], X[:1])]


def denoiser(X: np.ndarray, model: Any = (shrunk, identity)) -> list:
    d = local_dimension(model, X, noise=0.1, random_state=0)
    walk = walkback(model, X, 2, noise=0.1, random_state=0)
    return [stein_score(model, X, noise=0.1), *d, walk]


JOBS = {
    "planes of neighbors": lambda X: planes(Tangents(source="neighbors"), X),
    "planes of wide codes": lambda X: planes(Tangents((doubled, halved), n_components=1), X),
    "graph": graph,
    "Manifold Parzen": density,
    "local Manifold Parzen": lambda X: density(X, n_components=1, sigma="local"),
    "kernel density": lambda X: density(X, n_components=0),
    "twonn": lambda X: dimension(X, "twonn"),
    "mle": lambda X: dimension(X, "mle"),
    "gride": lambda X: dimension(X, "gride"),
    "local_pca": lambda X: dimension(X, "local_pca"),
    "trustworthiness": lambda X: trustworthiness(X, X[:, :1], 2),
    "continuity": lambda X: continuity(X, X[:, :1], 2),
    "recall": lambda X: neighborhood_recall(X, X[:, :1], 2),
    "distance_preservation": lambda X: np.ravel(distance_preservation(X, X[:, :1])),
    "detector": detector,
    "geodesics": lambda X: geodesics(X, (identity, identity)),
    "geodesics of wide codes": lambda X: geodesics(X, (doubled, halved)),
    "geodesics over a graph": lambda X: geodesics(
        X, (identity, identity), graph=NeighborGraph(2).fit(X)
    ),
    "denoiser": denoiser,
    "augmentation": lambda X: [TangentAugment(Tangents(source="neighbors").fit(X))(X)],
    "report": lambda X: numbers(report((identity, identity), X).to_dict()),
}
jobs = pytest.mark.parametrize("job", JOBS)


def numbers(found: Any) -> list:
    if isinstance(found, dict):
        return [n for part in found.values() for n in numbers(part)]

    if isinstance(found, list):
        return [n for part in found for n in numbers(part)]

    return [found] if isinstance(found, (int, float)) else []


def check_finite(results: Iterable) -> None:
    for result in results:
        assert np.isfinite(np.asarray(result, dtype=float)).all()


@jobs
@pytest.mark.parametrize("data", RIGHT)
def test_odd_data_have_finite_results(data: str, job: str) -> None:
    check_finite(JOBS[job](RIGHT[data]))


PLANES = {"planes of neighbors", "augmentation", "report"}
SCALES = {"Manifold Parzen", "local Manifold Parzen", "kernel density", "distance_preservation"}
DIMENSIONS = {"twonn", "mle", "gride", "local_pca"}
REFUSED = {
    "all the same": PLANES | SCALES | DIMENSIONS,
    "one example": JOBS.keys() - {"geodesics", "geodesics of wide codes", "denoiser"},
    "three examples": PLANES
    | {"planes of wide codes", "graph", "mle", "local_pca", "trustworthiness", "continuity"},
    "fewer than neighbors": PLANES | {"planes of wide codes"},
    "no columns": JOBS.keys(),
    "no examples": JOBS.keys(),
}


@pytest.mark.slow
@jobs
@pytest.mark.parametrize("data", FEW_EXAMPLES)
def test_what_has_no_result_is_refused_by_a_sentence(data: str, job: str) -> None:
    if job not in REFUSED[data]:
        check_finite(JOBS[job](FEW_EXAMPLES[data]))
        return

    with pytest.raises(ValueError, match=r"^(expected|there are no|sigma=|method=|Found array)"):
        check_finite(JOBS[job](FEW_EXAMPLES[data]))


# Modules


class Fragile(nn.Sequential):
    r"""A network whose state tells whether it was ever run in training mode."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(nn.Linear(a, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, b))


MODEL_JOBS = {
    "planes": lambda pair, X: planes(Tangents(pair, n_components=2), X),
    "planes of the encoder": lambda pair, X: planes(Tangents(pair, "encoder"), X),
    "planes of the denoiser": lambda pair, X: planes(Tangents(pair, "denoiser"), X),
    "density": lambda pair, X: density(X, tangents=Tangents(pair), sigma=0.5),
    "geodesics": lambda pair, X: geodesics(X, pair),
    "denoiser": lambda pair, X: denoiser(X, pair),
    "dimension": lambda pair, X: intrinsic_dimension(X, "denoiser", model=pair, noise=0.1)[:2],
    "detector": lambda pair, X: OffManifoldDetector(pair).fit(X).decompose(X),
    "augmentation": lambda pair, X: [TangentAugment(Tangents(pair).fit(X))(X, random_state=0)],
    "report": lambda pair, X: numbers(report(pair, X).to_dict()),
}


@pytest.mark.parametrize("job", MODEL_JOBS)
def test_modules_are_left_as_they_were(job: str) -> None:
    torch.manual_seed(0)
    X = normal(40, 4).astype(np.float32)
    pair = Fragile(4, 2).train(), Fragile(2, 4).train()
    pair[1][1].eval()
    before = [copy.deepcopy(f.state_dict()) for f in pair]
    modes = [m.training for f in pair for m in f.modules()]
    once, again = (MODEL_JOBS[job](pair, X) for _ in range(2))

    # Without dropout, the same again
    for a, b in zip(once, again, strict=True):
        assert np.allclose(np.asarray(a), np.asarray(b), equal_nan=True)

    assert [m.training for f in pair for m in f.modules()] == modes
    assert all(p.requires_grad and p.grad is None for f in pair for p in f.parameters())

    for f, state in zip(pair, before, strict=True):
        assert all(torch.equal(value, state[name]) for name, value in f.state_dict().items())


@pytest.mark.parametrize("job", MODEL_JOBS)
def test_second_derivatives_are_not_needed(job: str) -> None:
    torch.manual_seed(0)
    X = normal(40, 4).astype(np.float32)
    pair = (
        nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2)),
        nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 4)),
    )
    check_finite(MODEL_JOBS[job](pair, X))


def test_modules_are_restored_after_an_error() -> None:
    class Broken(nn.Dropout):
        def forward(self, z: Tensor) -> Tensor:
            raise RuntimeError("broken")

    X, pair = normal(40, 4).astype(np.float32), (nn.Linear(4, 2), Broken().train())

    for job in ("planes", "geodesics", "denoiser", "detector"):
        with pytest.raises(RuntimeError, match="broken"):
            MODEL_JOBS[job](pair, X)

        assert pair[1].training
