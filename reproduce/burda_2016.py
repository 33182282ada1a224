r"""More codes per example make a tighter bound and a better model (Burda et al., 2016)."""

from experiment import Experiment, Size, digits, training

import autoencode as ae
from autoencode.objectives import ELBO, IWAE
from autoencode.priors import StandardNormal

CODES = {"short": (8,), "budget": (5, 50), "full": (5, 50)}
N_SAMPLES = {"short": 500, "budget": 500, "full": 5000}


def run(size: Size, seed: int) -> dict[str, float]:
    images = digits(size).binarized(seed)
    objectives = {"VAE": ELBO()} | {f"IWAE, k={k}": IWAE(n_samples=k) for k in CODES[size]}
    figures = {}

    for name, objective in objectives.items():
        model = ae.Autoencoder(
            16 if size == "short" else 50,
            network=ae.networks.FullyConnected((64,) if size == "short" else (200, 200)),
            objective=objective,
            prior=StandardNormal(),
            training=training(size, short=60, budget=30, full=3280),
            random_state=seed,
        )
        figures[name] = images.scores(model.fit(images.X), N_SAMPLES[size])

    return figures


EXPERIMENT = Experiment(
    title="Importance-weighted autoencoders",
    source="Burda et al. (2016), arxiv.org/abs/1509.00519, table 1 and 3: one stochastic layer,"
    " binarized once",
    measure="-log p(x) of a test image by importance sampling, nats",
    run=run,
    published={"VAE": "88.71", "IWAE, k=5": "87.63", "IWAE, k=50": "87.10"},
    order=[("IWAE, k=8", "VAE"), ("IWAE, k=50", "VAE")],
    note="The paper's binary images are those of Larochelle; ours are drawn once from the same"
    " gray levels.",
    epochs=3280,
)
