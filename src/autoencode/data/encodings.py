r"""Detection of text encodings and of encoding errors."""

__all__ = ["describe_utf8_error", "detect_encoding"]

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
_WESTERN = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿŒœ"
_QUOTES = "\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2026"
_SIGNS = f"€£¥§°²³µ¼½¾±·«»©®™¡¿ªº¢\u00d7\u00a0{_QUOTES}"
_IN_WORDS = re.compile(f"[{_WESTERN}]{{3}}|[a-z][€£¥§°²³µ¼½¾±·«»©®™¡¿¢][a-z]")


def detect_encoding(data: bytes, whole: bool = True) -> str | None:
    r"""The encoding of text: that of its byte order mark, UTF-8, or Windows-1252.

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
    """
    for mark, name in _MARKS.items():
        if data.startswith(mark):
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

        strange = {c for c in text if ord(c) > 127} - {*_WESTERN, *_SIGNS}
        return None if strange or _IN_WORDS.search(text) else "cp1252"

    return "utf-8"


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
