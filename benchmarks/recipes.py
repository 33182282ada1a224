r"""Every recipe on the handwritten digits of scikit-learn: cost, error, and quality of new digits.

All have codes of 16 numbers, the default network of images and thirty epochs; `linear` is solved
in closed form. A quarter of the digits is held out. New digits are judged by a classifier that was
trained on real ones: its mean confidence, and the exponential of the entropy of the classes that
it names, which is ten for an even mixture. Recipes for counts see the ink of each pixel as a count
from 0 to 16; their densities are probabilities, and left out.

`python benchmarks/recipes.py vae wae` measures two recipes, and keeps the rows of the others.
Pictures are written to `docs/images/recipes/`: held-out digits as the model sees them, their
reconstructions and, if there are any, new digits.
"""

import re
import sys
import time
from pathlib import Path

import numpy as np
import report
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import entropy
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import autoencode as ae
from autoencode.corruptions import GaussianNoise, Masking
from autoencode.modalities import Counts

EPOCHS, CODE = 30, 16
OPTIONS = {"sparse": {"latent_dim": None, "k": 8}}  # its code is wider than the digits
COUNTED = ("counts", "recommender")
PICTURES = Path(__file__).parents[1] / "docs" / "images" / "recipes"
COLUMNS, ZOOM = 12, 3


def fit(name: str, X: NDArray) -> tuple[ae.Autoencoder, float]:
    r"""Fits a recipe, and returns the seconds of processor time that it took."""
    recipe, options = getattr(ae, name), {"latent_dim": CODE, "random_state": 0}

    if name != "linear":
        training = ae.Training(epochs=EPOCHS, compile=False, show_progress=False)
        options["training"] = training

    X = ink(X) if name in COUNTED else X
    start = time.process_time()
    model = recipe(**options | OPTIONS.get(name, {})).fit(X)

    return model, time.process_time() - start


def ink(X: NDArray) -> NDArray:
    r"""Returns digits as rows of counts from 0 to 16."""
    return X.reshape(len(X), -1) // 15


def gray(rows: NDArray) -> NDArray:
    r"""Returns rows of counts as digits."""
    return np.clip(15.0 * rows, 0, 255).reshape(-1, 8, 8)


def new_digits(model: ae.Autoencoder, judge: LogisticRegression) -> list[str]:
    r"""Returns the classifier's confidence in new digits, and the effective number of classes."""
    if not hasattr(model, "sample"):
        return ["", ""]

    new = model.sample(2000, random_state=0).reshape(2000, -1)
    new = gray(new).reshape(2000, -1) if isinstance(model.modality_, Counts) else new
    p = judge.predict_proba(new)
    classes = np.exp(entropy(np.bincount(p.argmax(axis=1), minlength=10)))

    return [f"{p.max(axis=1).mean():.2f}", f"{classes:.1f}"]


def draw(name: str, model: ae.Autoencoder, X: NDArray) -> None:
    r"""Writes a picture: digits as the model sees them, reconstructions and new digits."""
    torch.manual_seed(0)
    damage = {"denoising": GaussianNoise(), "masked": Masking(0.5, patch_size=4)}.get(name)
    x = torch.from_numpy(X[:COLUMNS] / 255).float()[:, None]
    seen = (255 * (damage(x) if damage else x)[:, 0].clamp(0, 1)).byte().numpy()
    counted = name in COUNTED
    rows = [seen, model.reconstruct(ink(seen) if counted else seen)]

    if hasattr(model, "sample"):
        rows.append(model.sample(COLUMNS, random_state=0))

    rows[1:] = [gray(row) for row in rows[1:]] if counted else rows[1:]

    tiles = [np.pad(np.asarray(row), ((0, 0), (1, 1), (1, 1))) for row in rows]
    picture = np.concatenate([np.concatenate([*row], axis=1) for row in tiles])
    PICTURES.mkdir(exist_ok=True)
    image = Image.fromarray(255 - picture.astype(np.uint8)).quantize(16)
    image = image.resize((ZOOM * picture.shape[1], ZOOM * picture.shape[0]), Image.NEAREST)
    image.save(PICTURES / f"{name}.png", optimize=True)


def known_rows() -> dict[str, list[str]]:
    r"""Returns the rows of the last run, by recipe."""
    text = (report.RESULTS / "recipes.md").read_text()
    rows = [row.split("|")[1:-1] for row in re.findall(r"^\| `.*$", text, re.MULTILINE)]
    return {row[0].strip(" `"): [cell.strip() for cell in row] for row in rows}


def main() -> None:
    X, y = load_digits(return_X_y=True)
    X = (15 * X).astype(np.uint8).reshape(-1, 8, 8)  # from 16 to 256 levels
    X, X_test, y, _ = train_test_split(X, y, test_size=0.25, random_state=0)
    judge = LogisticRegression(max_iter=2000).fit(X.reshape(len(X), -1), y)
    p = judge.predict_proba(X_test.reshape(len(X_test), -1))

    fit("vae", X[:200])  # the first fit of a process takes longer
    _, unit = fit("vae", X)
    chosen = sys.argv[1:] or ae.recipes.__all__
    rows = known_rows()

    for name in chosen:
        model, seconds = fit(name, X)
        draw(name, model, X_test)
        counted = name in COUNTED
        error = float(model.reconstruction_error(ink(X_test) if counted else X_test).mean())
        error = error / 17**2 if counted else error  # white is 17 units of ink
        scored = hasattr(model, "score_samples") and not counted
        density = f"{model.score(X_test):.1f}" if scored else ""
        quality = [f"{seconds / unit:.1f}", f"{error:.2f}", density, *new_digits(model, judge)]
        rows[name] = [f"`{name}`", *quality]
        print(*rows[name], flush=True)

    report.write(
        "recipes",
        "Recipes",
        ["recipe", "time of `vae`", "squared error", "log p(x)", "confidence", "classes"],
        [rows[name] for name in ae.recipes.__all__ if name in rows],
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
