r"""Categorical codes."""

__all__ = ["CategoricalCodes", "GumbelSoftmax"]

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints, register_kl
from torch.nn.functional import one_hot

from ...common.checks.ranges import check_at_least
from ...common.schedules import WeightSchedule, check_positive
from ...networks import Network
from ..base import Family


class CategoricalCodes(Distribution):
    r"""Distribution of one-hot encoded categories, exact or relaxed.

    With a temperature :math:`\tau` the vectors are relaxed: they lie in the simplex, near its
    corners if :math:`\tau` is small, and have the density of the concrete distribution,

    .. math:: z = \mathrm{softmax} \big( (\log \pi + g) / \tau \big), \qquad
        g_k \sim \mathrm{Gumbel}(0, 1)

    Without a temperature, they are one-hot and have probabilities. The mean is :math:`\pi`.

    Arguments:
        logits: Logits of the probabilities :math:`\pi`, with shape `(*, G, K)` for :math:`G`
            categories of :math:`K` levels. A code is the concatenation of their vectors.
        temperature: The temperature :math:`\tau`, or `None`.

    Example:
        >>> CategoricalCodes(torch.tensor([[9.0, -9.0], [-9.0, 9.0]])).sample()
        tensor([1., 0., 0., 1.])
    """

    arg_constraints: ClassVar[dict] = {}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, logits: Tensor, temperature: float | Tensor | None = None) -> None:
        shape = logits.shape
        super().__init__(shape[:-2], Size([shape[-2] * shape[-1]]), validate_args=False)

        self.log_pi = logits.log_softmax(dim=-1)
        self.temperature = temperature

    @property
    def mean(self) -> Tensor:
        return self.log_pi.exp().flatten(start_dim=-2)

    @property
    def variance(self) -> Tensor:
        return self.mean * (1 - self.mean)

    @property
    def index(self) -> Tensor:
        r"""The most probable levels, with shape `(*, G)`."""
        return self.log_pi.argmax(dim=-1)

    def rsample(self, sample_shape: Size = Size()) -> Tensor:
        shape = *sample_shape, *self.log_pi.shape
        e = torch.empty(shape, dtype=self.log_pi.dtype, device=self.log_pi.device).exponential_()
        noisy = self.log_pi - e.clamp(min=torch.finfo(e.dtype).tiny).log()

        if self.temperature is None:
            z = one_hot(noisy.argmax(dim=-1), noisy.shape[-1]).to(noisy)
        else:
            z = (noisy / self.temperature).softmax(dim=-1)

        return z.flatten(start_dim=-2)

    def log_prob(self, value: Tensor) -> Tensor:
        K, t = self.log_pi.shape[-1], self.temperature
        value = value.unflatten(-1, (-1, K))

        if t is None:
            return (self.log_pi * value).sum(dim=(-2, -1))

        log_z = value.clamp(min=torch.finfo(value.dtype).tiny).log()
        inner = (self.log_pi - t * log_z).logsumexp(dim=-1)
        log_p = (self.log_pi - (t + 1) * log_z).sum(dim=-1) - K * inner

        log_t = t.log() if isinstance(t, Tensor) else math.log(t)

        return (log_p + math.lgamma(K) + (K - 1) * log_t).sum(dim=-1)


@register_kl(CategoricalCodes, CategoricalCodes)
def _kl_of_categories(q: CategoricalCodes, p: CategoricalCodes) -> Tensor:
    return (q.log_pi.exp() * (q.log_pi - p.log_pi)).sum(dim=(-2, -1))


class GumbelSoftmax(Family):
    r"""Categories, with samples that are relaxed in training so that they have a gradient.

    .. math:: z_g = \mathrm{softmax} \big( (\phi_g + g) / \tau \big), \qquad
        g_k \sim \mathrm{Gumbel}(0, 1)

    A code of :math:`D` numbers consists of :math:`D / K` categories of :math:`K` levels. After the
    training, and for held-out examples, codes are one-hot, so that densities are those of the
    discrete model. `transform` returns the probabilities of the levels, and
    `transform(X, indices=True)` the most probable ones. The rate is the divergence of the
    probabilities from uniform ones, in closed form. A low temperature is nearer to the discrete
    model, and its gradients are noisier. With a schedule it may fall during the training:
    `temperature=ExponentialSchedule(end=0.5)` from :mod:`autoencode.objectives`.

    References:
        | Categorical Reparameterization with Gumbel-Softmax (Jang et al., 2017)
        | https://arxiv.org/abs/1611.01144

        | The Concrete Distribution (Maddison et al., 2017), for the density
        | https://arxiv.org/abs/1611.00712

    Arguments:
        n_categories: The number :math:`K \geq 2` of levels of a category, a divisor of the size of
            the code; by default the largest one up to ten.
        temperature: The temperature :math:`\tau > 0`, a number or a schedule.

    Raises:
        ValueError: If an argument is out of its range, or `n_categories` does not divide the code.

    See Also:
        :class:`~autoencode.distributions.StraightThroughBernoulli`,
        :class:`~autoencode.distributions.VectorQuantizer`, :class:`~autoencode.priors.Reference`

    Example:
        >>> family = GumbelSoftmax(n_categories=3).build(None, (6,)).eval()
        >>> family(torch.zeros(1, 6, 1)).sample().sum()
        tensor(2.)
    """

    n_params = 1
    has_reference = True
    finite = True

    progress: Tensor
    r"""The completed fraction of the training, with shape `()`; one outside of a training."""

    def __init__(
        self, n_categories: int | None = None, temperature: float | WeightSchedule = 0.67
    ) -> None:
        super().__init__()

        check_at_least(2, n_categories=n_categories)
        check_positive(temperature=temperature)

        self.n_categories = n_categories
        self.temperature = temperature
        self.register_buffer("progress", torch.ones(()), persistent=False)

    def build(self, network: Network | None, event: Sequence[int]) -> "GumbelSoftmax":
        D, K = event[0], self._levels(event[0])

        if K < 2 or D % K:
            raise ValueError(
                f"expected a code size that is a multiple of {self.n_categories or 'two to ten'},"
                f" the number of levels of a category, got {D}. Choose another latent_dim, or"
                " another n_categories."
            )

        return self

    def forward(self, phi: Tensor) -> CategoricalCodes:
        return self._codes(phi.squeeze(dim=-1))

    def project(self, z: Tensor) -> Tensor:
        return self.values(self.indices(z), z.shape[-1]).to(z)

    def index_shape(self, D: int) -> tuple[int, int]:
        return D // self._levels(D), self._levels(D)

    def indices(self, z: Tensor) -> Tensor:
        return z.unflatten(-1, (-1, self._levels(z.shape[-1]))).argmax(dim=-1)

    def values(self, index: Tensor, D: int) -> Tensor:
        z = one_hot(index, self._levels(D)).to(torch.get_default_dtype())
        return z.flatten(start_dim=-2)

    def reference(self, z: Tensor) -> CategoricalCodes:
        return self._codes(torch.zeros_like(z))

    def _codes(self, logits: Tensor) -> CategoricalCodes:
        logits = logits.unflatten(-1, (-1, self._levels(logits.shape[-1])))

        if not self.training:
            return CategoricalCodes(logits)

        t = self.temperature
        return CategoricalCodes(logits, t(self.progress) if isinstance(t, WeightSchedule) else t)

    def _levels(self, D: int) -> int:
        if self.n_categories is None:
            return next((k for k in range(10, 1, -1) if D % k == 0), 1)

        return min(self.n_categories, D)
