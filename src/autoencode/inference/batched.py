r"""Batched evaluation of functions of a trained model."""

__all__ = ["BatchFunction", "each_batch", "map_batches", "map_restored", "map_scaled"]

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..common.progress import track
from ..data import Examples, inference_batch_size
from ..modalities import Modality
from ..models.latent import LatentModel, Model

# Maps a model and rows with shape `(B, *)` to one row of results for each
BatchFunction = Callable[[Model, Tensor], Tensor]


@torch.no_grad()
def each_batch(
    model: LatentModel,
    function: BatchFunction,
    x: Tensor,
    c: Tensor | None = None,
) -> Iterator[Tensor]:
    r"""Apply a function of a model to many rows, and yield the results of one batch at a time.

    Arguments:
        model: The model. It is left in evaluation mode.
        function: A function, as for :func:`map_batches`.
        x: The rows, with shape `(N, *)`, in memory or in a file.
        c: Their context, with shape `(N, C)`.
    """
    device = next(model.parameters()).device
    model.eval()

    # The largest of input, code and output
    shapes = x.shape[1:], model.encoder.shape, model.encoder.event
    size = inference_batch_size(max(math.prod(shape) for shape in shapes))

    for rows in track(Examples(x, None, c).split(size), len(x), "examples"):
        rows = rows.to(device)
        yield function(model.given(rows.context), rows.target)


def map_batches(
    model: LatentModel,
    function: BatchFunction,
    x: Tensor,
    c: Tensor | None = None,
) -> Tensor:
    r"""Apply a function of a model to many rows, in batches that fit in memory.

    Arguments:
        model: The model. It is left in evaluation mode.
        function: A function of the model, bound to the context of a batch, and of the rows of the
            batch. It returns one row of results for each row.
        x: The rows, with shape `(N, *)`, in memory or in a file.
        c: Their context, with shape `(N, C)`.

    Returns:
        The results in memory, with shape `(N, *)`.
    """
    result, done = torch.empty(0), 0

    for part in each_batch(model, function, x, c):
        if done == 0:  # joining batches at the end would take twice the memory
            result = torch.empty(len(x), *part.shape[1:], dtype=part.dtype)

        result[done : done + len(part)] = part
        done += len(part)

    return result


def map_scaled(
    model: LatentModel,
    modality: Modality,
    function: BatchFunction,
    x: Tensor,
    c: Tensor | None = None,
) -> Tensor:
    r"""Apply a function of a model to many examples, and scale each batch first.

    Arguments:
        model: The model. It is left in evaluation mode.
        modality: The kind of data.
        function: As for :func:`map_batches`, of scaled examples.
        x: The examples, as loaded, in memory or in a file.
        c: Their context, with shape `(N, C)`.
    """
    return map_batches(model, lambda m, x: function(m, modality.normalize(x)), x, c)


def map_restored(
    run: Callable[[BatchFunction], Tensor],
    function: BatchFunction,
    restore: Callable[[Tensor], Any],
) -> Any:
    r"""Apply a function to many rows and restore its results, in batches if they are numbers.

    A whole array of bytes is then never held as floats. Frames and texts are restored at once.

    Arguments:
        run: Applies a function in batches, as :func:`map_batches` does.
        function: The function, whose results are scaled examples.
        restore: A function from scaled examples to the user's.

    Example:
        >>> run = lambda f: f(None, torch.zeros(2, 3))
        >>> map_restored(run, lambda model, x: x + 1, lambda x: x.numpy().astype("uint8"))
        array([[1, 1, 1],
               [1, 1, 1]], dtype=uint8)
    """
    in_batches = True
    R: Any = None

    def restored(model: Model, x: Tensor) -> Tensor:
        nonlocal in_batches, R
        y = function(model, x)

        if in_batches:
            R = restore(y)

            if _is_for_torch(R):
                return torch.from_numpy(R)

            in_batches = False

        return y

    result = run(restored)

    if in_batches:
        return result.numpy()

    return R if len(R) == len(result) else restore(result)


def _is_for_torch(R: Any) -> bool:
    r"""Tell whether torch supports numbers: at most eight bytes each, in native byte order."""
    numbers = isinstance(R, np.ndarray) and R.dtype.kind in "biuf"
    return numbers and R.dtype.isnative and R.dtype.itemsize <= 8
