r"""Reconstruction with sparse codes."""

__all__ = ["Sparse"]

from typing import Literal

from torch import Tensor
from torch.distributions import Distribution, Independent

from ...common.checks.ranges import check_choice
from ...common.schedules import WeightSchedule, check_weights
from ...distributions import Dirac
from ...distributions.codes.jump_relu import SparsePoint
from ...models.latent import Model
from ..base import Loss, Objective


class Sparse(Objective):
    r"""Reconstruction, with a penalty on active units.

    | penalty | term |
    | --- | --- |
    | `"l1"` | :math:`\sum_j \lvert z_j \rvert` |
    | `"kl"` | :math:`\sum_j \mathrm{KL}(\rho \parallel \hat\rho_j)` |
    | `"l0"` | :math:`\sum_j [z_j \neq 0]`, for :class:`~autoencode.distributions.JumpReLU` |

    :math:`\hat\rho_j` is the mean of the unit :math:`\sigma(z_j)` over a minibatch, and
    :math:`\rho` is the target for that mean.

    References:
        | Sparse coding with an overcomplete basis set (Olshausen & Field, 1997), for the L1 norm
        | https://doi.org/10.1016/S0042-6989(97)00169-7

        | Sparse autoencoder, CS294A lecture notes (Ng, 2011), for the divergence
        | https://web.stanford.edu/class/cs294a/sparseAutoencoder.pdf

    Arguments:
        weight: The weight :math:`\lambda \geq 0` of the penalty.
        penalty: The penalty.
        target_rate: The target :math:`\rho`, in 0 to 1, of the penalty `"kl"`.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.Reconstruction`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = Sparse(weight=0.01)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['distortion', 'sparsity', 'total']
    """

    posterior = Dirac

    def __init__(
        self,
        weight: float | WeightSchedule = 0.1,
        penalty: Literal["l1", "kl", "l0"] = "l1",
        target_rate: float = 0.05,
    ) -> None:
        super().__init__()

        check_weights(weight=weight)
        check_choice(("l1", "kl", "l0"), penalty=penalty)

        if not 0 < target_rate < 1:
            raise ValueError(f"expected target_rate between 0 and 1, got {target_rate!r}.")

        self.weight = weight
        self.penalty = penalty
        self.couples_examples = penalty == "kl"  # of the mean activation of a minibatch
        self.target_rate = target_rate

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q = model.encode(x)
        z = q.rsample()
        distortion = -model.decode(z).log_prob(target)

        if self.penalty == "l1":
            sparsity = z.abs().sum(dim=-1)
        elif self.penalty == "l0":
            sparsity = _active(q).sum(dim=-1)
        else:
            sparsity = _bernoulli_divergence(self.target_rate, z.sigmoid().mean(dim=0)).sum()

        return Loss(
            distortion + self.current(self.weight) * sparsity,
            {"distortion": distortion, "sparsity": sparsity},
        )


def _active(q: Distribution) -> Tensor:
    point = q.base_dist if isinstance(q, Independent) else q

    if not isinstance(point, SparsePoint):
        raise ValueError(
            "the number of active units has a gradient only with learned thresholds. Use"
            " posterior=JumpReLU(), or another penalty."
        )

    return point.active


def _bernoulli_divergence(p: float, q: Tensor) -> Tensor:
    return p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()
