r"""Beta distributions, for shares."""

__all__ = ["Beta"]

import torch
import torch.distributions as td
from torch import Tensor
from torch.distributions.constraints import Constraint
from torch.nn.functional import softplus

from ...common.checks.ranges import check_above
from ..base import Family, saturate


class _OpenUnitInterval(Constraint):
    r"""Numbers strictly between zero and one."""

    def check(self, value: Tensor) -> Tensor:
        return (value > 0) & (value < 1)


class Beta(Family):
    r"""Beta distributions on :math:`(0, 1)`, with a mean and a concentration for each element.

    .. math:: p(x) = \frac{x^{\mu \kappa - 1} (1 - x)^{(1 - \mu) \kappa - 1}}
        {B(\mu \kappa, (1 - \mu) \kappa)}, \qquad \phi = (m, s), \quad \mu = \sigma(m)

    where :math:`\kappa` rises with :math:`s` up to :math:`\kappa_{\max}`. The variance is
    :math:`\mu (1 - \mu) / (1 + \kappa)`. The ends of the interval have no finite density:
    :class:`ZeroInflated` accepts zeros.

    References:
        | Beta Regression for Modelling Rates and Proportions (Ferrari & Cribari-Neto, 2004)
        | https://doi.org/10.1080/0266476042000214501

    Arguments:
        max_concentration: The largest concentration :math:`\kappa_{\max} > 0`, which keeps the
            density finite where data can be predicted exactly.

    Raises:
        ValueError: If the largest concentration is not positive.

    See Also:
        :class:`~autoencode.distributions.ContinuousBernoulli`,
        :class:`~autoencode.distributions.ZeroInflated`

    Example:
        >>> Beta()(torch.zeros(2)).mean
        tensor(0.5000)
    """

    n_params = 2
    support = _OpenUnitInterval()
    support_text = "numbers above 0 and below 1"
    remedy = (
        "Beta has no finite density at 0 and 1: use ContinuousBernoulli(), or"
        " ZeroInflated(Beta()) for zeros. Divide percentages by 100."
    )

    def __init__(self, max_concentration: float = 1e4) -> None:
        super().__init__()

        check_above(0, max_concentration=max_concentration)

        self.max_concentration = max_concentration

    def forward(self, phi: Tensor) -> td.Beta:
        m, s = phi.unbind(dim=-1)
        kappa = saturate(softplus(s + 2), self.max_concentration)  # starts nearly uniform
        smallest = torch.finfo(phi.dtype).tiny
        a, b = ((sign * m).sigmoid() * kappa for sign in (1, -1))

        return td.Beta(a.clamp(min=smallest), b.clamp(min=smallest), validate_args=False)
