r"""Evidence lower bound whose codes follow Hamiltonian dynamics."""

__all__ = ["HVAE"]

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution

from ...common.checks.ranges import check_at_least
from ...distributions import RESOLUTION, Gaussian
from ...models.latent import LatentModel, Model
from ...priors import Mixture
from ..base import Loss, Objective

_GAIN = 10.0  # so that a step of the optimizer moves these few numbers as it moves others


class HVAE(Objective):
    r"""Negative evidence lower bound of codes that leapfrog steps move towards the posterior.

    .. math:: \mathcal{L} = \mathbb{E} \big[ \log p(x, z_K) + \log \mathcal{N}(\rho_K)
        - \log q(z_0 \mid x) - \log \mathcal{N}(\gamma_0) \big], \qquad
        z_0 \sim q(z \mid x), \quad \rho_0 = \gamma_0 / \sqrt{\beta_0}, \quad
        \gamma_0 \sim \mathcal{N}(0, I)

    Each of the :math:`K` steps is

    .. math:: \tilde\rho = \rho_{k-1} + \tfrac{\epsilon}{2} \nabla \log p(x, z_{k-1}), \quad
        z_k = z_{k-1} + \epsilon \tilde\rho, \quad
        \rho_k = \alpha_k \big( \tilde\rho + \tfrac{\epsilon}{2} \nabla \log p(x, z_k) \big)

    with :math:`\alpha_k = \sqrt{\beta_{k-1} / \beta_k}` and the quadratic tempering
    :math:`1 / \sqrt{\beta_k} = (1 - 1 / \sqrt{\beta_0}) \, k^2 / K^2 + 1 / \sqrt{\beta_0}`. Steps
    keep volumes up to :math:`\alpha_k`, so that the bound needs no Jacobian. The sizes
    :math:`\epsilon` of the units and :math:`\beta_0` are learned.

    Each step takes a pass of the decoder with its gradient. Sizes are in units of the standard
    deviations of :math:`q(z \mid x)`, so that they suit examples whose codes are well known; the
    paper has one unit for all. Without steps it is the ELBO. `transform` and `score_samples` use
    :math:`q(z \mid x)`.

    References:
        | Hamiltonian Variational Auto-Encoder (Caterini et al., 2018), algorithm 1
        | https://arxiv.org/abs/1805.11328

    Arguments:
        n_steps: The number :math:`K \geq 0` of steps.
        step_size: The first :math:`\epsilon` of each unit, between 0 and 1.
        inverse_temperature: The first :math:`\beta_0`, above 0 and up to 1. With one, momenta are
            not tempered.

    Raises:
        ValueError: If an argument is out of its range, or the posterior has no standard deviation.

    See Also:
        :class:`~autoencode.objectives.ELBO`, :class:`~autoencode.objectives.IWAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = HVAE(n_steps=2)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'distortion', 'rate', 'total']
    """

    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = Mixture

    def __init__(
        self, n_steps: int = 3, step_size: float = 0.1, inverse_temperature: float = 0.3
    ) -> None:
        super().__init__()

        check_at_least(0, n_steps=n_steps)

        if not 0 < step_size < 1:
            raise ValueError(f"expected step_size between 0 and 1, got {step_size!r}.")

        if not 0 < inverse_temperature <= 1:
            raise ValueError(
                f"expected inverse_temperature above 0 and up to 1, got {inverse_temperature!r}."
            )

        self.n_steps = n_steps
        self.step_size = step_size
        self.inverse_temperature = inverse_temperature

    def build(self, model: LatentModel, n_examples: int = 1) -> "HVAE":
        if self.n_steps:
            self.raw_step = nn.Parameter(torch.zeros(model.encoder.event[0]))

            if self.inverse_temperature < 1:
                self.raw_temperature = nn.Parameter(torch.zeros(()))

        return super().build(model, n_examples)

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q, prior = model.encode(x), model.prior()
        z = q.rsample()
        log_q = q.log_prob(z)

        def log_joint(z: Tensor) -> Tensor:
            return model.decode(z).log_prob(target) + prior.log_prob(z)

        if self.n_steps:
            z, kinetic = self._move(log_joint, z, _scale(q))
        else:
            kinetic = torch.zeros_like(log_q)

        distortion = -model.decode(z).log_prob(target)
        rate = log_q - prior.log_prob(z) + kinetic
        bound = -(distortion + rate)

        return Loss(-bound, {"distortion": distortion, "rate": rate, "bound": bound})

    def _move(
        self, log_joint: Callable[[Tensor], Tensor], z: Tensor, scale: Tensor
    ) -> tuple[Tensor, Tensor]:
        r"""Returns codes after all steps, and what momenta add to the rate, with shape `(B,)`."""
        force = torch.func.grad(lambda z: log_joint(z).sum())
        epsilon = scale * _sigmoid(self.raw_step, self.step_size)
        widths = self._tempering(z)
        start = torch.randn_like(z)

        try:
            rho, gradient = start * widths[0], force(z)
        except RuntimeError as error:
            if "in-place operation" not in str(error):
                raise

            raise ValueError(
                "leapfrog steps differentiate the decoder within a training step, and this one"
                " changes its own state then, as spectral norms and batch norms do. Use another"
                " network, or another objective."
            ) from None

        for before, after in pairwise(widths):
            rho = rho + epsilon / 2 * gradient
            z = z + epsilon * rho
            gradient = force(z)
            rho = (rho + epsilon / 2 * gradient) * after / before

        return z, (rho.square() - start.square()).sum(dim=-1) / 2

    def _tempering(self, z: Tensor) -> Tensor:
        r"""Returns :math:`1 / \sqrt{\beta_k}` for all `k`, with shape `(K + 1,)`."""
        steps = torch.arange(self.n_steps + 1, dtype=z.dtype, device=z.device) / self.n_steps

        if self.inverse_temperature == 1:
            return torch.ones_like(steps)

        first = _sigmoid(self.raw_temperature, self.inverse_temperature).rsqrt()
        return (1 - first) * steps.square() + first


def _sigmoid(raw: Tensor, start: float) -> Tensor:
    r"""Returns numbers between 0 and 1, which are `start` where the raw ones are zero."""
    return (_GAIN * raw + math.log(start / (1 - start))).sigmoid()


def _scale(q: Distribution) -> Tensor:
    try:
        scale = q.stddev
    except (NotImplementedError, ValueError):
        scale = None

    if scale is None:
        raise ValueError(
            "leapfrog steps need the standard deviations of the posterior, and this one has none"
            " in closed form. Use posterior=Gaussian(), or another objective."
        )

    return scale
