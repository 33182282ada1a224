r"""A VAE in plain PyTorch, as people write it: seconds of each epoch, as JSON on the last line.

Arguments: a .npy file of images as uint8; the number of epochs; and `loader` for a DataLoader
and Adam as they come, or `resident` for one tensor, gathered batches and the fused Adam.
"""

import json
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class VAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 512), nn.GELU(), nn.Linear(512, 32))
        self.decoder = nn.Sequential(nn.Linear(16, 512), nn.GELU(), nn.Linear(512, 784))

    def forward(self, x):
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        distortion = F.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="none")
        rate = 0.5 * (mean**2 + log_var.exp() - 1 - log_var)
        return (distortion.sum(dim=1) + rate.sum(dim=1)).mean()


def main(images: str, epochs: str, kind: str) -> None:
    X = torch.from_numpy(np.load(images)).flatten(start_dim=1)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=kind == "resident" or None)
    loader = DataLoader(TensorDataset(X.float() / 255), batch_size=128, shuffle=True)
    seconds = []

    def step(x):
        loss = model(x)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.detach()

    for _ in range(int(epochs)):
        start = time.perf_counter()

        if kind == "loader":
            for (x,) in loader:
                step(x)
        else:
            for i in torch.randperm(len(X)).split(128):
                step(X[i].float() / 255)

        seconds.append(time.perf_counter() - start)

    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
