r"""Laplace distributions."""

__all__ = ["Laplace"]

import torch.distributions as td
from torch import Tensor
from torch.nn.functional import softplus

from ...common.checks.ranges import check_above
from ..base import Family


class Laplace(Family):
    r"""Laplace distributions whose location and scale depend on the example.

    .. math:: p(x) = \frac{1}{2 b} \, e^{-|x - \mu| / b}, \qquad \phi = (\mu, s),
        \quad b = b_0 + \log(1 + e^s)

    As a likelihood it minimizes the absolute error. Outliers dominate it less than the squared
    error.

    Arguments:
        min_scale: The smallest scale :math:`b_0 > 0`.

    Raises:
        ValueError: If the smallest scale is not positive.

    See Also:
        :class:`~autoencode.distributions.Gaussian`

    Example:
        >>> Laplace()(torch.zeros(5, 2)).log_prob(torch.zeros(5)).shape
        torch.Size([5])
    """

    n_params = 2

    def __init__(self, min_scale: float = 1e-3) -> None:
        super().__init__()

        check_above(0, min_scale=min_scale)

        self.min_scale = min_scale

    def forward(self, phi: Tensor) -> td.Laplace:
        loc, s = phi.unbind(dim=-1)
        return td.Laplace(loc, self.min_scale + softplus(s), validate_args=False)
