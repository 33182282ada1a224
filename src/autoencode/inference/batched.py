r"""Passes of many examples through a trained model."""

__all__ = ["RowMap", "over_rows"]

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..common.progress import through
from ..data import Examples, inference_batch_size
from ..models.latent import LatentModel

# Codec rows with shape `(B, *)`, seen by a model, to a row of results for each
RowMap = Callable[[LatentModel, Tensor], Tensor]

_BLOCK = 2**25 - 2**16  # bytes: as large as glibc takes note of


@torch.no_grad()
def over_rows(
    model: LatentModel,
    function: RowMap,
    x: Tensor,
    c: Tensor | None = None,
) -> Tensor:
    r"""Applies a function of a model to all rows, in parts that fit in memory.

    Arguments:
        model: The model, which is left in evaluation mode.
        function: Codec the model, seen under the context of some rows, and these rows, to one row
            of results for each.
        x: The rows, with shape `(N, *)`, in memory or in a file.
        c: Their context, with shape `(N, C)`.

    Returns:
        The results in memory, with shape `(N, *)`.

    Example:
        >>> over_rows(model, lambda m, x: m.encode(x).mean, x).shape  # doctest: +SKIP
        torch.Size([60000, 16])
    """
    device = next(model.parameters()).device
    model.eval()
    found, done = torch.empty(0), 0

    # Having seen a block of this size come and go, glibc keeps what the parts free for the next,
    # which otherwise takes its memory anew, page by page: a fifth to a third of the time
    torch.empty(_BLOCK, dtype=torch.uint8)

    size = inference_batch_size(
        max(x[:1].numel(), math.prod(model.encoder.given))
    )  # what codes decode to

    for rows in through(Examples(x, None, c).split(size), len(x), "examples"):
        rows = rows.to(device)
        part = function(model.given(rows.context), rows.target)

        if done == 0:  # all at once, as parts to join would take twice the memory
            found = torch.empty(len(x), *part.shape[1:], dtype=part.dtype)

        found[done : done + len(part)] = part
        done += len(part)

    return found
