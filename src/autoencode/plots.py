r"""Pictures of data, codes and training.

Each function returns a :class:`matplotlib.figure.Figure`, made without pyplot: nothing global
is touched and no screen is needed. A notebook shows it; `figure.savefig("codes.png")` writes it.
"""

__all__ = ["codes", "grid", "history", "reconstructions", "samples"]

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted

from .modalities import Modality, guess

# Ten colours that differ also to colour-blind eyes, from
# Accessible Color Sequences for Data Visualization (Petroff, 2021), https://arxiv.org/abs/2107.02270
COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
NUMBERS = "viridis"

_DPI = 200
_WIDTH = 7.2  # inches
_INK, _SOFT, _RULE = "#22262b", "#5c646e", "#c9ced4"
_TEXT: dict[str, Any] = {"fontsize": 9, "color": _SOFT}
_LEGEND: dict[str, Any] = {"frameon": False, "fontsize": 9, "labelcolor": _SOFT}
_BAR: dict[str, Any] = {"labelsize": 7, "labelcolor": _SOFT, "color": _RULE}
_PANELS = 4  # columns of a table that are shown at once


def reconstructions(
    model_or_X: Any,
    X_or_R: ArrayLike,
    n: int = 10,
    y: ArrayLike | None = None,
    noisy: ArrayLike | None = None,
) -> Figure:
    r"""Originals above their reconstructions, :math:`x` above :math:`g(f(x))`.

    Images are shown as tiles; rows of a table as lines over the columns, in standard deviations
    of the originals.

    Arguments:
        model_or_X: A fitted model; or originals, with shape `(N, *)`.
        X_or_R: The originals for the model; or reconstructions of the originals, in their
            order and scale.
        n: How many to show, from the first.
        y: Labels or numbers, one each, if the model is conditional. Shown above the images.
        noisy: Damaged versions of the originals, in the same order. The model reconstructs
            these instead, and they are shown in between.

    Raises:
        ValueError: If the arrays differ in shape, or are not like those of the fit.

    Example:
        >>> X = np.linspace(0, 1, 5 * 64).reshape(5, 8, 8)
        >>> figure = reconstructions(X, 0.9 * X, n=3)
        >>> len(figure.axes[0].images)
        6
    """
    n = _count(n)
    given = None if y is None else np.atleast_1d(y)[:n]

    if _is_model(model_or_X):
        X, modality = _array(X_or_R), model_or_X.modality_
        R = model_or_X.reconstruct((X if noisy is None else _array(noisy))[:n], given)
    else:
        X, R = _array(model_or_X), _array(X_or_R)
        modality = guess(X).fit(X)

    if noisy is None:
        rows = {"original": X, "reconstruction": R}
    else:
        rows = {"original": X, "noisy": _array(noisy), "denoised": R}

    rows = {name: A[:n] for name, A in rows.items()}

    for name, A in rows.items():
        if A.shape != rows["original"].shape:
            raise ValueError(
                f"expected one {name} for each original, with shape {rows['original'].shape},"
                f" got {A.shape}."
            )

    if not _is_image(modality):
        return _profiles(rows, X)

    tiles = np.stack([_tiles(modality, A) for A in rows.values()])

    return _sheet(tiles, list(rows), _margins(given, tiles.shape[1], tiles.shape[1])[1])


def samples(
    model_or_array: Any,
    n: int = 64,
    y: ArrayLike | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> Figure:
    r"""A sheet of new examples, :math:`x \sim p(x)`.

    Images are shown as tiles; rows of a table as scatter plots of pairs of columns, at most
    the first four.

    Arguments:
        model_or_array: A fitted model that can `sample`; or examples, with shape `(N, *)`.
        n: How many.
        y: Labels or numbers for a conditional model; one for all, or one each. Shown beside
            the images where all of a row or of a column have the same.
        random_state: Seeds what the model draws.

    Raises:
        ValueError: If the model has no density to draw from.

    Example:
        >>> len(samples(np.zeros((20, 8, 8)), n=12).axes[0].images)
        12
    """
    n = _count(n)
    names = getattr(model_or_array, "feature_names_in_", None)

    if _is_model(model_or_array):
        if not hasattr(model_or_array, "sample"):
            raise ValueError(
                "expected a model with a density p(x), got an autoencoder without one, which"
                " cannot make new examples. Use ae.vae(...), or reconstructions(model, X)."
            )

        X, modality = model_or_array.sample(n, y, random_state), model_or_array.modality_
    else:
        X = _array(model_or_array)[:n]
        modality = guess(X).fit(X)

    if not _is_image(modality):
        return _pairs(X, names)

    columns = math.ceil(math.sqrt(len(X)))
    blank = np.full((-len(X) % columns, *X.shape[1:]), X.min(), X.dtype)
    tiles = _tiles(modality, np.concatenate([X, blank]))
    tiles = tiles.reshape(-1, columns, *tiles.shape[1:])

    return _sheet(tiles, *_margins(y, len(X), columns), shown=len(X))


def codes(model_or_Z: Any, X: ArrayLike | None = None, y: ArrayLike | None = None) -> Figure:
    r"""The map of the codes, coloured by label.

    Codes of more than two numbers are projected on their first two principal components; the
    axes say which share of the variance each keeps. Codes of one number make a histogram.

    Arguments:
        model_or_Z: A fitted model; or codes, with shape `(N, D)`.
        X: The examples to encode, for a model.
        y: A label or a number for each. Labels get a legend, the most frequent ten of them a
            colour; more than ten different numbers, or fractions, a colour bar. A conditional
            model gets it too.

    Raises:
        ValueError: If `X` is missing, or `y` is not of its length.

    Example:
        >>> Z = np.random.default_rng(0).normal(size=(50, 3))
        >>> codes(Z, y=Z[:, 0] > 0).axes[0].get_xlabel()
        'principal component 1 of the codes, 49 % of variance'
    """
    Z = _encode(model_or_Z, X, y) if _is_model(model_or_Z) else _array(model_or_Z)

    if Z.ndim != 2:
        raise ValueError(f"expected codes with shape (N, D), got {Z.shape}.")

    # A context need not be a label for each
    given = y is not None and _is_model(model_or_Z) and np.shape(y) != (len(Z),)
    labels = None if y is None or given else _labels(y, len(Z))

    if Z.shape[1] == 1:
        return _histogram(Z[:, 0], labels)

    P, names = _project(Z)
    figure = Figure(figsize=(_WIDTH, 5.6), dpi=_DPI, layout="constrained")
    ax = _tidy(figure.add_subplot())
    ax.set(xlabel=names[0], ylabel=names[1])
    ax.set_aspect("equal", adjustable="datalim")  # distances on a map mean something
    size = float(np.clip(9000 / len(Z), 2, 28))
    style: dict[str, Any] = {"s": size, "linewidths": 0, "alpha": 0.8}

    if labels is None:
        ax.scatter(P[:, 0], P[:, 1], c=COLOURS[0], **style)
    elif labels.classes is None:
        points = ax.scatter(P[:, 0], P[:, 1], c=labels.places, cmap=NUMBERS, **style)
        bar = figure.colorbar(points, ax=ax, shrink=0.6, aspect=30, pad=0.02)
        bar.outline.set_visible(False)  # type: ignore[operator]
        bar.ax.tick_params(**_BAR)
    else:
        for k, name in enumerate(labels.classes):
            of_class = P[labels.places == k]
            ax.scatter(of_class[:, 0], of_class[:, 1], c=COLOURS[k], label=name, **style)

        for k, name in enumerate(labels.classes):
            _write_at_median(ax, P[labels.places == k], name)

        _legend(ax)

    return figure


def grid(
    model: Any, X: ArrayLike | None = None, n: int = 20, y: ArrayLike | None = None
) -> Figure:
    r"""What the codes on a grid decode to: the map's inhabitants, drawn where they live.

    Of codes of two numbers it is the grid itself,

    .. math:: z_{ij} = \big( \Phi^{-1} \big( \tfrac{j - 1/2}{n} \big),
        \Phi^{-1} \big( \tfrac{i - 1/2}{n} \big) \big),

    for models with a density, so that each tile stands for the same share of the prior, and
    evenly over the range of the codes of `X` for others. Of wider codes it is the plane of the
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
    n = _count(n)

    if not _is_model(model):
        raise ValueError(f"expected a fitted model to decode with, got {type(model).__name__}.")

    plane = _plane(model, X, n, y)
    G = model.inverse_transform(plane.Z, y)

    if not _is_image(model.modality_):
        return _surfaces(G, plane, getattr(model, "feature_names_in_", None))

    tiles = _tiles(model.modality_, G)
    figure = _sheet(tiles.reshape(-1, n, *tiles.shape[1:])[::-1])
    _name_axes(figure, plane)

    return figure


def history(model_or_records: Any) -> Figure:
    r"""The training curves, one panel for each term of the loss.

    Arguments:
        model_or_records: A fitted model; or records as in its `history_`.

    Raises:
        ValueError: If there is no record.

    Example:
        >>> record = {"epoch": 1, "train": {"distortion": 3.0}, "validation": {}}
        >>> history([record]).axes[0].get_title(loc="left")
        'distortion'
    """
    records = getattr(model_or_records, "history_", model_or_records)

    if not isinstance(records, Sequence) or not records:
        raise ValueError(
            "expected a fitted model or records of epochs such as its history_, got"
            f" {'none' if isinstance(records, Sequence) else type(records).__name__}."
        )

    records = [r if isinstance(r, Mapping) else r._asdict() for r in records]
    epochs = [r["epoch"] for r in records]
    curves = {
        name: {
            part: np.array([r[part][name] for r in records])
            for part in ("train", "validation")
            if all(name in r[part] for r in records)
        }
        for name in records[0]["train"]
    }
    curves = _without_repeats(curves)

    figure = Figure(figsize=(_WIDTH, 2.6), dpi=_DPI, layout="constrained")
    axes = figure.subplots(1, len(curves), squeeze=False)[0]

    for ax, (name, parts) in zip(axes, curves.items()):
        _tidy(ax).set_title(name, loc="left", fontsize=10, color=_INK)
        ax.set_xlabel("epoch", **_TEXT)

        for (part, values), colour in zip(parts.items(), COLOURS[::2]):
            marker = "o" if len(epochs) == 1 else None
            ax.plot(epochs, values, color=colour, lw=1.6, marker=marker, label=part)

        ax.set_ylim(*_limits(list(parts.values())))

    axes[0].set_ylabel("nats per example", **_TEXT)

    if any("validation" in parts for parts in curves.values()):
        axes[0].legend(**_LEGEND)

    return figure


# Arguments


class _Labels(NamedTuple):
    places: NDArray  # the index of the class, or the number itself
    classes: list[str] | None


def _is_model(thing: Any) -> bool:
    if not hasattr(thing, "inverse_transform"):
        return False

    check_is_fitted(thing)
    return True


def _is_image(modality: Modality) -> bool:
    return len(modality.shape_) == 3


def _array(X: Any) -> NDArray:
    if hasattr(X, "detach"):
        X = X.detach().cpu()

    X = np.asarray(X)

    if X.dtype.kind not in "buif" or X.ndim < 2 or X.size == 0:
        raise ValueError(
            "expected numbers, with shape (N, D), (N, H, W) or (N, H, W, C), got"
            f" {X.dtype} with shape {X.shape}. Read files first, with"
            " autoencode.data.read_array for example."
        )

    return X


def _count(n: Any) -> int:
    if not isinstance(n, (int, np.integer)) or isinstance(n, bool) or n < 1:
        raise ValueError(f"expected n as an integer >= 1, got {n!r}.")

    return int(n)


def _labels(y: ArrayLike, n: int) -> _Labels:
    y = np.asarray(y)

    if y.shape != (n,):
        raise ValueError(
            f"expected one label or number for each of the {n} codes, got shape {y.shape}."
        )

    numeric = y.dtype.kind in "uif"
    classes, index, counts = np.unique(
        y if numeric else y.astype(str), return_inverse=True, return_counts=True
    )

    if numeric and (len(classes) > len(COLOURS) or (classes != np.rint(classes)).any()):
        return _Labels(y.astype(float), None)

    names = [f"{c:g}" if numeric else str(c) for c in classes]

    if len(classes) <= len(COLOURS):
        return _Labels(index, names)

    kept = np.sort(np.argsort(-counts, kind="stable")[: len(COLOURS) - 1])
    places = np.full(len(classes), len(kept))
    places[kept] = np.arange(len(kept))
    others = f"{len(classes) - len(kept)} others"

    return _Labels(places[index], [*(names[k] for k in kept), others])


def _encode(model: Any, X: ArrayLike | None, y: ArrayLike | None) -> NDArray:
    if X is None:
        raise ValueError("expected the examples X to encode beside the model, got none.")

    return model.transform(X, y)


# Where codes lie


class _Plane(NamedTuple):
    Z: NDArray  # (rows * n, D), from the lowest row up
    names: list[str]
    ticks: list[NDArray]  # along each axis, in its units


def _project(Z: NDArray) -> tuple[NDArray, list[str]]:
    if Z.shape[1] == 2:
        return Z, ["$z_1$", "$z_2$"]

    pca = PCA(min(2, *Z.shape)).fit(Z)
    P = pca.transform(Z)
    P = P if P.shape[1] == 2 else np.c_[P, np.zeros(len(P))]
    shares = [*np.nan_to_num(pca.explained_variance_ratio_), 0.0]

    return P, [
        f"principal component {i + 1} of the codes, {100 * shares[i]:.0f} % of variance"
        for i in range(2)
    ]


def _plane(model: Any, X: ArrayLike | None, n: int, y: ArrayLike | None) -> _Plane:
    D = model.encoder_.event[0]
    dense = hasattr(model, "score_samples")

    if X is None and (D > 2 or not dense):
        raise ValueError(
            f"expected X, whose codes say where to look, beside a model with codes of {D}"
            f" numbers{'' if dense else ' and no density'}, got none: grid(model, X)."
        )

    if D > 2:
        return _principal_plane(model.transform(X, y), n)

    if dense:
        ticks = D * [norm.ppf((np.arange(n) + 0.5) / n)]
    else:
        Z = model.transform(X, y)
        ticks = [np.linspace(low, high, n) for low, high in zip(Z.min(axis=0), Z.max(axis=0))]

    Z = np.stack(np.meshgrid(*ticks), axis=-1).reshape(-1, D)

    return _Plane(Z, ["$z_1$", "$z_2$"][:D], ticks)


def _principal_plane(Z: NDArray, n: int) -> _Plane:
    if len(Z) < 3:
        raise ValueError(f"expected at least 3 examples to lay a plane, got {len(Z)}.")

    pca = PCA(2).fit(Z)
    spread = np.sqrt(pca.explained_variance_)
    ticks = [np.linspace(-2 * s, 2 * s, n) for s in spread]
    P = np.stack(np.meshgrid(*ticks), axis=-1).reshape(-1, 2)

    return _Plane(pca.inverse_transform(P), _project(Z)[1], ticks)


# Images


def _tiles(modality: Modality, X: NDArray) -> NDArray:
    r"""Returns images as `(N, H, W, C)` from 0 to 1, with one, three or four channels."""
    low, high = modality.range_  # type: ignore[attr-defined]

    # Noise leads out of the range, further than `load` trusts
    x = modality.normalize(modality.load(X.clip(low, high))).movedim(1, -1).numpy()
    return x if x.shape[-1] in {1, 3, 4} else x.mean(axis=-1, keepdims=True)


def _sheet(
    tiles: NDArray,
    rows: Sequence[Any] | None = None,
    columns: Sequence[Any] | None = None,
    gap: int = 4,
    shown: int | None = None,
) -> Figure:
    r"""Lays out tiles, with shape `(R, C, H, W, channels)`, on whole pixels of the figure."""
    R, C, H, W = tiles.shape[:4]
    width = max(8, int(min(0.72, (_WIDTH - 0.9 * (rows is not None)) / C) * _DPI) - gap)
    width = max(W, width - width % W) if W <= width else width
    height = max(1, round(width * H / W))

    names = [] if rows is None else [str(name) for name in rows]
    left = round(_DPI * 0.075 * max(map(len, names))) + 24 if names else gap
    top = gap if columns is None else 44
    whole = (left + C * (width + gap), top + R * (height + gap))

    figure = Figure(figsize=(whole[0] / _DPI, whole[1] / _DPI), dpi=_DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()

    for i in range(min(R * C, shown or R * C)):
        r, c = divmod(i, C)
        x, y = left + c * (width + gap), top + r * (height + gap)
        tile = tiles[r, c] if tiles.shape[-1] > 1 else tiles[r, c, :, :, 0]
        extent = (x, x + width, y + height, y)
        ax.imshow(tile, cmap="gray", vmin=0, vmax=1, extent=extent, aspect="auto")

    ax.set(xlim=(0, whole[0]), ylim=(whole[1], 0))

    for r, name in enumerate(names):
        y = top + r * (height + gap) + height / 2
        ax.text(left - 14, y, name, ha="right", va="center", **_TEXT)

    for c, name in enumerate([] if columns is None else columns):
        x = left + c * (width + gap) + width / 2
        ax.text(x, top - 10, str(name), ha="center", va="bottom", **_TEXT)

    return figure


def _margins(y: ArrayLike | None, n: int, columns: int) -> tuple[list | None, list | None]:
    r"""Returns what to write beside rows or above columns that have one label all through."""
    if y is None or np.shape(y) != (n,) or n % columns:
        return None, None

    table = np.reshape(np.asarray(y), (-1, columns))

    if len(table) > 1 and (table == table[:, :1]).all():
        return list(table[:, 0]), None

    return None, list(table[0]) if (table == table[:1]).all() else None


def _name_axes(figure: Figure, plane: _Plane) -> None:
    r"""Widens a sheet for the names and ends of its axes."""
    ax, margin = figure.axes[0], 0.42
    width, height = figure.get_size_inches()
    figure.set_size_inches(width + margin, height + margin)
    x, y = margin / (width + margin), margin / (height + margin)
    ax.set_position((x, y, 1 - x, 1 - y))

    ends = [(f"{t[0]:.2g}", f"{t[-1]:.2g}") for t in plane.ticks]
    style: dict[str, Any] = {"transform": ax.transAxes, **_TEXT, "clip_on": False}
    dx, dy = 0.1 / width, 0.1 / height

    ax.text(0.5, -dy, plane.names[0], ha="center", va="top", **style)
    ax.text(0, -dy, ends[0][0], ha="left", va="top", **style)
    ax.text(1, -dy, ends[0][1], ha="right", va="top", **style)

    if len(plane.names) > 1:
        style["rotation"] = 90
        ax.text(-dx, 0.5, plane.names[1], ha="right", va="center", **style)
        ax.text(-dx, 0, ends[1][0], ha="right", va="bottom", **style)
        ax.text(-dx, 1, ends[1][1], ha="right", va="top", **style)


# Tables

_PROFILES: dict[str, dict[str, Any]] = {
    "original": {"color": COLOURS[3], "lw": 2.6},
    "noisy": {"color": COLOURS[1], "lw": 0, "marker": ".", "ms": 4},
    "reconstruction": {"color": COLOURS[0], "lw": 1.3},
    "denoised": {"color": COLOURS[0], "lw": 1.3},
}


def _profiles(rows: dict[str, NDArray], everything: NDArray) -> Figure:
    r"""Draws each example as a line over the columns."""
    loc, scale = everything.mean(axis=0), everything.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    n, D = rows["original"].shape
    lines, columns = math.ceil(n / 5), min(5, n)

    figure = Figure(figsize=(_WIDTH, 0.5 + 1.2 * lines), dpi=_DPI, layout="constrained")
    axes = list(figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).flat)

    for ax in axes[n:]:
        ax.set_axis_off()

    for i, ax in zip(range(n), axes):
        for name, A in rows.items():
            alone: dict[str, Any] = {"marker": "o", "ms": 4} if D == 1 else {}
            ax.plot((A[i] - loc) / scale, label=name, **_PROFILES[name] | alone)

        _tidy(ax).set_xticks([])

    figure.supxlabel("columns", **_TEXT)
    figure.supylabel("standard deviations", **_TEXT)
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper right", ncols=3, **_LEGEND)

    return figure


def _pairs(X: NDArray, names: Sequence[str] | None) -> Figure:
    r"""Draws each pair of columns against each other, and each alone as a histogram."""
    D = min(_PANELS, X.shape[1])
    names = _column_names(names, X.shape[1])
    side = _WIDTH * (0.45 + 0.55 * D / _PANELS)
    figure = Figure(figsize=(side, 0.85 * side), dpi=_DPI, layout="constrained")
    axes = figure.subplots(D, D, squeeze=False)

    for i in range(D):
        for j in range(D):
            ax = _tidy(axes[i, j])

            if i == j:
                ax.hist(X[:, j], bins="sturges", color=COLOURS[0], alpha=0.85)
                ax.set_yticks([])
            else:
                size = float(np.clip(2000 / len(X), 1, 14))
                ax.scatter(X[:, j], X[:, i], s=size, c=COLOURS[0], linewidths=0, alpha=0.7)

            ax.locator_params(nbins=4) if i != j else ax.locator_params(axis="x", nbins=4)
            ax.set_xlabel(names[j] if i == D - 1 else "", **_TEXT)
            ax.set_ylabel(names[i] if j == 0 else "", **_TEXT)

    if D < X.shape[1]:
        figure.suptitle(f"the first {D} of {X.shape[1]} columns", **_TEXT)

    return figure


def _surfaces(G: NDArray, plane: _Plane, names: Sequence[str] | None) -> Figure:
    r"""Draws decoded columns over the grid of codes: as colours, or as lines over one number."""
    D = min(_PANELS, G.shape[1])
    names = _column_names(names, G.shape[1])
    figure = Figure(figsize=(_WIDTH, 2.1 if D > 2 else 3.2), dpi=_DPI, layout="constrained")

    for d, ax in enumerate(figure.subplots(1, D, squeeze=False)[0]):
        _tidy(ax).set_title(names[d], loc="left", fontsize=10, color=_INK)
        ax.set_xlabel(plane.names[0].partition(" of the")[0], **_TEXT)

        if len(plane.ticks) == 1:
            ax.plot(plane.ticks[0], G[:, d], color=COLOURS[0], lw=1.6)
            continue

        values = G[:, d].reshape(len(plane.ticks[1]), -1)
        mesh = ax.pcolormesh(*plane.ticks, values, cmap=NUMBERS, shading="nearest")
        bar = figure.colorbar(mesh, ax=ax, orientation="horizontal", aspect=30)
        bar.outline.set_visible(False)  # type: ignore[operator]
        bar.ax.locator_params(nbins=4)
        bar.ax.tick_params(**_BAR)

        if d == 0:
            ax.set_ylabel(plane.names[1].partition(" of the")[0], **_TEXT)

    return figure


def _column_names(names: Sequence[str] | None, D: int) -> list[str]:
    return (
        [str(name) for name in names]
        if names is not None
        else [f"$x_{{{d + 1}}}$" for d in range(D)]
    )


# Curves and points


def _tidy(ax: Axes) -> Axes:
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(_RULE)
    ax.tick_params(labelsize=8, labelcolor=_SOFT, color=_RULE)
    ax.xaxis.label.set(fontsize=9, color=_SOFT)
    ax.yaxis.label.set(fontsize=9, color=_SOFT)

    return ax


def _histogram(z: NDArray, labels: _Labels | None) -> Figure:
    figure = Figure(figsize=(_WIDTH, 3.2), dpi=_DPI, layout="constrained")
    ax = _tidy(figure.add_subplot())
    ax.set(xlabel="$z_1$", ylabel="examples")
    bins = list(np.histogram_bin_edges(z, bins=min(60, max(10, round(math.sqrt(len(z)))))))

    if labels is None:
        ax.hist(z, bins, color=COLOURS[0], alpha=0.85)
    elif labels.classes is None:
        ax.scatter(z, labels.places, s=10, c=COLOURS[0], linewidths=0, alpha=0.8)
        ax.set_ylabel("y")
    else:
        parts = [z[labels.places == k] for k in range(len(labels.classes))]
        colours = COLOURS[: len(parts)]
        ax.hist(parts, bins, stacked=True, color=colours, label=labels.classes)
        _legend(ax)

    return figure


def _legend(ax: Axes) -> None:
    beside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)}
    ax.legend(**beside, **_LEGEND, handletextpad=0.3, markerscale=1.6)


def _write_at_median(ax: Axes, positions: NDArray, name: str) -> None:
    if len(positions) == 0 or len(name) > 12:
        return

    halo = [withStroke(linewidth=3, foreground="white")]
    x, y = np.median(positions, axis=0)
    ax.text(
        x, y, name, fontsize=12, fontweight="bold", color=_INK, ha="center", va="center",
        path_effects=halo,
    )  # fmt: skip


def _without_repeats(curves: dict[str, dict[str, NDArray]]) -> dict[str, dict[str, NDArray]]:
    r"""Leaves out the total where another term is the same, or its negative."""
    total = curves.get("total", {}).get("train")
    others = [parts["train"] for name, parts in curves.items() if name != "total"]

    if total is None or not any(np.allclose(abs(total), abs(t), rtol=1e-4) for t in others):
        return curves

    return {name: parts for name, parts in curves.items() if name != "total"}


def _limits(curves: list[NDArray]) -> tuple[float, float]:
    r"""Returns limits for what comes after the first steps, which dwarf it."""
    settled = np.concatenate([c[len(c) // 20 :] for c in curves])
    low, high = float(settled.min()), float(settled.max())
    pad = 0.06 * (high - low) or 0.5

    return low - pad, high + pad
