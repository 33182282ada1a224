r"""Latent variable models.

A latent variable model explains :math:`x` by a hidden code :math:`z`,

.. math:: p(x, z) = p(z) \, p(x \mid z),

and an autoencoder adds an estimate :math:`q(z \mid x)` of the code from the data. The three
factors are the prior, the decoder and the encoder; everything else in this library is
written in terms of them.
"""

__all__ = ["BoundModel", "Conditional", "LatentModel", "Model"]

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution, Independent

from ..distributions import Family
from ..networks import Network
from ..priors import Prior


class Conditional(nn.Module):
    r"""Conditional distribution :math:`p(y \mid x, c)`: a network, then a family.

    The leading dimensions of :math:`x`, any number of them, become the batch shape of the
    distribution. Networks and families need not handle batch shapes.

    Arguments:
        network: Maps inputs, with shape `(N, *shape)`, and a context to :math:`N` rows of raw
            parameters.
        family: Maps raw parameters to a distribution.
        shape: The shape of one :math:`x`.
        event: The shape of one :math:`y`, without the event shape of the family.

    Example:
        >>> from autoencode.distributions import Gaussian
        >>> from autoencode.networks import FullyConnected
        >>> network = FullyConnected((32,)).decoder(2, (2 * 784,))
        >>> decoder = Conditional(network, Gaussian(), shape=(2,), event=(784,))
        >>> decoder(torch.randn(5, 64, 2)).log_prob(torch.randn(784)).shape
        torch.Size([5, 64])
    """

    def __init__(
        self,
        network: nn.Module,
        family: Family,
        shape: Sequence[int],
        event: Sequence[int],
    ) -> None:
        super().__init__()

        self.network = network
        self.family = family
        self.shape = tuple(shape)
        self.event = tuple(event)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Distribution:
        r"""
        Arguments:
            x: The input of the network, with shape `(*, *shape)`.
            c: The context, with shape `(B, C)`, where `B` is the last dimension of `*`.

        Returns:
            A distribution with batch shape `(*)`.

        Raises:
            ValueError: If the shape of `x` does not end in `shape`.
        """
        batch = x.shape[: max(0, x.ndim - len(self.shape))]

        if x.shape[len(batch) :] != self.shape:
            raise ValueError(f"expected a shape ending in {self.shape}, got {tuple(x.shape)}.")

        if c is not None:
            c = c.expand(*batch, -1).reshape(-1, c.shape[-1])

        # Networks may compute in half precision, but densities need single precision
        phi = self.network(x.reshape(-1, *self.shape), c).to(x.dtype)
        phi = phi.reshape(*batch, self.family.n_params, *self.event)
        y = self.family(phi.movedim(len(batch), -1))
        independent = len(y.batch_shape) - len(batch)

        return Independent(y, independent) if independent else y


class LatentModel(nn.Module):
    r"""Latent variable model with an encoder.

    Arguments:
        encoder: The posterior :math:`q(z \mid x)`, from data and context.
        decoder: The likelihood :math:`p(x \mid z)`, from code and context.
        prior: A module that returns :math:`p(z)` when called, such as a `zuko` flow.

    Example:
        >>> from autoencode.distributions import Dirac, SharedGaussian
        >>> from autoencode.networks import FullyConnected
        >>> from autoencode.priors import StandardNormal
        >>> parts = Dirac(), SharedGaussian(), StandardNormal()
        >>> model = LatentModel.build(FullyConnected(), (5,), 2, *parts)
        >>> model.decode(model.encode(torch.randn(7, 5)).mean).mean.shape
        torch.Size([7, 5])
    """

    encoder: Conditional
    decoder: Conditional
    prior: nn.Module

    context: Tensor | None = None
    r"""The bound context, which is `None` here; see :class:`BoundModel`."""

    def __init__(self, encoder: Conditional, decoder: Conditional, prior: nn.Module) -> None:
        super().__init__()

        self.encoder = encoder
        self.decoder = decoder
        self.prior = prior

    @classmethod
    def build(
        cls,
        network: Network,
        shape: Sequence[int],
        latent_dim: int,
        posterior: Family,
        likelihood: Family,
        prior: Prior,
        event: Sequence[int] | None = None,
        context: int = 0,
    ) -> "LatentModel":
        r"""Builds a model with new weights.

        Arguments:
            network: The architecture of encoder and decoder.
            shape: The shape of one example, as the encoder sees it.
            latent_dim: The number of features of the code.
            posterior: The family of :math:`q(z \mid x)`.
            likelihood: The family of :math:`p(x \mid z)`. It becomes a part of the model, as do
                the posterior and the prior.
            prior: The distribution :math:`p(z)`.
            event: The shape of one example, as the likelihood sees it; by default `shape`.
            context: The number of features of the context.

        Raises:
            ValueError: If the parts do not fit each other.
        """
        event = tuple(shape) if event is None else tuple(event)
        posterior = posterior.build(network, (latent_dim,))
        phi = network.encoder(shape, posterior.n_params * latent_dim, context)
        encoder = Conditional(phi, posterior, shape, (latent_dim,))
        outputs = likelihood.n_params * event[0], *event[1:]
        decoder = network.decoder(latent_dim, outputs, context)

        if prior.conditional and not context:
            raise ValueError(
                f"prior={prior!r} depends on a condition, but the model has none. Fit it with"
                " conditional=True (command line: --conditional), or choose another prior."
            )

        if posterior.has_reference and prior.euclidean:
            raise ValueError(
                f"prior={prior!r} is a density of vectors, but codes of {posterior!r} lie in a"
                " smaller space. Use prior=Reference() (command line: --prior Reference), the"
                " default of such codes, or prior=VampPrior()."
            )

        prior.attach(encoder, context)
        decoding = Conditional(decoder, likelihood.build(network, event), (latent_dim,), event)

        # The training is the same with every prior that is fitted after it, to the bit
        fork = torch.random.fork_rng(devices=[]) if prior.fits else contextlib.nullcontext()

        with fork:
            built = prior.build(latent_dim)

        return cls(encoder, decoding, built)

    def encode(self, x: Tensor) -> Distribution:
        r"""Returns :math:`q(z \mid x)` for `x` with shape `(*, *shape)`."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Distribution:
        r"""Returns :math:`p(x \mid z)` for `z` with shape `(*, D)`."""
        return self.decoder(z)

    @property
    def posterior(self) -> Family:
        r"""The family of :math:`q(z \mid x)`."""
        return self.encoder.family

    @property
    def likelihood(self) -> Family:
        r"""The family of :math:`p(x \mid z)`."""
        return self.decoder.family

    def given(self, c: Tensor | None, precision: str = "float32") -> "LatentModel | BoundModel":
        r"""Binds a context: returns :math:`p(x, z \mid c)`, with the same methods.

        Arguments:
            c: The context, such as labels, with shape `(B, C)`; `None` for no context.
            precision: `"bfloat16"` to multiply the matrices of the networks in bfloat16.
        """
        return self if c is None and precision == "float32" else BoundModel(self, c, precision)


@dataclass(frozen=True, eq=False)
class BoundModel:
    r"""Latent variable model given a context, :math:`p(x, z \mid c)`.

    It is a plain value: it has the methods of a model, and no parameters of its own.

    Arguments:
        model: The model.
        context: The context :math:`c`, with shape `(B, C)`, or `None`.
        precision: `"bfloat16"` to multiply the matrices of the networks in bfloat16. Densities,
            and what an objective computes from codes, stay in float32.

    Example:
        >>> from autoencode.distributions import Dirac, SharedGaussian
        >>> from autoencode.networks import FullyConnected
        >>> from autoencode.priors import StandardNormal
        >>> parts = Dirac(), SharedGaussian(), StandardNormal()
        >>> model = LatentModel.build(FullyConnected(), (5,), 2, *parts, context=3)
        >>> BoundModel(model, torch.randn(7, 3)).encode(torch.randn(7, 5)).mean.shape
        torch.Size([7, 2])
    """

    model: LatentModel
    context: Tensor | None
    precision: str = "float32"

    def given(self, c: Tensor | None, precision: str = "float32") -> "Model":
        r"""Binds another context instead, as :meth:`LatentModel.given` does."""
        return self.model.given(c, precision)

    def encode(self, x: Tensor) -> Distribution:
        r"""Returns :math:`q(z \mid x, c)` for `x` with shape `(*, *shape)`."""
        with self._autocast(x):
            return self.model.encoder(x, self.context)

    def decode(self, z: Tensor) -> Distribution:
        r"""Returns :math:`p(x \mid z, c)` for `z` with shape `(*, D)`."""
        with self._autocast(z):
            return self.model.decoder(z, self.context)

    def _autocast(self, x: Tensor) -> torch.autocast:
        return torch.autocast(x.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    @property
    def encoder(self) -> Conditional:
        r"""The posterior, as a function of data and context."""
        return self.model.encoder

    @property
    def decoder(self) -> Conditional:
        r"""The likelihood, as a function of code and context."""
        return self.model.decoder

    @property
    def prior(self) -> Callable[[], Distribution]:
        r"""The prior :math:`p(z)`, or :math:`p(z \mid c)` if it depends on the context."""
        prior = self.model.prior
        return partial(prior, self.context) if getattr(prior, "conditional", False) else prior

    @property
    def posterior(self) -> Family:
        r"""The family of :math:`q(z \mid x, c)`."""
        return self.model.posterior

    @property
    def likelihood(self) -> Family:
        r"""The family of :math:`p(x \mid z, c)`."""
        return self.model.likelihood


Model = LatentModel | BoundModel
r"""A latent variable model, bound to a context or not."""
