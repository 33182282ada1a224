r"""What is missing, given what is there: by importance sampling of codes.

A likelihood that leaves missing cells out is the density of the cells :math:`x_o` that are
there, so that the codes of incomplete examples are those of :math:`p(z \mid x_o)`.

References:
    | MIWAE: Deep Generative Modelling and Imputation of Incomplete Data Sets (Mattei &
      Frellsen, 2019)
    | https://arxiv.org/abs/1812.02633
"""

__all__ = ["codes_from_prior", "codes_given", "log_prob_given_rest", "mean_given"]

import logging
from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.distributions import Distribution

from ..distributions import PointMass
from ..evaluation.measures import weighted_codes
from ..models.latent import LatentModel

log = logging.getLogger(__name__)

_CODES = 2**14  # of the prior, to choose from
_FEW = 30  # of them that fit
_ROWS = 2048  # codes to decode at once


def mean_given(
    model: LatentModel,
    x: Tensor,
    seed: int = 0,
    samples: int = 128,
    mean: Callable[[Distribution, Tensor], Tensor] | None = None,
) -> Tensor:
    r"""The mean of whole examples given what is there of them.

    .. math:: \mathbb{E}[v(x) \mid x_o] \approx \sum_k w_k \, \mathbb{E}[v(x) \mid z_k], \qquad
        w_k \propto \frac{p(x_o \mid z_k) \, p(z_k)}{q(z_k \mid x_o)}, \quad
        z_k \sim q(z \mid x_o)

    Arguments:
        model: The model.
        x: The scaled examples, with shape `(B, *)`.
        seed: Seeds the noise of the codes.
        samples: The number :math:`K` of codes for each example.
        mean: Returns the mean :math:`\mathbb{E}[v(x) \mid z]` of what is to be averaged, of
            :math:`p(x \mid z)` and the examples. Scores, say, have another than the numbers that
            they stand for. By default :math:`v(x) = x`.

    Returns:
        The means, with shape `(B, *)`.

    Example:
        >>> mean_given(model, x).shape  # doctest: +SKIP
        torch.Size([64, 5])
    """
    mean = mean or _mean
    parts = ((w, mean(model.decode(z), x)) for z, w in _codes(model, x, seed, samples))
    means = [torch.einsum("kb,kb...->b...", w.to(m), m) for w, m in parts]

    return torch.stack(means).sum(dim=0)


def _mean(p: Distribution, x: Tensor) -> Tensor:
    return p.mean


def log_prob_given_rest(
    model: LatentModel,
    x: Tensor,
    rest: Iterable[Tensor],
    cells: Callable[[Tensor, Distribution], Tensor],
    seed: int = 0,
    samples: int = 16,
) -> Tensor:
    r"""The log-density of each cell given all others of its row.

    .. math:: p(x_j \mid x_{-j}) \approx \sum_k w_k \, p(x_j \mid z_k), \qquad
        w_k \propto \frac{p(x_{-j} \mid z_k) \, p(z_k)}{q(z_k \mid x_{-j})}, \quad
        z_k \sim q(z \mid x_{-j})

    Arguments:
        model: The model.
        x: The scaled examples, with shape `(B, *)`.
        rest: The same examples, each time with another cell hidden, in the order of `cells`.
        cells: Returns :math:`\log p(x_j \mid z)` with shape `(*, B, F)`, of examples and of
            what a model makes of codes.
        seed: Seeds the noise of the codes.
        samples: The number of codes for each example and cell.

    Returns:
        The log-densities in double precision, with shape `(B, F)`.

    Example:
        >>> log_prob_given_rest(model, x, modality.rest(x), modality.cells)  # doctest: +SKIP
    """
    found = []

    for j, x_j in enumerate(rest):
        parts = [
            (cells(x, model.decode(z))[..., j].double() + w.log()).logsumexp(dim=0)
            for z, w in _codes(model, x_j, seed, samples)
        ]
        found.append(torch.stack(parts).logsumexp(dim=0))

    return torch.stack(found, dim=1)


def codes_given(model: LatentModel, x: Tensor, n: int, seed: int = 0) -> Tensor:
    r"""Draws codes :math:`z \sim p(z \mid x_o)`, by the weights of :func:`mean_given`.

    Arguments:
        model: The model.
        x: The scaled examples, with shape `(B, *)`.
        n: How many of each. Torch's global generator chooses them.
        seed: Seeds the noise of those to choose from.

    Returns:
        The codes, with shape `(B, n, D)`.

    Example:
        >>> codes_given(model, x, n=5).shape  # doctest: +SKIP
        torch.Size([64, 5, 2])
    """
    codes, weights = map(torch.cat, zip(*_codes(model, x, seed)))
    chosen = torch.multinomial(weights.T, n, replacement=True)

    return codes[chosen, torch.arange(len(x), device=x.device)[:, None]]


def codes_from_prior(model: LatentModel, x: Tensor, n: int) -> Tensor:
    r"""Draws codes of one example without its encoder, which may know little of few cells.

    .. math:: z \in \{ z_1, \dots, z_K \} \quad \text{by} \quad w_k \propto p(x_o \mid z_k),
        \qquad z_k \sim p(z)

    Arguments:
        model: The model.
        x: The scaled example, with shape `(1, *)`.
        n: How many to draw, from at least four times as many.

    Returns:
        The codes, with shape `(n, D)`.

    Example:
        >>> codes_from_prior(model, x[:1], n=100).shape  # doctest: +SKIP
        torch.Size([100, 2])
    """
    z = model.prior().sample((max(_CODES, 4 * n),)).to(x)
    log_w = torch.cat([model.decode(part).log_prob(x) for part in z.split(_ROWS)]).double()
    w = log_w.softmax(dim=0)
    effective = float(1 / w.square().sum())

    if effective < _FEW:
        log.warning(
            "what is given is rare to the model: %d new examples come from about %.0f codes.",
            *(n, effective),
        )

    return z[torch.multinomial(w, n, replacement=True)]


def _codes(
    model: LatentModel, x: Tensor, seed: int, samples: int = 128
) -> list[tuple[Tensor, Tensor]]:
    r"""Returns codes, with shape `(k, B, D)`, and weights, `(k, B)`, in parts to decode at once.

    The sum of all weights is one. A posterior without a density has a single code.
    """
    q = model.encode(x)

    if isinstance(getattr(q, "base_dist", q), PointMass):
        return [(q.mean[None], x.new_ones(1, len(x)))]

    codes, log_w = weighted_codes(model, x, samples, seed)
    weights, k = log_w.softmax(dim=0).to(codes), max(1, _ROWS // max(1, len(x)))

    return [*zip(codes.split(k), weights.split(k))]
