r"""Training loop.

Training is a generator of records, one per epoch. The body of the caller's `for` loop takes the
place of callbacks. To stop early, stop iterating.
"""

__all__ = ["EpochRecord", "Solver", "Training", "TrainingDefaults"]

import contextlib
import copy
import logging
import math
from collections.abc import Iterator
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from ..common.seeding import yield_to_other_threads
from ..data import Batches, Examples
from ..evaluation import posterior_diagnostics
from .checkpoints import Checkpoint
from .choices import (
    default_batch_size,
    default_epochs,
    default_held_out,
    is_worth_compiling,
)
from .monitors import deferred_interrupt, format_terms, progress_bar, tensorboard_logger
from .replicas import Pulse, check_memory, present
from .schedule import parse_duration
from .solver import Solver, TrainingDefaults
from .state import EpochRecord, TrainState
from .state.resume_settings import resume_settings
from .step import TrainStep, evaluate
from .update import CompiledUpdate, has_bfloat16, has_compiler

log = logging.getLogger(__name__)

_MAX_DIAGNOSED_EXAMPLES = 512


class Training(Solver):
    r"""Minibatch training with AdamW.

    The learning rate rises linearly over the first twentieth of the training, and falls to zero
    along a cosine. Beyond 256 inputs, the learning rate of a weight matrix is multiplied by the
    square root of 256 over the number of inputs, so that one setting serves narrow and wide
    networks. With validation examples, the model keeps the weights of the epoch with the lowest
    validation loss.

    A step whose loss or gradient is not finite is skipped. If more than a tenth of the steps of an
    epoch were skipped, the epoch is repeated from its start with half the learning rate.

    References:
        | Decoupled Weight Decay Regularization (Loshchilov & Hutter, 2019)
        | https://arxiv.org/abs/1711.05101

        | Tensor Programs V: Tuning Large Neural Networks via Zero-Shot Hyperparameter Transfer
          (Yang et al., 2022), for the learning rate of wide matrices
        | https://arxiv.org/abs/2203.03466

    Arguments:
        epochs: The number of passes over the data. By default enough for 2,000 steps, at least 10
            and at most 128; with a time budget, as many as fit in it. Zero trains nothing, and
            needs `fit(X, start=...)`.
        batch_size: The number of examples in a minibatch. By default a sixteenth of the number of
            examples, rounded to a power of two, at least 16 and at most 128 (64 for texts with
            recurrent networks); 512 for 100,000 examples or more.
        learning_rate: The largest learning rate of matrices with up to 256 inputs. By default the
            network's own, which is 0.002 for most networks.
        weight_decay: The decay of weight matrices, relative to the learning rate.
        max_grad_norm: The largest norm of the gradient; a longer gradient is scaled down to it.
        ema_decay: The decay per step of a moving average of the weights, such as 0.999. The model
            is validated and kept with the averaged weights.
        gradient_accumulation: The number of parts a minibatch is split into to save memory. The
            gradients of the parts are added before each step.
        validation_fraction: The fraction of the examples held out to compute a validation loss
            after each epoch. By default a tenth, or a fifth of fewer than 500 examples; at most
            2,048 examples; zero for fewer than 10. The model keeps the weights of the epoch with
            the lowest validation loss.
        patience: The number of epochs without a lower validation loss after which training stops.
        time_budget: The time to train for, in seconds or as a string such as `"10m"`. The
            learning rate follows the time spent.
        checkpoint_dir: A folder for checkpoints, from which `fit(..., resume=True)` continues an
            interrupted training exactly, and a finished one with more `epochs`.
        checkpoint_seconds: The minimum time between two checkpoints.
        device: The device to train on, `"cpu"` or `"cuda"`; by default a GPU if there is one.
        precision: `"float32"`; `"bfloat16"` to multiply matrices in lower precision; or `"auto"`,
            which uses bfloat16 where the device is faster with it.
        compile: Whether to compile the step with :func:`torch.compile`, which takes up to a
            minute; `"auto"` compiles for at least 2,000 steps on a GPU and 20,000 on a processor.
        show_progress: Whether to show a progress bar; by default only in a terminal.
        tensorboard_dir: A folder to write records to for TensorBoard.

    Raises:
        FloatingPointError: If the loss is not finite even with smaller learning rates. The model
            keeps the weights of the best epoch so far.

    See Also:
        :class:`~autoencode.LeastSquares`

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
            "epochs": (epochs, 0),
            "batch_size": (batch_size, 1),
            "patience": (patience, 1),
            "gradient_accumulation": (gradient_accumulation, 1),
        }

        for name, (value, least) in counts.items():
            if value is not None and not (isinstance(value, Integral) and value >= least):
                raise ValueError(f"expected {name} as an integer >= {least}, got {value!r}.")

        if max_grad_norm is not None and not max_grad_norm > 0:
            raise ValueError(f"expected max_grad_norm > 0, got {max_grad_norm!r}.")

        if ema_decay is not None and not 0 <= ema_decay < 1:
            raise ValueError(f"expected ema_decay from 0 to below 1, got {ema_decay!r}.")

        if precision not in {"auto", "float32", "bfloat16"}:
            raise ValueError(
                f"expected precision as 'auto', 'float32' or 'bfloat16', got {precision!r}."
            )

        if compile not in {"auto", True, False}:
            raise ValueError(f"expected compile as 'auto', True or False, got {compile!r}.")

        if compile is True and gradient_accumulation > 1:
            raise ValueError(
                f"expected gradient_accumulation=1 to compile, got"
                f" {gradient_accumulation}. Choose one of the two."
            )

        if learning_rate is not None and not learning_rate > 0:
            raise ValueError(f"expected learning_rate > 0, got {learning_rate!r}.")

        if validation_fraction is not None and not 0 <= validation_fraction < 1:
            raise ValueError(
                f"expected validation_fraction from 0 to below 1, got {validation_fraction!r}."
            )

        if patience is not None and validation_fraction == 0:
            raise ValueError(
                "patience needs validation examples: set validation_fraction=0.1, for example."
            )

        if patience is not None and epochs is not None and patience >= epochs:
            raise ValueError(
                f"patience={patience} has no effect with epochs={epochs}: use more epochs, or"
                " leave out one of the two."
            )

        parse_duration(time_budget)  # raises if it is invalid

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

    def n_held_out(self, n: int) -> int:
        if self.validation_fraction is not None:
            return min(round(n * self.validation_fraction), n - 1)

        return default_held_out(n)

    def resolve(self, n: int, defaults: TrainingDefaults = TrainingDefaults()) -> "Training":
        given, limit = self.batch_size or defaults.batch_size, defaults.max_batch_size
        batch_size = given or default_batch_size(n, limit)
        steps = math.ceil(n / batch_size)
        device = self.device or ("cuda" if torch.cuda.is_available() else "cpu")
        epochs, budget = self.epochs, parse_duration(self.time_budget)

        if epochs is None and budget is None:
            n_steps = math.ceil(n / (given or default_batch_size(n)))
            epochs = min(defaults.max_epochs, default_epochs(n_steps))

        resolved = copy.copy(self)
        resolved.epochs = epochs
        resolved.batch_size = batch_size
        resolved.learning_rate = self.learning_rate or defaults.learning_rate
        resolved.device = present().device(device)

        if self.precision == "auto":
            resolved.precision = "bfloat16" if has_bfloat16(device) else "float32"

        if self.compile == "auto":
            resolved.compile = (
                is_worth_compiling(device, epochs and epochs * steps, budget)
                and defaults.static_shapes
                and self.gradient_accumulation == 1
                and has_compiler(device)
            )

        return resolved

    def train(
        self,
        train_step: TrainStep,
        data: Examples,
        validation: Examples | None = None,
        resume: bool = False,
        trained: bool = False,
    ) -> Iterator[EpochRecord]:
        processes, folder = present(), self.checkpoint_dir

        with contextlib.ExitStack() as stack:
            checkpoint: Checkpoint | None = None

            def own() -> None:
                nonlocal checkpoint

                if folder is not None:
                    checkpoint = Checkpoint(folder, self.checkpoint_seconds)
                    stack.enter_context(checkpoint.owned(resume))

            processes.first(own)
            resume = resume and folder is not None
            yield from self._train(train_step, data, validation, checkpoint, resume, trained)

    def _train(
        self,
        train_step: TrainStep,
        data: Examples,
        validation: Examples | None,
        checkpoint: Checkpoint | None = None,
        resume: bool = False,
        trained: bool = False,
    ) -> Iterator[EpochRecord]:
        processes = present()
        resolved = self.resolve(len(data))
        device = resolved.device or "cpu"
        train_step.precision = resolved.precision
        check_memory(train_step, device, processes)
        validation_data = None if validation is None else validation.to(device)
        batches = Batches(data.to(device), resolved.batch_size or 1)
        pulse = Pulse(processes)
        state = TrainState(resolved, train_step.to(device), batches, processes, pulse.now)
        state.optimizer.continue_from(train_step.moments)
        diagnosed = batches.examples[_evenly_spaced(len(data))]
        n_steps = state.schedule.n_steps

        log.info(
            "%s of %d examples on %s, in %s, %s.",
            f"{state.schedule.budget:g} s of steps" if n_steps is None else f"{n_steps:,} steps",
            resolved.batch_size, device, resolved.precision,
            "compiled" if isinstance(state.update, CompiledUpdate) else "eager",
        )  # fmt: skip

        settings: dict[str, str] = {}

        if self.checkpoint_dir is not None:
            arguments = resolved.get_params()
            settings = processes.first(
                lambda: resume_settings(arguments, train_step, data, validation)
            )

        if resume:
            _resume(state, checkpoint, settings)

        def measured() -> tuple[dict[str, float], dict[str, float]]:
            return _validate(state, validation_data), _diagnose_posterior(train_step, diagnosed)

        if trained and not state.records:
            state.record_start(measured)

        yield from state.records

        shown, folder = self.show_progress, self.tensorboard_dir

        with (
            deferred_interrupt(processes.several) as interrupted,
            progress_bar(shown if processes.is_first else False, state) as bar,
            tensorboard_logger(folder if processes.is_first else None) as log_record,
        ):
            try:
                while not (state.finished() or pulse.interrupted):
                    for _ in state.remaining_steps():
                        yield_to_other_threads()
                        timed = n_steps is None
                        done = state.schedule.elapsed() if timed else state.examples_seen()
                        bar.update(done - bar.n)

                        due = checkpoint is not None and checkpoint.due()
                        pulse.beat(interrupted.is_set(), due)

                        if pulse.interrupted:
                            break

                        if checkpoint and pulse.due:
                            checkpoint.write(*state.state_dict(settings))

                    # Written before the epoch ends, so that a training can be resumed within an
                    # epoch
                    if checkpoint and pulse.interrupted:
                        checkpoint.write(*state.state_dict(settings))

                    if state.roll_back():
                        continue

                    train_step.advance(1)
                    state.end_epoch(measured)
                    record = state.records[-1]
                    bar.set_postfix_str(format_terms(record.validation or record.train))
                    log_record(record)

                    # Outside of `no_grad`, which would otherwise be active in the caller's loop
                    yield record
                    pulse.exchange(interrupted.is_set())

                if checkpoint and not pulse.interrupted:
                    checkpoint.write(*state.state_dict(settings))
            finally:
                state.load_best_weights()
                train_step.moments = state.optimizer.state_dict()
                train_step.eval()

                if checkpoint:
                    checkpoint.close()


def _resume(state: TrainState, checkpoint: Checkpoint | None, settings: dict[str, str]) -> None:
    r"""Restores the state in a checkpoint, which the first process reads, in all processes."""
    processes, tensors = state.processes, None

    def read() -> dict[str, Any] | None:
        nonlocal tensors
        document, tensors = (checkpoint and checkpoint.read()) or (None, None)
        return document

    document = processes.first(read)

    if document is not None:
        try:
            state.load_state_dict(document, processes.tensors(tensors), settings)
        except ValueError as error:
            where = f"'{checkpoint.path}': " if checkpoint else ""
            raise ValueError(f"{where}{error}") from None


def _validate(state: TrainState, validation: Examples | None) -> dict[str, float]:
    if validation is None:
        return {}

    if state.replica is not None:
        return state.replica.evaluate(validation)

    return evaluate(state.train_step, validation.split())


def _evenly_spaced(n: int) -> Tensor:
    r"""Returns indices of a few hundred examples, whose codes are diagnosed after each epoch."""
    return torch.arange(0, n, max(8, n // _MAX_DIAGNOSED_EXAMPLES))


def _diagnose_posterior(train_step: TrainStep, examples: Examples) -> dict[str, float]:
    train_step.eval()

    with torch.no_grad():
        model = train_step.model.given(examples.context)
        return posterior_diagnostics(model, train_step.normalize(examples.target))
