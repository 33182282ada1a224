r"""The command that draws pictures of a model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...common.atomic_files import replacing
from ...common.failures import ignored
from ..next_step import suggest_next
from ..options import SourceOptions, WriteOptions

_PICTURES = ("reconstructions", "samples", "codes", "grid", "history")
_MAX_EXAMPLES = 64  # in one picture


def plot(
    model: Path,
    data: Path,
    /,
    out: Path,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Draw all pictures of a model into a folder; labels color the codes.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit.
        out: The folder of the pictures.
    """
    import matplotlib

    matplotlib.use("Agg")  # writes files without a display

    from ... import plots
    from ...modalities.capabilities import has_covariates
    from .. import inputs, outputs
    from ..ownership import check_replaceable

    estimator = inputs.load_model(model, source.loading)
    outputs.check_output(out, ("",), "plot", writing.force)
    files = [out / f"{name}.png" for name in _PICTURES]
    check_replaceable("plot", files, [model, data, source.labels.labels], writing.force)
    X, context, *_ = inputs.read_source(data, source, estimator, colors=True)

    if context is not None and len(context) == 1:
        context = [*context] * len(X)

    shown_context = None if estimator.context_ is None else context[:_MAX_EXAMPLES]
    colors = None if has_covariates(estimator.modality_) else context
    shown = X if shown_context is None else X[:_MAX_EXAMPLES]
    n = _MAX_EXAMPLES if shown_context is None else len(shown_context)

    pictures: dict[str, Callable[[], Any]] = {
        "reconstructions": lambda: plots.reconstructions(estimator, shown, y=shown_context),
        "samples": lambda: plots.samples(estimator, n, shown_context),
        "codes": lambda: plots.codes(estimator, X, colors),
        "grid": lambda: plots.grid(
            estimator, X, y=None if shown_context is None else shown_context[:1]
        ),
        "history": lambda: plots.history(estimator),
    }

    for name, draw in pictures.items():
        try:
            # Letters that the font lacks are drawn as boxes
            with replacing(out / f"{name}.png") as temporary, ignored("Glyph .* missing from"):
                draw().savefig(temporary)
        except (AttributeError, ValueError) as error:
            print(f"Skipped {name}: {' '.join(str(error).split())}")
            continue

        print(f"Wrote {out / name}.png")

    codes = out.with_name(f"{model.stem}-codes.csv")
    suggest_next("transform", model, data, out=codes, options=source)
