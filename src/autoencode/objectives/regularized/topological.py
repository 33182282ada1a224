r"""Reconstruction with codes that keep the connectedness of the data."""

__all__ = ["Topological"]

import torch
from scipy.sparse.csgraph import minimum_spanning_tree
from torch import Tensor

from ...common.schedules import WeightSchedule, check_weights
from ...distributions import Dirac
from ...models.latent import Model
from ..base import Loss, Objective, penalty_weight


class Topological(Objective):
    r"""Reconstruction, with a penalty on changes of the distances at which clusters merge.

    .. math:: -\log p(x \mid z) + \frac{\lambda}{2} \left(
        \big\| A[\pi_x] - B[\pi_x] \big\|^2 + \big\| A[\pi_z] - B[\pi_z] \big\|^2 \right)

    :math:`A` and :math:`B` are the distances of the examples of a minibatch and of their codes,
    each divided by its largest entry, and :math:`\pi_x`, :math:`\pi_z` the edges of their minimum
    spanning trees: the pairs at whose distance two clusters of a growing neighborhood merge
    (persistent homology of dimension 0).

    References:
        | Topological Autoencoders (Moor et al., 2020), equations 3 to 5
        | https://arxiv.org/abs/1906.00722

    Arguments:
        weight: The weight :math:`\lambda \geq 0`; by default the number of elements of an example.

    Raises:
        ValueError: If the weight is negative.

    See Also:
        :class:`~autoencode.objectives.Isometric`, :func:`~autoencode.manifold.trustworthiness`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = Topological(weight=1.0)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['distortion', 'topology', 'total']
    """

    couples_examples = True
    posterior = Dirac

    def __init__(self, weight: float | WeightSchedule | None = None) -> None:
        super().__init__()

        check_weights(weight=weight)

        self.weight = weight

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        z = model.encode(x).rsample()
        distortion = -model.decode(z).log_prob(target)
        mismatch = topological_mismatch(target.flatten(start_dim=1), z)
        weight = penalty_weight(self.current(self.weight), target)

        return Loss(
            distortion + weight * mismatch, {"distortion": distortion, "topology": mismatch}
        )


def topological_mismatch(x: Tensor, z: Tensor) -> Tensor:
    r"""Squared differences of relative distances along both minimum spanning trees, per point.

    Arguments:
        x: The examples, with shape `(B, D)`.
        z: The codes, with shape `(B, d)`.

    Returns:
        The mismatch, with shape `()`.

    Example:
        >>> x = torch.randn(30, 2)
        >>> torch.testing.assert_close(topological_mismatch(x, 2 * x), torch.tensor(0.0))
    """
    if len(x) < 2:
        return z.sum() * 0

    A, B = (_relative_distances(points) for points in (x, z))
    edges = torch.cat([_spanning_tree(A), _spanning_tree(B)], dim=1)
    i, j = edges.to(x.device)

    return (A[i, j] - B[i, j]).square().sum() / (2 * len(x))


def _relative_distances(points: Tensor) -> Tensor:
    squares = (points[:, None] - points).square().sum(dim=-1)
    tiny = torch.finfo(points.dtype).tiny  # a square root has no derivative at zero
    distances = squares.clamp(min=tiny).sqrt()

    return distances / distances.max()


def _spanning_tree(distances: Tensor) -> Tensor:
    r"""Returns the edges of the minimum spanning tree, with shape `(2, B - 1)`."""
    tree = minimum_spanning_tree(distances.detach().double().cpu().numpy()).tocoo()
    return torch.stack([torch.from_numpy(ends).long() for ends in (tree.row, tree.col)])
