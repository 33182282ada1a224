r"""Natural prior of codes that lie on a sphere or in another space."""

__all__ = ["Reference"]

from typing import Any

import torch
import torch.nn as nn
from torch import Tensor
from torch.distributions import Distribution

from .base import Prior


class Reference(Prior):
    r"""Natural distribution of codes that lie on a sphere or in another space.

    The posterior defines it: the uniform distribution for codes on a sphere, categories and binary
    codes, and the wrapped normal distribution around the origin for codes in hyperbolic space. It
    has no parameters, and is the default prior of such posteriors.

    References:
        | Hyperspherical Variational Auto-Encoders (Davidson et al., 2018), section 3
        | https://arxiv.org/abs/1804.00891

    Raises:
        ValueError: If the codes of the posterior are ordinary vectors.

    See Also:
        :class:`~autoencode.priors.StandardNormal`,
        :class:`~autoencode.distributions.PowerSpherical`

    Example:
        >>> import autoencode as ae
        >>> from autoencode.distributions import PowerSpherical
        >>> X = torch.randn(40, 4).numpy()
        >>> training = ae.Training(epochs=1)
        >>> ae.vae(3, posterior=PowerSpherical(), training=training).fit(X).prior_
        Reference()
    """

    euclidean = False

    zero: Tensor

    def attach(self, encoder: nn.Module, context: int = 0) -> None:
        family: Any = encoder.family

        if not family.has_reference:
            raise ValueError(
                f"Reference() needs codes on a sphere or in another space, but codes of"
                f" {family!r} are ordinary vectors. Use prior=StandardNormal() or prior=Mixture()."
            )

        self.attached: tuple[Any] = (
            family,
        )  # in a tuple, so that it is not a part of this module

    def build(self, latent_dim: int) -> "Reference":
        self.register_buffer("zero", torch.zeros(latent_dim), persistent=False)
        return self

    def forward(self) -> Distribution:
        (family,) = self.attached
        return family.reference(self.zero)
