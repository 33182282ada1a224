r"""Abstract architecture: an encoder and a decoder for examples of a given shape.

A :class:`Network` is a specification, not a module. It is chosen before the shape of the data
is known, and builds both modules once it is. Networks know nothing about probability: their
outputs are the raw parameters of a distribution.
"""

__all__ = ["Network"]

import abc
from collections.abc import Sequence

import torch.nn as nn

from ..common.configurable import Configurable


class Network(Configurable, abc.ABC):
    r"""Abstract architecture. A custom architecture implements the two abstract methods.

    Both modules take a second argument `c`: the context of a conditional model, with shape
    `(N, context)`, or `None` if `context` is zero.

    See Also:
        :class:`~autoencode.networks.FullyConnected`

    Example:
        >>> from autoencode.networks import FullyConnected
        >>> FullyConnected(layers=(64,)).encoder((1, 8, 8), 3)(torch.rand(5, 1, 8, 8), None).shape
        torch.Size([5, 3])
    """

    vocab_size: int | None = None
    r"""Vocabulary size of architectures for token sequences; `None` for all others."""

    learning_rate: float = 2e-3
    r"""Peak learning rate, unless the training sets one."""

    batch_size: int | None = None
    r"""Batch size, unless the training sets one; `None` derives it from the number of examples."""

    max_batch_size: int | None = None
    r"""Largest default batch size for fewer than 100,000 examples; `None` for the limit of the
    training."""

    receptive_radius: int | None = None
    r"""Radius of the receptive field in pixels or steps, for architectures without fully connected
    layers: the output at a position depends on no pixel or step farther away. It is a multiple of
    the stride."""

    stride: int | None = None
    r"""Side in pixels of the square that each position of a code map stands for, or the steps of
    a code over time; `None` if codes are vectors."""

    over_time: bool = False
    r"""True if a code has a position for each stretch of `stride` steps, and the network accepts
    examples of any length. The scales of a likelihood are then shared by all steps."""

    def code_shape(self, shape: Sequence[int]) -> tuple[int, ...] | None:
        r"""Returns channels, height and width if the code is a map, channels and steps if codes
        are over time, and `None` if it is a vector.

        Arguments:
            shape: The shape of one example.
        """
        return None

    def code_size(self, shape: Sequence[int]) -> int | None:
        r"""Returns the code size if the architecture determines it, and `None` otherwise.

        Arguments:
            shape: The shape of one example.
        """
        return None

    @abc.abstractmethod
    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        r"""
        Arguments:
            shape: The shape of one example: `(C, H, W)` for an image, `(D,)` for a row.
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
            shape: The shape of one output. Its first dimension may hold several raw parameters
                per element.
            context: The number of features of the context.

        Returns:
            A module from `(N, features)` and `(N, context)` to `(N, *shape)`.
        """

    def token_decoder(self, features: int) -> nn.Module:
        r"""Builds the network that predicts the next token, for autoregressive likelihoods.

        It is called as `token_decoder(x, phi, cache)`, where

        - `x` holds the preceding tokens, with shape `(N, T)`; the token `vocab_size` marks a
          hidden token,
        - `phi` is the output of the decoder, with shape `(N, features)`,
        - `cache` is the second output of the previous call, or `None` at the start.

        It returns the logits of the next tokens, with shape `(N, T, vocab_size)`, and a cache,
        whose tensors have `N` as their first dimension.

        Arguments:
            features: The number of outputs of the decoder.

        Raises:
            ValueError: If the architecture does not generate tokens. Most do not.
        """
        raise ValueError(
            f"{self} does not generate tokens. Use Recurrent() or Transformer() for texts."
        )
