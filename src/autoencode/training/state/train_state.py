r"""Training state: steps, epochs, rolling back, and the state dictionary of checkpoints."""

__all__ = ["TrainState"]

import logging
import math
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol, cast

import torch
from torch import Tensor

from ...data import Batches, Examples
from ..adamw import AdamW
from ..replicas import Processes, Replica, SpreadUpdate
from ..schedule import Schedule
from ..step import RunningMeans, TrainStep, evaluate
from ..update import CompiledUpdate, EagerUpdate
from .divergence import describe_divergence, divergence_message
from .documents import MAX_ROLLBACKS, check_document, check_weights
from .generators import random_state, set_random_state
from .records import EpochRecord
from .resume_settings import difference, is_longer

log = logging.getLogger(__name__)

_MAX_SKIPPED_FRACTION = 0.1
_STEPS_BETWEEN_FLUSHES = 128
_MAX_START_EXAMPLES = 2048  # training examples that measure weights of an earlier training

# Returns the losses on the validation examples, empty if there are none, and measures of codes
Measure = Callable[[], tuple[dict[str, float], dict[str, float]]]


class TrainingOptions(Protocol):
    r"""The options of :class:`~autoencode.Training` that a training state depends on."""

    epochs: int | None
    learning_rate: float | None
    weight_decay: float
    max_grad_norm: float | None
    ema_decay: float | None
    gradient_accumulation: int
    patience: int | None
    time_budget: float | str | None
    compile: Literal["auto", True, False]


class TrainState:
    r"""State of a model, its optimizer and its records during a training.

    Within an epoch, no number is copied from the device to the host: steps with a loss or gradient
    that is not finite are skipped by the optimizer, and counted on the device.

    Arguments:
        training: The options, all resolved.
        train_step: The model and its objective.
        batches: The minibatches to train on.
        processes: The processes that share the work.
        now: A clock that all of them agree on.
    """

    def __init__(
        self,
        training: TrainingOptions,
        train_step: TrainStep,
        batches: Batches,
        processes: Processes = Processes(),
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.training = training
        self.train_step = train_step
        self.batches = batches
        self.processes = processes

        n_steps = None if training.epochs is None else training.epochs * len(batches)
        self.schedule = Schedule(n_steps, training.time_budget, now)

        self.optimizer = AdamW(
            train_step,
            cast(float, training.learning_rate),
            training.weight_decay,
            {f"objective.{k}": v for k, v in train_step.objective.lr_factors.items()},
        )
        self.replica: Replica | None = None
        self.update: EagerUpdate | CompiledUpdate | SpreadUpdate
        options = training.max_grad_norm, training.gradient_accumulation

        if processes.several:
            self.replica = Replica(train_step, batches.examples, processes)
            self.update = SpreadUpdate(self.replica, self.optimizer, *options)
        elif training.compile is True:
            self.update = CompiledUpdate(train_step, self.optimizer, training.max_grad_norm)
        else:
            self.update = EagerUpdate(train_step, self.optimizer, *options)

        self.averages = [
            p.detach().clone() for p in self.optimizer.parameters if training.ema_decay is not None
        ]

        self.step = 0  # the number of steps done
        self.records: list[EpochRecord] = []
        self.finite: Tensor  # one flag for each step of the epoch; true for steps to come
        self.best_loss, self.epochs_since_best, self.rollbacks = math.inf, 0, 0
        self.skipped = 0  # the number of skipped steps in attempts that were rolled back
        self.best_weights: dict[str, Tensor] = {}
        self._begin_epoch()

    # Steps and epochs

    def remaining_steps(self) -> Iterator[None]:
        r"""Makes the remaining steps of the epoch, and yields after each."""
        self.train_step.train()

        own = self.update.own if isinstance(self.update, SpreadUpdate) else None

        for batch in self.batches.iterate(self.order, self.step - self.epoch_start, own):
            self._make_step(batch)
            yield

            if self.schedule.out_of_time():
                break

    def examples_seen(self) -> int:
        r"""Returns the number of examples seen so far, repetitions included."""
        return self.step * len(self.batches.examples) // len(self.batches)

    def finished(self) -> bool:
        r"""Returns whether the last epoch is recorded and steps, time or patience have run out."""
        patience = self.training.patience
        impatient = patience is not None and self.epochs_since_best >= patience

        return self.step == self.epoch_start and (self.schedule.finished(self.step) or impatient)

    def record_start(self, measure: Measure) -> None:
        r"""Records the weights of an earlier training as epoch 0, and keeps them as the best.

        The training losses are means over at most 2,048 examples, evenly spaced.

        Arguments:
            measure: Returns the losses on the validation examples, and measures of codes.
        """
        some = self.batches.examples.spread(_MAX_START_EXAMPLES)
        self.train_step.advance(1)
        self._record(0, evaluate(self.train_step, some.split()), measure, skipped=0)
        self._begin_epoch()

    def end_epoch(self, measure: Measure) -> None:
        r"""Records the epoch, and keeps its weights if they are the best so far.

        Arguments:
            measure: Returns the losses on the validation examples, and measures of codes.
        """
        self._swap_averages()
        skipped, self.skipped = self.skipped + int((~self.finite).sum()), 0
        self._record(self.epoch, self.train_losses.compute(), measure, skipped)
        self._swap_averages()
        self._begin_epoch()

    @property
    def epoch(self) -> int:
        r"""The number of the epoch that is under way, from 1."""
        return self.records[-1].epoch + 1 if self.records else 1

    def _record(self, epoch: int, train: dict[str, float], measure: Measure, skipped: int) -> None:
        validation, posterior = measure()
        seconds = self.schedule.elapsed()
        self.records.append(EpochRecord(epoch, train, validation, posterior, seconds, skipped))
        loss = validation.get(self.train_step.objective.selection_term, -math.inf)
        self.epochs_since_best += 1

        # Without validation examples, the last epoch counts as the best
        if not validation or loss < self.best_loss or not self.best_weights:
            self.best_loss, self.epochs_since_best = loss, 0
            self.best_weights = _copy(self.train_step.state_dict())

    def roll_back(self) -> bool:
        r"""Restarts the epoch with half the learning rate if too many of its steps were skipped.

        Returns:
            Whether the epoch was restarted.

        Raises:
            FloatingPointError: If the training was rolled back three times before.
        """
        skipped, made = int((~self.finite).sum()), self.step - self.epoch_start

        if skipped <= _MAX_SKIPPED_FRACTION * made:
            return False

        if self.rollbacks == MAX_ROLLBACKS:
            first = int((~self.finite).nonzero()[0])
            index = self.batches.index(self.order, first)
            epoch, rate = self.epoch - 1, cast(float, self.training.learning_rate)
            cause = describe_divergence(self.train_step, self.batches.examples, index)
            started = bool(self.records) and self.records[0].epoch == 0
            numbers = skipped, made, epoch, rate, started
            raise FloatingPointError(divergence_message(cause, *numbers))

        if self.rollbacks == 0:
            log.warning(
                "%d of %d steps of epoch %d had a loss or gradient that is not finite. Restarting"
                " the epoch with half the learning rate.", skipped, made, self.epoch
            )  # fmt: skip

        self._load_tensors(self.epoch_snapshot)
        self.rollbacks += 1
        self.skipped += skipped
        self.step = self.epoch_start
        self._begin_epoch()

        return True

    def load_best_weights(self) -> None:
        r"""Loads the weights of the best epoch into the model."""
        if self.best_weights:
            self.train_step.load_state_dict(self.best_weights)

    # Checkpoints

    def state_dict(self, settings: dict[str, str]) -> tuple[dict[str, Any], dict[str, Tensor]]:
        r"""Returns the state that an exact continuation needs: numbers, and tensors by name.

        Arguments:
            settings: The data and settings of the training, by name.
        """
        document = {
            "settings": settings,
            "seed": torch.initial_seed(),
            "latent_dim": self.train_step.model.encoder.event[0],
            "step": self.step,
            "epoch_start": self.epoch_start,
            "records": [record._asdict() for record in self.records],
            "best_loss": self.best_loss,
            "epochs_since_best": self.epochs_since_best,
            "rollbacks": self.rollbacks,
            "skipped": self.skipped,
            "seconds": self.schedule.elapsed(),
            "finished": self.finished(),
        }
        groups = {
            "current": self._tensors(),
            "epoch_snapshot": self.epoch_snapshot,
            "best": self.best_weights,
            "losses": self.train_losses.state_dict(),
            "steps": {"finite": self.finite},
            "random": {"current": random_state(), "epoch": self.random_state},
        }

        named = {f"{k}/{name}": t for k, group in groups.items() for name, t in group.items()}

        return document, named

    def load_state_dict(
        self, document: dict[str, Any], tensors: dict[str, Tensor], settings: dict[str, str]
    ) -> None:
        r"""Restores the state that `state_dict` returned.

        Arguments:
            document: The numbers.
            tensors: The tensors by name.
            settings: The data and settings of this training, by name.

        Raises:
            ValueError: If data or settings differ from those of the checkpoint, or the checkpoint
                is damaged.
        """
        check_document(document, len(self.batches))
        longer = document.get("finished") is True and is_longer(document["settings"], settings)

        if (why := difference(document["settings"], settings, longer)) is not None:
            raise ValueError(why)

        try:
            self._restore(document, tensors)
        except (KeyError, TypeError, RuntimeError, AttributeError, IndexError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ValueError(f"cannot resume: the checkpoint is damaged ({reason}).") from None

        if longer:  # the added epochs are not over before they begin
            self.epochs_since_best = 0

    def _restore(self, document: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        groups: dict[str, dict[str, Tensor]] = {}

        for key, tensor in tensors.items():
            group, _, name = key.partition("/")
            groups.setdefault(group, {})[name] = tensor

        self.records = [EpochRecord(**record) for record in document["records"]]
        self.best_loss = document["best_loss"]
        self.epochs_since_best = document["epochs_since_best"]
        self.rollbacks, self.skipped = document["rollbacks"], document["skipped"]
        self.schedule.resume(document["seconds"])
        self.best_weights = groups.get("best", {})
        check_weights(self.best_weights, self.train_step.state_dict())

        # The stored random state gives the same order of minibatches in this epoch
        set_random_state(groups["random"]["epoch"])
        self.step = document["epoch_start"]
        self._load_tensors(groups["epoch_snapshot"])
        self._begin_epoch()

        self.step = document["step"]
        self._load_tensors(groups["current"])
        device = self.finite.device
        losses = {name: t.to(device) for name, t in groups.get("losses", {}).items()}
        self.train_losses.load_state_dict(losses)
        self.finite.copy_(groups["steps"]["finite"])
        set_random_state(groups["random"]["current"])

    # Internals

    def _begin_epoch(self) -> None:
        if self.processes.several:
            # Whatever a process has drawn by itself, the order of the examples is the same
            set_random_state(self.processes.tensors({"": random_state()})[""])

        self.random_state = random_state()
        self.order = self.batches.shuffled()
        self.epoch_start = self.step
        self.train_losses = RunningMeans()
        self.epoch_snapshot = _copy(self._tensors())

        device = self.batches.examples.target.device
        self.finite = torch.ones(len(self.batches), dtype=torch.bool, device=device)

    def _make_step(self, batch: Examples) -> None:
        progress = self.schedule.progress(self.step)
        self.train_step.advance(progress)

        lr_scale = self.schedule.lr_scale(progress) / 2**self.rollbacks

        if isinstance(self.update, SpreadUpdate):
            n = len(self.batches.index(self.order, self.step - self.epoch_start))
            sums, finite = self.update(batch, lr_scale, n)
        else:
            sums, finite = self.update(batch, lr_scale)

        self._update_averages()

        if self.step % _STEPS_BETWEEN_FLUSHES == 0:
            self.optimizer.flush_denormals()

        self.train_losses.add(sums)
        self.finite[self.step - self.epoch_start] = finite
        self.step += 1

    def _update_averages(self) -> None:
        r"""Updates the moving averages of the weights, with a smaller decay at the beginning."""
        if self.training.ema_decay is not None:
            decay = min(self.training.ema_decay, (1 + self.step) / (10 + self.step))
            weights = [p.detach() for p in self.optimizer.parameters]
            torch._foreach_lerp_(self.averages, weights, 1 - decay)

    def _swap_averages(self) -> None:
        r"""Exchanges the weights and their moving averages."""
        for p, average in zip(self.optimizer.parameters, self.averages):
            p.data, average.data = average.data, p.data

    def _tensors(self) -> dict[str, Tensor]:
        return {
            **{f"model.{name}": t for name, t in self.train_step.state_dict().items()},
            **{f"optimizer.{name}": t for name, t in self.optimizer.state_dict().items()},
            **{f"average.{k}": t for k, t in enumerate(self.averages)},
        }

    def _load_tensors(self, tensors: dict[str, Tensor]) -> None:
        groups: dict[str, dict[str, Tensor]] = {"model": {}, "optimizer": {}, "average": {}}

        for key, tensor in tensors.items():
            group, _, name = key.partition(".")
            groups[group][name] = tensor

        self.train_step.load_state_dict(groups["model"])
        self.optimizer.load_state_dict(groups["optimizer"])

        for k, average in enumerate(self.averages):
            average.copy_(groups["average"][str(k)])


def _copy(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.detach().clone() for name, t in tensors.items()}
