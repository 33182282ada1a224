r"""Speed of two shortcuts beside torch's own way: optimizer and convolutions.

The fused AdamW steps all weights of a fully connected network, and is compared with
`torch.optim.AdamW`, fused and not. Directions are pushed through the decoder of a convolutional
network with and without the rule that convolutions are linear. Times are those of the processor on
one thread, the least of several runs in turn.

    python benchmarks/shortcuts.py
"""

import contextlib
import itertools
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import report
import torch
from torch import nn

from autoencode.manifold import jacobians
from autoencode.networks import Convolutional
from autoencode.training.adamw import AdamW

REPEATS = 9


def least(ways: dict[str, Callable[[], object]], n: int) -> dict[str, float]:
    r"""The least processor time of each way, in milliseconds."""
    spent: dict[str, list[float]] = {name: [] for name in ways}

    for _ in range(REPEATS):
        for name, run in ways.items():
            start = time.process_time()

            for _ in range(n):
                run()

            spent[name].append(1000 * (time.process_time() - start) / n)

    return {name: min(times) for name, times in spent.items()}


def steps(make: Callable[[nn.Module], Any], sizes: tuple[int, ...]) -> Callable[[], None]:
    module = nn.Sequential(*(nn.Linear(a, b) for a, b in itertools.pairwise(sizes)))
    module(torch.randn(64, sizes[0])).square().mean().backward()
    gradient = [p.grad for p in module.parameters()]
    optimizer = make(module)

    def step() -> None:
        for p, g in zip(module.parameters(), gradient):
            p.grad = g

        optimizer.step()

    return step


def optimizers(*sizes: int) -> dict[str, float]:
    adamw = torch.optim.AdamW
    makers: dict[str, Callable[[nn.Module], Any]] = {
        "`AdamW` of autoencode": lambda m: AdamW(m, 1e-3),
        "`torch.optim.AdamW(fused=True)`": lambda m: adamw(m.parameters(), fused=True),
        "`torch.optim.AdamW(foreach=True)`": lambda m: adamw(m.parameters(), foreach=True),
    }
    return least({name: steps(make, sizes) for name, make in makers.items()}, 10)


def directions() -> dict[str, float]:
    decoder = Convolutional().decoder(8, (1, 28, 28))
    z, V = torch.randn(16, 8), torch.randn(8, 16, 8)

    def push() -> None:
        with torch.no_grad():
            jacobians.pushforward(decoder, z, V)

    def by_torch() -> None:
        with mock.patch.object(jacobians, "_LinearConvolutions", contextlib.nullcontext):
            push()

    return least({"convolutions as linear maps": push, "torch's rule": by_torch}, 3)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = []

    for what, measure in {
        "a step of AdamW, 8-64-2-64-8": lambda: optimizers(8, 64, 2, 64, 8),
        "a step of AdamW, 784-512-16-512-784": lambda: optimizers(784, 512, 16, 512, 784),
        "8 directions through a decoder of images, 16 codes": directions,
    }.items():
        rows += [[what, way, f"{ms:.2f}"] for way, ms in measure().items()]

    notes = f"Processor time on one thread: the least of {REPEATS} runs in turn."
    title = "Shortcuts beside torch's own way"
    report.write("shortcuts", title, ["work", "way", "milliseconds"], rows, notes)


if __name__ == "__main__":
    main()
