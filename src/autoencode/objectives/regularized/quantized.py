r"""Reconstruction from quantized codes."""

__all__ = ["VQ"]

from torch import Tensor

from ...common.ranges import check_at_least
from ...distributions import VectorQuantizer
from ...distributions.codes.codebook import perplexity, quantized_point
from ...models.latent import Model
from ...priors import Mixture
from ..base import Loss, Objective


class VQ(Objective):
    r"""Reconstruction from quantized codes, with a penalty that keeps the encoder near entries.

    .. math:: -\log p(x \mid z) + \beta \, \| \phi - \mathrm{sg}(z) \|^2

    :math:`\phi` is the code before it is quantized, and :math:`\mathrm{sg}` passes no gradient.
    The entries themselves are moving averages, see
    :class:`~autoencode.distributions.VectorQuantizer`. The records of training hold the
    perplexity, the effective number of entries that a minibatch uses.

    References:
        | Neural Discrete Representation Learning (van den Oord et al., 2017), equation 3
        | https://arxiv.org/abs/1711.00937

    Arguments:
        commitment: The weight :math:`\beta \geq 0`.

    Raises:
        ValueError: If the weight is negative, or the posterior is not quantized.

    See Also:
        :class:`~autoencode.distributions.VectorQuantizer`,
        :class:`~autoencode.objectives.Reconstruction`

    Example:
        >>> VQ().posterior.__name__
        'VectorQuantizer'
    """

    posterior = VectorQuantizer
    prior = Mixture

    def __init__(self, commitment: float = 0.25) -> None:
        super().__init__()

        check_at_least(0, commitment=commitment)

        self.commitment = commitment

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        q = model.encode(x)
        point = quantized_point(q)
        commitment = point.commitment
        distortion = -model.decode(q.rsample()).log_prob(target)

        return Loss(
            distortion + self.commitment * commitment,
            {
                "distortion": distortion,
                "commitment": commitment,
                "perplexity": perplexity(point.index, point.size).to(distortion),
            },
        )
