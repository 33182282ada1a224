r"""Examples of any kind as rows of numbers."""

__all__ = ["Rows"]

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..distributions import PointMass
from ..manifold.preservation.texts import pairwise_edit_distances
from ..modalities import Modality
from ..modalities.capabilities import Tokenized
from ..modalities.capabilities.tables import scaled_error

_END = 255  # ends and pads texts in bytes


class Rows:
    r"""Scaled examples as rows of numbers, and their errors.

    Classical methods see the same scaled numbers as networks: standard deviations of columns for
    tables, intensities from 0 to 1 for images, spectra for sounds. A missing cell becomes the mean
    of its column, and its error is not counted.

    Arguments:
        modality: The kind of data.
        X: The training examples.

    Example:
        >>> from autoencode.modalities import Tables
        >>> X = np.array([[1.0, 10.0], [3.0, 30.0]])
        >>> Rows(Tables(), X).of(X)
        array([[-1., -1.],
               [ 1.,  1.]])
    """

    def __init__(self, modality: Modality, X: Any) -> None:
        self.given = modality
        self.modality = modality.clone().fit(X)
        self.tokenized = isinstance(modality, Tokenized)
        self.mean = np.zeros(0) if self.tokenized else np.nanmean(self._raw(X), axis=0)
        self.width = math.inf if self.tokenized else len(self.mean)

    def of(self, X: Any) -> NDArray:
        r"""Returns rows in double precision, with shape `(N, D)`."""
        x = self._raw(X)
        return np.where(np.isnan(x), self.mean, x)

    def errors(self, X: Any, R: NDArray) -> NDArray:
        r"""Returns the squared errors of reconstructed rows, with shape `(N,)`."""
        x = self._tensor(X)
        r = torch.from_numpy(np.broadcast_to(R, (len(x), R.shape[-1])).copy()).to(x.dtype)
        p = PointMass(r.reshape(x.shape))
        return scaled_error(self.modality, x, p).numpy()

    def total_error(self, X: Any) -> float:
        r"""Returns the error of the mean of the training examples, or of empty texts."""
        if isinstance(self.modality, Tokenized):
            return float((self.modality.to_bytes(self._tensor(X)) != _END).sum())

        return float(self.errors(X, self.mean).sum())

    def edit_distances(self, X: Any, least: int) -> Tensor:
        r"""Returns edit distances between the first texts, with shape `(n, n)`."""
        assert isinstance(self.modality, Tokenized)
        return pairwise_edit_distances(self.modality.to_bytes(self._tensor(X)), least)

    def _tensor(self, X: Any) -> Tensor:
        return self.modality.normalize(self.modality.load(X))

    def _raw(self, X: Any) -> NDArray:
        return self._tensor(X).flatten(start_dim=1).double().numpy()
