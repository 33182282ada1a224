r"""Errors and used entries of quantized codes on handwritten digits (docs/posteriors.md)."""

import numpy as np
from sklearn.datasets import load_digits

from autoencode import Autoencoder, Training
from autoencode.distributions import (
    FiniteScalarQuantizer,
    LookupFreeQuantizer,
    ProductQuantizer,
    VectorQuantizer,
)
from autoencode.networks import FullyConnected
from autoencode.objectives import VQ

QUANTIZERS = [
    VectorQuantizer(64, 4),
    ProductQuantizer(64, 4),
    FiniteScalarQuantizer((8, 8)),
    LookupFreeQuantizer(8),
]

if __name__ == "__main__":
    X = load_digits().images.astype("uint8")

    for posterior in QUANTIZERS:
        model = Autoencoder(
            16,
            objective=VQ(),
            posterior=posterior,
            network=FullyConnected((64,)),
            training=Training(60, compile=False, device="cpu", show_progress=False),
            random_state=0,
        ).fit(X)
        index = model.transform(X, indices=True)
        each = [len(np.unique(column)) for column in index.T]
        error = model.reconstruction_error(X).mean()

        print(f"{posterior}: error {error:.4f}; entries {len(np.unique(index))}, by group {each}")
