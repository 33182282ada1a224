r"""Tokens of texts as the input of exported models."""

__all__ = ["ExportedTexts"]

import abc
import json
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Distribution

from ..capabilities.exporting import Exportable
from .tokenizers import Tokenizer

_LETTERS = [*"abcdefghijklmnopqrstuvwxyz     "]


class ExportedTexts(Exportable):
    r"""Methods of :class:`~autoencode.modalities.Texts` for exported models.

    A text is a row of token numbers, ended and padded by the last token.
    """

    selfies: bool
    vocabulary_: str | None
    truncates_: bool

    @property
    @abc.abstractmethod
    def _tokenizer(self) -> Tokenizer: ...

    @abc.abstractmethod
    def load(self, X: Any) -> Tensor: ...

    def as_input(self, X: Any) -> Tensor:
        return self.load(X).int()

    def load_input(self, x: Tensor) -> Tensor:
        return x

    def output(self, p: Distribution) -> Tensor:
        raise ValueError(self.has_no_output())

    def has_no_output(self) -> str | None:
        return (
            "texts are written token by token, and each choice leads to another computation, which"
            " no graph of fixed operations holds. Use part='encoder' (command line: --part"
            " encoder), and decode in Python."
        )

    def draw_input(self, n: int) -> Any:
        longest = self.shape_[0] - 1

        if self.selfies:
            return ["C" * (1 + i % longest) for i in range(n)]

        sizes = torch.randint(longest + 1, (n,)).tolist()
        letters = torch.randint(len(_LETTERS), (sum(sizes),)).tolist()
        text = "".join(_LETTERS[i] for i in letters)
        return [text[i - k : i] for k, i in zip(sizes, np.cumsum(sizes).tolist())]

    def preparation(self) -> dict[str, Any]:
        tokens: dict[str, Any] = {"kind": "bytes of UTF-8"}

        if self.selfies:
            tokens = {"kind": "symbols of SELFIES", "symbols": json.loads(self.vocabulary_ or "")}
        elif self.vocabulary_ is not None:
            model = json.loads(self.vocabulary_)["model"]
            pairs = [p if isinstance(p, list) else p.split(" ") for p in model["merges"]]
            pieces = sorted(model["vocab"], key=model["vocab"].__getitem__)
            tokens = {"kind": "subwords", "pieces": pieces, "merges": pairs}

        return {
            "rows": "numbers of tokens, padded with the number of the end",
            "tokens": tokens,
            "end": self._tokenizer.size - 1,
            "length": self.shape_[0],
            "cut_off": self.truncates_,
        }
