r"""Methods that can be compared: recipes, classical methods, and objects of the user."""

__all__ = ["CLASSICAL", "Builder", "Trained", "ending", "resolve_methods", "train"]

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.manifold import Isomap

from .. import recipes
from ..estimator import Autoencoder
from ..inference.scores import reconstruction_errors
from ..training.schedule import parse_duration
from ..training.solver import TrainingDefaults
from ..training.trainer import Training
from .rows import Rows

Builder = Callable[[int], Any]
CLASSICAL = ("pca", "factor_analysis", "isomap", "umap", "mds")


class Trained(NamedTuple):
    r"""A method that was fitted to training examples.

    Example:
        >>> Trained._fields
        ('codes', 'error', 'inductive', 'notes')
    """

    codes: Callable[[Any], NDArray]
    r"""Maps examples to codes, with shape `(N, d)`."""

    error: Callable[[Any], float] | None
    r"""Returns the error of examples as a share of that of the mean example; `None` without a
    decoder."""

    inductive: bool = True
    r"""True if codes of new examples need no further fit."""

    notes: tuple[str, ...] = ()
    r"""Limits of the fit."""


def resolve_methods(methods: Sequence[str] | Mapping[str, Any]) -> dict[str, Builder]:
    r"""Find the function that builds each method for a code size.

    Arguments:
        methods: Names of recipes and of classical methods; or a mapping from names of your own to
            these, or to functions from a code size to an unfitted estimator.

    Raises:
        ValueError: If a name is unknown.
        TypeError: If a method of the user is not a function.

    Example:
        >>> resolve_methods(["pca"])["pca"](2)
        PCA(n_components=2)
    """
    if not isinstance(methods, Mapping):
        methods = [methods] if isinstance(methods, str) else methods
        methods = dict(zip(methods, methods))

    return {name: _builder(name, build) for name, build in methods.items()}


def _builder(name: str, build: Any) -> Builder:
    known = [*CLASSICAL, *recipes.__all__]

    if isinstance(build, str):
        if build not in known:
            raise ValueError(f"expected methods out of {', '.join(known)}, got {build!r}.")

        return _CLASSICAL.get(build) or getattr(recipes, build)

    if not callable(build):
        raise TypeError(
            f"expected a function from a code size to an unfitted estimator for {name!r}, such as"
            f" lambda d: ae.vae(d), got {build!r}."
        )

    return build


def train(
    build: Builder, latent_dim: int, rows: Rows, X: Any, seed: int, end: float = math.inf
) -> Trained:
    r"""Fit a method to training examples.

    Arguments:
        build: The function that builds it.
        latent_dim: The size of the code.
        rows: Conversion to rows, for methods that know no other data.
        X: The training examples.
        seed: The seed of the method.
        end: The time of the monotonic clock at which a training ends. Other methods, which have
            no steps to count, are not interrupted.

    Raises:
        ValueError: If the method cannot be fitted to these data.

    Example:
        >>> from autoencode.modalities import Tables
        >>> X = np.random.default_rng(0).normal(size=(20, 3))
        >>> train(PCA, 2, Rows(Tables(), X), X, seed=0).codes(X).shape
        (20, 2)
    """
    if latent_dim >= rows.width:
        raise ValueError(f"examples of {rows.width:,} numbers need no compression to {latent_dim}")

    model = build(latent_dim)

    if "random_state" in model.get_params():
        model.set_params(random_state=seed)

    if isinstance(model, Autoencoder):
        return _train_autoencoder(model, rows, X, end)

    if rows.tokenized:
        raise ValueError("texts have no rows of numbers for it")

    x = rows.of(X)

    if latent_dim >= len(x):
        raise ValueError(f"{len(x):,} examples are too few for {latent_dim} components")

    if not hasattr(model, "transform"):
        return Trained(lambda new: _embed(model, x, rows.of(new)), None, inductive=False)

    model.fit(x)

    def error(new: Any) -> float:
        R = _decode(model, model.transform(rows.of(new)))
        return float(rows.errors(new, R).sum()) / rows.total_error(new)

    decodes = hasattr(model, "inverse_transform") or isinstance(model, FactorAnalysis)
    return Trained(lambda new: model.transform(rows.of(new)), error if decodes else None)


def _train_autoencoder(model: Autoencoder, rows: Rows, X: Any, end: float) -> Trained:
    if model.modality is None:
        model.set_params(modality=rows.given)

    training = model.training or Training()

    if end < math.inf and isinstance(training, Training):
        model.set_params(training=ending(training, end))

    model.fit(X)
    done, wanted = len(model.history_), getattr(model.training_, "epochs", None) or 0
    notes = [f"its training ended after {done} of {wanted} epochs"] * (done < wanted)
    same = repr(model.modality_) == repr(rows.modality)
    own = rows if same else Rows(model.modality_, X)

    def error(new: Any) -> float:
        errors = reconstruction_errors(*model._open(new), scaled=True)
        return float(errors.sum()) / own.total_error(new)

    decodes = model.model_.decoder is not None
    return Trained(model.transform, error if decodes else None, notes=tuple(notes))


def ending(training: Training, end: float) -> Training:
    r"""Return a training that ends at a time of the monotonic clock.

    It has as many epochs as without this time, if they fit in it.

    Arguments:
        training: The training.
        end: The time, in seconds.

    Example:
        >>> training = ending(Training(), time.monotonic() + 60).resolve(1000)
        >>> training.epochs == Training().resolve(1000).epochs, training.time_budget <= 60
        (True, True)
    """

    class Ending(Training):
        def resolve(self, n: int, defaults: TrainingDefaults = TrainingDefaults()) -> Training:
            resolved = super().resolve(n, defaults)
            own = parse_duration(training.time_budget) or math.inf
            resolved.time_budget = min(own, max(1e-3, end - time.monotonic()))
            return resolved

    return Ending(**training.get_params(deep=False))


def _decode(model: Any, Z: NDArray) -> NDArray:
    if isinstance(model, FactorAnalysis):  # the mean of p(x | z)
        return Z @ model.components_ + model.mean_

    return model.inverse_transform(Z)


def _embed(model: Any, x: NDArray, new: NDArray) -> NDArray:
    r"""Returns codes of new rows from a fit to all rows."""
    return model.fit_transform(np.concatenate([x, new]))[len(x) :]


def _mds(latent_dim: int) -> Any:
    try:
        from sklearn.manifold import ClassicalMDS
    except ImportError:
        raise ImportError("method 'mds' needs scikit-learn 1.8 or later.") from None

    return ClassicalMDS(n_components=latent_dim)


def _umap(latent_dim: int) -> Any:
    try:
        from umap import UMAP
    except ImportError:
        raise ImportError("method 'umap' needs UMAP: pip install umap-learn.") from None

    return UMAP(n_components=latent_dim)


_CLASSICAL: dict[str, Builder] = {
    "pca": lambda d: PCA(n_components=d),
    "factor_analysis": lambda d: FactorAnalysis(n_components=d),
    "isomap": lambda d: Isomap(n_components=d),
    "umap": _umap,
    "mds": _mds,
}
