r"""Monotonic splines of each unit."""

__all__ = ["spline_class", "spline_map"]

from typing import Any

from torch import Tensor

from .masked import Elementwise

_BOUND = 5.0  # splines are the identity beyond


def spline_map(owner: object, n_bins: int) -> Elementwise:
    r"""Rational-quadratic spline between -5 and 5, with `3 n_bins - 1` parameters.

    With parameters that are zero it is the identity.

    References:
        | Neural Spline Flows (Durkan et al., 2019)
        | https://arxiv.org/abs/1906.04032

    Arguments:
        owner: The flow, which the error names if zuko is missing.
        n_bins: The number of bins.

    Raises:
        ValueError: If zuko is missing.

    Example:
        >>> import torch
        >>> spline = spline_map("SplineFlow()", n_bins=4)
        >>> spline.forward(torch.ones(1), torch.zeros(1, 11))[0].round(decimals=4)
        tensor([1.])
    """
    spline = spline_class(owner)

    def of(theta: Tensor) -> Any:
        return spline(*theta.split([n_bins, n_bins, n_bins - 1], dim=-1), bound=_BOUND)

    return Elementwise(
        lambda e, theta: of(theta).call_and_ladj(e), lambda z, theta: of(theta).inv(z)
    )


def spline_class(owner: object) -> Any:
    r"""Splines of zuko.

    Arguments:
        owner: The flow, which the error names if zuko is missing.

    Raises:
        ValueError: If zuko is missing.

    Example:
        >>> spline_class("SplineFlow()").__name__
        'MonotonicRQSTransform'
    """
    try:
        from zuko.transforms import MonotonicRQSTransform
    except ImportError:
        raise ValueError(f"{owner} needs zuko: pip install 'autoencode[flows]'") from None

    return MonotonicRQSTransform
