r"""The arguments of the estimator and of its methods: of which kind each is, and what stands in
for `None`.
"""

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

NOISE = 0.3  # the scale of the corruption of who names none

_KINDS: dict[str, type] = {
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
    r"""
    Arguments:
        estimator: An object with the arguments of :class:`~autoencode.Autoencoder`.

    Raises:
        TypeError: If an argument is of the wrong kind.

    Example:
        >>> from autoencode import Autoencoder
        >>> check(Autoencoder(objective="elbo"))
        Traceback (most recent call last):
        TypeError: expected objective as, say, ELBO(), got 'elbo'.
    """
    for name, kind in _KINDS.items():
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
    r"""
    Arguments:
        estimator: An object with the arguments of :class:`~autoencode.Autoencoder`.

    Raises:
        ValueError: If something has no effect, as the training is a closed form.

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
                f"{name}={value!r} has no effect with {estimator.training!r}, which solves for the"
                " least squared error. Use training=Training(), or leave it out."
            )


def check_damage(estimator: Any, corrupted: Any) -> None:
    r"""
    Arguments:
        estimator: An object with the arguments of :class:`~autoencode.Autoencoder`.
        corrupted: Damaged versions of the examples, if there are any.

    Raises:
        ValueError: If a corruption was chosen that they leave without effect. That which stands
            for no choice, as in `denoising()`, is left out with a word in the log.

    Example:
        >>> from autoencode import denoising
        >>> check_damage(denoising(noise=0.5), corrupted=[[1.0]])
        Traceback (most recent call last):
        ValueError: corruption=GaussianNoise(scale=0.5) has no effect beside corrupted=..., ...
    """
    if corrupted is None or estimator.corruption is None:
        return

    if repr(estimator.corruption) != repr(GaussianNoise(NOISE)):
        raise ValueError(
            f"corruption={estimator.corruption!r} has no effect beside corrupted=..., whose"
            " examples are damaged already. Leave out one of the two."
        )

    log.info("%r is left out, as damaged versions are given.", estimator.corruption)


def check_posterior(family: Family) -> None:
    r"""
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
    r"""
    Arguments:
        rows: Examples and what comes with them, by name; `None` for what there is not.

    Raises:
        ValueError: If there are not as many of each.

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
    r"""
    Arguments:
        X: The examples of a fit.
        corrupted: Damaged versions of them, if there are any.

    Raises:
        ValueError: If they are windows of recordings of other lengths.

    Example:
        >>> from autoencode.modalities import cut
        >>> check_windows(cut([[1.0] * 9, [1.0] * 5], 4), cut([[1.0] * 5, [1.0] * 9], 4))
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
    r"""
    Raises:
        ValueError: If it is no number of samples.

    Example:
        >>> at_least_one(np.int64(3))
        3
    """
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(f"expected a number of samples >= 1, got {n!r}.")

    return int(n)


def checkpoint(training: Solver | None) -> Checkpoint:
    r"""The checkpoint to go on from.

    Raises:
        ValueError: If the training has none.

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
    r"""The seed of the training to go on with, or that of now if there is none.

    Arguments:
        estimator: An object with the arguments of :class:`~autoencode.Autoencoder`.
        now: The seed that its `random_state` gives.

    Raises:
        ValueError: If the training has no checkpoint, or that of another `random_state`.

    Example:
        >>> from autoencode import Autoencoder
        >>> seed(Autoencoder(), 0)
        Traceback (most recent call last):
        ValueError: resume=True needs a checkpoint: training=Training(checkpoint_dir='run').
    """
    then = checkpoint(estimator.training).seed()

    # A generator, and none at all, give other numbers each time
    if then not in (None, now) and isinstance(estimator.random_state, Integral):
        raise ValueError(
            f"cannot resume: the random_state differs from that of the checkpoint,"
            f" got {estimator.random_state}. Resume with the same, or use another folder."
        )

    return now if then is None else then


def defaults_for(estimator: Any, params: dict[str, Any]) -> dict[str, Any]:
    r"""The defaults to be made because one of their own arguments is set.

    Arguments:
        estimator: An object with the arguments of :class:`~autoencode.Autoencoder`.
        params: What is to be set, by name, nested ones as `training__epochs`.

    Raises:
        ValueError: If the default depends on the data, and cannot be made before.

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
                    f"cannot set '{name}', as {head} is None, which leaves it to the data."
                    f" Give one first, as in set_params({head}={_EXAMPLES[head]})."
                )

            made[head] = defaults[head]()

    return made
