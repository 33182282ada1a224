r"""Fisher-Rao metric of token sequences, estimated with sampled prefixes."""

__all__ = ["prefix_metric", "sampled_prefix_metric"]

from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Categorical

from ...distributions import AutoregressiveDistribution
from ...networks.padding import lengths

_MAX_PROBABILITIES = 2**22  # maximum number of probabilities in memory


def sampled_prefix_metric(p: AutoregressiveDistribution) -> tuple[Callable, Callable]:
    r"""Metric estimated with the prefixes of sequences that a model generates.

    .. math:: x_s \sim p(x \mid z_s), \qquad q(x) = \frac{1}{S} \sum_{s=1}^S p(x \mid z_s)

    One sequence is drawn from each distribution, with torch's generator. Together they are a
    sample of the mixture :math:`q`.

    Arguments:
        p: The distributions :math:`p(x \mid z_s)`, with batch shape `(S,)`.

    Returns:
        The two functions that :func:`prefix_metric` returns.

    Example:
        >>> from autoencode.distributions import Autoregressive
        >>> from autoencode.networks import Recurrent
        >>> family = Autoregressive(max_length=5).build(Recurrent(8, vocab_size=3), (16,))
        >>> features, squared_distance = sampled_prefix_metric(family(torch.randn(4, 16, 1)))
        >>> h, k = features(family(torch.randn(2, 16, 1)))
        >>> squared_distance(h, k) > 0
        tensor(True)
    """
    symbols = p.family.vocab_size
    x = p.family.generate(p.phi, lambda logits: Categorical(logits=logits).sample())
    x = x[:, : int(lengths(x, symbols - 1).max())]
    parts = p.phi.split(max(1, _MAX_PROBABILITIES // (x.numel() * symbols)))
    log_p = torch.cat(
        [
            _prefix_log_probs(
                _next_token_log_probs(AutoregressiveDistribution(p.family, z), x), x, symbols
            )
            for z in parts
        ]
    )

    return prefix_metric(x, log_p.logsumexp(dim=0), symbols)


def prefix_metric(x: Tensor, log_q: Tensor, symbols: int) -> tuple[Callable, Callable]:
    r"""Metric estimated with the prefixes of given sequences.

    .. math:: G(z) = \sum_t \sum_s w_{st}(z) \, G_{st}(z), \qquad
        w_{st}(z) \propto \frac{p(x_{s, <t} \mid z)}{q(x_{s, <t})}, \quad \sum_s w_{st}(z) = 1

    :math:`G_{st}` is the Fisher-Rao metric of the next token, :math:`p(x_t \mid x_{s, <t}, z)`,
    and zero beyond the end of a sequence. By the chain rule, the metric of whole sequences is the
    mean of :math:`\sum_t G_t` over :math:`p(x \mid z)`. The weights turn a mean over :math:`q`
    into this mean. The result is exact in the limit of many sequences, or if `x` has all sequences
    that exist. With few sequences it is an estimate, which becomes worse if these prefixes are
    unlikely under the code. It is always a metric, as a mean of metrics at each position.

    The weights of a step are the means of the weights at its ends, which changes lengths in the
    third order of the step.

    Arguments:
        x: The sequences, with shape `(S, L)`.
        log_q: The logarithms of the probabilities :math:`q(x_{s, <t})` of drawing each prefix,
            with shape `(S, L)`, up to a constant for each :math:`t`.
        symbols: The size of the vocabulary. Its last token ends a sequence.

    Returns:
        A function from distributions :math:`p(x \mid z)`, with batch shape `(N,)`, to features
        with shape `(N, F)`; and one from the features of both ends of steps to squared lengths.

    Example:
        >>> from autoencode.distributions import Autoregressive
        >>> from autoencode.networks import Recurrent
        >>> family = Autoregressive(max_length=5).build(Recurrent(8, vocab_size=3), (16,))
        >>> x = torch.tensor([[0, 1, 2], [2, 2, 2]])
        >>> features, squared_distance = prefix_metric(x, torch.zeros(2, 3), 3)
        >>> features(family(torch.randn(7, 16, 1))).shape  # 4 places, 3 symbols and a weight
        torch.Size([7, 16])
    """
    inside = _inside(x, symbols)
    places = int(inside.sum())

    def features(p: AutoregressiveDistribution) -> Tensor:
        log_p = _next_token_log_probs(p, x)
        w = (_prefix_log_probs(log_p, x, symbols) - log_q).softmax(dim=1)
        h = torch.cat([2 * (log_p / 2).exp(), w[..., None]], dim=-1)

        return h[:, inside].flatten(start_dim=1)

    def squared_distance(h: Tensor, k: Tensor) -> Tensor:
        (h, v), (k, w) = (
            parts.unflatten(-1, (places, symbols + 1)).split((symbols, 1), dim=-1)
            for parts in (h, k)
        )
        return ((v + w) / 2 * (h - k).square()).sum(dim=(-2, -1))

    return features, squared_distance


def _next_token_log_probs(p: AutoregressiveDistribution, x: Tensor) -> Tensor:
    r"""Returns log-probabilities of the tokens at each position, `(N, S, L, symbols)`."""
    N, S = len(p.phi), len(x)
    phi = p.phi.repeat_interleave(S, dim=0)

    return p.family.factors(phi, x.repeat(N, 1)).logits.unflatten(0, (N, S))


def _prefix_log_probs(log_p: Tensor, x: Tensor, symbols: int) -> Tensor:
    r"""Returns :math:`\log p(x_{<t})`, constant after the end, with shape `(N, S, L)`."""
    chosen = log_p.gather(-1, x.expand(len(log_p), -1, -1)[..., None]).squeeze(dim=-1)
    chosen = chosen.masked_fill(~_inside(x, symbols), 0)

    return torch.nn.functional.pad(chosen[..., :-1], (1, 0)).cumsum(dim=-1)


def _inside(x: Tensor, symbols: int) -> Tensor:
    return torch.arange(x.shape[1], device=x.device) < lengths(x, symbols - 1)[:, None]
