r"""Objective that compares examples by the features of a discriminator."""

__all__ = ["VAEGAN"]

import copy
from functools import partial

import torch
import torch.nn as nn
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import softplus

from ...common.schedules import WeightSchedule, check_weights
from ...distributions import RESOLUTION, Gaussian, kl_divergence
from ...models.latent import LatentModel, Model
from ...priors import StandardNormal
from ...priors.base import sample_prior
from ..base import Loss, Objective, penalty_weight


class VAEGAN(Objective):
    r"""Rate, a distortion of features that a discriminator has learned, and fooling it.

    .. math:: \mathrm{KL} \big( q(z \mid x) \parallel p(z) \big)
        + \frac{\gamma}{2 L} \, \| D_l(x) - D_l(\hat x) \|^2
        - \lambda \big( \log D(\hat x) + \log D(\hat x_p) \big), \qquad
        \max_D \; \log D(x) + \log (1 - D(\hat x)) + \log (1 - D(\hat x_p))

    :math:`\hat x` is the mean of the reconstruction and :math:`\hat x_p` that of a code from the
    prior. :math:`D_l` are :math:`L` features of the discriminator, a network like the encoder with
    one more layer. Squared errors of pixels blur; these features ignore where a texture lies
    exactly. The encoder minimizes rate and distortion, the decoder distortion and fooling, and the
    discriminator its own loss; each sees the others as fixed. The fooling term is the
    non-saturating one.

    The likelihood takes no part in this. It learns its own scale alone, so that densities and
    errors are those of the decoder's means.

    References:
        | Autoencoding beyond pixels using a learned similarity metric (Larsen et al., 2016),
          algorithm 1
        | https://arxiv.org/abs/1512.09300

    Arguments:
        weight: The weight :math:`\lambda \geq 0` of fooling the discriminator; by default a tenth
            of the number of elements of an example.
        feature_weight: The weight :math:`\gamma \geq 0` of the features' distortion; by default
            the number of elements of an example.

    Raises:
        ValueError: If a weight is negative, or examples are symbols.

    See Also:
        :func:`~autoencode.recipes.vae_gan`, :class:`~autoencode.objectives.AAE`,
        :class:`~autoencode.objectives.ImageSimilarity`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> model = ae.Autoencoder(2, objective=VAEGAN(), training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['discriminator', 'distortion', 'features', 'fooling', 'rate', 'selection', 'total']
    """

    posterior = staticmethod(partial(Gaussian, RESOLUTION))
    prior = StandardNormal
    selection_term = "selection"

    features: nn.Module
    verdict: nn.Linear

    def __init__(
        self,
        weight: float | WeightSchedule | None = None,
        feature_weight: float | WeightSchedule | None = None,
    ) -> None:
        super().__init__()

        check_weights(weight=weight, feature_weight=feature_weight)

        self.weight = weight
        self.feature_weight = feature_weight

    def build(self, model: LatentModel, n_examples: int = 1) -> "VAEGAN":
        self.features = copy.deepcopy(model.encoder.network).requires_grad_()
        self.verdict = nn.Linear(model.posterior.n_params * model.encoder.event[0], 1)

        return super().build(model, n_examples)

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q, prior, c = model.encode(x), model.prior(), model.context
        z = q.rsample()
        rate = kl_divergence(q, prior, z)
        copied = self._like(model.decode(z).mean, target)

        # The encoder takes no part in fooling
        fixed = torch.stack([z.detach(), sample_prior(prior, len(z))])
        made = torch.cat([self._like(p, target) for p in model.decode(fixed).mean])
        twice = None if c is None else torch.cat([c, c])

        real = self.features(target, c)
        gap = real.detach() - _frozen(self.features, copied, c)
        difference = gap.square().flatten(start_dim=1).mean(dim=1) / 2

        fooled = _frozen(self.verdict, _frozen(self.features, made, twice))
        fooling = softplus(-fooled).reshape(2, -1).sum(dim=0)
        told = softplus(self.verdict(self.features(made.detach(), twice))).reshape(2, -1)
        loss = softplus(-self.verdict(real)).squeeze(dim=-1) + told.sum(dim=0)

        distortion = self._distortion(model, z.detach(), target)
        weight = target[0].numel() / 10 if self.weight is None else self.current(self.weight)
        of_features = penalty_weight(self.current(self.feature_weight), target)

        return Loss(
            rate + of_features * difference + weight * fooling + loss + distortion,
            {
                "distortion": distortion,
                "rate": rate,
                "features": difference,
                "fooling": fooling,
                "discriminator": loss,
                "selection": distortion + rate,
            },
        )

    def _like(self, mean: Tensor, target: Tensor) -> Tensor:
        r"""Returns examples that lack what real ones lack, so that it does not tell on them."""
        if self.training and torch.is_grad_enabled() and not mean.requires_grad:
            raise ValueError(
                "the reconstruction has no gradient with respect to the code, as examples are"
                " symbols. Use ae.vae(...) for them."
            )

        return torch.where(target.isnan(), target, mean)

    def _distortion(self, model: Model, z: Tensor, target: Tensor) -> Tensor:
        r"""Returns the distortion, whose gradient reaches the likelihood's own scale alone."""
        weights = {f"network.{k}": p.detach() for k, p in model.decoder.network.named_parameters()}
        return -functional_call(model.decoder, weights, (z, model.context)).log_prob(target)


def _frozen(module: nn.Module, x: Tensor, *others: Tensor | None) -> Tensor:
    r"""Returns what a module returns, with a gradient that does not reach its weights."""
    weights = {name: p.detach() for name, p in module.named_parameters()}
    return functional_call(module, weights, (x, *others))
