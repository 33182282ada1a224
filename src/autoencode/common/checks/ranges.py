r"""Checks of the ranges of arguments. An argument that is `None` is left open."""

__all__ = ["check_above", "check_at_least", "check_choice", "check_within"]

from collections.abc import Sequence


def check_at_least(minimum: float, **values: float | None) -> None:
    r"""Check that arguments are not less than a number.

    Arguments:
        minimum: The smallest value that is allowed.
        values: The arguments by name.

    Raises:
        ValueError: If an argument is less, or is not a number.

    Example:
        >>> check_at_least(0, beta=1.0, gamma=-1.0)
        Traceback (most recent call last):
        ...
        ValueError: expected gamma >= 0, got -1.0.
    """
    for name, value in values.items():
        if value is not None and not value >= minimum:
            raise ValueError(f"expected {name} >= {minimum:g}, got {value!r}.")


def check_above(limit: float, **values: float | None) -> None:
    r"""Check that arguments are greater than a number.

    Arguments:
        limit: The number.
        values: The arguments by name.

    Raises:
        ValueError: If an argument is not greater.

    Example:
        >>> check_above(0, blur=0.0)
        Traceback (most recent call last):
        ...
        ValueError: expected blur > 0, got 0.0.
    """
    for name, value in values.items():
        if value is not None and not value > limit:
            raise ValueError(f"expected {name} > {limit:g}, got {value!r}.")


def check_within(low: float, high: float, **values: float | None) -> None:
    r"""Check that arguments lie between two numbers, both included.

    Arguments:
        low: The smallest value that is allowed.
        high: The largest value that is allowed.
        values: The arguments by name.

    Raises:
        ValueError: If an argument lies outside.

    Example:
        >>> check_within(0, 1, warmup=2.0)
        Traceback (most recent call last):
        ...
        ValueError: expected warmup from 0 to 1, got 2.0.
    """
    for name, value in values.items():
        if value is not None and not low <= value <= high:
            raise ValueError(f"expected {name} from {low:g} to {high:g}, got {value!r}.")


def check_choice(choices: Sequence[str], **values: str) -> None:
    r"""Check that arguments are among a few words.

    Arguments:
        choices: The words.
        values: The arguments by name.

    Raises:
        ValueError: If an argument is not one of the words.

    Example:
        >>> check_choice(("means", "codes"), covariance="both")
        Traceback (most recent call last):
        ...
        ValueError: expected covariance 'means' or 'codes', got 'both'.
    """
    for name, value in values.items():
        if value not in choices:
            *most, last = map(repr, choices)
            words = f"{', '.join(most)} or {last}" if most else last
            raise ValueError(f"expected {name} {words}, got {value!r}.")
