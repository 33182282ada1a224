r"""The page of a report on a manifold: its pictures, and how they get into a folder."""

__all__ = ["pictures", "write"]

import html
import json
import math
import os
import tempfile
import warnings
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from torch import Tensor

from .. import plots
from ..data import is_frame, is_numbers
from .border import one, take
from .density import ManifoldParzen
from .dimension import Dimension
from .findings import Report
from .geodesics import Geodesics
from .maps import Maps
from .surveys import JUDGED, Compared, Planes
from .tangents import Tangents


def pictures(
    model: Any,
    maps: Maps,
    X: Any,
    z: Tensor,
    scales: dict[str, Dimension],
    planes: Planes,
    compared: Compared,
    y: ArrayLike | None,
) -> Iterator[tuple[str, str, Figure]]:
    r"""The pictures of a report, one after the other.

    Arguments:
        model: The model.
        maps: Its maps.
        X: The examples.
        z: Their codes, with shape `(N, d)`.
        scales: The dimension of the data and of the codes.
        planes: What was found about planes.
        compared: What was found about strange examples.
        y: The label or row of numbers under which a conditional model is seen.

    Returns:
        For each the name of its file, what to say about it, and the picture.

    Example:
        >>> names = [file for file, *_ in pictures(*findings)]  # doctest: +SKIP
    """
    rows, tangents = planes.rows, planes.tangents
    a, b = (one(X, i) for i in rows[:2])
    names = [str(name) for name in getattr(X, "columns", ())]

    yield (
        "graph.png",
        "The codes of some examples, with arcs to neighbours. Along bright arcs the manifold"
        " turns, and nothing should be interpolated.",
        plots.graph(
            z[torch.as_tensor(rows).to(z.device)],
            planes.angles,
            "degrees between the planes at both ends",
            planes.indices,
            limits=(0, 90),
        ),
    )

    if _is_shown(model, X):
        yield (
            "tangents.png",
            "The directions in which one example can move and stay what it is, the largest first.",
            plots.tangents(tangents, a, names=names),
        )
        yield (
            "geodesic.png",
            "From one example to another: straight through the codes, and the shortest way over"
            " the manifold.",
            plots.geodesics(Geodesics(model, y=y), a, b),
        )

    yield (
        "dimension.png",
        "The dimension as one looks from near and from farther away, with two standard errors to"
        " each side. A plateau deserves trust. Distances are counted in those to the second"
        " neighbour.",
        plots.dimension({name: _relative(d) for name, d in scales.items()}),
    )

    if np.ndim(X) > 2:
        strange = compared.strangest

        with maps.evaluating(), torch.no_grad():
            restored = maps.restore(maps.reconstruct(maps.read(strange)))

        yield (
            "strangest.png",
            "What looks strangest of the examples, or of the new ones, and what the model makes"
            " of it.",
            plots.reconstructions(strange, restored),
        )
    elif X.shape[-1] in (2, 3) and (is_numbers(X) or not is_frame(X)):
        some = take(X, np.arange(0, len(X), math.ceil(len(X) / JUDGED)))
        n, k = tangents.n_components_, tangents.n_neighbors
        tangents = Tangents(model, n_components=n, n_neighbors=k, y=y)  # in units of the user
        yield (
            "manifold.png",
            "The data, the tangent planes of the model, and the density.",
            plots.manifold(some, tangents.fit(some), ManifoldParzen().fit(np.asarray(some))),
        )


def _is_shown(model: Any, X: Any) -> bool:
    r"""Whether there are pictures of examples: rows, images, or what networks see as images."""
    modality = getattr(model, "modality_", None)
    return np.ndim(X) <= 2 or modality is None or len(modality.shape_) == 3


def _relative(d: Dimension) -> Dimension:
    scales = d.curve.scales
    return d._replace(curve=d.curve._replace(scales=scales / scales[0]))


def _without_names(pictures: Iterator[Any]) -> Iterator[Any]:
    with warnings.catch_warnings():
        # A single example has lost the names of its columns
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        yield from pictures


def write(out: Path, found: Report, pictures: Iterator[tuple[str, str, Figure]]) -> None:
    r"""Replaces the files of a folder, once all new ones are there.

    Arguments:
        out: The folder.
        found: The report, for its sentences and numbers.
        pictures: What :func:`pictures` returns.

    Example:
        >>> write(Path("report"), found, pictures(*findings))  # doctest: +SKIP
    """
    template = Template(resources.files(__package__).joinpath("report.html").read_text("utf-8"))

    with tempfile.TemporaryDirectory(dir=out, prefix=".report-") as folder:
        new, shown = Path(folder), []

        for file, about, figure in _without_names(pictures):
            figure.savefig(new / file)
            text = html.escape(about)
            shown.append(
                f'<figure><figcaption>{text}</figcaption><img src="{file}" alt="{text}"></figure>'
            )

        said = found.findings().items()
        rows = (f"<dt>{name}</dt><dd>{html.escape(text)}</dd>" for name, text in said)
        page = template.substitute(findings="\n".join(rows), figures="\n".join(shown))
        (new / "index.html").write_text(page, "utf-8")
        (new / "report.json").write_text(json.dumps(found.to_dict(), indent=2), "utf-8")

        for file in sorted(new.iterdir()):
            os.replace(file, out / file.name)
