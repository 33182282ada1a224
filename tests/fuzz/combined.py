r"""Small models that combine parts, so that each part occurs in a model."""

from importlib.util import find_spec

import numpy as np

import autoencode as ae
from autoencode import corruptions as c
from autoencode import distributions as d
from autoencode import objectives as o
from autoencode.modalities import LogMel, Series, Sounds, Texts
from autoencode.networks import FullyConnected, Recurrent, SpectralNorm, TemporalConvolutional
from autoencode.priors import (
    AutoregressivePrior,
    BestPrior,
    ExemplarPrior,
    KernelDensity,
    Mixture,
    StandardNormal,
    TwoStagePrior,
)

from .examples import (
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
    timed,
    with_objective,
)

_SHARES = 1 / (1 + np.exp(-X))
_VAE = {"posterior": d.DiagonalGaussian(), "prior": StandardNormal()}
_LETTERS = [c.DropLetters(), c.MaskLetters(), c.SwapLetters(), c.Typos()]
_WAVES = [c.WhiteNoise(), c.Hum(), c.Reverberation(), c.Clipping()]
_IMAGES = [c.Blur(), c.SaltAndPepper(), c.Downsampling(), c.Masking(0.2, 2)]

COMBINED: dict[str, Made] = {
    "angles": with_objective(o.CIWAE(2), lambda: np.arctan(X), likelihood=d.VonMises(), **_VAE),
    "best": with_objective(
        o.PIWAE(2, 2), lambda: _SHARES, likelihood=d.ContinuousBernoulli(),
        posterior=d.DiagonalGaussian(), prior=BestPrior((Mixture(1), KernelDensity())),
    ),
    "exemplar": with_objective(
        o.ELBO(beta=o.ExponentialSchedule()), lambda: _SHARES, likelihood=d.Beta(),
        posterior=d.DiagonalGaussian(), prior=ExemplarPrior(8),
    ),
    "two_stage": with_objective(
        o.Isometric(), posterior=d.Dirac(), prior=TwoStagePrior((8,)), latent_dim=2,
    ),
    "hamiltonian": with_objective(o.HVAE(2), **_VAE),
    "spectral": with_objective(
        o.Reconstruction(), posterior=d.Dirac(), network=SpectralNorm(FullyConnected((8,))),
    ),
    "radial": with_objective(
        o.ELBO(), lambda: (X > 0) * 1.0, likelihood=d.Bernoulli(), posterior=d.RadialFlow(2),
    ),
    "recommender": (lambda: ae.recommender(2, **QUICK), lambda: COUNTS, None),
    "cells": (
        lambda: ae.counts(2, zero_inflated=True, conditional=True, **QUICK),
        lambda: COUNTS, np.array(["u", "v"] * 15),
    ),
    "over_time": (
        lambda: ae.vae(
            modality=Series(), network=TemporalConvolutional(8, 1),
            prior=AutoregressivePrior(8, 2, 3), **ONCE,
        ),
        lambda: STEPS, None,
    ),
    "forecast": (
        lambda: ae.vae(
            2, modality=Series(gaps=True), network=Recurrent(8), prior=StandardNormal(),
            corruption=c.Compose([c.FutureMasking(), c.SensorDropout()]), **ONCE,
        ),
        lambda: GAPS, None,
    ),
    "warped": (
        lambda: ae.autoencoder(
            2, modality=Series(), corruption=c.Compose([c.TimeJitter(), c.TimeWarping()]), **QUICK
        ),
        lambda: STEPS, None,
    ),
    "spectra": (
        lambda: ae.autoencoder(
            modality=Sounds(rate=8000, spectrum=LogMel(8, n_iter=2)),
            network=TemporalConvolutional(8, 1), corruption=c.Compose(_WAVES), **ONCE,
        ),
        lambda: WAVES, None,
    ),
    "gan": (
        lambda: ae.vae_gan(2, corruption=c.Compose(_IMAGES), prior=StandardNormal(), **QUICK),
        lambda: GRAY, None,
    ),
    "similarity": with_objective(
        o.ImageSimilarity(o.ELBO()), lambda: GRAY, likelihood=d.MixtureOfLogistics(2), **_VAE,
    ),
    "typos": (
        lambda: ae.autoencoder(
            2, modality=Texts(), network=Recurrent(8),
            corruption=c.Compose([*_LETTERS, c.DropWords(), c.MaskWords()]), **ONCE,
        ),
        lambda: TEXTS, None,
    ),
    "pairs": with_objective(o.AdaGVAE(), corruption=c.GaussianNoise(), prior=StandardNormal()),
    "dip": with_objective(o.DIPVAE(), **_VAE),
    "total_correlation": with_objective(o.BetaTCVAE(), **_VAE),
    "capacity": with_objective(o.CapacityELBO(), **_VAE),
    "info": with_objective(o.InfoVAE(), **_VAE),
    "contractive": with_objective(o.Contractive(), posterior=d.Dirac()),
    "sinkhorn": with_objective(o.SinkhornAE(), posterior=d.Dirac()),
    "sliced": with_objective(o.SlicedWAE(n_projections=4), posterior=d.Dirac()),
    "topological": with_objective(o.Topological(), posterior=d.Dirac()),
    "censored": with_objective(
        o.ELBO(), lambda: np.arange(120.0).reshape(30, 4) % 7,
        likelihood=d.CensoredGaussian((((-1.0, 1.0), (0.5, 0.5)),) * 4), **_VAE,
    ),
}  # fmt: skip

if find_spec("pandas"):
    COMBINED["covariates"] = (
        lambda: ae.vae(
            2, modality=Series(6, time="t", covariates=("w",)), network=FullyConnected((8,)),
            prior=StandardNormal(), **ONCE,
        ),
        timed, None,
    )  # fmt: skip

if find_spec("selfies"):
    COMBINED["molecules"] = (
        lambda: ae.vae(2, modality=Texts(selfies=True), network=Recurrent(8), **ONCE),
        lambda: ["CCO", "CCN", "c1ccccc1", "CC(=O)O"] * 6,
        None,
    )
