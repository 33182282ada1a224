r"""Resolved choices of one fit, and the model that they describe."""

__all__ = ["Blueprint"]

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from ..corruptions import Compose, Corruption
from ..distributions import Family
from ..modalities import Modality
from ..modalities.capabilities import Tokenized
from ..modalities.capabilities.fitting import split_corruption, variation
from ..modalities.capabilities.sequences import event_shape
from ..modalities.context import ContinuousContext, Labels
from ..models.latent import LatentModel
from ..networks import Network
from ..objectives import Objective
from ..priors import Prior
from ..training.solver import TrainingDefaults
from ..training.step import TrainStep

_MAX_CHARACTERS = 100  # of one choice in a log line


@dataclass(frozen=True, eq=False)
class Blueprint:
    r"""Resolved choices of one fit: nothing is left open, and nothing is trained.

    :class:`~autoencode.Autoencoder` makes one in `fit`, keeps it as `blueprint_`, and stores it in
    files. It builds the same model without an estimator, too.

    Arguments:
        latent_dim: The number of features of the code.
        modality: The kind of data, fitted to their shape and scale.
        network: The architecture of encoder and decoder.
        posterior: The family of :math:`q(z \mid x)`.
        likelihood: The family of :math:`p(x \mid z)`.
        prior: The distribution :math:`p(z)`, before it is fitted.
        objective: The objective to minimize.
        corruption: The corruption of the encoder's input in training, or `None`.
        context: The kind of the labels or numbers of a conditional model, or `None`.

    Example:
        >>> import torch
        >>> from autoencode.distributions import Gaussian, SharedGaussian
        >>> from autoencode.modalities import Tables
        >>> from autoencode.networks import FullyConnected
        >>> from autoencode.objectives import ELBO
        >>> from autoencode.priors import StandardNormal
        >>> parts = FullyConnected(), Gaussian(), SharedGaussian(), StandardNormal(), ELBO()
        >>> modality = Tables().fit(torch.randn(10, 5).numpy())
        >>> model = Blueprint(2, modality, *parts).build()
        >>> model.encode(torch.randn(3, 5)).mean.shape
        torch.Size([3, 2])
    """

    latent_dim: int
    modality: Modality
    network: Network
    posterior: Family
    likelihood: Family
    prior: Prior
    objective: Objective
    corruption: Corruption | Callable[[Tensor], Tensor] | None = None
    context: Labels | ContinuousContext | None = None

    @property
    def has_density(self) -> bool:
        r"""Tell whether codes have a density, so that examples have one, too."""
        return self.posterior.has_density

    @property
    def generates(self) -> bool:
        r"""Tell whether new examples can be drawn: codes have a density, or follow the prior."""
        return self.has_density or self.prior.fits or self.objective.matches_prior

    def build(self) -> LatentModel:
        r"""Builds a model with new weights, which shares nothing with this blueprint.

        Raises:
            ValueError: If the parts do not fit each other.
        """
        return LatentModel.build(
            self.network,
            self.modality.shape_,
            self.latent_dim,
            self.posterior.clone(),
            self.likelihood.clone(),
            self.prior.clone(),
            event=event_shape(self.modality),
            context=self.context.size_ if self.context else 0,
        )

    def build_likelihood(self) -> Family:
        r"""Builds the likelihood alone, with untrained parameters and without a token decoder."""
        family = self.likelihood.clone()

        if isinstance(self.modality, Tokenized):
            return family

        return family.build(self.network, event_shape(self.modality))

    def build_objective(self, model: LatentModel, n_examples: int = 1) -> Objective:
        r"""Builds the objective, with untrained parameters, if it has any.

        Arguments:
            model: The model, as of :meth:`build`.
            n_examples: The number of training examples.
        """
        return self.objective.clone().build(model, n_examples)

    def train_step(
        self, model: LatentModel, n_examples: int = 1, objective: Objective | None = None
    ) -> TrainStep:
        r"""Returns the loss of minibatches under a model: scaling, corruption and objective.

        Arguments:
            model: The model, as of :meth:`build`.
            n_examples: The number of training examples.
            objective: The trained objective of a trained model. By default a new one is built,
                which may set first weights of the model.
        """
        before, after = self.split_corruption()

        return TrainStep(
            model,
            self.build_objective(model, n_examples) if objective is None else objective,
            after,
            self.modality.normalize,
            before,
            augment=variation(self.modality),
        )

    def split_corruption(
        self,
    ) -> tuple[Callable[[Tensor], Tensor] | None, Callable[[Tensor], Tensor]]:
        r"""Returns the corruptions of examples before and after scaling."""
        if self.corruption is None:
            return None, nn.Identity()

        if isinstance(self.corruption, Corruption):
            return split_corruption(self.modality, self.corruption.clone())

        return split_corruption(self.modality, Compose([self.corruption]))

    def training_defaults(self) -> TrainingDefaults:
        r"""Returns the defaults of the training that the network suggests."""
        return TrainingDefaults(
            self.network.learning_rate,
            batch_size=self.network.batch_size,
            max_batch_size=self.network.max_batch_size,
            # Texts of different lengths give minibatches of different shapes
            static_shapes=self.network.vocab_size is None,
        )

    def describe(self, n: int, n_held_out: int) -> str:
        r"""Returns the resolved choices in words, for the log.

        Arguments:
            n: The number of examples to train on.
            n_held_out: The number of validation examples.
        """
        parts = self.modality, self.network, self.likelihood, self.posterior
        kind, network, likelihood, posterior = map(_shortened, parts)

        return (
            f"{n:,} example{'s' * (n != 1)} of shape {self.modality.shape_} as {kind},"
            f" {n_held_out:,} held out; {network}; likelihood {likelihood};"
            f" posterior {posterior}."
        )


def _shortened(choice: object) -> str:
    r"""Returns a choice in words, without the end of long lists of arguments."""
    text = repr(choice)
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 4]} ...)"
