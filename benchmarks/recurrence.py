r"""Speed of the recurrent network that is written out, beside that of torch.

Forward and backward pass of 64 texts of 32 bytes by 128 units, on one processor. `autoencode` adds
the row of a table to the gates; torch multiplies the embedding of a token by a matrix. Times are
those of the processor, the least of several runs in turn.

    python benchmarks/recurrence.py
"""

import platform
import time

import torch

from autoencode.networks.gru import GRU

REPEATS, STEPS = 9, 4
B, L, UNITS = 64, 32, 128


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.randint(256, (B, L))
    ours = GRU(256, UNITS)
    table = torch.nn.Embedding(256, UNITS)
    theirs = torch.nn.GRU(UNITS, UNITS, batch_first=True)
    passes = {
        "autoencode.networks.gru.GRU": lambda: ours(x),
        "torch.nn.Embedding and torch.nn.GRU": lambda: theirs(table(x))[0],
    }
    seconds = {name: [] for name in passes}

    for _ in range(REPEATS):
        for name, states in passes.items():
            start = time.process_time()

            for _ in range(STEPS):
                states().square().sum().backward()

            seconds[name].append((time.process_time() - start) / STEPS)

    print("| network | milliseconds of a forward and backward pass |\n| --- | --- |")

    for name, times in seconds.items():
        print(f"| {name} | {1000 * min(times):.1f} |")

    print(f"\n{B} texts of {L} bytes, {UNITS} units; least of {REPEATS} runs in turn.")
    print(f"torch {torch.__version__}, Python {platform.python_version()}, one thread.")


if __name__ == "__main__":
    main()
