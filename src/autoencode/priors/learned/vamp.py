r"""Mixture of the posteriors of learned pseudo-inputs."""

__all__ = ["VampPrior"]

from collections.abc import Callable
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily

from ..base import Prior


class VampPrior(Prior):
    r"""Mixture of the posteriors of pseudo-inputs, which are learned with the model.

    .. math:: p(z) = \sum_{k=1}^K \pi_k \, q(z \mid u_k)

    The best prior for a given encoder is the mean of the posteriors of all examples. This one
    replaces the examples by :math:`K` pseudo-inputs :math:`u_k` with weights :math:`\pi_k`. They
    start at examples of the training set. In a conditional model, the context of each pseudo-input
    is learned, too. Each step also encodes the pseudo-inputs, at the cost of :math:`K` further
    examples.

    References:
        | VAE with a VampPrior (Tomczak & Welling, 2018), equation 8
        | https://arxiv.org/abs/1705.07120

    Arguments:
        n_components: The number :math:`K` of pseudo-inputs.

    Raises:
        ValueError: If there is no component, the posterior has no density, or the examples are
            discrete, such as texts.

    See Also:
        :class:`~autoencode.priors.Mixture`, :class:`~autoencode.priors.StandardNormal`

    Example:
        >>> import autoencode as ae
        >>> ae.vae(2, prior=VampPrior(n_components=16)).prior
        VampPrior(n_components=16)
    """

    euclidean = False

    n_components: int

    def __init__(self, n_components: int = 64) -> None:
        super().__init__()

        if not n_components >= 1:
            raise ValueError(f"expected n_components >= 1, got {n_components}.")

        self.n_components = n_components

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        family: Any = encoder.family

        if not family.has_density:
            raise ValueError(
                f"VampPrior() is a mixture of posteriors, and those of {family} have no"
                " density. Use posterior=Gaussian(), or prior=Mixture()."
            )

        self.attached: tuple[Any] = (
            encoder,
        )  # in a tuple, so that it is not a part of this module
        self.context = context

    def build(self, latent_dim: int) -> "VampPrior":
        (encoder,) = self.attached

        self.pseudo_inputs = nn.Parameter(torch.randn(self.n_components, *encoder.shape))
        self.logits = nn.Parameter(torch.zeros(self.n_components))

        if self.context:
            self.contexts = nn.Parameter(torch.randn(self.n_components, self.context))

        return self

    @torch.no_grad()
    def start(self, examples: Callable[[], tuple[Tensor, Tensor | None]]) -> None:
        x, c = examples()

        if not x.is_floating_point():
            raise ValueError(
                "VampPrior() learns pseudo-inputs, which need continuous data, got discrete"
                " data. Use prior=Mixture() instead."
            )

        chosen = torch.linspace(0, len(x) - 1, self.n_components).round().long()
        self.pseudo_inputs.copy_(x[chosen].nan_to_num(0.0))

        if c is not None:
            self.contexts.copy_(c[chosen])

    def forward(self) -> Distribution:
        (encoder,) = self.attached
        q = encoder(self.pseudo_inputs, self.contexts if self.context else None)

        return MixtureSameFamily(
            Categorical(logits=self.logits, validate_args=False), q, validate_args=False
        )
