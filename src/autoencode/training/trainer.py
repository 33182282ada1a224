r"""The training loop.

Training is a generator of records, one per epoch: the caller's `for` is the callback. To
stop early, stop iterating.
"""

__all__ = ["Epoch", "Hints", "Solver", "Training"]

import abc
import copy
import logging
import math
import re
from collections.abc import Iterator
from numbers import Integral
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, TypeVar

import torch
from torch import Tensor

from .. import __version__
from ..common.configurable import Configurable
from ..common.seeding import give_way
from ..data import Batches, Examples
from ..evaluation.measures import information
from .checkpoints import Checkpoint, fingerprint
from .monitors import board, deferred_interrupt, progress_bar, summary
from .schedule import seconds
from .state import Epoch, Run
from .step import Step, evaluate
from .update import has_bfloat16, has_compiler

log = logging.getLogger(__name__)

MOST_EPOCHS = 128  # unless it was said how many
_STEPS, _FEWEST_EPOCHS = 2000, 10
_SMALLEST_BATCH, _BATCH, _LARGEST_BATCH = 16, 128, 512
_MANY = 100_000  # examples, of which larger minibatches learn as much
_HELD_OUT = 2048  # examples, at most, that are held out unless it was said how many
_FEWEST = 10  # examples, of which none is held out
_WORTH_COMPILING = {"cuda": 2_000, "cpu": 20_000}  # steps that save what compiling takes

_WATCHED = 512  # examples, at most, whose codes are looked at after each epoch

Self = TypeVar("Self", bound="Solver")


class Hints(NamedTuple):
    r"""What suits a network and its data, for what a solver leaves open."""

    learning_rate: float = 2e-3
    r"""The learning rate of the network."""

    most_epochs: int = MOST_EPOCHS
    r"""The most passes over the data that do it good."""

    batch_size: int | None = None
    r"""The number of examples in a step that the network wants."""

    one_shape: bool = True
    r"""Whether all minibatches are of one shape, as a compiled step needs."""


class Solver(Configurable, abc.ABC):
    r"""Abstract way to train."""

    validation_fraction: float | None
    r"""The share of the examples that is held out."""

    closed_form: ClassVar[bool] = False
    r"""Whether the least squared error is solved for, whatever the objective is."""

    @abc.abstractmethod
    def held_out(self, n: int) -> int:
        r"""Returns how many of `n` examples are held out."""

    @abc.abstractmethod
    def choose(self: Self, n: int, hints: Hints = Hints()) -> Self:
        r"""Returns a copy in which everything that is left open is decided.

        Arguments:
            n: The number of examples.
            hints: What suits the network and the data.
        """

    @abc.abstractmethod
    def train(
        self,
        step: Step,
        data: Examples,
        validation: Examples | None = None,
        resume: bool = False,
    ) -> Iterator[Epoch]:
        r"""Trains in place, and yields a record after each epoch.

        Arguments:
            step: The model with its objective.
            data: The examples to train on.
            validation: Examples that are only scored.
            resume: Whether to go on from the checkpoint, if there is one.
        """


class Training(Solver):
    r"""Minibatch training with AdamW.

    Beyond 256 inputs, the steps of matrices fall with the root of their number, which lets
    one learning rate serve narrow and wide networks. It rises linearly over the first twentieth
    of the training and falls to zero along a cosine. With validation examples, the weights
    end as those of the epoch with the least validation loss.

    A step whose loss or gradient is not finite is left out. Where many are, training goes
    back to the last good epoch and on with half the learning rate.

    References:
        | Decoupled Weight Decay Regularization (Loshchilov & Hutter, 2019)
        | https://arxiv.org/abs/1711.05101

        | Tensor Programs V: Tuning Large Neural Networks via Zero-Shot Hyperparameter Transfer
          (Yang et al., 2022), for the steps of wide matrices
        | https://arxiv.org/abs/2203.03466

    Arguments:
        epochs: The number of passes over the data; by default enough for some 2,000 steps,
            at least 10 and at most 128, or what the time budget allows.
        batch_size: The number of examples in a step; by default a sixteenth of them, at least 16
            and at most 128, and 512 where there are 100,000 and more.
        learning_rate: The largest learning rate, that of matrices with up to 256 inputs; by
            default that of the network, 0.002 for most.
        weight_decay: The decay of weight matrices, relative to the learning rate.
        max_grad_norm: The largest norm of the gradient; longer ones are shortened to it.
        ema_decay: The decay per step of a running average of the weights, 0.999 for example,
            which then is what is validated and kept.
        gradient_accumulation: The number of parts in which a step is computed, where a minibatch
            is too large for memory.
        validation_fraction: The share of the examples that is held out to be scored after each
            epoch; by default a tenth, a fifth of fewer than 500, at most 2,048 examples, and none
            of fewer than 10. The weights that are kept are those of the best epoch. Zero holds
            out none.
        patience: The number of epochs without a better validation loss before it stops.
        time_budget: The time to train for, in seconds or as text such as `"10m"`; the
            learning rate falls in step with it.
        checkpoint_dir: A folder to keep the state of the training in, for
            `fit(..., resume=True)` to go on from, exactly, after whatever has happened.
        checkpoint_seconds: The least time between two writes.
        device: Where to train, `"cpu"` or `"cuda"`; by default a GPU if there is one.
        precision: `"float32"`; `"bfloat16"` to multiply matrices with fewer digits; or
            `"auto"`, which does so where the device has units for it.
        compile: Whether to compile the step, see :func:`torch.compile`; `"auto"` does
            for 2,000 steps and more on a GPU, 20,000 on a processor, as the first takes up to a
            minute.
        show_progress: Whether to show a progress bar; by default if someone looks at a terminal.
        tensorboard_dir: A folder to write the records to, for TensorBoard to show.

    Raises:
        FloatingPointError: If the loss does not stay finite with smaller steps either; the
            weights are those of the last epoch in which it did.

    Example:
        >>> Training(epochs=3).get_params()["epochs"]
        3
    """

    def __init__(
        self,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        weight_decay: float = 0.05,
        max_grad_norm: float | None = None,
        ema_decay: float | None = None,
        gradient_accumulation: int = 1,
        validation_fraction: float | None = None,
        patience: int | None = None,
        time_budget: float | str | None = None,
        checkpoint_dir: str | Path | None = None,
        checkpoint_seconds: float = 60.0,
        device: str | None = None,
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        compile: Literal["auto", True, False] = "auto",
        show_progress: bool | None = None,
        tensorboard_dir: str | Path | None = None,
    ) -> None:
        counts = {
            "epochs": epochs,
            "batch_size": batch_size,
            "patience": patience,
            "gradient_accumulation": gradient_accumulation,
        }

        for name, value in counts.items():
            if value is not None and not (isinstance(value, Integral) and value >= 1):
                raise ValueError(f"expected {name} as an integer >= 1, got {value!r}.")

        if max_grad_norm is not None and not max_grad_norm > 0:
            raise ValueError(f"expected max_grad_norm > 0, got {max_grad_norm!r}.")

        if ema_decay is not None and not 0 <= ema_decay < 1:
            raise ValueError(f"expected ema_decay from 0 to below 1, got {ema_decay!r}.")

        if precision not in {"auto", "float32", "bfloat16"}:
            raise ValueError(
                f"expected precision 'auto', 'float32' or 'bfloat16', got {precision!r}."
            )

        if compile not in {"auto", True, False}:
            raise ValueError(f"expected compile 'auto', True or False, got {compile!r}.")

        if compile is True and gradient_accumulation > 1:
            raise ValueError(
                f"expected gradient_accumulation=1 to compile, got"
                f" {gradient_accumulation}. Choose one of the two."
            )

        if learning_rate is not None and not learning_rate > 0:
            raise ValueError(f"expected learning_rate > 0, got {learning_rate!r}.")

        if validation_fraction is not None and not 0 <= validation_fraction < 1:
            raise ValueError(
                f"expected validation_fraction as a share below 1, got {validation_fraction!r}."
            )

        if patience is not None and validation_fraction == 0:
            raise ValueError(
                "patience needs validation examples: validation_fraction=0.1, for example."
            )

        seconds(time_budget)  # raises if it is none

        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.max_grad_norm = max_grad_norm
        self.ema_decay = ema_decay
        self.gradient_accumulation = gradient_accumulation
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.time_budget = time_budget
        self.checkpoint_dir = checkpoint_dir
        self.checkpoint_seconds = checkpoint_seconds
        self.device = device
        self.precision = precision
        self.compile = compile
        self.show_progress = show_progress
        self.tensorboard_dir = tensorboard_dir

    def held_out(self, n: int) -> int:
        if self.validation_fraction is not None:
            return min(round(n * self.validation_fraction), n - 1)

        share = 0.1 if n >= 500 else 0.2
        return 0 if n < _FEWEST else min(round(n * share), _HELD_OUT)

    def choose(self, n: int, hints: Hints = Hints()) -> "Training":
        batch_size = self.batch_size or hints.batch_size or _batch_size(n)
        steps = math.ceil(n / batch_size)
        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        epochs, budget = self.epochs, seconds(self.time_budget)

        if epochs is None and budget is None:
            epochs = min(hints.most_epochs, max(_FEWEST_EPOCHS, math.ceil(_STEPS / steps)))

        # By what is asked for and never by the clock, so that the same call gives the same model
        worth = _WORTH_COMPILING.get(torch.device(device).type, math.inf)
        long = epochs * steps >= worth if epochs else (budget or 0) >= 600 and worth < math.inf

        chosen = copy.copy(self)
        chosen.epochs = epochs
        chosen.batch_size = batch_size
        chosen.learning_rate = self.learning_rate or hints.learning_rate
        chosen.device = device

        if self.precision == "auto":
            chosen.precision = "bfloat16" if has_bfloat16(device) else "float32"

        if self.compile == "auto":
            chosen.compile = (
                long
                and hints.one_shape
                and self.gradient_accumulation == 1
                and has_compiler(device)
            )

        return chosen

    def train(
        self,
        step: Step,
        data: Examples,
        validation: Examples | None = None,
        resume: bool = False,
    ) -> Iterator[Epoch]:
        if self.checkpoint_dir is None:
            yield from self._train(step, data, validation)
            return

        checkpoint = Checkpoint(self.checkpoint_dir, self.checkpoint_seconds)

        with checkpoint.owned(resume):
            yield from self._train(step, data, validation, checkpoint, resume)

    def _train(
        self,
        step: Step,
        data: Examples,
        validation: Examples | None,
        checkpoint: Checkpoint | None = None,
        resume: bool = False,
    ) -> Iterator[Epoch]:
        chosen = self.choose(len(data))
        device = chosen.device or "cpu"
        step.precision = chosen.precision
        held_out = None if validation is None else validation.to(device)
        run = Run(chosen, step.to(device), Batches(data.to(device), chosen.batch_size or 1))
        some = run.batches.examples[_spread(len(data))]
        n_steps = run.schedule.n_steps

        log.info(
            "%s steps of %d examples on %s, in %s, %s.",
            f"{n_steps:,}" if n_steps else self.time_budget, chosen.batch_size, device,
            chosen.precision, "compiled" if chosen.compile else "as written",
        )  # fmt: skip

        if checkpoint is not None:
            settings = _settings(chosen, step, data, validation)
            saved = checkpoint.read() if resume else None

            if saved is not None:
                run.resume(*saved, settings)

            yield from run.records

        with (
            deferred_interrupt() as interrupted,
            progress_bar(self.show_progress, run) as bar,
            board(self.tensorboard_dir) as show,
        ):
            try:
                while not (run.done() or interrupted.is_set()):
                    for _ in run.steps():
                        give_way()
                        bar.update((run.examples() if n_steps else run.schedule.elapsed()) - bar.n)

                        if interrupted.is_set():
                            break

                        if checkpoint and checkpoint.due():
                            checkpoint.write(*run.state(settings))

                    # What was interrupted can go on in the middle of its epoch
                    if checkpoint and interrupted.is_set():
                        checkpoint.write(*run.state(settings))

                    if run.retreat():
                        continue

                    step.objective.progress.fill_(1)
                    run.end_epoch(lambda: _validate(step, held_out), lambda: _watch(step, some))
                    record = run.records[-1]
                    bar.set_postfix_str(summary(record.validation or record.train))
                    show(record)

                    # Outside of `no_grad`, which would otherwise leak to whoever iterates
                    yield record

                if checkpoint and not interrupted.is_set():
                    checkpoint.write(*run.state(settings))
            finally:
                run.end()
                step.eval()

                if checkpoint:
                    checkpoint.close()


def _batch_size(n: int) -> int:
    r"""Returns a power of two: few examples need small minibatches to take enough steps."""
    if n >= _MANY:
        return _LARGEST_BATCH

    return min(_BATCH, max(_SMALLEST_BATCH, 1 << (n // 16).bit_length()))


def _validate(step: Step, held_out: Examples | None) -> dict[str, float]:
    return {} if held_out is None else evaluate(step, held_out.split())


def _spread(n: int) -> Tensor:
    r"""Returns the indices of a few examples, to watch what the code knows of them."""
    return torch.arange(0, n, max(8, n // _WATCHED))


def _watch(step: Step, some: Examples) -> dict[str, float]:
    step.eval()

    with torch.no_grad():
        return information(step.model.given(some.context), step.normalize(some.target))


def _settings(
    training: Training, step: Step, data: Examples, validation: Examples | None
) -> dict[str, str]:
    r"""What must be the same for a training to go on exactly."""
    passing = {
        "checkpoint_dir",
        "checkpoint_seconds",
        "device",
        "show_progress",
        "tensorboard_dir",
    }
    knobs = {f"argument '{k}'": repr(v) for k, v in training.get_params().items()}
    named = {
        "release of autoencode": __version__,
        "data": _hash(data),
        "validation": "none" if validation is None else _hash(validation),
        **{name: text for name, text in knobs.items() if name.split("'")[1] not in passing},
        "model": str(step.model),
        "objective": repr(step.objective),
        "corruption": f"{step.damage}, {step.corruption}",
    }

    # Functions show where they lie in memory
    return {name: re.sub(r" at 0x[0-9a-f]+", "", text) for name, text in named.items()}


def _hash(data: Examples) -> str:
    return fingerprint(data.target, data.corrupted, data.context, data.rows)
