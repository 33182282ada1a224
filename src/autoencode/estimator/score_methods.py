r"""Methods of the estimator that score examples and cells."""

__all__ = ["ScoreMethods"]

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ..common.seeding import seeded
from ..data import Examples
from ..diagnosis import Diagnosis, diagnose
from ..diagnosis.subject import Subject
from ..inference import quality, scores
from ..inference.positions import maps, over_time
from ..inference.quality import Evaluation
from ..inputs import check_weights
from ..modalities.capabilities import CellScored
from ..training.step import TrainStep
from .availability import (
    available_unless,
    has_no_cells,
    has_no_decoder,
    has_no_density,
    has_no_pixels,
)
from .reading import ExampleReader

_can_decode = available_unless(has_no_decoder)


class ScoreMethods(ExampleReader):
    r"""Errors, densities and surprisals of examples.

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(20, 4))
        >>> ae.linear(2).fit(X).reconstruction_error(X).shape
        (20,)
    """

    @_can_decode
    def reconstruction_error(
        self, X: ArrayLike | str | Path, y: ArrayLike | None = None
    ) -> NDArray:
        r"""The squared error :math:`\| x - g(f(x)) \|^2` of each example.

        For images, it is the sum over all pixels, with intensities from 0 to 1. For tables, it
        is the sum over all columns, in the user's units. For tables of mixed columns, it is the
        sum over all scores and indicators that are not missing, and a level that the fit did not
        see adds one. For texts, it is the number of bytes to insert, delete or replace. Outputs
        are compared before they are rounded to integers.

        Returns:
            The errors, with shape `(N,)`.
        """
        return scores.reconstruction_errors(*self._open(X, y)).numpy()

    @available_unless(has_no_decoder, has_no_pixels("error_map"))
    def error_map(
        self, X: ArrayLike | str | Path, y: ArrayLike | None = None, smoothing: float = 0.0
    ) -> Any:
        r"""Squared errors of pixels, in the own size of each image: heat maps of anomalies.

        .. math:: e_{ij} = \sum_c (x_{cij} - \hat x_{cij})^2

        Intensities are from 0 to 1. In the size of the fit, the errors of an image add up to its
        `reconstruction_error`. Other images are reconstructed in tiles, or block by block, as in
        `denoise`. A code with as many numbers as the image, the default for damaged images, shows
        no anomalies: use one that compresses.

        Arguments:
            X: The images: an array, a list of arrays of different sizes, a file or a folder.
            y: Their labels or numbers, if the model is conditional.
            smoothing: The standard deviation in pixels of a Gaussian by which errors are averaged.

        Returns:
            The errors, with shape `(N, H, W)`, or a list if images have different sizes.

        Raises:
            ValueError: If the images are not like those of `fit`, or `smoothing` is negative.
        """
        if not (isinstance(smoothing, Real) and smoothing >= 0):
            raise ValueError(f"expected smoothing >= 0, in pixels, got {smoothing!r}.")

        return self._each_image(X, y, maps.error_map, smoothing=float(smoothing))

    @_can_decode
    def evaluate(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        X_train: ArrayLike | str | Path | None = None,
        sample_weight: ArrayLike | None = None,
        metadata: Mapping[Any, ArrayLike] | None = None,
    ) -> Evaluation:
        r"""Measures on held-out examples: loss, density, codes, reconstructions, new examples.

        The terms of the loss are means over all examples. All other measures are taken from at
        most two thousand of them, evenly spaced.

        Arguments:
            X: The held-out examples. They are not corrupted.
            y: Their labels or numbers, if the model is conditional.
            X_train: The training examples, to see whether new examples repeat them.
            sample_weight: The weight of each example in the terms of the loss. All other measures
                count each example once.
            metadata: A data frame or mapping of columns about the held-out examples, in their
                order, such as their age or kind. `details["metadata"]` has what each unit of the
                codes knows of each column, see
                :func:`~autoencode.evaluation.metadata_information`.

        Returns:
            A mapping with `total` and the terms of the objective, such as `distortion`, `rate` and
            `bound`, in nats per example and in the user's units, and with the measures that
            :class:`~autoencode.inference.quality.Evaluation` lists. It prints as sentences, and
            `save` writes it as JSON or as a page with pictures.
        """
        model, modality, x, c = self._open(X, y)
        step = TrainStep(model, self.objective_, normalize=modality.normalize)
        test = Examples(x, None, c)
        counted = test

        if sample_weight is not None:
            weights = torch.from_numpy(check_weights(sample_weight, len(x)))
            counted = replace(test, weights=(weights / weights.mean()).float())

        with seeded(self.seed_):
            terms = quality.measure_terms(step, modality, counted.split())

        train = None if X_train is None else Examples(self._load(self._read(X_train)[0]))
        names = self._column_names()
        task = quality.Task(model, modality, test, train, names, self.seed_, metadata)

        return quality.measure_quality(task, terms)

    @_can_decode
    def diagnose(
        self,
        X_train: ArrayLike | str | Path,
        X_new: ArrayLike | str | Path | None = None,
        y_train: ArrayLike | None = None,
        y_new: ArrayLike | None = None,
    ) -> Diagnosis:
        r"""Find what is wrong with this model and its data, the most serious first.

        Training, codes, reconstructions, new examples and data are checked on at most two thousand
        examples of each set, evenly spaced.

        Arguments:
            X_train: The training examples.
            X_new: Examples that the model has not seen, for over-fitting, copies and drift.
            y_train: The labels or numbers of the training examples, if the model is conditional.
            y_new: Those of the new examples.

        Returns:
            The findings, with evidence and the setting to change; empty if nothing was found. They
            print as sentences, and `save` writes them as JSON or as a page with pictures.
        """
        model, _, x, c = self._open(X_train, y_train)
        new = None if X_new is None else self._open(X_new, y_new)
        subject = Subject(
            model,
            self.blueprint_,
            self.objective_,
            self.history_,
            self.training_,
            x,
            c,
            x_new=None if new is None else new.x,
            c_new=None if new is None else new.c,
            names=self._column_names(),
            seed=self.seed_,
        )

        return diagnose(subject)

    @available_unless(has_no_decoder, has_no_density)
    def score_samples(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        n_samples: int = 128,
        full_size: bool = False,
    ) -> Any:
        r"""Estimates of :math:`\log p(x)`, or of :math:`\log p(x \mid y)`, in nats.

        They are computed by importance sampling, see
        :func:`~autoencode.evaluation.log_evidence`. For tables, they are densities in the user's
        units. For images, they are densities of intensities from 0 to 1, or probabilities if the
        likelihood is discrete. In tables of mixed columns, levels that the fit did not see have a
        probability, too, see :class:`~autoencode.modalities.MixedTables`.

        Arguments:
            X: The examples.
            y: Their labels or numbers, if the model is conditional.
            n_samples: The number of codes drawn for each example.
            full_size: Whether to score each series or sound in its own length, with a term of the
                evidence lower bound for the stretch of each code over time, see
                :func:`~autoencode.inference.positions.over_time.score_steps`.

        Returns:
            The estimates, with shape `(N,)`. With `full_size`, the terms of each example, with
            shape `(N, steps)`, or a list if lengths differ.

        Raises:
            ValueError: If the examples are not like those of `fit`, or `full_size` is set and
                codes are not over time.
        """
        if full_size:
            check_is_fitted(self, "model_")
            return self._each_whole(X, y, over_time.score_steps, seed=self.seed_)

        return scores.log_densities(*self._open(X, y), n_samples, self.seed_).numpy()

    @available_unless(has_no_decoder, has_no_cells("cell_surprisal", CellScored))
    def cell_surprisal(self, X: ArrayLike | str | Path, y: ArrayLike | None = None) -> NDArray:
        r"""Surprisal of each cell of a table given its row, :math:`-\log p(x_j \mid x_{-j})`.

        Densities are those of scaled columns, so that cells of different columns can be compared.
        Higher is more anomalous. See
        :func:`~autoencode.inference.imputation.leave_one_out_log_prob`.

        Arguments:
            X: The rows.
            y: Their labels or numbers, if the model is conditional.

        Returns:
            The scores in nats, with shape `(N, columns)`; NaN where a cell is missing.
        """
        return scores.cell_surprisals(*self._open(X, y), self.seed_).numpy()

    @_can_decode
    def score(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        context: ArrayLike | None = None,
    ) -> float:
        r"""Mean score for grid search and cross-validation; higher is better.

        Arguments:
            X: The examples.
            y: Their labels or numbers, if the model is conditional. Otherwise, they are ignored,
                as in `fit`, because grid search always passes them on.
            sample_weight: The weight of each example in the mean.
            context: Labels or numbers in place of `y`, for pipelines.

        Returns:
            The mean of `score_samples`; without a density, minus the mean of the squared errors.
            For tables, these are errors of scaled columns: unlike in `reconstruction_error`, no
            column counts more because of its unit. With `Tables("whole")` or `"none"`, they are
            errors of the data as scaled by this setting.
        """
        check_is_fitted(self, "model_")
        y = self._given(None if self.context_ is None else y, context)

        if hasattr(self, "score_samples"):
            found = self.score_samples(X, y)
        else:
            errors = scores.reconstruction_errors(*self._open(X, y), scaled=True)
            found = -errors.numpy()

        weights = None if sample_weight is None else check_weights(sample_weight, len(found))
        return float(np.average(found, weights=weights))

    def _column_names(self) -> list[str]:
        return [str(name) for name in getattr(self, "feature_names_in_", ())]
