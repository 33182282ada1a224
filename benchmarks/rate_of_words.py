r"""Fraction of unseen English words that a VAE returns exactly, by the nats that are free.

    python benchmarks/rate_of_words.py SECONDS

Each training ends after a number of processor seconds. The words are those of `words.py`.
"""

import sys
import time
import types

import numpy as np
import torch
from words import LATENT_DIM, texts

import autoencode as ae
from autoencode.training import schedule

FREE_NATS = (4.0, 8.0)


def main(seconds: float) -> None:
    r"""Prints a row for each number of nats."""
    torch.set_num_threads(1)
    schedule.time = types.SimpleNamespace(perf_counter=time.process_time)
    train, test = texts("words")
    print("| free nats | rate | distortion | exact | edits | epochs |\n|" + " --- |" * 6)

    for free in FREE_NATS:
        training = ae.Training(time_budget=seconds, show_progress=False)
        model = ae.vae(LATENT_DIM, training=training, random_state=0, free_nats=free).fit(train)
        exact = np.mean(model.reconstruct(test) == np.array(test, object))
        edits = model.reconstruction_error(test).mean()
        found = model.evaluate(test)
        print(
            f"| {free:g} | {found['rate']:.1f} | {found['distortion']:.1f} | {exact:.1%} |"
            f" {edits:.2f} | {len(model.history_)} |",
            flush=True,
        )


if __name__ == "__main__":
    main(float(sys.argv[1]))
