r"""Negative binomial distributions, by mean and dispersion."""

__all__ = ["NegativeBinomial"]

from collections.abc import Sequence

import torch
import torch.distributions as td
import torch.nn as nn
from torch import Tensor
from torch.distributions import constraints
from torch.nn.functional import softplus

from ...common.checks.ranges import check_choice
from ...networks import Network
from ..base import Family
from ..log_gamma import log_gamma_ratio
from .poisson import COUNTS, COUNTS_REMEDY


class _AccurateNegativeBinomial(td.NegativeBinomial):
    r"""Negative binomial distribution that is accurate near its limit, a Poisson distribution."""

    def log_prob(self, value: Tensor) -> Tensor:
        theta, x = self.total_count, value
        log_mean = self.logits + theta.log()
        counted = log_gamma_ratio(theta, x) - torch.lgamma(x + 1) + x * log_mean

        return counted - (x + theta) * softplus(self.logits)


class NegativeBinomial(Family):
    r"""Negative binomial distributions of counts that vary more than Poisson counts.

    .. math:: P(x) = \frac{\Gamma(x + \theta)}{\Gamma(\theta) \, x!}
        \left( \frac{\theta}{\theta + \mu} \right)^\theta
        \left( \frac{\mu}{\theta + \mu} \right)^x, \qquad \phi = \log \mu

    The variance is :math:`\mu + \mu^2 / \theta`, where :math:`\theta > 0` is the inverse
    dispersion. For a large :math:`\theta` the distribution is Poisson.

    References:
        | Deep generative modeling for single-cell transcriptomics (Lopez et al., 2018)
        | https://doi.org/10.1038/s41592-018-0229-2

    Arguments:
        dispersion: `"feature"` to learn one :math:`\theta` for each feature, `"element"` for one
            that depends on the example, too: :math:`\phi = (\log \mu, s)`, with
            :math:`\theta = 10^{-3} + \log(1 + e^s)`.

    Raises:
        ValueError: If the dispersion is neither.

    See Also:
        :class:`~autoencode.distributions.Poisson`, :class:`~autoencode.distributions.ZeroInflated`

    Example:
        >>> p = NegativeBinomial()(torch.zeros(1))
        >>> p.mean, p.variance
        (tensor(1., grad_fn=<MulBackward0>), tensor(2., grad_fn=<DivBackward0>))
    """

    support = constraints.nonnegative_integer
    support_text = COUNTS
    remedy = COUNTS_REMEDY
    discrete = True
    takes_offset = True

    def __init__(self, dispersion: str = "feature") -> None:
        super().__init__()

        check_choice(("feature", "element"), dispersion=dispersion)

        self.dispersion = dispersion
        self.log_theta = nn.Parameter(torch.zeros(())) if dispersion == "feature" else None

    @property
    def n_params(self) -> int:  # type: ignore[override]
        r"""Number of raw parameters per element."""
        return 1 if self.dispersion == "feature" else 2

    def build(self, network: Network | None, event: Sequence[int]) -> "NegativeBinomial":
        if self.log_theta is not None:
            self.log_theta = nn.Parameter(torch.zeros(tuple(event)))

        return self

    def forward(self, phi: Tensor) -> td.NegativeBinomial:
        log_mean = phi[..., 0]

        if self.log_theta is None:
            theta = 1e-3 + softplus(phi[..., 1])
        else:  # the factor 10 makes up for the small steps of an optimizer
            theta = (10 * self.log_theta).clamp(-20, 20).exp()

        return _AccurateNegativeBinomial(theta, logits=log_mean - theta.log(), validate_args=False)
