r"""The command that reports the geometry of the learned manifold."""

from pathlib import Path

from ..options import SourceOptions, WriteOptions


def manifold(
    model: Path,
    data: Path,
    /,
    out: Path,
    new: Path | None = None,
    n_neighbors: int = 15,
    random_state: int = 0,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Report the geometry of the learned manifold, with pictures.

    Arguments:
        model: The model file.
        data: The examples; held-out ones give the most reliable report.
        out: The folder of the page, its pictures and report.json.
        new: New examples to test for drift.
        n_neighbors: The number of nearest neighbors.
        random_state: The seed of the random choice of examples.
    """
    from ...manifold import report
    from .. import inputs, outputs
    from ..ownership import check_replaceable

    estimator = inputs.load_model(model, source.loading)
    outputs.check_output(out, ("",), "manifold", writing.force)
    there = [out / "index.html", out / "report.json", *out.glob("*.png")]
    check_replaceable("manifold", there, [model, data, new, source.labels.labels], writing.force)
    X = inputs.read_with_label(data, source, estimator).X
    X_new = None

    if new is not None:
        X_new = inputs.read_with_label(new, source.for_other(new), estimator).X

    context = inputs.parse_y(source.typed.y, estimator)
    print(report(estimator, X, X_new, out, n_neighbors, random_state, context))
    print(f"Wrote {out}: {len(list(out.glob('*.png')))} pictures, and report.json.")
    print(f"Next: look at {out / 'index.html'} in a browser.")
