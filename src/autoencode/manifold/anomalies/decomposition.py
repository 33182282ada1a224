r"""Decomposition of examples into a point on the manifold and a residual off it."""

__all__ = ["TangentDecomposition", "decompose"]

from typing import NamedTuple

import torch
from torch import Tensor

from ...common.batching import split_rows
from ...common.progress import track
from ..codec import Codec
from ..jacobians import decoder_jacobian
from .densities import AdaptiveKDE, GaussianDensity, ResidualNoise

_REGULARIZATION = 1e-3  # directions of the code with a smaller relative speed have no effect
_STEP_DAMPING = 0.3  # damps corrections of codes along directions with little effect


class TangentDecomposition(NamedTuple):
    r"""Examples, decomposed by the tangent plane of the manifold next to them.

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> line = as_codec((lambda x: x[:, :1], lambda z: torch.cat([2 * z, 0 * z], dim=1)))
        >>> decomposed = decompose(line, torch.tensor([[3.0, 4.0]]))
        >>> decomposed.log_volume.exp(), decomposed.normal_fraction.round()
        (tensor([2.0000], dtype=torch.float64), tensor([[0., 1.]], dtype=torch.float64))
    """

    code: Tensor
    r"""The codes of the points on the manifold, with shape `(N, d)`."""

    residual: Tensor
    r"""The residuals across the manifold, in units of the model, with shape `(N, D)`."""

    log_volume: Tensor
    r"""The logarithm of the factor by which the decoder enlarges volumes of codes, `(N,)`."""

    normal_fraction: Tensor
    r"""The fraction of each feature that lies across the plane, with shape `(N, D)`."""

    def log_density(self, density: GaussianDensity | AdaptiveKDE) -> Tensor:
        r"""Log-density of each point on the manifold, with shape `(N,)`."""
        return density.log_prob(self.code) - self.log_volume

    def loo_log_density(self, density: GaussianDensity | AdaptiveKDE) -> Tensor:
        r"""Log-densities by leave-one-out, for the codes to which the density was fitted."""
        return density.leave_one_out_log_prob() - self.log_volume

    def fit_noise(self, residual: Tensor) -> ResidualNoise:
        r"""Density of residuals, fitted to residuals with shape `(N, D)`."""
        return ResidualNoise(residual, self.normal_fraction.mean(dim=0))


def decompose(codec: Codec, x: Tensor, affine: bool = False) -> TangentDecomposition:
    r"""Decomposes rows, in batches.

    Arguments:
        codec: The codec of a model.
        x: The rows, with shape `(N, D)`.
        affine: Whether all rows have the same Jacobian.

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> east = as_codec((lambda x: x[:, :1], lambda z: torch.cat([z, 0 * z], dim=1)))
        >>> decomposed = decompose(east, torch.tensor([[3.0, 4.0]]))
        >>> decomposed.code, decomposed.residual
        (tensor([[3.]], dtype=torch.float64), tensor([[0., 4.]], dtype=torch.float64))
    """
    with codec.evaluating(), torch.no_grad():
        d, D = codec.encode(x[:1]).shape[1], x.shape[1]
        size = 8 * 4 * max(d, D) * (1 if affine else d)
        parts = track(split_rows(x, size), len(x), "examples")
        decomposed = [_decompose(codec, part, affine) for part in parts]

    return TangentDecomposition(*map(torch.cat, zip(*decomposed)))


def _decompose(codec: Codec, x: Tensor, affine: bool) -> TangentDecomposition:
    z = codec.encode(x)
    unit = torch.as_tensor(codec.unit).to(x).double()
    r = (x.double() - codec.decode(z).double()) / unit
    J = decoder_jacobian(codec, z[:1] if affine else z).double() / unit.reshape(-1, 1)

    G = J.mT @ J
    size = G.diagonal(dim1=1, dim2=2).mean(dim=1).clamp(min=1e-10)
    eye = torch.eye(z.shape[1]).to(G)
    L = torch.linalg.cholesky(G + (_REGULARIZATION**2 * size)[:, None, None] * eye)
    damped = torch.linalg.cholesky(G + (_STEP_DAMPING**2 * size)[:, None, None] * eye)

    # A Gauss-Newton step to the nearest point, damped in directions without effect
    step = torch.cholesky_solve(J.mT @ r[..., None], damped)
    w = r - (J @ step).squeeze(dim=-1)

    log_volume = L.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    spanned = torch.linalg.solve_triangular(L, J.mT, upper=False).square().sum(dim=1)

    return TangentDecomposition(
        z.double() + step.squeeze(dim=-1),
        w,
        log_volume.expand(len(x)),
        (1 - spanned).clamp(min=0).expand(len(x), -1),
    )
