r"""New examples, and rows whose missing cells are filled in."""

__all__ = ["draw_examples", "impute", "impute_samples", "sample", "sample_codes"]

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike
from torch import Tensor

from ..blueprint import Blueprint
from ..modalities import Modality, encode_context
from ..modalities.capabilities.scales import restore_mean, restore_new
from ..modalities.capabilities.tables import as_given
from ..models.latent import LatentModel, Model
from ..priors.base import sample_prior
from .batched import map_batches, map_scaled
from .codes import decode_means
from .continuation import continue_prefixes
from .imputation import posterior_mean, sample_codes_from_prior, sample_posterior_codes


def sample(
    blueprint: Blueprint,
    model: LatentModel,
    n: int,
    y: ArrayLike | None = None,
    conditions: Mapping[Any, Any] | None = None,
    missing: bool = False,
    prefixes: Sequence[str] | None = None,
    observation_noise: bool | None = None,
) -> Any:
    r"""Sample new examples with torch's generator: codes from the prior, decoded.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        n: The number of examples.
        y: Labels or numbers, if the model is conditional.
        conditions: Values of given columns in all rows of a mixed table.
        missing: Whether cells of a mixed table are missing with the patterns of the data.
        prefixes: The beginning of each text.
        observation_noise: Whether to draw from :math:`p(x \mid z)`, or take its means.

    Returns:
        Examples in the shape, scale and type of the data.
    """
    modality: Any = blueprint.modality
    part = None if conditions is None else modality.template(conditions, n)
    c = encode_context(blueprint.context, y, n)

    if prefixes is not None:
        return restore_new(modality, continue_prefixes(model, modality, prefixes, c))

    z = sample_codes(model, n, c) if part is None else _codes_of_rows(blueprint, model, part, y)

    if observation_noise is False:
        return as_given(modality, decode_means(model, modality, z, c))

    x = draw_examples(model, modality, z, c, observation_noise is True)
    X = restore_new(modality, modality.hide(x) if missing else x)

    return as_given(modality, X if part is None else modality.fill(part, X))


def sample_codes(model: LatentModel, n: int, c: Tensor | None = None) -> Tensor:
    r"""Sample codes from the prior of a model with torch's generator, with shape `(N, D)`.

    Arguments:
        model: The trained model.
        n: The number of codes.
        c: Their context, with shape `(N, C)`, on which some priors depend.
    """
    device = next(model.parameters()).device
    z = sample_prior(model.given(None if c is None else c.to(device)).prior(), n)
    return model.posterior.project(z).cpu()


def draw_examples(
    model: LatentModel,
    modality: Modality,
    z: Tensor,
    c: Tensor | None = None,
    observation_noise: bool = False,
) -> Tensor:
    r"""Draw scaled examples from :math:`p(x \mid z)` with torch's generator.

    Images are its means, see :meth:`~autoencode.modalities.Modality.draw`, unless there is noise.

    Arguments:
        model: The trained model.
        modality: The kind of data.
        z: The codes, with shape `(N, D)`.
        c: Their context, with shape `(N, C)`.
        observation_noise: Whether all kinds of data have the noise of :math:`p(x \mid z)`.
    """
    noisy = observation_noise and modality.draws_means

    def draw(m: Model, z: Tensor) -> Tensor:
        p = m.decode(z)
        return p.sample() if noisy else modality.draw(p)

    return map_batches(model, draw, z, c)


def impute(
    blueprint: Blueprint,
    model: LatentModel,
    X: Any,
    x: Tensor,
    c: Tensor | None = None,
    seed: int = 0,
) -> Any:
    r"""Fill in the missing cells of rows with means and most probable levels.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        X: The rows.
        x: The rows, as loaded.
        c: Their context, with shape `(N, C)`.
        seed: The seed of the codes.
    """
    modality: Any = blueprint.modality

    def means(model: Model, x: Tensor) -> Tensor:
        return posterior_mean(model, x, seed, mean=modality.mean_given)

    R = restore_mean(modality, map_scaled(model, modality, means, x, c))
    return as_given(modality, modality.fill(X, R), X)


def impute_samples(
    blueprint: Blueprint,
    model: LatentModel,
    X: Any,
    x: Tensor,
    c: Tensor | None = None,
    n: int = 1,
    seed: int = 0,
) -> list[Any]:
    r"""Fill in the missing cells of rows with samples by torch's generator, several times.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        X: The rows.
        x: The rows, as loaded.
        c: Their context, with shape `(N, C)`.
        n: The number of completed tables.
        seed: The seed of the weighted codes from which codes are sampled.
    """
    modality: Any = blueprint.modality

    def codes(model: Model, x: Tensor) -> Tensor:
        return sample_posterior_codes(model, x, n, seed)

    z = map_scaled(model, modality, codes, x, c)
    draws = [draw_examples(model, modality, one, c) for one in z.unbind(dim=1)]

    return [as_given(modality, modality.fill(X, modality.restore(new)), X) for new in draws]


def _codes_of_rows(
    blueprint: Blueprint, model: LatentModel, part: Any, y: ArrayLike | None
) -> Tensor:
    r"""Samples codes for several examples with the same given cells."""
    modality = blueprint.modality
    x = modality.normalize(modality.load(part)[:1])
    c = encode_context(blueprint.context, y, 1)

    def draw(model: Model, x: Tensor) -> Tensor:
        return sample_codes_from_prior(model, x, len(part))[None]

    return map_batches(model, draw, x, c)[0]
