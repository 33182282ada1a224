r"""Corruptions of texts: letters and words that are dropped, masked, swapped or mistyped.

Texts are rows of bytes in UTF-8, ended and filled up by the byte 255, as
:class:`~autoencode.modalities.Texts` makes them. A letter is a character, whole, with all its
bytes; a word reaches to the begin of the next one.
"""

__all__ = [
    "DropLetters",
    "DropWords",
    "MaskLetters",
    "MaskWords",
    "SwapLetters",
    "TextCorruption",
    "Typos",
]

import abc

import torch
from torch import Tensor

from .numeric import Corruption

_END, _MASK = 255, 254  # bytes that no text in UTF-8 has


class TextCorruption(Corruption, abc.ABC):
    r"""Abstract corruption of texts, which hits letters or words.

    Arguments:
        fraction: The probability of each to be hit, from 0 to 1.
    """

    def __init__(self, fraction: float = 0.1) -> None:
        super().__init__()

        if not 0 <= fraction <= 1:
            raise ValueError(f"expected a fraction between 0 and 1, got {fraction}.")

        self.fraction = fraction


class DropLetters(TextCorruption):
    r"""Leaves out letters, each with probability :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    Example:
        >>> DropLetters(1.0)(torch.tensor([[97.0, 98.0, 255.0]]))
        tensor([[255., 255., 255.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        return _drop(x, _hit(x, _letters(x), self.fraction))


class DropWords(TextCorruption):
    r"""Leaves out words, with the spaces behind them, each with probability :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    Example:
        >>> DropWords(0.5)(torch.tensor([[97.0, 32.0, 98.0, 255.0]])).shape
        torch.Size([1, 4])
    """

    def forward(self, x: Tensor) -> Tensor:
        return _drop(x, _hit(x, _words(x), self.fraction))


class MaskLetters(TextCorruption):
    r"""Puts a mark, a byte that no text has, in the place of letters, each with probability
    :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    Example:
        >>> MaskLetters(1.0)(torch.tensor([[97.0, 98.0, 255.0]]))
        tensor([[254., 254., 255.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.masked_fill(_hit(x, _letters(x), self.fraction), _MASK)


class MaskWords(TextCorruption):
    r"""Puts marks in the place of words, and of the spaces behind them, each with probability
    :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    Example:
        >>> MaskWords(1.0)(torch.tensor([[97.0, 32.0, 98.0, 255.0]]))
        tensor([[254., 254., 254., 255.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.masked_fill(_hit(x, _words(x), self.fraction), _MASK)


class SwapLetters(TextCorruption):
    r"""Exchanges letters with the next one, each with probability :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    Example:
        >>> x = torch.tensor([[97.0, 98.0, 255.0]])
        >>> SwapLetters(1.0)(x).sort().values
        tensor([[ 97.,  98., 255.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        letters = _letters(x)
        return _swap(x, letters, _hit(x, letters, self.fraction))


class Typos(TextCorruption):
    r"""Typing errors: letters left out, typed twice, exchanged with the next one, or replaced by
    another one of the minibatch, each with probability :math:`\nu / 4`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]` that a letter is mistyped.

    Example:
        >>> Typos(0.5)(torch.tensor([[97.0, 98.0, 255.0]])).shape
        torch.Size([1, 3])
    """

    def forward(self, x: Tensor) -> Tensor:
        for damage in (_drop, _double, _replace):
            x = damage(x, _hit(x, _letters(x), self.fraction / 4))

        letters = _letters(x)
        return _swap(x, letters, _hit(x, letters, self.fraction / 4))


def _letters(x: Tensor) -> Tensor:
    r"""Returns the number of the letter that each byte belongs to, with shape `(B, L)`."""
    continued = (x >= 128) & (x < 192)
    return (~continued).cumsum(dim=-1)


def _words(x: Tensor) -> Tensor:
    r"""Returns the number of the word that each byte belongs to, with shape `(B, L)`."""
    space = x == 32
    begins = ~space[:, 1:] & space[:, :-1]
    return torch.cat([torch.zeros_like(space[:, :1]), begins], dim=-1).cumsum(dim=-1)


def _hit(x: Tensor, units: Tensor, fraction: float) -> Tensor:
    r"""Draws units, whole ones, and returns which bytes are theirs, with shape `(B, L)`."""
    u = torch.rand(x.shape[0], x.shape[1] + 1, device=x.device).gather(1, units)
    return (u < fraction) & (x != _END)


def _drop(x: Tensor, hit: Tensor) -> Tensor:
    rest = hit.byte().argsort(dim=-1, stable=True)
    return x.masked_fill(hit, _END).gather(1, rest)


def _swap(x: Tensor, letters: Tensor, hit: Tensor) -> Tensor:
    # A letter half a place behind the next one comes after it
    place = (letters + 1.5 * hit).masked_fill(x == _END, torch.inf)
    return x.gather(1, place.argsort(dim=-1, stable=True))


def _double(x: Tensor, hit: Tensor) -> Tensor:
    times = 1 + (hit & (x < 128)).long()
    places = torch.arange(x.shape[1], device=x.device).expand(x.shape).contiguous()
    sources = torch.searchsorted(times.cumsum(dim=-1), places, right=True)

    # What leads beyond the row is cut off, but the end stays
    x = x.gather(1, sources)
    x[:, -1] = _END

    return x


def _replace(x: Tensor, hit: Tensor) -> Tensor:
    known = x[x < 128]

    if len(known) == 0:
        return x

    others = known[torch.randint(len(known), x.shape, device=x.device)]
    return torch.where(hit & (x < 128), others, x)
