r"""Poisson distributions."""

__all__ = ["COUNTS", "COUNTS_REMEDY", "Poisson"]

import torch.distributions as td
from torch import Tensor
from torch.distributions import constraints

from ..base import Family

COUNTS = "counts, whole numbers from 0 on"
COUNTS_REMEDY = (
    "Give the counts as they were counted, neither scaled nor normalized, or use another"
    " likelihood, such as SharedGaussian()."
)


class Poisson(Family):
    r"""Poisson distributions of counts, with :math:`\phi` the logarithm of the mean.

    .. math:: P(x) = \frac{\lambda^x e^{-\lambda}}{x!}, \qquad \lambda = e^\phi

    The variance is the mean. Counts that vary more have :class:`NegativeBinomial`.

    See Also:
        :class:`~autoencode.distributions.NegativeBinomial`,
        :class:`~autoencode.distributions.SizeFactor`

    Example:
        >>> import torch
        >>> Poisson()(torch.zeros(1)).log_prob(torch.tensor(2.0)).exp()
        tensor(0.1839)
    """

    n_params = 1
    support = constraints.nonnegative_integer
    support_text = COUNTS
    remedy = COUNTS_REMEDY
    discrete = True
    takes_offset = True

    def forward(self, phi: Tensor) -> td.Poisson:
        return td.Poisson(phi.squeeze(dim=-1).exp(), validate_args=False)
