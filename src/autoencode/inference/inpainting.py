r"""Images whose missing pixels are filled in by a model.

References:
    | EM Algorithms for PCA and SPCA (Roweis, 1998), whose iteration this is if the model is linear
    | https://papers.nips.cc/paper/1398-em-algorithms-for-pca-and-spca

    | Stochastic Backpropagation and Approximate Inference in Deep Generative Models (Rezende et
      al., 2014), for deep models, with samples in place of means
    | https://arxiv.org/abs/1401.4082
"""

__all__ = ["inpaint", "inpaint_in_own_size", "masks_of"]

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..blueprint import Blueprint
from ..data.joining import join_names
from ..data.media.photographs import photographs_of, read_photograph
from ..models.latent import LatentModel
from .own_size import images_of, pixels_of, reconstructed

log = logging.getLogger(__name__)

_MIN_PIXEL_CHANGE = 1e-3  # fraction of the range from black to white; smaller changes are ignored
_MIN_MEAN_CHANGE = 0.01  # mean change of filled pixels that shows that a model has filled them


def inpaint(
    blueprint: Blueprint,
    model: LatentModel,
    X: NDArray,
    x: Tensor,
    c: Tensor | None,
    masks: list[NDArray],
    max_steps: int,
) -> NDArray:
    r"""Fill in the missing pixels of images of the size of the fit.

    .. math:: x \leftarrow m \odot g(f(x)) + (1 - m) \odot x

    The iteration begins with the mean color of the known pixels. It ends if no pixel changes by
    more than a thousandth of the range. For linear models, the codes of its fixed point are the
    least-squares solution for the known pixels or, if the encoder returns the mean of a posterior,
    the mean of the posterior given the known pixels.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        X: The images.
        x: The images as the networks see them, with shape `(N, C, H, W)`.
        c: Their context, with shape `(N, C)`.
        masks: Where pixels are missing, with shape `(H, W)` each.
        max_steps: The maximum number of iterations.

    Returns:
        The images. Known pixels stay as they are.
    """
    missing = np.stack([_like(mask, image) for mask, image in zip(masks, X)])
    hidden = torch.from_numpy(np.stack(masks))[:, None]
    filled = _Filler(blueprint, model, c, max_steps)(x.masked_fill(hidden, torch.nan))

    return np.where(missing, blueprint.modality.restore(filled), X)


def inpaint_in_own_size(
    blueprint: Blueprint,
    model: LatentModel,
    image: Any,
    c: Tensor | None,
    mask: NDArray,
    max_steps: int,
) -> NDArray:
    r"""Fill in the missing pixels of one image of any size, in tiles like images of the fit.

    Arguments:
        blueprint: The resolved choices of the fit.
        model: The trained model.
        image: The pixels, with shape `(H, W)` or `(H, W, C)`, or the path of a file.
        c: Its context, with shape `(1, C)`.
        mask: Where pixels are missing, with shape `(H, W)`.
        max_steps: The maximum number of iterations, see :func:`inpaint`.
    """
    X = pixels_of(image)
    missing, fill = _like(mask, X), _Filler(blueprint, model, c, max_steps)
    filled = blueprint.modality.in_own_size(X, fill, hidden=mask)  # type: ignore[attr-defined]

    return np.where(missing, filled, X)


class _Filler:
    r"""Function that fills in missing numbers (NaN) of scaled images."""

    def __init__(
        self, blueprint: Blueprint, model: LatentModel, c: Tensor | None, max_steps: int
    ) -> None:
        self.blueprint = blueprint
        self.model = model
        self.context = c
        self.max_steps = max_steps

    def __call__(self, x: Tensor) -> Tensor:
        missing = x.isnan()

        if not missing.any():
            return x

        known = x
        x = first = torch.where(
            missing, known.nanmean((2, 3), keepdim=True).nan_to_num(0.5), known
        )

        for _ in range(self.max_steps):
            before, r = x, reconstructed(self.blueprint, self.model, x, self.context)
            x = torch.where(missing, r, known)

            if (x - before).abs().max() < _MIN_PIXEL_CHANGE:
                break

        if (x - first)[missing].abs().mean() < _MIN_MEAN_CHANGE:
            log.warning(
                "missing pixels stay near the mean color: the model may copy its input. A code"
                " with fewer numbers, or corruption=Masking(0.5), teaches it to fill in pixels."
            )

        return x


def masks_of(mask: Any, X: Any) -> list[NDArray]:
    r"""The masks of images: where pixels are missing, with shape `(H, W)` each.

    Arguments:
        mask: Booleans, or zeros and other numbers: one mask, or one for each image, as an
            array, a list or image files. Files are joined by name with files of images.
        X: The images.

    Raises:
        ValueError: If numbers or names do not fit.

    Example:
        >>> [m.sum() for m in masks_of(np.eye(8), np.zeros((2, 8, 8)))]
        [np.int64(8), np.int64(8)]
    """
    images = images_of(X)

    if isinstance(mask, (str, Path)):
        files = [*photographs_of(Path(mask))]

        if len(files) == 1:
            files *= len(images)
        elif isinstance(images[0], Path):
            a, b = map(_below, (images, files))
            pairs = dict(join_names(a, b, ("images", "masks")))

            if alone := [images[i].name for i in range(len(images)) if i not in pairs]:
                raise ValueError(
                    f"expected a mask for each image, got none for {', '.join(alone[:3])}."
                    " Name a mask like its image."
                )

            files = [files[pairs[i]] for i in range(len(images))]

        masks = [read_photograph(path) for path in files]
    elif isinstance(mask, (list, tuple)) and np.ndim(mask[0]) > 1:
        masks = [np.asarray(m) for m in mask]
    else:
        array = np.asarray(mask)
        masks = [array] * len(images) if array.ndim == 2 else [*array]

    if len(masks) != len(images):
        raise ValueError(
            f"expected one mask, or one for each of {len(images)} images, got {len(masks)}."
        )

    return [_flat(m) for m in masks]


def _below(paths: Sequence[Path]) -> list[str]:
    r"""Returns the names of files below the folder that holds all of them."""
    folder = os.path.commonpath([path.absolute().parent for path in paths])
    return [path.absolute().relative_to(folder).as_posix() for path in paths]


def _flat(mask: NDArray) -> NDArray:
    r"""Returns where any channel of a mask is not zero, without transparency."""
    if mask.ndim not in {2, 3} or mask.dtype.kind not in "buif":
        raise ValueError(
            f"expected masks of booleans, with shape (H, W), got {mask.dtype} with shape"
            f" {mask.shape}."
        )

    if mask.ndim == 2:
        return np.asarray(mask != 0)

    n = mask.shape[-1]
    return np.asarray((mask[..., : n - 1 if n in {2, 4} else n] != 0).any(axis=-1))


def _like(mask: NDArray, X: NDArray) -> NDArray:
    r"""Returns a mask that broadcasts to an image, whose channels come first or last."""
    if mask.shape == X.shape[:2]:
        return mask[..., None] if X.ndim == 3 else mask

    if X.ndim == 3 and mask.shape == X.shape[1:]:
        return mask[None]

    raise ValueError(
        f"expected masks as large as their images, got {mask.shape[0]} x {mask.shape[1]} for an"
        f" image of shape {X.shape}."
    )
