r"""The model and data of a measurement, and the result of one of its parts."""

__all__ = ["Section", "Task"]

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from torch import Tensor

from ...common.estimates import Estimate
from ...data import Examples
from ...modalities import Modality
from ...models.latent import LatentModel
from ...pages import Chart


class Task(NamedTuple):
    r"""A model, and the examples on which it is measured.

    Example:
        >>> Task._fields
        ('model', 'modality', 'test', 'train', 'names', 'seed', 'metadata')
    """

    model: LatentModel
    modality: Modality

    test: Examples
    r"""Held-out examples."""

    train: Examples | None = None
    r"""Training examples, which new examples should not repeat."""

    names: Sequence[str] = ()
    r"""The names of the columns of a table."""

    seed: int = 0
    r"""The seed of codes and new examples."""

    metadata: Mapping[Any, Any] | None = None
    r"""Columns about the held-out examples, as a mapping or a data frame."""

    @property
    def rows(self) -> Tensor:
        r"""Returns scaled held-out examples as rows in double precision; missing are zero."""
        return as_rows(self.modality.normalize(self.test.target))

    def column(self, j: int) -> str:
        r"""Returns the name of a column."""
        return str(self.names[j]) if j < len(self.names) else f"column {j}"


class Section(NamedTuple):
    r"""The result of one part of the measurements.

    Example:
        >>> Section("codes", {"active_units": 2.0}).charts
        ()
    """

    topic: str
    r"""The word that its sentence begins with."""

    values: dict[str, Estimate | float]
    charts: Sequence[Chart] = ()

    details: Mapping[str, Any] = MappingProxyType({})
    r"""Measures of each column or unit, by name."""


def as_rows(x: Tensor) -> Tensor:
    r"""Return scaled examples as rows in double precision, with zero for missing numbers.

    Arguments:
        x: The examples, with shape `(N, *)`.

    Example:
        >>> import torch
        >>> as_rows(torch.ones(2, 3, 4)).shape
        torch.Size([2, 12])
    """
    return x.flatten(start_dim=1).double().cpu().nan_to_num()
