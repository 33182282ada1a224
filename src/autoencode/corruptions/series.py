r"""Corruptions of series, with shape `(B, C, T)`."""

__all__ = ["FutureMasking", "SensorDropout", "TimeJitter", "TimeWarping"]

import torch
import torch.nn.functional as F
from torch import Tensor

from ..common.checks.ranges import check_at_least
from .base import Corruption


class FutureMasking(Corruption):
    r"""Hides the last steps of series, so that models learn to continue them.

    The number of hidden steps is uniform between one and a fraction of the series. All
    channels end at the same step. Hidden numbers are zero, the mean of the channel; for
    :class:`~autoencode.modalities.Series` with gaps they are missing.

    Arguments:
        max_fraction: The largest fraction of the series that is hidden, in :math:`(0, 1)`.

    See Also:
        :class:`~autoencode.corruptions.SensorDropout`,
        :meth:`~autoencode.Autoencoder.forecast`

    Example:
        >>> x = FutureMasking(0.5)(torch.ones(100, 2, 8))
        >>> bool((x[..., :4] == 1).all()), bool((x[..., -1] == 0).all())
        (True, True)
    """

    def __init__(self, max_fraction: float = 0.5) -> None:
        super().__init__()

        if not 0 < max_fraction < 1:
            raise ValueError(f"expected max_fraction above 0 and below 1, got {max_fraction}.")

        self.max_fraction = max_fraction

    def hidden(self, x: Tensor) -> Tensor:
        r"""Returns which numbers are hidden, with the shape of `x`."""
        _check_series(self, x)
        B, C, T = x.shape
        most = max(1, int(self.max_fraction * T))
        n = 1 + (torch.rand(B, 1, 1, device=x.device) * most).long()

        return (torch.arange(T, device=x.device) >= T - n).expand(B, C, T)

    def forward(self, x: Tensor) -> Tensor:
        return x.masked_fill(self.hidden(x), 0.0)


class SensorDropout(Corruption):
    r"""Hides a stretch of single channels, as if their sensors had failed.

    Each channel of each series fails with probability :math:`\nu`. The gap has a random
    length, up to a fraction of the series, and a random place. Hidden numbers are zero, the
    mean of the channel; for :class:`~autoencode.modalities.Series` with gaps they are missing.

    Arguments:
        fraction: The probability :math:`\nu \in [0, 1]` of each channel.
        max_gap_fraction: The largest fraction of the series that a gap covers, in :math:`(0, 1]`.

    See Also:
        :class:`~autoencode.corruptions.TimeJitter`, :class:`~autoencode.corruptions.TimeWarping`

    Example:
        >>> x = SensorDropout(1.0)(torch.ones(100, 2, 50))
        >>> x.unique()
        tensor([0., 1.])
    """

    def __init__(self, fraction: float = 0.3, max_gap_fraction: float = 0.5) -> None:
        super().__init__()

        if not (0 <= fraction <= 1 and 0 < max_gap_fraction <= 1):
            raise ValueError(
                "expected fraction in 0 to 1 and max_gap_fraction above 0 and up to 1, got"
                f" {fraction} and {max_gap_fraction}."
            )

        self.fraction = fraction
        self.max_gap_fraction = max_gap_fraction

    def hidden(self, x: Tensor) -> Tensor:
        r"""Returns which numbers are hidden, with the shape of `x`."""
        _check_series(self, x)
        B, C, T = x.shape
        u = torch.rand(4, B, C, 1, device=x.device)
        length = 1 + u[0] * (self.max_gap_fraction * T - 1)
        start = u[1] * (T - length + 1)
        t = torch.arange(T, device=x.device)

        return (t >= start.floor()) & (t < start.floor() + length) & (u[2] < self.fraction)

    def forward(self, x: Tensor) -> Tensor:
        return x.masked_fill(self.hidden(x), 0.0)


class TimeJitter(Corruption):
    r"""Reads each number a little too early or too late, like an unsteady clock.

    .. math:: \tilde x_t = x(t + \sigma \epsilon_t), \qquad \epsilon_t \sim \mathcal{N}(0, 1)

    Between steps, series are linear. All channels share the times. For noise of the values, use
    :class:`GaussianNoise`.

    Arguments:
        std: The standard deviation :math:`\sigma \geq 0`, in steps.

    See Also:
        :class:`~autoencode.corruptions.TimeWarping`,
        :class:`~autoencode.corruptions.SensorDropout`

    Example:
        >>> TimeJitter(0.5)(torch.ones(2, 3, 10)).unique()
        tensor([1.])
    """

    def __init__(self, std: float = 0.5) -> None:
        super().__init__()

        check_at_least(0, std=std)

        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        _check_series(self, x)
        t = torch.arange(x.shape[-1], dtype=x.dtype, device=x.device)
        noise = torch.randn(len(x), x.shape[-1], dtype=x.dtype, device=x.device)

        return _at(x, t + self.std * noise)


class TimeWarping(Corruption):
    r"""Stretches and squeezes time smoothly.

    .. math:: \tilde x_t = x(w(t)), \qquad w'(t) \propto e^{\sigma s(t)}

    :math:`s` is linear between standard normal numbers at equally distant knots. Both ends stay
    where they are, and so does the order of all steps.

    References:
        | Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using
          Convolutional Neural Networks (Um et al., 2017)
        | https://arxiv.org/abs/1706.00527

    Arguments:
        std: The standard deviation :math:`\sigma \geq 0` of the logarithm of the speed.
        n_knots: The number of knots, at least two.

    See Also:
        :class:`~autoencode.corruptions.TimeJitter`

    Example:
        >>> x = torch.linspace(0, 1, 20).expand(5, 1, 20)
        >>> bool((TimeWarping()(x).diff(dim=-1) > 0).all())
        True
    """

    def __init__(self, std: float = 0.3, n_knots: int = 4) -> None:
        super().__init__()

        check_at_least(0, std=std)
        check_at_least(2, n_knots=n_knots)

        self.std = std
        self.n_knots = n_knots

    def forward(self, x: Tensor) -> Tensor:
        _check_series(self, x)
        B, _, T = x.shape

        if T < 2:
            return x

        s = torch.randn(B, 1, self.n_knots, dtype=x.dtype, device=x.device)
        s = F.interpolate(s, T - 1, mode="linear", align_corners=True)[:, 0]
        w = F.pad((self.std * s).exp().cumsum(dim=-1), (1, 0))

        return _at(x, w * ((T - 1) / w[:, -1:]))


def _at(x: Tensor, t: Tensor) -> Tensor:
    r"""Returns series, with shape `(B, C, T)`, at other times, with shape `(B, T)`."""
    t = t.clamp(0, x.shape[-1] - 1)
    before = t.floor().clamp(max=max(0, x.shape[-1] - 2)).long()
    share = (t - before).to(x)[:, None]
    before = before[:, None].expand(x.shape)
    a, b = x.gather(-1, before), x.gather(-1, (before + 1).clamp(max=x.shape[-1] - 1))

    # If a number is read exactly at its step, a missing neighbor does not matter
    return torch.where(share == 0, a, torch.where(share == 1, b, a + share * (b - a)))


def _check_series(corruption: Corruption, x: Tensor) -> None:
    if x.ndim != 3:
        raise ValueError(
            f"{type(corruption).__name__} needs series, with shape (B, C, T), got"
            f" {tuple(x.shape)}. Use GaussianNoise() or Masking() for other data."
        )
