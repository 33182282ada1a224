r"""Measures for each kind of data, the same for every model."""

import abc
from numbers import Real
from typing import Any

import by_hand
import classical
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from real_sets import RATE, Set
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from torch import Tensor

from autoencode.evaluation import log_spectral_distance
from autoencode.modalities import Sounds, Texts
from autoencode.modalities.text.edit_distance import edits

NOISE = 0.3  # for `denoising`, in units of scaled data


class Kind(abc.ABC):
    r"""Training and test examples, in the user's form and as vectors for other models.

    Whatever a model makes is brought to the user's form before it is judged.

    Attributes:
        x, x_test: Scaled vectors, with shape `(N, D)`.
    """

    noisy: Any = None  # damaged test examples
    means = False  # whether new examples are means instead of draws
    pseudo = 0  # rows that vary as all columns do, for classical densities

    def __init__(self, given: Set) -> None:
        self.train, self.test = given.split()
        self.code = given.code
        self.prepare()

    @abc.abstractmethod
    def prepare(self) -> None: ...

    @abc.abstractmethod
    def vectors(self, X: Any) -> NDArray:
        r"""Returns examples as scaled vectors."""

    @abc.abstractmethod
    def restore(self, x: NDArray) -> Any:
        r"""Returns scaled vectors as examples."""

    @abc.abstractmethod
    def errors(self, R: Any, whole: bool = False) -> NDArray:
        r"""Returns the distance of each test example to its reconstruction.

        With `whole`, columns count by their spread, as `linear` sees them.
        """

    # Baselines

    def mean(self, whole: bool = False) -> NDArray:
        return self.errors(
            self.restore(np.tile(self.x.mean(axis=0), (len(self.x_test), 1))), whole
        )

    def pca(self, code: int, x_test: NDArray, whole: bool = False) -> NDArray:
        pca = PCA(min(code, *self.x.shape), random_state=0).fit(self.x)
        return self.errors(self.restore(pca.inverse_transform(pca.transform(x_test))), whole)

    def densities(self) -> dict[str, NDArray]:
        self.factors = classical.better(self.x, self.x_test, self.code, self.pseudo)
        plain = classical.Factors(self.x, 0, self.pseudo)
        found = {"factor analysis": self.factors, "independent": plain}

        return {k: m.log_prob(self.x_test) - self.log_unit() for k, m in found.items()}

    def log_unit(self) -> float:
        return 0.0

    def new(self, n: int) -> Any:
        r"""Returns new examples of the classical density."""
        return self.restore(self.factors.sample(n, noise=not self.means))

    # By hand

    def shaped(self, x: NDArray) -> Tensor:
        return torch.tensor(x, dtype=torch.float32)

    def plain(self, **options: Any) -> by_hand.Plain:
        return by_hand.Plain(self.shaped(self.x), self.code, **options)

    def reconstructed(self, model: by_hand.Plain, x: NDArray) -> Any:
        return self.restore(by_hand.run(model, self.shaped(x)).reshape(len(x), -1))

    def evidence(self, model: by_hand.Plain) -> NDArray:
        parts = self.shaped(self.x_test).split(128)
        return (
            np.concatenate([model.evidence(x).double().numpy() for x in parts]) - self.log_unit()
        )

    def new_by_hand(self, model: by_hand.Plain, n: int) -> Any:
        x = model.sample(n)
        scale = 0 if self.means else float(model.log_scale.detach().exp())
        return self.restore((x + scale * torch.randn_like(x)).reshape(n, -1).numpy())

    # New examples

    def spread(self, new: Any) -> float:
        r"""Returns the standard deviation of new examples over that of the data, a median."""
        x = self.vectors(new)
        there = self.x.std(axis=0) > 0.01
        return float(np.median(x[:, there].std(axis=0) / self.x[:, there].std(axis=0)))

    def auc(self, new: Any) -> float:
        r"""Returns the area under the ROC curve of a classifier of new against test examples."""
        x, x_new = self.x_test, self.vectors(new)[: len(self.x_test)]

        if x.shape[1] > 100:
            pca = PCA(min(30, *self.x.shape), random_state=0).fit(self.x)
            x, x_new = pca.transform(x), pca.transform(x_new)

        return _auc(RandomForestClassifier(100, min_samples_leaf=2, random_state=0), x, x_new)


def _auc(judge: Any, real: Any, new: Any) -> float:
    n = min(len(real), len(new))
    x = np.concatenate([real[:n], new[:n]])
    y = np.r_[np.zeros(n), np.ones(n)]
    p = cross_val_predict(judge, x, y, cv=3, method="predict_proba")[:, 1]

    return float(roc_auc_score(y, p))


class Numbers(Kind):
    r"""Columns in units of their standard deviation, without constant ones."""

    def prepare(self) -> None:
        self.loc, self.scale = self.train.mean(axis=0), self.train.std(axis=0)
        self.live = self.train.min(axis=0) < self.train.max(axis=0)
        self.x, self.x_test = self.vectors(self.train), self.vectors(self.test)
        rng = np.random.default_rng(0)
        self.noisy = self.test + NOISE * self.scale * rng.normal(size=self.test.shape)

    def vectors(self, X: NDArray) -> NDArray:
        return ((X - self.loc) / np.where(self.live, self.scale, 1))[:, self.live]

    def restore(self, x: NDArray) -> NDArray:
        X = np.tile(self.loc, (len(x), 1))
        X[:, self.live] += x * self.scale[self.live]

        return X

    def errors(self, R: NDArray, whole: bool = False) -> NDArray:
        residual = self.vectors(R) - self.x_test

        if whole:  # one unit for all columns
            scale = self.scale[self.live]
            residual = residual * scale / np.sqrt(np.square(scale).mean())

        return np.square(residual).mean(axis=1)

    def pca(self, code: int, x_test: NDArray, whole: bool = False) -> NDArray:
        if not whole:
            return super().pca(code, x_test)

        scale = self.scale[self.live]
        pca = PCA(min(code, *self.x.shape)).fit(self.x * scale)
        x = pca.inverse_transform(pca.transform(x_test * scale)) / scale

        return self.errors(self.restore(x), whole)

    def log_unit(self) -> float:
        return float(np.log(self.scale[self.live]).sum())


class Mixed(Kind):
    r"""Numbers in units of their standard deviation, and indicators of levels.

    The error of a number that is there is squared, that of a level zero or one; a row has the mean
    over its cells. Levels are those of the greatest indicator for every model.
    """

    def prepare(self) -> None:
        numeric = [pd.api.types.is_numeric_dtype(self.train[name]) for name in self.train]
        self.number_names = self.train.columns[numeric]
        self.level_names = self.train.columns[~np.array(numeric)]
        numbers = self.train[self.number_names].astype(float)
        self.loc, self.scale = numbers.mean(), numbers.std(ddof=0).replace(0, 1)
        self.levels = {k: np.unique(_words(self.train[k].dropna())) for k in self.level_names}
        self.sizes = [len(v) for v in self.levels.values()]
        self.x, self.x_test = self.vectors(self.train), self.vectors(self.test)

    def vectors(self, X: pd.DataFrame) -> NDArray:
        numbers = (X[self.number_names].astype(float) - self.loc) / self.scale
        parts = [numbers.fillna(0).to_numpy()]
        parts += [_words(X[k])[:, None] == levels for k, levels in self.levels.items()]

        return np.concatenate(parts, axis=1).astype(float)

    def restore(self, x: NDArray) -> pd.DataFrame:
        n = len(self.number_names)
        found = dict(
            zip(self.number_names, (x[:, :n] * self.scale.to_numpy() + self.loc.to_numpy()).T)
        )
        parts = np.split(x[:, n:], np.cumsum(self.sizes)[:-1], axis=1) if self.sizes else []
        found |= {k: v[p.argmax(axis=1)] for (k, v), p in zip(self.levels.items(), parts)}

        return pd.DataFrame(found)

    def errors(self, R: pd.DataFrame, whole: bool = False) -> NDArray:
        numbers = (R[self.number_names].astype(float) - self.loc) / self.scale
        truth = (self.test[self.number_names].astype(float) - self.loc) / self.scale
        cells = [np.square(numbers.fillna(0).to_numpy() - truth.to_numpy())]
        cells += [
            np.where(self.test[k].isna(), np.nan, _words(R[k]) != _words(self.test[k]))[:, None]
            for k in self.level_names
        ]

        return np.nanmean(np.concatenate(cells, axis=1).astype(float), axis=1)

    def densities(self) -> dict[str, NDArray]:
        return {"independent": classical.independent_cells(self.train, self.test)}

    def log_unit(self) -> NDArray:
        there = self.test[self.number_names].notna().to_numpy()
        return there @ np.log(self.scale.to_numpy())

    def new(self, n: int) -> pd.DataFrame:
        r"""Returns rows whose cells are drawn independently."""
        rng = np.random.default_rng(0)
        return pd.DataFrame(
            {
                k: self.train[k].to_numpy()[rng.integers(len(self.train), size=n)]
                for k in self.train
            }
        )

    def plain(self, **options: Any) -> by_hand.Plain:
        n = len(self.number_names)
        return by_hand.PlainMixed(self.shaped(self.x), self.code, n, self.sizes, **options)

    def new_by_hand(self, model: by_hand.Plain, n: int) -> pd.DataFrame:
        return self.restore(model.sample(n).numpy())


def _words(cells: pd.Series) -> NDArray:
    r"""Returns cells as text, empty where one is missing; equal numbers have one spelling."""
    return np.array(["" if pd.isna(cell) else _word(cell) for cell in cells])


def _word(cell: Any) -> str:
    return f"{cell:g}" if isinstance(cell, Real) and not isinstance(cell, bool) else str(cell)


class Pictures(Kind):
    r"""Intensities from 0 to 1."""

    means = True

    def prepare(self) -> None:
        self.x, self.x_test = self.vectors(self.train), self.vectors(self.test)
        noise = NOISE * 255 * np.random.default_rng(0).normal(size=self.test.shape)
        self.noisy = np.rint(self.test + noise).clip(0, 255).astype(np.uint8)

    def vectors(self, X: NDArray) -> NDArray:
        return X.reshape(len(X), -1) / 255

    def restore(self, x: NDArray) -> NDArray:
        return 255 * x.reshape(-1, *self.train.shape[1:])

    def shaped(self, x: NDArray) -> Tensor:
        shape = (*self.train.shape[1:], 1)[:3]
        return torch.tensor(x.reshape(-1, *shape), dtype=torch.float32).movedim(-1, 1)

    def reconstructed(self, model: by_hand.Plain, x: NDArray) -> NDArray:
        return self._channels_last(by_hand.run(model, self.shaped(x)))

    def new_by_hand(self, model: by_hand.Plain, n: int) -> NDArray:
        return self._channels_last(model.sample(n).numpy())

    def errors(self, R: NDArray, whole: bool = False) -> NDArray:
        R = self.vectors(R).clip(0, 1)
        return np.square(R - self.x_test).mean(axis=1)

    def _channels_last(self, x: NDArray) -> NDArray:
        return self.restore(np.moveaxis(x, 1, -1))


class Waves(Kind):
    r"""Log-mel spectra; errors are log-spectral distances of waveforms, in dB."""

    means = True
    pseudo = 1  # bands that are empty in all recordings but one would decide the mean

    def prepare(self) -> None:
        self.modality = Sounds(rate=RATE).fit(self.train)
        self.waves = self.modality.load(self.test).numpy()[..., 0]
        self.x, self.x_test = self.vectors(self.train), self.vectors(self.test)

    def vectors(self, X: Any) -> NDArray:
        x = self.modality.normalize(self.modality.load([*X]))
        self.shape = x.shape[1:]
        return x.flatten(start_dim=1).double().numpy()

    def restore(self, x: NDArray) -> NDArray:
        return self.modality.restore(torch.from_numpy(x).float().reshape(len(x), *self.shape))

    def errors(self, R: NDArray, whole: bool = False) -> NDArray:
        n = self.waves.shape[1]
        R = np.stack([np.pad(r[:n], (0, max(0, n - len(r)))) for r in R])
        return log_spectral_distance(self.waves, R, (256, 512, 1024, 2048)).numpy()


class Words(Kind):
    r"""Texts; errors are edits."""

    def prepare(self) -> None:
        self.modality = Texts().fit([*self.train, *self.test])
        letters = sorted({c for text in [*self.train, *self.test] for c in text})
        self.letters = {c: i for i, c in enumerate(letters)}
        self.symbols, self.length = len(letters) + 1, max(map(len, [*self.train, *self.test])) + 1
        self.x, self.x_test = self.vectors(self.train), self.vectors(self.test)
        rng = np.random.default_rng(0)
        self.noisy = [
            "".join(rng.choice(letters) if rng.random() < 0.1 else c for c in t) for t in self.test
        ]

    def rows(self, X: Any) -> NDArray:
        rows = np.full((len(X), self.length), self.symbols - 1)

        for row, text in zip(rows, X):
            found = [self.letters[c] for c in text if c in self.letters][: self.length - 1]
            row[: len(found)] = found

        return rows

    def vectors(self, X: Any) -> NDArray:
        return np.eye(self.symbols)[self.rows(X)].reshape(len(X), -1)

    def shaped(self, x: NDArray) -> Tensor:
        return torch.from_numpy(x.reshape(len(x), self.length, self.symbols).argmax(axis=2))

    def restore(self, x: NDArray) -> list[str]:
        return self.spelled(x.reshape(len(x), self.length, self.symbols).argmax(axis=2))

    def spelled(self, rows: NDArray) -> list[str]:
        known, end = [*self.letters, "\n"], self.symbols - 1
        return [
            "".join(known[i] for i in row).partition("\n")[0]
            if end in row
            else "".join(known[i] for i in row)
            for row in rows
        ]

    def errors(self, R: Any, whole: bool = False) -> NDArray:
        longest = self.modality.shape_[0] - 1
        R = [r.encode()[:longest].decode(errors="ignore") for r in R]
        a, b = self.modality.load(self.test), self.modality.load(R)
        return edits(a, b, end=255).double().numpy()

    def mean(self, whole: bool = False) -> NDArray:
        r"""Returns edit distances to the most typical of a hundred texts."""
        some = self.modality.load(self.train[:100])
        total = [float(edits(some, row.expand_as(some), end=255).double().sum()) for row in some]
        return self.errors([self.train[int(np.argmin(total))]] * len(self.test))

    def densities(self) -> dict[str, NDArray]:
        models = {
            "trigrams": classical.Letters(self.train, 2),
            "independent": classical.Letters(self.train, 0),
        }
        return {k: model.log_prob(self.test) for k, model in models.items()}

    def new(self, n: int) -> list[str]:
        r"""Returns texts of letters drawn independently at each position."""
        rng, rows = np.random.default_rng(0), self.rows(self.train)
        return self.spelled(
            np.stack([rng.permuted(np.resize(column, n)) for column in rows.T], axis=1)
        )

    def plain(self, **options: Any) -> by_hand.Plain:
        return by_hand.PlainTexts(self.shaped(self.x), self.code, self.symbols, **options)

    def reconstructed(self, model: by_hand.Plain, x: NDArray) -> list[str]:
        return self.spelled(by_hand.run(model, self.shaped(x)))

    def new_by_hand(self, model: by_hand.Plain, n: int) -> list[str]:
        return self.spelled(model.sample(n).numpy())

    def spread(self, new: Any) -> float:
        r"""Returns the standard deviation of the lengths over that of the data."""
        return float(np.std([*map(len, new)]) / np.std([*map(len, self.train)]))

    def auc(self, new: Any) -> float:
        vectors = HashingVectorizer(analyzer="char", ngram_range=(1, 3), n_features=2**11)
        x, x_new = (vectors.transform([*X]).toarray() for X in (self.test, new))
        return _auc(LogisticRegression(C=10, max_iter=300), x, x_new)


KINDS = {"numbers": Numbers, "mixed": Mixed, "images": Pictures, "sounds": Waves, "texts": Words}
