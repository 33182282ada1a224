r"""Examples in two parts: along the plane that touches a decoder's manifold, and across it."""

__all__ = ["Divided", "divide"]

from typing import NamedTuple

import torch
from torch import Tensor

from ...common.progress import through
from ..codec import Codec
from ..jacobians import decoder_jacobian
from .densities import Gaussian, Noise, Parzen

_FLAT = 1e-3  # a direction of codes that moves data less than this share of the others: none
_DAMPED = 0.3  # the same, softly, for corrections of codes
_MEMORY = 2**28  # bytes that Jacobians may take at once


class Divided(NamedTuple):
    r"""Examples, divided by the plane that touches the manifold next to them.

    Example:
        >>> Divided(*torch.zeros(4, 1)).code
        tensor([0.])
    """

    code: Tensor
    r"""Where on the manifold, with shape `(N, d)`."""

    residual: Tensor
    r"""What is across, in units of the model, with shape `(N, D)`."""

    volume: Tensor
    r"""The logarithm of how much the decoder enlarges volumes of codes, with shape `(N,)`."""

    free: Tensor
    r"""The share of each feature that lies across the plane, with shape `(N, D)`."""

    def along(self, law: Gaussian | Parzen) -> Tensor:
        r"""The log-density of each place on the manifold, with shape `(N,)`."""
        return law.log_prob(self.code) - self.volume

    def along_others(self, law: Gaussian | Parzen) -> Tensor:
        r"""The same, where the codes are those of the law, each left out for itself."""
        return law.left_out() - self.volume

    def noise(self, residual: Tensor) -> Noise:
        r"""The law of residuals, learned of some with shape `(N, D)`."""
        return Noise(residual, self.free.mean(dim=0))


def divide(maps: Codec, x: Tensor, affine: bool = False) -> Divided:
    r"""Divides rows, some at a time.

    Arguments:
        maps: The maps of a model.
        x: The rows, with shape `(N, D)`.
        affine: Whether one Jacobian holds for all.

    Example:
        >>> from autoencode.manifold.codec import as_codec
        >>> east = as_codec((lambda x: x[:, :1], lambda z: torch.cat([z, 0 * z], dim=1)))
        >>> divided = divide(east, torch.tensor([[3.0, 4.0]]))
        >>> divided.code, divided.residual
        (tensor([[3.]], dtype=torch.float64), tensor([[0., 4.]], dtype=torch.float64))
    """
    with maps.evaluating(), torch.no_grad():
        d, D = maps.encode(x[:1]).shape[1], x.shape[1]
        size = max(1, _MEMORY // (8 * 4 * max(d, D) * (1 if affine else d)))
        parts = through(x.split(size), len(x), "examples")
        divided = [_divide(maps, part, affine) for part in parts]

    return Divided(*map(torch.cat, zip(*divided)))


def _divide(maps: Codec, x: Tensor, affine: bool) -> Divided:
    z = maps.encode(x)
    unit = torch.as_tensor(maps.unit).to(x).double()
    r = (x.double() - maps.decode(z).double()) / unit
    J = decoder_jacobian(maps, z[:1] if affine else z).double() / unit.reshape(-1, 1)

    G = J.mT @ J
    size = G.diagonal(dim1=1, dim2=2).mean(dim=1).clamp(min=1e-10)
    eye = torch.eye(z.shape[1]).to(G)
    L = torch.linalg.cholesky(G + (_FLAT**2 * size)[:, None, None] * eye)
    damped = torch.linalg.cholesky(G + (_DAMPED**2 * size)[:, None, None] * eye)

    # A step of Gauss and Newton to the foot; short where the decoder hardly moves
    step = torch.cholesky_solve(J.mT @ r[..., None], damped)
    w = r - (J @ step).squeeze(dim=-1)

    volume = L.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    spanned = torch.linalg.solve_triangular(L, J.mT, upper=False).square().sum(dim=1)

    return Divided(
        z.double() + step.squeeze(dim=-1),
        w,
        volume.expand(len(x)),
        (1 - spanned).clamp(min=0).expand(len(x), -1),
    )
