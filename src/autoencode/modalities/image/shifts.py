r"""Random shifts of images by a few pixels, for fits to few images."""

__all__ = ["Shifts"]

import torch
import torch.nn as nn
from torch import Tensor


class Shifts(nn.Module):
    r"""Shifts images of a minibatch by a few pixels at random.

    .. math:: y_{ij} = x_{i + a, j + b}, \qquad |a| \leq s H, \quad |b| \leq s W

    Both :math:`a` and :math:`b` are uniform integers, each zero for half of the images. The
    border is extended by its own pixels.

    Arguments:
        share: The largest shift :math:`s`, as a fraction of the sides.

    Example:
        >>> Shifts()(torch.ones(2, 3, 8, 8)).shape
        torch.Size([2, 3, 8, 8])
    """

    def __init__(self, share: float = 0.0625) -> None:
        super().__init__()

        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        r"""
        Arguments:
            x: The images, with shape `(B, C, H, W)`.

        Returns:
            Images of the same shape.
        """
        rows, columns = (self._places(x, side) for side in x.shape[2:])
        b = torch.arange(len(x), device=x.device)[:, None, None]

        return x.movedim(1, -1)[b, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)

    def _places(self, x: Tensor, side: int) -> Tensor:
        r"""Returns the positions that pixels are taken from, with shape `(B, side)`."""
        most = round(self.share * side)
        shift = torch.randint(-most, most + 1, (len(x), 1), device=x.device)
        moved = torch.rand(len(x), 1, device=x.device) < 0.5

        return (torch.arange(side, device=x.device) + shift * moved).clamp(0, side - 1)
