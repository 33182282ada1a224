r"""A small model of each kind of data, code and objective, with examples of its data."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autoencode as ae
from autoencode import distributions as d
from autoencode import objectives as o
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

_RNG = np.random.default_rng(0)
_X = _RNG.normal(size=(30, 4))
_GRAY = _RNG.integers(256, size=(30, 8, 8), dtype=np.uint8)
_COLOR = _RNG.integers(256, size=(12, 8, 8, 3), dtype=np.uint8)
_COUNTS = _RNG.poisson(2.0, size=(30, 4))
_TEXTS = [" ".join(_RNG.choice(["ab", "cd", "efg"], 3)) for _ in range(30)]
_WAVES = _RNG.normal(scale=0.1, size=(8, 2000)).astype(np.float32)
_STEPS = np.sin(np.arange(20)[:, None] / 3 + _RNG.normal(size=(12, 1, 2)))
_GAPS = np.where(_RNG.random(_STEPS.shape) < 0.2, np.nan, _STEPS)


class Seed(NamedTuple):
    r"""The file of a whole model, a few examples, and their labels."""

    file: Path
    X: Any
    y: Any = None


def _frame() -> Any:
    import pandas

    numbers, rng = _X, np.random.default_rng(1)
    columns = {
        "number": numbers[:, 0],
        "level": ["a", "b", None] * 10,
        "day": pandas.date_range("2020", periods=30),
        "count": rng.integers(9, size=30),
        "money": rng.integers(1000, size=30) / 100,
        "truth": rng.random(30) < 0.5,
        "zone": pandas.date_range("2021", periods=30, freq="h", tz="UTC"),
        "kind": pandas.Categorical(["x", "y"] * 15, categories=["x", "y", "z"]),
    }

    return pandas.DataFrame(columns)


def _ragged() -> list[np.ndarray]:
    return [step[: 8 + i] for i, step in enumerate(_STEPS)]


_ONCE: dict[str, Any] = {
    "training": ae.Training(epochs=1, show_progress=False),
    "random_state": 0,
}
_QUICK: dict[str, Any] = {"layers": (8,), **_ONCE}
_Made = tuple[Callable[[], ae.Autoencoder], Callable[[], Any], Any]


def _objective(
    objective: Any, data: Callable[[], Any] = lambda: _X, latent_dim: int = 2, **options: Any
) -> _Made:
    given = {"network": ae.networks.FullyConnected((8,)), "objective": objective, **_ONCE}
    return lambda: ae.Autoencoder(latent_dim, **given | options), data, None


def _posterior(posterior: Any, objective: Any = None, latent_dim: int = 2) -> _Made:
    return _objective(objective or o.Reconstruction(), latent_dim=latent_dim, posterior=posterior)


KINDS: dict[str, _Made] = {
    "tables": (lambda: ae.vae(2, prior=Mixture(1), **_QUICK), lambda: _X, None),
    "given": (lambda: ae.vae(2, conditional=True, **_QUICK), lambda: _GRAY, np.arange(30) % 3),
    "named": (
        lambda: ae.vae(2, conditional=True, **_QUICK), lambda: _X, np.array(["u", "v"] * 15),
    ),
    "linear": (lambda: ae.linear(2, conditional=True, random_state=0), lambda: _X, _X[:, :2]),
    "images": (
        lambda: ae.autoencoder(2, network=Convolutional(2, 1, 8), **_ONCE), lambda: _GRAY, None,
    ),
    "photographs": (
        lambda: ae.denoising(network=FullyConvolutional(4), modality=Images(), **_ONCE),
        lambda: _COLOR, None,
    ),
    "pixels": (
        lambda: ae.vae(2, likelihood=d.DiscretizedLogistic(), **_QUICK), lambda: _COLOR, None,
    ),
    "texts": (
        lambda: ae.vae(2, network=Recurrent(8), modality=Texts(), **_ONCE), lambda: _TEXTS, None,
    ),
    "sounds": (lambda: ae.vae(2, modality=Sounds(rate=8000), **_QUICK), lambda: _WAVES, None),
    "waves": (
        lambda: ae.autoencoder(2, modality=Sounds(rate=8000, spectrum=MDCT()), **_QUICK),
        lambda: _WAVES, None,
    ),
    "series": (lambda: ae.vae(2, modality=Series(), **_QUICK), lambda: _STEPS, None),
    "gaps": (lambda: ae.vae(2, modality=Series(), **_QUICK), lambda: _GAPS, None),
    "ragged": (lambda: ae.vae(2, modality=Series(window=6), **_QUICK), _ragged, None),
    "vq": (lambda: ae.vq_vae(4, codebook_size=8, **_QUICK), lambda: _X, None),
    "residual": _posterior(d.ResidualQuantizer(2, 4), o.VQ()),
    "scalar": _posterior(d.FiniteScalarQuantizer((5, 3))),
    "top_k": _posterior(d.TopK(1)),
    "batch_top_k": _posterior(d.BatchTopK(1)),
    "jump": _posterior(d.JumpReLU(), o.Sparse()),
    "delta": _posterior(d.DeltaGaussian(), o.ELBO()),
    "full": _posterior(d.FullGaussian(), o.ELBO()),
    "aae": _objective(o.AAE(layers=(8,))),
    "factor": _objective(o.FactorVAE(layers=(8,)), posterior=d.DiagonalGaussian()),
    "rae": _objective(o.RAE()),
    "wae": _objective(o.WAE()),
    "iwae": (lambda: ae.iwae(2, n_samples=2, **_QUICK), lambda: _X, None),
    "matryoshka": _objective(o.Matryoshka()),
    "vamp": (lambda: ae.vae(2, prior=VampPrior(4), **_QUICK), lambda: _X, None),
    "ordered": (lambda: ae.matryoshka(3, prefixes=(1, 2, 3), **_QUICK), lambda: _X, None),
    "masked": (lambda: ae.masked(2, **_QUICK), lambda: _X, None),
    "sigma": (lambda: ae.sigma_vae(2, **_QUICK), lambda: _X, None),
    "sparse": (lambda: ae.sparse(6, **_ONCE), lambda: _X, None),
    "planar": _posterior(d.PlanarFlow(2), o.ELBO()),
    "iaf": _posterior(d.InverseAutoregressiveFlow(1, (8,)), o.ELBO()),
    "spline": _posterior(d.SplineFlow(), o.ELBO()),
    "sphere": _posterior(d.PowerSpherical(), o.ELBO(), latent_dim=3),
    "hyperbolic": _posterior(d.WrappedNormal(), o.ELBO()),
    "gumbel": _posterior(d.GumbelSoftmax(2), o.ELBO(), latent_dim=4),
    "truths": _posterior(d.StraightThroughBernoulli(), o.ELBO()),
    "product": _posterior(d.ProductQuantizer(2, 4), o.VQ(), latent_dim=4),
    "signs": _posterior(d.LookupFreeQuantizer(), o.VQ()),
    "linear_schedule": _posterior(
        d.DiagonalGaussian(), o.ELBO(beta=o.LinearSchedule(0.5, 2.0, 0.3)),
    ),
    "cycles": _posterior(d.DiagonalGaussian(), o.ELBO(beta=o.CyclicalSchedule())),
    "flow_prior": (lambda: ae.vae(2, prior=FlowPrior(), **_QUICK), lambda: _X, None),
    "kernels": (lambda: ae.vae(2, prior=KernelDensity(), **_QUICK), lambda: _X, None),
    "learned": (lambda: ae.vae(2, prior=LearnedMixture(3), **_QUICK), lambda: _X, None),
    "sequence": (
        lambda: ae.vq_vae(4, codebook_size=8, prior=TransformerPrior(), **_QUICK),
        lambda: _X, None,
    ),
    "counts": _objective(
        o.ELBO(), lambda: _COUNTS, posterior=d.DiagonalGaussian(), likelihood=d.NegativeBinomial(),
    ),
    "totals": _objective(
        o.ELBO(), lambda: _COUNTS, posterior=d.DiagonalGaussian(), likelihood=d.Multinomial(),
    ),
    "zeros": _objective(
        o.ELBO(), lambda: _COUNTS,
        posterior=d.DiagonalGaussian(), likelihood=d.ZeroInflated(d.Poisson()),
    ),
    "tails": _objective(o.ELBO(), posterior=d.DiagonalGaussian(), likelihood=d.StudentT()),
    "recurrent": (
        lambda: ae.vae(2, modality=Series(), network=Recurrent(8), **_ONCE), lambda: _STEPS, None,
    ),
    "attention": (
        lambda: ae.vae(2, modality=Series(), network=Transformer(8, 1, 1), **_ONCE),
        lambda: _GAPS, None,
    ),
    "logistic": _objective(o.ELBO(), posterior=d.DiagonalGaussian(), likelihood=d.Laplace()),
}  # fmt: skip

if find_spec("pandas"):
    KINDS["incomplete"] = (lambda: ae.miwae(2, n_samples=2, **_QUICK), _frame, None)
    KINDS["frames"] = (lambda: ae.vae(2, **_QUICK), _frame, None)
    KINDS["given_frames"] = (
        lambda: ae.vae(2, conditional=True, **_QUICK),
        _frame,
        np.arange(30) % 2,
    )

if find_spec("tokenizers"):
    KINDS["subwords"] = (
        lambda: ae.vae(2, network=Transformer(8, 1, 1), modality=Texts(vocab_size=260), **_ONCE),
        lambda: _TEXTS, None,
    )  # fmt: skip

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
