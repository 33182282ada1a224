r"""Rows with columns, and examples that are not numbers."""

__all__ = ["NonNumeric", "TableReadable", "Tabular", "as_given", "scaled_error"]

import abc
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution

from ...data import TableFormat
from ..base import Modality


class NonNumeric:
    r"""Kinds whose examples are not arrays of numbers, such as texts and rows of mixed columns.

    They check the types of their examples themselves, and read all files themselves.

    Example:
        >>> from autoencode.modalities import Images, Texts
        >>> isinstance(Texts(), NonNumeric), isinstance(Images(), NonNumeric)
        (True, False)
    """


class TableReadable(abc.ABC):
    r"""Kinds that read a table whose format the user states, as flags of the command line do."""

    @abc.abstractmethod
    def read_table(self, path: Path, form: TableFormat) -> Any:
        r"""Returns the examples of a table in a file.

        Arguments:
            path: The file.
            form: The format of the file, as the user has stated it.
        """


class Tabular(abc.ABC):
    r"""Kinds whose examples are rows with columns, in arrays with shape `(N, D)` or data frames.

    The number and the names of the columns must stay those of the fit.
    """

    @abc.abstractmethod
    def to_numeric(self, X: Any) -> NDArray:
        r"""Returns rows as an array of numbers, with shape `(N, D)`, for pictures."""

    @abc.abstractmethod
    def returned(self, R: Any, X: Any = None) -> Any:
        r"""Returns rows in the type of container that the user has them in.

        Arguments:
            R: The rows, as `restore` returns them.
            X: The user's rows, of which these are versions. A frame gives its library, its index
                and the order of its columns. By default the frame of the fit does.
        """

    @abc.abstractmethod
    def scaled_error(self, x: Tensor, p: Distribution) -> Tensor:
        r"""Returns the errors of rows, in which no column counts more for its unit.

        The arguments and the shape are those of :meth:`~autoencode.modalities.Modality.error`.
        """

    def wide(self) -> Modality:
        r"""Returns the kind that keeps all columns in its rows, constant ones too."""
        assert isinstance(self, Modality)
        return self

    def file_kinds(self) -> dict[str | int, str]:
        r"""Returns the kinds of the columns, by which later files are read in the same way."""
        return {}


def as_given(modality: Modality, R: Any, X: Any = None) -> Any:
    r"""Examples in the type of container that the user has them in.

    Arguments:
        modality: The kind of data.
        R: The examples, as `restore` returns them.
        X: The user's examples, of which these are versions.
    """
    return modality.returned(R, X) if isinstance(modality, Tabular) else R


def scaled_error(modality: Modality, x: Tensor, p: Distribution) -> Tensor:
    r"""The errors of examples, in which no column counts more for its unit.

    Arguments:
        modality: The kind of data.
        x: The scaled examples, with shape `(B, *shape_)`.
        p: The decoder's distributions for their codes, with batch shape `(B,)`.
    """
    return modality.scaled_error(x, p) if isinstance(modality, Tabular) else modality.error(x, p)
