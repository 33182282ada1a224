r"""A tour of the library on data that is at hand: fits, pictures, and one page that shows them."""

__all__ = ["drums", "error_chart", "in_words", "main"]

from .digits import error_chart
from .page import main
from .sounds import drums
from .texts import in_words
