r"""Codes with a given number of active units."""

__all__ = ["Activations", "BatchTopK", "TopK", "activations"]

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, Independent

from ...common.checks.ranges import check_at_least
from ..base import Family
from ..dirac import PointMass


class Activations(PointMass):
    r"""Point mass at the largest units of a code, with all units before the selection.

    Arguments:
        loc: The code, with zeros for the units that are not kept, with shape `(*)`.
        before: The non-negative units before the selection, with shape `(*)`.

    Example:
        >>> Activations(torch.tensor([0.0, 2.0]), torch.tensor([1.0, 2.0])).before.sum()
        tensor(3.)
    """

    def __init__(self, loc: Tensor, before: Tensor) -> None:
        super().__init__(loc)

        self.before = before

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "Activations":
        return Activations(self.loc.expand(batch_shape), self.before.expand(batch_shape))


def activations(q: Distribution) -> Activations:
    r"""Point mass of a posterior that keeps the largest units.

    Arguments:
        q: The posterior.

    Raises:
        ValueError: If the posterior is of another kind.

    Example:
        >>> activations(torch.distributions.Normal(0.0, 1.0))
        Traceback (most recent call last):
        ValueError: expected a posterior that keeps the largest units, such as TopK(), ...
    """
    point = q.base_dist if isinstance(q, Independent) else q

    if not isinstance(point, Activations):
        raise ValueError(
            "expected a posterior that keeps the largest units, such as TopK(), got a"
            f" {type(point).__name__}. Use posterior=TopK() or BatchTopK()."
        )

    return point


class TopK(Family):
    r"""Point masses at codes whose `k` largest units are kept; the others are zero.

    .. math:: z = \mathrm{TopK}(\max(\phi, 0))

    References:
        | Scaling and evaluating sparse autoencoders (Gao et al., 2024), section 2.3
        | https://arxiv.org/abs/2406.04093

    Arguments:
        k: The number of active units.

    Raises:
        ValueError: If there is no active unit.

    See Also:
        :class:`~autoencode.distributions.BatchTopK`, :class:`~autoencode.distributions.JumpReLU`

    Example:
        >>> TopK(k=2)(torch.tensor([[[3.0], [-5.0], [1.0], [2.0]]])).mean
        tensor([[3., 0., 0., 2.]])
    """

    n_params = 1
    has_density = False

    def __init__(self, k: int = 32) -> None:
        super().__init__()

        check_at_least(1, k=k)

        self.k = k

    def forward(self, phi: Tensor) -> Activations:
        a = phi.squeeze(dim=-1).relu()
        kept = a.topk(min(self.k, a.shape[-1]), dim=-1)

        return Activations(torch.zeros_like(a).scatter(-1, kept.indices, kept.values), a)


class BatchTopK(Family):
    r"""Point masses at codes with `k` active units on average.

    In training, the :math:`k B` largest units of a minibatch of :math:`B` codes are kept, so that
    complex examples may use more. After the training, all units above a threshold are kept. The
    threshold is the running mean of the smallest unit that was kept in training. A code then does
    not depend on other examples.

    References:
        | BatchTopK Sparse Autoencoders (Bussmann et al., 2024)
        | https://arxiv.org/abs/2412.06410

    Arguments:
        k: The mean number of active units.
        ema_decay: The decay of the running mean, in 0 to 1.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.distributions.TopK`, :class:`~autoencode.distributions.JumpReLU`

    Example:
        >>> family = BatchTopK(k=1).train()
        >>> family(torch.tensor([[[3.0], [2.0]], [[1.0], [0.5]]])).mean
        tensor([[3., 2.],
                [0., 0.]])
        >>> family.threshold
        tensor(2.)
    """

    couples_examples = True
    n_params = 1
    has_density = False

    threshold: Tensor
    seen: Tensor

    def __init__(self, k: int = 32, ema_decay: float = 0.99) -> None:
        super().__init__()

        if not (k >= 1 and 0 <= ema_decay < 1):
            raise ValueError(f"expected k >= 1 and ema_decay in 0 to 1, got {k} and {ema_decay}.")

        self.k = k
        self.ema_decay = ema_decay
        self.register_buffer("threshold", torch.zeros(()))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, phi: Tensor) -> Activations:
        a = phi.squeeze(dim=-1).relu()
        threshold = self._update(a.detach()) if self.training else self.threshold

        return Activations(torch.where((a >= threshold) & (a > 0), a, 0), a)

    @torch.no_grad()
    def _update(self, a: Tensor) -> Tensor:
        r"""Returns the smallest unit to keep, and moves the running mean towards it."""
        codes = a.numel() // a.shape[-1]
        smallest = a.flatten().topk(min(self.k * codes, a.numel())).values[-1]

        self.seen += 1
        rate = (1 / self.seen).clamp(min=1 - self.ema_decay)  # an ordinary mean at first
        self.threshold.lerp_(smallest, rate)

        return smallest
