r"""Reconstructions and samples of a model."""

__all__ = ["reconstructions", "samples"]

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ..common.seeding import Seed
from ..modalities import guess
from ..modalities.capabilities.pictures import to_images, to_numeric
from . import mosaic, tables
from .checks import array, count, is_model


def reconstructions(
    model_or_X: Any,
    X_or_R: ArrayLike,
    n_examples: int = 10,
    y: ArrayLike | None = None,
    noisy: ArrayLike | None = None,
) -> Figure:
    r"""Originals above their reconstructions, :math:`x` above :math:`g(f(x))`.

    Images are shown as tiles. Rows of a table are shown as lines over the columns, in standard
    deviations of the originals, and so are series, one channel after the other.

    Arguments:
        model_or_X: A fitted model; or originals, with shape `(N, *)`.
        X_or_R: The originals, if the first argument is a model; else their reconstructions, in
            the same order and scale.
        n_examples: The number of originals to show, from the first.
        y: A label or number for each original, if the model is conditional. Shown above the
            images.
        noisy: Damaged versions of the originals, in the same order. The model reconstructs
            these instead, and they are shown between the originals and the reconstructions.

    Raises:
        ValueError: If the shapes of the arrays differ, or do not fit the model.

    See Also:
        :func:`~autoencode.plots.samples`

    Example:
        >>> X = np.linspace(0, 1, 5 * 64).reshape(5, 8, 8)
        >>> figure = reconstructions(X, 0.9 * X, n_examples=3)
        >>> len(figure.axes[0].images)
        6
    """
    n = count("n_examples", n_examples)
    labels = None if y is None else np.atleast_1d(y)[:n]

    if is_model(model_or_X):
        modality = model_or_X.modality_
        X = array(to_numeric(modality, X_or_R))
        damaged: Any = X_or_R if noisy is None else noisy
        context = labels if model_or_X.context_ is not None else None
        R = array(to_numeric(modality, model_or_X.reconstruct(damaged[:n], context)))
    else:
        X, R = array(model_or_X), array(X_or_R)
        modality = guess(X).fit(X)

    if noisy is None:
        shown = {"original": X[:n], "reconstruction": R[:n]}
    else:
        D = array(to_numeric(modality, noisy))
        shown = {"original": X[:n], "noisy": D[:n], "denoised": R[:n]}

    for name, A in shown.items():
        if A.shape != X[:n].shape:
            raise ValueError(
                f"expected one {name} for each original, with shape {X[:n].shape}, got {A.shape}."
            )

    if not mosaic.are_images(modality):
        return tables.profiles(
            {name: tables.as_rows(A) for name, A in shown.items()}, tables.as_rows(X)
        )

    columns = len(X[:n])
    images = np.concatenate([to_images(modality, A) for A in shown.values()])

    return mosaic.sheet(images, columns, list(shown), mosaic.margins(labels, columns, columns)[1])


def samples(
    model_or_array: Any,
    n_samples: int = 64,
    y: ArrayLike | None = None,
    random_state: Seed = None,
) -> Figure:
    r"""New examples, :math:`x \sim p(x)`.

    Images are shown as tiles. Rows of a table are shown as scatter plots of pairs of columns, at
    most the first four.

    Arguments:
        model_or_array: A fitted model that can `sample`; or examples, with shape `(N, *)`.
        n_samples: The number of examples.
        y: Labels or numbers for a conditional model: one for all examples, or one for each.
            Shown beside the images if all tiles of a row, or of a column, share one label.
        random_state: The seed of the draws.

    Raises:
        ValueError: If the model has no density to draw from.

    See Also:
        :func:`~autoencode.plots.reconstructions`, :func:`~autoencode.plots.grid`

    Example:
        >>> len(samples(np.zeros((20, 8, 8)), n_samples=12).axes[0].images)
        12
    """
    n = count("n_samples", n_samples)

    if not is_model(model_or_array):
        X = array(model_or_array)[:n]
        modality = guess(X).fit(X)
    elif hasattr(model_or_array, "sample"):
        modality = model_or_array.modality_
        X = to_numeric(modality, model_or_array.sample(n, y, random_state))
    else:
        raise ValueError(
            "expected a model with a density p(x), got an autoencoder without one, which"
            " cannot draw new examples. Use ae.vae(...), or reconstructions(model, X)."
        )

    if not mosaic.are_images(modality):
        X = tables.as_rows(X)
        return tables.pairs(X, tables.column_names(model_or_array, X))

    columns = math.ceil(math.sqrt(len(X)))

    return mosaic.sheet(to_images(modality, X), columns, *mosaic.margins(y, len(X), columns))
