r"""Abstract form of examples, and compressed bytes of limited size."""

__all__ = ["Form", "pack", "pack_json", "unpack", "unpack_json"]

import abc
import json
import zlib
from pathlib import Path
from typing import Any, ClassVar

from ....common.container import parse
from ....modalities import Modality

MOST_BYTES = 2**26  # of the exceptions of one section


class Form(abc.ABC):
    r"""Abstract form of examples: an array, texts or a frame."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    r"""The files that parts can be written to."""

    @classmethod
    @abc.abstractmethod
    def read(cls, header: dict[str, Any]) -> "Form":
        r"""Returns the form that a header describes."""

    @abc.abstractmethod
    def header(self) -> dict[str, Any]:
        r"""Returns what a reader needs to know, as JSON."""

    @abc.abstractmethod
    def part(self, X: Any, first: int, last: int) -> Any:
        r"""Returns some examples."""

    @abc.abstractmethod
    def exceptions(self, X: Any, R: Any) -> bytes:
        r"""Returns the differences of examples from restored ones; none if they are equal."""

    @abc.abstractmethod
    def corrected(self, R: Any, exceptions: bytes) -> Any:
        r"""Returns restored examples with their exceptions."""

    @abc.abstractmethod
    def joined(self, parts: list[Any], modality: Modality) -> Any:
        r"""Returns all parts together."""

    def prepared(self, X: Any) -> Any:
        r"""Returns the user's examples in the form that parts are taken from."""
        return X

    def write_parts(self, path: Path, parts: Any, n: int, modality: Modality) -> None:
        r"""Writes parts to a file."""
        raise NotImplementedError


def pack(raw: bytes) -> bytes:
    r"""Compress bytes; nothing stays nothing."""
    return zlib.compress(raw, 9) if raw else b""


def unpack(packed: bytes, most: int = MOST_BYTES) -> bytes:
    r"""Returns the bytes that were compressed.

    Arguments:
        packed: The compressed bytes.
        most: The largest size of the result.

    Raises:
        ValueError: If they are damaged, or expand to more.

    Example:
        >>> unpack(pack(b"abc"))
        b'abc'
    """
    if not packed:
        return b""

    reader = zlib.decompressobj()

    try:
        raw = reader.decompress(packed, most)
    except zlib.error as error:
        raise ValueError(f"its exceptions are damaged ({error})") from None

    if not reader.eof or reader.unused_data:
        raise ValueError("its exceptions are damaged, or expand to too much")

    return raw


def pack_json(document: Any) -> bytes:
    r"""Compress a document of JSON.

    Raises:
        ValueError: If it is too large to be read again.
    """
    text = json.dumps(document)

    try:
        parse(text)
    except ValueError:
        raise ValueError(
            "too many examples differ from all that the model can express, such as long texts or"
            " new categories. Fit a model to data like these."
        ) from None

    return pack(text.encode())


def unpack_json(packed: bytes) -> Any:
    r"""Returns the document that was compressed.

    Raises:
        ValueError: If it is damaged.

    Example:
        >>> unpack_json(pack_json([1]))
        [1]
    """
    return parse(unpack(packed).decode())
