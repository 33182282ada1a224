r"""The command that shows what the library does."""

import logging
from pathlib import Path

from ...options import WriteOptions


def demo(out: Path = Path("demo"), writing: WriteOptions = WriteOptions()) -> None:
    r"""Fit autoencoders to five kinds of data, and show the results on a page.

    Arguments:
        out: The folder of the page and its pictures.
    """
    from ....demo import main
    from ...ownership import check_replaceable, protect_inputs

    # The demo reports its own progress
    logging.getLogger(__name__.partition(".")[0]).setLevel(logging.WARNING)
    check_replaceable(
        "demo",
        [out / "index.html", *out.glob("*.png"), *out.glob("*.wav"), *out.glob("digits.*")],
        (),
        writing.force,
    )

    with protect_inputs("demo", {"out": out, "force": writing.force}):
        main(out)
