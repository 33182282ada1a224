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

_RELATIVE_STEP = 3e-3  # of finite differences, relative to the code


class SequenceDecomposition(NamedTuple):
    r"""Token sequences, decomposed into their codes and the excess surprisal of each token.

    Example:
        >>> residual, precision = torch.tensor([[0.5, 2.0]]), torch.eye(2)[None]
        >>> SequenceDecomposition(torch.zeros(1, 2), residual, precision).code
        tensor([[0., 0.]])
    """

    code: Tensor
    r"""The codes, with shape `(N, d)`."""

    residual: Tensor
    r"""The surprisal of each token beyond its expected value, in nats, with shape `(N, L)`; zero
    after the end."""

    precision: Tensor
    r"""The Fisher information about the code in each sequence, with shape `(N, d, d)`."""

    def log_density(self, density: GaussianDensity | AdaptiveKDE) -> Tensor:
        r"""Log-probability of the codes that are compatible with each sequence, `(N,)`."""
        return density.log_window_mass(self.code, self.precision)

    def loo_log_density(self, density: GaussianDensity | AdaptiveKDE) -> Tensor:
        r"""Log-probabilities by leave-one-out, for the codes to which the density was fitted."""
        return density.log_window_mass(
            self.code, self.precision, self_indices=torch.arange(len(self.code))
        )

    def fit_noise(self, residual: Tensor) -> Surprisal:
        r"""Density of residuals, which has no parameters to fit."""
        return Surprisal(residual.shape[1])


def decompose_sequences(codec: Codec, x: Tensor) -> SequenceDecomposition:
    r"""Computes the excess surprisal of tokens given codes, and their information about the codes.

    .. math:: w_t = -\log p(x_t \mid x_{<t}, z) - \mathbb{H} \, p(\cdot \mid x_{<t}, z)

    The expected surprisal of a token is the entropy :math:`\mathbb{H}` of its distribution. The
    sum over a text that the model generates therefore has mean zero for any length.

    .. math:: G(z \mid x) = \sum_t J_t^\top \big( \operatorname{diag} p_t - p_t p_t^\top \big) J_t,
        \qquad J_t = \frac{\partial \log p(x_t = \cdot \mid x_{<t}, z)}{\partial z}

    :math:`G` is the Gauss-Newton approximation of the Hessian of :math:`-\log p(x \mid z)`, and
    its mean over texts is the Fisher-Rao metric. It is the squared derivative of the features
    :math:`2 \sqrt{p_t}`, which is computed by finite differences because recurrent networks have
    no forward derivative.

    Arguments:
        codec: The codec of a model of token sequences.
        x: Rows of tokens, with shape `(N, L)`.

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
    assert codec.likelihood is not None  # true for all models of texts
    p: Any = codec.likelihood(z)

    while isinstance(p, Independent):
        p = p.base_dist

    return p


def _batch_size(codec: Codec, z: Tensor, length: int) -> int:
    symbols = _sequence_distribution(codec, z[:1]).family.vocab_size
    return rows_per_batch(4 * 2 * z.shape[1] * length * symbols)
