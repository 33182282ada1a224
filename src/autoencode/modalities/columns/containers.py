r"""Data frames with the library, the index and the order of columns of the user's frame."""

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
    r"""Convert a pandas frame to the form of the user's data.

    Arguments:
        frame: The rows.
        X: The user's data. The result gets their library, index and order of columns. `None` and
            paths of files have none of these.
        library: The library of the fit, for data without a library, see
            :func:`~autoencode.data.tabular.libraries.library_of`.
        types: The types of the fit, see
            :func:`~autoencode.data.tabular.libraries.native_types`.
        categories: The categories that columns of the fit declare.

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

        if library == "pandas":
            frame = frame.set_axis(X.index).rename_axis(columns=X.columns.names)

    return from_pandas(frame, library, types, categories or {})
