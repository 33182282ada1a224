r"""Cosine transforms of square image patches and of frames."""

__all__ = ["cosine_frames", "cosine_patches"]

import math

import torch
from torch import Tensor

_COLOR_PENALTY = 4.0  # steps of frequency by which differences between channels are sorted later


def cosine_patches(channels: int, side: int) -> Tensor:
    r"""Orthonormal basis of square image patches, from low to high frequencies.

    .. math:: b_{uv}(i, j) = a_u a_v \cos \frac{\pi u (2 i + 1)}{2 s}
        \cos \frac{\pi v (2 j + 1)}{2 s}, \qquad a_0 = \sqrt{1/s}, \quad a_u = \sqrt{2/s}

    Among patterns with the same frequency :math:`u + v`, the mean of all channels comes first,
    because photographs vary least in color. The basis approximates the principal components of
    patches of photographs without any data.

    References:
        | Discrete Cosine Transform (Ahmed et al., 1974)
        | https://doi.org/10.1109/T-C.1974.223784

    Arguments:
        channels: The number of channels :math:`C`.
        side: The side :math:`s` of a patch in pixels.

    Returns:
        A pattern in each row, in the order of a pixel unshuffle, with shape `(C s^2, C s^2)`.

    Example:
        >>> basis = cosine_patches(3, 2)
        >>> torch.allclose(basis @ basis.T, torch.eye(12), atol=1e-6)
        True
    """
    space, colors = _cosines(side), _cosines(channels)
    u = torch.arange(side)
    penalty = _COLOR_PENALTY * (torch.arange(channels) > 0)
    order = (u[:, None] + u + penalty[:, None, None]).flatten().argsort(stable=True)

    return torch.einsum("kc,ui,vj->kuvcij", colors, space, space).reshape(channels * side**2, -1)[
        order
    ]


def cosine_frames(channels: int, bins: int, steps: int) -> Tensor:
    r"""Orthonormal basis of a few steps of time, from low to high frequencies.

    .. math:: b_{kuv}(c, i, j) = \delta_{kc} \, \phi_u(i) \, \phi_v(j)

    :math:`\phi` are the cosines of :func:`cosine_patches`, over bins and over steps. For spectra,
    they are cepstra; for series, the means of all channels come first.

    Arguments:
        channels: The number of channels :math:`C`.
        bins: The number of bins of each channel, one for series.
        steps: The number of steps.

    Returns:
        A pattern in each row, of the numbers in the order of channels, bins and steps, with shape
        `(C bins steps, C bins steps)`.

    Example:
        >>> basis = cosine_frames(2, 5, 3)
        >>> torch.allclose(basis @ basis.T, torch.eye(30), atol=1e-6)
        True
    """
    basis = torch.einsum("kc,ui,vj->uvkcij", torch.eye(channels), _cosines(bins), _cosines(steps))
    frequency = torch.arange(bins)[:, None] + torch.arange(steps)
    order = frequency[..., None].expand(-1, -1, channels).flatten().argsort(stable=True)

    return basis.reshape(channels * bins * steps, -1)[order]


def _cosines(n: int) -> Tensor:
    r"""Returns the one-dimensional transform, with shape `(n, n)`."""
    k = torch.arange(n)
    basis = (2 / n) ** 0.5 * torch.cos(math.pi / n * k[:, None] * (k + 0.5))
    basis[0] /= 2**0.5
    return basis
