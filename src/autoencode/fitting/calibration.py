r"""Adaptation of nonlinear scales to the examples that a trained model draws."""

__all__ = ["calibrate"]

from typing import Any

import torch

from ..common.seeding import seed_torch
from ..data import Examples
from ..inference.generation import draw_examples, sample_codes
from ..models.latent import LatentModel

_DRAWS_PER_EXAMPLE = 64
_MIN_DRAWS, _MAX_DRAWS, _MAX_NUMBERS = 2**13, 2**15, 2**24


def calibrate(model: LatentModel, modality: Any, data: Examples, seed: int) -> None:
    r"""Adapt the scales of new examples, so that these follow the distribution of the data.

    A model with fewer codes than columns cannot follow every distribution. New rows of a skewed
    column, whose spread depends on a few rows, would vary more or less than those of the data.
    Codes, reconstructions and densities stay as they are.

    Arguments:
        model: The trained model, with a density and its prior.
        modality: The kind of data, :class:`~autoencode.modalities.capabilities.Calibrated`.
        data: The examples, as loaded.
        seed: The seed of the new examples.
    """
    if not modality.is_calibrated:
        return

    width = max(1, data.target[:1].numel())
    n = min(_MAX_DRAWS, max(_MIN_DRAWS, _DRAWS_PER_EXAMPLE * len(data)), _MAX_NUMBERS // width)
    seed_torch(seed)
    c = data.spread(n)[:].context
    c = None if c is None else c[torch.arange(n) % len(c)]
    modality.calibrate(draw_examples(model, modality, sample_codes(model, n, c), c))
