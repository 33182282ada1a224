r"""A prior of your own that depends on the condition: codes of each label have their own place."""

from torch import Tensor, nn
from torch.distributions import Independent, Normal

from autoencode.priors import Prior


class LabelPrior(Prior):
    r"""Gaussian whose mean and scale are affine functions of the condition.

    .. math:: p(z \mid c) = \mathcal{N} \big( A c + b, \, e^{2 (S c + t)} \big)
    """

    conditional = True

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        self.context = context

    def build(self, latent_dim: int) -> "LabelPrior":
        self.affine = nn.Linear(self.context, 2 * latent_dim)
        nn.init.zeros_(self.affine.weight)
        nn.init.zeros_(self.affine.bias)
        return self

    def forward(self, c: Tensor) -> Independent:
        loc, log_scale = self.affine(c).chunk(2, dim=-1)
        return Independent(Normal(loc, log_scale.exp(), validate_args=False), 1)
