r"""Families of Bernoulli distributions, discrete and continuous."""

__all__ = ["Bernoulli", "ContinuousBernoulli"]

from torch import Tensor
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import ContinuousBernoulli as TorchContinuousBernoulli
from torch.distributions import constraints

from ..base import Family


class Bernoulli(Family):
    r"""Bernoulli distributions, with :math:`\phi` the log-odds of one.

    .. math:: \log p(x) = x \log \pi + (1 - x) \log (1 - \pi)

    Gray values between 0 and 1 are accepted, as is common in the literature. `log_prob` is then a
    negative cross-entropy and not a log-probability. :class:`ContinuousBernoulli` is the
    normalized form.

    See Also:
        :class:`~autoencode.distributions.ContinuousBernoulli`

    Example:
        >>> import torch
        >>> Bernoulli()(torch.zeros(1)).log_prob(torch.tensor(1.0))
        tensor(-0.6931)
    """

    n_params = 1
    support = constraints.unit_interval
    discrete = True

    def forward(self, phi: Tensor) -> TorchBernoulli:
        return TorchBernoulli(logits=phi.squeeze(dim=-1), validate_args=False)


class ContinuousBernoulli(Family):
    r"""Continuous Bernoulli distributions on :math:`[0, 1]`, with :math:`\phi` the log-odds.

    .. math:: p(x) = C(\lambda) \, \lambda^x (1 - \lambda)^{1 - x}

    References:
        | The Continuous Bernoulli (Loaiza-Ganem & Cunningham, 2019)
        | https://arxiv.org/abs/1907.06845

    See Also:
        :class:`~autoencode.distributions.Bernoulli`,
        :class:`~autoencode.distributions.DiscretizedLogistic`

    Example:
        >>> import torch
        >>> ContinuousBernoulli()(torch.zeros(1)).log_prob(torch.tensor(0.3))
        tensor(0.)
    """

    n_params = 1
    support = constraints.unit_interval

    def forward(self, phi: Tensor) -> TorchContinuousBernoulli:
        return TorchContinuousBernoulli(logits=phi.squeeze(dim=-1), validate_args=False)
