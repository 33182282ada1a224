r"""Methods of the estimator that write files.

- `compress_methods`: compressed files of examples, and their examples
- `export_methods`: the model, for other programs
"""

__all__ = ["CompressMethods", "ExportMethods"]

from .compress_methods import CompressMethods
from .export_methods import ExportMethods
