r"""Preparation of a fit: a check of all input, and a value for every open choice."""

__all__ = ["CompareColumns", "Prepared", "prepare"]

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from torch.distributions import constraints

from ..blueprint import Blueprint, arguments, checks, choices
from ..blueprint.code_size import choose_code_size
from ..blueprint.resumption import checkpoint_to_resume, seed_to_resume
from ..data import Examples, on_disk
from ..distributions import Family
from ..inputs import (
    Loaded,
    ModalityChoice,
    format_of_source,
    join_groups,
    join_labels,
    join_pairs,
    modality_of,
    read,
)
from ..modalities import Modality, describe_context, describe_guess, encode_context
from ..modalities.capabilities import Tiled, context_values, has_covariates
from ..modalities.capabilities.sequences import examples
from ..modalities.windows import counts_of, follow, overlap_of

log = logging.getLogger(__name__)

# Compares the columns of a table with those of the fit; learns them if the last argument is true
CompareColumns = Callable[[Loaded, ModalityChoice, bool], Loaded]


class Prepared(NamedTuple):
    r"""Everything that a training needs.

    Example:
        >>> Prepared._fields
        ('blueprint', 'data', 'seed')
    """

    blueprint: Blueprint
    r"""All resolved choices."""

    data: Examples
    r"""The examples to train on."""

    seed: int
    r"""The seed of the training."""


class _Input(NamedTuple):
    r"""Examples, their labels and their damaged versions, with the fitted modality."""

    X: Any
    y: Any
    corrupted: Any
    modality: Modality
    groups: Any


def prepare(
    given: Mapping[str, Any],
    X: Any,
    y: ArrayLike | None,
    corrupted: Any,
    resume: bool,
    compare_columns: CompareColumns,
    groups: Any = None,
) -> Prepared:
    r"""Check all input, and resolve every choice.

    Arguments:
        given: The arguments of :class:`~autoencode.Autoencoder` by name.
        X: The examples.
        y: Their labels or numbers.
        corrupted: Damaged versions of the examples.
        resume: Whether to continue from a checkpoint.
        compare_columns: A function that compares the columns of a table with those of the fit, or
            learns them.
        groups: The group of each example. Whole groups are held out.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If data or arguments are not as described.

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> given = ae.vae(2).get_params(deep=False)
        >>> X = np.random.default_rng(0).normal(size=(20, 3))
        >>> prepared = prepare(given, X, None, None, False, lambda found, *_: found)
        >>> prepared.blueprint.latent_dim, len(prepared.data)
        (2, 20)
    """
    latent_dim = choices.resolve_latent_dim(given["latent_dim"])
    arguments.check(given)
    checks.check_damage(given["corruption"], corrupted)
    parts = (given[name] for name in ("objective", "posterior", "training", "likelihood"))
    arguments.check_solver(*parts)
    posterior = choices.resolve_posterior(given["posterior"], given["objective"])
    checks.check_posterior(posterior)
    checks.check_likelihood(given["likelihood"])
    density = posterior.has_density

    likelihood = given["likelihood"] and given["likelihood"].clone()
    checks.check_groups(groups, given["training"])
    read_in = _read(given, X, y, corrupted, compare_columns, likelihood, groups)
    X, y, corrupted, modality, groups = read_in

    likelihood = choices.resolve_likelihood(likelihood, modality, X, density)
    damaged = corrupted is not None or given["corruption"] is not None
    cleans = damaged and latent_dim is None and not density
    network = choices.resolve_network(given["network"], modality, cleans)

    conditional = given["conditional"] or has_covariates(modality)
    y = context_values(modality, X, y)
    checks.check_lengths(X=X, corrupted=corrupted, y=y, groups=groups)
    checks.check_windows(X, corrupted)

    context = describe_context(y, conditional) if conditional else None
    seed = int(check_random_state(given["random_state"]).randint(2**31))
    seed = seed_to_resume(given["training"], given["random_state"], seed) if resume else seed

    counts = counts_of(X)
    counts = counts if counts and max(counts) > 1 else None  # recordings have several windows

    data = Examples(
        on_disk(modality.load(X), X),
        None if corrupted is None else on_disk(modality.load(corrupted), corrupted),
        encode_context(context, y, len(X)),
        recordings=tuple(counts) if counts else None,
        overlap=overlap_of(X) if counts else 1,
        groups=None if groups is None else torch.as_tensor(np.asarray(groups)),
    )

    if likelihood.support is not constraints.real:
        for part in data.split():
            likelihood.check_support(modality.normalize(part.target))

    why = "as given"

    if latent_dim is None and resume:
        latent_dim, why = checkpoint_to_resume(given["training"]).latent_dim(), "as before"

    if not latent_dim:
        latent_dim, why = choose_code_size(data, modality, network, density, damaged)

    log.info("code of %d number%s: %s.", latent_dim, "s" * (latent_dim > 1), why)

    blueprint = Blueprint(
        latent_dim,
        modality,
        network,
        posterior,
        likelihood,
        choices.resolve_prior(given["prior"], given["objective"], conditional, posterior, network),
        choices.resolve_objective(given["objective"]),
        given["corruption"],
        context,
    )

    return Prepared(blueprint, data, seed)


def _read(
    given: Mapping[str, Any],
    source: Any,
    y: ArrayLike | None,
    corrupted: Any,
    compare_columns: CompareColumns,
    likelihood: Family | None,
    groups: Any,
) -> _Input:
    kinds, conditional = given["modality"], given["conditional"]

    given_beside = {"y": y if conditional else None, "groups": groups, "corrupted": corrupted}

    for name, value in given_beside.items():
        checks.check_index(source, value, name)
    loaded = compare_columns(read(source, kinds, fitting=True), kinds, True)
    loaded = join_labels(loaded, y) if conditional else loaded
    labels = follow(loaded.y, loaded.X) if conditional else None
    checks.check_lengths(X=loaded.X, y=labels)
    loaded = join_groups(loaded, groups)

    support = likelihood.support if likelihood else constraints.real
    kind = loaded.kind or modality_of(loaded.X, kinds)
    modality = kind.clone().fit(loaded.X, support)

    if corrupted is not None:
        n = len(loaded.X)
        damaged = compare_columns(read(corrupted, modality), modality, False)
        loaded, damaged = join_pairs(loaded, damaged)

        if len(loaded.X) < n:  # examples without a partner are not used
            modality = kind.clone().fit(loaded.X, support)

        corrupted = examples(modality, damaged.X)
        corrupted = modality.enlarged(corrupted) if isinstance(modality, Tiled) else corrupted

    guessed = not isinstance(kinds, Modality) and loaded.kind is None

    if guessed and (what := describe_guess(loaded.X, modality)):
        log.info("taken for %s; modality=... (command line: --modality) changes this.", what)

    if (form := format_of_source(source, loaded.X)) is not None:
        modality.format_ = form

    X = examples(modality, loaded.X, logged=True)
    y = follow(loaded.y, X) if conditional else None
    return _Input(X, y, corrupted, modality, follow(loaded.groups, X))
