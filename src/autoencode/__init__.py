r"""Autoencoders for anyone with data: compress, denoise, map and generate."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import (
        corruptions,
        datasets,
        distributions,
        evaluation,
        modalities,
        networks,
        objectives,
        plots,
        priors,
        recipes,
    )
    from .estimator import Autoencoder, load
    from .least_squares import LeastSquares
    from .recipes import autoencoder, beta_vae, contractive, denoising, linear, vae
    from .training import Training

__version__ = "0.1.0"

_MODULES = [
    "corruptions",
    "datasets",
    "distributions",
    "evaluation",
    "modalities",
    "networks",
    "objectives",
    "plots",
    "priors",
    "recipes",
]

_NAMES = {
    "Autoencoder": "estimator",
    "LeastSquares": "least_squares",
    "Training": "training",
    "autoencoder": "recipes",
    "beta_vae": "recipes",
    "contractive": "recipes",
    "denoising": "recipes",
    "linear": "recipes",
    "load": "estimator",
    "vae": "recipes",
}

__all__ = sorted([*_MODULES, *_NAMES])


def __getattr__(name: str) -> Any:
    # Torch takes a second to import, which a command's `--help` need not wait for
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)

    if name in _NAMES:
        return getattr(importlib.import_module(f".{_NAMES[name]}", __name__), name)

    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
