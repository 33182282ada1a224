r"""Methods of the estimator that draw new examples and fill in missing cells."""

__all__ = ["SampleMethods"]

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .. import inputs
from ..blueprint import checks
from ..common.checks.ranges import check_at_least
from ..common.seeding import Seed, seeded
from ..data import Examples, as_files
from ..inference import generation, inpainting, own_size
from ..inference.continuation import check_prefixes
from ..inference.positions import over_time
from ..modalities.capabilities import Conditionable, Imputable
from .availability import (
    available_unless,
    has_no_cells,
    has_no_decoder,
    has_no_pixels,
    has_no_samples,
)
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
        random_state: Seed = None,
        conditions: Mapping[Any, Any] | None = None,
        missing: bool = False,
        prefix: str | Sequence[str] | None = None,
        steps: int | None = None,
        seconds: float | None = None,
        observation_noise: bool | None = None,
    ) -> NDArray:
        r"""Samples new examples: codes from the prior, decoded.

        New images and sounds are means of :math:`p(x \mid z)`, as in the literature. New rows of
        tables and new texts are samples from it. `observation_noise` changes this.

        Arguments:
            n_samples: The number of examples.
            y: Labels or numbers, if the model is conditional: one for all examples, or one for
                each.
            random_state: The seed of the samples. By default, each call gives new samples, for any
                `random_state` of the model.
            conditions: Values that all new rows of a mixed table have in given columns. Codes are
                resampled with the weight :math:`p(x_g \mid z)`.
            missing: Whether cells of a new mixed table are missing with the patterns of the data,
                independently of the other cells, see
                :class:`~autoencode.modalities.mixed_tables.gaps.Gaps`. By default none is missing.
                Cells with conditions are never missing.
            prefix: The beginning of all new texts, or of each. Codes are resampled with the weight
                :math:`p(x_{1:P} \mid z)` of its tokens :math:`x_{1:P}`: new texts are samples
                from the model, given their beginning. Subwords of the beginning do not reach
                beyond it.
            steps: The number of steps of new series, by default that of `fit`. Other lengths need
                codes over time (:class:`~autoencode.networks.TemporalConvolutional`).
            seconds: The same for new sounds, in seconds.
            observation_noise: `True` to draw examples from :math:`p(x \mid z)`, `False` for its
                means. Conditions, missing cells, beginnings and lengths need the default.

        Returns:
            Examples in the shape, scale and type of those of `fit`.

        Raises:
            ValueError: If an argument is for another kind of data or of model.
        """
        check_is_fitted(self, "model_")

        n = checks.at_least_one(n_samples)
        cells = has_no_cells("sample(conditions=..., missing=...)", Conditionable)

        if (conditions is not None or missing) and (why := cells(self._abilities)):
            raise ValueError(why)

        special = (conditions, prefix, steps, seconds, missing or None)

        if observation_noise is not None and any(value is not None for value in special):
            raise ValueError(
                "observation_noise cannot be combined with conditions, missing, prefix, steps or"
                " seconds."
            )

        if steps is not None or seconds is not None:
            length = over_time.check_over_time(self.blueprint_).new_length(steps, seconds)

            with seeded(draw_seed(random_state)):
                return over_time.sample_steps(self.blueprint_, self.model_, n, length, y)

        prefixes = None if prefix is None else check_prefixes(self.modality_, prefix, n)

        with seeded(draw_seed(random_state)):
            return generation.sample(
                self.blueprint_,
                self.model_,
                n,
                y,
                conditions,
                missing,
                prefixes,
                observation_noise,
            )

    @available_unless(has_no_decoder, has_no_cells("impute", Imputable))
    def impute(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        n_samples: int | None = None,
        random_state: Seed = None,
    ) -> Any:
        r"""Fills in the missing cells of rows, given the observed ones.

        Numbers and dates become the mean :math:`\mathbb{E}[x_j \mid x_o]` in their own units,
        rounded to the grid of their column, such as cents or whole days. Categories become the
        most probable level. Observed cells, types, index and the library of the frame stay the
        same. The means are computed by importance sampling, see
        :mod:`~autoencode.inference.imputation`; a model without a density uses its single code.

        Arguments:
            X: The rows, like those of the fit. A model that was fitted to complete rows should be
                fitted with `corruption=Masking()`, so that it has seen missing cells.
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

    @available_unless(has_no_decoder, has_no_pixels("inpaint"))
    def inpaint(
        self,
        X: ArrayLike | str | Path,
        mask: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        max_steps: int = 100,
    ) -> Any:
        r"""Fills in the missing pixels of images, which may have any size.

        .. math:: x \leftarrow m \odot g(f(x)) + (1 - m) \odot x

        The iteration begins with the mean color of the known pixels. For linear models, it ends at
        the code that fits the known pixels best; `vae` weighs them against the prior, which is
        better if many pixels are missing. A model fills in only what it has learned: its code must
        compress, or it must have been trained with `corruption=Masking(0.5)`. Images of another
        size than those of `fit` are filled in tiles, so that holes must be smaller than a tile.

        Arguments:
            X: The images: an array, a list of arrays of different sizes, a file or a folder.
            mask: Where pixels are missing, as booleans or as numbers that are not zero, with
                shape `(H, W)`, or one such mask for each image. Files of masks are joined by name
                with files of images.
            y: Their labels or numbers, if the model is conditional.
            max_steps: The maximum number of iterations. They end if no pixel changes by more than
                a thousandth of the range.

        Returns:
            The images in their own size and type: an array, or a list if sizes differ. Known
            pixels stay as they are.

        Raises:
            ValueError: If images are not like those of `fit`, or masks not like the images.
        """
        check_is_fitted(self, "model_")
        check_at_least(1, max_steps=max_steps)
        masks = inpainting.masks_of(mask, X)

        is_file = isinstance(X, (str, Path)) or as_files(X) is not None

        if is_file or not own_size.has_fitted_size(self.modality_, X):
            each = [{"mask": one} for one in masks]
            function = inpainting.inpaint_in_own_size
            return self._each_image(X, y, function, each, max_steps=max_steps)

        model, modality, x, c = self._open(X, y)
        x = modality.normalize(Examples(x)[:].target)
        X = np.asarray(inputs.tensor_to_numpy(X))

        return inpainting.inpaint(self.blueprint_, model, X, x, c, masks, max_steps)
