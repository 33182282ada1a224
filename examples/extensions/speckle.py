r"""A corruption of your own: noise that grows with the numbers."""

import torch
from torch import Tensor

from autoencode.corruptions import Corruption


class Speckle(Corruption):
    r"""Numbers times random factors, as in pictures of radar and ultrasound.

    .. math:: \tilde x = x \, e^{\sigma \epsilon}, \qquad \epsilon \sim \mathcal{N}(0, 1)

    Arguments:
        scale: The standard deviation of the logarithm of the factors.
    """

    def __init__(self, scale: float = 0.3) -> None:
        super().__init__()

        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        return x * (self.scale * torch.randn_like(x)).exp()
