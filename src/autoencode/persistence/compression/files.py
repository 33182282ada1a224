r"""Compressed files of many examples, section by section."""

__all__ = ["Summary", "read_parts", "write_parts"]

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from ...common.progress import track
from . import layout
from .codec import Codec
from .codes import CodeGrid
from .forms import Form, form_of_header
from .layout import Section
from .sections import read_section, write_section

_MOST_INITIAL = 2**24  # words
_MOST_BITS = 44
_FAILURES = (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError)


class Summary(NamedTuple):
    r"""Size of a compressed file.

    Example:
        >>> Summary(10, 100, 40, 35.0).bits_per_value
        3.2
    """

    n: int
    r"""The number of examples."""

    values: int
    r"""The number of numbers, cells or tokens of all examples."""

    n_bytes: int
    r"""The size of the file."""

    bound_bytes: float
    r"""The size that follows from the bound: minus its sum, divided by eight bits of log 2."""

    @property
    def bits_per_value(self) -> float:
        r"""The bits of the file for each value."""
        return 8 * self.n_bytes / max(1, self.values)

    @property
    def bound_per_value(self) -> float:
        r"""The bits of the bound for each value."""
        return 8 * self.bound_bytes / max(1, self.values)


def write_parts(
    file: BinaryIO, codec: Codec, X: Any, form: Form, names: list[str] | None = None
) -> Summary:
    r"""Write examples to a compressed file, one section after the other.

    Arguments:
        file: The file.
        codec: The model.
        X: The examples, of which one section at a time is read.
        form: Their form.
        names: The names of the files of the examples, if they were read from files.

    Raises:
        ValueError: If examples are not of the kind of the fit.
    """
    X = form.prepared(X)
    n, digest, bits, values = len(X), b"", 0.0, 0

    for rows in track(_ranges(n, codec.section), n, "examples"):
        part = form.part(X, rows.start, rows.stop)
        symbols = codec.content.symbols(part)

        if rows.start == 0:
            codec.choose_grid(tuple(k[: codec.block] for k in symbols))
            digest = layout.write_header(file, _header(codec, form, n, names))

        section, information = write_section(codec, symbols)
        exceptions = form.exceptions(part, codec.content.restored(symbols))
        digest = layout.write_section(file, section._replace(exceptions=exceptions), digest)
        bits, values = bits + information, values + codec.content.count(symbols)

    if n == 0:
        digest = layout.write_header(file, _header(codec, form, n, names))

    empty = Section(0, [], np.zeros(0, np.uint32), 0, 0, b"", b"", bytes(16))
    layout.write_section(file, empty, digest)

    return Summary(n, values, file.tell(), bits / 8)


def read_parts(
    file: BinaryIO, codec_of: Callable[[bool], Codec], name: str = "the file"
) -> tuple[dict[str, Any], Form, Iterator[Any]]:
    r"""Read a compressed file.

    Arguments:
        file: The file.
        codec_of: A function that returns the codec, given whether the file is portable.
        name: The name of the file, for messages.

    Returns:
        The header of the file, the form of its examples, and their parts in order.

    Raises:
        ValueError: If the file is damaged, of another model, or of another machine.
    """
    with _named(name):
        header, digest = layout.read_header(file)
        n, portable = header.get("n"), header.get("portable")

        if type(n) is not int or not 0 <= n < 2**48 or not isinstance(portable, bool):
            raise ValueError(layout.DAMAGED)

        form = form_of_header(header)

    codec = codec_of(portable)

    with _named(name):
        _check_origin(codec, header)
        codec.grid = _grid(codec, header)

    return header, form, track(_parts(file, codec, form, n, digest, name), n, "examples")


def _parts(
    file: BinaryIO, codec: Codec, form: Form, n: int, digest: bytes, name: str
) -> Iterator[Any]:
    done = 0

    with _named(name):
        for section in layout.read_sections(file, digest):
            if section.n > min(codec.section, n - done) or section.n_initial > _MOST_INITIAL:
                raise ValueError(layout.DAMAGED)

            try:
                restored = codec.content.restored(read_section(codec, section))
                part = form.corrected(restored, section.exceptions)
            except _FAILURES as error:
                raise ValueError(f"{layout.DAMAGED} ({error})") from None

            yield part
            done += section.n

        if done != n:
            raise ValueError(f"{layout.DAMAGED}: it has {done:,} of {n:,} examples")


def _ranges(n: int, size: int) -> Iterator[range]:
    return (range(first, min(n, first + size)) for first in range(0, n, size))


def _header(codec: Codec, form: Form, n: int, names: list[str] | None) -> dict[str, Any]:
    return {
        **form.header(),
        "n": n,
        "files": names,
        "model": codec.identity,
        "portable": codec.portable,
        "check": codec.check_word,
        "exponents": [*codec.grid.exponents],
        "bits": codec.grid.bits,
        "block": codec.block,
    }


def _check_origin(codec: Codec, header: dict[str, Any]) -> None:
    r"""Raises if the file is of another model, or of another machine."""
    if header.get("model") != codec.identity:
        raise ValueError(
            "was written with another model. Decompress it with the model file that it was"
            " compressed with; a model that was trained again is another one"
        )

    if header.get("check") != codec.check_word:
        why = (
            "This release computes other numbers than the one that wrote it: use the release of"
            " autoencode that wrote the file"
            if codec.portable
            else "Decompress it on the machine that wrote it, with the same version of torch, or"
            " compress again without portable=False (command line: --portable False)"
        )
        raise ValueError(f"needs the same floating-point numbers as its writer. {why}")

    if header.get("block") != codec.block:
        raise ValueError(layout.DAMAGED)


def _grid(codec: Codec, header: dict[str, Any]) -> CodeGrid:
    exponents, bits = header.get("exponents"), header.get("bits")
    D = codec.blueprint.latent_dim

    match exponents, bits:
        case list(), int() if header["n"] == 0 and not exponents:
            return CodeGrid((), 0)
        case list(), int() if len(exponents) == D and 4 <= bits <= _MOST_BITS:
            if all(type(s) is int and -24 <= s <= 0 for s in exponents):
                return CodeGrid(tuple(exponents), bits)

    raise ValueError(layout.DAMAGED)


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    r"""Puts the name of the file into errors."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{name} {error}.") from None
