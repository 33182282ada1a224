r"""The tangent planes of the data, tiled into one density."""

__all__ = ["ManifoldParzen"]

import math
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, DensityMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from .maps import Maps, like, maps_of
from .search import knn
from .tangents import Tangents

_MEMORY = 2**28  # bytes, for what is held at once besides the model
_QUERIES = 1000  # at a time
_HELD_OUT = 1000  # examples whose likelihood decides on sigma
_NULL = 1e-10  # a variance that is nothing, relative to the largest beside it
_ROUNDING = 1e-12  # of a squared distance, less the squares of its parts


class ManifoldParzen(DensityMixin, BaseEstimator):
    r"""A Gaussian around each example, flat as the manifold is there.

    .. math:: p(x) = \frac{1}{N} \sum_{i = 1}^N \mathcal{N}(x; x_i, S_i), \qquad
        S_i = V_i^\top \operatorname{diag}(s_i^2) \, V_i + \sigma^2 I

    The orthonormal rows of :math:`V_i` span the tangent plane at :math:`x_i`, and :math:`s_i^2`
    are the mean squares along them of the ways to the nearest neighbours. By default these are
    the principal directions of the neighbours; with `tangents`, those within the given plane.
    What the neighbours do not fill has the variance :math:`\sigma^2`.

    Without components it is a kernel density, and with as many as the data have columns a
    mixture of full Gaussians. The logarithms are computed in double precision from
    the parts of :math:`x - x_i` along the plane and across it, none of which cancel. Copies of
    an example are one Gaussian with as many times the weight, and one neighbour.

    References:
        | Manifold Parzen Windows (Vincent & Bengio, 2003)

    Arguments:
        tangents: The :class:`~autoencode.manifold.Tangents` from which to take the planes. They
            are fitted anew, to the same data. By default, planes are those of the neighbours.
        n_components: The dimension :math:`d` of the planes of neighbours. There are no more
            than there are neighbours, or columns.
        n_neighbors: The number of neighbours, or all others if there are fewer.
        sigma: The scale :math:`\sigma` across the planes. `"loo"` takes the one under which
            examples, up to 1000 of them, are most likely when each is left out in turn, as if
            the model had been fitted without it: from the sum, and from the neighbours of
            others, the next of which takes its place. Else the planes that lean towards an
            example would speak for it, and sigma would come out too small. (Planes of a model
            stay as they are, as it was trained on all.) `"local"` takes for each example
            the standard deviation of its neighbours along the first direction that is left
            out, or the last in which they differ.
        truncate: How many of the Gaussians, those with the nearest centres, to add up for a
            query. It makes `score_samples` faster and its result a lower bound, see
            :meth:`truncation_bound`. By default all, which is exact.
        random_state: Seeds the choice of examples to leave out.

    Attributes:
        sigma_: The scale across the planes: a number, or with `"local"` one per Gaussian.
        n_components_: The dimension of the planes.
        n_features_in_: The number :math:`D` of numbers in a row.
        weights_: The share of each Gaussian, in the order in which examples first occur.

    Example:
        >>> angle = np.random.default_rng(0).uniform(0, 6, size=200)
        >>> circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        >>> density = ManifoldParzen(n_components=1, sigma=0.05).fit(circle)
        >>> on, off = density.score_samples([[-1.0, 0.0], [0.0, 0.0]])
        >>> bool(on > 0 > off), density.sample(3).shape
        (True, (3, 2))
    """

    sigma_: float | NDArray

    def __init__(
        self,
        tangents: Tangents | None = None,
        n_components: int = 8,
        n_neighbors: int = 15,
        sigma: float | str = "loo",
        truncate: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.tangents = tangents
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.sigma = sigma
        self.truncate = truncate
        self.random_state = random_state

    def fit(self, X: Any, y: None = None) -> "ManifoldParzen":
        r"""Places the Gaussians.

        Arguments:
            X: The examples: rows of numbers, with shape `(N, *)`; with `tangents`, whatever
                their model takes.
            y: Not used.

        Raises:
            TypeError: If `tangents` are not.
            ValueError: If an argument is out of its range, or all examples are the same and
                sigma is not a number.
        """
        self._check_arguments()
        x = self._read(X, reset=True)
        self._kind, self._shape = (
            (X.new_empty(0) if isinstance(X, Tensor) else None),
            np.shape(X)[1:],
        )

        # In the order in which they first occur
        _, group, counts = x.unique(dim=0, return_inverse=True, return_counts=True)
        first = group.new_full(counts.shape, len(x))
        first = first.scatter_reduce(0, group, torch.arange(len(x)).to(group), "amin")
        first, order = first.sort()

        if len(first) == 1 and isinstance(self.sigma, str):
            raise ValueError(
                f"sigma={self.sigma!r} needs examples that differ, got n_samples={len(x)}, all the"
                " same. Give more, or set sigma to a number."
            )

        self._mean = x.mean(dim=0)
        self._centers = x[first] - self._mean
        self._log_weights = (counts[order].double() / len(x)).log()
        self.weights_ = self._log_weights.exp().cpu().numpy()
        self._bases: Tensor | None = None

        if self.tangents is not None:
            basis, _ = clone(self.tangents).fit(X).basis(X)
            self._bases = torch.as_tensor(basis).to(x.device)[first]

        distances, G = self._place()
        self._choose_sigma(distances, G)

        return self

    def score_samples(self, X: Any) -> Any:
        r"""The log-density of examples.

        With `truncate` it is a lower bound; :meth:`truncation_bound` says by how much at most.

        Arguments:
            X: The examples.

        Returns:
            The log-densities in nats per example, with shape `(N,)`. The density is of the
            numbers as given; with `tangents`, of the rows of the model: the user's units for
            tables, intensities from 0 to 1 for images.
        """
        x = self._read(X)
        return like(X, self._exact(x) if self.truncate is None else self._truncated(x))

    def truncation_bound(self, X: Any) -> Any:
        r"""How much `score_samples` may be below the log-density of all Gaussians, at most.

        .. math:: \log \Big( 1 + \frac{1}{p_k(x)} \sum_{i \notin \mathcal{N}_k(x)} \frac{1}{N}
            \sqrt{\frac{1}{|2 \pi S_i|}} \, e^{- \| x - x_i \|^2 / 2 \lambda_i} \Big)

        with :math:`p_k` the sum over the nearest, and :math:`\lambda_i` the largest variance of
        :math:`S_i`. It takes one product per pair of query and Gaussian, and none of planes.

        Arguments:
            X: The examples.

        Returns:
            The bounds in nats, with shape `(N,)`: zero without truncation.
        """
        x = self._read(X)

        if self.truncate is None:
            return like(X, torch.zeros_like(x[:, 0]))

        bounds = []

        for q in x.split(max(1, _MEMORY // (4 * 8 * len(self._centers)))):
            _, near = self._nearest(q)
            largest = self._variance + F.pad(self._spread, (0, 1)).amax(dim=1)
            missed = _squares(q, self._centers) / largest
            missed = self._log_weights - 0.5 * (missed + self._log_volumes())
            missed = missed.scatter(1, near, -math.inf).logsumexp(dim=1)
            bounds.append(F.softplus(missed - self._truncated(q), threshold=math.inf))

        return like(X, torch.cat(bounds))

    def score(self, X: Any, y: None = None) -> float:
        r"""The mean of `score_samples`, for grid search and cross-validation."""
        return float(torch.as_tensor(self.score_samples(X)).mean())

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.RandomState | None = None
    ) -> Any:
        r"""New examples.

        Arguments:
            n_samples: How many.
            random_state: Seeds the draws; by default each call gives new ones, whatever the
                `random_state` of the model.

        Returns:
            Examples as the user's are.
        """
        check_is_fitted(self)

        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(f"expected a number of samples >= 1, got {n_samples!r}.")

        rng = check_random_state(random_state)
        chosen = rng.choice(len(self.weights_), size=n_samples, p=self.weights_)
        x = self._centers[torch.from_numpy(chosen).to(self._centers.device)] + self._mean
        across = torch.from_numpy(rng.standard_normal(x.shape)).to(x)
        along = torch.from_numpy(rng.standard_normal((len(x), self.n_components_))).to(x)

        for part in self._parts(len(x)):
            i = torch.from_numpy(chosen[part]).to(x.device)
            steps = self._spread[i].sqrt() * along[part]
            x[part] += (steps[:, None] @ self._planes(i))[:, 0]
            x[part] += self._variance[i, None].sqrt() * across[part]

        if self.tangents is not None:
            X = _maps(self.tangents).restore(x)
        else:
            X = x.cpu().numpy().reshape(-1, *self._shape)

        return X if self._kind is None else like(self._kind, torch.as_tensor(X))

    # Fitting

    def _check_arguments(self) -> None:
        if self.tangents is not None and not isinstance(self.tangents, Tangents):
            raise TypeError(
                f"expected tangents to be None or Tangents, got {type(self.tangents).__name__}."
                " Of a model they are Tangents(model)."
            )

        for name, least in {"n_components": 0, "n_neighbors": 1}.items():
            value = getattr(self, name)

            if not isinstance(value, Integral) or value < least:
                raise ValueError(f"expected {name} to be an integer >= {least}, got {value!r}.")

        if self.truncate is not None and not (
            isinstance(self.truncate, Integral) and self.truncate >= 1
        ):
            raise ValueError(
                f"expected truncate to be None or an integer >= 1, got {self.truncate!r}."
            )

        if self.sigma not in ("loo", "local") and not (
            isinstance(self.sigma, Real) and 0 < self.sigma < math.inf
        ):
            raise ValueError(
                f"expected sigma to be a number > 0, 'loo' or 'local', got {self.sigma!r}."
            )

    def _read(self, X: Any, reset: bool = False) -> Tensor:
        r"""Rows in double precision, centred once the centre is known."""
        if not reset:
            check_is_fitted(self)

        device = X.device if isinstance(X, Tensor) else "cpu"

        if self.tangents is not None:
            x = _maps(self.tangents).read(X).detach().double()
            device, array = x.device, x.cpu().numpy()
        else:
            array = X.detach().cpu().numpy() if isinstance(X, Tensor) else X

        array = array if np.ndim(array) < 3 else np.reshape(array, (len(array), -1))
        array = validate_data(self, array, reset=reset, dtype=np.float64)
        x = torch.tensor(array, device=device)
        return x if reset else x.to(self._mean) - self._mean

    def _place(self) -> tuple[Tensor, Tensor]:
        r"""Finds the planes.

        Returns:
            What leaving out needs, of one neighbour more than the planes take: the distances,
            and the products of the ways to them.
        """
        n, D = self._centers.shape
        K, k = min(self.n_neighbors + 1, n - 1), min(self.n_neighbors, n - 1)
        d = self.n_components if self._bases is None else self._bases.shape[1]
        d = self.n_components_ = min(d, k, D)

        new = self._centers.new_zeros
        distances, self._neighbors = new(n, 0), new(n, 0, dtype=torch.long)

        if K > 0:
            distances, self._neighbors = knn(self._centers, K)

        G = new(n, K, K)
        self._spread, self._coefficients = new(n, d), new(n, K, d)

        for part in self._parts(n):
            i = torch.arange(n, device=G.device)[part]
            M = self._ways(i)
            G[part] = M @ M.mT
            self._spread[part], self._coefficients[part, :k] = _principal(G[part, :k, :k], d)

        return distances, G

    def _choose_sigma(self, distances: Tensor, G: Tensor) -> None:
        n, D = self._centers.shape

        if self.sigma == "local":
            self._variance = self._left_out_direction()
            self.sigma_ = self._variance.sqrt().cpu().numpy()
            return

        if self.sigma == "loo":
            rng = check_random_state(self.random_state)
            held = torch.from_numpy(rng.permutation(n)[:_HELD_OUT]).to(G.device)
            folds = self._folds(held, distances, G)

            scale = float(distances.square().mean(dim=1).median().div(D).sqrt().log())
            grid = torch.linspace(scale - 7, scale + 5, 13).to(G)

            for _ in range(3):  # a step of 1, of 1/5, and of 1/25
                best = int(self._leave_one_out(grid.exp(), held, folds).argmax())
                step = float(grid[1] - grid[0])
                chosen = float(grid[best])
                grid = chosen + torch.linspace(-step, step, 11).to(G)

            sigma = math.exp(chosen)
        else:
            sigma = float(self.sigma)

        self.sigma_ = sigma
        self._variance = self._centers.new_full((n,), sigma**2)

    def _left_out_direction(self) -> Tensor:
        r"""The largest variance of the neighbours across the planes, or the least along them."""
        k = min(self.n_neighbors, len(self._centers) - 1)
        variances = []

        for part in self._parts(len(self._centers)):
            i = torch.arange(len(self._centers))[part].to(self._neighbors.device)
            M = self._ways(i, projected=False)[:, :k]
            along = M @ self._planes(i).mT
            v = torch.linalg.eigvalsh(M @ M.mT - along @ along.mT)[:, -1:] / k
            v = torch.cat([v, self._spread[i]], dim=1)
            some = v > _NULL * v.amax(dim=1, keepdim=True)
            variances.append(v[:, 0].where(some[:, 0], v.masked_fill(~some, math.inf).amin(dim=1)))

        return torch.cat(variances)

    def _folds(self, held: Tensor, distances: Tensor, G: Tensor) -> "_Folds":
        r"""The Gaussians that change as an example is left out: it is their neighbour."""
        n, K = self._neighbors.shape
        k = min(self.n_neighbors, n - 1)
        row = held.new_full((n,), -1)
        row[held] = torch.arange(len(held)).to(held)

        of, at = (row[self._neighbors[:, :k]] >= 0).nonzero(as_tuple=True)
        rest = torch.arange(K - 1).to(at)
        rest = rest + (rest >= at[:, None])
        spread, A = _principal(
            G[of[:, None, None], rest[:, :, None], rest[:, None, :]], self.n_components_
        )
        u = (A.mT @ G[of[:, None], rest, at[:, None]][..., None])[..., 0]

        return _Folds(
            row[self._neighbors[of, at]], of, distances[of, at].square(), u.square(), spread
        )

    def _leave_one_out(self, sigmas: Tensor, held: Tensor, folds: "_Folds") -> Tensor:
        r"""The mean log-likelihood of examples left out, for each sigma."""
        x, D = self._centers[held], self._centers.shape[1]
        total = x.new_full((len(sigmas), len(x)), -math.inf)
        own = torch.arange(len(x)).to(held)

        for i, squares, u in self._offsets(x):
            mine = (held >= i[0]) & (held <= i[-1])
            theirs = (folds.of >= i[0]) & (folds.of <= i[-1])
            changed = _Folds(*(part[theirs] for part in folds))

            for s, sigma in enumerate(sigmas):
                v = sigma.square()
                ll = _log_gaussian(squares, u, self._spread[i], v.expand(len(i)), D)
                ll[own[mine], held[mine] - i[0]] = -math.inf
                ll[changed.row, changed.of - i[0]] = _log_gaussian(
                    changed.squares, changed.u, changed.spread, v.expand(len(changed.of)), D
                )
                total[s] = total[s].logaddexp((ll + self._log_weights[i]).logsumexp(dim=1))

        weights = self._log_weights[held].exp()
        return ((total - (-weights).log1p()) * weights).sum(dim=1) / weights.sum()

    # The density

    def _exact(self, x: Tensor) -> Tensor:
        parts = []

        for q in x.split(_QUERIES):
            total = q.new_full((len(q),), -math.inf)

            for i, squares, u in self._offsets(q):
                ll = _log_gaussian(squares, u, self._spread[i], self._variance[i], x.shape[1])
                total = total.logaddexp((ll + self._log_weights[i]).logsumexp(dim=1))

            parts.append(total)

        return torch.cat(parts)

    def _truncated(self, x: Tensor) -> Tensor:
        distances, near = self._nearest(x)
        parts = []

        for part in self._parts(len(x), each=near.shape[1]):
            i = near[part].flatten()
            v = x[part].repeat_interleave(near.shape[1], dim=0) - self._centers[i]
            u = (self._coefficients[i].mT @ (self._ways(i) @ v[..., None]))[..., 0]
            squares = distances[part].flatten().square()
            ll = _log_gaussian(squares, u.square(), self._spread[i], self._variance[i], x.shape[1])
            ll = (ll + self._log_weights[i]).unflatten(0, (-1, near.shape[1]))
            parts.append(ll.logsumexp(dim=1))

        return torch.cat(parts)

    def _nearest(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return knn(self._centers, min(self.truncate or len(self._centers), len(self._centers)), x)

    def _log_volumes(self) -> Tensor:
        r"""The logarithms of :math:`|2 \pi S_i|`."""
        D, d = self._centers.shape[1], self.n_components_
        along = (self._spread + self._variance[:, None]).log().sum(dim=1)
        return D * math.log(2 * math.pi) + along + (D - d) * self._variance.log()

    def _ways(self, i: Tensor, projected: bool = True) -> Tensor:
        r"""The ways to the neighbours of some examples, within the planes if these are given."""
        M = self._centers[self._neighbors[i]] - self._centers[i, None]

        if self._bases is None or not projected:
            return M

        B = self._bases[i].to(M)
        return (M @ B.mT) @ B

    def _planes(self, i: Tensor) -> Tensor:
        # Kept as coefficients of the ways to the neighbours, which are many times fewer numbers
        return self._coefficients[i].mT @ self._ways(i)

    def _offsets(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        r"""Yields some Gaussians, the squared distances of queries from their centres, and the
        squares of the parts along their planes, with shapes `(b,)`, `(M, b)` and `(M, b, d)`.
        """
        n, d = self._spread.shape

        for i in torch.arange(n, device=x.device).split(self._size(4 * len(x) * (d + 1))):
            V = self._planes(i)
            u = (x @ V.flatten(end_dim=1).T).unflatten(1, (len(i), d))
            u = u - (V @ self._centers[i, :, None])[..., 0]
            yield i, _squares(x, self._centers[i]), u.square()

    def _size(self, numbers: int) -> int:
        r"""How many Gaussians fit into memory, with so many numbers each besides their ways."""
        K, D = self._neighbors.shape[1], self._centers.shape[1]
        width = 0 if self._bases is None else self._bases.shape[1]
        return max(1, _MEMORY // (8 * (3 * (K + width + 1) * D + numbers)))

    def _parts(self, n: int, each: int = 1) -> Iterator[slice]:
        step = max(1, self._size(0) // each)
        return (slice(start, start + step) for start in range(0, n, step))


def _maps(tangents: Tangents) -> Maps:
    model = tangents.model
    return maps_of((nn.Identity(), nn.Identity()) if model is None else model, tangents.y)


class _Folds(NamedTuple):
    r"""Which example of those left out changes which Gaussian, and what becomes of it."""

    row: Tensor
    of: Tensor
    squares: Tensor
    u: Tensor
    spread: Tensor


def _principal(G: Tensor, d: int) -> tuple[Tensor, Tensor]:
    r"""Principal directions of rows :math:`M`, from their products :math:`G = M M^\top`.

    Returns:
        The mean squares along them, and coefficients :math:`A` by which the directions are
        :math:`A^\top M`. Both are zero for directions in which the rows do not differ.
    """
    v, A = torch.linalg.eigh(G)
    v, A = v.flip(-1)[..., :d], A.flip(-1)[..., :d]
    some = v > _NULL * v[..., :1]

    return (v / G.shape[-1]).where(some, 0.0), A * v.rsqrt().where(some, 0.0)[..., None, :]


def _log_gaussian(squares: Tensor, u: Tensor, spread: Tensor, variance: Tensor, D: int) -> Tensor:
    r"""The log-density at a squared distance, of which the squares `u` lie along a plane."""
    across = squares - u.sum(dim=-1)
    across = across.where(across > _ROUNDING * squares, 0.0)
    along = spread + variance[..., None]
    log_volume = along.log().sum(dim=-1) + (D - u.shape[-1]) * variance.log()

    return -0.5 * (
        D * math.log(2 * math.pi) + log_volume + across / variance + (u / along).sum(dim=-1)
    )


def _squares(x: Tensor, y: Tensor) -> Tensor:
    r"""The squared distances of rows, which are centred."""
    norms = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)
    return torch.addmm(norms, x, y.T, alpha=-2).clamp(min=0)
