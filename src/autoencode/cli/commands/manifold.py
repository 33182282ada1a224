r"""What a model has learned of the manifold."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ...common.atomic_files import replacing
from ..next_step import suggest_next

_LISTED = 10  # examples that are named
_LETTERS = 40  # of a text that is named
_COMPARED = 10_000  # normal examples that anomalies are compared with


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
    r"""Reports what a model has learned of the manifold, with pictures.

    Arguments:
        model: The file of the model.
        data: Examples, best ones that the model was not trained on.
        out: The folder of the page, the pictures and the numbers.
        new: New examples, to see whether they have drifted.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label, or the row of numbers, under which a conditional model is seen; of
            examples with labels, only those with it are looked at.
        n_neighbors: How many nearest neighbors to look at.
        random_state: Seeds the choice of examples, of many.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    from ...estimator import load
    from ...manifold import report
    from .. import inputs, outputs
    from ..ownership import check_files

    estimator = load(model, trusted=trusted)
    outputs.check_out(out, ("",), "manifold", force)
    there = [out / "index.html", out / "report.json", *out.glob("*.png")]
    check_files("manifold", there, [model, data, new, labels], force)
    seen = inputs.context(y, estimator)
    given = inputs.under(inputs.read(data, label, labels, estimator, y=seen), seen, estimator)
    X_new = None

    if new is not None:
        X_new = inputs.under(inputs.read(new, label, None, estimator, y=seen), seen, estimator).X

    print(report(estimator, given.X, X_new, out, n_neighbors, random_state, seen))
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
    r"""Writes the nearest neighbors of each example, by its code.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npz file of indices and distances, or a .csv file of both.
        n_neighbors: How many.
        threshold: What to call duplicates: examples whose codes are closer than this share of
            the usual distance to the nearest neighbor.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label of all examples, or one for each, if the model is conditional; or a row of
            numbers.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    import numpy as np

    from ...estimator import load
    from ...manifold import NeighborGraph, find_duplicates
    from .. import inputs, outputs

    outputs.check_out(out, (".npz", ".csv"), "neighbors", force)
    estimator = load(model, trusted=trusted)
    given = inputs.labeled(data, label, labels, y, estimator)
    graph = NeighborGraph(n_neighbors).fit(
        estimator.transform(given.X, inputs.asked(given, estimator))
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
    usual = np.median(apart) if len(apart) > 0 else 0.0
    groups = find_duplicates(graph, threshold * usual)
    print(f"Wrote {out}: {len(i):,} times {n_neighbors} neighbors, counted from 0.")
    print(f"Recall {graph.recall_:.4f}; the usual nearest neighbor is at {usual:.4g}.")
    print(f"{sum(map(len, groups)) - len(groups):,} duplicates, in {len(groups):,} groups.")

    for group in groups[:_LISTED]:
        names = [given.files[i] if given.files else str(i) for i in group[:_LISTED]]
        print("  " + ", ".join(names) + " ..." * (len(group) > _LISTED))

    if estimator.context_ is not None:
        print(f"Next: compare examples with their neighbors, by the rows of {out}.")
        return

    way = out.with_name(f"{out.stem}-0-{i[0, -1]}{outputs.way_suffixes(estimator)[0]}")
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
    r"""Says of each example how unusual it is, along the manifold and across it.

    Arguments:
        model: The file of the model.
        data: The examples to judge.
        out: A .csv file: for each example its log-density, the part of it along the manifold
            and the part across it, and 1 for an anomaly or 0. Of images and sounds also a
            picture of the worst, beside it.
        reference: Normal examples to compare with, best ones that the model was not trained
            on; by default the data themselves.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label, or the row of numbers, under which a conditional model is seen; of
            examples with labels, only those with it are looked at.
        random_state: Seeds the choice of examples to compare with, of many.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    import numpy as np

    from ... import plots
    from ...estimator import load
    from ...manifold import OffManifoldDetector
    from ...manifold.arrays import select_row, select_rows
    from ...plots.mosaic import are_images
    from .. import inputs, outputs
    from ..ownership import check_files

    outputs.check_out(out, (".csv",), "anomalies", force)
    estimator = load(model, trusted=trusted)
    picture = out.with_suffix(".png")

    if are_images(estimator.modality_):
        check_files("anomalies", [picture], [model, data, reference, labels], force)

    seen = inputs.context(y, estimator)
    given = inputs.under(inputs.read(data, label, labels, estimator, y=seen), seen, estimator)
    X, names = given.X, np.array(given.files)
    normal = X

    if reference is not None:
        others = inputs.read(reference, label, None, estimator, y=seen)
        normal = inputs.under(others, seen, estimator).X

    if len(normal) > _COMPARED:
        chosen = np.random.RandomState(random_state).permutation(len(normal))[:_COMPARED]
        normal = select_rows(normal, np.sort(chosen))

    detector = OffManifoldDetector(estimator, y=seen).fit(normal)
    on, off = detector.decompose(X)
    score = on + off
    odd = score < detector.offset_

    columns = {"example": names, "score": score, "on": on, "off": off, "anomaly": odd.astype(int)}
    outputs.write_rows(out, np.stack([*map(_objects, columns.values())], axis=1), [*columns])
    print(f"Wrote {out}: {len(X):,} scores, compared with {len(normal):,} examples.")
    print(f"{odd.sum():,} anomalies ({100 * odd.mean():.1f} %). The most unusual, counted from 0:")

    worst = score.argsort(kind="stable")[:_LISTED]

    for i in worst:
        parts = f"score {score[i]:.5g}  on {on[i]:.5g}  off {off[i]:.5g}"
        print(f"  {names[i]:>8}  {parts}{_quoted(select_row(X, i))}")

    if are_images(estimator.modality_):
        under = None if seen is None else np.repeat(seen, len(worst), axis=0)
        figure = plots.reconstructions(estimator, X[worst], y=under)

        with replacing(picture) as temporary:
            figure.savefig(temporary)

        print(f"Next: look at {picture}, the most unusual above what the model makes of them.")
    else:
        print(f"Next: look for what the {len(worst)} have in common; {out} has all scores.")


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
    r"""Shows the way from one example to another: the geodesic, and the straight line.

    Arguments:
        model: The file of the model.
        data: The examples.
        start: The number of the example to start from, counted from 0.
        end: The number of the example to end at.
        out: A .png file with a picture of both ways, of texts a .csv file; for the examples on
            the geodesic alone, a file or folder as of `reconstruct`.
        n: How many examples to show on each way.
        metric: What to measure: what examples differ by, or how well the model tells them
            apart, which is the only one for texts and their default.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label, or the row of numbers, under which a conditional model is seen; by
            default that of both examples.
        force: Replace files in the place of the output that are not earlier results of this kind.
        trusted: Classes from outside of this library that the model may use, such as
            graphs.Graphs; their modules have to be found, in PYTHONPATH for example.
    """
    import numpy as np

    from ... import plots
    from ...estimator import load
    from ...manifold import Geodesics
    from ...manifold.arrays import select_row, select_rows
    from .. import inputs, outputs

    estimator = load(model, trusted=trusted)
    symbolic = estimator.modality_.symbolic
    known = outputs.way_suffixes(estimator)
    outputs.check_out(out, known, "interpolate", force)
    outputs.check_count(out, n, estimator)
    outputs.check_examples(out, n, estimator, None, [model, data, labels], force)
    seen = inputs.context(y, estimator)
    given = inputs.read(data, label, labels, estimator, y=seen)
    X = given.X

    for number in (start, end):
        if not 0 <= number < len(X):
            raise ValueError(
                f"expected the number of an example, 0 to {len(X) - 1}, got {number}."
            )

    seen = inputs.common(given, (start, end), estimator) if seen is None else seen
    measure = metric or ("fisher" if symbolic else "pullback")
    geodesics = Geodesics(estimator, measure, y=seen)
    straight = Geodesics(estimator, measure, max_iter=0, y=seen)
    pair = select_rows(X, [start]), select_rows(X, [end])
    bent, direct = (float(way.distance(*pair)[0]) for way in (geodesics, straight))
    ends, both = (select_row(X, start), select_row(X, end)), outputs.suffix(out) == known[0]

    if both and symbolic:
        ways = [way.interpolate(*ends, n) for way in (straight, geodesics)]
        outputs.write_rows(out, np.stack(ways, axis=1), ["straight", "geodesic"])
    elif both:
        with replacing(out) as temporary:
            plots.geodesics(geodesics, *ends, n).savefig(temporary)
    else:
        outputs.write_examples(out, geodesics.interpolate(*ends, n), estimator)

    shorter = f"{100 * (1 - bent / direct):.1f} %" if direct > 0 else "0 %"
    print(f"The geodesic is {bent:.4g} long, {shorter} less than the straight line, {direct:.4g}.")
    print(f"Wrote {out}: {n} examples on {'each way' if both else 'the geodesic'}.")

    if symbolic:
        print(f"Next: read {out}, and see whether each text is like those beside it.")
    else:
        same = {"label": label, "labels": labels, "trusted": trusted}
        under = None if seen is None else [*map(str, np.ravel(seen))]
        report = out.with_name(f"{model.stem}-manifold")
        suggest_next("manifold", model, data, out=report, y=under, **same)


def _quoted(example: Any) -> str:
    r"""Returns how an example begins that can be read, and of others nothing."""
    if not isinstance(example, str):
        return ""

    return f"  {example[:_LETTERS]!r}{'...' * (len(example) > _LETTERS)}"


def _objects(values: Any) -> Any:
    r"""Returns numbers that stay integers beside others that are none."""
    return values.astype(object)
