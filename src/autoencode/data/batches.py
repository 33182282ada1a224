r"""Minibatches, resident on the device."""

__all__ = ["Batches", "Examples", "inference_batch_size"]

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..common.arrays import Permutation, evenly_spaced
from ..common.batching import rows_per_batch
from .disk_arrays import FileTensor

log = logging.getLogger(__name__)

_PREFETCHED_BATCHES = 4  # minibatches that the system may read before their turn
_BYTES_PER_NUMBER = 64  # of an example, because each number needs many activations of a network
_MIN_BATCH, _MAX_BATCH = 16, 2048  # examples in a pass
_MAX_DRAWN_ORDER = 10**8  # examples whose order is drawn and stored, which takes 0.8 GB
_HASHED_EXAMPLES = 1024  # examples that are hashed at once
_MAX_COMPARED_NUMBERS = 2**26  # numbers; equal examples are not searched for in larger data
# Minimum number of groups of equal examples that are held out, if possible
_MIN_HELD_OUT_GROUPS = 8

# Torch has few operations for unsigned types, so that their bits are read as signed ones
_SIGNED_TYPES = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}


def inference_batch_size(numbers: int) -> int:
    r"""Batch size of inference within the memory budget: fewer examples if they are large.

    Arguments:
        numbers: The count of numbers in an example.

    Example:
        >>> inference_batch_size(28 * 28), inference_batch_size(3 * 256 * 256)
        (2048, 21)
    """
    fitting = rows_per_batch(_BYTES_PER_NUMBER * numbers)
    return min(_MAX_BATCH, max(_MIN_BATCH, fitting))


@dataclass(frozen=True)
class Examples:
    r"""Minibatch of a training step: one row per example in each tensor.

    Example:
        >>> examples = Examples(torch.arange(10))
        >>> [len(part) for part in examples.split(4)]
        [4, 4, 2]
    """

    target: Tensor
    r"""The uncorrupted data, which the decoder should return, with shape `(N, *)`."""

    corrupted: Tensor | None = None
    r"""The input of the encoder, if the user gives damaged versions, with shape `(N, *)`."""

    context: Tensor | None = None
    r"""The context of a conditional model, with shape `(N, C)`."""

    rows: Tensor | Permutation | None = None
    r"""The indices of the selected rows, in order; by default all rows."""

    recordings: tuple[int, ...] | None = None
    r"""The number of windows of each recording, if the examples are windows of recordings."""

    overlap: int = 1
    r"""The number of windows after each one that overlap with it."""

    groups: Tensor | None = None
    r"""The group of each example, counted from zero, with shape `(N,)`. Groups stay together."""

    weights: Tensor | None = None
    r"""The weight of each example in losses, with shape `(N,)`; by default one."""

    def __len__(self) -> int:
        return len(self.target if self.rows is None else self.rows)

    def __getitem__(self, index: Tensor | slice) -> "Examples":
        chosen = index if self.rows is None else self.rows[index]
        return self._each(lambda tensor: _rows(tensor, chosen))

    def prefetch(self, index: Tensor) -> None:
        r"""Asks the system to read rows before they are used."""
        chosen = index if self.rows is None else self.rows[index]

        for tensor in (self.target, self.corrupted):
            if isinstance(tensor, FileTensor):
                tensor.prefetch(chosen)

    def select(self, rows: Tensor | Permutation) -> "Examples":
        r"""Returns some examples as a view, without a copy."""
        return replace(self, rows=rows if self.rows is None else self.rows[rows[:]])

    def spread(self, n: int) -> "Examples":
        r"""Returns at most `n` examples, evenly spaced, as a view.

        Examples with weights are evenly spaced in the sum of the weights: an example of weight two
        comes twice as often. The view has no weights.
        """
        if self.weights is None:
            return self.select(evenly_spaced(len(self), n))

        n = min(n, len(self))
        weights = self.weights if self.rows is None else self.weights[self.rows[:]]
        ends = weights.double().cumsum(dim=0)
        at = (torch.arange(n, device=ends.device) + 0.5) * (ends[-1] / n)
        rows = torch.searchsorted(ends, at).clamp(max=len(self) - 1)

        return replace(self.select(rows), weights=None)

    def with_mean_weight_one(self) -> "Examples":
        r"""Returns the same examples with weights whose mean is one, if there are weights."""
        if self.weights is None:
            return self

        weights = self.weights if self.rows is None else self.weights[self.rows[:]]
        return replace(self, weights=(self.weights / weights.double().mean()).float())

    def hold_out(self, n: int) -> tuple["Examples", "Examples | None"]:
        r"""Returns random examples to train on, and about `n` others to validate with, if any.

        Equal examples stay together, because a copy of a training example says nothing about new
        examples. The windows of a recording overlap, and therefore stay together, too. If
        recordings are too few or too long for that, the end of each is held out. The windows
        before it that overlap with it are left out, but at most half of the rest. If examples
        have groups, whole groups are held out, with nearly `n` examples together.
        """
        if n == 0:
            return self, None

        if self.groups is not None and self.rows is None:
            return self._hold_out_groups(n)

        if self.recordings is not None and self.rows is None:
            return self._hold_out_recordings(n)

        order = _random_order(len(self))

        if isinstance(order, Permutation):
            return self.select(order.part(n, len(self))), self.select(order.part(0, n))

        if self.target[:1].numel() * len(self) <= _MAX_COMPARED_NUMBERS:
            order, n = self._together(order, n)

        return (self.select(order[n:]), self.select(order[:n])) if n else (self, None)

    def _hold_out_groups(self, n: int) -> tuple["Examples", "Examples | None"]:
        assert self.groups is not None
        counts = self.groups.bincount()
        chosen, _ = _near(counts, n)
        held_out = torch.isin(self.groups, chosen)
        log.info(
            "held out: all %d examples of %d of %d groups.",
            *(int(held_out.sum()), len(chosen), len(counts)),
        )

        return self.select((~held_out).nonzero()[:, 0]), self.select(held_out.nonzero()[:, 0])

    def _hold_out_recordings(self, n: int) -> tuple["Examples", "Examples | None"]:
        counts = torch.tensor(self.recordings)
        rows = torch.arange(len(self))
        chosen, count = _near(counts, n)

        if count and n <= 2 * count <= 4 * n:
            held_out = torch.zeros(len(counts), dtype=torch.bool)
            held_out[chosen] = True
            held_out = held_out.repeat_interleave(counts)
            log.info("held out: all windows of %d of %d recordings.", len(chosen), len(counts))

            return self.select(rows[~held_out]), self.select(rows[held_out])

        last = (counts * n / len(self)).round().long()
        last[counts.argmax()] = last[counts.argmax()].clamp(min=1)
        last = last.minimum((counts - 1 - (counts // 2).clamp(max=self.overlap)).clamp(min=0))

        # At most half of the rest is left out: overlap is better than too few training examples
        left_out = ((counts - last) // 2).clamp(max=self.overlap).repeat_interleave(counts)
        place = rows - (counts.cumsum(dim=0) - counts).repeat_interleave(counts)
        start = (counts - last).repeat_interleave(counts)
        held_out = place >= start
        between = (place >= start - left_out) & (last > 0).repeat_interleave(counts)
        between &= ~held_out

        leaks = (place >= start - self.overlap) & (last > 0).repeat_interleave(counts)
        leaks &= ~(held_out | between)

        if not held_out.any():
            return self, None

        log.info(
            "held out: the last windows of %d of %d recordings; %d windows that overlap with these"
            " are not used, and %d are used although they overlap.",
            *(int((last > 0).sum()), len(counts), int(between.sum()), int(leaks.sum())),
        )

        return self.select(rows[~(held_out | between)]), self.select(rows[held_out])

    def distinct(self) -> "Examples":
        r"""Returns a view of the distinct examples, each at its first occurrence."""
        if self.target[:1].numel() * len(self) > _MAX_COMPARED_NUMBERS:
            return self

        return self.select(_firsts(self._groups()).sort().values)

    def _groups(self) -> Tensor:
        r"""Returns the index of the group of equal examples that each example belongs to."""
        hashes = torch.cat([_hashes(part.target) for part in self.split(_HASHED_EXAMPLES)])
        return torch.unique(hashes, return_inverse=True)[1]

    def _together(self, order: Tensor, n: int) -> tuple[Tensor, int]:
        r"""Returns an order that groups equal examples, and the last group boundary up to `n`."""
        group = self._groups()[order]

        # Groups are ordered by their first example in the random order. Groups that would fill
        # much of the held-out part come last: all rows without numbers are equal, for example
        large = group.bincount()[group] > max(1, n // _MIN_HELD_OUT_GROUPS)
        by_first = (_firsts(group)[group] + len(order) * large).argsort(stable=True)
        order, group = order[by_first], group[by_first]
        ends = torch.cat([(group[1:] != group[:-1]).nonzero().flatten() + 1, torch.tensor([0])])

        return order, int(ends[ends <= n].max())

    def to(self, device: torch.device | str) -> "Examples":
        r"""Returns the examples on a device."""
        rows = None if self.rows is None else self.rows.to(device)
        return replace(self._each(lambda tensor: tensor.to(device)), rows=rows)

    @property
    def on_disk(self) -> bool:
        r"""Tell whether rows have to be read from a file."""
        return isinstance(self.target, FileTensor) or isinstance(self.corrupted, FileTensor)

    def split(self, size: int | None = None) -> Iterator["Examples"]:
        r"""Yields the examples in order, in batches of `size`.

        The default is :func:`inference_batch_size`.
        """
        size = inference_batch_size(self.target[:1].numel()) if size is None else size

        for start in range(0, len(self), size):
            yield self[start : start + size]

    def _each(self, function: Callable[[Tensor], Tensor]) -> "Examples":
        return Examples(
            function(self.target),
            None if self.corrupted is None else function(self.corrupted),
            None if self.context is None else function(self.context),
            weights=None if self.weights is None else function(self.weights),
        )


def _random_order(n: int) -> Tensor | Permutation:
    r"""Returns a random order of numbers; that of many is computed from the index."""
    if n <= _MAX_DRAWN_ORDER:
        return torch.randperm(n)

    return Permutation(n, int(torch.randint(2**62, ())))


def _near(counts: Tensor, n: int) -> tuple[Tensor, int]:
    r"""Returns random groups with nearly `n` examples, and their number of examples.

    At least one group is left.
    """
    order = torch.randperm(len(counts))
    sums = counts[order].cumsum(dim=0)[:-1]

    if not len(sums):
        return order[:0], 0

    nearest = int((sums - n).abs().argmin())
    return order[: nearest + 1], int(sums[nearest])


def _firsts(group: Tensor) -> Tensor:
    r"""Returns the index of the first example of each group."""
    first = torch.full((int(group.max()) + 1,), len(group))
    return first.scatter_reduce_(0, group, torch.arange(len(group)), "amin")


def _hashes(target: Tensor) -> Tensor:
    r"""Returns a hash of each example, with shape `(N,)`."""
    rows = target.contiguous().view(torch.uint8).reshape(len(target), -1)
    factors = torch.randint(2**62, rows.shape[1:], generator=torch.Generator().manual_seed(0))

    return (rows * factors).sum(dim=1)


def _rows(tensor: Tensor, chosen: Tensor | slice) -> Tensor:
    r"""Returns rows in one memory layout, so that rounding does not depend on the source.

    Numbers are stored row by row, and images with their channels last.
    """
    if not isinstance(tensor, Tensor):  # rows of a file already have this layout
        return tensor[chosen]

    images = tensor.ndim == 4
    rows = tensor.movedim(1, -1) if images else tensor

    if isinstance(chosen, Tensor):  # `index_select` takes a sixth of the time of indexing
        rows = rows.view(_SIGNED_TYPES.get(tensor.dtype, tensor.dtype))
        rows = rows.index_select(0, chosen.to(tensor.device)).view(tensor.dtype)
    else:
        rows = rows[chosen]

        if rows.stride() != _strides(rows.shape):
            rows = rows.clone(memory_format=torch.contiguous_format)

    return rows.movedim(-1, 1) if images else rows


def _strides(shape: Sequence[int]) -> tuple[int, ...]:
    r"""Returns the strides of rows that are stored contiguously."""
    sizes = [max(1, size) for size in shape[1:]]
    return tuple(math.prod(sizes[k:]) for k in range(len(shape)))


class Batches:
    r"""Minibatches of examples, gathered by index on the device of the examples.

    All batches have the same size, or one example less: a small last batch would give its few
    examples more weight than the others. If examples lie in a file, the system is asked to read
    each batch a few steps before its use.

    Arguments:
        examples: The examples.
        batch_size: The largest number of examples in one batch.

    Example:
        >>> batches = Batches(Examples(torch.arange(10)), batch_size=4)
        >>> [batch.target.tolist() for batch in batches.iterate(torch.arange(10))]
        [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9]]
        >>> [len(batch) for batch in batches.iterate(batches.shuffled(), start=1)]
        [3, 3]
    """

    def __init__(self, examples: Examples, batch_size: int = 128) -> None:
        self.examples = examples
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.examples) / self.batch_size)

    def shuffled(self) -> Tensor | Permutation:
        r"""Returns a new order of the examples, drawn from torch's global generator."""
        return _random_order(len(self.examples))

    def index(self, order: Tensor | Permutation, k: int) -> Tensor:
        r"""Returns the examples of the batch with number `k` of an order."""
        size, more = divmod(len(self.examples), len(self))
        start = k * size + min(k, more)

        return order[start : start + size + (k < more)]

    def iterate(
        self,
        order: Tensor | Permutation,
        start: int = 0,
        own: Callable[[Tensor], Tensor] | None = None,
    ) -> Iterator[Examples]:
        r"""Yields the batches of an order, from the batch with number `start` on.

        Arguments:
            order: The order, as `shuffled` returns it.
            start: The number of the first batch.
            own: A function that chooses some of the examples of a batch; by default all.
        """
        if not self.examples.on_disk:
            order = order.to(self.examples.target.device)

        def chosen(k: int) -> Tensor:
            index = self.index(order, k)
            return index if own is None else own(index)

        for k in range(start - _PREFETCHED_BATCHES, len(self)):
            ahead = k + _PREFETCHED_BATCHES

            if self.examples.on_disk and ahead < len(self):
                self.examples.prefetch(chosen(ahead))

            if k >= start:
                yield self.examples[chosen(k)]
