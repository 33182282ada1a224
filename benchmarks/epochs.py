r"""Held-out errors of default models of few examples, against the number of epochs.

Seven tenths of each set are for training. `training.MOST_EPOCHS` follows from this.
"""

from typing import Any

import data
import numpy as np
import pandas as pd
import report
import torch
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

import autoencode as ae

EPOCHS = (32, 64, 128, 200, 500)
TABLES = ("breast_cancer", "wine", "iris", "diabetes")


def mixed(name: str) -> pd.DataFrame:
    r"""Returns a table with classes as words, and a tenth of every second column missing."""
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    frame, kind = bunch.frame.copy(), bunch.frame.columns[-1]
    missing = np.random.default_rng(0).random(frame.shape) < 0.1
    missing[:, 1::2] = missing[:, -1] = False

    if "target_names" in bunch:
        frame[kind] = [str(bunch.target_names[k]) for k in frame[kind]]

    return frame.mask(missing)


def numbers(name: str) -> NDArray:
    return scale(getattr(datasets, f"load_{name}")().data)


def jobs() -> list[tuple[str, Any, dict[str, ae.Autoencoder]]]:
    r"""Returns names of data, the data, and the models to fit to them."""
    digits = ae.datasets.digits().X
    short = [text for text, _ in data.glosses() if len(text) <= 40]
    images = {"autoencoder": ae.autoencoder(16), "denoising": ae.denoising(16), "vae": ae.vae(8)}
    layers = {
        "autoencoder, layers": ae.autoencoder(4, layers=(128,)),
        "vae, layers": ae.vae(4, layers=(128,)),
    }

    return [
        *((f"{n} digits", digits[:n], images) for n in (200, 600, 1797)),
        *((f"{name}, mixed", mixed(name), {"vae": ae.vae(4)}) for name in TABLES),
        *((f"{name}, numbers", numbers(name), layers) for name in TABLES),
        *(
            (f"{n} glosses", short[:: len(short) // n][:n], {"vae": ae.vae(8)})
            for n in (300, 1500)
        ),
    ]


def held_out(model: ae.Autoencoder, epochs: int, train: Any, test: Any) -> float:
    r"""Returns minus the bound of a VAE, in nats, and the squared error of others."""
    training = ae.Training(epochs=epochs, show_progress=False)
    model.set_params(training=training, random_state=0).fit(train)

    if "bound" in (found := model.evaluate(test)):
        return -found["bound"]

    return model.reconstruction_error(test).mean()


def main() -> None:
    torch.set_num_threads(1)
    rows = []

    for name, X, models in jobs():
        train, test = train_test_split(X, test_size=0.3, random_state=0)

        for recipe, model in models.items():
            values = [held_out(model, epochs, train, test) for epochs in EPOCHS]
            best = min(values)
            shown = [f"**{v:.4g}**" if v == best else f"{v:.4g}" for v in values]
            rows.append([name, recipe, len(train), *shown])
            print(rows[-1], flush=True)

    report.write(
        "epochs",
        "Few examples: held-out loss after so many epochs",
        ["set", "model", "trained on", *map(str, EPOCHS)],
        rows,
        "The smaller the better: of a VAE minus the bound, in nats per example; of others the"
        " squared error, summed over an example. Without a number of epochs a training makes"
        " some 2,000 steps of 128 examples, in at most 128 epochs.",
    )


if __name__ == "__main__":
    main()
