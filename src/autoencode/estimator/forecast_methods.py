r"""Method of the estimator that continues series."""

__all__ = ["ForecastMethods"]

from pathlib import Path
from typing import Any, cast

from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..blueprint import checks
from ..data import is_frame, read_frame
from ..inference import forecasts
from ..inference.forecasts import Forecast, Known
from ..modalities.capabilities import has_covariates
from .availability import available_unless, has_no_decoder, has_no_future
from .reading import ExampleReader


class ForecastMethods(ExampleReader):
    r"""Later steps of series.

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> X = np.sin(np.arange(200) / 5)[None]
        >>> model = ae.autoencoder(
        ...     2,
        ...     modality=ae.modalities.Series(window=24, gaps=True),
        ...     corruption=ae.corruptions.FutureMasking(),
        ...     training=ae.Training(epochs=2),
        ... ).fit(X)
        >>> mean, lower, upper = model.forecast(X, steps=5)
        >>> mean.shape, bool((lower <= upper).all())
        ((1, 5), True)
    """

    @available_unless(has_no_decoder, has_no_future)
    def forecast(
        self,
        X: ArrayLike | str | Path,
        steps: int,
        y: ArrayLike | None = None,
        level: float | None = 0.9,
        calibration: ArrayLike | str | Path | None = None,
        covariates: Any = None,
    ) -> Forecast:
        r"""Forecasts the steps after the end of each series.

        Future steps are imputed as the missing end of a window, see
        :func:`~autoencode.inference.forecasts.continue_series`. Fit with
        `modality=Series(gaps=True)` and `corruption=FutureMasking()`.

        The width of an interval follows from the errors of forecasts of earlier steps of the
        calibration series, for each step and channel
        (:func:`~autoencode.inference.forecasts.conformal_width`). A model predicts its training
        series too well, so that they would make intervals too narrow.

        Arguments:
            X: The series, like those of the fit.
            steps: The number of steps to forecast.
            y: Their labels or numbers, if the model is conditional.
            level: The probability that an interval holds the step, or `None` for no intervals.
            calibration: Series from which the width of intervals is learned, with the labels `y`
                if the model is conditional; by default `X`.
            covariates: If the model sees covariates, those of the later steps: a data frame or a
                file with their columns, and the columns of times and of identities.

        Returns:
            The expected steps and the ends of the intervals, in the form of `X`: arrays with shape
            `(steps, C)` for each series, or a table with later times.

        Raises:
            TypeError: If `covariates` is not a table.
            ValueError: If the networks do not see gaps, if covariates of later steps are missing,
                or if there are too few earlier steps for the width of intervals.
        """
        check_is_fitted(self, "model_")
        steps = checks.at_least_one(steps)
        modality: Any = self.modality_

        if level is not None and not 0 < level < 1:
            raise ValueError(f"expected a level between 0 and 1, or None, got {level!r}.")

        data, c = self._histories(X, y)
        series = modality.histories(data)
        past, contexts = series, c
        c = self._later(data, c, covariates, steps)
        forecasts.warn_unless_learned(self.fitted_.corruption)
        mean = forecasts.continue_series(self.model_, modality, series, steps, c, self.seed_)

        if level is None:
            return Forecast(modality.later(data, mean), None, None)

        if calibration is not None:
            others, contexts = self._histories(calibration, y)
            past = modality.histories(others)

        errors = forecasts.past_errors(self.model_, modality, past, steps, contexts, self.seed_)
        width = forecasts.conformal_width(errors, level)

        return Forecast(*(modality.later(data, v) for v in (mean, mean - width, mean + width)))

    def _histories(self, X: Any, y: ArrayLike | None) -> tuple[Any, Tensor | Known | None]:
        r"""Returns whole series as the modality collects them, and the context of each."""
        data, y, *_ = self._read(X, y, whole=True)
        modality: Any = self.modality_
        data = modality.collect(data)

        if not has_covariates(modality):
            return data, self._context(y, None, len(data))

        if y is not None:
            raise ValueError(f"y has no effect: the context are {[*modality.covariates]}.")

        context: Any = self.context_
        return data, Known(modality.series_covariates(data), context.encode)

    def _later(self, data: Any, c: Any, covariates: Any, steps: int) -> Tensor | Known | None:
        r"""Returns the context of each series, with the covariates of its later steps."""
        modality: Any = self.modality_

        if has_covariates(modality) != (covariates is not None):
            names = [*(modality.covariates or ())]
            raise ValueError(
                f"expected the covariates {names} of {steps} later steps: pass covariates=..., a"
                " table with a row for each (command line: --covariates FILE)."
                if names
                else "covariates have no effect, as this model was fitted without them. Fit with"
                " modality=ae.modalities.Series(covariates=[...])."
            )

        if covariates is None:
            return cast("Tensor | None", c)

        table = read_frame(Path(covariates)) if isinstance(covariates, (str, Path)) else covariates

        if not is_frame(table):
            raise TypeError(
                f"expected covariates as a data frame or a file, got {type(table).__name__}. Use"
                f" the columns {[*modality.covariates]}, and those of times and of series."
            )

        return Known(modality.later_covariates(data, table, steps), c.encode)
