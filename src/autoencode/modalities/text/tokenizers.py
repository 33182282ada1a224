r"""Tokenizers: texts to rows of token ids, and back."""

__all__ = [
    "BPETokenizer",
    "ByteTokenizer",
    "Tokenizer",
    "check_vocabulary",
    "decode_batch",
    "encode_batch",
    "learn_subwords",
]

import abc
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...common.container import parse
from ...networks.padding import lengths

_BYTE_LETTERS = [chr(i) for i in range(256)]  # for a package that knows characters and no bytes
_MAX_LETTERS = 2**26  # of all pieces together
_PIECE_PATTERN = r" ?[^ ]+| +"  # words, with the space before them


class Tokenizer(abc.ABC):
    r"""Abstract tokenizer, whose last token ends a text and pads its row."""

    size: int
    r"""The vocabulary size, including the end token."""

    @abc.abstractmethod
    def encode(self, rows: Sequence[bytes]) -> list[Any]:
        r"""Returns the token ids of texts."""

    @abc.abstractmethod
    def decode(self, symbols: NDArray) -> bytes:
        r"""Returns the text of token ids without an end token."""


class ByteTokenizer(Tokenizer):
    r"""Byte tokenizer. The end token is 255, which never occurs in UTF-8.

    Example:
        >>> ByteTokenizer().decode(np.array([104, 105]))
        b'hi'
    """

    size = 256

    def encode(self, rows: Sequence[bytes]) -> list[NDArray]:
        return [np.frombuffer(row, np.uint8) for row in rows]

    def decode(self, symbols: NDArray) -> bytes:
        return symbols.astype(np.uint8).tobytes()


class BPETokenizer(Tokenizer):
    r"""Byte-pair-encoding tokenizer, whose vocabulary contains all bytes.

    Arguments:
        vocabulary: The vocabulary, as :func:`learn_subwords` returns it.
    """

    def __init__(self, vocabulary: str) -> None:
        numbers, merges = _parts(vocabulary)

        # Nothing else of the text is used: a pattern of somebody else's may take forever
        self.tokenizer = _tokenizer(vocab=numbers, merges=merges)
        self.pieces = [
            piece.encode("latin-1") for piece in sorted(numbers, key=numbers.__getitem__)
        ]
        self.size = len(self.pieces) + 1

    def encode(self, rows: Sequence[bytes]) -> list[list[int]]:
        return [
            e.ids for e in self.tokenizer.encode_batch([row.decode("latin-1") for row in rows])
        ]

    def decode(self, symbols: NDArray) -> bytes:
        return b"".join([self.pieces[i] for i in symbols])


def learn_subwords(rows: Sequence[bytes], size: int) -> str:
    r"""Learns a vocabulary of subwords by byte-pair encoding.

    References:
        | Neural Machine Translation of Rare Words with Subword Units (Sennrich et al., 2016)
        | https://arxiv.org/abs/1508.07909

    Arguments:
        rows: Texts.
        size: The number of pieces, more than the 256 bytes.

    Returns:
        The vocabulary, as JSON.

    Raises:
        ImportError: If the package `tokenizers` is missing.
    """
    tokenizer = _tokenizer()
    trainer = _package().trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=_BYTE_LETTERS, show_progress=False
    )
    tokenizer.train_from_iterator((row.decode("latin-1") for row in rows), trainer)

    return tokenizer.to_str()


def check_vocabulary(vocabulary: str) -> None:
    r"""Check a vocabulary of unknown origin.

    Arguments:
        vocabulary: The vocabulary, as :func:`learn_subwords` returns it.

    Raises:
        ValueError: If pieces are not numbered from zero, bytes are missing, or a pair is not of
            pieces that make another.

    Example:
        >>> check_vocabulary("{}")
        Traceback (most recent call last):
        ValueError: the vocabulary of subwords is damaged.
    """
    _parts(vocabulary)


def encode_batch(rows: Sequence[bytes], tokenizer: Tokenizer, length: int) -> Tensor:
    r"""Encodes texts as rows of token ids, ended and padded by the end token.

    Arguments:
        rows: Texts of at most `length - 1` bytes.
        tokenizer: The tokenizer.
        length: The length of a row.

    Returns:
        The token ids, with shape `(N, length)`, as uint8 where possible.

    Example:
        >>> encode_batch([b"hi", b""], ByteTokenizer(), 3)
        tensor([[104, 105, 255],
                [255, 255, 255]], dtype=torch.uint8)
    """
    symbols = tokenizer.encode(rows)
    dtype = np.uint8 if tokenizer.size <= 256 else np.int32
    x = np.full((len(rows), length), tokenizer.size - 1, dtype)
    n = np.fromiter(map(len, symbols), int, len(rows))
    x[np.arange(length) < n[:, None]] = np.concatenate([np.zeros(0, dtype), *symbols])

    return torch.from_numpy(x)


def decode_batch(x: Tensor, tokenizer: Tokenizer) -> list[bytes]:
    r"""Decodes rows of token ids, which may lack an end token.

    Arguments:
        x: The token ids, with shape `(N, L)`.
        tokenizer: The tokenizer.

    Example:
        >>> decode_batch(torch.tensor([[104, 105, 255], [104, 105, 106]]), ByteTokenizer())
        [b'hi', b'hij']
    """
    rows = x.cpu().numpy().astype(int)
    n = lengths(x, tokenizer.size - 1, include_end=False).tolist()
    return [tokenizer.decode(row[:k]) for row, k in zip(rows, n)]


def _tokenizer(**parts: Any) -> Any:
    package = _package()
    tokenizer = package.Tokenizer(package.models.BPE(**parts))
    tokenizer.pre_tokenizer = package.pre_tokenizers.Split(
        package.Regex(_PIECE_PATTERN), "isolated"
    )

    return tokenizer


def _parts(vocabulary: str) -> tuple[dict[str, int], list[tuple[str, str]]]:
    r"""Returns the numbers of the pieces of a vocabulary, and the pairs that are merged.

    Raises:
        ValueError: If pieces are not numbered from zero, bytes are missing, or a pair is not of
            pieces that make another.
    """
    try:
        model = parse(vocabulary)["model"]
        numbers, merges = model["vocab"], [tuple(pair) for pair in model["merges"]]
        ids = [*numbers.values()]
        good = all(type(i) is int for i in ids) and sorted(ids) == [*range(len(ids))]
        good = good and numbers.keys() >= {*_BYTE_LETTERS} and len(merges) <= len(ids)
        good = good and all(
            len(pair) == 2 and all(part in numbers for part in (*pair, "".join(pair)))
            for pair in merges
        )
    except (KeyError, TypeError, AttributeError, RecursionError):
        good = False

    if not good or sum(map(len, numbers)) > _MAX_LETTERS:
        raise ValueError("the vocabulary of subwords is damaged.")

    return numbers, merges


@functools.cache
def _package() -> Any:
    try:
        import tokenizers
        from tokenizers import models, pre_tokenizers, trainers  # noqa: F401
    except ImportError:
        raise ImportError(
            "subwords need the package tokenizers: pip install 'autoencode[text]', or leave out"
            " Texts(vocab_size=...), for bytes."
        ) from None

    return tokenizers
