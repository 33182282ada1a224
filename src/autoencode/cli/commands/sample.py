r"""The command that draws new examples."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..options import LoadOptions, WriteOptions, YOptions

if TYPE_CHECKING:  # `--help` need not wait for this import
    from ...distributions import Family


def sample(
    model: Path,
    /,
    out: Path,
    n: int = 64,
    conditions: tuple[str, ...] | None = None,
    missing: bool = False,
    temperature: float | None = None,
    top_p: float | None = None,
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
        n: The number of new examples.
        conditions: Cells that all new rows of a mixed table share, as COLUMN=CELL.
        missing: Leave cells of a mixed table missing, as often as in the data.
        temperature: The temperature of texts: below one they are more typical, at zero the most
            probable; by default that of the fit.
        top_p: The share of the probability from which each token of a text is drawn; by
            default that of the fit.
        random_state: The seed of the random draws.
    """
    from .. import inputs, outputs

    estimator = inputs.load_model(model, loading)
    outputs.check_output(out, outputs.example_suffixes(estimator), "sample", writing.force)
    outputs.check_count(out, n, estimator)
    outputs.check_examples(out, n, estimator, None, [model], writing.force)

    if not hasattr(estimator, "sample") and hasattr(estimator, "reconstruct"):
        raise ValueError(
            "this model cannot sample, as it has no density p(x): fit with --recipe vae, or with"
            " --prior Mixture."
        )

    if estimator.context_ is not None and typed.y is None:
        raise ValueError("this model is conditional: name the label of the new examples with --y.")

    _set_decoding(estimator.likelihood_, {"temperature": temperature, "top_p": top_p})
    X = estimator.sample(
        n,
        y=inputs.parse_y(typed.y, estimator),
        random_state=random_state,
        conditions=inputs.parse_conditions(conditions),
        missing=missing,
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
