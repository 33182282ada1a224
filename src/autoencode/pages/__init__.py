r"""Pages of HTML with sentences and pictures of a trained model.

- `chart`: `Chart`, a picture before it is drawn
- `drawing`: the drawing of charts
- `page`: sentences, tables and pictures on one page
"""

__all__ = ["Chart", "Entry", "render", "table", "write_page", "write_report"]

from .chart import Chart
from .page import Entry, render, table, write_page, write_report
