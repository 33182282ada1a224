r"""An address of the server, and the kinds of its answers."""

__all__ = ["Binary", "Endpoint", "Pending"]

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .schemas import NUMBER, TEXT, Schema, maybe, record


class Binary(NamedTuple):
    r"""An answer of bytes.

    Example:
        >>> Binary(b"RIFF", "audio/wav").headers
        {}
    """

    content: bytes
    media_type: str = "application/octet-stream"
    headers: Mapping[str, str] = {}

    file: str | None = None
    r"""The name of a file that the browser saves."""


class Pending(NamedTuple):
    r"""An answer that is not ready: the page asks again.

    Example:
        >>> Pending("errors", 0.5, 3.0).document()
        {'task': 'errors', 'done': 0.5, 'remaining_seconds': 3.0}
    """

    task: str
    done: float
    remaining: float | None

    def document(self) -> dict[str, Any]:
        r"""Returns the answer for JSON."""
        return {"task": self.task, "done": self.done, "remaining_seconds": self.remaining}


PENDING = record(task=TEXT, done=NUMBER, remaining_seconds=maybe(NUMBER))


class Endpoint(NamedTuple):
    r"""An address of the server.

    Example:
        >>> endpoint = Endpoint("GET", "/api/n", "The number.", record(), NUMBER, lambda s, r: 3)
        >>> endpoint.answer(None, {})
        3
    """

    method: str
    path: str
    about: str
    r"""A sentence on the answer, for the list of endpoints."""

    request: Schema
    r"""The schema of the query and the JSON of the body together."""

    response: Schema | None
    r"""The schema of the answer; `None` for bytes."""

    answer: Callable[[Any, dict[str, Any]], Any]
    r"""Maps the session and a request to a document, :class:`Binary` or :class:`Pending`."""

    takes_file: bool = False
    r"""True if a body that is not JSON is a file; the request has it as `file`."""

    def document(self) -> dict[str, Any]:
        r"""Returns the description for JSON."""
        return {
            "method": self.method,
            "path": self.path,
            "about": self.about,
            "request": self.request,
            "response": "binary" if self.response is None else self.response,
        }
