r"""The same VAE here, through the public `fit`: seconds of each epoch, as JSON.

Arguments: a .npy file of images as uint8; the number of epochs; and `eager` or `compiled`.
"""

import json
import sys
import tempfile
from itertools import pairwise

import numpy as np

import autoencode as ae


def main(images: str, epochs: str, kind: str) -> None:
    model = ae.vae(
        latent_dim=16,
        layers=(512,),
        likelihood=ae.distributions.Bernoulli(),
        training=ae.Training(
            epochs=int(epochs), batch_size=128, learning_rate=1e-3, compile=kind == "compiled"
        ),
    ).fit(np.load(images))

    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/vae.ae")

    times = [0.0, *(record.seconds for record in model.history_)]
    print(json.dumps([after - before for before, after in pairwise(times)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
