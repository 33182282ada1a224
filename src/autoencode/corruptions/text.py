r"""Corruptions of texts: letters and words that are dropped, masked, swapped or mistyped.

Texts are rows of UTF-8 bytes, ended and padded by the byte 255, as
:class:`~autoencode.modalities.Texts` encodes them. A letter is a whole character with all its
bytes. A word includes the spaces after it.
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

from ..common.checks.ranges import check_within
from .base import Corruption

END_BYTE, MASK_BYTE = 255, 254  # never occur in UTF-8


class TextCorruption(Corruption, abc.ABC):
    r"""Abstract corruption of letters or words.

    Arguments:
        fraction: The probability that a letter or word is damaged, from 0 to 1.

    See Also:
        :class:`~autoencode.corruptions.Typos`, :class:`~autoencode.corruptions.DropLetters`
    """

    def __init__(self, fraction: float = 0.1) -> None:
        super().__init__()

        check_within(0, 1, fraction=fraction)

        self.fraction = fraction


class DropLetters(TextCorruption):
    r"""Drops letters, each with probability :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    See Also:
        :class:`~autoencode.corruptions.DropWords`, :class:`~autoencode.corruptions.MaskLetters`

    Example:
        >>> DropLetters(1.0)(torch.tensor([[97.0, 98.0, 255.0]]))
        tensor([[255., 255., 255.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        return _drop(x, _hit(x, _letters(x), self.fraction))


class DropWords(TextCorruption):
    r"""Drops words and the spaces after them, each with probability :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    See Also:
        :class:`~autoencode.corruptions.DropLetters`, :class:`~autoencode.corruptions.MaskWords`

    Example:
        >>> DropWords(0.5)(torch.tensor([[97.0, 32.0, 98.0, 255.0]])).shape
        torch.Size([1, 4])
    """

    def forward(self, x: Tensor) -> Tensor:
        return _drop(x, _hit(x, _words(x), self.fraction))


class MaskLetters(TextCorruption):
    r"""Replaces letters by a mask byte that never occurs in texts, each with probability
    :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    See Also:
        :class:`~autoencode.corruptions.MaskWords`, :class:`~autoencode.corruptions.DropLetters`

    Example:
        >>> MaskLetters(1.0)(torch.tensor([[97.0, 98.0, 255.0]]))
        tensor([[254., 254., 255.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.masked_fill(_hit(x, _letters(x), self.fraction), MASK_BYTE)


class MaskWords(TextCorruption):
    r"""Replaces words and the spaces after them by mask bytes, each with probability
    :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    See Also:
        :class:`~autoencode.corruptions.MaskLetters`, :class:`~autoencode.corruptions.DropWords`

    Example:
        >>> MaskWords(1.0)(torch.tensor([[97.0, 32.0, 98.0, 255.0]]))
        tensor([[254., 254., 254., 255.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        return x.masked_fill(_hit(x, _words(x), self.fraction), MASK_BYTE)


class SwapLetters(TextCorruption):
    r"""Swaps letters with the next one, each with probability :math:`\nu`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.

    See Also:
        :class:`~autoencode.corruptions.Typos`

    Example:
        >>> x = torch.tensor([[97.0, 98.0, 255.0]])
        >>> SwapLetters(1.0)(x).sort().values
        tensor([[ 97.,  98., 255.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        letters = _letters(x)
        return _swap(x, letters, _hit(x, letters, self.fraction))


class Typos(TextCorruption):
    r"""Typing errors: letters that are dropped, doubled, swapped with the next one, or replaced
    by another letter of the minibatch, each with probability :math:`\nu / 4`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]` that a letter is mistyped.

    See Also:
        :class:`~autoencode.corruptions.SwapLetters`, :class:`~autoencode.corruptions.DropLetters`

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
    r"""Returns the index of the letter of each byte, with shape `(B, L)`."""
    continued = (x >= 128) & (x < 192)
    return (~continued).cumsum(dim=-1)


def _words(x: Tensor) -> Tensor:
    r"""Returns the index of the word of each byte, with shape `(B, L)`."""
    space = x == 32
    begins = ~space[:, 1:] & space[:, :-1]
    return torch.cat([torch.zeros_like(space[:, :1]), begins], dim=-1).cumsum(dim=-1)


def _hit(x: Tensor, units: Tensor, fraction: float) -> Tensor:
    r"""Selects whole units at random and returns the mask of their bytes, with shape `(B, L)`."""
    u = torch.rand(x.shape[0], x.shape[1] + 1, device=x.device).gather(1, units)
    return (u < fraction) & (x != END_BYTE)


def _drop(x: Tensor, hit: Tensor) -> Tensor:
    rest = hit.byte().argsort(dim=-1, stable=True)
    return x.masked_fill(hit, END_BYTE).gather(1, rest)


def _swap(x: Tensor, letters: Tensor, hit: Tensor) -> Tensor:
    # Adding 1.5 sorts a letter behind the next one
    place = (letters + 1.5 * hit).masked_fill(x == END_BYTE, torch.inf)
    return x.gather(1, place.argsort(dim=-1, stable=True))


def _double(x: Tensor, hit: Tensor) -> Tensor:
    times = 1 + (hit & (x < 128)).long()
    places = torch.arange(x.shape[1], device=x.device).expand(x.shape).contiguous()
    sources = torch.searchsorted(times.cumsum(dim=-1), places, right=True)

    # Bytes beyond the row are cut off, but the end byte stays
    x = x.gather(1, sources)
    x[:, -1] = END_BYTE

    return x


def _replace(x: Tensor, hit: Tensor) -> Tensor:
    known = x[x < 128]

    if len(known) == 0:
        return x

    others = known[torch.randint(len(known), x.shape, device=x.device)]
    return torch.where(hit & (x < 128), others, x)
