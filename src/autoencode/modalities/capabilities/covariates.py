r"""Covariates: known inputs beside the examples, which the networks see and nothing scores."""

__all__ = ["Accompanied", "context_values", "has_covariates"]

import abc
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base import Modality


class Accompanied(abc.ABC):
    r"""Kinds whose examples may come with covariates, which encoder and decoder see as a context.

    Example:
        >>> from autoencode.modalities import Series
        >>> isinstance(Series(), Accompanied)
        True
    """

    covariates: Sequence[str] | None
    r"""The columns of the covariates, or `None`."""

    @abc.abstractmethod
    def covariates_of(self, X: Any) -> NDArray:
        r"""Returns the covariates of examples, with shape `(N, *)`.

        Arguments:
            X: The examples, as the networks see them: all windows of whole series.

        Raises:
            ValueError: If the data have no covariates.
        """


def has_covariates(modality: Modality) -> bool:
    r"""Tell whether the context of a model consists of covariates.

    Arguments:
        modality: The kind of data.

    Example:
        >>> from autoencode.modalities import Series
        >>> has_covariates(Series(covariates=["hour"])), has_covariates(Series())
        (True, False)
    """
    return isinstance(modality, Accompanied) and bool(modality.covariates)


def context_values(modality: Modality, X: Any, y: Any) -> Any:
    r"""The values of the context of examples: their covariates, or else `y`.

    Some of all windows no longer know their covariates, which are then given as `y`.

    Arguments:
        modality: The kind of data, after `fit`.
        X: The examples, as the networks see them.
        y: Labels or numbers, or the covariates of each example, with shape `(N, T, K)`.

    Raises:
        ValueError: If there are covariates, and `y` is something else.

    Example:
        >>> from autoencode.modalities import Series
        >>> context_values(Series(), None, ["a", "b"])
        ['a', 'b']
    """
    if not (isinstance(modality, Accompanied) and modality.covariates):
        return y

    if np.ndim(y) == 3 and np.shape(y)[2] == len(modality.covariates):
        return y

    if y is not None:
        raise ValueError(
            f"the context of these series are the covariates {[*modality.covariates]}, got y, too."
            " Leave y out, and add a column for each label or number to the covariates."
        )

    return modality.covariates_of(X)
