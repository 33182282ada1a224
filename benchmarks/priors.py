r"""Priors of the same codes: log-density of held-out codes, processor seconds, and new examples.

A model is trained once on two thirds of each set. Each prior is then fitted to its codes, and
scored by the codes of the other third. New examples are judged by a random forest that tells them
from real ones of the other third: the area under its curve is one half if it cannot.
"""

import sys
import time

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

import autoencode as ae
from autoencode.data import Examples
from autoencode.inference import training_set
from autoencode.inference.generation import draw_examples
from autoencode.modalities.capabilities.scales import restore_new
from autoencode.priors import (
    FlowPrior,
    KernelDensity,
    LearnedMixture,
    Mixture,
    StandardNormal,
    TransformerPrior,
)
from autoencode.priors.base import sample_prior

SETS = {
    "digits": (load_digits, 8),
    "cancer": (load_breast_cancer, 6),
    "diabetes": (load_diabetes, 4),
    "wine": (load_wine, 4),
}
VECTORS = [
    StandardNormal(),
    Mixture(),
    KernelDensity(),
    KernelDensity(10),
    LearnedMixture(joint=False),
    FlowPrior(),
    FlowPrior("realnvp"),
]
FINITE = [Mixture(), TransformerPrior(32, 1, 2), TransformerPrior()]
OPTIONS = {"training": ae.Training(device="cpu", compile=False, show_progress=False)}


def split(load) -> tuple[np.ndarray, np.ndarray]:
    X = load().data
    order = np.random.default_rng(0).permutation(len(X))
    n = 2 * len(X) // 3
    return X[order[:n]], X[order[n:]]


def codes(model, X) -> torch.Tensor:
    torch.manual_seed(0)
    data = Examples(model.modality_.load(X))
    return training_set.draw_codes(model.model_, model.modality_, data)


def separation(real: np.ndarray, new: np.ndarray) -> float:
    X, y = np.concatenate([real, new]), np.repeat([0, 1], [len(real), len(new)])
    forest = RandomForestClassifier(200, min_samples_leaf=3, random_state=0)
    p = cross_val_predict(forest, X, y, cv=5, method="predict_proba")[:, 1]
    return roc_auc_score(y, p)


def compare(name: str, model, priors, train, test) -> None:
    network, modality = model.model_, model.modality_
    z, held = codes(model, train), codes(model, test)[:, :8]

    for prior in priors:
        torch.manual_seed(0)
        prior = prior.clone()
        prior.attach(network.encoder)
        prior.build(z.shape[-1])
        begun = time.process_time()
        prior.fit(lambda: z)
        seconds = time.process_time() - begun

        with torch.no_grad():
            score = float(prior().log_prob(held).mean())
            new = network.posterior.project(sample_prior(prior(), len(test)))
            new = restore_new(modality, draw_examples(network, modality, new))

        print(
            f"{name:9} {str(prior)[:60]:60} log p(z) {score:8.2f}  AUC {separation(test, new):.3f}"
            f"  {seconds:5.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    for name in sys.argv[1:] or SETS:
        load, latent_dim = SETS[name]
        train, test = split(load)
        vae = ae.vae(latent_dim, prior=StandardNormal(), random_state=0, **OPTIONS).fit(train)
        compare(name, vae, VECTORS, train, test)
        quantized = ae.vq_vae(
            4 * latent_dim, 32, prior=StandardNormal(), random_state=0, **OPTIONS
        ).fit(train)
        compare(f"{name} VQ", quantized, FINITE, train, test)
