r"""Reconstruction from sparse codes, with an auxiliary loss for dead units."""

__all__ = ["SparseCoding"]

from typing import Any

import torch
from torch import Tensor

from ...distributions import TopK
from ...distributions.codes.top_k import activations
from ...models.latent import LatentModel, Model
from ..base import Loss, Objective


class SparseCoding(Objective):
    r"""Reconstruction from the largest units, and of the residual from dead units.

    .. math:: -\log p(x \mid z) + \frac{\alpha}{2} \, \| x - \hat x - W z_{\mathrm{dead}} \|^2

    A unit is dead if no example activated it during the last pass over the data. The second term
    trains the largest dead units to explain the residual :math:`x - \hat x`, which counts as a
    constant. Without this term, many atoms of a large dictionary are never used. The atoms of a
    :class:`~autoencode.networks.Dictionary` start as the rows of the encoder's matrix. The
    training records contain the fraction of dead units as `dead`.

    References:
        | Scaling and evaluating sparse autoencoders (Gao et al., 2024), section 2.4
        | https://arxiv.org/abs/2406.04093

    Arguments:
        weight: The weight :math:`\alpha \geq 0`.
        k: The number of dead units that explain the residual of an example; by default half the
            number of elements of an example.

    Raises:
        ValueError: If an argument is out of its range, or the posterior does not keep the largest
            units.

    See Also:
        :func:`~autoencode.recipes.sparse`, :class:`~autoencode.objectives.Sparse`,
        :class:`~autoencode.distributions.TopK`

    Example:
        >>> SparseCoding(weight=0.1).get_params()
        {'weight': 0.1, 'k': None}
    """

    posterior = TopK
    selection_term = "distortion"

    idle: Tensor

    def __init__(self, weight: float = 1 / 32, k: int | None = None) -> None:
        super().__init__()

        if not weight >= 0 or (k is not None and not k >= 1):
            raise ValueError(f"expected weight >= 0 and k >= 1 or None, got {weight} and {k}.")

        self.weight = weight
        self.k = k

    def build(self, model: LatentModel, n_examples: int = 1) -> "SparseCoding":
        self.register_buffer("idle", torch.zeros(model.encoder.event[0]))

        decoder: Any = model.decoder.network

        if hasattr(decoder, "tie"):
            decoder.tie(model.encoder.network)

        return super().build(model, n_examples)

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        point = activations(model.encode(x))
        z = point.loc
        p = model.decode(z)
        distortion = -p.log_prob(target)

        if self.training:
            with torch.no_grad():
                self.idle.add_(len(z)).masked_fill_((z != 0).any(dim=0), 0.0)

        dead = self.idle > self.n_examples
        auxiliary = self._auxiliary_loss(model, point.before * dead, target - p.mean.detach())

        return Loss(
            distortion + self.weight * auxiliary,
            {"distortion": distortion, "auxiliary": auxiliary, "dead": dead.float().mean()},
        )

    def _auxiliary_loss(self, model: Model, units: Tensor, residual: Tensor) -> Tensor:
        r"""Returns half the squared error of the residual that dead units leave."""
        k = max(1, residual[0].numel() // 2) if self.k is None else self.k
        kept = units.topk(min(k, units.shape[-1]), dim=-1)
        z = torch.zeros_like(units).scatter(-1, kept.indices, kept.values)

        # An affine decoder, without its bias
        explained = model.decode(z).mean - model.decode(torch.zeros_like(z)).mean
        any_dead = (units > 0).any(dim=-1)
        error = (residual - explained).square().flatten(start_dim=1).sum(dim=1) / 2

        return torch.where(any_dead, error, torch.zeros_like(error))
