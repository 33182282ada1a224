r"""Priors :math:`p(z)` of the code."""

__all__ = ["Prior", "sample_prior"]

import abc
from collections.abc import Callable
from typing import ClassVar, TypeVar

import torch.nn as nn
from torch import Size, Tensor
from torch.distributions import Distribution

from ..common.configurable import Configurable

Self = TypeVar("Self", bound="Prior")


class Prior(Configurable, nn.Module, abc.ABC):
    r"""Abstract prior: a module that returns :math:`p(z)` when called.

    Its arguments do not depend on the code size; `build` creates the parameters.

    See Also:
        :class:`~autoencode.priors.StandardNormal`, :class:`~autoencode.priors.Mixture`
    """

    fits: bool = False
    r"""True if the prior is fitted to the codes after the training."""

    conditional: bool = False
    r"""True if the prior is :math:`p(z \mid c)`: it is called with contexts `(B, C)` and returns
    a distribution with batch shape `(B,)`. Such a prior needs a model with `conditional=True`."""

    euclidean: ClassVar[bool] = True
    r"""True if the prior is a density of vectors. Such a prior does not suit codes on a sphere,
    for example; see :class:`~autoencode.priors.Reference`."""

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        r"""Passes the encoder to the prior, before the prior is built. Most priors do not need it.

        A prior that keeps the encoder stores it in a tuple, `(encoder,)`. The encoder is then not
        a part of the prior, and its weights are not stored twice.

        Arguments:
            encoder: The posterior :math:`q(z \mid x)`, a
                :class:`~autoencode.models.latent.Conditional`.
            context: The number of features of the context.

        Raises:
            ValueError: If the prior cannot use such an encoder.
        """

    @abc.abstractmethod
    def build(self: Self, latent_dim: int) -> Self:
        r"""Creates the parameters for codes with shape `(latent_dim,)`, and returns the prior."""

    @abc.abstractmethod
    def forward(self) -> Distribution:
        r"""
        Returns:
            The distribution :math:`p(z)`, with batch shape `()` and event shape `(D,)`.
        """

    def start(self, examples: Callable[[], tuple[Tensor, Tensor | None]]) -> None:
        r"""Initializes the parameters from examples, before the training. Most priors do nothing.

        Arguments:
            examples: Returns some examples of the training set, scaled as the encoder sees them,
                with shape `(M, *)`, and their contexts, with shape `(M, C)`, or `None`.

        Raises:
            ValueError: If the prior cannot use such examples.
        """

    def fit(self, codes: Callable[[], Tensor], contexts: Tensor | None = None) -> None:
        r"""Fits the prior to codes of the trained encoder. Most priors do nothing.

        Arguments:
            codes: Draws codes :math:`z_i \sim q(z \mid x_i)`, `k` per example, with shape
                `(N, k, D)`.
            contexts: The contexts of the same examples, with shape `(N, C)`. Only priors with
                `conditional` get it.
        """


def sample_prior(p: Distribution, n: int) -> Tensor:
    r"""Draw codes from a prior: from one distribution, or from one for each context.

    Arguments:
        p: The prior, with batch shape `()`, `(1,)` or `(n,)`.
        n: The number of codes.

    Returns:
        The codes, with shape `(n, D)`.

    Example:
        >>> import torch
        >>> from torch.distributions import Independent, Normal
        >>> sample_prior(Independent(Normal(torch.zeros(4, 2), 1.0), 1), 4).shape
        torch.Size([4, 2])
    """
    if not p.batch_shape:
        return p.sample(Size([n]))

    return p.sample() if p.batch_shape[0] == n else p.sample(Size([n])).squeeze(dim=1)
