r"""Bases of tangent planes, from Jacobians or from offsets to neighbors."""

__all__ = ["LocalBases", "iter_local_bases", "numerical_rank", "project_onto"]

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ...common.batching import split_rows
from ...common.progress import track
from ..codec import Codec
from ..jacobians import decoder_jacobian, encoder_jacobian
from ..neighbors.exact import knn


class LocalBases(NamedTuple):
    r"""Bases of the planes at some examples.

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> codec = as_codec((lambda x: x[:, :1], lambda z: torch.cat([z, 2 * z], dim=1)))
        >>> (local,) = iter_local_bases("decoder", codec, torch.ones(3, 2), torch.ones(3, 2), 1, 1)
        >>> local.rows, local.origin[0], local.scale[0] ** 2
        (slice(0, 3, None), tensor([1., 2.]), tensor([5.]))
    """

    rows: slice
    r"""The indices of the examples."""

    origin: Tensor
    r"""The points where the planes touch the manifold, with shape `(n, D)`."""

    basis: Tensor
    r"""Orthonormal rows, with shape `(n, d', D)`."""

    scale: Tensor
    r"""The singular values, descending, with shape `(n, d')`."""


def iter_local_bases(
    source: str,
    codec: Codec,
    x: Tensor,
    reference: Tensor,
    n_neighbors: int,
    n_components: int | None,
) -> Iterator[LocalBases]:
    r"""Yields the planes at rows, in batches that fit into memory.

    Arguments:
        source: `"decoder"`, `"encoder"`, `"denoiser"` or `"neighbors"`.
        codec: The codec of a model.
        x: The rows, with shape `(N, D)`.
        reference: The rows among which neighbors are searched, with shape `(M, D)`.
        n_neighbors: The number of neighbors.
        n_components: The number of leading directions; by default all.

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> codec = as_codec((lambda x: x[:, :1], lambda z: torch.cat([3 * z, 4 * z], dim=1)))
        >>> x = torch.ones(1, 2)
        >>> (local,) = iter_local_bases("decoder", codec, x, x, 1, None)
        >>> local.basis, local.scale
        (tensor([[[0.6000, 0.8000]]]), tensor([[5.]]))
    """
    if source == "neighbors":
        indices = knn(reference, n_neighbors, x)[1]
        width = n_neighbors
    else:
        with codec.evaluating(), torch.no_grad():
            width = codec.encode(x[:1]).shape[1]

    parts = split_rows(torch.arange(len(x)), 64 * max(width, 2) * x.shape[1])

    for at in track(parts, len(x), "planes"):
        rows = slice(int(at[0]), int(at[-1]) + 1)

        if source == "neighbors":
            neighbors = reference[indices[rows]].double()
            origin = neighbors.mean(dim=1)
            J = (neighbors - origin[:, None]).mT / (n_neighbors - 1) ** 0.5
            B, S = _left_singular_vectors(J)
        else:
            with codec.evaluating(), torch.no_grad():
                z = codec.encode(x[rows])
                origin = codec.decode(z)

            B, S = _left_singular_vectors(*_jacobians(source, codec, x[rows], z))

        yield LocalBases(rows, origin.to(x), B[:, :n_components].to(x), S[:, :n_components].to(x))


def numerical_rank(source: str, S: Tensor, n_neighbors: int) -> int:
    r"""Number of directions whose singular values are not negligible.

    For a decoder or an encoder, it counts singular values whose root mean square is at least a
    hundredth of the first. For a denoiser, it counts those whose mean is at least one half. For
    neighbors, it is the participation ratio of the variances, corrected for its bias in a sample
    of Gaussian neighbors. With :math:`n = k - 1` and variances :math:`v` in :math:`d` dimensions,

    .. math:: \frac{(\sum v)^2}{\sum v^2} \approx \frac{n d + 2}{n + d + 1}

    Arguments:
        source: As for :func:`iter_local_bases`.
        S: The singular values at some examples, with shape `(N, m)`.
        n_neighbors: The number :math:`k` of neighbors.

    Example:
        >>> numerical_rank("decoder", torch.tensor([[1.0, 0.5, 0.001]]), 15)
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


def project_onto(v: Tensor, basis: Tensor) -> Tensor:
    r"""Projections of vectors onto planes.

    Arguments:
        v: Vectors with shape `(N, D)` or `(N, *, D)`.
        basis: Orthonormal rows, with shape `(N, d, D)`.

    Example:
        >>> project_onto(torch.tensor([[3.0, 4.0]]), torch.tensor([[[0.0, 1.0]]]))
        tensor([[0., 4.]])
    """
    if v.ndim == 2:
        return project_onto(v[:, None], basis)[:, 0]

    return (v @ basis.mT) @ basis


def _jacobians(source: str, codec: Codec, x: Tensor, z: Tensor) -> tuple[Tensor, ...]:
    r"""Returns the factors of the matrix whose columns span the planes."""
    if source == "decoder":
        return (decoder_jacobian(codec, z),)

    J = encoder_jacobian(codec, x)
    return (J.mT,) if source == "encoder" else (decoder_jacobian(codec, z), J)


def _left_singular_vectors(A: Tensor, C: Tensor | None = None) -> tuple[Tensor, Tensor]:
    r"""Left singular vectors of :math:`A`, or of :math:`A C`, as rows, and singular values.

    Both factors are first reduced to triangular matrices. The decomposed matrix is then as small
    as the narrow side, and vectors are orthonormal even for singular values of zero.
    """
    Q, R = torch.linalg.qr(A)
    R = R.double() if C is None else R.double() @ torch.linalg.qr(C.mT).R.mT.double()
    U, S, _ = torch.linalg.svd(R, full_matrices=False)
    B = U.mT.to(Q) @ Q.mT

    # A fixed sign: the largest number of each vector is positive
    grows = B.amax(dim=-1, keepdim=True) >= -B.amin(dim=-1, keepdim=True)
    return B.mul_(torch.where(grows, 1.0, -1.0)), S
