r"""Checks of arguments against each other and against the data."""

__all__ = [
    "NOISE",
    "at_least_one",
    "check_damage",
    "check_epochs",
    "check_groups",
    "check_index",
    "check_lengths",
    "check_likelihood",
    "check_posterior",
    "check_prior",
    "check_validation",
    "check_weighting",
    "check_windows",
]

import logging
from numbers import Integral
from typing import Any

import numpy as np
import torch

from ..corruptions import GaussianNoise
from ..data import is_frame
from ..data.sparse_rows import SparseRows
from ..distributions import Family
from ..objectives import Objective

log = logging.getLogger(__name__)

NOISE = 0.3  # the default scale of GaussianNoise in `denoising`


def check_damage(corruption: Any, corrupted: Any) -> None:
    r"""Check that a corruption is not combined with damaged versions of the examples.

    Arguments:
        corruption: The corruption of the examples, or `None`.
        corrupted: Damaged versions of the examples, or `None`.

    Raises:
        ValueError: If a corruption was chosen, which would have no effect. The default corruption
            of `denoising()` is ignored with a message in the log.

    Example:
        >>> check_damage(GaussianNoise(0.5), corrupted=[[1.0]])
        Traceback (most recent call last):
        ValueError: corruption=GaussianNoise(std=0.5) has no effect together with ...
    """
    if corrupted is None or corruption is None:
        return

    if repr(corruption) != repr(GaussianNoise(NOISE)):
        raise ValueError(
            f"corruption={corruption!r} has no effect together with corrupted=...,"
            " which"
            " already gives damaged examples. Leave out one of the two."
        )

    log.info("%r is ignored, because damaged versions of the examples are given.", corruption)


def check_posterior(family: Family) -> None:
    r"""Check that samples of a posterior are differentiable.

    Raises:
        ValueError: If the samples of the family have no gradients.

    Example:
        >>> from autoencode.distributions import Bernoulli
        >>> check_posterior(Bernoulli())
        Traceback (most recent call last):
        ValueError: expected a posterior whose samples have gradients, ...
    """
    try:
        q = family(torch.zeros(1, family.n_params)) if family.has_density else None
        differentiable = q is None or q.has_rsample
    except (AttributeError, ValueError):  # a family of whole examples, such as texts
        differentiable = False

    if not differentiable:
        raise ValueError(
            "expected a posterior whose samples have gradients, such as Gaussian() or Dirac(),"
            f" got {family!r}."
        )


def check_likelihood(family: Family | None) -> None:
    r"""Check that a likelihood has a density or a probability.

    Raises:
        ValueError: If the family has neither.

    Example:
        >>> from autoencode.distributions import Dirac
        >>> check_likelihood(Dirac())
        Traceback (most recent call last):
        ValueError: expected a likelihood with a density or a probability, ...
    """
    if family is not None and (not family.has_density or family.has_reference):
        raise ValueError(
            "expected a likelihood with a density or a probability, such as SharedGaussian() or"
            f" Bernoulli(), got {family!r}."
        )


def check_prior(prior: Any, generates: bool, objective: Objective) -> None:
    r"""Refuse a prior that has no effect because codes have no density and do not follow it.

    Arguments:
        prior: The prior, if one was chosen.
        generates: Whether the model draws new examples.
        objective: The objective, which may itself refuse codes without a density.

    Raises:
        ValueError: If the prior has no effect.

    Example:
        >>> from autoencode.objectives import Reconstruction
        >>> from autoencode.priors import StandardNormal
        >>> check_prior(StandardNormal(), False, Reconstruction())
        Traceback (most recent call last):
        ValueError: prior=StandardNormal() has no effect: codes of this model have no density...
    """
    if prior is not None and not generates and not objective.posterior().has_density:
        raise ValueError(
            f"prior={prior!r} has no effect: codes of this model have no density, and are not"
            " trained to follow a prior. Use prior=Mixture(), which is fitted to them, another"
            " recipe, such as ae.vae() (command line: --recipe vae), or leave it out."
        )


def check_lengths(**rows: Any) -> None:
    r"""Check that all arrays have the same number of rows.

    Arguments:
        rows: Arrays by name; `None` is skipped.

    Raises:
        ValueError: If the numbers of rows differ.

    Example:
        >>> check_lengths(X=[[1.0], [2.0]], y=["a"])
        Traceback (most recent call last):
        ValueError: expected one row of each for every example, got lengths {'X': 2, 'y': 1}.
    """
    lengths = {
        name: len(
            v if isinstance(v, (list, tuple, SparseRows)) or is_frame(v) else np.atleast_1d(v)
        )
        for name, v in rows.items()
        if v is not None
    }

    if len(set(lengths.values())) > 1:
        raise ValueError(f"expected one row of each for every example, got lengths {lengths}.")


def check_epochs(training: Any) -> None:
    r"""Refuse a training without epochs that does not start from a trained model.

    Arguments:
        training: The training method, or `None`.

    Raises:
        ValueError: If the training has no epochs.

    Example:
        >>> from autoencode import Training
        >>> check_epochs(Training(epochs=0))
        Traceback (most recent call last):
        ValueError: expected epochs >= 1, or a trained model as start=... (command line: ...
    """
    if getattr(training, "epochs", None) == 0:
        raise ValueError(
            "expected epochs >= 1, or a trained model as start=... (command line: --start); got"
            " epochs=0, which trains nothing."
        )


def check_groups(groups: Any, training: Any) -> None:
    r"""Refuse groups that have no effect because no example is held out.

    Arguments:
        groups: The groups, or `None`.
        training: The training method, or `None`.

    Raises:
        ValueError: If the groups have no effect.

    Example:
        >>> from autoencode import Training
        >>> check_groups(["a", "b"], Training(validation_fraction=0))
        Traceback (most recent call last):
        ValueError: groups has no effect, as validation_fraction=0 holds out no example...
    """
    if groups is None:
        return

    if getattr(training, "closed_form", False):
        raise ValueError(f"groups has no effect with {training!r}, which holds out no example.")

    if getattr(training, "validation_fraction", None) == 0:
        raise ValueError(
            "groups has no effect, as validation_fraction=0 holds out no example: leave out one of"
            " the two."
        )


def check_validation(validation: Any, groups: Any, corrupted: Any, training: Any) -> None:
    r"""Refuse validation examples beside arguments that they would leave without effect.

    Arguments:
        validation: The validation examples, or `None`.
        groups: The groups, or `None`.
        corrupted: Damaged versions of the training examples, or `None`.
        training: The training method, or `None`.

    Raises:
        ValueError: If there are validation examples, and another argument decides about them.

    Example:
        >>> check_validation([[1.0]], ["a", "b"], None, None)
        Traceback (most recent call last):
        ValueError: groups has no effect together with validation=..., which gives the ...
    """
    if validation is None:
        return

    others = {
        "groups": groups is not None,
        "validation_fraction": getattr(training, "validation_fraction", None) is not None,
    }

    for name in (name for name, is_given in others.items() if is_given):
        raise ValueError(
            f"{name} has no effect together with validation=..., which gives the validation"
            " examples: leave out one of the two."
        )

    has_damaged = isinstance(validation, tuple) and len(validation) == 3

    if corrupted is not None and not has_damaged:
        raise ValueError(
            "validation=... has no damaged versions, unlike the training examples: give"
            " validation=(X, y, corrupted), where y may be None, or leave it out."
        )

    if corrupted is None and has_damaged and validation[2] is not None:
        raise ValueError(
            "validation=... has damaged versions, unlike the training examples: give"
            " corrupted=..., too, or validation=(X, y)."
        )


def check_weighting(weights: Any, blueprint: Any) -> None:
    r"""Refuse weights of examples if the loss is no sum over examples.

    Arguments:
        weights: The weights, or `None`.
        blueprint: All choices of the fit.

    Raises:
        ValueError: If the loss of an example depends on others of its minibatch.

    Example:
        >>> from types import SimpleNamespace
        >>> from autoencode.objectives import WAE
        >>> whole = SimpleNamespace(couples_examples=False)
        >>> parts = SimpleNamespace(objective=WAE(), posterior=whole, likelihood=whole)
        >>> check_weighting([1.0], parts)
        Traceback (most recent call last):
        ValueError: sample_weight needs a loss that is a sum over examples, got WAE(...
    """
    parts = () if weights is None else (blueprint.objective, blueprint.posterior)

    for part in (*parts, *([blueprint.likelihood] if parts else [])):
        if getattr(part, "couples_examples", False):
            raise ValueError(
                f"sample_weight needs a loss that is a sum over examples, got {part!r}, which"
                " compares the examples of a minibatch with each other. Repeat examples in place"
                " of weights, or use another objective, posterior or likelihood."
            )


def check_index(X: Any, other: Any, what: str) -> None:
    r"""Refuse a frame or series whose rows have the names of those of `X`, in another order.

    Rows are joined by position, as in scikit-learn, which would join the wrong rows.

    Arguments:
        X: The examples.
        other: The frame or series that is joined to them.
        what: The name of the argument.

    Raises:
        ValueError: If the names are the same, and their order is not.

    Example:
        >>> import pandas as pd
        >>> X, y = pd.DataFrame({"a": [1, 2]}, ["p", "q"]), pd.Series([0, 1], ["q", "p"])
        >>> check_index(X, y, "y")
        Traceback (most recent call last):
        ValueError: the rows of y have the same names as those of X, in another order...
    """
    a: Any = getattr(X, "index", None)
    b: Any = getattr(other, "index", None)

    if not (hasattr(a, "equals") and hasattr(b, "isin")) or len(a) != len(b) or a.equals(b):
        return

    if a.is_unique and b.isin(a).all() and b.is_unique:
        raise ValueError(
            f"the rows of {what} have the same names as those of X, in another order, and would be"
            f" joined by position. Use {what}.loc[X.index] to join them by name, or"
            f" {what}.to_numpy() if the order is right."
        )


def check_windows(X: Any, corrupted: Any) -> None:
    r"""Check that damaged recordings have as many windows as the clean ones.

    Arguments:
        X: The examples of a fit.
        corrupted: Damaged versions of them, or `None`.

    Raises:
        ValueError: If a damaged recording has another length than the clean one.

    Example:
        >>> from autoencode.modalities import cut
        >>> check_windows(cut([np.ones(9), np.ones(5)], 4), cut([np.ones(5), np.ones(9)], 4))
        Traceback (most recent call last):
        ValueError: expected damaged recordings as long as the clean ones, got recording 0 with ...
    """
    clean, damaged = (getattr(rows, "counts", None) for rows in (X, corrupted))

    for i, (n, m) in enumerate(zip(clean or (), damaged or ())):
        if n != m:
            raise ValueError(
                f"expected damaged recordings as long as the clean ones, got recording {i} with"
                f" {n} windows, and its damaged version with {m}. Bring both to one length."
            )


def at_least_one(n: Any) -> int:
    r"""Check a number of samples, and return it as an integer.

    Raises:
        ValueError: If it is not an integer of at least 1.

    Example:
        >>> at_least_one(np.int64(3))
        3
    """
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(f"expected a number of samples >= 1, got {n!r}.")

    return int(n)
