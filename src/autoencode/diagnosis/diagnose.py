r"""All checks of a trained model and its data."""

__all__ = ["diagnose"]

from ..common.seeding import seeded
from .codes import check_codes
from .data import check_data
from .finding import Diagnosis
from .outputs import check_new_examples, check_reconstructions
from .subject import Subject
from .training import check_training

_CHECKED = (
    "collapse", "ignored code", "unused and dead units", "size of the code", "under-training",
    "skipped steps", "over-fitting", "likelihood", "detail of images", "gain over a linear model",
    "new examples", "copies", "drift", "shared and duplicate rows", "columns",
)  # fmt: skip


def diagnose(subject: Subject) -> Diagnosis:
    r"""Find what is wrong with a trained model.

    Arguments:
        subject: The model with its training data and new data.

    Returns:
        The findings, the most serious first.

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> X = np.random.default_rng(0).normal(size=(60, 3))
        >>> X[:, 2] = 1
        >>> [finding.name for finding in ae.linear(1).fit(X).diagnose(X)]
        ['constant columns']
    """
    subject.model.eval()
    checks = (
        check_training, check_codes, check_reconstructions, check_new_examples, check_data,
    )  # fmt: skip

    with seeded(subject.seed):
        findings = [finding for check in checks for finding in check(subject)]

    names = [f.name for f in findings]

    # A model that does not use its code at all has no better samples or reconstructions
    if "collapse" in names:
        hidden = {"no better than a constant", "unlike samples", "blurred images"}
        findings = [f for f in findings if f.name not in hidden]

    return Diagnosis(findings, _CHECKED)
