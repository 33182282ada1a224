r"""Gradients of objectives against the differences of their losses."""

import pytest
import torch
from test_objectives import OBJECTIVES
from torch import Tensor, randn

from autoencode.distributions import SharedGaussian
from autoencode.objectives import (
    AAE,
    DIPVAE,
    ELBO,
    IWAE,
    PIWAE,
    RAE,
    VAEGAN,
    VQ,
    Contractive,
    FactorVAE,
    InfoVAE,
    Isometric,
    Loss,
    Objective,
    Sparse,
)

pytestmark = pytest.mark.usefixtures("float64")

STEP = 1e-6
N_ELEMENTS = 5

SETTINGS = [
    lambda: Contractive(max_exact_dim=0),
    lambda: DIPVAE(covariance="means"),
    lambda: ELBO(beta=3.0),
    lambda: ELBO(free_nats=0.4),
    lambda: ELBO(free_nats_per_unit=0.01),
    lambda: InfoVAE(alpha=0.2, weight=3.0),
    lambda: IWAE(gradient="standard"),
    lambda: RAE(penalty="gradient"),
    lambda: Sparse(penalty="kl"),
]


def minimized(objective: Objective, loss: Loss, name: str) -> Tensor | None:
    r"""Returns what a parameter minimizes; `None` if its gradient is not a derivative.

    Players of a game minimize their own parts of the loss.
    """
    encoder, decoder = name.startswith("encoder"), name.startswith("decoder")
    of_model = encoder or decoder or name.startswith("likelihood")
    terms = loss.terms

    match objective:
        case IWAE(gradient="doubly_reparametrized") | PIWAE() | VQ() if encoder:
            return None  # right in the mean over codes, or straight through
        case FactorVAE():
            return terms["selection" if of_model else "discriminator"]
        case AAE() if not of_model:
            return terms["discriminator"]
        case AAE():
            return loss.total - terms["discriminator"]
        case VAEGAN() if encoder:
            return terms["rate"] + N_ELEMENTS * terms["features"]
        case VAEGAN() if name.startswith("decoder.network"):
            return N_ELEMENTS * terms["features"] + N_ELEMENTS / 10 * terms["fooling"]
        case VAEGAN():
            return terms["distortion" if of_model else "discriminator"]
        case Isometric() if encoder:
            return terms["distortion"]  # the penalty is the decoder's
        case _:
            return loss.total


@pytest.mark.parametrize("make", [*OBJECTIVES, *SETTINGS], ids=lambda make: repr(make()))
def test_gradients_are_derivatives(make, make_model) -> None:
    objective = make()
    model = make_model(type(objective).posterior, SharedGaussian())
    objective, x = objective.build(model, 1000), randn(16, N_ELEMENTS)

    def loss() -> Loss:
        torch.manual_seed(1)
        return objective(model, x, x)

    for name, p in [*model.named_parameters(), *objective.named_parameters()]:
        if minimized(objective, loss(), name) is None:
            continue

        v = randn(p.shape)
        (gradient,) = torch.autograd.grad(loss().total.mean(), p, allow_unused=True)
        slope = 0.0 if gradient is None else float((gradient * v).sum())
        values = []

        for step in (STEP, -STEP):
            with torch.no_grad():
                p.add_(step * v)
                values.append(float(minimized(objective, loss(), name).mean()))
                p.sub_(step * v)

        difference = (values[0] - values[1]) / (2 * STEP)
        assert slope == pytest.approx(difference, rel=1e-4, abs=1e-7), name
