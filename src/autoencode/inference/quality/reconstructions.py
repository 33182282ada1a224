r"""Reconstructions of held-out examples."""

__all__ = ["measure_reconstructions"]

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from ...distributions import PointMass
from ...evaluation import log_spectral_distance
from ...modalities.capabilities import Pictured, Tabular, Tiled, Tokenized
from ...modalities.capabilities.scales import mean, restore_mean
from ...modalities.capabilities.tables import scaled_error
from ...models.latent import Model
from ...objectives.image_similarity import structural_similarity
from ...pages import Chart
from ..batched import map_scaled
from .columns import measure_columns
from .task import Section, Task

_SHOWN, _MAX_SOUNDS = 10, 64


def measure_reconstructions(task: Task) -> list[Section]:
    r"""Measure reconstructions in the data's own measure.

    Arguments:
        task: The model and its data.
    """
    model, modality, test = task.model, task.modality, task.test
    x = modality.normalize(test.target)

    def errors(m: Model, x: Tensor) -> Tensor:
        p = m.decode(m.encode(x).mean)
        return torch.stack([modality.error(x, p), scaled_error(modality, x, p)], dim=1)

    error, scaled = map_scaled(model, modality, errors, test.target, test.context).T

    if isinstance(modality, Tokenized):
        found: dict[str, Estimate | float] = {
            "edits": estimate_mean(error), "exact": estimate_mean(error == 0)
        }  # fmt: skip
        edits = Chart("histogram", {"edits": error.numpy()}, "Edits of texts.", "edits per text")
        return [Section("Reconstructions", found, [_texts(task), edits])]

    trivial = scaled_error(modality, x, PointMass(x.nanmean(dim=0).nan_to_num().expand_as(x)))
    found = {
        "error": estimate_mean(error),
        "explained_variance": explained(scaled, trivial),
    }

    if isinstance(modality, Tiled):
        found["psnr"] = _decibels(error / math.prod(modality.shape_))
        found["ssim"] = estimate_mean(
            map_scaled(model, modality, _ssim, test.target, test.context)
        )

    r = map_scaled(
        model, modality, lambda m, x: mean(modality, m.decode(m.encode(x).mean)), test.target,
        test.context,
    )  # fmt: skip

    if isinstance(modality, Pictured) and not isinstance(modality, Tiled):
        found["log_spectral_distance"] = _spectral_distance(task, r)

    charts = [_examples(task, r), _histogram(scaled)]

    return [Section("Reconstructions", found, charts), measure_columns(task, x, r)]


def explained(error: Tensor, trivial: Tensor) -> Estimate:
    r"""Share of the squared error of the mean example that reconstructions do not have.

    .. math:: 1 - \frac{\sum_i e_i}{\sum_i t_i}

    Its standard error is that of a ratio of means, by the delta method.

    Arguments:
        error: The errors :math:`e` of the examples.
        trivial: The errors :math:`t` of the mean example.

    Example:
        >>> explained(torch.tensor([1.0, 1.0]), torch.tensor([4.0, 4.0]))
        Estimate(value=0.75, standard_error=0.0)
    """
    total = trivial.double().mean().clamp(min=1e-300)
    ratio = error.double().mean() / total
    return Estimate(1 - float(ratio), estimate_mean((error - ratio * trivial) / total)[1])


def _ssim(m: Model, x: Tensor) -> Tensor:
    return structural_similarity(x, m.decode(m.encode(x).mean).mean.clamp(0, 1))


def _spectral_distance(task: Task, r: Tensor) -> Estimate:
    r"""Returns the log-spectral distance of a few sounds, whose phases take long to restore."""
    modality: Any = task.modality
    some = slice(None, None, math.ceil(len(r) / _MAX_SOUNDS))
    x = modality.normalize(task.test.target[some])
    X, R = (np.asarray(a, float) for a in (modality.restore(x), modality.restore(r[some])))
    x_wave, r_wave = (a.mean(axis=-1) if a.ndim == 3 else a for a in (X, R))

    return estimate_mean(log_spectral_distance(x_wave, r_wave))


def _decibels(mse: Tensor) -> Estimate:
    value, error = estimate_mean(mse)
    value = max(value, 1e-12)
    return Estimate(-10 * math.log10(value), 10 / math.log(10) * error / value)


def _examples(task: Task, r: Tensor) -> Chart:
    modality: Any = task.modality
    x = modality.normalize(task.test.target)
    about = "The first held-out examples, and their reconstructions."

    pictured = isinstance(modality, Pictured)

    if pictured:
        shown = [
            modality.to_images(a)
            for a in (modality.restore(x[:_SHOWN]), restore_mean(modality, r[:_SHOWN]))
        ]
    else:
        everything = [modality.restore(x), restore_mean(modality, r[:_SHOWN])]
        rows = [_numbers(modality, a) for a in everything]
        loc = np.nanmean(rows[0], axis=0, keepdims=True)
        scale = np.nanstd(rows[0], axis=0, keepdims=True)
        shown = [(a[:_SHOWN] - loc) / np.where(scale > 0, scale, 1) for a in rows]

    return Chart("examples", dict(zip(("original", "reconstruction"), shown)), about)


def _numbers(modality: Any, X: Any) -> NDArray:
    r"""Returns examples as rows; in rows of series, one channel follows the other."""
    X = np.asarray(modality.to_numeric(X) if isinstance(modality, Tabular) else X, float)
    return (X if X.ndim < 3 else np.moveaxis(X, -1, 1)).reshape(len(X), -1)


def _texts(task: Task) -> Chart:
    modality, test = task.modality, task.test
    r = map_scaled(
        task.model, modality, lambda m, x: m.decode(m.encode(x).mean).mean,
        test.target[:_SHOWN], None if test.context is None else test.context[:_SHOWN],
    )  # fmt: skip
    pairs = zip(modality.restore(modality.normalize(test.target[:_SHOWN])), modality.restore(r))
    rows = [["text", "reconstruction"], *map(list, pairs)]

    return Chart("table", rows, "The first held-out texts, and their reconstructions.")


def _histogram(error: Tensor) -> Chart:
    about = "Squared errors of held-out examples; the largest are far from what the model knows."
    return Chart("histogram", {"error": error.numpy()}, about, "squared error of a scaled example")
