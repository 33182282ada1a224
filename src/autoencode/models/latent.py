r"""Latent variable models.

A latent variable model explains :math:`x` by a hidden code :math:`z`,

.. math:: p(x, z) = p(z) \, p(x \mid z),

and an autoencoder adds a guess :math:`q(z \mid x)` of the code from the data. The three
factors are the prior, the decoder and the encoder; everything else in this library is
written in terms of them.
"""

__all__ = ["Conditional", "LatentModel"]

from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution, Independent

from ..distributions import Family


class Conditional(nn.Module):
    r"""Conditional distribution :math:`p(y \mid x, c)`: a network, then a family.

    The leading dimensions of :math:`x`, any number of them, become the batch shape of the
    distribution. Batch shapes are handled here alone.

    Arguments:
        network: Maps inputs, with shape `(N, *given)`, and a context to :math:`N` rows of raw
            parameters.
        family: Maps raw parameters to a distribution.
        given: The shape of one :math:`x`.
        event: The shape of one :math:`y`, without the event shape of the family.

    Example:
        >>> from autoencode.distributions import Gaussian
        >>> from autoencode.networks import FullyConnected
        >>> network = FullyConnected((32,)).decoder(2, (2 * 784,))
        >>> decoder = Conditional(network, Gaussian(), given=(2,), event=(784,))
        >>> decoder(torch.randn(5, 64, 2)).log_prob(torch.randn(784)).shape
        torch.Size([5, 64])
    """

    def __init__(
        self,
        network: nn.Module,
        family: Family,
        given: Sequence[int],
        event: Sequence[int],
    ) -> None:
        super().__init__()

        self.network = network
        self.family = family
        self.given = tuple(given)
        self.event = tuple(event)

    def forward(self, x: Tensor, c: Tensor | None = None) -> Distribution:
        r"""
        Arguments:
            x: What the distribution depends on, with shape `(*, *given)`.
            c: The context, with shape `(B, C)`, where `B` is the last dimension of `*`.

        Returns:
            A distribution with batch shape `(*)`.

        Raises:
            ValueError: If the shape of `x` does not end in `given`.
        """
        batch = x.shape[: max(0, x.ndim - len(self.given))]

        if x.shape[len(batch) :] != self.given:
            raise ValueError(f"expected a shape ending in {self.given}, got {tuple(x.shape)}.")

        if c is not None:
            c = c.expand(*batch, -1).reshape(-1, c.shape[-1])

        # Networks may compute in half precision, densities may not
        phi = self.network(x.reshape(-1, *self.given), c).to(x.dtype)
        phi = phi.reshape(*batch, self.family.n_params, *self.event)
        y = self.family(phi.movedim(len(batch), -1))

        return Independent(y, len(y.batch_shape) - len(batch))


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
        >>> f = Conditional(FullyConnected().encoder((5,), 2), Dirac(), (5,), (2,))
        >>> g = Conditional(FullyConnected().decoder(2, (5,)), SharedGaussian(), (2,), (5,))
        >>> model = LatentModel(f, g, StandardNormal().build(2))
        >>> model.decode(model.encode(torch.randn(7, 5)).mean).mean.shape
        torch.Size([7, 5])
    """

    encoder: Conditional
    decoder: Conditional
    prior: nn.Module

    context: Tensor | None = None
    r"""The bound context, with shape `(B, C)`, or `None`."""

    def __init__(self, encoder: Conditional, decoder: Conditional, prior: nn.Module) -> None:
        super().__init__()

        self.encoder = encoder
        self.decoder = decoder
        self.prior = prior

    def encode(self, x: Tensor) -> Distribution:
        r"""Returns :math:`q(z \mid x)` for `x` with shape `(*, *given)`."""
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

    def given(self, c: Tensor | None) -> "LatentModel":
        r"""Binds a context: returns :math:`p(x, z \mid c)` as a model with the same methods.

        Arguments:
            c: The context, such as labels, with shape `(B, C)`; `None` for no context.
        """
        return self if c is None else _BoundModel(self, c)


class _BoundModel(LatentModel):
    r"""Model bound to a context. It shares all parameters, and registers none again."""

    bound: tuple[LatentModel, Tensor]

    def __init__(self, model: LatentModel, c: Tensor) -> None:
        # Torch's compiler cannot trace the creation of the dictionaries of a module
        if not torch.compiler.is_compiling():
            nn.Module.__init__(self)

        # A tuple hides the model from `parameters()` and `train()`
        object.__setattr__(self, "bound", (model, c))

    @property
    def context(self) -> Tensor:  # type: ignore[override]
        return self.bound[1]

    def encode(self, x: Tensor) -> Distribution:
        model, c = self.bound
        return model.encoder(x, c)

    def decode(self, z: Tensor) -> Distribution:
        model, c = self.bound
        return model.decoder(z, c)

    @property
    def posterior(self) -> Family:
        return self.bound[0].posterior

    @property
    def likelihood(self) -> Family:
        return self.bound[0].likelihood

    @property
    def prior(self) -> nn.Module:  # type: ignore[override]
        return self.bound[0].prior
