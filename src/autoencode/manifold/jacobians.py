r"""Jacobians of encoder and decoder, each in its cheaper mode.

Both need :math:`d` products of the Jacobian and a vector, where :math:`d` is the size of the
code. The width of the data does not matter. The Jacobian of the decoder is computed by columns,
in forward mode, and that of the encoder by rows, in reverse mode. Examples are independent, so
that one product serves a whole batch.
"""

__all__ = ["decoder_jacobian", "encoder_jacobian", "pushforward"]

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.overrides import TorchFunctionMode

from ..common.batching import rows_per_batch, split_rows
from ..common.failures import ignored
from .codec import Codec

_ACTIVATIONS_PER_INPUT = 64  # a generous bound on the memory of a network
_SAVED_ACTIVATIONS_PER_INPUT = 256  # the same in reverse mode


def decoder_jacobian(codec: Codec, z: Tensor) -> Tensor:
    r"""Jacobian of the decoder at codes.

    .. math:: J_g(z) = \frac{\partial g(z)}{\partial z}

    Its columns span the tangent plane of the decoded manifold at :math:`g(z)`.

    Arguments:
        codec: The codec of a model.
        z: The codes, with shape `(N, d)`.

    Returns:
        The Jacobians, with shape `(N, D, d)`.

    See Also:
        :func:`~autoencode.manifold.encoder_jacobian`, :class:`~autoencode.manifold.Tangents`

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> W = torch.tensor([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]])
        >>> codec = as_codec((lambda x: x[:, :2], lambda z: z @ W))
        >>> decoder_jacobian(codec, torch.zeros(1, 2))
        tensor([[[1., 0.],
                 [2., 1.],
                 [3., 0.]]])
    """
    z = z.detach()
    (N, d), directions = z.shape, torch.eye(z.shape[1]).to(z)[:, None]

    with codec.evaluating(), torch.no_grad():
        D = codec.decode(z[:1]).shape[1]
        rows = rows_per_batch(_ACTIVATIONS_PER_INPUT * max(D, d) * d * z.element_size())
        J = z.new_empty(N, d, D)  # contiguous columns, as LAPACK expects

        for start in range(0, N, rows):
            part = slice(start, start + rows)
            J[part] = pushforward(codec.decode, z[part], directions).transpose(0, 1)

    return J.mT


def encoder_jacobian(codec: Codec, x: Tensor) -> Tensor:
    r"""Jacobian of the encoder at rows.

    .. math:: J_f(x) = \frac{\partial f(x)}{\partial x}

    Its leading right singular vectors are the directions to which the code is most sensitive.

    Arguments:
        codec: The codec of a model.
        x: The rows, with shape `(N, D)`.

    Returns:
        The Jacobians, with shape `(N, d, D)`.

    Raises:
        ValueError: If the code has no gradient with respect to the rows.

    See Also:
        :func:`~autoencode.manifold.decoder_jacobian`, :class:`~autoencode.manifold.Tangents`

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> codec = as_codec((lambda x: x[:, :1] * x[:, 1:], lambda z: z))
        >>> encoder_jacobian(codec, torch.tensor([[2.0, 3.0]]))
        tensor([[[3., 2.]]])
    """
    parts = split_rows(x.detach(), _SAVED_ACTIVATIONS_PER_INPUT * x.shape[1] * x.element_size())

    with codec.evaluating(), torch.enable_grad():
        return torch.cat([_pullback(codec.encode, part) for part in parts])


def pushforward(f: Callable[[Tensor], Tensor], x: Tensor, V: Tensor) -> Tensor:
    r"""Pushforward of directions at a point.

    .. math:: J_f(x) \, v = \lim_{t \to 0} \frac{f(x + t v) - f(x)}{t}

    All directions are computed at once. The result is differentiable.

    Arguments:
        f: A function of batches that treats examples independently.
        x: The points, with shape `(N, *)`.
        V: Any number `m` of directions for each point, with shape `(m, N, *)`, or `(m, 1, *)`
            for the same directions at all points.

    Returns:
        The products, with shape `(m, N, *)`.

    Example:
        >>> pushforward(torch.square, torch.tensor([[3.0]]), torch.tensor([[[1.0]], [[2.0]]]))
        tensor([[[ 6.]],
        <BLANKLINE>
                [[12.]]])
    """
    _load_forward_mode()

    def linear(x: Tensor) -> Tensor:
        with _LinearConvolutions():
            return f(x)

    def product(v: Tensor) -> Tensor:
        return torch.func.jvp(linear, (x,), (v.expand_as(x),))[1]

    try:
        return torch.func.vmap(product, randomness="same")(V)
    except (RuntimeError, ValueError):
        # Some modules have no forward derivative (torch's recurrent ones) or cannot be batched
        return _twice_backward(f, x, V)


class _LinearConvolutions(TorchFunctionMode):
    r"""Pushes directions through convolutions by :math:`J v = w * v`.

    torch's rule also convolves with the derivative of the weight, which is zero here, and adds the
    result. That takes a tenth of the time (`benchmarks/shortcuts.py`).
    """

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if func in _CONVOLUTIONS and not kwargs:
            (x, v), *fixed = map(forward_ad.unpack_dual, filter(torch.is_tensor, args))

            if v is not None and all(part.tangent is None for part in fixed):
                pushed = func(v, args[1], None, *args[3:])
                return forward_ad.make_dual(func(x, *args[1:]), pushed)

        return func(*args, **(kwargs or {}))


_CONVOLUTIONS = {
    torch.conv1d,
    torch.conv2d,
    torch.conv3d,
    torch.conv_transpose1d,
    torch.conv_transpose2d,
    torch.conv_transpose3d,
}


def _twice_backward(f: Callable[[Tensor], Tensor], x: Tensor, V: Tensor) -> Tensor:
    r"""Returns :math:`J v` as the derivative of :math:`J^\top u`, which is linear in :math:`u`."""
    create_graph = torch.is_grad_enabled()

    with torch.enable_grad():
        x = x if x.requires_grad else x.detach().requires_grad_()
        y = f(x)
        u = torch.zeros_like(y, requires_grad=True)
        (Ju,) = torch.autograd.grad(y, x, u, create_graph=True)

    products = [
        torch.autograd.grad(Ju, u, v.expand_as(x), retain_graph=True, create_graph=create_graph)
        for v in V
    ]

    return torch.stack([Jv for (Jv,) in products])


def _pullback(f: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    r"""Returns :math:`e_j^\top J_f` for all :math:`j`, with shape `(N, d, D)`."""
    z = f(x.requires_grad_())

    if not z.requires_grad:
        raise ValueError(
            "the code has no gradient with respect to the data: the encoder must consist of"
            " differentiable torch operations, outside of torch.no_grad()."
        )

    sums = z.sum(dim=0).unbind()
    return torch.stack([torch.autograd.grad(s, x, retain_graph=True)[0] for s in sums], dim=1)


@functools.cache
def _load_forward_mode() -> None:
    r"""Loads torch's rules once, as some versions emit warnings about their own code there."""
    with ignored(category=DeprecationWarning):
        torch.func.jvp(torch.sin, (torch.zeros(()),), (torch.ones(()),))
