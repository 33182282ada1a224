r"""Networks for examples with missing numbers."""

__all__ = ["Incomplete", "elapsed", "interpolate"]

from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor

from ..base import Network
from .base import NetworkView


class Incomplete(NetworkView):
    r"""Network whose encoder sees which numbers are missing, and for how long.

    The encoder of another architecture receives three inputs: the numbers, with missing ones (NaN)
    interpolated along the last axis; a mask, which is one where a number is present; and the time
    since the last present number, :math:`\log(1 + \Delta t)` in steps. The decoder is unchanged:
    it predicts every number.

    References:
        | Recurrent Neural Networks for Multivariate Time Series with Missing Values (Che et al.,
          2018), for masks and elapsed times
        | https://arxiv.org/abs/1606.01865

    Arguments:
        network: The architecture; by default fully connected with skip connections.

    See Also:
        :class:`~autoencode.networks.FullyConnected`, :class:`~autoencode.distributions.Observed`

    Example:
        >>> from autoencode.networks import FullyConnected
        >>> x = torch.tensor([[[1.0, torch.nan, 3.0]]])
        >>> Incomplete(FullyConnected((8,))).encoder((1, 3), 2)(x).isfinite().all()
        tensor(True)
    """

    skip = True

    def __init__(self, network: Network | None = None) -> None:
        self.network = network

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        if len(shape) < 2:
            raise ValueError(
                f"Incomplete() needs examples with channels, such as series with shape (C, T), got"
                f" {tuple(shape)}."
            )

        wide = (3 * shape[0], *shape[1:])
        return _Encoder(self.architecture.encoder(wide, features, context))

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        return self.architecture.decoder(features, shape, context)


class _Encoder(nn.Module):
    r"""Encoder of interpolated numbers, masks and elapsed times, the three inputs."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()

        self.inner = inner

    @property
    def code(self) -> tuple[int, ...] | None:
        r"""The channels and steps of a code over time."""
        return getattr(self.inner, "code", None)

    @property
    def skip(self) -> nn.Module | None:
        r"""The affine map from all three inputs to the features, if there is one."""
        return getattr(self.inner, "skip", None)

    @property
    def output_layer(self) -> nn.Module:
        r"""The layer to whose output the skip connection is added."""
        return self.inner.output_layer  # type: ignore[return-value]

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        known = ~x.isnan()
        maps = (interpolate(x), known.to(x), elapsed(known).to(x).log1p())

        return self.inner(torch.cat(maps, dim=1), c)


def interpolate(x: Tensor) -> Tensor:
    r"""Fill in missing numbers linearly along the last axis.

    Positions before the first number and after the last one take the nearest number. A row without
    numbers becomes zero.

    Arguments:
        x: Numbers, with shape `(*, T)`, and NaN where one is missing.

    Example:
        >>> nan = torch.nan
        >>> interpolate(torch.tensor([nan, 1.0, nan, nan, 4.0, nan]))
        tensor([1., 1., 2., 3., 4., 4.])
    """
    known = ~x.isnan()
    t = torch.arange(x.shape[-1], device=x.device).expand(x.shape)
    before, after = _last(known), x.shape[-1] - 1 - _last(known.flip(-1)).flip(-1)
    before, after = _either(before, after, known)
    a, b = (x.nan_to_num().gather(-1, i) for i in (before, after))
    share = (t - before) / (after - before).clamp(min=1)

    return torch.where(known, x, a + share.clamp(0, 1).to(x) * (b - a))


def elapsed(known: Tensor) -> Tensor:
    r"""Return the number of steps since the last number, zero where a number is present.

    Before the first number, steps are counted from the start of the row.

    Arguments:
        known: Whether each number is present, with shape `(*, T)`.

    Example:
        >>> elapsed(torch.tensor([False, True, False, False, True]))
        tensor([1, 0, 1, 2, 0])
    """
    t = torch.arange(known.shape[-1], device=known.device)
    return t - _last(known)


def _last(known: Tensor) -> Tensor:
    r"""Returns the index of the last number up to each position, or -1."""
    t = torch.arange(known.shape[-1], device=known.device)
    return torch.where(known, t, -1).cummax(dim=-1).values


def _either(before: Tensor, after: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    r"""Returns both neighbors; the other one replaces a missing neighbor."""
    T = known.shape[-1]
    a = torch.where(before < 0, after, before).clamp(0, T - 1)
    b = torch.where(after >= T, before, after).clamp(0, T - 1)

    return a, b
