r"""Tokens per second of training steps, beside models written by hand in the same run.

The autoencoder reads a text in both directions and writes it again. The models by hand have as
many units in the same roles: `torch.nn.GRU` after `torch.nn.Embedding`, and
`torch.nn.TransformerEncoder` with a causal mask. They pad a minibatch to its longest text. All see
the same bytes, take the cross entropy of each and step with torch's AdamW. Times are those of the
processor, the least of several runs in turn, on one thread.

    python benchmarks/tokens.py
"""

import platform
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autoencode.distributions import Autoregressive
from autoencode.networks import Network, Recurrent, Transformer

REPEATS, STEPS = 5, 3
UNITS, DEPTH, HEADS, CODE, END = 128, 3, 4, 16, 255
SIZES = ((64, 12), (64, 60), (16, 500))  # texts in a minibatch, and the bytes of the longest


class Library(nn.Module):
    r"""Encoder, decoder and likelihood of the library, without an estimator around them."""

    def __init__(self, network: Network, length: int) -> None:
        super().__init__()
        self.encoder = network.encoder((length,), CODE)
        self.decoder = network.decoder(CODE, (256,))
        self.family = Autoregressive(max_length=length).build(network, (256,))

    def forward(self, x: Tensor) -> Tensor:
        return -self.family(self.decoder(self.encoder(x))[..., None]).log_prob(x).sum()


class GRUByHand(nn.Module):
    r"""Bidirectional `nn.GRU`, a code, and an `nn.GRU` that starts from the code."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(256, UNITS)
        self.reader = nn.GRU(UNITS, UNITS // 2, batch_first=True, bidirectional=True)
        self.code, self.start = nn.Linear(UNITS, CODE), nn.Linear(CODE, UNITS)
        self.writer = nn.GRU(UNITS, UNITS, batch_first=True)
        self.head = nn.Linear(UNITS, 256)

    def forward(self, x: Tensor) -> Tensor:
        z = self.code(self.reader(self.table(x))[0].amax(dim=1))
        states = self.writer(self.table(before(x)), self.start(z).tanh()[None])[0]
        return cross_entropy(self.head(states), x)


class TransformerByHand(nn.Module):
    r"""Transformer encoder, a code, and a causal transformer to whose inputs the code is added."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.places = nn.Embedding(256, UNITS), nn.Embedding(512, UNITS)
        self.reader, self.writer = (
            nn.TransformerEncoder(
                nn.TransformerEncoderLayer(
                    UNITS, HEADS, 4 * UNITS, 0.0, batch_first=True, norm_first=True
                ),
                DEPTH,
                enable_nested_tensor=False,
            )
            for _ in range(2)
        )
        self.code, self.start = nn.Linear(UNITS, CODE), nn.Linear(CODE, UNITS)
        self.head = nn.Linear(UNITS, 256)

    def forward(self, x: Tensor) -> Tensor:
        places = self.places.weight[: x.shape[1]]
        z = self.code(self.reader(self.table(x) + places).amax(dim=1))
        h = self.table(before(x)) + places + self.start(z)[:, None]
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return cross_entropy(self.head(self.writer(h, mask, is_causal=True)), x)


def before(x: Tensor) -> Tensor:
    return F.pad(x[:, :-1], (1, 0), value=END)


def cross_entropy(logits: Tensor, x: Tensor) -> Tensor:
    r"""Returns the sum over all bytes up to the first end."""
    inside = F.pad((x != END).cumprod(dim=-1)[:, :-1], (1, 0), value=1).bool()
    return F.cross_entropy(logits[inside], x[inside], reduction="sum")


def minibatch(n: int, longest: int) -> Tensor:
    r"""Returns texts of random lengths, at least one of them the longest."""
    x = torch.randint(97, 123, (n, longest + 1))
    ends = torch.randint(longest // 4, longest + 1, (n, 1)).index_fill(0, torch.tensor(0), longest)
    return x.masked_fill(torch.arange(longest + 1) >= ends, END)


def step(model: nn.Module, x: Tensor) -> Callable[[], None]:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def run() -> None:
        (model(x) / len(x)).backward()
        optimizer.step()
        optimizer.zero_grad()

    return run


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("| texts | bytes of the longest | model | tokens per second |")
    print("| --- | --- | --- | --- |", flush=True)

    for n, longest in SIZES:
        x = minibatch(n, longest)
        tokens = int((x != END).sum()) + n
        models = {
            "`Recurrent()`": Library(Recurrent(UNITS, vocab_size=256), longest + 1),
            "`nn.GRU` by hand": GRUByHand(),
            "`Transformer()`": Library(
                Transformer(UNITS, DEPTH, HEADS, vocab_size=256), longest + 1
            ),
            "`nn.TransformerEncoder` by hand": TransformerByHand(),
        }
        runs = {name: step(model, x) for name, model in models.items()}
        seconds: dict[str, list[float]] = {name: [] for name in runs}

        for _ in range(REPEATS):
            for name, run in runs.items():
                start = time.process_time()
                [run() for _ in range(STEPS)]
                seconds[name].append((time.process_time() - start) / STEPS)

        for name, times in seconds.items():
            print(f"| {n} | {longest} | {name} | {tokens / min(times):,.0f} |", flush=True)

    print(f"\ntorch {torch.__version__}, Python {platform.python_version()}, one thread.")


if __name__ == "__main__":
    main()
