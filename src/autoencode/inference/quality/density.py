r"""Densities of held-out examples."""

__all__ = ["measure_density"]

import math

import torch
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean, estimate_median
from ...distributions import DiagonalGaussian
from ...evaluation import annealed_log_evidence, weighted_codes
from ...modalities import Modality
from ...modalities.capabilities import OpenLevels, Tiled, Tokenized
from ...modalities.capabilities.scales import log_unit
from ...models.latent import LatentModel, Model
from ...pages import Chart
from ..batched import map_scaled
from .task import Section, Task

PROMISED = 0.05
_N_SAMPLES = 128
_FEW_EFFECTIVE, _MAX_FAILED = 0.02, 0.1  # effective samples, and examples with fewer
_MAX_ANNEALED = 32


def measure_density(task: Task) -> list[Section]:
    r"""Measure the log-density of held-out examples, by importance sampling.

    Where few samples count for more than a tenth of the examples, the densities of a sample of
    these come from annealed importance sampling.

    Arguments:
        task: The model, which has a density, and its data.
    """
    model, modality, test, seed = task.model, task.modality, task.test, task.seed

    def weigh(m: Model, x: Tensor) -> Tensor:
        log_w = weighted_codes(m, x, _N_SAMPLES, seed)[1]
        evidence = log_w.logsumexp(dim=0)
        ll = evidence - math.log(_N_SAMPLES)
        ll = ll if m.likelihood.discrete else ll - log_unit(modality, x)
        share = (2 * evidence - (2 * log_w).logsumexp(dim=0)).exp() / _N_SAMPLES
        return torch.stack([ll, share], dim=1)

    ll, share = map_scaled(model, modality, weigh, test.target, test.context).T

    if isinstance(modality, OpenLevels):
        ll = ll + modality.log_mass(test.target).sum(dim=1)

    found: dict[str, Estimate | float] = {
        "log_p": estimate_mean(ll),
        "effective_samples": estimate_median(share),
    }
    failed = share < _FEW_EFFECTIVE

    if failed.double().mean() > _MAX_FAILED and _can_anneal(model, modality):
        found["annealed"] = estimate_mean(failed)
        found["log_p"] = _annealed(task, ll, failed)

    if model.likelihood.discrete and isinstance(modality, Tiled):
        value, error = found["log_p"]  # type: ignore[misc]
        nats = math.log(2) * math.prod(modality.shape_)
        found["bits_per_dimension"] = Estimate(-value / nats, error / nats)

    caption = "Log-densities of held-out examples; those far to the left are unusual."
    chart = Chart("histogram", {"log p(x)": ll.numpy()}, caption, "log p(x), nats")

    sections = [Section("Density", found, [chart])]

    if task.train is not None and test.context is None:
        known = map_scaled(model, modality, weigh, task.train.target)[:, 0]

        if isinstance(modality, OpenLevels):
            known = known + modality.log_mass(task.train.target).sum(dim=1)

        sections.append(_calibration(ll, known))

    return sections


def _calibration(ll: Tensor, known: Tensor) -> Section:
    r"""Measures the share of held-out examples that a threshold of training examples rejects.

    The p-value of an example is the share of training examples that are less likely, and itself.
    """
    ranks = torch.searchsorted(known.sort().values, ll.contiguous(), right=True)
    p = (ranks + 1).double() / (len(known) + 1)
    found: dict[str, Estimate | float] = {"rejected": estimate_mean(p <= PROMISED)}
    about = (
        "P-values of held-out examples, from the densities of training examples: all are equally"
        " frequent if held-out examples are as likely, and small ones more frequent if not."
    )
    return Section("Calibration", found, [Chart("histogram", {"p": p.numpy()}, about, "p-value")])


def _can_anneal(model: LatentModel, modality: Modality) -> bool:
    gaussian = isinstance(model.posterior, DiagonalGaussian)
    return gaussian and not isinstance(modality, (OpenLevels, Tokenized))


def _annealed(task: Task, ll: Tensor, failed: Tensor) -> Estimate:
    r"""Mean log-density with a sample of the failed estimates made anew by annealing.

    The two groups are strata: the mean is weighted by their shares.
    """
    some = failed.nonzero()[:, 0]
    some = some[:: math.ceil(len(some) / _MAX_ANNEALED)]

    def anneal(m: Model, x: Tensor) -> Tensor:
        found = annealed_log_evidence(m, x, 8, 50, random_state=task.seed).value
        return found if m.likelihood.discrete else found - log_unit(task.modality, x).cpu()

    c = None if task.test.context is None else task.test.context[some]
    again = map_scaled(task.model, task.modality, anneal, task.test.target[some], c)
    share = float(failed.double().mean())
    parts = [(share, estimate_mean(again))]

    if share < 1:
        parts.append((1 - share, estimate_mean(ll[~failed])))

    return Estimate(
        sum(w * e.value for w, e in parts), math.hypot(*(w * e.standard_error for w, e in parts))
    )
