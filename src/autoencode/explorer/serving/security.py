r"""Requests from elsewhere refused, and headers of all answers.

A page of another site may send requests to a server on the same machine, but it does not know the
token. A name of another site that leads to this machine (DNS rebinding) shows as a foreign `Host`.
"""

__all__ = ["Guard", "refusal"]

import json
import secrets
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " media-src 'self' data: blob:; connect-src 'self'; font-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors {}"
)
_NOTEBOOKS = "'self' http://localhost:* http://127.0.0.1:* vscode-webview:"


def refusal(status: int, sentence: str) -> tuple[int, bytes]:
    r"""Returns the status and the JSON of an error.

    Arguments:
        status: The status of HTTP.
        sentence: The error in a sentence.

    Example:
        >>> refusal(404, "There is no such page.")
        (404, b'{"error": "There is no such page."}')
    """
    return status, json.dumps({"error": sentence}).encode()


class Guard:
    r"""ASGI application that passes on only what the page itself asks.

    Arguments:
        inner: The application.
        token: The token that all requests but those of the files of the page must have.
        hosts: The names of the server, without ports.
        framed: Whether pages of notebooks on this machine may show the page in a frame.
    """

    def __init__(self, inner: Any, token: str, hosts: Iterable[str], framed: bool) -> None:
        self.inner = inner
        self.token = token
        self.hosts = {host.lower() for host in hosts}
        self.policy = _POLICY.format(_NOTEBOOKS if framed else "'none'")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.inner(scope, receive, send)
            return

        path = scope["path"]

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers(path)]}

            await send(message)

        if (refused := self._refused(scope, path)) is None:
            await self.inner(scope, receive, send_guarded)
            return

        status, body = refused
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await send_guarded({"type": "http.response.start", "status": status, "headers": headers})
        await send_guarded({"type": "http.response.body", "body": body})

    def _refused(self, scope: Any, path: str) -> tuple[int, bytes] | None:
        headers = {name.decode("latin-1").lower(): value for name, value in scope["headers"]}
        host = headers.get("host", b"").decode("latin-1")
        origin = headers.get("origin")

        if _hostname(host) not in self.hosts:
            return refusal(403, "This server only answers under its own name.")

        if origin is not None and origin.decode("latin-1") not in _origins(host):
            return refusal(403, "This server does not answer pages of other servers.")

        if path.startswith("/static/"):
            return None

        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        given = headers.get("x-token") or query.get("token", [""])[0].encode("latin-1", "replace")

        if not secrets.compare_digest(given, self.token.encode()):
            return refusal(
                403, "The token is missing or wrong: open the whole address that was printed."
            )

        return None

    def _headers(self, path: str) -> list[tuple[bytes, bytes]]:
        headers = {
            "content-security-policy": self.policy,
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-resource-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "cache-control": "no-cache" if path.startswith("/static/") else "no-store",
        }
        return [(name.encode(), value.encode()) for name, value in headers.items()]


def _hostname(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _origins(host: str) -> set[str]:
    return {f"http://{host}", f"https://{host}"}
