r"""Molecules as SELFIES: token numbers from SMILES, and back."""

__all__ = ["SelfiesTokenizer", "check_symbols", "learn_symbols"]

import functools
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from numpy.typing import NDArray

from ...common.container import parse
from .tokenizers import Tokenizer

_MAX_LETTERS = 2**20  # of all symbols together


class SelfiesTokenizer(Tokenizer):
    r"""Tokenizer of molecules whose every row of tokens is a valid molecule.

    References:
        | Self-Referencing Embedded Strings (SELFIES): A 100% Robust Molecular String
          Representation (Krenn et al., 2020)
        | https://arxiv.org/abs/1905.13741

    Arguments:
        vocabulary: The vocabulary, as :func:`learn_symbols` returns it.
    """

    def __init__(self, vocabulary: str) -> None:
        self.symbols = _symbols(vocabulary)
        self.ids = {symbol: i for i, symbol in enumerate(self.symbols)}
        self.size = len(self.symbols) + 1

    def encode(self, rows: Sequence[bytes]) -> list[list[int]]:
        return [[self._id(symbol, row) for symbol in split_molecule(row)] for row in rows]

    def decode(self, symbols: NDArray) -> bytes:
        return _smiles(self.symbols[i] for i in symbols).encode()

    def _id(self, symbol: str, row: bytes) -> int:
        if symbol not in self.ids:
            raise ValueError(
                f"the SELFIES symbol {symbol!r} of the molecule {row.decode()!r} is not one of the"
                f" {len(self.symbols)} of the fit. Fit with molecules that have it."
            )

        return self.ids[symbol]


def learn_symbols(rows: Sequence[bytes]) -> str:
    r"""Collects the SELFIES symbols of molecules, and those that the package knows to be safe.

    Arguments:
        rows: SMILES.

    Returns:
        The vocabulary, as JSON.

    Raises:
        ImportError: If the package `selfies` is missing.
        ValueError: If a row is not a molecule. The message names it.
    """
    symbols = {symbol for row in rows for symbol in split_molecule(row)}
    return json.dumps(sorted(symbols | _package().get_semantic_robust_alphabet()))


def check_symbols(vocabulary: str) -> None:
    r"""Check a vocabulary of unknown origin.

    Arguments:
        vocabulary: The vocabulary, as :func:`learn_symbols` returns it.

    Raises:
        ValueError: If it is not a list of different SELFIES symbols.

    Example:
        >>> check_symbols("{}")
        Traceback (most recent call last):
        ValueError: the vocabulary of SELFIES is damaged.
    """
    _symbols(vocabulary)


def split_molecule(row: bytes) -> list[str]:
    r"""The SELFIES symbols of a molecule.

    Arguments:
        row: The SMILES.

    Raises:
        ImportError: If the package `selfies` is missing.
        ValueError: If it is not a molecule.
    """
    selfies = _translated("encoder", row.decode("utf-8", "surrogatepass"))
    return [*_package().split_selfies(selfies)]


def _smiles(symbols: Iterable[str]) -> str:
    r"""Returns the SMILES of symbols, without bonds between parts that dots divide."""
    parts = "".join(symbols).split(".")
    return ".".join(filter(None, (_translated("decoder", part) for part in parts)))


def _translated(way: str, text: str) -> str:
    package = _package()
    translate: Callable[[str], str] = getattr(package, way)

    try:
        return translate(text) if text else ""
    except (package.EncoderError, package.DecoderError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"expected a molecule as SMILES, got {text[:80]!r} ({reason}). Correct it, or leave"
            " out Texts(selfies=True), for bytes."
        ) from None


def _symbols(vocabulary: str) -> list[str]:
    try:
        symbols: Any = parse(vocabulary)
        good = isinstance(symbols, list) and all(isinstance(s, str) for s in symbols)
        good = good and 0 < len(symbols) == len({*symbols})
        good = good and sum(map(len, symbols)) <= _MAX_LETTERS
        good = good and all(s == "." or (s[:1] == "[" and s[-1:] == "]") for s in symbols)
    except (ValueError, TypeError, RecursionError):
        good = False

    if not good:
        raise ValueError("the vocabulary of SELFIES is damaged.")

    return symbols


@functools.cache
def _package() -> Any:
    try:
        import selfies
    except ImportError:
        raise ImportError(
            "molecules as SELFIES need the package selfies: pip install 'autoencode[molecules]',"
            " or leave out Texts(selfies=True), for bytes."
        ) from None

    return selfies
