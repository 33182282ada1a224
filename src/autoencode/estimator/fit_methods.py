r"""Methods of the estimator that train it."""

__all__ = ["FitMethods"]

import contextlib
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import Bunch

from ..blueprint import checks
from ..common.seeding import seeded
from ..data import is_stream, read_stream
from ..fitting import streams
from ..fitting.freezing import check_freeze
from ..fitting.preparation import Prepared, prepare
from ..fitting.reading import FitInput
from ..fitting.run import FitRun
from ..fitting.starting import open_arguments
from ..networks import Modules
from ..networks.modules import as_network
from ..persistence.model_file import FittedState
from ..training.replicas import join, only_first, present
from ..training.state import EpochRecord
from ..training.trainer import Training
from .availability import available_unless, has_no_decoder, has_no_steps
from .model_files import read_state
from .transform_methods import TransformMethods

log = logging.getLogger(__name__)


class FitMethods(TransformMethods):
    r"""Training on examples, all at once or in parts.

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(20, 4))
        >>> len(ae.vae(2, training=ae.Training(epochs=3)).fit(X).history_)
        3
    """

    def fit(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        corrupted: ArrayLike | str | Path | None = None,
        resume: bool = False,
        groups: ArrayLike | str | Path | None = None,
        start: "FitMethods | str | Path | None" = None,
        freeze: str | Sequence[str] | None = None,
        sample_weight: ArrayLike | str | Path | None = None,
        validation: Any = None,
        after_epoch: Callable[[EpochRecord], bool | None] | None = None,
        context: ArrayLike | str | Path | None = None,
    ) -> Self:
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
            validation: The validation examples; a pair `(X, y)` of them and their labels; or
                `(X, y, corrupted)`, where `y` may be `None`, with their damaged versions. By
                default, a part of `X` is held out, see :class:`~autoencode.Training`.
            after_epoch: A function that gets the :class:`~autoencode.training.EpochRecord` of each
                epoch, and ends the training by returning `True`. With `resume`, it gets the
                records of earlier epochs again.
            context: Labels or numbers in place of `y`, for pipelines whose `y` is the target of
                their last step, see `set_fit_request`.

        Raises:
            TypeError: If an argument is of the wrong kind.
            ValueError: If data or arguments are not as described.
            FloatingPointError: If the loss does not stay finite.
        """
        y = self._given(y, context)
        state = None if start is None else self._state_of_start(start)
        modules = isinstance(as_network(self.network), Modules)
        frozen = check_freeze(freeze, state is not None or modules)
        _check_callback(after_epoch)
        before = self.__dict__.copy()
        self.history_ = []
        self.__dict__.pop("moments_", None)

        try:
            beside = {"sample_weight": sample_weight, "validation": validation}

            with only_first(join()):
                data = self._prepare(X, y, corrupted, resume, groups, state, **beside)
                self._keep_arguments(state)
                self._train(data, resume, state, frozen, after_epoch)
        except BaseException as error:
            if not self.history_:
                self._restore(before)
                raise

            if not isinstance(error, KeyboardInterrupt):
                raise

            log.warning("interrupted after epoch %d; keeping the model.", len(self.history_))

        return self

    @available_unless(has_no_decoder, has_no_steps)
    def partial_fit(
        self,
        X: ArrayLike | str | Path,
        y: ArrayLike | None = None,
        corrupted: ArrayLike | str | Path | None = None,
        sample_weight: ArrayLike | str | Path | None = None,
    ) -> Self:
        r"""Trains in one pass over a part of the examples, such as the newest of a stream.

        The first call chooses everything that depends on the data: kind of data, scales, code size
        and labels. It equals `fit` with `Training(epochs=1, validation_fraction=0)` to the bit.
        Later calls go on from its weights, with the moments of the optimizer, which `save` stores,
        too. No example is kept, so that memory does not grow with the number of calls.

        In each call, the learning rate rises and falls as in a training of one epoch. Schedules of
        weights such as `warmup` end with the first call. A prior that is fitted to codes is fitted
        to those of the call. The arguments of :class:`~autoencode.Training` that need several
        epochs have no effect: `epochs`, `validation_fraction`, `patience`, `time_budget` and
        `checkpoint_dir`.

        Arguments:
            X: The examples, in any form of `fit`. They must fit in memory, or be in a file.
            y: With `conditional`, their labels or numbers. The first call must have all labels.
            corrupted: Damaged versions of the examples, as in `fit`.
            sample_weight: The weights of the examples, relative to others of the same call.

        Raises:
            TypeError: If an argument is of the wrong kind.
            ValueError: If data are not as described, or not like those of the first call.
            FloatingPointError: If the loss does not stay finite. The model stays as it was.

        See Also:
            `fit(X, start=...)`, which starts a whole training from trained weights.
        """
        state = self._state() if "model_" in vars(self) else None
        moments = getattr(self, "moments_", {})
        before = self.__dict__.copy()
        self.history_ = [] if state is None else [*state.history]

        try:
            data = self._prepare(X, y, corrupted, False, None, state, sample_weight)
            self._keep_arguments(state)
            training = streams.one_pass(self.fitted_.training)
            self.seed_, seed = streams.seeds(self.seed_, state)

            with seeded(seed):
                parts = self.blueprint_, training, data.data, seed, state
                run = FitRun(*parts, stream=streams.Stream(moments, state))
                self._check_prior()
                self._run(run, False, None)

            self.moments_ = run.step.moments
        except BaseException:
            self._restore(before)
            raise

        return self

    def fit_transform(self, X: ArrayLike, y: ArrayLike | None = None, **options: Any) -> NDArray:
        r"""Trains on examples and returns their codes, as `fit` and `transform` do."""
        y = self._given(y, options.pop("context", None))

        if is_stream(X):  # may be readable only once
            X, y_read = read_stream(X)
            y = y_read if y is None else y

        return self.fit(X, y, **options).transform(X, y if self.conditional else None)

    def _state_of_start(self, start: Any) -> FittedState:
        r"""Returns the parts of the trained model that a fit starts from."""
        if isinstance(start, (str, Path)):
            return read_state(type(self), start)

        if not isinstance(start, FitMethods):
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
            self._check_prior()
            self._run(run, resume, after_epoch)

    def _run(
        self,
        run: FitRun,
        resume: bool,
        after_epoch: Callable[[EpochRecord], bool | None] | None,
    ) -> None:
        self.model_, self.objective_ = run.model, run.step.objective
        self.training_ = run.training

        with contextlib.closing(run.train(resume)) as records:
            for record in records:
                self.history_.append(Bunch(**record._asdict()))

                if after_epoch is not None and present().first(
                    partial(_asks_to_stop, after_epoch, record)
                ):
                    log.info("after_epoch ended the training after epoch %d.", record.epoch)
                    break

        run.finish(self.history_)
        present().copy_(run.step.state_dict())

    def _check_prior(self) -> None:
        choices = self.blueprint_
        checks.check_prior(self.prior, choices.generates, choices.objective)

    def _keep_arguments(self, start: FittedState | None) -> None:
        r"""Keeps a copy of the arguments, which later changes do not affect."""
        self.fitted_ = clone(self)

        if start is not None:
            taken = open_arguments(self.get_params(deep=False), start)
            self.fitted_ = clone(type(self)(**taken))

    def _restore(self, attributes: dict[str, Any]) -> None:
        r"""Restores an earlier fit."""
        self.__dict__.clear()
        self.__dict__.update(attributes)


def _check_callback(after_epoch: Any) -> None:
    if after_epoch is not None and not callable(after_epoch):
        raise TypeError(
            f"expected after_epoch as a function of the record of an epoch, got {after_epoch!r}."
        )


def _asks_to_stop(after_epoch: Callable[[EpochRecord], Any], record: EpochRecord) -> bool:
    r"""Calls `after_epoch`, and tells whether its answer ends the training."""
    answer = after_epoch(record)

    if answer is None or isinstance(answer, (bool, np.bool_)):
        return bool(answer)

    raise TypeError(
        f"expected after_epoch to return True, to end the training, or False or None, got"
        f" {type(answer).__name__}."
    )
