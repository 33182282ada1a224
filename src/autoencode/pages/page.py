r"""Sentences, tables and pictures on one page of HTML."""

__all__ = ["Entry", "render", "table", "write_page", "write_report"]

import base64
import html
import io
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from ..common.atomic_files import check_writable, replacing, write_json
from ..common.failures import ignored
from ..common.visible_text import visible
from .chart import Chart

_MAX_LETTERS = 300  # of a text in a table


class Entry(NamedTuple):
    r"""A topic of a page: its name, what is said about it, and pictures.

    Example:
        >>> Entry("codes", "All units are used.").charts
        ()
    """

    name: str
    text: str
    charts: Sequence[Chart] = ()


def write_report(
    path: str | Path,
    values: Mapping[str, Any],
    title: str,
    entries: Iterable[Entry],
    footer: str = "",
) -> None:
    r"""Write numbers as JSON, or sentences and pictures as a page.

    Arguments:
        path: A .json or .html file, which is replaced if it exists.
        values: The contents of the JSON.
        title: The title of the page.
        entries: The topics of the page.
        footer: A sentence below all topics.

    Raises:
        ValueError: If the file has another suffix, or cannot be written.
    """
    check_writable(path)
    suffix = Path(path).suffix.lower()

    if suffix == ".json":
        write_json(path, values)
    elif suffix == ".html":
        write_page(path, title, entries, footer)
    else:
        raise ValueError(f"expected a .json or .html file, got '{path}'.")


def write_page(path: str | Path, title: str, entries: Iterable[Entry], footer: str = "") -> None:
    r"""Write a page with its pictures as one file, whole or not at all.

    Arguments:
        path: The file.
        title: The title of the page.
        entries: Its topics.
        footer: The text at the end.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "page.html"
        >>> write_page(path, "Codes", [Entry("units", "a < b")])
        >>> "a &lt; b" in path.read_text()
        True
    """
    page = render(title, entries, footer=_escaped(footer))

    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def render(title: str, entries: Iterable[Entry], figures: str = "", footer: str = "") -> str:
    r"""Return a page of HTML. All text but that of `figures` and `footer` is escaped.

    Arguments:
        title: The title of the page.
        entries: Its topics.
        figures: HTML below them.
        footer: HTML at the end.

    Example:
        >>> "<title>A &amp; B</title>" in render("A & B", [])
        True
    """
    template = Template(resources.files(__package__).joinpath("page.html").read_text("utf-8"))
    rows = [
        f"<dt>{_escaped(name)}</dt><dd>{_escaped(text)}{''.join(map(_figure, charts))}</dd>"
        for name, text, charts in entries
    ]
    return template.substitute(
        title=_escaped(title), findings="\n".join(rows), figures=figures, footer=footer
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    r"""Return rows of texts as a table of HTML, of which the first is the header.

    Arguments:
        rows: The rows. Long texts are cut off.

    Example:
        >>> table([["text"], ["a < b"]])
        '<table><tr><th>text</th></tr><tr><td>a &lt; b</td></tr></table>'
    """
    lines = [
        "".join(f"<{tag}>{html.escape(visible(cell, _MAX_LETTERS))}</{tag}>" for cell in row)
        for tag, row in zip(["th"] + ["td"] * len(rows), rows)
    ]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _figure(chart: Chart) -> str:
    text = _escaped(chart.caption)

    if chart.kind == "table":
        picture = table(chart.data)
    else:
        drawn: Any = io.BytesIO()

        with ignored("Glyph .* missing from font"):  # such letters are drawn as boxes
            chart.draw().savefig(drawn, format="png")

        data = base64.b64encode(drawn.getvalue()).decode("ascii")
        picture = f'<img src="data:image/png;base64,{data}" alt="{text}">'

    return f"<figure><figcaption>{text}</figcaption>{picture}</figure>"


def _escaped(text: str) -> str:
    return html.escape(visible(text))
