r"""Memory of the copies of a model."""

__all__ = ["check_memory"]

import os

import torch
import torch.nn as nn

from .group import Processes

_COPIES = 7  # weights, gradient and its sum, two moments, best weights, start of the epoch


def check_memory(module: nn.Module, device: str, processes: Processes) -> None:
    r"""Check that each process has memory for a copy of the model and its training.

    Arguments:
        module: The model.
        device: The device of the training.
        processes: The processes.

    Raises:
        ValueError: If the copies do not fit.

    Example:
        >>> check_memory(nn.Linear(3, 2), "cpu", Processes(0, 2))
    """
    if not processes.several:
        return

    weights = sum(p.numel() for p in module.parameters())
    needed = _COPIES * sum(p.numel() * p.element_size() for p in module.parameters())
    there, sharing, what = _machine_bytes(), processes.per_machine, "this machine"

    if torch.device(device).type == "cuda":
        there, what = torch.cuda.mem_get_info(device)[1], f"the GPU {device}"
        sharing = -(-sharing // torch.cuda.device_count())

    if there is not None and needed * sharing > there:
        raise ValueError(
            f"the model has {weights:,} weights, whose training takes {needed / 2**30:.1f} GiB in"
            f" each process; {what} has {there / 2**30:.1f} GiB for {sharing} of them. Every one"
            " holds the whole model: choose a smaller network, or fewer processes on each machine."
        )


def _machine_bytes() -> int | None:
    r"""Returns the memory of the machine, or `None` if the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
