r"""Label spreading: twenty digits are labeled, and the others follow their neighbors."""

import numpy as np
from sklearn.semi_supervised import LabelSpreading

import autoencode as ae
from autoencode import manifold

digits = ae.datasets.digits()
training = ae.Training(epochs=60)
model = ae.denoising(8, layers=(128,), training=training, random_state=0).fit(digits.X)


def labeled(rows: np.ndarray) -> np.ndarray:
    r"""Returns the labels of some examples, and -1 for the others."""
    known = np.full(len(digits.y), -1)
    known[rows] = digits.y[rows]
    return known


def accuracy(labels: np.ndarray, known: np.ndarray) -> float:
    r"""Returns the accuracy where labels were unknown."""
    return (labels == digits.y)[known < 0].mean()


draws = [np.random.default_rng(seed).permutation(len(digits.y))[:20] for seed in range(10)]
print("labels that are right, of the others, when 20 were")
print("          spread out  at random  at random, by scikit-learn")

for name, Z in {"codes": model.transform(digits.X), "pixels": digits.X.reshape(-1, 64)}.items():
    graph = manifold.NeighborGraph(n_neighbors=10).fit(Z)
    best = labeled(manifold.select_landmarks(graph, 20, "kcenter"))
    spread = accuracy(manifold.label_spreading(graph, best).labels, best)
    ours = [accuracy(manifold.label_spreading(graph, y).labels, y) for y in map(labeled, draws)]

    peer = LabelSpreading(kernel="knn", n_neighbors=10, alpha=0.9, max_iter=1000)
    theirs = [accuracy(peer.fit(Z, y).transduction_, y) for y in map(labeled, draws)]
    print(f"  {name:<6}  {spread:>10.0%}  {np.mean(ours):>9.0%}  {np.mean(theirs):>26.0%}")
