r"""Distributions of noise, transformed by invertible steps."""

__all__ = ["Affine", "FlowDistribution", "Inverse", "Step", "StepwiseFlow", "check_vector"]

import abc
import math
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol, TypeVar

import torch
from torch import Size, Tensor
from torch.distributions import Distribution, constraints
from torch.nn.functional import softplus

from ....common.checks.ranges import check_at_least
from ....networks import Network
from ...base import RESOLUTION, Family

Self = TypeVar("Self", bound="StepwiseFlow")


class Step(Protocol):
    r"""Invertible map of vectors, with the logarithm of its volume change."""

    def forward(self, e: Tensor) -> tuple[Tensor, Tensor]:
        r"""Returns the image of vectors `(*, D)`, and :math:`\log |\det J|` at them, `(*)`."""
        ...

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        r"""Returns the vectors whose image is `z`, and :math:`\log |\det J|` at them."""
        ...


class Affine(NamedTuple):
    r"""Affine step :math:`\mu + \sigma e`.

    Example:
        >>> Affine(torch.ones(2), torch.full((2,), 3.0)).forward(torch.zeros(2))
        (tensor([1., 1.]), tensor(2.1972))
    """

    loc: Tensor
    r"""The means :math:`\mu`, with shape `(*, D)`."""

    scale: Tensor
    r"""The standard deviations :math:`\sigma`, with shape `(*, D)`."""

    def forward(self, e: Tensor) -> tuple[Tensor, Tensor]:
        return self.loc + self.scale * e, self._log_det(e)

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return (z - self.loc) / self.scale, self._log_det(z)

    def _log_det(self, x: Tensor) -> Tensor:
        return self.scale.log().sum(dim=-1).expand(x.shape[:-1])


class Inverse(NamedTuple):
    r"""Inverse of a step.

    Example:
        >>> one = torch.ones(2)
        >>> Inverse(Affine(one, 2 * one)).forward(3 * one)[0]
        tensor([1., 1.])
    """

    step: Step
    r"""The step."""

    def forward(self, e: Tensor) -> tuple[Tensor, Tensor]:
        z, log_det = self.step.inverse(e)
        return z, -log_det

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        e, log_det = self.step.forward(z)
        return e, -log_det


class FlowDistribution(Distribution):
    r"""Distribution of standard normal noise, transformed by invertible steps.

    .. math:: \log q(z) = \log \mathcal{N}(e) - \sum_t \log | \det J_t |, \qquad
        z = f_T(\cdots f_1(e))

    The log-density follows by change of variables. It is known for samples, whose noise is known;
    for other vectors each step is inverted. The mean has no closed form: `mean` returns the image
    of :math:`e = 0`.

    Arguments:
        like: A tensor of the shape, type and device of the codes, `(*, D)`.
        steps: The steps, from the first to the last.

    Example:
        >>> one = torch.ones(5, 2)
        >>> FlowDistribution(one, [Affine(one, 2 * one)]).mean[0]
        tensor([1., 1.])
    """

    arg_constraints: ClassVar[dict] = {}
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, like: Tensor, steps: Sequence[Step]) -> None:
        super().__init__(like.shape[:-1], like.shape[-1:], validate_args=False)

        self.like = like
        self.steps = steps
        self._drawn: tuple[Tensor, Tensor] | None = None

    @property
    def mean(self) -> Tensor:
        return self._transform(torch.zeros_like(self.like))[0]

    @property
    def variance(self) -> Tensor:
        raise ValueError(
            "codes of a flow have no variance in closed form. Use an objective that needs none,"
            " such as ELBO() or DIPVAE(covariance='means')."
        )

    def rsample(self, sample_shape: Size = Size()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        e = torch.randn(shape, dtype=self.like.dtype, device=self.like.device)
        z, log_det = self._transform(e)
        self._drawn = z, _log_normal(e) - log_det

        return z

    def log_prob(self, value: Tensor) -> Tensor:
        if self._drawn is not None and value is self._drawn[0]:
            return self._drawn[1]

        e = value.expand(torch.broadcast_shapes(value.shape, self.like.shape))
        total = e.new_zeros(e.shape[:-1])

        for step in reversed(self.steps):
            e, log_det = step.inverse(e)
            total = total + log_det

        return _log_normal(e) - total

    def _transform(self, e: Tensor) -> tuple[Tensor, Tensor]:
        total = e.new_zeros(e.shape[:-1])

        for step in self.steps:
            e, log_det = step.forward(e)
            total = total + log_det

        return e, total


def check_vector(family: Family, event: Sequence[int]) -> None:
    r"""Check that the values of a flow are vectors.

    Arguments:
        family: The family.
        event: The shape of one value.

    Raises:
        ValueError: If the shape is not that of a vector.

    Example:
        >>> check_vector("PlanarFlow()", (1, 8, 8))
        Traceback (most recent call last):
        ValueError: expected vectors, because units of PlanarFlow() depend on each other, ...
    """
    if len(event) != 1:
        raise ValueError(
            f"expected vectors, because units of {family!s} depend on each other, got shape"
            f" {tuple(event)}. Use it as a posterior."
        )


def _log_normal(e: Tensor) -> Tensor:
    return -(e.square() + math.log(2 * math.pi)).sum(dim=-1) / 2


class StepwiseFlow(Family):
    r"""Abstract flow of steps with a vector and two numbers each, which the encoder outputs.

    Arguments:
        n_steps: The number of steps.

    Raises:
        ValueError: If there is no step.
    """

    def __init__(self, n_steps: int = 4) -> None:
        super().__init__()

        check_at_least(1, n_steps=n_steps)

        self.n_steps = n_steps
        self.n_params = 2 + 3 * n_steps  # type: ignore[misc]

    def build(self: Self, network: Network | None, event: Sequence[int]) -> Self:
        check_vector(self, event)
        return self

    @abc.abstractmethod
    def step(self, loc: Tensor, first: Tensor, second: Tensor, third: Tensor) -> Step:
        r"""Returns a step, from its raw parameters.

        Arguments:
            loc: The means of the start, with shape `(*, D)`.
            first: The first parameters, with shape `(*, D)`, and likewise the other two.
            second: The second parameters.
            third: The third parameters.
        """

    def forward(self, phi: Tensor) -> FlowDistribution:
        loc, s, *raw = phi.unbind(dim=-1)
        start = Affine(loc, RESOLUTION + softplus(s.contiguous()))
        steps = [self.step(loc, *parts) for parts in zip(raw[0::3], raw[1::3], raw[2::3])]

        return FlowDistribution(loc, [start, *steps])
