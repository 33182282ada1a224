r"""Scatter plot of codes."""

__all__ = ["codes"]

import math
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA

from ..checks import array, is_model
from ..style import COLORS, INK, NUMBERS, canvas, legend_beside, numbered, tidy, tidy_bar

AXES = [numbered("z", 1), numbered("z", 2)]
_CLASS_NAME: dict[str, Any] = {
    "fontsize": 12, "fontweight": "bold", "color": INK, "ha": "center", "va": "center",
    "path_effects": [withStroke(linewidth=3, foreground="white")],
}  # fmt: skip


def codes(model_or_Z: Any, X: ArrayLike | None = None, y: ArrayLike | None = None) -> Figure:
    r"""Scatter plot of codes, colored by label.

    Codes with more than two dimensions are projected onto their first two principal components;
    the axes show the fraction of the variance that each explains. One-dimensional codes make a
    histogram.

    Arguments:
        model_or_Z: A fitted model; or codes, with shape `(N, D)`.
        X: The examples to encode, if the first argument is a model.
        y: A label or a number for each example. Labels get a legend, and the ten most frequent
            labels a color each. Fractions, and more than ten different numbers, get a color bar.
            A conditional model also takes `y` as its context.

    Raises:
        ValueError: If `X` is missing, or `y` does not have its length.

    See Also:
        :func:`~autoencode.plots.grid`, :func:`~autoencode.plots.graph`

    Example:
        >>> Z = np.random.default_rng(0).normal(size=(50, 3))
        >>> codes(Z, y=Z[:, 0] > 0).axes[0].get_xlabel()
        'principal component 1 of the codes, 49 % of variance'
    """
    if not is_model(model_or_Z):
        Z = array(model_or_Z)
    elif X is not None:
        Z = model_or_Z.transform(X, y if model_or_Z.context_ is not None else None)

        if model_or_Z.conditional and np.asarray(y).shape != (len(Z),):
            y = None  # a context need not be one label per example
    else:
        raise ValueError("expected the examples X to encode with the model, got none.")

    if Z.ndim != 2:
        raise ValueError(f"expected codes with shape (N, D), got {Z.shape}.")

    labels = None if y is None else _read_labels(y, len(Z))

    return _histogram(Z[:, 0], labels) if Z.shape[1] == 1 else _points(Z, labels)


def project(Z: NDArray) -> tuple[NDArray, list[str]]:
    r"""Returns codes projected to shape `(N, 2)`, and the names of the axes."""
    if Z.shape[1] == 2:
        return Z, AXES

    pca = PCA(min(2, *Z.shape)).fit(Z)
    P = pca.transform(Z)
    P = P if P.shape[1] == 2 else np.c_[P, np.zeros(len(P))]
    fractions = [*np.nan_to_num(pca.explained_variance_ratio_), 0.0]

    return P, [
        f"principal component {i + 1} of the codes, {100 * fractions[i]:.0f} % of variance"
        for i in range(2)
    ]


class _Labels(NamedTuple):
    values: NDArray  # class indices, or numbers
    classes: list[str] | None


def _read_labels(y: ArrayLike, n: int) -> _Labels:
    y = np.asarray(y)

    if y.shape != (n,):
        raise ValueError(
            f"expected one label or number for each of the {n} codes, got shape {y.shape}."
        )

    numeric = y.dtype.kind in "uif"
    classes, index, counts = np.unique(
        y if numeric else y.astype(str), return_inverse=True, return_counts=True
    )
    many = len(classes) > len(COLORS)

    if numeric and (many or (classes != np.rint(classes)).any()):
        return _Labels(y.astype(float), None)

    n_named = len(COLORS) - 1 if many else len(classes)  # the others share the last color
    frequent = np.sort(np.argsort(-counts, kind="stable")[:n_named])
    names = [f"{c:g}" if numeric else str(c) for c in classes[frequent]]
    color_index = np.full(len(classes), n_named)
    color_index[frequent] = np.arange(n_named)

    return _Labels(color_index[index], names + many * [f"{len(classes) - n_named} others"])


def _points(Z: NDArray, labels: _Labels | None) -> Figure:
    P, names = project(Z)
    figure = canvas(5.6)
    ax = tidy(figure.add_subplot(), "", *names)
    ax.set_aspect("equal", adjustable="datalim")  # so that distances are comparable
    size = float(np.clip(9000 / len(Z), 2, 28))
    style: dict[str, Any] = {"s": size, "linewidths": 0, "alpha": 0.8}

    if labels is None:
        ax.scatter(P[:, 0], P[:, 1], c=COLORS[0], **style)
    elif labels.classes is None:
        points = ax.scatter(P[:, 0], P[:, 1], c=labels.values, cmap=NUMBERS, **style)
        tidy_bar(figure.colorbar(points, ax=ax, shrink=0.6, aspect=30, pad=0.02))
    else:
        for k, name in enumerate(labels.classes):
            x, y = P[labels.values == k].T
            ax.scatter(x, y, c=COLORS[k], label=str(k), **style)

            if len(name) <= 12:
                ax.text(np.median(x), np.median(y), name, **_CLASS_NAME)

        legend_beside(ax, labels.classes)

    return figure


def _histogram(z: NDArray, labels: _Labels | None) -> Figure:
    figure = canvas(3.2)
    ax = tidy(figure.add_subplot(), x=AXES[0], y="examples")
    bins = list(np.histogram_bin_edges(z, bins=min(60, max(10, round(math.sqrt(len(z)))))))

    if labels is None:
        ax.hist(z, bins, color=COLORS[0], alpha=0.85)
    elif labels.classes is None:
        ax.scatter(z, labels.values, s=10, c=COLORS[0], linewidths=0, alpha=0.8)
        ax.set_ylabel("y")
    else:
        groups = [z[labels.values == k] for k in range(len(labels.classes))]
        numbers = [str(k) for k in range(len(groups))]
        ax.hist(groups, bins, stacked=True, color=COLORS[: len(groups)], label=numbers)
        legend_beside(ax, labels.classes)

    return figure
