r"""Autoencoders with the interface of scikit-learn."""

__all__ = ["Autoencoder"]

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import Bunch, Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..blueprint import arguments, checks
from ..common import container
from ..common.atomic_files import check_writable
from ..common.seeding import seeded
from ..corruptions import Corruption
from ..data import Examples, is_stream, read_stream
from ..distributions import Family
from ..fitting.preparation import prepare
from ..fitting.run import FitRun
from ..inference import codes, generation, own_size, scores
from ..modalities import Modality, encode_context
from ..modalities import pool as mean_of_windows
from ..modalities.capabilities import (
    CellScored,
    Conditionable,
    Imputable,
    Tiled,
    Windowed,
)
from ..modalities.capabilities.scales import restore_mean
from ..modalities.capabilities.tables import as_given
from ..networks import Network
from ..objectives import Objective
from ..persistence import encoding, model_file
from ..priors import Prior
from ..training.step import TrainStep, evaluate
from ..training.trainer import Solver, Training
from .availability import (
    Abilities,
    available_unless,
    has_no_cells,
    has_no_decoder,
    has_no_density,
    has_no_samples,
)
from .reading import ExampleReader, draw_seed

log = logging.getLogger(__name__)

_can_decode = available_unless(has_no_decoder)


class Autoencoder(ExampleReader, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
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
        self.history_ = []

        try:
            data = self._prepare(X, y, corrupted, resume)
            self.fitted_ = clone(self)  # later changes of arguments do not affect it
            self._train(data, resume)
        except BaseException as error:
            if not self.history_:
                self._restore(before)
                raise

            if not isinstance(error, KeyboardInterrupt):
                raise

            log.warning("interrupted after epoch %d; keeping the model.", len(self.history_))

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
        if indices:
            return codes.codebook_indices(*self._open(X, y)).numpy()

        if not pool_windows:
            return codes.encode_means(*self._open(X, y)).numpy()

        opened, windows = self._open_windows(X, y)
        return mean_of_windows(codes.encode_means(*opened).numpy(), windows)

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
        z = self._open_codes(Z)
        c = encode_context(self.context_, y, len(z))

        return as_given(self.modality_, codes.decode_means(self.model_, self.modality_, z, c))

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

        if full_size and isinstance(self.modality_, Tiled):
            R = [*self._in_own_size(X, y)]
            return np.stack(R) if len({(r.shape, r.dtype) for r in R}) == 1 else R

        if not (full_size and isinstance(self.modality_, Windowed)):
            return as_given(self.modality_, codes.reconstruct_means(*self._open(X, y)), X)

        opened, windows = self._open_windows(X, y)
        r = codes.reconstruct_scaled(*opened)
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
        return scores.reconstruction_errors(*self._open(X, y)).numpy()

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
        model, modality, x, c = self._open(X, y)
        step = TrainStep(model, self.objective_, normalize=modality.normalize)

        with seeded(self.seed_):
            return evaluate(step, Examples(x, None, c).split())

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
        return scores.log_densities(*self._open(X, y), samples, self.seed_).numpy()

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

        errors = scores.reconstruction_errors(*self._open(X, y), scaled=True)
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
        cells = has_no_cells("sample(conditions=..., missing=...)", Conditionable)

        if (conditions is not None or missing) and (why := cells(self._abilities)):
            raise ValueError(why)

        with seeded(draw_seed(random_state)):
            return generation.sample(self.blueprint_, self.model_, n, y, conditions, missing)

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
        *_, x, c = self._open(X, y)
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

        container.write(path, *model_file.pack(self._state(), type(self), encoder_only))

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

    # Abilities

    @property
    def _abilities(self) -> Abilities:
        if (fitted := self.__dict__.get("blueprint_")) is None:
            given = self.modality, self.posterior, self.prior, self.objective
            return Abilities.before_fit(*given, self.conditional)

        model = self.__dict__.get("model_")
        return Abilities.of_fit(fitted, decodes=model is None or model.decoder is not None)
