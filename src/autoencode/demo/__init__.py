r"""A tour of the library: models of five kinds of data, and a web page of the results.

`page` runs the tour and writes the page from the templates in the `.html` files. `digits`,
`sounds`, `series`, `texts` and `tables` each make one section. `remaining_time` reports the
progress.
"""

__all__ = ["error_chart", "main"]

from .digits import error_chart
from .page import main
