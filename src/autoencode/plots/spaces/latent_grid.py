r"""Decoded grid of codes."""

__all__ = ["grid"]

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from sklearn.decomposition import PCA

from ...modalities.capabilities.pictures import to_images, to_numeric
from .. import mosaic, tables
from ..checks import count, is_model
from .codes import AXES, project


def grid(
    model: Any, X: ArrayLike | None = None, n_per_side: int = 20, y: ArrayLike | None = None
) -> Figure:
    r"""Decoded examples on a grid of codes.

    Two-dimensional codes of models with a density lie at

    .. math:: z_{ij} = \big( \Phi^{-1} \big( \tfrac{j - 1/2}{n} \big),
        \Phi^{-1} \big( \tfrac{i - 1/2}{n} \big) \big),

    so that each tile has the same probability under the unit Gaussian. For models without a
    density, and for codes in a space of their own such as a sphere, the grid is even and covers
    the range of the codes of `X`; each point is replaced by the nearest one of the space. For
    codes with more dimensions, the grid lies in the plane of the first two principal components of
    the codes of `X`, and reaches two standard deviations to each side of their mean.
    One-dimensional codes make one row.

    Arguments:
        model: A fitted model.
        X: Examples. Not needed if the model has a density of vectors of at most two dimensions.
        n_per_side: The number of tiles on each side.
        y: One label or row of numbers for all tiles, if the model is conditional.

    Raises:
        ValueError: If `X` is missing, or its codes do not fit the model.

    See Also:
        :func:`~autoencode.plots.samples`, :func:`~autoencode.plots.codes`

    Example:
        >>> from autoencode import Training, datasets, vae
        >>> X = datasets.digits().X[:100]
        >>> model = vae(2, layers=(), training=Training(epochs=1), random_state=0).fit(X)
        >>> len(grid(model, n_per_side=3).axes[0].images)
        9
    """
    n = count("n_per_side", n_per_side)

    if not is_model(model):
        raise ValueError(f"expected a fitted model to decode with, got {type(model).__name__}.")

    Z, names, ticks = _plane(model, X, n, y)
    family = model.encoder_.family

    if family.has_reference:
        Z = family.project(torch.as_tensor(Z)).numpy()

    G = model.inverse_transform(Z, y)

    if not mosaic.are_images(model.modality_):
        G = tables.as_rows(to_numeric(model.modality_, G))
        return tables.surfaces(G, tables.column_names(model, G), names, ticks)

    images = to_images(model.modality_, G)
    highest_first = np.arange(len(G)).reshape(-1, n)[::-1].ravel()
    figure = mosaic.sheet(images[highest_first], n)
    mosaic.name_axes(figure, names, ticks)

    return figure


def _plane(
    model: Any, X: ArrayLike | None, n: int, y: ArrayLike | None
) -> tuple[NDArray, list[str], list[NDArray]]:
    r"""Returns codes from the lowest row to the highest, and the name and ticks of each axis."""
    D = model.encoder_.event[0]
    own_space = model.encoder_.family.has_reference
    even = own_space or not hasattr(model, "score_samples")

    if D <= 2 and not even:
        ticks = D * [norm.ppf((np.arange(n) + 0.5) / n)]
        return _mesh(ticks), AXES[:D], ticks

    if X is None:
        raise ValueError(
            f"expected examples X, whose codes place the grid, for a model with {D}-dimensional"
            f" codes{' and no density of vectors' if even else ''}, got none. Call grid(model, X)."
        )

    Z = model.transform(X, y)

    if D <= 2:
        ticks = [np.linspace(low, high, n) for low, high in zip(Z.min(axis=0), Z.max(axis=0))]
        return _mesh(ticks), AXES[:D], ticks

    if len(Z) < 3:
        raise ValueError(f"expected at least 3 examples to define a plane, got {len(Z)}.")

    pca = PCA(2).fit(Z)
    ticks = [np.linspace(-2 * s, 2 * s, n) for s in np.sqrt(pca.explained_variance_)]

    return pca.inverse_transform(_mesh(ticks)), project(Z)[1], ticks


def _mesh(ticks: list[NDArray]) -> NDArray:
    return np.stack(np.meshgrid(*ticks), axis=-1).reshape(-1, len(ticks))
