r"""Pictures of a model, and of what the library does."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SHOWN = 64  # examples in one picture


def plot(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes every picture that there is of a model to a folder.

    Arguments:
        model: The file of the model.
        data: The examples to show, like those of the fit.
        out: The folder.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, to colour the codes by.
    """
    import matplotlib

    matplotlib.use("Agg")  # pictures go to files, also where there is no screen

    from ... import plots
    from ...estimator import load
    from .. import files

    files.check_out(out, ("",))
    estimator = load(model)
    X, y, *_ = files.read(data, label, labels, estimator)

    given = None if estimator.context_ is None else y[:_SHOWN]
    shown = X if given is None else X[:_SHOWN]
    n = _SHOWN if given is None else len(given)

    pictures: dict[str, Callable[[], Any]] = {
        "reconstructions": lambda: plots.reconstructions(estimator, shown, y=given),
        "samples": lambda: plots.samples(estimator, n, given),
        "codes": lambda: plots.codes(estimator, X, y),
        "grid": lambda: plots.grid(estimator, X, y=None if given is None else given[:1]),
        "history": lambda: plots.history(estimator),
    }

    for name, draw in pictures.items():
        try:
            figure = draw()
        except (AttributeError, ValueError) as error:
            print(f"No {name}: {' '.join(str(error).split())}")
            continue

        with files.replacing(out / f"{name}.png") as temporary:
            figure.savefig(temporary)

        print(f"Wrote {out / name}.png")


def demo(out: Path = Path("demo")) -> None:
    r"""Fits autoencoders to digits, sounds, texts and a table, and shows what they do.

    Arguments:
        out: The folder of the pictures and of the page that shows them.
    """
    from ...demo import main

    # The demo says itself how far it is
    logging.getLogger(__name__.partition(".")[0]).setLevel(logging.WARNING)
    main(out)
