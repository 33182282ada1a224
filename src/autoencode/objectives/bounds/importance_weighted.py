r"""Importance-weighted bounds of the evidence."""

__all__ = ["CIWAE", "IWAE", "PIWAE"]

import math
from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from ...common.checks.ranges import check_at_least, check_choice, check_within
from ...distributions import RESOLUTION, Gaussian
from ...models.latent import Model
from ...priors import Mixture
from ..base import Loss, Objective


class IWAE(Objective):
    r"""Negative importance-weighted bound.

    .. math:: -\mathbb{E} \Big[ \log \frac{1}{K} \sum_{k=1}^K w_k \Big], \qquad
        w_k = \frac{p(x \mid z_k) \, p(z_k)}{q(z_k \mid x)}, \quad z_k \sim q(z \mid x)

    For :math:`K = 1` it is the ELBO. The bound rises with :math:`K`, up to :math:`\log p(x)`. With
    more codes, the form of the posterior restricts the decoder less, but the gradient of the
    encoder becomes noisier. `gradient="doubly_reparametrized"` prevents this: the encoder follows

    .. math:: \sum_k \tilde w_k^2 \, \frac{\partial \log w_k}{\partial z_k}
        \frac{\partial z_k}{\partial \phi}, \qquad \tilde w_k = \frac{w_k}{\sum_j w_j}

    Missing cells are not scored. On incomplete rows this is the bound of MIWAE.

    References:
        | Importance Weighted Autoencoders (Burda et al., 2016)
        | https://arxiv.org/abs/1509.00519

        | Doubly Reparameterized Gradient Estimators for Monte Carlo Objectives (Tucker et al.,
          2019), equation 8
        | https://arxiv.org/abs/1810.04152

        | MIWAE: Deep Generative Modelling and Imputation of Incomplete Data Sets
          (Mattei & Frellsen, 2019)
        | https://arxiv.org/abs/1812.02633

    Arguments:
        n_samples: The number :math:`K \geq 1` of codes per example.
        gradient: The estimator of the encoder's gradient.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.ELBO`, :func:`~autoencode.evaluation.log_evidence`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = IWAE(n_samples=4)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'distortion', 'rate', 'total']
    """

    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = Mixture

    def __init__(
        self,
        n_samples: int = 8,
        gradient: Literal["standard", "doubly_reparametrized"] = "doubly_reparametrized",
    ) -> None:
        super().__init__()

        check_at_least(1, n_samples=n_samples)
        check_choice(("standard", "doubly_reparametrized"), gradient=gradient)

        self.n_samples = n_samples
        self.gradient = gradient

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        if self.gradient == "standard":
            draws = _Draws.of(model, x, target, self.n_samples)
            return draws.loss(-_log_mean(draws.log_w))

        scale = _GradientScale()
        draws = _Draws.of(model, x, target, self.n_samples, scale, fixed_posterior=True)
        w = draws.log_w.detach().softmax(dim=0)
        scale.value = w  # the codes' gradient has one factor w from the loss, and one from here

        return draws.loss(_value_of(-_log_mean(draws.log_w), -(w * draws.log_w).sum(dim=0)))


class CIWAE(Objective):
    r"""Combination of the importance-weighted bound and the ELBO.

    .. math:: -\beta \, \mathrm{ELBO} - (1 - \beta) \, \mathrm{IWAE}_K

    References:
        | Tighter Variational Bounds are Not Necessarily Better (Rainforth et al., 2018), eq. 12
        | https://arxiv.org/abs/1802.04537

    Arguments:
        n_samples: The number :math:`K \geq 1` of codes per example.
        beta: The weight of the ELBO, in 0 to 1.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.IWAE`, :class:`~autoencode.objectives.PIWAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = CIWAE(n_samples=4, beta=0.05)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'distortion', 'rate', 'total']
    """

    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = Mixture

    def __init__(self, n_samples: int = 8, beta: float = 0.5) -> None:
        super().__init__()

        check_at_least(1, n_samples=n_samples)
        check_within(0, 1, beta=beta)

        self.n_samples = n_samples
        self.beta = beta

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        draws = _Draws.of(model, x, target, self.n_samples)
        elbo, iwae = draws.log_w.mean(dim=0), _log_mean(draws.log_w)

        return draws.loss(-self.beta * elbo - (1 - self.beta) * iwae)


class PIWAE(Objective):
    r"""Importance-weighted bound for the decoder, and a mean of looser bounds for the encoder.

    The decoder follows the gradient of :math:`\mathrm{IWAE}_{MK}`, the encoder that of

    .. math:: \frac{1}{M} \sum_{m=1}^M \log \frac{1}{K} \sum_{k=1}^K w_{mk}

    whose gradient is less noisy. The loss has the value of :math:`-\mathrm{IWAE}_{MK}`.

    References:
        | Tighter Variational Bounds are Not Necessarily Better (Rainforth et al., 2018), sec. 5
        | https://arxiv.org/abs/1802.04537

    Arguments:
        n_bounds: The number :math:`M \geq 1` of bounds.
        n_samples: The number :math:`K \geq 1` of codes of each bound.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.IWAE`, :class:`~autoencode.objectives.CIWAE`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = PIWAE(n_bounds=2, n_samples=4)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['bound', 'distortion', 'rate', 'total']
    """

    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = Mixture

    def __init__(self, n_bounds: int = 4, n_samples: int = 4) -> None:
        super().__init__()

        check_at_least(1, n_bounds=n_bounds, n_samples=n_samples)

        self.n_bounds = n_bounds
        self.n_samples = n_samples

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        scale = _GradientScale()
        draws = _Draws.of(model, x, target, self.n_bounds * self.n_samples, scale)
        log_w = draws.log_w.detach()

        w = log_w.softmax(dim=0)
        w_encoder = (
            log_w.unflatten(0, (self.n_bounds, self.n_samples)).softmax(dim=1).flatten(0, 1)
            / self.n_bounds
        )
        scale.value = w_encoder / w.clamp(min=torch.finfo(w.dtype).tiny)
        surrogate = (w_encoder * draws.log_q - w * draws.log_p).sum(dim=0)

        return draws.loss(_value_of(-_log_mean(draws.log_w), surrogate))


class _GradientScale:
    r"""Factors for the gradient of codes. They are known only after the codes are decoded."""

    value: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        if z.requires_grad:
            z = z * 1  # so that the factors do not reach other users of the codes
            z.register_hook(self._scaled)

        return z

    def _scaled(self, gradient: Tensor) -> Tensor:
        return gradient * self.value[..., None]


class _Draws(NamedTuple):
    r"""Logs of the joint density and of the posterior of several codes per example."""

    log_p: Tensor
    r""":math:`\log p(x \mid z) + \log p(z)`, with shape `(K, B)`."""

    log_q: Tensor
    r""":math:`\log q(z \mid x)`, with shape `(K, B)`."""

    distortion: Tensor
    r""":math:`-\log p(x \mid z)`, with shape `(K, B)`."""

    @classmethod
    def of(
        cls,
        model: Model,
        x: Tensor,
        target: Tensor,
        n_samples: int,
        scale: Callable[[Tensor], Tensor] = lambda z: z,
        fixed_posterior: bool = False,
    ) -> "_Draws":
        r"""
        Arguments:
            model: The model.
            x: The input of the encoder.
            target: The examples to score.
            n_samples: The number of codes per example.
            scale: Rescales the gradient that codes receive from the joint density.
            fixed_posterior: Whether :math:`\log q` depends on the encoder only through the codes.
        """
        q = model.encode(x)
        z = q.rsample((n_samples,))
        scaled = scale(z)

        if fixed_posterior:
            with torch.no_grad():
                q = model.encode(x)

        distortion = -model.decode(scaled).log_prob(target)
        log_p = model.prior().log_prob(scaled) - distortion

        return cls(log_p, q.log_prob(scaled if fixed_posterior else z), distortion)

    @property
    def log_w(self) -> Tensor:
        return self.log_p - self.log_q

    def loss(self, total: Tensor) -> Loss:
        r"""Returns a loss with the terms that all importance-weighted bounds have."""
        distortion = self.distortion.mean(dim=0)
        rate = -self.log_w.mean(dim=0) - distortion

        return Loss(
            total, {"distortion": distortion, "rate": rate, "bound": _log_mean(self.log_w)}
        )


def _log_mean(log_w: Tensor) -> Tensor:
    return log_w.logsumexp(dim=0) - math.log(len(log_w))


def _value_of(value: Tensor, surrogate: Tensor) -> Tensor:
    r"""Returns the first value with the gradient of the second."""
    return value.detach() + surrogate - surrogate.detach()
