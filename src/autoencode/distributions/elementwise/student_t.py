r"""Student's t-distributions."""

__all__ = ["StudentT"]

import math
from collections.abc import Sequence

import torch
import torch.distributions as td
import torch.nn as nn
from torch import Tensor
from torch.nn.functional import softplus

from ...common.checks.ranges import check_above
from ...networks import Network
from ..base import Family
from ..log_gamma import log_gamma_ratio


class _AccurateStudentT(td.StudentT):
    r"""Student's t-distribution whose density is accurate for many degrees of freedom."""

    @property
    def variance(self) -> Tensor:
        heavy = self.df <= 2
        ratio = self.df / torch.where(heavy, 1.0, self.df - 2)
        return torch.where(heavy, torch.inf, ratio) * self.scale.square()

    def log_prob(self, value: Tensor) -> Tensor:
        y, half = (value - self.loc) / self.scale, self.df / 2
        constant = log_gamma_ratio(half, half.new_tensor(0.5)) - 0.5 * math.log(2 * math.pi)

        return constant - self.scale.log() - (half + 0.5) * torch.log1p(y.square() / self.df)


class StudentT(Family):
    r"""Student's t-distributions whose location and scale depend on the example.

    .. math:: p(x) = \frac{\Gamma(\frac{\nu + 1}{2})}
        {\Gamma(\frac{\nu}{2}) \sqrt{\pi \nu} \, \sigma}
        \left( 1 + \frac{(x - \mu)^2}{\nu \sigma^2} \right)^{-\frac{\nu + 1}{2}}, \qquad
        \phi = (\mu, s), \quad \sigma = \sigma_0 + \log(1 + e^s)

    Few degrees of freedom :math:`\nu` give heavy tails, so that outliers hardly move the mean. By
    default each column learns its own, of more than two, so that the variance is finite.

    References:
        | Robust Statistical Modeling Using the t Distribution (Lange et al., 1989)
        | https://doi.org/10.1080/01621459.1989.10478852

    Arguments:
        df: The degrees of freedom :math:`\nu > 1`; by default they are learned.
        min_scale: The smallest scale :math:`\sigma_0 > 0`.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.distributions.Laplace`, :class:`~autoencode.distributions.Gaussian`

    Example:
        >>> StudentT(df=3.0)(torch.zeros(5, 2)).log_prob(torch.zeros(5)).shape
        torch.Size([5])
    """

    n_params = 2

    def __init__(self, df: float | None = None, min_scale: float = 1e-3) -> None:
        super().__init__()

        check_above(1, df=df)
        check_above(0, min_scale=min_scale)

        self.df = df
        self.min_scale = min_scale
        self.log_df = nn.Parameter(torch.zeros(())) if df is None else None

    def build(self, network: Network | None, event: Sequence[int]) -> "StudentT":
        if self.df is None:
            self.log_df = nn.Parameter(torch.zeros(tuple(event)))

        return self

    def forward(self, phi: Tensor) -> td.StudentT:
        loc, s = phi.unbind(dim=-1)
        # Four at the start; the factor 10 makes up for the small steps of an optimizer
        df = phi.new_tensor(self.df) if self.log_df is None else 2 + 2 * (10 * self.log_df).exp()

        return _AccurateStudentT(df, loc, self.min_scale + softplus(s), validate_args=False)
