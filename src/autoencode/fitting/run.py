r"""Training of the model of a blueprint, its prior, and warnings about failures."""

__all__ = ["FitRun"]

import logging
from collections.abc import Generator, Sequence
from typing import Any

from torch import Tensor

from ..blueprint import Blueprint
from ..common.failures import warn
from ..common.seeding import seed_torch
from ..data import Examples
from ..inference import training_set
from ..modalities.capabilities import Calibrated, ResidualFitted
from ..objectives import Objective
from ..persistence.model_file import FittedState
from ..priors import Prior
from ..training.checkpoints import fingerprint
from ..training.failures import find_failures
from ..training.linear.linear_start import linear_start
from ..training.solver import Solver
from ..training.state import EpochRecord
from ..training.trainer import Training
from .calibration import calibrate
from .freezing import Frozen
from .starting import copy_weights
from .streams import Stream

log = logging.getLogger(__name__)

_MIN_EXAMPLES_TO_JUDGE = 5


class FitRun:
    r"""Training of the model of a blueprint.

    All random numbers come from torch's generator. An estimator creates, iterates and finishes a
    run within one block of :func:`~autoencode.common.seeding.seeded`.

    Arguments:
        blueprint: All resolved choices.
        training: The training method.
        data: The examples to train on, some of which are held out for validation.
        seed: The seed of the steps after the training, the same if the training was resumed.
        start: A trained model, whose weights are copied. A prior of the same kind is copied, too.
        freeze: The names of the parts that the training leaves as they are.
        held_out: The validation examples. By default, a part of the data is held out.
        stream: The passes before this one, if the data are a part of a stream.

    Attributes:
        model: The model.
        step: The loss of minibatches.
        training: The training method with all choices resolved.

    Example:
        >>> import autoencode as ae
        >>> from sklearn.datasets import load_wine
        >>> X = load_wine().data
        >>> model = ae.linear(2).fit(X)
        >>> data = Examples(model.modality_.load(X))
        >>> run = FitRun(model.blueprint_, ae.LeastSquares(), data, seed=0)
        >>> len([*run.train()])
        1
    """

    def __init__(
        self,
        blueprint: Blueprint,
        training: Solver,
        data: Examples,
        seed: int,
        start: FittedState | None = None,
        freeze: Sequence[str] = (),
        held_out: Examples | None = None,
        stream: Stream | None = None,
    ) -> None:
        self.blueprint, self.seed, self.whole = blueprint, seed, data
        n = training.n_held_out(len(data)) if held_out is None else 0
        self.data, part = data.hold_out(n)
        self.data, self.held_out = self.data.with_mean_weight_one(), held_out or part
        self.model = blueprint.build()
        self.stream = stream
        seen = stream.n_examples if stream else 0
        self.step = blueprint.train_step(self.model, seen + len(self.data))
        self.training = training.resolve(len(self.data), blueprint.training_defaults())
        self.trained = start is not None
        self.copied = copy_weights(self.model, self.step.objective, start)
        self.frozen = Frozen(self.model, freeze)
        self.step.frozen = (*self.frozen.modules,)

        if self.trained or freeze:
            weights = fingerprint(*self.model.state_dict().values())
            self.step.origin = f"weights {weights}, frozen: {', '.join(freeze) or 'nothing'}"

        if stream and self.trained:
            self.step.moments, self.step.schedules_over = stream.moments, True

        # With too few examples to judge a training, the linear model is the safer choice
        few = self.held_out is None or len(self.held_out) < _MIN_EXAMPLES_TO_JUDGE
        self.unjudged = few and training.validation_fraction is None
        by_steps = isinstance(training, Training) and not self.trained
        self.start = linear_start(self.step) if by_steps else None

    def train(self, resume: bool = False) -> Generator[EpochRecord]:
        r"""Trains the model, and yields a record after each epoch.

        Arguments:
            resume: Whether to continue from the checkpoint, if there is one.
        """
        log.info("%s", self.blueprint.describe(len(self.data), len(self.held_out or ())))

        def inputs() -> Any:
            return training_set.some_inputs(self.model, self.blueprint.modality, self.data)

        if isinstance(prior := self.model.prior, Prior) and not self.copied.prior:
            prior.start(inputs)

        for part in self.step.objective.modules():
            if isinstance(part, Objective) and not self.copied.objective:
                part.start(lambda: inputs()[0])

        if self.start:
            begun = self.start.begin(self.data, self.held_out, self.seed)
            log.info("training starts at %s.", begun)

        # Solvers from outside of this library need not know of trained weights
        trained = {"trained": True} if self.trained and not self.stream else {}
        passes = self.stream.epoch if self.stream else 0

        try:
            records = self.training.train(self.step, self.data, self.held_out, resume, **trained)

            for record in records:
                yield record._replace(epoch=record.epoch + passes)
        finally:
            self.frozen.release()

    def finish(self, history: Sequence[Any]) -> None:
        r"""Chooses between trained and linear model, fits the prior, and warns about failures.

        Arguments:
            history: The records of all epochs.
        """
        modality, start = self.blueprint.modality, self.start
        self.step.advance(1)
        untouched = self.trained and history[-1]["epoch"] == 0  # nothing was trained

        if start and (self.unjudged or self._is_worse()):
            log.info("training does not improve on %s, which is kept.", start.set(self.whole))

        keeps_prior = self.copied.prior and (untouched or self.frozen.prior)

        if isinstance(prior := self.model.prior, Prior) and not keeps_prior:
            seed_torch(self.seed)  # the same after a resumed training
            self._fit_prior(prior)

        seed_torch(self.seed)

        if isinstance(modality, ResidualFitted) and not untouched:
            residuals = training_set.squared_residuals
            modality.fit_residuals(lambda: residuals(self.model, modality, self.whole))

        if isinstance(modality, Calibrated) and self.blueprint.has_density and not untouched:
            calibrate(self.model, modality, self.whole, self.seed)

        if self.stream:  # one pass says little about a training
            return

        seed_torch(self.seed)
        family = self.blueprint.build_likelihood()
        given = self.data, self.held_out, history, self.training

        fixed_code = self.blueprint.network.code_size(modality.shape_) is not None

        for _, failure in find_failures(self.step, modality, family, *given, fixed_code):
            warn(failure)

    def _fit_prior(self, prior: Prior) -> None:
        def codes() -> Tensor:
            return training_set.draw_codes(self.model, self.blueprint.modality, self.whole)

        if prior.conditional and prior.fits:
            prior.fit(codes, training_set.contexts(self.whole))
        else:
            prior.fit(codes)

    def _is_worse(self) -> bool:
        r"""Returns whether the trained model is worse than the linear one on held-out examples."""
        if self.start is None or not self.held_out:
            return False

        return not self.start.is_beaten(self.held_out, self.seed)
