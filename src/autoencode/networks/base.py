r"""What an architecture offers: an encoder and a decoder that fit a shape.

A :class:`Network` is a recipe of networks, not one of them: it is known before the shape of
the data is, and builds both halves once the shape is there. It knows nothing of
probability; the features it is asked for are the raw parameters of some distribution.
"""

__all__ = ["Network"]

import abc
from collections.abc import Sequence

import torch.nn as nn

from ..common.configurable import Configurable


class Network(Configurable, abc.ABC):
    r"""Abstract architecture. To bring your own, write its two abstract methods.

    Both modules are called with a second argument `c`, the context of a conditional model
    with shape `(N, context)`, or `None` where `context` is zero.

    Example:
        >>> from autoencode.networks import FullyConnected
        >>> FullyConnected(layers=(64,)).encoder((1, 8, 8), 3)(torch.rand(5, 1, 8, 8), None).shape
        torch.Size([5, 3])
    """

    symbols: int | None = None
    r"""The size of the alphabet, for architectures that read rows of symbols."""

    learning_rate: float = 2e-3
    r"""The largest learning rate, unless the training has one of its own."""

    batch_size: int | None = None
    r"""The number of examples in a step, unless the training has one of its own; `None` leaves
    it to the number of examples."""

    reach: int | None = None
    r"""For architectures that keep places: how many pixels around a place what comes out there
    depends on, an even number, whatever the size of the image."""

    def code_size(self, shape: Sequence[int]) -> int | None:
        r"""Returns the only size of a code that there is, for architectures that keep places.

        Arguments:
            shape: The shape of one example.
        """
        return None

    @abc.abstractmethod
    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        r"""
        Arguments:
            shape: The shape of one example: `(C, H, W)` of an image, `(D,)` of a row.
            features: The number of outputs.
            context: The number of features of the context.

        Returns:
            A module from `(N, *shape)` and `(N, context)` to `(N, features)`.
        """

    @abc.abstractmethod
    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        r"""
        Arguments:
            features: The number of inputs.
            shape: The shape of one output, whose first dimension may hold several raw
                parameters for each element.
            context: The number of features of the context.

        Returns:
            A module from `(N, features)` and `(N, context)` to `(N, *shape)`.
        """

    def writer(self, features: int) -> nn.Module:
        r"""The network that writes sequences, for likelihoods that go symbol by symbol.

        It is called as `writer(x, phi, memory)`: with symbols that came before with shape
        `(N, T)`, of which one beyond the alphabet stands for a hidden one; with what the decoder
        has made, with shape `(N, features)`; and with what it has returned for earlier symbols,
        or `None` at the begin. It returns the logits of the symbols that come next, with shape
        `(N, T, symbols)`, and what it has to remember, whose tensors have `N` as first dimension.

        Arguments:
            features: The number of features that the decoder makes.

        Raises:
            ValueError: If the architecture has no such network, as most have not.
        """
        raise ValueError(
            f"{self} writes no sequences of symbols. Use Recurrent() or Transformer() for texts."
        )
