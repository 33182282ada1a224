r"""Mixture of Gaussians that is learned with the model."""

__all__ = ["LearnedMixture"]

from collections.abc import Callable, Sequence

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import (
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    Normal,
)

from ...common.checks.ranges import check_at_least
from ...networks.mlp import MLP
from ..base import Prior
from ..fitted.codes import keep_first_dimension, place, points_of
from ..standard_normal import StandardNormal
from . import ascent

_RATE = 1e-2  # of a mixture that is fitted after the training
_SPREAD = 0.75  # share of the variance of the first mixture that lies between its components


class LearnedMixture(Prior):
    r"""Mixture of Gaussians with diagonal covariances, which may depend on the condition.

    .. math:: p(z \mid c) = \sum_{k=1}^K \pi_k(c) \,
        \mathcal{N} \big( z \mid \mu_k(c), \mathrm{diag}(\sigma_k^2(c)) \big)

    Its parameters are learned with the model. With `conditional=True` they are outputs of a
    network of the condition, so that codes of each label have a place of their own, and `sample`
    draws from that of the given label. With one component, the rate has a closed form. With
    `joint=False` the prior is fitted to the codes after the training instead, and is kept if
    held-out codes are more probable than under the unit Gaussian by two standard errors.

    References:
        | VAE with a VampPrior (Tomczak & Welling, 2018), the baseline of mixtures of Gaussians
        | https://arxiv.org/abs/1705.07120

        | Learning Structured Output Representation using Deep Conditional Generative Models
          (Sohn et al., 2015), for the prior given a condition
        | https://papers.nips.cc/paper/5775

        | Mixture Density Networks (Bishop, 1994)
        | https://publications.aston.ac.uk/id/eprint/373

    Arguments:
        n_components: The number :math:`K` of Gaussians.
        conditional: Whether the mixture depends on the condition.
        layers: The widths of the hidden layers of the network of the condition.
        joint: Whether the mixture is learned with the model, by its objective, and not after it.

    Raises:
        ValueError: If there is no component, or there are layers without a condition.

    See Also:
        :class:`~autoencode.priors.Mixture`, :class:`~autoencode.priors.VampPrior`

    Example:
        >>> import autoencode as ae
        >>> model = ae.vae(2, conditional=True, prior=LearnedMixture(4, conditional=True))
        >>> model.prior
        LearnedMixture(n_components=4, conditional=True)
    """

    loc: Tensor
    scale: Tensor

    def __init__(
        self,
        n_components: int = 16,
        conditional: bool = False,
        layers: Sequence[int] = (),
        joint: bool = True,
    ) -> None:
        super().__init__()

        check_at_least(1, n_components=n_components)

        if layers and not conditional:
            raise ValueError(
                f"layers={layers!r} are those of the network of the condition, and have no effect"
                " without conditional=True: leave them out."
            )

        self.n_components = n_components
        self.conditional = conditional
        self.layers = layers
        self.joint = joint
        self.fits = not joint
        self.context = 0

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        self.context = context if self.conditional else 0

    def build(self, latent_dim: int) -> "LearnedMixture":
        K, D = self.n_components, latent_dim
        spread = _SPREAD if K > 1 else 0.0
        first = torch.cat(
            [
                torch.zeros(K, 1),
                spread**0.5 * torch.randn(K, D),
                torch.full((K, D), (1 - spread) ** 0.5).log(),
            ],
            dim=1,
        )

        self.unit = StandardNormal().build(D)
        self.first = nn.Parameter(first, requires_grad=self.joint)
        self.network: nn.Module | None = None

        if self.conditional:  # what it adds is zero at first
            self.network = MLP((self.context,), first.shape, self.layers)
            nn.init.zeros_(self.network.output_layer.weight)  # type: ignore[arg-type]
            nn.init.zeros_(self.network.output_layer.bias)  # type: ignore[arg-type]
            self.network.requires_grad_(self.joint)

        self.register_buffer("loc", torch.zeros(int(self.joint), D))
        self.register_buffer("scale", torch.ones(int(self.joint), D))
        keep_first_dimension(self, "loc", "scale")

        return self

    def forward(self, c: Tensor | None = None) -> Distribution:
        return self._mixture(c) if len(self.loc) else self.unit()

    def _mixture(self, c: Tensor | None) -> Distribution:
        D = self.loc.shape[1]
        phi = self.first if self.network is None else self.first + self.network(c)
        logits, loc, log_scale = phi[..., 0], phi[..., 1 : 1 + D], phi[..., 1 + D :]
        normal = Normal(
            self.loc[0] + self.scale[0] * loc,
            self.scale[0] * log_scale.exp(),
            validate_args=False,
        )

        if self.n_components == 1:
            one = Normal(normal.loc[..., 0, :], normal.scale[..., 0, :], validate_args=False)
            return Independent(one, 1, validate_args=False)

        return MixtureSameFamily(
            Categorical(logits=logits, validate_args=False),
            Independent(normal, 1, validate_args=False),
            validate_args=False,
        )

    def fit(self, codes: Callable[[], Tensor], contexts: Tensor | None = None) -> None:
        if self.joint:
            return

        z, points = points_of(codes().to(self.loc))
        c = None if contexts is None else contexts.to(z)
        before = {name: tensor.clone() for name, tensor in self.state_dict().items()}
        loc, scale = place(z)
        self.loc, self.scale = loc[None], scale[None]
        unit = None if points else lambda z, c: self.unit().log_prob(z)

        if not ascent.fit(self, lambda z, c: self._mixture(c).log_prob(z), unit, z, c, _RATE):
            self.load_state_dict(before)
