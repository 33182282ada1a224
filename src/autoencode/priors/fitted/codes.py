r"""Codes that a prior is fitted to, and fitted numbers that are read back from a file."""

__all__ = ["keep_first_dimension", "place", "points_of", "usable"]

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

log = logging.getLogger(__name__)


def usable(z: Tensor) -> bool:
    r"""Tell whether codes are all finite, and warn if they are not.

    Example:
        >>> usable(torch.zeros(3, 1, 2))
        True
    """
    if z.isfinite().all():
        return True

    log.warning("the codes are not all finite; the prior stays as it was in the training.")
    return False


def points_of(z: Tensor, least: int = 2**11) -> tuple[Tensor, bool]:
    r"""Codes without needless repetitions, and whether each example has a single code.

    Arguments:
        z: The codes, with shape `(N, k, D)`.
        least: The smallest number of codes to keep, if there are so many.

    Returns:
        The codes, and true if they are those of a plain autoencoder, which are single points.

    Example:
        >>> points_of(torch.ones(5, 3, 2))[0].shape
        torch.Size([5, 1, 2])
    """
    points = z.shape[1] > 1 and bool((z == z[:, :1]).all())
    return z[:, :1] if points else z[:, : max(1, least // len(z))], points


def place(z: Tensor) -> tuple[Tensor, Tensor]:
    r"""Means and standard deviations of codes, small ones for constant features.

    Arguments:
        z: The codes, with shape `(N, k, D)`.

    Example:
        >>> place(torch.tensor([[[1.0]], [[3.0]]]))
        (tensor([2.]), tensor([1.]))
    """
    flat = z.flatten(end_dim=1).double()
    loc, scale = flat.mean(dim=0), flat.std(dim=0, correction=0)
    constant = scale <= 1e-6 * flat.abs().amax(dim=0)
    smallest = 1e-2 * (float(scale[~constant].max()) if not constant.all() else 1.0)

    return loc.to(z), torch.where(constant, smallest, scale).to(z)


def keep_first_dimension(prior: nn.Module, first: str, *others: str) -> None:
    r"""Lets buffers take as many rows as a file has; other differences are refused by torch.

    Arguments:
        prior: The prior, whose buffers have no rows until it is fitted.
        first: The name of the buffer whose number of rows all have.
        others: The names of the other buffers.

    Example:
        >>> prior = nn.Module()
        >>> prior.register_buffer("weight", torch.zeros(0))
        >>> keep_first_dimension(prior, "weight")
        >>> prior.load_state_dict({"weight": torch.ones(3)})
        <All keys matched successfully>
    """
    prior.register_load_state_dict_pre_hook(partial(_resize, (first, *others)))


def _resize(
    names: Sequence[str], module: nn.Module, tensors: dict[str, Tensor], prefix: str, *_: Any
) -> None:
    stored = tensors.get(prefix + names[0])
    K = getattr(module, names[0]).shape[0] if stored is None or not stored.ndim else len(stored)

    for name in names:
        if prefix + name in tensors:
            before = getattr(module, name)
            setattr(module, name, before.new_empty(K, *before.shape[1:]))
