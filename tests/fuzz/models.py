r"""A small model of each kind of data, code and objective, with examples of its data."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autoencode as ae
from autoencode import distributions as d
from autoencode import objectives as o
from autoencode.common import container
from autoencode.common.configurable import Configurable
from autoencode.modalities import MDCT, Images, Series, Sounds, Texts
from autoencode.networks import Convolutional, FullyConvolutional, Recurrent, Transformer
from autoencode.priors import (
    FlowPrior,
    KernelDensity,
    LearnedMixture,
    Mixture,
    TransformerPrior,
    VampPrior,
)

from .combined import COMBINED
from .examples import (
    COLOR,
    COUNTS,
    GAPS,
    GRAY,
    ONCE,
    QUICK,
    STEPS,
    TEXTS,
    WAVES,
    Made,
    X,
    frame,
    ragged,
    with_objective,
    with_posterior,
)


class Seed(NamedTuple):
    r"""The file of a whole model, a few examples, and their labels."""

    file: Path
    X: Any
    y: Any = None


KINDS: dict[str, Made] = {
    "tables": (lambda: ae.vae(2, prior=Mixture(1), **QUICK), lambda: X, None),
    "given": (lambda: ae.vae(2, conditional=True, **QUICK), lambda: GRAY, np.arange(30) % 3),
    "named": (
        lambda: ae.vae(2, conditional=True, **QUICK), lambda: X, np.array(["u", "v"] * 15),
    ),
    "linear": (lambda: ae.linear(2, conditional=True, random_state=0), lambda: X, X[:, :2]),
    "images": (
        lambda: ae.autoencoder(2, network=Convolutional(2, 1, 8), **ONCE), lambda: GRAY, None,
    ),
    "photographs": (
        lambda: ae.denoising(network=FullyConvolutional(4), modality=Images(), **ONCE),
        lambda: COLOR, None,
    ),
    "pixels": (
        lambda: ae.vae(2, likelihood=d.DiscretizedLogistic(), **QUICK), lambda: COLOR, None,
    ),
    "texts": (
        lambda: ae.vae(2, network=Recurrent(8), modality=Texts(), **ONCE), lambda: TEXTS, None,
    ),
    "sounds": (lambda: ae.vae(2, modality=Sounds(rate=8000), **QUICK), lambda: WAVES, None),
    "waves": (
        lambda: ae.autoencoder(2, modality=Sounds(rate=8000, spectrum=MDCT()), **QUICK),
        lambda: WAVES, None,
    ),
    "series": (lambda: ae.vae(2, modality=Series(), **QUICK), lambda: STEPS, None),
    "gaps": (lambda: ae.vae(2, modality=Series(), **QUICK), lambda: GAPS, None),
    "ragged": (lambda: ae.vae(2, modality=Series(window=6), **QUICK), ragged, None),
    "vq": (lambda: ae.vq_vae(4, codebook_size=8, **QUICK), lambda: X, None),
    "residual": with_posterior(d.ResidualQuantizer(2, 4), o.VQ()),
    "scalar": with_posterior(d.FiniteScalarQuantizer((5, 3))),
    "top_k": with_posterior(d.TopK(1)),
    "batch_top_k": with_posterior(d.BatchTopK(1)),
    "jump": with_posterior(d.JumpReLU(), o.Sparse()),
    "delta": with_posterior(d.DeltaGaussian(), o.ELBO()),
    "full": with_posterior(d.FullGaussian(), o.ELBO()),
    "aae": with_objective(o.AAE(layers=(8,))),
    "factor": with_objective(o.FactorVAE(layers=(8,)), posterior=d.DiagonalGaussian()),
    "rae": with_objective(o.RAE()),
    "wae": with_objective(o.WAE()),
    "iwae": (lambda: ae.iwae(2, n_samples=2, **QUICK), lambda: X, None),
    "vamp": (lambda: ae.vae(2, prior=VampPrior(4), **QUICK), lambda: X, None),
    "ordered": (lambda: ae.matryoshka(3, prefixes=(1, 2, 3), **QUICK), lambda: X, None),
    "masked": (lambda: ae.masked(2, **QUICK), lambda: X, None),
    "sigma": (lambda: ae.sigma_vae(2, **QUICK), lambda: X, None),
    "sparse": (lambda: ae.sparse(6, **ONCE), lambda: X, None),
    "planar": with_posterior(d.PlanarFlow(2), o.ELBO()),
    "iaf": with_posterior(d.InverseAutoregressiveFlow(1, (8,)), o.ELBO()),
    "spline": with_posterior(d.SplineFlow(), o.ELBO()),
    "sphere": with_posterior(d.PowerSpherical(), o.ELBO(), latent_dim=3),
    "hyperbolic": with_posterior(d.WrappedNormal(), o.ELBO()),
    "gumbel": with_posterior(d.GumbelSoftmax(2), o.ELBO(), latent_dim=4),
    "truths": with_posterior(d.StraightThroughBernoulli(), o.ELBO()),
    "product": with_posterior(d.ProductQuantizer(2, 4), o.VQ(), latent_dim=4),
    "signs": with_posterior(d.LookupFreeQuantizer(), o.VQ()),
    "flow_prior": (lambda: ae.vae(2, prior=FlowPrior(), **QUICK), lambda: X, None),
    "kernels": (lambda: ae.vae(2, prior=KernelDensity(), **QUICK), lambda: X, None),
    "learned": (lambda: ae.vae(2, prior=LearnedMixture(3), **QUICK), lambda: X, None),
    "sequence": (
        lambda: ae.vq_vae(4, codebook_size=8, prior=TransformerPrior(), **QUICK),
        lambda: X, None,
    ),
    "zeros": with_objective(
        o.ELBO(), lambda: COUNTS,
        posterior=d.DiagonalGaussian(), likelihood=d.ZeroInflated(d.Poisson()),
    ),
    "cycles": with_objective(
        o.ELBO(beta=o.CyclicalSchedule()),
        posterior=d.DiagonalGaussian(), likelihood=d.Laplace(),
    ),
    "tails": with_objective(o.ELBO(), posterior=d.DiagonalGaussian(), likelihood=d.StudentT()),
    "recurrent": (
        lambda: ae.vae(2, modality=Series(), network=Recurrent(8), **ONCE), lambda: STEPS, None,
    ),
    "attention": (
        lambda: ae.vae(2, modality=Series(), network=Transformer(8, 1, 1), **ONCE),
        lambda: GAPS, None,
    ),
}  # fmt: skip

if find_spec("pandas"):
    KINDS["incomplete"] = (lambda: ae.miwae(2, n_samples=2, **QUICK), frame, None)
    KINDS["frames"] = (lambda: ae.vae(2, **QUICK), frame, None)
    KINDS["given_frames"] = (
        lambda: ae.vae(2, conditional=True, **QUICK),
        frame,
        np.arange(30) % 2,
    )

if find_spec("tokenizers"):
    KINDS["subwords"] = (
        lambda: ae.vae(2, network=Transformer(8, 1, 1), modality=Texts(vocab_size=260), **ONCE),
        lambda: TEXTS, None,
    )  # fmt: skip

KINDS |= COMBINED
KINDS["encoder"] = KINDS["tables"]


def make(folder: Path, kinds: Any = KINDS) -> dict[str, Seed]:
    r"""Fits and saves a model of each kind, unless the folder has it."""
    found = {}

    for name in kinds:
        build, data, y = KINDS[name]
        file, X = folder / f"{name}.ae", data()

        if not file.exists():
            build().fit(X, y).save(file, encoder_only=name == "encoder")

        found[name] = Seed(file, X[:3], None if y is None else y[:3])

    return found


def parts_left_out(files: Iterable[Path]) -> set[str]:
    r"""Returns the names of public parts of models that occur in none of the files."""
    found: set[str] = set()

    def gather(value: Any) -> None:
        if isinstance(value, dict):
            found.add(str(value.get("class", "")).rpartition(".")[2])

        if isinstance(value, (dict, list)):
            [gather(part) for part in (value.values() if isinstance(value, dict) else value)]

    for file in files:
        gather(container.read(file)[0])

    folders = ("networks", "priors", "distributions", "objectives", "modalities", "corruptions")
    parts = (getattr(getattr(ae, f), n) for f in folders for n in getattr(ae, f).__all__)
    classes = {p for p in parts if isinstance(p, type) and issubclass(p, Configurable)}
    bases = {base for part in classes for base in part.__mro__[1:]}

    # Modules are functions of the user
    return {part.__name__ for part in classes - bases} - found - {"Modules"}
