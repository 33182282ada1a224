r"""A modality of your own in ten methods: rows of angles, which begin again after a full turn."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Distribution, constraints
from torch.distributions.constraints import Constraint

import autoencode as ae
from autoencode.common.arrays import tensor_of
from autoencode.distributions import Family, SharedGaussian
from autoencode.modalities import Modality
from autoencode.networks import FullyConnected, Network


class Angles(Modality):
    r"""Angles in radians, as arrays with shape `(N, D)`.

    Networks see the cosine and the sine of each angle, so that 359 degrees are next to 1 degree.
    New angles lie between minus and plus half a turn. Densities are those of cosines and sines.
    """

    @classmethod
    def accepts(cls, X: object) -> bool:
        return isinstance(X, np.ndarray) and X.ndim == 2

    def fit(self, X: NDArray, support: Constraint = constraints.real) -> "Angles":
        self.shape_ = (2 * X.shape[1],)
        self.load(X)

        return self

    def load(self, X: NDArray) -> Tensor:
        if (X.ndim, 2 * X.shape[-1]) != (2, *self.shape_) or not np.isfinite(X).all():
            raise ValueError(
                f"expected rows of {self.shape_[0] // 2} finite angles, got shape {X.shape}."
            )

        return tensor_of(X)  # on the memory of X, which may be a file

    def normalize(self, x: Tensor) -> Tensor:
        return torch.cat([x.cos(), x.sin()], dim=1).float()

    def restore(self, x: Tensor) -> NDArray:
        cos, sin = x.double().cpu().chunk(2, dim=1)
        return torch.atan2(sin, cos).numpy()

    def network(self) -> Network:
        return FullyConnected((64, 64))

    def likelihood(self) -> Family:
        return SharedGaussian()

    def draw(self, p: Distribution) -> Tensor:
        return p.sample()  # the default of the base class

    def unit(self) -> Tensor:
        return torch.ones(())  # the default of the base class

    def error(self, x: Tensor, p: Distribution) -> Tensor:
        r"""Returns the sum of the squared angles between examples and their reconstructions."""
        angles = [torch.atan2(*t.double().chunk(2, dim=1)[::-1]) for t in (x, p.mean)]
        difference = angles[0] - angles[1]

        return torch.atan2(difference.sin(), difference.cos()).square().sum(dim=1)


def hands(N: int, rng: np.random.Generator) -> NDArray[Any]:
    r"""Returns the angles of the two hands of clocks, and of a third that turns backwards."""
    time = rng.uniform(0, 2 * np.pi, (N, 1))
    return np.mod(time * [1.0, 12.0, -1.0], 2 * np.pi)


def main() -> None:
    r"""Compares the errors of angles with those of the same numbers as a table."""
    X = hands(2000, np.random.default_rng(0))
    known, unseen = X[:1500], X[1500:]
    model = ae.autoencoder(2, modality=Angles(), random_state=0).fit(known)
    as_table = ae.autoencoder(2, layers=(64, 64), random_state=0).fit(known)

    for name, fitted in {"angles": model, "a table": as_table}.items():
        difference = fitted.reconstruct(unseen) - unseen
        wrapped = np.abs(np.arctan2(np.sin(difference), np.cos(difference)))
        print(f"as {name}: {np.degrees(wrapped).mean():.1f} degrees of error on average")

    turned = np.abs(model.transform(unseen + 2 * np.pi) - model.transform(unseen)).max()
    print(f"codes differ by at most {turned:.1g} after a full turn")


if __name__ == "__main__":
    main()
