r"""Autoencoders with the interface of scikit-learn.

Data are checked once, here. Everything below the estimator works on tensors and knows nothing of
scikit-learn.
"""

__all__ = ["Autoencoder", "load"]

import contextlib
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import Bunch, Tags, check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from . import inputs
from .availability import (
    Abilities,
    available_unless,
    has_no_cells,
    has_no_decoder,
    has_no_density,
    has_no_samples,
)
from .blueprint import arguments, checks
from .blueprint.attributes import ResolvedAttributes
from .common import container
from .common.atomic_files import check_writable
from .common.seeding import seeded
from .corruptions import Corruption
from .data import Examples, is_frame, is_stream, on_disk, read_stream, stored_by_row
from .distributions import Family
from .distributions.codes.codebook import quantized_point
from .fitting.preparation import prepare
from .fitting.run import FitRun
from .inference import imputation, own_size, scores
from .inference.batched import BatchFunction, map_batches, map_restored, map_scaled
from .modalities import Modality, encode_context
from .modalities import pool as mean_of_windows
from .modalities.capabilities import (
    CellScored,
    Conditionable,
    Imputable,
    Tiled,
    Windowed,
)
from .modalities.capabilities.scales import mean, restore_mean, restore_new
from .modalities.capabilities.sequences import examples
from .modalities.capabilities.tables import as_given
from .modalities.windows import Windows, follow
from .models.latent import Conditional, Model
from .networks import Network
from .objectives import Objective
from .persistence import encoding, model_file
from .priors import Prior
from .training.step import TrainStep, evaluate
from .training.trainer import Solver, Training

log = logging.getLogger(__name__)

_can_decode = available_unless(has_no_decoder)


class Autoencoder(
    ResolvedAttributes, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    r"""Autoencoder with the interface of scikit-learn.

    Each argument has a default. :mod:`~autoencode.recipes` has functions for the combinations that
    have names in the literature. Arguments of nested objects are set as `objective__beta` or
    `training__epochs`.

    Arguments:
        latent_dim: The number of features of the code; by default chosen from the data, see
            :func:`~autoencode.blueprint.code_size.choose_code_size`. Use 2 for a map.
        objective: The objective to minimize; by default
            :class:`~autoencode.objectives.Reconstruction`.
        modality: The kind of data, or a list to take the first from that accepts the data; by
            default guessed from the data.
        network: The architecture of encoder and decoder; by default the modality's.
        posterior: The family of :math:`q(z \mid x)`; by default the objective's.
        likelihood: The family of :math:`p(x \mid z)`; by default chosen by the modality from the
            data.
        prior: The distribution :math:`p(z)`; by default the objective's, for
            :class:`~autoencode.objectives.ELBO` a :class:`~autoencode.priors.Mixture`, which is
            fitted to the codes after the training; with `conditional`, the unit Gaussian.
        corruption: The corruption of the encoder's input in training: a
            :class:`~autoencode.corruptions.Corruption` or a function from tensor to tensor.
        conditional: Whether to model `X` given `y`, :math:`p(x, z \mid y)`.
        training: The training method; by default :class:`~autoencode.Training`.
        random_state: The seed of `fit`, and of the estimates of `score_samples`.

    Attributes:
        objective_: The trained objective, with its own parameters, if it has any.
        blueprint_: All resolved choices, as :class:`~autoencode.blueprint.Blueprint`.
        model_: The trained :class:`~autoencode.models.latent.LatentModel`.
        encoder_: Its encoder, :math:`q(z \mid x)`.
        modality_: The kind of data, with their shape and scale.
        latent_dim_: The number of features of the code, given or chosen.
        network_: The architecture, given or chosen.
        likelihood_: The family of :math:`p(x \mid z)`, given or chosen.
        prior_: The prior, given or the objective's; the fitted one is `model_.prior`.
        context_: The kind of `y`, or `None`.
        fitted_: A copy of the estimator with its arguments at the time of `fit`.
        training_: The training method with all choices resolved, such as device and precision.
        history_: One record per epoch, see :class:`~autoencode.training.trainer.EpochRecord`.
        n_features_in_: The number of columns, for tables.

    See Also:
        :func:`~autoencode.recipes.autoencoder`, :func:`~autoencode.recipes.vae`,
        :func:`~autoencode.load`

    Example:
        >>> from autoencode.objectives import ELBO
        >>> X = np.random.default_rng(0).normal(size=(64, 5))
        >>> vae = Autoencoder(2, objective=ELBO(), training=Training(epochs=2)).fit(X)
        >>> vae.transform(X).shape, vae.sample(16).shape
        ((64, 2), (16, 5))
    """

    def __init__(
        self,
        latent_dim: int | None = None,
        objective: Objective | None = None,
        modality: Modality | Sequence[Modality] | None = None,
        network: Network | None = None,
        posterior: Family | None = None,
        likelihood: Family | None = None,
        prior: Prior | None = None,
        corruption: Corruption | Callable[[Tensor], Tensor] | None = None,
        conditional: bool = False,
        training: Solver | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.latent_dim = latent_dim
        self.objective = objective
        self.modality = modality
        self.network = network
        self.posterior = posterior
        self.likelihood = likelihood
        self.prior = prior
        self.corruption = corruption
        self.conditional = conditional
        self.training = training
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]  # codes are float32, always

        return tags

    def set_params(self, **params: Any) -> "Autoencoder":
        r"""Sets arguments by name, those of nested objects as `training__epochs`.

        If the nested object is `None`, its default is created first, unless the default depends on
        the data.

        Raises:
            ValueError: If there is no such argument.
        """
        for name, value in arguments.defaults_for(self.get_params(deep=False), params).items():
            setattr(self, name, value)

        return super().set_params(**params)

    # Fitting

    def fit(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        corrupted: ArrayLike | str | Path | None = None,
        resume: bool = False,
    ) -> "Autoencoder":
        r"""Fits the model to examples.

        All input is checked before the training. Invalid input leaves an earlier fit unchanged. A
        fit that is interrupted from the keyboard after at least one epoch keeps the best model so
        far.

        Arguments:
            X: Rows of numbers, with shape `(N, D)`; images, with shape `(N, H, W)` or
                `(N, H, W, C)`; the path of a file or folder that holds some, or a list of
                files; or a data set of torch or Hugging Face, or any iterable, of such rows or
                images, alone or with their labels. Data in files may be larger than memory.
            y: With `conditional`, a label or a row of numbers for each example. By default, these
                are the labels that came with the examples; those of a folder are the names of its
                subfolders. Labels of files may be given by file name: as a mapping or series, or
                as a table with a column of file names. Without `conditional`, `y` is ignored.
            corrupted: Damaged versions of the examples, which the encoder sees in place of `X`.
                Files in two folders or lists are paired by their names without suffixes. A file
                without a readable partner is left out, and named in the log. Arrays must be in
                the same order. A `corruption` has no effect on damaged versions.
            resume: Whether to continue from the checkpoint of `Training(checkpoint_dir=...)`, if
                there is one. On a CPU, the result is bit for bit that of a training that was
                never stopped.

        Raises:
            TypeError: If an argument is of the wrong kind.
            ValueError: If data or arguments are not as described.
            FloatingPointError: If the loss does not stay finite.
        """
        before = self.__dict__.copy()
        self.history_: list[Bunch] = []

        try:
            data = self._prepare(X, y, corrupted, resume)
            self.fitted_ = clone(self)  # later changes of arguments do not affect it
            self._train(data, resume)
        except KeyboardInterrupt:
            if not self.history_:
                self._restore(before)
                raise

            log.warning("interrupted after epoch %d; keeping the model.", len(self.history_))
        except BaseException:
            if not self.history_:
                self._restore(before)
            raise

        return self

    def fit_transform(self, X: ArrayLike, y: ArrayLike | None = None, **options: Any) -> NDArray:
        r"""Trains on examples and returns their codes, as `fit` and `transform` do."""
        if is_stream(X):  # may be readable only once
            X, y_read = read_stream(X)
            y = y_read if y is None else y

        return self.fit(X, y, **options).transform(X, y if self.conditional else None)

    # Codes and reconstructions

    def transform(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        pool_windows: bool = False,
        indices: bool = False,
    ) -> NDArray:
        r"""Encodes examples to the means of their posteriors, never to samples.

        Arguments:
            X: The examples, in the shape and scale of those of `fit`.
            y: Their labels or numbers, if the model is conditional.
            pool_windows: Whether to return one row for each sound that is longer than those of
                `fit`: the mean of the codes of its windows, see
                :func:`~autoencode.modalities.pool`.
            indices: Whether to return the indices of the entries of a codebook instead, for
                quantized codes such as those of
                :class:`~autoencode.distributions.VectorQuantizer`.

        Returns:
            The codes as float32, with shape `(N, latent_dim)`; or indices as int64, with one for
            each entry.

        Raises:
            ValueError: If the examples are not like those of `fit`, if `pool_windows` is set for a
                kind of data without windows, or if `indices` is set and codes are not quantized.
        """

        def codes(model: Model, x: Tensor) -> Tensor:
            return model.encode(x).mean

        if indices:
            return self._map_data(lambda m, x: quantized_point(m.encode(x)).index, X, y).numpy()

        if not pool_windows:
            return self._map_data(codes, X, y).numpy()

        z, windows = self._map_windows(codes, X, y)
        return mean_of_windows(z.numpy(), windows)

    @_can_decode
    def inverse_transform(self, Z: ArrayLike, y: ArrayLike | None = None) -> NDArray:
        r"""Decodes codes to the means of :math:`p(x \mid z)`.

        Arguments:
            Z: Codes, with shape `(N, latent_dim)`.
            y: Labels or numbers, if the model is conditional; one for all, or one each.

        Returns:
            Examples in the shape, scale and type of those of `fit`.

        Raises:
            ValueError: If the codes have another width, or are not finite.
        """
        check_is_fitted(self, "model_")
        z = self._codes(Z)
        c = encode_context(self.context_, y, len(z))

        R = self._restore_rows(lambda f: map_batches(self.model_, f, z, c), self._decode)
        return as_given(self.modality_, R)

    @_can_decode
    def reconstruct(
        self, X: ArrayLike | str | Path, y: ArrayLike | None = None, full_size: bool = False
    ) -> Any:
        r"""Encodes and decodes examples, in the shape, scale and type of those of `fit`.

        Arguments:
            X: The examples, in the shape and scale of those of `fit`.
            y: Their labels or numbers, if the model is conditional.
            full_size: Whether to return each sound in its own length, joined from its windows (see
                :func:`~autoencode.modalities.join`), and each image in its own size, joined from
                its tiles. Other examples are always whole.

        Returns:
            The examples. With `full_size`, sounds are a list, and so are images of different
            sizes.

        Raises:
            ValueError: If the examples are not like those of `fit`.
        """
        check_is_fitted(self, "model_")

        def again(model: Model, x: Tensor) -> Tensor:
            return self._decode(model, model.encode(x).mean)

        if full_size and isinstance(self.modality_, Tiled):
            R = [*self._in_own_size(X, y)]
            return np.stack(R) if len({(r.shape, r.dtype) for r in R}) == 1 else R

        if not (full_size and isinstance(self.modality_, Windowed)):
            R = self._restore_rows(lambda f: self._map_data(f, X, y), again)
            return as_given(self.modality_, R, X)

        r, windows = self._map_windows(again, X, y)
        return self.modality_.whole(restore_mean(self.modality_, r), windows)

    @_can_decode
    def denoise(
        self, X: ArrayLike | str | Path, y: ArrayLike | None = None, full_size: bool | None = None
    ) -> Any:
        r"""Denoises examples: the usual name of `reconstruct` for damaged examples.

        It removes the damage that the model has seen in training: the `corruption`, or that of
        the pairs given to `fit(X, corrupted=...)`. Arguments and errors are those of
        `reconstruct`, with one exception: unless `full_size=False`, images in files and images
        of another size than those of `fit` are returned in their own size. A network that keeps
        places (:class:`~autoencode.networks.FullyConvolutional`) cleans such images in one pass.
        Any other network cleans them in tiles as large as the images of `fit`, each faded into
        the next.
        """
        check_is_fitted(self, "model_")

        if full_size is None:
            full_size = isinstance(self.modality_, Tiled) and (
                isinstance(X, (str, Path)) or not own_size.has_fitted_size(self.modality_, X)
            )

        return self.reconstruct(X, y, full_size)

    # Scores and new examples

    @_can_decode
    def reconstruction_error(
        self, X: ArrayLike | str | Path, y: ArrayLike | None = None
    ) -> NDArray:
        r"""The squared error :math:`\| x - g(f(x)) \|^2` of each example.

        For images, it is the sum over all pixels, with intensities from 0 to 1. For tables, it
        is the sum over all columns, in the user's units. For tables of mixed columns, it is the
        sum over all scores and indicators that are not missing, and a level that the fit did not
        see adds one. For texts, it is the number of bytes to insert, delete or replace. Outputs
        are not rounded to integers before.

        Returns:
            The errors, with shape `(N,)`.
        """
        check_is_fitted(self, "model_")

        x, c = self._opened(X, y)
        return scores.reconstruction_errors(self.model_, self.modality_, x, c).numpy()

    @_can_decode
    def evaluate(self, X: ArrayLike | str | Path, y: ArrayLike | None = None) -> dict[str, float]:
        r"""The mean of the loss and of its terms on examples, as in the records of training.

        Arguments:
            X: The examples. They are not corrupted.
            y: Their labels or numbers, if the model is conditional.

        Returns:
            `total` and the terms of the objective, such as `distortion`, `rate` and `bound`, in
            nats per example of the scaled data.
        """
        check_is_fitted(self, "model_")
        step = TrainStep(self.model_, self.objective_, normalize=self.modality_.normalize)
        data, y, *_ = self._read(X, y)
        c = self._context(y, data, len(data))

        with seeded(self.seed_):
            return evaluate(step, Examples(self._load(data), None, c).split())

    @available_unless(has_no_decoder, has_no_density)
    def score_samples(
        self, X: ArrayLike | str | Path, y: ArrayLike | None = None, samples: int = 128
    ) -> NDArray:
        r"""Estimates of :math:`\log p(x)`, or of :math:`\log p(x \mid y)`, in nats.

        They are computed by importance sampling, see
        :func:`~autoencode.evaluation.log_evidence`. For tables, they are densities in the user's
        units. For images, they are densities of intensities from 0 to 1, or probabilities if the
        likelihood is discrete. In tables of mixed columns, levels that the fit did not see have a
        probability, too, see :class:`~autoencode.modalities.MixedTables`.

        Arguments:
            X: The examples.
            y: Their labels or numbers, if the model is conditional.
            samples: The number of codes drawn for each example.

        Returns:
            The estimates, with shape `(N,)`.
        """
        check_is_fitted(self, "model_")

        x, c = self._opened(X, y)
        ll = scores.log_densities(self.model_, self.modality_, x, c, samples, self.seed_)
        return ll.numpy()

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
        check_is_fitted(self, "model_")
        x, c = self._opened(X, y)
        return scores.cell_surprisals(self.model_, self.modality_, x, c, self.seed_).numpy()

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
        modality: Any = self.modality_
        seed = self.seed_
        X, y, *_ = self._read(X, y)

        def filled(R: Any) -> Any:
            return as_given(modality, modality.fill(X, R), X)

        def means(model: Model, x: Tensor) -> Tensor:
            return imputation.posterior_mean(model, x, seed, mean=modality.mean_given)

        if n == 0:
            return filled(restore_mean(modality, self._map_data(means, X, y)))

        with _seeded(random_state):
            z = self._map_data(lambda m, x: imputation.sample_posterior_codes(m, x, n, seed), X, y)
            draws = [self._new_examples(codes, y) for codes in z.unbind(dim=1)]

        return [filled(modality.restore(x)) for x in draws]

    @_can_decode
    def score(self, X: ArrayLike | str | Path, y: ArrayLike | None = None) -> float:
        r"""Mean score for grid search and cross-validation; higher is better.

        Arguments:
            X: The examples.
            y: Their labels or numbers, if the model is conditional. Otherwise, they are ignored,
                as in `fit`, because grid search always passes them on.

        Returns:
            The mean of `score_samples`; without a density, minus the mean of the squared errors.
            For tables, these are errors of scaled columns: unlike in `reconstruction_error`, no
            column counts more because of its unit. With `Tables("whole")` or `"none"`, they are
            errors of the data as scaled by this setting.
        """
        check_is_fitted(self, "model_")
        y = None if self.context_ is None else y

        if hasattr(self, "score_samples"):
            return float(np.mean(self.score_samples(X, y)))

        check_is_fitted(self, "model_")

        x, c = self._opened(X, y)
        errors = scores.reconstruction_errors(self.model_, self.modality_, x, c, scaled=True)
        return -float(errors.mean())

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
        modality: Any = self.modality_
        cells = has_no_cells("sample(conditions=..., missing=...)", Conditionable)

        if (conditions is not None or missing) and (why := cells(self._abilities)):
            raise ValueError(why)

        part = None if conditions is None else modality.template(conditions, n)

        with _seeded(random_state):
            z = self._prior_codes(n) if part is None else self._fitting(part, y)
            x = self._new_examples(z, y)
            X = restore_new(modality, modality.hide(x) if missing else x)

        return as_given(modality, X if part is None else modality.fill(part, X))

    # Tensors for torch

    def preprocess(self, X: ArrayLike | str | Path, y: ArrayLike | None = None) -> Examples:
        r"""Scales examples to the tensors that the networks see, in the layout of torch.

        Arguments:
            X: The examples.
            y: Their labels or numbers, if the model is conditional.

        Returns:
            The examples as `target`, with shape `(N, *shape_)` of the modality, and the labels
            or numbers as `context`.

        Raises:
            ValueError: If the examples are not like those of `fit`.
        """
        check_is_fitted(self, "model_")
        data, y, *_ = self._read(X, y)
        x = self.modality_.load(data)
        c = self._context(y, data, len(x))

        return Examples(self.modality_.normalize(Examples(x)[:].target), None, c)

    # Storage

    def save(self, path: str | Path, encoder_only: bool = False) -> None:
        r"""Saves the model with its preprocessing to one file.

        Arguments:
            path: The file. It is replaced when the new one is complete.
            encoder_only: Whether to leave out the decoder; such a model can only `transform`.

        Raises:
            ValueError: If the file cannot be written, exists and is not a model, or an argument
                cannot be stored.
            OSError: If writing fails, as on a full disk. A previous model in the file is kept.
        """
        check_is_fitted(self, "model_")

        if not encoder_only and (why := has_no_decoder(self._abilities)):
            raise ValueError(why)

        encoding.check_replaceable(path)
        check_writable(path)

        container.write(path, *model_file.pack(self._fitted_state(), type(self), encoder_only))

    # Steps of fit

    def _prepare(self, X: Any, y: ArrayLike | None, corrupted: Any, resume: bool) -> Examples:
        r"""Checks all input, and returns the examples to train on."""
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)

        given, compare = self.get_params(deep=False), self._compare_columns
        self.blueprint_, data, self.seed_ = prepare(given, X, y, corrupted, resume, compare)
        return data

    def _train(self, data: Examples, resume: bool) -> None:
        with seeded(self.seed_):
            training = (self.training or Training()).clone()
            run = FitRun(self.blueprint_, training, data, self.seed_)
            self.model_, self.objective_ = run.model, run.step.objective
            self.training_ = run.training

            for record in run.train(resume):
                self.history_.append(Bunch(**record._asdict()))

            run.finish(self.history_)

    def _restore(self, attributes: dict[str, Any]) -> None:
        r"""Restores an earlier fit."""
        self.__dict__.clear()
        self.__dict__.update(attributes)

    def _fitted_state(self) -> model_file.FittedState:
        r"""Returns the parts of a fit that a file stores."""
        return model_file.FittedState(
            self.fitted_.get_params(deep=False),
            replace(self.blueprint_, likelihood=self.likelihood_),
            self.model_,
            self.training_,
            self.history_,
            self.seed_,
            getattr(self, "n_features_in_", None),
            getattr(self, "feature_names_in_", None),
            self.objective_,
        )

    @classmethod
    def _of_state(cls, state: model_file.FittedState) -> "Autoencoder":
        r"""Returns the estimator of a stored fit."""
        model = cls(**state.arguments)
        model.fitted_ = clone(model)
        model.blueprint_, model.model_ = state.blueprint, state.model
        model.objective_ = cast(Objective, state.objective)  # an encoder alone has none
        model.training_, model.history_, model.seed_ = state.training, state.history, state.seed

        if state.n_features_in is not None:
            model.n_features_in_ = state.n_features_in

        if state.feature_names_in is not None:
            model.feature_names_in_ = state.feature_names_in

        return model

    # Abilities

    @property
    def _abilities(self) -> Abilities:
        if (fitted := self.__dict__.get("blueprint_")) is None:
            given = self.modality, self.posterior, self.prior, self.objective
            return Abilities.before_fit(*given, self.conditional)

        model = self.__dict__.get("model_")
        return Abilities.of_fit(fitted, decodes=model is None or model.decoder is not None)

    # Derived attributes

    @property
    def encoder_(self) -> Conditional:
        check_is_fitted(self, "model_")
        return self.model_.encoder

    @property
    def _n_features_out(self) -> int:
        return self.model_.encoder.event[0]

    # Conversion of data

    def _read(self, X: Any, y: Any = None, whole: bool = False) -> inputs.Loaded:
        r"""Reads examples from any input, with labels if the input holds some."""
        found = inputs.read(X, self.modality_, whole=whole)
        found = self._compare_columns(found, self.modality_)

        if not whole:
            found = found._replace(X=examples(self.modality_, found.X))

        return found._replace(y=y) if self.context_ is None else inputs.join_labels(found, y)

    def _compare_columns(
        self, found: inputs.Loaded, kinds: inputs.ModalityChoice, reset: bool = False
    ) -> inputs.Loaded:
        r"""Compares the columns of a table with those of the fit, or learns them."""
        if not found.tabular:
            return found

        X, names = found.X, found.header

        with warnings.catch_warnings():
            if names is not None:  # the array has no names, so they are compared below
                warnings.filterwarnings("ignore", "X does not have valid feature names")

            if is_frame(X) and inputs.is_accepted(X, kinds):  # cells are looked at there
                validate_data(self, X, reset=reset, skip_check_array=True)
            else:
                X = validate_data(self, X, reset=reset, dtype="numeric", ensure_all_finite=False)

        if names is not None and reset:
            self.feature_names_in_ = np.array(names, object)
        else:
            inputs.check_names(getattr(self, "feature_names_in_", []), names)

        return found._replace(X=X if is_frame(X) else stored_by_row(X))

    def _load(self, X: NDArray) -> Tensor:
        r"""Returns examples as loaded; those of a memory-mapped file stay in the file."""
        return on_disk(self.modality_.load(X), X)

    def _context(self, y: ArrayLike | None, X: Any, n: int) -> Tensor | None:
        r"""Returns the context of examples; each window has the context of its example."""
        return encode_context(self.context_, follow(y, X), n, True)

    def _codes(self, Z: ArrayLike) -> Tensor:
        z = torch.tensor(check_array(inputs.tensor_to_numpy(Z), dtype=np.float32))

        if z.shape[1] != self._n_features_out:
            raise ValueError(
                f"expected codes of {self._n_features_out} numbers, got shape {tuple(z.shape)}."
            )

        return z

    # Evaluation of the networks

    def _prior_codes(self, n: int) -> Tensor:
        z = self.model_.prior().sample((n,))
        return self.model_.posterior.project(z).cpu()

    def _new_examples(self, z: Tensor, y: ArrayLike | None) -> Tensor:
        c = encode_context(self.context_, y, len(z))
        return map_batches(self.model_, lambda m, z: self.modality_.draw(m.decode(z)), z, c)

    def _fitting(self, part: Any, y: ArrayLike | None) -> Tensor:
        r"""Samples codes for several examples with the same given cells."""
        x = self.modality_.normalize(self.modality_.load(part)[:1])
        c = encode_context(self.context_, y, 1)

        def draw(model: Model, x: Tensor) -> Tensor:
            return imputation.sample_codes_from_prior(model, x, len(part))[None]

        return map_batches(self.model_, draw, x, c)[0]

    def _opened(self, X: Any, y: ArrayLike | None) -> tuple[Tensor, Tensor | None]:
        r"""Returns examples as loaded, and their context."""
        check_is_fitted(self, "model_")
        X, y, *_ = self._read(X, y)
        x = self._load(X)

        return x, self._context(y, X, len(x))

    def _map_data(self, function: BatchFunction, X: Any, y: ArrayLike | None) -> Tensor:
        return self._map_rows(function, *self._opened(X, y))

    def _decode(self, model: Model, z: Tensor) -> Tensor:
        return mean(self.modality_, model.decode(z))

    def _restore_rows(
        self, run: Callable[[BatchFunction], Tensor], function: BatchFunction
    ) -> Any:
        r"""Computes means of examples, and returns them in the user's scale and type."""
        return map_restored(run, function, lambda x: restore_mean(self.modality_, x))

    def _map_windows(
        self, function: BatchFunction, X: Any, y: ArrayLike | None
    ) -> tuple[Tensor, Windows]:
        r"""Applies a function to the windows of examples, and returns results and windows."""
        check_is_fitted(self, "model_")
        data, y, *_ = self._read(X, y, whole=True)
        windows = X if isinstance(X, Windows) else self._windows(data)
        c = self._context(y, None, len(windows.counts))

        if c is not None:
            c = c.repeat_interleave(torch.tensor(windows.counts), dim=0)

        return self._map_rows(function, self._load(windows), c), windows

    def _windows(self, X: Any) -> Windows:
        if not isinstance(self.modality_, Windowed):
            raise ValueError(
                f"there are no windows to pool of {self.modality_}: each example has one row"
                " anyway. Leave out pool_windows=True (command line: --pool-windows)."
            )

        return self.modality_.windows(X)

    def _in_own_size(self, X: Any, y: ArrayLike | None) -> Iterator[NDArray]:
        r"""Yields images in their own size, one after the other."""
        images = own_size.images_of(X)
        c = encode_context(self.context_, y, len(images), True)

        for i, image in enumerate(map(inputs.tensor_to_numpy, images)):
            one = None if c is None else c[i : i + 1]
            yield own_size.reconstruct_in_own_size(self.blueprint_, self.model_, image, one)

    def _map_rows(self, function: BatchFunction, x: Tensor, c: Tensor | None) -> Tensor:
        return map_scaled(self.model_, self.modality_, function, x, c)


@contextlib.contextmanager
def _seeded(random_state: int | np.random.RandomState | None) -> Iterator[None]:
    r"""Seeds torch within a `with` block."""
    with seeded(int(check_random_state(random_state).randint(2**31))):
        yield


def load(
    path: str | Path,
    encoder_only: bool = False,
    trusted: str | type | Callable | Sequence[str | type | Callable] = (),
) -> Autoencoder:
    r"""Load a model from a file. No code in the file is executed.

    Arguments:
        path: The file.
        encoder_only: Whether to load the encoder alone; such a model can only `transform`.
        trusted: Networks, objectives or functions from outside this library that the model may
            use, or their import paths.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, of a newer version, not a model of this library, or uses
            something that is not trusted.

    See Also:
        :class:`~autoencode.Autoencoder`

    Example:
        >>> import tempfile
        >>> from sklearn.datasets import load_iris
        >>> from autoencode import linear
        >>> X = load_iris().data
        >>> model = linear(latent_dim=2).fit(X)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/iris.ae")
        ...     load(f"{folder}/iris.ae").transform(X).shape
        (150, 2)
    """
    trusted = trusted if isinstance(trusted, Sequence) else [trusted]
    trusted = [trusted] if isinstance(trusted, str) else trusted

    with container.opened(path) as stored:
        try:
            return Autoencoder._of_state(
                model_file.unpack(Autoencoder, stored, trusted, encoder_only)
            )
        except ImportError:  # the model needs a missing package
            raise
        except Exception as error:  # an untrusted document may cause any error
            said = " ".join(str(error).split())[:600].rstrip(".") or type(error).__name__
            what = "cannot be loaded" if isinstance(error, ValueError) else "is damaged"
            raise ValueError(f"'{path}' {what}: {said}.") from None
