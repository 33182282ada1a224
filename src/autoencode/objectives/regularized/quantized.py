r"""Reconstruction from quantized codes."""

__all__ = ["VQ"]

from torch import Tensor

from ...common.schedules import WeightSchedule, check_weights
from ...distributions import VectorQuantizer
from ...distributions.codes.codebook import perplexity, quantized_point
from ...models.latent import Model
from ...priors import Mixture
from ..base import Loss, Objective


class VQ(Objective):
    r"""Reconstruction from quantized codes, with a penalty that keeps the encoder near the
    entries.

    .. math:: -\log p(x \mid z) + \beta \, \| \phi - \mathrm{sg}(z) \|^2

    :math:`\phi` is the code before it is quantized, and :math:`\mathrm{sg}` passes no gradient.
    The entries themselves are moving averages, see
    :class:`~autoencode.distributions.VectorQuantizer`. The training records contain the
    perplexity, the effective number of entries that a minibatch uses. A posterior may add a
    penalty, as :class:`~autoencode.distributions.LookupFreeQuantizer` does.

    References:
        | Neural Discrete Representation Learning (van den Oord et al., 2017), equation 3
        | https://arxiv.org/abs/1711.00937

    Arguments:
        commitment_weight: The weight :math:`\beta \geq 0`.

    Raises:
        ValueError: If the weight is negative, or the posterior is not quantized.

    See Also:
        :class:`~autoencode.distributions.VectorQuantizer`,
        :class:`~autoencode.objectives.Reconstruction`

    Example:
        >>> import numpy as np
        >>> import autoencode as ae
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(60, 4))
        >>> objective = VQ(commitment_weight=0.5)
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['commitment', 'distortion', 'perplexity', 'total']
    """

    posterior = VectorQuantizer
    prior = Mixture

    def __init__(self, commitment_weight: float | WeightSchedule = 0.25) -> None:
        super().__init__()

        check_weights(commitment_weight=commitment_weight)

        self.commitment_weight = commitment_weight

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q = model.encode(x)
        point = quantized_point(q)
        commitment = point.commitment
        distortion = -model.decode(q.rsample()).log_prob(target)

        used = point.index, point.size, point.n_codebooks
        total = distortion + self.current(self.commitment_weight) * commitment
        terms = {
            "distortion": distortion,
            "commitment": commitment,
            "perplexity": perplexity(*used).to(distortion),
        }

        if point.penalty is not None:
            total, terms = total + point.penalty, {**terms, "penalty": point.penalty}

        return Loss(total, terms)
