r"""A modality of your own: graphs with a fixed number of nodes."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

import autoencode as ae
from autoencode.common.arrays import tensor_of
from autoencode.distributions import Bernoulli, Family
from autoencode.modalities import Modality
from autoencode.modalities.capabilities import Readable, Writable
from autoencode.networks import FullyConnected, Network


class Graphs(Modality, Readable, Writable):
    r"""Undirected graphs, as adjacency matrices with shape `(N, nodes, nodes)`.

    Networks see the pairs of nodes, each once. A folder holds a file for each graph, with an
    edge in each line.

    Arguments:
        nodes: The number of nodes.
    """

    suffixes = (".npy", "")
    suffix = ".txt"

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes

    @classmethod
    def accepts(cls, X: object) -> bool:
        return X.is_dir() if isinstance(X, Path) else isinstance(X, np.ndarray) and X.ndim == 3

    def read(self, path: Path) -> tuple[NDArray, NDArray | None, list[str]]:
        files = sorted(path.glob("*.txt"))
        X = np.zeros((len(files), self.nodes, self.nodes), np.uint8)

        for x, file in zip(X, files):
            i, j = np.loadtxt(file, dtype=int, ndmin=2).reshape(-1, 2).T
            x[i, j] = x[j, i] = 1

        return X, None, [file.name for file in files]

    def fit(self, X: NDArray, support: Constraint = constraints.real) -> "Graphs":
        self.shape_ = (self.nodes * (self.nodes - 1) // 2,)
        self.load(X)

        return self

    def load(self, X: NDArray) -> Tensor:
        if X.shape[1:] != (self.nodes, self.nodes) or not np.array_equal(X, X.swapaxes(1, 2)):
            raise ValueError(
                f"expected symmetric matrices of {self.nodes} nodes, got shape {X.shape}."
            )

        return tensor_of(X)  # unchanged, so that data larger than memory stay in their file

    def normalize(self, x: Tensor) -> Tensor:
        i, j = torch.triu_indices(self.nodes, self.nodes, offset=1, device=x.device)
        return x[:, i, j].float()

    def restore(self, x: Tensor) -> NDArray:
        i, j = np.triu_indices(self.nodes, k=1)
        X = np.zeros((len(x), self.nodes, self.nodes), np.uint8)
        X[:, i, j] = X[:, j, i] = x.cpu().numpy() > 0.5

        return X

    def network(self) -> Network:
        return FullyConnected((128, 128))

    def likelihood(self) -> Family:
        return Bernoulli()

    def draw(self, p: Distribution) -> Tensor:
        return p.mean  # which `restore` rounds: edges drawn one by one break rings

    def write(self, path: Path, example: NDArray) -> None:
        np.savetxt(path, np.argwhere(np.triu(example)), fmt="%d")


def rings_and_stars(N: int, nodes: int, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
    r"""Returns adjacency matrices of rings and stars, and their kinds."""
    X, y = np.zeros((N, nodes, nodes), np.uint8), rng.choice(["ring", "star"], N)

    for x, kind in zip(X, y):
        chosen = (rng.integers(nodes) + np.arange(rng.integers(4, nodes + 1))) % nodes
        i, j = (chosen, np.roll(chosen, 1)) if kind == "ring" else (chosen[1:], chosen[0])
        x[i, j] = x[j, i] = 1

    return X, y


def main() -> None:
    r"""Trains, stores, loads and samples."""
    X, y = rings_and_stars(2000, 10, np.random.default_rng(0))
    training = ae.Training(epochs=60)
    vae = ae.vae(4, modality=Graphs(10), conditional=True, training=training, random_state=0)
    vae.fit(X, y).save("graphs.ae")

    loaded = ae.load("graphs.ae", trusted=Graphs)
    same = np.array_equal(vae.transform(X, y), loaded.transform(X, y))
    print(f"codes of the stored model are the same: {same}")

    exact = (loaded.reconstruct(X, y) == X).all(axis=(1, 2)).mean()
    print(f"{exact:.0%} of the graphs come back exactly from 4 numbers")

    for kind in ("ring", "star"):
        made = loaded.sample(500, y=kind, random_state=0)
        most = [graphs.sum(axis=1).max(axis=1).mean() for graphs in (X[y == kind], made)]
        print(f"most neighbors in a {kind}: {most[0]:.1f} on average, {most[1]:.1f} in new ones")

    loaded.modality_.write(Path("graph.txt"), loaded.sample(y="star", random_state=0)[0])
    print("wrote graphs.ae and a new graph to graph.txt")


if __name__ == "__main__":
    import graphs  # under the name that a stored model remembers its class by

    graphs.main()
