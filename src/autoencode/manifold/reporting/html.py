r"""HTML page of a manifold report, with its pictures."""

__all__ = ["pictures", "write"]

import contextlib
import html
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from torch import Tensor

from ... import plots
from ...common.atomic_files import replacing
from ...common.failures import ignored
from ...common.visible_text import visible
from ...data import is_frame, is_numbers
from ...pages import Entry, render, table
from ..arrays import select_row, select_rows
from ..codec import Codec
from ..density.manifold_parzen import ManifoldParzen
from ..dimension import DimensionEstimate
from ..geodesics.geodesics import Geodesics
from ..tangents.tangents import Tangents
from .comparison import MAX_COMPARED
from .records import Analysis, Comparison
from .result import Report

_TITLE = "What the model has learned of the manifold"
_FOOTER = 'All numbers, with their standard errors: <a href="report.json">report.json</a>'


def pictures(
    model: Any,
    codec: Codec,
    X: Any,
    z: Tensor,
    analysis: Analysis,
    comparison: Comparison,
    y: ArrayLike | None,
) -> Iterator[tuple[str, str, Figure | list[list[str]]]]:
    r"""Pictures and tables of a report.

    Arguments:
        model: The model.
        codec: Its codec.
        X: The examples.
        z: Their codes, with shape `(N, d)`.
        analysis: The analysis of examples and codes.
        comparison: The comparison of examples with new ones.
        y: The label or row of numbers that a conditional model is given.

    Returns:
        For each, the name of its file, its caption, and the picture. A table of texts has an empty
        name, and its rows take the place of the picture; the first row is the header.
    """
    edges, planes = analysis.edges, analysis.planes
    names = [str(name) for name in getattr(X, "columns", ())]

    yield (
        "graph.png",
        edges.about,
        plots.graph(
            z[torch.as_tensor(edges.rows).to(z.device)],
            edges.color,
            edges.name,
            edges.indices,
            limits=edges.limits,
        ),
    )

    if planes is not None and _is_shown(model, X):
        a, b = (select_row(X, i) for i in planes.rows[:2])
        yield (
            "tangents.png",
            "Directions in which one example can move along the manifold, the largest first.",
            plots.tangents(planes.tangents, a, names=names),
        )
        yield (
            "geodesic.png",
            "From one example to another: the straight line between the codes, and the shortest"
            " path on the manifold.",
            plots.geodesics(Geodesics(model, y=y), a, b),
        )

    yield (
        "dimension.png",
        "The dimension against the scale, with two standard errors to each side. A plateau is the"
        " value to trust. Distances are relative to those to the second neighbor.",
        plots.dimension({name: _relative(d) for name, d in analysis.curves.items()}),
    )

    if np.ndim(X) > 2 or planes is None:
        strange = comparison.strangest

        with codec.evaluating(), torch.no_grad():
            x = codec.to_rows(strange)
            from_rows = codec.from_rows(codec.reconstruct(x))

        if planes is None:
            pairs = zip(codec.from_rows(x), from_rows)
            yield "", _STRANGEST, [["example", "reconstruction"], *map(list, pairs)]
        else:
            if not _is_shown(model, X):
                strange, from_rows = plots.tables.as_rows(strange), plots.tables.as_rows(from_rows)

            yield "strangest.png", _STRANGEST, plots.reconstructions(strange, from_rows)
    elif X.shape[-1] in (2, 3) and (is_numbers(X) or not is_frame(X)):
        some = select_rows(X, np.arange(0, len(X), math.ceil(len(X) / MAX_COMPARED)))
        n, k = planes.tangents.n_components_, planes.tangents.n_neighbors
        tangents = Tangents(model, n_components=n, n_neighbors=k, y=y)  # in the user's units
        yield (
            "manifold.png",
            "The data, the tangent planes of the model, and the density.",
            plots.manifold(some, tangents.fit(some), ManifoldParzen().fit(np.asarray(some))),
        )


_STRANGEST = "The most unusual examples, or new examples, above their reconstructions."


def _is_shown(model: Any, X: Any) -> bool:
    r"""Returns whether examples can be drawn: rows, images, or spectra."""
    modality = getattr(model, "modality_", None)
    return np.ndim(X) <= 2 or modality is None or len(modality.shape_) == 3


def _relative(d: DimensionEstimate) -> DimensionEstimate:
    scales = d.curve.scales
    return d._replace(curve=d.curve._replace(scales=scales / scales[0]))


def _without_names(pictures: Iterator[Any]) -> Iterator[Any]:
    with ignored("X does not have valid feature names"):  # as of a single example
        yield from pictures


def write(
    out: Path, result: Report, pictures: Iterator[tuple[str, str, Figure | list[list[str]]]]
) -> None:
    r"""Replaces the files of a folder after all new files are written; the page is the last.

    Arguments:
        out: The folder.
        result: The report, for its sentences and numbers.
        pictures: The result of :func:`pictures`.
    """
    files, shown = {"report.json": json.dumps(result.to_dict(), indent=2).encode()}, []

    for file, about, figure in _without_names(pictures):
        text = html.escape(visible(about))

        if isinstance(figure, list):
            picture = table(figure)
        else:
            figure.savefig(drawn := io.BytesIO(), format="png")
            files[file] = drawn.getvalue()
            picture = f'<img src="{html.escape(file)}" alt="{text}">'

        shown.append(f"<figure><figcaption>{text}</figcaption>{picture}</figure>")

    entries = [Entry(name, text) for name, text in result.findings().items()]
    page = render(_TITLE, entries, "\n".join(shown), _FOOTER)

    with contextlib.ExitStack() as stack:  # the file that is opened first is replaced last
        for file, content in {"index.html": page.encode(), **files}.items():
            stack.enter_context(replacing(out / file)).write_bytes(content)
