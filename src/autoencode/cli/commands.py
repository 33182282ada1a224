r"""The commands: a function for each, whose arguments are its flags and whose text its help."""

__all__ = ["COMMANDS"]

import logging
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..signatures import read

_SHOWN = 64  # examples in one picture
_LISTED = 10  # examples that are named
_COMPARED = 10_000  # normal examples that anomalies are compared with


def fit(
    data: Path,
    /,
    out: Path,
    recipe: str = "autoencoder",
    label: str | None = None,
    labels: Path | None = None,
    corrupted: Path | None = None,
    resume: bool = False,
    settings: Mapping[str, dict[str, Any]] = {},
) -> None:
    r"""Trains a model on data and writes it to a file.

    Arguments:
        data: A folder of images or sounds, or a .npy, .npz, .csv, .parquet or IDX file, or a .txt
            file with a text in each line.
        out: The file of the model.
        recipe: The kind of autoencoder; `autoencode recipes` lists them.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A .npy, .csv or IDX file with a label, or a row of numbers, for each example
            of a conditional model.
        corrupted: Damaged versions of the examples, in the same order, to learn to undo.
        resume: Go on from the checkpoint that `--checkpoint FOLDER` keeps, if there is one.
        settings: What else was given, by group.
    """
    from .. import storage
    from . import files
    from .settings import build

    storage.check_writable(out)
    model = build(recipe, settings)

    if labels is not None and not model.conditional:
        raise ValueError("--labels is for a model of examples given labels: add --conditional.")

    given = files.read(data, label, labels, kinds=model.modality)

    if model.conditional and given.y is None and not data.is_dir():
        raise ValueError(files.NEEDS_LABELS)

    damaged = corrupted and files.read(corrupted, label, kinds=model.modality).X
    model.fit(given.X, given.y, corrupted=damaged, resume=resume)
    model.save(out)

    last = model.history_[-1]
    print(f"Wrote {out}: {_duration(last)}; {_terms(last)}.")

    flags = [f"--{k}={v}" for k, v in {"label": label, "labels": labels}.items() if v is not None]
    pictures = out.with_name(f"{out.stem}-pictures")
    following = ["autoencode", "plot", str(out), str(data), *flags, "--out", str(pictures)]
    print(f"Next: {shlex.join(following)}")


def transform(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes the codes of examples.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npy, .csv or .parquet file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    from ..estimator import load
    from . import files

    files.check_out(out, files.ROWS)
    estimator = load(model)
    given = files.read(data, label, labels, estimator)
    Z = estimator.transform(given.X, given.y)

    files.write_rows(out, Z, [f"z{i}" for i in range(1, Z.shape[1] + 1)])
    print(f"Wrote {out}: {len(Z):,} codes of {Z.shape[1]} numbers.")


def reconstruct(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes examples as the model gives them back from their codes.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npy file; for images also a .png picture with the originals beside, or a folder
            of images; for sounds, too, or a folder of .wav files; for tables a .csv or .parquet
            file; for texts a .txt or .csv file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    from ..estimator import load
    from . import files

    estimator = load(model)
    files.check_out(out, files.suffixes(estimator))
    X, y, columns, names = files.read(data, label, labels, estimator)

    if files.suffix(out) == ".png" and len(X) > _SHOWN:
        print(f"The picture shows the first {_SHOWN} of {len(X):,}; --out FOLDER writes all.")
        X, y = X[:_SHOWN], None if y is None else y[:_SHOWN]

    R = estimator.reconstruct(X, y)
    files.write_examples(out, R, estimator, columns, names, beside=X)
    print(f"Wrote {out}: {len(R):,} reconstructions.")


def denoise(
    model: Path, data: Path, /, out: Path, label: str | None = None, labels: Path | None = None
) -> None:
    r"""Writes clean versions of damaged examples, by a model that has learned to.

    Arguments:
        model: The file of the model.
        data: The damaged examples.
        out: A .npy file; for images also a .png picture with the damaged beside, or a folder
            of images; for sounds, too, or a folder of .wav files; for tables a .csv or .parquet
            file; for texts a .txt or .csv file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    reconstruct(model, data, out, label, labels)


def sample(
    model: Path,
    /,
    out: Path,
    n: int = 64,
    y: Sequence[str] | None = None,
    given: Sequence[str] | None = None,
    temperature: float | None = None,
    nucleus: float | None = None,
    random_state: int | None = None,
) -> None:
    r"""Writes new examples, drawn from the model.

    Arguments:
        model: The file of the model.
        out: A .npy file; for images also a .png picture or a folder of images; for sounds a
            .png picture or a folder of .wav files; for tables a .csv or .parquet file; for texts
            a .txt or .csv file.
        n: How many.
        y: The label of all new examples, or one for each; or a row of numbers.
        given: Cells that all new rows of a table of mixed columns have, as COLUMN=CELL.
        temperature: Of texts, what makes them more usual below one, and the most probable
            ones at zero; by default that of the fit.
        nucleus: Of texts, the share of the probability to draw each symbol from; by default
            that of the fit.
        random_state: Seeds the draws, to get the same ones again.
    """
    from ..estimator import load
    from . import files

    estimator = load(model)
    files.check_out(out, files.suffixes(estimator))

    try:
        draw = estimator.sample
    except AttributeError as error:  # meant for the user, who has no attributes
        raise ValueError(str(error)) from None

    if estimator.context_ is not None and y is None:
        raise ValueError("this model is conditional: say with --y what to make.")

    how = {"temperature": temperature, "nucleus": nucleus}
    estimator.likelihood_.set_params(**{k: v for k, v in how.items() if v is not None})

    X = draw(
        n,
        y=files.context(y, estimator),
        random_state=random_state,
        given=files.cells(given),
    )
    files.write_examples(out, X, estimator)
    print(f"Wrote {out}: {len(X):,} new examples.")


def impute(
    model: Path,
    data: Path,
    /,
    out: Path,
    label: str | None = None,
    labels: Path | None = None,
) -> None:
    r"""Writes the rows of a table with their missing cells filled in.

    Arguments:
        model: The file of the model.
        data: The rows, like those of the fit.
        out: A .csv or .parquet file.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    from ..estimator import load
    from . import files

    estimator = load(model)
    files.check_out(out, files.suffixes(estimator))
    given = files.read(data, label, labels, estimator)
    filled = estimator.impute(given.X, given.y)

    files.write_examples(out, filled, estimator, given.columns)
    print(f"Wrote {out}: {len(filled):,} rows.")


def score(
    model: Path,
    data: Path,
    /,
    out: Path | None = None,
    label: str | None = None,
    labels: Path | None = None,
) -> None:
    r"""Says how well a model knows examples: log p(x), or the squared error.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npy, .csv or .parquet file for the scores of all examples.
        label: The column of a .csv or .parquet file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    from ..estimator import load
    from . import files

    if out is not None:
        files.check_out(out, files.ROWS)

    estimator = load(model)
    given = files.read(data, label, labels, estimator)

    if hasattr(estimator, "score_samples"):
        name, what, unit = "score_samples", "log p(x)", " nats"
    else:
        name, what, unit = "reconstruction_error", "squared error (there is no density)", ""

    scores = getattr(estimator, name)(given.X, given.y)
    print(f"{name}: {what}, mean of {len(scores):,} examples: {scores.mean():.6g}{unit}")

    if out is not None:
        files.write_rows(out, scores, [name])
        print(f"Wrote {out}: {len(scores):,} scores.")


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

    from .. import plots
    from ..estimator import load
    from . import files

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
) -> None:
    r"""Reports what a model has learned of the manifold, with pictures.

    Arguments:
        model: The file of the model.
        data: Examples, best ones that the model was not trained on.
        out: The folder of the page, the pictures and the numbers.
        new: New examples, to see whether they have drifted.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label, or the row of numbers, under which a conditional model is seen; only
            examples with it are looked at.
        n_neighbors: How many nearest neighbours to look at.
        random_state: Seeds the choice of examples, of many.
    """
    from ..estimator import load
    from ..manifold import report
    from . import files

    files.check_out(out, ("",))
    estimator = load(model)
    seen = files.context(y, estimator)
    given = files.under(files.read(data, label, labels, estimator), seen, estimator)
    X_new = None

    if new is not None:
        X_new = files.under(files.read(new, label, None, estimator), seen, estimator).X

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
) -> None:
    r"""Writes the nearest neighbours of each example, by its code.

    Arguments:
        model: The file of the model.
        data: The examples, like those of the fit.
        out: A .npz file of indices and distances, or a .csv file of both.
        n_neighbors: How many.
        threshold: What to call duplicates: examples whose codes are closer than this share of
            the usual distance to the nearest neighbour.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
    """
    import numpy as np

    from ..estimator import load
    from ..manifold import NeighborGraph
    from . import files

    files.check_out(out, (".npz", ".csv"))
    estimator = load(model)
    given = files.read(data, label, labels, estimator)
    graph = NeighborGraph(n_neighbors).fit(estimator.transform(given.X, given.y))
    i, d = graph.indices_, graph.distances_

    if files.suffix(out) == ".npz":
        with files.replacing(out) as temporary:
            np.savez(temporary, indices=i, distances=d)
    else:
        columns = [
            f"{name}{k}" for name in ("neighbor", "distance") for k in range(1, 1 + len(i.T))
        ]
        files.write_rows(out, np.hstack([_objects(i), _objects(d)]), columns)

    usual = np.median(d[:, 0][d[:, 0] > 0]) if d.any() else 0.0
    groups = graph.duplicates(threshold * usual)
    print(f"Wrote {out}: {len(i):,} times {n_neighbors} neighbours, counted from 0.")
    print(f"Recall {graph.recall_:.4f}; the usual nearest neighbour is at {usual:.4g}.")
    print(f"{sum(map(len, groups)) - len(groups):,} duplicates, in {len(groups):,} groups.")

    for group in groups[:_LISTED]:
        names = [given.files[i] if given.files else str(i) for i in group[:_LISTED]]
        print("  " + ", ".join(names) + " ..." * (len(group) > _LISTED))

    picture = out.with_name(f"{out.stem}-0-{i[0, -1]}.png")
    following = ["interpolate", str(model), str(data), "0", str(i[0, -1]), "--out", str(picture)]
    print(f"Next: {shlex.join(['autoencode', *following])}")


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
) -> None:
    r"""Says of each example how unusual it is, along the manifold and across it.

    Arguments:
        model: The file of the model.
        data: The examples to judge.
        out: A .csv file: for each example its log-density, the part of it along the manifold
            and the part across it, and 1 for an anomaly or 0. Of images also a picture of the
            worst, beside it.
        reference: Normal examples to compare with, best ones that the model was not trained
            on; by default the data themselves.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label, or the row of numbers, under which a conditional model is seen; only
            examples with it are looked at.
        random_state: Seeds the choice of examples to compare with, of many.
    """
    import numpy as np

    from .. import plots
    from ..estimator import load
    from ..manifold import OffManifoldDetector
    from ..manifold.surveys import take
    from . import files

    files.check_out(out, (".csv",))
    estimator = load(model)
    seen = files.context(y, estimator)
    given = files.under(files.read(data, label, labels, estimator), seen, estimator)
    X, names = given.X, np.array(given.files)
    normal = X

    if reference is not None:
        normal = files.under(files.read(reference, label, None, estimator), seen, estimator).X

    chosen = np.random.RandomState(random_state).permutation(len(normal))[:_COMPARED]
    detector = OffManifoldDetector(estimator, y=seen).fit(take(normal, np.sort(chosen)))
    on, off = detector.decompose(X)
    score = on + off
    odd = score < detector.offset_

    columns = {"example": names, "score": score, "on": on, "off": off, "anomaly": odd.astype(int)}
    files.write_rows(out, np.stack([*map(_objects, columns.values())], axis=1), [*columns])
    print(f"Wrote {out}: {len(X):,} scores, compared with {len(chosen):,} examples.")
    print(f"{odd.sum():,} anomalies ({100 * odd.mean():.1f} %). The most unusual, counted from 0:")

    worst = score.argsort(kind="stable")[:_LISTED]

    for i in worst:
        print(f"  {names[i]:>8}  score {score[i]:.5g}  on {on[i]:.5g}  off {off[i]:.5g}")

    if X.ndim > 2:
        picture = out.with_suffix(".png")
        under = None if seen is None else np.repeat(seen, len(worst), axis=0)
        figure = plots.reconstructions(estimator, X[worst], y=under)

        with files.replacing(picture) as temporary:
            figure.savefig(temporary)

        print(f"Next: look at {picture}, the most unusual above what the model makes of them.")
    else:
        print(f"Next: look for what the {_LISTED} have in common; {out} has all scores.")


def interpolate(
    model: Path,
    data: Path,
    start: int,
    end: int,
    /,
    out: Path,
    n: int = 10,
    label: str | None = None,
    labels: Path | None = None,
    y: Sequence[str] | None = None,
) -> None:
    r"""Draws the way from one example to another: the geodesic, and the straight line.

    Arguments:
        model: The file of the model.
        data: The examples.
        start: The number of the example to start from, counted from 0.
        end: The number of the example to end at.
        out: A .png file.
        n: How many examples to show on each way.
        label: The column of a .csv file that holds labels.
        labels: A file with a label for each example, if the model is conditional.
        y: The label, or the row of numbers, under which a conditional model is seen.
    """
    from .. import plots
    from ..estimator import load
    from ..manifold import Geodesics
    from ..manifold.border import one, take
    from . import files

    files.check_out(out, (".png",))
    estimator = load(model)
    X = files.read(data, label, labels, estimator).X

    for number in (start, end):
        if not 0 <= number < len(X):
            raise ValueError(
                f"expected the number of an example, 0 to {len(X) - 1}, got {number}."
            )

    geodesics = Geodesics(estimator, y=files.context(y, estimator))
    straight = Geodesics(estimator, max_iter=0, y=geodesics.y)
    ends = take(X, [start]), take(X, [end])
    bent, direct = (float(way.distance(*ends)[0]) for way in (geodesics, straight))

    with files.replacing(out) as temporary:
        plots.geodesics(geodesics, one(X, start), one(X, end), n).savefig(temporary)

    shorter = f"{100 * (1 - bent / direct):.1f} %" if direct > 0 else "0 %"
    print(f"The geodesic is {bent:.4g} long, {shorter} less than the straight line, {direct:.4g}.")
    print(f"Wrote {out}: {n} examples on each way.")
    following = [
        "manifold",
        str(model),
        str(data),
        "--out",
        str(out.with_name(f"{model.stem}-manifold")),
    ]
    print(
        f"Next, to see where such ways can be relied on: {shlex.join(['autoencode', *following])}"
    )


def info(model: Path, /) -> None:
    r"""Says what a model is and how it was trained.

    Arguments:
        model: The file of the model.
    """
    from ..estimator import load

    estimator = load(model)
    arguments = {k: v for k, v in estimator.get_params(deep=False).items() if v}
    context, last = estimator.context_, estimator.history_[-1]
    n_params = sum(p.numel() for p in estimator.model_.parameters())

    rows = {
        "file": f"{model}, {model.stat().st_size / 1e6:.2f} MB",
        "examples": f"{estimator.modality_}, shape {estimator.modality_.shape_}",
        **arguments,
        "likelihood": estimator.model_.likelihood,
        "given": None if context is None else f"{context} of {context.size_}",
        "parameters": f"{n_params:,}",
        "trained": _duration(last),
        "last epoch": _terms(last),
    }

    for name, value in rows.items():
        if value is not None:
            print(f"{name:14} {value}")


def recipes() -> None:
    r"""Lists the kinds of autoencoder that `fit --recipe` knows."""
    for name, recipe in read("recipes").items():
        print(f"{name:14} {recipe.summary}")


def demo(out: Path = Path("demo")) -> None:
    r"""Fits several autoencoders to handwritten digits and shows what they do.

    Arguments:
        out: The folder of the pictures and of the page that shows them.
    """
    from ..demo import main

    # The demo says itself how far it is
    logging.getLogger(__name__.partition(".")[0]).setLevel(logging.WARNING)
    main(out)


def _objects(values: Any) -> Any:
    r"""Returns numbers that stay integers beside others that are none."""
    return values.astype(object)


def _duration(record: Any) -> str:
    return f"{record.epoch} epoch{'s' * (record.epoch > 1)} in {record.seconds:.1f} s"


def _terms(record: Any) -> str:
    parts = {part: record.get(part) for part in ("train", "validation", "code")}

    return "; ".join(
        f"{part} " + ", ".join(f"{name} {value:.5g}" for name, value in terms.items())
        for part, terms in parts.items()
        if terms
    )


COMMANDS: dict[str, Callable[..., None]] = {
    command.__name__: command
    for command in (
        fit,
        transform,
        reconstruct,
        denoise,
        sample,
        impute,
        score,
        plot,
        manifold,
        neighbors,
        anomalies,
        interpolate,
        info,
        recipes,
        demo,
    )
}
