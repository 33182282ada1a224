r"""Rows and codes of a sample of examples."""

__all__ = ["draw", "encode", "in_model_units", "to_array"]

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..codec import Codec

BATCH_SIZE = 4096


def in_model_units(codec: Codec) -> Codec:
    r"""Codec of scaled rows, so that the unit of a column does not change its weight."""
    return replace(
        codec,
        encode=lambda x: codec.encode(x * codec.unit),
        decode=lambda z: codec.decode(z) / codec.unit,
        to_rows=lambda X: codec.to_rows(X) / codec.unit,
        from_rows=lambda x: codec.from_rows(x * codec.unit),
        unit=1.0,
    )


def encode(codec: Codec, x: Tensor) -> Tensor:
    r"""Codes of rows, computed in batches.

    Arguments:
        codec: The codec of the model.
        x: The rows, with shape `(N, D)`.
    """
    with codec.evaluating(), torch.no_grad():
        return torch.cat([codec.encode(part) for part in x.split(BATCH_SIZE)])


def draw(rng: np.random.RandomState, N: int, n: int) -> NDArray:
    r"""Indices of rows, drawn at random, in ascending order.

    Arguments:
        rng: The generator.
        N: The number of rows.
        n: The maximum number of rows to draw.
    """
    return np.sort(rng.permutation(N)[:n])


def to_array(values: Any) -> NDArray:
    r"""Values as a numpy array, from any device."""
    return np.asarray(torch.as_tensor(values).cpu())
