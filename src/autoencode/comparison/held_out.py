r"""Comparison of methods at several code sizes, on held-out folds."""

__all__ = ["compare"]

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import KFold, StratifiedKFold

from .. import inputs
from ..common.atomic_files import check_distinct, check_writable
from ..common.failures import warn
from ..common.seeding import Seed, check_random_state
from ..data.joining import take
from ..data.listing.sources import list_files
from ..evaluation.factors import is_class
from ..modalities.capabilities import Tokenized
from ..training.schedule import parse_duration
from .measures import Fold
from .methods import CLASSICAL, Builder, resolve_methods
from .result import Comparison
from .trials import Trials

_METHODS = ("pca", "factor_analysis", "autoencoder", "vae")
_MAX_EXAMPLES = 10_000


def compare(
    X: Any,
    y: ArrayLike | None = None,
    methods: Sequence[str] | Mapping[str, Builder] = _METHODS,
    latent_dims: Sequence[int] = (2, 8, 32),
    n_folds: int = 5,
    time_budget: float | str | None = None,
    reference: str = "pca",
    modality: Any = None,
    out: str | Path | None = None,
    random_state: Seed = 0,
) -> Comparison:
    r"""Compare models with classical methods at several code sizes, on held-out examples.

    Every method is fitted to all examples outside of a fold, and measured on the fold. Measures
    are the error of its reconstructions as a share of that of the mean example, the share of
    nearest neighbors that its codes keep, and, with labels, how well codes predict the labels.
    Classical methods see the same scaled numbers as the models. Intervals of 95 % allow for the
    training examples that folds share. If there are more than ten thousand examples, ten thousand
    are drawn at random.

    Classical multidimensional scaling (`"mds"`) has no codes for new examples: it sees the
    held-out examples, too, and is marked. Its codes of Euclidean distances are those of PCA.

    Arguments:
        X: The examples of any kind, or the path of a file or folder.
        y: Their labels or numbers, which codes should predict. The models do not see them.
        methods: Names of recipes, and of `"pca"`, `"factor_analysis"`, `"isomap"`, `"umap"` and
            `"mds"`; or a mapping from names of your own to these, or to functions from a code size
            to an unfitted estimator.
        latent_dims: The code sizes.
        n_folds: The number of folds.
        time_budget: The time for everything, in seconds or as a string such as `"10m"`. A
            training that has begun ends with it, and is marked; classical methods are not
            interrupted. After each fold, half of the methods continue: those for which the answer
            is still open. By default all folds are used.
        reference: The method that others have to beat.
        modality: The kind of data; by default it is recognized.
        out: A folder for `comparison.json` and `comparison.png`. If they cannot be written in the
            end, a warning says why.
        random_state: The seed of folds and methods.

    Returns:
        The comparison: `print` shows a table and a recommendation, and `plot` draws it. After
        Ctrl-C, or at the end of the time budget, it has what is known.

    Raises:
        ValueError: If an argument is out of its range, or examples and labels differ in number.
        TypeError: If a method is neither a name nor a function.
        ImportError: If a method needs a package that is not installed.

    See Also:
        :class:`~autoencode.comparison.Comparison`

    Example:
        >>> from sklearn.datasets import load_iris
        >>> import autoencode as ae
        >>> X, y = load_iris(return_X_y=True)
        >>> found = ae.compare(X, y, ["pca", "linear"], latent_dims=[2], n_folds=3)
        >>> found.recommendation
        'Use pca with 2 numbers: ...'
    """
    if out is not None:
        check_writable(Path(out) / "comparison.json")
        new = [Path(out) / f"comparison.{suffix}" for suffix in ("json", "png")]
        check_distinct(new, list_files(Path(X)).files if isinstance(X, (str, Path)) else [])

    builders = resolve_methods(methods)
    sizes = _sizes(latent_dims)
    rng = check_random_state(random_state)
    X, y, kind = _read(X, y, modality, n_folds, rng)
    seed = int(rng.randint(2**31 - n_folds))
    folds = [partial(_fold, X, y, known, new) for known, new in _splits(X, y, n_folds, seed)]

    # Classical methods first, so that a short time leaves the models something to beat
    ordered = sorted(builders, key=lambda name: name not in CLASSICAL)
    candidates = [(name, d) for name in ordered for d in sizes]
    trials = Trials(builders, candidates, kind, reference, parse_duration(time_budget), seed)
    trials.run(folds)

    found = Comparison(
        trials.table(), reference, len(X), n_folds, isinstance(kind, Tokenized), trials.interrupted
    )

    if out is not None:
        try:
            found.save(out)
        except OSError as error:  # the disk is full by now
            warn(f"cannot write the comparison to '{out}': {error}. It is returned all the same.")

    return found


def _sizes(latent_dims: Sequence[int]) -> list[int]:
    sizes = [latent_dims] if isinstance(latent_dims, int) else [*latent_dims]

    if not sizes or not all(isinstance(d, (int, np.integer)) and d >= 1 for d in sizes):
        raise ValueError(f"expected latent_dims to be whole numbers from 1, got {latent_dims!r}.")

    return [int(d) for d in dict.fromkeys(sizes)]


def _read(
    X: Any, y: ArrayLike | None, modality: Any, n_folds: int, rng: np.random.RandomState
) -> tuple[Any, NDArray | None, Any]:
    found = inputs.read(X, modality, fitting=True)
    kind = found.kind or inputs.modality_of(found.X, modality)
    found = inputs.join_labels(found, y) if y is not None else found

    if found.y is not None and len(found.y) != len(found.X):
        raise ValueError(
            f"expected one label per example, got {len(found.y)} for {len(found.X)} examples."
        )

    if not 2 <= n_folds <= len(found.X) // 2:
        raise ValueError(
            f"expected n_folds from 2 to half of the {len(found.X)} examples, got {n_folds!r}."
        )

    if isinstance(kind, Tokenized):  # a fold may hold the longest text
        kind = kind.as_long_as(found.X)

    if len(found.X) > _MAX_EXAMPLES:
        found = found.select(np.sort(rng.permutation(len(found.X))[:_MAX_EXAMPLES]).tolist())

    labels = None if found.y is None else np.asarray(found.y)

    if labels is not None and is_class(labels):  # numbers with fractions, too
        labels = np.unique(labels, return_inverse=True)[1]

    return found.X, labels, kind


def _splits(X: Any, y: NDArray | None, n_folds: int, seed: int) -> Iterator[Any]:
    if y is not None and is_class(y) and np.unique(y, return_counts=True)[1].min() >= n_folds:
        return StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(np.zeros(len(y)), y)

    return KFold(n_folds, shuffle=True, random_state=seed).split(np.zeros(len(X)))


def _fold(X: Any, y: NDArray | None, known: NDArray, new: NDArray) -> Fold:
    labels = (None, None) if y is None else (y[known], y[new])
    return Fold(take(X, known.tolist()), take(X, new.tolist()), *labels)
