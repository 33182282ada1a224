r"""The tour: what is fitted, drawn and said, in which order.

The prose and the lines of Python under each picture are in the `.html` files; what they say is
measured here.
"""

__all__ = ["main"]

import html
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources, util
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import torch

from .. import __version__
from ..training.trainer import Training
from . import digits, sounds, tables, texts
from .remaining_time import Stages

_EPOCH = 0.05  # seconds for the digits, on one core; the run shows how fast this one is


class Kind(NamedTuple):
    r"""A section about another kind of data."""

    show: Callable[[Path, float, int], dict[str, Any]]
    r"""Fits, writes files to the folder, and returns the figures of the section."""

    seconds: float
    r"""How long that takes, on one core."""

    package: str | None
    r"""What it cannot do without."""

    extra: str = ""
    r"""The extra that brings it."""


_KINDS = {
    "sounds": Kind(sounds.show, 10.0, "soundfile", "audio"),
    "texts": Kind(texts.show, 40.0, None),
    "tables": Kind(tables.show, 10.0, "pandas", "tables"),
}


def main(folder: str | Path = "demo", epochs: int = 100, random_state: int = 0) -> None:
    r"""Fits autoencoders to digits, sounds, texts and a table, and leaves a page in a folder.

    Arguments:
        folder: Where to. Files of an earlier run are replaced.
        epochs: The number of passes over the digits in each fit; those of other data are in
            proportion.
        random_state: Seeds everything random.

    Raises:
        ValueError: If the folder cannot be written, which is found before the work.

    Example:
        >>> main("demo")  # doctest: +SKIP
    """
    folder = _writable(Path(folder))
    data = digits.read()
    plan = digits.plan(Training(epochs=epochs, show_progress=False), random_state)
    kinds = {name: kind for name, kind in _KINDS.items() if _there(kind)}
    stages = Stages(
        {name: epochs * _EPOCH * len(group) for name, group in plan.items()}
        | {"scores on the unseen digits": 3.0, "pictures": 5.0}
        | {name: epochs / 100 * kind.seconds for name, kind in kinds.items()}
    )

    print(
        f"{sum(map(len, plan.values()))} fits to {len(data.X):,} handwritten digits, judged by"
        f" {len(data.X_test)} others; then {', '.join(kinds)}. About {stages.left():.0f} s."
    )

    with _one_thread():
        models: digits.Models = {}

        for name, group in plan.items():
            with stages.stage(name):
                models |= {key: m.fit(data.X, data.y) for key, m in group.items()}

        with stages.stage("scores on the unseen digits"):
            noisy = digits.damaged(data.X_test, random_state)
            errors = digits.mean_errors(models, data)
            figures = digits.measure(models, data, noisy, errors, random_state)

        with stages.stage("pictures"):
            for file, figure in digits.draw(models, data, noisy, errors, random_state):
                figure.savefig(folder / file)

        figures |= {
            "rows": digits.table_rows(errors),
            "epochs": epochs,
            "seed": random_state,
            "next_seed": random_state + 1,
            "machine": html.escape(_machine()),
        }

        for name, kind in kinds.items():
            with stages.stage(name):
                found = kind.show(folder, epochs / 100, random_state)
                figures[name] = _filled(name, figures | found)

    absent = {name: _absent(name, kind) for name, kind in _KINDS.items() if name not in kinds}
    figures["seconds"] = f"{stages.elapsed():.0f}"
    (folder / "index.html").write_text(_filled("page", absent | figures), "utf-8")

    print(f"\nDone in {stages.elapsed():.0f} s. Look at {folder / 'index.html'} in a browser.")
    print("Next, with a folder of images or sounds, or a .npy, .csv or .txt file of your own:")
    print("  autoencode fit DATA --recipe vae --latent-dim 16 --out my.ae")
    print("  autoencode plot my.ae DATA --out pictures")


def _there(kind: Kind) -> bool:
    return kind.package is None or util.find_spec(kind.package) is not None


def _absent(name: str, kind: Kind) -> str:
    return (
        f"<section><h2>{name.capitalize()}</h2><p>Left out: they need {kind.package}, which"
        f" <code>pip install 'autoencode[{kind.extra}]'</code> brings.</p></section>"
    )


def _filled(name: str, figures: dict[str, Any]) -> str:
    template = resources.files(__package__).joinpath(f"{name}.html").read_text("utf-8")
    return Template(template).substitute(figures)


def _machine() -> str:
    gpu = f" and one {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""

    return (
        f"{os.cpu_count()} {platform.machine()} cores, of which one is used{gpu}; Python"
        f" {platform.python_version()}, torch {torch.__version__}, autoencode {__version__}"
    )


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)

        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise ValueError(
            f"expected a folder that can be written, got '{folder}': {error.strerror}."
            " Name another one."
        ) from None


@contextmanager
def _one_thread() -> Iterator[None]:
    r"""Keeps torch to one thread: layers this small wait for each other more than they work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    try:
        yield
    finally:
        torch.set_num_threads(threads)
