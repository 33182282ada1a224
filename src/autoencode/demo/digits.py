r"""Handwritten digits: the classic autoencoders, side by side.

The digits come with scikit-learn, so nothing is downloaded.
"""

__all__ = ["error_chart"]

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from .. import datasets, plots, recipes
from ..estimator import Autoencoder
from ..evaluation import active_units
from ..plots.style import COLORS, LEGEND, RULE, canvas, tidy
from ..training.trainer import Training

SIZES = (2, 4, 8, 16, 30)
LAYERS = (512, 256)
NOISE = 0.4

Errors = Mapping[str, Mapping[int, float]]
Models = dict[tuple[str, int], Autoencoder]


class Digits(NamedTuple):
    r"""Training and test images with their labels."""

    X: NDArray
    X_test: NDArray
    y: NDArray
    y_test: NDArray


def load_split() -> Digits:
    r"""Returns the digits, one fifth of them as a test set."""
    data = datasets.digits()
    return Digits(
        *train_test_split(data.X, data.y, test_size=0.2, random_state=0, stratify=data.y)
    )


def models_by_stage(training: Training, random_state: int) -> dict[str, Models]:
    r"""Returns the unfitted models of each stage, by kind and code size."""
    options: dict[str, Any] = {"layers": LAYERS, "random_state": random_state}
    held_out = options | {"training": training.clone().set_params(validation_fraction=0.1)}
    options["training"] = training
    deep = {D: recipes.autoencoder(D, **options) for D in SIZES}

    return {
        "linear autoencoders": {("linear", D): recipes.linear(D) for D in SIZES},
        **{f"deep autoencoder, {D} numbers": {("deep", D): model} for D, model in deep.items()},
        "denoising autoencoder": {("denoising", 30): recipes.denoising(30, NOISE, **options)},
        "VAE, 2 numbers": {("VAE", 2): recipes.vae(2, **options)},
        "VAE, 16 numbers": {("VAE", 16): recipes.vae(16, **held_out)},
        "conditional VAE, 8 numbers": {
            ("conditional", 8): recipes.vae(8, conditional=True, **options)
        },
    }


# Figures


def mean_errors(models: Models, digits: Digits) -> dict[str, dict[int, float]]:
    r"""Returns mean squared errors of test images, summed over pixels between 0 and 1."""
    x, x_test = _flat(digits.X), _flat(digits.X_test)
    errors: dict[str, dict[int, float]] = {"PCA": {}}

    for D in SIZES:
        pca = PCA(D).fit(x)
        residual = x_test - pca.inverse_transform(pca.transform(x_test))
        errors["PCA"][D] = float((residual**2).sum(axis=1).mean())

    for (kind, D), model in models.items():
        if kind != "conditional":
            error = model.reconstruction_error(digits.X_test).mean()
            errors.setdefault(kind, {})[D] = float(error)

    return errors


def measure(
    models: Models, digits: Digits, noisy: NDArray, errors: Errors, seed: int
) -> dict[str, Any]:
    r"""Returns the other measurements that the page quotes."""
    X, X_test, y, y_test = digits
    linear_filter = recipes.linear(64).fit(X, corrupted=add_noise(X, seed + 1))
    neighbors = KNeighborsClassifier(5)

    def label_accuracy(model: Autoencoder) -> str:
        fitted = neighbors.fit(model.transform(X), y)
        return f"{100 * fitted.score(model.transform(X_test), y_test):.0f}"

    figures: dict[str, Any] = {
        "n_train": f"{len(X):,}",
        "n_test": len(X_test),
        "deep_8": f"{errors['deep'][8]:.2f}",
        "pca_8": f"{errors['PCA'][8]:.2f}",
        "noisy": f"{_distance(noisy, X_test):.2f}",
        "denoised": f"{_distance(models['denoising', 30].denoise(noisy), X_test):.2f}",
        "denoised_linear": f"{_distance(linear_filter.denoise(noisy), X_test):.2f}",
        "map": label_accuracy(models["VAE", 2]),
        "map_linear": label_accuracy(models["linear", 2]),
    }

    for D in (2, 16):
        vae = models["VAE", D]
        figures[f"bound_{D}"] = f"{vae.evaluate(X_test)['bound']:.1f}"
        figures[f"evidence_{D}"] = f"{vae.score_samples(X_test).mean():.1f}"
        figures[f"active_{D}"] = active_units(vae.transform(X_test))

    requested = np.repeat(np.arange(10), 100)
    drawn = models["conditional", 8].sample(len(requested), requested, random_state=seed)
    classifier = neighbors.fit(_flat(X), y)
    figures["read"] = f"{100 * classifier.score(_flat(drawn), requested):.1f}"
    figures["judge"] = f"{100 * classifier.score(_flat(X_test), y_test):.1f}"

    return figures


def add_noise(X: NDArray, seed: int) -> NDArray:
    noise = np.random.default_rng(seed).normal(scale=255 * NOISE, size=X.shape)
    return (X + noise).clip(0, 255).astype(np.uint8)


def _flat(X: NDArray) -> NDArray:
    return X.reshape(len(X), -1) / 255


def _distance(A: NDArray, B: NDArray) -> float:
    return float(((_flat(A) - _flat(B)) ** 2).sum(axis=1).mean())


# Pictures


def error_chart(errors: Errors) -> Figure:
    r"""Squared error against code size, a line for each kind of model.

    Arguments:
        errors: The mean error for each code size, for each name of a kind.

    Example:
        >>> figure = error_chart({"PCA": {2: 3.3, 4: 2.4}, "deep": {2: 1.8, 4: 1.1}})
        >>> len(figure.axes[0].lines)
        2
    """
    figure = canvas(3.6)
    ax = tidy(figure.add_subplot(), x="code size", y="squared error per image")
    styles = [(COLORS[3], 5.0, "-"), (COLORS[1], 1.8, "--"), (COLORS[0], 2.0, "-")]

    for (name, by_size), (color, width, line) in zip(errors.items(), styles):
        style: dict[str, Any] = {"color": color, "lw": width, "marker": "o", "ms": 4 + width}
        ax.plot(*zip(*by_size.items()), line, label=name, **style)

    sizes = sorted({D for by_size in errors.values() for D in by_size})
    heights = [0.1, 0.2, 0.5, 1, 2, 4]
    ax.set(xscale="log", yscale="log")
    ax.set_xticks(sizes, [str(D) for D in sizes])
    ax.set_yticks(heights, [f"{e:g}" for e in heights])
    ax.minorticks_off()
    ax.tick_params(labelsize=9)
    ax.grid(axis="y", color=RULE, lw=0.5)
    ax.spines["left"].set_visible(False)
    ax.legend(**LEGEND)

    return figure


def pictures(
    models: Models, digits: Digits, noisy: NDArray, errors: Errors, seed: int
) -> Iterator[tuple[str, Figure]]:
    X_test, y_test = digits.X_test, digits.y_test
    shown = [np.flatnonzero(y_test == k)[0] for k in range(10)]  # the first of each digit
    X, noise, ten_each = X_test[shown], noisy[shown], np.repeat(np.arange(10), 10)
    denoiser, flat, wide = models["denoising", 30], models["VAE", 2], models["VAE", 16]

    yield "reconstructions_deep.png", plots.reconstructions(models["deep", 8], X)
    yield "reconstructions_linear.png", plots.reconstructions(models["linear", 8], X)
    yield "errors.png", error_chart({kind: errors[kind] for kind in ("PCA", "linear", "deep")})
    yield "denoised.png", plots.reconstructions(denoiser, X, noisy=noise)
    yield "samples.png", plots.samples(wide, 100, random_state=seed)
    yield "on_demand.png", plots.samples(models["conditional", 8], 100, ten_each, seed)
    yield "codes.png", plots.codes(flat, X_test, y_test)
    yield "grid.png", plots.grid(flat, n_per_side=16)
    yield "history.png", plots.history(wide)


def table_rows(errors: Errors) -> str:
    r"""Returns the rows of the table of errors, with the lowest error of each row marked."""
    lines = []

    for D in SIZES:
        row = [by_size.get(D) for by_size in errors.values()]
        least = min(e for e in row if e is not None)
        best = [' class="best"' if e == least else "" for e in row]
        cells = [f"<td{b}>{'' if e is None else f'{e:.3f}'}</td>" for e, b in zip(row, best)]
        lines.append(f"<tr><td>{D}</td>{''.join(cells)}</tr>")

    return "\n".join(lines)
