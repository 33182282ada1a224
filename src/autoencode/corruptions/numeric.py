r"""Corruptions of numbers and images."""

__all__ = ["Blur", "GaussianNoise", "Masking", "SaltAndPepper"]

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .base import Corruption


class GaussianNoise(Corruption):
    r"""Adds Gaussian noise, :math:`\tilde x = x + \sigma \epsilon` with
    :math:`\epsilon \sim \mathcal{N}(0, I)`.

    Arguments:
        std: The standard deviation :math:`\sigma \geq 0`, in units of the scaled data.

    See Also:
        :class:`~autoencode.corruptions.Masking`, :class:`~autoencode.corruptions.SaltAndPepper`

    Example:
        >>> GaussianNoise(0.1)(torch.zeros(10000)).std().round(decimals=2)
        tensor(0.1000)
    """

    def __init__(self, std: float = 0.3) -> None:
        super().__init__()

        self.std = _check_nonnegative("std", std)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.std * torch.randn_like(x)


class Masking(Corruption):
    r"""Sets elements to zero, each with probability :math:`\nu`, or patches of elements.

    A patch is a square of an image, and a stretch of time of a series, in all channels. In tables
    it is a cell. Patches at the border may be smaller.

    References:
        | Masked Autoencoders Are Scalable Vision Learners (He et al., 2022), for patches of images
        | https://arxiv.org/abs/2111.06377

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]`.
        patch_size: The side of a patch in pixels, or its steps. One hides elements one by one, in
            each channel.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.corruptions.GaussianNoise`,
        :class:`~autoencode.corruptions.SaltAndPepper`

    Example:
        >>> Masking(0.25)(torch.ones(10000)).unique()
        tensor([0., 1.])
        >>> Masking(0.5, patch_size=4)(torch.ones(1, 3, 8, 8)).sum() % (3 * 4 * 4)
        tensor(0.)
    """

    def __init__(self, fraction: float = 0.25, patch_size: int = 1) -> None:
        super().__init__()

        if not patch_size >= 1:
            raise ValueError(f"expected patch_size >= 1, got {patch_size}.")

        self.fraction = _check_fraction(fraction)
        self.patch_size = patch_size

    def hidden(self, x: Tensor) -> Tensor:
        r"""Returns which elements are hidden, with the shape of `x`."""
        p = self.patch_size

        if p == 1 or x.ndim < 3:
            return torch.rand_like(x) < self.fraction

        places = [math.ceil(size / p) for size in x.shape[2:]]
        hidden = torch.rand(len(x), 1, *places, device=x.device) < self.fraction

        for i, size in enumerate(x.shape[2:], start=2):
            hidden = hidden.repeat_interleave(p, dim=i).narrow(i, 0, size)

        return hidden.expand_as(x)

    def forward(self, x: Tensor) -> Tensor:
        return x * ~self.hidden(x)


class SaltAndPepper(Corruption):
    r"""Sets elements to the minimum or maximum of the batch, each with probability
    :math:`\nu / 2`.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]` that an element is replaced.

    See Also:
        :class:`~autoencode.corruptions.Masking`

    Example:
        >>> SaltAndPepper(0.5)(torch.tensor([[0.0, 0.5, 1.0]])).shape
        torch.Size([1, 3])
    """

    def __init__(self, fraction: float = 0.1) -> None:
        super().__init__()

        self.fraction = _check_fraction(fraction)

    def forward(self, x: Tensor) -> Tensor:
        u = torch.rand_like(x)
        x_min, x_max = x.aminmax()

        x = torch.where(u < self.fraction, x_max, x)
        return torch.where(u < self.fraction / 2, x_min, x)


class Blur(Corruption):
    r"""Convolves images with a Gaussian of standard deviation :math:`\sigma`.

    The border is padded by replicating its pixels.

    Arguments:
        std: The standard deviation :math:`\sigma \geq 0`, in pixels.

    See Also:
        :class:`~autoencode.corruptions.GaussianNoise`

    Example:
        >>> Blur(1.0)(torch.ones(2, 3, 8, 8)).sub(1).abs().max() < 1e-6
        tensor(True)
    """

    def __init__(self, std: float = 1.0) -> None:
        super().__init__()

        self.std = _check_nonnegative("std", std)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4:
            raise ValueError(
                f"Blur needs images, with shape (B, C, H, W), got {tuple(x.shape)}."
                " Use GaussianNoise() or Masking() for tables."
            )

        if self.std == 0:
            return x

        radius = math.ceil(3 * self.std)
        steps = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
        kernel = torch.softmax(-0.5 * (steps / self.std).square(), dim=0)
        kernel = kernel.expand(x.shape[1], 1, 1, -1)

        x = F.pad(x, 4 * [radius], mode="replicate")
        x = F.conv2d(x, kernel, groups=x.shape[1])
        return F.conv2d(x, kernel.mT.reshape(*kernel.shape[:2], -1, 1), groups=x.shape[1])


def _check_nonnegative(name: str, value: float) -> float:
    if not value >= 0:
        raise ValueError(f"expected {name} >= 0, got {value}.")

    return value


def _check_fraction(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"expected a fraction between 0 and 1, got {value}.")

    return value
