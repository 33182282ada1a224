r"""Buffers that change within a step, such as the running statistics of a normalization."""

__all__ = ["StateBuffers"]

import torch
import torch.nn as nn
from torch import Tensor


class StateBuffers:
    r"""Persistent buffers of a module, which are part of its learned state.

    Codebooks, counts of unused units and running statistics are changed by the forward pass, not
    by the optimizer. If the loss of a step is not finite, they keep their values, as the weights
    do. Otherwise, a single NaN in a running mean would remain there forever. Buffers that are not
    persistent are constants, and are left alone.

    Arguments:
        module: The module. Its forward pass changes persistent buffers in place.

    Example:
        >>> norm = nn.BatchNorm1d(1)
        >>> buffers = StateBuffers(norm)
        >>> before = buffers.copy()
        >>> y = norm(torch.tensor([[1.0], [float("nan")]]))
        >>> norm.running_mean
        tensor([nan])
        >>> buffers.select(torch.tensor(False), before)
        >>> norm.running_mean
        tensor([0.])
    """

    def __init__(self, module: nn.Module) -> None:
        self.owners = {
            f"{prefix}.{name}" if prefix else name: (owner, name)
            for prefix, owner in module.named_modules()
            for name, buffer in owner._buffers.items()
            if buffer is not None and buffer.numel() > 0
            if name not in owner._non_persistent_buffers_set
        }

    def copy(self) -> dict[str, Tensor]:
        r"""Returns copies of the buffers by name."""
        return {k: owner.get_buffer(name).clone() for k, (owner, name) in self.owners.items()}

    @torch.no_grad()
    def select(self, finite: Tensor, before: dict[str, Tensor]) -> None:
        r"""Restores the buffers unless the step is finite.

        Arguments:
            finite: True if the step counts, with shape `()`.
            before: The copies that `copy` returned before the step.
        """
        for key, (owner, name) in self.owners.items():
            buffer = owner.get_buffer(name)
            buffer.copy_(torch.where(finite, buffer, before[key]))

    @torch.no_grad()
    def load(self, buffers: dict[str, Tensor]) -> None:
        r"""Sets the buffers to given values, by name."""
        for key, (owner, name) in self.owners.items():
            owner.get_buffer(name).copy_(buffers[key])
