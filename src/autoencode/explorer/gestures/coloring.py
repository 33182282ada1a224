r"""Scores and labels that color the map."""

__all__ = ["color", "describe_colors", "scores_of"]

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...inference.scores import log_densities, reconstruction_errors
from ...manifold import OffManifoldDetector
from ...modalities.capabilities import TimeResolved
from ..session import Session
from ..session.columns import Color, color_of
from ..wire import Pending
from ..wire.tasks import Report

_TITLES = {
    "error": "reconstruction error",
    "log_prob": "log p(x), nats",
    "anomaly": "anomaly score",
}
_BLOCK = 512  # examples that are scored between two reports
_DETECTOR_EXAMPLES = 1000


def describe_colors(session: Session) -> list[dict[str, Any]]:
    r"""Returns all colors for JSON; those that take long are not ready yet."""
    waiting = [
        Color(name, _TITLES[name], None) for name in _scores(session) if name not in session.colors
    ]
    return [found.document() for found in [*session.colors.values(), *waiting]]


def color(session: Session, name: str) -> Color | Pending:
    r"""Returns a color, computed when it is asked for the first time.

    Arguments:
        session: The session.
        name: Its name.

    Raises:
        ValueError: If there is no such color.
    """
    if name in session.colors:
        return session.colors[name]

    if name == "typed":
        return typed_color(session)

    if name not in _scores(session):
        known = ", ".join([*session.colors, *_scores(session)])
        raise ValueError(f"expected a color, one of {known}; got {name[:60]!r}.")

    found = session.tasks.ask(
        ("score", name), _TITLES[name], lambda report: _score_all(session, name, report)
    )

    if not isinstance(found, Pending):
        found = session.colors[name] = Color(name, _TITLES[name], found.astype(np.float32))

    return found


def typed_color(session: Session) -> Color:
    r"""Returns the labels that were typed in on the page."""
    labels = [session.typed.get(i) for i in range(len(session))]
    found = session.colors["typed"] = color_of("typed", "typed labels", labels)
    return found


def scores_of(session: Session, X: Any, y: Any) -> list[dict[str, Any]]:
    r"""Returns the scores of further examples for JSON, one list of scores for all.

    Arguments:
        session: The session.
        X: The examples; their number is one.
        y: Their context.
    """
    found = []

    for name in _scores(session):
        if name == "anomaly" and name not in session.colors:
            continue  # to learn what is usual takes seconds

        value = float(_score(session, name, X, y)[0])
        known = session.colors.get(name)
        share = None

        if known is not None and known.values is not None:
            share = 100 * float((known.values < value).mean())

        found.append(
            {
                "name": name,
                "title": _TITLES[name],
                "value": value if np.isfinite(value) else None,
                "percentile": share,
            }
        )

    return found


def _scores(session: Session) -> list[str]:
    model = session.model
    names = ["error"]

    if hasattr(model, "score_samples"):
        names.append("log_prob")

    # Anomalies of series are intervals
    if model.context_ is None and not isinstance(model.modality_, TimeResolved):
        names.append("anomaly")

    return names


def _score_all(session: Session, name: str, report: Report) -> NDArray:
    n = len(session)
    scores = np.empty(n)

    for start in range(0, n, _BLOCK):
        rows = np.arange(start, min(n, start + _BLOCK))

        if name == "anomaly":
            scores[rows] = -_detector(session).score_samples(session.take(rows))
        else:
            scores[rows] = _by_model(session, name, session.loaded(rows))

        report((start + len(rows)) / n)

    return scores


def _score(session: Session, name: str, X: Any, y: Any) -> NDArray:
    if name == "anomaly":
        return -np.asarray(_detector(session).score_samples(X))

    return _by_model(session, name, session.model._open(X, y))


def _by_model(session: Session, name: str, opened: Any) -> NDArray:
    if name == "error":
        return reconstruction_errors(*opened).numpy()

    model, modality, x, c = opened
    return log_densities(model, modality, x, c, seed=session.model.seed_).numpy()


def _detector(session: Session) -> OffManifoldDetector:
    def fit() -> OffManifoldDetector:
        n = len(session)
        rows = np.unique(np.linspace(0, n - 1, min(n, _DETECTOR_EXAMPLES)).astype(int))
        return OffManifoldDetector(session.model).fit(session.take(rows))

    found: OffManifoldDetector = session.kept("detector", fit)
    return found
