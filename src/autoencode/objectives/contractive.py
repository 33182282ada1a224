r"""Contractive autoencoders."""

__all__ = ["Contractive"]

import torch
from torch import Tensor

from ..distributions import Dirac
from ..model import LatentModel
from .base import Loss, Objective


class Contractive(Objective):
    r"""Reconstruction, with a penalty on how fast the code moves with the data.

    .. math:: -\log p(x \mid z) + \lambda \, \| J \|_F^2,
        \qquad J = \frac{\partial z}{\partial x}

    The squared norm is exact for codes of up to `exact` numbers, at one backward pass for
    each. For larger ones it is estimated without bias by a single probe per example,
    :math:`\| J \|_F^2 = \mathbb{E} \, \| v^\top J \|^2` for random signs :math:`v`.

    References:
        | Contractive Auto-Encoders: Explicit Invariance During Feature Extraction
          (Rifai et al., 2011)
        | https://icml.cc/2011/papers/455_icmlpaper.pdf

        | A stochastic estimator of the trace of the influence matrix (Hutchinson, 1989)
        | https://doi.org/10.1080/03610918908812806

    Arguments:
        penalty: The weight :math:`\lambda \geq 0` of the penalty.
        exact: The largest code whose Jacobian is taken row by row.

    Example:
        >>> Contractive(penalty=1.0).get_params()
        {'penalty': 1.0, 'exact': 4}
    """

    posterior = Dirac

    def __init__(self, penalty: float = 0.1, exact: int = 4) -> None:
        super().__init__()

        if not penalty >= 0:
            raise ValueError(f"expected penalty >= 0, got {penalty}.")

        self.penalty = penalty
        self.exact = exact

    def forward(self, model: LatentModel, x: Tensor, target: Tensor) -> Loss:
        with torch.enable_grad():  # the penalty is a gradient, also in validation
            x = x.detach().requires_grad_()
            z = model.encode(x).mean
            D = z.shape[-1]

            if D <= self.exact:
                probes = torch.eye(D, dtype=z.dtype, device=z.device)[:, None].expand(D, *z.shape)
            else:
                probes = torch.randint_like(z, 2)[None] * 2 - 1

            contraction = torch.stack([_squared_vjp(z, x, v) for v in probes]).sum(dim=0)

        distortion = -model.decode(z).log_prob(target)

        return Loss(
            distortion + self.penalty * contraction,
            {"distortion": distortion, "contraction": contraction},
        )


def _squared_vjp(z: Tensor, x: Tensor, v: Tensor) -> Tensor:
    r"""Returns :math:`\| v^\top J \|^2` of each example, with shape `(B,)`."""
    (vJ,) = torch.autograd.grad(z, x, v, create_graph=True, allow_unused=True)

    if vJ is None:
        raise ValueError(
            "the code has no gradient with respect to the data, which are symbols. Use"
            " ae.denoising(...) for them."
        )

    return vJ.square().flatten(start_dim=1).sum(dim=-1)
