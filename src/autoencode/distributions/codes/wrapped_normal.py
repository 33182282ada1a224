r"""Codes in hyperbolic space."""

__all__ = ["WrappedNormal", "WrappedNormalDistribution"]

import math
from typing import ClassVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints
from torch.nn.functional import softplus

from ...common.checks.ranges import check_above, check_at_least
from ..base import RESOLUTION, Family

_LARGEST_NORM = 1 - 1e-5  # a distance of twelve from the origin, in single precision
_SMALLEST_SQUARE = 1e-24


class WrappedNormalDistribution(Distribution):
    r"""Normal distribution in the tangent space of a point, wrapped around the Poincaré ball.

    .. math:: z = \mu \oplus \tanh \Big( \frac{r}{2} \Big) \frac{v}{r}, \qquad
        v \sim \mathcal{N}(0, \mathrm{diag}(\sigma^2)), \quad r = \sqrt{c} \, \| v \|,

    .. math:: \log p(z) = \log \mathcal{N}(v) - (D - 1) \log \frac{\sinh r}{r}

    The density is with respect to the volume of the hyperbolic space, and :math:`\oplus` is Möbius
    addition. `mean` is :math:`\mu`, the point with the least mean squared distance from samples.
    Densities are computed in double precision, because distances grow without bound near the
    boundary of the ball.

    Arguments:
        loc: The points :math:`\mu`, of norm less than :math:`1 / \sqrt{c}`, with shape `(*, D)`.
        scale: The standard deviations :math:`\sigma`, with shape `(*, D)`.
        curvature: The curvature is :math:`-c`.

    Example:
        >>> q = WrappedNormalDistribution(torch.tensor([0.5, 0.0]), torch.ones(2), 1.0)
        >>> q.log_prob(torch.tensor([0.5, 0.0])).exp()  # of a standard normal, at its center
        tensor(0.1592)
    """

    arg_constraints: ClassVar[dict] = {}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Tensor, scale: Tensor, curvature: float) -> None:
        super().__init__(loc.shape[:-1], loc.shape[-1:], validate_args=False)

        self.loc = loc
        self.scale = scale
        self.curvature = curvature

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        raise ValueError(
            "codes in hyperbolic space have no variance in closed form. Use an objective that"
            " needs none, such as ELBO() or DIPVAE(covariance='means')."
        )

    def rsample(self, sample_shape: Size = Size()) -> Tensor:
        shape, c = self._extended_shape(sample_shape), self.curvature
        noise = torch.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        v = (self.scale * noise).double()
        z = _add(self.loc.double(), from_tangent(v, c), c)

        return _inside(z.to(self.loc), c)

    def log_prob(self, value: Tensor) -> Tensor:
        loc, scale, c = self.loc.double(), self.scale.double(), self.curvature
        v = _to_tangent(_add(-loc, value.double(), c), c)
        normal = (v / scale).square() / 2 + scale.log() + math.log(2 * math.pi) / 2
        wrapped = (v.shape[-1] - 1) * _log_sinhc(math.sqrt(c) * _norm(v)).squeeze(dim=-1)

        return (-normal.sum(dim=-1) - wrapped).to(value)


class WrappedNormal(Family):
    r"""Wrapped normal distributions in the Poincaré ball, a model of hyperbolic space.

    .. math:: q(z \mid x) = \mathcal{N}^W(\mu, \mathrm{diag}(\sigma^2)), \qquad
        \mu = \tanh \Big( \frac{\sqrt{c} \, \| \phi_1 \|}{2} \Big)
        \frac{\phi_1}{\sqrt{c} \, \| \phi_1 \|}, \quad \sigma = \sigma_0 + \log(1 + e^{\phi_2})

    Space grows exponentially with the distance from the origin, as a tree does with its depth, so
    that hierarchies fit into few numbers. The prior is the standard wrapped normal distribution
    around the origin, and the rate is estimated from the sampled codes.

    References:
        | A Wrapped Normal Distribution on Hyperbolic Space for Gradient-Based Learning (Nagano et
          al., 2019)
        | https://arxiv.org/abs/1902.02992

        | Continuous Hierarchical Representations with Poincaré Variational Auto-Encoders (Mathieu
          et al., 2019), appendix B
        | https://arxiv.org/abs/1901.06033

    Arguments:
        curvature: The curvature of the space is :math:`-c`, with :math:`c > 0`; near zero it is
            flat.
        min_scale: The smallest standard deviation :math:`\sigma_0 \geq 0`.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.distributions.Gaussian`, :class:`~autoencode.priors.Reference`

    Example:
        >>> q = WrappedNormal()(torch.tensor([[[3.0, 0.0], [4.0, 0.0]]]))
        >>> q.mean.norm() < 1
        tensor(True)
    """

    n_params = 2
    has_reference = True

    def __init__(self, curvature: float = 1.0, min_scale: float = RESOLUTION) -> None:
        super().__init__()

        check_above(0, curvature=curvature)
        check_at_least(0, min_scale=min_scale)

        self.curvature = curvature
        self.min_scale = min_scale

    def forward(self, phi: Tensor) -> WrappedNormalDistribution:
        v, s = phi.unbind(dim=-1)
        loc = from_tangent(v.double(), self.curvature).to(v)
        scale = self.min_scale + softplus(s.contiguous())

        return WrappedNormalDistribution(_inside(loc, self.curvature), scale, self.curvature)

    def project(self, z: Tensor) -> Tensor:
        return _inside(z, self.curvature)

    def reference(self, z: Tensor) -> WrappedNormalDistribution:
        return WrappedNormalDistribution(torch.zeros_like(z), torch.ones_like(z), self.curvature)


def from_tangent(v: Tensor, c: float) -> Tensor:
    r"""Points of the ball at a distance and in a direction from the origin.

    Arguments:
        v: Vectors whose norms are the distances, with shape `(*, D)`.
        c: The curvature is :math:`-c`.

    Example:
        >>> from_tangent(torch.tensor([2.0, 0.0]), 1.0)
        tensor([0.7616, 0.0000])
    """
    r = math.sqrt(c) * _norm(v)
    return (r / 2).tanh() * v / r


def _to_tangent(z: Tensor, c: float) -> Tensor:
    r"""Returns distances and directions from the origin, the reverse of `from_tangent`."""
    r = math.sqrt(c) * _norm(z)
    return 2 * r.clamp(max=1 - 1e-15).atanh() * z / r


def _norm(x: Tensor) -> Tensor:
    return x.square().sum(dim=-1, keepdim=True).clamp(min=_SMALLEST_SQUARE).sqrt()


def _add(x: Tensor, y: Tensor, c: float) -> Tensor:
    r"""Returns the Möbius sum, which moves the origin to `x`."""
    xy = (x * y).sum(dim=-1, keepdim=True)
    xx, yy = x.square().sum(dim=-1, keepdim=True), y.square().sum(dim=-1, keepdim=True)
    new = (1 + 2 * c * xy + c * yy) * x + (1 - c * xx) * y

    return new / (1 + 2 * c * xy + c**2 * xx * yy)


def _inside(z: Tensor, c: float) -> Tensor:
    r"""Returns points, moved away from the boundary of the ball if they are too near."""
    norm = math.sqrt(c) * z.norm(dim=-1, keepdim=True)
    return torch.where(norm > _LARGEST_NORM, z * (_LARGEST_NORM / norm), z)


def _log_sinhc(r: Tensor) -> Tensor:
    r"""Returns the logarithm of :math:`\sinh(r) / r` for positive numbers in double precision."""
    large = r.clamp(min=0.1)
    direct = large + torch.log1p(-(-2 * large).exp()) - (2 * large).log()
    square = r.square().clamp(max=0.01)
    series = square / 6 - square**2 / 180 + square**3 / 2835

    return torch.where(r > 0.1, direct, series)
