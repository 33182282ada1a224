r"""Commands that make new examples: samples, and examples between two others."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...common.atomic_files import replacing
from ..next_step import suggest_next
from ..options import LoadOptions, SourceOptions, WriteOptions, YOptions

if TYPE_CHECKING:  # `--help` need not wait for this import
    from ...distributions import Family


def sample(
    model: Path,
    /,
    out: Path,
    n_samples: int = 64,
    conditions: tuple[str, ...] | None = None,
    missing: bool = False,
    temperature: float | None = None,
    top_p: float | None = None,
    prefix: str | None = None,
    steps: int | None = None,
    seconds: float | None = None,
    observation_noise: bool = False,
    random_state: int | None = None,
    typed: YOptions = YOptions(),
    loading: LoadOptions = LoadOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Draw new examples from the model.

    Arguments:
        model: The model file.
        out: A .npy file; images also go to a .png picture or a folder; sounds to a .png picture,
            a folder of .wav files or, with `-n 1`, a .wav file; tables to a .csv or .parquet
            file; texts to a .txt or .csv file.
        n_samples: The number of new examples.
        conditions: Cells that all new rows of a mixed table share, as COLUMN=CELL.
        missing: Leave cells of a mixed table missing, as often as in the data.
        temperature: The temperature of texts: below one they are more typical, at zero the most
            probable; by default that of the fit.
        top_p: The total probability of the most probable tokens, from which each token of a text
            is drawn; by default that of the fit.
        prefix: The beginning of all new texts.
        steps: The number of steps of new series, for models whose codes are over time (--network
            TemporalConvolutional); by default that of the fit.
        seconds: The same for new sounds, in seconds.
        observation_noise: Draw new images and sounds from p(x|z), of which they are the means
            otherwise.
        random_state: The seed of the random draws.
    """
    from ...modalities.capabilities import has_covariates
    from .. import inputs, outputs

    estimator = inputs.load_model(model, loading)
    outputs.check_output(out, outputs.example_suffixes(estimator), "sample", writing.force)
    outputs.check_count(out, n_samples, estimator)
    outputs.check_examples(out, n_samples, estimator, None, [model], writing.force)

    if not hasattr(estimator, "sample") and hasattr(estimator, "reconstruct"):
        raise ValueError(
            "this model cannot sample, as it has no density p(x): fit with --recipe vae, or with"
            " --prior Mixture."
        )

    if has_covariates(estimator.modality_) and typed.y is None:
        modality: Any = estimator.modality_
        size = modality.steps_ * len(modality.covariates)
        raise ValueError(
            f"this model sees the covariates {[*modality.covariates]}: give those of all"
            f" {modality.steps_} steps of a new series, step by step, as {size} numbers of --y."
        )

    if estimator.context_ is not None and typed.y is None:
        raise ValueError("this model is conditional: name the label of the new examples with --y.")

    _set_decoding(estimator.likelihood_, {"temperature": temperature, "top_p": top_p})
    X = estimator.sample(
        n_samples,
        y=inputs.parse_y(typed.y, estimator),
        random_state=random_state,
        conditions=inputs.parse_conditions(conditions),
        missing=missing,
        prefix=prefix,
        steps=steps,
        seconds=seconds,
        observation_noise=observation_noise or None,
    )
    outputs.write_examples(out, X, estimator)
    print(f"Wrote {out}: {len(X):,} new example{'s' * (len(X) != 1)}.")
    print(f"Next: look at {out}; another --random-state draws other examples.")


def _set_decoding(likelihood: "Family", settings: dict[str, float | None]) -> None:
    r"""Sets how the tokens of texts are drawn; other examples have no such settings."""
    given = {name: value for name, value in settings.items() if value is not None}
    unknown = [name for name in given if not hasattr(likelihood, name)]

    if unknown:
        flags = " and ".join(f"--{name.replace('_', '-')}" for name in unknown)
        raise ValueError(f"{flags} only affect texts; leave them out.")

    if given.get("temperature") == 0 and "top_p" in given:
        raise ValueError("--top-p has no effect with --temperature 0; leave out one of them.")

    likelihood.set_params(**given)


def interpolate(
    model: Path,
    data: Path,
    start: int,
    end: int,
    /,
    out: Path,
    n_points: int = 10,
    metric: Literal["pullback", "fisher"] | None = None,
    source: SourceOptions = SourceOptions(),
    writing: WriteOptions = WriteOptions(),
) -> None:
    r"""Interpolate between two examples along the geodesic and the straight line.

    Arguments:
        model: The model file.
        data: The examples, in the same format as those of the fit.
        start: The index of the first example, counted from 0.
        end: The index of the last example, counted from 0.
        out: A .png picture of both curves, for texts a .csv file; or, for the examples on the
            geodesic alone, a file or folder as for `reconstruct`.
        n_points: The number of examples on each curve.
        metric: The Riemannian metric: pullback measures differences between examples, fisher
            how well the model tells them apart; texts only have fisher.
    """
    import numpy as np

    from ... import plots
    from ...manifold import Geodesics
    from ...manifold.arrays import select_row, select_rows
    from ...modalities.capabilities import Tokenized
    from .. import inputs, outputs

    estimator = inputs.load_model(model, source.loading)
    tokens = isinstance(estimator.modality_, Tokenized)
    known = outputs.interpolation_suffixes(estimator)
    outputs.check_output(out, known, "interpolate", writing.force)
    outputs.check_count(out, n_points, estimator)
    outputs.check_examples(
        out, n_points, estimator, None, [model, data, source.labels.labels], writing.force
    )
    context = inputs.parse_y(source.typed.y, estimator)
    examples = inputs.read(data, source.labels, source.table, model=estimator, y=context)
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
        ways = [way.interpolate(*ends, n_points) for way in (straight, geodesics)]
        outputs.write_rows(out, np.stack(ways, axis=1), ["straight", "geodesic"])
    elif both:
        with replacing(out) as temporary:
            plots.geodesics(geodesics, *ends, n_points).savefig(temporary)
    else:
        outputs.write_examples(out, geodesics.interpolate(*ends, n_points), estimator)

    shorter = f"{100 * (1 - bent / direct):.1f} %" if direct > 0 else "0 %"
    print(f"The geodesic is {bent:.4g} long, {shorter} less than the straight line, {direct:.4g}.")
    print(f"Wrote {out}: {n_points} examples on {'each curve' if both else 'the geodesic'}.")

    if tokens:
        print(f"Next: read {out}, and check that neighboring texts are alike.")
    else:
        if context is not None:
            source = source._replace(typed=YOptions(tuple(map(str, np.ravel(context)))))

        report = out.with_name(f"{model.stem}-manifold")
        suggest_next("manifold", model, data, out=report, options=source)
