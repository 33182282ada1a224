r"""All checks of a trained model and its data."""

__all__ = ["diagnose"]

from ..common.seeding import seeded
from .codes import check_codes
from .data import check_data
from .finding import Diagnosis, Finding
from .learning_rate import check_trial
from .new_examples import check_new_examples
from .reconstructions import check_reconstructions
from .subject import Subject
from .training import check_training

_CHECKED = (
    "collapse", "ignored code", "unused and dead units", "size of the code", "under-training",
    "learning rate", "skipped steps", "over-fitting", "likelihood", "detail of images",
    "gain over a linear model", "prior", "new examples", "copies", "drift",
    "shared and duplicate rows", "columns",
)  # fmt: skip


_POOR = (
    "blurred images", "code too small", "likelihood misfit", "no better than linear",
    "unlike samples",
)  # fmt: skip
_UNTRAINED = (
    *_POOR, "code larger than needed", "codes off the prior", "collapse", "ignored code",
    "no better than a constant", "under-training", "unused units",
)  # fmt: skip
# A finding is left out if a more serious one explains it
_CONSEQUENCES = {
    "codes off the prior": ("no better than a constant", "under-training", "unlike samples"),
    "collapse": (
        *_POOR, "codes off the prior", "ignored code", "no better than a constant",
        "under-training",
    ),
    "drift": ("over-fitting",),
    "ignored code": (*_POOR, "code larger than needed", "no better than a constant"),
    "no better than a constant": _POOR,
    "skipped steps": _UNTRAINED,
    "under-training": (*_POOR, "collapse", "ignored code", "unused units"),
    "wrong learning rate": _UNTRAINED,
}  # fmt: skip


def diagnose(subject: Subject) -> Diagnosis:
    r"""Find what is wrong with a trained model.

    Arguments:
        subject: The model with its training data and new data.

    Returns:
        The findings, the most serious first, with `remarks` that are worth knowing.

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(60, 3))
        >>> X[:, 2] = 1
        >>> [remark.name for remark in ae.linear(1).fit(X).diagnose(X).remarks]
        ['constant columns']
    """
    subject.model.eval()
    checks = (
        check_training, check_trial, check_codes, check_reconstructions,
        check_new_examples, check_data,
    )  # fmt: skip

    with seeded(subject.seed):
        findings = [finding for check in checks for finding in check(subject)]

    first: dict[str, Finding] = {}  # of each name, the most serious

    for finding in sorted(findings, key=lambda f: -f.severity):
        if not any(finding.name in _CONSEQUENCES.get(cause, ()) for cause in first):
            first.setdefault(finding.name, finding)

    return Diagnosis([*first.values()], _CHECKED)
