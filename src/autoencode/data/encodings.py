r"""Detection of text encodings and of encoding errors."""

__all__ = ["describe_utf8_error", "detect_encoding", "is_garbled"]

import codecs
import contextlib
import re
from pathlib import Path

_MARKS = {  # the longer marks first, because one of them begins with a shorter one
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WESTERN = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüýŒœ"
_QUOTES = "\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2026"
_SIGNS = f"€£¥§°²³µ¼½¾±·«»©®™¡¿ªº¢\u00d7\u00a0{_QUOTES}"
_ANY = "A-Za-zÀ-ÖØ-öø-ÿŒœ"
# What Windows-1252 makes of words in other encodings, and hardly occurs in Western languages
_NOT_WESTERN = re.compile(
    rf"[{_WESTERN}]{{3}}|[a-zß-öø-ÿ][À-ÖØ-Þ]|(?:[À-ÖØ-Þ][A-Z]){{3}}"  # letters and their case
    rf"|[a-z][€£¥§°²³µ¼½¾±·«»©®™¡¿¢][a-z]|[{_ANY}][“”„\u201a][{_ANY}]|[{_ANY}][¼½¾¿¡]"
    r"|£[a-zß-ÿ]|[¼½¾©®±²³µ¢ª§£¥][¼½¾©®±µ¢ª§£¥]"
    # Three different signs in a row. Spaces that do not break stand between signs in French
    r"|([^\x00-\x7f\xa0])(?!\1)[^\x00-\x7f\xa0]{2}|[^\x00-\x7f][{@^~`\\]"
)
_MAX_SHARE = 1 / 2  # of the letters of a text in Western languages that ASCII lacks
_LETTER = re.compile(r"[A-Za-z]")
_ESCAPES = {b"\x1b$)C": "iso2022_kr", b"\x1b$": "iso2022_jp"}


def detect_encoding(data: bytes, whole: bool = True) -> str | None:
    r"""The encoding of text: that of its marks, UTF-8, or Windows-1252.

    Arguments:
        data: The first bytes.
        whole: Whether these are all bytes of the text.

    Returns:
        The name, or `None` if the bytes could be text in several encodings.

    Example:
        >>> detect_encoding(b"fine"), detect_encoding("café".encode("latin-1"))
        ('utf-8', 'cp1252')
        >>> detect_encoding("текст".encode("cp1251")) is None
        True
        >>> detect_encoding("日本語0".encode("shift_jis")) is None
        True
    """
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return name

    for escape, name in _ESCAPES.items():
        if escape in data:
            with contextlib.suppress(UnicodeDecodeError):
                codecs.getincrementaldecoder(name)().decode(data, whole)
                return name

    zeros = data[:4096].count(0)

    if zeros > len(data[:4096]) / 4:  # UTF-16 without a mark: half of the bytes of ASCII are zero
        name = "utf-16-le" if data[1:4096:2].count(0) > zeros / 2 else "utf-16-be"

        with contextlib.suppress(UnicodeDecodeError):
            codecs.getincrementaldecoder(name)().decode(data, whole)
            return name

    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, whole)
    except UnicodeDecodeError:
        try:
            text = data.decode("cp1252")
        except UnicodeDecodeError:
            return None

        return "cp1252" if _is_western(text) else None

    return "utf-8"


def is_garbled(word: str) -> bool:
    r"""Tell whether a word was decoded in a wrong encoding, or has lost letters, before.

    Example:
        >>> is_garbled("MÃ¼ller"), is_garbled("M\ufffdller"), is_garbled("Müller")
        (True, True, False)
    """
    if word.isascii():
        return False

    if "\ufffd" in word:
        return True

    for name in ("cp1252", "latin-1"):
        with contextlib.suppress(UnicodeError):
            return not word.encode(name).decode().isascii()

    return False


def _is_western(text: str) -> bool:
    r"""Tell whether text decoded as Windows-1252 has words of Western languages."""
    others = {c for c in text if ord(c) > 127}
    western = len(others & {*_WESTERN})
    share = western / max(1, western + len({*_LETTER.findall(text)}))
    known = others <= {*_WESTERN, *_SIGNS}

    return known and share <= _MAX_SHARE and not _NOT_WESTERN.search(text)


def describe_utf8_error(path: Path) -> str:
    r"""Describe the first byte of a file that is not UTF-8, with a remedy; empty without errors.

    Arguments:
        path: The file.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "latin.txt"
        >>> _ = file.write_bytes("fine\ncafé\n".encode("latin-1"))
        >>> describe_utf8_error(file)
        'line 2 is not UTF-8, at its byte 4 (0xe9). Save the file as UTF-8.'
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return (
                    f"line {number} is not UTF-8, at its byte {error.start + 1}"
                    f" (0x{line[error.start]:02x}). Save the file as UTF-8."
                )

    return ""
