r"""Rows in what the user has them in: the library, the index and the order of columns."""

__all__ = ["contain"]

from collections.abc import Mapping
from typing import Any

from ...data import is_frame
from ...data.tabular.libraries import collect_lazy, from_pandas, library_of, native_types


def contain(
    frame: Any,
    X: Any,
    library: str,
    types: Mapping[str, str],
    categories: Mapping[str, Any] | None = None,
) -> Any:
    r"""A data frame of pandas as one like the user's.

    Arguments:
        frame: The rows.
        X: What the user has given, whose library, index and order of columns they get; `None`, or
            the path of a file, where there is no such thing.
        library: That of the fit, which they have otherwise, see
            :func:`~autoencode.data.tabular.libraries.library_of`.
        types: Of the fit, see :func:`~autoencode.data.tabular.libraries.native_types`.
        categories: Those that columns of the fit declare.

    Example:
        >>> import pandas as pd
        >>> X = pd.DataFrame({"b": [1], "a": [2]}, index=["z"])
        >>> contain(pd.DataFrame({"a": [3], "b": [4]}), X, "pandas", {})
           b  a
        z  4  3
    """
    if is_frame(X := collect_lazy(X)):
        types = types if library_of(X) == library else native_types(X)
        library = library_of(X)
        names = [*(X.columns if library in {"pandas", "polars"} else frame.columns)]

        if library == "pyarrow" and hasattr(X, "column_names"):
            names = [*X.column_names]

        frame = frame[names] if {*names} == {*frame.columns} else frame
        frame = frame.set_axis(X.index) if library == "pandas" else frame

    return from_pandas(frame, library, types, categories or {})
