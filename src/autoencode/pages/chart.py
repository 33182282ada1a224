r"""A picture before it is drawn: numbers, and what they are called."""

__all__ = ["Chart"]

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple


class Chart(NamedTuple):
    r"""A picture before it is drawn: numbers, and what they are called.

    Measurements keep charts, so that they are made without matplotlib, and drawn only if somebody
    looks at them.

    See Also:
        :meth:`~autoencode.Autoencoder.evaluate`, :meth:`~autoencode.Autoencoder.diagnose`

    Example:
        >>> chart = Chart("bars", {"a": 1.0, "b": 2.0}, "Errors of columns.", x="error")
        >>> len(chart.draw().axes)
        1
    """

    kind: Literal["bars", "examples", "history", "histogram", "lines", "points", "table"]
    r"""The kind of picture."""

    data: Any
    r"""Numbers, texts or pictures of the chart:

    - `"bars"`: a number for each name
    - `"histogram"`: numbers with shape `(N,)` for each name
    - `"points"`: points with shape `(N, 2)` for each name
    - `"lines"`: pairs of `x` and `y` for each name
    - `"examples"`: pictures with shape `(N, H, W, C)`, or rows with shape `(N, D)` in
      standard deviations, for each name
    - `"history"`: records of epochs
    - `"table"`: rows of texts, of which the first is the header
    """

    caption: str
    r"""A sentence about the picture."""

    x: str = ""
    r"""The name of the horizontal axis, with its unit."""

    y: str = ""
    r"""The name of the vertical axis, with its unit."""

    marks: Mapping[str, float] = {}
    r"""Vertical lines at numbers of `x`, by name."""

    def draw(self) -> Any:
        r"""Returns the figure.

        Raises:
            ValueError: If the chart is a table.
        """
        from .drawing import draw

        return draw(self.kind, self.data, self.x, self.y, self.marks)
