r"""Sequences of symbols, one after the other."""

__all__ = ["Autoregressive", "Sequences"]

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Size, Tensor
from torch.distributions import Categorical, Distribution, constraints

from ..common.padding import by_length, lengths
from ..networks import Network
from .family import Family

_AT_ONCE = 2**17  # symbols of sequences that are written together


class Autoregressive(Family):
    r"""Sequences in which each symbol depends on all before it, and on the code.

    .. math:: p(x \mid \phi) = \prod_{t=1}^T p(x_t \mid x_{<t}, \phi)

    The factors come from the :meth:`writer <autoencode.networks.Network.writer>` of the network.
    The last symbol ends a sequence, and fills its row up; what follows the first end is not
    scored. A row without an end holds the beginning of a longer sequence, and is scored as such,
    so that the probabilities of all sequences sum to one.

    A decoder that sees everything before models the data without the code, which then carries
    nothing: the posterior collapses to the prior. Against it, the
    :class:`~autoencode.objectives.ELBO` leaves a part of the rate free, and symbols that are
    looked back at can be hidden while training, so that they have to be in the code.

    References:
        | Generating Sentences from a Continuous Space (Bowman et al., 2016)
        | https://arxiv.org/abs/1511.06349

        | The Curious Case of Neural Text Degeneration (Holtzman et al., 2020), for the nucleus
        | https://arxiv.org/abs/1904.09751

    Arguments:
        length: The most symbols of a sequence that is written; by default, of a model, those
            of the longest text that it was fitted to.
        dropout: The probability of hiding a symbol while training.
        free_bits: The rate in nats per example that costs nothing, unless the objective says
            another.
        temperature: What the logits are divided by for samples; below one they are more
            usual, at zero the most probable symbol is always taken.
        nucleus: The share of the probability that samples are drawn from: at each step, the
            most probable symbols that together reach it.

    Example:
        >>> from autoencode.networks import Recurrent
        >>> family = Autoregressive(length=5).build(Recurrent(8, symbols=3), (16,))
        >>> p = family(torch.zeros(2, 16, 1))
        >>> p.log_prob(torch.tensor([[0, 1, 0, 2, 2], [2, 2, 2, 2, 2]])).shape
        torch.Size([2])
        >>> p.sample((4,)).shape
        torch.Size([4, 2, 5])
    """

    n_params = 1
    discrete = True

    writer: nn.Module
    symbols: int
    longest: int

    def __init__(
        self,
        length: int | None = None,
        dropout: float = 0.0,
        free_bits: float = 8.0,
        temperature: float = 1.0,
        nucleus: float = 1.0,
    ) -> None:
        super().__init__()

        if not ((length is None or length >= 1) and 0 <= dropout <= 1 and free_bits >= 0):
            raise ValueError(
                "expected length >= 1, dropout in 0 to 1 and free_bits >= 0,"
                f" got {length}, {dropout} and {free_bits}."
            )

        self.length = length
        self.dropout = dropout
        self.free_bits = free_bits
        self.temperature = temperature
        self.nucleus = nucleus
        self._check_draws()

    def build(self, network: Network, event: Sequence[int]) -> "Autoregressive":
        (features,) = event
        self.writer = network.writer(features)
        self.symbols = network.symbols or 0

        if self.length is None:
            raise ValueError("expected a length, the most symbols of a sequence, got None.")

        self.longest = self.length

        return self

    def forward(self, phi: Tensor) -> "Sequences":
        return Sequences(self, phi.squeeze(dim=-1))

    def log_prob(self, phi: Tensor, x: Tensor) -> Tensor:
        r"""
        Arguments:
            phi: The parameters, with shape `(B, features)`.
            x: Rows of symbols, with shape `(B, L)`.

        Returns:
            The log-probabilities in nats, with shape `(B,)`.
        """
        n = lengths(x, self.symbols - 1)
        rows, ll = [], []

        for group, longest in by_length(n):
            rows.append(group)
            ll.append(self._log_prob(phi[group], x[group, :longest], n[group]))

        return torch.cat(ll)[torch.cat(rows).argsort()] if rows else phi[:, 0]

    def factors(self, phi: Tensor, x: Tensor) -> Categorical:
        r"""The distributions :math:`p(x_t \mid x_{<t}, \phi)` of each symbol, given all before it.

        Arguments:
            phi: The parameters, with shape `(B, features)`.
            x: Rows of symbols, with shape `(B, L)`.

        Returns:
            Distributions with batch shape `(B, L)`.
        """
        return Categorical(logits=self._logits(phi, x), validate_args=False)

    @torch.no_grad()
    def write(self, phi: Tensor, choose: Callable[[Tensor], Tensor]) -> Tensor:
        r"""Makes sequences symbol by symbol, all rows at once, until each has ended.

        Arguments:
            phi: The parameters, with shape `(B, features)`.
            choose: Codec logits, with shape `(B, symbols)`, to symbols, with shape `(B,)`.

        Returns:
            Rows of symbols, with shape `(B, length)`.
        """
        end = self.symbols - 1
        x = torch.full((len(phi), self.longest), end, device=phi.device)
        last, ended = x[:, 0], torch.zeros_like(x[:, 0], dtype=torch.bool)
        memory: Any = None

        for t in range(self.longest):
            logits, memory = self.writer(last[:, None], phi, memory)
            last = x[:, t] = choose(logits[:, 0].to(phi.dtype)).masked_fill(ended, end)
            ended = last == end

            if ended.all():
                break

        return x

    def draw(self, logits: Tensor) -> Tensor:
        r"""Draws symbols by their probabilities, as temperature and nucleus change them."""
        self._check_draws()

        if self.temperature == 0:
            return logits.argmax(dim=-1)

        p = (logits / self.temperature).softmax(dim=-1)

        if self.nucleus < 1:
            sorted_p, symbols = p.sort(dim=-1, descending=True)
            outside = sorted_p.cumsum(dim=-1) - sorted_p >= self.nucleus
            p = p.scatter(-1, symbols, sorted_p.masked_fill(outside, 0))

        return torch.multinomial(p, 1).squeeze(dim=-1)

    def _check_draws(self) -> None:
        if not (self.temperature >= 0 and 0 < self.nucleus <= 1):
            raise ValueError(
                "expected temperature >= 0 and nucleus above 0 and up to 1,"
                f" got {self.temperature} and {self.nucleus}."
            )

    def _log_prob(self, phi: Tensor, x: Tensor, n: Tensor) -> Tensor:
        ll = -F.cross_entropy(self._logits(phi, x).mT, x, reduction="none")
        beyond = torch.arange(x.shape[1], device=x.device) >= n[:, None]

        return ll.masked_fill(beyond, 0).sum(dim=-1)

    def _logits(self, phi: Tensor, x: Tensor) -> Tensor:
        before = F.pad(x[:, :-1], (1, 0), value=self.symbols - 1)
        logits, _ = self.writer(self._hide(before), phi)

        return logits.to(phi.dtype)

    def _hide(self, x: Tensor) -> Tensor:
        r"""Returns the symbols as they are looked back at, some of them hidden while training."""
        if not (self.training and self.dropout > 0):
            return x

        return x.masked_fill(torch.rand(x.shape, device=x.device) < self.dropout, self.symbols)


class Sequences(Distribution):
    r"""Distribution over rows of symbols that a family describes, see :class:`Autoregressive`.

    Arguments:
        family: The family, which owns what all sequences share.
        phi: The parameters, with shape `(*, features)`.

    Example:
        >>> from autoencode.networks import Recurrent
        >>> family = Autoregressive(length=5).build(Recurrent(8, symbols=3), (16,))
        >>> Sequences(family, torch.zeros(2, 16)).mean.shape
        torch.Size([2, 5])
    """

    arg_constraints: ClassVar[dict] = {}
    support = constraints.real_vector

    def __init__(self, family: Autoregressive, phi: Tensor) -> None:
        self.family = family
        self.phi = phi

        super().__init__(phi.shape[:-1], Size([family.longest]), validate_args=False)

    @property
    def mean(self) -> Tensor:
        r"""The sequence of the most probable symbols, each given those before it."""
        return self._rows(self.phi, lambda logits: logits.argmax(dim=-1))

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "Sequences":
        return Sequences(self.family, self.phi.expand(*batch_shape, -1))

    def sample(self, sample_shape: Size = Size()) -> Tensor:
        return self._rows(self.phi.expand(*sample_shape, *self.phi.shape), self.family.draw)

    def log_prob(self, value: Tensor) -> Tensor:
        batch = torch.broadcast_shapes(self.batch_shape, value.shape[:-1])
        x = value.expand(*batch, -1).reshape(-1, value.shape[-1]).long()
        phi = self.phi.expand(*batch, -1).reshape(-1, self.phi.shape[-1])

        return self.family.log_prob(phi, x).reshape(batch)

    def _rows(self, phi: Tensor, choose: Callable[[Tensor], Tensor]) -> Tensor:
        parts = phi.reshape(-1, phi.shape[-1]).split(max(1, _AT_ONCE // self.family.longest))
        x = torch.cat([self.family.write(part, choose) for part in parts])

        return x.reshape(*phi.shape[:-1], -1).to(phi.dtype)
