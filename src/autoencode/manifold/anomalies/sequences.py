r"""On-manifold and off-manifold parts of the log-probability of token sequences."""

__all__ = ["SequenceDecomposition", "decompose_sequences"]

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributions import Independent

from ...common.batching import rows_per_batch
from ...common.progress import track
from ...distributions import AutoregressiveDistribution
from ...networks.padding import by_length, lengths
from ..codec import Codec
from .densities import AdaptiveKDE, GaussianDensity, Surprisal

_RELATIVE_STEP = 3e-3  # from a code to each side, as a share of its size


class SequenceDecomposition(NamedTuple):
    r"""Sequences of symbols, divided into what their codes say and what is left to say.

    Example:
        >>> residual, precision = torch.tensor([[0.5, 2.0]]), torch.eye(2)[None]
        >>> SequenceDecomposition(torch.zeros(1, 2), residual, precision).code
        tensor([[0., 0.]])
    """

    code: Tensor
    r"""The codes, with shape `(N, d)`."""

    residual: Tensor
    r"""How much more surprising each symbol is than what is expected there, in nats; zero behind
    the end. With shape `(N, L)`."""

    precision: Tensor
    r"""How well a sequence tells its code from others beside it, with shape `(N, d, d)`."""

    def log_density(self, density: GaussianDensity | AdaptiveKDE) -> Tensor:
        r"""The logarithm of the share of codes that could stand for each, with shape `(N,)`."""
        return density.log_window_mass(self.code, self.precision)

    def loo_log_density(self, density: GaussianDensity | AdaptiveKDE) -> Tensor:
        r"""The same, where the codes are those of the law, each left out for itself."""
        return density.log_window_mass(
            self.code, self.precision, self_indices=torch.arange(len(self.code))
        )

    def fit_noise(self, residual: Tensor) -> Surprisal:
        r"""The law of what is left: nats, of which nothing is to be learned."""
        return Surprisal(residual.shape[1])


def decompose_sequences(codec: Codec, x: Tensor) -> SequenceDecomposition:
    r"""Says how surprising sequences are under their codes, and how well they tell them.

    .. math:: w_t = -\log p(x_t \mid x_{<t}, z) - \mathbb{H} \, p(\cdot \mid x_{<t}, z)

    A symbol is expected to be as surprising as the entropy, and what is more is left over. The
    sum over a text written by the model has mean zero, however long it is.

    .. math:: G(z \mid x) = \sum_t J_t^\top \big( \operatorname{diag} p_t - p_t p_t^\top \big) J_t,
        \qquad J_t = \frac{\partial \log p(x_t = \cdot \mid x_{<t}, z)}{\partial z}

    This is the Hessian of :math:`-\log p(x \mid z)` as Gauss and Newton have it, and its mean
    over texts is the Fisher-Rao metric. The slopes of the features :math:`2 \sqrt{p_t}`, of
    which it is the square, are taken between two codes close by: recurrent networks have no
    forward derivative.

    Arguments:
        codec: The codec of a model of symbols.
        x: Rows of symbols, with shape `(N, L)`.

    Example:
        >>> import autoencode as ae
        >>> from autoencode.manifold.codec import as_codec
        >>> words = ["abba", "baba", "aaaa", "bbbb"]
        >>> model = ae.vae(2, training=ae.Training(epochs=1), random_state=0).fit(words)
        >>> codec = as_codec(model, allow_tokens=True)
        >>> decompose_sequences(codec, codec.to_rows(words)).precision.shape
        torch.Size([4, 2, 2])
    """
    with codec.evaluating(), torch.no_grad():
        z, x = codec.encode(x), x.long()
        n = lengths(x, _sequence_distribution(codec, z[:1]).family.vocab_size - 1)
        residual = torch.zeros(x.shape, dtype=torch.float64, device=x.device)
        G = z.new_zeros(*z.shape, z.shape[1], dtype=torch.float64)

        parts = (
            rows
            for group, longest in by_length(n)
            for rows in group.split(_batch_size(codec, z, longest))
        )

        for rows in track(parts, len(x), "texts"):
            longest = int(n[rows].max())
            decomposed = _decompose(codec, z[rows], x[rows, :longest], n[rows])
            residual[rows, :longest], G[rows] = decomposed

    return SequenceDecomposition(z.double(), residual, G)


def _decompose(codec: Codec, z: Tensor, x: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
    inside = torch.arange(x.shape[1], device=x.device) < n[:, None]

    def logits(z: Tensor) -> Tensor:
        p = _sequence_distribution(codec, z)
        return p.family.factors(p.phi, x).logits

    def features(z: Tensor) -> Tensor:
        return (2 * (logits(z) / 2).exp() * inside[..., None]).flatten(start_dim=1)

    size = _RELATIVE_STEP * z.square().mean(dim=1, keepdim=True).sqrt().clamp(min=1e-6)
    steps = torch.eye(z.shape[1]).to(z)
    ends = ((z + size * step, z - size * step) for step in steps)
    J = torch.stack([features(a) - features(b) for a, b in ends], dim=-1) / (2 * size[..., None])

    log_p = logits(z)
    entropy = -(log_p.exp() * log_p).sum(dim=2)
    surprisal = -log_p.gather(2, x[..., None])[..., 0]

    return ((surprisal - entropy) * inside).double(), (J.mT @ J).double()


def _sequence_distribution(codec: Codec, z: Tensor) -> AutoregressiveDistribution:
    assert codec.likelihood is not None  # which all models of symbols have
    p: Any = codec.likelihood(z)

    while isinstance(p, Independent):
        p = p.base_dist

    return p


def _batch_size(codec: Codec, z: Tensor, length: int) -> int:
    symbols = _sequence_distribution(codec, z[:1]).family.vocab_size
    return rows_per_batch(4 * 2 * z.shape[1] * length * symbols)
