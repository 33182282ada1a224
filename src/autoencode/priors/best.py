r"""Choice among priors by the density of held-out codes."""

__all__ = ["BestPrior"]

import logging
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution

from .base import Prior
from .fitted import KernelDensity, Mixture
from .fitted.codes import keep_first_dimension, points_of, usable
from .fitted.selection import is_surely_positive
from .neural import FlowPrior, LearnedMixture, TransformerPrior
from .reference import Reference
from .standard_normal import StandardNormal

log = logging.getLogger(__name__)

_HELD_OUT, _MIN_EXAMPLES = 0.2, 20


class BestPrior(Prior):
    r"""Prior that is chosen among several, after the training, by the density of held-out codes.

    .. math:: \max_{p \in \mathcal{P}} \frac{1}{|H|} \sum_{i \in H}
        \mathbb{E}_{q(z \mid x_i)} \big[ \log p(z) \big]

    Each candidate is fitted to four fifths of the codes and scored by the rest :math:`H`. A
    simpler one, which stands before, is taken if the best is not better by two standard errors.
    The choice is then fitted to all codes. The log says which it is, and what the others scored;
    `model_.prior.chosen` and `model_.prior.scores` keep both. The prior is the unit Gaussian, or
    :class:`~autoencode.priors.Reference`, during the training. `prior="best"` is this prior with
    its default candidates.

    Arguments:
        candidates: The priors, from simple to complex, all of which are fitted after the training
            or have nothing to learn. By default, those that suit the codes: `StandardNormal`,
            `Mixture`, `KernelDensity` of one width and by ten neighbors, and `FlowPrior`; of
            conditional models, a Gaussian and a flow given the condition, too; `TransformerPrior`
            in two sizes for codes of finitely many values, with `Reference` if they have
            densities.

    Raises:
        ValueError: If a candidate is learned with the model, or only one suits the codes.

    See Also:
        :class:`~autoencode.priors.Mixture`, :class:`~autoencode.priors.FlowPrior`

    Example:
        >>> prior = BestPrior([StandardNormal(), Mixture(max_components=4)]).build(1)
        >>> prior.fit(lambda: torch.randn(500, 1, 1) + 8 * torch.randint(2, (500, 1, 1)))
        >>> prior.chosen
        Mixture(max_components=4)
    """

    fits = True
    euclidean = False

    choice: Tensor
    held_out_scores: Tensor

    def __init__(self, candidates: Sequence[Prior] | None = None) -> None:
        super().__init__()

        learned = [c for c in candidates or () if not (c.fits or isinstance(c, _FIXED))]

        if learned or (candidates is not None and len(candidates) < 2):
            raise ValueError(
                "expected two or more candidates that are fitted after the training, or have"
                f" nothing to learn, got {[*(candidates or ())]}."
            )

        self.candidates = candidates
        self.attached: tuple[Any, ...] = ()
        self.context = 0

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        family: Any = encoder.family

        if self.candidates is None and family.has_reference and not family.finite:
            raise ValueError(
                f"prior='best' has nothing to choose from for codes of {family!r}: the only prior"
                " of their space is Reference(). Use prior=Reference(), the default."
            )

        self.attached, self.context = (encoder,), context  # no part of this module
        self.conditional = context > 0

    def build(self, latent_dim: int) -> "BestPrior":
        self.latent_dim = latent_dim
        self.priors = nn.ModuleList(self._new(prior) for prior in self._candidates())
        self.unit = self._new(Reference() if self._has_reference() else StandardNormal())
        self.register_buffer("choice", torch.zeros(0, dtype=torch.long))
        self.register_buffer("held_out_scores", torch.zeros(len(self.priors)))
        keep_first_dimension(self, "choice")

        return self

    @property
    def chosen(self) -> Prior:
        r"""The chosen prior, or that of the training until then."""
        if len(self.choice) == 0:
            return self.unit

        priors, i = [*self.priors], int(self.choice[0])

        if not 0 <= i < len(priors):
            raise ValueError(f"its choice is prior {i} of {len(priors)}")

        return cast(Prior, priors[i])

    @property
    def scores(self) -> dict[str, float]:
        r"""The mean log-density of held-out codes in nats, by prior."""
        return {repr(p): float(s) for p, s in zip(self.priors, self.held_out_scores)}

    def forward(self, c: Tensor | None = None) -> Distribution:
        chosen = self.chosen
        return chosen(c) if chosen.conditional else chosen()

    @torch.no_grad()
    def fit(self, codes: Callable[[], Tensor], contexts: Tensor | None = None) -> None:
        z, _ = points_of(codes())

        if not usable(z):
            return

        if len(z) < _MIN_EXAMPLES:
            log.info("%d examples are too few to choose a prior; it stays as it was.", len(z))
            return

        order = torch.randperm(len(z))
        held, rest = order.tensor_split([max(4, round(_HELD_OUT * len(z)))])
        found = torch.stack(
            [self._scores(prior, z, contexts, held, rest) for prior in self._candidates()]
        )
        best = int(found.mean(dim=1).argmax())
        gains = found[best] - found
        chosen = next(
            i for i in range(len(found)) if i == best or not is_surely_positive(gains[i], len(z))
        )

        self.held_out_scores = found.mean(dim=1).to(self.held_out_scores)
        self.choice = torch.tensor([chosen]).to(self.choice)
        self._fit(self.chosen, z, contexts)
        self._tell(found, gains, best)

    def _tell(self, found: Tensor, gains: Tensor, best: int) -> None:
        errors = gains.std(dim=1) / gains.shape[1] ** 0.5
        others = "; ".join(
            f"{prior} {float(score):.2f}" + ("" if i == best else f" ({-gain:.2f} +- {error:.2f})")
            for i, (prior, score, gain, error) in enumerate(
                zip(self.priors, found.mean(dim=1), gains.mean(dim=1).tolist(), errors.tolist())
            )
        )
        why = (
            "the highest"
            if self.chosen is self.priors[best]
            else "the first that is not significantly worse than the highest"
        )
        log.info(
            "chose the prior %s, %s log-density of %d held-out examples' codes in nats: %s.",
            *(self.chosen, why, gains.shape[1], others),
        )

    def _scores(
        self, prior: Prior, z: Tensor, contexts: Tensor | None, held: Tensor, rest: Tensor
    ) -> Tensor:
        r"""Returns the log-density of the codes of each held-out example."""
        fresh = self._new(prior).to(self.held_out_scores.device)
        self._fit(fresh, z[rest], None if contexts is None else contexts[rest])
        some = z[held].movedim(1, 0).to(self.held_out_scores)
        p = (
            fresh(contexts[held].to(some))
            if fresh.conditional and contexts is not None
            else fresh()
        )

        return p.log_prob(some).double().mean(dim=0).cpu()

    def _fit(self, prior: Prior, z: Tensor, contexts: Tensor | None) -> None:
        if prior.fits:
            prior.fit(lambda: z, *([contexts] if prior.conditional else []))

    def _new(self, prior: Prior) -> Prior:
        fresh = prior.clone()

        if self.attached:
            fresh.attach(self.attached[0], self.context)

        return fresh.build(self.latent_dim)

    def _has_reference(self) -> bool:
        return bool(self.attached and self.attached[0].family.has_reference)

    def _candidates(self) -> list[Prior]:
        if self.candidates is not None:
            return [*self.candidates]

        if self.attached and self.attached[0].family.finite:
            given = self.context > 0
            transformers = [
                TransformerPrior(32, 1, 2, conditional=given),
                TransformerPrior(conditional=given),
            ]
            return [*([Reference()] if self._has_reference() else []), *transformers]

        vectors = [StandardNormal(), Mixture(), KernelDensity(), KernelDensity(10), FlowPrior()]

        if self.context:
            vectors[1:1] = [LearnedMixture(1, conditional=True, joint=False)]
            vectors += [FlowPrior(conditional=True)]

        return vectors


_FIXED = (StandardNormal, Reference)
