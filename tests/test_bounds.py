r"""Laws of the importance-weighted bounds and of the bound with a capacity."""

import math

import pytest
import torch
from torch import Tensor, randn
from torch.distributions import Independent, Normal

from autoencode.distributions import (
    FixedGaussian,
    Gaussian,
    Observed,
    PlanarFlow,
    SharedGaussian,
)
from autoencode.networks.views.spectral import SpectrallyNormalized
from autoencode.objectives import (
    CIWAE,
    ELBO,
    HVAE,
    IWAE,
    PIWAE,
    CapacityELBO,
    LinearSchedule,
    Objective,
)

pytestmark = pytest.mark.usefixtures("float64")


def total(objective: Objective, model, x: Tensor, seed: int = 1) -> Tensor:
    torch.manual_seed(seed)
    return objective(model, x, x).total


def gradients(loss: Tensor, module) -> list[Tensor]:
    return list(torch.autograd.grad(loss.sum(), list(module.parameters()), retain_graph=True))


def log_weights(model, x: Tensor, k: int, seed: int = 1) -> tuple[Tensor, Tensor]:
    r"""Returns codes and the logs of their weights, as in equation 8 of the IWAE paper."""
    torch.manual_seed(seed)
    q = model.encode(x)
    z = q.rsample((k,))

    return z, model.decode(z).log_prob(x) + model.prior().log_prob(z) - q.log_prob(z)


def assert_all_close(found: list[Tensor], expected: list[Tensor]) -> None:
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("gradient", ["standard", "doubly_reparametrized"])
def test_iwae_of_one_code_is_the_elbo(make_model, gradient: str) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    expected = total(ELBO(), model, x)
    _, log_w = log_weights(model, x, 1)
    rate = torch.distributions.kl_divergence(model.encode(x), model.prior())
    torch.manual_seed(1)
    loss = IWAE(1, gradient)(model, x, x)

    torch.testing.assert_close(loss.total, -log_w[0])
    torch.testing.assert_close(loss.total - loss.terms["rate"], expected - rate)  # it is sampled


@pytest.mark.parametrize("k", [1, 2, 7])
def test_bounds_are_tight_at_the_posterior(probabilistic_pca, k: int) -> None:
    x, evidence = probabilistic_pca.sample_and_log_prob(64)

    for objective in (IWAE(k), IWAE(k, "standard"), CIWAE(k), PIWAE(2, k)):
        assert torch.allclose(-total(objective, probabilistic_pca.model(), x), evidence)


def test_iwae_increases_with_the_number_of_codes(probabilistic_pca) -> None:
    def worse(x: Tensor) -> Independent:
        q = probabilistic_pca.posterior(x)
        return Independent(Normal(q.mean + 0.3, 1.5 * q.stddev), 1)

    x, evidence = probabilistic_pca.sample_and_log_prob(4096)
    model = probabilistic_pca.model(worse)
    bounds = [-float(total(IWAE(k), model, x).mean()) for k in (1, 2, 4, 16, 64)]

    assert bounds == sorted(bounds)
    assert bounds[-1] < float(evidence.mean()) + 0.01
    assert float(evidence.mean()) - bounds[-1] < 0.05 < float(evidence.mean()) - bounds[0]


def test_doubly_reparametrized_gradients_are_those_of_the_paper(make_model) -> None:
    model, x, k = make_model(Gaussian, SharedGaussian()), randn(6, 5), 5
    found = gradients(total(IWAE(k), model, x), model)

    z, log_w = log_weights(model, x, k)
    w = log_w.softmax(dim=0).detach()
    decoder = gradients(-(log_w.logsumexp(dim=0)), model.decoder)

    # Equation 8: the posterior is differentiated at the codes alone, with squared weights
    fixed = z.detach().requires_grad_()
    q = model.encode(x)
    q = Independent(Normal(q.mean.detach(), q.stddev.detach()), 1)
    inner = model.decode(fixed).log_prob(x) + model.prior().log_prob(fixed) - q.log_prob(fixed)
    (slope,) = torch.autograd.grad(inner.sum(), fixed)
    encoder = gradients(-(w.square()[..., None] * slope * z).sum(dim=0), model.encoder)

    assert_all_close(found, encoder + decoder)


def test_doubly_reparametrized_gradients_are_unbiased(make_model) -> None:
    model, x = make_model(Gaussian, SharedGaussian()), randn(2, 5)
    draws = {}

    for name in ("standard", "doubly_reparametrized"):
        x_many = x.repeat(4000, 1)
        torch.manual_seed(1)
        loss = IWAE(3, name)(model, x_many, x_many).total.reshape(40, -1).mean(dim=1)
        weight = list(model.encoder.parameters())[-1]
        draws[name] = torch.stack(
            [torch.autograd.grad(part, weight, retain_graph=True)[0] for part in loss]
        )

    a, b = draws.values()
    error = (a.var(dim=0) / len(a) + b.var(dim=0) / len(b)).sqrt()

    assert ((a.mean(dim=0) - b.mean(dim=0)).abs() < 4 * error).all()


def test_the_bound_of_incomplete_rows_is_that_of_miwae(make_model) -> None:
    model, x, k = make_model(Gaussian, Observed(FixedGaussian(0.7))), randn(6, 5), 4
    x[0, 1:] = x[2, 3] = x[3, :4] = torch.nan
    seen, filled = ~x.isnan(), x.nan_to_num()
    torch.manual_seed(1)
    found = IWAE(k)(model, filled, x)

    # Equation 4 of the paper, for cells missing at random and inputs filled in with zeros
    torch.manual_seed(1)
    q = model.encode(filled)
    z = q.rsample((k,))
    residual = (filled - model.decode(z).mean) / 0.7
    cells = -residual.square() / 2 - math.log(0.7) - math.log(2 * math.pi) / 2
    log_w = (cells * seen).sum(dim=2) + model.prior().log_prob(z) - q.log_prob(z)
    expected = math.log(k) - log_w.logsumexp(dim=0)

    torch.testing.assert_close(found.total, expected)
    assert_all_close(gradients(found.total, model.decoder), gradients(expected, model.decoder))


def test_ciwae_lies_between(make_model) -> None:
    model, x = make_model(Gaussian), randn(8, 5)
    _, log_w = log_weights(model, x, 4)
    elbo, iwae = log_w.mean(dim=0), log_w.exp().mean(dim=0).log()

    for beta in (0.0, 0.3, 1.0):
        expected = -beta * elbo - (1 - beta) * iwae
        torch.testing.assert_close(total(CIWAE(4, beta), model, x), expected)


def test_piwae_gives_decoder_and_encoder_their_own_bounds(make_model) -> None:
    model, x = make_model(Gaussian, SharedGaussian()), randn(6, 5)
    loss = total(PIWAE(3, 4), model, x)

    _, log_w = log_weights(model, x, 12)
    tight = log_w.exp().mean(dim=0).log()
    loose = log_w.reshape(3, 4, 6).exp().mean(dim=1).log().mean(dim=0)

    torch.testing.assert_close(loss, -tight)
    assert_all_close(gradients(loss, model.decoder), gradients(-tight, model.decoder))
    assert_all_close(gradients(loss, model.encoder), gradients(-loose, model.encoder))


def test_the_rate_is_held_at_the_capacity(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    objective = CapacityELBO(LinearSchedule(end=10.0), gamma=3.0)

    for progress, capacity in [(0.0, 0.0), (0.25, 5.0), (0.5, 10.0), (1.0, 10.0)]:
        objective.progress.fill_(progress)
        loss = objective(model, x, x)
        distance = (loss.terms["rate"] - capacity).abs()

        torch.testing.assert_close(loss.total, loss.terms["distortion"] + 3 * distance)


def hamiltonian_bound(model, x: Tensor, K: int, epsilon: float, beta: float) -> Tensor:
    r"""Returns the bound of algorithm 1 of the paper, with sizes in standard deviations."""
    q = model.encode(x)
    z0 = q.rsample()
    gamma = torch.randn_like(z0)
    epsilon = epsilon * q.stddev

    def U(z: Tensor) -> Tensor:
        return -model.decode(z).log_prob(x) - Normal(0, 1).log_prob(z).sum(dim=1)

    def dU(z: Tensor) -> Tensor:
        z = z if z.requires_grad else z.requires_grad_()
        return torch.autograd.grad(U(z).sum(), z, create_graph=True)[0]

    def root(k: int) -> float:  # of beta_k
        return 1 / ((1 - 1 / math.sqrt(beta)) * k**2 / K**2 + 1 / math.sqrt(beta))

    z, rho = z0, gamma / math.sqrt(beta)

    for k in range(1, K + 1):
        rho = rho - epsilon / 2 * dU(z)
        z = z + epsilon * rho
        rho = root(k - 1) / root(k) * (rho - epsilon / 2 * dU(z))

    normal = Normal(0, 1)
    log_p = -U(z) + normal.log_prob(rho).sum(dim=1)
    return log_p - q.log_prob(z0) - normal.log_prob(gamma).sum(dim=1)


@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_leapfrog_bounds_are_those_of_the_paper(make_model, beta: float) -> None:
    model, x = make_model(Gaussian), randn(6, 5)
    objective = HVAE(3, step_size=0.2, inverse_temperature=beta).build(model)
    found = total(objective, model, x)
    torch.manual_seed(1)
    expected = -hamiltonian_bound(model, x, 3, 0.2, beta)

    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)

    for a, b in zip(gradients(found, model), gradients(expected, model), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)

    # In validation nothing has a gradient, and the bound is the same
    with torch.no_grad():
        torch.testing.assert_close(total(objective, model, x), found.detach())


def test_leapfrog_weights_are_unbiased(probabilistic_pca) -> None:
    def worse(x: Tensor) -> Independent:
        q = probabilistic_pca.posterior(x)
        return Independent(Normal(q.mean + 0.2, 1.5 * q.stddev), 1)

    x, evidence = probabilistic_pca.sample_and_log_prob(1)
    x, model = x.expand(20_000, -1), probabilistic_pca.model(worse)
    model.encoder.event = (2,)

    # Whatever the steps are, the mean of the weights is p(x), so that no volume is left out
    for steps, size, beta in [(0, 0.1, 1.0), (3, 0.3, 0.5), (2, 0.9, 1.0)]:
        bound = -total(HVAE(steps, size, beta).build(model), model, x).detach()
        ratio = (bound - evidence).exp()
        assert (ratio.mean() - 1).abs() < 4 * ratio.std() / len(ratio) ** 0.5
        assert bound.mean() < evidence

    # Steps bring codes nearer to the posterior
    loose, tight = (-total(HVAE(k, 0.5, 1.0).build(model), model, x).mean() for k in (0, 3))
    assert tight > loose


def test_without_steps_a_hamiltonian_bound_is_the_elbo_of_a_sample(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    _, log_w = log_weights(model, x, 1)

    torch.testing.assert_close(total(HVAE(0).build(model), model, x), -log_w[0])


def test_leapfrog_steps_need_a_scale(make_model) -> None:
    model, x = make_model(PlanarFlow), randn(4, 5)

    with pytest.raises(ValueError, match="need the standard deviations of the posterior"):
        HVAE().build(model)(model, x, x)


def test_leapfrog_steps_need_a_decoder_without_state(make_model) -> None:
    model, x = make_model(Gaussian), randn(4, 5)
    model.decoder.network = SpectrallyNormalized(model.decoder.network)

    with pytest.raises(ValueError, match="changes its own state"):
        HVAE().build(model)(model, x, x)


@pytest.mark.parametrize(
    "make",
    [
        lambda: IWAE(0),
        lambda: IWAE(2, "other"),
        lambda: CIWAE(2, 1.5),
        lambda: PIWAE(0, 2),
        lambda: HVAE(-1),
        lambda: HVAE(step_size=1.0),
        lambda: HVAE(inverse_temperature=0.0),
        lambda: CapacityELBO(-1.0),
        lambda: CapacityELBO(LinearSchedule(end=-1.0)),
    ],
)
def test_bad_arguments_are_refused(make) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()
