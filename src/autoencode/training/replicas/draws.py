r"""Noise of whole minibatches, of which each process keeps its rows.

All processes have generators in the same state. Each draws the noise of the whole minibatch, and
keeps that of its own rows. The noise is then the same, to the bit, for any number of processes,
and the same as in a single one. docs/decisions/noise-of-processes.md has the reasons.
"""

__all__ = ["Draws"]

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .group import Processes
from .shares import Share

_FROM_SIZE = {torch.rand, torch.randn, torch.randint, torch.normal}
_IN_PLACE = {
    getattr(Tensor, f"{name}_")
    for name in "bernoulli cauchy exponential geometric log_normal normal random uniform".split()
}
# How many random numbers these take depends on their arguments, of which all are needed
_BY_VALUE = {
    torch.poisson, torch.binomial, torch._standard_gamma, torch._sample_dirichlet
}  # fmt: skip
_FROM_TENSOR = {
    torch.rand_like, torch.randn_like, torch.randint_like, torch.bernoulli, torch.multinomial,
    torch.normal, torch.dropout, Tensor.bernoulli, Tensor.multinomial, F.dropout, F.dropout1d,
    F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout, F.gumbel_softmax, F.rrelu,
}  # fmt: skip
_RANDOM = _FROM_SIZE | _IN_PLACE | _BY_VALUE | _FROM_TENSOR

# The dimension of the examples in a draw, and the number of its places for each example
Axis = tuple[int, int]


class Draws(TorchFunctionMode):
    r"""Random numbers of a whole minibatch, of which the rows of this process are kept.

    Which dimension of a draw counts the examples is found by :meth:`learn`, from what a step
    draws for two numbers of examples. A draw without such a dimension is the same in all
    processes.

    Arguments:
        processes: The processes.

    Example:
        >>> first, second = Processes(0, 2), Processes(1, 2)
        >>> parts = []
        >>> for processes in (first, second):
        ...     draws = Draws(processes)
        ...     draws.learn(lambda n: torch.randn(n, 3))
        ...     generator = torch.manual_seed(0)
        ...     with draws.of(Share.of(5, processes)):
        ...         parts.append(torch.randn(Share.of(5, processes).length, 3))
        >>> generator = torch.manual_seed(0)
        >>> torch.equal(torch.cat(parts), torch.randn(5, 3))
        True
    """

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self.share: Share | None = None
        self.shapes: list[tuple[int, ...]] | None = None  # those of the draws, while learning
        self.axes: list[Axis | None] = []
        self.k = 0

    def learn(self, step: Callable[[int], Any], sizes: tuple[int, int] = (5, 7)) -> None:
        r"""Finds the dimension of the examples in each draw of a step.

        Arguments:
            step: Makes the draws for a number of examples.
            sizes: Two numbers of examples.
        """
        found = []

        for n in sizes:
            self.shapes = []

            try:
                with self:
                    step(n)
            finally:
                found.append(self.shapes)
                self.shapes = None

        self.axes = [_axis(a, b, sizes) for a, b in zip(*found)]

    @contextmanager
    def of(self, share: Share | None) -> Iterator[None]:
        r"""Draws the noise of a minibatch within a `with` block.

        Arguments:
            share: The rows of this process; `None` to draw as usual, until `within` is called.
        """
        self.share, self.k = share, 0

        with self:
            yield

        self.share = None

    def __torch_function__(
        self, func: Callable, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}

        if func not in _RANDOM or (self.share is None and self.shapes is None):
            return func(*args, **kwargs)

        shape = _shape(func, args, kwargs)

        if shape is None:
            return func(*args, **kwargs)

        if self.shapes is not None:
            self.shapes.append(shape)
            return func(*args, **kwargs)

        assert self.share is not None
        axis = self._axis_of(shape)
        self.k += 1

        if axis is None:
            return func(*args, **kwargs)

        return self._draw(func, args, kwargs, shape, axis)

    def _axis_of(self, shape: tuple[int, ...]) -> Axis | None:
        assert self.share is not None
        b = self.share.rows.stop - self.share.rows.start
        known = self.axes[self.k] if self.k < len(self.axes) else None

        if known is not None and known[0] < len(shape) and shape[known[0]] == known[1] * b:
            return known

        if self.k < len(self.axes) and known is None:
            return None

        # A step that draws otherwise than before: the first dimension of this size
        return next(((d, 1) for d, size in enumerate(shape) if size == b), None)

    def _draw(
        self, func: Callable, args: Sequence[Any], kwargs: Any, shape: tuple[int, ...], axis: Axis
    ) -> Any:
        assert self.share is not None
        dim, factor = axis
        start, stop = self.share.rows.start * factor, self.share.rows.stop * factor
        n = self.share.n * factor

        def whole(x: Any) -> Any:
            if not (isinstance(x, Tensor) and x.ndim == len(shape) and x.shape[dim] == shape[dim]):
                return x

            if func in _BY_VALUE:
                return _joined(x, dim, self.share, factor, self.processes)

            full = _like(x, dim, n)
            full.narrow(dim, start, stop - start).copy_(x)
            return full

        if func in _IN_PLACE:
            own, *rest = args
            full = func(_like(own, dim, n), *map(whole, rest), **kwargs)
            return own.copy_(full.narrow(dim, start, stop - start))

        if _is_size(func, args, kwargs):
            size = (*shape[:dim], n, *shape[dim + 1 :])
            args, kwargs = _with_size(func, args, kwargs, size)
        else:
            args = [whole(x) for x in args]
            kwargs = {k: whole(v) for k, v in kwargs.items()}

        return func(*args, **kwargs).narrow(dim, start, stop - start)


def _axis(a: tuple[int, ...], b: tuple[int, ...], sizes: tuple[int, int]) -> Axis | None:
    r"""Returns the dimension that grows with the number of examples."""
    for dim, (m, n) in enumerate(zip(a, b)):
        if len(a) == len(b) and m != n and m * sizes[1] == n * sizes[0] and m % sizes[0] == 0:
            return dim, m // sizes[0]

    return None


def _is_size(func: Callable, args: Sequence[Any], kwargs: Any) -> bool:
    return func in _FROM_SIZE and not any(isinstance(a, Tensor) for a in [*args, *kwargs.values()])


def _shape(func: Callable, args: Sequence[Any], kwargs: Any) -> tuple[int, ...] | None:
    r"""Returns the shape of a draw, or `None` if it is drawn in another way."""
    if kwargs.get("generator") is not None or "out" in kwargs:
        return None

    if not _is_size(func, args, kwargs):
        return next((tuple(a.shape) for a in [*args, *kwargs.values()] if _is_tensor(a)), None)

    if (size := kwargs.get("size")) is not None:
        return tuple(size)

    if (sizes := [a for a in args if isinstance(a, (tuple, list))]) != []:
        return tuple(sizes[0])

    return tuple(args) if func in {torch.rand, torch.randn} else None


def _with_size(
    func: Callable, args: Sequence[Any], kwargs: dict[str, Any], size: tuple[int, ...]
) -> tuple[Sequence[Any], dict[str, Any]]:
    if "size" in kwargs:
        return args, {**kwargs, "size": size}

    if func in {torch.rand, torch.randn}:
        return (size,), kwargs

    return [size if isinstance(a, (tuple, list)) else a for a in args], kwargs


def _is_tensor(x: Any) -> bool:
    return isinstance(x, Tensor)


def _like(x: Tensor, dim: int, n: int) -> Tensor:
    r"""Returns ones with `n` rows, in the memory layout of a tensor, which noise depends on."""
    strides = x.stride()
    order = sorted(range(x.ndim), key=lambda d: (-strides[d], d))
    sizes = [n if d == dim else x.shape[d] for d in order]
    places = [order.index(d) for d in range(x.ndim)]

    return torch.ones(sizes, dtype=x.dtype, device=x.device).permute(places)


def _joined(x: Tensor, dim: int, share: Any, factor: int, processes: Processes) -> Tensor:
    r"""Returns the rows of all processes; gradients flow to one's own."""
    shares = [Share.of(share.n, Processes(rank, processes.size)) for rank in range(processes.size)]
    most = max(s.rows.stop - s.rows.start for s in shares) * factor
    rows = x.detach().movedim(dim, 0)
    filled = torch.cat([rows, rows[:1].expand(most - len(rows), *rows.shape[1:])])
    parts = processes.gather(filled)
    full = torch.cat([p[: s.length * factor] for p, s in zip(parts, shares)]).movedim(0, dim)
    start, stop = share.rows.start * factor, share.rows.stop * factor

    return torch.cat(
        [full.narrow(dim, 0, start), x, full.narrow(dim, stop, full.shape[dim] - stop)], dim=dim
    )
