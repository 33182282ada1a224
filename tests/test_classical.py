r"""Tests that no default model of a table is far worse than a classical one of the same size.

The law, on rows that were held out: the log-density of a VAE is within a few nats of the better of
two factor analyses, its new rows are spread as the data are, and an autoencoder loses little more
than as many principal components.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.preprocessing import StandardScaler

import autoencode as ae

RNG = np.random.default_rng(5)


def _bunch(load: Callable) -> Callable[[], tuple[NDArray, NDArray]]:
    return lambda: load(return_X_y=True)


def _quarters(load: Callable) -> Callable[[], tuple[NDArray, NDArray]]:
    def loaded() -> tuple[NDArray, NDArray]:
        X, y = load(return_X_y=True)
        return X, np.digitize(y, np.quantile(y, [0.25, 0.5, 0.75]))

    return loaded


def _made(X: NDArray) -> Callable[[], tuple[NDArray, NDArray]]:
    r"""A made table, with labels that say nothing of it."""
    return lambda: (X, np.arange(len(X)) % 3)


SETS = {
    "iris": _bunch(datasets.load_iris),
    "wine": _bunch(datasets.load_wine),
    "breast cancer": _bunch(datasets.load_breast_cancer),
    "diabetes": _quarters(datasets.load_diabetes),
    "linnerud": _bunch(datasets.load_linnerud),
    "noise": _made(RNG.normal(size=(500, 4))),
    "wide noise": _made(RNG.normal(size=(20, 50))),
    "rank deficient": _made(
        RNG.normal(size=(400, 3)) @ RNG.normal(size=(3, 6)) * [1, 10, 0.1, 1, 1, 5]
        + 1e-6 * RNG.normal(size=(400, 6))
    ),
    "constants": _made(np.c_[RNG.normal(size=(300, 4)), np.ones((300, 8))]),
}

GRID = [(name, d, labels) for name in SETS for d in (2, 4, 8, 16, 64) for labels in (False, True)]
CHOSEN = {
    ("iris", 4, False),
    ("linnerud", 8, False),
    ("wide noise", 64, False),
    ("constants", 8, True),
}


def cases(*everyday: tuple) -> list:
    r"""All cases, with marks; all 90 take half an hour of a processor."""
    return [
        pytest.param(
            *case,
            id="-".join(map(str, case)),
            marks=[
                *([] if case in CHOSEN else [pytest.mark.by_hand]),
                *([] if case in everyday else [pytest.mark.slow]),
            ],
        )
        for case in GRID
    ]


class Case(NamedTuple):
    r"""Rows to train on and others, their labels or `None`, and what scales the columns."""

    train: NDArray
    test: NDArray
    y: NDArray | None
    y_test: NDArray | None
    scaler: StandardScaler

    @property
    def live(self) -> NDArray:
        return self.scaler.var_ > 0

    def scaled(self, X: NDArray) -> NDArray:
        return self.scaler.transform(X)[:, self.live]


def part(name: str, labels: bool) -> Case:
    X, y = SETS[name]()
    order = np.random.default_rng(0).permutation(len(X))
    train, test = np.split(order, [len(X) * 2 // 3])
    known = (y[train], y[test]) if labels else (None, None)

    return Case(X[train], X[test], *known, StandardScaler().fit(X[train]))


def fitted(recipe: Callable, case: Case, d: int) -> ae.Autoencoder:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a size is too large is said, and no fault
        return recipe(d, conditional=case.y is not None, random_state=0).fit(case.train, case.y)


def factor_analysis(case: Case, d: int) -> float:
    r"""The held-out log-density of the better of two numbers of factors, in the user's units."""
    A, B = case.scaled(case.train), case.scaled(case.test)
    most = max(1, min(d, A.shape[1] - 1, len(A) - 2))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = max(FactorAnalysis(k).fit(A).score(B) for k in {1, most})

    return float(found - np.log(case.scaler.scale_[case.live]).sum())


@pytest.mark.parametrize(("name", "d", "labels"), cases())
def test_density_is_near_that_of_factor_analysis(name: str, d: int, labels: bool) -> None:
    case = part(name, labels)
    model = fitted(ae.vae, case, d)
    found = float(model.score_samples(case.test, case.y_test).mean())
    D = int(case.live.sum())

    assert found >= factor_analysis(case, d) - max(2.0, 0.15 * D)

    new = np.asarray(model.sample(2000, y=_many(case.y, 2000), random_state=1))
    ratio = new[:, case.live].std(axis=0) / case.train[:, case.live].std(axis=0)

    assert 2 / 3 <= ratio.min() <= ratio.max() <= 4 / 3
    assert (new[:, ~case.live] == case.train[0, ~case.live]).all()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "d", "labels"), cases(("linnerud", 8, False)))
def test_error_is_near_that_of_principal_components(name: str, d: int, labels: bool) -> None:
    case = part(name, labels)
    A, B = case.scaled(case.train), case.scaled(case.test)
    pca = PCA(min(d, *A.shape)).fit(A)
    linear = np.square(B - pca.inverse_transform(pca.transform(B))).sum(axis=1).mean()

    R = fitted(ae.autoencoder, case, d).reconstruct(case.test, case.y_test)
    error = np.square(B - case.scaled(R)).sum(axis=1).mean()

    assert error <= max(1.1 * linear, 0.01 * B.shape[1])


def _many(y: NDArray | None, n: int) -> NDArray | None:
    return None if y is None else np.resize(y, (n, *y.shape[1:]))
