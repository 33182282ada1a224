r"""Plain and denoising autoencoders."""

__all__ = ["Reconstruction"]

from torch import Tensor

from ..distributions import Dirac
from ..models.latent import Model
from .base import Loss, Objective


class Reconstruction(Objective):
    r"""Expected distortion of the reconstruction.

    .. math:: \mathbb{E}_{q(z \mid \tilde x)} \big[ -\log p(x \mid z) \big]

    With :math:`\tilde x = x` it makes an autoencoder; with a corrupted :math:`\tilde x`, a
    denoising one.

    References:
        | Reducing the Dimensionality of Data with Neural Networks (Hinton & Salakhutdinov, 2006)
        | https://doi.org/10.1126/science.1127647

    See Also:
        :func:`~autoencode.recipes.autoencoder`, :func:`~autoencode.recipes.denoising`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = Reconstruction()
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['distortion', 'total']
    """

    posterior = Dirac

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        z = model.encode(x).rsample()
        distortion = -model.decode(z).log_prob(target)

        return Loss(distortion, {"distortion": distortion})
