r"""Architecture around another one."""

__all__ = ["NetworkView"]

from collections.abc import Sequence
from typing import ClassVar

from ..base import Network
from ..mlp import FullyConnected


class NetworkView(Network):
    r"""Abstract architecture around another one, whose settings and codes it has.

    A subclass takes `network`, an architecture or `None`, and builds encoder and decoder.

    See Also:
        :class:`~autoencode.networks.Incomplete`, :class:`~autoencode.networks.SpectralNorm`

    Example:
        >>> from autoencode.networks import Incomplete, TemporalConvolutional
        >>> Incomplete(TemporalConvolutional()).over_time
        True
    """

    network: Network | None

    skip: ClassVar[bool] = False
    r"""True if the default architecture has a skip connection."""

    @property
    def architecture(self) -> Network:
        r"""The given architecture, or the default."""
        return self.network or FullyConnected(skip=self.skip)

    @property
    def learning_rate(self) -> float:  # type: ignore[override]
        r"""Peak learning rate, unless the training sets one."""
        return self.architecture.learning_rate

    @property
    def batch_size(self) -> int | None:  # type: ignore[override]
        r"""Batch size, unless the training sets one."""
        return self.architecture.batch_size

    @property
    def max_batch_size(self) -> int | None:  # type: ignore[override]
        r"""Largest default batch size for fewer than 100,000 examples."""
        return self.architecture.max_batch_size

    @property
    def over_time(self) -> bool:  # type: ignore[override]
        r"""True if a code has a position for each stretch of steps."""
        return self.architecture.over_time

    @property
    def stride(self) -> int | None:  # type: ignore[override]
        r"""Number of pixels or steps of a position of the code; `None` for vectors."""
        return self.architecture.stride

    def code_shape(self, shape: Sequence[int]) -> tuple[int, ...] | None:
        return self.architecture.code_shape(shape)

    def code_size(self, shape: Sequence[int]) -> int | None:
        return self.architecture.code_size(shape)
