r"""A posterior of your own, which has heavier tails than a Gaussian."""

import torch.distributions as td
from torch import Tensor
from torch.nn.functional import softplus

from autoencode.distributions import Family


class Student(Family):
    r"""Student's t distributions. The rate has no closed form and is estimated from each code.

    Arguments:
        freedom: The number of degrees of freedom, at least 2.
    """

    n_params = 2

    def __init__(self, freedom: float = 5.0) -> None:
        super().__init__()

        self.freedom = freedom

    def forward(self, phi: Tensor) -> td.StudentT:
        loc, s = phi.unbind(dim=-1)
        return td.StudentT(self.freedom, loc, 1e-3 + softplus(s), validate_args=False)
