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
    r"""Kinds that read a table in a given format, as the flags of the command line state it."""

    @abc.abstractmethod
    def read_table(self, path: Path, form: TableFormat) -> Any:
        r"""Returns the examples of a table in a file.

        Arguments:
            path: The file.
            form: The format of the file; open settings are found in the file.
        """


class Tabular(abc.ABC):
    r"""Kinds whose examples are rows with columns, in arrays with shape `(N, D)` or data frames.

    The number and the names of the columns must stay those of the fit.
    """

    @abc.abstractmethod
    def to_numeric(self, X: Any) -> NDArray:
        r"""Returns rows as an array of numbers, with shape `(N, D)`, for pictures."""

    @abc.abstractmethod
    def as_type_of(self, R: Any, X: Any = None) -> Any:
        r"""Returns rows in the user's type of array or frame.

        Arguments:
            R: The rows, as `restore` returns them.
            X: The user's rows that correspond to `R`. The result has the library, the index and
                the order of columns of this frame. By default it follows the frame of the fit.
        """

    @abc.abstractmethod
    def scaled_error(self, x: Tensor, p: Distribution) -> Tensor:
        r"""Returns errors of rows that do not depend on the units of columns.

        The arguments and the shape are those of :meth:`~autoencode.modalities.Modality.error`.
        """

    def with_constant_columns(self) -> Modality:
        r"""Returns a copy of the modality whose rows include constant columns."""
        assert isinstance(self, Modality)
        return self

    def file_kinds(self) -> dict[str | int, str]:
        r"""Returns the kinds of the columns, so that later files are read in the same way."""
        return {}


def as_given(modality: Modality, R: Any, X: Any = None) -> Any:
    r"""Examples in the user's type of array or frame.

    Arguments:
        modality: The kind of data.
        R: The examples, as `restore` returns them.
        X: The user's examples that correspond to `R`.
    """
    return modality.as_type_of(R, X) if isinstance(modality, Tabular) else R


def scaled_error(modality: Modality, x: Tensor, p: Distribution) -> Tensor:
    r"""Errors of examples that do not depend on the units of columns.

    Arguments:
        modality: The kind of data.
        x: The scaled examples, with shape `(B, *shape_)`.
        p: The decoder's distributions for their codes, with batch shape `(B,)`.
    """
    return modality.scaled_error(x, p) if isinstance(modality, Tabular) else modality.error(x, p)
