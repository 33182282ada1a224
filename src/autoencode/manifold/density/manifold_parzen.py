r"""The tangent planes of the data, tiled into one density."""

__all__ = ["ManifoldParzen"]

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, DensityMixin, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from ...estimator import Autoencoder
from ..arrays import as_examples, as_type_of, check_no_missing
from ..codec import Codec, as_codec
from ..numeric_rows import as_table_rows
from ..tangents.tangents import Tangents
from .bandwidth import best_sigma, next_principal_variance
from .local_gaussians import fit_local_gaussians


class ManifoldParzen(DensityMixin, BaseEstimator):
    r"""A Gaussian around each example, flat as the manifold is there.

    .. math:: p(x) = \frac{1}{N} \sum_{i = 1}^N \mathcal{N}(x; x_i, S_i), \qquad
        S_i = V_i^\top \operatorname{diag}(s_i^2) \, V_i + \sigma^2 I

    The orthonormal rows of :math:`V_i` span the tangent plane at :math:`x_i`, and :math:`s_i^2`
    are the mean squares along them of the ways to the nearest neighbors. By default these are
    the principal directions of the neighbors; with `tangents`, those within the given plane.
    What the neighbors do not fill has the variance :math:`\sigma^2`.

    Without components it is a kernel density, and with as many as the data have columns a
    mixture of full Gaussians. The logarithms are computed in double precision from
    the parts of :math:`x - x_i` along the plane and across it, none of which cancel. Copies of
    an example are one Gaussian with as many times the weight, and one neighbor.

    References:
        | Manifold Parzen Windows (Vincent & Bengio, 2003)

    Arguments:
        tangents: The :class:`~autoencode.manifold.Tangents` from which to take the planes. They
            are fitted anew, to the same data. By default, planes are those of the neighbors.
        n_components: The dimension :math:`d` of the planes of neighbors. There are no more
            than there are neighbors, or columns.
        n_neighbors: The number of neighbors, or all others if there are fewer.
        sigma: The scale :math:`\sigma` across the planes. `"loo"` takes the one under which
            examples, up to 1000 of them, are most likely when each is left out in turn, as if
            the model had been fitted without it: from the sum, and from the neighbors of
            others, the next of which takes its place. Else the planes that lean towards an
            example would speak for it, and sigma would come out too small. (Planes of a model
            stay as they are, as it was trained on all.) `"local"` takes for each example
            the standard deviation of its neighbors along the first direction that is left
            out, or the last in which they differ.
        truncate: How many of the Gaussians, those with the nearest centers, to add up for a
            query. It makes `score_samples` faster and its result a lower bound, see
            :meth:`truncation_bound`. By default all, which is exact.
        random_state: Seeds the choice of examples to leave out.

    Attributes:
        sigma_: The scale across the planes: a number, or with `"local"` one per Gaussian.
        n_components_: The dimension of the planes.
        n_features_in_: The number :math:`D` of numbers in a row.
        weights_: The share of each Gaussian, in the order in which examples first occur.

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
            X: The examples: rows of numbers, with shape `(N, *)`; a table of mixed columns, see
                :class:`~autoencode.manifold.numeric_rows.TableRows`; with `tangents`, whatever
                their model takes.
            y: Not used.

        Raises:
            TypeError: If `tangents` are not.
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
        r"""The log-density of examples.

        With `truncate` it is a lower bound; :meth:`truncation_bound` says by how much at most.

        Arguments:
            X: The examples.

        Returns:
            The log-densities in nats per example, with shape `(N,)`. The density is of the
            numbers as given; with `tangents`, of the rows of the model: the user's units for
            tables, intensities from 0 to 1 for images.
        """
        x, p = self._read(X), self._mixture
        return as_type_of(
            X, p.log_prob(x) if self.truncate is None else p.log_prob_nearest(x, self.truncate)
        )

    def truncation_bound(self, X: Any) -> Any:
        r"""Upper bound on the error of `score_samples` from leaving out far Gaussians.

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
            return as_type_of(X, torch.zeros_like(x[:, 0]))

        return as_type_of(X, self._mixture.truncation_bound(x, self.truncate))

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
        shape = len(chosen), self._mixture.centers.shape[1]
        across, along = (
            torch.from_numpy(rng.standard_normal(size)).to(self._mean)
            for size in (shape, (len(chosen), self.n_components_))
        )
        i = torch.from_numpy(chosen).to(self._mean.device)
        x = self._mixture.displace(i, along, across) + self._mean

        if self._table is not None:
            return self._table.from_rows(x)

        # A model knows what its examples look like; a pair of functions does not
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
        r"""Rows in double precision, centered once the center is known."""
        if not reset:
            check_is_fitted(self)

        device = X.device if isinstance(X, Tensor) else "cpu"

        if self._table is not None:
            array = self._table.to_rows(X).numpy()
        elif self.tangents is not None:
            x = _codec(self.tangents).to_rows(X).detach().double()
            device, array = x.device, x.cpu().numpy()
        else:
            array = X.detach().cpu().numpy() if isinstance(X, Tensor) else as_examples(X)
            check_no_missing(array)

        array = array if np.ndim(array) < 3 else np.reshape(array, (len(array), -1))
        array = validate_data(self, array, reset=reset, dtype=np.float64)
        x = torch.tensor(array, device=device)
        return x if reset else x.to(self._mean) - self._mean


def _codec(tangents: Tangents) -> Codec:
    model = tangents.model
    return as_codec((nn.Identity(), nn.Identity()) if model is None else model, tangents.y)
