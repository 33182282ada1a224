r"""Codes that are maps, and errors of pixels, of images of any size."""

__all__ = ["decode_map", "encode_map", "error_map"]

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

from ...blueprint import Blueprint
from ...models.latent import LatentModel
from ..batched import map_batches
from ..own_size import at_any_size, pixels_of, reconstructed


def encode_map(
    blueprint: Blueprint, model: LatentModel, image: Any, c: Tensor | None = None
) -> NDArray:
    r"""Encode one image of any size to the map of its posterior means.

    Large images are encoded in blocks that overlap by the receptive field, as in a single pass.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        image: The pixels, with shape `(H, W)` or `(H, W, C)`, or the path of a file.
        c: Its context, with shape `(1, C)`.

    Returns:
        The map, with shape `(channels, rows, columns)`.

    Raises:
        ValueError: If codes are vectors.
    """
    network, modality = blueprint.network, blueprint.modality
    side = stride_of(blueprint)
    x = modality.scale_one(pixels_of(image))  # type: ignore[attr-defined]

    def encode(x: Tensor) -> Tensor:
        shape = tuple(x.shape[1:])
        fitting = at_any_size(blueprint, model, shape)
        z = map_batches(fitting, lambda m, x: m.encode(x).mean, x, c)
        return z.unflatten(1, network.code_shape(shape))  # type: ignore[arg-type]

    return modality.piecewise(  # type: ignore[attr-defined]
        x, encode, network.receptive_radius, side
    ).numpy()


def decode_map(
    blueprint: Blueprint, model: LatentModel, z: NDArray, c: Tensor | None = None
) -> NDArray:
    r"""Decode a map of any size to an image, in the scale and type of those of the fit.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        z: The map, with shape `(channels, rows, columns)`.
        c: Its context, with shape `(1, C)`.

    Raises:
        ValueError: If codes are vectors, or have other channels.
    """
    side = stride_of(blueprint)
    C = blueprint.modality.shape_[0]
    channels, rows, columns = np.shape(z)
    shape = (C, side * rows, side * columns)

    if blueprint.network.code_shape(shape) != (channels, rows, columns):
        expected = blueprint.network.code_shape(blueprint.modality.shape_)
        raise ValueError(
            f"expected maps of {expected and expected[0]} channels, with shape (N, channels, rows,"
            f" columns), got {channels}."
        )

    codes = torch.from_numpy(np.asarray(z, np.float32)).flatten()[None]
    fitting = at_any_size(blueprint, model, shape)
    y = map_batches(fitting, lambda m, z: m.decode(z).mean, codes, c)

    return blueprint.modality.restore(y)[0]


def error_map(
    blueprint: Blueprint,
    model: LatentModel,
    image: Any,
    c: Tensor | None = None,
    smoothing: float = 0.0,
) -> NDArray:
    r"""Squared errors of the pixels of one image of any size, summed over channels.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        image: The pixels, with shape `(H, W)` or `(H, W, C)`, or the path of a file.
        c: Its context, with shape `(1, C)`.
        smoothing: The standard deviation in pixels of a Gaussian by which errors are averaged.

    Returns:
        The errors, with shape `(H, W)`.
    """
    modality: Any = blueprint.modality
    x = modality.scale_one(pixels_of(image))
    y = modality.piecewise(
        x, lambda x: reconstructed(blueprint, model, x, c), blueprint.network.receptive_radius
    )
    errors = (y - x).square().sum(dim=0).numpy()

    return gaussian_filter(errors, smoothing) if smoothing > 0 else errors


def stride_of(blueprint: Blueprint) -> int:
    r"""Number of pixels to a side of a position of the code.

    Arguments:
        blueprint: The resolved choices of a fit.

    Raises:
        ValueError: If codes are vectors.
    """
    stride = blueprint.network.stride

    if stride is None:
        raise ValueError(
            f"codes of {blueprint.network} are vectors, one for each image in the size of the fit."
            " For codes that are maps, with which images keep their own size, fit with"
            " network=ae.networks.FullyConvolutional(stride=8, channels=8)."
        )

    return stride
