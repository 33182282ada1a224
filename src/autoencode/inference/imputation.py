r"""Imputation of missing cells given the observed ones, by importance sampling of codes.

A likelihood that skips missing cells is the density of the observed cells :math:`x_o`. The codes
of an incomplete example are therefore distributed as :math:`p(z \mid x_o)`.

References:
    | MIWAE: Deep Generative Modelling and Imputation of Incomplete Data Sets (Mattei &
      Frellsen, 2019)
    | https://arxiv.org/abs/1812.02633
"""

__all__ = [
    "PRIOR_CODES",
    "leave_one_out_log_prob",
    "posterior_mean",
    "sample_codes_from_prior",
    "sample_posterior_codes",
]

import logging
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.distributions import Distribution

from ..distributions import PointMass
from ..evaluation import weighted_codes
from ..models.latent import Model
from ..priors.base import sample_prior

log = logging.getLogger(__name__)

PRIOR_CODES = 2**14
_MIN_EFFECTIVE_CODES = 30
_CODES_PER_BATCH = 2048


def posterior_mean(
    model: Model,
    x: Tensor,
    seed: int = 0,
    n_samples: int = 128,
    mean: Callable[[Distribution, Tensor], Tensor] | None = None,
) -> Tensor:
    r"""Posterior mean of examples given their observed cells.

    .. math:: \mathbb{E}[v(x) \mid x_o] \approx \sum_k w_k \, \mathbb{E}[v(x) \mid z_k], \qquad
        w_k \propto \frac{p(x_o \mid z_k) \, p(z_k)}{q(z_k \mid x_o)}, \quad
        z_k \sim q(z \mid x_o)

    Arguments:
        model: The model.
        x: The scaled examples, with shape `(B, *)`.
        seed: The seed of the codes.
        n_samples: The number :math:`K` of codes for each example.
        mean: A function of :math:`p(x \mid z)` and the examples that returns the mean
            :math:`\mathbb{E}[v(x) \mid z]` of the quantity to average, such as numbers in their
            own units. By default :math:`v(x) = x`.

    Returns:
        The means, with shape `(B, *)`.
    """
    mean = mean or _mean
    parts = ((w, mean(model.decode(z), x)) for z, w in _codes(model, x, seed, n_samples))
    means = [torch.einsum("kb,kb...->b...", w.to(m), m) for w, m in parts]

    return torch.stack(means).sum(dim=0)


def _mean(p: Distribution, x: Tensor) -> Tensor:
    return p.mean


def leave_one_out_log_prob(
    model: Model,
    x: Tensor,
    rest: Iterable[Tensor],
    cells: Callable[[Tensor, Distribution], Tensor],
    seed: int = 0,
    n_samples: int = 16,
) -> Tensor:
    r"""Log-density of each cell given all other cells of its row.

    .. math:: p(x_j \mid x_{-j}) \approx \sum_k w_k \, p(x_j \mid z_k), \qquad
        w_k \propto \frac{p(x_{-j} \mid z_k) \, p(z_k)}{q(z_k \mid x_{-j})}, \quad
        z_k \sim q(z \mid x_{-j})

    Arguments:
        model: The model.
        x: The scaled examples, with shape `(B, *)`.
        rest: The same examples with one cell masked, for each cell in the order of `cells`.
        cells: A function of the examples and of :math:`p(x \mid z)` that returns
            :math:`\log p(x_j \mid z)` with shape `(*, B, F)`.
        seed: The seed of the codes.
        n_samples: The number of codes for each example and cell.

    Returns:
        The log-densities in double precision, with shape `(B, F)`.
    """
    results = []

    for j, x_j in enumerate(rest):
        parts = [
            (cells(x, model.decode(z))[..., j].double() + w.log()).logsumexp(dim=0)
            for z, w in _codes(model, x_j, seed, n_samples)
        ]
        results.append(torch.stack(parts).logsumexp(dim=0))

    return torch.stack(results, dim=1)


def sample_posterior_codes(model: Model, x: Tensor, n: int, seed: int = 0) -> Tensor:
    r"""Sample codes :math:`z \sim p(z \mid x_o)`, with the weights of :func:`posterior_mean`.

    Arguments:
        model: The model.
        x: The scaled examples, with shape `(B, *)`.
        n: The number of codes for each example, resampled with torch's global generator.
        seed: The seed of the weighted codes to resample from.

    Returns:
        The codes, with shape `(B, n, D)`.
    """
    codes, weights = map(torch.cat, zip(*_codes(model, x, seed)))
    chosen = torch.multinomial(weights.T, n, replacement=True)

    return codes[chosen, torch.arange(len(x), device=x.device)[:, None]]


def sample_codes_from_prior(model: Model, x: Tensor, n: int, least: int = PRIOR_CODES) -> Tensor:
    r"""Sample codes of one example by weighting codes from the prior, without the encoder.

    .. math:: z \in \{ z_1, \dots, z_K \} \quad \text{by} \quad w_k \propto p(x_o \mid z_k),
        \qquad z_k \sim p(z)

    Arguments:
        model: The model.
        x: The scaled example, with shape `(1, *)`.
        n: The number of codes, resampled from at least four times as many.
        least: The minimum number of codes to resample from.

    Returns:
        The codes, with shape `(n, D)`.
    """
    z = sample_prior(model.prior(), max(least, 4 * n)).to(x)
    log_w = torch.cat(
        [model.decode(part).log_prob(x) for part in z.split(_CODES_PER_BATCH)]
    ).double()
    w = log_w.softmax(dim=0)
    effective = float(1 / w.square().sum())

    if effective < _MIN_EFFECTIVE_CODES:
        log.warning(
            "the given part is improbable under the model: %d new examples come from only about"
            " %.0f distinct codes.",
            *(n, effective),
        )

    return z[torch.multinomial(w, n, replacement=True)]


def _codes(
    model: Model, x: Tensor, seed: int, n_samples: int = 128
) -> list[tuple[Tensor, Tensor]]:
    r"""Returns batches of codes, with shape `(k, B, D)`, and of their weights, `(k, B)`.

    The sum of all weights is one. A posterior without a density has a single code.
    """
    q = model.encode(x)

    if isinstance(getattr(q, "base_dist", q), PointMass):
        return [(q.mean[None], x.new_ones(1, len(x)))]

    codes, log_w = weighted_codes(model, x, n_samples, seed)
    weights, k = log_w.softmax(dim=0).to(codes), max(1, _CODES_PER_BATCH // max(1, len(x)))

    return [*zip(codes.split(k), weights.split(k))]
