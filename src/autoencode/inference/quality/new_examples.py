r"""New examples against held-out ones."""

__all__ = ["draw_new_examples", "measure_new_examples"]

import torch
from torch import Tensor

from ...common.estimates import Estimate, jackknife
from ...common.seeding import seeded
from ...data import Examples
from ...evaluation import copying, fidelity, frechet_distance
from ...evaluation.generation import nearest_distances
from ...modalities.capabilities import Pictured, Tiled
from ...models.latent import Model
from ...pages import Chart
from ...training.linear.factor_analysis import principal_components
from ..batched import map_scaled
from ..generation import draw_examples, sample_codes
from .task import Section, Task, as_rows

_MAX_FEATURES = 64
_SHOWN = 64


def draw_new_examples(task: Task) -> Tensor:
    r"""Draw as many scaled examples as there are held-out ones.

    Arguments:
        task: The model and its data, which are no texts.
    """
    model, test = task.model, task.test

    with seeded(task.seed):
        z = sample_codes(model, len(test.target), test.context)
        return draw_examples(model, task.modality, z, test.context)


def measure_new_examples(task: Task, new: Tensor) -> list[Section]:
    r"""Measure new examples in principal components of the scaled examples.

    Arguments:
        task: The model and its data, which are no texts.
        new: The new scaled examples, as many as held-out ones.
    """
    modality, test = task.modality, task.test
    real = task.rows
    mean = real.mean(dim=0)
    V, _ = principal_components(real - mean, _MAX_FEATURES)
    x, y = ((rows - mean) @ V.T for rows in (real, as_rows(new)))
    found: dict[str, Estimate | float] = {
        "frechet_distance": jackknife(frechet_distance, x[::2], y[::2]),  # as many as below
        "frechet_real": jackknife(frechet_distance, x[::2], x[1::2]),
        **fidelity(x, y)._asdict(),
    }
    charts = [_clouds(x, y)]

    if isinstance(modality, Pictured):
        shown = modality.to_images(modality.restore(new[:_SHOWN]))
        charts.insert(0, Chart("examples", {"new": shown}, "New examples."))

    sections = [Section("New examples", found, charts)]

    if task.train is not None:
        # New images are means, so that they are compared with means: these lack the same noise
        means = isinstance(modality, Tiled) and test.context is None
        rows = _reconstructed if means else _given
        known, x = ((rows(task, some) - mean) @ V.T for some in (task.train, test))
        copies = Section("Copies", {"copying": copying(known, x, y)}, [_distances(known, x, y)])
        sections.append(copies)

    return sections


def _given(task: Task, some: Examples) -> Tensor:
    return as_rows(task.modality.normalize(some.target))


def _reconstructed(task: Task, some: Examples) -> Tensor:
    def means(m: Model, x: Tensor) -> Tensor:
        return m.decode(m.encode(x).mean).mean

    return as_rows(map_scaled(task.model, task.modality, means, some.target, some.context))


def _clouds(x: Tensor, y: Tensor) -> Chart:
    both = {
        name: torch.nn.functional.pad(rows, (0, max(0, 2 - rows.shape[1])))[:, :2].numpy()
        for name, rows in (("held out", x), ("new", y))
    }
    first, second = (f"{nth} principal component of the examples" for nth in ("1st", "2nd"))
    about = "Held-out examples and new ones, which should overlap."

    return Chart("points", both, about, first, second)


def _distances(known: Tensor, x: Tensor, y: Tensor) -> Chart:
    both = {
        name: nearest_distances(rows, known).numpy()
        for name, rows in (("held out", x), ("new", y))
    }
    about = (
        "Distances to the nearest training example: new examples that lie far to the left of"
        " held-out ones repeat the training data."
    )
    return Chart("histogram", both, about, "distance to the nearest training example")
