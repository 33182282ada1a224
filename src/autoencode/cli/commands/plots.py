r"""Commands that draw pictures of a model, and the demo."""

import logging
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...common.atomic_files import replacing
from ..next_step import suggest_next

_PICTURES = ("reconstructions", "samples", "codes", "grid", "history")
_MAX_EXAMPLES = 64  # in one picture


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
    r"""Draw all pictures of a model into a folder; labels color the codes.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit.
        out: The folder of the pictures.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        y: The label, or the row of numbers, for a conditional model: one for all examples, or
            one for each.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    import matplotlib

    matplotlib.use("Agg")  # writes files without a display

    from ... import plots
    from ...estimator import load
    from .. import inputs, outputs
    from ..ownership import check_replaceable

    estimator = load(model, trusted=trusted)
    outputs.check_output(out, ("",), "plot", force)
    files = [out / f"{name}.png" for name in _PICTURES]
    check_replaceable("plot", files, [model, data, labels], force)
    X, context, *_ = inputs.read_labeled(data, label, labels, y, estimator, colors=True)

    if context is not None and len(context) == 1:
        context = [*context] * len(X)

    shown_context = None if estimator.context_ is None else context[:_MAX_EXAMPLES]
    shown = X if shown_context is None else X[:_MAX_EXAMPLES]
    n = _MAX_EXAMPLES if shown_context is None else len(shown_context)

    pictures: dict[str, Callable[[], Any]] = {
        "reconstructions": lambda: plots.reconstructions(estimator, shown, y=shown_context),
        "samples": lambda: plots.samples(estimator, n, shown_context),
        "codes": lambda: plots.codes(estimator, X, context),
        "grid": lambda: plots.grid(
            estimator, X, y=None if shown_context is None else shown_context[:1]
        ),
        "history": lambda: plots.history(estimator),
    }

    for name, draw in pictures.items():
        try:
            with replacing(out / f"{name}.png") as temporary, warnings.catch_warnings():
                # Letters that the font lacks are drawn as boxes
                warnings.filterwarnings("ignore", "Glyph .* missing from font")
                draw().savefig(temporary)
        except (AttributeError, ValueError) as error:
            print(f"Skipped {name}: {' '.join(str(error).split())}")
            continue

        print(f"Wrote {out / name}.png")

    same = {"label": label, "labels": labels, "y": y, "trusted": trusted}
    suggest_next("transform", model, data, out=out.with_name(f"{model.stem}-codes.csv"), **same)


def demo(out: Path = Path("demo"), force: bool = False) -> None:
    r"""Fit autoencoders to digits, sounds, texts and a table, and show the results on a page.

    Arguments:
        out: The folder of the page and its pictures.
        force: Replace existing files even if they are not earlier results of the same kind.
    """
    from ...demo import main
    from ..ownership import check_replaceable, protect_inputs

    # The demo reports its own progress
    logging.getLogger(__name__.partition(".")[0]).setLevel(logging.WARNING)
    check_replaceable(
        "demo", [out / "index.html", *out.glob("*.png"), *out.glob("*.wav")], (), force
    )

    with protect_inputs("demo", {"out": out, "force": force}):
        main(out)
