r"""Texts: numbers in words, whose spelling can be checked."""

__all__: list[str] = []

import html
from pathlib import Path
from typing import Any

import numpy as np

from .. import datasets, recipes
from ..common.visible_text import visible
from ..training.trainer import Training

EPOCHS = 60


def make_section(folder: Path, fraction: float, seed: int) -> dict[str, Any]:
    r"""Fits a model of numbers in words, and returns the figures of the section."""
    numbers = datasets.number_words(random_state=seed).X
    train, test = numbers[:800], numbers[800:]
    epochs = max(1, round(fraction * EPOCHS))
    training = Training(epochs, batch_size=32, show_progress=False)
    speller = recipes.vae(8, training=training, random_state=seed).fit(train)

    reconstructed = speller.reconstruct(test)
    new = speller.sample(200, random_state=seed)
    first, last = speller.transform(["seven", "nine hundred and ninety-nine"])
    between = speller.inverse_transform(np.linspace(first, last, 6))

    return {
        "text_epochs": epochs,
        "text_exact": f"{100 * np.mean([a == b for a, b in zip(reconstructed, test)]):.0f}",
        "text_valid": f"{100 * np.mean([text in set(numbers) for text in new]):.0f}",
        "new_texts": _lines(new[:6]),
        "between": _lines(between),
    }


def _lines(texts: Any) -> str:
    return "\n".join(f"<li>{html.escape(visible(text))}</li>" for text in texts)
