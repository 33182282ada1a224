r"""Looks at what a training has left behind, and finds its visible failures.

The facts are gathered here, from the records of the training and from a few hundred examples; what
they mean is said in :mod:`autoencode.failures`.
"""

__all__ = ["constant", "diagnose", "far_row"]

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Size, Tensor, nn
from torch.distributions import Distribution, Independent

from . import failures
from .data import Examples
from .distributions import Dirac, Family
from .evaluation import active_units
from .modalities import Modality
from .objectives import ELBO, Reconstruction
from .padding import lengths
from .step import Step
from .training import Solver

_EXAMPLES, _NUMBERS = 512, 2**21  # at most, that the model is asked about
_CONSTANT = 2**19  # numbers, that say what a constant is
_ROWS = 2**24  # numbers that are looked through for a row far from all others
_FEW = 16  # examples, of which each is much of the sum


@torch.no_grad()
def diagnose(
    step: Step,
    modality: Modality,
    family: Family,
    data: Examples,
    held_out: Examples | None,
    history: Sequence[Any],
    training: Solver,
) -> Iterator[str]:
    r"""Yields what is visibly wrong with a trained model, each with the setting to change.

    Arguments:
        step: The model and its objective.
        modality: The kind of data.
        family: The likelihood, with new parameters.
        data: The examples of the training.
        held_out: Those that were only scored, if any.
        history: The records of the epochs.
        training: How it was trained.

    Example:
        >>> [*diagnose(step, modality, family, data, None, history, training)]  # doctest: +SKIP
        ['no active unit: ...']
    """
    step.eval()
    model, objective = step.model, step.objective
    shown = _some(data, _NUMBERS)
    trained = _scores(step, shown)
    others = trained if held_out is None else _scores(step, _some(held_out, _NUMBERS))
    density = not isinstance(model.posterior, Dirac)
    symbols, event = modality.symbolic, Size(modality.event_)
    dead = None

    if density and len(data) > 1:
        dead = failures.collapsed(
            active_units(trained.codes), model.encoder.event[0], getattr(objective, "beta", 1.0)
        )

    x = step.normalize(_some(data, _CONSTANT)[:].to(next(step.parameters()).device).target)
    baseline = _Unigram(x, step.model.likelihood) if symbols else constant(family, x, event)
    gains = others.log_prob - baseline.log_prob(others.target.double())
    error = float(gains.std(correction=0)) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0

    if density or symbols:
        numbers = 1 if symbols else others.target[0].numel()
        worse = failures.no_better(
            float(others.log_prob.mean()),
            float(others.log_prob.mean() - gains.mean()),
            density=True,
            error=error,
            numbers=numbers,
        )
    else:
        p = model.given(others.context).decode(others.codes)
        worse = failures.no_better(
            float(modality.error(others.target, p).mean()),
            float(modality.error(others.target, baseline).mean()),
            density=False,
        )

    yield from filter(None, [dead or worse])

    learned = float((trained.log_prob - baseline.log_prob(trained.target.double())).mean())
    yield from filter(None, [_falling(history, trained.total, learned, training)])

    skipped = sum(record.get("skipped", 0) for record in history)
    steps = len(history) * math.ceil(len(data) / (getattr(training, "batch_size", 0) or len(data)))
    rate = getattr(training, "learning_rate", None) or 0.0
    yield from filter(None, [failures.not_finite(skipped, steps, rate)])

    if not symbols:
        yield from filter(None, [_dominated(step, shown, trained.total, data)])
        limited = _limited(step, data)
        numbers = others.target[0].numel()
        wide = failures.too_wide(model.encoder.event[0], numbers, len(data), limited)
        yield from filter(None, [wide])


def constant(family: Family, x: Tensor, event: Size, steps: int = 60) -> Distribution:
    r"""The density of a family that suits examples best and is the same for all of them.

    .. math:: \arg \max_\phi \sum_i \log p(x_i \mid \phi)

    Arguments:
        family: The family, with new parameters, which are fitted, too.
        x: The examples, with shape `(N, *)`.
        event: The shape of the raw parameters.
        steps: The number of steps of L-BFGS, at most.

    Returns:
        A distribution with batch shape `(1,)`.

    Example:
        >>> from autoencode.distributions import SharedGaussian
        >>> x = torch.tensor([[0.0, 1.0], [2.0, 5.0]])
        >>> constant(SharedGaussian(), x, x.shape[1:]).mean.round(decimals=3)
        tensor([[1., 3.]], dtype=torch.float64)
    """
    family, x = family.double(), x.double()
    phi = torch.zeros(1, *event, family.n_params, dtype=torch.float64, device=x.device)
    parameters = [phi.requires_grad_(), *family.parameters()]
    optimizer = torch.optim.LBFGS(parameters, max_iter=steps, line_search_fn="strong_wolfe")

    def p() -> Distribution:
        y = family(phi)
        return Independent(y, len(y.batch_shape) - 1)

    def loss() -> Tensor:
        optimizer.zero_grad()
        loss = -p().log_prob(x).mean() / max(1, x[0].numel())
        loss.backward()

        return loss

    with torch.enable_grad():
        optimizer.step(loss)

    with torch.no_grad():
        return p()


def far_row(x: Tensor) -> tuple[int, int, float] | None:
    r"""A row that makes most of the variance of a column, in which the others differ, too.

    Arguments:
        x: The rows, with shape `(N, D)`.

    Returns:
        The row, the column and the row's share of the variance, or `None`.

    Example:
        >>> far_row(torch.tensor([[1.0], [2.0], [3.0], [4.0], [1000.0]]))[:2]
        (4, 0)
    """
    N, D = x.shape

    if N < 5:
        return None

    x = x - x.mean(dim=0)
    squares = x.square().sum(dim=0)
    far, rows = x.abs().max(dim=0)
    shares = far.square() * N / (N - 1) / squares.clamp(min=torch.finfo(x.dtype).tiny)

    # A flag that one row alone has squeezes no others
    differ = torch.tensor(
        [bool(s > 0.5) and _differ(x[:, j]) for j, s in enumerate(shares.tolist())],
        dtype=torch.bool,
    )
    shares = shares.cpu() * differ

    if not shares.any():
        return None

    j = int(shares.argmax())
    return int(rows[j]), j, float(shares[j])


class _Scores(NamedTuple):
    r"""What a model makes of some examples."""

    target: Tensor
    context: Tensor | None
    codes: Tensor
    total: Tensor
    log_prob: Tensor


class _Unigram:
    r"""Symbols that are drawn one by one as often as they occur, until the one that ends."""

    def __init__(self, x: Tensor, family: Any) -> None:
        self.end = family.symbols - 1
        n = self._scored(x)
        counts = torch.bincount(x[n].long(), minlength=self.end + 1).double() + 1
        self.log_p = (counts / counts.sum()).log()

    def log_prob(self, x: Tensor) -> Tensor:
        each = self.log_p[x.long()]
        return each.masked_fill(~self._scored(x), 0).sum(dim=-1)

    def _scored(self, x: Tensor) -> Tensor:
        n = lengths(x, self.end)
        return torch.arange(x.shape[1], device=x.device) < n[:, None]


def _some(data: Examples, numbers: int) -> Examples:
    n = min(len(data), _EXAMPLES, max(_FEW, numbers // max(1, data.target[:1].numel())))
    return data.select(torch.linspace(0, len(data) - 1, n).long())


def _scores(step: Step, data: Examples) -> _Scores:
    found = []

    for part in data.split():
        part = part.to(next(step.parameters()).device)
        x, target = step.inputs(part)
        loss = step(part)
        ll = loss.terms.get("bound", -loss.terms.get("distortion", loss.total))
        codes = step.model.given(part.context).encode(x).mean
        found.append([target, part.context, codes, loss.total.double(), ll.double()])

    return _Scores(*(None if row[0] is None else torch.cat(row) for row in zip(*found)))


def _falling(
    history: Sequence[Any], total: Tensor, learned: float, training: Solver
) -> str | None:
    if not hasattr(training, "epochs"):  # solved, not trained
        return None

    budget = getattr(training, "time_budget", None)
    noise = float(total.std(correction=0)) / math.sqrt(len(total)) if len(total) > 1 else 0.0
    losses = [record["train"]["total"] for record in history]
    validated = [record["validation"].get("total") for record in history]
    told = failures.still_falling(losses, learned, float(total.mean()), noise, budget)

    if told and len(history) > 1 and validated[0] is not None:
        return failures.still_falling(validated, learned, None, 0.0, budget) and told

    return told


def _dominated(step: Step, shown: Examples, total: Tensor, data: Examples) -> str | None:
    N, D = len(data), data.target[:1].numel()

    if N * D <= _ROWS and len(step.model.encoder.given) == 1 and not data.on_disk:
        x = torch.cat([step.normalize(part.target) for part in data.split()])

        if (far := far_row(x)) is not None:
            i, j, share = far
            name = f"row {_row(data, i)}"
            return failures.dominated(name, share, f"the variance of column {j}")

    away = (total - total.median()).abs()
    i = int(away.argmax())

    if len(total) < _FEW or total[i] < total.median():
        return None

    rest = float(away.sum() - away[i]) / (len(away) - 1) * (N - 1)
    share = float(away[i]) / max(float(away[i]) + rest, 1e-300)

    return failures.dominated(f"example {_row(shown, i)}", share, "what losses differ by")


def _row(data: Examples, i: int) -> int:
    return i if data.rows is None else int(data.rows[i])


def _differ(column: Tensor) -> bool:
    r"""Whether more than half of the numbers are not the median one."""
    return bool((column - column.median()).abs().median() > 0)


def _limited(step: Step, data: Examples) -> bool:
    r"""Whether something but its width limits what a code can keep."""
    damaged = data.corrupted is not None or step.damage is not None
    plain = isinstance(step.objective, (ELBO, Reconstruction))

    return damaged or not plain or not isinstance(step.corruption, nn.Identity)
