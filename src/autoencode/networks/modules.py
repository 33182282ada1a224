r"""Arbitrary torch modules as encoder and decoder."""

__all__ = ["Modules", "as_network"]

import copy
import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch.nn as nn
from torch import Tensor

from .base import Network


class Modules(Network):
    r"""Two arbitrary torch modules, or two functions that make them.

    `network=(encoder, decoder)` stands for `network=Modules(encoder, decoder)`, and one module
    with the attributes `encoder` and `decoder` for both. Each fit trains copies. Parameters
    without `requires_grad` stay as they are. A module whose parameters are all frozen also stays
    in evaluation mode, so that its running statistics do not change.

    A model with two modules cannot be written to a file, because a module does not tell how it was
    made. A model with two functions can. Write `encoder(shape, features) -> nn.Module` and
    `decoder(features, shape) -> nn.Module` at the top level of a Python file, and name that file's
    module as `trusted` to load the model. The functions have the arguments of
    :meth:`Network.encoder` and :meth:`Network.decoder`. The weights come from the file of the
    model.

    Arguments:
        to_code: The encoder, from examples `(N, *shape)` to `(N, features)`, or a function that
            makes it. The number of features is that of the raw parameters of the posterior: twice
            `latent_dim` for :class:`~autoencode.distributions.Gaussian`. All values of the first
            parameter come first.
        from_code: The decoder, from `(N, latent_dim)` to the raw parameters of the likelihood
            `(N, n_params * shape[0], *shape[1:])`, or a function that makes it. A conditional
            model calls both with the context, too.

    Raises:
        TypeError: If an argument is neither a module nor a function.

    See Also:
        :class:`~autoencode.networks.FullyConnected`, :class:`~autoencode.networks.Network`

    Example:
        >>> from torch import nn, zeros
        >>> network = Modules(nn.Linear(5, 2), nn.Sequential(nn.Linear(2, 8), nn.Linear(8, 5)))
        >>> network.decoder(2, (5,))(zeros(3, 2), None).shape
        torch.Size([3, 5])
    """

    def __init__(
        self,
        to_code: nn.Module | Callable[..., nn.Module],
        from_code: nn.Module | Callable[..., nn.Module],
    ) -> None:
        for name, value in {"encoder": to_code, "decoder": from_code}.items():
            if isinstance(value, type) or not callable(value):
                raise TypeError(
                    f"expected the {name} as a module of torch, or as a function that makes one,"
                    f" got {value!r}."
                )

            # Loading a model calls these functions, and must not call any other function
            if not isinstance(value, nn.Module) and not _makes_modules(value):
                raise TypeError(
                    f"expected the {name} as a function annotated to return a module, such as"
                    f" def {name}(...) -> torch.nn.Module, got {value!r}."
                )

        self.to_code = to_code
        self.from_code = from_code

    @property
    def has_modules(self) -> bool:
        r"""Tell whether a part is a module, which cannot be stored, rather than a function."""
        return any(isinstance(part, nn.Module) for part in (self.to_code, self.from_code))

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        return _Called(self.to_code, (shape, features), (features,), context, "encoder")

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        return _Called(self.from_code, (features, shape), tuple(shape), context, "decoder")


class _Called(nn.Module):
    r"""Copy of a module, or a module that a function makes, with checked outputs."""

    def __init__(
        self,
        source: nn.Module | Callable[..., nn.Module],
        sizes: tuple[Any, ...],
        out_shape: tuple[int, ...],
        context: int,
        part: str,
    ) -> None:
        super().__init__()

        if isinstance(source, nn.Module):
            self.module = copy.deepcopy(source)
        else:
            self.module = source(*sizes, *([context] if context else []))

        if not isinstance(self.module, nn.Module):
            raise TypeError(f"expected {source} to return a module, got {self.module!r}.")

        if context and not _takes_two(self.module):
            raise ValueError(
                f"the {part} of a conditional model is called with the condition, too:"
                f" {type(self.module).__name__}.forward needs a second argument of shape"
                f" (N, {context}). Add it, or leave out conditional=True."
            )

        self.out_shape = out_shape
        self.part = part
        self.frozen = not any(p.requires_grad for p in self.module.parameters())

    def train(self, mode: bool = True) -> "_Called":
        return super().train(mode and not self.frozen)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Tensor:
        y = self.module(x) if c is None else self.module(x, c)
        expected = len(x), *self.out_shape

        if not isinstance(y, Tensor) or y.numel() != math.prod(expected) or len(y) != len(x):
            got = tuple(y.shape) if isinstance(y, Tensor) else f"a {type(y).__name__}"
            depends = "posterior and latent_dim" if self.part == "encoder" else "the likelihood"
            raise ValueError(
                f"expected the {self.part} to return a tensor of shape {expected}, as {depends}"
                f" require, got {got} for an input of shape {tuple(x.shape)}."
            )

        return y.reshape(expected)


def as_network(value: Any) -> Any:
    r"""Wrap plain modules of torch as a network; other values are returned as they are.

    Arguments:
        value: A pair (encoder, decoder), or one module that has both as attributes.

    Raises:
        TypeError: If a pair has other parts, or a module has no encoder or decoder.

    Example:
        >>> as_network((nn.Linear(3, 1), nn.Linear(1, 3))).has_modules
        True
    """
    if isinstance(value, (tuple, list)):
        if len(value) != 2 or not all(map(callable, value)):
            raise TypeError(
                "expected network as FullyConnected((256, 256)), for example, or a pair of modules"
                f" (encoder, decoder), got {value!r}."
            )

        return Modules(*value)

    if not isinstance(value, nn.Module):
        return value

    parts: list[Any] = [getattr(value, name, None) for name in ("encoder", "decoder")]

    if not all(isinstance(part, nn.Module) for part in parts):
        raise TypeError(
            f"expected network as a pair (encoder, decoder), or as a module with both as"
            f" attributes, got a {type(value).__name__}."
        )

    return Modules(*parts)


def _makes_modules(function: Callable[..., Any]) -> bool:
    r"""Tells whether the annotation of a function says that it returns a module."""
    try:
        made = inspect.signature(function, eval_str=True).return_annotation
    except Exception:  # a user's annotations may raise any exception
        return False

    return isinstance(made, type) and issubclass(made, nn.Module)


def _takes_two(module: nn.Module) -> bool:
    try:
        inspect.signature(module.forward).bind(None, None)
    except TypeError:
        return False

    return True
