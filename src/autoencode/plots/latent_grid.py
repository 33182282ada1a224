r"""What the codes on a grid decode to."""

__all__ = ["grid"]

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from sklearn.decomposition import PCA

from . import mosaic, tables
from .checks import count, is_model
from .codes import AXES, project


def grid(
    model: Any, X: ArrayLike | None = None, n: int = 20, y: ArrayLike | None = None
) -> Figure:
    r"""What the codes on a grid decode to: the map's inhabitants, drawn where they live.

    Of codes of two numbers it is the grid itself,

    .. math:: z_{ij} = \big( \Phi^{-1} \big( \tfrac{j - 1/2}{n} \big),
        \Phi^{-1} \big( \tfrac{i - 1/2}{n} \big) \big),

    for models with a density, so that each tile stands for the same share of the unit Gaussian,
    and evenly over the range of the codes of `X` for others. Of wider codes it is the plane of the
    first two principal components of the codes of `X`, two standard deviations to each side of
    their mean. Codes of one number make one row.

    Arguments:
        model: A fitted model.
        X: Examples, needed but for codes of one or two numbers of a model with a density.
        n: The number of tiles to a side.
        y: A label or row of numbers, one for all, if the model is conditional.

    Raises:
        ValueError: If `X` is missing, or the codes are not the model's.

    Example:
        >>> grid(vae, n=20)  # doctest: +SKIP
        <Figure size ...>
    """
    n = count(n)

    if not is_model(model):
        raise ValueError(f"expected a fitted model to decode with, got {type(model).__name__}.")

    Z, names, ticks = _plane(model, X, n, y)
    G = model.inverse_transform(Z, y)

    if not mosaic.are_images(model.modality_):
        return tables.surfaces(
            model.modality_.numbers(G), tables.column_names(model, G), names, ticks
        )

    images = model.modality_.pixels(G)
    highest_first = np.arange(len(G)).reshape(-1, n)[::-1].ravel()
    figure = mosaic.sheet(images[highest_first], n)
    mosaic.name_axes(figure, names, ticks)

    return figure


def _plane(
    model: Any, X: ArrayLike | None, n: int, y: ArrayLike | None
) -> tuple[NDArray, list[str], list[NDArray]]:
    r"""Returns codes from the lowest row up, and the name and ticks of each axis."""
    D = model.encoder_.event[0]
    dense = hasattr(model, "score_samples")

    if D <= 2 and dense:
        ticks = D * [norm.ppf((np.arange(n) + 0.5) / n)]
        return _mesh(ticks), AXES[:D], ticks

    if X is None:
        raise ValueError(
            f"expected X, whose codes say where to look, beside a model with codes of {D}"
            f" numbers{'' if dense else ' and no density'}, got none: grid(model, X)."
        )

    Z = model.transform(X, y)

    if D <= 2:
        ticks = [np.linspace(low, high, n) for low, high in zip(Z.min(axis=0), Z.max(axis=0))]
        return _mesh(ticks), AXES[:D], ticks

    if len(Z) < 3:
        raise ValueError(f"expected at least 3 examples to lay a plane, got {len(Z)}.")

    pca = PCA(2).fit(Z)
    ticks = [np.linspace(-2 * s, 2 * s, n) for s in np.sqrt(pca.explained_variance_)]

    return pca.inverse_transform(_mesh(ticks)), project(Z)[1], ticks


def _mesh(ticks: list[NDArray]) -> NDArray:
    return np.stack(np.meshgrid(*ticks), axis=-1).reshape(-1, len(ticks))
