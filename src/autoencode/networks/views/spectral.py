r"""Networks whose decoder has weights of spectral norm one."""

__all__ = ["SpectralNorm", "SpectrallyNormalized"]

import copy
import threading
import weakref
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import normalize
from torch.nn.modules.conv import _ConvTransposeNd

from ..base import Network
from .base import NetworkView

_FIRST_ITERATIONS = 15
_COPIES: weakref.WeakKeyDictionary[nn.Module, Any] = weakref.WeakKeyDictionary()
_SMALLEST = 1e-12


class SpectralNorm(NetworkView):
    r"""Any architecture, with weights of the decoder that are divided by their spectral norms.

    .. math:: \bar W = \frac{W}{\sigma(W)}, \qquad
        \sigma(W) = \max_{\| v \| = 1} \| W v \|

    No layer then stretches a distance, and the decoder is as smooth as its activations are. Codes
    therefore spread as far as the data do. With the objective :class:`~autoencode.objectives.RAE`
    it is the regularized autoencoder with spectral normalization; `RAE(penalty="spectral")`
    penalizes the norms instead. They are estimated by a step of power iteration in each step of
    the training. Encoder and other weights, such as biases, stay as they are.

    References:
        | Spectral Normalization for Generative Adversarial Networks (Miyato et al., 2018),
          algorithm 1
        | https://arxiv.org/abs/1802.05957

        | From Variational to Deterministic Autoencoders (Ghosh et al., 2020), for autoencoders
        | https://arxiv.org/abs/1903.12436

    Arguments:
        network: The architecture; by default :class:`~autoencode.networks.FullyConnected`.

    Raises:
        ValueError: If the decoder has no weight matrices.

    See Also:
        :func:`~autoencode.recipes.rae`, :class:`~autoencode.objectives.RAE`

    Example:
        >>> from autoencode.networks import FullyConnected
        >>> decoder = SpectralNorm(FullyConnected((8,))).decoder(2, (3,)).eval()
        >>> decoder(torch.zeros(5, 2)).shape
        torch.Size([5, 3])
    """

    def __init__(self, network: Network | None = None) -> None:
        self.network = network

    def encoder(self, shape: Sequence[int], features: int, context: int = 0) -> nn.Module:
        return self.architecture.encoder(shape, features, context)

    def decoder(self, features: int, shape: Sequence[int], context: int = 0) -> nn.Module:
        return SpectrallyNormalized(self.architecture.decoder(features, shape, context))


class SpectrallyNormalized(nn.Module):
    r"""Module whose weight matrices are divided by their spectral norms.

    Weights of convolutions are matrices with a row for each output channel. Weights that are zero
    stay zero.

    Arguments:
        inner: The module.

    Raises:
        ValueError: If it has no weight matrices.

    Example:
        >>> layer = SpectrallyNormalized(nn.Linear(2, 2)).eval()
        >>> weight = layer.normalized()["weight"].detach()
        >>> torch.linalg.matrix_norm(weight, ord=2).allclose(torch.ones(()), atol=1e-2)
        True
    """

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()

        self.inner = inner
        self.outputs = {  # the axis of outputs of each weight
            f"{path}.weight" if path else "weight": int(isinstance(module, _ConvTransposeNd))
            for path, module in inner.named_modules()
            if isinstance(getattr(module, "weight", None), nn.Parameter)
            if module.weight.ndim > 1
        }

        if not self.outputs:
            raise ValueError(
                f"expected a decoder with weight matrices, got {inner}. Use another network."
            )

        for i, W in enumerate(self._matrices()):
            self.register_buffer(f"left{i}", normalize(torch.randn(W.shape[0]), dim=0))
            self.register_buffer(f"right{i}", normalize(torch.randn(W.shape[1]), dim=0))

        self._iterate(_FIRST_ITERATIONS)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        given = (z,) if c is None else (z, c)

        if self.training:
            self._iterate(1)
            return functional_call(self.inner, self.normalized(), given)

        weights = {**dict(self.inner.named_parameters()), **dict(self.inner.named_buffers())}
        return functional_call(_own_copy(self.inner), weights | self.normalized(), given)

    def normalized(self) -> dict[str, Tensor]:
        r"""Returns all weight matrices divided by their spectral norms, by name."""
        found = {}

        for i, (name, W) in enumerate(zip(self.outputs, self._matrices())):
            left, right = (getattr(self, f"{side}{i}").clone() for side in ("left", "right"))
            norm = torch.dot(left, torch.mv(W, right))
            found[name] = self.inner.get_parameter(name) / torch.where(norm > _SMALLEST, norm, 1.0)

        return found

    def _matrices(self) -> list[Tensor]:
        weights = ((self.inner.get_parameter(name), axis) for name, axis in self.outputs.items())
        return [W.transpose(0, axis).flatten(start_dim=1) for W, axis in weights]

    @torch.no_grad()
    def _iterate(self, n: int) -> None:
        r"""Moves the estimates of both singular vectors by steps of power iteration."""
        for i, W in enumerate(self._matrices()):
            left, right = getattr(self, f"left{i}"), getattr(self, f"right{i}")

            for _ in range(n):
                left.copy_(_direction(torch.mv(W, right), left))
                right.copy_(_direction(torch.mv(W.mT, left), right))


def _own_copy(inner: nn.Module) -> nn.Module:
    r"""Returns a copy for this thread. A call sets its weights, which others must not see."""
    copies = _COPIES.setdefault(inner, threading.local())

    if not hasattr(copies, "module"):
        shared = {id(t): t for t in (*inner.parameters(), *inner.buffers())}
        copies.module = copy.deepcopy(inner, shared).eval()

    return copies.module


def _direction(v: Tensor, before: Tensor) -> Tensor:
    r"""Returns the direction of a vector, or the one before of the vector zero.

    Weights that begin at zero would otherwise have zero as singular vectors for good.
    """
    norm = v.norm()
    return torch.where(norm > _SMALLEST, v / norm.clamp(min=_SMALLEST), before)
