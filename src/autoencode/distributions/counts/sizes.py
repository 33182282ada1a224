r"""Totals of examples as factors of the means of their counts."""

__all__ = ["SizeFactor", "Sized", "at_size_of"]

import abc
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints

from ...common.checks.ranges import check_above
from ...networks import Network
from ..base import Family
from ..wrapping import WrappingFamily
from .negative_binomial import NegativeBinomial
from .poisson import COUNTS, COUNTS_REMEDY


class Sized(Distribution, abc.ABC):
    r"""Distribution of the counts of an example given their total, the size of the example.

    `log_prob` takes the size from the counts that it scores. Means and samples have a reference
    size, so that examples can be compared, or the size that :meth:`at` sets.

    Arguments:
        size: The reference size, with shape `()` or `(*)`.
        batch_shape: The shape `(*)`.
        n_counts: The number of counts of an example.

    See Also:
        :class:`~autoencode.distributions.SizeFactor`,
        :class:`~autoencode.distributions.Multinomial`

    Example:
        >>> from autoencode.distributions import Multinomial
        >>> p = Multinomial(size=1.0)(torch.zeros(4, 1))
        >>> isinstance(p, Sized), p.mean, p.at(torch.tensor(8.0)).mean
        (True, tensor([0.2500, 0.2500, 0.2500, 0.2500]), tensor([2., 2., 2., 2.]))
    """

    arg_constraints: ClassVar[dict] = {}

    def __init__(self, size: Tensor, batch_shape: Size, n_counts: int) -> None:
        super().__init__(batch_shape, Size([n_counts]), validate_args=False)

        self.size = size

    @abc.abstractmethod
    def at(self, size: Tensor) -> "Sized":
        r"""Returns the distribution whose means and samples have other sizes.

        Arguments:
            size: The sizes, with shape `()` or `(*)`.
        """


class SizedCounts(Sized):
    r"""Counts of independent features, whose means are shares of the size.

    Arguments:
        phi: The raw parameters, with shape `(*, D, P)`.
        family: The family of each count.
        size: The reference size, with shape `()` or `(*)`.
    """

    def __init__(self, phi: Tensor, family: Family, size: Tensor) -> None:
        super().__init__(size, phi.shape[:-2], phi.shape[-2])

        self.phi = phi
        self.family = family

    @property
    def mean(self) -> Tensor:
        return self._elements(self.size).mean

    @property
    def variance(self) -> Tensor:
        return self._elements(self.size).variance

    def at(self, size: Tensor) -> "SizedCounts":
        return SizedCounts(self.phi, self.family, size)

    def log_prob(self, value: Tensor) -> Tensor:
        return self._elements(value.sum(dim=-1)).log_prob(value).sum(dim=-1)

    @torch.no_grad()
    def sample(self, sample_shape: Size = Size()) -> Tensor:
        return self._elements(self.size).sample(sample_shape)

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "SizedCounts":
        size = self.size.expand(batch_shape) if self.size.ndim else self.size
        return SizedCounts(self.phi.expand(*batch_shape, -1, -1), self.family, size)

    def _elements(self, size: Tensor) -> Distribution:
        r"""Returns the distributions of the counts of examples with given sizes."""
        log_share = self.phi[..., :1].log_softmax(dim=-2)
        log_mean = log_share + size.clamp(min=1).log()[..., None, None]
        shape = (*log_mean.shape[:-1], self.phi.shape[-1] - 1)

        return self.family(torch.cat([log_mean, self.phi[..., 1:].expand(shape)], dim=-1))


class SizeFactor(WrappingFamily):
    r"""Counts whose means are shares of the size of their example.

    .. math:: \log p(x \mid \ell) = \sum_j \log p_j(x_j), \qquad
        \mu_j = \ell \, \mathrm{softmax}(\phi)_j, \qquad \ell = \max \big( 1, \sum_j x_j \big)

    The size :math:`\ell` of an example says how much was counted, such as the reads of a cell or
    the words of a document. The code then need not hold it. Densities are conditional on the size.

    References:
        | Deep generative modeling for single-cell transcriptomics (Lopez et al., 2018)
        | https://doi.org/10.1038/s41592-018-0229-2

    Arguments:
        family: The family of each count, whose first raw parameter is the logarithm of the mean;
            by default :class:`NegativeBinomial`.
        size: The size of means and new examples, by which examples are compared;
            :class:`~autoencode.modalities.Counts` fills in the median, and otherwise it is one.

    Raises:
        ValueError: If the family has no such parameter, or the size is not positive.

    See Also:
        :class:`~autoencode.distributions.Multinomial`,
        :class:`~autoencode.distributions.NegativeBinomial`

    Example:
        >>> from autoencode.distributions import Poisson
        >>> p = SizeFactor(Poisson(), size=100.0)(torch.zeros(4, 1))
        >>> p.mean.round()
        tensor([25., 25., 25., 25.])
    """

    support = constraints.nonnegative_integer
    support_text = COUNTS
    remedy = COUNTS_REMEDY
    discrete = True
    elementwise = False

    def __init__(self, family: Family | None = None, size: float | None = None) -> None:
        if family is not None and not family.takes_offset:
            raise ValueError(
                f"the first raw parameter of {family!r} is not the logarithm of a mean. Use"
                " Poisson(), NegativeBinomial() or ZeroInflated(NegativeBinomial())."
            )

        check_above(0, size=size)
        super().__init__(family, NegativeBinomial)

        self.size = size

    def build(self, network: Network | None, event: Sequence[int]) -> "SizeFactor":
        check_row(self, event)
        return super().build(network, event)

    def forward(self, phi: Tensor) -> Any:
        return SizedCounts(phi, self.inner, phi.new_tensor(self.size or 1.0))


def check_row(family: Family, event: Sequence[int]) -> None:
    r"""Raises if examples are not rows of counts, which have one size each."""
    if len(event) != 1:
        raise ValueError(
            f"{family!r} needs rows of counts, with shape (N, D), and examples have shape"
            f" {tuple(event)}. Use X.reshape(len(X), -1)."
        )


def at_size_of(p: Distribution, x: Tensor) -> Distribution:
    r"""Distributions whose means and samples have the sizes of given examples, if they have any.

    Arguments:
        p: The distributions, with batch shape `(B,)`.
        x: The examples, with shape `(B, *)`.

    Example:
        >>> from autoencode.distributions import Multinomial
        >>> at_size_of(Multinomial()(torch.zeros(1, 2, 1)), torch.tensor([[5.0, 1.0]])).mean
        tensor([[3., 3.]])
    """
    return p.at(x.sum(dim=-1)) if isinstance(p, Sized) else p
