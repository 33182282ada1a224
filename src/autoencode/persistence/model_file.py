r"""Conversion of estimators to documents and weights, and back.

Arguments, data's shape and scale, and history are JSON; weights are tensors. Nothing here
reads or writes files, see :mod:`autoencode.common.container`.
"""

__all__ = ["ENCODER", "pack", "unpack"]

import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch
from torch import Tensor

from .. import __version__
from ..blueprint import arguments, assembly
from ..common.container import Stored
from ..common.type_checks import check_arguments, fits
from ..data import TableFormat
from ..distributions import Family
from ..modalities import Modality
from ..modalities.context import Labels, Numbers
from ..networks import Network
from ..priors import Prior, StandardNormal
from ..training.state import EpochRecord
from ..training.trainer import Solver
from .encoding import ARRAY, decode, encode
from .rebuild import rebuild

ENCODER = "encoder."
_LOCAL = ("checkpoint_dir", "tensorboard_dir", "device", "show_progress")


def pack(estimator: Any, encoder_only: bool = False) -> tuple[dict[str, Any], dict[str, Tensor]]:
    r"""Takes a fitted estimator apart.

    Arguments:
        estimator: The :class:`~autoencode.Autoencoder`.
        encoder_only: Whether to leave out the decoder.

    Returns:
        The document, ready for JSON, and the weights by name.

    Raises:
        ValueError: If an argument cannot be stored.

    Example:
        >>> pack(model)[0]["arguments"]["latent_dim"]  # doctest: +SKIP
        8
    """
    params = estimator.fitted_.get_params(deep=False)
    params["training"] = _portable(params["training"])
    arrays: dict[str, Tensor] = {}

    if not isinstance(params["random_state"], (Integral, type(None))):
        params["random_state"] = None  # a generator in mid-stream says nothing any more

    names = getattr(estimator, "feature_names_in_", None)
    keep = functools.partial(encode, tensors=arrays)
    document = {
        "written_by": __version__,
        "arguments": {name: keep(value) for name, value in params.items()},
        "latent_dim": estimator.latent_dim_,
        "network": keep(estimator.network_),
        "likelihood": keep(estimator.likelihood_),
        "prior": keep(estimator.prior_),
        "modality": keep(estimator.modality_),
        "context": keep(estimator.context_),
        "training": keep(_portable(estimator.training_)),
        "history": [encode(dict(record)) for record in estimator.history_],
        "seed": estimator.seed_,
        "n_features_in": getattr(estimator, "n_features_in_", None),
        "feature_names_in": None if names is None else encode(names),
    }

    tensors = estimator.model_.state_dict()

    if encoder_only:
        tensors = {name: t for name, t in tensors.items() if name.startswith(ENCODER)}

    _described(type(estimator), document, _Everything(), arrays.__getitem__)  # raises before

    return document, tensors | arrays


class _Everything:
    r"""Container that trusts every name, for models in memory."""

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __contains__(self, name: object) -> bool:
        return True


def unpack(
    make: Callable[..., Any],
    stored: Stored,
    trusted: Sequence[str | type | Callable] = (),
    encoder_only: bool = False,
) -> Any:
    r"""Puts an estimator together again; without a decoder if there are no weights for one.

    Arguments:
        make: The class of the estimator.
        stored: A file that holds what `pack` returned.
        trusted: What may be used from outside of this library.
        encoder_only: Whether to leave out the decoder.

    Raises:
        ValueError: If something is not trusted, or not of the kind that it has to be.
        KeyError, TypeError, RuntimeError, AttributeError: If the document is damaged otherwise.

    Example:
        >>> unpack(Autoencoder, stored)  # doctest: +SKIP
    """
    model = _described(make, stored.document, trusted, stored.tensor)
    weights = [name for name in stored.names() if not name.startswith(ARRAY)]
    model.model_ = rebuild(
        model, stored, [n for n in weights if n.startswith(ENCODER) or not encoder_only]
    )

    return model


def _described(
    make: Callable[..., Any],
    document: dict[str, Any],
    trusted: Any,
    tensor: Callable[[str], Tensor],
) -> Any:
    r"""Returns an estimator without its networks, as a document says."""

    def decoded(name: str, kind: Any, fitted: bool = False) -> Any:
        value = decode(document[name], trusted, tensor, fitted)

        if not fits(value, kind):
            raise ValueError(f"its {name} is {str(repr(value))[:60]}")

        return value

    if not isinstance(document["arguments"], dict) or not isinstance(document["history"], list):
        raise ValueError("its arguments or its history are none")

    given = {k: decode(v, trusted, tensor) for k, v in document["arguments"].items()}
    given["training"] = _portable(given.get("training"))
    model = make(**given)
    check_arguments(type(model), given)
    arguments.check(model)

    model.modality_ = decoded("modality", Modality, fitted=True)
    TableFormat.of(model.modality_.format_)  # raises before a file is read with it
    model.context_ = decoded("context", Labels | Numbers | None, fitted=True)
    model.latent_dim_ = assembly.latent_dim(model) or decoded("latent_dim", int)
    model.network_ = decoded("network", Network)
    model.likelihood_ = decoded("likelihood", Family)
    # Files of before this was stored have the unit Gaussian unless told otherwise
    model.prior_ = decoded("prior", Prior) if "prior" in document else model.prior
    model.prior_ = model.prior_ or StandardNormal()
    model.training_ = _portable(decoded("training", Solver))
    model.history_ = [_record(decode(record)) for record in document["history"]]
    model.seed_ = decoded("seed", int)

    if not model.history_ or not 0 <= model.seed_ < 2**63:
        raise ValueError("it has no history, or no seed")

    if (n := decoded("n_features_in", int | None)) is not None:
        model.n_features_in_ = n

    if (names := decoded("feature_names_in", np.ndarray | None)) is not None:
        model.feature_names_in_ = names.astype(object)

    model.fitted_ = clone(model)

    return model


def _record(record: Any) -> Bunch:
    if not isinstance(record, dict) or set(record) != set(EpochRecord._fields):
        raise ValueError("its history has records of another kind")

    check_arguments(EpochRecord, record)

    return Bunch(**record)


def _portable(solver: Any) -> Any:
    r"""Returns a way to train without what is of one machine: folders, devices, terminals."""
    if not isinstance(solver, Solver):
        return solver

    solver = copy.copy(solver)

    for name in _LOCAL:
        if hasattr(solver, name):
            setattr(solver, name, None)

    return solver
