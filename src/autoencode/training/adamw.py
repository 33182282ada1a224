r"""AdamW, at the speed of memory."""

__all__ = ["BETAS", "EPSILON", "NOTHING", "AdamW"]

from typing import NamedTuple

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn.functional import hardshrink
from torch.nn.utils import clip_grads_with_norm_

BETAS = (0.9, 0.99)
EPSILON = 1e-8
NOTHING = 1e-30  # moments below are nothing beside epsilon

_FULL_STEP = 256  # inputs of a matrix, beyond which it takes smaller steps


class AdamW:
    r"""AdamW, with steps that fall with the width of a matrix.

    An optimizer that moves each of many inputs' weights alike moves their sum by as many
    times. Beyond 256 inputs the steps of matrices fall with the root of their number. Biases,
    norms and scales are not decayed, which would only cost accuracy.

    References:
        | Decoupled Weight Decay Regularization (Loshchilov & Hutter, 2019)
        | https://arxiv.org/abs/1711.05101

    Arguments:
        module: Holds the parameters. Those without gradients (`requires_grad`) stay as they are.
        learning_rate: The learning rate of matrices with up to 256 inputs.
        weight_decay: The decay of weight matrices, relative to the learning rate.

    Raises:
        ValueError: If nothing in the module is to be trained.

    Example:
        >>> layer = nn.Linear(3, 1)
        >>> optimizer = AdamW(layer, learning_rate=0.1)
        >>> layer(torch.ones(3)).sum().backward()
        >>> optimizer.norm()
        tensor(2.)
        >>> optimizer.step()
    """

    def __init__(self, module: nn.Module, learning_rate: float, weight_decay: float = 0.0) -> None:
        self.learning_rate = learning_rate
        self.groups = _alike(module, weight_decay)
        self.parameters = [p for group in self.groups for p in group.parameters]

        if not self.parameters:
            raise ValueError("expected a model with weights to train, got one without.")

        self.m = [m for group in self.groups for m in group.m]
        self.v = [v for group in self.groups for v in group.v]
        self.t = torch.zeros((), device=self.parameters[0].device)
        self.betas = torch.tensor(BETAS, device=self.t.device)

    def norm(self) -> Tensor:
        r"""Returns the norm of the gradient, with shape `()`."""
        gradient = [p.grad.flatten() for p in self.parameters if p.grad is not None]
        return torch.stack([g.dot(g) for g in gradient]).sum().sqrt()  # half torch's own time

    def clip(self, norm: Tensor, most: float) -> None:
        r"""Shortens the gradient of this norm to at most another."""
        clip_grads_with_norm_(self.parameters, most, norm)

    def step(self, share: float = 1.0, skip: Tensor | None = None) -> None:
        r"""Makes a step, and clears the gradient.

        Arguments:
            share: The share of the learning rate.
            skip: One to leave the step out and zero not to, as a float with shape `()`.
        """
        self.t += 1

        for group in self.groups:
            moments = zip(group.parameters, group.m, group.v)
            moved = [(p, p.grad, m, v) for p, m, v in moments if p.grad is not None]

            if not moved:
                continue

            p, g, m, v = map(list, zip(*moved))

            # What torch.optim.AdamW comes to, at a quarter of its time where weights are few.
            # It leaves the step out by itself where `found_inf` is one
            torch.ops.aten._fused_adamw_(
                p,
                g,
                m,
                v,
                [],
                [self.t] * len(p),
                lr=self.learning_rate * share * group.share,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=group.decay,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
                found_inf=skip,
            )

        if skip is not None:
            self.t -= skip

        for parameter in self.parameters:
            parameter.grad = None

    def flush(self) -> None:
        r"""Zeroes moments that have decayed to nothing.

        Those of a weight whose input has become constant, a margin of images say, shrink by a
        tenth with each step, and processors are many times slower below 1e-38. Called every
        hundred steps or so, none gets there.
        """
        for moment in (*self.m, *self.v):
            moment.copy_(hardshrink(moment, NOTHING))

    def rates(self) -> list[float]:
        r"""Returns the learning rate of each parameter."""
        shares = [group.share for group in self.groups for _ in group.parameters]
        return [self.learning_rate * share for share in shares]

    def decays(self) -> list[float]:
        r"""Returns the weight decay of each parameter."""
        return [group.decay for group in self.groups for _ in group.parameters]

    def tensors(self) -> dict[str, Tensor]:
        r"""Returns what the optimizer remembers, by name."""
        moments = {"m": self.m, "v": self.v}
        named = {f"{k}.{name}": t for name, ts in moments.items() for k, t in enumerate(ts)}

        return {"t": self.t, **named}

    def load(self, tensors: dict[str, Tensor]) -> None:
        r"""Takes up what `tensors` returned."""
        for name, tensor in self.tensors().items():
            tensor.copy_(tensors[name])


class _Group(NamedTuple):
    r"""Parameters that are moved alike, and the moments of their gradients."""

    share: float  # of the learning rate
    decay: float
    parameters: list[nn.Parameter]
    m: list[Tensor]
    v: list[Tensor]


def _alike(module: nn.Module, weight_decay: float) -> list[_Group]:
    r"""Groups parameters by the number of inputs, if they are matrices."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}

    for p in filter(lambda p: p.requires_grad, module.parameters()):
        inputs = p[0].numel() if p.ndim >= 2 else 0
        share = min(1.0, _FULL_STEP / max(1, inputs)) ** 0.5
        groups.setdefault((share, weight_decay if inputs else 0.0), []).append(p)

    return [
        _Group(*alike, ps, *([torch.zeros_like(p, requires_grad=False) for p in ps] for _ in "mv"))
        for alike, ps in groups.items()
    ]
