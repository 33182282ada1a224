r"""Commands that measure the manifold a model has learned."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ...common.atomic_files import replacing
from ..next_step import suggest_next

_LISTED_EXAMPLES = 10
_QUOTED_LETTERS = 40  # of each text
_MAX_REFERENCE = 10_000  # examples to which anomalies are compared


def manifold(
    model: Path,
    data: Path,
    /,
    out: Path,
    new: Path | None = None,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
    n_neighbors: int = 15,
    random_state: int = 0,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Report the geometry of the learned manifold, with pictures.

    Arguments:
        model: The model file.
        data: The examples; held-out ones give the most reliable report.
        out: The folder of the page, its pictures and report.json.
        new: New examples to test for drift.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        y: The label, or the row of numbers, for a conditional model. Labeled examples are used
            only if they have this label.
        n_neighbors: The number of nearest neighbors.
        random_state: The seed of the random choice of examples.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    from ...estimator import load
    from ...manifold import report
    from .. import inputs, outputs
    from ..ownership import check_replaceable

    estimator = load(model, trusted=trusted)
    outputs.check_output(out, ("",), "manifold", force)
    there = [out / "index.html", out / "report.json", *out.glob("*.png")]
    check_replaceable("manifold", there, [model, data, new, labels], force)
    context = inputs.parse_context(y, estimator)
    examples = inputs.with_label(
        inputs.read(data, label, labels, estimator, y=context), context, estimator
    )
    X_new = None

    if new is not None:
        X_new = inputs.with_label(
            inputs.read(new, label, None, estimator, y=context), context, estimator
        ).X

    print(report(estimator, examples.X, X_new, out, n_neighbors, random_state, context))
    print(f"Wrote {out}: {len(list(out.glob('*.png')))} pictures, and report.json.")
    print(f"Next: look at {out / 'index.html'} in a browser.")


def neighbors(
    model: Path,
    data: Path,
    /,
    out: Path,
    n_neighbors: int = 15,
    threshold: float = 0.001,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Find the nearest neighbors of each example by its code, and duplicates.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit.
        out: A .npz file of indices and distances, or a .csv file of both.
        n_neighbors: The number of nearest neighbors.
        threshold: The largest distance between duplicates, relative to the median distance to the
            nearest neighbor.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        y: The label, or the row of numbers, for a conditional model: one for all examples, or
            one for each.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    import numpy as np

    from ...estimator import load
    from ...manifold import NeighborGraph, find_duplicates
    from .. import inputs, outputs

    outputs.check_output(out, (".npz", ".csv"), "neighbors", force)
    estimator = load(model, trusted=trusted)
    examples = inputs.read_labeled(data, label, labels, y, estimator)
    graph = NeighborGraph(n_neighbors).fit(
        estimator.transform(examples.X, inputs.context_of(examples, estimator))
    )
    i, d = graph.indices_, graph.distances_

    if outputs.suffix(out) == ".npz":
        with replacing(out) as temporary:
            np.savez(temporary, indices=i, distances=d)
    else:
        columns = [
            f"{name}{k}" for name in ("neighbor", "distance") for k in range(1, 1 + len(i.T))
        ]
        outputs.write_rows(out, np.hstack([_objects(i), _objects(d)]), columns)

    apart = d[:, 0][d[:, 0] > 0]
    scale = np.median(apart) if len(apart) > 0 else 0.0
    groups = find_duplicates(graph, threshold * scale)
    print(f"Wrote {out}: {len(i):,} times {n_neighbors} neighbors, counted from 0.")
    print(f"Recall {graph.recall_:.4f}; median distance to the nearest neighbor {scale:.4g}.")
    print(f"{sum(map(len, groups)) - len(groups):,} duplicates, in {len(groups):,} groups.")

    for group in groups[:_LISTED_EXAMPLES]:
        names = [examples.files[i] if examples.files else str(i) for i in group[:_LISTED_EXAMPLES]]
        print("  " + ", ".join(names) + " ..." * (len(group) > _LISTED_EXAMPLES))

    if estimator.context_ is not None:
        print(f"Next: compare examples with their neighbors by the rows of {out}.")
        return

    way = out.with_name(f"{out.stem}-0-{i[0, -1]}{outputs.interpolation_suffixes(estimator)[0]}")
    same = {"label": label, "labels": labels, "trusted": trusted}
    suggest_next("interpolate", model, data, 0, i[0, -1], out=way, **same)


def anomalies(
    model: Path,
    data: Path,
    /,
    out: Path,
    reference: Path | None = None,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
    random_state: int = 0,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Score each example as an anomaly, on the manifold and off it.

    Arguments:
        model: The model file.
        data: The examples to score.
        out: A .csv file with the log-density of each example, its parts on and off the
            manifold, and 1 for an anomaly or 0. For images and sounds, a picture of the most
            unusual examples is written beside it. Of series, the anomalous intervals with their
            severity and the responsible channels, and a picture.
        reference: Normal examples that define what is usual, preferably held-out ones; by
            default the data themselves.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        y: The label, or the row of numbers, for a conditional model. Labeled examples are used
            only if they have this label.
        random_state: The seed of the random choice of reference examples.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    import numpy as np

    from ... import plots
    from ...estimator import load
    from ...manifold import OffManifoldDetector
    from ...manifold.arrays import select_row, select_rows
    from ...modalities.capabilities import TimeResolved
    from ...plots.mosaic import are_images
    from .. import inputs, outputs
    from ..ownership import check_replaceable

    outputs.check_output(out, (".csv",), "anomalies", force)
    estimator = load(model, trusted=trusted)
    picture = out.with_suffix(".png")

    if isinstance(estimator.modality_, TimeResolved):
        check_replaceable("anomalies", [picture], [model, data, reference, labels], force)
        _intervals(estimator, data, reference, inputs.parse_context(y, estimator), out)
        return

    if are_images(estimator.modality_):
        check_replaceable("anomalies", [picture], [model, data, reference, labels], force)

    context = inputs.parse_context(y, estimator)
    examples = inputs.with_label(
        inputs.read(data, label, labels, estimator, y=context), context, estimator
    )
    X, names = examples.X, np.array(examples.files)
    normal = X

    if reference is not None:
        others = inputs.read(reference, label, None, estimator, y=context)
        normal = inputs.with_label(others, context, estimator).X

    if len(normal) > _MAX_REFERENCE:
        chosen = np.random.RandomState(random_state).permutation(len(normal))[:_MAX_REFERENCE]
        normal = select_rows(normal, np.sort(chosen))

    detector = OffManifoldDetector(estimator, y=context).fit(normal)
    on, off = detector.decompose(X)
    score = on + off
    odd = score < detector.offset_

    columns = {"example": names, "score": score, "on": on, "off": off, "anomaly": odd.astype(int)}
    outputs.write_rows(out, np.stack([*map(_objects, columns.values())], axis=1), [*columns])
    print(f"Wrote {out}: {len(X):,} scores, relative to {len(normal):,} examples.")
    print(f"{odd.sum():,} anomalies ({100 * odd.mean():.1f} %). The most unusual, counted from 0:")

    worst = score.argsort(kind="stable")[:_LISTED_EXAMPLES]

    for i in worst:
        parts = f"score {score[i]:.5g}  on {on[i]:.5g}  off {off[i]:.5g}"
        print(f"  {names[i]:>8}  {parts}{_quoted(select_row(X, i))}")

    if are_images(estimator.modality_):
        under = None if context is None else np.repeat(context, len(worst), axis=0)
        figure = plots.reconstructions(estimator, X[worst], y=under)

        with replacing(picture) as temporary:
            figure.savefig(temporary)

        print(f"Next: look at {picture}: the most unusual examples above their reconstructions.")
    else:
        print(f"Next: look for what these {len(worst)} share; {out} has all scores.")


def interpolate(
    model: Path,
    data: Path,
    start: int,
    end: int,
    /,
    out: Path,
    n: int = 10,
    metric: Literal["pullback", "fisher"] | None = None,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
    force: bool = False,
    trusted: Sequence[str] = (),
) -> None:
    r"""Interpolate between two examples along the geodesic and the straight line.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit.
        start: The index of the first example, counted from 0.
        end: The index of the last example, counted from 0.
        out: A .png picture of both curves, for texts a .csv file; or, for the examples on the
            geodesic alone, a file or folder as for `reconstruct`.
        n: The number of examples on each curve.
        metric: The Riemannian metric: pullback measures differences between examples, fisher
            how well the model tells them apart; texts only have fisher.
        label: The column of labels, in the table of examples or in that of --labels.
        labels: A .npy, .csv or IDX file with the label, or the row of numbers, of each example;
            for files in a folder, also a table with a column of file names.
        y: The label, or the row of numbers, for a conditional model; by default the label of
            both examples.
        force: Replace existing files even if they are not earlier results of the same kind.
        trusted: Classes of other packages that the model file may use, such as graphs.Graphs.
            Their modules must be importable, for example from PYTHONPATH.
    """
    import numpy as np

    from ... import plots
    from ...estimator import load
    from ...manifold import Geodesics
    from ...manifold.arrays import select_row, select_rows
    from ...modalities.capabilities import Tokenized
    from .. import inputs, outputs

    estimator = load(model, trusted=trusted)
    tokens = isinstance(estimator.modality_, Tokenized)
    known = outputs.interpolation_suffixes(estimator)
    outputs.check_output(out, known, "interpolate", force)
    outputs.check_count(out, n, estimator)
    outputs.check_examples(out, n, estimator, None, [model, data, labels], force)
    context = inputs.parse_context(y, estimator)
    examples = inputs.read(data, label, labels, estimator, y=context)
    X = examples.X

    for number in (start, end):
        if not 0 <= number < len(X):
            raise ValueError(f"expected the index of an example, 0 to {len(X) - 1}, got {number}.")

    context = (
        inputs.shared_label(examples, (start, end), estimator) if context is None else context
    )
    measure = metric or ("fisher" if tokens else "pullback")
    geodesics = Geodesics(estimator, measure, y=context)
    straight = Geodesics(estimator, measure, max_iter=0, y=context)
    pair = select_rows(X, [start]), select_rows(X, [end])
    bent, direct = (float(way.distance(*pair)[0]) for way in (geodesics, straight))
    ends, both = (select_row(X, start), select_row(X, end)), outputs.suffix(out) == known[0]

    if both and tokens:
        ways = [way.interpolate(*ends, n) for way in (straight, geodesics)]
        outputs.write_rows(out, np.stack(ways, axis=1), ["straight", "geodesic"])
    elif both:
        with replacing(out) as temporary:
            plots.geodesics(geodesics, *ends, n).savefig(temporary)
    else:
        outputs.write_examples(out, geodesics.interpolate(*ends, n), estimator)

    shorter = f"{100 * (1 - bent / direct):.1f} %" if direct > 0 else "0 %"
    print(f"The geodesic is {bent:.4g} long, {shorter} less than the straight line, {direct:.4g}.")
    print(f"Wrote {out}: {n} examples on {'each curve' if both else 'the geodesic'}.")

    if tokens:
        print(f"Next: read {out}, and check that neighboring texts are alike.")
    else:
        same = {"label": label, "labels": labels, "trusted": trusted}
        under = None if context is None else [*map(str, np.ravel(context))]
        report = out.with_name(f"{model.stem}-manifold")
        suggest_next("manifold", model, data, out=report, y=under, **same)


def _intervals(
    estimator: Any, data: Path, reference: Path | None, context: Any, out: Path
) -> None:
    r"""Writes the anomalous intervals of series, and a picture of them."""
    import numpy as np

    from ... import plots
    from ...manifold import SeriesDetector
    from .. import inputs, outputs

    def read(path: Path) -> Any:
        examples = inputs.read(path, None, None, estimator, y=context, whole=True)
        return inputs.with_label(examples, context, estimator).X

    X = read(data)
    detector = SeriesDetector(estimator, y=context).fit(
        X if reference is None else read(reference)
    )
    found = detector.intervals(X)
    scores = detector.score_samples(X)
    total = sum(map(len, scores))
    share = sum(int((S > detector.threshold_).sum()) for S in scores) / total
    columns = ["series", "start", "end", "severity", "channels"]
    rows = [
        [f.series, str(f.start), str(f.end), f"{f.severity:.4g}", _blamed(f.channels)]
        for f in found
    ]
    outputs.write_rows(out, np.array(rows, object).reshape(-1, len(columns)), columns)
    print(f"Wrote {out}: {len(found):,} intervals, with {100 * share:.2g} % of {total:,} steps.")

    for row in rows[:_LISTED_EXAMPLES]:
        print(f"  {row[0]:>8}  {row[1]} to {row[2]}  severity {row[3]}  {row[4]}")

    picture = out.with_suffix(".png")

    with replacing(picture) as temporary:
        plots.intervals(detector, X).savefig(temporary)

    print(f"Next: look at {picture}: series, their scores, and the intervals.")


def _blamed(channels: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in channels.items())


def _quoted(example: Any) -> str:
    r"""Returns the beginning of a text in quotes, and nothing for other examples."""
    if not isinstance(example, str):
        return ""

    return f"  {example[:_QUOTED_LETTERS]!r}{'...' * (len(example) > _QUOTED_LETTERS)}"


def _objects(values: Any) -> Any:
    r"""Returns numbers as objects, so that integers beside floats stay integers."""
    return values.astype(object)
