r"""Perceptual differences of images, added to any objective."""

__all__ = ["ImageSimilarity"]

import math
from typing import Literal, cast

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from ..common.checks.ranges import check_choice
from ..common.schedules import WeightSchedule, check_weights
from ..models.latent import LatentModel, Model
from .base import Loss, Objective, penalty_weight
from .reconstruction import Reconstruction
from .wrapping import RecordingModel, inherit_settings

_EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _STD = 11, 1.5
_LUMINANCE_STABILIZER, _CONTRAST_STABILIZER = 0.01**2, 0.03**2


class ImageSimilarity(Objective):
    r"""Any objective, with a perceptual difference between images and reconstructions.

    .. math:: \mathcal{L}(x) + \lambda \, d \big( x, \mathbb{E}[x \mid z] \big)

    | measure | difference :math:`d` |
    | --- | --- |
    | `"ms_ssim"` | one minus the structural similarity, a product over up to five scales |
    | `"focal_frequency"` | mean of :math:`w \lvert F - \hat F \rvert^2` over frequencies |

    With squared errors, which treat each pixel alone, reconstructions are blurred. Structural
    similarity compares the means, contrasts and correlations of windows. The weights
    :math:`w = \lvert F - \hat F \rvert / \max \lvert F - \hat F \rvert` count as constants, and
    emphasize the frequencies that are reconstructed worst. Intensities are those of the scaled
    data, 0 to 1. Windows of images with sides below 11 pixels are smaller.

    References:
        | Multiscale Structural Similarity for Image Quality Assessment (Wang et al., 2003),
          equation 7
        | https://doi.org/10.1109/ACSSC.2003.1292216

        | Focal Frequency Loss for Image Reconstruction and Synthesis (Jiang et al., 2021),
          equations 6 to 8
        | https://arxiv.org/abs/2012.12821

    Arguments:
        objective: The objective; by default :class:`~autoencode.objectives.Reconstruction`.
        measure: The difference.
        weight: The weight :math:`\lambda \geq 0`; by default the number of elements of an example.

    Raises:
        ValueError: If an argument is out of its range, or examples are not images.

    See Also:
        :class:`~autoencode.objectives.Reconstruction`, :class:`~autoencode.objectives.Matryoshka`

    Example:
        >>> import autoencode as ae
        >>> X = ae.datasets.digits().X[:60]
        >>> objective = ImageSimilarity(measure="focal_frequency")
        >>> model = ae.Autoencoder(2, objective=objective, training=ae.Training(epochs=1))
        >>> sorted(model.fit(X).history_[0].train)
        ['difference', 'distortion', 'total']
    """

    posterior = Reconstruction.posterior

    def __init__(
        self,
        objective: Objective | None = None,
        measure: Literal["ms_ssim", "focal_frequency"] = "ms_ssim",
        weight: float | WeightSchedule | None = None,
    ) -> None:
        super().__init__()

        check_choice(("ms_ssim", "focal_frequency"), measure=measure)
        check_weights(weight=weight)

        self.objective = objective
        self.measure = measure
        self.weight = weight
        self.whole = (objective or Reconstruction()).clone()

        inherit_settings(self, self.whole)

    def build(self, model: LatentModel, n_examples: int = 1) -> "ImageSimilarity":
        if len(model.encoder.shape) != 3:
            raise ValueError(
                "expected images for ImageSimilarity, got examples of shape"
                f" {tuple(model.encoder.shape)}. Use another objective, or modality=Images()."
            )

        self.whole = self.whole.build(model, n_examples)
        return super().build(model, n_examples)

    def forward(self, model: Model, x: Tensor, target: Tensor) -> Loss:
        recorded = RecordingModel(model)
        loss = self.whole(cast(Model, recorded), x, target)
        means = recorded.decoded[0].mean
        measure = ms_ssim if self.measure == "ms_ssim" else focal_frequency
        images, copies = (t.flatten(end_dim=-4) for t in torch.broadcast_tensors(target, means))
        difference = measure(images, copies).unflatten(0, means.shape[:-3])
        difference = difference.reshape(-1, len(target)).mean(dim=0)
        weight = penalty_weight(self.current(self.weight), target)

        return Loss(loss.total + weight * difference, {**loss.terms, "difference": difference})


def structural_similarity(x: Tensor, y: Tensor) -> Tensor:
    r"""Structural similarity of images with intensities from 0 to 1, the mean over windows.

    .. math:: \frac{(2 \mu_x \mu_y + c_1) (2 \sigma_{xy} + c_2)}
        {(\mu_x^2 + \mu_y^2 + c_1) (\sigma_x^2 + \sigma_y^2 + c_2)}

    References:
        | Image Quality Assessment: From Error Visibility to Structural Similarity
          (Wang et al., 2004)
        | https://doi.org/10.1109/TIP.2003.819861

    Arguments:
        x: Images, with shape `(B, C, H, W)`.
        y: Other images, of the same shape.

    Returns:
        The similarities, with shape `(B,)`, 1 for equal images.

    Example:
        >>> x = torch.rand(2, 1, 16, 16)
        >>> (structural_similarity(x, x) - 1).abs().max() < 1e-5
        tensor(True)
    """
    luminance, structure = _similarities(x, y)
    return (luminance * structure).mean(dim=(-3, -2, -1))


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    r"""One minus the multiscale structural similarity of images with intensities from 0 to 1.

    .. math:: 1 - l_M(x, y)^{\alpha_M} \prod_{j=1}^M cs_j(x, y)^{\alpha_j}

    Each scale halves the sides of the images. There are up to five scales, and fewer for small
    images; their exponents are then divided by their sum.

    Arguments:
        x: Images, with shape `(B, C, H, W)`.
        y: Other images, of the same shape.

    Returns:
        The differences, with shape `(B,)`.

    Example:
        >>> x = torch.rand(2, 1, 32, 32)
        >>> ms_ssim(x, x).abs().max() < 1e-5
        tensor(True)
    """
    side = min(x.shape[-2:])
    n_scales = max(1, min(len(_EXPONENTS), 1 + int(math.log2(max(1, side / _WINDOW)))))
    exponents = [e / sum(_EXPONENTS[:n_scales]) for e in _EXPONENTS[:n_scales]]
    similarity = torch.ones(len(x), x.shape[1]).to(x)

    for j, exponent in enumerate(exponents):
        luminance, structure = _similarities(x, y)
        last = j == n_scales - 1
        value = (luminance * structure if last else structure).mean(dim=(-2, -1))
        similarity = similarity * value.clamp(min=1e-6) ** exponent

        if not last:
            x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)

    return 1 - similarity.mean(dim=1)


def focal_frequency(x: Tensor, y: Tensor) -> Tensor:
    r"""Mean squared difference of Fourier coefficients, weighted by their own differences.

    Arguments:
        x: Images, with shape `(B, C, H, W)`.
        y: Other images, of the same shape.

    Returns:
        The differences, with shape `(B,)`.

    Example:
        >>> focal_frequency(torch.ones(2, 1, 4, 4), torch.zeros(2, 1, 4, 4))
        tensor([1., 1.])
    """
    gap = torch.fft.fft2(x - y, norm="ortho")
    squares = gap.real.square() + gap.imag.square()
    size = squares.detach().sqrt()
    largest = size.amax(dim=(-2, -1), keepdim=True)

    return (size / largest.clamp(min=1e-12) * squares).mean(dim=(1, 2, 3))


def _similarities(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    r"""Returns luminance, and contrast with structure, of each window of each channel."""
    size = min(_WINDOW, (min(x.shape[-2:]) - 1) // 2 * 2 + 1)
    steps = torch.arange(size).to(x) - size // 2
    kernel = torch.softmax(-0.5 * (steps / _STD).square(), dim=0)
    channels = x.shape[1]
    window = (kernel[:, None] * kernel).expand(channels, 1, size, size)

    def local(t: Tensor) -> Tensor:
        return conv2d(t, window, groups=channels)

    m_x, m_y = local(x), local(y)
    variances = local(x * x) - m_x.square() + local(y * y) - m_y.square()
    covariance = local(x * y) - m_x * m_y
    luminance = (2 * m_x * m_y + _LUMINANCE_STABILIZER) / (
        m_x.square() + m_y.square() + _LUMINANCE_STABILIZER
    )

    return luminance, (2 * covariance + _CONTRAST_STABILIZER) / (variances + _CONTRAST_STABILIZER)
