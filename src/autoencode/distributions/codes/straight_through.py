r"""Binary codes."""

__all__ = ["Bits", "StraightThroughBernoulli"]

import torch
from torch import Size, Tensor
from torch.distributions import Bernoulli, Independent, register_kl
from torch.nn.functional import softplus

from ..base import Family


class Bits(Bernoulli):
    r"""Bernoulli distribution whose samples pass their gradient to the probabilities.

    Example:
        >>> p = torch.tensor(0.5, requires_grad=True)
        >>> Bits(probs=p).rsample().backward()
        >>> p.grad
        tensor(1.)
    """

    has_rsample = True

    @property
    def index(self) -> Tensor:
        r"""The most probable values, zero or one."""
        return (self.logits > 0).long()

    def rsample(self, sample_shape: Size = Size()) -> Tensor:
        z, p = self.sample(sample_shape), self.probs
        return z + (p - p.detach())


@register_kl(Bits, Bits)
def _kl_of_bits(q: Bits, p: Bits) -> Tensor:
    # torch's implementation does not broadcast
    one = softplus(-p.logits) - softplus(-q.logits)
    zero = softplus(p.logits) - softplus(q.logits)

    return q.probs * one + (1 - q.probs) * zero


class StraightThroughBernoulli(Family):
    r"""Binary codes, whose samples pass their gradient to the probabilities.

    .. math:: z_j \sim \mathrm{Bernoulli}(\sigma(\phi_j)), \qquad
        \frac{\partial z_j}{\partial \phi_j} := \sigma'(\phi_j)

    The gradient is biased: it is computed as if the sample were its mean. The rate is the
    divergence from fair coins, in closed form, and is at most :math:`\log 2` for each number.
    `transform` returns the probabilities, and `transform(X, indices=True)` the most probable
    values.

    References:
        | Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
          Computation (Bengio et al., 2013), section 4
        | https://arxiv.org/abs/1308.3432

    See Also:
        :class:`~autoencode.distributions.GumbelSoftmax`,
        :class:`~autoencode.distributions.LookupFreeQuantizer`,
        :class:`~autoencode.priors.Reference`

    Example:
        >>> StraightThroughBernoulli()(torch.tensor([[-9.0], [9.0]])).sample()
        tensor([0., 1.])
    """

    n_params = 1
    has_reference = True
    finite = True

    def forward(self, phi: Tensor) -> Bits:
        return Bits(logits=phi.squeeze(dim=-1), validate_args=False)

    def project(self, z: Tensor) -> Tensor:
        return (z > 0.5).to(z)

    def index_shape(self, D: int) -> tuple[int, int]:
        return D, 2

    def indices(self, z: Tensor) -> Tensor:
        return (z > 0.5).long()

    def values(self, index: Tensor, D: int) -> Tensor:
        return index.to(torch.get_default_dtype())

    def reference(self, z: Tensor) -> Independent:
        return Independent(Bits(logits=torch.zeros_like(z), validate_args=False), 1)
