r"""Report on the manifold that an autoencoder has learned, and on its reliability."""

__all__ = ["report"]

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...common.atomic_files import check_writable
from ...common.seeding import Seed, check_random_state
from ..anomalies.detector import OffManifoldDetector
from ..arrays import as_examples, select_rows
from ..codec import as_codec
from ..dimension import DimensionEstimate
from ..neighbors.graph import NeighborGraph
from . import html
from .analysis import analyze_continuous, analyze_tokens, at_reference_scale
from .comparison import compare_with_new
from .records import Encoded
from .result import Report
from .rows import draw, encode, in_model_units

_MAX_NUMBERS = 2**26  # maximum count of numbers in the sample of examples
_MAX_EXAMPLES = 2**16  # maximum number of examples in the sample


def report(
    model: Any,
    X: Any,
    X_new: Any = None,
    out: str | Path | None = None,
    n_neighbors: int = 15,
    random_state: Seed = 0,
    y: ArrayLike | None = None,
) -> Report:
    r"""Reports the geometry of the manifold that a model has learned.

    The report has the dimension of data and codes, whether codes preserve neighbors, where
    interpolation is safe, and how new examples differ. The work is bounded: large data are
    sampled, and each figure has a standard error. Distances are in the units of the model: by
    default standard deviations of columns for tables, and intensities from 0 to 1 for images.

    The distance of texts is the number of bytes to insert, delete or replace. Tokens have no
    directions, so that the dimension of the data and the tangent planes are left out.

    Arguments:
        model: A fitted :class:`~autoencode.Autoencoder`, or a pair (encoder, decoder) of
            functions of tensors.
        X: The examples, preferably ones that the model was not trained on. A model fits its
            training examples too well, so that new examples always seem to drift.
        X_new: New examples to compare with them.
        out: A folder for the numbers (`report.json`), the pictures, and a page that shows
            both (`index.html`). Files of an earlier report are replaced.
        n_neighbors: The number of nearest neighbors.
        random_state: The seed of all samples.
        y: The label or row of numbers that a conditional model is given.

    Returns:
        The report.

    Raises:
        TypeError: If the model has another type.
        ValueError: If there are too few examples, the model does not accept them, or the folder
            cannot be written.

    See Also:
        :class:`~autoencode.manifold.Report`, :class:`~autoencode.manifold.Drift`

    Example:
        >>> from sklearn.datasets import load_digits
        >>> import autoencode as ae
        >>> X = load_digits().data
        >>> model = ae.linear(latent_dim=8).fit(X[:1000])
        >>> found = report(model, X[1000:], 16 - X[1000:])
        >>> found.off_manifold.value < 0.1 < found.drift.off_manifold.value
        True
    """
    if out is not None:
        check_writable(Path(out) / "index.html")

    codec, rng = as_codec(model, y, allow_tokens=True), check_random_state(random_state)
    X = as_examples(X)
    chosen = draw(rng, len(X), min(_MAX_EXAMPLES, _MAX_NUMBERS // max(1, math.prod(X.shape[1:]))))
    n_available, X = len(X), select_rows(X, chosen)

    scaled = in_model_units(codec)
    x = scaled.to_rows(X).detach()
    N, D = x.shape

    if N <= 2 * n_neighbors:
        raise ValueError(
            f"expected more than 2 n_neighbors = {2 * n_neighbors} examples, got {N}. Use fewer"
            " neighbors or more examples."
        )

    z = encode(scaled, x)
    seed = rng.randint(2**31)
    graph = NeighborGraph(n_neighbors, random_state=seed).fit(z)
    analyze = analyze_tokens if scaled.tokenized else analyze_continuous
    analysis = analyze(Encoded(scaled, X, x, z, graph), rng, seed)
    planes, curves = analysis.planes, analysis.curves
    comparison = compare_with_new(
        OffManifoldDetector(model, random_state=seed, y=y), X, X_new, rng
    )

    result = Report(
        n_examples=N,
        n_available=n_available,
        n_features=D,
        latent_dim=z.shape[1],
        sample_sizes={
            "neighbors": analysis.n_neighborhoods,
            **({} if planes is None else {"planes": len(planes.rows)}),
            "off the manifold": comparison.n_known,
        },
        n_duplicates=analysis.n_duplicates,
        dimension=at_reference_scale(curves["data"]) if "data" in curves else None,
        code_dimension=at_reference_scale(curves["codes"]),
        dimension_curves={name: _curve(d) for name, d in curves.items()},
        trustworthiness=analysis.trustworthiness,
        continuity=analysis.continuity,
        tangent_dim=None if planes is None else planes.tangents.n_components_,
        projection_error=None if planes is None else planes.error,
        large_angle_fraction=None if planes is None else planes.large_angle_fraction,
        n_connected_components=int(graph.n_connected_components_),
        largest_component_fraction=float(np.bincount(graph.component_labels_).max() / N),
        off_manifold=comparison.off,
        drift=comparison.drift,
    )

    if out is not None:
        pictures = html.pictures(model, codec, X, z, analysis, comparison, y)
        html.write(Path(out), result, pictures)

    return result


def _curve(d: DimensionEstimate) -> list[dict[str, float]]:
    names = ("distance", "value", "standard_error")
    rows = enumerate(zip(*d.curve), start=1)
    return [{"n_neighbors": 2**i, **dict(zip(names, map(float, row)))} for i, row in rows]
