r"""Contractive autoencoders."""

__all__ = ["Contractive"]

from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Distribution

from ..common.schedules import WeightSchedule, check_weights
from ..distributions import Dirac
from ..models.latent import LatentModel, Model
from .base import Loss, Objective

_SMALLEST_SHARE = 0.1  # of the mean variance
_SMALLEST_VARIANCE = 1e-12  # also avoids division by zero where a probability is zero or one


class Contractive(Objective):
    r"""Reconstruction, with a penalty on the sensitivity of the reconstruction to the data.

    .. math:: -\log p(x \mid z) + \frac{\lambda}{2} \, \| J \|_F^2, \qquad
        J_{ij} = \frac{s_j}{\sigma_i(z)} \, \frac{\partial \mu_i(f(x))}{\partial x_j}

    where :math:`z = f(x)`, :math:`\mu_i` and :math:`\sigma_i` are the mean and the standard
    deviation of :math:`p(x_i \mid z)`, and :math:`s_j` is the standard deviation of :math:`x_j` in
    the training examples. It is one for the columns of a table of numbers, and less for
    intensities of images and for levels of categories. To second order, this is the expected loss
    of a denoising autoencoder under Gaussian noise of variance :math:`\lambda s_j^2`, except for
    terms that multiply residuals by the curvature of :math:`f` and of the decoder. For affine
    networks the two are equal. A constant number counts as if it had a tenth of the mean variance.

    Rifai et al. penalize :math:`\partial f / \partial x`, the Jacobian of the code. Unless weights
    are tied, the decoder can undo any scale of the code. Such a penalty shrinks the code, but does
    not contract the reconstruction. The Jacobian of the reconstruction does not depend on the
    parametrization of the code: it can only fall where the reconstruction ignores a direction of
    the data.

    The squared norm is exact for codes of up to `max_exact_dim` numbers. Each number costs a
    product with the Jacobian of the encoder and one with that of the decoder. For larger codes the
    norm is estimated without bias from a single probe per example,
    :math:`\| J \|_F^2 = \mathbb{E} \, \| v^\top J \|^2` for random signs :math:`v`.

    References:
        | Contractive Auto-Encoders: Explicit Invariance During Feature Extraction
          (Rifai et al., 2011)
        | https://icml.cc/2011/papers/455_icmlpaper.pdf

        | What Regularized Auto-Encoders Learn from the Data-Generating Distribution
          (Alain & Bengio, 2014), for the Jacobian of the reconstruction
        | https://arxiv.org/abs/1211.4246

        | A stochastic estimator of the trace of the influence matrix (Hutchinson, 1989)
        | https://doi.org/10.1080/03610918908812806

    Arguments:
        weight: The weight :math:`\lambda \geq 0`: the variance of the noise to ignore, as a share
            of the variance of each number.
        max_exact_dim: The largest code for which the norm is exact.

    Raises:
        ValueError: If the data are discrete, such as texts, and have no derivatives.

    See Also:
        :func:`~autoencode.recipes.contractive`, :func:`~autoencode.manifold.tangent_penalty`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = Contractive(weight=0.5)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['contraction', 'distortion', 'total']
    """

    posterior = Dirac

    spread: Tensor | None

    def __init__(self, weight: float | WeightSchedule = 0.1, max_exact_dim: int = 4) -> None:
        super().__init__()

        check_weights(weight=weight)

        self.weight = weight
        self.max_exact_dim = max_exact_dim
        self.register_buffer("spread", None)  # of the training examples; one without them

    def build(self, model: LatentModel, n_examples: int = 1) -> "Contractive":
        self.spread = torch.ones(model.encoder.shape)
        return super().build(model, n_examples)

    @torch.no_grad()
    def start(self, examples: Callable[[], Tensor]) -> None:
        x = examples()
        mean = x.nanmean(dim=0)
        variance = (x - mean).square().nanmean(dim=0).nan_to_num(0.0)
        variance = variance.clamp(min=_SMALLEST_SHARE * float(variance.mean()))
        self.spread = torch.where(variance > 0, variance.sqrt(), 1.0)

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        with torch.enable_grad():  # the penalty needs a gradient, also in validation
            x = x.detach().requires_grad_()
            z = model.encode(x).mean
            p = model.decode(z)
            scale = _variance(p).clamp(min=_SMALLEST_VARIANCE).rsqrt()

            if z.shape[-1] <= self.max_exact_dim:
                squares = _exact_squares(x, z, p.mean, scale, self.spread)
            else:
                v = scale * (torch.randint_like(scale, 2) * 2 - 1)
                (vJ,) = torch.autograd.grad(p.mean, x, v, create_graph=True)
                vJ = vJ if self.spread is None else vJ * self.spread
                squares = vJ.square().flatten(start_dim=1).sum(dim=1)

        distortion, contraction = -p.log_prob(target), squares / 2

        return Loss(
            distortion + self.current(self.weight) * contraction,
            {"distortion": distortion, "contraction": contraction},
        )


def _variance(p: Distribution) -> Tensor:
    try:
        return p.variance
    except NotImplementedError:
        raise ValueError(
            "the reconstruction has no gradient with respect to the data, which are discrete. Use"
            " ae.denoising(...) for them (command line: --recipe denoising)."
        ) from None


def _exact_squares(
    x: Tensor, z: Tensor, mean: Tensor, scale: Tensor, spread: Tensor | None
) -> Tensor:
    r"""Returns the trace of :math:`J_f J_f^\top J_g^\top J_g`, with shape `(B,)`."""
    directions = torch.eye(z.shape[1]).to(z)[:, None].expand(-1, *z.shape)
    rows = [torch.autograd.grad(z, x, v, create_graph=True)[0] for v in directions]
    rows = rows if spread is None else [row * spread for row in rows]

    # J_g' u is linear in u, and the transpose of that map is J_g
    u = torch.zeros_like(mean, requires_grad=True)
    (uJ,) = torch.autograd.grad(mean, z, u, create_graph=True)
    columns = [scale * torch.autograd.grad(uJ, u, v, create_graph=True)[0] for v in directions]

    F, G = (torch.stack(parts, dim=1).flatten(start_dim=2) for parts in (rows, columns))
    return ((F @ F.mT) * (G @ G.mT)).sum(dim=(1, 2))
