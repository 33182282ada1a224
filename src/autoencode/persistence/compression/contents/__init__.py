r"""Symbols of examples: what is put on the stack under the likelihood.

- `base`: `Content`, the interface
- `elements`: numbers of arrays, such as pixels and the columns of numeric tables
- `cells`: numbers and categories of mixed tables
- `tokens`: texts, token by token
"""

__all__ = ["Content", "content_of"]

from typing import Any

from ....distributions import Family
from ....modalities import Modality
from ....modalities.capabilities import Gridded, GriddedCells, Tokenized
from .base import Content
from .cells import CellContent
from .elements import ElementContent
from .tokens import TokenContent


def content_of(modality: Modality, likelihood: Family) -> Content | None:
    r"""The symbols of a kind of data, or `None` if its examples do not come back unchanged.

    Arguments:
        modality: The kind of data, after `fit`.
        likelihood: The likelihood of the model.

    Example:
        >>> from autoencode.distributions import Bernoulli
        >>> from autoencode.modalities import Sounds
        >>> content_of(Sounds(), Bernoulli()) is None
        True
    """
    kinds: list[tuple[type, Any]] = [
        (Gridded, ElementContent),
        (GriddedCells, CellContent),
        (Tokenized, TokenContent),
    ]
    found = next((content for kind, content in kinds if isinstance(modality, kind)), None)
    return None if found is None else found(modality, likelihood)
