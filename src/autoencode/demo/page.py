r"""The tour: fits, pictures and measurements, in the order of the page.

The text of the page and the code under each picture are in the `.html` files. This module makes
the measurements that they quote.
"""

__all__ = ["main"]

import html
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources, util
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np
import torch

from .. import __version__
from ..common.atomic_files import check_writable, replacing
from ..training.trainer import Training
from . import digits, series, sounds, tables, texts
from .remaining_time import Stages

_SECONDS_PER_EPOCH = 0.05  # for one model of digits, on one core


class Section(NamedTuple):
    r"""A section of the page about another kind of data."""

    make: Callable[[Path, float, int], dict[str, Any]]
    r"""Fits a model, writes files to the folder, and returns the figures of the section."""

    seconds: float
    r"""Expected duration of 100 epochs, on one core."""

    package: str | None
    r"""The optional package that the section needs."""

    extra: str = ""
    r"""The extra that installs the package."""


_SECTIONS = {
    "sounds": Section(sounds.make_section, 10.0, "soundfile", "audio"),
    "series": Section(series.make_section, 6.0, None),
    "texts": Section(texts.make_section, 40.0, None),
    "tables": Section(tables.make_section, 10.0, "pandas", "tables"),
}


def main(folder: str | Path = "demo", epochs: int = 100, random_state: int = 0) -> None:
    r"""Fits autoencoders to five kinds of data, and writes a page about them.

    Arguments:
        folder: The folder of the page. Files of an earlier run are replaced.
        epochs: The number of epochs of each fit to the digits. Epochs of other data are in
            proportion.
        random_state: The seed of all random numbers.

    Raises:
        ValueError: If the folder is not writable. This is checked before the first fit.
    """
    folder = Path(folder)
    check_writable(folder / "index.html")
    data = digits.load_split()
    plan = digits.models_by_stage(Training(epochs=epochs, show_progress=False), random_state)
    sections = {name: s for name, s in _SECTIONS.items() if _is_available(s)}
    stages = Stages(
        {name: epochs * _SECONDS_PER_EPOCH * len(group) for name, group in plan.items()}
        | {"scores on the test digits": 3.0, "pictures": 5.0}
        | {name: epochs / 100 * section.seconds for name, section in sections.items()}
    )

    print(
        f"{sum(map(len, plan.values()))} models of {len(data.X):,} handwritten digits, tested on"
        f" {len(data.X_test)} others; then {', '.join(sections)}. About {stages.left():.0f} s."
    )

    with _one_thread():
        models: digits.Models = {}

        for name, group in plan.items():
            with stages.stage(name):
                models |= {key: m.fit(data.X, data.y) for key, m in group.items()}

        with stages.stage("scores on the test digits"):
            noisy = digits.add_noise(data.X_test, random_state)
            errors = digits.mean_errors(models, data)
            figures = digits.measure(models, data, noisy, errors, random_state)

        with stages.stage("pictures"):
            for file, figure in digits.pictures(models, data, noisy, errors, random_state):
                with replacing(folder / file) as temporary:
                    figure.savefig(temporary)

            models["VAE", 16].save(folder / "digits.ae")

            with replacing(folder / "digits.npz") as temporary:
                np.savez(temporary, X=data.X_test, y=data.y_test)

        figures |= {
            "rows": digits.table_rows(errors),
            "epochs": epochs,
            "seed": random_state,
            "next_seed": random_state + 1,
            "machine": html.escape(_machine()),
        }

        for name, section in sections.items():
            with stages.stage(name):
                measured = section.make(folder, epochs / 100, random_state)
                figures[name] = _fill_template(name, figures | measured)

    absent = {
        name: _missing_package(name, s) for name, s in _SECTIONS.items() if name not in sections
    }
    figures["seconds"] = f"{stages.elapsed():.0f}"

    with replacing(folder / "index.html") as temporary:
        temporary.write_text(_fill_template("page", absent | figures), "utf-8")

    print(f"\nDone in {stages.elapsed():.0f} s. Open {folder / 'index.html'} in a browser.")
    print(f"Next: autoencode explore {folder / 'digits.ae'} {folder / 'digits.npz'}")
    print("Next, try your own folder of images or sounds, or a .npy, .csv or .txt file:")
    print("  autoencode fit DATA --recipe vae --latent-dim 16 --out my.ae")
    print("  autoencode plot my.ae DATA --out pictures")


def _is_available(section: Section) -> bool:
    return section.package is None or util.find_spec(section.package) is not None


def _missing_package(name: str, section: Section) -> str:
    return (
        f"<section><h2>{name.capitalize()}</h2><p>Left out: this section needs"
        f" {section.package}. Install it with"
        f" <code>pip install 'autoencode[{section.extra}]'</code>.</p></section>"
    )


def _fill_template(name: str, figures: dict[str, Any]) -> str:
    template = resources.files(__package__).joinpath(f"{name}.html").read_text("utf-8")
    return Template(template).substitute(figures)


def _machine() -> str:
    gpu = f" and one {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""

    return (
        f"{os.cpu_count()} {platform.machine()} cores (one in use){gpu}; Python"
        f" {platform.python_version()}, torch {torch.__version__}, autoencode {__version__}"
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    r"""Limits torch to one thread, as more threads slow down layers this small."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    try:
        yield
    finally:
        torch.set_num_threads(threads)
