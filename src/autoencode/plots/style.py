r"""Common style of the pictures: colors, sizes, text and axes."""

from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import (
    FixedFormatter,
    Formatter,
    FuncFormatter,
    LogFormatter,
    ScalarFormatter,
)

from ..common.visible_text import visible

# Ten colors that readers with color vision deficiency can tell apart, from
# Accessible Color Sequences for Data Visualization (Petroff, 2021), https://arxiv.org/abs/2107.02270
COLORS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
NUMBERS = "viridis"

DPI = 200
WIDTH_INCHES = 7.2
INK, SOFT, RULE = "#22262b", "#5c646e", "#c9ced4"
TEXT: dict[str, Any] = {"fontsize": 9, "color": SOFT}
LEGEND: dict[str, Any] = {"frameon": False, "fontsize": 9, "labelcolor": SOFT}


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_MAX_LETTERS, _MAX_LETTERS_OF_NAME = 80, 30  # in a text, and in an entry of a legend


class PlainFigure(Figure):
    r"""A figure that shows text of the data literally, dollar signs included.

    Characters that cannot be seen become dots, and long texts are cut off.

    Example:
        >>> import io
        >>> figure = PlainFigure()
        >>> _ = figure.text(0, 0, "$5 to $9")
        >>> figure.savefig(io.BytesIO())
        >>> figure.texts[0].get_parse_math()
        False
    """

    def draw(self, renderer: Any) -> None:
        r"""Turns off mathematical notation for text of the data, then draws."""
        for ax in self.axes:
            for axis in (ax.xaxis, ax.yaxis):
                if isinstance(
                    names := axis.get_major_formatter(), (FixedFormatter, FuncFormatter)
                ):
                    axis.set_major_formatter(_VisibleFormatter(names))

            ax.get_xticklabels(), ax.get_yticklabels()  # creates the texts of the ticks

        numbers = {text for ax in self.axes for text in _numeric_texts(ax)}

        for text in self.findobj(Text):
            if text not in numbers:
                text.set_text(visible(text.get_text(), _MAX_LETTERS))  # type: ignore[attr-defined]
                text.set_parse_math(False)  # type: ignore[attr-defined]
                text.set_usetex(False)  # type: ignore[attr-defined]

        super().draw(renderer)


class _VisibleFormatter(Formatter):
    r"""Names of ticks, which matplotlib sets anew at each drawing, without hidden characters."""

    def __init__(self, names: Formatter) -> None:
        self.names = names

    def __call__(self, x: float, pos: int | None = None) -> str:
        return visible(self.names(x, pos), _MAX_LETTERS)


def _numeric_texts(ax: Axes) -> Iterator[Text]:
    r"""Yields the texts that matplotlib formats from numbers."""
    for axis in (ax.xaxis, ax.yaxis):
        yield axis.get_offset_text()

        if isinstance(axis.get_major_formatter(), (LogFormatter, ScalarFormatter)):
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                yield from (tick.label1, tick.label2)


def canvas(height: float, width: float = WIDTH_INCHES) -> Figure:
    r"""Returns an empty figure with a size in inches and an automatic layout."""
    return PlainFigure(figsize=(width, height), dpi=DPI, layout="constrained")


def tidy(ax: Axes, title: str = "", x: str = "", y: str = "") -> Axes:
    r"""Labels the axes, and hides the upper and right sides of the frame."""
    ax.set_title(title, loc="left", fontsize=10, color=INK)
    ax.set_xlabel(x, **TEXT)
    ax.set_ylabel(y, **TEXT)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(RULE)
    ax.tick_params(labelsize=8, labelcolor=SOFT, color=RULE)

    return ax


def tidy_bar(bar: Colorbar) -> Axes:
    r"""Removes the frame of a color bar."""
    bar.outline.set_visible(False)  # type: ignore[operator]
    bar.ax.tick_params(labelsize=7, labelcolor=SOFT, color=RULE)

    return bar.ax


def numbered(letter: str, number: int) -> str:
    r"""Returns a letter with a number below, without mathematical notation.

    Example:
        >>> numbered("z", 12)
        'z₁₂'
    """
    return f"{letter}{number}".translate(_SUBSCRIPTS)


def legend_beside(ax: Axes, names: Sequence[str]) -> None:
    r"""Places a legend to the right of the axes, whose labels are positions in a list of names."""
    beside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)}
    name_entries(ax.legend(**beside, **LEGEND, handletextpad=0.3, markerscale=1.6), names)


def name_entries(legend: Legend, names: Sequence[str]) -> None:
    r"""Names the entries of a legend, whose labels are positions in a list of names.

    As labels themselves, names that begin with an underscore would have no entry.
    """
    for text in legend.get_texts():
        text.set_text(visible(names[int(text.get_text())], _MAX_LETTERS_OF_NAME))
