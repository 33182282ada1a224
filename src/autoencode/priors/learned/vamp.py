r"""Mixture of the posteriors of learned pseudo-inputs."""

__all__ = ["VampPrior"]

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily

from .inputs import PriorOfInputs


class VampPrior(PriorOfInputs):
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
    refusal_of_posterior = (
        "VampPrior() is a mixture of posteriors, and those of {family} have no"
        " density. Use posterior=Gaussian(), or prior=Mixture()."
    )
    refusal_of_examples = (
        "VampPrior() learns pseudo-inputs, which need continuous data, got discrete"
        " data. Use prior=Mixture() instead."
    )

    n_components: int

    def __init__(self, n_components: int = 64) -> None:
        super().__init__()

        if not n_components >= 1:
            raise ValueError(f"expected n_components >= 1, got {n_components}.")

        self.n_components = n_components

    def build(self, latent_dim: int) -> "VampPrior":
        (encoder,) = self.attached

        self.pseudo_inputs = nn.Parameter(torch.randn(self.n_components, *encoder.shape))
        self.logits = nn.Parameter(torch.zeros(self.n_components))

        if self.context:
            self.contexts = nn.Parameter(torch.randn(self.n_components, self.context))

        return self

    def forward(self) -> Distribution:
        weights = Categorical(logits=self.logits, validate_args=False)
        return MixtureSameFamily(weights, self.posteriors(), validate_args=False)

    def inputs(self) -> tuple[Tensor, Tensor | None]:
        return self.pseudo_inputs, self.contexts if self.context else None
