r"""A table of wines: imputation of missing cells, and new wines."""

__all__: list[str] = []

import html
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_wine

from .. import recipes
from ..corruptions import Masking
from ..training.trainer import Training

EPOCHS = 400
SHOWN_COLUMNS = ["alcohol", "malic_acid", "flavanoids", "color_intensity", "proline", "cultivar"]


def make_section(folder: Path, fraction: float, seed: int) -> dict[str, Any]:
    r"""Fits a model of wines, and returns the figures of the section."""
    wine = load_wine(as_frame=True)
    table = wine.data.assign(cultivar=wine.target.map(dict(enumerate("ABC"))))
    hidden = np.random.default_rng(seed).random(table.shape) < 0.2
    holes = table.mask(hidden)

    epochs = max(1, round(fraction * EPOCHS))
    sommelier = recipes.vae(
        4,
        layers=(64,),
        corruption=Masking(0.2),
        training=Training(epochs=epochs, show_progress=False),
        random_state=seed,
    ).fit(holes)

    truth, numbers = wine.data, wine.data.columns
    hidden_numbers = hidden[:, : len(numbers)]
    hidden_cultivars = hidden[:, len(numbers)]
    filled = sommelier.impute(holes)

    def error(guess: Any) -> float:
        relative = ((guess - truth) / truth.std()).to_numpy(float)[hidden_numbers]
        return float(np.sqrt(np.mean(relative**2)))

    right = (filled["cultivar"] == table["cultivar"])[hidden_cultivars].mean()
    new = sommelier.sample(4, conditions={"cultivar": "A"}, random_state=seed)

    return {
        "wine_epochs": epochs,
        "wine_error": f"{error(filled[numbers]):.2f}",
        "wine_means": f"{error(0 * truth + holes[numbers].mean()):.2f}",
        "wine_right": f"{100 * right:.0f}",
        "wine_hidden": int(hidden_cultivars.sum()),
        "wine_head": _cells("th", SHOWN_COLUMNS),
        "wines": "\n".join(
            _cells("td", row) for row in new[SHOWN_COLUMNS].itertuples(index=False)
        ),
    }


def _cells(tag: str, row: Any) -> str:
    words = [f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row]
    return f"<tr>{''.join(f'<{tag}>{html.escape(word)}</{tag}>' for word in words)}</tr>"
