r"""Geodesics between MNIST digits, 100 at once with 64 points each: seconds and lengths.

The model is an autoencoder with a hidden layer of 512 units and codes of 16 numbers. Beside ours
stand the same energy under other optimizers: L-BFGS and Adam on the points themselves.
"""

import time

import data
import numpy as np
import report
import torch

import autoencode as ae
from autoencode.manifold.codec import as_codec
from autoencode.manifold.geodesics.geodesics import Geodesics
from autoencode.manifold.geodesics.riemannian_metrics import RiemannianMetric, pullback
from autoencode.manifold.neighbors.graph import NeighborGraph

N, POINTS = 100, 64


def on_points(
    metric: RiemannianMetric, z: torch.Tensor, optimizer: str, steps: int
) -> torch.Tensor:
    r"""The inner points of curves after some steps without a change of coordinates."""
    moves = torch.zeros_like(z[:, 1:-1], requires_grad=True)
    energy = metric.squared_lengths(z).sum(dim=1).detach()

    def moved() -> torch.Tensor:
        return z + torch.nn.functional.pad(moves, (0, 0, 1, 1))

    def closure() -> torch.Tensor:
        loss = (metric.squared_lengths(moved()).sum(dim=1) / energy).mean()
        (moves.grad,) = torch.autograd.grad(loss, moves)
        return loss

    if optimizer == "L-BFGS":
        options = {"line_search_fn": "strong_wolfe", "history_size": 20, "max_iter": steps}
        torch.optim.LBFGS([moves], tolerance_grad=0, tolerance_change=0, **options).step(closure)
    else:
        adam = torch.optim.Adam([moves], lr=0.01)

        for _ in range(steps):
            closure()
            adam.step()

    return moved().detach()


def main() -> None:
    mnist = ae.datasets.mnist(data.mnist())
    model = ae.autoencoder(
        16, layers=(512,), training=ae.Training(epochs=5, show_progress=False), random_state=0
    ).fit(mnist.X[:20000])

    pairs = np.random.default_rng(0).permutation(10000)[: 2 * N].reshape(2, N)
    za, zb = (torch.from_numpy(model.transform(mnist.X_test[i])) for i in pairs)
    codec = as_codec(model)
    metric = pullback(codec)
    line = torch.lerp(za[:, None], zb[:, None], torch.linspace(0, 1, POINTS)[:, None])

    graph = NeighborGraph(n_neighbors=15).fit(model.transform(mnist.X[:20000]))
    curves = {
        "straight line": lambda: line,
        "`Geodesics(model)`": lambda: Geodesics(model).path(za, zb),
        "`Geodesics(model, graph=G)`": lambda: Geodesics(model, graph=graph).path(za, zb),
        "L-BFGS on points, 20 steps": lambda: on_points(metric, line, "L-BFGS", 20),
        "L-BFGS on points, 50 steps": lambda: on_points(metric, line, "L-BFGS", 50),
        "Adam on points, 100 steps": lambda: on_points(metric, line, "Adam", 100),
    }
    rows, longest = [], None

    for name, curve in curves.items():
        start = time.perf_counter()

        with codec.evaluating():
            z = curve()

        seconds = time.perf_counter() - start
        lengths = Geodesics(model).length(z)
        longest = lengths if longest is None else longest
        rows.append([name, f"{(lengths / longest).mean():.4f}", f"{seconds:.1f}"])
        print(rows[-1], flush=True)

    report.write(
        "geodesics",
        f"{N} geodesics of {POINTS} points between MNIST digits",
        ["curves", "length", "seconds"],
        rows,
        "Lengths are those of the decoded curves, on average over pairs of test digits, relative"
        " to the straight line's. The graph has 20,000 codes of training digits, 15 neighbors.",
    )


if __name__ == "__main__":
    main()
