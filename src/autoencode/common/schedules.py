r"""Weights that change during a training."""

__all__ = [
    "CyclicalSchedule",
    "ExponentialSchedule",
    "LinearSchedule",
    "WeightSchedule",
    "check_positive",
    "check_weights",
]

import abc

import torch
from torch import Tensor

from .checks.ranges import check_above, check_at_least, check_within
from .configurable import Configurable


class WeightSchedule(Configurable, abc.ABC):
    r"""Abstract schedule: a weight as a function of the progress of the training.

    A schedule may stand where an objective takes a weight, or a posterior its temperature. A plain
    number is a constant weight.

    See Also:
        :class:`~autoencode.objectives.LinearSchedule`,
        :class:`~autoencode.objectives.ExponentialSchedule`,
        :class:`~autoencode.objectives.CyclicalSchedule`
    """

    @abc.abstractmethod
    def __call__(self, progress: Tensor) -> Tensor:
        r"""
        Arguments:
            progress: The completed fraction of the training, in 0 to 1, of any shape. It is one
                for validation and after the training.

        Returns:
            The weights, of the same shape.
        """


class LinearSchedule(WeightSchedule):
    r"""Weight that goes linearly from one number to another, and stays there.

    .. math:: w(s) = a + (b - a) \min(1, s / d)

    With :math:`a < b` it is a warm-up: a VAE first learns to reconstruct.

    References:
        | Ladder Variational Autoencoders (Sønderby et al., 2016), section 2.3
        | https://arxiv.org/abs/1602.02282

    Arguments:
        start: The first weight :math:`a \geq 0`.
        end: The last weight :math:`b \geq 0`.
        duration: The share :math:`d` of the training that the change takes, above 0 and up to 1.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.CyclicalSchedule`, :class:`~autoencode.objectives.ELBO`

    Example:
        >>> schedule = LinearSchedule(end=4.0, duration=0.5)
        >>> schedule(torch.tensor([0.0, 0.25, 0.5, 1.0]))
        tensor([0., 2., 4., 4.])
    """

    def __init__(self, start: float = 0.0, end: float = 1.0, duration: float = 0.5) -> None:
        check_at_least(0, start=start, end=end)
        _check_share(duration=duration)

        self.start = start
        self.end = end
        self.duration = duration

    def __call__(self, progress: Tensor) -> Tensor:
        return self.start + (self.end - self.start) * (progress / self.duration).clamp(max=1)


class CyclicalSchedule(WeightSchedule):
    r"""Weight that rises several times from one number to another.

    .. math:: w(s) = a + (b - a) \min(1, \tau / r), \qquad \tau = M s - \lceil M s \rceil + 1

    Each cycle starts from the informative codes that the previous cycle has learned. The training
    ends at :math:`b`.

    References:
        | Cyclical Annealing Schedule: A Simple Approach to Mitigating KL Vanishing (Fu et al.,
          2019), equations 6 and 7
        | https://arxiv.org/abs/1903.10145

    Arguments:
        start: The weight :math:`a \geq 0` at the start of each cycle.
        end: The weight :math:`b \geq 0` at the end of each cycle.
        n_cycles: The number :math:`M` of cycles.
        rise: The share :math:`r` of a cycle that the change takes, above 0 and up to 1.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.LinearSchedule`, :class:`~autoencode.objectives.ELBO`

    Example:
        >>> schedule = CyclicalSchedule(n_cycles=2)
        >>> schedule(torch.tensor([0.0, 0.125, 0.25, 0.5, 0.625, 1.0]))
        tensor([0.0000, 0.5000, 1.0000, 1.0000, 0.5000, 1.0000])
    """

    def __init__(
        self, start: float = 0.0, end: float = 1.0, n_cycles: int = 4, rise: float = 0.5
    ) -> None:
        check_at_least(0, start=start, end=end)
        check_at_least(1, n_cycles=n_cycles)
        _check_share(rise=rise)

        self.start = start
        self.end = end
        self.n_cycles = n_cycles
        self.rise = rise

    def __call__(self, progress: Tensor) -> Tensor:
        cycles = self.n_cycles * progress
        within = cycles - (cycles.ceil() - 1).clamp(min=0)
        return self.start + (self.end - self.start) * (within / self.rise).clamp(max=1)


class ExponentialSchedule(WeightSchedule):
    r"""Weight that goes from one number to another by the same factor in equal times.

    .. math:: w(s) = a \, (b / a)^{\min(1, s / d)}

    It is the usual schedule of a temperature, which falls and never reaches zero.

    References:
        | Categorical Reparameterization with Gumbel-Softmax (Jang et al., 2017), for temperatures
          :math:`\max(b, e^{-r t})`
        | https://arxiv.org/abs/1611.01144

    Arguments:
        start: The first weight :math:`a > 0`.
        end: The last weight :math:`b > 0`.
        duration: The share :math:`d` of the training that the change takes, above 0 and up to 1.

    Raises:
        ValueError: If an argument is out of its range.

    See Also:
        :class:`~autoencode.objectives.LinearSchedule`,
        :class:`~autoencode.distributions.GumbelSoftmax`

    Example:
        >>> schedule = ExponentialSchedule(end=0.25)
        >>> schedule(torch.tensor([0.0, 0.25, 0.5, 1.0]))
        tensor([1.0000, 0.5000, 0.2500, 0.2500])
    """

    def __init__(self, start: float = 1.0, end: float = 0.5, duration: float = 0.5) -> None:
        check_above(0, start=start, end=end)
        _check_share(duration=duration)

        self.start = start
        self.end = end
        self.duration = duration

    def __call__(self, progress: Tensor) -> Tensor:
        return self.start * (self.end / self.start) ** (progress / self.duration).clamp(max=1)


def check_weights(**weights: float | WeightSchedule | None) -> None:
    r"""Check that weights are not negative; schedules are checked at 65 points of a training.

    Arguments:
        weights: The weights by name. `None` stands for a default and is not checked.

    Raises:
        ValueError: If a weight is negative, or not a number.

    Example:
        >>> check_weights(beta=LinearSchedule(), gamma=-1.0)
        Traceback (most recent call last):
        ValueError: expected gamma >= 0, got -1.0.
    """
    for name, weight in weights.items():
        if not isinstance(weight, WeightSchedule):
            check_at_least(0, **{name: weight})
        elif not bool((weight(_progress()) >= 0).all()):
            raise ValueError(f"expected weights {name} >= 0, got those of {weight!r}.")


def check_positive(**weights: float | WeightSchedule) -> None:
    r"""Check that weights are greater than zero; those of schedules at 65 points of a training.

    Arguments:
        weights: The weights by name.

    Raises:
        ValueError: If one is not positive.

    Example:
        >>> check_positive(temperature=LinearSchedule())
        Traceback (most recent call last):
        ValueError: expected temperature > 0 in all of a training, got that of LinearSchedule(...
    """
    for name, weight in weights.items():
        if not isinstance(weight, WeightSchedule):
            check_above(0, **{name: weight})
        elif not bool((weight(_progress()) > 0).all()):
            raise ValueError(
                f"expected {name} > 0 in all of a training, got that of {weight!r}. Use"
                " ExponentialSchedule(), which does not reach zero."
            )


def _progress() -> Tensor:
    # Models may be built on the meta device, which has no numbers
    return torch.linspace(0, 1, 65, device="cpu")


def _check_share(**share: float) -> None:
    check_within(0, 1, **share)

    if 0.0 in share.values():
        (name,) = share
        raise ValueError(
            f"expected {name} > 0, got 0. For a weight that does not change, give a number."
        )
