r"""Arrays that do not hold real numbers."""

__all__ = ["check_type"]

from typing import Any


def check_type(X: Any) -> None:
    r"""Refuse arrays that do not hold real numbers, and name the conversion.

    Arguments:
        X: Any array.

    Raises:
        ValueError: If they hold complex numbers, dates, times, records or bytes.

    Example:
        >>> import numpy as np
        >>> check_type(np.zeros((2, 2), complex))
        Traceback (most recent call last):
        ValueError: Complex data not supported: got complex128. Use np.concatenate([X.real, ...
    """
    dtype = getattr(X, "dtype", None)
    kind = getattr(dtype, "kind", None)
    frame = "a data frame, pd.DataFrame(X), in which each column has a type"
    remedies = {
        "M": f"X.astype('datetime64[s]').astype(float) for seconds since 1970, or {frame}",
        "m": "X / np.timedelta64(1, 's') for seconds",
        "S": f"X.astype(float) if they spell numbers, or {frame}",
        "V": f"{frame}",
    }

    if kind in {"U", "T"} and X.ndim > 1:
        raise ValueError(
            f"expected numbers, got text in an array with shape {X.shape}. Use {frame}, or"
            " X.astype(float) if it spells numbers."
        )

    if kind == "c":
        both = "concatenate([X.real, X.imag], axis=1)"
        both = both if X.ndim == 2 else "stack([X.real, X.imag], axis=-1)"
        raise ValueError(
            f"Complex data not supported: got {dtype}. Use np.{both}, or np.abs(X) for magnitudes"
            " alone."
        )

    if kind == "O" and X.ndim == 2:
        odd = next((cell for cell in X.flat if isinstance(cell, (str, complex))), None)

        if odd is not None:
            raise ValueError(
                f"expected numbers, got {odd!r} in an array of objects. Use {frame}, or"
                " X.astype(float) if it spells numbers."
            )

    if kind in remedies:
        raise ValueError(f"expected numbers, got an array of type {dtype}. Use {remedies[kind]}.")
