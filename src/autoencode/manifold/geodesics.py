r"""Shortest paths on the surface that a decoder draws, as curves of codes."""

__all__ = ["Geodesics"]

import contextlib
import math
from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, triu
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from ..data import is_frame
from ..estimator import Autoencoder
from .lengths import Metric, ensemble, fisher
from .maps import Maps, like, maps_of

_METRICS = ("pullback", "fisher", "ensemble")
_LIVE = 16  # numbers that bending a curve keeps for each number of its decoded points


class Geodesics:
    r"""Geodesics of a decoder: curves of codes whose images have the least length.

    .. math:: E(z) = \frac{T}{2} \sum_{t=1}^{T} \| h(z_t) - h(z_{t-1}) \|^2

    A curve is a polygon of :math:`T` segments between two codes. Its inner points go where
    the energy is least, which makes the image under :math:`h` short and its speed even. Many
    curves are bent at once, from coarse to fine, and no Jacobian is taken. By `metric`,
    distances are measured

    - `"pullback"`: between decoded examples, in their own units: :math:`h = g`;
    - `"fisher"`: between the distributions :math:`p(x \mid z)`, by the Fisher-Rao metric;
    - `"ensemble"`: on average over several decoders of one code, which makes the way longer
      where they disagree, as they do away from the data.

    A deterministic decoder continues smoothly where no data are, and so do its geodesics. With
    a `graph` of the codes of training examples the search begins on a path that data support.

    References:
        | Latent Space Oddity: on the Curvature of Deep Generative Models
          (Arvanitidis et al., 2018)
        | https://arxiv.org/abs/1710.11379

        | Decoder ensembling for learned latent geometries (Syrota et al., 2024)
        | https://arxiv.org/abs/2408.07507

    Arguments:
        model: A fitted :class:`~autoencode.Autoencoder`, or a pair (encoder, decoder) of
            functions of tensors; for an ensemble a list of two or more that share their codes,
            such as pairs of one encoder and several decoders.
        metric: `"pullback"`, `"fisher"` or `"ensemble"`.
        graph: A :class:`~autoencode.manifold.NeighborGraph` fitted on codes, to begin at
            shortest paths over it instead of at straight lines. Where it has no path, the line
            remains.
        n_points: The number of points of a curve, with its ends.
        max_iter: The most steps of the optimizer (L-BFGS) at each resolution.
        memory: How many bytes the curves that are bent at once may take, roughly.
        y: The label or row of numbers under which a conditional model is seen.

    Raises:
        TypeError: If the model is of another kind.
        ValueError: If the arguments are not as described, or do not fit the model.

    Example:
        >>> def sphere(z):
        ...     u, v = z.T
        ...     return torch.stack([u.cos() * v.cos(), u.sin() * v.cos(), v.sin()], dim=1)
        >>> def angles(x):
        ...     return torch.stack([torch.atan2(x[:, 1], x[:, 0]), x[:, 2].asin()], dim=1)
        >>> geodesics = Geodesics((angles, sphere))
        >>> a, b = np.array([[0.8, 0.0, 0.6]]), np.array([[0.0, 0.8, 0.6]])
        >>> np.allclose(geodesics.distance(a, b), np.arccos(0.36), atol=1e-3)
        True
        >>> geodesics.interpolate(a, b, n=5).shape
        (1, 5, 3)
    """

    def __init__(
        self,
        model: Any,
        metric: str = "pullback",
        graph: Any = None,
        n_points: int = 64,
        max_iter: int = 50,
        memory: int = 2**28,
        y: ArrayLike | None = None,
    ) -> None:
        if metric not in _METRICS:
            raise ValueError(f"expected a metric out of {[*_METRICS]}, got {metric!r}.")

        self.model = model
        self.metric = metric
        self.graph = graph
        self.n_points = _at_least("n_points", n_points, 3)
        self.max_iter = _at_least("max_iter", max_iter, 0)
        self.memory = memory
        self.y = y

        self._members = _members(model, y) if metric == "ensemble" else [maps_of(model, y)]

    def interpolate(self, a: Any, b: Any, n: int = 16) -> Any:
        r"""Examples along the geodesics between examples, equally spaced in length.

        Arguments:
            a: Examples to start from, in the user's shape; or a single one.
            b: As many to end at.
            n: The number of examples for each pair, with the reconstructions of both.

        Returns:
            The examples in the shape and scale of the user's, with shape `(N, n, *)`, or
            `(n, *)` between single ones. Of tables of mixed columns, all `N n` rows.

        Raises:
            ValueError: If the examples are not like those that the model knows.
        """
        n, single = _at_least("n", n, 2), np.ndim(a) == self._ndim()
        z = self._connect(*self._encode(*(map(_batch_of_one, (a, b)) if single else (a, b))))

        with self._evaluating():
            z = _resample(z, n, self._metric(z).steps(z).sqrt())
            X = self._members[0].restore(self._members[0].decode(z.flatten(end_dim=1)))

        if is_frame(X):
            return X

        X = X.reshape(*((n,) if single else (len(z), n)), *X.shape[1:])
        return torch.as_tensor(X, device=a.device) if isinstance(a, Tensor) else X

    def distance(self, A: Any, B: Any) -> Any:
        r"""The lengths of the geodesics between pairs of examples.

        Arguments:
            A: Examples, in the user's shape.
            B: As many others.

        Returns:
            The lengths, with shape `(N,)`.

        Raises:
            ValueError: If the examples are not like those that the model knows.
        """
        return like(A, self._lengths(self._connect(*self._encode(A, B))))

    def path(self, za: ArrayLike, zb: ArrayLike) -> Any:
        r"""The geodesics between pairs of codes.

        Arguments:
            za: Codes to start from, with shape `(N, d)`.
            zb: Codes to end at, with shape `(N, d)`.

        Returns:
            The points of the curves, with shape `(N, n_points, d)`.

        Raises:
            ValueError: If the codes are not finite, or not as many.
        """
        return like(za, self._connect(self._codes(za, 2), self._codes(zb, 2)))

    def length(self, codes: ArrayLike) -> Any:
        r"""The lengths of curves of codes.

        Arguments:
            codes: The points of the curves in their order, with shape `(N, T, d)`.

        Returns:
            The lengths, with shape `(N,)`.

        Raises:
            ValueError: If the codes are not finite, or no curves.
        """
        return like(codes, self._lengths(self._codes(codes, 3)))

    # The search

    def _connect(self, a: Tensor, b: Tensor) -> Tensor:
        if a.shape != b.shape:
            raise ValueError(
                f"expected as many ends as beginnings, got {tuple(b.shape)} and {tuple(a.shape)}."
            )

        line = torch.stack([a, b], dim=1)

        with self._evaluating():
            metric = self._metric(a)

            if self.graph is None:
                start = _resample(line, self.n_points)
            else:
                start = self._paths(metric, line)

            parts = start.split(self._rows(metric, start))
            return torch.cat([self._shorten(metric, part) for part in parts])

    def _shorten(self, metric: Metric, start: Tensor) -> Tensor:
        r"""Bends curves with shape `(N, T, d)`, first by few points and then by all."""
        z = _bend(metric, _resample(start, max(3, self.n_points // 4)), self.max_iter)
        z = _bend(metric, _resample(z, self.n_points), self.max_iter)
        shorter = metric.lengths(z) < metric.lengths(start)

        return torch.where(shorter[:, None, None], z, start)

    def _paths(self, metric: Metric, lines: Tensor) -> Tensor:
        r"""The shortest paths over the graph between ends with shape `(N, 2, d)`."""
        nodes = torch.as_tensor(self.graph.points_).to(lines)
        ends = lines.transpose(0, 1).flatten(end_dim=1)
        _, near = self.graph.kneighbors(like(self.graph.points_, ends))
        near = torch.as_tensor(near)

        # The ends become nodes, with arcs to their neighbours
        edges = triu(self.graph.to_scipy(), format="coo")
        new = torch.arange(len(ends)).repeat_interleave(near.shape[1]) + len(nodes)
        i = torch.cat([torch.from_numpy(edges.row).long(), new])
        j = torch.cat([torch.from_numpy(edges.col).long(), near.flatten().long()])

        z = torch.cat([nodes, ends])
        rows = self._rows(metric, z)
        h = torch.cat([metric.features(part) for part in z.split(rows)])
        parts = zip(i.split(rows), j.split(rows))
        w = torch.cat([metric.squared(h[a], h[b]) for a, b in parts]).double()
        w = w.clamp(min=torch.finfo(w.dtype).tiny).sqrt()  # zero would be no arc
        arcs = csr_array((w.cpu().numpy(), (i.numpy(), j.numpy())), shape=(len(z), len(z)))

        paths = []

        for n, line in enumerate(lines):
            first, last = len(nodes) + n, len(nodes) + len(lines) + n
            _, before = dijkstra(arcs, directed=False, indices=first, return_predecessors=True)
            path = [last]

            while before[path[-1]] >= 0:
                path.append(before[path[-1]])

            curve = z[path[::-1]] if path[-1] == first else line
            lengths = metric.steps(curve[None]).sqrt()
            paths.append(_resample(curve[None], self.n_points, lengths))

        return torch.cat(paths)

    def _lengths(self, z: Tensor) -> Tensor:
        with self._evaluating():
            metric = self._metric(z)
            return torch.cat([metric.lengths(part) for part in z.split(self._rows(metric, z))])

    def _metric(self, z: Tensor) -> Metric:
        if self.metric == "fisher":
            return fisher(self._members[0], z.reshape(-1, z.shape[-1]))

        return ensemble(self._members)

    def _rows(self, metric: Metric, z: Tensor) -> int:
        r"""How many curves with shape `(T, d)`, or codes with shape `(d)`, are decoded at once."""
        width = metric.features(z.reshape(-1, z.shape[-1])[:1]).shape[1]
        return max(1, self.memory // (_LIVE * z.element_size() * width * z[0, ..., 0].numel()))

    # The border

    def _encode(self, A: Any, B: Any) -> tuple[Tensor, Tensor]:
        with self._evaluating():
            a, b = (self._members[0].encode(self._members[0].read(X)) for X in (A, B))

            for X, z in [(A, a), (B, b)]:
                for maps in self._members[1:]:
                    if not torch.allclose(maps.encode(maps.read(X)), z, rtol=1e-3, atol=1e-3):
                        raise ValueError(
                            "the members of an ensemble have to share their codes, and two"
                            " encode the same examples differently. Train several decoders"
                            " for one encoder, and pass pairs (encoder, decoder)."
                        )

        return a, b

    def _ndim(self) -> int:
        r"""The number of dimensions of one example of the user."""
        first = self.model[0] if self.metric == "ensemble" else self.model

        if not isinstance(first, Autoencoder):
            return 1

        return first.modality_.restore(torch.zeros(1, *first.modality_.shape_)).ndim - 1

    def _codes(self, z: ArrayLike, ndim: int) -> Tensor:
        z = z.detach() if isinstance(z, Tensor) else torch.as_tensor(np.asarray(z))

        if z.ndim != ndim or 0 in z.shape:
            shape = "(N, d)" if ndim == 2 else "(N, T, d)"
            raise ValueError(f"expected codes with shape {shape}, got {tuple(z.shape)}.")

        if not z.isfinite().all():
            raise ValueError("expected finite codes, got a NaN or an infinity.")

        modules = [module for maps in self._members for module in maps.modules]
        p = next((p for module in modules for p in module.parameters()), None)
        return z.to(torch.promote_types(z.dtype, torch.float32) if p is None else p)

    @contextlib.contextmanager
    def _evaluating(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack, torch.no_grad():
            for maps in self._members:
                stack.enter_context(maps.evaluating())

            yield


def _bend(metric: Metric, z: Tensor, max_iter: int) -> Tensor:
    r"""Moves the inner points of curves to where the energy is least.

    The moves are sums of sines, each divided by its frequency: in these coordinates the
    energy of a straight line in flat space has all curvatures equal, and few steps suffice.
    """
    n = z.shape[1] - 2
    k = torch.arange(1, n + 1).to(z)
    sines = torch.sin(math.pi * torch.outer(k, k) / (n + 1)) / k
    c = z.new_zeros(len(z), n, z.shape[2], requires_grad=True)
    energy = metric.steps(z).sum(dim=1).clamp(min=torch.finfo(z.dtype).tiny)

    def moved() -> Tensor:
        return z + torch.nn.functional.pad(sines @ c, (0, 0, 1, 1))

    def closure() -> Tensor:
        with torch.enable_grad():
            loss = (metric.steps(moved()).sum(dim=1) / energy).mean()
            (c.grad,) = torch.autograd.grad(loss, c)  # and none of the model's parameters

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


def _resample(z: Tensor, n: int, lengths: Tensor | None = None) -> Tensor:
    r"""Puts `n` points at equal distances on polygons with shape `(N, T, d)`.

    `lengths`, with shape `(N, T - 1)`, are those of the segments; by default all the same.
    """
    w = torch.ones_like(z[:, 1:, 0]) if lengths is None else lengths
    w = w + (w.mean(dim=1, keepdim=True) * 1e-6).clamp(min=torch.finfo(z.dtype).tiny)
    s = torch.nn.functional.pad(w.cumsum(dim=1), (1, 0)) / w.sum(dim=1, keepdim=True)

    t = torch.linspace(0, 1, n).to(z).expand(len(z), n).contiguous()
    right = torch.searchsorted(s.contiguous(), t).clamp(1, z.shape[1] - 1)
    s0, s1 = s.gather(1, right - 1), s.gather(1, right)
    share = ((t - s0) / (s1 - s0))[..., None]
    index = right[..., None].expand(-1, -1, z.shape[2])

    return torch.lerp(z.gather(1, index - 1), z.gather(1, index), share)


def _members(model: Any, y: ArrayLike | None) -> list[Maps]:
    if not isinstance(model, (list, tuple)) or len(model) < 2 or any(map(callable, model)):
        raise ValueError(
            "metric='ensemble' needs a list of two or more models that share their codes, such"
            " as pairs of one encoder and several decoders."
        )

    return [maps_of(member, y) for member in model]


def _batch_of_one(x: Any) -> Any:
    return (x if isinstance(x, Tensor) else np.asarray(x))[None]


def _at_least(name: str, value: Any, least: int) -> int:
    if not isinstance(value, Integral) or value < least:
        raise ValueError(f"expected {name} as an integer >= {least}, got {value!r}.")

    return int(value)
