r"""File format for a JSON document and tensors, with a digest of the content.

The format is safetensors, which other programs can read: the length of the header, the header in
JSON, and the numbers. The header is checked against the size of the file before it is used.
Reading a damaged file therefore takes little more memory than the size of the file.
"""

__all__ = ["VERSION", "Stored", "opened", "parse", "read", "write"]

import contextlib
import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import torch
from torch import Tensor

from .atomic_files import replacing

VERSION = 2  # 1 had no digest

_KEY = "autoencode"
_EMPTY_DIGEST = 64 * "0"
_FILE_BEGINNING = b'{"__metadata__": {"digest": "'  # gives the digest a fixed position
_MAX_DOCUMENT_BYTES = 200e6
_HASHED_BLOCK_BYTES = 2**24
_TYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "U16": torch.uint16,
    "I16": torch.int16,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "U32": torch.uint32,
    "I32": torch.int32,
    "F32": torch.float32,
    "U64": torch.uint64,
    "I64": torch.int64,
    "F64": torch.float64,
    "C64": torch.complex64,
}
_NAMES = {dtype: name for name, dtype in _TYPES.items()}


class Entry(NamedTuple):
    r"""Position, type and shape of a tensor in a file."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    begin: int
    end: int


class Stored:
    r"""Open file whose digest was verified."""

    def __init__(
        self, file: BinaryIO, document: dict[str, Any], entries: dict[str, Entry]
    ) -> None:
        self.file = file
        self.document = document
        self.entries = entries

    def names(self, prefix: str = "") -> list[str]:
        r"""Returns the names of all tensors whose name starts with a prefix."""
        return [name for name in self.entries if name.startswith(prefix)]

    def shape(self, name: str) -> Tensor:
        r"""Returns a stored tensor without its numbers, on the meta device."""
        entry = self.entries[name]
        return torch.empty(entry.shape, dtype=entry.dtype, device="meta")

    def tensor(self, name: str) -> Tensor:
        r"""Returns a stored tensor."""
        entry = self.entries[name]
        tensor = torch.empty(entry.shape, dtype=entry.dtype)
        self.file.seek(entry.begin)

        if tensor.numel() and self.file.readinto(_bytes(tensor)) != entry.end - entry.begin:  # type: ignore[attr-defined]
            raise ValueError("it was truncated while it was read")

        return tensor


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[Stored]:
    r"""Open a file for reading.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, of a newer version, or not a model of this library.

    Example:
        >>> with opened("missing.ae"):
        ...     pass
        Traceback (most recent call last):
        FileNotFoundError: there is no model file 'missing.ae'.
    """
    path = Path(path)

    if not path.is_file():
        raise FileNotFoundError(f"there is no model file '{path}'.")

    with path.open("rb") as file:
        try:
            document, entries = _head(file)
        except (ValueError, RecursionError, MemoryError) as error:
            raise ValueError(
                f"'{path}' is not a model, or is damaged or truncated ({_short(error)})."
                " Models are written by model.save(path)."
            ) from None

        version = document.get("version") if isinstance(document, dict) else None

        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise ValueError(f"'{path}' holds tensors, but no model of this library.")

        if version > VERSION:
            raise ValueError(
                f"'{path}' was written by a newer release (format {version}, this one"
                f" reads up to {VERSION}). Update autoencode to load it."
            )

        yield Stored(file, document, entries)


def read(path: str | Path, prefix: str = "") -> tuple[dict[str, Any], dict[str, Tensor]]:
    r"""Read a file.

    Arguments:
        path: The file.
        prefix: The beginning of the names of the tensors to read.

    Returns:
        The document and the tensors by name.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, of a newer version, or not of this library.

    Example:
        >>> read("missing.ae")
        Traceback (most recent call last):
        FileNotFoundError: there is no model file 'missing.ae'.
    """
    with opened(path) as stored:
        return stored.document, {name: stored.tensor(name) for name in stored.names(prefix)}


def write(path: str | Path, document: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    r"""Write a file completely, or keep the old one.

    Arguments:
        path: The file.
        document: The document, in types that JSON has.
        tensors: The tensors by name.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If the document is too large to be read again.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "weights.ae"
        >>> write(path, {"name": "tiny"}, {"encoder.weight": torch.ones(2)})
        >>> document, tensors = read(path)
        >>> document["name"], tensors["encoder.weight"].tolist()
        ('tiny', [1.0, 1.0])
    """
    # The widest types first, so that each tensor is aligned to the size of its elements
    named = sorted(tensors.items(), key=lambda item: -item[1].dtype.itemsize)
    kept = [(name, t.detach().cpu().contiguous()) for name, t in named]
    ends = [0, *accumulate(t.numel() * t.dtype.itemsize for _, t in kept)]

    text = json.dumps({"version": VERSION, **document})
    _check_size(text)
    header: dict[str, Any] = {"__metadata__": {"digest": _EMPTY_DIGEST, _KEY: text}}

    for (name, t), (begin, end) in zip(kept, pairwise(ends)):
        shape = [*t.shape]
        header[name] = {"dtype": _NAMES[t.dtype], "shape": shape, "data_offsets": [begin, end]}

    raw = json.dumps(header).encode()
    _check_size(raw.decode())
    raw += b" " * (-len(raw) % 8)
    parts = [_bytes(t) for _, t in kept]
    digest = _digest(raw, parts).encode()

    with replacing(path, durable=True) as temporary, temporary.open("wb") as file:
        file.write(len(raw).to_bytes(8, "little"))
        file.write(
            raw[: len(_FILE_BEGINNING)] + digest + raw[len(_FILE_BEGINNING) + len(digest) :]
        )

        for part in parts:
            file.write(part)


def parse(text: str) -> Any:
    r"""Parse JSON from an untrusted source.

    Raises:
        ValueError: If it is not JSON, has a repeated name or an integer of more than 20 digits, or
            would take more than 200 MB of memory.
        RecursionError: If it is nested too deeply.

    Example:
        >>> parse('{"a": 1, "a": 2}')
        Traceback (most recent call last):
        ValueError: 'a' occurs twice
    """
    _check_size(text)
    return json.loads(text, parse_int=_integer, object_pairs_hook=_unique)


def _head(file: BinaryIO) -> tuple[Any, dict[str, Entry]]:
    r"""Returns the document and the positions of the tensors, after a check of the digest."""
    size = file.seek(0, 2)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    start = 8 + length

    if size < 8 or start > size or 10 * length > _MAX_DOCUMENT_BYTES:
        raise ValueError("its header is cut off")

    raw = file.read(length)
    header = parse(raw.decode("utf-8"))

    if not isinstance(header, dict):
        raise ValueError("its header is not valid")

    metadata = header.pop("__metadata__", None)
    metadata = metadata if isinstance(metadata, dict) else {}
    entries = {name: _entry(about, start) for name, about in header.items()}
    spans = sorted((e.begin, e.end) for e in entries.values())
    at = start

    for begin, end in spans:
        if begin != at:
            raise ValueError("its tensors overlap, or leave something out")
        at = end

    if at != size:
        raise ValueError("it is shorter or longer than its tensors are")

    text, digest = metadata.get(_KEY, "null"), metadata.get("digest")

    if not isinstance(text, str):
        raise ValueError("its document is not text")

    document = parse(text)

    if digest is not None or _needs_digest(document):
        empty = (
            _FILE_BEGINNING
            + _EMPTY_DIGEST.encode()
            + raw[len(_FILE_BEGINNING) + len(_EMPTY_DIGEST) :]
        )
        computed = _digest(empty, iter(lambda: file.read(_HASHED_BLOCK_BYTES), b""))

        if not raw.startswith(_FILE_BEGINNING) or computed != digest:
            raise ValueError("its digest does not match its bytes")

    return document, entries


def _needs_digest(document: Any) -> bool:
    version = document.get("version") if isinstance(document, dict) else None
    return isinstance(version, int) and version != 1


def _entry(about: Any, start: int) -> Entry:
    r"""Checks the entry of a tensor in the header."""
    match about:
        case {"dtype": str() as name, "shape": list() as shape, "data_offsets": [begin, end]}:
            numbers = [*shape, begin, end]

            if name in _TYPES and all(type(n) is int and n >= 0 for n in numbers):
                entry = Entry(_TYPES[name], tuple(shape), start + begin, start + end)

                if math.prod(shape) * entry.dtype.itemsize == end - begin and len(shape) <= 32:
                    return entry

    raise ValueError("its header has an invalid entry for a tensor")


def _digest(header: bytes, parts: Iterable[Any]) -> str:
    digest = hashlib.blake2b(len(header).to_bytes(8, "little") + header, digest_size=32)

    for part in parts:
        digest.update(part)

    return digest.hexdigest()


def _bytes(tensor: Tensor) -> Any:
    r"""Returns the memory of a contiguous tensor."""
    flat = tensor.reshape(-1)

    if flat.numel() == 1:  # the stride of a single element may be anything
        flat = flat.as_strided((1,), (1,))

    return flat.view(torch.uint8).numpy().data


def _check_size(text: str) -> None:
    r"""Raises if parsing JSON could take too much memory, by an upper bound for each part."""
    parts = text.count(",") + text.count("[") + text.count("{")

    if 10 * len(text) + 96 * parts + 120 * text.count(":") > _MAX_DOCUMENT_BYTES:
        raise ValueError("its document is too large, with more than a million parts")


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError(f"a number of {len(digits)} digits")

    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)

    if len(result) < len(pairs):
        twice = next(name for i, (name, _) in enumerate(pairs) if name in dict(pairs[:i]))
        raise ValueError(f"'{twice[:50]}' occurs twice")

    return result


def _short(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
