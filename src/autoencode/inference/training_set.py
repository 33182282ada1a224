r"""Codes and residuals of the examples that a model was trained on."""

__all__ = ["contexts", "draw_codes", "some_inputs", "squared_residuals"]

import math
from collections.abc import Iterator

import torch
from torch import Size, Tensor

from ..data import Examples
from ..modalities import Modality
from ..models.latent import LatentModel, Model
from .batched import map_scaled

_MAX_CODES = 2**14
_MAX_CODE_NUMBERS = 2**25  # in all codes
_MAX_RESIDUAL_EXAMPLES = 2**12
_MAX_INPUTS, _MAX_INPUT_NUMBERS = 2**10, 2**24


def draw_codes(model: LatentModel, modality: Modality, data: Examples) -> Tensor:
    r"""Codes sampled from the posterior of training examples, one each for many examples.

    Arguments:
        model: The model.
        modality: The kind of data.
        data: The examples, as loaded.

    Returns:
        The codes of at most 16,384 examples, with shape `(N, k, D)`.
    """
    some = data.spread(_MAX_CODES)
    most = min(_MAX_CODES, max(len(some), _MAX_CODE_NUMBERS // math.prod(model.encoder.event)))

    def draw(model: Model, x: Tensor) -> Tensor:
        return model.encode(x).sample(Size([most // len(some)])).movedim(0, 1)

    # In batches, as the examples may be in a file larger than memory
    parts = some.split()
    return torch.cat(
        [map_scaled(model, modality, draw, part.target, part.context) for part in parts]
    )


def contexts(data: Examples) -> Tensor | None:
    r"""Contexts of the examples whose codes are drawn, with shape `(N, C)`, or `None`.

    Arguments:
        data: The examples, as loaded.
    """
    c, rows = data.context, data.spread(_MAX_CODES).rows
    return None if c is None or rows is None else c[rows[:]]


def some_inputs(
    model: LatentModel, modality: Modality, data: Examples
) -> tuple[Tensor, Tensor | None]:
    r"""At most 1,024 training examples, scaled and evenly spaced, and their contexts.

    Arguments:
        model: The model.
        modality: The kind of data.
        data: The examples, as loaded.
    """
    numbers = max(1, data.target[:1].numel())
    some = data.spread(max(1, min(_MAX_INPUTS, _MAX_INPUT_NUMBERS // numbers)))[:]
    device = next(model.parameters()).device
    x, c = modality.normalize(some.target.to(device)), some.context

    return x, None if c is None else c.to(device)


def squared_residuals(model: LatentModel, modality: Modality, data: Examples) -> Iterator[Tensor]:
    r"""Yield squared residuals :math:`(x - E[x \mid z])^2` of training examples.

    Codes are sampled from the posterior. At most 4,096 examples are used.

    Arguments:
        model: The model.
        modality: The kind of data.
        data: The examples, as loaded.
    """

    def squares(model: Model, x: Tensor) -> Tensor:
        return (x - model.decode(model.encode(x).sample()).mean).square()

    for part in data.spread(_MAX_RESIDUAL_EXAMPLES).split():
        yield map_scaled(model, modality, squares, part.target, part.context)
