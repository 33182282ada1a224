r"""Likelihoods of examples with missing numbers."""

__all__ = ["Observed", "ObservedNumbers"]

from typing import Any, ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution

from ..base import Family
from ..gaussian import SharedGaussian
from .family import WrappingFamily


class ObservedNumbers(Distribution):
    r"""Independent numbers; missing ones (NaN) are not scored.

    .. math:: \log p(x) = \sum_{j \text{ not missing}} \log p_j(x_j)

    Omitting a factor marginalizes over its number, so that this is the density of the observed
    numbers. The gradient of a missing number is zero.

    Arguments:
        numbers: The distributions of the numbers, with batch shape `(*)`.

    See Also:
        :class:`~autoencode.distributions.Observed`

    Example:
        >>> from torch.distributions import Normal
        >>> p = ObservedNumbers(Normal(torch.zeros(2), torch.ones(2)))
        >>> p.log_prob(torch.tensor([0.0, torch.nan]))
        tensor([-0.9189,  0.0000])
    """

    arg_constraints: ClassVar[dict] = {}

    def __init__(self, numbers: Distribution) -> None:
        super().__init__(numbers.batch_shape, validate_args=False)

        self.numbers = numbers

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        r"""True if the distributions of the numbers have reparameterized samples."""
        return self.numbers.has_rsample

    @property
    def mean(self) -> Tensor:
        r"""The means, also of missing numbers."""
        return self.numbers.mean

    @property
    def variance(self) -> Tensor:
        r"""The variances, also of missing numbers."""
        return self.numbers.variance

    @property
    def stddev(self) -> Tensor:
        r"""The standard deviations, also of missing numbers."""
        return self.numbers.stddev

    def log_prob(self, value: Tensor) -> Tensor:
        known = ~value.isnan()
        # The mean replaces missing numbers, because NaN would spread through gradients
        filled = torch.where(known, value, self.numbers.mean.detach())

        return torch.where(known, self.numbers.log_prob(filled), 0.0)

    @torch.no_grad()
    def sample(self, sample_shape: Size = Size()) -> Tensor:
        return self.numbers.sample(sample_shape)

    def rsample(self, sample_shape: Size = Size()) -> Tensor:
        return self.numbers.rsample(sample_shape)

    def expand(
        self, batch_shape: Size, _instance: Distribution | None = None
    ) -> "ObservedNumbers":
        return ObservedNumbers(self.numbers.expand(batch_shape))


class Observed(WrappingFamily):
    r"""Wrapper of a family that does not score missing numbers (NaN).

    See :class:`ObservedNumbers`.

    Arguments:
        family: The family of each number; by default :class:`SharedGaussian`.

    Raises:
        ValueError: If the family computes its scale from all numbers, missing ones included.

    See Also:
        :class:`~autoencode.distributions.ObservedNumbers`,
        :class:`~autoencode.networks.Incomplete`

    Example:
        >>> p = Observed()(torch.zeros(2, 3, 1))
        >>> p.log_prob(torch.full((2, 3), torch.nan)).sum()
        tensor(0., grad_fn=<SumBackward0>)
    """

    def __init__(self, family: Family | None = None) -> None:
        if getattr(family, "optimal", False):
            raise ValueError(
                f"{family!r} would count missing numbers as predicted exactly: use"
                " SharedGaussian(), whose scale is learned."
            )

        if family is not None and not family.elementwise:
            raise ValueError(f"{family!r} scores numbers together, so that none may be missing.")

        super().__init__(family, SharedGaussian)

    def check_support(self, x: Tensor) -> None:
        self.inner.check_support(x[~x.isnan()])

    def forward(self, phi: Tensor) -> Any:
        return ObservedNumbers(self.inner(phi))
