r"""Tokens, and windows of long examples."""

__all__ = ["Tokenized", "Windowed", "event_shape", "examples"]

import abc
from pathlib import Path
from typing import Any

from torch import Tensor

from ...data.listing import Files
from ..base import Modality
from ..windows import Windows


class Tokenized(abc.ABC):
    r"""Kinds of token sequences, between which there are no directions and no distances.

    A token decoder writes them, see :class:`~autoencode.distributions.Autoregressive`.
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


class Windowed(abc.ABC):
    r"""Kinds whose examples may be longer than those of the fit, and are cut into windows then.

    `transform(X, pool_windows=True)` and `reconstruct(X, full_size=True)` take each as a whole.
    """

    @abc.abstractmethod
    def examples(self, X: Any, told: bool = False) -> Any:
        r"""Returns the examples of data after `fit`: of long ones their windows.

        Arguments:
            X: The data.
            told: Whether the log has said of these data how they are cut.
        """

    @abc.abstractmethod
    def read_whole(self, path: Path | Files) -> tuple[Any, ...]:
        r"""Returns what `read` does, with long examples as they are."""

    @abc.abstractmethod
    def windows(self, X: Any) -> Windows:
        r"""Returns the windows of long examples.

        Arguments:
            X: The examples, as :meth:`read_whole` returned them.
        """


def event_shape(modality: Modality) -> tuple[int, ...]:
    r"""The shape in which the likelihood wants its raw parameters.

    Arguments:
        modality: The kind of data, after `fit`.

    Example:
        >>> from autoencode.modalities import Texts
        >>> event_shape(Texts().fit(["a"]))
        (256,)
    """
    return (modality.features,) if isinstance(modality, Tokenized) else modality.shape_


def examples(modality: Modality, X: Any, told: bool = False) -> Any:
    r"""The examples of data after `fit`: of long ones their windows.

    Arguments:
        modality: The kind of data.
        X: The data.
        told: Whether the log has said of these data how they are cut.

    Example:
        >>> import numpy as np
        >>> from autoencode.modalities import Tables
        >>> examples(Tables(), np.zeros((5, 3))).shape
        (5, 3)
    """
    return modality.examples(X, told) if isinstance(modality, Windowed) else X
