r"""One optimization step, eager or compiled into a single graph."""

__all__ = ["CompiledUpdate", "EagerUpdate", "UpdateResult", "has_bfloat16", "has_compiler"]

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
from .adamw import BETAS, EPSILON, NEGLIGIBLE, AdamW
from .buffers import StateBuffers
from .step import LossSums, TrainStep, weighted

log = logging.getLogger(__name__)


class UpdateResult(NamedTuple):
    r"""Loss of a minibatch, and whether its update was made."""

    sums: LossSums
    r"""The sums of the loss before the update; zero if it was skipped."""

    finite: Tensor
    r"""True if loss and gradient are finite, with shape `()`. If not, the update was skipped."""


class EagerUpdate:
    r"""An optimization step in eager mode: loss, gradient, optimizer.

    Arguments:
        step: The model and its objective.
        optimizer: The optimizer of its parameters.
        max_grad_norm: The largest norm of the gradient, or `None` for no clipping.
        gradient_accumulation: The number of parts a minibatch is split into, to save memory.
    """

    def __init__(
        self,
        step: TrainStep,
        optimizer: AdamW,
        max_grad_norm: float | None = None,
        gradient_accumulation: int = 1,
    ) -> None:
        self.step = step
        self.optimizer = optimizer
        self.max_grad_norm = max_grad_norm
        self.gradient_accumulation = gradient_accumulation
        self.buffers = StateBuffers(step)

    def __call__(self, batch: Examples, lr_scale: float) -> UpdateResult:
        r"""
        Arguments:
            batch: A minibatch.
            lr_scale: The factor of the learning rate.
        """
        losses, before = [], self.buffers.copy()

        for part in batch.split(math.ceil(len(batch) / self.gradient_accumulation)):
            loss = self.step(part)
            (weighted(loss.total, part.weights).sum() / len(batch)).backward()
            losses.append(loss.detach())

        loss = Loss.join(losses)
        norm = self.optimizer.grad_norm()
        finite = (norm + loss.total.mean()).isfinite()

        if self.max_grad_norm is not None:
            self.optimizer.clip_grad(norm, self.max_grad_norm)

        self.optimizer.step(lr_scale, skip=(~finite).float())
        self.buffers.select(finite, before)

        return UpdateResult(LossSums.of(loss, finite, batch.weights), finite)


class CompiledUpdate:
    r"""An optimization step compiled by :func:`torch.compile`.

    Compilation fuses the operations, so that each number is read from memory less often. The first
    call takes from ten seconds to a minute, or a few seconds if torch finds the result in its
    cache on disk. Results differ from those of :class:`EagerUpdate` in their last digits. A model
    that cannot be compiled is trained eagerly, and a warning in the log says why.

    Arguments:
        step: The model and its objective.
        optimizer: The optimizer of its parameters.
        max_grad_norm: The largest norm of the gradient, or `None` for no clipping.
    """

    def __init__(
        self, step: TrainStep, optimizer: AdamW, max_grad_norm: float | None = None
    ) -> None:
        self.step = step
        self.optimizer = optimizer
        self.max_grad_norm = max_grad_norm
        self.eager = EagerUpdate(step, optimizer, max_grad_norm)
        self.buffers = StateBuffers(step)

        name_of = {p: name for name, p in step.named_parameters()}
        self.names = [name_of[p] for p in optimizer.parameters]

        # Torch compiles one code object at most eight times. A copy of it for each model keeps
        # models from sharing this limit
        copy = FunctionType(CompiledUpdate._update.__code__.replace(), globals())
        self.compiled: Callable[..., tuple[UpdateResult, dict[str, Tensor]]] | None
        self.compiled = torch.compile(
            MethodType(copy, self),
            fullgraph=True,
            dynamic=False,
            options=_options(optimizer.t.device),
        )
        self.warmed_up = False

    def __call__(self, batch: Examples, lr_scale: float) -> UpdateResult:
        if self.compiled is None:
            return self.eager(batch, lr_scale)

        optimizer = self.optimizer
        weights = {name: p.detach() for name, p in zip(self.names, optimizer.parameters)}

        # In the compiled graph, these powers would be computed again for every sixteen weights
        unbias = 1 / (1 - optimizer.betas ** (optimizer.t + 1))

        try:
            self._warm_up(batch)
            result, buffers = self.compiled(
                weights,
                self.buffers.copy(),
                optimizer.m,
                optimizer.v,
                torch.tensor(lr_scale),
                unbias.unbind(),
                batch,
            )
            optimizer.t += result.finite
            self.buffers.load(buffers)
            return result
        except Exception as error:  # from the compiler, or one that the eager update raises again
            log.warning("cannot compile this model; training continues eagerly: %.200s", error)
            self.compiled = None
            return self.eager(batch, lr_scale)

    def _warm_up(self, batch: Examples) -> None:
        r"""Computes one loss eagerly, without side effects, before the first step.

        `torch.distributions.kl_divergence` searches for the implementation for two families once,
        in a way that the compiler cannot trace, and caches it.
        """
        if not self.warmed_up:
            with torch.random.fork_rng(), torch.no_grad():
                state = {name: t.clone() for name, t in self.step.state_dict().items()}
                functional_call(self.step, state, (batch[:2],))  # batch statistics need two

            self.warmed_up = True

    def _update(
        self,
        weights: dict[str, Tensor],
        buffers: dict[str, Tensor],
        ms: list[Tensor],
        vs: list[Tensor],
        lr_scale: Tensor,
        unbias: tuple[Tensor, Tensor],
        batch: Examples,
    ) -> tuple[UpdateResult, dict[str, Tensor]]:
        gradient, (value, (loss, changed)) = grad_and_value(self._mean_loss, has_aux=True)(
            weights, {name: b.clone() for name, b in buffers.items()}, batch
        )
        norm = torch.stack([g.square().sum() for g in gradient.values()]).sum().sqrt()
        finite = (norm + value).isfinite()
        clip_scale = (
            1.0
            if self.max_grad_norm is None
            else (self.max_grad_norm / (norm + 1e-6)).clamp(max=1)
        )

        # A skipped update multiplies all changes by zero, which needs no second pass over memory
        made = finite.float()

        settings = zip(self.optimizer.learning_rates(), self.optimizer.weight_decays())

        for (name, p), m, v, (lr, decay) in zip(weights.items(), ms, vs, settings):
            g = torch.where(finite, clip_scale * gradient[name], 0)
            m_ = m + made * (1 - BETAS[0]) * (g - m)
            v_ = v + made * (1 - BETAS[1]) * (g.square() - v)
            m_hat, v_hat = m_ * unbias[0], v_ * unbias[1]

            p.copy_(p - made * lr_scale * lr * (decay * p + m_hat / (v_hat.sqrt() + EPSILON)))
            m.copy_(hardshrink(m_, NEGLIGIBLE))
            v.copy_(hardshrink(v_, NEGLIGIBLE))

        kept = {name: torch.where(finite, changed[name], b) for name, b in buffers.items()}
        return UpdateResult(LossSums.of(loss, finite, batch.weights), finite), kept

    def _mean_loss(
        self, weights: dict[str, Tensor], buffers: dict[str, Tensor], batch: Examples
    ) -> tuple[Tensor, tuple[Loss, dict[str, Tensor]]]:
        loss = functional_call(self.step, weights | buffers, (batch,))
        return weighted(loss.total, batch.weights).mean(), (loss, buffers)


def _options(device: torch.device) -> dict[str, Any]:
    r"""Options that skip the check of global variables, and that keep results in the cache apart.

    The check takes a fifth of the time of a small model's step. Changes of models and objectives
    are still detected. Older releases of torch have no such option.

    Torch finds compiled graphs on disk by their operations and options, not by the instructions
    of the processor. Source that counts in vectors of 16 numbers would be compiled for vectors of
    8, and read and write elsewhere, if processors share the folder. The width of vectors and the
    number of threads, which are those that torch would choose, are therefore options.
    """
    unchanged = getattr(torch.compiler, "skip_guard_on_globals_unsafe", None)
    options: dict[str, Any] = {"guard_filter_fn": unchanged} if unchanged else {}

    if device.type == "cpu" and has_compiler("cpu"):
        from torch._inductor.cpu_vec_isa import pick_vec_isa

        options["cpp.simdlen"] = pick_vec_isa().bit_width()
        options["cpp.threads"] = torch.get_num_threads()

    return options


def has_bfloat16(device: str) -> bool:
    r"""Tell whether a device multiplies matrices faster in bfloat16 than in float32."""
    if torch.device(device).type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)

    if torch.device(device).type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        capabilities = torch.cpu.get_capabilities()
        return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))

    return False


def has_compiler(device: str) -> bool:
    r"""Tell whether :func:`torch.compile` has the compiler that it needs for a device.

    Torch includes one for GPUs. For processors it calls a C++ compiler.
    """
    if torch.device(device).type == "cuda":
        return True

    default = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    return shutil.which(os.environ.get("CXX", default)) is not None
