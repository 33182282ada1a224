r"""Bytes of a compressed file: a header in JSON, then sections, each with its digest.

.. code-block:: text

    "AEZ" version  |  length  |  header  |  digest  |  section  |  ...  |  empty section

All numbers are little-endian. The digest of a part covers the digest of the part before it, so
that no part can be changed, left out or moved. Nothing is unpickled, and a length is compared with
the bytes that are there before memory is taken for it.
"""

__all__ = ["Section", "read_header", "read_sections", "write_header", "write_section"]

import hashlib
import json
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...common.container import parse

VERSION = 1
MAGIC = b"AEZ"

_DIGEST_BYTES = 16
_MOST_HEADER_BYTES = 2**24
_MOST_SECTION_BYTES = 2**30
_NUMBERS = struct.Struct("<7I")
DAMAGED = "is damaged or cut off"


class Section(NamedTuple):
    r"""Examples with a stack of their own.

    Example:
        >>> Section(0, [], np.zeros(0, np.uint32), 0, 0, b"", b"", bytes(16)).n
        0
    """

    n: int
    r"""The number of examples."""

    blocks: list[int]
    r"""The number of examples of each block, in the order of writing."""

    words: NDArray[np.uint32]
    r"""The words of the stack."""

    untouched: int
    r"""The number of initial words below them."""

    n_initial: int
    r"""The number of all initial words."""

    hidden: bytes
    r"""The pattern of missing parts, packed."""

    exceptions: bytes
    r"""Differences of the examples from those of the symbols."""

    digest: bytes
    r"""The digest of the symbols."""


def write_header(file: BinaryIO, header: dict[str, Any]) -> bytes:
    r"""Writes the header, and returns its digest.

    Arguments:
        file: The file.
        header: The header, as JSON.
    """
    raw = json.dumps(header).encode()
    start = MAGIC + bytes([VERSION]) + len(raw).to_bytes(4, "little") + raw
    digest = _digest(start)
    file.write(start + digest)

    return digest


def read_header(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    r"""Reads the header and its digest.

    Raises:
        ValueError: If it is damaged, of a newer version, or of another kind of file.
    """
    start = file.read(8)

    if start[:3] != MAGIC or len(start) < 8:
        raise ValueError("is not a compressed file of this library")

    if start[3] != VERSION:
        raise ValueError(
            f"has format {start[3]}, and this release reads format {VERSION}. Update autoencode"
        )

    length = int.from_bytes(start[4:], "little")

    if length > _MOST_HEADER_BYTES:
        raise ValueError(DAMAGED)

    raw, digest = file.read(length), file.read(_DIGEST_BYTES)

    if _digest(start + raw) != digest:
        raise ValueError(DAMAGED)

    header = parse(raw.decode())

    if not isinstance(header, dict):
        raise ValueError(DAMAGED)

    return header, digest


def write_section(file: BinaryIO, section: Section, before: bytes) -> bytes:
    r"""Writes a section, and returns its digest.

    Arguments:
        file: The file.
        section: The section.
        before: The digest of the part before it.
    """
    words = section.words.astype("<u4").tobytes()
    blocks = np.array(section.blocks, "<u4").tobytes()
    sizes = len(blocks), len(words), len(section.hidden), len(section.exceptions)
    numbers = _NUMBERS.pack(section.n, section.untouched, section.n_initial, *sizes)
    body = numbers + section.digest + blocks + words + section.hidden + section.exceptions
    digest = _digest(before + body)
    file.write(body + digest)

    return digest


def read_sections(file: BinaryIO, before: bytes) -> Iterator[Section]:
    r"""Reads all sections.

    Arguments:
        file: The file, after its header.
        before: The digest of the header.

    Raises:
        ValueError: If one is damaged, or the last is missing.
    """
    while True:
        start = file.read(_NUMBERS.size + _DIGEST_BYTES)

        if len(start) < _NUMBERS.size + _DIGEST_BYTES:
            raise ValueError(DAMAGED)

        n, untouched, n_initial, *sizes = _NUMBERS.unpack(start[: _NUMBERS.size])

        if (
            sum(sizes) > _MOST_SECTION_BYTES
            or any(size % 4 for size in sizes[:2])
            or untouched > n_initial
        ):
            raise ValueError(DAMAGED)

        # A file that is shorter than it says takes no more memory than its size
        blocks, words, hidden, exceptions = (_exactly(file, size) for size in sizes)
        body = start + blocks + words + hidden + exceptions
        digest = _digest(before + body)

        if file.read(_DIGEST_BYTES) != digest:
            raise ValueError(DAMAGED)

        if n == 0:
            if file.read(1):
                raise ValueError(DAMAGED)

            return

        parts = np.frombuffer(blocks, "<u4").tolist()
        stack = np.frombuffer(words, "<u4").astype(np.uint32)
        own = start[_NUMBERS.size :]
        yield Section(n, parts, stack, untouched, n_initial, hidden, exceptions, own)
        before = digest


def _exactly(file: BinaryIO, size: int) -> bytes:
    raw = file.read(size)

    if len(raw) != size:
        raise ValueError(DAMAGED)

    return raw


def _digest(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=_DIGEST_BYTES).digest()
