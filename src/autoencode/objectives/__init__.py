r"""Training objectives: functions of (model, input, target) to one loss per example.

- `base`: the abstract objective, and the loss it returns
- `reconstruction`: plain and denoising autoencoders
- `contractive`: reconstruction with a Jacobian penalty
- `elbo`: the evidence lower bound
- `bounds/`: other bounds of the evidence, with several codes or with a capacity
- `disentangling/`: codes with independent units
- `matching/`: codes that follow the prior as a whole
- `regularized/`: reconstruction with a penalty on codes or decoder
- `image_similarity`: perceptual differences of images, added to any objective
- `matryoshka`: ordered codes, with any objective
- `wrapping`: helpers of objectives that contain another one
- `discriminator`: the second player of adversarial objectives
"""

__all__ = [
    "AAE",
    "CIWAE",
    "DIPVAE",
    "ELBO",
    "HVAE",
    "IWAE",
    "PIWAE",
    "RAE",
    "VAEGAN",
    "VQ",
    "WAE",
    "AdaGVAE",
    "BetaTCVAE",
    "CapacityELBO",
    "Contractive",
    "CyclicalSchedule",
    "ExponentialSchedule",
    "FactorVAE",
    "ImageSimilarity",
    "InfoVAE",
    "Isometric",
    "LinearSchedule",
    "Loss",
    "Matryoshka",
    "Objective",
    "Reconstruction",
    "SinkhornAE",
    "SlicedWAE",
    "Sparse",
    "SparseCoding",
    "Topological",
    "WeightSchedule",
]

from ..common.schedules import (
    CyclicalSchedule,
    ExponentialSchedule,
    LinearSchedule,
    WeightSchedule,
)
from .base import Loss, Objective
from .bounds import CIWAE, HVAE, IWAE, PIWAE, CapacityELBO
from .contractive import Contractive
from .disentangling import DIPVAE, AdaGVAE, BetaTCVAE, FactorVAE
from .elbo import ELBO
from .image_similarity import ImageSimilarity
from .matching import AAE, VAEGAN, WAE, InfoVAE, SinkhornAE, SlicedWAE
from .matryoshka import Matryoshka
from .reconstruction import Reconstruction
from .regularized import RAE, VQ, Isometric, Sparse, SparseCoding, Topological
