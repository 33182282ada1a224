r"""What of an estimator goes into a file, and how it comes out again.

Arguments, data's shape and scale, and history are JSON; weights are tensors. Nothing here
reads or writes files, see :mod:`autoencode.storage`.
"""

__all__ = ["ENCODER", "pack", "unpack"]

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any

import torch
from sklearn.utils import Bunch
from torch import Tensor

from . import __version__, assembly
from .priors import StandardNormal
from .storage import decode, encode

ENCODER = "encoder."


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
    params = estimator.get_params(deep=False)

    if not isinstance(params["random_state"], (Integral, type(None))):
        params["random_state"] = None  # a generator in mid-stream says nothing any more

    names = getattr(estimator, "feature_names_in_", None)
    document = {
        "written_by": __version__,
        "arguments": {name: encode(value) for name, value in params.items()},
        "latent_dim": estimator.latent_dim_,
        "network": encode(estimator.network_),
        "likelihood": encode(estimator.likelihood_),
        "prior": encode(estimator.prior_),
        "modality": encode(estimator.modality_),
        "context": encode(estimator.context_),
        "training": encode(estimator.training_),
        "history": [encode(dict(record)) for record in estimator.history_],
        "seed": estimator.seed_,
        "n_features_in": getattr(estimator, "n_features_in_", None),
        "feature_names_in": None if names is None else encode(names),
    }

    tensors = estimator.model_.state_dict()

    if encoder_only:
        tensors = {name: t for name, t in tensors.items() if name.startswith(ENCODER)}

    return document, tensors


def unpack(
    make: Callable[..., Any],
    document: dict[str, Any],
    tensors: dict[str, Tensor],
    trusted: Sequence[str | type | Callable] = (),
) -> Any:
    r"""Puts an estimator together again; without a decoder if there are no weights for one.

    Arguments:
        make: The class of the estimator.
        document: What `pack` returned.
        tensors: The weights by name.
        trusted: What may be used from outside of this library.

    Raises:
        ValueError: If something is not trusted.
        KeyError, TypeError, RuntimeError, AttributeError: If the document is damaged.

    Example:
        >>> unpack(Autoencoder, *pack(model))  # doctest: +SKIP
    """
    model = make(**{k: decode(v, trusted) for k, v in document["arguments"].items()})
    model.modality_ = decode(document["modality"], trusted)
    model.context_ = decode(document["context"], trusted)
    model.latent_dim_ = assembly.latent_dim(model) or document["latent_dim"]
    model.network_ = decode(document["network"], trusted)
    model.likelihood_ = decode(document["likelihood"], trusted)
    # Files of before this was stored have the unit Gaussian unless told otherwise
    model.prior_ = decode(document["prior"], trusted) if "prior" in document else model.prior
    model.prior_ = model.prior_ or StandardNormal()
    model.training_ = decode(document["training"], trusted)
    model.history_ = [Bunch(**decode(record)) for record in document["history"]]
    model.seed_ = document["seed"]

    if document["n_features_in"] is not None:
        model.n_features_in_ = document["n_features_in"]

    if document["feature_names_in"] is not None:
        model.feature_names_in_ = decode(document["feature_names_in"]).astype(object)

    with torch.random.fork_rng(devices=[]):
        model.model_ = assembly.build(model)

    if not any(name.startswith("decoder.") for name in tensors):
        model.model_.decoder = model.model_.prior = None

    model.model_.load_state_dict(tensors)
    model.model_.eval()

    return model
