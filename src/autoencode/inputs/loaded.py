r"""Examples as they were read, with their labels and names."""

__all__ = ["Loaded"]

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..data import Names
from ..data.joining import take
from ..modalities import Modality


class Loaded(NamedTuple):
    r"""Examples, with the labels and file names that come with them."""

    X: Any
    y: Any = None
    names: Names | None = None

    kind: Modality | None = None
    r"""The modality that read the examples, if they come from files."""

    header: list[str] | None = None
    r"""The names of the columns in the header of a file of numbers."""

    groups: Any = None
    r"""The group of each example, if examples have groups that stay together."""

    weights: Any = None
    r"""The weight of each example, if examples have weights."""

    tabular: bool = False
    r"""True for rows whose columns are to be compared with those of the fit."""

    def select(self, rows: Sequence[int]) -> "Loaded":
        r"""Returns some of the examples, with their labels and names."""
        y = None if self.y is None else take(np.asarray(self.y), rows)
        groups = None if self.groups is None else take(np.asarray(self.groups), rows)
        weights = None if self.weights is None else take(np.asarray(self.weights), rows)
        return self._replace(
            X=take(self.X, rows),
            y=y,
            names=self.names and self.names.select(rows),
            groups=groups,
            weights=weights,
        )
