r"""Methods of the estimator that draw new examples and fill in missing cells."""

__all__ = ["SampleMethods"]

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ..blueprint import checks
from ..common.seeding import seeded
from ..inference import generation
from ..modalities.capabilities import Conditionable, Imputable
from .availability import available_unless, has_no_cells, has_no_decoder, has_no_samples
from .reading import ExampleReader, draw_seed


class SampleMethods(ExampleReader):
    r"""New examples, and rows whose missing cells are filled in.

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(20, 4))
        >>> ae.vae(2, training=ae.Training(epochs=2)).fit(X).sample(3).shape
        (3, 4)
    """

    @available_unless(has_no_decoder, has_no_samples)
    def sample(
        self,
        n_samples: int = 1,
        y: ArrayLike | None = None,
        random_state: int | np.random.RandomState | None = None,
        conditions: Mapping[Any, Any] | None = None,
        missing: bool = False,
    ) -> NDArray:
        r"""Samples new examples: codes from the prior, decoded.

        New images are means of :math:`p(x \mid z)`, as is usual. New rows of tables and texts are
        samples from it.

        Arguments:
            n_samples: The number of examples.
            y: Labels or numbers, if the model is conditional; one for all, or one each.
            random_state: The seed of the samples; by default each call gives new ones, whatever
                the `random_state` of the model.
            conditions: Values that all new rows of a mixed table have in given columns. Codes are
                resampled with the weight :math:`p(x_g \mid z)`.
            missing: Whether cells of a new mixed table are missing with the patterns of the data,
                independently of the other cells, see
                :class:`~autoencode.modalities.mixed_tables.gaps.Gaps`. By default none is missing.
                Cells with conditions are never missing.

        Returns:
            Examples in the shape, scale and type of those of `fit`.
        """
        check_is_fitted(self, "model_")

        n = checks.at_least_one(n_samples)
        cells = has_no_cells("sample(conditions=..., missing=...)", Conditionable)

        if (conditions is not None or missing) and (why := cells(self._abilities)):
            raise ValueError(why)

        with seeded(draw_seed(random_state)):
            return generation.sample(self.blueprint_, self.model_, n, y, conditions, missing)

    @available_unless(has_no_decoder, has_no_cells("impute", Imputable))
    def impute(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        n_samples: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> Any:
        r"""Fills in the missing cells of rows, given the observed ones.

        Numbers and dates become the mean :math:`\mathbb{E}[x_j \mid x_o]` in their own units,
        rounded to the grid of their column, such as cents or whole days. Categories become the
        most probable level. Observed cells, types, index and the library of the frame stay the
        same. The means are computed by importance sampling, see
        :mod:`~autoencode.inference.imputation`; a model without a density uses its single code.

        Arguments:
            X: The rows, like those of the fit. A model that was fitted to complete rows has seen
                missing cells only with `corruption=Masking()`.
            y: Their labels or numbers, if the model is conditional.
            n_samples: The number of completed tables to sample, to see the spread; by default a
                single table of means and most probable levels.
            random_state: The seed of the samples; by default each call gives new ones.

        Returns:
            The completed rows; with `n_samples`, a list of completed tables.
        """
        check_is_fitted(self, "model_")
        n = 0 if n_samples is None else checks.at_least_one(n_samples)
        X, y, *_ = self._read(X, y)
        *_, x, c = self._opened(X, y)

        if n == 0:
            return generation.impute(self.blueprint_, self.model_, X, x, c, self.seed_)

        with seeded(draw_seed(random_state)):
            return generation.impute_samples(self.blueprint_, self.model_, X, x, c, n, self.seed_)
