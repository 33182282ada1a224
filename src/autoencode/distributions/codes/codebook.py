r"""Codebooks that are learned by moving averages."""

__all__ = ["Codebook", "QuantizedPoint", "code_indices", "perplexity", "quantized_point", "usage"]

import torch
import torch.nn as nn
from torch import Size, Tensor
from torch.distributions import Distribution, Independent
from torch.nn.functional import one_hot

from ..dirac import PointMass

_SMALLEST_COUNT = 1e-5


class QuantizedPoint(PointMass):
    r"""Point mass at entries of a codebook.

    Arguments:
        loc: The entries, with shape `(*, D)`, and the gradient of the unquantized code.
        index: The indices of the entries, with shape `(*, G)`.
        commitment: The squared distance between unquantized code and entries, with shape `(*)`.
            Only the unquantized code receives its gradient.
        size: The number of values that an index may take.
        n_codebooks: The number of codebooks. Consecutive indices belong to consecutive codebooks.
        penalty: A penalty that the objective adds to the loss of a code, with shape `(*)`.

    See Also:
        :class:`~autoencode.distributions.PointMass`,
        :class:`~autoencode.distributions.VectorQuantizer`

    Example:
        >>> q = QuantizedPoint(torch.ones(1, 2), torch.tensor([[3]]), torch.zeros(1), 5)
        >>> q.index
        tensor([[3]])
    """

    def __init__(
        self,
        loc: Tensor,
        index: Tensor,
        commitment: Tensor,
        size: int,
        n_codebooks: int = 1,
        penalty: Tensor | None = None,
    ) -> None:
        super().__init__(loc)

        self.index = index
        self.commitment = commitment
        self.size = size
        self.n_codebooks = n_codebooks
        self.penalty = penalty

    def expand(self, batch_shape: Size, _instance: Distribution | None = None) -> "QuantizedPoint":
        rows = batch_shape[:-1]

        return QuantizedPoint(
            self.loc.expand(batch_shape),
            self.index.expand(*rows, -1),
            self.commitment.expand(rows),
            self.size,
            self.n_codebooks,
            None if self.penalty is None else self.penalty.expand(rows),
        )


class Codebook(nn.Module):
    r"""Table of :math:`K` entries, each the moving average of the vectors nearest to it.

    .. math:: N_k \leftarrow \gamma N_k + (1 - \gamma) \, n_k, \qquad
        m_k \leftarrow \gamma m_k + (1 - \gamma) \sum_{i : k_i = k} x_i, \qquad
        e_k = m_k / N_k

    An entry with too small a count is replaced by a random vector of the minibatch. In the first
    minibatch, all entries are replaced.

    References:
        | Neural Discrete Representation Learning (van den Oord et al., 2017), appendix A.1
        | https://arxiv.org/abs/1711.00937

        | Jukebox: A Generative Model for Music (Dhariwal et al., 2020), for the random restarts
        | https://arxiv.org/abs/2005.00341

    Arguments:
        size: The number :math:`K` of entries.
        width: The number of features of an entry.
        ema_decay: The decay :math:`\gamma`, in 0 to 1.
        revival: Entries with a count below this fraction of the mean count are replaced.

    Example:
        >>> book = Codebook(2, 1, ema_decay=0.0).train()
        >>> entries, index = book(torch.tensor([[0.0], [1.0], [1.0]]))
        >>> book.eval()(torch.tensor([[0.9]]))[0] in (0.0, 1.0)
        True
    """

    entries: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, size: int, width: int, ema_decay: float, revival: float = 0.1) -> None:
        super().__init__()

        self.width = width
        self.ema_decay = ema_decay
        self.revival = revival
        self.register_buffer("entries", torch.zeros(size, width))
        self.register_buffer("counts", torch.zeros(size))
        self.register_buffer("sums", torch.zeros(size, width))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        r"""Returns the entries nearest to vectors `(M, width)`, and their indices `(M,)`.

        In training, the entries are first updated with these vectors.
        """
        x = x.detach()

        with torch.autocast(x.device.type, enabled=False):  # moving averages need full precision
            if self.training:
                self._revive(x)
                self._average(x, self.nearest(x))

            index = self.nearest(x)

        return self.entries[index], index

    def nearest(self, x: Tensor) -> Tensor:
        r"""Returns the indices of the nearest entries of vectors `(M, width)`."""
        squares = self.entries.square().sum(dim=1) - 2 * x @ self.entries.mT
        return squares.argmin(dim=1)

    @torch.no_grad()
    def _revive(self, x: Tensor) -> None:
        dead = self.counts <= self.revival * self.counts.mean()
        chosen = x[torch.randint(len(x), (len(self.entries),), device=x.device)]
        count = self.counts.mean().clamp(min=len(x) / len(self.entries))

        self.entries.copy_(torch.where(dead[:, None], chosen, self.entries))
        self.counts.copy_(torch.where(dead, count, self.counts))
        self.sums.copy_(torch.where(dead[:, None], count * chosen, self.sums))

    @torch.no_grad()
    def _average(self, x: Tensor, index: Tensor) -> None:
        chosen = one_hot(index, len(self.entries)).to(x)

        self.counts.lerp_(chosen.sum(dim=0), 1 - self.ema_decay)
        self.sums.lerp_(chosen.mT @ x, 1 - self.ema_decay)
        self.entries.copy_(self.sums / self.counts.clamp(min=_SMALLEST_COUNT)[:, None])


def code_indices(q: Distribution) -> Tensor:
    r"""Indices of discrete codes, with shape `(*, G)`.

    Raises:
        ValueError: If the codes of the posterior vary continuously.

    Example:
        >>> code_indices(QuantizedPoint(torch.ones(1, 2), torch.tensor([[3]]), torch.zeros(1), 5))
        tensor([[3]])
    """
    index = getattr(q.base_dist if isinstance(q, Independent) else q, "index", None)
    return quantized_point(q).index if index is None else index


def quantized_point(q: Distribution) -> QuantizedPoint:
    r"""Point mass at codebook entries, taken from a posterior.

    Raises:
        ValueError: If the posterior is not quantized.

    Example:
        >>> quantized_point(torch.distributions.Normal(0.0, 1.0))
        Traceback (most recent call last):
        ValueError: expected quantized codes, such as those of posterior=VectorQuantizer(), ...
    """
    point = q.base_dist if isinstance(q, Independent) else q

    if not isinstance(point, QuantizedPoint):
        raise ValueError(
            "expected quantized codes, such as those of posterior=VectorQuantizer(), got a"
            f" {type(point).__name__}."
        )

    return point


def perplexity(index: Tensor, size: int, n_codebooks: int = 1) -> Tensor:
    r"""Effective number of entries that a minibatch uses, the exponential of their entropy.

    Arguments:
        index: The indices, of any shape whose last dimension is a multiple of `n_codebooks`.
        size: The number of entries of a codebook.
        n_codebooks: The number of codebooks, to which consecutive indices belong. The result is
            the mean over codebooks.

    Example:
        >>> perplexity(torch.tensor([0, 1, 2, 3]), 8).round(decimals=3)
        tensor(4.)
    """
    p = _shares(index, size, n_codebooks)
    return (-torch.special.xlogy(p, p).sum(dim=1)).exp().mean()


def usage(index: Tensor, size: int, n_codebooks: int = 1) -> Tensor:
    r"""Share of the entries that a minibatch uses, from 0 to 1.

    Arguments:
        index: The indices, of any shape whose last dimension is a multiple of `n_codebooks`.
        size: The number of entries of a codebook.
        n_codebooks: The number of codebooks, to which consecutive indices belong. The result is
            the mean over codebooks.

    Example:
        >>> usage(torch.tensor([0, 1, 2, 2]), 8)
        tensor(0.3750)
    """
    return (_shares(index, size, n_codebooks) > 0).to(torch.get_default_dtype()).mean()


def _shares(index: Tensor, size: int, n_codebooks: int) -> Tensor:
    r"""Returns the share of each entry in the indices, with shape `(n_codebooks, size)`."""
    index = index.reshape(-1, n_codebooks)
    place = index + size * torch.arange(n_codebooks, device=index.device)
    counts = torch.zeros(n_codebooks * size, device=index.device)
    counts = counts.scatter_add(0, place.flatten(), torch.ones_like(place.flatten()).to(counts))

    return counts.reshape(n_codebooks, size) / len(index)
