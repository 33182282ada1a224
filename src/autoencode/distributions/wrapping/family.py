r"""Abstract family around another one."""

__all__ = ["WrappingFamily"]

from collections.abc import Sequence
from typing import TypeVar

from torch.distributions.constraints import Constraint

from ...networks import Network
from ..base import Family

Self = TypeVar("Self", bound="WrappingFamily")


class WrappingFamily(Family):
    r"""Abstract family around another one, with the properties of the inner family.

    Arguments:
        family: The inner family, or `None`.
        default: The class of the inner family in the latter case.
    """

    def __init__(self, family: Family | None, default: type[Family]) -> None:
        super().__init__()

        self.family = family
        self.default = default() if family is None else None

    @property
    def inner(self) -> Family:
        r"""The given family, or the default."""
        return self.family or self.default  # type: ignore[return-value]

    @property
    def n_params(self) -> int:  # type: ignore[override]
        r"""Number of raw parameters per element."""
        return self.inner.n_params

    @property
    def support(self) -> Constraint:  # type: ignore[override]
        r"""Set of valid data."""
        return self.inner.support

    @property
    def discrete(self) -> bool:  # type: ignore[override]
        r"""True if `log_prob` is the logarithm of a probability rather than of a density."""
        return self.inner.discrete

    def build(self: Self, network: Network | None, event: Sequence[int]) -> Self:
        inner = self.inner.build(network, event)  # type: ignore[arg-type]

        if self.family is not None:
            self.family = inner

        return self
