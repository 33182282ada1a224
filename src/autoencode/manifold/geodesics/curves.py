r"""Curves of codes as polygons: minimization of their energy, and resampling."""

__all__ = ["minimize_energy", "resample", "shorten"]

import math

import torch
from torch import Tensor

from .riemannian_metrics import RiemannianMetric


def shorten(metric: RiemannianMetric, start: Tensor, max_iter: int) -> Tensor:
    r"""Shortens curves, first with few points and then with all.

    Arguments:
        metric: The metric of codes.
        start: The curves, with shape `(N, T, d)`.
        max_iter: The maximum number of steps of the optimizer at each resolution.

    Returns:
        Curves with the same ends and shape, each at most as long as before.

    Example:
        >>> plane = RiemannianMetric(lambda z: z, lambda h, k: (h - k).square().sum(dim=-1))
        >>> bow = torch.tensor([[[0.0, 0.0], [1.0, 1.0], [2.0, 1.0], [3.0, 0.0]]])
        >>> plane.lengths(shorten(plane, bow, max_iter=9)).round(decimals=3)
        tensor([3.])
    """
    n = start.shape[1]
    z = minimize_energy(metric, resample(start, max(3, n // 4)), max_iter)
    z = minimize_energy(metric, resample(z, n), max_iter)
    shorter = metric.lengths(z) < metric.lengths(start)

    return torch.where(shorter[:, None, None], z, start)


def minimize_energy(metric: RiemannianMetric, z: Tensor, max_iter: int) -> Tensor:
    r"""Moves the inner points of curves to a minimum of the energy.

    Displacements are sums of sines, each divided by its frequency. In these coordinates, the
    energy of a line in flat space has the same curvature in all directions, so that few steps
    suffice.

    Arguments:
        metric: The metric of codes.
        z: The curves, with shape `(N, T, d)`.
        max_iter: The maximum number of steps of the optimizer, L-BFGS.

    Example:
        >>> plane = RiemannianMetric(lambda z: z, lambda h, k: (h - k).square().sum(dim=-1))
        >>> bow = torch.tensor([[[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]])
        >>> minimize_energy(plane, bow, max_iter=9)[0, 1].round(decimals=3).abs()
        tensor([1., 0.])
    """
    n = z.shape[1] - 2
    k = torch.arange(1, n + 1).to(z)
    sines = torch.sin(math.pi * torch.outer(k, k) / (n + 1)) / k
    c = z.new_zeros(len(z), n, z.shape[2], requires_grad=True)
    energy = metric.squared_lengths(z).sum(dim=1).clamp(min=torch.finfo(z.dtype).tiny)

    def moved() -> Tensor:
        return z + torch.nn.functional.pad(sines @ c, (0, 0, 1, 1))

    def closure() -> Tensor:
        with torch.enable_grad():
            loss = (metric.squared_lengths(moved()).sum(dim=1) / energy).mean()
            (c.grad,) = torch.autograd.grad(loss, c)  # not to the parameters of the model

        return loss

    torch.optim.LBFGS(
        [c],
        max_iter=max_iter,
        tolerance_grad=0,
        tolerance_change=1e-6,
        history_size=20,
        line_search_fn="strong_wolfe",
    ).step(closure)

    return moved().detach()


def resample(z: Tensor, n: int, lengths: Tensor | None = None) -> Tensor:
    r"""Places `n` points at equal distances on polygons.

    Arguments:
        z: The polygons, with shape `(N, T, d)`.
        n: The number of points of each polygon, including both ends.
        lengths: The lengths of the segments, with shape `(N, T - 1)`; by default all are equal.

    Example:
        >>> resample(torch.tensor([[[0.0], [2.0], [3.0]]]), 4, torch.tensor([[2.0, 1.0]]))[0, :, 0]
        tensor([0.0000, 1.0000, 2.0000, 3.0000])
    """
    # Segments between coinciding points get a millionth of the length of the others, in double
    # precision because single precision would round it away
    w = torch.ones_like(z[:, 1:, 0]) if lengths is None else lengths
    w = w.double() + (w.double().mean(dim=1, keepdim=True) * 1e-6).clamp(min=1e-300)
    s = torch.nn.functional.pad(w.cumsum(dim=1), (1, 0)) / w.sum(dim=1, keepdim=True)

    t = torch.linspace(0, 1, n).to(s).expand(len(z), n).contiguous()
    right = torch.searchsorted(s.contiguous(), t).clamp(1, z.shape[1] - 1)
    s0, s1 = s.gather(1, right - 1), s.gather(1, right)
    share = ((t - s0) / (s1 - s0))[..., None].to(z)
    index = right[..., None].expand(-1, -1, z.shape[2])

    return torch.lerp(z.gather(1, index - 1), z.gather(1, index), share)
