r"""Reconstruction with a decoder that keeps angles and relative lengths."""

__all__ = ["Isometric"]

from collections.abc import Callable

import torch
from torch import Tensor

from ...common.checks.ranges import check_at_least
from ...common.schedules import WeightSchedule, check_weights
from ...distributions import Dirac
from ...models.latent import Model
from ..base import Loss, Objective, penalty_weight


class Isometric(Objective):
    r"""Reconstruction, with a penalty on the distortion of lengths by the decoder.

    .. math:: -\log p(x \mid z) + \lambda \left( D \,
        \frac{\mathbb{E}_z [\mathrm{tr} \, H(z)^2]}{\mathbb{E}_z [\mathrm{tr} \, H(z)]^2} - 1
        \right), \qquad H = J^\top J

    :math:`J` is the Jacobian of the reconstruction at :math:`z`. The penalty is zero if and only
    if the decoder is an isometry up to one factor: distances between neighboring codes are then
    proportional to distances between reconstructions. The means are taken over random points on
    the lines through pairs of codes of a minibatch. The traces are estimated from one random probe
    per point, as in the paper.

    References:
        | Regularized Autoencoders for Isometric Representation Learning (Lee et al., 2022),
          equation 11
        | https://openreview.net/forum?id=mQxt8l7JL04

    Arguments:
        weight: The weight :math:`\lambda \geq 0`; by default the number of elements of an example.
        margin: The largest distance of a point beyond its pair of codes, relative to their
            distance.

    Raises:
        ValueError: If the weight is negative.

    See Also:
        :class:`~autoencode.objectives.Contractive`, :func:`~autoencode.manifold.decoder_jacobian`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = Isometric(weight=1.0)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['distortion', 'isometry', 'total']
    """

    couples_examples = True
    posterior = Dirac

    def __init__(self, weight: float | WeightSchedule | None = None, margin: float = 0.2) -> None:
        super().__init__()

        check_weights(weight=weight)
        check_at_least(0, margin=margin)

        self.weight = weight
        self.margin = margin

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        z = model.encode(x).rsample()
        distortion = -model.decode(z).log_prob(target)

        share = torch.rand_like(z[:, :1]) * (1 + 2 * self.margin) - self.margin
        codes = z.detach()
        partners = codes[torch.randperm(len(z), device=z.device)]
        mixed = codes + share * (partners - codes)
        penalty = isometric_distortion(lambda code: model.decode(code).mean, mixed)
        weight = penalty_weight(self.current(self.weight), target)

        return Loss(distortion + weight * penalty, {"distortion": distortion, "isometry": penalty})


def isometric_distortion(decode: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    r"""Relative distortion of lengths by a decoder: zero for an isometry up to one factor.

    .. math:: D \, \frac{\mathbb{E} [\mathrm{tr} \, H^2]}{\mathbb{E} [\mathrm{tr} \, H]^2} - 1
        \approx D \, \frac{\mathbb{E} \| J^\top J v \|^2}{(\mathbb{E} \| J v \|^2)^2} - 1,
        \qquad v \sim \mathcal{N}(0, I)

    Arguments:
        decode: A differentiable map from codes `(B, D)` to outputs `(B, *)`.
        z: The codes, with shape `(B, D)`.

    Returns:
        The estimate, with shape `()`.

    Example:
        >>> turn = torch.linalg.qr(torch.randn(5, 5)).Q[:2]
        >>> found = isometric_distortion(lambda z: 3 * z @ turn, torch.randn(20000, 2))
        >>> bool(found.abs() < 0.1)
        True
    """
    with torch.enable_grad():  # the penalty needs derivatives, also in validation
        z = z.detach().requires_grad_()
        v = torch.randn_like(z)
        x = decode(z)

        # J' u is linear in u, so that its derivative in the direction v is J v
        u = torch.zeros_like(x, requires_grad=True)
        (uJ,) = torch.autograd.grad(x, z, u, create_graph=True)
        (Jv,) = torch.autograd.grad(uJ, u, v, create_graph=True)
        (JJv,) = torch.autograd.grad(x, z, Jv, create_graph=True)

    trace, trace_of_square = Jv.square().sum() / len(z), JJv.square().sum() / len(z)
    return z.shape[1] * trace_of_square / trace.square() - 1
