r"""Labels, numbers and cells of the command line, as values."""

__all__ = ["NO_EFFECT", "parse_conditions", "parse_y"]

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...estimator import Autoencoder
from ...modalities.context import ContinuousContext

NO_EFFECT = (
    "{} has no effect, as this model is not conditional. Leave it out, or fit with --conditional."
)


def parse_y(y: Sequence[str] | None, model: Autoencoder) -> Any:
    r"""The words of `--y` as labels or rows of numbers, like the `y` of the fit.

    Arguments:
        y: The words of `--y`.
        model: The model.

    Raises:
        ValueError: If the model is not conditional, or needs numbers and the words are not
            whole rows of numbers.
    """
    if y is not None and model.context_ is None:
        raise ValueError(NO_EFFECT.format("--y"))

    if y is None or not isinstance(model.context_, ContinuousContext):
        return None if y is None else [*y]

    try:
        return np.array(y, float).reshape(-1, model.context_.size_)
    except ValueError:
        raise ValueError(
            f"expected --y with {model.context_.size_} numbers per row, as in the fit, got"
            f" {' '.join(y)}."
        ) from None


def parse_conditions(words: Sequence[str] | None) -> dict[str, str] | None:
    r"""The cells of `--conditions`, by column.

    Arguments:
        words: The words of `--conditions`, as COLUMN=CELL.

    Raises:
        ValueError: If a word has no `=`.

    Example:
        >>> parse_conditions(["kind=a", "price=3"])
        {'kind': 'a', 'price': '3'}
    """
    if wrong := [word for word in words or () if "=" not in word]:
        raise ValueError(f"expected --conditions COLUMN=CELL, got {wrong[0]!r}.")

    return None if words is None else dict(word.split("=", 1) for word in words)
