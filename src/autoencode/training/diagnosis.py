r"""Diagnosis of a finished training: the measurements behind the warnings.

The measurements come from the records of the training and from a few hundred examples. The texts
of the warnings are in :mod:`autoencode.common.failures`.
"""

__all__ = ["constant", "diagnose", "far_row"]

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Size, Tensor, nn
from torch.distributions import Distribution, Independent, Normal
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ..common import failures
from ..data import Examples
from ..distributions import Family, SharedGaussian
from ..distributions.base import SMALLEST_SCALE
from ..evaluation import active_units
from ..modalities import Modality
from ..modalities.capabilities import Tokenized
from ..modalities.capabilities.sequences import event_shape
from ..networks.padding import lengths
from ..objectives import ELBO, Reconstruction
from .solver import Solver
from .step import TrainStep

_MAX_EXAMPLES, _MAX_NUMBERS = 512, 2**21
_MAX_NUMBERS_FOR_CONSTANT = 2**19
_MAX_NUMBERS_FOR_FAR_ROW = 2**24
_MIN_EXAMPLES = 16


@torch.no_grad()
def diagnose(
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
    shown = _subset(data, _MAX_NUMBERS)
    trained = _scores(step, shown)
    others = trained if held_out is None else _scores(step, _subset(held_out, _MAX_NUMBERS))
    x = step.normalize(_subset(data, _MAX_NUMBERS_FOR_CONSTANT)[:].to(others.target.device).target)
    event = Size(event_shape(modality))
    baseline = (
        _Unigram(x, step.model.likelihood)
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
        warnings["dominant example"] = _dominated(step, shown, trained.total, everything)
        warnings["code too wide"] = None if fixed_code else _too_wide(step, data, trained.target)

    yield from ((name, text) for name, text in warnings.items() if text)


def constant(family: Family, x: Tensor, event: Size, steps: int = 60) -> Distribution:
    r"""Maximum-likelihood fit of one distribution to all examples.

    .. math:: \arg \max_\phi \sum_i \log p(x_i \mid \phi)

    Arguments:
        family: The family, with untrained parameters, which are fitted, too.
        x: The examples, with shape `(N, *)`.
        event: The shape of the raw parameters.
        steps: The maximum number of steps of L-BFGS.

    Returns:
        A distribution with batch shape `(1,)`.

    Example:
        >>> from autoencode.distributions import SharedGaussian
        >>> x = torch.tensor([[0.0, 1.0], [2.0, 5.0]])
        >>> constant(SharedGaussian(), x, x.shape[1:]).mean.round(decimals=3)
        tensor([[1., 3.]], dtype=torch.float64)
    """
    family, x = family.double().eval(), x.double()
    phi = torch.zeros(1, *event, family.n_params, dtype=torch.float64, device=x.device)
    parameters = [phi.requires_grad_(), *family.parameters()]

    def p() -> Distribution:
        y = family(phi)
        return Independent(y, len(y.batch_shape) - 1)

    def loss() -> Tensor:
        return -p().log_prob(x).mean() / max(1, x[0].numel())

    def loss_and_gradient(vector: NDArray) -> tuple[float, NDArray]:
        _assign(parameters, vector)
        value = loss()
        gradient = torch.autograd.grad(value, parameters, allow_unused=True)
        known = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, gradient)]

        return float(value.detach()), _vector(known)

    if x.shape[1:] == event:  # if the raw parameter is a location, its best value is the mean
        with torch.no_grad():
            at_zero = loss()
            phi[..., 0] = x.mean(dim=0)

            if not loss() < at_zero:
                phi.zero_()

    # From scipy, because optimizers of torch import its compiler, which takes two seconds
    with torch.enable_grad():
        limits = {"maxiter": steps, "maxcor": steps, "ftol": 1e-9, "gtol": 1e-7}
        start = _vector(parameters)
        result = minimize(loss_and_gradient, start, jac=True, method="L-BFGS-B", options=limits)

    _assign(parameters, result.x)

    for parameter in parameters:
        parameter.requires_grad_(False)

    return p()


def far_row(x: Tensor) -> tuple[int, int, float] | None:
    r"""Find a row that makes up most of the variance of a column in which other rows differ, too.

    Arguments:
        x: The rows, with shape `(N, D)`.

    Returns:
        The row, the column and the row's share of the variance, or `None`.

    Example:
        >>> far_row(torch.tensor([[1.0], [2.0], [3.0], [4.0], [1000.0]]))[:2]
        (4, 0)
    """
    N = len(x)

    if N < 5:
        return None

    x = x - x.mean(dim=0)
    squares = x.square().sum(dim=0)
    far, rows = x.abs().max(dim=0)
    shares = far.square() * N / (N - 1) / squares.clamp(min=torch.finfo(x.dtype).tiny)

    # A binary column that is set in a single row does not compress the scale of the others
    differ = torch.tensor(
        [bool(s > 0.5) and _mostly_differ(x[:, j]) for j, s in enumerate(shares.tolist())],
        dtype=torch.bool,
    )
    shares = shares.cpu() * differ

    if not shares.any():
        return None

    j = int(shares.argmax())
    return int(rows[j]), j, float(shares[j])


def _vector(parts: Sequence[Tensor]) -> NDArray:
    return np.asarray(parameters_to_vector(parts).detach().cpu())


def _assign(parameters: Sequence[Tensor], vector: NDArray) -> None:
    vector_to_parameters(torch.from_numpy(vector).to(parameters[0].device), parameters)


class _Scores(NamedTuple):
    r"""Scaled examples, their codes, losses and log-likelihoods."""

    target: Tensor
    codes: Tensor
    total: Tensor
    log_prob: Tensor
    context: Tensor | None = None


class _Unigram:
    r"""Unigram model of sequences: independent tokens, up to the end token."""

    def __init__(self, x: Tensor, family: Any) -> None:
        self.end = family.vocab_size - 1
        n = self._scored(x)
        counts = torch.bincount(x[n].long(), minlength=self.end + 1).double() + 1
        self.log_p = (counts / counts.sum()).log()

    def log_prob(self, x: Tensor) -> Tensor:
        each = self.log_p[x.long()]
        return each.masked_fill(~self._scored(x), 0).sum(dim=-1)

    def _scored(self, x: Tensor) -> Tensor:
        n = lengths(x, self.end)
        return torch.arange(x.shape[1], device=x.device) < n[:, None]


def _subset(data: Examples, numbers: int) -> Examples:
    fitting = max(_MIN_EXAMPLES, numbers // max(1, data.target[:1].numel()))
    return data.spread(min(_MAX_EXAMPLES, fitting))


def _scores(step: TrainStep, data: Examples) -> _Scores:
    rows: list[Any] = []

    for part in data.split():
        part = part.to(next(step.parameters()).device)
        x, target = step.inputs(part)
        loss = step(part)
        ll = loss.terms.get("bound", -loss.terms.get("distortion", loss.total))
        codes = step.model.given(part.context).encode(x).mean
        rows.append((target, codes, loss.total.double(), ll.double(), part.context))

    target, codes, total, ll = (torch.cat([row[k] for row in rows]) for k in range(4))
    contexts = [row[4] for row in rows if row[4] is not None]

    return _Scores(target, codes, total, ll, torch.cat(contexts) if contexts else None)


def _gains(scores: _Scores, baseline: Any) -> Tensor:
    return scores.log_prob - baseline.log_prob(scores.target.double())


def _collapsed(step: TrainStep, scores: _Scores) -> str | None:
    if not step.model.posterior.has_density or len(scores.codes) < 2:
        return None

    beta = float(step.objective.current(getattr(step.objective, "beta", 1.0)))
    return failures.collapsed(active_units(scores.codes), scores.codes.shape[1], beta)


def _no_better_than_constant(
    step: TrainStep, modality: Modality, scores: _Scores, baseline: Any
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
    )


def _no_better_than_scaled_columns(step: TrainStep, x: Tensor, held_out: _Scores) -> str | None:
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
    losses = [record["train"]["total"] for record in history]
    validated = [record["validation"].get("total") for record in history]
    warning = failures.still_falling(losses, learned, float(total.mean()), noise, budget)

    if warning and len(history) > 1 and validated[0] is not None:
        return failures.still_falling(validated, learned, None, noise, budget) and warning

    return warning


def _dominated(step: TrainStep, shown: Examples, total: Tensor, data: Examples) -> str | None:
    N, D = len(data), data.target[:1].numel()

    if (
        N * D <= _MAX_NUMBERS_FOR_FAR_ROW
        and len(step.model.encoder.shape) == 1
        and not data.on_disk
    ):
        x = torch.cat([step.normalize(part.target) for part in data.split()])

        if (far := far_row(x)) is not None:
            i, j, share = far
            name = f"row {_row_number(data, i)}"
            return failures.dominated(name, share, f"the variance of column {j}")

    away = (total - total.median()).abs()
    i = int(away.argmax())

    if len(total) < _MIN_EXAMPLES or total[i] < total.median():
        return None

    rest = float(away.sum() - away[i]) / (len(away) - 1) * (N - 1)
    share = float(away[i]) / max(float(away[i]) + rest, 1e-300)

    return failures.dominated(
        f"example {_row_number(shown, i)}", share, "the spread of the losses"
    )


def _with_held_out(data: Examples, held_out: Examples | None) -> Examples:
    r"""Returns the training examples and the held-out ones together."""
    if held_out is None or data.rows is None or held_out.rows is None:
        return data

    return replace(data, rows=torch.cat([data.rows, held_out.rows]))


def _row_number(data: Examples, i: int) -> int:
    return i if data.rows is None else int(data.rows[i])


def _mostly_differ(column: Tensor) -> bool:
    r"""Returns whether more than half of the numbers differ from the median."""
    return bool((column - column.median()).abs().median() > 0)
