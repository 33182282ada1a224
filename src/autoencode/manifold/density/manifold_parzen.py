r"""Density estimation with Gaussians that are flat along tangent planes."""

__all__ = ["ManifoldParzen"]

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, DensityMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from ...common.arrays import tensor_to_numpy
from ...common.seeding import Seed, check_random_state
from ...estimator import Autoencoder
from ..arrays import as_examples, as_type_of, check_no_missing
from ..codec import Codec, as_codec
from ..numeric_rows import as_table_rows
from ..tangents.tangents import Tangents
from .bandwidth import best_sigma, next_principal_variance
from .local_gaussians import fit_local_gaussians


class ManifoldParzen(DensityMixin, BaseEstimator):
    r"""Mixture of Gaussians, one around each example, flat along its tangent plane.

    .. math:: p(x) = \frac{1}{N} \sum_{i = 1}^N \mathcal{N}(x; x_i, S_i), \qquad
        S_i = V_i^\top \operatorname{diag}(s_i^2) \, V_i + \sigma^2 I

    The orthonormal rows of :math:`V_i` span the tangent plane at :math:`x_i`, and :math:`s_i^2`
    are the mean squares of the offsets to the nearest neighbors along these rows. By default, the
    plane is spanned by the principal directions of the neighbors; `tangents` gives another plane,
    with the principal directions within it. All other directions have the variance
    :math:`\sigma^2`.

    With `n_components=0` the model is a kernel density estimate. With as many components as
    columns, all Gaussians have full covariances. Logarithms are computed in double precision from
    the parts of :math:`x - x_i` along the plane and across it, so that nothing cancels. Copies of
    an example form one Gaussian with the weight of all copies, and count as one neighbor.

    References:
        | Manifold Parzen Windows (Vincent & Bengio, 2003)

    Arguments:
        tangents: The :class:`~autoencode.manifold.Tangents` that give the planes. A clone is
            fitted to the same data. By default, the neighbors give the planes.
        n_components: The dimension :math:`d` of the planes, at most the number of neighbors and
            of columns. `tangents` replaces it.
        n_neighbors: The number of neighbors, or all others if there are fewer.
        sigma: The scale :math:`\sigma` across the planes. `"loo"` maximizes the leave-one-out
            likelihood of up to 1,000 examples. An example that is left out is removed from the
            mixture and from the neighbors of other examples, where the next neighbor takes its
            place; otherwise planes that were fitted to an example would make sigma too small.
            (Planes of a model stay the same.) `"local"` sets it for each example to the standard
            deviation of its neighbors along the first direction outside the plane, or along the
            last one in which they differ.
        n_nearest: The number of Gaussians with the nearest centers to add up for each query. It
            makes `score_samples` faster and its result a lower bound, see
            :meth:`truncation_bound`. By default all are added up, which is exact.
        random_state: The seed of the choice of examples to leave out.

    Attributes:
        sigma_: The scale across the planes: a number, or with `"local"` one per Gaussian.
        n_components_: The dimension of the planes.
        n_features_in_: The number :math:`D` of numbers in a row.
        weights_: The weight of each Gaussian, in the order in which examples first occur.

    See Also:
        :class:`~autoencode.manifold.Tangents`, :class:`~autoencode.manifold.OffManifoldDetector`

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
        n_nearest: int | None = None,
        random_state: Seed = None,
    ) -> None:
        self.tangents = tangents
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.sigma = sigma
        self.n_nearest = n_nearest
        self.random_state = random_state

    def fit(self, X: Any, y: None = None) -> "ManifoldParzen":
        r"""Fits the Gaussians to examples.

        Arguments:
            X: The examples: rows of numbers, with shape `(N, *)`, or a table of mixed columns, see
                :class:`~autoencode.manifold.numeric_rows.TableRows`. With `tangents`, anything
                that their model takes.
            y: Not used.

        Raises:
            TypeError: If `tangents` is not an object of :class:`~autoencode.manifold.Tangents`.
            ValueError: If an argument is out of its range, or all examples are the same and
                sigma is not a number.
        """
        self._check_arguments()
        alone = self.tangents is None or self.tangents.model is None
        self._table = as_table_rows(X) if alone else None
        x = self._read(X, reset=True)
        X = x if self._table is not None else X
        is_tensor = isinstance(X, Tensor) and self._table is None
        self._kind = X.new_empty(0) if is_tensor else None
        self._shape = as_examples(X).shape[1:]

        # `unique` sorts; users expect the order of their rows
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
        weights = counts[order].double() / len(x)
        bases, d = None, self.n_components

        if self.tangents is not None:
            basis, _ = clone(self.tangents).fit(X).basis(X)
            bases, d = torch.as_tensor(basis).to(x.device)[first], basis.shape[1]

        mixture, distances, G = fit_local_gaussians(
            x[first] - self._mean, weights.log(), bases, self.n_neighbors, d
        )

        if self.sigma == "local":
            mixture.variance = next_principal_variance(mixture)
            self.sigma_ = mixture.variance.sqrt().cpu().numpy()
        else:
            rng = check_random_state(self.random_state)
            loo = self.sigma == "loo"
            self.sigma_ = best_sigma(mixture, distances, G, rng) if loo else float(self.sigma)
            mixture.variance = torch.full_like(weights, self.sigma_**2)

        self.weights_ = weights.cpu().numpy()
        self.n_components_ = mixture.spread.shape[1]
        self._mixture = mixture

        return self

    def score_samples(self, X: Any) -> Any:
        r"""Log-density of examples.

        With `n_nearest` it is a lower bound, whose error is at most :meth:`truncation_bound`.

        Arguments:
            X: The examples.

        Returns:
            The log-densities in nats per example, with shape `(N,)`, in the units of the given
            numbers. With `tangents` of a model, images are intensities from 0 to 1.
        """
        x, p = self._read(X), self._mixture
        return as_type_of(
            X, p.log_prob(x) if self.n_nearest is None else p.log_prob_nearest(x, self.n_nearest)
        )

    def truncation_bound(self, X: Any) -> Any:
        r"""Upper bound on the error of `score_samples` from omitted Gaussians.

        .. math:: \log \Big( 1 + \frac{1}{p_k(x)} \sum_{i \notin \mathcal{N}_k(x)} \frac{1}{N}
            \sqrt{\frac{1}{|2 \pi S_i|}} \, e^{- \| x - x_i \|^2 / 2 \lambda_i} \Big)

        with :math:`p_k` the sum over the nearest Gaussians, and :math:`\lambda_i` the largest
        variance of :math:`S_i`. The bound needs the distance of each query to each center, but no
        plane.

        Arguments:
            X: The examples.

        Returns:
            The bounds in nats, with shape `(N,)`: zero without truncation.
        """
        x = self._read(X)

        if self.n_nearest is None:
            return as_type_of(X, torch.zeros_like(x[:, 0]))

        return as_type_of(X, self._mixture.truncation_bound(x, self.n_nearest))

    def score(self, X: Any, y: None = None) -> float:
        r"""Mean of `score_samples`, for grid search and cross-validation."""
        return float(torch.as_tensor(self.score_samples(X)).mean())

    def sample(
        self,
        n_samples: int = 1,
        random_state: Seed = None,
    ) -> Any:
        r"""New examples.

        Arguments:
            n_samples: The number of examples.
            random_state: The seed of the samples. By default each call gives new ones, whatever
                the `random_state` of the constructor.

        Returns:
            The examples, in the type and shape of those of `fit`.
        """
        check_is_fitted(self)

        if not isinstance(n_samples, Integral) or n_samples < 1:
            raise ValueError(f"expected a number of samples >= 1, got {n_samples!r}.")

        rng = check_random_state(random_state)
        chosen = rng.choice(len(self.weights_), size=n_samples, p=self.weights_)
        shape = len(chosen), self._mixture.centers.shape[1]
        across, along = (
            torch.from_numpy(rng.standard_normal(size)).to(self._mean)
            for size in (shape, (len(chosen), self.n_components_))
        )
        i = torch.from_numpy(chosen).to(self._mean.device)
        x = self._mixture.displace(i, along, across) + self._mean

        if self._table is not None:
            return self._table.from_rows(x)

        # Only a model knows the type of its examples; a pair of functions does not
        if self.tangents is not None and isinstance(self.tangents.model, Autoencoder):
            X = _codec(self.tangents).from_rows(x)
        else:
            X = x.cpu().numpy().reshape(-1, *self._shape)

        return X if self._kind is None else as_type_of(self._kind, torch.as_tensor(X))

    # Fitting

    def _check_arguments(self) -> None:
        if self.tangents is not None and not isinstance(self.tangents, Tangents):
            raise TypeError(
                f"expected tangents to be None or Tangents, got {type(self.tangents).__name__}."
                " For a model, pass tangents=Tangents(model)."
            )

        for name, least in {"n_components": 0, "n_neighbors": 1}.items():
            value = getattr(self, name)

            if not isinstance(value, Integral) or value < least:
                raise ValueError(f"expected {name} to be an integer >= {least}, got {value!r}.")

        if self.n_nearest is not None and not (
            isinstance(self.n_nearest, Integral) and self.n_nearest >= 1
        ):
            raise ValueError(
                f"expected n_nearest to be None or an integer >= 1, got {self.n_nearest!r}."
            )

        if self.sigma not in ("loo", "local") and not (
            isinstance(self.sigma, Real) and 0 < self.sigma < math.inf
        ):
            raise ValueError(
                f"expected sigma to be a number > 0, 'loo' or 'local', got {self.sigma!r}."
            )

    def _read(self, X: Any, reset: bool = False) -> Tensor:
        r"""Rows in double precision, centered after the fit."""
        if not reset:
            check_is_fitted(self)

        device = X.device if isinstance(X, Tensor) else "cpu"

        if self._table is not None:
            array = self._table.to_rows(X).numpy()
        elif self.tangents is not None:
            x = _codec(self.tangents).to_rows(X).detach().double()
            device, array = x.device, x.cpu().numpy()
        else:
            array = as_examples(tensor_to_numpy(X))
            check_no_missing(array)

        array = array if np.ndim(array) < 3 else np.reshape(array, (len(array), -1))
        array = validate_data(self, array, reset=reset, dtype=np.float64)
        x = torch.tensor(array, device=device)
        return x if reset else x.to(self._mean) - self._mean


def _codec(tangents: Tangents) -> Codec:
    model = tangents.model
    return as_codec((nn.Identity(), nn.Identity()) if model is None else model, tangents.y)
