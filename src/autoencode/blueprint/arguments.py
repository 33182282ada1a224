r"""Type checks of the estimator's arguments, and the defaults that `set_params` creates."""

__all__ = ["check", "check_solver", "defaults_for"]

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..distributions import Dirac, Family, FixedGaussian, SharedGaussian
from ..modalities import ContinuousContext, Labels, Modality
from ..networks import Network
from ..networks.modules import as_network
from ..objectives import Objective, Reconstruction
from ..priors import Prior, Reference, StandardNormal
from ..training.solver import Solver
from ..training.trainer import Training

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
_SQUARES = (SharedGaussian, FixedGaussian)  # whose best reconstruction has the least squares
BEST = "best"  # the word for a prior that held-out codes choose
_DEFAULTS: dict[str, type[Any]] = {"objective": Reconstruction, "training": Training}


def check(arguments: Mapping[str, Any]) -> None:
    r"""Check the types of all arguments.

    Arguments:
        arguments: The arguments of :class:`~autoencode.Autoencoder` by name.

    Raises:
        TypeError: If an argument has the wrong type.

    Example:
        >>> from autoencode import Autoencoder
        >>> check(Autoencoder(objective="elbo").get_params())
        Traceback (most recent call last):
        TypeError: expected objective as ELBO(), for example, got 'elbo'.
    """
    for name, kind in _TYPES.items():
        value = as_network(arguments[name]) if name == "network" else arguments[name]
        values = value if name == "modality" and isinstance(value, Sequence) else [value]
        values = [] if name == "prior" and isinstance(value, str) and value == BEST else values

        if not all(isinstance(v, (kind, type(None))) for v in values):
            raise TypeError(f"expected {name} as {_EXAMPLES[name]}, for example, got {value!r}.")

    conditional = arguments["conditional"]

    if not isinstance(conditional, (bool, np.bool_, Labels, ContinuousContext, type(None))):
        raise TypeError(
            "expected conditional as True, False, Labels() or ContinuousContext(),"
            f" got {conditional!r}."
        )

    corruption = arguments["corruption"]

    if not (corruption is None or callable(corruption)):
        raise TypeError(
            f"expected corruption as {_EXAMPLES['corruption']}, for example, or a function, got"
            f" {corruption!r}."
        )


def check_solver(
    objective: Objective | None,
    posterior: Family | None,
    training: Solver | None,
    likelihood: Family | None = None,
) -> None:
    r"""Check that no argument is ignored by a closed-form solver.

    Arguments:
        objective: The objective, if one was chosen.
        posterior: The posterior, if one was chosen.
        training: The training method, if one was chosen.
        likelihood: The likelihood, if one was chosen.

    Raises:
        ValueError: If an argument has no effect because the solver is in closed form.

    Example:
        >>> from autoencode import LeastSquares
        >>> from autoencode.objectives import Contractive
        >>> check_solver(Contractive(), None, LeastSquares())
        Traceback (most recent call last):
        ValueError: objective=Contractive() has no effect with...
    """
    if not getattr(training, "closed_form", False):
        return

    others = {
        "objective": None if type(objective) is Reconstruction else objective,
        "posterior": None if isinstance(posterior, Dirac) else posterior,
        "likelihood": None if isinstance(likelihood, _SQUARES) else likelihood,
    }

    for name, value in others.items():
        if value is not None:
            raise ValueError(
                f"{name}={value!r} has no effect with {training!r}, which minimizes"
                " the squared error in closed form. Use training=Training(), or leave it out."
            )


def defaults_for(arguments: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    r"""Default objects to create because one of their nested arguments is set.

    Arguments:
        arguments: The present arguments of :class:`~autoencode.Autoencoder` by name.
        params: The arguments to set, by name; nested ones as `training__epochs`.

    Raises:
        ValueError: If the default depends on the data.

    Example:
        >>> from autoencode import Autoencoder
        >>> defaults_for(Autoencoder().get_params(), {"objective__beta": 2.0})
        {'objective': Reconstruction()}
    """
    made = {}
    objective = params.get("objective", arguments["objective"])
    made_for = objective if isinstance(objective, Objective) else Reconstruction
    conditional = params.get("conditional", arguments["conditional"])
    defaults: dict[str, Any] = {**_DEFAULTS}
    kinds = (bool, np.bool_, Labels, ContinuousContext)
    labeled = isinstance(conditional, kinds) and bool(conditional)  # else `check` asks
    posterior = params.get("posterior", arguments["posterior"])

    if isinstance(posterior, Family) and posterior.has_reference:
        defaults["prior"] = Reference
    else:
        defaults["prior"] = StandardNormal if labeled else made_for.prior

    for name in params:
        head, nested, _ = name.partition("__")

        if nested and head in _EXAMPLES and params.get(head, arguments[head]) is None:
            if head not in defaults:
                raise ValueError(
                    f"cannot set '{name}': {head} is None, and its default depends on the data."
                    f" Set it first, as in set_params({head}={_EXAMPLES[head]})."
                )

            made[head] = defaults[head]()

    return made
