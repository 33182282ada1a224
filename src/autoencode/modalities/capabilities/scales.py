r"""Nonlinear scales; means and new examples in the user's units."""

__all__ = ["NonlinearScale", "log_unit", "mean", "restore_mean", "restore_new"]

import abc

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution

from ..base import Modality


class NonlinearScale(abc.ABC):
    r"""Kinds whose map from the user's numbers to scaled ones is not affine.

    The mean of such numbers is not the image of the scaled mean, and the size of a scaled unit
    depends on the number.
    """

    @abc.abstractmethod
    def mean(self, p: Distribution) -> Tensor:
        r"""Returns the means of :math:`p(x \mid z)`, as :meth:`restore_mean` takes them."""

    @abc.abstractmethod
    def restore_mean(self, x: Tensor) -> NDArray:
        r"""Returns means in the shape, scale and type of the user's examples."""

    @abc.abstractmethod
    def log_unit(self, x: Tensor) -> Tensor:
        r"""Returns the log of the user's volume per scaled volume at examples, with shape `(B,)`.

        Subtract it from log-densities of scaled examples to get log-densities in the user's units.

        Arguments:
            x: The scaled examples, with shape `(B, *shape_)`.
        """

    @abc.abstractmethod
    def restore_new(self, x: Tensor) -> NDArray:
        r"""Returns examples from `draw` in the user's shape, scale, type and grid."""


def mean(modality: Modality, p: Distribution) -> Tensor:
    r"""The means of a decoder's distributions, as :func:`restore_mean` takes them.

    Arguments:
        modality: The kind of data.
        p: The distributions :math:`p(x \mid z)`.
    """
    return modality.mean(p) if isinstance(modality, NonlinearScale) else p.mean


def restore_mean(modality: Modality, x: Tensor) -> NDArray:
    r"""Means in the shape, scale and type of the user's examples.

    Arguments:
        modality: The kind of data.
        x: The means, as :func:`mean` returned them.
    """
    if isinstance(modality, NonlinearScale):
        return modality.restore_mean(x)

    return modality.restore(x)


def restore_new(modality: Modality, x: Tensor) -> NDArray:
    r"""New examples in the user's shape, scale, type and grid.

    Arguments:
        modality: The kind of data.
        x: The examples, as `draw` returned them.
    """
    if isinstance(modality, NonlinearScale):
        return modality.restore_new(x)

    return modality.restore(x)


def log_unit(modality: Modality, x: Tensor) -> Tensor:
    r"""The log of the user's volume per scaled volume at examples, with shape `(B,)` or `()`.

    .. math:: \log p(x_{\text{user}}) = \log p(x) - \sum_j \log u_j(x)

    Arguments:
        modality: The kind of data.
        x: The scaled examples, with shape `(B, *shape_)`.
    """
    if isinstance(modality, NonlinearScale):
        return modality.log_unit(x)

    return modality.unit().to(torch.float64).log().expand(modality.shape_).sum()
