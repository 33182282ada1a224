r"""Fused AdamW, with smaller steps for wide matrices."""

__all__ = ["BETAS", "EPSILON", "NEGLIGIBLE", "AdamW"]

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn.functional import hardshrink
from torch.nn.utils import clip_grads_with_norm_

BETAS = (0.9, 0.99)
EPSILON = 1e-8
NEGLIGIBLE = 1e-30  # moments below this value do not change a step: epsilon is far larger

_FULL_STEP_INPUTS = 256


class AdamW:
    r"""AdamW whose learning rate falls with the width of a weight matrix.

    Adam moves every weight by about the learning rate, so that the output of a matrix with many
    inputs moves by many times as much. Beyond 256 inputs the learning rate of a matrix is
    therefore multiplied by the square root of 256 over the number of inputs. Biases,
    normalization weights and scales are not decayed.

    References:
        | Decoupled Weight Decay Regularization (Loshchilov & Hutter, 2019)
        | https://arxiv.org/abs/1711.05101

    Arguments:
        module: The module to train. Parameters with `requires_grad=False` stay frozen.
        learning_rate: The learning rate of matrices with up to 256 inputs.
        weight_decay: The decay of weight matrices, relative to the learning rate.
        lr_factors: Factors of the learning rate, by the beginning of parameter names.

    Raises:
        ValueError: If the module has no trainable parameters.

    Example:
        >>> layer = nn.Linear(3, 1)
        >>> optimizer = AdamW(layer, learning_rate=0.1)
        >>> layer(torch.ones(3)).sum().backward()
        >>> optimizer.grad_norm()
        tensor(2.)
        >>> optimizer.step()
    """

    def __init__(
        self,
        module: nn.Module,
        learning_rate: float,
        weight_decay: float = 0.0,
        lr_factors: Mapping[str, float] | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.groups = _parameter_groups(module, weight_decay, lr_factors or {})
        self.parameters = [p for group in self.groups for p in group.parameters]

        if not self.parameters:
            raise ValueError("expected a model with weights to train, got one without.")

        self.m = [m for group in self.groups for m in group.m]
        self.v = [v for group in self.groups for v in group.v]
        self.t = torch.zeros((), device=self.parameters[0].device)
        self.betas = torch.tensor(BETAS, device=self.t.device)

    def grad_norm(self) -> Tensor:
        r"""Returns the norm of the gradient, with shape `()`."""
        gradient = [p.grad.flatten() for p in self.parameters if p.grad is not None]

        # Dot products take half the time of `torch.nn.utils.get_total_norm`
        return torch.stack([g.dot(g) for g in gradient]).sum().sqrt()

    def clip_grad(self, norm: Tensor, max_norm: float) -> None:
        r"""Rescales the gradient, whose norm is given, to at most `max_norm`."""
        clip_grads_with_norm_(self.parameters, max_norm, norm)

    def step(self, lr_scale: float = 1.0, skip: Tensor | None = None) -> None:
        r"""Updates the parameters, and clears the gradient.

        Arguments:
            lr_scale: The factor of the learning rate.
            skip: 1 to skip the update, else 0, as a float with shape `()`.
        """
        self.t += 1

        for group in self.groups:
            moments = zip(group.parameters, group.m, group.v)
            moved = [(p, p.grad, m, v) for p, m, v in moments if p.grad is not None]

            if not moved:
                continue

            p, g, m, v = map(list, zip(*moved))

            # The kernel behind `torch.optim.AdamW(fused=True)`. For small models, a direct call
            # takes half of the time (`benchmarks/shortcuts.py`). The kernel skips the update if
            # `found_inf` is 1
            torch.ops.aten._fused_adamw_(
                p,
                g,
                m,
                v,
                [],
                [self.t] * len(p),
                lr=self.learning_rate * lr_scale * group.lr_scale,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=group.weight_decay,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
                found_inf=skip,
            )

        if skip is not None:
            self.t -= skip

        for parameter in self.parameters:
            parameter.grad = None

    def flush_denormals(self) -> None:
        r"""Sets moments to zero before they become denormal numbers.

        If the gradient of a weight stays zero, as at the constant margin of images, its first
        moment shrinks by a tenth with each step. Processors are many times slower with numbers
        below 1e-38. A call about every hundred steps prevents this.
        """
        for moment in (*self.m, *self.v):
            moment.copy_(hardshrink(moment, NEGLIGIBLE))

    def learning_rates(self) -> list[float]:
        r"""Returns the learning rate of each parameter."""
        scales = [group.lr_scale for group in self.groups for _ in group.parameters]
        return [self.learning_rate * scale for scale in scales]

    def weight_decays(self) -> list[float]:
        r"""Returns the weight decay of each parameter."""
        return [group.weight_decay for group in self.groups for _ in group.parameters]

    def state_dict(self) -> dict[str, Tensor]:
        r"""Returns the step count and the moments, by name."""
        moments = {"m": self.m, "v": self.v}
        named = {f"{k}.{name}": t for name, ts in moments.items() for k, t in enumerate(ts)}

        return {"t": self.t, **named}

    def continue_from(self, moments: Mapping[str, Tensor]) -> None:
        r"""Continues from the state of an optimizer of the same parameters; no other has effect.

        Arguments:
            moments: The state that `state_dict` returned.
        """
        own = self.state_dict()

        if {k: t.shape for k, t in own.items()} == {k: t.shape for k, t in moments.items()}:
            self.load_state_dict({**moments})

    def load_state_dict(self, state_dict: dict[str, Tensor]) -> None:
        r"""Restores the state that `state_dict` returned."""
        for name, tensor in self.state_dict().items():
            tensor.copy_(state_dict[name])


class _Group(NamedTuple):
    r"""Parameters with the same settings, and the moments of their gradients."""

    lr_scale: float
    weight_decay: float
    parameters: list[nn.Parameter]
    m: list[Tensor]
    v: list[Tensor]


def _parameter_groups(
    module: nn.Module, weight_decay: float, lr_factors: Mapping[str, float]
) -> list[_Group]:
    r"""Groups parameters by their learning rate and weight decay."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}

    for name, p in module.named_parameters():
        if not p.requires_grad:
            continue

        inputs = p[0].numel() if p.ndim >= 2 else 0
        factor = next((v for k, v in lr_factors.items() if name.startswith(k)), 1.0)
        lr_scale = factor * min(1.0, _FULL_STEP_INPUTS / max(1, inputs)) ** 0.5
        groups.setdefault((lr_scale, weight_decay if inputs else 0.0), []).append(p)

    return [
        _Group(
            *settings, ps, *([torch.zeros_like(p, requires_grad=False) for p in ps] for _ in "mv")
        )
        for settings, ps in groups.items()
    ]
