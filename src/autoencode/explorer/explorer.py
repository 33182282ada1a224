r"""The function that opens an explorer."""

__all__ = ["Explorer", "explore"]

import html
from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from ..estimator import Autoencoder
from .serving import Server
from .serving.running import check_packages
from .session import Session

_FRAME_HEIGHT = 720  # pixels


class Explorer:
    r"""A running explorer, as :func:`~autoencode.explore` returns it.

    At the end of a cell, a notebook shows the page in a frame. As a context manager, it stops at
    the end.

    Arguments:
        session: The model and its examples.
        host: The address that the server listens on.
        port: Its port; zero for a free one.
        framed: Whether notebooks on this machine may show the page in a frame.

    See Also:
        :func:`~autoencode.explore`
    """

    def __init__(self, session: Session, host: str, port: int, framed: bool = True) -> None:
        self.session = session
        self.server = Server(session, host, port, framed)

    @property
    def url(self) -> str:
        r"""The address of the page, with the token that it needs."""
        return self.server.url

    @property
    def labels_(self) -> list[str | None]:
        r"""The labels that were typed in on the page, `None` for examples without one."""
        return [self.session.typed.get(i) for i in range(len(self.session))]

    def stop(self) -> None:
        r"""Stop the server. The page no longer answers."""
        self.server.stop()

    def wait(self) -> None:
        r"""Wait until the server stops, or until Ctrl-C."""
        while self.server.is_running:
            self.server.thread.join(timeout=0.5)

    def __enter__(self) -> "Explorer":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = self.url if self.server.is_running else "stopped"
        return f"Explorer({len(self.session):,} examples, {state})"

    def _repr_html_(self) -> str:
        url = html.escape(self.url, quote=True)
        return (
            f'<iframe src="{url}" width="100%" height="{_FRAME_HEIGHT}" style="border: 0"'
            f' title="Explorer"></iframe><p><a href="{url}" target="_blank">{url}</a></p>'
        )


def explore(
    model: Autoencoder,
    X: Any,
    y: ArrayLike | None = None,
    columns: Any = None,
    names: Sequence[str] | None = None,
    title: str | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Explorer:
    r"""Open a page that shows examples on a map of their codes, and decodes any place of it.

    The server runs in a thread of this process, on this machine alone, and its address has a
    random token. Nothing is sent to other machines. `stop` ends it.

    Arguments:
        model: A fitted model with a decoder.
        X: Examples, in any form that the model takes.
        y: Their labels or numbers, which color the map. A conditional model is given them.
        columns: Further values that color the map: a data frame or a mapping, with one row for
            each example.
        names: The names of the examples; by default those of their files.
        title: The title of the page.
        host: The address that the server listens on. Others than that of this machine let
            everyone in the network ask, who knows the token.
        port: The port; zero for a free one.

    Returns:
        The explorer. A notebook shows it in a frame; elsewhere, open its `url` in a browser.

    Raises:
        ImportError: If starlette or uvicorn is missing.
        ValueError: If the model does not take the examples, lengths differ, or the port is in use.

    See Also:
        :func:`~autoencode.plots.codes`, :class:`~autoencode.manifold.Geodesics`

    Example:
        >>> import autoencode as ae
        >>> X = ae.datasets.digits().X[:60]
        >>> explorer = ae.explore(ae.linear(2).fit(X), X)
        >>> explorer.url.startswith("http://127.0.0.1:")
        True
        >>> explorer.stop()
    """
    check_packages()
    session = Session(model, X, y, columns, names, title)
    session.prepare()

    return Explorer(session, host, port)
