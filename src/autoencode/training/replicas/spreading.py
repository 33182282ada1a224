r"""Networks that compute the rows of a process, and return the rows of all processes.

An objective that compares the examples of a minibatch then sees all of them, while each process
does its share of the work. Let :math:`W` be the number of processes. The gradients of the
parameters of all processes are averaged: those of spread networks are :math:`W` times the
gradient of their rows, whose mean over the processes is the sum over all rows.
"""

__all__ = ["all_rows", "own_rows", "spread"]

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor
from torch.autograd import Function

from .draws import Draws
from .group import Processes
from .shares import Share


def all_rows(x: Tensor, n: int, processes: Processes) -> Tensor:
    r"""The rows of all processes, with gradients to one's own.

    Arguments:
        x: The rows of this process.
        n: The number of rows of all processes.
        processes: The processes.

    Example:
        >>> all_rows(torch.tensor([1.0, 2.0]), 2, Processes())
        tensor([1., 2.])
    """
    return _AllRows.apply(x, n, processes) if processes.several else x


def own_rows(x: Tensor, processes: Processes) -> Tensor:
    r"""The rows of this process, with gradients from all processes.

    Arguments:
        x: The rows of all processes, the same in each.
        processes: The processes.

    Example:
        >>> own_rows(torch.tensor([1.0, 2.0]), Processes())
        tensor([1., 2.])
    """
    return _OwnRows.apply(x, processes) if processes.several else x


@contextmanager
def spread(networks: Sequence[nn.Module], draws: Draws) -> Iterator[None]:
    r"""Spread the rows of networks over the processes within a `with` block.

    Arguments:
        networks: Modules that map tensors with shape `(N, *)`, and perhaps a context, to tensors
            with shape `(N, *)`.
        draws: The noise of the networks.
    """
    processes = draws.processes
    shares: list[Share] = []

    def before(module: nn.Module, inputs: Any) -> Any:
        share = Share.of(len(inputs[0]), processes)
        shares.append(share)
        draws.share = share if len(shares) == 1 else draws.share

        return tuple(x if x is None else own_rows(x, processes) for x in inputs)

    def after(module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        share = shares.pop()
        draws.share = draws.share if shares else None

        return all_rows(output, share.n, processes)

    with ExitStack() as stack:
        for network in networks:
            stack.callback(network.register_forward_pre_hook(before).remove)
            stack.callback(network.register_forward_hook(after).remove)

        with draws.of(None):
            yield


def _joined(x: Tensor, n: int, processes: Processes) -> Tensor:
    shares = [Share.of(n, Processes(rank, processes.size)) for rank in range(processes.size)]
    most = max(1, shares[0].length)
    filled = torch.cat([x, x[:1].expand(most - len(x), *x.shape[1:])])

    return torch.cat([p[: s.length] for p, s in zip(processes.gather(filled), shares)])


class _AllRows(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, n: int, processes: Processes) -> Tensor:
        ctx.processes = processes
        return _joined(x, n, processes)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        processes = ctx.processes
        own = _OwnRows.apply(g, processes)

        # A process without rows has computed the row of another, which counts there
        factor = processes.size if Share.of(len(g), processes).length else 0
        return own * factor, None, None


class _OwnRows(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, processes: Processes) -> Tensor:
        ctx.n, ctx.processes = len(x), processes
        return x[Share.of(len(x), processes).rows].clone()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return _AllRows.apply(g, ctx.n, ctx.processes) / ctx.processes.size, None
