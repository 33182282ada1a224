r"""Networks whose encoder sees transformed counts."""

__all__ = ["TransformedInput"]

from collections.abc import Callable, Sequence

import torch.nn as nn
from torch import Tensor
from torch.nn.functional import normalize

from ...common.checks.ranges import check_choice
from ..base import Network
from .base import NetworkView


def _log1p(x: Tensor) -> Tensor:
    return x.clamp(min=0).log1p()  # noise may make counts negative


def _unit_norm(x: Tensor) -> Tensor:
    return normalize(x.flatten(start_dim=1)).reshape(x.shape)


_TRANSFORMS: dict[str, Callable[[Tensor], Tensor]] = {"log1p": _log1p, "unit_norm": _unit_norm}


class TransformedInput(NetworkView):
    r"""Network whose encoder sees counts as logarithms or as a direction.

    .. math:: f(x) = h \big( \log(1 + x) \big) \quad \text{or} \quad
        f(x) = h \big( x / \lVert x \rVert_2 \big)

    where :math:`h` is the encoder of another architecture. Counts of one example may differ by
    factors of thousands, which no network likes as its input, while likelihoods score the counts
    as they are. The decoder stays as it is.

    Arguments:
        network: The architecture; by default fully connected.
        transform: `"log1p"` for logarithms, `"unit_norm"` for a vector of norm one.

    Raises:
        ValueError: If the transform is neither.

    See Also:
        :class:`~autoencode.networks.FullyConnected`, :class:`~autoencode.modalities.Counts`

    Example:
        >>> from autoencode.networks import FullyConnected
        >>> import torch
        >>> encoder = TransformedInput(FullyConnected((8,)), "unit_norm").encoder((3,), 2)
        >>> x = torch.tensor([[1.0, 0.0, 2.0]])
        >>> torch.allclose(encoder(x), encoder(100 * x))
        True
    """

    def __init__(self, network: Network | None = None, transform: str = "log1p") -> None:
        check_choice([*_TRANSFORMS], transform=transform)

        self.network = network
        self.transform = transform

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        return _Encoder(self.architecture.encoder(shape, features, context), self.transform)

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        return self.architecture.decoder(features, shape, context)


class _Encoder(nn.Module):
    r"""Encoder of transformed inputs."""

    def __init__(self, inner: nn.Module, transform: str) -> None:
        super().__init__()

        self.inner = inner
        self.transform = transform

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        return self.inner(_TRANSFORMS[self.transform](x), c)

    def extra_repr(self) -> str:
        return f"transform={self.transform!r}"
