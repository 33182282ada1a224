r"""Densities of held-out examples."""

__all__ = ["measure_density"]

import math

import torch
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean, estimate_median
from ...evaluation import weighted_codes
from ...modalities.capabilities import OpenLevels, Tiled
from ...modalities.capabilities.scales import log_unit
from ...models.latent import Model
from ...pages import Chart
from ..batched import map_scaled
from .task import Section, Task

_N_SAMPLES = 128


def measure_density(task: Task) -> Section:
    r"""Measure the log-density of held-out examples, by importance sampling.

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

    if model.likelihood.discrete and isinstance(modality, Tiled):
        bits = -ll / (math.log(2) * math.prod(modality.shape_))
        found["bits_per_dimension"] = estimate_mean(bits)

    caption = "Log-densities of held-out examples; those far to the left are unusual."
    chart = Chart("histogram", {"log p(x)": ll.numpy()}, caption, "log p(x), nats")

    return Section("Density", found, [chart])
