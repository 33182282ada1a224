r"""The application in a thread, which can be stopped."""

__all__ = ["Server"]

import importlib.util
import secrets
import socket
import threading
import time
from typing import Any

from ..session import Session

_PACKAGES = "pandas", "starlette", "uvicorn"
_START_SECONDS = 30.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Server:
    r"""A server of one session in a thread.

    Arguments:
        session: The model and its examples.
        host: The address of the network card that the server listens on.
        port: Its port; zero for a free one.
        framed: Whether notebooks on this machine may show the page in a frame.

    Raises:
        ImportError: If the packages of the server are missing.
        ValueError: If the port is in use.
    """

    def __init__(
        self, session: Session, host: str = "127.0.0.1", port: int = 0, framed: bool = False
    ) -> None:
        check_packages()

        import uvicorn

        from .routes import application
        from .security import Guard

        self.token = secrets.token_urlsafe(24)
        self.socket = _listen(host, port)
        self.host, self.port = host, int(self.socket.getsockname()[1])
        guard = Guard(application(session), self.token, {host, *_LOOPBACK}, framed)
        options: dict[str, Any] = {"log_config": None, "access_log": False, "lifespan": "off"}
        config = uvicorn.Config(guard, server_header=False, timeout_keep_alive=30, **options)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self._run, name="explorer", daemon=True)
        self.thread.start()
        end = time.monotonic() + _START_SECONDS

        while not self.server.started and self.thread.is_alive() and time.monotonic() < end:
            time.sleep(0.01)

    @property
    def url(self) -> str:
        r"""The address of the page, with the token."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/?token={self.token}"

    @property
    def is_running(self) -> bool:
        r"""True until the server is stopped."""
        return self.thread.is_alive()

    def stop(self) -> None:
        r"""Stop the server, and wait until it has ended."""
        self.server.should_exit = True
        self.thread.join(timeout=_START_SECONDS)
        self.socket.close()

    def _run(self) -> None:
        self.server.run(sockets=[self.socket])


def check_packages() -> None:
    r"""
    Raises:
        ImportError: If a package of the server is missing.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]

    if missing:
        raise ImportError(
            f"the explorer needs {' and '.join(missing)}: pip install 'autoencode[explore]'"
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)

    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(
            f"cannot listen on {host}:{port} ({reason}). Choose another port; 0 finds a free one."
        ) from None

    return listening
