r"""Prior of codes over time, fitted after the training."""

__all__ = ["AutoregressivePrior"]

import copy
import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution

from ..base import Prior
from ..standard_normal import StandardNormal
from .next_codes import CodesOverTime, NextCode

log = logging.getLogger(__name__)

_LEARNING_RATE = 4e-3
_BETAS = 0.9, 0.999  # of Adam
_LARGEST_GRADIENT = 1.0
_BATCH = 32  # sequences
_MAX_NUMBERS = 2**22  # of codes that are kept for the fit
_MIN_DRAWS = 2**9  # sequences, if there are few examples
_MIN_EXAMPLES = 10
_LONGEST = 256  # steps of a sequence
_SMALLEST = 1e-6  # of the standard deviation of a channel, relative to the largest


class AutoregressivePrior(Prior):
    r"""Recurrent network over codes of a series or sound, fitted to them after the training.

    .. math:: p(z) = \prod_{t=1}^T p(z_t \mid z_{<t}), \qquad
        \max_p \sum_i \mathbb{E}_{q(z \mid x_i)} \big[ \log p(z) \big]

    It needs codes over time, as of :class:`~autoencode.networks.TemporalConvolutional`.
    Neighboring codes of a series are alike, which a prior of independent codes does not know. The
    next code follows a mixture of diagonal Gaussians whose parameters depend on all codes before
    it, and on the condition of a conditional model. New series have any length:
    `sample(steps=...)` or `sample(seconds=...)`.

    During the training the prior is the unit Gaussian, as for
    :class:`~autoencode.priors.Mixture`. The fit changes neither encoder nor decoder, and raises
    the evidence lower bound. It takes a tenth of the examples to choose its number of steps; the
    unit Gaussian stays if it explains their codes better.

    References:
        | A Recurrent Latent Variable Model for Sequential Data (Chung et al., 2015)
        | https://arxiv.org/abs/1506.02216

        | Neural Discrete Representation Learning (van den Oord et al., 2017), for a prior over
          codes that is fitted after the training
        | https://arxiv.org/abs/1711.00937

    Arguments:
        width: The size of the state of the recurrent network.
        n_components: The number of Gaussians of the next code.
        max_steps: The maximum number of steps of its training, each with 32 sequences.

    Raises:
        ValueError: If codes are not over time.

    See Also:
        :class:`~autoencode.networks.TemporalConvolutional`, :class:`~autoencode.priors.Mixture`

    Example:
        >>> import autoencode as ae
        >>> X = torch.randn(20, 24).cumsum(dim=1).numpy()
        >>> vae = ae.vae(
        ...     modality=ae.modalities.Series(),
        ...     network=ae.networks.TemporalConvolutional(width=8, depth=1, stride=4),
        ...     prior=AutoregressivePrior(width=8, max_steps=20),
        ...     training=ae.Training(epochs=2),
        ... ).fit(X)
        >>> vae.sample(3, steps=100).shape
        (3, 100)
    """

    fits = True

    loc: Tensor
    scale: Tensor

    def __init__(self, width: int = 128, n_components: int = 8, max_steps: int = 400) -> None:
        super().__init__()

        if not min(width, n_components, max_steps) >= 1:
            raise ValueError(
                "expected width >= 1, n_components >= 1 and max_steps >= 1, got"
                f" {width}, {n_components} and {max_steps}."
            )

        self.width = width
        self.n_components = n_components
        self.max_steps = max_steps

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        code: Any = getattr(encoder.network, "code", None)

        if code is None or len(code) != 2:
            raise ValueError(
                "AutoregressivePrior() needs codes over time, and those of this network are single"
                " vectors. Set network=ae.networks.TemporalConvolutional() (command line:"
                " --network TemporalConvolutional), or prior=Mixture()."
            )

        self.context, self.conditional, self.steps = context, context > 0, code[1]

    def build(self, latent_dim: int) -> "AutoregressivePrior":
        channels = latent_dim // self.steps
        self.unit = StandardNormal().build(latent_dim)
        self.network = NextCode(channels, self.width, self.n_components, self.context)
        self.network.requires_grad_(False)  # fitted after the training
        self.register_buffer("loc", torch.zeros(0))  # until it is fitted
        self.register_buffer("scale", torch.zeros(0))
        self.register_load_state_dict_pre_hook(_as_many_as_stored)

        return self

    def forward(self, c: Tensor | None = None) -> Distribution:
        return self.unit() if len(self.loc) == 0 else self.of_steps(self.steps, c)

    def of_steps(self, steps: int, c: Tensor | None = None) -> Distribution:
        r"""Returns the distribution of sequences of any number of codes.

        Arguments:
            steps: The number of codes.
            c: Contexts, with shape `(B, C)`, of a conditional model.
        """
        if len(self.loc) == 0:
            channels = len(self.unit.loc) // self.steps
            return StandardNormal().build(channels * steps).to(self.loc.device)()

        return CodesOverTime(self.network, self.loc, self.scale, steps, c)

    def fit(self, codes: Callable[[], Tensor], contexts: Tensor | None = None) -> None:
        z, c = codes().cpu(), contexts

        if not z.isfinite().all():
            log.warning("the codes are not all finite; the prior stays the unit Gaussian.")
            return

        points = z.shape[1] > 1 and bool((z == z[:, :1]).all())
        draws = 1 if points else max(1, min(z.shape[1], _MIN_DRAWS // len(z)))
        most = max(_MIN_EXAMPLES, _MAX_NUMBERS // (draws * z.shape[2]))
        some = torch.linspace(0, len(z) - 1, min(len(z), most)).long()
        z = z[some, :draws].unflatten(2, (-1, self.steps)).mT  # (N, k, T, D)
        c = None if c is None else c.cpu()[some]
        scale, loc = torch.std_mean(z.flatten(end_dim=2), dim=0, correction=0)
        scale = scale.clamp(min=max(1e-12, _SMALLEST * float(scale.max())))
        held = torch.arange(len(z)) % _MIN_EXAMPLES == _MIN_EXAMPLES - 1  # none of few examples

        network = copy.deepcopy(self.network).cpu().requires_grad_(True)
        learn, judge = ((z - loc) / scale)[~held], ((z - loc) / scale)[held]
        of_learn, of_judge = (None if c is None else c[rows] for rows in (~held, held))

        with torch.enable_grad():
            best = _train(network, learn, of_learn, judge, of_judge, self.max_steps)

        unit = -math.inf if points or not held.any() else _of_unit(z[held]) + scale.log().sum()

        if best <= unit:
            log.info("the prior over time is no better than the unit Gaussian, which stays.")
            return

        self.network.load_state_dict(network.state_dict())
        self.loc, self.scale = loc.to(self.loc), scale.to(self.scale)
        log.info("the prior over time was fitted to %d sequences of %d codes.", len(z), self.steps)


def _train(
    network: NextCode, z: Tensor, c: Tensor | None, judge: Tensor, of_judge: Tensor | None,
    steps: int,
) -> float:  # fmt: skip
    r"""Trains on sequences, keeps the best weights, and returns their held-out log-density."""
    N, k, *_ = z.shape
    best, kept, every = -math.inf, network.state_dict(), max(1, steps // 12)
    adam = _Adam([*network.parameters()])

    for step in range(steps):
        i, j = torch.randint(N, (_BATCH,)), torch.randint(k, (_BATCH,))
        loss = -network(z[i, j, :_LONGEST], None if c is None else c[i]).mean()
        gradients = torch.autograd.grad(loss, adam.parameters)
        adam.step(gradients, _LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / steps)))

        if len(judge) and (step + 1) % every == 0:
            with torch.no_grad():
                found = float(network(judge[:, 0], of_judge).mean())

            if found > best:
                best = found
                kept = {name: v.clone() for name, v in network.state_dict().items()}

    network.load_state_dict(kept)
    return best if len(judge) else 0.0


class _Adam:
    r"""Adam with clipped gradients. That of torch imports its compiler, which takes seconds."""

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self.parameters, self.t = parameters, 0
        self.m, self.v = ([torch.zeros_like(p) for p in parameters] for _ in "mv")

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], rate: float) -> None:
        self.t += 1
        norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
        share = min(1.0, _LARGEST_GRADIENT / max(norm, 1e-12))

        for p, g, m, v in zip(self.parameters, gradients, self.m, self.v):
            m.lerp_(share * g, 1 - _BETAS[0])
            v.lerp_((share * g).square(), 1 - _BETAS[1])
            scale = (v / (1 - _BETAS[1] ** self.t)).sqrt() + 1e-8
            p.addcdiv_(m / (1 - _BETAS[0] ** self.t), scale, value=-rate)


def _of_unit(z: Tensor) -> float:
    r"""Returns the mean log-density of codes under the unit Gaussian, for each step."""
    return float(-0.5 * (z.square() + math.log(2 * math.pi)).sum(dim=-1).mean())


def _as_many_as_stored(
    prior: AutoregressivePrior, tensors: dict[str, Tensor], prefix: str, *others: Any
) -> None:
    r"""Makes room for the scales of a file, which has none if the prior was not fitted."""
    for name in ("loc", "scale"):
        if len(tensors.get(prefix + name, ())) in {0, prior.network.sizes[1]}:
            stored = tensors.get(prefix + name, getattr(prior, name))
            setattr(prior, name, getattr(prior, name).new_empty(stored.shape))
