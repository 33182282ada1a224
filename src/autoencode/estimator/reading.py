r"""Examples of any input as tensors for the fitted model."""

__all__ = ["ExampleReader", "Opened", "as_array", "draw_seed"]

from collections.abc import Callable, Mapping, Sequence, Sized
from contextlib import nullcontext
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from .. import inputs
from ..common.failures import ignored
from ..common.seeding import Seed, check_random_state
from ..data import is_frame, on_disk, stored_by_row
from ..data.sparse_rows import SparseRows
from ..inference import own_size
from ..inference.batched import BatchFunction, map_scaled
from ..inference.positions import over_time
from ..modalities import Modality, encode_context
from ..modalities.capabilities import Windowed, context_values, has_covariates
from ..modalities.capabilities.sequences import examples
from ..modalities.windows import Windows, counts_of, follow
from ..models.latent import LatentModel
from .attributes import ResolvedAttributes


class Opened(NamedTuple):
    r"""Examples as tensors, with the model that they are for.

    The functions of :mod:`~autoencode.inference.scores` and :mod:`~autoencode.inference.codes`
    begin with these arguments.

    Example:
        >>> Opened._fields
        ('model', 'modality', 'x', 'c')
    """

    model: LatentModel
    r"""The fitted model."""

    modality: Modality
    r"""The fitted kind of data."""

    x: Tensor
    r"""The examples, as loaded."""

    c: Tensor | None
    r"""Their context, with shape `(N, C)`."""


class ExampleReader(ResolvedAttributes, BaseEstimator):
    r"""Base class of the estimator that reads examples of any input, like those of the fit.

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(20, 4))
        >>> ae.linear(2).fit(X)._open(X).x.shape
        torch.Size([20, 4])
    """

    def _given(self, y: Any, context: Any) -> Any:
        r"""Returns the labels or numbers of a conditional model, under either name."""
        if context is None:
            return y

        if not self.conditional and getattr(self, "blueprint_", None) is None:
            raise ValueError("context has no effect without conditional=True: leave it out.")

        return context

    def _read(self, X: Any, y: Any = None, whole: bool = False) -> inputs.Loaded:
        r"""Reads examples from any input, with labels if the input holds some."""
        loaded = inputs.read(X, self.modality_, whole=whole)
        loaded = self._compare_columns(loaded, self.modality_)

        if not whole:
            loaded = loaded._replace(X=examples(self.modality_, loaded.X))

        if self.context_ is None or has_covariates(self.modality_):
            return loaded._replace(y=y)

        return inputs.join_labels(loaded, y)

    def _compare_columns(
        self, loaded: inputs.Loaded, kinds: inputs.ModalityChoice, reset: bool = False
    ) -> inputs.Loaded:
        r"""Compares the columns of a table with those of the fit, or learns them."""
        if not loaded.tabular:
            return loaded

        X, names = loaded.X, loaded.header

        # The names of an array are compared below
        with nullcontext() if names is None else ignored("X does not have valid feature names"):
            given = isinstance(X, SparseRows) or (is_frame(X) and inputs.is_accepted(X, kinds))

            if given:  # the modality checks the cells
                validate_data(self, X, reset=reset, skip_check_array=True)
            else:
                X = validate_data(self, X, reset=reset, dtype="numeric", ensure_all_finite=False)

        if names is not None and reset:
            self.feature_names_in_ = np.array(names, object)
        else:
            inputs.check_names(getattr(self, "feature_names_in_", []), names)

        own = is_frame(X) or isinstance(X, SparseRows)
        return loaded._replace(X=X if own else stored_by_row(X))

    def _load(self, X: Any) -> Tensor:
        r"""Returns examples as loaded; those of a memory-mapped file stay in the file."""
        return on_disk(self.modality_.load(X), X)

    def _context(self, y: ArrayLike | None, X: Any, n: int) -> Tensor | None:
        r"""Returns the context of examples; each window has the context of its example."""
        y = follow(context_values(self.modality_, X, y), X)
        counts = counts_of(X)

        if counts is not None and np.ndim(y) > 0 and len(cast(Sized, y)) not in (1, n):
            n = len(counts)  # the message counts examples, and not their windows

        return encode_context(self.context_, y, n, True)

    def _open(self, X: Any, y: ArrayLike | None = None) -> Opened:
        r"""Returns examples as loaded, and their context."""
        check_is_fitted(self, "model_")
        X, y, *_ = self._read(X, y)
        return self._opened(X, y)

    def _opened(self, X: Any, y: ArrayLike | None) -> Opened:
        r"""Returns examples that were read as loaded, and their context."""
        x = self._load(X)
        return Opened(self.model_, self.modality_, x, self._context(y, X, len(x)))

    def _open_windows(self, X: Any, y: ArrayLike | None) -> tuple[Opened, Windows]:
        r"""Returns all windows of examples, as loaded and as they were cut."""
        check_is_fitted(self, "model_")
        data, y, *_ = self._read(X, y, whole=True)
        windows = X if isinstance(X, Windows) else self._windows(data)
        c = self._context(y, windows, len(windows))

        return Opened(self.model_, self.modality_, self._load(windows), c), windows

    def _windows(self, X: Any) -> Windows:
        if not isinstance(self.modality_, Windowed):
            raise ValueError(
                f"{self.modality_} has no windows to pool: each example already has one row."
                " Leave out pool_windows=True (command line: --pool-windows)."
            )

        return self.modality_.windows(X)

    def _map_windows(
        self, function: BatchFunction, X: Any, y: ArrayLike | None
    ) -> tuple[Tensor, Windows]:
        r"""Applies a function to the windows of examples, and returns results and windows."""
        (model, modality, x, c), windows = self._open_windows(X, y)
        return map_scaled(model, modality, function, x, c), windows

    def _open_codes(self, Z: ArrayLike) -> Tensor:
        r"""Returns codes as a tensor, with shape `(N, latent_dim)`."""
        z = torch.tensor(check_array(inputs.tensor_to_numpy(Z), dtype=np.float32))
        left = self._n_features_out - z.shape[1]

        if left > 0 and self.blueprint_.objective.completes_codes:
            return torch.nn.functional.pad(z, (0, left))

        if left != 0:
            raise ValueError(
                f"expected codes of {self._n_features_out} numbers, got shape {tuple(z.shape)}."
            )

        return z

    def _each_image(
        self,
        X: Any,
        y: ArrayLike | None,
        function: Callable[..., NDArray],
        each: Sequence[Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> Any:
        r"""Returns results for images of any size: an array, or a list if their shapes differ.

        The function has the same options for all images, and others for each.
        """
        check_is_fitted(self, "model_")
        images = own_size.images_of(X)
        c = encode_context(self.context_, y, len(images), True)
        results = []

        for i, image in enumerate(map(inputs.tensor_to_numpy, images)):
            one = None if c is None else c[i : i + 1]
            own = options if each is None else {**options, **each[i]}
            results.append(function(self.blueprint_, self.model_, image, one, **own))

        return as_array(results)

    def _each_whole(
        self, X: Any, y: ArrayLike | None, function: Callable[..., list[NDArray]], **options: Any
    ) -> Any:
        r"""Returns results for series or sounds of any length: an array, or a list."""
        over_time.check_over_time(self.blueprint_)
        data, y, *_ = self._read(X, y, whole=True)
        modality: Any = self.modality_
        whole = modality.whole_examples(data)
        c = self._context(y, None, len(whole))

        return as_array(function(self.blueprint_, self.model_, whole, c, **options))


def as_array(found: list[NDArray]) -> Any:
    r"""Stack results of one shape and type to an array; others stay a list.

    Arguments:
        found: The results.

    Example:
        >>> as_array([np.zeros(2), np.zeros(2)]).shape
        (2, 2)
    """
    return np.stack(found) if len({(r.shape, r.dtype) for r in found}) == 1 else found


def draw_seed(random_state: Seed) -> int:
    r"""Draw a seed for torch from a random state in the sense of scikit-learn.

    Arguments:
        random_state: A seed, a generator, or `None` for numpy's global generator.

    Example:
        >>> draw_seed(0) == draw_seed(0)
        True
    """
    return int(check_random_state(random_state).randint(2**31))
