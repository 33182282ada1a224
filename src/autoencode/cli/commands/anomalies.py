r"""The command that scores anomalies."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...common.atomic_files import check_writable, replacing
from ..in_parts import in_parts, run_in_parts
from ..options import PartOptions, SourceOptions, WriteOptions
from ..terminal import on_one_line

if TYPE_CHECKING:  # `--help` need not wait for this import
    from ...estimator import Autoencoder
    from ..inputs import Inputs

_LISTED_EXAMPLES = 10
_QUOTED_LETTERS = 40  # number of letters of each text
_MAX_REFERENCE_MAPS, _GREATEST = 256, 0.999  # images, and quantile of their pixels for yellow
_MAX_REFERENCE = 10_000  # maximum number of examples to which anomalies are compared


def anomalies(
    model: Path,
    data: Path,
    /,
    out: Path,
    reference: Path | None = None,
    maps: Path | None = None,
    random_state: int = 0,
    source: SourceOptions = SourceOptions(),
    parts: PartOptions = PartOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Score each example as an anomaly, on the manifold and off it.

    With a conditional model, each example is compared to those with its label, or all examples
    have the label of `--y`.

    Arguments:
        model: The model file.
        data: The examples to score; or a pattern in quotes, such as 'rows/*.parquet', for work in
            parts.
        out: A .csv file with the log-density of each example, its parts on and off the
            manifold, and 1 for an anomaly or 0. For images and sounds, a picture of the most
            unusual examples is written beside it. For series, the file has the anomalous intervals
            with their severity and the responsible channels, and a picture is written, too. A
            folder, if the work is done in parts, without pictures.
        reference: Normal examples that define what is usual, preferably held-out ones; by
            default the data themselves. Work in parts needs them.
        maps: A folder for heat maps of images, each in the size of its image. They show the
            squared errors of pixels, from black to yellow. The largest thousandth of the pixels
            of normal examples is yellow.
        random_state: The seed of the random choice of reference examples.
    """
    import numpy as np

    from ... import plots
    from ...data.listing.names import file_names
    from ...manifold.arrays import select_row
    from ...modalities.capabilities import Tiled, TimeResolved
    from ...plots.mosaic import are_images
    from .. import inputs, outputs
    from ..ownership import check_replaceable

    if in_parts(data, parts):
        own = {"reference": reference, "random_state": random_state}
        refused = {"--maps": maps is not None}
        run_in_parts("anomalies", model, data, out, parts, source, writing, refused, **own)
        return

    outputs.check_output(out, (".csv",), "anomalies", writing.force)
    estimator = inputs.load_model(model, source.loading)
    picture = out.with_suffix(".png")

    read = [model, data, reference, source.labels.labels]
    in_time = isinstance(estimator.modality_, TimeResolved)

    if maps is not None:
        if not isinstance(estimator.modality_, Tiled):
            raise ValueError(
                f"--maps is for images, got a model of {type(estimator.modality_).__name__}."
                " Leave it out."
            )

        if maps.suffix and not maps.is_dir():
            raise ValueError(f"expected a folder for --maps, got '{maps}'.")

        check_writable(maps / "map.png")

    if in_time or are_images(estimator.modality_):
        check_replaceable("anomalies", [picture], read, writing.force)

    if in_time:
        _write_intervals(estimator, data, reference, source, out)
        return

    of_each = estimator.context_ is not None and source.typed.y is None
    read_examples = inputs.read_with_labels if of_each else inputs.read_with_label
    examples = read_examples(data, source, estimator)

    if of_each and maps is not None:
        raise ValueError("--maps shows the errors at one label: name it with --y.")

    new: list[Path] = []

    if maps is not None:
        new = [maps / name for name in file_names(examples.files, len(examples.X), ".png")]
        check_replaceable("anomalies", new, read, writing.force)
        check_writable(max(new, key=lambda path: len(path.name.encode(errors="replace"))))

        if {picture.absolute(), out.absolute()} & {path.absolute() for path in new}:
            raise ValueError(f"'{picture}' would be a picture of --out and a map of --maps.")

    context = inputs.parse_y(source.typed.y, estimator)
    X, names = examples.X, np.array(examples.files)
    usual = examples

    if reference is not None:
        usual = read_examples(reference, source.for_other(reference), estimator)

    if of_each:
        on, off, odd = _scores_by_label(estimator, examples, usual, random_state)
        context = examples.y
    else:
        on, off, odd = _scores(estimator, X, usual.X, context, random_state)

    normal, score = usual.X, on + off
    columns = {"example": names, "score": score, "on": on, "off": off, "anomaly": odd.astype(int)}
    columns |= {"label": np.asarray(examples.y)} if of_each else {}
    outputs.write_rows(
        out, np.stack([v.astype(object) for v in columns.values()], axis=1), [*columns]
    )
    compared = ", each to those with its label" * of_each
    print(f"Wrote {out}: {len(X):,} scores, relative to {len(normal):,} examples{compared}.")
    print(f"{odd.sum():,} anomalies ({100 * odd.mean():.1f} %). The most unusual, counted from 0:")

    worst = score.argsort(kind="stable")[:_LISTED_EXAMPLES]

    for i in worst:
        shown = f"score {score[i]:.5g}  on {on[i]:.5g}  off {off[i]:.5g}"
        print(f"  {on_one_line(names[i]):>8}  {shown}{_quoted(select_row(X, i))}")

    if maps is not None:
        _write_maps(new, estimator, data, examples, normal, context)
        print(f"Wrote {maps}: {len(new):,} heat maps.")

    if are_images(estimator.modality_):
        under = None if context is None else np.repeat(context, len(worst), axis=0)
        under = examples.y[worst] if of_each else under
        figure = plots.reconstructions(estimator, X[worst], y=under)

        with replacing(picture) as temporary:
            figure.savefig(temporary)

        print(f"Next: look at {picture}: the most unusual examples above their reconstructions.")
    else:
        print(f"Next: look for what these {len(worst)} share; {out} has all scores.")


def _scores(
    estimator: "Autoencoder", X: Any, normal: Any, context: Any, random_state: int
) -> tuple[Any, Any, Any]:
    r"""Returns the two parts of the scores, and which examples are anomalies."""
    import numpy as np

    from ...manifold import OffManifoldDetector
    from ...manifold.arrays import select_rows

    if len(normal) > _MAX_REFERENCE:
        chosen = np.random.RandomState(random_state).permutation(len(normal))[:_MAX_REFERENCE]
        normal = select_rows(normal, np.sort(chosen))

    detector = OffManifoldDetector(estimator, y=context).fit(normal)
    on, off = detector.decompose(X)

    return on, off, on + off < detector.offset_


def _scores_by_label(
    estimator: "Autoencoder", examples: "Inputs", usual: "Inputs", random_state: int
) -> tuple[Any, Any, Any]:
    r"""Returns the scores of examples that are compared to those with the same label."""
    import numpy as np

    from ...manifold.arrays import select_rows

    labels, known = (np.asarray(inputs.y) for inputs in (examples, usual))
    found = np.zeros((3, len(labels)))

    for label in dict.fromkeys(labels.tolist()):
        rows, those = np.flatnonzero(labels == label), np.flatnonzero(known == label)

        try:
            found[:, rows] = _scores(
                estimator,
                select_rows(examples.X, rows),
                select_rows(usual.X, those),
                labels[rows[:1]],
                random_state,
            )
        except ValueError as error:
            raise ValueError(
                f"{len(those)} examples have the label {label!r}: {error} Use --y to examine one"
                " label, or --reference with more examples."
            ) from None

    return found[0], found[1], found[2].astype(bool)


def _write_maps(
    new: list[Path], estimator: "Autoencoder", data: Path, examples: "Inputs", normal: Any, y: Any
) -> None:
    r"""Writes the errors of the pixels of each image, in its own size, as colors."""
    import numpy as np
    from matplotlib import colormaps

    from ...data import is_image
    from .. import outputs

    normal = normal[:_MAX_REFERENCE_MAPS]
    under = None if y is None else np.repeat(y, len(normal), axis=0)
    normal_map = estimator.error_map(normal, under)
    greatest = max(float(np.quantile(normal_map, _GREATEST)), 1e-12)

    for i, path in enumerate(new):
        original = examples.X[i : i + 1]

        if data.is_dir():
            original = data / examples.files[i]  # type: ignore[index]
        elif is_image(data):
            original = data

        errors = estimator.error_map(original, y)[0]
        colors = colormaps["inferno"](np.sqrt(errors / greatest).clip(0, 1))[..., :3]
        outputs.write_photograph(path, np.rint(255 * colors).astype(np.uint8))


def _quoted(example: Any) -> str:
    r"""Returns the beginning of a text in quotes, and nothing for other examples."""
    if not isinstance(example, str):
        return ""

    return f"  {example[:_QUOTED_LETTERS]!r}{'...' * (len(example) > _QUOTED_LETTERS)}"


def _write_intervals(
    estimator: "Autoencoder", data: Path, reference: Path | None, source: SourceOptions, out: Path
) -> None:
    r"""Writes the anomalous intervals of series, and a picture of them."""
    import numpy as np

    from ... import plots
    from ...manifold import SeriesDetector
    from .. import inputs, outputs

    X = normal = inputs.read_with_label(data, source, estimator, whole=True).X

    if reference is not None:
        others = source.for_other(reference)
        normal = inputs.read_with_label(reference, others, estimator, whole=True).X

    detector = SeriesDetector(estimator, y=inputs.parse_y(source.typed.y, estimator)).fit(normal)
    intervals, scores = detector.intervals(X), detector.score_samples(X)
    total = sum(map(len, scores))
    share = sum(int((S > detector.threshold_).sum()) for S in scores) / total
    columns = ["series", "start", "end", "severity", "channels"]
    rows = [
        [f.series, str(f.start), str(f.end), f"{f.severity:.4g}", _blamed(f.channels)]
        for f in intervals
    ]
    outputs.write_rows(out, np.array(rows, object).reshape(-1, len(columns)), columns)
    print(
        f"Wrote {out}: {len(intervals):,} intervals, with {100 * share:.2g} % of {total:,} steps."
    )

    for row in rows[:_LISTED_EXAMPLES]:
        name, start, end, severity, channels = map(on_one_line, row)
        print(f"  {name:>8}  {start} to {end}  severity {severity}  {channels}")

    picture = out.with_suffix(".png")

    with replacing(picture) as temporary:
        plots.intervals(detector, X).savefig(temporary)

    print(f"Next: look at {picture}: series, their scores, and the intervals.")


def _blamed(channels: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {100 * share:.0f} %" for name, share in channels.items())
