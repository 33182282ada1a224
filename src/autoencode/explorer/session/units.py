r"""Units of the code in the order of their rates."""

__all__ = ["PROBABILITIES", "UNIT", "Units", "describe_units"]

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import norm
from torch import Tensor
from torch.distributions import Normal, kl_divergence

from ...common.arrays import tensor_to_numpy
from ...common.seeding import seeded
from ...data import Examples
from ...estimator import Autoencoder
from ...estimator.reading import Opened
from ...evaluation.codes import is_factorized
from ...inference.batched import map_scaled
from ...models.latent import Model
from ...priors import StandardNormal
from ..wire.schemas import BOOLEAN, INTEGER, NUMBER, NUMBERS, Schema, maybe, record
from .codes import Codes

PROBABILITIES = (0.01, *(round(0.05 * k, 2) for k in range(1, 20)), 0.99)
MAX_SHOWN = 512
_MEASURED = 2000  # examples
_DRAWS = 4000  # of a prior without quantiles
_DEAD_NATS = 0.01
_DEAD_VARIANCE = 1e-4  # relative to the largest

UNIT: Schema = record(
    unit=INTEGER,
    rate=maybe(NUMBER),
    dead=BOOLEAN,
    quantiles=NUMBERS,
    mean=NUMBER,
    std=NUMBER,
    low=NUMBER,
    high=NUMBER,
)


class Units(NamedTuple):
    r"""Measures of all units; arrays have one number for each unit."""

    rate: NDArray
    r"""The rate in nats, or the variance."""

    rate_name: str
    dead: NDArray[np.bool_]
    quantiles: NDArray
    r"""The quantiles of the prior, or of the codes, with shape `(D, 21)`."""

    mean: NDArray
    std: NDArray
    low: NDArray
    high: NDArray

    @property
    def order(self) -> NDArray:
        r"""Returns the units, those with the highest rate first."""
        return np.argsort(-self.rate, kind="stable")

    def document(self) -> list[dict[str, Any]]:
        r"""Returns the first units for JSON, in the order of their rates."""
        return [
            {
                "unit": int(j),
                "rate": float(self.rate[j]),
                "dead": bool(self.dead[j]),
                "quantiles": self.quantiles[j].tolist(),
                "mean": float(self.mean[j]),
                "std": float(self.std[j]),
                "low": float(self.low[j]),
                "high": float(self.high[j]),
            }
            for j in self.order[:MAX_SHOWN]
        ]


def describe_units(estimator: Autoencoder, opened: Opened, codes: Codes) -> Units:
    r"""Measure all units of the code.

    The rate of a unit is :math:`\mathbb{E}_x \mathrm{KL}(q(z_j \mid x) \| \mathcal{N}(0, 1))`
    for posteriors of independent units under a unit Gaussian. For all other models, the variance
    of the codes stands for it. Quantiles are those of the prior, or those of the codes if the
    model has no prior, or one that depends on a condition.

    Arguments:
        estimator: The model.
        opened: The examples, as loaded.
        codes: Their codes.

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(30, 4))
        >>> model = ae.linear(2).fit(X)
        >>> units = describe_units(model, model._open(X), Codes([torch.randn(30, 2)], 30))
        >>> units.rate_name, units.quantiles.shape
        ('variance', (2, 21))
    """
    model, modality, x, c = opened
    z = codes.spread(_MEASURED).astype(float)
    mean, std = z.mean(axis=0), z.std(axis=0)
    rate, name = std**2, "variance"
    dead = rate <= _DEAD_VARIANCE * rate.max(initial=0.0)
    rates = torch.empty(0)

    if isinstance(model.prior, StandardNormal) and model.posterior.has_density:
        some = Examples(x, None, c).spread(_MEASURED)[:]
        rates = map_scaled(model, modality, _rates, some.target, some.context)

    if rates.numel() and rates.isfinite().all():
        rate, name = rates.double().mean(dim=0).numpy(), "rate in nats"
        dead = rate < _DEAD_NATS

    quantiles = _quantiles(estimator, z)
    low = np.minimum(quantiles[:, 0], np.quantile(z, 0.005, axis=0))
    high = np.maximum(quantiles[:, -1], np.quantile(z, 0.995, axis=0))

    return Units(rate, name, dead, quantiles, mean, std, low, high)


@torch.no_grad()
def _quantiles(estimator: Autoencoder, z: NDArray) -> NDArray:
    r"""Returns the quantiles of the prior, or else those of codes, with shape `(D, 21)`."""
    prior: Any = estimator.model_.prior

    if hasattr(estimator, "sample") and isinstance(prior, StandardNormal):
        return np.tile(norm.ppf(PROBABILITIES), (z.shape[1], 1))

    if hasattr(estimator, "sample") and not getattr(prior, "conditional", False):
        with seeded(estimator.seed_):
            z = tensor_to_numpy(prior().sample((_DRAWS,)))

    return np.quantile(z, PROBABILITIES, axis=0).T


def _rates(model: Model, x: Tensor) -> Tensor:
    r"""Returns the divergence of each unit, with shape `(B, D)`, or `(B, 0)` if they depend."""
    q: Any = model.encode(x)

    if not is_factorized(q) or not isinstance(q.base_dist, Normal):
        return q.mean.new_empty(len(x), 0)

    return kl_divergence(q.base_dist, Normal(torch.zeros_like(q.mean), 1.0))
