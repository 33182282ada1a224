r"""Autoencoders for anyone with data: compress, denoise, map and generate.

`estimator` has the interface, `recipes` the models of the literature. A model is made of
`networks`, `distributions`, `priors`, `objectives` and `corruptions`; `models`, `training`,
`blueprint`, `fitting`, `inference`, `diagnosis` and `persistence` put them to work.
`modalities`, `inputs`, `data` and `datasets` are about data, `evaluation`, `manifold` and `plots`
about trained models, and `pages` shows what was measured. `comparison` measures models beside
classical methods. `scale` encodes data of any size in parts. `explorer` is a page that decodes
what is pointed at. `export` writes models for other programs. `cli` is the command line
(`__main__`), `demo` the page of `make demo`, and `common` holds basic tools.
"""

import importlib
from typing import TYPE_CHECKING, Any

from .common.threads import wait_passively

if TYPE_CHECKING:
    from . import (
        comparison,
        corruptions,
        datasets,
        distributions,
        evaluation,
        manifold,
        modalities,
        networks,
        objectives,
        plots,
        priors,
        recipes,
        scale,
    )
    from .common.failures import FitWarning
    from .comparison import compare
    from .estimator import Autoencoder, load
    from .explorer.explorer import explore
    from .persistence.hub import push
    from .recipes import (
        aae,
        autoencoder,
        beta_tc_vae,
        beta_vae,
        contractive,
        counts,
        denoising,
        dip_vae,
        factor_vae,
        hvae,
        info_vae,
        iwae,
        linear,
        masked,
        matryoshka,
        miwae,
        rae,
        recommender,
        sigma_vae,
        vae,
        vae_gan,
        vq_vae,
        wae,
    )
    from .training.linear.least_squares import LeastSquares
    from .training.trainer import Training

__version__ = "0.1.0"

__all__ = [
    "Autoencoder",
    "FitWarning",
    "LeastSquares",
    "Training",
    "aae",
    "autoencoder",
    "beta_tc_vae",
    "beta_vae",
    "compare",
    "comparison",
    "contractive",
    "corruptions",
    "counts",
    "datasets",
    "denoising",
    "dip_vae",
    "distributions",
    "evaluation",
    "explore",
    "factor_vae",
    "hvae",
    "info_vae",
    "iwae",
    "linear",
    "load",
    "manifold",
    "masked",
    "matryoshka",
    "miwae",
    "modalities",
    "networks",
    "objectives",
    "plots",
    "priors",
    "push",
    "rae",
    "recipes",
    "recommender",
    "sigma_vae",
    "sparse",
    "vae",
    "vae_gan",
    "vq_vae",
    "wae",
]

_FOLDERS = {
    "comparison",
    "corruptions",
    "datasets",
    "distributions",
    "evaluation",
    "manifold",
    "modalities",
    "networks",
    "objectives",
    "plots",
    "priors",
    "recipes",
    "scale",
}
_FOLDER_OF_NAME = {  # all others are recipes
    "Autoencoder": "estimator",
    "FitWarning": "common.failures",
    "LeastSquares": "training",
    "compare": "comparison",
    "explore": "explorer",
    "Training": "training",
    "load": "estimator",
    "push": "persistence.hub",
}


wait_passively()  # before anything loads torch


def __getattr__(name: str) -> Any:
    # Torch takes a second to import, for which `--help` need not wait
    if name in _FOLDERS:
        return importlib.import_module(f".{name}", __name__)

    if name in __all__:
        home = _FOLDER_OF_NAME.get(name, "recipes")
        return getattr(importlib.import_module(f".{home}", __name__), name)

    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
