r"""Shortest paths on the decoded manifold, as curves of codes."""

__all__ = ["Geodesics"]

import contextlib
import logging
from collections.abc import Iterator
from itertools import chain
from numbers import Integral
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from torch import Tensor

from ...common.batching import budget_bytes
from ...common.estimates import Estimate
from ...common.seeding import Seed, check_random_state, seeded
from ..arrays import as_batch, as_type_of, from_rows
from ..codec import Codec, as_codec
from .curves import resample, shorten
from .graph_init import initial_paths
from .riemannian_metrics import RiemannianMetric, ensemble, fisher

log = logging.getLogger(__name__)

_METRICS = ("pullback", "fisher", "ensemble")
_STD_REPLICATES = 8
_COPIES_PER_FEATURE = 10  # what the optimizer of a curve keeps in memory


class Geodesics(BaseEstimator):
    r"""Geodesics of a decoder: curves of codes whose decoded images are shortest.

    .. math:: E(z) = \frac{T}{2} \sum_{t=1}^{T} \| h(z_t) - h(z_{t-1}) \|^2

    A curve is a polygon of :math:`T` segments between two codes. Its inner points minimize the
    energy, which makes the image under :math:`h` short and its speed even. Many curves are
    optimized at once, from coarse to fine, without Jacobians. `metric` chooses the distance:

    - `"pullback"`: the distance of decoded examples, in their own units, :math:`h = g`;
    - `"fisher"`: the Fisher-Rao distance of the distributions :math:`p(x \mid z)`;
    - `"ensemble"`: the mean distance over several decoders of one code. It makes paths longer
      where the decoders disagree, which they do away from the data.

    Differences of texts are not defined, so that only `"fisher"` applies to texts. The result is
    an estimate: each curve is measured with texts that the model generates from codes on the
    straight line between the ends. `distance(A, B, return_std=True)` returns its standard error.

    A deterministic decoder also has outputs far from all data, and geodesics may pass there. With
    a `graph` of the codes of training examples, the search starts from a path through the data.
    There is nothing to fit: arguments are checked when a method is called.

    References:
        | Latent Space Oddity: on the Curvature of Deep Generative Models
          (Arvanitidis et al., 2018)
        | https://arxiv.org/abs/1710.11379

        | Decoder ensembling for learned latent geometries (Syrota et al., 2024)
        | https://arxiv.org/abs/2408.07507

    Arguments:
        model: A fitted :class:`~autoencode.Autoencoder`, or a pair (encoder, decoder) of
            functions of tensors. For an ensemble, a list of two or more models that share their
            codes, such as pairs of one encoder and several decoders.
        metric: `"pullback"`, `"fisher"` or `"ensemble"`.
        graph: A :class:`~autoencode.manifold.NeighborGraph` fitted to codes. The search then
            starts from shortest paths in this graph instead of straight lines. Without a path,
            it starts from the line.
        n_points: The number of points of a curve, including both ends.
        max_iter: The maximum number of steps of the optimizer (L-BFGS) at each resolution.
        y: The label or row of numbers that a conditional model is given.
        n_references: The number of texts that the model generates to measure a curve. If the
            :func:`memory budget <autoencode.common.batching.memory_budget>` is too small, fewer
            are generated, but at least two.
        random_state: The seed of these texts.

    See Also:
        :func:`~autoencode.plots.geodesics`, :class:`~autoencode.manifold.NeighborGraph`

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
        >>> geodesics.interpolate(a, b, n_points=5).shape
        (1, 5, 3)
    """

    def __init__(
        self,
        model: Any,
        metric: str = "pullback",
        graph: Any = None,
        n_points: int = 64,
        max_iter: int = 50,
        y: ArrayLike | None = None,
        n_references: int = 16,
        random_state: Seed = 0,
    ) -> None:
        self.model = model
        self.metric = metric
        self.graph = graph
        self.n_points = n_points
        self.max_iter = max_iter
        self.y = y
        self.n_references = n_references
        self.random_state = random_state

    def __sklearn_clone__(self) -> "Geodesics":
        # Model and graph are the objects of study: clones would not be fitted
        return type(self)(**self.get_params(deep=False))

    def interpolate(self, a: Any, b: Any, n_points: int = 16) -> Any:
        r"""Examples along the geodesics between pairs of examples, at equal distances.

        Arguments:
            a: The first example of each pair, or a single example.
            b: The last example of each pair, or a single example.
            n_points: The number of examples for each pair, including reconstructions of both ends.

        Returns:
            The examples in the user's units, with shape `(N, n_points, *)`, or `(n_points, *)`
            between single examples. For tables of mixed columns, a frame of `N n_points` rows.

        Raises:
            ValueError: If the model does not take the examples.
        """
        _check_at_least("n_points", n_points, 2)

        with self._open_members() as members:
            codec = members[0]
            (A, single), (B, _) = (as_batch(x, codec.ndim()) for x in (a, b))
            z = self._connect(members, *_encode(members, A, B))
            parts = self._batches_with_metric(members, z)
            z = torch.cat(
                [resample(part, n_points, m.squared_lengths(part).sqrt()) for m, part in parts]
            )
            x = codec.decode(z.flatten(end_dim=1))
            return from_rows(a, codec, x, *((n_points,) if single else (len(z), n_points)))

    def distance(self, A: Any, B: Any, return_std: bool = False) -> Any:
        r"""Lengths of the geodesics between pairs of examples.

        Arguments:
            A: The first example of each pair.
            B: The last example of each pair.
            return_std: Whether to measure each curve with several sets of texts.

        Returns:
            The lengths, with shape `(N,)`. With `return_std`, also their standard errors, as an
            :class:`~autoencode.manifold.Estimate`; they are zero for other data than texts.

        Raises:
            ValueError: If the model does not take the examples.
        """
        with self._open_members() as members:
            z = self._connect(members, *_encode(members, A, B))
            lengths = self._lengths(members, z)

            if not return_std:
                return as_type_of(A, lengths)

            again = torch.stack(
                [self._lengths(members, z, draw) for draw in range(1, _STD_REPLICATES + 1)]
            )
            return Estimate(as_type_of(A, lengths), as_type_of(A, again.std(dim=0)))

    def path(self, za: ArrayLike, zb: ArrayLike) -> Any:
        r"""Geodesics between pairs of codes.

        Arguments:
            za: The first code of each pair, with shape `(N, d)`.
            zb: The last code of each pair, with shape `(N, d)`.

        Returns:
            The points of the curves, with shape `(N, n_points, d)`.

        Raises:
            ValueError: If the codes are not finite, or their shapes differ.
        """
        with self._open_members() as members:
            a, b = (_codes(members, z, 2) for z in (za, zb))
            return as_type_of(za, self._connect(members, a, b))

    def length(self, codes: ArrayLike) -> Any:
        r"""Lengths of curves of codes.

        Arguments:
            codes: The points of the curves in their order, with shape `(N, T, d)`.

        Returns:
            The lengths, with shape `(N,)`.

        Raises:
            ValueError: If the codes are not finite, or do not have three axes.
        """
        with self._open_members() as members:
            return as_type_of(codes, self._lengths(members, _codes(members, codes, 3)))

    @contextlib.contextmanager
    def _open_members(self) -> Iterator[list[Codec]]:
        r"""Codecs of all members of the ensemble, in evaluation mode."""
        if self.metric not in _METRICS:
            raise ValueError(f"expected metric as one of {[*_METRICS]}, got {self.metric!r}.")

        _check_at_least("n_points", self.n_points, 3)
        _check_at_least("max_iter", self.max_iter, 0)
        _check_at_least("n_references", self.n_references, 2)
        models = _check_ensemble(self.model) if self.metric == "ensemble" else [self.model]

        with contextlib.ExitStack() as stack, torch.no_grad():
            members = [as_codec(m, self.y, allow_tokens=self.metric == "fisher") for m in models]

            for codec in members:
                stack.enter_context(codec.evaluating())

            yield members

    def _connect(self, members: list[Codec], a: Tensor, b: Tensor) -> Tensor:
        if a.shape != b.shape:
            raise ValueError(
                f"expected as many ends as beginnings, got {tuple(b.shape)} and {tuple(a.shape)}."
            )

        lines = torch.stack([a, b], dim=1)

        if self.graph is None:
            start = resample(lines, self.n_points)
        else:
            parts = self._batches_with_metric(members, lines)
            start = torch.cat([self._over_graph(metric, part) for metric, part in parts])

        parts = self._batches_with_metric(members, start)
        return torch.cat([shorten(metric, part, self.max_iter) for metric, part in parts])

    def _over_graph(self, metric: RiemannianMetric, lines: Tensor) -> Tensor:
        rows = self._batch_size(metric, lines.flatten(end_dim=1))
        return initial_paths(self.graph, metric, lines, self.n_points, rows)

    def _lengths(self, members: list[Codec], z: Tensor, draw: int = 0) -> Tensor:
        parts = self._batches_with_metric(members, z, draw)
        return torch.cat([metric.lengths(part) for metric, part in parts])

    def _batches_with_metric(
        self, members: list[Codec], z: Tensor, draw: int = 0
    ) -> Iterator[tuple[RiemannianMetric, Tensor]]:
        r"""Batches of curves, with shape `(N, T, d)`, each with its metric."""
        metric = self._metric(members, z[0], draw)

        if metric.is_local:
            others = (self._metric(members, curve, draw) for curve in z[1:])
            yield from zip(chain([metric], others), z.split(1))
        else:
            yield from ((metric, part) for part in z.split(self._batch_size(metric, z)))

    def _metric(self, members: list[Codec], curve: Tensor, draw: int) -> RiemannianMetric:
        if self.metric != "fisher":
            return ensemble(members)

        metric = self._fisher(members[0], curve, draw, self.n_references)
        fit = self._batch_size(
            metric, curve[None, :1].expand(1, self.n_points, -1), self.n_references
        )

        if not metric.is_local or fit >= self.n_references:
            return metric

        log.debug("to save memory, texts are measured with %d references.", max(2, fit))
        return self._fisher(members[0], curve, draw, max(2, fit))

    def _fisher(
        self, codec: Codec, curve: Tensor, draw: int, n_references: int
    ) -> RiemannianMetric:
        # References depend on the ends alone, so that all curves between them use the same ones
        line = resample(curve[None, [0, -1]], n_references)[0]

        seeds = check_random_state(self.random_state).randint(2**31, size=draw + 1)

        with seeded(int(seeds[draw]), [line.device] * line.is_cuda):
            return fisher(codec, line)

    def _batch_size(self, metric: RiemannianMetric, z: Tensor, parts: int = 1) -> int:
        r"""Number of curves with shape `(T, d)`, or codes with shape `(d)`, to decode at once.

        If their features consist of parts, it is the number of parts.
        """
        width = metric.features(z.reshape(-1, z.shape[-1])[:1]).shape[1]
        size = _COPIES_PER_FEATURE * z.element_size() * width * z[0, ..., 0].numel()
        return max(1, budget_bytes() * parts // size)


def _encode(members: list[Codec], A: Any, B: Any) -> tuple[Tensor, Tensor]:
    a, b = (members[0].encode(members[0].to_rows(X)) for X in (A, B))

    for X, z in [(A, a), (B, b)]:
        for codec in members[1:]:
            if not torch.allclose(codec.encode(codec.to_rows(X)), z, rtol=1e-3, atol=1e-3):
                raise ValueError(
                    "the members of an ensemble must share their codes, but two members encode"
                    " the same examples differently. Train several decoders for one encoder,"
                    " and pass pairs (encoder, decoder)."
                )

    return a, b


def _codes(members: list[Codec], z: ArrayLike, ndim: int) -> Tensor:
    z = z.detach() if isinstance(z, Tensor) else torch.as_tensor(np.asarray(z))

    if z.ndim != ndim or 0 in z.shape:
        shape = "(N, d)" if ndim == 2 else "(N, T, d)"
        raise ValueError(f"expected codes with shape {shape}, got {tuple(z.shape)}.")

    if not z.isfinite().all():
        raise ValueError("expected finite codes, got a NaN or an infinity.")

    modules = [module for codec in members for module in codec.modules]
    p = next((p for module in modules for p in module.parameters()), None)
    return z.to(torch.promote_types(z.dtype, torch.float32) if p is None else p)


def _check_ensemble(models: Any) -> Any:
    if not isinstance(models, (list, tuple)) or len(models) < 2 or any(map(callable, models)):
        raise ValueError(
            "metric='ensemble' needs a list of two or more models that share their codes, such"
            " as pairs of one encoder and several decoders."
        )

    return models


def _check_at_least(name: str, value: Any, least: int) -> None:
    if not isinstance(value, Integral) or value < least:
        raise ValueError(f"expected {name} as an integer >= {least}, got {value!r}.")
