r"""Tests of wide data: memory is not quadratic in the number of columns."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import memory
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from torch.utils._python_dispatch import TorchDispatchMode

import autoencode as ae
from autoencode.manifold import OffManifoldDetector, Tangents

ONE_EPOCH = {"training": ae.Training(epochs=1, show_progress=False), "random_state": 0}
D = 3000


class Largest(TorchDispatchMode):
    r"""Remembers the most numbers of a tensor that an operation returns."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))

        for x in result if isinstance(result, (list, tuple)) else [result]:
            if isinstance(x, torch.Tensor):
                self.numbers = max(self.numbers, x.untyped_storage().nbytes() // 4)

        return result


def use(model: ae.Autoencoder, X: NDArray, y: NDArray | None = None) -> None:
    model.fit(X, y)
    model.reconstruct(X, y)

    if hasattr(model, "score_samples"):
        model.score_samples(X, y, n_samples=4)


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(work, id=name, marks=[pytest.mark.slow] if is_slow else [])
        for name, is_slow, work in [
            ("linear", True, lambda X: use(ae.linear(3), X)),
            ("pairs", False, lambda X: ae.linear(3).fit(X, corrupted=X[::-1].copy())),
            (
                "linear, labels",
                True,
                lambda X: use(ae.linear(3, conditional=True), X, np.arange(len(X)) % 2),
            ),
            ("denoising", True, lambda X: use(ae.denoising(3, **ONE_EPOCH), X)),
            (
                "vae, labels",
                True,
                lambda X: use(ae.vae(3, conditional=True, **ONE_EPOCH), X, np.arange(len(X)) % 2),
            ),
            (
                "detector",
                True,
                lambda X: OffManifoldDetector(n_folds=2).fit(X).score_samples(X),
            ),
            ("tangents", True, lambda X: Tangents(ae.linear(3).fit(X)).fit(X)),
        ]
    ],
)
def test_memory_is_not_quadratic_in_the_columns(work: Callable[[NDArray], Any]) -> None:
    X = np.random.default_rng(0).normal(size=(8, D))

    with Largest():
        work(X[:, :9])  # loads modules, which would count

    tracemalloc.start()

    try:
        with Largest() as tensors:
            work(X)

        _, arrays = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert tensors.numbers < D**2 / 4
    assert arrays < 8 * D**2 / 4


@pytest.mark.parametrize("shape", [(40, 7), (9, 30)], ids=["tall", "wide"])
def test_pairs_are_solved_as_scikit_learn_does(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=shape)
    U = X @ rng.normal(size=(shape[1], shape[1])) / 3 + 0.5 * rng.normal(size=shape)
    model = ae.linear(3, modality=ae.modalities.Tables(scaling="none")).fit(X, corrupted=U)

    M = LinearRegression().fit(U, X)
    V = PCA(3).fit(M.predict(U)).components_
    expected = X.mean(axis=0) + (M.predict(U) - X.mean(axis=0)) @ V.T @ V

    assert np.allclose(model.reconstruct(U), expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["counts", "flags", "categories"])
def test_wide_tables_are_loaded_again(kind: str, tmp_path) -> None:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.5, size=(20, 150 if kind == "categories" else 400))
    X = {"counts": counts, "flags": counts > 0, "categories": pd.DataFrame(counts).astype(str)}[
        kind
    ]
    model = ae.vae(1, layers=(4,), prior=ae.priors.StandardNormal(), **ONE_EPOCH).fit(X)
    model.save(tmp_path / "m.ae")

    assert np.array_equal(ae.load(tmp_path / "m.ae").transform(X), model.transform(X))


SCRIPT = """
import sys, tempfile
import numpy as np
import autoencode as ae
from memory import peak

X, y = np.random.default_rng(0).normal(size=(50, 20_000)), np.arange(50) % 3
recipe, conditional = sys.argv[1], sys.argv[2] == "labels"
options = {} if recipe == "linear" else {"training": ae.Training(epochs=1, show_progress=False)}
y = y if conditional else None

if recipe == "detector":
    ae.manifold.OffManifoldDetector(random_state=0).fit(X).explain(X)
else:
    model = getattr(ae, recipe)(8, conditional=conditional, random_state=0, **options).fit(X, y)
    model.transform(X, y), model.reconstruct(X, y)

    if hasattr(model, "sample"):
        model.sample(50, y=y), model.score_samples(X, y)

    model.save(path := tempfile.mkdtemp() + "/m.ae")
    ae.load(path)

print(peak())
"""


@pytest.mark.slow
@memory.linux
@pytest.mark.parametrize(
    ("recipe", "context"),
    [
        ("autoencoder", "none"),
        *(
            pytest.param(*case, marks=pytest.mark.by_hand)
            for case in [("vae", "labels"), ("linear", "none"), ("detector", "none")]
        ),
    ],
)
def test_twenty_thousand_columns_fit_in_memory(recipe: str, context: str) -> None:
    assert memory.printed(SCRIPT, recipe, context) < 1.2e9
