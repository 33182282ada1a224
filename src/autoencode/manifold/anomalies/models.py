r"""Models of detectors: the default one, and models that were trained without some examples."""

__all__ = [
    "decompose_examples",
    "default_model",
    "held_out_residuals",
    "is_untrained",
    "train",
]

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.model_selection import KFold
from torch import Tensor

from ...common.arrays import tensor_to_numpy
from ...data import Examples
from ...distributions import SharedGaussian
from ...estimator import Autoencoder
from ...modalities import guess
from ...modalities.capabilities import CellDecomposable, Tokenized
from ...modalities.capabilities.fitting import for_subset
from ...networks import FullyConnected
from ...objectives import ELBO
from ...training.linear.least_squares import LeastSquares
from ..arrays import duplicate_groups, select_rows
from ..codec import as_codec
from .cell_surprisal import CellDecomposition, decompose_cells
from .decomposition import TangentDecomposition, decompose
from .sequences import SequenceDecomposition, decompose_sequences

_EXPLAINED_VARIANCE = 0.99  # fraction that the code of the default model keeps


def is_untrained(model: Any) -> bool:
    r"""Tell whether a model is an autoencoder before its fit.

    Arguments:
        model: The model.

    Example:
        >>> is_untrained(Autoencoder(2))
        True
    """
    return isinstance(model, Autoencoder) and not hasattr(model, "model_")


def default_model(X: Any) -> Autoencoder:
    r"""Smallest linear autoencoder that keeps almost all of the variance.

    Mixed tables get a variational autoencoder.

    Arguments:
        X: The examples.

    Raises:
        ValueError: If the examples are texts.

    Example:
        >>> X = np.random.default_rng(0).normal(size=(50, 2)) @ [[1, 0, 1], [0, 1, 1]]
        >>> default_model(X).training
        LeastSquares()
    """
    X = tensor_to_numpy(X)
    modality = guess(X)

    if isinstance(modality, CellDecomposable):
        return Autoencoder(objective=ELBO(), modality=modality)

    if isinstance(modality, Tokenized):
        raise ValueError(
            f"the default model needs numbers, got {type(modality).__name__}. Pass a model, such"
            " as OffManifoldDetector(autoencode.vae(latent_dim=8))."
        )

    x = Examples(modality.fit(X).load(X))[:].target
    x = modality.normalize(x).flatten(start_dim=1).double()
    features = x.shape[1]

    x = x - x.mean(dim=0)
    x = x.T if len(x) > x.shape[1] else x  # both products have the same nonzero eigenvalues
    spectrum = torch.linalg.eigvalsh(x @ x.T).flip(0).clamp(min=0)
    kept = spectrum.cumsum(dim=0) < _EXPLAINED_VARIANCE * spectrum.sum()

    return Autoencoder(
        min(int(kept.sum()) + 1, features),
        modality=modality.clone(),
        network=FullyConnected(()),
        likelihood=SharedGaussian(),
        training=LeastSquares(),
    )


def train(model: Autoencoder, X: Any, seeds: np.random.RandomState | None) -> Autoencoder:
    r"""Trained copy of a model.

    Arguments:
        model: The model, before its fit.
        X: The examples.
        seeds: The generator of seeds for models without a seed, or `None`.
    """
    model = clone(model)

    if model.random_state is None and seeds is not None:
        model.set_params(random_state=seeds.randint(2**31))

    return model.fit(X)


def held_out_residuals(
    model: Autoencoder,
    X: Any,
    modality: Any,
    folds: KFold,
    seeds: np.random.RandomState | None,
    y: ArrayLike | None = None,
) -> Tensor:
    r"""Residuals of examples under models that were trained without them.

    Copies of an example are held out together.

    Arguments:
        model: The model, before its fit.
        X: The examples.
        modality: The kind of data, fitted to all examples.
        folds: The split. There are fewer folds if there are fewer different examples.
        seeds: The generator of seeds for models without a seed, or `None`.
        y: The label or row of numbers that a conditional model is given.
    """
    by_cell = isinstance(modality, CellDecomposable)
    group = duplicate_groups(modality.load(X) if by_cell else X)
    group = group if group.any() else np.arange(len(X))  # all examples are copies of one
    n = int(group.max()) + 1
    folds.n_splits = min(folds.n_splits, n)
    model = clone(model).set_params(modality=for_subset(modality))
    rows, parts = [], []

    for known, held_out in folds.split(np.empty(n)):
        known, held_out = (np.flatnonzero(np.isin(group, part)) for part in (known, held_out))
        rows.append(torch.from_numpy(held_out))
        some, others = select_rows(X, known), select_rows(X, held_out)
        parts.append(decompose_examples(train(model, some, seeds), others, y).residual)

    return torch.cat(parts)[torch.cat(rows).argsort()]


def decompose_examples(
    model: Any, X: Any, y: ArrayLike | None = None
) -> TangentDecomposition | SequenceDecomposition | CellDecomposition:
    r"""Parts of examples on the manifold of a trained model and off it, for any kind of data.

    Arguments:
        model: The model.
        X: The examples.
        y: The label or row of numbers that a conditional model is given.
    """
    codec = as_codec(model, y, allow_tokens=True)

    if codec.tokenized:
        return decompose_sequences(codec, codec.to_rows(X))

    if isinstance(model, Autoencoder) and isinstance(model.modality_, CellDecomposable):
        return decompose_cells(codec, model.modality_, model.modality_.load(model._read(X)[0]))

    affine = isinstance(model, Autoencoder) and isinstance(model.training, LeastSquares)
    return decompose(codec, codec.to_rows(X), affine)
