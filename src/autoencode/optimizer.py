r"""AdamW, at the speed of memory."""

__all__ = ["BETAS", "EPSILON", "NOTHING", "AdamW"]

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
        module: Holds the parameters.
        learning_rate: The learning rate of matrices with up to 256 inputs.
        weight_decay: The decay of weight matrices, relative to the learning rate.

    Example:
        >>> layer = nn.Linear(3, 1)
        >>> optimizer = AdamW(layer, learning_rate=0.1)
        >>> layer(torch.ones(3)).sum().backward()
        >>> optimizer.norm()
        tensor(2.)
        >>> optimizer.step()
    """

    def __init__(self, module: nn.Module, learning_rate: float, weight_decay: float = 0.0) -> None:
        alike = _alike(module)
        groups = [
            {
                "params": parameters,
                "share": share or 1.0,
                "weight_decay": weight_decay if share else 0.0,
            }
            for share, parameters in alike.items()
        ]

        self.learning_rate = learning_rate
        self.parameters = [p for parameters in alike.values() for p in parameters]
        self.adamw = torch.optim.AdamW(
            groups, lr=learning_rate, betas=BETAS, eps=EPSILON, fused=True
        )

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
        for group in self.adamw.param_groups:
            group["lr"] = self.learning_rate * share * group["share"]

        # The fused optimizer leaves the step out by itself where this is one
        self.adamw.found_inf = skip  # type: ignore[attr-defined]
        self.adamw.step()
        self.adamw.zero_grad()

    def flush(self) -> None:
        r"""Zeroes moments that have decayed to nothing.

        Those of a weight whose input has become constant, a margin of images say, shrink by a
        tenth with each step, and processors are many times slower below 1e-38. Called every
        hundred steps or so, none gets there.
        """
        for state in self.adamw.state.values():
            for name in ("exp_avg", "exp_avg_sq"):
                state[name].copy_(hardshrink(state[name], NOTHING))

    def rates(self) -> list[float]:
        r"""Returns the learning rate of each parameter."""
        return [
            self.learning_rate * group["share"]
            for group in self.adamw.param_groups
            for _ in group["params"]
        ]

    def decays(self) -> list[float]:
        r"""Returns the weight decay of each parameter."""
        return [
            group["weight_decay"] for group in self.adamw.param_groups for _ in group["params"]
        ]

    def moments(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        r"""Returns of each parameter the number of steps and both moments, to be changed."""
        for p in self.parameters:
            if p not in self.adamw.state:
                self.adamw.state[p] = {
                    "step": torch.zeros((), dtype=torch.float32, device=p.device),
                    "exp_avg": torch.zeros_like(p),
                    "exp_avg_sq": torch.zeros_like(p),
                }

        states = [self.adamw.state[p] for p in self.parameters]
        return [(s["step"], s["exp_avg"], s["exp_avg_sq"]) for s in states]

    def tensors(self) -> dict[str, Tensor]:
        r"""Returns what the optimizer remembers, by name."""
        return {
            f"{k}.{name}": tensor
            for k, p in enumerate(self.parameters)
            for name, tensor in self.adamw.state.get(p, {}).items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        r"""Takes up what `tensors` returned."""
        self.adamw.state.clear()

        for key, tensor in tensors.items():
            k, name = key.split(".")
            p = self.parameters[int(k)]
            self.adamw.state[p][name] = tensor.clone().to(p.device)


def _alike(module: nn.Module) -> dict[float, list[nn.Parameter]]:
    r"""Groups parameters by the share of the learning rate, zero for those not decayed."""
    groups: dict[float, list[nn.Parameter]] = {}

    for p in module.parameters():
        inputs = p[0].numel() if p.ndim >= 2 else 0
        groups.setdefault(min(1.0, _FULL_STEP / inputs) ** 0.5 if inputs else 0.0, []).append(p)

    return groups
