r"""A likelihood of your own: counts, of which more are zero than their mean suggests."""

from typing import ClassVar

import torch
import torch.distributions as td
from torch import Size, Tensor
from torch.distributions import constraints
from torch.nn.functional import logsigmoid, softplus

from autoencode.distributions import Family


class ZeroInflatedCounts(Family):
    r"""Negative binomial counts, each of which is zero with a further probability.

    Fit it to counts as they are, with `modality=Tables(scaling="none")`.

    References:
        | Deep generative modeling for single-cell transcriptomics (Lopez et al., 2018)
        | https://doi.org/10.1038/s41592-018-0229-2
    """

    n_params = 3
    discrete = True
    support = constraints.nonnegative_integer

    def forward(self, phi: Tensor) -> "ZeroInflated":
        mean, shape, zero = phi.unbind(dim=-1)
        mean, shape = softplus(mean) + 1e-4, softplus(shape) + 1e-2
        logits = mean.log() - shape.log()

        return ZeroInflated(td.NegativeBinomial(shape, logits=logits, validate_args=False), zero)


class ZeroInflated(td.Distribution):
    r"""Distribution of counts that are zero with a further probability."""

    arg_constraints: ClassVar[dict] = {}

    def __init__(self, counts: td.Distribution, logit: Tensor) -> None:
        super().__init__(counts.batch_shape, validate_args=False)
        self.counts, self.logit = counts, logit

    def expand(self, batch_shape: Size, _instance: object = None) -> "ZeroInflated":
        return ZeroInflated(self.counts.expand(batch_shape), self.logit.expand(batch_shape))

    @property
    def mean(self) -> Tensor:
        return self.counts.mean * (-self.logit).sigmoid()

    def log_prob(self, x: Tensor) -> Tensor:
        counted = logsigmoid(-self.logit) + self.counts.log_prob(x)
        return torch.where(x == 0, torch.logaddexp(logsigmoid(self.logit), counted), counted)

    def sample(self, shape: Size = Size()) -> Tensor:
        kept = torch.rand(self._extended_shape(shape)) >= self.logit.sigmoid()
        return kept * self.counts.sample(shape)
