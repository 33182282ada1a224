r"""Fits of all methods to all folds, with their measures, times and failures."""

__all__ = ["Trials"]

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..common.failures import ignored, noted
from ..common.progress import track
from .intervals import corrected_interval
from .measures import Fold, measure
from .methods import Builder, train
from .race import Candidate, contenders
from .result import Row
from .rows import Rows

_MAX_NOTE_LETTERS = 120
_QUIET = r"(sklearn|scipy|umap|pynndescent|numba|autoencode\.comparison)\b"  # warning modules


class Trials:
    r"""Fits of candidates to folds, one after the other, within a budget of time.

    Arguments:
        builders: The functions from a code size to an unfitted method, by name.
        candidates: The methods and code sizes.
        kind: The kind of data.
        reference: The method that others have to beat. It stays in the race.
        budget: The seconds after which no fit begins and trainings end, or `None`.
        seed: The seed of the methods in the first fold.

    Attributes:
        measures: The measures of each candidate, fold by fold.
        seconds: The time of each fit.
        notes: Warnings and refusals of each candidate.
        transductive: The candidates without codes for new examples.
        interrupted: Why the trials ended early; empty if they did not.

    Example:
        >>> from autoencode.comparison.methods import resolve_methods
        >>> from autoencode.modalities import Tables
        >>> X = np.random.default_rng(0).normal(size=(60, 3))
        >>> trials = Trials(resolve_methods(["pca"]), [("pca", 1)], Tables(), "pca", None, seed=0)
        >>> trials.run([lambda: Fold(X[:40], X[40:])])
        >>> [row.method for row in trials.table()]
        ['pca']
    """

    def __init__(
        self,
        builders: Mapping[str, Builder],
        candidates: Sequence[Candidate],
        kind: Any,
        reference: str,
        budget: float | None,
        seed: int,
    ) -> None:
        self.builders, self.kind, self.reference = builders, kind, reference
        self.budget, self.seed = budget, seed
        self.end = math.inf if budget is None else time.monotonic() + budget
        self.n_folds = 0
        self.measures: dict[Candidate, list[dict[str, float]]] = {c: [] for c in candidates}
        self.seconds: dict[Candidate, list[float]] = {c: [] for c in candidates}
        self.notes: dict[Candidate, list[str]] = {c: [] for c in candidates}
        self.transductive: set[Candidate] = set()
        self.interrupted = ""

    def run(self, folds: Sequence[Callable[[], Fold]]) -> None:
        r"""Fit and measure the candidates until the folds, or the time, are spent.

        Arguments:
            folds: Functions that return the examples of each fold.
        """
        self.n_folds = len(folds)
        total = len(self.measures) * len(folds)

        with _raising_interrupts():
            try:
                for [(k, fold, rows, candidate)] in track(
                    ([fit] for fit in self._fits(folds)), total, "fits", _now
                ):
                    if time.monotonic() + max(self.seconds[candidate], default=0.0) > self.end:
                        self.interrupted = f"the time budget of {self.budget:g} s was spent"
                    else:
                        self._fit(k, fold, rows, candidate)
            except KeyboardInterrupt:
                self.interrupted = "interrupted"

    def table(self) -> list[Row]:
        r"""Rows with the measures of all candidates that were tried."""
        return [self._row(c) for c in self.measures if self.measures[c] or self.notes[c]]

    def _fits(
        self, folds: Sequence[Callable[[], Fold]]
    ) -> Iterator[tuple[int, Fold, Rows, Candidate]]:
        racing = [*self.measures]

        for k, make_fold in enumerate(folds):
            fold = make_fold()
            rows = Rows(self.kind, fold.X)
            racing = [c for c in racing if k == 0 or self.measures[c]]  # without those that failed

            if k and self.budget is not None:
                errors = {
                    c: [m["error"] for m in self.measures[c] if "error" in m] for c in racing
                }
                open_still = contenders({c: e for c, e in errors.items() if e}, self.reference)
                racing = [c for c in racing if c in open_still or not errors[c]]

            for candidate in racing:
                yield k, fold, rows, candidate

    def _errors(self, candidate: Candidate) -> list[float]:
        return [fold["error"] for fold in self.measures[candidate] if "error" in fold]

    def _fit(self, k: int, fold: Fold, rows: Rows, candidate: Candidate) -> None:
        name, latent_dim = candidate
        began = time.monotonic()

        with _noting(self.notes[candidate]):
            build, seed = self.builders[name], self.seed + k
            trained = train(build, latent_dim, rows, fold.X, seed, self.end)
            self.notes[candidate] += trained.notes
            self.seconds[candidate].append(time.monotonic() - began)
            self.measures[candidate].append(measure(trained, rows, fold))

            if not trained.inductive:
                self.transductive.add(candidate)

    def _row(self, candidate: Candidate) -> Row:
        ratio = 1 / max(1, self.n_folds - 1)  # of held-out to training examples
        folds, reference = self.measures[candidate], (self.reference, candidate[1])
        measures = {
            name: corrected_interval([fold[name] for fold in folds], ratio)
            for name in (folds[0] if folds else ())
        }
        pairs = [
            own["error"] - other["error"]
            for own, other in zip(folds, self.measures.get(reference, ()))
            if "error" in own and "error" in other
        ]
        excess = corrected_interval(pairs, ratio) if pairs and candidate != reference else None
        seconds = float(np.mean(self.seconds[candidate])) if folds else 0.0
        notes = tuple(dict.fromkeys(self.notes[candidate]))

        inductive = candidate not in self.transductive

        return Row(*candidate, measures, excess, seconds, len(folds), notes, inductive)


def _now(fits: Sequence[tuple[int, Fold, Rows, Candidate]]) -> str:
    k, _, _, (method, size) = fits[0]
    return f"{method}({size}), fold {k + 1}"


@contextlib.contextmanager
def _noting(notes: list[str]) -> Iterator[None]:
    r"""Turns warnings of a fit, and the refusal of a method, into notes."""
    raised: list[str] = []

    with noted(raised), ignored(module=_QUIET):
        try:
            yield
        except ValueError as error:
            notes.append(f"not measured, {_first_line(error)}")

    notes += map(_first_line, raised)


def _first_line(message: Any) -> str:
    line = str(message).partition("\n")[0]
    return line if len(line) <= _MAX_NOTE_LETTERS else f"{line[: _MAX_NOTE_LETTERS - 3]}..."


@contextlib.contextmanager
def _raising_interrupts() -> Iterator[None]:
    r"""Lets Ctrl-C end a fit at once, instead of after its epoch."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, stop)

    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
