r"""A tour of the library on real digits: fits, pictures, and one page that shows them.

Nothing is downloaded: the digits are those that scikit-learn carries. The prose and the lines
of Python under each picture are in `demo.html`; what they say is measured here.
"""

__all__ = ["error_chart", "main"]

import html
import os
import platform
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from . import __version__, datasets, plots, recipes
from .estimator import Autoencoder
from .evaluation import active_units
from .plots.style import COLOURS, LEGEND, RULE, canvas, tidy
from .training import Training

_SIZES = (2, 4, 8, 16, 30)
_LAYERS = (512, 256)
_NOISE = 0.4
_SECONDS = {"linear autoencoders": 0.2, "scores on the unseen digits": 3.0, "pictures": 5.0}
_EPOCH = 0.05  # seconds, on one core; the run shows how fast this one is

Errors = Mapping[str, Mapping[int, float]]
Models = dict[tuple[str, int], Autoencoder]


class Digits(NamedTuple):
    r"""What is trained on, and what judges."""

    X: NDArray
    X_test: NDArray
    y: NDArray
    y_test: NDArray


def main(folder: str | Path = "demo", epochs: int = 100, random_state: int = 0) -> None:
    r"""Fits the classic autoencoders to digits, and leaves pictures and a page in a folder.

    Arguments:
        folder: Where to. Files of an earlier run are replaced.
        epochs: The number of passes over the data in each fit.
        random_state: Seeds everything random.

    Raises:
        ValueError: If the folder cannot be written, which is found before the work.

    Example:
        >>> main("demo")  # doctest: +SKIP
    """
    folder = _writable(Path(folder))
    data = datasets.digits()
    digits = Digits(
        *train_test_split(data.X, data.y, test_size=0.2, random_state=0, stratify=data.y)
    )
    plan = _plan(Training(epochs=epochs, progress=False), random_state)
    expected = {name: epochs * _EPOCH * len(group) for name, group in plan.items()}
    stages = Stages(expected | _SECONDS)

    print(
        f"{sum(map(len, plan.values()))} fits to {len(digits.X):,} handwritten digits;"
        f" {len(digits.X_test)} others judge them. About {stages.left():.0f} s."
    )

    with _one_thread():
        models: Models = {}

        for name, group in plan.items():
            with stages.stage(name):
                models |= {key: m.fit(digits.X, digits.y) for key, m in group.items()}

        with stages.stage("scores on the unseen digits"):
            noisy = _noisy(digits.X_test, random_state)
            errors = _errors(models, digits)
            figures = _figures(models, digits, noisy, errors, random_state)

        with stages.stage("pictures"):
            for file, figure in _pictures(models, digits, noisy, errors, random_state):
                figure.savefig(folder / file)

    figures |= {
        "rows": _rows(errors),
        "epochs": epochs,
        "seed": random_state,
        "next_seed": random_state + 1,
        "seconds": f"{stages.elapsed():.0f}",
        "machine": html.escape(_machine()),
    }
    template = Template(resources.files(__package__).joinpath("demo.html").read_text("utf-8"))
    (folder / "index.html").write_text(template.substitute(figures), "utf-8")

    print(f"\nDone in {stages.elapsed():.0f} s. Look at {folder / 'index.html'} in a browser.")
    print("Next, with a folder of images, or a .npy, .npz or .csv file of your own as DATA:")
    print("  autoencode fit DATA --recipe vae --latent-dim 16 --out my.ae")
    print("  autoencode plot my.ae DATA --out pictures")


def error_chart(errors: Errors) -> Figure:
    r"""The squared error against the size of the code, a line for each kind of model.

    Arguments:
        errors: By the name of the kind, the mean error by size.

    Example:
        >>> figure = error_chart({"PCA": {2: 3.3, 4: 2.4}, "deep": {2: 1.8, 4: 1.1}})
        >>> len(figure.axes[0].lines)
        2
    """
    figure = canvas(3.6)
    ax = tidy(figure.add_subplot(), x="numbers in the code", y="squared error per image")
    styles = [(COLOURS[3], 5.0, "-"), (COLOURS[1], 1.8, "--"), (COLOURS[0], 2.0, "-")]

    for (name, by_size), (colour, width, line) in zip(errors.items(), styles):
        style: dict[str, Any] = {"color": colour, "lw": width, "marker": "o", "ms": 4 + width}
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


# Fits


def _plan(training: Training, random_state: int) -> dict[str, Models]:
    r"""Returns the models of each stage, by kind and size of the code."""
    options: dict[str, Any] = {"layers": _LAYERS, "random_state": random_state}
    held_out = options | {"training": training.clone().set_params(validation=0.1)}
    options["training"] = training
    deep = {D: recipes.autoencoder(D, **options) for D in _SIZES}

    return {
        "linear autoencoders": {("linear", D): recipes.linear(D) for D in _SIZES},
        **{f"deep autoencoder, {D} numbers": {("deep", D): model} for D, model in deep.items()},
        "denoising autoencoder": {("denoising", 30): recipes.denoising(30, _NOISE, **options)},
        "VAE, 2 numbers": {("VAE", 2): recipes.vae(2, **options)},
        "VAE, 16 numbers": {("VAE", 16): recipes.vae(16, **held_out)},
        "conditional VAE, 8 numbers": {
            ("conditional", 8): recipes.vae(8, conditional=True, **options)
        },
    }


class Stages:
    r"""Says what is done, and how long the rest will take.

    Arguments:
        expected: The seconds that each stage takes on some machine; how fast this one is shows.

    Example:
        >>> stages = Stages({"first": 1.0, "second": 2.0})
        >>> stages.left()
        3.0
    """

    def __init__(self, expected: Mapping[str, float]) -> None:
        self.expected = dict(expected)
        self.done: list[str] = []
        self.start = time.perf_counter()

    def elapsed(self) -> float:
        return time.perf_counter() - self.start

    def left(self) -> float:
        passed = sum(self.expected[name] for name in self.done)
        rest = sum(self.expected.values()) - passed

        # As if 3 seconds had gone as expected before: the first stages say little
        return rest * (self.elapsed() + 3) / (passed + 3) if passed else rest

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = self.elapsed()
        print(f"[{len(self.done) + 1:2}/{len(self.expected)}] {name:<32}", end="", flush=True)

        yield

        self.done.append(name)
        print(f"{self.elapsed() - start:6.1f} s, about {self.left():3.0f} s left", flush=True)


# Figures


def _errors(models: Models, digits: Digits) -> dict[str, dict[int, float]]:
    r"""Returns the mean squared error per test image, summed over pixels from 0 to 1."""
    x, x_test = _flat(digits.X), _flat(digits.X_test)
    errors: dict[str, dict[int, float]] = {"PCA": {}}

    for D in _SIZES:
        pca = PCA(D).fit(x)
        residual = x_test - pca.inverse_transform(pca.transform(x_test))
        errors["PCA"][D] = float((residual**2).sum(axis=1).mean())

    for (kind, D), model in models.items():
        if kind != "conditional":
            error = model.reconstruction_error(digits.X_test).mean()
            errors.setdefault(kind, {})[D] = float(error)

    return errors


def _figures(
    models: Models, digits: Digits, noisy: NDArray, errors: Errors, seed: int
) -> dict[str, Any]:
    r"""Returns the other numbers on the page."""
    X, X_test, y, y_test = digits
    linear_filter = recipes.linear(64).fit(X, corrupted=_noisy(X, seed + 1))
    neighbours = KNeighborsClassifier(5)

    def named(model: Autoencoder) -> str:
        near = neighbours.fit(model.transform(X), y)
        return f"{100 * near.score(model.transform(X_test), y_test):.0f}"

    figures: dict[str, Any] = {
        "n_train": f"{len(X):,}",
        "n_test": len(X_test),
        "deep_8": f"{errors['deep'][8]:.2f}",
        "pca_8": f"{errors['PCA'][8]:.2f}",
        "noisy": f"{_distance(noisy, X_test):.2f}",
        "denoised": f"{_distance(models['denoising', 30].denoise(noisy), X_test):.2f}",
        "denoised_linear": f"{_distance(linear_filter.denoise(noisy), X_test):.2f}",
        "map": named(models["VAE", 2]),
        "map_linear": named(models["linear", 2]),
    }

    for D in (2, 16):
        vae = models["VAE", D]
        figures[f"bound_{D}"] = f"{vae.evaluate(X_test)['bound']:.1f}"
        figures[f"evidence_{D}"] = f"{vae.score_samples(X_test).mean():.1f}"
        figures[f"active_{D}"] = active_units(vae.transform(X_test))

    asked = np.repeat(np.arange(10), 100)
    written = models["conditional", 8].sample(len(asked), asked, random_state=seed)
    judge = neighbours.fit(_flat(X), y)
    figures["read"] = f"{100 * judge.score(_flat(written), asked):.1f}"
    figures["judge"] = f"{100 * judge.score(_flat(X_test), y_test):.1f}"

    return figures


def _noisy(X: NDArray, seed: int) -> NDArray:
    noise = np.random.default_rng(seed).normal(scale=255 * _NOISE, size=X.shape)
    return (X + noise).clip(0, 255).astype(np.uint8)


def _flat(X: NDArray) -> NDArray:
    return X.reshape(len(X), -1) / 255


def _distance(A: NDArray, B: NDArray) -> float:
    return float(((_flat(A) - _flat(B)) ** 2).sum(axis=1).mean())


# The page


def _pictures(
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
    yield "grid.png", plots.grid(flat, n=16)
    yield "history.png", plots.history(wide)


def _rows(errors: Errors) -> str:
    r"""Returns the body of the table of errors, the least of each row marked."""
    lines = []

    for D in _SIZES:
        row = [by_size.get(D) for by_size in errors.values()]
        least = min(e for e in row if e is not None)
        best = [' class="best"' if e == least else "" for e in row]
        cells = [f"<td{b}>{'' if e is None else f'{e:.3f}'}</td>" for e, b in zip(row, best)]
        lines.append(f"<tr><td>{D}</td>{''.join(cells)}</tr>")

    return "\n".join(lines)


def _machine() -> str:
    gpu = f" and one {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""

    return (
        f"{os.cpu_count()} {platform.machine()} cores, of which one is used{gpu}; Python"
        f" {platform.python_version()}, torch {torch.__version__}, autoencode {__version__}"
    )


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)

        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise ValueError(
            f"expected a folder that can be written, got '{folder}': {error.strerror}."
            " Name another one."
        ) from None


@contextmanager
def _one_thread() -> Iterator[None]:
    r"""Keeps torch to one thread: layers this small wait for each other more than they work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    try:
        yield
    finally:
        torch.set_num_threads(threads)
