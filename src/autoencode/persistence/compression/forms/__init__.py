r"""Forms of examples: their containers, and differences from the examples of symbols.

Symbols restore most examples to the last bit. What they cannot express is an exception, such as a
gray value in binary images, a text that is too long, a number off the grid of its column or a new
category. Exceptions are stored beside the symbols, compressed by zlib.

- `base`: `Form`, the interface, and data of limited size
- `arrays`: arrays of numbers
- `texts`: lists and arrays of texts
- `frames`: data frames, with their types, index and order of columns
- `cells`: single cells of frames as JSON
"""

__all__ = ["Form", "form_of", "form_of_header"]

from typing import Any

import numpy as np

from .arrays import ArrayForm
from .base import Form
from .frames import FrameForm
from .texts import TextForm

FORMS: dict[str, type[Form]] = {"array": ArrayForm, "texts": TextForm, "frame": FrameForm}


def form_of(X: Any) -> Form:
    r"""The form of examples.

    Arguments:
        X: The examples.

    Example:
        >>> form_of(np.zeros((2, 3))).header()["form"]
        'array'
    """
    if hasattr(X, "columns") or hasattr(X, "column_names"):
        return FrameForm.of(X)

    return ArrayForm.of(X) if isinstance(X, np.ndarray) and X.dtype.kind in "biuf" else TextForm()


def form_of_header(header: dict[str, Any]) -> Form:
    r"""The form that a header describes.

    Arguments:
        header: The header of a file.

    Raises:
        ValueError: If it describes none.
    """
    try:
        return FORMS[header["form"]].read(header)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"its form of examples is invalid ({error})") from None
