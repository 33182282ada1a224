r"""The state of one training: what changes from step to step, and can be put away and taken up."""

__all__ = ["Epoch", "Run"]

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, Protocol, cast

import torch
from torch import Tensor

from ..common.type_checks import check_arguments, fits
from ..data import Batches, Examples
from .adamw import AdamW
from .schedule import Schedule
from .step import Step, Summary
from .update import Compiled, Eager

log = logging.getLogger(__name__)

_MOST_SKIPPED = 0.1  # of the steps of an epoch, before it is tried again more carefully
_MOST_RETREATS = 3
_FLUSH = 128  # steps


# What a checkpoint says beside its tensors
_STATE: dict[str, Any] = {
    "settings": dict[str, str],
    "i": int,
    "epoch_start": int,
    "records": Sequence[dict[str, Any]],
    "least": float,
    "stale": int,
    "retreats": int,
    "seconds": float,
}


class Epoch(NamedTuple):
    r"""What happened in one pass over the data."""

    epoch: int
    r"""The number of the pass, from 1."""

    train: dict[str, float]
    r"""The mean of the loss and of its terms while training, in nats per example."""

    validation: dict[str, float]
    r"""The same on the validation examples after the pass; empty if there are none."""

    code: dict[str, float]
    r"""What the codes of some hundred examples are like after the pass, if they have a density:
    the number of active units, and the mutual information in nats."""

    seconds: float
    r"""The time since training began."""

    skipped: int = 0
    r"""How many steps were left out, as they were not finite, those of earlier tries included."""


class Knobs(Protocol):
    r"""What a run reads of :class:`~autoencode.Training`, where it is explained."""

    epochs: int | None
    learning_rate: float | None
    weight_decay: float
    max_grad_norm: float | None
    ema_decay: float | None
    gradient_accumulation: int
    patience: int | None
    time_budget: float | str | None
    compile: Literal["auto", True, False]


class Run:
    r"""One training.

    Nothing in it reads a number back from the device within an epoch: steps that are not
    finite are left out by the optimizer itself, and counted where they happen.

    Arguments:
        training: The knobs.
        step: What is trained.
        batches: What it is trained on.

    Example:
        >>> run = Run(Training(epochs=1), step, batches)  # doctest: +SKIP
        >>> for _ in run.steps():  # doctest: +SKIP
        ...     print(run.i)
    """

    def __init__(self, training: Knobs, step: Step, batches: Batches) -> None:
        self.training = training
        self.step = step
        self.batches = batches

        n_steps = training.epochs * len(batches) if training.epochs else None
        self.schedule = Schedule(n_steps, training.time_budget)

        self.optimizer = AdamW(step, cast(float, training.learning_rate), training.weight_decay)
        self.update: Eager | Compiled = (
            Compiled(step, self.optimizer, training.max_grad_norm)
            if training.compile is True
            else Eager(
                step, self.optimizer, training.max_grad_norm, training.gradient_accumulation
            )
        )
        self.averages = [
            p.detach().clone() for p in self.optimizer.parameters if training.ema_decay
        ]

        self.i = 0  # steps done
        self.records: list[Epoch] = []
        self.finite: Tensor  # whether each step of the epoch was, true for those to come
        self.least, self.stale, self.retreats = math.inf, 0, 0
        self.skipped = 0  # steps of earlier tries of the epoch
        self.best: dict[str, Tensor] = {}
        self._begin_epoch()

    # Going on

    def steps(self) -> Iterator[None]:
        r"""Makes the steps of the epoch that are left, and yields after each."""
        self.step.train()

        for batch in self.batches.iterate(self.order, self.i - self.epoch_start):
            self._step(batch)
            yield

            if self.schedule.late():
                break

    def examples(self) -> int:
        r"""Returns how many examples were seen, each as often as it was."""
        return self.i * len(self.batches.examples) // len(self.batches)

    def done(self) -> bool:
        r"""Whether steps, time or patience are used up, and the epoch has its record."""
        patience = self.training.patience

        return self.i == self.epoch_start and (
            self.schedule.over(self.i) or (patience is not None and self.stale >= patience)
        )

    def end_epoch(
        self,
        validate: Callable[[], dict[str, float]],
        watch: Callable[[], dict[str, float]],
    ) -> None:
        r"""Writes the record of the epoch, and keeps the weights if they are the best.

        Arguments:
            validate: Scores the validation examples, or returns nothing if there are none.
            watch: Looks at the codes of some examples.
        """
        self._swap()
        validated = validate()
        skipped, self.skipped = self.skipped + int((~self.finite).sum()), 0
        self.records.append(
            Epoch(
                len(self.records) + 1,
                self.summary.means(),
                validated,
                watch(),
                self.schedule.elapsed(),
                skipped,
            )
        )
        loss = validated.get("total", -math.inf)
        self.stale += 1

        # Without validation examples the last epoch is the best
        if not validated or loss < self.least or not self.best:
            self.least, self.stale = loss, 0
            self.best = _copy(self.step.state_dict())

        self._swap()
        self._begin_epoch()

    def retreat(self) -> bool:
        r"""Goes back to the begin of the epoch if too much of it was not finite.

        Raises:
            FloatingPointError: If that has not helped before.
        """
        skipped, made = int((~self.finite).sum()), self.i - self.epoch_start

        if skipped <= _MOST_SKIPPED * made:
            return False

        if self.retreats == _MOST_RETREATS:
            raise FloatingPointError(self._diagnosis(skipped, made))

        if self.retreats == 0:
            log.warning(
                "%d of %d steps of epoch %d were not finite: going back to its begin, with half"
                " the learning rate.", skipped, made, len(self.records) + 1
            )  # fmt: skip

        self._load(self.good)
        self.retreats += 1
        self.skipped += skipped
        self.i = self.epoch_start
        self._begin_epoch()

        return True

    def end(self) -> None:
        r"""Leaves the step with the weights of the best epoch."""
        if self.best:
            self.step.load_state_dict(self.best)

    # Putting away and taking up

    def state(self, settings: dict[str, str]) -> tuple[dict[str, Any], dict[str, Tensor]]:
        r"""
        Returns:
            All that is needed to go on from here exactly: numbers, and tensors by name.
        """
        document = {
            "settings": settings,
            "seed": torch.initial_seed(),
            "latent_dim": self.step.model.encoder.event[0],
            "i": self.i,
            "epoch_start": self.epoch_start,
            "records": [record._asdict() for record in self.records],
            "least": self.least,
            "stale": self.stale,
            "retreats": self.retreats,
            "skipped": self.skipped,
            "seconds": self.schedule.elapsed(),
            "done": self.done(),
        }
        parts = {
            "now": self._tensors(),
            "good": self.good,
            "best": self.best,
            "sums": self.summary.tensors(),
            "steps": {"finite": self.finite},
            "random": {"now": _random_state(), "epoch": self.random_state},
        }

        named = {f"{k}/{name}": t for k, part in parts.items() for name, t in part.items()}

        return document, named

    def resume(
        self, document: dict[str, Any], tensors: dict[str, Tensor], settings: dict[str, str]
    ) -> None:
        r"""Takes up what `state` returned.

        Raises:
            ValueError: If data or settings are not the same, saying which, or the state is none.
        """
        _check_state(document, len(self.batches))

        for name, now in settings.items():
            then = document["settings"].get(name)

            if then != now:
                raise ValueError(
                    f"cannot resume: the {name} differs from that of the checkpoint, {then}; got"
                    f" {now}. Resume with the same, or use another folder."
                )

        try:
            self._take_up(document, tensors)
        except (KeyError, TypeError, RuntimeError, AttributeError, IndexError) as error:
            said = " ".join(str(error).split())[:300]
            raise ValueError(f"cannot resume: the checkpoint is damaged ({said}).") from None

    def _take_up(self, document: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        parts: dict[str, dict[str, Tensor]] = {}

        for key, tensor in tensors.items():
            part, _, name = key.partition("/")
            parts.setdefault(part, {})[name] = tensor

        self.records = [Epoch(**record) for record in document["records"]]
        self.least, self.stale = document["least"], document["stale"]
        self.retreats, self.skipped = document["retreats"], document["skipped"]
        self.schedule.resume(document["seconds"])
        self.best = parts.get("best", {})

        # The order of the epoch is drawn again from where it was drawn
        _set_random_state(parts["random"]["epoch"])
        self.i = document["epoch_start"]
        self._load(parts["good"])
        self._begin_epoch()

        self.i = document["i"]
        self._load(parts["now"])
        device = self.finite.device
        self.summary.load({k: t.to(device) for k, t in parts.get("sums", {}).items()})
        self.finite.copy_(parts["steps"]["finite"])
        _set_random_state(parts["random"]["now"])

    # Within

    def _begin_epoch(self) -> None:
        self.random_state = _random_state()
        self.order = self.batches.shuffled()
        self.epoch_start = self.i
        self.summary = Summary()
        self.good = _copy(self._tensors())

        device = self.batches.examples.target.device
        self.finite = torch.ones(len(self.batches), dtype=torch.bool, device=device)

    def _step(self, batch: Examples) -> None:
        progress = self.schedule.progress(self.i)
        self.step.objective.progress.fill_(progress)

        share = self.schedule.share(progress) / 2**self.retreats
        sums, finite = self.update(batch, share)
        self._average()

        if self.i % _FLUSH == 0:
            self.optimizer.flush()

        self.summary.add(sums)
        self.finite[self.i - self.epoch_start] = finite
        self.i += 1

    def _average(self) -> None:
        r"""Moves the averages of the weights, which begin as a plain mean."""
        if self.training.ema_decay is not None:
            decay = min(self.training.ema_decay, (1 + self.i) / (10 + self.i))
            weights = [p.detach() for p in self.optimizer.parameters]
            torch._foreach_lerp_(self.averages, weights, 1 - decay)

    def _swap(self) -> None:
        r"""Exchanges weights and their averages."""
        for p, average in zip(self.optimizer.parameters, self.averages):
            p.data, average.data = average.data, p.data

    def _tensors(self) -> dict[str, Tensor]:
        return {
            **{f"step.{name}": t for name, t in self.step.state_dict().items()},
            **{f"optimizer.{name}": t for name, t in self.optimizer.tensors().items()},
            **{f"average.{k}": t for k, t in enumerate(self.averages)},
        }

    def _load(self, tensors: dict[str, Tensor]) -> None:
        parts: dict[str, dict[str, Tensor]] = {"step": {}, "optimizer": {}, "average": {}}

        for key, tensor in tensors.items():
            part, _, name = key.partition(".")
            parts[part][name] = tensor

        self.step.load_state_dict(parts["step"])
        self.optimizer.load(parts["optimizer"])

        for k, average in enumerate(self.averages):
            average.copy_(parts["average"][str(k)])

    def _diagnosis(self, skipped: int, made: int) -> str:
        first = int((~self.finite).nonzero()[0])
        index = self.order.tensor_split(len(self.batches))[first]
        batch = self.batches.examples[index]

        with torch.no_grad():
            loss = self.step(batch)

        bad = (~loss.total.isfinite()).nonzero().flatten().tolist()
        terms = [name for name, term in loss.terms.items() if not term.isfinite().all()]

        if bad:
            where = f"example {int(index[bad[0]])} of the training examples"
            what = f"its {' and '.join(terms)}" if terms else "its loss"
        else:
            where, what = (
                f"one of the training examples {sorted(index.tolist())[:8]}",
                "a gradient",
            )

        epoch = len(self.records)
        kept = f"The model keeps the weights of epoch {epoch}." if epoch else "None was kept."

        return (
            f"the loss does not stay finite: {skipped} of {made} steps of epoch"
            f" {epoch + 1}, also at an eighth of the learning rate. It began with {where}: {what}"
            f" is not finite. {kept} Look at that example, use a smaller learning_rate than"
            f" {self.training.learning_rate}, or max_grad_norm=1.0."
        )


def _check_state(document: dict[str, Any], steps: int) -> None:
    r"""Raises if what a checkpoint says is not of the kinds that it has to be."""
    wrong = [name for name, kind in _STATE.items() if not fits(document.get(name), kind)]

    if (
        not wrong
        and not 0 <= document["epoch_start"] <= document["i"] <= document["epoch_start"] + steps
    ):
        wrong = ["i"]

    if not wrong:
        wrong = ["records"] * any(set(r) != set(Epoch._fields) for r in document["records"])

    if wrong:
        raise ValueError(f"cannot resume: the checkpoint is damaged (its '{wrong[0]}').")

    for record in document["records"]:
        check_arguments(Epoch, record)


def _copy(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.detach().clone() for name, t in tensors.items()}


def _random_state() -> Tensor:
    states = [torch.get_rng_state()]

    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states.append(torch.cuda.get_rng_state())

    return torch.cat(states)


def _set_random_state(state: Tensor) -> None:
    n = len(torch.get_rng_state())
    torch.set_rng_state(state[:n])

    if len(state) > n and torch.cuda.is_available():
        torch.cuda.set_rng_state(state[n:])
