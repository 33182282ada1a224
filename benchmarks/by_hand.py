r"""Autoencoders as a competent user of torch writes them, without this library.

Two hidden layers of 256, or two strided convolutions and one such layer for images, or a GRU for
texts; Adam with a learning rate of 0.001, batches of 128, a tenth held out, and the best epoch
kept. A variational one has a Gaussian likelihood of one learned scale. `train` yields whenever so
many seconds of one processor have been spent.
"""

import copy
import math
import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

UNITS = 256


class Plain(nn.Module):
    r"""An encoder to codes, or to their means and log-scales, and a decoder.

    Arguments:
        x: The examples, with shape `(N, D)` or `(N, C, H, W)`.
        code: The size of the code.
        beta: The weight of the rate; without one there is none.
        noise: The standard deviation of noise on what the encoder sees.
    """

    def __init__(self, x: Tensor, code: int, beta: float | None = None, noise: float = 0) -> None:
        super().__init__()
        self.beta, self.noise, self.code = beta, noise, code
        self.log_scale = nn.Parameter(torch.zeros(()))
        make = convolutions if x.ndim == 4 else perceptrons
        self.encoder, self.decoder = make(
            tuple(x.shape[1:]), code, code if beta is None else 2 * code
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.encoder(x)
        return h[:, : self.code], h[:, self.code :].clamp(-8, 8)

    def forward(self, x: Tensor) -> Tensor:
        r"""Returns reconstructions of examples from the means of their codes."""
        return self.decode(self.encode(x)[0])

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def log_prob(self, x: Tensor, z: Tensor) -> Tensor:
        error = (self.decode(z) - x).square().flatten(start_dim=1)
        s = self.log_scale
        return -(error / (2 * (2 * s).exp()) + s + math.log(2 * math.pi) / 2).sum(dim=1)

    def loss(self, x: Tensor) -> Tensor:
        mean, log_scale = self.encode(x + self.noise * torch.randn_like(x) if self.noise else x)

        if self.beta is None:
            return self.distortion(x, mean)

        z = mean + log_scale.exp() * torch.randn_like(mean)
        rate = (mean.square() + (2 * log_scale).exp() - 1 - 2 * log_scale).sum(dim=1) / 2

        return self.beta * rate - self.log_prob(x, z)

    def distortion(self, x: Tensor, z: Tensor) -> Tensor:
        return (self.decode(z) - x).square().flatten(start_dim=1).mean(dim=1)

    @torch.no_grad()
    def evidence(self, x: Tensor, samples: int = 128) -> Tensor:
        r"""Returns estimates of log p(x) by importance sampling."""
        mean, log_scale = self.encode(x)
        prior, posterior = (
            torch.distributions.Normal(*p) for p in ((0.0, 1.0), (mean, log_scale.exp()))
        )
        draws = []

        for _ in range(samples):
            z = posterior.sample()
            rate = (posterior.log_prob(z) - prior.log_prob(z)).sum(dim=1)
            draws.append(self.log_prob(x, z) - rate)

        return torch.stack(draws).logsumexp(dim=0) - math.log(samples)

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        return self.decode(torch.randn(n, self.code))


def perceptrons(shape: tuple[int, ...], code: int, features: int) -> tuple[nn.Module, nn.Module]:
    def layers(a: int, b: int) -> nn.Module:
        return nn.Sequential(
            nn.Linear(a, UNITS), nn.ReLU(), nn.Linear(UNITS, UNITS), nn.ReLU(), nn.Linear(UNITS, b)
        )

    return layers(shape[0], features), layers(code, shape[0])


def convolutions(shape: tuple[int, ...], code: int, features: int) -> tuple[nn.Module, nn.Module]:
    C, H, W = shape
    h, w = -(-H // 4), -(-W // 4)
    pad = nn.ZeroPad2d((0, 4 * w - W, 0, 4 * h - H))
    encoder = nn.Sequential(
        pad, nn.Conv2d(C, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(),
        nn.Flatten(), nn.Linear(64 * h * w, UNITS), nn.ReLU(), nn.Linear(UNITS, features),
    )  # fmt: skip
    decoder = nn.Sequential(
        nn.Linear(code, UNITS), nn.ReLU(), nn.Linear(UNITS, 64 * h * w), nn.ReLU(),
        nn.Unflatten(1, (64, h, w)), nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(32, C, 4, 2, 1), nn.ZeroPad2d((0, W - 4 * w, 0, H - 4 * h)),
    )  # fmt: skip

    return encoder, decoder


class PlainMixed(Plain):
    r"""Columns of numbers, then indicators of levels: a Gaussian and a softmax for each.

    Missing cells are zeros, and score nothing.

    Arguments:
        numbers: The number of columns of numbers.
        sizes: How many levels each other column has.
    """

    def __init__(
        self, x: Tensor, code: int, numbers: int, sizes: Sequence[int], **options
    ) -> None:
        super().__init__(x, code, **options)
        self.numbers, self.sizes = numbers, [*sizes]
        self.log_scale = nn.Parameter(torch.zeros(numbers))

    def parts(self, x: Tensor, z: Tensor, gaussian: bool) -> Tensor:
        r = self.decode(z)
        n, s = self.numbers, self.log_scale
        there = x[:, :n] != 0  # a missing cell is exactly the mean
        e = (r[:, :n] - x[:, :n]).square()
        e = e / (2 * (2 * s).exp()) + s + math.log(2 * math.pi) / 2 if gaussian else e
        total = (e * there).sum(dim=1)

        for p, t in zip(r[:, n:].split(self.sizes, dim=1), x[:, n:].split(self.sizes, dim=1)):
            total = total - (p.log_softmax(dim=1) * t).sum(dim=1)

        return total

    def log_prob(self, x: Tensor, z: Tensor) -> Tensor:
        return -self.parts(x, z, gaussian=True)

    def distortion(self, x: Tensor, z: Tensor) -> Tensor:
        return self.parts(x, z, gaussian=False)

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        r = self.decode(torch.randn(n, self.code))
        x = [r[:, : self.numbers] + self.log_scale.exp() * torch.randn(n, self.numbers)]

        for p in r[:, self.numbers :].split(self.sizes, dim=1) if self.sizes else ():
            x.append(F.one_hot(torch.multinomial(p.softmax(dim=1), 1)[:, 0], p.shape[1]).float())

        return torch.cat(x, dim=1)


class PlainTexts(Plain):
    r"""A GRU encoder and a GRU decoder of letters, whose first state is given by the code.

    Examples are rows of symbols, of which the last one ends and fills.
    """

    def __init__(self, x: Tensor, code: int, symbols: int, **options) -> None:
        super().__init__(torch.zeros(1, 1), code, **options)
        self.end, self.length = symbols - 1, x.shape[1]
        features = code if self.beta is None else 2 * code
        self.letters = nn.Embedding(symbols + 1, 64)
        self.reader, self.writer = (nn.GRU(64 + c, UNITS, batch_first=True) for c in (0, code))
        self.encoder, self.first = nn.Linear(UNITS, features), nn.Linear(code, UNITS)
        self.decoder = nn.Linear(UNITS, symbols)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        last = (x != self.end).sum(dim=1).clamp(max=self.length - 1)
        h = self.encoder(self.reader(self.letters(x))[0][torch.arange(len(x)), last])
        return h[:, : self.code], h[:, self.code :].clamp(-8, 8)

    def logits(self, x: Tensor, z: Tensor, h: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = self.first(z).tanh()[None] if h is None else h
        inputs = torch.cat([self.letters(x), z[:, None].expand(-1, x.shape[1], -1)], dim=2)
        out, h = self.writer(inputs, h)
        return self.decoder(out), h

    def log_prob(self, x: Tensor, z: Tensor) -> Tensor:
        start = torch.full_like(x[:, :1], self.end + 1)
        logits, _ = self.logits(torch.cat([start, x[:, :-1]], dim=1), z)
        nll = F.cross_entropy(logits.mT, x, reduction="none")
        counted = (x != self.end).cumprod(dim=1)
        counted = torch.cat([torch.ones_like(x[:, :1]), counted[:, :-1]], dim=1)  # the end, too
        return -(nll * counted).sum(dim=1)

    def distortion(self, x: Tensor, z: Tensor) -> Tensor:
        return -self.log_prob(x, z)

    @torch.no_grad()
    def write(self, z: Tensor, draw: bool = False) -> Tensor:
        x, h, rows = torch.full((len(z), 1), self.end + 1), None, []

        for _ in range(self.length):
            logits, h = self.logits(x, z, h)
            p = logits[:, -1].softmax(dim=1)
            x = torch.multinomial(p, 1) if draw else p.argmax(dim=1, keepdim=True)
            rows.append(x)

        return torch.cat(rows, dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.write(self.encode(x)[0])

    def sample(self, n: int) -> Tensor:
        return self.write(torch.randn(n, self.code), draw=True)


def train(model: Plain, x: Tensor, budgets: Sequence[float], seed: int = 0) -> Iterator[Plain]:
    r"""Yields the best model so far at the end of each budget of CPU seconds, in rising order."""
    torch.manual_seed(seed)
    order = torch.randperm(len(x))
    held, rest = x[order[: len(x) // 10]], x[order[len(x) // 10 :]]
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    best, least, spent = copy.deepcopy(model), math.inf, 0.0
    budgets = [*budgets]

    while budgets:
        start = time.process_time()

        for batch in torch.randperm(len(rest)).split(128):
            optimizer.zero_grad()
            model.loss(rest[batch]).mean().backward()
            optimizer.step()

            if spent + time.process_time() - start > budgets[0]:
                break

        with torch.no_grad():
            parts = [model.loss(part) for part in held.split(512)]
            loss = float(torch.cat(parts).mean())

        if loss < least:
            best, least = copy.deepcopy(model), loss

        spent += time.process_time() - start

        while budgets and spent > budgets[0]:
            budgets.pop(0)
            yield best


def run(model: Plain, x: Tensor, part: int = 512) -> NDArray:
    r"""Returns reconstructions."""
    with torch.no_grad():
        return np.concatenate([model(rows).numpy() for rows in x.split(part)])
