r"""The command that opens an explorer."""

import contextlib
import logging
from pathlib import Path
from typing import Any

from ...options import SourceOptions


def explore(
    model: Path,
    data: Path,
    /,
    columns: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    browser: bool = False,
    source: SourceOptions = SourceOptions(),
) -> None:
    r"""Open a page that shows examples on a map of their codes, and decodes any place of it.

    The page is served on this machine alone, until Ctrl-C. Labels color the map.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit.
        columns: A .csv or .parquet table with further values that color the map: one row for each
            example.
        host: The address that the server listens on. Others than that of this machine let
            everyone in the network ask, who knows the token.
        port: The port; 0 for a free one.
        browser: Open the page in a browser.
    """
    from ....data import read_frame
    from ....explorer import explore as open_explorer
    from ....explorer.serving.running import check_packages
    from ... import inputs

    check_packages()
    estimator = inputs.load_model(model, source.loading)
    table = None if columns is None else read_frame(columns)
    X, y, _, files = inputs.read_source(data, source, estimator, colors=True)
    names = _names(files, X)
    title = f"{model.stem} on {data.name or data}"
    logging.getLogger("uvicorn").setLevel(logging.ERROR)

    with open_explorer(estimator, X, y, table, names, title, host, port) as explorer:
        print(f"Explorer of {len(explorer.session):,} examples, until Ctrl-C.")

        if browser:
            import webbrowser

            webbrowser.open(explorer.url)

        print(f"Next: open {explorer.url} in a browser.", flush=True)

        with contextlib.suppress(KeyboardInterrupt):  # the usual end
            explorer.wait()


def _names(files: Any, X: Any) -> Any:
    r"""Returns the names of files, if there is one for each example."""
    return files if files is not None and len(files) == len(X) else None
