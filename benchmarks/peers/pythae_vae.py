r"""Trains pythae's default VAE on Fashion-MNIST; run in the peer's own environment.

Arguments: a .npy file of images as float32 in 0 to 1, the number of epochs, and the file to
write the seconds of each epoch to, as JSON, with the bounds of a second .npy file if there is one.
"""

import json
import logging
import sys
import tempfile
import time

import numpy as np
import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback


class Watch(TrainingCallback):
    def __init__(self, model: VAE, x: torch.Tensor | None) -> None:
        self.model, self.x = model, x
        self.records, self.spent = [], 0.0

    def on_train_begin(self, training_config, **kwargs):
        self.start = time.perf_counter()

    def on_epoch_end(self, training_config, **kwargs):
        self.spent += time.perf_counter() - self.start

        if self.x is None:
            self.records.append({"seconds": self.spent})
            self.start = time.perf_counter()
            return

        self.model.eval()

        # The bound of the weights as they are now
        with torch.no_grad():
            losses = [self.model({"data": x}).loss.item() * len(x) for x in self.x.split(1000)]

        self.records.append({"bound": -sum(losses) / len(self.x), "seconds": self.spent})
        self.start = time.perf_counter()


def main(images: str, epochs: str, out: str, test: str | None = None) -> None:
    logging.disable(logging.CRITICAL)
    x = torch.from_numpy(np.load(images))[:, None]
    dataset = BaseDataset(x, torch.ones(len(x)))
    model = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=16, reconstruction_loss="bce"))
    watch = Watch(model, None if test is None else torch.from_numpy(np.load(test))[:, None])

    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=int(epochs),
            learning_rate=1e-3,
            per_device_train_batch_size=128,
            keep_best_on_train=True,
        )
        BaseTrainer(model, dataset, training_config=config, callbacks=[watch]).train()

    with open(out, "w") as file:
        json.dump(watch.records, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
