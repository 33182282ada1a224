r"""One step of training: loss, gradient, optimizer; as it is written, or compiled into one."""

__all__ = ["Compiled", "Eager", "has_bfloat16", "has_compiler"]

import logging
import math
import os
import shutil
import sys
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.func import functional_call, grad_and_value
from torch.nn.functional import hardshrink

from ..data import Examples
from ..objectives import Loss
from .adamw import BETAS, EPSILON, NOTHING, AdamW
from .step import Step, Sums

log = logging.getLogger(__name__)


class Updated(NamedTuple):
    r"""What a step of training leaves behind."""

    sums: Sums
    r"""The loss before the step, zero where it was not finite."""

    finite: Tensor
    r"""Whether loss and gradient were finite, with shape `()`; if not, nothing was changed."""


class Eager:
    r"""A step of training, operation by operation.

    Arguments:
        step: What is trained.
        optimizer: Moves its parameters.
        max_grad_norm: The largest norm of the gradient, or `None`.
        gradient_accumulation: Into how many parts a minibatch is cut to save memory.

    Example:
        >>> update = Eager(step, AdamW(step, 1e-3))  # doctest: +SKIP
        >>> update(examples, share=1.0).finite  # doctest: +SKIP
        tensor(True)
    """

    def __init__(
        self,
        step: Step,
        optimizer: AdamW,
        max_grad_norm: float | None = None,
        gradient_accumulation: int = 1,
    ) -> None:
        self.step = step
        self.optimizer = optimizer
        self.max_grad_norm = max_grad_norm
        self.gradient_accumulation = gradient_accumulation

    def __call__(self, batch: Examples, share: float) -> Updated:
        r"""
        Arguments:
            batch: A minibatch.
            share: The share of the learning rate.
        """
        losses = []

        for part in batch.split(math.ceil(len(batch) / self.gradient_accumulation)):
            loss = self.step(part)
            (loss.total.sum() / len(batch)).backward()
            losses.append(loss.detach())

        loss = Loss.join(losses)
        norm = self.optimizer.norm()
        finite = (norm + loss.total.mean()).isfinite()

        if self.max_grad_norm is not None:
            self.optimizer.clip(norm, self.max_grad_norm)

        self.optimizer.step(share, skip=(~finite).float())

        return Updated(Sums.of(loss, finite), finite)


class Compiled:
    r"""The same step compiled, by :func:`torch.compile`, into few passes over memory.

    The first call takes from ten seconds to a minute, or a few seconds where torch finds its
    earlier work on disk. Numbers differ from those of :class:`Eager` in their last digits.
    What cannot be compiled is done eagerly, and the log says why.

    Arguments:
        step: What is trained.
        optimizer: Moves its parameters.
        max_grad_norm: The largest norm of the gradient, or `None`.

    Example:
        >>> update = Compiled(step, AdamW(step, 1e-3))  # doctest: +SKIP
        >>> update(examples, share=1.0).finite  # doctest: +SKIP
        tensor(True)
    """

    def __init__(self, step: Step, optimizer: AdamW, max_grad_norm: float | None = None) -> None:
        self.step = step
        self.optimizer = optimizer
        self.max_grad_norm = max_grad_norm
        self.eager = Eager(step, optimizer, max_grad_norm)

        of = {p: name for name, p in step.named_parameters()}
        self.names = [of[p] for p in optimizer.parameters]

        # A copy, as torch allows each function eight compiled forms, those of all models together
        copy = FunctionType(Compiled._update.__code__.replace(), globals())
        self.compiled: Callable[..., Updated] | None = torch.compile(
            MethodType(copy, self), fullgraph=True, dynamic=False, options=_options()
        )
        self.rehearsed = False

    def __call__(self, batch: Examples, share: float) -> Updated:
        if self.compiled is None:
            return self.eager(batch, share)

        optimizer = self.optimizer
        weights = {name: p.detach() for name, p in zip(self.names, optimizer.parameters)}

        # Compiled, these powers would be computed anew for every sixteen weights
        unbias = 1 / (1 - optimizer.betas ** (optimizer.t + 1))

        try:
            self._rehearse(batch)
            updated = self.compiled(
                weights, optimizer.m, optimizer.v, torch.tensor(share), unbias.unbind(), batch
            )
            optimizer.t += updated.finite
            return updated
        except Exception as error:  # of the compiler, or what an eager step raises again
            log.warning("cannot compile this model, and go on without: %.200s", error)
            self.compiled = None
            return self.eager(batch, share)

    def _rehearse(self, batch: Examples) -> None:
        r"""Computes a loss that leaves no trace, before the first step.

        Torch looks up the divergence of two families once, in a way that its compiler cannot
        follow, and remembers it.
        """
        if not self.rehearsed:
            with torch.random.fork_rng(), torch.no_grad():
                state = {name: t.clone() for name, t in self.step.state_dict().items()}
                functional_call(self.step, state, (batch[:1],))

            self.rehearsed = True

    def _update(
        self,
        weights: dict[str, Tensor],
        ms: list[Tensor],
        vs: list[Tensor],
        share: Tensor,
        unbias: tuple[Tensor, Tensor],
        batch: Examples,
    ) -> Updated:
        gradient, (value, loss) = grad_and_value(self._mean_loss, has_aux=True)(weights, batch)
        norm = torch.stack([g.square().sum() for g in gradient.values()]).sum().sqrt()
        finite = (norm + value).isfinite()
        shrink = (
            1.0
            if self.max_grad_norm is None
            else (self.max_grad_norm / (norm + 1e-6)).clamp(max=1)
        )

        # With zeroes in the right places nothing changes, at no cost in passes over memory
        one = finite.float()

        for (name, p), m, v, rate, decay in zip(
            weights.items(), ms, vs, self.optimizer.rates(), self.optimizer.decays()
        ):
            g = torch.where(finite, shrink * gradient[name], 0)
            m_ = m + one * (1 - BETAS[0]) * (g - m)
            v_ = v + one * (1 - BETAS[1]) * (g.square() - v)
            m_hat, v_hat = m_ * unbias[0], v_ * unbias[1]

            p.copy_(p - one * share * rate * (decay * p + m_hat / (v_hat.sqrt() + EPSILON)))
            m.copy_(hardshrink(m_, NOTHING))
            v.copy_(hardshrink(v_, NOTHING))

        return Updated(Sums.of(loss, finite), finite)

    def _mean_loss(self, weights: dict[str, Tensor], batch: Examples) -> tuple[Tensor, Loss]:
        loss = functional_call(self.step, weights, (batch,))
        return loss.total.mean(), loss


def _options() -> dict[str, Any] | None:
    r"""Has newer torch leave out to look, before each step, whether modules' globals have changed.

    Models and objectives are looked at all the same. It takes a fifth of a small model's step.
    """
    unchanged = getattr(torch.compiler, "skip_guard_on_globals_unsafe", None)
    return {"guard_filter_fn": unchanged} if unchanged else None


def has_bfloat16(device: str) -> bool:
    r"""Whether a device multiplies matrices of bfloat16 faster than those of float32.

    Example:
        >>> has_bfloat16("cpu") in {True, False}
        True
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)

    if torch.device(device).type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        able = torch.cpu.get_capabilities()
        return bool(able.get("amx_bf16") or able.get("avx512_bf16"))

    return False


def has_compiler(device: str) -> bool:
    r"""Whether there is what :func:`torch.compile` needs for a device.

    On a GPU torch brings it along; for processors it calls a compiler of C++.

    Example:
        >>> has_compiler("cpu") in {True, False}
        True
    """
    if torch.device(device).type == "cuda":
        return True

    usual = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    return shutil.which(os.environ.get("CXX", usual)) is not None
