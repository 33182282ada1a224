r"""Autoencoders with the interface of scikit-learn."""

__all__ = ["Autoencoder"]

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ..blueprint import arguments
from ..common import container
from ..common.atomic_files import check_writable
from ..common.seeding import Seed
from ..corruptions import Corruption
from ..distributions import Family
from ..modalities import ContinuousContext, Labels, Modality
from ..networks import Network
from ..objectives import Objective
from ..persistence import encoding, model_file
from ..priors import Prior
from ..training.solver import Solver
from .availability import has_no_decoder
from .fit_methods import FitMethods
from .forecast_methods import ForecastMethods
from .linear_attributes import LinearAttributes
from .recommend_methods import RecommendMethods
from .sample_methods import SampleMethods
from .score_methods import ScoreMethods
from .writing import CompressMethods, ExportMethods


class Autoencoder(
    CompressMethods,
    ExportMethods,
    ForecastMethods,
    RecommendMethods,
    ScoreMethods,
    SampleMethods,
    FitMethods,
    LinearAttributes,
):
    r"""Autoencoder with the interface of scikit-learn.

    Each argument has a default. :mod:`~autoencode.recipes` has functions for the combinations that
    have names in the literature. Arguments of nested objects are set as `objective__beta` or
    `training__epochs`.

    Arguments:
        latent_dim: The number of features of the code; by default chosen from the data, see
            :func:`~autoencode.blueprint.code_size.choose_code_size`. Use 2 for a map.
        objective: The objective to minimize; by default
            :class:`~autoencode.objectives.Reconstruction`.
        modality: The kind of data, or a list of kinds, of which the first that accepts the data is
            used; by default guessed from the data.
        network: The architecture of encoder and decoder; by default that of the modality. It may
            be a pair of plain torch modules, trained or not, see
            :class:`~autoencode.networks.Modules`.
        posterior: The family of :math:`q(z \mid x)`; by default that of the objective.
        likelihood: The family of :math:`p(x \mid z)`; by default chosen by the modality from the
            data.
        prior: The distribution :math:`p(z)`, or `"best"`, with which held-out codes choose among
            several, see :class:`~autoencode.priors.BestPrior`; by default that of the objective.
            For :class:`~autoencode.objectives.ELBO` it is a :class:`~autoencode.priors.Mixture`,
            which is fitted to the codes after the training; with `conditional`, a
            :class:`~autoencode.priors.ConditionalMixture`.
        corruption: The corruption of the encoder's input in training: a
            :class:`~autoencode.corruptions.Corruption` or a function from tensor to tensor.
        conditional: Whether to model `X` given `y`, :math:`p(x, z \mid y)`; or
            :class:`~autoencode.modalities.Labels` or
            :class:`~autoencode.modalities.ContinuousContext`, to fix the kind of `y`.
        training: The training method; by default :class:`~autoencode.Training`.
        random_state: The seed of `fit`, and of the estimates of `score_samples`.

    Attributes:
        objective_: The trained objective, with its own parameters, if it has any.
        blueprint_: All resolved choices, as :class:`~autoencode.blueprint.Blueprint`.
        model_: The trained :class:`~autoencode.models.latent.LatentModel`.
        encoder_: Its encoder, :math:`q(z \mid x)`.
        modality_: The kind of data, with their shape and scale.
        latent_dim_: The number of features of the code, given or chosen.
        network_: The architecture, given or chosen.
        likelihood_: The family of :math:`p(x \mid z)`, given or chosen.
        prior_: The prior, given or chosen; the fitted prior is `model_.prior`.
        context_: The kind of `y`, or `None`.
        fitted_: A copy of the estimator with its arguments at the time of `fit`.
        training_: The training method with all choices resolved, such as device and precision.
        moments_: The step count and moments of the optimizer, after `partial_fit`.
        history_: One record per epoch, see :class:`~autoencode.training.EpochRecord`.
        n_features_in_: The number of columns, for tables.
        components_, mean_, explained_variance_, explained_variance_ratio_: Those of PCA, for
            :func:`~autoencode.recipes.linear`.

    See Also:
        :func:`~autoencode.recipes.autoencoder`, :func:`~autoencode.recipes.vae`,
        :func:`~autoencode.load`

    Example:
        >>> import numpy as np
        >>> from autoencode import Training
        >>> from autoencode.objectives import ELBO
        >>> X = np.random.default_rng(0).normal(size=(64, 5))
        >>> vae = Autoencoder(2, objective=ELBO(), training=Training(epochs=2)).fit(X)
        >>> vae.transform(X).shape, vae.sample(16).shape
        ((64, 2), (16, 5))
    """

    def __init__(
        self,
        latent_dim: int | None = None,
        objective: Objective | None = None,
        modality: Modality | Sequence[Modality] | None = None,
        network: Network | nn.Module | tuple[Any, Any] | None = None,
        posterior: Family | None = None,
        likelihood: Family | None = None,
        prior: Prior | Literal["best"] | None = None,
        corruption: Corruption | Callable[[Tensor], Tensor] | None = None,
        conditional: bool | Labels | ContinuousContext = False,
        training: Solver | None = None,
        random_state: Seed = None,
    ) -> None:
        self.latent_dim = latent_dim
        self.objective = objective
        self.modality = modality
        self.network = network
        self.posterior = posterior
        self.likelihood = likelihood
        self.prior = prior
        self.corruption = corruption
        self.conditional = conditional
        self.training = training
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]  # codes are always float32
        kinds = self.modality if isinstance(self.modality, (list, tuple)) else [self.modality]
        tags.input_tags.sparse = any(getattr(kind, "takes_sparse", False) for kind in kinds)

        return tags

    def set_params(self, **params: Any) -> "Autoencoder":
        r"""Sets arguments by name, those of nested objects as `training__epochs`.

        If the nested object is `None`, its default is created first, unless the default depends on
        the data.

        Raises:
            ValueError: If there is no such argument.
        """
        for name, value in arguments.defaults_for(self.get_params(deep=False), params).items():
            setattr(self, name, value)

        return super().set_params(**params)

    def to(self, device: str | torch.device) -> "Autoencoder":
        r"""Moves the fitted model to a device, where all methods then compute.

        `fit` leaves a model on the device of the training, and :func:`~autoencode.load` puts it
        on the processor.

        Arguments:
            device: The device, such as `"cpu"` or `"cuda"`.

        Returns:
            The estimator itself.

        Raises:
            ValueError: If there is no such device.
        """
        check_is_fitted(self, "model_")

        try:
            device = torch.empty(0, device=device).device
        except (RuntimeError, AssertionError, TypeError) as error:
            reason = str(error).splitlines()[0][:200]
            raise ValueError(
                f"expected a device such as 'cpu', got {device!r}: {reason}"
            ) from None

        if device.type == "meta":
            raise ValueError("expected a device that holds numbers, such as 'cpu', got 'meta'.")

        return self._move(device)

    def save(self, path: str | Path, encoder_only: bool = False) -> None:
        r"""Saves the model with its preprocessing to one file.

        Arguments:
            path: The file. It is replaced when the new file is complete.
            encoder_only: Whether to leave out the decoder; such a model can only `transform`.

        Raises:
            ValueError: If the file cannot be written, exists and is not a model, or an argument
                cannot be stored.
            OSError: If writing fails, for example on a full disk. An earlier model is kept.
        """
        check_is_fitted(self, "model_")

        if not encoder_only and (why := has_no_decoder(self._abilities)):
            raise ValueError(why)

        encoding.check_replaceable(path)
        check_writable(path)

        container.write(path, *model_file.pack(self._state(), type(self), encoder_only))
