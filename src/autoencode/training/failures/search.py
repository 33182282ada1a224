r"""Search for visible failures of a finished training."""

__all__ = ["find_failures"]

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Size, Tensor, nn
from torch.distributions import Independent, Normal

from ...common import failures
from ...common.arrays import Permutation
from ...data import Examples
from ...distributions import Family, SharedGaussian
from ...distributions.base import SMALLEST_SCALE
from ...evaluation import active_units
from ...modalities import Modality
from ...modalities.capabilities import Tokenized
from ...modalities.capabilities.sequences import event_shape
from ...objectives import ELBO, Reconstruction
from ..solver import Solver
from ..step import TrainStep
from .baselines import Unigram, constant
from .far_examples import dominant_example
from .scores import Scores, scores_of, subset

_MAX_NUMBERS = 2**21
_MAX_NUMBERS_FOR_CONSTANT = 2**19


@torch.no_grad()
def find_failures(
    step: TrainStep,
    modality: Modality,
    family: Family,
    data: Examples,
    held_out: Examples | None,
    history: Sequence[Any],
    training: Solver,
    fixed_code: bool = False,
) -> Iterator[tuple[str, str]]:
    r"""Yield the names and texts of warnings about a trained model, with the setting to change.

    Arguments:
        step: The model and its objective.
        modality: The kind of data.
        family: The likelihood, with untrained parameters.
        data: The training examples.
        held_out: The validation examples, if any.
        history: The records of the epochs.
        training: The resolved training method.
        fixed_code: Whether the network determines the code size, such as networks whose codes are
            maps.
    """
    step.eval()
    shown = subset(data, _MAX_NUMBERS)
    trained = scores_of(step, shown)
    others = trained if held_out is None else scores_of(step, subset(held_out, _MAX_NUMBERS))
    x = step.normalize(subset(data, _MAX_NUMBERS_FOR_CONSTANT)[:].to(others.target.device).target)
    event = Size(event_shape(modality))
    baseline = (
        Unigram(x, step.model.likelihood)
        if isinstance(modality, Tokenized)
        else constant(family, x, event)
    )
    learned = float(_gains(trained, baseline).mean())

    warnings: dict[str, str | None] = {"collapse": _collapsed(step, trained)}

    if not warnings["collapse"]:
        constant_warning = _no_better_than_constant(step, modality, others, baseline)
        warnings["no better than a constant"] = constant_warning

        if not constant_warning and held_out is not None:
            warnings["uneven scales"] = _no_better_than_scaled_columns(step, x, others)

    warnings["under-training"] = _still_falling(history, trained.total, learned, training)
    warnings["skipped steps"] = _skipped(history, len(data), training)

    if not isinstance(modality, Tokenized):  # for texts, the modality warns before the training
        everything = _with_held_out(data, held_out)
        warnings["dominant example"] = dominant_example(step, shown, trained.total, everything)
        warnings["code too wide"] = None if fixed_code else _too_wide(step, data, trained.target)

    yield from ((name, text) for name, text in warnings.items() if text)


def _gains(scores: Scores, baseline: Any) -> Tensor:
    return scores.log_prob - baseline.log_prob(scores.target.double())


def _collapsed(step: TrainStep, scores: Scores) -> str | None:
    if not step.model.posterior.has_density or len(scores.codes) < 2:
        return None

    return failures.collapsed(active_units(scores.codes), scores.codes.shape[1], _beta(step))


def _beta(step: TrainStep) -> float:
    return float(step.objective.current(getattr(step.objective, "beta", 1.0)))


def _no_better_than_constant(
    step: TrainStep, modality: Modality, scores: Scores, baseline: Any
) -> str | None:
    if not step.model.posterior.has_density and not isinstance(modality, Tokenized):
        p = step.model.given(scores.context).decode(scores.codes)
        errors = (modality.error(scores.target, q).mean() for q in (p, baseline))
        return failures.no_better(*map(float, errors), density=False)

    gains, ours = _gains(scores, baseline), float(scores.log_prob.mean())
    return failures.no_better(
        ours,
        ours - float(gains.mean()),
        density=True,
        error=_standard_error(gains),
        numbers=1 if isinstance(modality, Tokenized) else scores.target[0].numel(),
        beta=_beta(step),
    )


def _no_better_than_scaled_columns(step: TrainStep, x: Tensor, held_out: Scores) -> str | None:
    family = step.model.likelihood

    if not step.model.posterior.has_density or not isinstance(family, SharedGaussian):
        return None

    # The model is taken to predict constant elements exactly
    x = x.double()
    scale = x.std(dim=0, correction=0)
    scale = torch.where(scale > SMALLEST_SCALE, scale, family(scale[..., None]).stddev.double())
    gains = _gains(held_out, Independent(Normal(x.mean(dim=0), scale), x.ndim - 1))
    ours = float(held_out.log_prob.mean())

    return failures.uneven(ours, ours - float(gains.mean()), _standard_error(gains), x[0].numel())


def _skipped(history: Sequence[Any], n: int, training: Any) -> str | None:
    steps = len(history) * math.ceil(n / (getattr(training, "batch_size", None) or n))
    skipped = sum(record.get("skipped", 0) for record in history)

    return failures.not_finite(skipped, steps, getattr(training, "learning_rate", None) or 0.0)


def _too_wide(step: TrainStep, data: Examples, x: Tensor) -> str | None:
    damaged = data.corrupted is not None or step.raw_corruption is not None
    plain = isinstance(step.objective, (ELBO, Reconstruction))
    limited = damaged or not plain or not isinstance(step.corruption, nn.Identity)
    numbers = int((x != x[:1]).any(dim=0).sum())  # not constant

    return failures.too_wide(step.model.encoder.event[0], numbers, len(data), limited)


def _standard_error(x: Tensor) -> float:
    return float(x.std(correction=0)) / math.sqrt(len(x))


def _still_falling(
    history: Sequence[Any], total: Tensor, learned: float, training: Solver
) -> str | None:
    if not hasattr(training, "epochs"):  # solved in closed form
        return None

    budget = getattr(training, "time_budget", None)
    noise = _standard_error(total)
    history = [record for record in history if record["epoch"] > 0]

    if not history:  # nothing was trained
        return None

    losses = [record["train"]["total"] for record in history]
    validated = [record["validation"].get("total") for record in history]
    warning = failures.still_falling(losses, learned, float(total.mean()), noise, budget)

    if warning and len(history) > 1 and validated[0] is not None:
        return failures.still_falling(validated, learned, None, noise, budget) and warning

    return warning


def _with_held_out(data: Examples, held_out: Examples | None) -> Examples:
    r"""Returns the training examples and the held-out ones together."""
    if held_out is None or data.rows is None or held_out.rows is None:
        return data

    if isinstance(data.rows, Permutation):  # of which both are parts
        return replace(data, rows=None)

    return replace(data, rows=torch.cat([data.rows, held_out.rows[:]]))
