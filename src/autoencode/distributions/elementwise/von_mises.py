r"""Von Mises distributions, for angles."""

__all__ = ["VonMises"]

import math

import torch
import torch.distributions as td
from torch import Tensor
from torch.distributions import constraints

from ...common.checks.ranges import check_above
from ..base import Family, saturate


class _AccurateVonMises(td.VonMises):
    r"""Von Mises distribution whose density is accurate for high concentrations."""

    def log_prob(self, value: Tensor) -> Tensor:
        kappa = self.concentration
        fall = -2 * torch.sin((value - self.loc) / 2).square()  # cos(x - mu) - 1, not rounded
        return kappa * fall - torch.special.i0e(kappa).log() - math.log(2 * math.pi)


class VonMises(Family):
    r"""Von Mises distributions of angles in radians, of which :math:`\phi` is a vector.

    .. math:: p(x) = \frac{e^{\kappa \cos(x - \mu)}}{2 \pi I_0(\kappa)}, \qquad
        \phi = r (\cos \mu, \sin \mu), \quad \kappa = \frac{r}{1 + r / \kappa_{\max}}

    The density has period :math:`2 \pi`, so that zero and a full turn are the same angle. Samples
    and means lie between :math:`-\pi` and :math:`\pi`. The angles are not scaled, and the encoder
    sees them as they are.

    References:
        | Directional Statistics (Mardia & Jupp, 2000), section 3.5.4
        | https://doi.org/10.1002/9780470316979

    Arguments:
        max_concentration: The largest concentration :math:`\kappa_{\max} > 0`, which keeps the
            density finite where data can be predicted exactly.

    Raises:
        ValueError: If the largest concentration is not positive.

    See Also:
        :class:`~autoencode.distributions.PowerSpherical`

    Example:
        >>> VonMises()(torch.tensor([0.0, 2.0])).mean / torch.pi
        tensor(0.5000)
    """

    n_params = 2
    support = constraints.interval(-2 * math.pi - 1e-6, 2 * math.pi + 1e-6)
    support_text = "angles from -2 pi to 2 pi"
    remedy = "Convert degrees by np.deg2rad(X), or use another likelihood, such as Gaussian()."

    def __init__(self, max_concentration: float = 1e6) -> None:
        super().__init__()

        check_above(0, max_concentration=max_concentration)

        self.max_concentration = max_concentration

    def forward(self, phi: Tensor) -> td.VonMises:
        a, b = phi.unbind(dim=-1)
        squares = a.square() + b.square()
        # The direction of a zero vector is open, and its gradients would not be finite
        flat = squares < torch.finfo(phi.dtype).tiny
        loc = torch.atan2(b, torch.where(flat, 1.0, a))
        r = torch.where(flat, 1.0, squares).sqrt() * ~flat

        return _AccurateVonMises(loc, saturate(r, self.max_concentration), validate_args=False)
