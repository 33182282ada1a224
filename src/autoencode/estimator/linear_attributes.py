r"""Attributes of linear models in closed form, as scikit-learn names those of PCA."""

__all__ = ["LinearAttributes"]

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ..training.linear.least_squares import LeastSquares
from .attributes import ResolvedAttributes
from .availability import UnavailableError


class LinearAttributes(ResolvedAttributes):
    r"""Components, mean and variances of a linear model in closed form.

    Example:
        >>> import autoencode as ae
        >>> X = np.random.default_rng(0).normal(size=(60, 4)) * [4.0, 3.0, 2.0, 1.0]
        >>> ae.linear(2).fit(X).explained_variance_ratio_.round(1)
        array([0.5, 0.3])
    """

    @property
    def components_(self) -> NDArray[np.float32]:
        r"""The orthonormal principal axes of the scaled examples, `(latent_dim, *shape_)`.

        They are those of :class:`sklearn.decomposition.PCA`, up to signs: columns of a table are
        scaled together. With a corruption, they are the columns of the decoder.
        """
        self._solver()
        return _array(self._decoder().weight.T).reshape(-1, *self.modality_.shape_)

    @property
    def mean_(self) -> NDArray[np.float64]:
        r"""The mean of the scaled examples, with shape `shape_`; for tables, in the user's units.

        With a context, it is the intercept.
        """
        self._solver()
        mean = _array(self._decoder().bias).astype(np.float64).reshape(self.modality_.shape_)
        kind: Any = self.modality_

        return kind.loc_ + kind.scale_ * mean if hasattr(kind, "loc_") and mean.ndim == 1 else mean

    @property
    def explained_variance_(self) -> NDArray[np.float64]:
        r"""The variance of each unit of the code, of scaled examples.

        For tables whose columns are scaled together, it is in the user's units.
        """
        scale = getattr(self.modality_, "scale_", np.ones(1))
        together = np.ndim(scale) == 1 and (scale == scale[0]).all()
        return self._variances()[0] * (scale[0] ** 2 if together else 1)

    @property
    def explained_variance_ratio_(self) -> NDArray[np.float64]:
        r"""The share of the variance that each component explains."""
        variances, total = self._variances()
        return variances / total if total > 0 else np.zeros_like(variances)

    def _variances(self) -> tuple[NDArray[np.float64], float]:
        solver = self._solver()

        if not hasattr(solver, "explained_variance_"):
            raise UnavailableError(
                "this model has no explained variances: it was fitted with a corruption, or by an"
                " earlier version. Fit it again."
            )

        return solver.explained_variance_, solver.total_variance_

    def _solver(self) -> LeastSquares:
        check_is_fitted(self, "model_")

        if isinstance(self.training_, LeastSquares) and self.model_.decoder is not None:
            return self.training_

        raise UnavailableError(
            "only models in closed form, such as ae.linear(...), have principal components. To map"
            " codes to examples, use inverse_transform(Z)."
        )

    def _decoder(self) -> torch.nn.Linear:
        network: Any = self.model_.decoder.network  # type: ignore[union-attr]
        return network.output_layer


def _array(t: torch.Tensor) -> NDArray:
    return t.detach().cpu().numpy()
