r"""Texts, token by token, under an autoregressive likelihood."""

__all__ = ["TokenContent"]

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..fixed_point import functions as fn
from ..fixed_point import sums
from ..stack import Stack
from .base import Content, Symbols


class TokenContent(Content):
    r"""Rows of tokens, each under the probabilities that follow from those before it.

    Writer and reader compute these probabilities step by step, in the same way. The first end
    token ends a row.

    Arguments:
        modality: The kind of data, after `fit`.
        likelihood: The likelihood of the model.
    """

    @property
    def cost(self) -> int:
        return self.modality.shape_[0] * (self.likelihood.vocab_size + 64)

    def symbols(self, X: Any) -> Symbols:
        return (self._loaded(list(X)).long(),)

    def restored(self, symbols: Symbols) -> Any:
        return self.modality.restore(symbols[0])

    def inputs(self, symbols: Symbols) -> Tensor:
        return self.modality.normalize(symbols[0]).double()

    def count(self, symbols: Symbols) -> int:
        return int((symbols[0] != self.likelihood.vocab_size - 1).sum()) + len(symbols[0])

    def push(self, stack: Stack, p: Any, symbols: Symbols) -> None:
        (x,) = symbols
        steps: list[tuple[Tensor, Tensor]] = []

        def record(pi: Tensor, rows: Tensor, t: int) -> Tensor:
            steps.append((x[rows, t], pi))
            return x[rows, t]

        self._each_step(p, len(x), record)

        for tokens, pi in reversed(steps):
            stack.push(tokens, pi)

    def pop(self, stack: Stack, p: Any, n: int, hidden: Tensor) -> Symbols:
        return (self._each_step(p, n, lambda pi, rows, t: stack.pop(pi)),)

    def _each_step(
        self, p: Any, n: int, choose: Callable[[Tensor, Tensor, int], Tensor]
    ) -> Tensor:
        r"""Returns rows of tokens that a function chooses, given the probabilities of each."""
        family, end = p.family, p.family.vocab_size - 1
        x = torch.full((n, self.modality.shape_[0]), end)
        before, cache = x[:, :1], None
        rows = torch.arange(n)

        for t in range(x.shape[1]):
            with self.arithmetic:
                logits, cache = family.token_decoder(before, p.phi, cache)

            off = logits[rows, -1].double()
            off = off - off.amax(dim=1, keepdim=True)
            e = fn.exp(off)
            x[rows, t] = choose(e / sums.total(e, [1], keepdim=True), rows, t)
            before = x[:, t : t + 1]
            rows = rows[x[rows, t] != end]

            if not len(rows):
                break

        return x

    def _loaded(self, X: list[Any]) -> Tensor:
        r"""Returns the tokens of texts; texts that the model does not take become empty."""
        log = logging.getLogger("autoencode.modalities.text")
        level = log.level
        log.setLevel(logging.ERROR)  # texts that are cut off are stored beside the symbols

        try:
            return self.modality.load(X)
        except ValueError:
            return torch.cat([self._loaded_one(text) for text in X])
        finally:
            log.setLevel(level)

    def _loaded_one(self, text: Any) -> Tensor:
        if not isinstance(text, str):
            raise ValueError(f"expected texts, got {text!r}.")

        try:
            return self.modality.load([text])
        except ValueError:
            return self.modality.load([""])
