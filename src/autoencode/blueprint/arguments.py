r"""Type checks and defaults for the estimator's arguments."""

__all__ = [
    "at_least_one",
    "check",
    "check_damage",
    "check_lengths",
    "check_posterior",
    "check_solver",
    "check_windows",
    "checkpoint",
    "defaults_for",
    "seed",
]

import logging
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
import torch

from ..corruptions import GaussianNoise
from ..data import is_frame
from ..distributions import Dirac, Family
from ..modalities import Modality
from ..networks import Network
from ..objectives import Objective, Reconstruction
from ..priors import Prior, StandardNormal
from ..training.checkpoints import Checkpoint
from ..training.trainer import Solver, Training

log = logging.getLogger(__name__)

NOISE = 0.3  # the default scale of GaussianNoise in `denoising`

_TYPES: dict[str, type] = {
    "modality": Modality,
    "objective": Objective,
    "network": Network,
    "posterior": Family,
    "likelihood": Family,
    "prior": Prior,
    "training": Solver,
}
_EXAMPLES = {
    "modality": "Images()",
    "objective": "ELBO()",
    "network": "FullyConnected()",
    "posterior": "Gaussian()",
    "likelihood": "SharedGaussian()",
    "prior": "Mixture()",
    "corruption": "GaussianNoise()",
    "training": "Training()",
}
_DEFAULTS: dict[str, type[Any]] = {"objective": Reconstruction, "training": Training}


def check(estimator: Any) -> None:
    r"""Check the types of all arguments.

    Arguments:
        estimator: An object with the arguments of :class:`~autoencode.Autoencoder`.

    Raises:
        TypeError: If an argument has the wrong type.

    Example:
        >>> from autoencode import Autoencoder
        >>> check(Autoencoder(objective="elbo"))
        Traceback (most recent call last):
        TypeError: expected objective as, say, ELBO(), got 'elbo'.
    """
    for name, kind in _TYPES.items():
        value = getattr(estimator, name)
        values = value if name == "modality" and isinstance(value, Sequence) else [value]

        if not all(isinstance(v, (kind, type(None))) for v in values):
            raise TypeError(f"expected {name} as, say, {_EXAMPLES[name]}, got {value!r}.")

    corruption = estimator.corruption

    if not (corruption is None or callable(corruption)):
        raise TypeError(
            f"expected corruption as, say, {_EXAMPLES['corruption']}, or a function, got"
            f" {corruption!r}."
        )


def check_solver(estimator: Any) -> None:
    r"""Check that no argument is ignored by a closed-form solver.

    Arguments:
        estimator: An object with the arguments of :class:`~autoencode.Autoencoder`.

    Raises:
        ValueError: If an argument has no effect because the solver is in closed form.

    Example:
        >>> from autoencode import linear
        >>> from autoencode.objectives import Contractive
        >>> check_solver(linear(objective=Contractive()))
        Traceback (most recent call last):
        ValueError: objective=Contractive(penalty=0.1, exact=4) has no effect with LeastSquares...
    """
    if not getattr(estimator.training, "closed_form", False):
        return

    objective = estimator.objective
    others = {
        "objective": None if type(objective) is Reconstruction else objective,
        "posterior": None if isinstance(estimator.posterior, Dirac) else estimator.posterior,
    }

    for name, value in others.items():
        if value is not None:
            raise ValueError(
                f"{name}={value!r} has no effect with {estimator.training!r}, which minimizes"
                " the squared error in closed form. Use training=Training(), or leave it out."
            )


def check_damage(estimator: Any, corrupted: Any) -> None:
    r"""Check that a corruption is not combined with damaged versions of the examples.

    Arguments:
        estimator: An object with the arguments of :class:`~autoencode.Autoencoder`.
        corrupted: Damaged versions of the examples, or `None`.

    Raises:
        ValueError: If a corruption was chosen, which would have no effect. The default corruption
            of `denoising()` is ignored with a message in the log.

    Example:
        >>> from autoencode import denoising
        >>> check_damage(denoising(noise=0.5), corrupted=[[1.0]])
        Traceback (most recent call last):
        ValueError: corruption=GaussianNoise(std=0.5) has no effect beside corrupted=..., ...
    """
    if corrupted is None or estimator.corruption is None:
        return

    if repr(estimator.corruption) != repr(GaussianNoise(NOISE)):
        raise ValueError(
            f"corruption={estimator.corruption!r} has no effect beside corrupted=..., whose"
            " examples are damaged already. Leave out one of the two."
        )

    log.info("%r is ignored, as damaged versions of the examples are given.", estimator.corruption)


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
    if not family(torch.zeros(1, family.n_params)).has_rsample:
        raise ValueError(
            "expected a posterior whose samples have gradients, such as Gaussian() or Dirac(),"
            f" got {family!r}."
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
        name: len(v if isinstance(v, (list, tuple)) or is_frame(v) else np.atleast_1d(v))
        for name, v in rows.items()
        if v is not None
    }

    if len(set(lengths.values())) > 1:
        raise ValueError(f"expected one row of each for every example, got lengths {lengths}.")


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
                f" {n} windows and {m} of its damaged version. Bring both to one length."
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


def checkpoint(training: Solver | None) -> Checkpoint:
    r"""Checkpoint to resume from.

    Raises:
        ValueError: If the training has no checkpoint folder.

    Example:
        >>> checkpoint(Training())
        Traceback (most recent call last):
        ValueError: resume=True needs a checkpoint: training=Training(checkpoint_dir='run').
    """
    folder = getattr(training, "checkpoint_dir", None)

    if folder is None:
        raise ValueError(
            "resume=True needs a checkpoint: training=Training(checkpoint_dir='run')."
        )

    return Checkpoint(folder)


def seed(estimator: Any, now: int) -> int:
    r"""Seed of the training to resume, or the current seed if there is no checkpoint.

    Arguments:
        estimator: An object with the arguments of :class:`~autoencode.Autoencoder`.
        now: The seed from the current `random_state`.

    Raises:
        ValueError: If the training has no checkpoint folder, or the checkpoint has another seed.

    Example:
        >>> from autoencode import Autoencoder
        >>> seed(Autoencoder(), 0)
        Traceback (most recent call last):
        ValueError: resume=True needs a checkpoint: training=Training(checkpoint_dir='run').
    """
    then = checkpoint(estimator.training).seed()

    # Only an integer gives the same seed each time
    if then not in (None, now) and isinstance(estimator.random_state, Integral):
        raise ValueError(
            f"cannot resume: the random_state differs from that of the checkpoint,"
            f" got {estimator.random_state}. Resume with the same, or use another folder."
        )

    return now if then is None else then


def defaults_for(estimator: Any, params: dict[str, Any]) -> dict[str, Any]:
    r"""Default objects to create because one of their nested arguments is set.

    Arguments:
        estimator: An object with the arguments of :class:`~autoencode.Autoencoder`.
        params: The arguments to set, by name; nested ones as `training__epochs`.

    Raises:
        ValueError: If the default depends on the data.

    Example:
        >>> from autoencode import Autoencoder
        >>> defaults_for(Autoencoder(), {"objective__beta": 2.0})
        {'objective': Reconstruction()}
    """
    made = {}
    objective = params.get("objective", estimator.objective)
    made_for = objective if isinstance(objective, Objective) else Reconstruction
    conditional = params.get("conditional", estimator.conditional)
    defaults: dict[str, Any] = {**_DEFAULTS}
    labeled = isinstance(conditional, (bool, np.bool_)) and bool(conditional)  # else `check` asks
    defaults["prior"] = StandardNormal if labeled else made_for.prior

    for name in params:
        head, nested, _ = name.partition("__")

        if nested and head in _EXAMPLES and params.get(head, getattr(estimator, head)) is None:
            if head not in defaults:
                raise ValueError(
                    f"cannot set '{name}': {head} is None, and its default depends on the data."
                    f" Set it first, as in set_params({head}={_EXAMPLES[head]})."
                )

            made[head] = defaults[head]()

    return made
