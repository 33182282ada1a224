r"""Anomaly detection by the densities of codes on the manifold and of residuals off it."""

__all__ = ["OffManifoldDetector", "ScoreParts"]

import math
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.model_selection import KFold
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from ...common.seeding import Seed, check_random_state
from ...data import collect_lazy, is_frame, is_numbers, names_of, to_pandas
from ...data.media.text import Lines
from ...data.tabular.libraries import from_pandas, library_of
from ...estimator import Autoencoder
from ...modalities.capabilities import CellDecomposable, Tabular
from ..arrays import as_examples, as_type_of, check_no_missing
from .densities import AdaptiveKDE, GaussianDensity
from .models import (
    decompose_examples,
    default_model,
    held_out_residuals,
    is_untrained,
    train,
)

_FALSE_POSITIVE_RATE = 0.01  # with contamination="auto"
_DENSITIES: dict[str, type[AdaptiveKDE] | type[GaussianDensity]] = {
    "parzen": AdaptiveKDE,
    "gaussian": GaussianDensity,
}


class ScoreParts(NamedTuple):
    r"""The two parts of the log-density of each example.

    See Also:
        :class:`~autoencode.manifold.OffManifoldDetector`
    """

    on_manifold: Any
    r"""The log-density of the nearest point on the manifold, with shape `(N,)`."""

    off_manifold: Any
    r"""The log-density of the residual, or the log-probability of a text given its code, with
    shape `(N,)`."""


class OffManifoldDetector(OutlierMixin, BaseEstimator):
    r"""Anomaly detector that measures examples on the manifold of an autoencoder and off it.

    .. math:: s(x) = \underbrace{\log p(z) - \tfrac{1}{2} \log \det J^\top J}_{\text{on}}
        + \underbrace{\min(\log p(w), c)}_{\text{off}}, \qquad x = g(z) + w

    The tangent plane of the decoder's manifold, spanned by its Jacobian :math:`J`, splits an
    example into a point on the manifold, with code :math:`z`, and a residual :math:`w`. A
    reconstruction error sees the residual alone. An example on the manifold can be unusual, too,
    if it lies in a region without data.

    - On the manifold, the density of codes is a kernel density estimate, whose kernels are as
      wide as the neighbors are far (`"parzen"`), or one Gaussian (`"gaussian"`). The determinant
      turns it into a density of data, which does not depend on the coordinates of the code.
    - Off the manifold, residuals are Gaussian, with a scale for each feature. Their log-density is
      limited to :math:`c`, which three quarters of normal examples exceed. Without this limit,
      :math:`s(x) = \log p(x)`, and a small residual could outweigh a region without data.

    A model reconstructs its training data better than new data. An untrained `model` is therefore
    trained once for the scores, and once more without each of `n_folds` parts of the data. The
    scales are those of the held-out parts. A trained model is used as it is: pass data to `fit`
    that the model was not trained on.

    Residuals are in the units of the model: by default standard deviations of columns for tables,
    and intensities from 0 to 1 for images.

    Texts have probabilities instead of residuals. The second part is the probability of a text
    given its code :math:`z`, and the first part is the density of such codes:

    .. math:: \log p(x) + H \approx
        \underbrace{\log \int p(z') \, e^{-\Delta^\top G \Delta / 2} \, dz'}_{\text{on}}
        + \underbrace{\log p(x \mid z) + H}_{\text{off}}, \qquad \Delta = z' - z

    :math:`G` is the Fisher information about the code in the text. For other data it is
    :math:`J^\top J` divided by the variance of the noise, which gives the equation above.
    Directions about which a text has no information do not count. :math:`H` is the sum of the
    entropies of all tokens given the tokens before them. Without it, longer texts would be more
    anomalous. For other data it is a constant.

    References:
        | Generative Probabilistic Novelty Detection with Adversarial Autoencoders
          (Pidhorskyi et al., 2018)
        | https://arxiv.org/abs/1807.02588

    For tables of mixed columns, the same equation holds cell by cell. A missing cell has no
    information and is not scored, so that it does not make a row anomalous. See
    :func:`~autoencode.manifold.anomalies.cell_surprisal.decompose_cells`.

    Arguments:
        model: An :class:`~autoencode.Autoencoder`, trained or not, or a pair (encoder,
            decoder) of functions of tensors. The default is a linear autoencoder whose code
            keeps 99 % of the variance, or a variational one for tables of mixed columns.
        contamination: The fraction of the data of `fit` that `predict` calls anomalies. With
            `"auto"`, all examples are taken for normal, and about one in a hundred new normal
            examples is called an anomaly.
        density: `"parzen"` or `"gaussian"`.
        n_folds: The number of parts for the scales of an untrained model, at least 2. Copies of
            an example are in the same part.
        random_state: The seed of the split into parts.
        y: The label or row of numbers that a conditional model is given.

    Attributes:
        model_: The trained model.
        scale_: The typical residual of each feature, in units of the model, with shape `(D,)`.
            For texts, one nat for each token. For mixed columns, the scale of the residuals of a
            number relative to the scale that the model learned.
        offset_: The score below which an example is called an anomaly.
        n_features_in_: The number of columns, for tables.

    See Also:
        :class:`~autoencode.manifold.ManifoldParzen`, :class:`~autoencode.manifold.ScoreParts`

    Example:
        >>> t = np.linspace(0, 6, 200)
        >>> X = np.stack([np.cos(t), np.sin(t), t], axis=1)
        >>> detector = OffManifoldDetector().fit(X)
        >>> detector.predict([[1.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
        array([ 1, -1])
        >>> on, off = detector.decompose(X)
        >>> np.allclose(on + off, detector.score_samples(X))
        True
    """

    def __init__(
        self,
        model: Any = None,
        contamination: float | str = "auto",
        density: str = "parzen",
        n_folds: int = 5,
        random_state: Seed = None,
        y: ArrayLike | None = None,
    ) -> None:
        self.model = model
        self.contamination = contamination
        self.density = density
        self.n_folds = n_folds
        self.random_state = random_state
        self.y = y

    def fit(self, X: Any, y: None = None) -> "OffManifoldDetector":
        r"""Learns the densities of normal examples.

        Arguments:
            X: The examples, most of them normal, as the model takes them.
            y: Not used; the `y` of a conditional model is an argument of the constructor.

        Raises:
            ValueError: If an argument is out of its range, or a trained model does not take
                the data.
        """
        self._check_arguments()
        X = self._read(X, reset=True)

        if len(X) < 2:
            raise ValueError("expected at least two examples to compare, got n_samples=1.")

        model = default_model(X) if self.model is None else self.model
        untrained = is_untrained(model)
        rng = check_random_state(self.random_state)

        if untrained and model.conditional:
            raise ValueError(
                "a conditional model has to be trained before: model.fit(X, y), then"
                " OffManifoldDetector(model, y=...)."
            )

        seeds = None if self.random_state is None else rng
        self.model_ = train(model, X, seeds) if untrained else model

        decomposed = decompose_examples(self.model_, X, self.y)
        left_out = decomposed.residual

        if untrained:
            folds = KFold(self.n_folds, shuffle=True, random_state=rng)
            left_out = held_out_residuals(model, X, self.model_.modality_, folds, seeds, self.y)

        self._code_density = _DENSITIES[self.density](decomposed.code)
        self._residual_noise = decomposed.fit_noise(left_out)
        self.scale_ = self._residual_noise.scale.cpu().numpy()

        unseen = decomposed.loo_log_density(self._code_density) + self._residual_noise.log_prob(
            left_out
        )
        self._loo_scores = unseen.cpu().numpy()

        if self.contamination == "auto":
            self.offset_ = float(np.quantile(self._loo_scores, _FALSE_POSITIVE_RATE))
        else:
            seen = decomposed.log_density(self._code_density) + self._residual_noise.log_prob(
                decomposed.residual
            )
            self.offset_ = float(np.quantile(seen.cpu(), float(self.contamination)))

        return self

    def decompose(self, X: Any) -> ScoreParts:
        r"""The two parts of `score_samples`: on the manifold, and off it.

        Arguments:
            X: The examples.

        Returns:
            `on` and `off`, in nats, each with shape `(N,)`.

        Raises:
            ValueError: If the examples are not like those of `fit`.
        """
        check_is_fitted(self, "offset_")
        decomposed = decompose_examples(self.model_, self._read(X), self.y)
        on, off = (
            decomposed.log_density(self._code_density),
            self._residual_noise.log_prob(decomposed.residual),
        )

        return ScoreParts(as_type_of(X, on), as_type_of(X, off))

    def score_samples(self, X: Any) -> Any:
        r"""Normality of examples, :math:`s(x)` in nats. Higher is more normal.

        It is :math:`\log p(x)` with a limit on the part of the residual. For texts, the expected
        log-probability is subtracted.

        Arguments:
            X: The examples.

        Returns:
            The scores, with shape `(N,)`.

        Raises:
            ValueError: If the examples are not like those of `fit`.
        """
        on, off = self.decompose(X)
        return on + off

    def decision_function(self, X: Any) -> Any:
        r"""`score_samples` minus the threshold; negative for anomalies."""
        return self.score_samples(X) - self.offset_

    def p_values(self, X: Any) -> NDArray:
        r"""The probability that a normal example is at least as unusual.

        .. math:: p(x) = \frac{1 + \# \{ i : s_{-i}(x_i) \leq s(x) \}}{N + 1}

        :math:`s_{-i}` are the leave-one-out scores of the data of `fit`. For new examples from
        the same distribution, :math:`p` is nearly uniform, and at least :math:`1 / (N + 1)`. For
        rows with more missing cells than those of `fit`, it tends to be too large.

        Arguments:
            X: The examples.

        Returns:
            The probabilities, with shape `(N,)`.

        References:
            | Testing for outliers with conformal p-values (Bates et al., 2023)
            | https://arxiv.org/abs/2104.08279
        """
        scores = np.asarray(torch.as_tensor(self.score_samples(X)).cpu())
        below = np.searchsorted(np.sort(self._loo_scores), scores, side="right")
        return (1 + below) / (1 + len(self._loo_scores))

    def predict(self, X: Any) -> NDArray:
        r"""1 for normal examples, -1 for anomalies, with shape `(N,)`."""
        return np.where(np.asarray(self.decision_function(X)) < 0, -1, 1)

    def explain(self, X: Any) -> Any:
        r"""Distance of each feature to the manifold, in units of its typical distance.

        Arguments:
            X: The examples.

        Returns:
            The residuals divided by their scales, in the shape of `X`, or in that of the spectra
            for sounds. Absolute values beyond about 3 are unusual. A data frame
            gives a frame of the same library, columns and index. For texts, the result is the
            surprisal of each byte or subword beyond its expected value, in nats, with shape
            `(N, L)`. For tables of mixed columns it is the same for each cell, and zero for
            missing cells. The sum over a row is minus the second part of `decompose`, unless that
            part is limited.

        Raises:
            ValueError: If the examples are not like those of `fit`.
        """
        check_is_fitted(self, "offset_")
        X, given = self._read(X), collect_lazy(X)
        w = decompose_examples(self.model_, X, self.y).residual
        w = self._residual_noise.explain(w)

        if is_frame(given) and w.shape[1] == len(names_of(given)):
            import pandas as pd

            known = getattr(getattr(self.model_, "modality_", None), "columns_", ())
            names = [c.name for c in known] if self._is_mixed() else names_of(given)
            index = given.index if hasattr(given, "iloc") else None
            frame = pd.DataFrame(w.cpu().numpy(), columns=names, index=index)[names_of(given)]
            return from_pandas(frame, library_of(given), {})

        if isinstance(self.model_, Autoencoder):
            modality = self.model_.modality_
            modality = (
                modality.with_constant_columns() if isinstance(modality, Tabular) else modality
            )
            w = w.unflatten(1, modality.shape_)
            w = w.movedim(1, -1) if w.ndim == 4 else w  # channels last

        shape = as_examples(X).shape
        return as_type_of(X, w.reshape(shape) if w.numel() == math.prod(shape) else w)

    def __sklearn_clone__(self) -> "OffManifoldDetector":
        # The trained model is the object of study: a clone would not be trained
        kept = {} if is_untrained(self.model) else {"model": self.model}
        others = {k: v for k, v in self.get_params(deep=False).items() if k not in kept}
        return type(self)(**kept, **{k: clone(v, safe=False) for k, v in others.items()})

    # Parts of the fit

    def _check_arguments(self) -> None:
        share = self.contamination

        if share != "auto" and not (isinstance(share, Real) and 0 < share <= 0.5):
            raise ValueError(
                f"expected contamination='auto' or a fraction in (0, 0.5], got {share!r}."
            )

        if self.density not in _DENSITIES:
            raise ValueError(f"expected density as one of {[*_DENSITIES]}, got {self.density!r}.")

        if not isinstance(self.n_folds, Integral) or self.n_folds < 2:
            raise ValueError(f"expected n_folds as an integer >= 2, got {self.n_folds!r}.")

    def _read(self, X: Any, reset: bool = False) -> Any:
        if isinstance(X, Tensor):
            return X.detach()

        X = collect_lazy(X)

        if is_frame(X) and (not is_numbers(X) or self._is_mixed()):  # the model reads these itself
            names_of(X)  # raises if two are the same
            return to_pandas(X)

        if isinstance(X, Lines):  # keeps file and line for messages
            return X

        given = as_examples(X)

        if given.ndim > 2 or (given.ndim == 1 and given.dtype.kind in "OU"):
            return given

        check_no_missing(given)
        checked = validate_data(self, X, reset=reset, dtype="numeric")
        named = hasattr(X, "columns") and hasattr(self.model, "feature_names_in_")

        return X if named else checked  # the model compares the names of columns

    def _is_mixed(self) -> bool:
        r"""Tell whether the model takes tables of mixed columns."""
        model = getattr(self, "model_", self.model)
        return isinstance(
            getattr(model, "modality_", getattr(model, "modality", None)), CellDecomposable
        )
