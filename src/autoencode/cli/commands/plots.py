r"""Pictures of a model, and of what the library does."""

import logging
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...common.atomic_files import replacing
from ..next_step import suggest_next

_PICTURES = ("reconstructions", "samples", "codes", "grid", "history")
_SHOWN = 64  # examples in one picture


def plot(
    model: Path,
    data: Path,
    /,
    out: Path,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Writes every picture that there is of a model to a folder.

    Arguments:
        model: The file of the model.
        data: The examples to show, like those of the fit.
        out: The folder.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, to color the codes by.
        y: The label of all examples, or one for each, if the model is conditional; or a row of
            numbers.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    import matplotlib

    matplotlib.use("Agg")  # pictures go to files, also where there is no screen

    from ... import plots
    from ...estimator import load
    from .. import inputs, outputs
    from ..ownership import check_files

    estimator = load(model, trusted=trusted)
    outputs.check_out(out, ("",), "plot", force)
    files = [out / f"{name}.png" for name in _PICTURES]
    check_files("plot", files, [model, data, labels], force)
    X, seen, *_ = inputs.labeled(data, label, labels, y, estimator, colors=True)

    if seen is not None and len(seen) == 1:
        seen = [*seen] * len(X)

    given = None if estimator.context_ is None else seen[:_SHOWN]
    shown = X if given is None else X[:_SHOWN]
    n = _SHOWN if given is None else len(given)

    pictures: dict[str, Callable[[], Any]] = {
        "reconstructions": lambda: plots.reconstructions(estimator, shown, y=given),
        "samples": lambda: plots.samples(estimator, n, given),
        "codes": lambda: plots.codes(estimator, X, seen),
        "grid": lambda: plots.grid(estimator, X, y=None if given is None else given[:1]),
        "history": lambda: plots.history(estimator),
    }

    for name, draw in pictures.items():
        try:
            with replacing(out / f"{name}.png") as temporary, warnings.catch_warnings():
                # Labels in letters that the font lacks are boxes in the picture, which says enough
                warnings.filterwarnings("ignore", "Glyph .* missing from font")
                draw().savefig(temporary)
        except (AttributeError, ValueError) as error:
            print(f"No {name}: {' '.join(str(error).split())}")
            continue

        print(f"Wrote {out / name}.png")

    same = {"label": label, "labels": labels, "y": y, "trusted": trusted}
    suggest_next("transform", model, data, out=out.with_name(f"{model.stem}-codes.csv"), **same)


def demo(out: Path = Path("demo"), force: bool = False) -> None:
    r"""Fits autoencoders to digits, sounds, texts and a table, and shows what they do.

    Arguments:
        out: The folder of the pictures and of the page that shows them.
        force: Replace files in the place of the output that are not earlier results of this kind.
    """
    from ...demo import main
    from ..ownership import check_files, guarded

    # The demo says itself how far it is
    logging.getLogger(__name__.partition(".")[0]).setLevel(logging.WARNING)
    check_files("demo", [out / "index.html", *out.glob("*.png"), *out.glob("*.wav")], (), force)

    with guarded("demo", {"out": out, "force": force}):
        main(out)
