r"""Scores of examples and of their cells, in the user's units."""

__all__ = ["cell_surprisals", "log_densities", "reconstruction_errors"]

from typing import Any

import torch
from torch import Tensor

from ..evaluation import log_evidence
from ..modalities import Modality
from ..modalities.capabilities import OpenLevels
from ..modalities.capabilities.scales import log_unit
from ..modalities.capabilities.tables import scaled_error
from ..models.latent import LatentModel, Model
from .batched import map_scaled
from .imputation import leave_one_out_log_prob


def reconstruction_errors(
    model: LatentModel,
    modality: Modality,
    x: Tensor,
    c: Tensor | None = None,
    scaled: bool = False,
) -> Tensor:
    r"""Errors :math:`\| x - g(f(x)) \|^2` of examples, in the units of the kind of data.

    A level that the fit did not see adds one to the error.

    Arguments:
        model: The model.
        modality: The kind of data.
        x: The examples, as loaded.
        c: Their context, with shape `(N, C)`.
        scaled: Whether to compute errors of scaled columns, in which new levels do not count.

    Returns:
        The errors, with shape `(N,)`.
    """

    def error(model: Model, x: Tensor) -> Tensor:
        p = model.decode(model.encode(x).mean)
        return scaled_error(modality, x, p) if scaled else modality.error(x, p)

    errors = map_scaled(model, modality, error, x, c)

    if isinstance(modality, OpenLevels) and not scaled:
        return errors + modality.is_new(x).sum(dim=1)

    return errors


def log_densities(
    model: LatentModel,
    modality: Modality,
    x: Tensor,
    c: Tensor | None = None,
    n_samples: int = 128,
    seed: int = 0,
) -> Tensor:
    r"""Estimates of :math:`\log p(x)` in the user's units, or of :math:`\log p(x \mid c)`.

    Levels that the fit did not see have a probability, too.

    Arguments:
        model: The model.
        modality: The kind of data.
        x: The examples, as loaded.
        c: Their context, with shape `(N, C)`.
        n_samples: The number of codes drawn for each example.
        seed: The seed of the codes.

    Returns:
        The estimates in nats, with shape `(N,)`.
    """

    def evidence(model: Model, x: Tensor) -> Tensor:
        model.likelihood.check_support(x)
        ll = log_evidence(model, x, n_samples, seed).double()
        return ll if model.likelihood.discrete else ll - log_unit(modality, x)

    ll = map_scaled(model, modality, evidence, x, c)
    return ll + modality.log_mass(x).sum(dim=1) if isinstance(modality, OpenLevels) else ll


def cell_surprisals(
    model: LatentModel, modality: Any, x: Tensor, c: Tensor | None = None, seed: int = 0
) -> Tensor:
    r"""Surprisal of each cell given the rest of its row, :math:`-\log p(x_j \mid x_{-j})`.

    See :func:`~autoencode.inference.imputation.leave_one_out_log_prob`.

    Arguments:
        model: The model.
        modality: The kind of data, which is
            :class:`~autoencode.modalities.capabilities.CellScored`.
        x: The examples, as loaded.
        c: Their context, with shape `(N, C)`.
        seed: The seed of the codes.

    Returns:
        The surprisals in nats, with shape `(N, columns)`; NaN where a cell is missing.
    """

    def surprisal(model: Model, x: Tensor) -> Tensor:
        rest = modality.mask_each_cell(x)
        return -leave_one_out_log_prob(model, x, rest, modality.cells, seed)

    scores = map_scaled(model, modality, surprisal, x, c)

    if isinstance(modality, OpenLevels):
        mass = modality.log_mass(x)
        return torch.where(modality.is_new(x), -mass, scores - mass)

    return scores
