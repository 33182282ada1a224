r"""Commands whose results are pages for a browser.

- `demo`: a tour of the library
- `explore`: a map of codes that decode, served until Ctrl-C
"""

__all__ = ["demo", "explore"]

from .demo import demo
from .explore import explore
