r"""Base class of modalities: conversion to tensors and back, defaults of the model."""

__all__ = ["WIDE", "Modality", "cast", "tensor_of", "warn_of_constants"]

import abc
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

from ..common.configurable import Configurable
from ..corruptions import TextCorruption
from ..corruptions.base import flatten
from ..data import native_dtype
from ..distributions import Family
from ..networks import Network
from .windows import Windows

log = logging.getLogger(__name__)

_NAMED = 10  # columns in a message

# Numbers that single precision does not hold
WIDE = {torch.float64, torch.int32, torch.int64, torch.uint32, torch.uint64}

_NOTHING_MISSING = (
    "expected a table with columns of several types or missing cells when fitting, or one of"
    " numbers with modality=ae.modalities.MixedTables() (command line: --modality MixedTables)"
)

Self = TypeVar("Self", bound="Modality")


class Modality(Configurable, abc.ABC):
    r"""Abstract kind of data.

    The way there has two parts, so that large data stay as they came, where they lie, and only
    a minibatch is ever converted: `load` makes a tensor on their memory, `normalize` scales it.
    `restore` is the way back from both.
    """

    shape_: tuple[int, ...]
    r"""The shape of one example, as the networks see it."""

    format_: dict[str, Any] | None = None
    r"""The format of the files of a table, if the examples were read from one."""

    numeric: ClassVar[bool] = True
    r"""Whether the user's examples are arrays of numbers, in files or not."""

    suffixes: ClassVar[tuple[str, ...]] = (".npy", ".csv", ".parquet")
    r"""The files that examples can be written to; the empty one stands for a folder."""

    suffix: ClassVar[str] = ""
    r"""The suffix of the files in such a folder, one for each example."""

    symbolic: ClassVar[bool] = False
    r"""Whether examples are token sequences, which have no directions or distances."""

    windowed: ClassVar[bool] = False
    r"""Whether examples may be longer than those of `fit`, and are cut into windows then."""

    tiled: ClassVar[bool] = False
    r"""Whether examples may have any size, and come back in it, by tiles."""

    rowwise: ClassVar[bool] = False
    r"""Whether `restore` returns an array of numbers, with a row for each example on its own."""

    columns: ClassVar[bool] = True
    r"""Whether arrays with shape `(N, D)` have columns, whose number and names are to stay."""

    @property
    def event_(self) -> tuple[int, ...]:
        r"""The shape that the raw parameters of the likelihood are asked for."""
        return self.shape_

    @classmethod
    @abc.abstractmethod
    def accepts(cls, X: object) -> bool:
        r"""Tell whether `X`, examples or the path of a file or folder, is of this kind."""

    @abc.abstractmethod
    def read(self, path: Path) -> tuple[Any, ...]:
        r"""Returns the examples of a file or folder, labels or `None`, and the files' names.

        Kinds that accept a list of files, as :class:`~autoencode.data.Files`, read that, too.
        """

    @abc.abstractmethod
    def fit(self: Self, X: NDArray, support: Constraint = constraints.real) -> Self:
        r"""Learns the shape, scale and type of the data.

        Arguments:
            X: The examples, with shape `(N, *)`.
            support: Where the likelihood wants the scaled data to lie.

        Raises:
            ValueError: If the data are none of this kind.
        """

    def examples(self, X: Any, told: bool = False) -> Any:
        r"""Returns the examples of data, after `fit`: of long recordings their windows.

        Arguments:
            X: The data.
            told: Whether the log has said of these data how they are cut.
        """
        return X

    def follow(self, X: NDArray) -> None:
        r"""Learns how numbers are distributed, after `fit` to the same examples.

        It is for models with a density and the default likelihood, which are to make numbers as
        often as the data have them. By default nothing is to be learned.
        """

    @abc.abstractmethod
    def load(self, X: NDArray) -> Tensor:
        r"""
        Returns:
            The examples as a tensor: as they came and on their memory, where they are numbers.

        Raises:
            ValueError: If they differ in shape from those of `fit`, or are not finite.
        """

    @abc.abstractmethod
    def normalize(self, x: Tensor) -> Tensor:
        r"""Scales what `load` returns, to float32 with shape `(B, *shape_)`."""

    @abc.abstractmethod
    def restore(self, x: Tensor) -> NDArray:
        r"""Returns scaled examples in the shape, scale and type of the user's own."""

    def restore_new(self, x: Tensor) -> NDArray:
        r"""Returns what `draw` made, in the user's shape, scale, type and grid."""
        return self.restore(x)

    def mean(self, p: Distribution) -> Tensor:
        r"""Returns the means of :math:`p(x \mid z)`, as :meth:`restore_mean` takes them."""
        return p.mean

    def restore_mean(self, x: Tensor) -> NDArray:
        r"""Returns means in the shape, scale and type of the user's own examples.

        Scales that are not affine have others for means than for examples. By default none is.
        """
        return self.restore(x)

    def mean_given(self, p: Distribution, x: Tensor) -> Tensor:
        r"""Returns what `mean` does, where something is missing of examples.

        Arguments:
            p: The decoder's distributions, with batch shape `(*, B)`.
            x: The scaled examples, with shape `(B, *shape_)`.
        """
        return self.mean(p)

    def returned(self, R: Any, X: Any = None) -> Any:
        r"""Returns examples in what the user has them in.

        Arguments:
            R: The examples, as `restore` returns them.
            X: The user's, of which they are versions, if there are some: of a frame they get the
                library, the index and the order of the columns. By default those of the fit.
        """
        return R

    def hidden(self, x: Tensor) -> Tensor:
        r"""Returns new examples of which as many cells are missing as of the data.

        Raises:
            ValueError: If nothing may be missing in such data.
        """
        raise ValueError(f"{_NOTHING_MISSING}, got {type(self).__name__}.")

    @abc.abstractmethod
    def network(self) -> Network:
        r"""Returns the default architecture."""

    def denoiser(self) -> Network:
        r"""Returns the default architecture to clean damaged examples with, where the size of the
        code is open.
        """
        return self.network()

    @abc.abstractmethod
    def likelihood(self) -> Family:
        r"""Returns the default likelihood for the data of `fit`."""

    def deterministic_likelihood(self) -> Family:
        r"""Returns the default for models whose codes have no density, whose error it weighs."""
        return self.likelihood()

    @abc.abstractmethod
    def draw(self, p: Distribution) -> Tensor:
        r"""Returns new examples under :math:`p(x \mid z)`: its mean or a sample."""

    def variation(self) -> Callable[[Tensor], Tensor] | None:
        r"""Returns what makes other examples of scaled ones that are as likely, if the data of
        `fit` are too few to do without.
        """
        return None

    def adapt_likelihood(self, likelihood: Family) -> Family:
        r"""Returns a likelihood adapted to the data, with arguments left open filled in.

        Raises:
            ValueError: If the likelihood does not suit the data.
        """
        return likelihood

    def follow_residuals(self, squares: Callable[[], Iterator[Tensor]]) -> None:
        r"""Learns what a trained model leaves open, which new examples may need.

        Arguments:
            squares: Yields squared residuals :math:`(x - E[x \mid z])^2` of scaled examples, under
                codes drawn from their posterior, with shape `(B, *shape_)`. By default nothing
                is to be learned, and it is not called.
        """

    def log_unit(self, x: Tensor) -> Tensor:
        r"""Returns the log of the user's volume that one of the scaled data is, at examples.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.

        Returns:
            What log-densities are to be diminished by, with shape `(B,)` or `()`.
        """
        return self.unit().double().log().expand(self.shape_).sum()

    def log_mass(self, x: Tensor) -> Tensor | None:
        r"""Returns what each cell's log-probability is to be raised by for levels that are new.

        .. math:: \log u \text{ for a level that the fit did not see}, \qquad
            \log(1 - u) \text{ for others}

        Arguments:
            x: The examples, as `load` returned them.

        Returns:
            The logarithms, with shape `(N, columns)`, or `None` where nothing can be new.
        """
        return None

    def is_new(self, x: Tensor) -> Tensor | None:
        r"""Returns which cells have a level that the fit did not see, as `log_mass` does."""
        return None

    def known(self, x: Tensor) -> Tensor | None:
        r"""Returns which numbers of scaled examples say something, or `None` if all do.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.
        """
        return None

    def for_subset(self: Self) -> Self:
        r"""Returns the modality for models that are fitted to a subset of the data.

        It keeps the shape, types, levels and constants of all data.
        """
        return self.clone()

    def cells(self, x: Tensor, p: Distribution) -> Tensor:
        r"""Returns :math:`\log p(x_j \mid z)` of each cell of a table, NaN if it is missing.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.
            p: The decoder's distributions, with batch shape `(*, B)`.

        Raises:
            ValueError: If nothing may be missing in such data.
        """
        raise ValueError(f"{_NOTHING_MISSING}, got {type(self).__name__}.")

    def mask_each_cell(self, x: Tensor) -> Iterator[Tensor]:
        r"""Yields scaled examples once per cell, with that cell hidden.

        Raises:
            ValueError: If nothing may be missing in such data.
        """
        raise ValueError(f"{_NOTHING_MISSING}, got {type(self).__name__}.")

    def template(self, given: Mapping[Any, Any], n: int = 1) -> Any:
        r"""Returns examples of which some cells are given, by column, and others missing.

        Raises:
            ValueError: If there is no such column, or nothing may be missing in such data.
        """
        raise ValueError(f"{_NOTHING_MISSING}, got {type(self).__name__}.")

    def fill(self, X: Any, R: Any) -> Any:
        r"""Returns examples whose missing cells are those of others.

        Arguments:
            X: The user's examples.
            R: As many others, as `restore` returns them.

        Raises:
            ValueError: If nothing may be missing in such data.
        """
        raise ValueError(f"{_NOTHING_MISSING}, got {type(self).__name__}.")

    @abc.abstractmethod
    def unit(self) -> Tensor:
        r"""Returns how much of the user's unit one unit of the scaled data is.

        Its shape broadcasts to `shape_`. Squared errors are multiplied by its square, and
        densities divided by it for each element, so that both are in the user's units.
        """

    def adapt_network(self, network: Network) -> Network:
        r"""Returns a network adapted to the data, with their vocabulary size for example.

        Raises:
            ValueError: If the network does not suit such data.
        """
        return network

    def error(self, x: Tensor, p: Distribution) -> Tensor:
        r"""Returns the reconstruction errors of examples.

        By default this is the squared error, in the user's units.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.
            p: The decoder's distributions for their codes, with batch shape `(B,)`.

        Returns:
            The errors in double precision, with shape `(B,)`.
        """
        residual = (x - p.mean) * self.unit().to(x.device)
        return residual.flatten(start_dim=1).square().sum(dim=-1, dtype=torch.float64)

    def scaled_error(self, x: Tensor, p: Distribution) -> Tensor:
        r"""Returns what `error` does, where no column counts more than others for its unit."""
        return self.error(x, p)

    def split_corruption(
        self, corruption: Callable[[Tensor], Tensor]
    ) -> tuple[Callable[[Tensor], Tensor] | None, Callable[[Tensor], Tensor]]:
        r"""Splits a corruption into its parts before `normalize`, if any, and after it.

        By default all of it damages scaled examples. Where it has no meaning for the data, what
        is returned stands for it.

        Raises:
            ValueError: If nothing stands for it, or the order of its parts is another.
        """
        for part in flatten(corruption):
            if isinstance(part, TextCorruption):
                raise ValueError(
                    f"{type(part).__name__} is for texts, got {type(self).__name__}."
                    " Use GaussianNoise() or Masking()."
                )

        return None, corruption

    def to_bytes(self, x: Tensor) -> Tensor:
        r"""Returns token sequences as rows of bytes, ended and padded by 255.

        Edit distances are computed on them. Only modalities of token sequences have it.
        """
        raise ValueError(f"there are no symbols to spell of {self}.")

    def wide(self: Self) -> Self:
        r"""Returns the kind that has all columns of a table in its rows, constant ones too."""
        return self

    def to_numeric(self, X: Any) -> Any:
        r"""Returns rows of a table as numbers, and sounds of one length, for pictures."""
        return X

    def names(self, n: int) -> list[str]:
        r"""Returns names for the `n` columns of a file of examples that have none."""
        return [f"x{i}" for i in range(1, n + 1)]

    def to_images(self, X: NDArray) -> NDArray:
        r"""Returns pictures of examples, with shape `(N, H, W, C)` and values from 0 to 1.

        Only modalities with three-dimensional examples have it.
        """
        raise ValueError(f"there are no pictures of {self}.")

    def read_whole(self, path: Path) -> tuple[Any, ...]:
        r"""Returns what :meth:`read` does, with nothing cut off of examples, nor into windows."""
        return self.read(path)

    def windows(self, X: Any) -> Windows:
        r"""Returns the windows of examples that may be longer than those of the fit.

        Arguments:
            X: The examples, as :meth:`read_whole` returned them.

        Raises:
            ValueError: If such data have none.
        """
        raise ValueError(
            f"there are no windows to pool of {self}: each example has one row anyway. Leave out"
            " pool_windows=True (command line: --pool-windows)."
        )

    def in_own_size(
        self,
        X: NDArray,
        function: Callable[[Tensor], Tensor],
        receptive_radius: int | None = None,
    ) -> NDArray:
        r"""Returns what a function of scaled examples makes of one of any size.

        Arguments:
            X: The example.
            function: Maps scaled examples with shape `(B, *shape_)` to such examples, or of any
                size, if it keeps places.
            receptive_radius: The radius of the receptive field in pixels; `None` if unlimited.

        Raises:
            ValueError: If such data have one size.
        """
        raise ValueError(f"{self} have one size.")

    def write(self, path: Path, example: NDArray) -> None:
        r"""Writes an example to a file of its own, which ends in `suffix`."""
        raise ValueError(f"there are no files of single examples of {self}.")


def tensor_of(X: NDArray) -> Tensor:
    r"""A tensor on an array's own memory, also where that is read-only.

    Arguments:
        X: The array, with any shape. It is copied only if torch has no such numbers, those in
            the byte order of another machine for example, or no such strides.

    Example:
        >>> X = np.arange(3)
        >>> tensor_of(X).data_ptr() == X.ctypes.data
        True
    """
    X = np.asarray(X, dtype=native_dtype(X.dtype))
    X = X if min(X.strides, default=0) >= 0 else X.copy()

    with warnings.catch_warnings():
        # Nothing here writes to data
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(X)


def cast(X: NDArray, dtype: str) -> NDArray:
    r"""Returns floats as another type: integers rounded, and cut off at its limits.

    Arguments:
        X: The numbers, with any shape.
        dtype: The name of the type: floats, integers or `"bool"`.

    Example:
        >>> cast(np.array([-3.0, 1.7, 300.0]), "uint8")
        array([  0,   2, 255], dtype=uint8)
    """
    kind = np.dtype(dtype).kind

    if kind == "f":
        return X.astype(dtype)

    if kind == "b":
        return X > 0.5

    low, high = float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)

    if high > np.iinfo(dtype).max:  # which no float64 is, of 64 bits
        high = np.nextafter(high, 0)

    X = np.rint(X)
    return np.clip(X, low, high, out=X).astype(dtype)


def warn_of_constants(names: list[str]) -> None:
    r"""Says that columns which were constant in the fit are no longer so, if there are some.

    Arguments:
        names: The names of the columns.

    Example:
        >>> warn_of_constants([])
    """
    if names:
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        log.warning(
            "columns that were constant in the fit are not any more, which is ignored: %s%s.",
            *(", ".join(names[:_NAMED]), more),
        )
