r"""Columns and rows of the data that mislead a model or its evaluation."""

__all__ = ["Share", "check_data", "largest_column"]

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.stats import ks_2samp
from torch import Tensor

from ..modalities.capabilities import Tabular, Tokenized
from ..pages import Chart
from ..training.linear.factor_analysis import principal_components
from .finding import Finding
from .subject import Subject

_MAX_COLUMNS = 500
_MAX_COMPONENTS = 20
_MAX_EXACT = 100  # numbers in each sample of an exact test
_MAX_SHARE_OF_COPIES = 0.2
_MIN_SHIFT, _MAX_P = 0.2, 1e-4
_MIN_COLUMNS = 4
_MIN_SHARED = 3  # one or two equal rows may be chance
_LISTED = 3
_MAX_SHARE, _MAX_TIMES_OF_MEAN = 0.6, 5.0  # of one column, in a sum over all
_MIN_UNEXPLAINED = 0.8


def check_data(subject: Subject) -> Iterator[Finding]:
    r"""Yield findings about the data.

    Arguments:
        subject: The model and its data.
    """
    known = subject.known.raw.flatten(start_dim=1).double().cpu()
    copies = 1 - len(known.unique(dim=0)) / len(known)
    yield from _shared(subject, known, copies)

    if copies > _MAX_SHARE_OF_COPIES:
        yield Finding(
            "duplicate rows",
            0.15,
            f"{100 * copies:.0f} % of the training examples are copies of others.",
            "Remove them, unless they stand for frequency:"
            " ae.manifold.NeighborGraph().fit(Z).duplicates() finds them.",
            {"share": copies},
        )

    if isinstance(subject.blueprint.modality, Tabular) and known.shape[1] <= _MAX_COLUMNS:
        yield from _columns(subject, known)

    if subject.new is not None and not isinstance(subject.blueprint.modality, Tokenized):
        yield from _drift(subject)


def _shared(subject: Subject, known: Tensor, copies: float) -> Iterator[Finding]:
    if subject.new is None:
        return

    rows = {row.tobytes() for row in known.numpy()}
    new = subject.new.raw.flatten(start_dim=1).double().cpu().numpy()
    count = sum(row.tobytes() in rows for row in new)
    share = count / len(new)

    if count >= _MIN_SHARED and share > 0.01 + 3 * copies:
        yield Finding(
            "shared examples",
            0.75,
            f"{100 * share:.0f} % of the new examples are training examples, so that their scores"
            " are too good.",
            "Remove duplicates before the data are split.",
            {"share": share},
        )


def _columns(subject: Subject, known: Tensor) -> Iterator[Finding]:
    constant = (known == known[:1]).all(dim=0)

    if constant.any():
        names = _named(subject, constant.nonzero()[:, 0].tolist())
        yield Finding(
            "constant columns",
            0.1,
            f"Columns have one value only: {names}.",
            "They are left out of the model; drop them if they should not be there.",
            {"columns": float(constant.sum())},
        )

    varying = (~constant).nonzero()[:, 0]
    x = known[:, varying]
    x = ((x - x.mean(dim=0)) / x.std(dim=0)).nan_to_num()
    R = (x.T @ x / max(1, len(x) - 1)).abs().triu(diagonal=1)
    twins = (R > 1 - 1e-9).any(dim=0)

    if len(x) > 2 and twins.any():
        names = _named(subject, varying[twins].tolist())
        yield Finding(
            "duplicate columns",
            0.15,
            f"Columns repeat others, up to scale: {names}.",
            "Drop them: they count twice in the loss.",
            {"columns": float(twins.sum())},
        )

    yield from _dominant(subject, known.shape[1])


class Share(NamedTuple):
    r"""Share of the largest column in a sum.

    Example:
        >>> Share(3, 0.8, 0.1).column
        3
    """

    column: int
    of_sum: float
    r"""Its share of the sum over all columns."""

    unexplained: float
    r"""The share of its own variance that reconstructions lose."""


def largest_column(subject: Subject, of_variance: bool) -> Share | None:
    r"""Find the column of scaled rows with the largest share of the variance or of the error.

    Arguments:
        subject: A model of tables.
        of_variance: Whether to share out the variance instead of the error.

    Returns:
        The column; `None` if columns are few, or nothing is to be shared out.
    """
    x, r = subject.known.x.double(), subject.known.r.double()

    if x.ndim != 2 or x.shape[1] < _MIN_COLUMNS:
        return None

    variance, error = ((x - a).square().nan_to_num().sum(dim=0) for a in (x.nanmean(dim=0), r))
    counted = variance if of_variance else error
    j = int(counted.argmax())

    if not counted[j] > 0:
        return None

    return Share(j, float(counted[j] / counted.sum()), float(error[j] / variance[j].clamp(1e-300)))


def _dominant(subject: Subject, n_columns: int) -> Iterator[Finding]:
    r"""Yields whether the loss sees one column only, or is that of a column that is not learned.

    Where all columns are learned well, one of them makes up most of the little that is left. This
    is no fault, so that the error of a column counts only if reconstructions do not have it.
    """
    D = subject.known.x[0].numel()
    own = D == n_columns
    most = max(_MAX_SHARE, _MAX_TIMES_OF_MEAN / D)
    scale, error = (largest_column(subject, of_variance) for of_variance in (True, False))

    if scale is not None and scale.of_sum > most:
        found, what, severity = scale, "variance", 0.35
        remedy = "Scale each column, modality=ae.modalities.Tables('columns'), or leave it out."
    elif error is not None and error.of_sum > most and error.unexplained > _MIN_UNEXPLAINED:
        found, what, severity = error, "error", 0.28
        remedy = "Leave it out if it is noise, or use a wider code."
    else:
        return

    name = _named(subject, [found.column]) if own else f"number {found.column}"
    lost = f", and {100 * min(1, found.unexplained):.0f} % of its own variance is lost"
    yield Finding(
        "dominant column",
        severity,
        f"One column makes up {100 * found.of_sum:.0f} % of the {what}: {name}"
        f"{lost if what == 'error' else ', so that the loss hardly sees the others'}.",
        remedy,
        {"share": found.of_sum, "unexplained": found.unexplained},
        _shares(subject, what == "variance", own),
    )


def _shares(subject: Subject, of_variance: bool, own: bool) -> Chart:
    x, r = subject.known.x.double(), subject.known.r.double()
    squares = (x - (x.nanmean(dim=0) if of_variance else r)).square().nan_to_num().sum(dim=0)
    shares = (100 * squares / squares.sum()).tolist()
    what = "variance" if of_variance else "squared error"
    named = {subject.column(k) if own else f"number {k}": s for k, s in enumerate(shares)}

    return Chart("bars", named, f"The share of each column in the {what}.", f"% of the {what}")


def _named(subject: Subject, columns: list[int]) -> str:
    names = ", ".join(subject.column(j) for j in columns[:_LISTED])
    return names if len(columns) <= _LISTED else f"{names} and {len(columns) - _LISTED} others"


def _drift(subject: Subject) -> Iterator[Finding]:
    assert subject.new is not None
    known, new = subject.known.rows, subject.new.rows
    columns = isinstance(subject.blueprint.modality, Tabular) and known.shape[1] <= _MAX_COLUMNS
    x, y = (known, new)

    if not columns:  # pixels and spectra: along principal components
        mean = known.mean(dim=0)
        V, _ = principal_components(known - mean, _MAX_COMPONENTS)
        x, y = (known - mean) @ V.T, (new - mean) @ V.T

    # The exact distribution of more numbers may overflow, with a warning
    method = "exact" if max(len(x), len(y)) <= _MAX_EXACT else "asymp"
    tests = [ks_2samp(a, b, method=method) for a, b in zip(x.T.numpy(), y.T.numpy())]
    shifts = np.array([test.statistic for test in tests])
    p = np.array([test.pvalue for test in tests]) * len(tests)
    moved = (p < _MAX_P) & (shifts > _MIN_SHIFT)

    if moved.any():
        j = int(np.where(moved, shifts, 0).argmax())
        own = columns and x.shape[1] == subject.known.raw.flatten(start_dim=1).shape[1]
        what = _named(subject, [j]) if own else f"{'number' if columns else 'component'} {j}"
        yield Finding(
            "drift",
            0.71,
            f"New examples are distributed otherwise than the training examples:"
            f" {int(moved.sum())} of {len(tests)} features have shifted, {what} most.",
            "Shuffle before the data are split, or fit again on newer data.",
            {"shifted": float(moved.sum()), "largest_shift": float(shifts[j])},
            Chart(
                "histogram",
                {"training": x[:, j].numpy(), "new": y[:, j].numpy()},
                f"The feature that has shifted most, {what}, in scaled units.",
                what,
            ),
        )
