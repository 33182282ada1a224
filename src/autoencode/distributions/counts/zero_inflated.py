r"""Distributions with more zeros than another distribution has."""

__all__ = ["ZeroInflated"]

from typing import Any, ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint
from torch.nn.functional import logsigmoid

from ..base import Family
from ..wrapping import WrappingFamily
from .negative_binomial import NegativeBinomial


class _WithZeros(Distribution):
    r"""Distribution of numbers that are zero with a further probability.

    Arguments:
        numbers: The distributions of the numbers.
        logit: The log-odds of a further zero.
        discrete: Whether the numbers themselves may be zero.
    """

    arg_constraints: ClassVar[dict] = {}

    def __init__(self, numbers: Distribution, logit: Tensor, discrete: bool) -> None:
        super().__init__(numbers.batch_shape, validate_args=False)

        self.numbers = numbers
        self.logit = logit
        self.discrete = discrete

    @property
    def mean(self) -> Tensor:
        r"""The means, with the further zeros."""
        return self.numbers.mean * (-self.logit).sigmoid()

    @property
    def variance(self) -> Tensor:
        r"""The variances, with the further zeros."""
        kept, zero = (-self.logit).sigmoid(), self.logit.sigmoid()
        return kept * (self.numbers.variance + zero * self.numbers.mean.square())

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "_WithZeros":
        logit = self.logit.expand(batch_shape)
        return _WithZeros(self.numbers.expand(batch_shape), logit, self.discrete)

    def log_prob(self, value: Tensor) -> Tensor:
        is_zero = value == 0
        log_zero, log_kept = logsigmoid(self.logit), logsigmoid(-self.logit)

        if self.discrete:
            counted = log_kept + self.numbers.log_prob(value)
            return torch.where(is_zero, torch.logaddexp(log_zero, counted), counted)

        # A density at zero would not count, and may have no finite gradient
        filled = torch.where(is_zero, self.numbers.mean.detach(), value)
        return torch.where(is_zero, log_zero, log_kept + self.numbers.log_prob(filled))

    @torch.no_grad()
    def sample(self, sample_shape: Size = Size()) -> Tensor:
        x = self.numbers.sample(sample_shape)
        return x * (torch.rand_like(x) < (-self.logit).sigmoid())


class _OrZero(Constraint):
    r"""Numbers that satisfy a constraint or are zero."""

    def __init__(self, inner: Constraint) -> None:
        self.inner = inner

    def check(self, value: Tensor) -> Tensor:
        return (value == 0) | self.inner.check(value)


class ZeroInflated(WrappingFamily):
    r"""Family of another one's distributions, with further zeros of probability :math:`\pi`.

    .. math:: P(x) = \pi \, [x = 0] + (1 - \pi) \, P_0(x), \qquad \phi = (\phi_0, \ell), \quad
        \pi = \sigma(\ell)

    where :math:`P_0` is the distribution of the other family with raw parameters :math:`\phi_0`.
    Counts that are zero more often than their mean tells are an example. If :math:`P_0` is a
    density, such as a beta density, zeros have the probability :math:`\pi`, and other numbers the
    density :math:`(1 - \pi) \, p_0(x)`.

    References:
        | Zero-Inflated Poisson Regression, with an Application to Defects in Manufacturing
          (Lambert, 1992)
        | https://doi.org/10.2307/1269547

    Arguments:
        family: The family of the numbers; by default :class:`NegativeBinomial`.

    Raises:
        ValueError: If the numbers of the family are scaled, so that zero has no meaning, or if it
            scores examples as a whole.

    See Also:
        :class:`~autoencode.distributions.NegativeBinomial`,
        :class:`~autoencode.distributions.Poisson`

    Example:
        >>> from autoencode.distributions import Poisson
        >>> p = ZeroInflated(Poisson())(torch.tensor([1.0, 0.0]))
        >>> p.log_prob(torch.zeros(())).exp()  # (1 + exp(-e)) / 2
        tensor(0.5330)
    """

    def __init__(self, family: Family | None = None) -> None:
        if family is not None and family.support is constraints.real:
            raise ValueError(
                f"the data of {family!r} are scaled, so that zero means nothing. Use a family of"
                " counts or shares: NegativeBinomial(), Poisson() or Beta()."
            )

        if family is not None and not family.elementwise:
            raise ValueError(
                f"{family!r} scores examples as a whole. Inflate what is inside:"
                " SizeFactor(ZeroInflated(NegativeBinomial()))."
            )

        super().__init__(family, NegativeBinomial)

    @property
    def n_params(self) -> int:  # type: ignore[override]
        r"""Number of raw parameters per element."""
        return self.inner.n_params + 1

    @property
    def support(self) -> Constraint:  # type: ignore[override]
        r"""Set of valid data."""
        return self.inner.support if self.discrete else _OrZero(self.inner.support)

    @property
    def support_text(self) -> str:  # type: ignore[override]
        r"""The support, in words."""
        return self.inner.support_text + ("" if self.discrete else ", or 0")

    @property
    def remedy(self) -> str:  # type: ignore[override]
        r"""Advice on data outside of the support."""
        return self.inner.remedy

    @property
    def takes_offset(self) -> bool:  # type: ignore[override]
        r"""True if an offset may be added to the first raw parameter."""
        return self.inner.takes_offset

    def forward(self, phi: Tensor) -> Any:
        return _WithZeros(self.inner(phi[..., :-1]), phi[..., -1], self.discrete)
