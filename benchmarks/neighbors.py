r"""Speed of 15-nearest-neighbor graphs and trustworthiness, against other packages.

Needs `pip install faiss-cpu pynndescent`. `--large` adds a million points, and hours. All packages
run on one thread, and the seconds are the processor's: they do not depend on what else is running.
"""

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
import report
import sklearn.manifold
import torch
from sklearn.neighbors import NearestNeighbors

from autoencode.manifold.neighbors.exact import knn
from autoencode.manifold.neighbors.graph import NeighborGraph
from autoencode.manifold.preservation.neighborhoods import trustworthiness

K = 15
D = 32
SAMPLE = 1000

Row = list[str]


def gaussian(N: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(N, D)).astype(np.float32)


def clustered(N: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    centers = 4 * rng.normal(size=(100, D))
    return (centers[rng.integers(100, size=N)] + rng.normal(size=(N, D))).astype(np.float32)


def timed(f: Callable, *args) -> tuple[float, object]:
    start = time.process_time()
    result = f(*args)
    return time.process_time() - start, result


def ours(X: np.ndarray) -> Iterator[tuple[str, float, np.ndarray]]:
    seconds, graph = timed(NeighborGraph(n_neighbors=K, random_state=0).fit, X)
    yield "`NeighborGraph(n_neighbors=15)`", seconds, graph.indices_


def hnsw(X: np.ndarray) -> Iterator[tuple[str, float, np.ndarray]]:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(D, 32)
    building, _ = timed(index.add, X)

    for effort in (64, 128, 256):
        index.hnsw.efSearch = effort
        seconds, (_, found) = timed(index.search, X, K + 1)
        yield f"faiss HNSW 32, efSearch {effort}", building + seconds, found


def descent(X: np.ndarray) -> Iterator[tuple[str, float, np.ndarray]]:
    def search(k: int) -> np.ndarray:
        from pynndescent import NNDescent

        graph, _ = NNDescent(X, n_neighbors=k, random_state=0, n_jobs=1).neighbor_graph
        return graph[:, : K + 1]

    if not warm:
        yield "pynndescent, with its warm-up", *timed(search, K + 1)
        warm.append(True)

    yield "pynndescent, warm", *timed(search, K + 1)
    yield "pynndescent of 60 neighbors, warm", *timed(search, 60)


def brute_force(X: np.ndarray) -> Iterator[tuple[str, float, np.ndarray]]:
    reference = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(X)
    seconds, (_, found) = timed(reference.kneighbors)
    yield "scikit-learn, brute force", seconds, found


warm: list[bool] = []


def graphs(make: Callable[[int], np.ndarray], N: int, peers: tuple[Callable, ...]) -> list[Row]:
    X, rows = make(N), []
    at = np.random.default_rng(1).choice(N, SAMPLE, replace=False)
    x = torch.tensor(X)
    truth = knn(x, K, x[at], self_indices=torch.tensor(at))[1].numpy()

    for peer in peers:
        for name, seconds, found in peer(X):
            recall = np.mean([len(np.intersect1d(a, b)) / K for a, b in zip(truth, found[at])])
            rows.append([f"{make.__name__}, {N:,}", name, f"{seconds:.1f}", f"{recall:.4f}"])
            print(rows[-1], flush=True)

    return rows


def trust(N: int, n_samples: int | None) -> Iterator[Row]:
    X = np.random.default_rng(0).normal(size=(N, 50))
    Z = X[:, :10] + 0.5 * np.random.default_rng(1).normal(size=(N, 10))

    seconds, (value, error) = timed(trustworthiness, X, Z, 5, n_samples, 0)
    name = "all points" if n_samples is None else f"{n_samples:,} points drawn"
    yield [f"{N:,}", f"`trustworthiness`, {name}", f"{seconds:.1f}", f"{value:.4f} ± {error:.4f}"]

    if n_samples is None:
        seconds, value = timed(lambda: sklearn.manifold.trustworthiness(X, Z, n_neighbors=5))
        yield [f"{N:,}", "scikit-learn", f"{seconds:.1f}", f"{value:.4f}"]


def write(graphs: list[Row], trusts: list[Row]) -> None:
    table = [["points of 50 numbers", "", "seconds", "trustworthiness"], 4 * ["---"], *trusts]
    report.write(
        "neighbors",
        "Neighbors",
        [f"points of {D} numbers", f"graph of the {K} nearest", "seconds", "recall"],
        graphs,
        f"Recall is of the true neighbors of {SAMPLE:,} points. Seconds are of building and"
        " searching together, of the processor, on one thread. Clustered points are around 100"
        " centers. Pynndescent compiles itself in its first call of a process, which is its"
        " warm-up.\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in table),
    )


def main(large: bool = False) -> None:
    torch.set_num_threads(1)
    rows = []

    for make in (gaussian, clustered):
        for N in (10_000, 60_000, 100_000):
            rows += graphs(make, N, (ours, hnsw, descent, brute_force))

        if large:
            rows += graphs(make, 1_000_000, (ours, hnsw, descent))

    write(rows, [*trust(10_000, None), *trust(100_000, 2_000)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="also a million points")
    main(parser.parse_args().large)
