r"""Gated recurrent units for token sequences, with a hand-written backward pass."""

__all__ = ["GRU"]

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor
from torch.autograd import Function, forward_ad
from torch.autograd.function import once_differentiable

from .exporting import is_exporting

tanh_backward, sigmoid_backward = torch.ops.aten.tanh_backward, torch.ops.aten.sigmoid_backward


class GRU(nn.Module):
    r"""Gated recurrent units whose inputs are tokens.

    .. math:: r_t, u_t = \sigma(a_t + W h_{t-1}), \qquad
        n_t = \tanh(a'_t + r_t (W' h_{t-1} + b)), \qquad
        h_t = (1 - u_t) n_t + u_t h_{t-1}

    The contributions of a token to the gates, :math:`a_t` and :math:`a'_t`, are a row of a table,
    so that the inputs need no matrix product. The gradient of the recurrent weights is one product
    over all steps. On a CPU this is faster than an embedding followed by :class:`torch.nn.GRU`
    (`benchmarks/recurrence.py`). The states have derivatives in reverse and in forward mode.

    References:
        | Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
          Translation (Cho et al., 2014)
        | https://arxiv.org/abs/1406.1078

    Arguments:
        vocab_size: The number of tokens.
        width: The size of the state :math:`h`.

    Example:
        >>> GRU(3, 8)(torch.tensor([[0, 1, 2, 2]])).shape
        torch.Size([1, 4, 8])
    """

    def __init__(self, vocab_size: int, width: int) -> None:
        super().__init__()

        self.table = nn.Embedding(vocab_size, 3 * width)
        self.weight = nn.Linear(width, 3 * width, bias=False).weight
        self.bias = nn.Parameter(torch.zeros(width))

        nn.init.normal_(self.table.weight, std=0.5)

    def forward(self, x: Tensor, shift: Tensor | None = None, h: Tensor | None = None) -> Tensor:
        r"""
        Arguments:
            x: Tokens, with shape `(B, L)`.
            shift: A term added to the gates at each step, with shape `(B, 3 * width)`.
            h: The state before the first step, with shape `(B, width)`; by default zero.

        Returns:
            The states after each step, with shape `(B, L, width)`.
        """
        table = self.table.weight
        shift = table.new_zeros(x.shape[0], table.shape[1]) if shift is None else shift.to(table)
        h = table.new_zeros(x.shape[0], len(self.bias)) if h is None else h.to(table)

        inputs = x.T, table, shift, h, self.weight, self.bias

        if is_exporting():
            return _as_one_operation(*inputs)

        if any(forward_ad.unpack_dual(t).tangent is not None for t in inputs[1:]):
            return torch.stack([*_states(*inputs)], dim=1)

        return _Recurrence.apply(*inputs).movedim(0, 1)


def _as_one_operation(
    x: Tensor, table: Tensor, shift: Tensor, h: Tensor, weight: Tensor, bias: Tensor
) -> Tensor:
    r"""Returns the states, with shape `(B, L, H)`, by the recurrence that other programs have."""
    a = table[x.T] + shift[:, None]
    zeros = torch.zeros_like(table[0])
    inner = torch.cat([zeros[len(bias) :], bias])
    weights = [torch.eye(len(zeros)).to(weight), weight, zeros, inner]

    return torch.gru(a, h[None], weights, True, 1, 0.0, False, False, True)[0]


def _states(
    x: Tensor, table: Tensor, shift: Tensor, h: Tensor, weight: Tensor, bias: Tensor
) -> Iterator[Tensor]:
    r"""Yields the states by operations that have forward derivatives, and can be batched."""
    for tokens in x:
        a_r, a_u, a_n = (table[tokens] + shift).chunk(3, dim=-1)
        k_r, k_u, k_n = (h @ weight.T).chunk(3, dim=-1)
        r, u = (a_r + k_r).sigmoid(), (a_u + k_u).sigmoid()
        n = (a_n + r * (k_n + bias)).tanh()
        h = n + u * (h - n)
        yield h


class _Recurrence(Function):
    r"""Recurrence from tokens with shape `(L, B)` to states with shape `(L, B, H)`.

    Each step works on small tensors that stay in the CPU cache and writes its results in place,
    which saves copies and keeps autocast from changing the type.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, table: Tensor, shift: Tensor, h: Tensor, weight: Tensor, bias: Tensor
    ) -> Tensor:
        H, shape = len(bias), (*x.shape, len(bias))
        states = table.new_empty(len(x) + 1, *h.shape)
        r, u, k, n = (table.new_empty(shape) for _ in range(4))
        products = torch.empty_like(shift)
        states[0] = h

        for t in range(len(x)):
            a_r, a_u, a_n = (table[x[t]] + shift).split(H, dim=-1)
            k_r, k_u, k_n = torch.mm(states[t], weight.T, out=products).split(H, dim=-1)

            torch.add(a_r, k_r, out=r[t]).sigmoid_()
            torch.add(a_u, k_u, out=u[t]).sigmoid_()
            torch.add(k_n, bias, out=k[t])
            torch.addcmul(a_n, r[t], k[t], out=n[t]).tanh_()
            torch.lerp(n[t], states[t], u[t], out=states[t + 1])

        ctx.save_for_backward(x, table, states, r, u, k, n, weight)
        return states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, table, states, r, u, k, n, weight = ctx.saved_tensors
        H = weight.shape[1]
        g, by_table = torch.zeros_like(states[0]), torch.zeros_like(table)
        by_shift = table.new_zeros(len(g), 3 * H)
        by_products = table.new_empty(*x.shape, 3 * H)

        for t in reversed(range(len(x))):
            g = g + gradient[t]
            kept = g * u[t]
            by_n = tanh_backward(g - kept, n[t])
            by_u = sigmoid_backward(g * (states[t] - n[t]), u[t])
            by_r = sigmoid_backward(by_n * k[t], r[t])

            by_gates = torch.cat([by_r, by_u, by_n], dim=-1)
            by_table.index_add_(0, x[t], by_gates)
            by_shift += by_gates

            torch.cat([by_r, by_u, by_n * r[t]], dim=-1, out=by_products[t])
            g = torch.addmm(kept, by_products[t], weight, out=torch.empty_like(g))

        flat = by_products.flatten(0, 1)
        by_weight = torch.mm(flat.T, states[:-1].flatten(0, 1), out=torch.empty_like(weight))

        return None, by_table, by_shift, g, by_weight, flat[:, 2 * H :].sum(dim=0)
