r"""Reconstruction of images in their own size, which may differ from that of the fit."""

__all__ = [
    "at_any_size",
    "has_fitted_size",
    "images_of",
    "pixels_of",
    "reconstruct_in_own_size",
    "reconstructed",
    "resized",
]

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..blueprint import Blueprint
from ..common.seeding import seeded
from ..data import as_files
from ..data.media.photographs import photographs_of, read_photograph
from ..modalities import Modality
from ..modalities.capabilities.scales import mean
from ..models.latent import LatentModel, Model
from ..priors import StandardNormal
from .batched import map_batches


def has_fitted_size(modality: Modality, X: Any) -> bool:
    r"""Tell whether images in memory have the size of those of the fit.

    It is also true if `X` is neither a list nor has a shape.

    Arguments:
        modality: The kind of data, after `fit`.
        X: An array, or a list of arrays.

    Example:
        >>> from autoencode.modalities import Images
        >>> X = np.zeros((2, 8, 8))
        >>> has_fitted_size(Images().fit(X), X), has_fitted_size(Images().fit(X), [X[0, :5]])
        (True, False)
    """
    C, H, W = modality.shape_
    shapes = {tuple(np.shape(x)) for x in X} if isinstance(X, (list, tuple)) else set()
    shapes |= {tuple(X.shape[1:])} if hasattr(X, "shape") else set()

    return shapes <= {(H, W), (H, W, C), (C, H, W)}


def images_of(X: Any) -> list[Any]:
    r"""List of the single images of an array, a list, a file, several files or a folder.

    Files are not read yet.

    Arguments:
        X: The images.

    Raises:
        ValueError: If `X` is a single image, or no image.

    Example:
        >>> len(images_of(np.zeros((3, 8, 8))))
        3
    """
    if (listed := as_files(X)) is not None:
        return [*listed]

    if isinstance(X, (str, Path)):
        return [*photographs_of(Path(X))]

    shape = getattr(X, "shape", (0, 0, 0, 0))

    if len(shape) < 3 or (len(shape) == 3 and shape[-1] < 5):
        raise ValueError(
            f"expected images, with shape (N, H, W) or (N, H, W, C), or a list of images of"
            f" several sizes, got {tuple(shape)}. Use X[None] for a single image."
        )

    return [*X]


def reconstruct_in_own_size(
    blueprint: Blueprint,
    model: LatentModel,
    image: Any,
    c: Tensor | None = None,
    enlarge: int = 1,
) -> NDArray:
    r"""Encode and decode one image of any size.

    A fully convolutional network sees it in one pass, or in blocks that overlap by its receptive
    field. Any other network sees it in tiles as large as the images of the fit.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        image: The pixels, with shape `(H, W)` or `(H, W, C)`, or the path of a file.
        c: Its context, with shape `(1, C)`.
        enlarge: The factor by which its sides are enlarged first.
    """
    modality: Any = blueprint.modality

    return modality.in_own_size(
        modality.enlarged(pixels_of(image)[None], enlarge)[0],
        lambda x: reconstructed(blueprint, model, x, c),
        blueprint.network.receptive_radius,
    )


def pixels_of(image: Any) -> NDArray:
    r"""The pixels of an image, which are read if it is a file.

    Arguments:
        image: The pixels, or the path of a file.

    Example:
        >>> pixels_of([[0, 1]]).shape
        (1, 2)
    """
    return read_photograph(Path(image)) if isinstance(image, (str, Path)) else np.asarray(image)


def reconstructed(
    blueprint: Blueprint, model: LatentModel, x: Tensor, c: Tensor | None = None
) -> Tensor:
    r"""Reconstructions of scaled images of a size that the network accepts.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        x: The images, with shape `(B, C, H, W)`.
        c: The context of all of them, with shape `(1, C)`.
    """

    def again(model: Model, x: Tensor) -> Tensor:
        return mean(blueprint.modality, model.decode(model.encode(x).mean))

    fitting = at_any_size(blueprint, model, tuple(x.shape[1:]))
    return map_batches(fitting, again, x, None if c is None else c.expand(len(x), -1))


def at_any_size(blueprint: Blueprint, model: LatentModel, shape: tuple[int, ...]) -> LatentModel:
    r"""The model itself for images of the size of the fit, or else :func:`resized`.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        shape: The shape of the images, channels first.
    """
    return model if shape == blueprint.modality.shape_ else resized(blueprint, model, shape)


def resized(blueprint: Blueprint, model: LatentModel, shape: tuple[int, ...]) -> LatentModel:
    r"""Fully convolutional model with the same weights for another image size.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        shape: The shape of the images, channels first.
    """
    network, modality = blueprint.network, copy.copy(blueprint.modality)
    places = [network.code_size(s) or 1 for s in (shape, modality.shape_)]
    modality.shape_ = shape

    with seeded(0):
        other = replace(
            blueprint,
            modality=modality,
            latent_dim=blueprint.latent_dim * places[0] // places[1],
            prior=StandardNormal(),  # not used
        ).build()

    other.encoder.load_state_dict(model.encoder.state_dict())
    other.decoder.load_state_dict(model.decoder.state_dict())

    return other.to(next(model.parameters()).device)
