r"""Codes of held-out examples."""

__all__ = ["measure_codes", "measure_metadata"]

import torch
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from ...evaluation import metadata_information, posterior_diagnostics
from ...evaluation.codes import information_terms, is_factorized, unit_information
from ...pages import Chart
from ...training.linear.factor_analysis import principal_components
from ..batched import map_scaled
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


def measure_metadata(task: Task) -> Section:
    r"""Measure what each unit of the codes knows of each column about the examples.

    Arguments:
        task: The model and its data, with metadata.

    Raises:
        ValueError: If codes are not vectors, or a column differs in length from the examples.
    """
    assert task.metadata is not None
    z = map_scaled(
        task.model, task.modality, lambda m, x: m.encode(x).mean, task.test.target,
        task.test.context,
    )  # fmt: skip

    if z.ndim != 2 or not z.is_floating_point():
        raise ValueError(
            "metadata are compared with the units of codes that are vectors. The codes of this"
            f" model have the shape {tuple(z.shape[1:])}: leave metadata out."
        )

    found = metadata_information(z.numpy(), task.metadata, task.seed)
    each = {
        column: {f"z{j + 1}": float(v) for j, v in enumerate(information)}
        for column, information in found.items()
    }
    most = {
        f"{column} ({max(units, key=lambda u: units[u])})": max(units.values())
        for column, units in each.items()
    }
    about = "What the best unit knows of each column about the examples."
    charts = [Chart("bars", most, about, "mutual information, nats")] if len(most) > 1 else []

    return Section("Metadata", {}, charts, {"metadata": each})


def _cloud(z: Tensor) -> Chart:
    z = z - z.mean(dim=0)
    names = ("z1", "z2")

    if z.shape[1] > 2:
        V, _ = principal_components(z, 2)
        z = z @ V.T
        names = ("1st principal component of the codes", "2nd principal component of the codes")

    about = "The codes of held-out examples."
    return Chart("points", {"codes": z.numpy()}, about, names[0], names[1])
