r"""What is wrong with text that is not in UTF-8."""

__all__ = ["not_utf8"]

from pathlib import Path


def not_utf8(path: Path) -> str:
    r"""Says where a file is not in UTF-8, and what to do; nothing if it is.

    Arguments:
        path: The file.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "latin.txt"
        >>> _ = file.write_bytes("fine\ncafé\n".encode("latin-1"))
        >>> not_utf8(file)
        'line 2 is no UTF-8, at its byte 4 (0xe9). Save the file as UTF-8.'
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return (
                    f"line {number} is no UTF-8, at its byte {error.start + 1}"
                    f" (0x{line[error.start]:02x}). Save the file as UTF-8."
                )

    return ""
