r"""Cells of tables: missing, scored, given and new ones."""

__all__ = ["CellDecomposable", "CellScored", "Conditionable", "Imputable", "OpenLevels"]

import abc
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor
from torch.distributions import Distribution


class Imputable(abc.ABC):
    r"""Kinds in whose examples something may be missing. Models of them can `impute`.

    The likelihood skips what is missing.
    """

    @abc.abstractmethod
    def known(self, x: Tensor) -> Tensor:
        r"""Returns which numbers of scaled examples are not missing, with the shape of `x`.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.
        """

    @abc.abstractmethod
    def mean_given(self, p: Distribution, x: Tensor) -> Tensor:
        r"""Returns means of what is missing, as `restore_mean` takes them.

        Arguments:
            p: The decoder's distributions, with batch shape `(*, B)`.
            x: The scaled examples, with shape `(B, *shape_)`.
        """

    @abc.abstractmethod
    def fill(self, X: Any, R: Any) -> Any:
        r"""Returns examples with their missing cells taken from others.

        Arguments:
            X: The user's examples.
            R: As many others, as `restore` returns them.
        """


class CellScored(abc.ABC):
    r"""Kinds whose cells have probabilities of their own. Models have `cell_surprisal`."""

    @abc.abstractmethod
    def cells(self, x: Tensor, p: Distribution) -> Tensor:
        r"""Returns :math:`\log p(x_j \mid z)` of each cell, NaN if it is missing.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.
            p: The decoder's distributions, with batch shape `(*, B)`.

        Returns:
            The logarithms, with shape `(*, B, columns)`.
        """

    @abc.abstractmethod
    def mask_each_cell(self, x: Tensor) -> Iterator[Tensor]:
        r"""Yields scaled examples once per column, with its cells hidden."""


class Conditionable(abc.ABC):
    r"""Kinds of which `sample` makes examples with given or with missing cells."""

    @abc.abstractmethod
    def template(self, given: Mapping[Any, Any], n: int = 1) -> Any:
        r"""Returns `n` examples with given cells, by column, and all others missing.

        Raises:
            ValueError: If there is no such column, or a cell is not of its kind.
        """

    @abc.abstractmethod
    def hide(self, x: Tensor) -> Tensor:
        r"""Returns scaled examples with cells hidden in the patterns of the data of the fit."""


class OpenLevels(abc.ABC):
    r"""Kinds with categories that may take levels which the fit did not see."""

    @abc.abstractmethod
    def is_new(self, x: Tensor) -> Tensor:
        r"""Returns which cells have a new level, with shape `(N, columns)`.

        Arguments:
            x: The examples, as `load` returned them.
        """

    @abc.abstractmethod
    def log_mass(self, x: Tensor) -> Tensor:
        r"""Returns what the log-probability of each cell is raised by, for levels may be new.

        .. math:: \log u \text{ for a new level}, \qquad \log(1 - u) \text{ for others}

        Arguments:
            x: The examples, as `load` returned them.

        Returns:
            The logarithms, with shape `(N, columns)`.
        """


class CellDecomposable(Imputable, CellScored, OpenLevels):
    r"""Kinds for whose rows the anomaly detector divides surprisal by cells."""

    @abc.abstractmethod
    def there(self, x: Tensor) -> Tensor:
        r"""Returns which cells are not missing, in the order of the likelihood, as `(B, F)`."""

    @abc.abstractmethod
    def per_column(self, cells: Tensor) -> Tensor:
        r"""Returns numbers of cells in the order of the columns, zero for constants.

        Arguments:
            cells: Numbers in the order of the likelihood, with shape `(*, F)`.
        """

    @abc.abstractmethod
    def unseen(self, t: Tensor) -> Tensor:
        r"""Returns the surprisal of cells that networks cannot see, less what is expected.

        Arguments:
            t: The rows, as `load` returned them, with shape `(N, columns)`.
        """

    @abc.abstractmethod
    def has_density(self) -> list[bool]:
        r"""Returns which columns are numbers with a density, and not levels or constants."""
