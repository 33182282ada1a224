r"""Classical densities: factor analysis, independent columns, and trigrams of letters."""

import math
import warnings
from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import FactorAnalysis

MIN_VARIANCE = 1e-6  # of scaled data, as the smallest scale of likelihoods is 1e-3


class Factors:
    r"""Factor analysis with a minimum variance; without factors, independent columns.

    Arguments:
        X: The rows.
        k: The number of factors.
        pseudo: The number of additional rows that are taken to vary by the mean variance of all
            columns. Where columns share a unit, some of them constant, one such row keeps the
            density finite.
    """

    def __init__(self, X: NDArray, k: int, pseudo: int = 0) -> None:
        self.mean, self.W, self.psi = X.mean(axis=0), np.zeros((0, X.shape[1])), X.var(axis=0)

        if k > 0:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = FactorAnalysis(k, random_state=0).fit(X)

            self.W, self.psi = model.components_, model.noise_variance_

        n = len(X)
        self.psi = (n * self.psi + pseudo * self.psi.mean()) / (n + pseudo)
        self.psi = np.maximum(self.psi, MIN_VARIANCE)

    def log_prob(self, X: NDArray) -> NDArray:
        r"""Returns the log-densities of rows, by the Woodbury identity."""
        X, V = X - self.mean, self.W / self.psi
        inner = np.eye(len(V)) + V @ self.W.T
        square = (X**2 / self.psi).sum(axis=1)
        square -= ((X @ V.T) * np.linalg.solve(inner, V @ X.T).T).sum(axis=1)
        log_det = np.log(self.psi).sum() + np.linalg.slogdet(inner)[1]

        return -(square + log_det + X.shape[1] * math.log(2 * math.pi)) / 2

    def sample(self, n: int, noise: bool) -> NDArray:
        rng = np.random.default_rng(0)
        X = self.mean + rng.normal(size=(n, len(self.W))) @ self.W
        return X + noise * np.sqrt(self.psi) * rng.normal(size=X.shape)


def better(X: NDArray, X_test: NDArray, code: int, pseudo: int = 0) -> Factors:
    r"""Returns the better factor analysis on held-out rows: of one factor or `code` factors."""
    most = max(1, min(code, X.shape[1] - 1, len(X) - 2))
    models = [Factors(X, k, pseudo) for k in {1, most}]

    return max(models, key=lambda model: model.log_prob(X_test).mean())


def independent_cells(train: pd.DataFrame, test: pd.DataFrame) -> NDArray:
    r"""Log-probabilities of rows under independent columns.

    Columns of words, and of numbers of which many rows share each, have the frequencies of their
    cells, one more of each and one unknown; other numbers are normal. Missing cells are left out.
    """
    total = np.zeros(len(test))

    for name in train:
        known, cells = train[name].dropna(), test[name]

        if pd.api.types.is_numeric_dtype(known) and known.nunique() > len(known) / 5:
            z = (cells.astype(float) - known.mean()) / (scale := known.std(ddof=0))
            found = -(z**2) / 2 - math.log(scale * math.sqrt(2 * math.pi))
        else:
            counts = known.value_counts()
            n = len(known) + len(counts) + 1
            found = np.log((cells.map(counts).astype(float).fillna(0) + 1) / n)

        total += found.where(cells.notna(), 0.0).to_numpy()

    return total


class Letters:
    r"""Trigram model of letters with Witten-Bell smoothing.

    Arguments:
        texts: What to learn from.
        past: How many letters before count; none for single letters.
    """

    def __init__(self, texts: list[str], past: int) -> None:
        self.past, self.counts, self.kinds, self.sums = past, Counter(), Counter(), Counter()

        for text in texts:
            for before, letter in self._steps(text):
                for k in range(past + 1):
                    key = before[past - k :]
                    self.kinds[key] += (key, letter) not in self.counts
                    self.counts[key, letter] += 1
                    self.sums[key] += 1

    def log_prob(self, texts: list[str]) -> NDArray:
        return np.array([sum(math.log(self._p(*step)) for step in self._steps(t)) for t in texts])

    def _steps(self, text: str) -> zip:
        text = "\0" * self.past + text + "\1"
        return zip((text[i : i + self.past] for i in range(len(text))), text[self.past :])

    def _p(self, before: str, letter: str) -> float:
        p = 1 / 256

        for k in range(self.past + 1):
            key = before[self.past - k :]

            if n := self.sums[key]:
                p = (self.counts[key, letter] + self.kinds[key] * p) / (n + self.kinds[key])

        return p
