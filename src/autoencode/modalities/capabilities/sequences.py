r"""Token sequences, windows of long examples, and forecasts."""

__all__ = [
    "Collected",
    "Extendable",
    "Forecastable",
    "Streamed",
    "TimeResolved",
    "Tokenized",
    "Windowed",
    "collected",
    "event_shape",
    "examples",
]

import abc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from ...data.listing.sources import Files
from ..base import Modality
from ..windows import Windows, join


class Tokenized(abc.ABC):
    r"""Kinds of token sequences, which have no Euclidean directions or distances.

    A token decoder generates them, see :class:`~autoencode.distributions.Autoregressive`.
    """

    @property
    @abc.abstractmethod
    def features(self) -> int:
        r"""The number of features of the code that the token decoder starts from."""

    @property
    @abc.abstractmethod
    def header(self) -> str:
        r"""The name of the column of a table of such examples."""

    @abc.abstractmethod
    def to_bytes(self, x: Tensor) -> Tensor:
        r"""Returns token sequences as rows of bytes, ended and padded by 255.

        Edit distances are computed on them.
        """

    @abc.abstractmethod
    def as_long_as(self, X: Any) -> Modality:
        r"""Returns an unfitted copy that takes sequences up to the length of the longest of these.

        Otherwise a fit takes no longer sequences than its own.
        """

    @abc.abstractmethod
    def prefix_tokens(self, prefix: str) -> Tensor:
        r"""Returns the first tokens of all examples with a given beginning, with shape `(P,)`.

        Raises:
            ValueError: If no example begins so.
        """


class Windowed(abc.ABC):
    r"""Kinds whose examples may be longer than those of the fit, and are then cut into windows.

    `transform(X, pool_windows=True)` and `reconstruct(X, full_size=True)` return whole examples.
    """

    @abc.abstractmethod
    def examples(self, X: Any, logged: bool = False) -> Any:
        r"""Returns the examples of data after `fit`; long examples are cut into windows.

        Arguments:
            X: The data.
            logged: Whether the log has already described how these data are cut.
        """

    @abc.abstractmethod
    def read_whole(self, path: Path | Files) -> tuple[Any, ...]:
        r"""Returns the same as `read`, but keeps long examples whole."""

    @abc.abstractmethod
    def windows(self, X: Any) -> Windows:
        r"""Returns the windows of long examples.

        Arguments:
            X: The examples, as :meth:`read_whole` returned them.
        """

    def whole(self, R: NDArray, windows: Windows) -> Any:
        r"""Returns versions of windows, joined to whole examples.

        Arguments:
            R: A version of each window, as `restore` returns them.
            windows: The original windows.
        """
        return join(R, windows.length)


class Streamed(Windowed):
    r"""Kinds whose long examples are read from files, and written to files, in parts."""

    suffix: str
    r"""The suffix of files of examples."""

    samples_: int
    r"""The length of a window."""

    @abc.abstractmethod
    def each_in_blocks(self, path: Path) -> Iterator[tuple[str, Iterator[NDArray]]]:
        r"""Yields the names of the examples of a file or folder, each with its parts.

        A part has the shape `(n, *)`. The parts of an example raise `UnreadableFileError` if it
        cannot be read.
        """

    @abc.abstractmethod
    def write_blocks(self, path: Path, blocks: Iterator[NDArray]) -> None:
        r"""Writes the parts of one long example to a file."""


class Extendable(Windowed):
    r"""Kinds whose examples may have any length, for networks whose codes are over time."""

    @abc.abstractmethod
    def of_length(self, n: int) -> Any:
        r"""Returns a copy of this kind, after `fit`, whose examples have another length.

        Arguments:
            n: The length, in steps of series or samples of sounds.
        """

    @abc.abstractmethod
    def whole_examples(self, X: Any) -> list[NDArray]:
        r"""Returns the examples of the user's data as arrays of their own length.

        Arguments:
            X: The data, as `read_whole` or the user gives them.
        """

    @abc.abstractmethod
    def new_length(self, steps: int | None, seconds: float | None) -> int:
        r"""Returns the length of new examples, in steps of series or samples of sounds.

        Arguments:
            steps: The number of steps, if it was given.
            seconds: The number of seconds, if it was given.

        Raises:
            ValueError: If this kind counts in the other unit, or the length is not positive.
        """

    @abc.abstractmethod
    def length_of_steps(self, steps: int) -> int:
        r"""Returns the length of examples that the networks see as a given number of steps."""


class TimeResolved(Windowed):
    r"""Kinds whose scaled windows have shape `(C, T)`, for channels and steps of time."""

    @abc.abstractmethod
    def join_windows(self, R: NDArray, windows: Windows) -> list[NDArray]:
        r"""Returns versions of windows as whole series, each with shape `(T, C)`.

        Arguments:
            R: A version of each window, with shape `(N, n, C)`.
            windows: The original windows.
        """

    @abc.abstractmethod
    def split(self, X: Any, share: float) -> tuple[Any, Any]:
        r"""Returns the first part of the data, and the rest: later steps or other series.

        Arguments:
            X: The data.
            share: The share of the first part.
        """

    @abc.abstractmethod
    def channel_names(self) -> list[str]:
        r"""Returns the names of the channels, after `fit`."""

    @abc.abstractmethod
    def describe_step(self, windows: Windows, series: int, step: int) -> tuple[str, Any]:
        r"""Returns the name of a series and the time of a step, or else their indices."""


class Forecastable(TimeResolved):
    r"""Kinds whose examples continue after their last step. Their models can `forecast`."""

    shape_: tuple[int, ...]

    @abc.abstractmethod
    def histories(self, X: Any) -> list[NDArray]:
        r"""Returns the series of the user's data, each with shape `(T, C)`, and NaN for gaps.

        Raises:
            ValueError: If the networks of the fit cannot see which steps are missing.
        """

    @abc.abstractmethod
    def series_covariates(self, X: Any) -> list[NDArray]:
        r"""Returns the covariates of each series, with shape `(T, K)`.

        Arguments:
            X: The user's data.

        Raises:
            ValueError: If the data have no covariates.
        """

    @abc.abstractmethod
    def later_covariates(self, X: Any, later: Any, steps: int) -> list[NDArray]:
        r"""Returns the covariates of each series and its later steps, `(T + steps, K)`.

        Arguments:
            X: The user's data.
            later: A table with the covariates of later steps.
            steps: The number of later steps.

        Raises:
            ValueError: If those of a step are missing.
        """

    @abc.abstractmethod
    def later(self, X: Any, R: NDArray) -> Any:
        r"""Returns later steps in the form of the user's data.

        Arguments:
            X: The user's data.
            R: The steps after the end of each series, with shape `(N, steps, C)`.
        """


class Collected(abc.ABC):
    r"""Kinds whose examples may come in one table, with several rows for each example."""

    @abc.abstractmethod
    def collect(self, X: Any) -> Any:
        r"""Returns a sequence with an element for each example, in the user's units.

        Arguments:
            X: The user's data. A result of this method is returned unchanged.

        Raises:
            ValueError: If the data are not of this kind.
        """


def collected(modality: Modality, X: Any) -> Any:
    r"""A sequence with an element for each example.

    Arguments:
        modality: The kind of data.
        X: The user's data.

    Example:
        >>> from autoencode.modalities import Texts
        >>> collected(Texts(), ["a", "b"])
        ['a', 'b']
    """
    return modality.collect(X) if isinstance(modality, Collected) else X


def event_shape(modality: Modality) -> tuple[int, ...]:
    r"""The shape of the raw parameters of the likelihood.

    Arguments:
        modality: The kind of data, after `fit`.

    Example:
        >>> from autoencode.modalities import Texts
        >>> event_shape(Texts().fit(["a"]))
        (256,)
    """
    return (modality.features,) if isinstance(modality, Tokenized) else modality.shape_


def examples(modality: Modality, X: Any, logged: bool = False) -> Any:
    r"""The examples of data after `fit`; long examples are cut into windows.

    Arguments:
        modality: The kind of data.
        X: The data.
        logged: Whether the log has already described how these data are cut.

    Example:
        >>> import numpy as np
        >>> from autoencode.modalities import Tables
        >>> examples(Tables(), np.zeros((5, 3))).shape
        (5, 3)
    """
    return modality.examples(X, logged) if isinstance(modality, Windowed) else X
