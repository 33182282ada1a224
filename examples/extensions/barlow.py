r"""An objective of your own: codes of two noisy views agree, and their units do not repeat.

On the command line, with this folder in PYTHONPATH:
`autoencode fit X.csv --trusted barlow --objective Barlow --objective.weight 2`.
"""

import torch
from torch import Tensor

from autoencode.distributions import Dirac
from autoencode.models.latent import Model
from autoencode.objectives import Loss, Objective


class Barlow(Objective):
    r"""Reconstruction, with the redundancy of codes of two views as a penalty.

    .. math:: -\log p(x \mid z) + \lambda \Big( \sum_i (1 - C_{ii})^2
        + 0.005 \sum_{i \neq j} C_{ij}^2 \Big)

    :math:`C` is the correlation of the codes of two noisy versions of the examples.

    References:
        | Barlow Twins: Self-Supervised Learning via Redundancy Reduction (Zbontar et al., 2021)
        | https://arxiv.org/abs/2103.03230

    Arguments:
        weight: The weight of the penalty.
        noise: The standard deviation of the noise, in units of the scaled data.
    """

    posterior = Dirac

    def __init__(self, weight: float = 1.0, noise: float = 0.1) -> None:
        super().__init__()

        self.weight = weight
        self.noise = noise

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        z = model.encode(x).mean
        distortion = -model.decode(z).log_prob(target)
        a, b = (self.standardized(model, x) for _ in range(2))
        C = a.mT @ b / len(x)
        different = C - torch.diag(C.diagonal())
        redundancy = (1 - C.diagonal()).square().sum() + 0.005 * different.square().sum()

        return Loss(
            distortion + self.weight * redundancy,
            {"distortion": distortion, "redundancy": redundancy},
        )

    def standardized(self, model: Model, x: Tensor) -> Tensor:
        z = model.encode(x + self.noise * torch.randn_like(x)).mean
        return (z - z.mean(dim=0)) / (z.std(dim=0, correction=0) + 1e-6)
