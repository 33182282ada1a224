r"""Corruptions of texts: letters and words, also of rows of subwords."""

__all__ = ["ByteLevel", "as_text_corruption"]

from typing import Any

from torch import Tensor

from ...corruptions import (
    Blur,
    Corruption,
    GaussianNoise,
    Masking,
    MaskLetters,
    SaltAndPepper,
    Typos,
)
from .spelling import spelled, tokenizer_of
from .tokenizers import ByteTokenizer, decode_batch, encode_batch


class ByteLevel(Corruption):
    r"""A corruption of letters, for texts that are rows of subwords.

    Arguments:
        corruption: The corruption, of bytes.
        vocabulary: The vocabulary of the subwords.
    """

    def __init__(self, corruption: Any, vocabulary: str) -> None:
        super().__init__()

        self.corruption = corruption
        self.vocabulary = vocabulary

    def forward(self, x: Tensor) -> Tensor:
        tokenizer = tokenizer_of(self.vocabulary)
        damaged = self.corruption(spelled(x, tokenizer, x.shape[1]))

        return encode_batch(decode_batch(damaged, ByteTokenizer()), tokenizer, x.shape[1]).to(x)


def as_text_corruption(corruption: Any) -> Any:
    r"""Corruption of letters in place of one of numbers.

    Arguments:
        corruption: The corruption.

    Raises:
        ValueError: If no corruption of letters resembles it.

    Example:
        >>> as_text_corruption(Masking(0.1))
        MaskLetters()
    """
    if isinstance(corruption, (Blur, SaltAndPepper)):
        raise ValueError(
            f"{corruption} means nothing for texts. Use Typos(), or another corruption of letters"
            " or words."
        )

    if isinstance(corruption, GaussianNoise):
        return Typos(min(1.0, corruption.std / 3))

    return MaskLetters(corruption.fraction) if isinstance(corruption, Masking) else corruption
