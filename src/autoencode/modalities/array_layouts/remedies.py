r"""Settings that decide between two readings of an array, for messages."""

__all__ = ["as_gray", "as_series_or_table", "as_sounds"]


def as_series_or_table(moved: str = "") -> str:
    r"""Settings that take an array for series, or for a table.

    Arguments:
        moved: A call that puts the axes into order.
    """
    moved = f"X{moved} with " * bool(moved)
    return (
        f"{moved}modality=ae.modalities.Series() (command line: --modality Series) for series,"
        " with one scale per channel, X.reshape(len(X), -1) for a table, with one scale per column"
    )


def as_gray() -> str:
    r"""Setting that takes an array for gray images."""
    return (
        "or modality=ae.modalities.Images(layout='NHW') (command line: --modality Images"
        " --modality.layout NHW) for gray images"
    )


def as_sounds(moved: str) -> str:
    r"""Setting that takes an array for sounds.

    Arguments:
        moved: A call that puts the axes into order.
    """
    return (
        f"For sounds, use X{moved} with modality=ae.modalities.Sounds(rate=...), the samples per"
        " second."
    )
