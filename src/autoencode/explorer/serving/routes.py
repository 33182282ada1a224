r"""The endpoints and the files of the page as an ASGI application."""

__all__ = ["STATIC", "application"]

import json
import logging
from pathlib import Path
from typing import Any

from ..gestures import ENDPOINTS
from ..gestures.lookup import MAX_UPLOAD
from ..session import Session
from ..wire import Binary, Endpoint, Pending
from ..wire.schemas import check, from_query

log = logging.getLogger(__name__)

STATIC = Path(__file__).parents[1] / "static"

_MAX_JSON = 2**26  # bytes; a selection is a bit for each example, or a number
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_USER_ERRORS = (ValueError, TypeError, OSError, ArithmeticError, ImportError, UnicodeError)
_NO_PAGE = (
    "The page of the explorer is not part of this installation: install a wheel of autoencode, or"
    " run `make explorer` in its repository, which needs node."
)


class _Refused(Exception):
    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def application(session: Session) -> Any:
    r"""The application of a session, without checks of who asks.

    Arguments:
        session: The model and its examples.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.routing import Route

    routes = [
        Route("/", _page, methods=["GET"]),
        Route("/static/{name}", _file, methods=["GET"]),
        Route("/api/schemas", _schemas, methods=["GET"]),
        *(Route(e.path, _handler(session, e), methods=[e.method]) for e in ENDPOINTS),
    ]

    async def wrong_address(request: Any, error: Any) -> Any:
        sentences = {
            404: "There is no such address.",
            405: "This address does not take such requests.",
        }
        return _refuse(error.status_code, sentences.get(error.status_code, str(error.detail)))

    async def fault(request: Any, error: Exception) -> Any:
        return _refuse(500, _unexpected(error))

    handlers: Any = {HTTPException: wrong_address, Exception: fault}
    return Starlette(routes=routes, exception_handlers=handlers)


def _handler(session: Session, endpoint: Endpoint) -> Any:
    async def handle(request: Any) -> Any:
        from starlette.concurrency import run_in_threadpool

        try:
            given = await _given(request, endpoint)
            # In a thread, so that a slow answer does not block the others
            return await run_in_threadpool(_answer, session, endpoint, given)
        except _Refused as error:
            return _refuse(error.status, str(error))
        except _USER_ERRORS as error:
            return _refuse(400, _sentence(error))
        except Exception as error:
            log.debug("%s failed.", endpoint.path, exc_info=True)
            return _refuse(500, _unexpected(error))

    return handle


def _answer(session: Session, endpoint: Endpoint, given: dict[str, Any]) -> Any:
    from starlette.responses import Response

    answer = endpoint.answer(session, given)

    if isinstance(answer, Pending):
        return _json(answer.document(), 202)

    if not isinstance(answer, Binary):
        return _json(answer)

    headers = dict(answer.headers)

    if answer.file is not None:
        headers["Content-Disposition"] = f'attachment; filename="{answer.file}"'

    return Response(answer.content, media_type=answer.media_type, headers=headers)


async def _given(request: Any, endpoint: Endpoint) -> dict[str, Any]:
    r"""Returns the values of the query and of the body together."""
    query = {k: v for k, v in request.query_params.items() if k != "token"}
    given = from_query(query, endpoint.request)

    if endpoint.method == "POST":
        is_json = request.headers.get("content-type", "").startswith("application/json")

        if endpoint.takes_file and not is_json:
            given["file"] = await _body(request, MAX_UPLOAD)
            check({k: v for k, v in given.items() if k != "file"}, endpoint.request)
            return given

        if not is_json:
            raise _Refused(415, "Expected JSON, with the type application/json.")

        given |= _object(await _body(request, _MAX_JSON))

    check(given, endpoint.request)
    return given


async def _body(request: Any, most: int) -> bytes:
    too_large = _Refused(413, f"The request is larger than {most // 2**20} MB.")
    length = request.headers.get("content-length", "0")

    if not length.isdecimal() or int(length) > most:
        raise too_large

    body = bytearray()

    async for part in request.stream():
        body += part

        if len(body) > most:
            raise too_large

    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _Refused(400, "The request is not JSON.") from None

    if not isinstance(given, dict):
        raise _Refused(400, "Expected a JSON object.")

    return given


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _json(value: Any, status: int = 200) -> Any:
    from starlette.responses import Response

    content = json.dumps(value, allow_nan=False, ensure_ascii=True).encode()
    return Response(content, status, media_type="application/json")


def _refuse(status: int, sentence: str) -> Any:
    return _json({"error": sentence}, status)


def _sentence(error: BaseException) -> str:
    r"""Returns the message of an error as one sentence, without paths of this machine."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    text = " ".join((text or type(error).__name__).split())[:600]
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _unexpected(error: BaseException) -> str:
    return f"Unexpected {type(error).__name__}: {_sentence(error)} Please report it."


async def _page(request: Any) -> Any:
    return _static("index.html")


async def _file(request: Any) -> Any:
    return _static(request.path_params["name"])


def _static(name: str) -> Any:
    from starlette.responses import Response

    known = {path.name: path for path in STATIC.glob("*") if path.suffix in _TYPES}

    if name in known:
        return Response(known[name].read_bytes(), media_type=_TYPES[known[name].suffix])

    return _refuse(404, "There is no such file." if "index.html" in known else _NO_PAGE)


async def _schemas(request: Any) -> Any:
    return _json({"endpoints": [endpoint.document() for endpoint in ENDPOINTS]})
