r"""Time to a test bound of a VAE of Fashion-MNIST, against pythae.

Both VAEs have codes of 16 numbers, Bernoulli pixels, one hidden layer of 512 units in encoder and
decoder, and batches of 128. Bounds are those of the 10,000 test images under the final weights,
on gray values as in pythae.
"""

import json
import tempfile
import time
from pathlib import Path

import data
import environments
import numpy as np
import report

import autoencode as ae

EPOCHS = 10
OURS = [(3, 2e-3), (6, 2e-3), (10, 2e-3), (3, 8e-3), (3, 1.2e-2)]  # epochs and learning rates


def peer(X: np.ndarray, X_test: np.ndarray) -> list[dict[str, float]]:
    r"""Returns bound and seconds after each epoch of pythae, in its own environment."""
    python = environments.python("pythae", "torch", "pythae==0.1.2")
    script = Path(__file__).parent / "peers" / "pythae_vae.py"

    with tempfile.TemporaryDirectory() as folder:
        train, test, out = (Path(folder) / name for name in ("x.npy", "t.npy", "out.json"))
        np.save(train, (X / 255).astype(np.float32))
        np.save(test, (X_test / 255).astype(np.float32))
        environments.output(python, script, train, str(EPOCHS), out, test)

        return json.loads(out.read_text())


def ours(X: np.ndarray, X_test: np.ndarray, epochs: int, rate: float) -> tuple[float, float]:
    r"""Returns bound and seconds after some epochs."""
    model = ae.vae(
        latent_dim=16,
        layers=(512,),
        likelihood=ae.distributions.Bernoulli(),
        training=ae.Training(epochs=epochs, batch_size=128, learning_rate=rate),
        random_state=0,
    )
    start = time.perf_counter()
    model.fit(X)
    seconds = time.perf_counter() - start

    return model.evaluate(X_test)["bound"], seconds


def main() -> None:
    images = ae.datasets.fashion_mnist(data.fashion_mnist())
    records = peer(images.X, images.X_test)
    whole = records[-1]["seconds"]
    rows = [
        [f"pythae 0.1.2, {n} epochs", f"{record['bound']:.1f}", f"{record['seconds']:.1f}", ""]
        for n, record in enumerate(records, start=1)
        if n in {3, EPOCHS}
    ]

    for epochs, rate in OURS:
        bound, seconds = ours(images.X, images.X_test, epochs, rate)
        name = f"`vae(16, layers=(512,))`, {epochs} epochs, learning rate {rate:g}"
        rows.append([name, f"{bound:.1f}", f"{seconds:.1f}", f"{seconds / whole:.2f}"])

    report.write(
        "fashion",
        "Fashion-MNIST, a VAE of 16 codes, Bernoulli on gray values",
        ["model", "test bound, nats", "seconds", f"of pythae's {EPOCHS} epochs"],
        rows,
        "Batches of 128. pythae's learning rate is 0.001 and constant; ours falls along a cosine"
        " over the epochs that it is given. The default is 0.002.",
    )


if __name__ == "__main__":
    main()
