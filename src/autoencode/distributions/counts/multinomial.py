r"""Multinomial distributions of the counts of an example."""

__all__ = ["Multinomial"]

from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints

from ...common.checks.ranges import check_above
from ...networks import Network
from ..base import Family
from .sizes import Sized, check_row

_DRAWN = 2**22  # draws at once


class MultinomialCounts(Sized):
    r"""Counts of categories among as many draws as the size says.

    Arguments:
        logits: The logits of the categories, with shape `(*, D)`.
        size: The reference size, with shape `()` or `(*)`.
    """

    def __init__(self, logits: Tensor, size: Tensor) -> None:
        super().__init__(size, logits.shape[:-1], logits.shape[-1])

        self.log_share = logits.log_softmax(dim=-1)

    @property
    def mean(self) -> Tensor:
        return self.size[..., None] * self.log_share.exp()

    @property
    def variance(self) -> Tensor:
        r"""The variances of the counts, which are not independent."""
        return self.mean * (1 - self.log_share.exp())

    def at(self, size: Tensor) -> "MultinomialCounts":
        return MultinomialCounts(self.log_share, size)

    def log_prob(self, value: Tensor) -> Tensor:
        orders = torch.lgamma(value.sum(dim=-1) + 1) - torch.lgamma(value + 1).sum(dim=-1)
        return orders + (value * self.log_share).sum(dim=-1)

    @torch.no_grad()
    def sample(self, sample_shape: Size = Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        share = self.log_share.exp().expand(shape).reshape(-1, shape[-1])
        sizes = self.size.expand(shape[:-1]).reshape(-1).round().long()
        most = max(1, int(sizes.max())) if len(sizes) else 1
        x = torch.zeros_like(share)

        for rows in torch.arange(len(x), device=x.device).split(max(1, _DRAWN // most)):
            drawn = torch.multinomial(share[rows], most, replacement=True)
            counts = torch.arange(most, device=x.device) < sizes[rows, None]
            x[rows] = x[rows].scatter_add(1, drawn, counts.to(x))

        return x.reshape(shape)

    def expand(
        self, batch_shape: Size, _instance: Distribution | None = None
    ) -> "MultinomialCounts":
        size = self.size.expand(batch_shape) if self.size.ndim else self.size
        return MultinomialCounts(self.log_share.expand(*batch_shape, -1), size)


class Multinomial(Family):
    r"""Multinomial distributions of the counts of an example given their total.

    .. math:: \log p(x \mid \ell) = \log \ell! - \sum_j \log x_j! + \sum_j x_j \log \pi_j, \qquad
        \pi = \mathrm{softmax}(\phi), \qquad \ell = \sum_j x_j

    The features compete for the total, which suits rankings, such as recommendations. Numbers of
    at least zero that are not whole are accepted, as ratings in half stars. `log_prob` is then a
    weighted cross-entropy and not a log-probability.

    References:
        | Variational Autoencoders for Collaborative Filtering (Liang et al., 2018)
        | https://arxiv.org/abs/1802.05814

    Arguments:
        size: The total of means and new examples, by which examples are compared;
            :class:`~autoencode.modalities.Counts` fills in the median, and otherwise it is one.

    Raises:
        ValueError: If the size is not positive.

    See Also:
        :class:`~autoencode.distributions.SizeFactor`, :func:`~autoencode.recipes.vae`

    Example:
        >>> p = Multinomial()(torch.zeros(2, 1))
        >>> p.log_prob(torch.tensor([1.0, 2.0])).exp()  # 3 / 2 ** 3
        tensor(0.3750)
    """

    n_params = 1
    support = constraints.nonnegative
    support_text = "counts or ratings, numbers from 0 on"
    remedy = "Give the counts neither scaled nor centered, or use SharedGaussian()."
    discrete = True
    elementwise = False

    def __init__(self, size: float | None = None) -> None:
        super().__init__()

        check_above(0, size=size)

        self.size = size

    def build(self, network: Network | None, event: Sequence[int]) -> "Multinomial":
        check_row(self, event)
        return self

    def forward(self, phi: Tensor) -> MultinomialCounts:
        return MultinomialCounts(phi.squeeze(dim=-1), phi.new_tensor(self.size or 1.0))
