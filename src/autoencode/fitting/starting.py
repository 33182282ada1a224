r"""Trainings that start from a trained model: the choices that must agree, and its weights."""

__all__ = ["Copied", "check_start", "choices_of_start", "copy_weights", "open_arguments"]

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from torch import nn

from ..blueprint import Blueprint, choices
from ..modalities import Modality
from ..modalities.capabilities.fitting import adapt_likelihood
from ..models.latent import LatentModel
from ..networks.modules import as_network
from ..objectives import Objective
from ..persistence.model_file import FittedState, portable


def open_arguments(given: Mapping[str, Any], start: FittedState) -> dict[str, Any]:
    r"""Arguments of an estimator, with those that were left open as in the start.

    Arguments:
        given: The arguments of :class:`~autoencode.Autoencoder` by name.
        start: The model to start from.

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> start = ae.linear(2).fit(np.eye(5))._state()
        >>> open_arguments(ae.Autoencoder().get_params(deep=False), start)["latent_dim"]
        2
    """
    then = start.arguments | {"training": portable(start.arguments["training"])}
    is_open = {k: v is None or (k == "conditional" and not v) for k, v in given.items()}
    is_open["random_state"] = False

    return {k: then.get(k, v) if is_open[k] else v for k, v in given.items()}


def check_start(given: Mapping[str, Any], start: FittedState) -> None:
    r"""Check that the weights of a trained model mean the same under the given arguments.

    Arguments:
        given: The arguments of :class:`~autoencode.Autoencoder` by name.
        start: The model to start from.

    Raises:
        ValueError: If an argument differs from that of the start, or the start has no decoder.

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> start = ae.linear(2).fit(np.eye(5))._state()
        >>> check_start(ae.Autoencoder(3).get_params(deep=False), start)
        Traceback (most recent call last):
        ValueError: expected latent_dim as in the model to start from, 2, got 3: ...
    """
    if start.model.decoder is None:
        raise ValueError(
            "cannot start from an encoder alone: load all of the model, without encoder_only=True."
        )

    for name, then, now in _differences(given, start.blueprint, start.arguments):
        raise ValueError(
            f"expected {name} as in the model to start from, {then}, got {now}: its weights have"
            f" no other meaning. Leave out {name}, or fit without start=... (command line:"
            " --start)."
        )

    training = given["training"] or start.arguments["training"]

    if getattr(training, "closed_form", False):
        raise ValueError(
            f"start=... has no effect with {training!r}, which solves for the weights. Use"
            " training=Training() (command line: --epochs 10, for example)."
        )


def choices_of_start(
    given: Mapping[str, Any], start: FittedState, modality: Modality
) -> Blueprint:
    r"""All choices of a training that starts from a trained model.

    Objective, prior and corruption may differ from those of the start, because the networks keep
    their meaning.

    Arguments:
        given: The arguments of :class:`~autoencode.Autoencoder` by name, without open ones.
        start: The model to start from.
        modality: The kind of data, with the scales of the start.

    Raises:
        ValueError: If the likelihood differs from that of the start.

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> start = ae.linear(2).fit(np.eye(5))._state()
        >>> choices_of_start(start.arguments, start, start.blueprint.modality).latent_dim
        2
    """
    then = start.blueprint
    family = given["likelihood"]

    if family is not None and start.arguments["likelihood"] is not family:
        likelihood = adapt_likelihood(modality, family.clone())

        if repr(likelihood) != repr(then.likelihood):
            raise ValueError(
                f"expected likelihood as in the model to start from, {then.likelihood!r}, got"
                f" {likelihood!r}. Leave it out, or fit without start=... (command line: --start)."
            )

    parts = given["objective"], then.context is not None, then.posterior, then.network
    return Blueprint(
        then.latent_dim,
        modality,
        then.network.clone(),
        then.posterior.clone(),
        then.likelihood.clone(),
        choices.resolve_prior(given["prior"], *parts),
        choices.resolve_objective(given["objective"]),
        given["corruption"],
        copy.deepcopy(then.context),
    )


class Copied(NamedTuple):
    r"""Parts whose weights were copied beside those of encoder and decoder.

    Example:
        >>> Copied().prior
        False
    """

    prior: bool = False
    objective: bool = False


def copy_weights(model: LatentModel, objective: Objective, start: FittedState | None) -> Copied:
    r"""Copy the weights of a trained model to a new one.

    Arguments:
        model: The new model.
        objective: Its objective. Parameters of an objective of the same kind are copied, too.
        start: The model to start from, or `None`.

    Returns:
        Whether prior and objective were copied: if both models have the same.

    Raises:
        ValueError: If the weights do not fit the new model.

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> trained = ae.linear(2).fit(np.eye(5))
        >>> model = trained.blueprint_.build()
        >>> copy_weights(model, trained.objective_, trained._state())
        Copied(prior=True, objective=True)
    """
    if start is None:
        return Copied()

    for part in ("encoder", "decoder"):
        try:
            _load(getattr(model, part), getattr(start.model, part))
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(
                f"the {part} of the model to start from does not fit this one: {reason}"
            ) from None

    pairs = (model.prior, start.model.prior), (objective, start.objective)
    copied = Copied(*(old is not None and repr(new) == repr(old) for new, old in pairs))

    for same, (new, old) in zip(copied, pairs):
        if same:
            _load(new, cast(nn.Module, old))

    return copied


def _load(new: nn.Module, old: nn.Module) -> None:
    new.load_state_dict({name: t.detach().clone() for name, t in old.state_dict().items()})


def _differences(
    given: Mapping[str, Any], then: Blueprint, arguments: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    r"""Yields the names of arguments that differ from those of the start, with both values."""
    if given["latent_dim"] not in (None, then.latent_dim):
        yield "latent_dim", str(then.latent_dim), str(given["latent_dim"])

    kinds = given["modality"]
    kinds = [kinds] if isinstance(kinds, Modality) else kinds

    if kinds is not None and repr(then.modality) not in map(repr, kinds):
        yield "modality", repr(then.modality), repr(given["modality"])

    network = as_network(given["network"])

    if network is not None and network is not as_network(arguments["network"]):
        adapted = choices.resolve_network(network, then.modality, cleans=False)

        if repr(adapted) != repr(then.network):
            yield "network", repr(then.network), repr(network)

    posterior = given["posterior"]

    if posterior is not None and repr(posterior) != repr(then.posterior):
        yield "posterior", repr(then.posterior), repr(posterior)

    if posterior is None and given["objective"] is not None:
        default = choices.resolve_posterior(None, given["objective"])
        chosen = arguments["posterior"] is not None
        suits = type(default) is type(then.posterior) or chosen

        if default.has_density != then.posterior.has_density or not suits:
            yield (
                "objective",
                f"one for codes of {then.posterior!r}",
                f"{given['objective']!r} for codes of {default!r}",
            )

    conditional, context = given["conditional"], then.context

    if conditional and context is None:
        yield "conditional", "False", repr(conditional)

    if (
        not isinstance(conditional, bool)
        and conditional
        and type(conditional) is not type(context)
    ):
        yield "conditional", repr(context), repr(conditional)
