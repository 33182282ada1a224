r"""Preparation of a fit: a check of all input, and a value for every open choice."""

__all__ = ["Prepared", "prepare"]

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.distributions import constraints

from ..blueprint import Blueprint, arguments, checks, choices
from ..blueprint.code_size import choose_code_size
from ..blueprint.resumption import checkpoint_to_resume, seed_to_resume
from ..common.seeding import check_random_state
from ..data import Examples, on_disk
from ..modalities import describe_context, encode_context
from ..modalities.capabilities import has_covariates
from ..modalities.windows import counts_of, overlap_of
from ..persistence.model_file import FittedState
from ..training.replicas import present
from .reading import CompareColumns, FitInput, ReadInput, read_input, read_validation
from .starting import check_start, choices_of_start, open_arguments

log = logging.getLogger(__name__)


class Prepared(NamedTuple):
    r"""Everything that a training needs.

    Example:
        >>> Prepared._fields
        ('blueprint', 'data', 'seed', 'held_out')
    """

    blueprint: Blueprint
    r"""All resolved choices."""

    data: Examples
    r"""The examples to train on."""

    seed: int
    r"""The seed of the training."""

    held_out: Examples | None = None
    r"""The validation examples, if they are given."""


def prepare(
    given: Mapping[str, Any],
    rows: FitInput,
    resume: bool,
    compare_columns: CompareColumns,
    start: FittedState | None = None,
) -> Prepared:
    r"""Check all input, and resolve every choice.

    Arguments:
        given: The arguments of :class:`~autoencode.Autoencoder` by name.
        rows: What the user gives to the fit.
        resume: Whether to continue from a checkpoint.
        compare_columns: A function that compares the columns of a table with those of the fit, or
            learns them.
        start: The model to start from. It decides whatever the arguments leave open.

    Raises:
        TypeError: If an argument is of the wrong kind.
        ValueError: If data or arguments are not as described.

    Example:
        >>> import autoencode as ae
        >>> given = ae.vae(2).get_params(deep=False)
        >>> X = np.random.default_rng(0).normal(size=(20, 3))
        >>> prepared = prepare(given, FitInput(X), False, lambda found, *_: found)
        >>> prepared.blueprint.latent_dim, len(prepared.data)
        (2, 20)
    """
    latent_dim = choices.resolve_latent_dim(given["latent_dim"])
    arguments.check(given)
    checks.check_damage(given["corruption"], rows.corrupted)
    parts = (given[name] for name in ("objective", "posterior", "training", "likelihood"))
    arguments.check_solver(*parts)
    checks.check_groups(rows.groups, given["training"])
    checks.check_validation(rows.validation, rows.groups, rows.corrupted, given["training"])

    if start is not None:
        check_start(given, start)
        given = open_arguments(given, start)
        checks.check_damage(given["corruption"], rows.corrupted)
        read_in = read_input(given, rows, compare_columns, None, start.blueprint.modality)
        blueprint = choices_of_start(given, start, read_in.modality)
        data = _examples(read_in, blueprint)
        held_out = _held_out(rows, blueprint, compare_columns)
        return Prepared(blueprint, data, _seed(given, resume), held_out)

    checks.check_epochs(given["training"])
    posterior = choices.resolve_posterior(given["posterior"], given["objective"])
    checks.check_posterior(posterior)
    checks.check_likelihood(given["likelihood"])
    density = posterior.has_density

    likelihood = given["likelihood"] and given["likelihood"].clone()
    read_in = read_input(given, rows, compare_columns, likelihood)
    X, y, corrupted, modality, *_ = read_in

    likelihood = choices.resolve_likelihood(likelihood, modality, X, density)
    damaged = corrupted is not None or given["corruption"] is not None
    cleans = damaged and latent_dim is None and not density
    network = choices.resolve_network(given["network"], modality, cleans)
    _check_rows(read_in)
    conditional = given["conditional"] or has_covariates(modality)

    blueprint = Blueprint(
        1,  # until the code size is chosen, which needs the examples
        modality,
        network,
        posterior,
        likelihood,
        choices.resolve_prior(given["prior"], given["objective"], conditional, posterior, network),
        choices.resolve_objective(given["objective"]),
        given["corruption"],
        describe_context(y, conditional) if conditional else None,
    )
    seed = _seed(given, resume)
    data = _examples(read_in, blueprint)
    held_out = _held_out(rows, blueprint, compare_columns)
    why = "as given"

    if latent_dim is None and resume:
        checkpoint = partial(checkpoint_to_resume, given["training"])
        latent_dim, why = present().first(lambda: checkpoint().latent_dim()), "as before"

    if not latent_dim:
        latent_dim, why = choose_code_size(data, modality, network, density, damaged)

    log.info("code of %d number%s: %s.", latent_dim, "s" * (latent_dim > 1), why)
    return Prepared(replace(blueprint, latent_dim=latent_dim), data, seed, held_out)


def _check_rows(read_in: ReadInput) -> None:
    X, y, corrupted, _, groups, weights = read_in
    checks.check_lengths(X=X, corrupted=corrupted, y=y, groups=groups, sample_weight=weights)
    checks.check_windows(X, corrupted)


def _seed(given: Mapping[str, Any], resume: bool) -> int:
    training, state = given["training"], given["random_state"]

    def seed() -> int:
        new = int(check_random_state(state).randint(2**31))
        return seed_to_resume(training, state, new) if resume else new

    return present().first(seed)


def _examples(read_in: ReadInput, blueprint: Blueprint) -> Examples:
    r"""Returns the examples as tensors, in the support of the likelihood."""
    X, y, corrupted, modality, groups, weights = read_in
    _check_rows(read_in)
    checks.check_weighting(weights, blueprint)
    counts = counts_of(X)
    counts = counts if counts and max(counts) > 1 else None  # recordings have several windows

    data = Examples(
        on_disk(modality.load(X), X),
        None if corrupted is None else on_disk(modality.load(corrupted), corrupted),
        encode_context(blueprint.context, y, len(X)),
        recordings=tuple(counts) if counts else None,
        overlap=overlap_of(X) if counts else 1,
        groups=None if groups is None else torch.as_tensor(np.asarray(groups)),
        weights=None if weights is None else torch.as_tensor(weights / weights.mean()).float(),
    )
    _check_support(data, blueprint)

    return data


def _held_out(
    rows: FitInput, blueprint: Blueprint, compare_columns: CompareColumns
) -> Examples | None:
    if rows.validation is None:
        return None

    held_out = read_validation(rows.validation, blueprint, compare_columns)
    _check_support(held_out, blueprint)

    return held_out


def _check_support(data: Examples, blueprint: Blueprint) -> None:
    r"""Checks that examples lie where the likelihood has a density."""
    if blueprint.likelihood.support is not constraints.real:
        for part in data.split():
            blueprint.likelihood.check_support(blueprint.modality.normalize(part.target))
