r"""Minibatches, resident on the device."""

__all__ = ["Batches", "Examples"]

import math
from collections.abc import Iterator
from typing import NamedTuple
import torch
from torch import Tensor


class Examples(NamedTuple):
    r"""What a training step is given: one row per example in each tensor."""

    target: Tensor
    r"""What the decoder is asked for, as it came, with shape `(N, *)`."""

    corrupted: Tensor | None = None
    r"""What the encoder sees, where the user has it, with shape `(N, *)`."""

    context: Tensor | None = None
    r"""The context of a conditional model, with shape `(N, C)`."""

    def __getitem__(self, index: Tensor | slice) -> "Examples":  # type: ignore[override]
        return Examples(*(None if t is None else t[index] for t in self))

    def split(self, size: int) -> Iterator["Examples"]:
        r"""Yields the examples in their order, `size` at a time."""
        for start in range(0, len(self.target), size):
            yield self[start : start + size]

    def to(self, device: torch.device | str) -> "Examples":
        r"""Returns the examples on a device."""
        return Examples(*(None if t is None else t.to(device) for t in self))


class Batches:
    r"""Minibatches of examples, gathered by index on the device that they live on.

    All batches have the same size, or one example less: a small last batch would weigh
    its few examples more than the others. The order is new in each iteration, and drawn
    from torch's global generator.

    Arguments:
        examples: The examples.
        batch_size: The largest number of examples in one batch.
        shuffle: Whether to draw a new order at each iteration.

    Example:
        >>> batches = Batches(Examples(torch.arange(10)), batch_size=4, shuffle=False)
        >>> [batch.target.tolist() for batch in batches]
        [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]]
    """

    def __init__(self, examples: Examples, batch_size: int = 128, shuffle: bool = True) -> None:
        self.examples = examples
        self.batch_size = batch_size
        self.shuffle = shuffle

    def __len__(self) -> int:
        return math.ceil(len(self.examples.target) / self.batch_size)

    def __iter__(self) -> Iterator[Examples]:
        N, device = len(self.examples.target), self.examples.target.device
        order = torch.randperm(N) if self.shuffle else torch.arange(N)

        for index in order.to(device).tensor_split(len(self)):
            yield self.examples[index]
