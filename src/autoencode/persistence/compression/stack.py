r"""Stack of bits, from which symbols are also drawn: asymmetric numeral systems."""

__all__ = ["Stack", "check_installed"]

import hashlib
import importlib.util
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_WORD_BITS = 32
_SYMBOL_BITS = 24  # at most, as probabilities are multiples of 2^-24
_STATE_WORDS = 2


class Stack:
    r"""Bits on a stack. Pushing a symbol adds its information, popping a symbol removes it.

    .. math:: \text{length} \to \text{length} - \log_2 p(s) \text{ in a push of } s, \qquad
        \text{length} \to \text{length} + \log_2 p(s) \text{ in a pop of } s \sim p

    Both are inverse. At the bottom lie initial bits, which a pop may need before anything was
    pushed. They follow from a fixed seed, so that only those that were changed are kept.

    Arguments:
        words: The words that another stack kept, to be taken from this one.
        untouched: The number of initial words that never changed, which lie below them.
        n_initial: The number of all initial words.

    Example:
        >>> p = torch.tensor([[0.9, 0.1]]).expand(100, 2)
        >>> stack = Stack()
        >>> z = stack.pop(p)  # uses initial bits
        >>> stack.push(z, p)
        >>> stack.is_initial
        True
    """

    def __init__(
        self, words: NDArray[np.uint32] | None = None, untouched: int = 0, n_initial: int = 0
    ) -> None:
        self.module = check_installed()
        self.model = self.module.stream.model.Categorical(perfect=False)
        self.grows = words is None
        self.n_initial = _STATE_WORDS if self.grows else n_initial
        self.lowest = 0
        self.bits = 0.0
        r"""The information of all pushed symbols minus that of all popped ones, in bits."""

        kept = np.zeros(0, np.uint32) if words is None else words
        first = 0 if self.grows else self.n_initial - untouched
        below = _initial(first, self.n_initial)
        self.coder = self._coder(np.concatenate([below, kept]))

    def push(self, symbols: Tensor, p: Tensor) -> None:
        r"""Puts symbols on the stack, so that `pop` returns them.

        Arguments:
            symbols: The symbols, with shape `(n,)`.
            p: Their probabilities, up to a factor for each row, with shape `(n, K)`.
        """
        if len(symbols):
            self.bits += self._information(symbols, p)
            weights = np.ascontiguousarray(p.numpy(), np.float64)
            self.coder.encode_reverse(symbols.numpy().astype(np.int32), self.model, weights)

    def pop(self, p: Tensor) -> Tensor:
        r"""Takes symbols from the stack, with shape `(n,)`, given probabilities `(n, K)`."""
        if not len(p):
            return torch.zeros(0, dtype=torch.long)

        if self.grows:
            self._refill(len(p))

        found = self.coder.decode(self.model, np.ascontiguousarray(p.numpy(), np.float64))
        self.lowest = min(self.lowest, self.coder.num_words() - _STATE_WORDS)
        symbols = torch.from_numpy(found).long()
        self.bits -= self._information(symbols, p)

        return symbols

    def compressed(self) -> tuple[NDArray[np.uint32], int]:
        r"""Returns all words but the initial ones that never changed, and the number of these."""
        return self.coder.get_compressed()[self.lowest :], self.lowest

    @property
    def is_initial(self) -> bool:
        r"""Tell whether only initial bits are left, as after popping all that was pushed."""
        return np.array_equal(self.coder.get_compressed(), _initial(0, self.n_initial))

    def _refill(self, n: int) -> None:
        r"""Puts initial words below all others, so that `n` symbols can be popped."""
        needed = _STATE_WORDS + 1 + n * _SYMBOL_BITS // _WORD_BITS
        short = needed - self.coder.num_words()

        if short > 0:
            below = _initial(self.n_initial, self.n_initial + short)
            self.coder = self._coder(np.concatenate([below, self.coder.get_compressed()]))
            self.lowest += short
            self.n_initial += short

    def _coder(self, words: NDArray[np.uint32]) -> Any:
        return self.module.stream.stack.AnsCoder(np.ascontiguousarray(words, np.uint32))

    def _information(self, symbols: Tensor, p: Tensor) -> float:
        chosen = p.gather(1, symbols[:, None])[:, 0] / p.sum(dim=1)
        return -float(chosen.double().clamp(min=2.0**-_SYMBOL_BITS).log2().sum())


def check_installed() -> Any:
    r"""Returns the package that codes symbols.

    Raises:
        ImportError: If it is missing.
    """
    if importlib.util.find_spec("constriction") is None:
        raise ImportError(
            'compressed files need the package constriction: pip install "autoencode[compress]".'
        )

    import constriction

    return constriction


def _initial(first: int, last: int) -> NDArray[np.uint32]:
    r"""Returns initial words from their number `last` up to the number `first` at the top."""
    raw = hashlib.shake_256(b"autoencode").digest(4 * last)[4 * first :]
    return np.frombuffer(raw, "<u4")[::-1].astype(np.uint32) | np.uint32(1)  # a word is not zero
