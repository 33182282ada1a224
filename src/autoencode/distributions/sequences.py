r"""Sequences of symbols, one after the other."""

__all__ = ["Autoregressive", "Sequences"]

from collections.abc import Callable
from typing import ClassVar

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Size, Tensor
from torch.distributions import Distribution, constraints

from ..padding import by_length, lengths
from ..recurrence import GRU
from .family import Family


class Autoregressive(Family):
    r"""Sequences in which each symbol depends on all before it, and on the code.

    .. math:: p(x \mid \phi) = \prod_{t=1}^T p(x_t \mid h_t),
        \qquad h_t = \mathrm{GRU}(e(x_{t-1}) + A \phi, h_{t-1}), \quad h_0 = B \phi

    The last symbol ends a sequence, and fills its row up; what follows the first end is not
    scored. A row without an end holds the beginning of a longer sequence, and is scored as such,
    so that the probabilities of all sequences sum to one.

    A decoder that sees everything before models the data without the code, which then carries
    nothing: the posterior collapses to the prior. Against it, symbols that are looked back at
    are hidden while training, so that they have to be in the code, and the
    :class:`~autoencode.objectives.ELBO` leaves a part of the rate free.

    References:
        | Generating Sentences from a Continuous Space (Bowman et al., 2016)
        | https://arxiv.org/abs/1511.06349

        | The Curious Case of Neural Text Degeneration (Holtzman et al., 2020), for the nucleus
        | https://arxiv.org/abs/1904.09751

    Arguments:
        symbols: The size of the alphabet, with the end; 256 for bytes, as no text in UTF-8 has
            the byte 255.
        width: The size of the state :math:`h`.
        length: The most symbols of a sequence that is generated.
        dropout: The probability of hiding a symbol while training.
        free_bits: The rate in nats per example that costs nothing.
        temperature: What the logits are divided by for samples; below one they are more
            usual, at zero the most probable symbol is always taken.
        nucleus: The share of the probability that samples are drawn from: at each step, the
            most probable symbols that together reach it.

    Example:
        >>> p = Autoregressive(symbols=3, width=8, length=5)(torch.zeros(2, 256, 1))
        >>> p.log_prob(torch.tensor([[0, 1, 0, 2, 2], [2, 2, 2, 2, 2]])).shape
        torch.Size([2])
        >>> p.sample((4,)).shape
        torch.Size([4, 2, 5])
    """

    n_params = 1
    discrete = True

    features: ClassVar[int] = 256
    r"""The size of :math:`\phi`."""

    def __init__(
        self,
        symbols: int = 256,
        width: int = 256,
        length: int = 256,
        dropout: float = 0.3,
        free_bits: float = 8.0,
        temperature: float = 1.0,
        nucleus: float = 1.0,
    ) -> None:
        super().__init__()

        if not (symbols >= 2 and width >= 1 and length >= 1):
            raise ValueError(
                "expected symbols >= 2, width >= 1 and length >= 1,"
                f" got {symbols}, {width} and {length}."
            )

        if not (0 <= dropout <= 1 and temperature >= 0 and 0 < nucleus <= 1):
            raise ValueError(
                "expected dropout in 0 to 1, temperature >= 0 and nucleus above 0 and up to 1,"
                f" got {dropout}, {temperature} and {nucleus}."
            )

        self.symbols = symbols
        self.width = width
        self.length = length
        self.dropout = dropout
        self.free_bits = free_bits
        self.temperature = temperature
        self.nucleus = nucleus

        self.condition = nn.Linear(self.features, 4 * width)
        nn.init.normal_(self.condition.weight, std=self.features**-0.5)
        self.recurrence = GRU(symbols + 1, width)  # the last one is hidden
        self.head = nn.Linear(width, symbols)

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

        return torch.cat(ll).to(phi.dtype)[torch.cat(rows).argsort()] if rows else phi[:, 0]

    @torch.no_grad()
    def generate(self, phi: Tensor, choose: Callable[[Tensor], Tensor]) -> Tensor:
        r"""Makes sequences symbol by symbol, all rows at once, until each has ended.

        Arguments:
            phi: The parameters, with shape `(B, features)`.
            choose: Maps logits, with shape `(B, symbols)`, to symbols, with shape `(B,)`.

        Returns:
            Rows of symbols, with shape `(B, length)`.
        """
        end = self.symbols - 1
        x = torch.full((len(phi), self.length), end, device=phi.device)
        shift, h = self._start(phi)
        last = x[:, 0]

        for t in range(self.length):
            h = self.recurrence(last[:, None], shift, h)[:, 0]
            chosen = choose(self.head(h))
            last = x[:, t] = chosen if t == 0 else torch.where(last == end, end, chosen)

            if (last == end).all():
                break

        return x

    def draw(self, logits: Tensor) -> Tensor:
        r"""Draws symbols by their probabilities, as temperature and nucleus change them."""
        if self.temperature == 0:
            return logits.argmax(dim=-1)

        p = (logits / self.temperature).softmax(dim=-1)

        if self.nucleus < 1:
            sorted_p, symbols = p.sort(dim=-1, descending=True)
            outside = sorted_p.cumsum(dim=-1) - sorted_p >= self.nucleus
            p = p.scatter(-1, symbols, sorted_p.masked_fill(outside, 0))

        return torch.multinomial(p, 1).squeeze(dim=-1)

    def _log_prob(self, phi: Tensor, x: Tensor, n: Tensor) -> Tensor:
        end = self.symbols - 1
        before = F.pad(x[:, :-1], (1, 0), value=end)
        states = self.recurrence(self._hide(before), *self._start(phi))
        ll = -F.cross_entropy(self.head(states).mT, x, reduction="none")
        beyond = torch.arange(x.shape[1], device=x.device) >= n[:, None]

        return ll.masked_fill(beyond, 0).sum(dim=-1)

    def _start(self, phi: Tensor) -> tuple[Tensor, Tensor]:
        r"""Returns what the code adds to each input, and the first state."""
        shift, h = self.condition(phi).split([3 * self.width, self.width], dim=-1)
        return shift, h.tanh()

    def _hide(self, x: Tensor) -> Tensor:
        r"""Returns the symbols as they are looked back at, some of them hidden while training."""
        if not (self.training and self.dropout > 0):
            return x

        return x.masked_fill(torch.rand(x.shape, device=x.device) < self._share(x), self.symbols)

    def _share(self, x):
        import os

        mode = os.environ.get("MODE", "flat")
        if mode == "uni":
            return self.dropout * torch.rand(len(x), 1, device=x.device)
        if mode == "all":
            return 2.0 * (torch.rand(len(x), 1, device=x.device) < self.dropout)
        return self.dropout


class Sequences(Distribution):
    r"""Distribution over rows of symbols that a family describes, see :class:`Autoregressive`.

    Arguments:
        family: The family, which owns what all sequences share.
        phi: The parameters, with shape `(*, features)`.

    Example:
        >>> family = Autoregressive(symbols=3, width=8, length=5)
        >>> Sequences(family, torch.zeros(2, 256)).mean.shape
        torch.Size([2, 5])
    """

    arg_constraints: ClassVar[dict] = {}
    support = constraints.real_vector

    def __init__(self, family: Autoregressive, phi: Tensor) -> None:
        self.family = family
        self.phi = phi

        super().__init__(phi.shape[:-1], Size([family.length]), validate_args=False)

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
        x = self.family.generate(phi.reshape(-1, phi.shape[-1]), choose)
        return x.reshape(*phi.shape[:-1], -1).to(phi.dtype)
