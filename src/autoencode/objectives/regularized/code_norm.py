r"""Regularized autoencoders."""

__all__ = ["RAE"]

from typing import Literal

import torch
from torch import Tensor

from ...common.checks.ranges import check_choice
from ...common.schedules import WeightSchedule, check_weights
from ...distributions import Dirac
from ...models.latent import Model
from ...priors import Mixture
from ..base import Loss, Objective


class RAE(Objective):
    r"""Reconstruction, with a penalty on the norm of the codes and a smooth decoder.

    .. math:: -\log p(x \mid z) + \frac{\beta}{2} \| z \|^2 + \lambda \, \mathcal{L}_\text{reg}

    The penalty :math:`\mathcal{L}_\text{reg}` keeps the decoder from undoing the penalty on codes:

    | penalty | term |
    | --- | --- |
    | `"weights"` | the squared norm of the decoder's weight matrices |
    | `"gradient"` | the squared norm of the Jacobian of the reconstruction at the codes |
    | `"spectral"` | the squared largest singular values of the decoder's weight matrices |

    The paper divides weights by their largest singular values (spectral normalization). Here these
    values are penalized, and the model is unchanged; each step computes a singular value
    decomposition of all weights. The squared norm of the Jacobian is estimated without bias by a
    random probe. New examples are drawn from a mixture that is fitted to the codes after the
    training.

    References:
        | From Variational to Deterministic Autoencoders (Ghosh et al., 2020), equations 5 to 8
        | https://arxiv.org/abs/1903.12436

        | Spectral Norm Regularization for Improving the Generalizability of Deep Learning
          (Yoshida & Miyato, 2017), for the spectral penalty
        | https://arxiv.org/abs/1705.10941

    Arguments:
        beta: The weight :math:`\beta \geq 0` of the codes' norm.
        weight: The weight :math:`\lambda \geq 0` of the penalty.
        penalty: The penalty on the decoder.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.Reconstruction`, :class:`~autoencode.priors.Mixture`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = RAE(beta=0.1, penalty="gradient")
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['distortion', 'norm', 'penalty', 'total']
    """

    posterior = Dirac
    prior = Mixture

    def __init__(
        self,
        beta: float | WeightSchedule = 1e-2,
        weight: float | WeightSchedule = 1e-6,
        penalty: Literal["weights", "gradient", "spectral"] = "weights",
    ) -> None:
        super().__init__()

        check_weights(beta=beta, weight=weight)
        check_choice(("weights", "gradient", "spectral"), penalty=penalty)

        self.beta = beta
        self.weight = weight
        self.penalty = penalty

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        smooth = self.penalty == "gradient"

        with torch.enable_grad() if smooth else torch.set_grad_enabled(torch.is_grad_enabled()):
            z = model.encode(x).rsample()
            z = z.requires_grad_() if smooth and not z.requires_grad else z
            p = model.decode(z)

            if smooth:
                v = torch.randint_like(p.mean, 2) * 2 - 1
                (vJ,) = torch.autograd.grad(p.mean, z, v, create_graph=True)
                term = vJ.square().sum(dim=-1)
            else:
                matrices = [w for w in model.decoder.network.parameters() if w.ndim > 1]
                term = torch.stack([self._square(w) for w in matrices]).sum()

        distortion, norm = -p.log_prob(target), z.square().sum(dim=-1) / 2

        return Loss(
            distortion + self.current(self.beta) * norm + self.current(self.weight) * term,
            {"distortion": distortion, "norm": norm, "penalty": term},
        )

    def _square(self, weight: Tensor) -> Tensor:
        r"""Returns the squared norm of a weight; its first axis stands for the outputs."""
        if self.penalty == "weights":
            return weight.square().sum()

        return torch.linalg.matrix_norm(weight.flatten(start_dim=1), ord=2).square()
