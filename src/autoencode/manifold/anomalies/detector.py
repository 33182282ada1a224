r"""Anomalies: how likely an example is along the manifold, and across it."""

__all__ = ["OffManifoldDetector", "ScoreParts"]

import math
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.model_selection import KFold
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from ...data import Examples, collect_lazy, is_frame, is_numbers, names_of, to_pandas
from ...data.media.text import Lines
from ...data.tabular.libraries import from_pandas, library_of
from ...distributions import SharedGaussian
from ...estimator import Autoencoder
from ...modalities import guess
from ...modalities.capabilities import CellDecomposable, Tabular, Tokenized
from ...modalities.capabilities.fitting import for_subset
from ...networks import FullyConnected
from ...objectives import ELBO
from ...training.linear.least_squares import LeastSquares
from ..arrays import as_examples, as_type_of, check_no_missing, duplicate_groups, select_rows
from ..codec import as_codec
from .cell_surprisal import CellDecomposition, decompose_cells
from .decomposition import TangentDecomposition, decompose
from .densities import AdaptiveKDE, GaussianDensity
from .sequences import SequenceDecomposition, decompose_sequences

_EXPLAINED_VARIANCE = 0.99  # of the variance, in the code of the default model
_FALSE_POSITIVE_RATE = 0.01  # of new normal examples, by contamination="auto"
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
    r"""Detects what is unlike the data that it has seen, by an autoencoder.

    .. math:: s(x) = \underbrace{\log p(z) - \tfrac{1}{2} \log \det J^\top J}_{\text{on}}
        + \underbrace{\min(\log p(w), c)}_{\text{off}}, \qquad x = g(z) + w

    The plane that touches the decoder's manifold, spanned by its Jacobian :math:`J`, divides
    an example into a place on it, with code :math:`z`, and the residual :math:`w` across.
    Reconstruction errors judge by the second alone; but what lies on the manifold can be unusual
    too, where no data are.

    - On the manifold, codes have a density of kernels, each as wide as its neighbors are
      far (`"parzen"`), or a normal one (`"gaussian"`). The determinant makes it one of
      data: it does not depend on how the code is scaled or bent.
    - Across it, residuals are normal, with a scale for each feature. What is nearer than
      usual counts as usual: of normal examples, a quarter are below :math:`c`. Without the cut,
      :math:`s(x) = \log p(x)`, and a small residual would make up for a place where no data are.

    A model reconstructs what it was trained on better than what it will see. An untrained
    `model` is therefore trained once for the scores and once more for each of `folds`
    parts of the data without it, and the scales are those of the parts that were left out. A
    trained one is taken as it is: then `fit` wants other data than it was trained on.

    All is measured in the units of the model: standard deviations of columns for tables,
    unless it scales them otherwise, and intensities from 0 to 1 for images.

    Texts have no residuals, but probabilities. What their own code :math:`z` leaves to say of
    them is across, and how usual such codes are along:

    .. math:: \log p(x) + H \approx
        \underbrace{\log \int p(z') \, e^{-\Delta^\top G \Delta / 2} \, dz'}_{\text{on}}
        + \underbrace{\log p(x \mid z) + H}_{\text{off}}, \qquad \Delta = z' - z

    :math:`G` is the Fisher information of the code in the text: for other data
    :math:`J^\top J` divided by the variance of the noise, with the equation above. Directions
    of which a text tells nothing count for nothing. :math:`H` is the sum of the entropies of
    each symbol given those before it, from which probabilities are counted, as longer texts
    would else be the stranger ones. For other data it is a constant.

    References:
        | Generative Probabilistic Novelty Detection with Adversarial Autoencoders
          (Pidhorskyi et al., 2018)
        | https://arxiv.org/abs/1807.02588

    Of tables of mixed columns the same equation holds, cell by cell: a missing cell has no
    information, is not scored, and makes no row an anomaly. Rows are judged by what is there. See
    :func:`~autoencode.manifold.anomalies.cell_surprisal.decompose_cells`.

    Arguments:
        model: An :class:`~autoencode.Autoencoder`, trained or not, or a pair (encoder,
            decoder) of functions of tensors. By default a linear autoencoder whose code
            keeps 99 % of the variance; of tables of mixed columns a variational one.
        contamination: The share of the data of `fit` that `predict` calls anomalies; by
            `"auto"`, all are taken as normal, and about one in a hundred new ones will be.
        density: `"parzen"` or `"gaussian"`.
        folds: The number of parts for the scales of an untrained model, at least 2. Copies of
            an example are in the same part.
        random_state: Deals the data into parts.
        y: The label or row of numbers under which a conditional model is seen.

    Attributes:
        model_: The trained model.
        scale_: The usual residual of each feature, in units of the model, with shape `(D,)`;
            of texts one nat for each symbol; of mixed columns, how many times wider the noise of a
            number is than the model says.
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
        folds: int = 5,
        random_state: int | np.random.RandomState | None = None,
        y: ArrayLike | None = None,
    ) -> None:
        self.model = model
        self.contamination = contamination
        self.density = density
        self.folds = folds
        self.random_state = random_state
        self.y = y

    def fit(self, X: Any, y: None = None) -> "OffManifoldDetector":
        r"""Learns what is usual.

        Arguments:
            X: The examples, most of them normal: rows, or images in the shape of the model's.
            y: Not used; the `y` of a conditional model is an argument of the constructor.

        Raises:
            ValueError: If an argument is out of its range, or the data are not like those of
                a trained model.
        """
        self._check_arguments()
        X = self._read(X, reset=True)

        if len(X) < 2:
            raise ValueError("expected at least two examples to compare, got n_samples=1.")

        model = _default_model(X) if self.model is None else self.model
        untrained = _is_untrained(model)
        rng = check_random_state(self.random_state)

        if untrained and model.conditional:
            raise ValueError(
                "a conditional model has to be trained before: model.fit(X, y), then"
                " OffManifoldDetector(model, y=...)."
            )

        self.model_ = self._train(model, X, rng) if untrained else model

        decomposed = self._decompose(self.model_, X)
        left_out = self._held_out_residuals(model, X, rng) if untrained else decomposed.residual

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
        r"""The two parts of `score_samples`: along the manifold, and across it.

        Arguments:
            X: The examples.

        Returns:
            `on` and `off`, in nats, each with shape `(N,)`.

        Raises:
            ValueError: If the examples are not like those of `fit`.
        """
        check_is_fitted(self, "offset_")
        decomposed = self._decompose(self.model_, self._read(X))
        on, off = (
            decomposed.log_density(self._code_density),
            self._residual_noise.log_prob(decomposed.residual),
        )

        return ScoreParts(as_type_of(X, on), as_type_of(X, off))

    def score_samples(self, X: Any) -> Any:
        r"""Normality of examples, :math:`s(x)` in nats. The higher, the more normal.

        It is :math:`\log p(x)`, but for residuals that are smaller than usual. Of texts it is
        counted from what is expected of one so long.

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
        r"""`score_samples`, counted from the score at which examples become anomalies."""
        return self.score_samples(X) - self.offset_

    def p_values(self, X: Any) -> NDArray:
        r"""The chance that a normal example is as unusual as each.

        .. math:: p(x) = \frac{1 + \# \{ i : s_{-i}(x_i) \leq s(x) \}}{N + 1}

        Here :math:`s_{-i}` are the scores of the data of `fit`, each left out for itself. For new
        examples of the same kind :math:`p` is about uniform, and never below :math:`1 / (N + 1)`.
        Of rows with more missing cells than those of `fit` it is rather too large: what is not
        there cannot be unusual.

        Arguments:
            X: The examples.

        Returns:
            The chances, with shape `(N,)`.

        References:
            | Testing for outliers with conformal p-values (Bates et al., 2023)
            | https://arxiv.org/abs/2104.08279
        """
        scores = np.asarray(torch.as_tensor(self.score_samples(X)).cpu())
        below = np.searchsorted(np.sort(self._loo_scores), scores, side="right")
        return (1 + below) / (1 + len(self._loo_scores))

    def predict(self, X: Any) -> NDArray:
        r"""1 for what is normal, -1 for anomalies, with shape `(N,)`."""
        return np.where(np.asarray(self.decision_function(X)) < 0, -1, 1)

    def explain(self, X: Any) -> Any:
        r"""Distance of each feature to the manifold, in units of its typical distance.

        Arguments:
            X: The examples.

        Returns:
            The residuals divided by their scales, in the shape of `X`, or of the spectra of
            sounds. Beyond 3 or so they are unusual; their sign says to which side. Of data
            frames, a frame of the same library, columns and index. Of texts, by how many nats
            each byte or subword is more surprising than expected, with shape `(N, L)`. Of tables
            of mixed columns the same for each cell, zero where one is missing: the sum of a row is
            minus the second part of `decompose`, where that is not cut off.

        Raises:
            ValueError: If the examples are not like those of `fit`.
        """
        check_is_fitted(self, "offset_")
        X, given = self._read(X), collect_lazy(X)
        w = self._decompose(self.model_, X).residual
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
            modality = modality.wide() if isinstance(modality, Tabular) else modality
            w = w.unflatten(1, modality.shape_)
            w = w.movedim(1, -1) if w.ndim == 4 else w  # channels last

        shape = as_examples(X).shape
        return as_type_of(X, w.reshape(shape) if w.numel() == math.prod(shape) else w)

    def __sklearn_clone__(self) -> "OffManifoldDetector":
        # A trained model is what is looked at: cloned, it would have forgotten what it learned
        kept = {} if _is_untrained(self.model) else {"model": self.model}
        others = {k: v for k, v in self.get_params(deep=False).items() if k not in kept}
        return type(self)(**kept, **{k: clone(v, safe=False) for k, v in others.items()})

    # Learning, in parts

    def _check_arguments(self) -> None:
        share = self.contamination

        if share != "auto" and not (isinstance(share, Real) and 0 < share <= 0.5):
            raise ValueError(
                f"expected contamination='auto' or a share in (0, 0.5], got {share!r}."
            )

        if self.density not in _DENSITIES:
            raise ValueError(f"expected a density out of {[*_DENSITIES]}, got {self.density!r}.")

        if not isinstance(self.folds, Integral) or self.folds < 2:
            raise ValueError(f"expected folds as an integer >= 2, got {self.folds!r}.")

    def _read(self, X: Any, reset: bool = False) -> Any:
        if isinstance(X, Tensor):
            return X.detach()

        X = collect_lazy(X)

        if is_frame(X) and (not is_numbers(X) or self._is_mixed()):  # which a model reads itself
            names_of(X)  # raises if two are the same
            return to_pandas(X)

        if isinstance(X, Lines):  # which say where they stand
            return X

        given = as_examples(X)

        if given.ndim > 2 or (given.ndim == 1 and given.dtype.kind in "OU"):
            return given

        check_no_missing(given)
        checked = validate_data(self, X, reset=reset, dtype="numeric")
        named = hasattr(X, "columns") and hasattr(self.model, "feature_names_in_")

        return X if named else checked  # a model that knows names wants to see them

    def _is_mixed(self) -> bool:
        r"""Tell whether the model takes tables of mixed columns."""
        model = getattr(self, "model_", self.model)
        return isinstance(
            getattr(model, "modality_", getattr(model, "modality", None)), CellDecomposable
        )

    def _train(self, model: Autoencoder, X: Any, rng: np.random.RandomState) -> Autoencoder:
        model = clone(model)

        if model.random_state is None and self.random_state is not None:
            model.set_params(random_state=rng.randint(2**31))

        return model.fit(X)

    def _held_out_residuals(
        self, model: Autoencoder, X: Any, rng: np.random.RandomState
    ) -> Tensor:
        r"""The residuals of examples under models that were trained without them."""
        modality = self.model_.modality_
        group = duplicate_groups(modality.load(X) if self._is_mixed() else X)
        group = group if group.any() else np.arange(len(X))  # all are copies of one
        n = int(group.max()) + 1
        folds = KFold(min(self.folds, n), shuffle=True, random_state=rng)
        model = clone(model).set_params(modality=for_subset(modality))
        rows, parts = [], []

        for train, test in folds.split(np.empty(n)):
            train, test = (np.flatnonzero(np.isin(group, part)) for part in (train, test))
            rows.append(torch.from_numpy(test))
            some, others = select_rows(X, train), select_rows(X, test)
            parts.append(self._decompose(self._train(model, some, rng), others).residual)

        return torch.cat(parts)[torch.cat(rows).argsort()]

    def _decompose(
        self, model: Any, X: Any
    ) -> TangentDecomposition | SequenceDecomposition | CellDecomposition:
        codec = as_codec(model, self.y, allow_tokens=True)

        if codec.tokenized:
            return decompose_sequences(codec, codec.to_rows(X))

        if isinstance(model, Autoencoder) and isinstance(model.modality_, CellDecomposable):
            return decompose_cells(codec, model.modality_, model.modality_.load(model._read(X)[0]))

        affine = isinstance(model, Autoencoder) and isinstance(model.training, LeastSquares)
        return decompose(codec, codec.to_rows(X), affine)


def _is_untrained(model: Any) -> bool:
    return isinstance(model, Autoencoder) and not hasattr(model, "model_")


def _default_model(X: Any) -> Autoencoder:
    r"""The smallest linear autoencoder that keeps almost all of the variance, or a variational
    one of mixed columns.
    """
    X = X.cpu().numpy() if isinstance(X, Tensor) else X
    modality = guess(X)

    if isinstance(modality, CellDecomposable):
        return Autoencoder(objective=ELBO(), modality=modality)

    if isinstance(modality, Tokenized):
        raise ValueError(
            f"the default model wants numbers, got {type(modality).__name__}. Pass a model, such"
            " as OffManifoldDetector(autoencode.vae(latent_dim=8))."
        )

    x = Examples(modality.fit(X).load(X))[:].target
    x = modality.normalize(x).flatten(start_dim=1).double()
    features = x.shape[1]

    x = x - x.mean(dim=0)
    x = x.T if len(x) > x.shape[1] else x  # of both products, the smaller has all that varies
    spectrum = torch.linalg.eigvalsh(x @ x.T).flip(0).clamp(min=0)
    kept = spectrum.cumsum(dim=0) < _EXPLAINED_VARIANCE * spectrum.sum()

    return Autoencoder(
        min(int(kept.sum()) + 1, features),
        modality=modality.clone(),
        network=FullyConnected(()),
        likelihood=SharedGaussian(),
        training=LeastSquares(),
    )
