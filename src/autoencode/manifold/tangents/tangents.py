r"""Tangent planes of the manifold, from a model or from neighbors."""

__all__ = ["Tangents"]

import logging
import math
from collections.abc import Iterator
from typing import Any

import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ...common.estimates import Estimate, estimate_mean
from ..arrays import as_batch, as_type_of, from_rows
from ..codec import Codec, as_codec
from ..jacobians import decoder_jacobian
from ..neighbors.exact import knn
from ..numeric_rows import as_table_rows
from . import angles
from .angles import MAX_SAFE_ANGLE
from .local_bases import LocalBases, iter_local_bases, numerical_rank, project_onto

log = logging.getLogger(__name__)

_SOURCES = ("decoder", "encoder", "denoiser", "neighbors")
_MAX_SAMPLE = 1024  # number of examples; more hardly change the spectrum


class Tangents(BaseEstimator):
    r"""Tangent planes: the directions in which an example moves along the manifold.

    .. math:: J = U \Sigma V^\top

    The leading columns of :math:`U` span the plane at :math:`x`. `source` chooses :math:`J`:

    - *decoder*: :math:`J_g(f(x))`, whose columns touch the generated manifold at
      :math:`r(x) = g(f(x))`;
    - *encoder*: :math:`J_f(x)^\top`, the directions to which the code is sensitive;
    - *denoiser*: :math:`J_r(x) = J_g J_f`. A denoiser removes everything off the manifold: the
      singular values are near 1 along the manifold, and near 0 across it;
    - *neighbors*: the centered nearest neighbors of :math:`x` in the data of `fit`, divided
      by :math:`\sqrt{k - 1}`. This is local principal component analysis. The plane goes
      through the mean of the neighbors, and no model is needed.

    The Jacobians have the precision of the model, and the singular values double precision. Units
    are those of the rows of :func:`~autoencode.manifold.codec.as_codec`: the user's for
    tables, intensities from 0 to 1 for images.

    References:
        | The Manifold Tangent Classifier (Rifai et al., 2011)

        | What Regularized Auto-Encoders Learn from the Data-Generating Distribution
          (Alain & Bengio, 2014)
        | https://arxiv.org/abs/1211.4246

        | Non-Local Manifold Tangent Learning (Bengio & Monperrus, 2004)

    Arguments:
        model: A fitted autoencoder, or a pair (encoder, decoder) of functions of tensors.
        source: `"decoder"`, `"encoder"`, `"denoiser"` or `"neighbors"`.
        n_components: The dimension :math:`d'` of the planes. `"auto"` chooses it from the
            singular values of up to 1,024 examples. For a decoder or an encoder, it counts the
            directions whose root mean square is at least a hundredth of the first. For a
            denoiser, it counts those whose mean is at least one half, along which the data vary
            more than the noise. For neighbors, it is the participation ratio of the variances,
            corrected for its bias in a sample of Gaussian neighbors.
        n_neighbors: The number :math:`k` of neighbors.
        y: The label or row of numbers that a conditional model is given.

    Attributes:
        n_components_: The dimension of the planes.
        spectrum_: The root mean square of each singular value over the examples, descending.
        rows_: The data of `fit` as rows.
        n_features_in_: The number :math:`D` of numbers in a row.

    See Also:
        :func:`~autoencode.plots.tangents`, :func:`~autoencode.manifold.decoder_jacobian`

    Example:
        >>> angle = torch.linspace(0, 6, 50)
        >>> X = torch.stack([angle.cos(), angle.sin()], dim=1)
        >>> tangents = Tangents(source="neighbors", n_neighbors=3).fit(X)
        >>> basis, scale = tangents.basis(X)
        >>> basis.shape, bool(abs((basis[:, 0] * X).sum(axis=1)).max() < 0.2)
        (torch.Size([50, 1, 2]), True)
    """

    def __init__(
        self,
        model: Any = None,
        source: str = "decoder",
        n_components: int | str = "auto",
        n_neighbors: int = 15,
        y: ArrayLike | None = None,
    ) -> None:
        self.model = model
        self.source = source
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.y = y

    def fit(self, X: Any, y: None = None) -> "Tangents":
        r"""Chooses the number of components, and keeps the data.

        Arguments:
            X: The examples, as the model takes them.
            y: Not used; the `y` of a conditional model is an argument of the constructor.

        Raises:
            ValueError: If an argument is out of its range, there are too few examples, or
                the Jacobian is zero.
        """
        self._check_arguments()
        self._table = as_table_rows(X) if self.model is None else None
        codec = self._codec()
        x = codec.to_rows(X).detach()

        self.rows_, self.n_features_in_ = x, x.shape[1]
        self._ndim = codec.ndim()

        sample = x[:: math.ceil(len(x) / _MAX_SAMPLE)]
        k = self._checked_n_neighbors(len(x)) if self.source == "neighbors" else self.n_neighbors
        S = torch.cat(
            [local.scale for local in iter_local_bases(self.source, codec, sample, x, k, None)]
        )
        S = S.double()
        self.spectrum_ = S.square().mean(dim=0).sqrt().cpu().numpy()
        self.n_components_ = self._choose_n_components(S)

        return self

    def basis(self, X: Any) -> tuple[Any, Any]:
        r"""Bases of the planes at examples.

        Arguments:
            X: The examples.

        Returns:
            Orthonormal rows with shape `(N, d', D)`, and their singular values with shape
            `(N, d')`, descending. A singular value of zero marks an arbitrary direction.
        """
        codec, x = self._read(X)
        basis = x.new_empty(len(x), self.n_components_, x.shape[1])
        scale = x.new_empty(len(x), self.n_components_)

        for local in self._planes(codec, x):
            basis[local.rows], scale[local.rows] = local.basis, local.scale

        return as_type_of(X, basis), as_type_of(X, scale)

    def project(self, X: Any, V: ArrayLike | Tensor) -> Any:
        r"""Tangential part of vectors, :math:`P v = B^\top B v`.

        Arguments:
            X: The examples.
            V: One vector for each example, with shape `(N, D)`.

        Returns:
            The projections, with shape `(N, D)`.
        """
        codec, x = self._read(X)
        v = torch.as_tensor(V).to(x)

        if v.shape != x.shape:
            raise ValueError(f"expected V with shape {tuple(x.shape)}, got {tuple(v.shape)}.")

        planes = self._planes(codec, x)
        return as_type_of(
            X, torch.cat([project_onto(v[local.rows], local.basis) for local in planes])
        )

    def normal_residual(self, X: Any) -> Any:
        r"""Distance of examples to their planes.

        .. math:: \| (I - P) (x - r(x)) \|

        With `source="neighbors"`, :math:`r(x)` is the mean of the neighbors.

        Arguments:
            X: The examples.

        Returns:
            The distances, with shape `(N,)`.
        """
        codec, x = self._read(X)
        distances = []

        for local in self._planes(codec, x):
            v = x[local.rows] - local.origin
            distances.append((v - project_onto(v, local.basis)).norm(dim=-1))

        return as_type_of(X, torch.cat(distances))

    def local_scale(self, X: Any) -> Any:
        r"""Spread of the data along each direction: the standard deviation of the nearest
        neighbors in the data of `fit`.

        Arguments:
            X: The examples.

        Returns:
            The standard deviations, with shape `(N, d')`.
        """
        codec, x = self._read(X)
        return as_type_of(
            X, torch.cat([local_scale for _, local_scale in self._local_scales(codec, x)])
        )

    def displace(self, X: Any, steps: ArrayLike | Tensor) -> Any:
        r"""Examples moved along their planes, :math:`x + \sum_j a_j s_j u_j`.

        Arguments:
            X: The examples.
            steps: The steps :math:`a_j`, in units of the :meth:`local_scale` :math:`s_j`, with
                shape `(N, d')`.

        Returns:
            The moved examples, in the user's type and units. Images are clipped at black and
            white.
        """
        codec, x = self._read(X)
        a = torch.as_tensor(steps).to(x)

        if a.shape != (len(x), self.n_components_):
            raise ValueError(
                f"expected steps with shape {(len(x), self.n_components_)}, got {tuple(a.shape)}."
            )

        moved = torch.cat(
            [
                x[local.rows] + ((a[local.rows] * local_scale)[:, None] @ local.basis)[:, 0]
                for local, local_scale in self._local_scales(codec, x)
            ]
        )
        return from_rows(X, codec, moved, len(x))

    def traversals(self, x: Any, n_steps: int = 7, extent: float | None = None) -> Any:
        r"""One example moved both ways along each direction of its plane.

        .. math:: g(z + a J_g^+ u), \qquad -\text{extent} \leq a \leq \text{extent}

        With `source="decoder"`, the code moves, so that the output starts with velocity
        :math:`u` and follows the bends of the manifold. The other sources move along the plane.

        Arguments:
            x: One example.
            n_steps: The number of steps, which is odd. The middle one is the reconstruction, or
                with `source="neighbors"` the projection of the example onto the plane.
            extent: The largest distance to move; by default twice the :meth:`local_scale`.

        Returns:
            Examples in the user's type and units, with shape `(d', n_steps, *)`. For tables of
            mixed columns, a frame of all rows, one direction after the other.
        """
        if n_steps < 1 or n_steps % 2 == 0:
            raise ValueError(f"expected an odd number of steps, got {n_steps}.")

        X, _ = as_batch(x, self._ndim)
        codec, row = self._read(X)

        if len(row) != 1:
            raise ValueError(f"expected one example, got {len(row)}.")

        ((_, r, B, _),) = self._planes(codec, row)
        farthest = (
            2 * torch.as_tensor(self.local_scale(X)).to(row)[0] if extent is None else extent
        )
        steps = torch.linspace(-1, 1, n_steps).to(row) * torch.as_tensor(farthest).reshape(-1, 1)
        steps = steps.expand(self.n_components_, -1)[..., None]

        with codec.evaluating(), torch.no_grad():
            if self.source == "decoder":
                z = codec.encode(row)
                u = B[0] @ torch.linalg.pinv(decoder_jacobian(codec, z)[0]).T
                moved = codec.decode((z + steps * u[:, None]).flatten(end_dim=1))
            else:
                r = r + project_onto(row - r, B) if self.source == "neighbors" else r
                moved = (r + steps * B[0][:, None]).flatten(end_dim=1)

        return from_rows(x, codec, moved, self.n_components_, n_steps)

    def projection_error(self, X: Any) -> Estimate:
        r"""Fraction of the offsets to neighbors that lies off the planes of held-out examples.

        .. math:: \mathbb{E}_{x} \, \frac{1}{k} \sum_{x' \in \mathcal{N}_k(x)}
            \frac{\| (I - P) (x' - x) \|^2}{\| x' - x \|^2}

        It is 0 if the planes are right and the manifold is flat between neighbors, and
        :math:`1 - d' / D` on average for random planes. Neighbors are taken from `X`.

        References:
            | Non-Local Manifold Tangent Learning (Bengio & Monperrus, 2004)

        Arguments:
            X: Examples that neither the model nor `fit` has seen.

        Returns:
            The average over examples, and its standard error.

        Raises:
            ValueError: If there are too few examples, or all are the same.
        """
        codec, x = self._read(X)
        _, indices = knn(x, self._checked_n_neighbors(len(x)))
        errors = []

        for local in self._planes(codec, x):
            v = x[indices[local.rows]] - x[local.rows, None]
            error = (v - project_onto(v, local.basis)).square().sum(dim=-1) / v.square().sum(
                dim=-1
            )
            errors.append(error.nanmean(dim=-1))  # NaN for a duplicate

        e = torch.cat(errors).double()
        e = e[e.isfinite()]

        if not len(e):
            raise ValueError("expected examples that differ from their neighbors; all are equal.")

        return estimate_mean(e)

    def principal_angles(self, X: Any, indices: ArrayLike | None = None) -> Any:
        r"""Largest principal angle between the planes of neighbors, in degrees.

        .. math:: \theta = \arcsin \| (I - P_i) B_j^\top \|_2

        Beyond 30 degrees the manifold turns so much between two neighbors that interpolation
        between them is unreliable. The fraction of such pairs is logged.

        Arguments:
            X: The examples.
            indices: The neighbors of each example, with shape `(N, k)`; by default the
                `n_neighbors` nearest ones in `X`.

        Returns:
            The angles from 0 to 90, with shape `(N, k)`.
        """
        degrees = self._principal_angles(X, indices)
        share = float((degrees > MAX_SAFE_ANGLE).double().mean())

        if share > 0:
            log.warning(
                "Between %.1f %% of neighbors the tangent planes turn by more than %.0f degrees:"
                " interpolation between these is unreliable.",
                100 * share,
                MAX_SAFE_ANGLE,
            )

        return as_type_of(X, degrees)

    def __sklearn_clone__(self) -> "Tangents":
        # The model is the object of study: a clone would not be trained
        return type(self)(**self.get_params(deep=False))

    def _check_arguments(self) -> None:
        if self.source not in _SOURCES:
            raise ValueError(f"expected source to be one of {_SOURCES}, got {self.source!r}.")

        if self.model is None and self.source != "neighbors":
            raise ValueError(
                f"tangents of the {self.source} need a model; only source='neighbors' does not."
            )

        if not self.n_neighbors >= 2:
            raise ValueError(f"expected n_neighbors >= 2, got {self.n_neighbors}.")

    def _codec(self) -> Codec:
        model = self.model if self.model is not None else (_identity, _identity)
        return as_codec(model if self._table is None else self._table.codec(), self.y)

    def _read(self, X: Any) -> tuple[Codec, Tensor]:
        check_is_fitted(self)
        codec = self._codec()
        x = codec.to_rows(X).detach()

        if x.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {x.shape[1]} features, but Tangents is expecting {self.n_features_in_}"
                " features as input."
            )

        return codec, x

    def _checked_n_neighbors(self, n: int) -> int:
        r"""The number of neighbors, after a check that there are enough examples."""
        if n <= self.n_neighbors:
            raise ValueError(
                f"expected more examples than n_neighbors = {self.n_neighbors}, got n_samples ="
                f" {n}: give more, or set n_neighbors lower."
            )

        return self.n_neighbors

    def _planes(self, codec: Codec, x: Tensor) -> Iterator[LocalBases]:
        k = (
            self._checked_n_neighbors(len(self.rows_))
            if self.source == "neighbors"
            else self.n_neighbors
        )
        return iter_local_bases(self.source, codec, x, self.rows_, k, self.n_components_)

    def _local_scales(self, codec: Codec, x: Tensor) -> Iterator[tuple[LocalBases, Tensor]]:
        r"""Yields planes, each with the standard deviations of the data along its directions."""
        _, indices = knn(self.rows_, self._checked_n_neighbors(len(self.rows_)), x)

        for local in self._planes(codec, x):
            yield local, (self.rows_[indices[local.rows]] @ local.basis.mT).std(dim=1)

    def _principal_angles(self, X: Any, indices: ArrayLike | None) -> Tensor:
        codec, x = self._read(X)
        j = (
            knn(x, self._checked_n_neighbors(len(x)))[1]
            if indices is None
            else torch.as_tensor(indices)
        )

        if j.ndim != 2 or len(j) != len(x):
            raise ValueError(f"expected indices with shape ({len(x)}, k), got {tuple(j.shape)}.")

        return angles.principal_angles(self._planes(codec, x), j, x, self.n_components_)

    def _choose_n_components(self, S: Tensor) -> int:
        r"""Number of components, chosen from singular values with shape `(N, n)`."""
        if not S.any():
            raise ValueError(
                "there are no tangents: the examples are all the same."
                if self.source == "neighbors"
                else f"there are no tangents: the Jacobian of the {self.source} is zero."
            )

        if self.n_components == "auto":
            return numerical_rank(self.source, S, self.n_neighbors)

        most = S.shape[1]

        if self.source == "neighbors":
            most = min(
                most, self.n_neighbors - 1
            )  # k centered points span at most k - 1 directions

        if self.n_components not in range(1, most + 1):
            raise ValueError(
                f"expected n_components to be 'auto' or an integer from 1 to {most}, got"
                f" {self.n_components!r}."
            )

        return int(self.n_components)


def _identity(x: Tensor) -> Tensor:
    return x
