r"""Superfluous units do not hurt the bound (Kingma & Welling, 2014, figure 2)."""

from experiment import Experiment, Size, digits, training

import autoencode as ae
from autoencode.priors import StandardNormal

WIDTHS = {"short": (2, 8, 32), "budget": (3, 5, 10, 20, 200), "full": (3, 5, 10, 20, 200)}


def run(size: Size, seed: int) -> dict[str, float]:
    images = digits(size).binarized(seed)
    figures = {}

    for width in WIDTHS[size]:
        model = ae.vae(
            latent_dim=width,
            layers=(100,) if size == "short" else (500,),
            prior=StandardNormal(),
            training=training(size, short=30, budget=30, full=2000),
            random_state=seed,
        )
        figures[f"{width} units"] = images.scores(model.fit(images.X), n_samples=1)

    return figures


EXPERIMENT = Experiment(
    title="The bound with more and more units",
    source="Kingma & Welling (2014), arxiv.org/abs/1312.6114, figure 2",
    measure="negative bound of a test image, nats",
    run=run,
    published={},
    order=[("8 units", "2 units"), ("5 units", "3 units"), ("10 units", "5 units")],
    note="The paper shows curves and no table: more units than needed do no harm.",
    epochs=2000,
)
