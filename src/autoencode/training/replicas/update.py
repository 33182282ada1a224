r"""Optimization step with the gradients of all processes."""

__all__ = ["SpreadUpdate"]

import torch
from torch import Tensor

from ...data import Examples
from ..adamw import AdamW
from ..buffers import StateBuffers
from ..step import LossSums, weighted
from ..update import UpdateResult
from .replica import Replica


class SpreadUpdate:
    r"""An optimization step on a minibatch that is divided among processes.

    The gradient is the sum over the processes of the gradients of their examples, divided by the
    number of examples in the whole minibatch. All processes receive the same sum, to the bit, and
    make the same step. One exchange carries the gradient, the sums of the losses, and which
    parameters have a gradient: a loss that is not finite in one process is so in all of them.

    Arguments:
        replica: The copy of the model in this process.
        optimizer: The optimizer of its parameters.
        max_grad_norm: The largest norm of the gradient, or `None` for no clipping.
        gradient_accumulation: The number of parts a minibatch is split into, to save memory.
    """

    def __init__(
        self,
        replica: Replica,
        optimizer: AdamW,
        max_grad_norm: float | None = None,
        gradient_accumulation: int = 1,
    ) -> None:
        self.replica = replica
        self.optimizer = optimizer
        self.max_grad_norm = max_grad_norm
        self.gradient_accumulation = gradient_accumulation
        self.buffers = StateBuffers(replica.step)
        self.flat = torch.zeros(0)
        self.views: list[Tensor] = []

    def own(self, index: Tensor) -> Tensor:
        r"""Returns the examples of a minibatch that this process reads."""
        return self.replica.own(index, self.gradient_accumulation)

    def __call__(self, batch: Examples, lr_scale: float, n: int) -> UpdateResult:
        r"""
        Arguments:
            batch: The examples of a minibatch that this process reads.
            lr_scale: The factor of the learning rate.
            n: The number of examples in the whole minibatch.
        """
        replica, before = self.replica, self.buffers.copy()
        names: tuple[str, ...] = ()
        sums = torch.zeros(())

        for part, share in replica.parts(batch, n, self.gradient_accumulation):
            loss, weights = replica.loss(part, share)
            (replica.scale * weighted(loss.total, weights).sum() / n).backward()
            names, values = LossSums.of(loss.detach(), weights=weights)
            sums = sums.to(values) + replica.scale * values

        sums = self._exchange(sums)
        norm = self.optimizer.grad_norm()
        finite = (norm + sums[1]).isfinite()

        if self.max_grad_norm is not None:
            self.optimizer.clip_grad(norm, self.max_grad_norm)

        self.optimizer.step(lr_scale, skip=(~finite).float())
        replica.average_buffers()
        self.buffers.select(finite, before)

        return UpdateResult(LossSums(names, torch.where(finite, sums, 0)), finite)

    def _exchange(self, sums: Tensor) -> Tensor:
        r"""Sums the gradients and some numbers over all processes, and returns the numbers."""
        parameters, k = self.optimizer.parameters, len(sums)

        if len(self.flat) != sum(p.numel() + 1 for p in parameters) + k:
            self._reserve(k)

        there = [p.grad is not None for p in parameters]
        self.flat[:k] = sums
        self.flat[k : k + len(there)] = torch.tensor(there, device=self.flat.device)

        for p, view in zip(parameters, self.views):
            view.zero_() if p.grad is None else view.copy_(p.grad)

        self.replica.processes.sum_(self.flat)

        # Parameters without a gradient in any process keep their values
        if not all(there):
            there = self.flat[k : k + len(there)].bool().tolist()

        for p, view, has_gradient in zip(parameters, self.views, there):
            p.grad = view if has_gradient else None

        return self.flat[:k].clone()

    def _reserve(self, k: int) -> None:
        r"""Makes one tensor for all that is exchanged, with views for the gradients."""
        parameters = self.optimizer.parameters
        size, at = sum(p.numel() + 1 for p in parameters) + k, k + len(parameters)
        self.flat = torch.zeros(size, device=parameters[0].device)
        self.views = []

        for p in parameters:
            # In the layout of the parameter, which the optimizer's kernel expects
            self.views.append(self.flat.as_strided(p.shape, p.stride(), at))
            at += p.numel()
