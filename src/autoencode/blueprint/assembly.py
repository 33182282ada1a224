r"""Components and model that the arguments of an estimator describe."""

__all__ = [
    "build",
    "describe",
    "latent_dim",
    "likelihood",
    "network",
    "objective",
    "posterior",
    "prior",
    "stages",
    "training_defaults",
]

from collections.abc import Callable
from numbers import Integral
from typing import Any

from torch import Tensor, nn

from .. import corruptions
from ..corruptions import Corruption
from ..distributions import Dirac, Family
from ..models.latent import LatentModel
from ..networks import Network
from ..objectives import Objective, Reconstruction
from ..priors import Prior, StandardNormal
from ..training.trainer import TrainingDefaults


def latent_dim(estimator: Any) -> int | None:
    r"""Number of features of the code, or `None` to choose it from the data.

    Raises:
        ValueError: If it is not a positive integer.

    Example:
        >>> from autoencode import Autoencoder
        >>> latent_dim(Autoencoder(2.5))
        Traceback (most recent call last):
        ValueError: expected latent_dim as an integer >= 1, or None, got 2.5.
    """
    D = estimator.latent_dim

    if D is None:
        return None

    if not isinstance(D, Integral) or isinstance(D, bool) or D < 1:
        raise ValueError(f"expected latent_dim as an integer >= 1, or None, got {D!r}.")

    return int(D)


def objective(estimator: Any) -> Objective:
    r"""Objective to minimize.

    Example:
        >>> from autoencode import Autoencoder
        >>> objective(Autoencoder())
        Reconstruction()
    """
    return (estimator.objective or Reconstruction()).clone()


def posterior(estimator: Any) -> Family:
    r"""Family of the codes: the argument, or the default of the objective.

    Example:
        >>> from autoencode import Autoencoder
        >>> posterior(Autoencoder())
        Dirac()
    """
    return (estimator.posterior or objective(estimator).posterior()).clone()


def prior(estimator: Any) -> Prior:
    r"""Prior of the codes: the argument, or the default of the objective.

    The default of conditional models is the unit Gaussian. A prior fitted to the codes of all
    labels would draw codes of other labels.

    Example:
        >>> from autoencode import Autoencoder
        >>> prior(Autoencoder())
        StandardNormal()
    """
    default = StandardNormal if estimator.conditional else objective(estimator).prior
    return (estimator.prior or default()).clone()


def network(estimator: Any, damaged: bool = False) -> Network:
    r"""Architecture of the networks: the argument or the modality's default, adapted to the data.

    Arguments:
        estimator: An :class:`~autoencode.Autoencoder` that knows its data, by `modality_`.
        damaged: Whether damaged versions of the examples are given.

    Example:
        >>> network(model)  # doctest: +SKIP
        FullyConnected(layers=(512, 256))
    """
    modality = estimator.modality_
    damaged = damaged or estimator.corruption is not None
    is_open = estimator.latent_dim is None and isinstance(posterior(estimator), Dirac)
    default = modality.denoiser if damaged and is_open else modality.network

    return modality.adapt_network(estimator.network or default())


def training_defaults(estimator: Any) -> TrainingDefaults:
    r"""Training defaults suggested by the network.

    Example:
        >>> training_defaults(model).learning_rate  # doctest: +SKIP
        0.002
    """
    architecture = estimator.network_

    # Texts of different lengths give minibatches of different shapes
    return TrainingDefaults(
        architecture.learning_rate,
        batch_size=architecture.batch_size,
        static_shapes=architecture.vocab_size is None,
    )


def likelihood(estimator: Any) -> Family:
    r"""Likelihood with untrained parameters, without a token decoder.

    Example:
        >>> likelihood(model)  # doctest: +SKIP
        SharedGaussian()
    """
    family, modality = estimator.likelihood_.clone(), estimator.modality_
    return family if modality.symbolic else family.build(estimator.network_, modality.event_)


def stages(estimator: Any) -> tuple[Callable[[Tensor], Tensor] | None, Callable[[Tensor], Tensor]]:
    r"""Corruptions of examples before and after scaling.

    Example:
        >>> stages(ae.denoising(8).fit(X))  # doctest: +SKIP
        (None, GaussianNoise(std=0.5))
    """
    corruption = estimator.corruption

    if corruption is None:
        return None, nn.Identity()

    if isinstance(corruption, Corruption):
        return estimator.modality_.split_corruption(corruption.clone())

    return estimator.modality_.split_corruption(corruptions.Compose([corruption]))


def build(estimator: Any) -> LatentModel:
    r"""Build a model with new weights.

    Arguments:
        estimator: An :class:`~autoencode.Autoencoder` that knows its data, by `modality_`,
            `latent_dim_`, `network_`, `likelihood_`, `prior_` and `context_`.

    Example:
        >>> build(model).load_state_dict(model.model_.state_dict())  # doctest: +SKIP
        <All keys matched successfully>
    """
    modality, context = estimator.modality_, estimator.context_

    return LatentModel.build(
        estimator.network_,
        modality.shape_,
        estimator.latent_dim_,
        posterior(estimator),
        estimator.likelihood_,
        estimator.prior_.clone(),
        event=modality.event_,
        context=context.size_ if context else 0,
    )


def describe(estimator: Any, n: int, held_out: int) -> str:
    r"""Describe the resolved choices, for the log.

    Arguments:
        estimator: As for :func:`build`.
        n: The number of examples to train on.
        held_out: The number of validation examples.

    Example:
        >>> describe(model, 1797, 0)  # doctest: +SKIP
        '1,797 examples of shape (64,) as Tables(), 0 held out; FullyConnected(); ...'
    """
    modality = estimator.modality_

    return (
        f"{n:,} example{'s' * (n != 1)} of shape {modality.shape_} as {modality},"
        f" {held_out:,} held out; {estimator.network_}; likelihood {estimator.likelihood_};"
        f" posterior {posterior(estimator)}."
    )
