r"""Commands for what examples do not have.

- `impute`: missing cells of tables, and missing pixels of images (`inpaint`)
- `recommend`: things that users do not have yet
"""

__all__ = ["impute", "inpaint", "recommend"]

from .impute import impute, inpaint
from .recommend import recommend
