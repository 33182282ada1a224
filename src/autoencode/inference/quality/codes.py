r"""Codes of held-out examples."""

__all__ = ["measure_codes"]

import torch
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from ...evaluation import posterior_diagnostics
from ...evaluation.codes import information_terms, is_factorized, unit_information
from ...pages import Chart
from ...training.linear.factor_analysis import principal_components
from .task import Section, Task

_MAX_DIAGNOSED = 512


@torch.no_grad()
def measure_codes(task: Task) -> Section:
    r"""Measure whether codes depend on the examples, as a whole and unit by unit.

    Arguments:
        task: The model and its data.
    """
    device = next(task.model.parameters()).device
    some = task.test.spread(_MAX_DIAGNOSED)[:]
    model = task.model.given(None if some.context is None else some.context.to(device))
    x = task.modality.normalize(some.target).to(device)
    found: dict[str, Estimate | float] = {**posterior_diagnostics(model, x)}
    q = model.encode(x)
    z = q.mean.cpu()
    charts, details = [], {}

    if z.ndim == 2 and z.is_floating_point() and min(z.shape) > 1:
        charts.append(_cloud(z.double()))

    if "mutual_information" in found:
        found["mutual_information"] = estimate_mean(information_terms(model, x))

        if is_factorized(q):
            information = unit_information(model, x).tolist()
            units = {f"z{j + 1}": value for j, value in enumerate(information)}
            details["units"] = {name: {"mutual_information": v} for name, v in units.items()}
            about = "What each unit knows of the examples: a unit near zero is unused."
            charts.append(Chart("bars", units, about, "mutual information, nats"))

    return Section("Codes", found, charts, details)


def _cloud(z: Tensor) -> Chart:
    z = z - z.mean(dim=0)
    names = ("z1", "z2")

    if z.shape[1] > 2:
        V, _ = principal_components(z, 2)
        z = z @ V.T
        names = ("1st principal component of the codes", "2nd principal component of the codes")

    about = "The codes of held-out examples."
    return Chart("points", {"codes": z.numpy()}, about, names[0], names[1])
