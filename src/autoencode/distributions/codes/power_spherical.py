r"""Codes on the unit sphere."""

__all__ = ["HypersphericalUniform", "PowerSpherical", "PowerSphericalDistribution"]

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Beta, Distribution, constraints, register_kl
from torch.nn.functional import normalize, softplus

from ...common.checks.ranges import check_above
from ...networks import Network
from ..base import Family

_LARGEST_COSINE = 1 - 1e-6  # keeps densities and derivatives finite at the poles


class HypersphericalUniform(Distribution):
    r"""Uniform distribution on the unit sphere of vectors.

    .. math:: p(z) = \frac{\Gamma(D / 2)}{2 \pi^{D / 2}}, \qquad \| z \| = 1

    Arguments:
        z: A vector of the size, type and device of a sample, with shape `(D,)`.

    Example:
        >>> HypersphericalUniform(torch.zeros(2)).log_prob(torch.tensor([1.0, 0.0])).exp()
        tensor(0.1592)
    """

    arg_constraints: ClassVar[dict] = {}
    support = constraints.real_vector

    def __init__(self, z: Tensor) -> None:
        super().__init__(event_shape=z.shape, validate_args=False)

        D = len(z)
        self.z = z
        self.log_area = math.log(2) + D / 2 * math.log(math.pi) - math.lgamma(D / 2)

    def sample(self, sample_shape: Size = Size()) -> Tensor:
        return normalize(torch.randn(*sample_shape, *self.z.shape).to(self.z), dim=-1)

    def log_prob(self, value: Tensor) -> Tensor:
        return value.new_full(value.shape[:-1], -self.log_area)


class PowerSphericalDistribution(Distribution):
    r"""Distribution on the unit sphere around a direction.

    .. math:: p(z) = \frac{(1 + \mu^\top z)^\kappa}{2^{\alpha + \beta} \pi^\beta}
        \frac{\Gamma(\alpha + \beta)}{\Gamma(\alpha)}, \qquad
        \alpha = \beta + \kappa, \quad \beta = \frac{D - 1}{2}

    The density is with respect to the area of the sphere. The cosine :math:`\mu^\top z` of a
    sample is :math:`2 t - 1` with :math:`t \sim \mathrm{Beta}(\alpha, \beta)`. `mean` is the
    direction :math:`\mu`, the point of the sphere that is nearest to the mean of the vectors.

    Arguments:
        loc: The directions :math:`\mu`, vectors of norm one with shape `(*, D)`.
        concentration: The concentrations :math:`\kappa \geq 0`, with shape `(*)`.

    Example:
        >>> q = PowerSphericalDistribution(torch.tensor([0.0, 1.0]), torch.tensor(3.0))
        >>> q.sample((5,)).norm(dim=1).round(decimals=3)
        tensor([1., 1., 1., 1., 1.])
    """

    arg_constraints: ClassVar[dict] = {}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Tensor, concentration: Tensor) -> None:
        super().__init__(concentration.shape, loc.shape[-1:], validate_args=False)

        self.loc = loc
        self.concentration = concentration
        self.beta = (loc.shape[-1] - 1) / 2
        self.alpha = self.beta + concentration

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        a, b, squares = self.alpha[..., None], self.beta, self.loc.square()
        cosine = (a - b) / (a + b)
        along = cosine.square() + 4 * a * b / ((a + b).square() * (a + b + 1))
        return along * squares + (1 - along) / (2 * b) * (1 - squares) - cosine.square() * squares

    def rsample(self, sample_shape: Size = Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        t = Beta(self.alpha, torch.full_like(self.alpha, self.beta), validate_args=False)
        cosine = (2 * t.rsample(sample_shape) - 1).clamp(-_LARGEST_COSINE, _LARGEST_COSINE)
        cosine = cosine[..., None]

        v = torch.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        v = normalize(v - (v * self.loc).sum(dim=-1, keepdim=True) * self.loc, dim=-1)

        return cosine * self.loc + (1 - cosine.square()).sqrt() * v

    def log_prob(self, value: Tensor) -> Tensor:
        cosine = (self.loc * value).sum(dim=-1).clamp(min=-_LARGEST_COSINE)
        return self.concentration * cosine.log1p() - self._log_normalizer().to(cosine)

    def entropy(self) -> Tensor:
        a, b = self.alpha.double(), self.beta
        log_power = math.log(2) + torch.digamma(a) - torch.digamma(a + b)  # E[log(1 + cosine)]
        entropy = self._log_normalizer() - self.concentration.double() * log_power

        return entropy.to(self.concentration)

    def _log_normalizer(self) -> Tensor:
        a, b = self.alpha.double(), self.beta  # differences of large logarithms
        constant = (a + b) * math.log(2) + b * math.log(math.pi)

        return constant + torch.lgamma(a) - torch.lgamma(a + b)


@register_kl(PowerSphericalDistribution, HypersphericalUniform)
def _kl_to_uniform(q: PowerSphericalDistribution, p: HypersphericalUniform) -> Tensor:
    return p.log_area - q.entropy()


class PowerSpherical(Family):
    r"""Distributions on the unit sphere, whose codes are directions.

    .. math:: q(z \mid x) \propto (1 + \mu^\top z)^\kappa, \qquad \| z \| = 1, \quad
        \kappa = 2 / \sigma^2, \quad \sigma = \sigma_0 + \log(1 + e^s)

    The direction :math:`\mu` is normalized, and :math:`s` is the mean of the second raw parameter.
    A code of :math:`D` numbers has :math:`D - 1` degrees of freedom. In each of them, codes spread
    by about :math:`\sigma` radians around the direction. The rate is the divergence from the
    uniform distribution, in closed form: an uninformative code costs nothing, and no code is
    pulled toward a center.

    References:
        | The Power Spherical distribution (De Cao & Aziz, 2020)
        | https://arxiv.org/abs/2006.04437

    Arguments:
        min_scale: The smallest spread :math:`\sigma_0 > 0`.

    Raises:
        ValueError: If the smallest spread is not positive, or a code has a single number.

    See Also:
        :class:`~autoencode.distributions.Gaussian`, :class:`~autoencode.priors.Reference`

    Example:
        >>> q = PowerSpherical()(torch.tensor([[[3.0, 0.0], [4.0, 0.0]]]))
        >>> q.mean
        tensor([[0.6000, 0.8000]])
    """

    n_params = 2
    has_reference = True

    def __init__(self, min_scale: float = 1e-2) -> None:
        super().__init__()

        check_above(0, min_scale=min_scale)

        self.min_scale = min_scale

    def build(self, network: Network | None, event: Sequence[int]) -> "PowerSpherical":
        if event[0] < 2:
            raise ValueError(
                "PowerSpherical() has codes on the unit sphere, which need at least two numbers,"
                f" got {event[0]}. Choose a larger latent_dim."
            )

        return self

    def forward(self, phi: Tensor) -> PowerSphericalDistribution:
        scale = self.min_scale + softplus(phi[..., 1].mean(dim=-1))
        return PowerSphericalDistribution(normalize(phi[..., 0], dim=-1), 2 / scale.square())

    def project(self, z: Tensor) -> Tensor:
        return normalize(z, dim=-1)

    def reference(self, z: Tensor) -> HypersphericalUniform:
        return HypersphericalUniform(z)
