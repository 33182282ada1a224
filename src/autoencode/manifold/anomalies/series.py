r"""Anomalies of series: scores of each step and channel, and intervals beyond a threshold."""

__all__ = ["SeriesDetector"]

from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...estimator import Autoencoder
from ...modalities.capabilities import TimeResolved
from ...modalities.windows import Windows
from .intervals import Interval, find_intervals, smoothed

_QUARTILE, _NORMAL_QUARTILE = 0.75, 1.1503  # upper quartile of absolute residuals; that of N(0, 1)
_MIN_SCALE = 1e-6  # minimum scale, in standard deviations of the model
# Fraction of each series on which a model that is trained here is calibrated
_HELD_OUT_FRACTION = 0.3


class SeriesDetector(BaseEstimator):
    r"""Detector of anomalous intervals of series, and of the channels that are responsible.

    A window is encoded and decoded, and each number is compared with its expected value,

    .. math:: s_{ct} = \frac{1}{2} \Big( \frac{x_{ct} - \mu_{ct}(z)}{a_c \, \sigma_{ct}} \Big)^2,
        \qquad S_t = \frac{1}{C} \sum_c s_{ct},

    which is the surprisal :math:`-\log p(x_{ct} \mid z)` up to constants. Models predict their
    training data better than later data. The factor :math:`a_c` corrects this: it is the spread of
    the residuals of new normal series, relative to the standard deviations of the model. Windows
    overlap, and their scores are averaged. Missing numbers are not scored.

    With `n_blocks`, each part of a window is hidden in turn, and predicted from the steps before
    and after it, so that an anomaly cannot explain itself. This needs a model whose networks see
    gaps (`Series(gaps=True)`).

    References:
        | AER: Auto-Encoder with Regression for Time Series Anomaly Detection (Wong et al., 2022),
          for predictions from both sides
        | https://arxiv.org/abs/2212.13558

    Arguments:
        model: An :class:`~autoencode.Autoencoder` with `modality=Series(...)`, trained or not. An
            untrained model is trained on the first 70 % of each series, or on 70 % of at least
            ten series, and calibrated on the rest. A trained model is calibrated on the series of
            `fit`, which should not be those of its training.
        false_positive_rate: The fraction of the steps of normal series that lie beyond the
            threshold.
        smoothing: The number of steps over which :math:`S_t` is averaged; by default a quarter of
            a window.
        n_blocks: The number of parts of a window that are hidden in turn; by default none.
        y: The label or row of numbers that a conditional model is given.

    Attributes:
        model_: The trained model.
        scale_: The factors :math:`a_c`, with shape `(C,)`.
        threshold_: The score beyond which a step is anomalous.

    See Also:
        :class:`~autoencode.manifold.OffManifoldDetector`, :func:`~autoencode.plots.intervals`

    Example:
        >>> import autoencode as ae
        >>> from autoencode.modalities import Series
        >>> x = np.sin(np.arange(2000) / 5) + 0.1 * np.random.default_rng(0).normal(size=2000)
        >>> model = ae.linear(4, modality=Series(window=32))
        >>> detector = SeriesDetector(model, false_positive_rate=0.0005).fit([x])
        >>> y = x[-500:].copy()
        >>> y[200:210] = 0.0
        >>> [found.steps for found in detector.intervals([y])]
        [slice(181, 220, None)]
    """

    def __init__(
        self,
        model: Any = None,
        false_positive_rate: float = 0.001,
        smoothing: int | None = None,
        n_blocks: int | None = None,
        y: ArrayLike | None = None,
    ) -> None:
        self.model = model
        self.false_positive_rate = false_positive_rate
        self.smoothing = smoothing
        self.n_blocks = n_blocks
        self.y = y

    def fit(self, X: Any, y: None = None) -> "SeriesDetector":
        r"""Learns the distances of normal series from the expectations of the model.

        Arguments:
            X: Normal series, in any form that the model takes.
            y: Not used.

        Raises:
            TypeError: If the model is not an autoencoder.
            ValueError: If the model is not for series, or an argument is out of its range.
        """
        self._check_arguments()

        if hasattr(self.model, "model_"):
            self.model_, calibration = self.model, X
        else:
            self.model_, calibration = self._train(X)

        self._check_model()
        residuals = self._residuals(calibration)[0]
        quartile = np.nanquantile(np.abs(residuals), _QUARTILE, axis=(0, 1))
        self.scale_ = np.maximum(np.nan_to_num(quartile, nan=1.0) / _NORMAL_QUARTILE, _MIN_SCALE)
        steps = np.concatenate([S for S, _ in self._scores(calibration)[0]])
        self.threshold_ = float(np.nanquantile(steps, 1 - self.false_positive_rate))

        return self

    def score_cells(self, X: Any) -> Any:
        r"""Scores of all numbers, :math:`s_{ct}`; higher is more anomalous.

        Arguments:
            X: The series.

        Returns:
            The scores in the form of `X`, with NaN for missing numbers.

        Raises:
            ValueError: If the series are not like those of the model.
        """
        check_is_fitted(self, "threshold_")
        residuals, windows = self._residuals(X)
        modality: Any = self.model_.modality_

        return modality.whole(0.5 * np.square(residuals / self.scale_), windows)

    def score_samples(self, X: Any) -> list[NDArray]:
        r"""Scores of the steps of each series, :math:`S_t`; higher is more anomalous.

        Arguments:
            X: The series.

        Returns:
            An array with shape `(T,)` for each series, with NaN for steps without numbers.

        Raises:
            ValueError: If the series are not like those of the model.
        """
        check_is_fitted(self, "threshold_")
        return [S for S, _ in self._scores(X)[0]]

    def intervals(self, X: Any) -> list[Interval]:
        r"""Anomalous intervals, the most severe first.

        Intervals less than a quarter of a window apart are joined.

        Arguments:
            X: The series.

        Raises:
            ValueError: If the series are not like those of the model.
        """
        check_is_fitted(self, "threshold_")
        scores, windows = self._scores(X)
        modality: Any = self.model_.modality_
        names, merge = modality.channel_names(), modality.shape_[-1] // 4
        intervals: list[Interval] = []

        for i, (S, s) in enumerate(scores):
            beyond = find_intervals(S, self.threshold_, merge, s, names)

            for steps, severity, channels in beyond:
                name, start = modality.describe_step(windows, i, steps.start)
                end = modality.describe_step(windows, i, steps.stop - 1)[1]
                intervals.append(Interval(name, start, end, severity, channels, steps))

        return sorted(intervals, key=lambda interval: -interval.severity)

    def _scores(self, X: Any) -> tuple[list[tuple[NDArray, NDArray]], Windows]:
        r"""Returns the scores of steps and of channels of each series, and the windows."""
        residuals, windows = self._residuals(X)
        width, scores = self._width(), []

        for s in self._series(residuals, windows):
            known = ~np.isnan(s)
            n = known.sum(axis=1)
            mean = np.where(n > 0, np.nansum(s, axis=1) / np.maximum(n, 1), np.nan)
            scores.append((smoothed(mean, width), s))

        return scores, windows

    def _series(self, residuals: NDArray, windows: Windows) -> list[NDArray]:
        r"""Returns the scores of channels of each series, with shape `(T, C)`."""
        modality: Any = self.model_.modality_
        return modality.join_windows(0.5 * np.square(residuals / self.scale_), windows)

    def _residuals(self, X: Any) -> tuple[NDArray, Windows]:
        r"""Returns residuals in standard deviations, `(N, n, C)`, and the windows."""
        blocks = self.n_blocks or 0

        def of(model: Any, x: Tensor, seen: Tensor) -> Tensor:
            p = model.decode(model.encode(seen).mean)
            return (x - p.mean) / p.stddev

        def residuals(model: Any, x: Tensor) -> Tensor:
            if not blocks:
                return of(model, x, x)

            result = torch.empty_like(x)

            for part in torch.arange(x.shape[-1], device=x.device).chunk(blocks):
                hidden = x.clone()
                hidden[..., part] = torch.nan
                result[..., part] = of(model, x, hidden)[..., part]

            return result

        r, windows = self.model_._map_windows(residuals, X, self.y)
        return r.mT.numpy(), windows

    def _train(self, X: Any) -> tuple[Autoencoder, Any]:
        r"""Returns a model that is trained on a part of the series, and the other part."""
        if not isinstance(self.model, Autoencoder):
            raise TypeError(
                "expected an autoencoder of series, such as ae.vae(modality=Series()), got"
                f" {type(self.model).__name__}."
            )

        model = clone(self.model)
        modality = model.modality

        if not isinstance(modality, TimeResolved):
            raise ValueError(
                f"expected a model with modality=ae.modalities.Series(...), got {modality}."
            )

        first, rest = modality.split(X, 1 - _HELD_OUT_FRACTION)
        return model.fit(first), rest

    def _width(self) -> int:
        steps = self.model_.modality_.shape_[-1]
        return self.smoothing or max(1, steps // 4)

    def _check_model(self) -> None:
        modality = self.model_.modality_

        if not isinstance(modality, TimeResolved):
            raise ValueError(
                f"expected a model of series, got a model of {type(modality).__name__}. Use"
                " OffManifoldDetector(model) for other data."
            )

        if self.n_blocks and not getattr(modality, "gaps_", False):
            raise ValueError(
                "expected a model whose networks see gaps, for n_blocks=...: fit it with"
                " modality=ae.modalities.Series(gaps=True)."
            )

        if self.model_.model_.decoder is None:
            raise ValueError("this model was loaded without its decoder. Load the whole model.")

    def _check_arguments(self) -> None:
        rate = self.false_positive_rate

        if not (isinstance(rate, Real) and 0 < rate < 1):
            raise ValueError(f"expected a false positive rate between 0 and 1, got {rate!r}.")

        for name in ("smoothing", "n_blocks"):
            n = getattr(self, name)

            if n is not None and not (isinstance(n, Integral) and int(n) >= 1):
                raise ValueError(f"expected {name} as an integer >= 1, got {n!r}.")
