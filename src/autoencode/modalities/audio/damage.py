r"""Corruptions of waveforms, applied to sounds as they are stored."""

__all__ = ["WaveformDamage", "split_steps"]

from collections.abc import Callable

import torch.nn as nn
from torch import Tensor

from ...corruptions import WaveformCorruption
from ...corruptions.base import flatten


class WaveformDamage(nn.Module):
    r"""Corruptions of waveforms, applied to sounds as they are stored.

    Arguments:
        waves: A function from loaded sounds to waveforms with shape `(N, channels, samples)`.
        rate: The samples per second.
        steps: The corruptions.
    """

    def __init__(
        self, waves: Callable[[Tensor], Tensor], rate: int, steps: list[Callable[..., Tensor]]
    ) -> None:
        super().__init__()

        self.waves = waves
        self.rate = rate
        self.steps = steps

    def forward(self, x: Tensor) -> Tensor:
        x = self.waves(x)

        for step in self.steps:
            x = step(x, self.rate)

        return x.movedim(1, -1)

    def extra_repr(self) -> str:
        return f"{self.steps}"


def split_steps(
    corruption: Callable[[Tensor], Tensor],
) -> tuple[list[Callable[..., Tensor]], list[Callable[..., Tensor]]]:
    r"""Corruptions of waveforms, and those of spectra that follow.

    Arguments:
        corruption: The corruption, or several in a row.

    Raises:
        ValueError: If one of waveforms comes after one of spectra.

    Example:
        >>> from autoencode.corruptions import Compose, GaussianNoise, Hum
        >>> [len(steps) for steps in split_steps(Compose([Hum(), GaussianNoise()]))]
        [1, 1]
    """
    steps = flatten(corruption)
    of_waves = [isinstance(step, WaveformCorruption) for step in steps]
    n = sum(of_waves)

    if not all(of_waves[:n]):
        raise ValueError(
            f"expected corruptions of waveforms before those of spectra, got {steps}."
        )

    return steps[:n], steps[n:]
