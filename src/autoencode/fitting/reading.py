r"""Examples of a fit: the user's input, read and joined, with their modality."""

__all__ = ["CompareColumns", "FitInput", "ReadInput", "read_input", "read_validation"]

import copy
import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch.distributions import constraints

from ..blueprint import Blueprint, checks
from ..data import Examples, on_disk
from ..distributions import Family
from ..inputs import (
    Loaded,
    ModalityChoice,
    format_of_source,
    join_groups,
    join_labels,
    join_pairs,
    join_weights,
    modality_of,
    read,
)
from ..modalities import Modality, describe_guess, encode_context
from ..modalities.capabilities import Tiled, context_values, has_covariates
from ..modalities.capabilities.sequences import examples
from ..modalities.windows import follow

log = logging.getLogger(__name__)

# Compares the columns of a table with those of the fit; learns them if the last argument is true
CompareColumns = Callable[[Loaded, ModalityChoice, bool], Loaded]


class FitInput(NamedTuple):
    r"""Input of a fit, as a user gives it.

    Example:
        >>> FitInput([[1.0], [2.0]]).groups is None
        True
    """

    X: Any
    r"""The examples."""

    y: Any = None
    r"""Their labels or numbers."""

    corrupted: Any = None
    r"""Damaged versions of the examples."""

    groups: Any = None
    r"""The group of each example. Whole groups are held out."""

    weights: Any = None
    r"""The weight of each example."""

    validation: Any = None
    r"""The validation examples, or a tuple of them, their labels and their damaged versions."""


class ReadInput(NamedTuple):
    r"""Examples, their labels, damaged versions and groups, with the fitted modality.

    Example:
        >>> ReadInput._fields
        ('X', 'y', 'corrupted', 'modality', 'groups', 'weights')
    """

    X: Any
    y: Any
    corrupted: Any
    modality: Modality
    groups: Any
    weights: Any = None


def read_input(
    given: Mapping[str, Any],
    rows: FitInput,
    compare_columns: CompareColumns,
    likelihood: Family | None,
    known: Modality | None = None,
) -> ReadInput:
    r"""Read and join what a user gives to a fit.

    Arguments:
        given: The arguments of :class:`~autoencode.Autoencoder` by name.
        rows: The input.
        compare_columns: A function that compares the columns of a table with those of the fit, or
            learns them.
        likelihood: The likelihood, if one was chosen.
        known: The fitted modality of the model that the fit starts from. Its shape and scales are
            kept.

    Raises:
        TypeError, ValueError: If the data are not as described.

    Example:
        >>> import numpy as np
        >>> given = {"modality": None, "conditional": False}
        >>> read_input(given, FitInput(np.eye(3)), lambda found, *_: found, None).modality
        Tables()
    """
    source, conditional = rows.X, given["conditional"]
    kinds = given["modality"] if known is None else known
    y = rows.y if conditional else None

    beside = {"y": y, "groups": rows.groups, "corrupted": rows.corrupted}

    for name, value in {**beside, "sample_weight": rows.weights}.items():
        checks.check_index(source, value, name)

    loaded = compare_columns(read(source, kinds, fitting=True), kinds, known is None)
    loaded = join_labels(loaded, y) if conditional else loaded
    labels = follow(loaded.y, loaded.X) if conditional else None
    checks.check_lengths(X=loaded.X, y=labels)
    loaded = join_groups(loaded, rows.groups)
    n = len(loaded.X)
    loaded = join_weights(loaded, rows.weights)

    if len(loaded.X) < n and rows.corrupted is not None:
        raise ValueError(
            "some sample_weight are zero, which leaves examples out, but not their damaged"
            " versions: leave them out of X, corrupted and sample_weight."
        )

    support = likelihood.support if likelihood else constraints.real
    kind = loaded.kind or modality_of(loaded.X, kinds)

    def fitted(loaded: Loaded) -> Modality:
        return copy.deepcopy(known) if known else kind.clone().fit(loaded.X, support)

    modality, corrupted = fitted(loaded), rows.corrupted

    if corrupted is not None:
        n = len(loaded.X)
        damaged = compare_columns(read(corrupted, modality), modality, False)
        loaded, damaged = join_pairs(loaded, damaged)

        if len(loaded.X) < n:  # examples without a partner are not used
            modality = fitted(loaded)

        corrupted = examples(modality, damaged.X)
        corrupted = modality.enlarged(corrupted) if isinstance(modality, Tiled) else corrupted

    guessed = not isinstance(kinds, Modality) and loaded.kind is None

    if guessed and (what := describe_guess(loaded.X, modality)):
        log.info("taken for %s; modality=... (command line: --modality) changes this.", what)

    if known is None and (form := format_of_source(source, loaded.X)) is not None:
        modality.format_ = form

    X = examples(modality, loaded.X, logged=True)
    y = context_values(modality, X, follow(loaded.y, X) if conditional else None)
    groups, weights = follow(loaded.groups, X), follow(loaded.weights, X)
    return ReadInput(X, y, corrupted, modality, groups, weights)


def read_validation(
    validation: Any, blueprint: Blueprint, compare_columns: CompareColumns
) -> Examples:
    r"""Read validation examples as those of a fitted modality.

    Arguments:
        validation: The examples, or a tuple of them, their labels and their damaged versions.
        blueprint: All choices of the fit.
        compare_columns: A function that compares the columns of a table with those of the fit.

    Raises:
        TypeError, ValueError: If the data are not like those of the fit.

    Example:
        >>> import autoencode as ae
        >>> import numpy as np
        >>> model = ae.linear(2).fit(np.eye(5))
        >>> len(read_validation(np.eye(5)[:2], model.blueprint_, lambda found, *_: found))
        2
    """
    parts = validation if isinstance(validation, tuple) else (validation, None)

    if len(parts) not in {2, 3}:
        raise ValueError(
            "expected validation as examples, a pair (X, y) or (X, y, corrupted), got"
            f" {len(parts)} parts."
        )

    X, y, damaged = (*parts, None)[:3]
    modality, context = blueprint.modality, blueprint.context
    checks.check_index(X, y, "y")
    loaded = compare_columns(read(X, modality), modality, False)
    labeled = context is not None and not has_covariates(modality)
    loaded = join_labels(loaded, y) if labeled else loaded

    if labeled and loaded.y is None:
        raise ValueError("this model is conditional: give validation=(X, y).")

    corrupted = None

    if damaged is not None:
        found = compare_columns(read(damaged, modality), modality, False)
        loaded, found = join_pairs(loaded, found)
        corrupted = examples(modality, found.X)
        corrupted = modality.enlarged(corrupted) if isinstance(modality, Tiled) else corrupted
        corrupted = on_disk(modality.load(corrupted), corrupted)

    X = examples(modality, loaded.X)
    checks.check_lengths(X=X, corrupted=corrupted)
    y = context_values(modality, X, follow(loaded.y, X) if labeled else None)
    c = encode_context(context, y, len(X), True)

    return Examples(on_disk(modality.load(X), X), corrupted, c)
