r"""Gradient ascent on the log-density of codes."""

__all__ = ["fit", "maximize"]

import copy
import logging
from collections.abc import Callable

import torch
import torch.nn as nn
from torch import Tensor

from ..fitted.codes import usable
from ..fitted.selection import is_surely_positive

log = logging.getLogger(__name__)

_BATCH = 256
_MAX_UPDATES, _UPDATES_PER_CHECK = 4000, 100
_REDUCTIONS, _PATIENCE = 2, 2
_HELD_OUT = 0.1  # share of the examples to stop by, and of others to judge by
_MIN_EXAMPLES = 200  # a prior memorizes fewer, and new codes lie elsewhere

LogDensity = Callable[[Tensor, Tensor | None], Tensor]


def fit(
    module: nn.Module,
    log_prob: LogDensity,
    unit: LogDensity | None,
    z: Tensor,
    contexts: Tensor | None,
    rate: float = 2e-3,
) -> bool:
    r"""Fit a density to codes, and tell whether it is better than the unit Gaussian.

    A tenth of the examples ends the fit, and another one judges it.

    Arguments:
        module: The module whose parameters are learned.
        log_prob: The log-densities of codes `(n, D)` given contexts `(n, C)`, with shape `(n,)`.
        unit: The log-densities under the unit Gaussian; `None` if it is not a candidate.
        z: The codes, with shape `(N, k, D)`.
        contexts: The contexts, with shape `(N, C)`, or `None`.
        rate: The first learning rate.

    Returns:
        True unless the codes are not finite, there are fewer than 200 examples, or the unit
        Gaussian is as good within two standard errors of held-out codes. Where the unit Gaussian
        is no candidate, few examples keep the first form of the density.

    Example:
        >>> line, ones = nn.Linear(1, 1), torch.ones(300, 1, 1)
        >>> fit(line, lambda z, c: -(z - line.bias).square()[:, 0], None, ones, None)
        True
        >>> line.bias.detach().round()
        tensor([1.])
    """
    if not usable(z):
        return False

    if len(z) < _MIN_EXAMPLES:
        log.info("%d examples are too few to learn a prior; its first form stays.", len(z))
        return unit is None

    order = torch.randperm(len(z), device="cpu").to(z.device)
    n = max(2, round(_HELD_OUT * len(z)))
    stop, judge, rest = order.tensor_split([n, 2 * n])

    def scores(density: LogDensity, held: Tensor) -> Tensor:
        r"""Returns the mean log-density of the codes of each held-out example."""
        some = z[held, : max(1, 2**12 // len(held))]
        c = None if contexts is None else contexts[held].repeat_interleave(some.shape[1], 0)

        with torch.no_grad():
            return density(some.flatten(end_dim=1), c).double().reshape(some.shape[:2]).mean(dim=1)

    parts = z[rest], None if contexts is None else contexts[rest]
    maximize(module, log_prob, *parts, lambda: float(scores(log_prob, stop).mean()), rate)

    if unit is None:
        return True

    gain = scores(log_prob, judge) - scores(unit, judge)
    better = is_surely_positive(gain, len(z))
    word = (
        "is kept" if better else "is not significantly better than the unit Gaussian, which stays"
    )
    log.info(
        "the fitted prior %s: it gains %.2f nats for each held-out code.", word, float(gain.mean())
    )

    return better


def maximize(
    module: nn.Module,
    log_prob: LogDensity,
    z: Tensor,
    contexts: Tensor | None,
    score: Callable[[], float],
    rate: float = 2e-3,
) -> None:
    r"""Follow the gradient of the mean log-density until held-out codes no longer gain.

    The rate is divided by four whenever they do not gain, and the best weights are kept.

    Arguments:
        module: The module whose parameters are learned.
        log_prob: The log-densities of codes `(n, D)` given contexts `(n, C)`, with shape `(n,)`.
        z: The codes, with shape `(N, k, D)`, of which each step draws one for each example.
        contexts: The contexts, with shape `(N, C)`, or `None`.
        score: Returns the mean log-density of held-out codes.
        rate: The first learning rate.

    Example:
        >>> line, ones = nn.Linear(1, 1), torch.ones(9, 1, 1)
        >>> score = lambda: -float((1 - line.bias.detach()).square())
        >>> maximize(line, lambda z, c: -(z - line.bias).square()[:, 0], ones, None, score)
        >>> score() > -1e-2
        True
    """
    weights = [*module.parameters()]
    needed = [w.requires_grad for w in weights]

    for weight in weights:
        weight.requires_grad_()

    adam = torch.optim.Adam(weights, lr=rate)
    best, kept, left, reductions = score(), copy.deepcopy(module.state_dict()), _PATIENCE, 0
    device = z.device

    for update in range(1, _MAX_UPDATES + 1):
        rows = torch.randint(len(z), (min(_BATCH, len(z)),)).to(device)
        draw = torch.randint(z.shape[1], (len(rows),)).to(device)

        with torch.enable_grad():
            loss = -log_prob(z[rows, draw], None if contexts is None else contexts[rows]).mean()
            adam.zero_grad()
            loss.backward()

        nn.utils.clip_grad_norm_(weights, 10.0)
        adam.step()

        if update % _UPDATES_PER_CHECK:
            continue

        now = score()

        if now > best + 1e-3:
            best, kept, left = now, copy.deepcopy(module.state_dict()), _PATIENCE
            continue

        left -= 1

        if left == 0:
            if reductions == _REDUCTIONS:
                break

            module.load_state_dict(kept)
            reductions, left = reductions + 1, _PATIENCE
            adam.param_groups[0]["lr"] /= 4

    module.load_state_dict(kept)

    for weight, need in zip(weights, needed):
        weight.requires_grad_(need)
        weight.grad = None
