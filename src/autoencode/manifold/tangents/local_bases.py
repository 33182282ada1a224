r"""Where the tangent planes lie: in the span of a Jacobian, or of the ways to neighbors."""

__all__ = ["Span", "n_directions", "spans", "tangential"]

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ...common.progress import through
from ..codec import Codec
from ..jacobians import decoder_jacobian, encoder_jacobian
from ..neighbors.exact import knn

_MEMORY = 2**28  # bytes, for what is held at once besides the result


class Span(NamedTuple):
    r"""The planes at some examples.

    Example:
        >>> Span(slice(0, 1), torch.zeros(1, 2), torch.eye(2)[None, :1], torch.ones(1, 1)).scale
        tensor([[1.]])
    """

    part: slice
    r"""Which examples."""

    origin: Tensor
    r"""Where the planes touch, with shape `(n, D)`."""

    basis: Tensor
    r"""Orthonormal rows, with shape `(n, d', D)`."""

    scale: Tensor
    r"""The singular values, descending, with shape `(n, d')`."""


def spans(
    source: str, maps: Codec, x: Tensor, rows: Tensor, n_neighbors: int, n_components: int | None
) -> Iterator[Span]:
    r"""Yields the planes at rows, as many at once as fit into memory.

    Arguments:
        source: `"decoder"`, `"encoder"`, `"denoiser"` or `"neighbors"`.
        maps: The maps of a model.
        x: The rows, with shape `(N, D)`.
        rows: Those among which neighbors are looked for.
        n_neighbors: How many neighbors.
        n_components: How many of the leading directions; by default all that there are.

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> maps = as_codec((lambda x: x[:, :1], lambda z: torch.cat([3 * z, 4 * z], dim=1)))
        >>> (span,) = spans("decoder", maps, torch.ones(1, 2), torch.ones(1, 2), 1, None)
        >>> span.basis, span.scale
        (tensor([[[0.6000, 0.8000]]]), tensor([[5.]]))
    """
    if source == "neighbors":
        indices = knn(rows, n_neighbors, x)[1]
        width = n_neighbors
    else:
        with maps.evaluating(), torch.no_grad():
            width = maps.encode(x[:1]).shape[1]

    step = max(1, _MEMORY // (64 * max(width, 2) * x.shape[1]))

    for at in through(torch.arange(len(x)).split(step), len(x), "planes"):
        part = slice(int(at[0]), int(at[-1]) + 1)

        if source == "neighbors":
            neighbors = rows[indices[part]].double()
            origin = neighbors.mean(dim=1)
            J = (neighbors - origin[:, None]).mT / (n_neighbors - 1) ** 0.5
            B, S = _span(J)
        else:
            with maps.evaluating(), torch.no_grad():
                z = maps.encode(x[part])
                origin = maps.decode(z)

            B, S = _span(*_jacobians(source, maps, x[part], z))

        yield Span(part, origin.to(x), B[:, :n_components].to(x), S[:, :n_components].to(x))


def n_directions(source: str, S: Tensor, n_neighbors: int) -> int:
    r"""In how many directions there is something to see.

    Of a decoder and an encoder, all are whose root mean square is at least a hundredth of the
    first; of a denoiser, those whose mean is at least a half. For neighbors it is the
    participation ratio of the variances, freed of the bias that it has in a sample of Gaussian
    neighbors: with :math:`n = k - 1`, and variances :math:`v` in :math:`d` dimensions,

    .. math:: \frac{(\sum v)^2}{\sum v^2} \approx \frac{n d + 2}{n + d + 1}

    Arguments:
        source: As for :func:`spans`.
        S: The singular values at some examples, with shape `(N, m)`.
        n_neighbors: The number :math:`k` of neighbors.

    Example:
        >>> n_directions("decoder", torch.tensor([[1.0, 0.5, 0.001]]), 15)
        2
    """
    if source == "neighbors":
        n, v = n_neighbors - 1, S.square()[S.any(dim=1)]
        ratio = 1 / (v / v.sum(dim=1, keepdim=True)).square().sum(dim=1).mean()
        d = (ratio * (n + 1) - 2) / (n - ratio).clamp(min=1e-9)
        return int(d.round().clamp(1, min(S.shape[1], n)))

    if source == "denoiser":
        return max(1, int((S.mean(dim=0) >= 0.5).sum()))

    s = S.square().mean(dim=0).sqrt()
    return int((s >= 0.01 * s[0]).sum())


def tangential(v: Tensor, basis: Tensor) -> Tensor:
    r"""The projections of vectors onto planes.

    Arguments:
        v: Vectors with shape `(N, D)` or `(N, *, D)`.
        basis: Orthonormal rows, with shape `(N, d, D)`.

    Example:
        >>> tangential(torch.tensor([[3.0, 4.0]]), torch.tensor([[[0.0, 1.0]]]))
        tensor([[0., 4.]])
    """
    if v.ndim == 2:
        return tangential(v[:, None], basis)[:, 0]

    return (v @ basis.mT) @ basis


def _jacobians(source: str, maps: Codec, x: Tensor, z: Tensor) -> tuple[Tensor, ...]:
    r"""The factors whose product has the planes as its span."""
    if source == "decoder":
        return (decoder_jacobian(maps, z),)

    J = encoder_jacobian(maps, x)
    return (J.mT,) if source == "encoder" else (decoder_jacobian(maps, z), J)


def _span(A: Tensor, C: Tensor | None = None) -> tuple[Tensor, Tensor]:
    r"""Left singular vectors of :math:`A`, or of :math:`A C`, as rows, and singular values.

    Both factors are reduced to triangles first, so that nothing larger than the narrow side
    is decomposed, and the vectors are orthonormal where values vanish.
    """
    Q, R = torch.linalg.qr(A)
    R = R.double() if C is None else R.double() @ torch.linalg.qr(C.mT).R.mT.double()
    U, S, _ = torch.linalg.svd(R, full_matrices=False)
    B = U.mT.to(Q) @ Q.mT

    # Of the two directions of a line, the one in which its largest number grows
    grows = B.amax(dim=-1, keepdim=True) >= -B.amin(dim=-1, keepdim=True)
    return B.mul_(torch.where(grows, 1.0, -1.0)), S
