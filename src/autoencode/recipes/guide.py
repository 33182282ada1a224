r"""Advice on recipes: what each is for, when to use another, what it costs, and its source."""

__all__ = ["ADVICE", "Advice", "source_of"]

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple


class Advice(NamedTuple):
    r"""Advice on one recipe."""

    purpose: str
    r"""The purpose of the recipe."""

    instead: str
    r"""The case for another recipe, and its name."""

    cost: float
    r"""Processor time of a fit to digits, in units of that of :func:`~autoencode.recipes.vae`, as
    `benchmarks/recipes.py` measures it."""


ADVICE = {
    "aae": Advice(
        "new examples from a deterministic encoder, by a discriminator",
        "no second network to train: `wae`",
        0.8,
    ),
    "autoencoder": Advice("compress", "new examples: `vae`", 0.6),
    "beta_tc_vae": Advice("independent units", "densities: `vae`", 1.0),
    "beta_vae": Advice("fewer, more separate factors", "independent ones: `beta_tc_vae`", 0.9),
    "contractive": Advice(
        "reconstructions that ignore noise, tangent planes", "speed: `denoising`", 1.6
    ),
    "counts": Advice(
        "counts with size factors, such as reads of single cells; batches as conditions",
        "numbers that are measured: `vae`",
        0.5,
    ),
    "denoising": Advice("clean versions of damaged data", "undamaged data: `autoencoder`", 0.8),
    "dip_vae": Advice("uncorrelated units", "dependence beyond correlation: `beta_tc_vae`", 0.7),
    "factor_vae": Advice(
        "independent units, by a discriminator", "few examples: `beta_tc_vae`", 0.9
    ),
    "hvae": Advice(
        "codes that the decoder's gradient moves towards their exact posterior",
        "speed: `vae` or `iwae`",
        6.1,
    ),
    "info_vae": Advice("a VAE that keeps information in the code", "densities: `vae`", 1.0),
    "iwae": Advice("better densities", "speed: `vae`", 1.7),
    "linear": Advice("few rows; a baseline for all others", "curved data: `autoencoder`", 0.0),
    "masked": Advice(
        "codes and reconstructions from a part of an example: patches of images, cells of tables",
        "nothing is hidden later: `autoencoder`",
        0.5,
    ),
    "matryoshka": Advice(
        "codes of all sizes from one model, the first units of each code",
        "one size is enough: `autoencoder`",
        1.2,
    ),
    "miwae": Advice(
        "frames with missing cells: densities of what is there, and `impute`",
        "speed, or complete rows: `vae`",
        2.7,
    ),
    "rae": Advice(
        "new examples from a deterministic encoder, by a mixture that is fitted afterwards",
        "densities: `vae`",
        0.9,
    ),
    "recommender": Advice(
        "things that a user does not have yet, best first",
        "densities and expected counts: `counts`",
        0.3,
    ),
    "sigma_vae": Advice(
        "a VAE whose noise is right from the first step", "one noise for each column: `vae`", 0.9
    ),
    "sparse": Advice(
        "units that stand for one thing each: a large dictionary of which an example uses a few",
        "compact codes: `autoencoder`",
        0.3,
    ),
    "vae": Advice("densities and new examples", "sharp reconstructions: `rae`", 1.0),
    "vae_gan": Advice(
        "a VAE that compares examples by what a discriminator sees, not number by number",
        "densities, small errors, or few examples: `vae`",
        4.6,
    ),
    "vq_vae": Advice(
        "codes that are entries of a codebook", "codes that vary continuously: `autoencoder`", 1.0
    ),
    "wae": Advice("new examples from a deterministic encoder", "densities: `vae`", 0.9),
}


def source_of(recipe: Callable[..., Any]) -> tuple[str, str]:
    r"""The first reference of a recipe: title with authors and year, and address.

    Arguments:
        recipe: The recipe.

    Example:
        >>> from autoencode.recipes import vae
        >>> source_of(vae)
        ('Auto-Encoding Variational Bayes (Kingma & Welling, 2014)', 'https://arxiv.org/abs/...')
    """
    text = inspect.getdoc(recipe) or ""
    first = text.partition("References:\n")[2].partition("\n\n")[0]
    words = re.sub(r"[|\s]+", " ", first).strip()
    title, _, address = words.rpartition(" ")

    return title.partition("), ")[0].rstrip(")") + ")", address
