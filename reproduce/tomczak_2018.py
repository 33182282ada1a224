r"""A mixture of posteriors as the prior (Tomczak & Welling, 2018)."""

from experiment import Experiment, Size, digits, training

import autoencode as ae
from autoencode.priors import StandardNormal, VampPrior

N_SAMPLES = {"short": 500, "budget": 500, "full": 5000}


def run(size: Size, seed: int) -> dict[str, float]:
    images = digits(size).binarized(seed)
    n = 50 if size == "short" else 500
    figures = {}

    for name, prior in {"standard": StandardNormal(), "VampPrior": VampPrior(n)}.items():
        model = ae.vae(
            latent_dim=10 if size == "short" else 40,
            layers=(64,) if size == "short" else (300, 300),
            prior=prior,
            training=training(size, short=60, budget=30, full=2000),
            random_state=seed,
        )
        figures[name] = images.scores(model.fit(images.X), N_SAMPLES[size])

    return figures


EXPERIMENT = Experiment(
    title="The VampPrior",
    source="Tomczak & Welling (2018), arxiv.org/abs/1705.07120, as quoted by the reproduction of"
    " pythae: one stochastic layer, binarized once",
    measure="-log p(x) of a test image by importance sampling, nats",
    run=run,
    published={"VampPrior": "85.57"},
    order=[("VampPrior", "standard")],
    note="The networks of the paper have gates; ours do not.",
    epochs=2000,
)
