r"""Families of independent elements, beside the Gaussian ones.

- `bernoulli`: binary values, and intensities
- `beta`: shares, which lie strictly between zero and one
- `laplace`, `student_t`: numbers with outliers
- `logistic`, `logistic_mixture`: gray levels
- `von_mises`: angles
"""

__all__ = [
    "Bernoulli",
    "Beta",
    "ContinuousBernoulli",
    "DiscretizedLogistic",
    "Laplace",
    "Logistic256",
    "MixtureOfLogistics",
    "StudentT",
    "VonMises",
]

from .bernoulli import Bernoulli, ContinuousBernoulli
from .beta import Beta
from .laplace import Laplace
from .logistic import DiscretizedLogistic, Logistic256
from .logistic_mixture import MixtureOfLogistics
from .student_t import StudentT
from .von_mises import VonMises
