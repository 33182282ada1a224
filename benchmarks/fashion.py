r"""Fashion-MNIST, a VAE of 16 codes with Bernoulli pixels: ours against pythae's.

Both have one hidden layer of 512 units in encoder and decoder, and batches of 128. All bounds
are of all 60,000 training images under the weights at the end, on grey values as pythae does.
"""

import json
import subprocess
import tempfile
import time
from pathlib import Path

import data
import environments
import numpy as np
import report

import autoencode as ae

EPOCHS = 3


def peer(X: np.ndarray) -> list[dict[str, float]]:
    r"""Bound and seconds after each epoch of pythae, in an environment of its own."""
    python = environments.python("pythae", "torch", "pythae==0.1.2")

    with tempfile.TemporaryDirectory() as folder:
        images, out = Path(folder) / "images.npy", Path(folder) / "records.json"
        np.save(images, (X / 255).astype(np.float32))
        script = Path(__file__).parent / "peers" / "pythae_vae.py"
        subprocess.run([python, script, images, str(EPOCHS), out], check=True)
        return json.loads(out.read_text())


def ours(X: np.ndarray, epochs: int, **options) -> tuple[float, float]:
    r"""Bound and seconds after some epochs."""
    model = ae.vae(
        latent_dim=16,
        likelihood=ae.distributions.Bernoulli(),
        training=ae.Training(epochs=epochs, batch_size=128),
        random_state=0,
        **options,
    )
    start = time.perf_counter()
    model.fit(X)
    seconds = time.perf_counter() - start

    return model.evaluate(X)["bound"], seconds


def main() -> None:
    X = ae.datasets.fashion_mnist(data.fashion_mnist()).X
    records = peer(X)
    theirs, seconds = records[-1]["bound"], records[-1]["seconds"]
    rows = [[f"pythae 0.1.2, {EPOCHS} epochs", f"{theirs:.1f}", f"{seconds:.1f}"]]

    mlp, mlp_seconds = ours(X, EPOCHS, layers=(512,))
    rows.append([f"`vae(16, layers=(512,))`, {EPOCHS} epochs", f"{mlp:.1f}", f"{mlp_seconds:.1f}"])

    # As many whole epochs as fit into the peer's time
    for name, options in {"vae(16, layers=(512,))": {"layers": (512,)}, "vae(16)": {}}.items():
        _, one = ours(X[:12800], 1, **options)
        epochs = int(seconds / (one * len(X) / 12800))

        if epochs == 0:
            rows.append([f"`{name}`", "-", "no epoch in that time"])
            continue

        value, spent = ours(X, epochs, **options)
        rows.append([f"`{name}`, {epochs} epochs", f"{value:.1f}", f"{spent:.1f}"])

    report.write(
        "fashion",
        "Fashion-MNIST, a VAE of 16 codes, Bernoulli on grey values",
        ["model", "train bound, nats", "seconds"],
        rows,
        "Batches of 128. The last two rows train for the seconds that the peer takes, as far as"
        " whole epochs allow.",
    )


if __name__ == "__main__":
    main()
