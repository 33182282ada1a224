r"""Sections of a compressed file: examples with a stack of their own."""

__all__ = ["read_section", "write_section"]

import hashlib

import numpy as np
import torch
from torch import Tensor

from .codec import Codec
from .contents.base import Symbols
from .forms.base import pack, unpack
from .layout import Section
from .stack import Stack


def write_section(codec: Codec, symbols: Symbols) -> tuple[Section, float]:
    r"""Writes the symbols of a section to a stack.

    The first block has one example, so that it takes few initial bits. Each other one is as large
    as the stack has bits for its codes.

    Arguments:
        codec: The model.
        symbols: The symbols.

    Returns:
        The section, and its information in bits: minus the bound.
    """
    stack, n, done, each = Stack(), len(symbols[0]), 0, 0.0
    sizes: list[int] = []

    while done < n:
        enough = int(stack.bits / each) if each else 1
        size = max(1, min(codec.block, n - done, enough))
        popped = codec.push(stack, tuple(part[done : done + size] for part in symbols))
        each, done = max(each, popped / size), done + size
        sizes.append(size)

    words, untouched = stack.compressed()
    hidden = _packed(codec.content.hidden(symbols))

    return Section(
        n, sizes, words, untouched, stack.n_initial, hidden, b"", _digest(symbols)
    ), stack.bits


def read_section(codec: Codec, section: Section) -> Symbols:
    r"""Reads the symbols of a section.

    Arguments:
        codec: The model.
        section: The section.

    Raises:
        ValueError: If the symbols are not those that were written.
    """
    sizes = section.blocks

    if sum(sizes) != section.n or min(sizes) < 1 or max(sizes) > codec.block:
        raise ValueError("its blocks do not have the number of its examples")

    stack = Stack(section.words, section.untouched, section.n_initial)
    hidden = _unpacked(section.hidden, section.n, codec.content.parts)
    blocks = []

    for rows in reversed(hidden.split(sizes)):
        blocks.append(codec.pop(stack, rows))

    symbols = tuple(torch.cat(parts[::-1]) for parts in zip(*blocks))

    if not stack.is_initial or _digest(symbols) != section.digest:
        raise ValueError("its symbols are not those that were written")

    return symbols


def _packed(hidden: Tensor) -> bytes:
    return pack(np.packbits(hidden.T.numpy()).tobytes()) if hidden.any() else b""


def _unpacked(packed: bytes, n: int, parts: int) -> Tensor:
    if not packed:
        return torch.zeros(n, parts, dtype=torch.bool)

    bits = np.unpackbits(np.frombuffer(unpack(packed, (n * parts + 7) // 8), np.uint8))
    return torch.from_numpy(bits[: n * parts].reshape(parts, n).T.astype(bool))


def _digest(symbols: Symbols) -> bytes:
    digest = hashlib.blake2b(digest_size=16)

    for part in symbols:
        digest.update(part.contiguous().numpy().astype("<i8").tobytes())

    return digest.digest()
