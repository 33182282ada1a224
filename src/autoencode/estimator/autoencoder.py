r"""Autoencoders with the interface of scikit-learn."""

__all__ = ["Autoencoder"]

import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import Bunch, Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ..blueprint import arguments, checks
from ..common import container
from ..common.atomic_files import check_writable
from ..common.seeding import seeded
from ..corruptions import Corruption
from ..data import is_stream, read_stream
from ..distributions import Family
from ..fitting.freezing import check_freeze
from ..fitting.preparation import Prepared, prepare
from ..fitting.reading import FitInput
from ..fitting.run import FitRun
from ..fitting.starting import open_arguments
from ..modalities import ContinuousContext, Labels, Modality
from ..networks import Modules, Network
from ..networks.modules import as_network
from ..objectives import Objective
from ..persistence import encoding, model_file
from ..persistence.model_file import FittedState
from ..priors import Prior
from ..training.solver import Solver
from ..training.state import EpochRecord
from ..training.trainer import Training
from .availability import (
    has_no_decoder,
)
from .forecast_methods import ForecastMethods
from .model_files import read_state
from .recommend_methods import RecommendMethods
from .sample_methods import SampleMethods
from .score_methods import ScoreMethods
from .transform_methods import TransformMethods

log = logging.getLogger(__name__)


class Autoencoder(
    ForecastMethods, RecommendMethods, ScoreMethods, SampleMethods, TransformMethods
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
        modality: The kind of data, or a list of kinds, of which the first that accepts the data is
            used; by default guessed from the data.
        network: The architecture of encoder and decoder; by default that of the modality. It may
            be a pair of plain torch modules, trained or not, see
            :class:`~autoencode.networks.Modules`.
        posterior: The family of :math:`q(z \mid x)`; by default that of the objective.
        likelihood: The family of :math:`p(x \mid z)`; by default chosen by the modality from the
            data.
        prior: The distribution :math:`p(z)`, or `"best"`, with which held-out codes choose among
            several, see :class:`~autoencode.priors.BestPrior`; by default that of the objective.
            For :class:`~autoencode.objectives.ELBO` it is a :class:`~autoencode.priors.Mixture`,
            which is fitted to the codes after the training; with `conditional`, a
            :class:`~autoencode.priors.ConditionalMixture`.
        corruption: The corruption of the encoder's input in training: a
            :class:`~autoencode.corruptions.Corruption` or a function from tensor to tensor.
        conditional: Whether to model `X` given `y`, :math:`p(x, z \mid y)`; or
            :class:`~autoencode.modalities.Labels` or
            :class:`~autoencode.modalities.ContinuousContext`, to fix the kind of `y`.
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
        prior_: The prior, given or chosen; the fitted prior is `model_.prior`.
        context_: The kind of `y`, or `None`.
        fitted_: A copy of the estimator with its arguments at the time of `fit`.
        training_: The training method with all choices resolved, such as device and precision.
        history_: One record per epoch, see :class:`~autoencode.training.EpochRecord`.
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
        network: Network | nn.Module | tuple[Any, Any] | None = None,
        posterior: Family | None = None,
        likelihood: Family | None = None,
        prior: Prior | Literal["best"] | None = None,
        corruption: Corruption | Callable[[Tensor], Tensor] | None = None,
        conditional: bool | Labels | ContinuousContext = False,
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
        tags.transformer_tags.preserves_dtype = ["float32"]  # codes are always float32
        kinds = self.modality if isinstance(self.modality, (list, tuple)) else [self.modality]
        tags.input_tags.sparse = any(getattr(kind, "takes_sparse", False) for kind in kinds)

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
        groups: ArrayLike | str | Path | None = None,
        start: "Autoencoder | str | Path | None" = None,
        freeze: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | str | Path | None = None,
        validation: Any = None,
        after_epoch: Callable[[EpochRecord], bool | None] | None = None,
    ) -> "Autoencoder":
        r"""Fits the model to examples.

        All input is checked before the training. Invalid input leaves an earlier fit unchanged. A
        fit that is interrupted from the keyboard after at least one epoch keeps the best model so
        far.

        Arguments:
            X: Rows of numbers, with shape `(N, D)`; images, with shape `(N, H, W)` or
                `(N, H, W, C)`; sounds, series, texts or data frames; the path of a file or folder,
                or a list of files; or a data set of torch or Hugging Face, or any other iterable
                of examples, with or without labels. Data in files may be larger than memory.
            y: With `conditional`, a label or a row of numbers for each example. By default, these
                are the labels that came with the examples; for a folder, the names of its
                subfolders. Labels of files may be given by file name: as a mapping or series, or
                as a table with a column of file names. Without `conditional`, `y` is ignored.
            corrupted: Damaged versions of the examples, which the encoder sees in place of `X`.
                Files in two folders or lists are paired by their names without suffixes. A file
                without a readable partner is left out, and named in the log. Arrays must be in
                the same order. A `corruption` has no effect on damaged versions.
            resume: Whether to continue from the checkpoint of `Training(checkpoint_dir=...)`, if
                there is one. On a CPU, the result is the same, to the bit, as without the
                interruption. A finished training continues if `epochs` or `time_budget` is larger.
            groups: The group of each example, such as its patient, in any form that `y` may have.
                Whole groups are held out for validation. For cross-validation, use the same groups
                with `sklearn.model_selection.GroupKFold`.
            start: A trained model, or its file, whose weights and scales of the data the training
                starts from. Arguments that are `None` (`conditional`: `False`) are those of the
                start. Code size, kind of data, network, posterior, likelihood and `conditional`
                must agree with it; objective, prior, corruption and training may differ. Its
                losses are the record of epoch 0 in `history_`, and its weights are kept if no
                epoch has a lower validation loss.
            freeze: The parts of the model that keep the weights of the start: `"encoder"`,
                `"decoder"`, `"prior"`, or names as in `model_.named_parameters()`. It also keeps
                trained modules that are given as `network=(encoder, decoder)`.
            sample_weight: The weight of each example in the loss, in any form that `y` may have.
                An example of weight two counts like two examples, and one of weight zero is left
                out. Validation losses are weighted, too. The loss must be a sum over examples.
            validation: The validation examples, or a pair `(X, y)` of them and their labels. By
                default, a part of `X` is held out, see :class:`~autoencode.Training`.
            after_epoch: A function that gets the :class:`~autoencode.training.EpochRecord` of each
                epoch, and ends the training by returning `True`. With `resume`, it gets the
                records of earlier epochs again.

        Raises:
            TypeError: If an argument is of the wrong kind.
            ValueError: If data or arguments are not as described.
            FloatingPointError: If the loss does not stay finite.
        """
        state = None if start is None else self._state_of_start(start)
        modules = isinstance(as_network(self.network), Modules)
        frozen = check_freeze(freeze, state is not None or modules)
        _check_callback(after_epoch)
        before = self.__dict__.copy()
        self.history_ = []

        try:
            beside = {"sample_weight": sample_weight, "validation": validation}
            data = self._prepare(X, y, corrupted, resume, groups, state, **beside)
            self.fitted_ = clone(self)  # later changes of arguments do not affect it

            if state is not None:
                taken = open_arguments(self.get_params(deep=False), state)
                self.fitted_ = clone(type(self)(**taken))

            self._train(data, resume, state, frozen, after_epoch)
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

    # Storage

    def save(self, path: str | Path, encoder_only: bool = False) -> None:
        r"""Saves the model with its preprocessing to one file.

        Arguments:
            path: The file. It is replaced when the new file is complete.
            encoder_only: Whether to leave out the decoder; such a model can only `transform`.

        Raises:
            ValueError: If the file cannot be written, exists and is not a model, or an argument
                cannot be stored.
            OSError: If writing fails, for example on a full disk. An earlier model is kept.
        """
        check_is_fitted(self, "model_")

        if not encoder_only and (why := has_no_decoder(self._abilities)):
            raise ValueError(why)

        encoding.check_replaceable(path)
        check_writable(path)

        container.write(path, *model_file.pack(self._state(), type(self), encoder_only))

    # Steps of fit

    def _state_of_start(self, start: Any) -> FittedState:
        r"""Returns the parts of the trained model that a fit starts from."""
        if isinstance(start, (str, Path)):
            return read_state(Autoencoder, start)

        if not isinstance(start, Autoencoder):
            raise TypeError(
                f"expected start as a trained model or its file, got {type(start).__name__}."
            )

        if "model_" not in vars(start):
            raise ValueError("expected start as a trained model, got one that is not fitted.")

        return start._state()

    def _prepare(
        self,
        X: Any,
        y: ArrayLike | None,
        corrupted: Any,
        resume: bool,
        groups: Any = None,
        start: FittedState | None = None,
        sample_weight: Any = None,
        validation: Any = None,
    ) -> Prepared:
        r"""Checks all input, and returns what a training needs."""
        known = {
            "n_features_in_": start and start.n_features_in,
            "feature_names_in_": None if start is None else start.feature_names_in,
        }

        for name, value in known.items():
            self.__dict__.pop(name, None)

            if value is not None:
                setattr(self, name, value)

        given = self.get_params(deep=False)
        rows = FitInput(X, y, corrupted, groups, sample_weight, validation)
        prepared = prepare(given, rows, resume, self._compare_columns, start)
        self.blueprint_, self.seed_ = prepared.blueprint, prepared.seed
        return prepared

    def _train(
        self,
        prepared: Prepared,
        resume: bool,
        start: FittedState | None = None,
        freeze: Sequence[str] = (),
        after_epoch: Callable[[EpochRecord], bool | None] | None = None,
    ) -> None:
        with seeded(self.seed_):
            training = (self.fitted_.training or Training()).clone()
            parts = prepared.data, self.seed_, start, freeze, prepared.held_out
            run = FitRun(self.blueprint_, training, *parts)
            choices = self.blueprint_
            checks.check_prior(self.prior, choices.generates, choices.objective)
            self.model_, self.objective_ = run.model, run.step.objective
            self.training_ = run.training

            with contextlib.closing(run.train(resume)) as records:
                for record in records:
                    self.history_.append(Bunch(**record._asdict()))

                    if after_epoch is not None and _stops(after_epoch(record)):
                        log.info("after_epoch ended the training after epoch %d.", record.epoch)
                        break

            run.finish(self.history_)

    def _restore(self, attributes: dict[str, Any]) -> None:
        r"""Restores an earlier fit."""
        self.__dict__.clear()
        self.__dict__.update(attributes)


def _check_callback(after_epoch: Any) -> None:
    if after_epoch is not None and not callable(after_epoch):
        raise TypeError(
            f"expected after_epoch as a function of the record of an epoch, got {after_epoch!r}."
        )


def _stops(answer: Any) -> bool:
    r"""Tells whether the answer of `after_epoch` ends the training."""
    if answer is None or isinstance(answer, (bool, np.bool_)):
        return bool(answer)

    raise TypeError(
        f"expected after_epoch to return True, to end the training, or False or None, got"
        f" {type(answer).__name__}."
    )
