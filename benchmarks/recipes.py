r"""Every recipe on the handwritten digits of scikit-learn: cost, error, and quality of new digits.

All have codes of 16 numbers, the default network of images and thirty epochs; `linear` is solved
in closed form. A quarter of the digits is held out. New digits are judged by a classifier that was
trained on real ones: its mean confidence, and the exponential of the entropy of the classes that
it names, which is ten for an even mixture.
"""

import time

import numpy as np
import report
from numpy.typing import NDArray
from scipy.stats import entropy
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import autoencode as ae

EPOCHS, CODE = 30, 16


def fit(name: str, X: NDArray) -> tuple[ae.Autoencoder, float]:
    r"""Fits a recipe, and returns the seconds of processor time that it took."""
    recipe, options = getattr(ae, name), {}

    if name != "linear":
        training = ae.Training(epochs=EPOCHS, compile=False, show_progress=False)
        options = {"training": training}

    start = time.process_time()
    model = recipe(latent_dim=CODE, random_state=0, **options).fit(X)

    return model, time.process_time() - start


def new_digits(model: ae.Autoencoder, judge: LogisticRegression) -> list[str]:
    r"""Returns the classifier's confidence in new digits, and the effective number of classes."""
    if not hasattr(model, "sample"):
        return ["", ""]

    p = judge.predict_proba(model.sample(2000, random_state=0).reshape(2000, -1))
    classes = np.exp(entropy(np.bincount(p.argmax(axis=1), minlength=10)))

    return [f"{p.max(axis=1).mean():.2f}", f"{classes:.1f}"]


def main() -> None:
    X, y = load_digits(return_X_y=True)
    X = (15 * X).astype(np.uint8).reshape(-1, 8, 8)  # from 16 to 256 levels
    X, X_test, y, _ = train_test_split(X, y, test_size=0.25, random_state=0)
    judge = LogisticRegression(max_iter=2000).fit(X.reshape(len(X), -1), y)
    p = judge.predict_proba(X_test.reshape(len(X_test), -1))

    fit("vae", X[:200])  # the first fit of a process takes longer
    _, unit = fit("vae", X)
    rows = []

    for name in ae.recipes.__all__:
        model, seconds = fit(name, X)
        error = float(model.reconstruction_error(X_test).mean())
        density = f"{model.score(X_test):.1f}" if hasattr(model, "score_samples") else ""
        rows.append(
            [
                f"`{name}`",
                f"{seconds / unit:.1f}",
                f"{error:.2f}",
                density,
                *new_digits(model, judge),
            ]
        )

    report.write(
        "recipes",
        "Recipes",
        ["recipe", "time of `vae`", "squared error", "log p(x)", "confidence", "classes"],
        rows,
        f"Of real held-out digits the classifier's confidence is {p.max(axis=1).mean():.2f}, and"
        " there are"
        f" {np.exp(entropy(np.bincount(p.argmax(axis=1)))):.1f} classes. Squared errors are sums"
        " over the 64 pixels of a held-out digit, of intensities from 0 to 1. Densities are in"
        f" nats. `vae` took {unit:.1f} s of one core. Weights are the defaults; none was tuned to"
        " this table.",
        before=(__doc__ or "").partition("\n\n")[2].strip(),
    )


if __name__ == "__main__":
    main()
