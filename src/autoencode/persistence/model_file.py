r"""Conversion of fitted models to documents and weights, and back.

The arguments, the shape and scale of the data, and the history become JSON. Weights stay tensors.
Files are read and written by :mod:`autoencode.common.container`, not by this module.
"""

__all__ = ["ENCODER", "FittedState", "pack", "portable", "unpack"]

import copy
import functools
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Integral
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import Bunch
from torch import Tensor

from .. import __version__
from ..blueprint import Blueprint, arguments, choices
from ..common.checks.types import check_arguments, fits
from ..common.container import Stored
from ..data import TableFormat
from ..modalities.capabilities import Tabular
from ..models.latent import LatentModel
from ..objectives import Objective
from ..training.solver import Solver
from ..training.state import EpochRecord
from .encoding import ARRAY, decode, encode
from .rebuild import OBJECTIVE, rebuild

ENCODER, _MOMENTS = "encoder.", "moments."
_MACHINE_ARGUMENTS = ("checkpoint_dir", "tensorboard_dir", "device", "show_progress")
_FITTED_CHOICES = ("modality", "context")  # choices with attributes learned from data


@dataclass(frozen=True, eq=False)
class FittedState:
    r"""Parts of a fit that a file stores.

    Arguments:
        arguments: The arguments of the estimator by name.
        blueprint: All resolved choices.
        model: The trained model.
        training: The training method with all choices resolved.
        history: One record per epoch.
        seed: The seed of the fit.
        n_features_in: The number of columns, for tables.
        feature_names_in: The names of the columns, if there are any.
        objective: The trained objective; `None` in a file without a decoder.
        moments: The step count and moments of the optimizer, if the model is trained on a stream.
    """

    arguments: dict[str, Any]
    blueprint: Blueprint
    model: LatentModel
    training: Solver
    history: list[Bunch]
    seed: int
    n_features_in: int | None = None
    feature_names_in: NDArray | None = None
    objective: Objective | None = None
    moments: Mapping[str, Tensor] = field(default_factory=dict)


def pack(
    state: FittedState, estimator: type, encoder_only: bool = False
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    r"""Convert a fitted model to a document and weights.

    Arguments:
        state: The fitted model.
        estimator: The class of the estimator, whose signature names the arguments.
        encoder_only: Whether to leave out the decoder.

    Returns:
        The document, ready for JSON, and the weights by name.

    Raises:
        ValueError: If an argument cannot be stored.
    """
    params = {**state.arguments, "training": portable(state.arguments["training"])}
    arrays: dict[str, Tensor] = {}

    if not isinstance(params["random_state"], (Integral, type(None))):
        params["random_state"] = None  # a used generator cannot be repeated

    names = state.feature_names_in
    keep = functools.partial(encode, tensors=arrays)
    document = {
        "written_by": __version__,
        "arguments": {name: keep(value) for name, value in params.items()},
        **{f.name: keep(getattr(state.blueprint, f.name)) for f in fields(Blueprint)},
        "training": keep(portable(state.training)),
        "history": [encode(dict(record)) for record in state.history],
        "seed": state.seed,
        "n_examples": 1 if state.objective is None else state.objective.n_examples,
        "n_features_in": state.n_features_in,
        "feature_names_in": None if names is None else encode(names),
    }

    tensors = state.model.state_dict()

    if encoder_only:
        tensors = {name: t for name, t in tensors.items() if name.startswith(ENCODER)}
    elif state.objective is not None:
        tensors |= {OBJECTIVE + name: t for name, t in state.objective.state_dict().items()}
        tensors |= {_MOMENTS + name: t for name, t in state.moments.items()}

    _decode_state(estimator, document, _Everything(), arrays.__getitem__)  # raises if invalid

    return document, tensors | arrays


class _Everything:
    r"""Container that trusts every name, for models in memory."""

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __contains__(self, name: object) -> bool:
        return True


def unpack(
    estimator: type,
    stored: Stored,
    trusted: Sequence[str | type | Callable] = (),
    encoder_only: bool = False,
) -> FittedState:
    r"""Rebuild a fitted model, without a decoder if the file has no weights for one.

    Arguments:
        estimator: The class of the estimator, whose signature names the arguments.
        stored: A file with the document and weights that `pack` returned.
        trusted: Classes and functions from outside of this library that may be used.
        encoder_only: Whether to leave out the decoder.

    Raises:
        ValueError: If a name is not trusted, or a value has the wrong type.
        KeyError, TypeError, RuntimeError, AttributeError: If the document is damaged otherwise.
    """
    state = _decode_state(estimator, stored.document, trusted, stored.tensor)
    n_examples = stored.document.get("n_examples", 1)

    if not fits(n_examples, int, strict=True) or n_examples < 1:
        raise ValueError(f"its n_examples is {str(repr(n_examples))[:60]}")
    weights = [name for name in stored.names() if not name.startswith((ARRAY, _MOMENTS))]
    names = [name for name in weights if name.startswith(ENCODER) or not encoder_only]

    model, objective = rebuild(state["blueprint"], stored, names, n_examples)
    _check_columns(state["blueprint"].modality, state["n_features_in"], state["feature_names_in"])

    return FittedState(model=model, objective=objective, moments=_moments(stored), **state)


def _moments(stored: Stored) -> dict[str, Tensor]:
    r"""Returns the state of the optimizer, if there is one."""
    names = [name for name in stored.names() if name.startswith(_MOMENTS)]
    moments = {name.removeprefix(_MOMENTS): stored.tensor(name) for name in names}

    if any(t.dtype != torch.float32 or not t.isfinite().all() for t in moments.values()):
        raise ValueError("its moments are not finite numbers")

    return moments


def _decode_state(
    estimator: type,
    document: dict[str, Any],
    trusted: Any,
    tensor: Callable[[str], Tensor],
) -> dict[str, Any]:
    r"""Returns the parts of a fitted state by name, except the model."""

    def decoded(name: str, kind: Any, fitted: bool = False) -> Any:
        value = decode(document[name], trusted, tensor, fitted)

        if not fits(value, kind):
            raise ValueError(f"its {name} is {str(repr(value))[:60]}")

        return value

    if not isinstance(document["arguments"], dict) or not isinstance(document["history"], list):
        raise ValueError("its arguments or its history are invalid")

    stored = {k: decode(v, trusted, tensor) for k, v in document["arguments"].items()}
    stored["training"] = portable(stored.get("training"))
    signature = inspect.signature(estimator).bind(**stored)
    signature.apply_defaults()
    given = signature.arguments
    check_arguments(estimator, given)
    arguments.check(given)
    choices.resolve_latent_dim(given["latent_dim"])

    known: dict[str, Any] = {
        name: decoded(name, kind, fitted=name in _FITTED_CHOICES)
        for name, kind in typing.get_type_hints(Blueprint).items()
    }

    choices.resolve_latent_dim(known["latent_dim"])

    if given["latent_dim"] not in (None, known["latent_dim"]):
        raise ValueError("its latent_dim and the argument of that name differ")

    TableFormat.of(known["modality"].format_)  # raises if the format is invalid
    history = [_record(decode(record)) for record in document["history"]]
    seed = decoded("seed", int)

    if not history or not 0 <= seed < 2**63:
        raise ValueError("it has no history, or no seed")

    names = decoded("feature_names_in", np.ndarray | None)

    return {
        "arguments": given,
        "blueprint": Blueprint(**known),
        "training": portable(decoded("training", Solver)),
        "history": history,
        "seed": seed,
        "n_features_in": decoded("n_features_in", int | None),
        "feature_names_in": None if names is None else names.astype(object),
    }


def _check_columns(modality: Any, n: int | None, names: NDArray | None) -> None:
    r"""Raises if the number of columns differs from that of their names, or of the rows."""
    rows = modality if isinstance(modality, Tabular) else None
    width = n if rows is None else modality.restore(torch.zeros(1, *modality.shape_)).shape[1]

    if (n is not None and (n != width or n < 1)) or (names is not None and names.shape != (n,)):
        raise ValueError(f"its n_features_in is {n}, which does not agree with the columns")


def _record(record: Any) -> Bunch:
    if not isinstance(record, dict) or set(record) != set(EpochRecord._fields):
        raise ValueError("its history has invalid records")

    check_arguments(EpochRecord, record)

    return Bunch(**record)


def portable(solver: Any) -> Any:
    r"""Solver without the settings of one machine: folders, devices, terminals.

    Arguments:
        solver: The training method, or any other value, which is returned.

    Example:
        >>> from autoencode import Training
        >>> portable(Training(epochs=3, device="cuda")).device is None
        True
    """
    if not isinstance(solver, Solver):
        return solver

    solver = copy.copy(solver)

    for name in _MACHINE_ARGUMENTS:
        if hasattr(solver, name):
            setattr(solver, name, None)

    return solver
