r"""Recovery of planted dictionaries by the recipe `sparse`, beside that of scikit-learn.

    python benchmarks/dictionaries.py [seconds] [seeds]

20,000 rows of 32 numbers are sums of 4 of 64 random unit atoms, with weights between 0.5 and 1.5,
noise of 0.01, and a mean that is zero or far from it. The figure is the mean over planted atoms of
the largest cosine with a learned one.
"""

import sys
import time

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import MiniBatchDictionaryLearning

import autoencode as ae

N, D, ATOMS, K = 20_000, 32, 64, 4


def planted(mean: float, seed: int) -> tuple[NDArray, NDArray]:
    r"""Returns rows, with shape `(N, D)`, and their atoms, with shape `(ATOMS, D)`."""
    rng = np.random.default_rng(seed)
    A = unit(rng.normal(size=(ATOMS, D)))
    on = rng.random((N, ATOMS)).argsort(axis=1) < K
    Z = on * rng.uniform(0.5, 1.5, size=on.shape)

    return Z @ A + 0.01 * rng.normal(size=(N, D)) + mean * rng.normal(size=D), A


def unit(W: NDArray) -> NDArray:
    r"""Returns rows of length one."""
    return W / np.linalg.norm(W, axis=1, keepdims=True)


def main() -> None:
    r"""Prints a row for each mean and seed."""
    seconds = float((sys.argv[1:2] or ["40"])[0])
    seeds = int((sys.argv[2:3] or ["3"])[0])
    print("| mean | seed | sparse | dead units | scikit-learn | seconds of scikit-learn |")
    print(f"|{' --- |' * 6}")

    for mean in (0.0, 20.0):
        for seed in range(seeds):
            X, A = planted(mean, seed)
            training = ae.Training(time_budget=seconds, show_progress=False)
            model = ae.recipes.sparse(ATOMS, k=K, random_state=seed, training=training).fit(X)
            learned = model.model_.decoder.network.atoms.detach().numpy()
            dead = float((model.units(X).rate == 0).mean())

            start = time.perf_counter()
            peer = MiniBatchDictionaryLearning(
                ATOMS, alpha=0.1, batch_size=256, max_iter=100, random_state=seed,
                positive_code=True, fit_algorithm="cd", max_no_improvement=None,
            ).fit(X - X.mean(axis=0))  # fmt: skip
            spent = time.perf_counter() - start
            ours, theirs = (
                np.abs(A @ unit(W).T).max(axis=1).mean()
                for W in (learned if len(learned) == ATOMS else learned.T, peer.components_)
            )
            print(f"| {mean:g} | {seed} | {ours:.3f} | {dead:.3f} | {theirs:.3f} | {spent:.0f} |")


if __name__ == "__main__":
    main()
