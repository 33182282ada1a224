r"""A short trial training, if the training was short or had another learning rate."""

__all__ = ["check_trial"]

import logging
import math
from collections.abc import Iterator

import numpy as np
import torch

from ..common.seeding import seeded
from ..data import Examples
from ..pages import Chart
from ..training.step import losses
from ..training.trainer import Training
from .finding import Finding
from .subject import Subject

log = logging.getLogger(__name__)

_MIN_FACTOR = 3.0  # between learning rates that are tried
_TRIAL_STEPS = 200
_MIN_GAIN = {"wrong learning rate": 0.02, "under-training": 0.2}  # of what the trial learned


def check_trial(subject: Subject) -> Iterator[Finding]:
    r"""Yield whether a short trial from new weights beats the whole training.

    A training with an unusual learning rate is compared with a trial of the network's own rate,
    which takes no more steps; a training of few steps with a trial of two hundred.

    Arguments:
        subject: The model and its data.
    """
    training = subject.training

    if not isinstance(training, Training) or not subject.history or not training.learning_rate:
        return

    rate, usual = training.learning_rate, subject.blueprint.network.learning_rate
    batch_size = training.batch_size or len(subject.x)
    taken = len(subject.history) * math.ceil(len(subject.x) / batch_size)
    unusual = not 1 / _MIN_FACTOR < rate / usual < _MIN_FACTOR

    if not unusual and taken >= _TRIAL_STEPS:
        return

    examples = subject.examples
    per_epoch = math.ceil(len(examples) / batch_size)
    steps = min(_TRIAL_STEPS, taken) if unusual else _TRIAL_STEPS
    epochs = max(1, steps // per_epoch)
    begun, found = _trial(subject, examples, epochs, usual if unusual else rate)
    own = _reached(subject, examples)
    name = "wrong learning rate" if unusual else "under-training"

    if not own - found > _MIN_GAIN[name] * (begun - found) > 0:
        return

    trial = f"a trial of {epochs * per_epoch} steps" + f" with {usual:g}" * unusual
    outcome = f"the training ended with a loss of {own:.4g}, and {trial} with {found:.4g}."
    chart = Chart(
        "bars", {"the training": own, trial: found},
        "The loss of the training, and that of a short trial from new weights.", "loss, nats",
    )  # fmt: skip
    evidence = {"loss": own, "loss_of_trial": found, "learning_rate": rate, "usual": usual}

    if unusual:
        yield Finding(
            name,
            0.97,
            f"The learning rate of {rate:g} is too {'high' if rate > usual else 'low'}: {outcome}",
            f"Use Training(learning_rate={usual:g}), or leave it out.",
            evidence,
            chart,
        )
    else:
        yield Finding(
            name,
            0.958,
            f"Training had only {taken} steps: {outcome}",
            "Use Training(epochs=...) with more epochs, or leave it out.",
            evidence,
            chart,
        )


def _reached(subject: Subject, examples: Examples) -> float:
    r"""Returns the loss that the training reached, even if the linear start was kept instead."""
    step = subject.blueprint.train_step(subject.model, len(subject.x), subject.objective)
    kept = float(losses(step, examples, subject.seed).mean())
    last = subject.history[-math.ceil(len(subject.history) / 4) :]

    return max(kept, float(np.mean([record["train"]["total"] for record in last])))


def _trial(subject: Subject, examples: Examples, epochs: int, rate: float) -> tuple[float, float]:
    r"""Returns the losses before and after a training of a new model."""
    given = subject.training
    training = Training(
        epochs=epochs,
        batch_size=given.batch_size,
        learning_rate=rate,
        validation_fraction=0,
        device=given.device,
        precision=given.precision,
        compile=False,
        show_progress=False,
    )

    log.info("a trial of the training, from new weights:")

    with seeded(subject.seed), torch.enable_grad():
        model = subject.blueprint.build()
        step = subject.blueprint.train_step(model, len(examples)).to(given.device or "cpu")
        begun = float(losses(step, examples, subject.seed).mean())

        try:
            for _ in training.train(step, examples):
                pass
        except FloatingPointError:
            return begun, math.inf

        return begun, float(losses(step, examples, subject.seed).mean())
