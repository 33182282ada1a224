r"""Tokenizers by their vocabulary, and rows of tokens as rows of bytes."""

__all__ = ["spelled", "tokenizer_of"]

import functools

from torch import Tensor

from .selfies_tokenizer import SelfiesTokenizer
from .tokenizers import BPETokenizer, ByteTokenizer, Tokenizer, decode_batch, encode_batch


@functools.lru_cache(maxsize=4)
def tokenizer_of(vocabulary: str | None, selfies: bool = False) -> Tokenizer:
    r"""Tokenizer of a vocabulary, kept for the next call.

    Arguments:
        vocabulary: The vocabulary, or `None` for bytes.
        selfies: Whether its tokens are symbols of SELFIES.

    Example:
        >>> tokenizer_of(None).size
        256
    """
    if vocabulary is None:
        return ByteTokenizer()

    return SelfiesTokenizer(vocabulary) if selfies else BPETokenizer(vocabulary)


def spelled(x: Tensor, tokenizer: Tokenizer, length: int | None) -> Tensor:
    r"""Rows of tokens as rows of bytes, cut off where they do not fit a length.

    Arguments:
        x: The tokens, with shape `(N, L)`.
        tokenizer: Their tokenizer.
        length: The number of bytes in a row, with the end; by default that of the longest.
    """
    rows = decode_batch(x, tokenizer)
    length = length or 1 + max(map(len, rows), default=0)
    rows = [row[: length - 1] for row in rows]
    return encode_batch(rows, ByteTokenizer(), length).to(x)
