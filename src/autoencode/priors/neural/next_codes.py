r"""Distribution of codes over time, each given those before it."""

__all__ = ["CodesOverTime", "NextCode"]

import math
from typing import Any, ClassVar

import torch
import torch.nn as nn
from torch import Size, Tensor
from torch.distributions import Distribution
from torch.nn.functional import pad, softplus

_MIN_SCALE = 0.01  # of a standardized code


class NextCode(nn.Module):
    r"""Recurrent network that predicts the next code as a mixture of diagonal Gaussians.

    .. math:: p(z_t \mid z_{<t}, c) = \sum_k \pi_k(h_t) \, \mathcal{N} \big( z_t \mid
        \mu_k(h_t), \sigma_k^2(h_t) \big), \qquad
        h_t = \mathrm{GRU}(h_{t-1}, [z_{t-1}, s_t, c])

    :math:`s_t` is one at the first step, and zero later. The means are bounded, as the states are,
    so that long series do not drift away.

    Arguments:
        channels: The numbers :math:`D` of a code.
        width: The size of the state :math:`h`.
        n_components: The number of Gaussians.
        context: The number of features of the context.

    Example:
        >>> NextCode(2, 8, 3)(torch.zeros(5, 7, 2)).shape
        torch.Size([5, 7])
    """

    def __init__(self, channels: int, width: int, n_components: int, context: int = 0) -> None:
        super().__init__()

        self.sizes = n_components, channels
        self.cell = nn.GRU(channels + 1 + context, width, batch_first=True)
        self.head = nn.Linear(width, n_components * (2 * channels + 1))

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        r"""
        Arguments:
            z: Codes, with shape `(B, T, D)`.
            c: Their contexts, with shape `(B, C)`.

        Returns:
            The log-density of each code given those before it, with shape `(B, T)`.
        """
        before = pad(z[:, :-1], (0, 0, 1, 0))
        first = torch.zeros_like(z[..., :1])
        first[:, 0] = 1
        log_weight, loc, scale = self._parts(self.cell(_joined(before, first, c))[0])
        residual = (z[..., None, :] - loc) / scale
        log_p = -0.5 * residual.square().sum(dim=-1) - scale.log().sum(dim=-1)

        return (log_weight + log_p).logsumexp(dim=-1) - z.shape[-1] / 2 * math.log(2 * math.pi)

    @torch.no_grad()
    def draw(self, n: int, steps: int, c: Tensor | None = None) -> Tensor:
        r"""Draws codes step by step, with shape `(n, steps, D)`.

        Arguments:
            n: The number of sequences.
            steps: The number of codes of each.
            c: Their contexts, with shape `(n, C)`.
        """
        z = next(self.parameters()).new_zeros(n, 1, self.sizes[1])
        first, h, drawn = torch.ones_like(z[..., :1]), None, []

        for _ in range(steps):
            states, h = self.cell(_joined(z, first, c), h)
            log_weight, loc, scale = self._parts(states)
            k = torch.multinomial(log_weight[:, 0].exp(), 1)[:, None, :, None]
            loc, scale = (v.take_along_dim(k, dim=2)[:, :, 0] for v in (loc, scale))
            z, first = loc + scale * torch.randn_like(loc), torch.zeros_like(first)
            drawn.append(z)

        return torch.cat(drawn, dim=1)

    def _parts(self, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        r"""Returns log-weights, with shape `(B, T, K)`, means and scales, `(B, T, K, D)`."""
        K, D = self.sizes
        logits, loc, s = self.head(states).split([K, K * D, K * D], dim=-1)
        loc, s = (v.unflatten(-1, (K, D)) for v in (loc, s))

        return logits.log_softmax(dim=-1), loc, _MIN_SCALE + softplus(s)


class CodesOverTime(Distribution):
    r"""Codes of all steps in one vector, whose channels come first.

    .. math:: p(z) = \prod_{t=1}^T p(z_t \mid z_{<t}, c)

    Arguments:
        network: The distribution of the next standardized code.
        loc: The means of the codes, with shape `(D,)`.
        scale: Their standard deviations, with shape `(D,)`.
        steps: The number of codes :math:`T`.
        c: Contexts, with shape `(B, C)`, or `None` for a single distribution.

    Example:
        >>> p = CodesOverTime(NextCode(2, 8, 3), torch.zeros(2), torch.ones(2), steps=7)
        >>> p.sample(Size([5])).shape, p.log_prob(torch.zeros(5, 14)).shape
        (torch.Size([5, 14]), torch.Size([5]))
    """

    arg_constraints: ClassVar[dict] = {}

    def __init__(
        self, network: NextCode, loc: Tensor, scale: Tensor, steps: int, c: Tensor | None = None
    ) -> None:
        batch = Size() if c is None else Size([len(c)])
        super().__init__(batch, Size([len(loc) * steps]), validate_args=False)

        self.network, self.loc, self.scale, self.steps, self.c = network, loc, scale, steps, c

    @property
    def mean(self) -> Tensor:
        r"""The means of the codes over the training examples."""
        return self._of_all_steps(self.loc)

    @property
    def variance(self) -> Tensor:
        r"""The variances of the codes over the training examples."""
        return self._of_all_steps(self.scale.square())

    def step_log_prob(self, value: Tensor) -> Tensor:
        r"""Returns the log-density of each code given those before it.

        Arguments:
            value: The codes, with shape `(*, D T)`.

        Returns:
            The log-densities, with shape `(*, T)`.
        """
        shape = torch.broadcast_shapes(value.shape[:-1], self.batch_shape)
        z = value.expand(*shape, -1).reshape(-1, len(self.loc), self.steps).mT
        c = self.c if self.c is None else self.c.expand(*shape, -1).reshape(-1, self.c.shape[-1])
        log_p = self.network((z - self.loc) / self.scale, c) - self.scale.log().sum()

        return log_p.reshape(*shape, self.steps)

    def log_prob(self, value: Tensor) -> Tensor:
        return self.step_log_prob(value).sum(dim=-1)

    @torch.no_grad()
    def sample(self, sample_shape: Size = Size()) -> Tensor:
        shape = Size(sample_shape) + self.batch_shape
        c = self.c if self.c is None else self.c.expand(*shape, -1).reshape(-1, self.c.shape[-1])
        z = self.network.draw(math.prod(shape), self.steps, c) * self.scale + self.loc

        return z.mT.reshape(*shape, -1)

    def expand(self, batch_shape: Size, _instance: Any = None) -> "CodesOverTime":
        c = self.c if self.c is None else self.c.expand(*batch_shape, -1)
        return CodesOverTime(self.network, self.loc, self.scale, self.steps, c)

    def _of_all_steps(self, v: Tensor) -> Tensor:
        return v.repeat_interleave(self.steps).expand(*self.batch_shape, -1)


def _joined(z: Tensor, first: Tensor, c: Tensor | None) -> Tensor:
    parts = [z, first] if c is None else [z, first, c[:, None].expand(-1, z.shape[1], -1)]
    return torch.cat(parts, dim=-1)
