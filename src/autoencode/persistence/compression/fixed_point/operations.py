r"""Mode under which the networks of torch compute with the same results on every machine."""

__all__ = ["FixedPoint", "UnsupportedOperationError"]

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from . import functions as fn
from . import sums

aten = torch.ops.aten


class UnsupportedOperationError(ValueError):
    r"""Error of an operation whose result may differ between machines."""


class FixedPoint(TorchDispatchMode):
    r"""Mode in which float64 operations of torch have the same results on every machine.

    Sums and products of matrices are exact (see the module `sums`), and functions consist of
    single operations. Other operations move numbers, or are rounded as IEEE 754 demands. An
    operation that is none of these is refused.

    Arguments:
        constants: Tensors that do not change, such as the parameters of a model. They are rounded
            once.

    Example:
        >>> x = torch.randn(4, 300, dtype=torch.float64)
        >>> W = torch.randn(300, 2, dtype=torch.float64)
        >>> with FixedPoint():
        ...     y, again = x @ W, x[:, torch.arange(299, -1, -1)] @ W[torch.arange(299, -1, -1)]
        >>> torch.equal(y, again)
        True
    """

    def __init__(self, constants: Iterable[Tensor] = ()) -> None:
        super().__init__()

        self.constants = [*constants]
        self.places = {t.untyped_storage().data_ptr() for t in self.constants}
        self.kept: dict[tuple, Tensor] = {}

    def rounded(self, x: Tensor, dims: Sequence[int], bits: int) -> Tensor:
        r"""Returns rounded numbers, see :func:`sums.rounded`; those of constants are kept."""
        place = x.untyped_storage().data_ptr()

        if place not in self.places:
            return sums.rounded(x, dims, bits)

        key = place, x.storage_offset(), tuple(x.shape), x.stride(), tuple(dims), bits

        if key not in self.kept:
            self.kept[key] = sums.rounded(x, dims, bits)

        return self.kept[key]

    def product(self, a: Tensor, b: Tensor) -> Tensor:
        r"""Returns the product of matrices, see :func:`sums.product`."""
        bits = sums.bits_of_factor(a.shape[-1])
        return torch.matmul(self.rounded(a, [-1], bits), self.rounded(b, [-2], bits))

    def __torch_dispatch__(
        self, op: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        name = op.overloadpacket.__name__
        own = _OWN.get(name.removesuffix("_"))

        if own is None:
            if name.removesuffix("_") in _EXACT or not _computes(args, kwargs):
                return op(*args, **kwargs)

            raise UnsupportedOperationError(
                f"the operation {op} of this network may give other numbers on another machine"
            )

        if not _computes(args, kwargs):
            return op(*args, **kwargs)

        out = kwargs.pop("out", args[0] if name.endswith("_") else None)
        found = own(self, *args, **kwargs) if own in _PRODUCTS else own(*args, **kwargs)
        return found if out is None else out.copy_(found)


def _computes(args: Any, kwargs: Any) -> bool:
    r"""Tell whether arguments have numbers that may be rounded, rather than integers."""
    flat = [*args, *kwargs.values()]
    parts = [p for a in flat for p in (a if isinstance(a, (list, tuple)) else [a])]
    return any(isinstance(p, Tensor) and p.is_floating_point() for p in parts)


def _addmm(
    mode: FixedPoint, bias: Tensor, a: Tensor, b: Tensor, beta: Any = 1, alpha: Any = 1
) -> Tensor:
    return _scaled(bias, beta) + _scaled(mode.product(a, b), alpha)


def _scaled(x: Tensor, by: Any) -> Tensor:
    return x if by == 1 else x * by


def _convolution(
    mode: FixedPoint,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    *options: Any,
    **named: Any,
) -> Tensor:
    transposed = named.get("transposed", options[3] if len(options) > 3 else False)
    kernel = math.prod(weight.shape[2:])
    terms = kernel * (weight.shape[0] if transposed else weight.shape[1])
    bits = sums.bits_of_factor(terms)
    each = [*range(1, x.ndim)]
    y = aten.convolution(
        sums.rounded(x, each, bits),
        mode.rounded(weight, [*range(weight.ndim)], bits),
        None,
        *options,
        **named,
    )
    return y if bias is None else y + bias.view(-1, *[1] * (x.ndim - 2))


def _layer_norm(
    x: Tensor, shape: list[int], weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    dims = [*range(x.ndim - len(shape), x.ndim)]
    m = sums.mean(x, dims, keepdim=True)
    off = x - m
    r = 1 / (sums.mean(off * off, dims, keepdim=True) + eps).sqrt()
    y = off * r
    y = y if weight is None else y * weight

    return (y if bias is None else y + bias), m, r


def _log_softmax(x: Tensor, dim: int, half_to_float: bool = False) -> Tensor:
    off = x - x.amax(dim=dim, keepdim=True)
    return off - fn.log(sums.total(fn.exp(off), [dim], keepdim=True))


def _softmax(x: Tensor, dim: int, half_to_float: bool = False) -> Tensor:
    e = fn.exp(x - x.amax(dim=dim, keepdim=True))
    return e / sums.total(e, [dim], keepdim=True)


def _logsumexp(x: Tensor, dims: Any, keepdim: bool = False) -> Tensor:
    dims = [dims] if isinstance(dims, int) else [*dims]
    top = x.amax(dim=dims, keepdim=True)
    found = top + fn.log(sums.total(fn.exp(x - top), dims, keepdim=True))
    return found if keepdim else found.squeeze(dims)


def _attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    dropout: float = 0.0,
    causal: bool = False,
    *,
    attn_mask: Tensor | None = None,
    scale: float | None = None,
) -> tuple[Tensor, Tensor]:
    scores = sums.product(q, k.mT) * (q.shape[-1] ** -0.5 if scale is None else scale)

    if causal:
        allowed = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        scores = scores.masked_fill(~allowed, -math.inf)

    if attn_mask is not None:
        is_mask = attn_mask.dtype == torch.bool
        scores = scores.masked_fill(~attn_mask, -math.inf) if is_mask else scores + attn_mask

    return sums.product(_softmax(scores, -1), v), scores.new_zeros(scores.shape[:-1])


def _sum(x: Tensor, dims: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
    dims = [*range(x.ndim)] if dims in (None, []) else dims
    return sums.total(x, [dims] if isinstance(dims, int) else dims, keepdim)


def _mean(x: Tensor, dims: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
    dims = [*range(x.ndim)] if dims in (None, []) else dims
    return sums.mean(x, [dims] if isinstance(dims, int) else dims, keepdim)


def _gelu(x: Tensor, approximate: str = "none") -> Tensor:
    return x * fn.ndtr(x)


def _elu(x: Tensor, alpha: Any = 1, scale: Any = 1, input_scale: Any = 1) -> Tensor:
    return torch.where(x > 0, x * scale, fn.expm1(x * input_scale) * alpha * scale)


def _softplus(x: Tensor, beta: Any = 1, threshold: Any = 20) -> Tensor:
    return fn.softplus(x) if beta == 1 else fn.softplus(x * beta) / beta


def _power(x: Tensor, exponent: Any) -> Tensor:
    if exponent == 2:
        return x * x

    raise UnsupportedOperationError(f"the power {exponent} of this network is not supported")


_PRODUCTS = (_addmm, _convolution, FixedPoint.product)

_OWN: dict[str, Callable[..., Any]] = {
    "_log_softmax": _log_softmax,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_softmax": _softmax,
    "add": lambda x, y, alpha=1: aten.add(x, _scaled(y, alpha)),
    "addcmul": lambda x, a, b, value=1: x + _scaled(a * b, value),
    "addmm": _addmm,
    "baddbmm": _addmm,
    "bmm": FixedPoint.product,
    "convolution": _convolution,
    "cos": fn.cos,
    "cumsum": lambda x, dim, **_: torch.stack(
        [sums.total(x.narrow(dim, 0, i + 1), [dim]) for i in range(x.shape[dim])], dim
    ),
    "elu": _elu,
    "erf": fn.erf,
    "exp": fn.exp,
    "expm1": fn.expm1,
    "gelu": _gelu,
    "leaky_relu": lambda x, slope=0.01: torch.where(x > 0, x, x * slope),
    "lerp": lambda x, end, weight: x + weight * (end - x),
    "log": fn.log,
    "log1p": fn.log1p,
    "logsumexp": _logsumexp,
    "mean": _mean,
    "mm": FixedPoint.product,
    "native_layer_norm": _layer_norm,
    "pow": _power,
    "rsqrt": lambda x: 1 / x.sqrt(),
    "rsub": lambda x, y, alpha=1: y - _scaled(x, alpha),
    "sigmoid": fn.sigmoid,
    "sin": fn.sin,
    "silu": lambda x: x * fn.sigmoid(x),
    "softplus": _softplus,
    "sub": lambda x, y, alpha=1: aten.sub(x, _scaled(y, alpha)),
    "sum": _sum,
    "tanh": fn.tanh,
}

# Moved or compared numbers, and operations of a single rounding
_EXACT = set(
    """
    _is_all_true _local_scalar_dense _to_copy _unsafe_view abs alias all amax amin any arange
    argmax as_strided bitwise_and bitwise_not bitwise_or cat ceil clamp clamp_max clamp_min
    clone constant_pad_nd copy detach diagonal div embedding empty empty_like eq expand fill
    flip floor frexp full full_like gather ge gt hardtanh index index_copy index_select isnan
    le lift_fresh logical_and logical_not lt masked_fill max maximum min minimum mul nan_to_num
    ne neg new_empty new_full new_ones new_zeros ones ones_like permute pixel_shuffle
    pixel_unshuffle reciprocal reflection_pad1d reflection_pad2d relu repeat replication_pad1d
    replication_pad2d round scalar_tensor scatter searchsorted select sign slice sort split
    split_with_sizes sqrt squeeze stack t transpose tril unbind unsqueeze upsample_nearest1d
    upsample_nearest2d view where zero zeros zeros_like
    """.split()
)
