r"""Autoregressive distributions over token sequences."""

__all__ = ["Autoregressive", "AutoregressiveDistribution"]

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Size, Tensor
from torch.distributions import Categorical, Distribution, constraints

from ..networks import Network
from ..networks.padding import by_length, lengths
from .base import Family

TOKENS_PER_BATCH = 2**17  # generated at once


class Autoregressive(Family):
    r"""Token sequences in which each token depends on all preceding ones and on the code.

    .. math:: p(x \mid \phi) = \prod_{t=1}^T p(x_t \mid x_{<t}, \phi)

    The factors come from the network's
    :meth:`token decoder <autoencode.networks.Network.token_decoder>`. The last token of the
    vocabulary ends a sequence and pads its row; tokens after the first end are not scored. A row
    without an end is scored as the beginning of a longer sequence, so that the probabilities of
    all sequences sum to one.

    A decoder that sees all preceding tokens can model the data without the code. The posterior
    then collapses to the prior. Two settings counteract this: the
    :class:`~autoencode.objectives.ELBO` does not penalize the first `free_nats` of the rate, and
    `dropout` hides preceding tokens during training, which the code then has to provide.

    References:
        | Generating Sentences from a Continuous Space (Bowman et al., 2016)
        | https://arxiv.org/abs/1511.06349

        | The Curious Case of Neural Text Degeneration (Holtzman et al., 2020), for nucleus
          (top-p) sampling
        | https://arxiv.org/abs/1904.09751

    Arguments:
        max_length: The maximum number of tokens of a generated sequence; by default the length of
            the longest text in the training data.
        dropout: The probability of hiding a preceding token during training.
        free_nats: The rate in nats per example that is not penalized, unless the objective sets
            its own.
        temperature: The divisor of the logits in sampling. Values below one favor probable tokens;
            zero always selects the most probable one.
        top_p: The probability mass to sample from: at each step, the smallest set of most
            probable tokens whose total probability reaches it.

    See Also:
        :class:`~autoencode.networks.Recurrent`, :class:`~autoencode.modalities.Texts`

    Example:
        >>> from autoencode.networks import Recurrent
        >>> family = Autoregressive(max_length=5).build(Recurrent(8, vocab_size=3), (16,))
        >>> p = family(torch.zeros(2, 16, 1))
        >>> p.log_prob(torch.tensor([[0, 1, 0, 2, 2], [2, 2, 2, 2, 2]])).shape
        torch.Size([2])
        >>> p.sample((4,)).shape
        torch.Size([4, 2, 5])
    """

    n_params = 1
    discrete = True

    token_decoder: nn.Module
    vocab_size: int
    longest: int

    def __init__(
        self,
        max_length: int | None = None,
        dropout: float = 0.0,
        free_nats: float = 8.0,
        temperature: float = 1.0,
        top_p: float = 1.0,
    ) -> None:
        super().__init__()

        if not ((max_length is None or max_length >= 1) and 0 <= dropout <= 1 and free_nats >= 0):
            raise ValueError(
                "expected max_length >= 1, dropout in 0 to 1 and free_nats >= 0,"
                f" got {max_length}, {dropout} and {free_nats}."
            )

        self.max_length = max_length
        self.dropout = dropout
        self.free_nats = free_nats
        self.temperature = temperature
        self.top_p = top_p
        self._check_draws()

    def build(self, network: Network, event: Sequence[int]) -> "Autoregressive":
        (features,) = event
        self.token_decoder = network.token_decoder(features)
        self.vocab_size = network.vocab_size or 0

        if self.max_length is None:
            raise ValueError(
                "expected a length, the maximum number of tokens of a sequence, got None."
            )

        self.longest = self.max_length

        return self

    def forward(self, phi: Tensor) -> "AutoregressiveDistribution":
        return AutoregressiveDistribution(self, phi.squeeze(dim=-1))

    def log_prob(self, phi: Tensor, x: Tensor) -> Tensor:
        r"""
        Arguments:
            phi: The parameters, with shape `(B, features)`.
            x: Tokens, with shape `(B, L)`.

        Returns:
            The log-probabilities in nats, with shape `(B,)`.
        """
        n = lengths(x, self.vocab_size - 1)
        rows, ll = [], []

        for group, longest in by_length(n):
            rows.append(group)
            ll.append(self._log_prob(phi[group], x[group, :longest], n[group]))

        return torch.cat(ll)[torch.cat(rows).argsort()] if rows else phi[:, 0]

    def factors(self, phi: Tensor, x: Tensor) -> Categorical:
        r"""Conditional distributions :math:`p(x_t \mid x_{<t}, \phi)` of the tokens.

        Arguments:
            phi: The parameters, with shape `(B, features)`.
            x: Tokens, with shape `(B, L)`.

        Returns:
            Distributions with batch shape `(B, L)`.
        """
        return Categorical(logits=self._logits(phi, x), validate_args=False)

    @torch.no_grad()
    def generate(
        self, phi: Tensor, pick: Callable[[Tensor], Tensor], prefix: Tensor | None = None
    ) -> Tensor:
        r"""Generates sequences token by token, in parallel over rows, until all have ended.

        Arguments:
            phi: The parameters, with shape `(B, features)`.
            pick: Maps logits, with shape `(B, vocab_size)`, to tokens, with shape `(B,)`.
            prefix: The first tokens of all sequences, without an end token, with shape `(P,)`.

        Returns:
            Tokens, with shape `(B, length)`.
        """
        end = self.vocab_size - 1
        x = torch.full((len(phi), self.longest), end, device=phi.device)
        ended = torch.zeros_like(x[:, 0], dtype=torch.bool)
        given = x.new_empty(0) if prefix is None else prefix.to(x)
        x[:, : len(given)] = given
        before = torch.cat([x[:, -1:], given.expand(len(x), -1)], dim=1)
        cache: Any = None

        for t in range(len(given), self.longest):
            logits, cache = self.token_decoder(before, phi, cache)
            last = x[:, t] = pick(logits[:, -1].to(phi.dtype)).masked_fill(ended, end)
            before, ended = last[:, None], last == end

            if ended.all():
                break

        return x

    def draw_tokens(self, logits: Tensor) -> Tensor:
        r"""Draws tokens from the logits, with temperature and top-p truncation."""
        self._check_draws()

        if self.temperature == 0:
            return logits.argmax(dim=-1)

        if not logits.isfinite().all():
            raise FloatingPointError("the decoder gives no finite probabilities of tokens.")

        p = (logits / self.temperature).softmax(dim=-1)

        if self.top_p < 1:
            sorted_p, tokens = p.sort(dim=-1, descending=True)
            outside = sorted_p.cumsum(dim=-1) - sorted_p >= self.top_p
            p = p.scatter(-1, tokens, sorted_p.masked_fill(outside, 0))

        return torch.multinomial(p, 1).squeeze(dim=-1)

    def _check_draws(self) -> None:
        if not (self.temperature >= 0 and 0 < self.top_p <= 1):
            raise ValueError(
                "expected temperature >= 0 and 0 < top_p <= 1,"
                f" got {self.temperature} and {self.top_p}."
            )

    def _log_prob(self, phi: Tensor, x: Tensor, n: Tensor) -> Tensor:
        # With the logits of a token contiguous in memory, normalization takes a tenth of the time
        logits = self._logits(phi, x).flatten(end_dim=1)
        ll = -F.cross_entropy(logits, x.flatten(), reduction="none").view_as(x)
        beyond = torch.arange(x.shape[1], device=x.device) >= n[:, None]

        return ll.masked_fill(beyond, 0).sum(dim=-1)

    def _logits(self, phi: Tensor, x: Tensor) -> Tensor:
        before = F.pad(x[:, :-1], (1, 0), value=self.vocab_size - 1)
        logits, _ = self.token_decoder(self._hide(before), phi)

        return logits.to(phi.dtype)

    def _hide(self, x: Tensor) -> Tensor:
        r"""Returns the preceding tokens, some of them hidden during training."""
        if not (self.training and self.dropout > 0):
            return x

        return x.masked_fill(torch.rand(x.shape, device=x.device) < self.dropout, self.vocab_size)


class AutoregressiveDistribution(Distribution):
    r"""Distribution over token sequences, see :class:`Autoregressive`.

    Arguments:
        family: The family, which owns the token decoder.
        phi: The parameters, with shape `(*, features)`.

    See Also:
        :class:`~autoencode.distributions.Autoregressive`

    Example:
        >>> from autoencode.networks import Recurrent
        >>> family = Autoregressive(max_length=5).build(Recurrent(8, vocab_size=3), (16,))
        >>> AutoregressiveDistribution(family, torch.zeros(2, 16)).mean.shape
        torch.Size([2, 5])
    """

    arg_constraints: ClassVar[dict] = {}
    support = constraints.real_vector

    def __init__(self, family: Autoregressive, phi: Tensor) -> None:
        self.family = family
        self.phi = phi
        # The network is called later, but in the precision of the decoder that made the parameters
        self.autocasts = torch.is_autocast_enabled(phi.device.type)

        super().__init__(phi.shape[:-1], Size([family.longest]), validate_args=False)

    @property
    def mean(self) -> Tensor:
        r"""The sequence of greedy decoding: the most probable token at each step."""
        return self._rows(self.phi, lambda logits: logits.argmax(dim=-1))

    def expand(
        self, batch_shape: Size, _instance: Distribution | None = None
    ) -> "AutoregressiveDistribution":
        return AutoregressiveDistribution(self.family, self.phi.expand(*batch_shape, -1))

    def sample(self, sample_shape: Size = Size()) -> Tensor:
        return self._rows(self.phi.expand(*sample_shape, *self.phi.shape), self.family.draw_tokens)

    def sample_after(self, prefix: Tensor) -> Tensor:
        r"""Samples sequences given their first tokens, :math:`p(x \mid x_{1:P}, \phi)`.

        Arguments:
            prefix: The first tokens, without an end token, with shape `(P,)`.

        Returns:
            Tokens, with shape `(*, length)`, the prefix included.

        Raises:
            ValueError: If the prefix leaves no room for an end token.
        """
        if len(prefix) >= self.family.longest:
            raise ValueError(
                f"expected a prefix of at most {self.family.longest - 1} tokens, as sequences have"
                f" at most {self.family.longest} with their end, got {len(prefix)}."
            )

        return self._rows(self.phi, self.family.draw_tokens, prefix.long())

    def log_prob(self, value: Tensor) -> Tensor:
        batch = torch.broadcast_shapes(self.batch_shape, value.shape[:-1])
        x = value.expand(*batch, -1).reshape(-1, value.shape[-1]).long()
        phi = self.phi.expand(*batch, -1).reshape(-1, self.phi.shape[-1])

        with torch.autocast(phi.device.type, torch.bfloat16, enabled=self.autocasts):
            return self.family.log_prob(phi, x).reshape(batch)

    def _rows(
        self, phi: Tensor, pick: Callable[[Tensor], Tensor], prefix: Tensor | None = None
    ) -> Tensor:
        parts = phi.reshape(-1, phi.shape[-1]).split(
            max(1, TOKENS_PER_BATCH // self.family.longest)
        )
        x = torch.cat([self.family.generate(part, pick, prefix) for part in parts])

        return x.reshape(*phi.shape[:-1], -1).to(phi.dtype)
