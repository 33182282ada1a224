r"""The result of an evaluation: measures, sentences and pictures."""

__all__ = ["Evaluation"]

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...pages import Chart, Entry, write_report
from .sentences import sentences

_FOOTER = (
    "Each '±' is followed by a standard error. All numbers, also of each column and unit, are in"
    " the .json file that is written in the same way."
)


class Evaluation(dict[str, float]):
    r"""Measures of a model on examples, by name; `print` shows what they mean.

    It has the terms of the loss, such as `distortion`, `rate` and `bound`, as in the records of
    training, and, as far as they exist for the model and the kind of data:

    - `log_p`: the mean of :math:`\log p(x)` by importance sampling, in the user's units;
      `effective_samples`: the median of the effective number of samples, as a share; and
      `bits_per_dimension` of a discrete likelihood; `annealed`: the share of examples for which
      importance sampling failed, so that annealed importance sampling took its place
    - `active_units` and `mutual_information`, or `usage` and `perplexity` of codebooks
    - `error`: the mean squared error in the user's units; `explained_variance`: the share of the
      squared error of the mean example that reconstructions do not have; `psnr` of images in
      decibels, and `ssim`; the `log_spectral_distance` of sounds; for texts, `edits` per text
      and the `exact` share
    - `frechet_distance` of new examples and of two halves of the real ones (`frechet_real`),
      `precision`, `recall`, `density` and `coverage`, in principal components of the scaled
      examples; with training examples, `copying`, and `rejected`: the share of held-out examples
      that are less likely than 95 % of the training examples
    - for tables, `column_shapes` and `pair_trends` of new rows, and of two halves of the real
      ones (`column_shapes_real`, `pair_trends_real`); `told_apart`: the area under the curve of a
      forest that tells new rows from real ones; with training examples, `trained_on_new` and
      `trained_on_real`: accuracies of forests that predict categories of held-out rows; and
      `imputation_coverage`: the share of hidden numbers in intervals that promise 90 %

    See Also:
        :meth:`~autoencode.Autoencoder.evaluate`

    Example:
        >>> Evaluation({"bound": -3.0}, {})["bound"]
        -3.0
    """

    standard_errors: dict[str, float]
    r"""The standard errors of the measures that are estimates."""

    details: dict[str, dict[str, dict[str, float]]]
    r"""Measures of each of the `"columns"` of a table, of the `"shapes"` and `"pairs"` of columns
    in new rows, of each of the `"units"` of codes, and what these know of `"metadata"`."""

    charts: dict[str, list[Chart]]
    r"""The pictures of each topic, before they are drawn."""

    def __init__(
        self,
        values: Mapping[str, float],
        standard_errors: Mapping[str, float],
        details: Mapping[str, Any] | None = None,
        charts: Mapping[str, Sequence[Chart]] | None = None,
    ) -> None:
        super().__init__(values)
        self.standard_errors = dict(standard_errors)
        self.details = dict(details or {})
        self.charts = {topic: [*found] for topic, found in (charts or {}).items()}

    def to_dict(self) -> dict[str, Any]:
        r"""Returns all figures for JSON."""
        return {
            "measures": dict(self), "standard_errors": self.standard_errors, **self.details
        }  # fmt: skip

    def save(self, path: str | Path) -> None:
        r"""Write the measures as JSON, or as a page with pictures.

        Arguments:
            path: A .json or .html file, which is replaced if it exists.

        Raises:
            ValueError: If the file has another suffix, or cannot be written.
        """
        entries = [
            Entry(topic, text, self.charts.get(topic, ()))
            for topic, _, text in (s.partition(": ") for s in self._sentences())
        ]
        title = "Quality of the model on held-out examples"
        write_report(path, self.to_dict(), title, entries, _FOOTER)

    def _sentences(self) -> list[str]:
        return [*sentences(self, self.standard_errors, self.details.get("metadata", {}))]

    def __repr__(self) -> str:
        return "\n".join(self._sentences()) or super().__repr__()
