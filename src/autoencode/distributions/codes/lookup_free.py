r"""Quantization to signs, without a codebook."""

__all__ = ["LookupFreeQuantizer"]

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ...common.checks.ranges import check_above, check_at_least
from ...networks import Network
from ..base import Family
from .codebook import QuantizedPoint
from .grouping import groups, straight_through

_MAX_BITS = 14  # the entropy needs one number for each of the 2^14 entries and each code
_SLOWEST_RATE = 0.05  # of running means
_SMALLEST_VARIANCE = 1e-6


class LookupFreeQuantizer(Family):
    r"""Point masses at the signs of the units: each unit is one bit, and a group of them an index.

    .. math:: z_j = \mathrm{sign}(x_j), \qquad k_g = \sum_j 2^j \, [x_{gj} > 0], \qquad
        x_j = (\phi_j - m_j) / s_j

    There is no codebook to learn. The running mean :math:`m` and standard deviation :math:`s` of
    the training keep each bit near even odds. The paper has none; without them, units that begin
    with one sign for all examples keep it, as neither the decoder nor the penalty has a gradient
    that changes it. :class:`~autoencode.objectives.VQ` adds the penalty

    .. math:: \lambda \Big( H \big( p(k \mid \phi) \big)
        - H \big( \mathbb{E} [p(k \mid \phi)] \big) \Big), \qquad
        p(k \mid \phi) \propto e^{-\| x_g - e_k \|^2 / \tau}

    which makes the entries of each code certain, and the use of all entries even. The expectation
    is taken over the groups of a minibatch. A larger weight uses more entries, at the cost of the
    distortion.

    References:
        | Language Model Beats Diffusion: Tokenizer is Key to Visual Generation (Yu et al., 2023),
          section 3.1
        | https://arxiv.org/abs/2310.05737

    Arguments:
        n_bits: The number of units of a group, a divisor of the size of the code and at most 14;
            by default the largest one up to ten.
        entropy_weight: The weight :math:`\lambda \geq 0`.
        temperature: The temperature :math:`\tau > 0`.

    Raises:
        ValueError: If an argument is out of its range, or `n_bits` does not divide the code.

    See Also:
        :class:`~autoencode.distributions.FiniteScalarQuantizer`,
        :class:`~autoencode.distributions.StraightThroughBernoulli`

    Example:
        >>> family = LookupFreeQuantizer(n_bits=2).build(None, (2,)).eval()
        >>> q = family(torch.tensor([[[-0.3], [2.0]]]))
        >>> q.mean, q.index
        (tensor([[-1.,  1.]]), tensor([[2]]))
    """

    couples_examples = True
    n_params = 1
    has_density = False
    finite = True

    loc: Tensor
    variance: Tensor
    seen: Tensor

    def __init__(
        self, n_bits: int | None = None, entropy_weight: float = 1.0, temperature: float = 0.1
    ) -> None:
        super().__init__()

        check_at_least(1, n_bits=n_bits)
        check_at_least(0, entropy_weight=entropy_weight)
        check_above(0, temperature=temperature)

        if n_bits is not None and n_bits > _MAX_BITS:
            raise ValueError(
                f"expected n_bits of at most {_MAX_BITS}, got {n_bits}. Larger codes have several"
                " groups: choose a divisor of latent_dim."
            )

        self.n_bits = n_bits
        self.entropy_weight = entropy_weight
        self.temperature = temperature

    def build(self, network: Network | None, event: Sequence[int]) -> "LookupFreeQuantizer":
        if event[0] % self._width(event[0]):
            raise ValueError(
                f"expected a code size that is a multiple of n_bits={self.n_bits},"
                f" got {event[0]}. Choose another latent_dim, or another n_bits."
            )

        self.register_buffer("loc", torch.zeros(tuple(event)))
        self.register_buffer("variance", torch.ones(tuple(event)))
        self.register_buffer("seen", torch.zeros(()))

        return self

    def forward(self, phi: Tensor) -> QuantizedPoint:
        phi = phi.squeeze(dim=-1)

        if self.training:
            self._follow(phi.detach())

        x = (phi - self.loc.clone()) / self.variance.clamp(min=_SMALLEST_VARIANCE).sqrt()
        x = groups(x, self._width(phi.shape[-1]))
        on = x > 0
        bits = 2 ** torch.arange(x.shape[-1], device=x.device)
        entries = torch.where(on, 1.0, -1.0).to(x)
        penalty = self.entropy_weight * self._entropies(x) if self.entropy_weight else None

        return straight_through(
            x, entries, (on * bits).sum(dim=-1), 2 ** x.shape[-1], penalty=penalty
        )

    def project(self, z: Tensor) -> Tensor:
        return torch.where(z > 0, 1.0, -1.0).to(z)

    def index_shape(self, D: int) -> tuple[int, int]:
        return D // self._width(D), 2 ** self._width(D)

    def indices(self, z: Tensor) -> Tensor:
        on = groups(z, self._width(z.shape[-1])) > 0
        return (on * 2 ** torch.arange(on.shape[-1], device=z.device)).sum(dim=-1)

    def values(self, index: Tensor, D: int) -> Tensor:
        bits = index[..., None] >> torch.arange(self._width(D), device=index.device)
        return (2.0 * (bits % 2) - 1).flatten(start_dim=-2)

    @torch.no_grad()
    def _follow(self, phi: Tensor) -> None:
        r"""Moves the running means towards those of a minibatch."""
        rows = phi.flatten(end_dim=-2)
        self.seen += 1
        rate = (1 / self.seen).clamp(min=_SLOWEST_RATE)  # at first, the mean of what was seen
        self.loc.lerp_(rows.mean(dim=0), rate)
        self.variance.lerp_((rows - self.loc).square().mean(dim=0), rate)

    def _entropies(self, x: Tensor) -> Tensor:
        r"""Returns the entropy of each code minus that of the minibatch, with shape `(*)`."""
        logit = 4 * x / self.temperature  # logit of a bit: its two squared distances differ by 4 x
        on, off = logit.sigmoid(), (-logit).sigmoid()
        each = (softplus(logit) - on * logit).sum(dim=(-2, -1))
        p = x.new_ones(*x.shape[:-1], 1)

        for j in range(x.shape[-1]):
            p = torch.cat([p * off[..., j, None], p * on[..., j, None]], dim=-1)

        mean = p.flatten(end_dim=-2).mean(dim=0)
        log_mean = mean.clamp(min=torch.finfo(mean.dtype).tiny).log()  # finite for unused entries

        return each + x.shape[-2] * (mean * log_mean).sum()

    def _width(self, D: int) -> int:
        if self.n_bits is None:
            return next(k for k in range(10, 0, -1) if D % k == 0)

        return min(self.n_bits, D)
