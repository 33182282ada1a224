r"""Codes of examples, and decoded examples, by a trained model."""

__all__ = [
    "codebook_indices",
    "decode_means",
    "each_code",
    "encode_means",
    "encode_with_std",
    "reconstruct_means",
    "reconstruct_scaled",
]

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from ..distributions.codes.codebook import code_indices
from ..distributions.counts.sizes import at_size_of
from ..modalities import Modality
from ..modalities.capabilities.scales import mean, restore_mean
from ..models.latent import LatentModel, Model
from .batched import BatchFunction, each_batch, map_batches, map_restored, map_scaled


def encode_means(
    model: LatentModel, modality: Modality, x: Tensor, c: Tensor | None = None
) -> Tensor:
    r"""Means of the posteriors :math:`q(z \mid x)` of examples, with shape `(N, D)`.

    Arguments:
        model: The model.
        modality: The kind of data.
        x: The examples, as loaded.
        c: Their context, with shape `(N, C)`.
    """
    return map_scaled(model, modality, lambda m, x: m.encode(x).mean, x, c)


def encode_with_std(
    model: LatentModel, modality: Modality, x: Tensor, c: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    r"""Means and standard deviations of :math:`q(z \mid x)`, each with shape `(N, D)`.

    Arguments:
        model: The model.
        modality: The kind of data.
        x: The examples, as loaded.
        c: Their context, with shape `(N, C)`.

    Raises:
        ValueError: If codes have no distribution, or one without a standard deviation in closed
            form.
    """
    family = model.posterior

    if not family.has_density:
        raise ValueError(
            f"return_std=True needs codes with a distribution, got {family!r}, whose codes are"
            " points. Use ae.vae(...), for example."
        )

    def encode(m: Model, x: Tensor) -> Tensor:
        q = m.encode(x)

        try:
            return torch.stack([q.mean, q.stddev], dim=1)
        except (ValueError, NotImplementedError):
            raise ValueError(
                f"codes of {family!r} have no standard deviation in closed form: leave out"
                " return_std=True."
            ) from None

    mean, std = map_scaled(model, modality, encode, x, c).unbind(dim=1)
    return mean, std


def each_code(
    model: LatentModel,
    modality: Modality,
    x: Tensor,
    c: Tensor | None = None,
    indices: bool = False,
) -> Iterator[Tensor]:
    r"""Yield codes, or indices of entries of a codebook, one batch of examples at a time.

    Arguments:
        model: The model.
        modality: The kind of data.
        x: The examples, as loaded.
        c: Their context, with shape `(N, C)`.
        indices: Whether to yield indices.
    """

    def encode(model: Model, x: Tensor) -> Tensor:
        q = model.encode(modality.normalize(x))
        return code_indices(q) if indices else q.mean

    return each_batch(model, encode, x, c)


def codebook_indices(
    model: LatentModel, modality: Modality, x: Tensor, c: Tensor | None = None
) -> Tensor:
    r"""Indices of the entries of a codebook for examples, with shape `(N, positions)`.

    Arguments:
        model: The model.
        modality: The kind of data.
        x: The examples, as loaded.
        c: Their context, with shape `(N, C)`.

    Raises:
        ValueError: If the codes of the model are not quantized.
    """
    return map_scaled(model, modality, lambda m, x: code_indices(m.encode(x)), x, c)


def decode_means(
    model: LatentModel, modality: Modality, z: Tensor, c: Tensor | None = None
) -> Any:
    r"""Means of :math:`p(x \mid z)`, in the scale and type of the data.

    Arguments:
        model: The model.
        modality: The kind of data.
        z: The codes, with shape `(N, D)`.
        c: Their context, with shape `(N, C)`.
    """

    def decode(model: Model, z: Tensor) -> Tensor:
        return mean(modality, model.decode(z))

    return _restored(modality, lambda f: map_batches(model, f, z, c), decode)


def reconstruct_means(
    model: LatentModel, modality: Modality, x: Tensor, c: Tensor | None = None
) -> Any:
    r"""Examples, encoded and decoded, in the scale and type of the data.

    Arguments:
        model: The model.
        modality: The kind of data.
        x: The examples, as loaded.
        c: Their context, with shape `(N, C)`.
    """
    again = _autoencode(modality)
    return _restored(modality, lambda f: map_scaled(model, modality, f, x, c), again)


def reconstruct_scaled(
    model: LatentModel, modality: Modality, x: Tensor, c: Tensor | None = None
) -> Tensor:
    r"""Examples, encoded and decoded, as tensors that are still scaled.

    Arguments:
        model: The model.
        modality: The kind of data.
        x: The examples, as loaded.
        c: Their context, with shape `(N, C)`.
    """
    return map_scaled(model, modality, _autoencode(modality), x, c)


def _autoencode(modality: Modality) -> BatchFunction:
    return lambda m, x: mean(modality, at_size_of(m.decode(m.encode(x).mean), x))


def _restored(
    modality: Modality, run: Callable[[BatchFunction], Tensor], function: BatchFunction
) -> Any:
    return map_restored(run, function, lambda x: restore_mean(modality, x))
