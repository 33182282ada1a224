r"""Sentences about the measures of a model."""

__all__ = ["sentences"]

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

_FEW_EFFECTIVE = 0.02
_COPIED = 0.6
_MAX_COLUMNS = 8
_SATURATED = 1e-4  # of the mutual information, its standard error if codes tell all examples apart


def sentences(
    values: Mapping[str, float],
    errors: Mapping[str, float],
    metadata: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
) -> Iterator[str]:
    r"""Describe the measures of :class:`~autoencode.inference.quality.Evaluation`.

    Arguments:
        values: The measures.
        errors: Their standard errors.
        metadata: The mutual information of columns about the examples and units, in nats.

    Example:
        >>> [*sentences({"edits": 1.5, "exact": 0.25}, {"edits": 0.1})]
        ['Reconstructions: 1.5 ± 0.1 edits per text, and 25 % are exact.']
        >>> [*sentences({"active_units": 1, "mutual_information": 5}, {"mutual_information": 0})]
        ['Codes: 1 active unit, with at least 5 nats about the examples, the most that so few can
        show.']
    """

    def number(name: str, scale: float = 1.0, digits: int = 4) -> str:
        error = errors.get(name, math.nan)
        shown = f" ± {scale * error:.2g}" if math.isfinite(error) else ""
        return f"{scale * values[name]:.{digits}g}{shown}"

    if "bound" in values:
        yield (
            f"Bound: {number('bound', digits=5)} nats per example (distortion"
            f" {number('distortion', digits=5)}, rate {number('rate')})."
        )

    if "log_p" in values:
        share = values["effective_samples"]
        doubt = ""

        if "annealed" in values:
            doubt = (
                f" Importance sampling failed for {100 * values['annealed']:.0f} % of the"
                " examples, whose densities come from annealed importance sampling."
            )
        elif share < _FEW_EFFECTIVE:
            doubt = (
                " That is few: the truth may be far higher, and score_samples(n_samples=...) comes"
                " closer."
            )

        bits = (
            f", {number('bits_per_dimension')} bits per dimension"
            if "bits_per_dimension" in values
            else ""
        )
        yield (
            f"Density: log p(x) is {number('log_p')} nats{bits}. {100 * share:.0f} % of the"
            f" samples of the median example are effective.{doubt}"
        )

    if "rejected" in values:
        yield (
            f"Calibration: {number('rejected', 100, 3)} % of the held-out examples are less likely"
            " than 95 % of the training examples; 5 % are if the model has not over-fitted."
        )

    if "active_units" in values:
        about = f"{number('mutual_information', digits=3)} nats about the examples."

        if errors.get("mutual_information", 1.0) < _SATURATED * values["mutual_information"]:
            about = (
                f"at least {values['mutual_information']:.3g} nats about the examples, the most"
                " that so few can show."
            )

        units = values["active_units"]
        yield f"Codes: {units:.0f} active unit{'s' * (units != 1)}, with {about}"
    elif "usage" in values:
        yield (
            f"Codes: {100 * values['usage']:.0f} % of the codebook is used, with a perplexity of"
            f" {values['perplexity']:.4g}."
        )

    if metadata:
        best = {name: max(units, key=lambda u: units[u]) for name, units in metadata.items()}
        known = sorted(best, key=lambda name: -metadata[name][best[name]])[:_MAX_COLUMNS]
        parts = [f"{best[name]} of {name!r} {metadata[name][best[name]]:.2g}" for name in known]
        yield f"Metadata: mutual information of the best unit, in nats: {', '.join(parts)}."

    if "edits" in values:
        yield (
            f"Reconstructions: {number('edits')} edits per text, and {number('exact', 100)} %"
            " are exact."
        )
    elif "explained_variance" in values:
        own = {"psnr": ", PSNR {} dB", "ssim": ", SSIM {}",
               "log_spectral_distance": ", log-spectral distance {} dB"}  # fmt: skip
        more = "".join(text.format(number(k)) for k, text in own.items() if k in values)
        yield (
            f"Reconstructions: {number('explained_variance', 100)} % of the variance is kept,"
            f" squared error {number('error')}{more}."
        )

    if "frechet_distance" in values:
        yield (
            f"New examples: Fréchet distance {number('frechet_distance', digits=3)} in principal"
            f" components (two halves of the real ones {number('frechet_real', digits=3)});"
            " precision"
            f" {number('precision', digits=3)}, recall {number('recall', digits=3)}, coverage"
            f" {number('coverage', digits=3)}."
        )

    if "copying" in values:
        copied = values["copying"] > _COPIED
        verdict = "they repeat training examples" if copied else "no sign of copies"
        yield (
            f"Copies: a new example is closer to the training data than a held-out one with"
            f" probability {number('copying', digits=3)} (one half without copies): {verdict}."
        )

    if "told_apart" in values:
        parts = [
            f"{what} agree by {number(name, digits=3)} (two halves of the held-out rows"
            f" {number(f'{name}_real', digits=3)})"
            for name, what in (("column_shapes", "columns"), ("pair_trends", "pairs of columns"))
            if name in values
        ]
        parts.append(
            "a forest tells new rows from held-out ones with an area under the curve of"
            f" {number('told_apart', digits=3)} (one half if it cannot)"
        )
        yield f"New rows: {'; '.join(parts)}.{_usefulness(values, number)}"

    if "imputation_coverage" in values:
        yield (
            "Imputation: intervals that promise 90 % hold"
            f" {number('imputation_coverage', 100, 3)} % of the numbers that were hidden, one in"
            " each row."
        )


def _usefulness(values: Mapping[str, float], number: Callable[..., str]) -> str:
    if "trained_on_new" not in values:
        return ""

    return (
        f" Trained on new rows, forests predict {number('trained_on_new', 100, 3)} % of the"
        f" categories of held-out rows; trained on real ones, {number('trained_on_real', 100, 3)}"
        " %."
    )
