r"""Gaussian mixture prior of a conditional model, fitted after the training."""

__all__ = ["ConditionalMixture"]

import logging
from collections.abc import Callable

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution, Normal

from ...distributions import GaussianMixture, WeightedMixtures
from ..base import Prior
from ..standard_normal import StandardNormal
from . import maximization, selection
from .codes import keep_first_dimension, place, points_of, usable
from .mixture import MAX_EM_STEPS, MAX_FITTED_CODES

log = logging.getLogger(__name__)


class ConditionalMixture(Prior):
    r"""Mixture of Gaussians for each label, fitted to the codes after the training.

    .. math:: p(z \mid y) = \sum_{k=1}^{K_y} \pi_{yk} \, \mathcal{N}(z \mid \mu_{yk}, \Sigma_{yk})

    It does for a conditional model what :class:`~autoencode.priors.Mixture` does for others: codes
    of one label may vary more than those of another, and new examples with a label are decoded
    from codes of this label. All covariances are shrunk toward a common one, so that labels of a
    few examples have a mixture, too. A missing label has the mixture of all labels, weighted by
    their frequencies.

    The choice of the number of components, and of the unit Gaussian instead, is that of `Mixture`,
    for all labels together. If `y` are numbers, the prior stays the unit Gaussian.

    References:
        | From Variational to Deterministic Autoencoders (Ghosh et al., 2020), section 4
        | https://arxiv.org/abs/1903.12436

    Arguments:
        max_components: The maximum number of components of each label.

    Raises:
        ValueError: If `max_components` is not an integer of at least one.

    See Also:
        :class:`~autoencode.priors.Mixture`, :class:`~autoencode.priors.StandardNormal`

    Example:
        >>> import autoencode as ae
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> training = ae.Training(epochs=2)
        >>> model = ae.vae(2, conditional=True, training=training, random_state=0).fit(X, y)
        >>> model.prior_, model.sample(5, y=1).shape
        (ConditionalMixture(), (5, 4))
    """

    fits = True
    conditional = True

    max_components: int
    weight: Tensor
    loc: Tensor
    scale_tril: Tensor
    label: Tensor
    frequency: Tensor

    def __init__(self, max_components: int = 64) -> None:
        super().__init__()

        self.max_components = selection.check_max_components(max_components)

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        self.context = context

    def build(self, latent_dim: int) -> "ConditionalMixture":
        self.unit = StandardNormal().build(latent_dim)
        self.register_buffer("weight", torch.ones(0))
        self.register_buffer("loc", torch.zeros(0, latent_dim))
        self.register_buffer("scale_tril", torch.zeros(0, latent_dim, latent_dim))
        self.register_buffer("label", torch.zeros(0, dtype=torch.long))
        self.register_buffer("frequency", torch.ones(self.context))
        keep_first_dimension(self, "weight", "label", "loc", "scale_tril")

        return self

    def forward(self, c: Tensor) -> Distribution:  # type: ignore[override]
        if len(self.weight) == 0:
            return self.unit()

        c = c.clamp(min=0)
        c = torch.where(c.sum(dim=1, keepdim=True) > 0, c, self.frequency)

        return WeightedMixtures(
            [self._of_label(k) for k in range(self.context)], c / c.sum(dim=1, keepdim=True)
        )

    def _of_label(self, k: int) -> GaussianMixture:
        rows = self.label == k

        if rows.any():
            return GaussianMixture(self.weight[rows], self.loc[rows], self.scale_tril[rows])

        D = self.loc.shape[1]
        unit = torch.eye(D).to(self.loc)[None]
        return GaussianMixture(self.weight.new_ones(1), self.loc.new_zeros(1, D), unit)

    @torch.no_grad()
    def fit(self, codes: Callable[[], Tensor], contexts: Tensor | None = None) -> None:
        z, c = codes().cpu(), torch.as_tensor(contexts).cpu()

        if not ((c >= 0).all() and torch.allclose(c.sum(dim=1), c.new_ones(()))):
            log.info("y are numbers, and the prior of the codes stays the unit Gaussian.")
            return

        known = (c == 1).any(dim=1)  # others have the frequencies of all labels
        z, c = z[known], c[known]

        if len(z) == 0 or not usable(z):
            return

        z, _ = points_of(z)
        some = torch.linspace(0, len(z) - 1, min(len(z), MAX_FITTED_CODES)).long()
        z, labels = z[some], c[some].argmax(dim=1)
        present = labels.unique()
        followed = torch.stack(
            [selection.differs_from_unit(z[labels == k].flatten(end_dim=1)) for k in present]
        ).any(dim=0)

        if not followed.any():
            return

        z = z[..., followed]
        loc, scale = place(z)
        unit = Normal(0, 1).log_prob(z).sum(dim=-1) + scale.log().sum()
        z = (z - loc) / scale
        choice = selection.choose(z, self.max_components, unit, labels)

        if choice is not None:
            groups = [z[labels == k].flatten(end_dim=1) for k in present]
            ps = maximization.fit_groups(groups, z.shape[1], *choice, MAX_EM_STEPS)
            self._keep(ps, present, followed, loc, scale)
            self.frequency = torch.bincount(labels, minlength=self.context).to(self.frequency)
            log.info("%d Gaussians for %d labels.", len(self.weight), len(present))

    def _keep(
        self,
        ps: list[GaussianMixture],
        labels: Tensor,
        followed: Tensor,
        loc: Tensor,
        scale: Tensor,
    ) -> None:
        r"""Stores the mixtures of the fitted features; the others stay unit Gaussians."""
        counts = torch.tensor([len(p.weight) for p in ps])
        K, D = int(counts.sum()), len(followed)
        index = followed.nonzero()[:, 0]
        self.label = labels.repeat_interleave(counts).to(self.label)
        self.weight = torch.cat([p.weight for p in ps]).to(self.weight)
        self.loc = self.loc.new_zeros(K, D)
        self.loc[:, followed] = (torch.cat([p.loc for p in ps]) * scale + loc).to(self.loc)
        self.scale_tril = torch.eye(D).to(self.scale_tril).repeat(K, 1, 1)
        self.scale_tril[:, index[:, None], index] = (
            torch.cat([p.scale_tril for p in ps]) * scale[:, None]
        ).to(self.scale_tril)
