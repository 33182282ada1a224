r"""Quality of a trained model on held-out examples: density, reconstructions and new examples."""

__all__ = ["Evaluation", "measure_quality"]

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from ...common.seeding import seeded
from ...data import Examples
from ...distributions import PointMass
from ...evaluation import (
    copying,
    fidelity,
    frechet_distance,
    posterior_diagnostics,
    weighted_codes,
)
from ...modalities import Modality
from ...modalities.capabilities import OpenLevels, Tiled, Tokenized
from ...modalities.capabilities.scales import log_unit
from ...modalities.capabilities.tables import scaled_error
from ...models.latent import LatentModel, Model
from ...training.linear.factor_analysis import principal_components
from ..batched import map_scaled
from ..generation import draw_examples, sample_codes
from .sentences import sentences

MAX_EXAMPLES = 2000
_MAX_DIAGNOSED = 512
_N_SAMPLES = 128
_MAX_FEATURES = 64
_MIN_TO_COMPARE = 20


class Evaluation(dict[str, float]):
    r"""Measures of a model on examples, by name; `print` shows what they mean.

    It has the terms of the loss, such as `distortion`, `rate` and `bound`, as in the records of
    training, and, as far as they exist for the model and the kind of data:

    - `log_p`: the mean of :math:`\log p(x)` by importance sampling, in the user's units;
      `effective_samples`: the median of the effective number of samples, as a share; and
      `bits_per_dimension` of a discrete likelihood
    - `active_units` and `mutual_information`, or `usage` and `perplexity` of codebooks
    - `error`: the mean squared error in the user's units; `explained_variance`: the share of the
      squared error of the mean example that reconstructions do not have; `psnr` of images in
      decibels; for texts, `edits` per text and the `exact` share
    - `frechet_distance` of new examples and of two halves of the real ones (`frechet_real`),
      `precision`, `recall`, `density` and `coverage`, in principal components of the scaled
      examples; `copying`, with training examples

    See Also:
        :meth:`~autoencode.Autoencoder.evaluate`

    Example:
        >>> Evaluation({"bound": -3.0}, {})["bound"]
        -3.0
    """

    standard_errors: dict[str, float]
    r"""The standard errors of the measures that are means over examples."""

    def __init__(self, values: Mapping[str, float], standard_errors: Mapping[str, float]) -> None:
        super().__init__(values)
        self.standard_errors = dict(standard_errors)

    def __repr__(self) -> str:
        return "\n".join(sentences(self, self.standard_errors)) or super().__repr__()


def measure_quality(
    model: LatentModel,
    modality: Modality,
    test: Examples,
    train: Examples | None = None,
    seed: int = 0,
) -> dict[str, Estimate | float]:
    r"""Measure a model on at most two thousand examples, evenly spaced.

    Arguments:
        model: The model.
        modality: The kind of data.
        test: Held-out examples.
        train: Training examples, which new examples should not repeat.
        seed: The seed of codes and new examples.

    Returns:
        The measures of :class:`Evaluation`, beyond the terms of the loss.
    """
    test = test.spread(MAX_EXAMPLES)[:]
    found: dict[str, Estimate | float] = {}

    if model.decoder is None:
        return found

    found |= _of_codes(model, modality, test)
    found |= _of_reconstructions(model, modality, test)

    if model.posterior.has_density:
        found |= _of_densities(model, modality, test, seed)

    if not isinstance(modality, Tokenized) and len(test.target) >= _MIN_TO_COMPARE:
        with seeded(seed):
            found |= _of_new_examples(
                model, modality, test, train and train.spread(MAX_EXAMPLES)[:]
            )

    return found


def _of_codes(model: LatentModel, modality: Modality, test: Examples) -> dict[str, float]:
    with torch.no_grad():
        device = next(model.parameters()).device
        some = test.spread(_MAX_DIAGNOSED)[:]
        c = None if some.context is None else some.context.to(device)
        return posterior_diagnostics(model.given(c), modality.normalize(some.target).to(device))


def _of_densities(
    model: LatentModel, modality: Modality, test: Examples, seed: int
) -> dict[str, Estimate | float]:
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
        "effective_samples": float(share.median()),
    }

    if model.likelihood.discrete and isinstance(modality, Tiled):
        bits = -ll / (math.log(2) * math.prod(modality.shape_))
        found["bits_per_dimension"] = estimate_mean(bits)

    return found


def _of_reconstructions(
    model: LatentModel, modality: Modality, test: Examples
) -> dict[str, Estimate | float]:
    x = modality.normalize(test.target)

    def errors(m: Model, x: Tensor) -> Tensor:
        p = m.decode(m.encode(x).mean)
        return torch.stack([modality.error(x, p), scaled_error(modality, x, p)], dim=1)

    error, scaled = map_scaled(model, modality, errors, test.target, test.context).T

    if isinstance(modality, Tokenized):
        return {"edits": estimate_mean(error), "exact": estimate_mean(error == 0)}

    mean = PointMass(x.nanmean(dim=0).nan_to_num().expand_as(x))
    trivial = scaled_error(modality, x, mean)
    found: dict[str, Estimate | float] = {
        "error": estimate_mean(error),
        "explained_variance": 1 - float(scaled.sum() / trivial.sum().clamp(min=1e-300)),
    }

    if isinstance(modality, Tiled):
        mse = float(error.mean()) / math.prod(modality.shape_)
        found["psnr"] = -10 * math.log10(max(mse, 1e-12))

    return found


def _of_new_examples(
    model: LatentModel, modality: Modality, test: Examples, train: Examples | None
) -> dict[str, Estimate | float]:
    new = draw_examples(
        model, modality, sample_codes(model, len(test.target), test.context), test.context
    )
    real = _rows(modality.normalize(test.target))
    mean = real.mean(dim=0)
    V, _ = principal_components(real - mean, _MAX_FEATURES)
    x, y = ((rows - mean) @ V.T for rows in (real, _rows(new)))
    shares = fidelity(x, y)
    found: dict[str, Estimate | float] = {
        "frechet_distance": frechet_distance(x[::2], y[::2]),  # of samples of the same size
        "frechet_real": frechet_distance(x[::2], x[1::2]),
        **shares._asdict(),
    }

    if train is not None:
        known = _rows(modality.normalize(train.target))
        found["copying"] = copying((known - mean) @ V.T, x, y)

    return found


def _rows(x: Tensor) -> Tensor:
    return x.flatten(start_dim=1).double().cpu().nan_to_num()
