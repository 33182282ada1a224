r"""Seconds per epoch beside a busy process, by the waiting policy of the threads of torch.

A VAE of 784-512-16-512-784 on 20,000 random images, in batches of 128. Each measurement is a
process of its own, repeated several times in turn; the busy process counts forever. With `default`
torch is loaded before `autoencode`, which then does not change its threads.
"""

import os
import statistics
import subprocess
import sys
import time

REPEATS = 3
EPOCHS = 3  # the first one, which is slower, does not count
CHOICES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
WAYS = {"default": "torch", "passive": "autoencode"}


def epoch() -> float:
    r"""Returns the seconds of an epoch in this process."""
    import numpy as np

    import autoencode as ae

    X = np.random.default_rng(0).integers(0, 256, (20_000, 28, 28), np.uint8)
    training = ae.Training(
        epochs=EPOCHS, validation_fraction=0, compile=False, show_progress=False
    )
    model = ae.vae(16, layers=(512,), training=training, random_state=0).fit(X)
    first, *_, last = model.history_  # seconds are counted from the start
    return (last.seconds - first.seconds) / (len(model.history_) - 1)


def measured(first: str, busy: bool) -> float:
    r"""Returns the seconds of an epoch in a new process that loads `first`."""
    environment = {name: v for name, v in os.environ.items() if name not in CHOICES}
    script = f"import {first}, runpy; runpy.run_path({__file__!r}, run_name='epoch')"
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if busy else None

    try:
        out = subprocess.run(
            [sys.executable, "-c", script],
            check=True, capture_output=True, text=True, env=environment,
        )  # fmt: skip
    finally:
        if other:
            other.kill()
            other.wait()

    return float(out.stdout)


def main() -> None:
    import report

    seconds: dict[tuple[str, bool], list[float]] = {
        (way, busy): [] for busy in (False, True) for way in WAYS
    }
    loads = []

    for _ in range(REPEATS):
        for way, busy in seconds:
            loads.append(os.getloadavg()[0])
            seconds[way, busy].append(measured(WAYS[way], busy))
            print(way, busy, seconds[way, busy][-1], flush=True)

    quiet = statistics.median(seconds["default", False])
    rows = [
        [
            "one counting process" if busy else "nothing of this benchmark",
            way,
            f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})",
            f"{statistics.median(found) / quiet:.2f}",
        ]
        for (way, busy), found in seconds.items()
    ]
    report.write(
        "busy",
        "An epoch beside another process",
        ["beside", "`OMP_WAIT_POLICY`", "seconds of an epoch", "of the first"],
        rows,
        f"Medians of {REPEATS} runs in turn, with their range; {time.strftime('%H:%M')}. Before"
        f" the runs, the machine's load of the last minute was {min(loads):.1f} to"
        f" {max(loads):.1f}, this benchmark included.",
    )


if __name__ == "epoch":
    print(epoch())

if __name__ == "__main__":
    main()
