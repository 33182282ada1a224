r"""Mixture of Gaussians around the codes of training examples."""

__all__ = ["ExemplarMixture", "ExemplarPrior"]

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn as nn
from torch import Size, Tensor
from torch.distributions import Distribution, constraints, register_kl
from torch.distributions.constraints import Constraint

from ...common.checks.ranges import check_at_least
from .inputs import PriorOfInputs

_SAME = 1e-3  # distance of two codes of one example, in units of the scale


class ExemplarMixture(Distribution):
    r"""Mixture of Gaussians with one scale and equal weights.

    .. math:: p(z) = \frac{1}{M} \sum_{m=1}^M \mathcal{N}(z \mid \mu_m, \sigma^2 I)

    In the divergence of a posterior from it, the component at the mean of the posterior is left
    out, which is that of the same example. The divergence is estimated from one sample.

    Arguments:
        loc: The means, with shape `(M, D)`.
        scale: The scale, a tensor without dimensions.

    Example:
        >>> p = ExemplarMixture(torch.zeros(1, 2), torch.tensor(1.0))
        >>> (p.log_prob(torch.zeros(2)) + math.log(2 * math.pi)).abs() < 1e-6
        tensor(True)
    """

    arg_constraints: ClassVar[dict[str, Constraint]] = {}
    support = constraints.real_vector

    def __init__(self, loc: Tensor, scale: Tensor) -> None:
        super().__init__(event_shape=loc.shape[1:], validate_args=False)

        self.loc = loc
        self.scale = scale

    @property
    def mean(self) -> Tensor:
        return self.loc.mean(dim=0)

    @property
    def variance(self) -> Tensor:
        return self.loc.var(dim=0, correction=0) + self.scale.square()

    def log_prob(self, value: Tensor) -> Tensor:
        return self._components(value).logsumexp(dim=-1) - math.log(len(self.loc))

    def log_prob_of_others(self, value: Tensor, own: Tensor) -> Tensor:
        r"""Returns log-densities under all components but those at the vectors `own`."""
        with torch.no_grad():
            same = torch.cdist(own, self.loc) < _SAME * self.scale
            same &= ~same.all(dim=-1, keepdim=True)  # one component is left, at least

        log_p = self._components(value).masked_fill(same, -torch.inf).logsumexp(dim=-1)
        return log_p - (~same).sum(dim=-1).to(log_p).log()

    def sample(self, sample_shape: Size | Sequence[int] = Size()) -> Tensor:
        with torch.no_grad():
            n = math.prod(sample_shape)
            loc = self.loc[torch.randint(len(self.loc), (n,), device=self.loc.device)]
            z = loc + self.scale * torch.randn(loc.shape).to(loc)

        return z.reshape(*sample_shape, *self.event_shape)

    def _components(self, z: Tensor) -> Tensor:
        squares = (z[..., None, :] - self.loc).square().sum(dim=-1)
        constant = z.shape[-1] * (self.scale.log() + 0.5 * math.log(2 * math.pi))
        return -0.5 * squares / self.scale.square() - constant


@register_kl(Distribution, ExemplarMixture)
def _kl_from_others(q: Distribution, p: ExemplarMixture) -> Tensor:
    z = q.rsample()
    return q.log_prob(z) - p.log_prob_of_others(z, q.mean)


class ExemplarPrior(PriorOfInputs):
    r"""Mixture of Gaussians around the codes of training examples, learned with the model.

    .. math:: p(z) = \frac{1}{M} \sum_{m=1}^M
        \mathcal{N} \big( z \mid \mu_\phi(x_m), \sigma^2 I \big)

    The means are those of the posteriors of :math:`M` exemplars :math:`x_m`, by the encoder
    itself, and the scale :math:`\sigma` is learned. New examples are variations of exemplars. An
    example is not its own exemplar: in the rate, the component at its own code is left out. Each
    step encodes the exemplars, too, which costs as much as :math:`M` further examples. Unlike
    :class:`~autoencode.priors.VampPrior`, whose pseudo-inputs are learned, the model keeps
    examples of the training set: **its file contains them.**

    References:
        | Exemplar VAE: Linking Generative Models, Nearest Neighbor Retrieval, and Data
          Augmentation (Norouzi et al., 2020)
        | https://arxiv.org/abs/2004.04795

    Arguments:
        n_exemplars: The number :math:`M` of exemplars, evenly spaced in the training set; at most
            1,024 are available.

    Raises:
        ValueError: If there are fewer than two exemplars, the codes have no density, or the
            examples are symbols, such as texts.

    See Also:
        :class:`~autoencode.priors.VampPrior`, :class:`~autoencode.priors.KernelDensity`

    Example:
        >>> import autoencode as ae
        >>> ae.vae(2, prior=ExemplarPrior(n_exemplars=100)).prior
        ExemplarPrior(n_exemplars=100)
    """

    refusal_of_posterior = (
        "ExemplarPrior() is learned with the model, by its rate, and codes of"
        " {family} have no density. Use posterior=Gaussian(), or prior=KernelDensity()."
    )
    refusal_of_examples = (
        "ExemplarPrior() keeps numbers as exemplars, and the examples are symbols. Use"
        " prior=Mixture() for such data."
    )
    exemplars: Tensor
    contexts: Tensor

    def __init__(self, n_exemplars: int = 256) -> None:
        super().__init__()

        check_at_least(2, n_exemplars=n_exemplars)

        self.n_exemplars = n_exemplars

    def build(self, latent_dim: int) -> "ExemplarPrior":
        (encoder,) = self.attached
        M = self.n_exemplars
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.register_buffer("exemplars", torch.zeros(M, *encoder.shape))

        if self.context:
            self.register_buffer("contexts", torch.zeros(M, self.context))

        return self

    def forward(self) -> ExemplarMixture:
        return ExemplarMixture(self.posteriors().mean, self.log_scale.exp())

    def inputs(self) -> tuple[Tensor, Tensor | None]:
        return self.exemplars, self.contexts if self.context else None
