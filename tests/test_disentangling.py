r"""Laws of the objectives whose codes have independent units."""

import itertools
import math

import pytest
import torch
from torch import Tensor, randn
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)

from autoencode.distributions import Dirac, FullGaussian, Gaussian, Laplace
from autoencode.objectives import DIPVAE, ELBO, AdaGVAE, BetaTCVAE, FactorVAE
from autoencode.objectives.discriminator import Discriminator
from autoencode.objectives.disentangling.factor import shuffle_units
from autoencode.objectives.disentangling.total_correlation import decompose_rate

pytestmark = pytest.mark.usefixtures("float64")


def posteriors(n: int, D: int = 3) -> Independent:
    return Independent(Normal(2 * randn(n, D), torch.rand(n, D) + 0.2), 1)


def part(q: Independent, rows) -> Independent:
    return Independent(Normal(q.mean[rows], q.stddev[rows]), 1)


PRIOR = Independent(Normal(torch.zeros(3).double(), torch.ones(3).double()), 1)


@pytest.mark.parametrize("n", [7, 8, 1000])
def test_the_parts_of_the_rate_add_up(n: int) -> None:
    q = posteriors(7)
    z = q.sample()
    parts = decompose_rate(q, PRIOR, z, n)

    torch.testing.assert_close(
        parts.information + parts.total_correlation + parts.unit_divergence,
        q.log_prob(z) - PRIOR.log_prob(z),
    )


def test_the_parts_of_the_rate_are_those_of_the_aggregate_posterior() -> None:
    q = posteriors(9)
    z = q.sample()
    parts = decompose_rate(q, PRIOR, z, 9)
    uniform = Categorical(torch.ones(9))
    joint = MixtureSameFamily(uniform, q).log_prob(z)
    units = [
        MixtureSameFamily(uniform, Normal(q.mean[:, j], q.stddev[:, j])).log_prob(z[:, j])
        for j in range(3)
    ]

    torch.testing.assert_close(parts.information, q.log_prob(z) - joint)
    torch.testing.assert_close(parts.total_correlation, joint - sum(units))


def test_densities_of_minibatches_are_unbiased() -> None:
    n, b = 6, 3
    q = posteriors(n)
    z = q.sample()
    exact = MixtureSameFamily(Categorical(torch.ones(n)), q).log_prob(z[0]).exp()
    found = []

    for others in itertools.combinations(range(1, n), b - 1):
        rows = [0, *others]
        parts = decompose_rate(part(q, rows), PRIOR, z[rows], n)
        found.append((part(q, rows).log_prob(z[rows]) - parts.information)[0].exp())

    torch.testing.assert_close(torch.stack(found).mean(), exact)


def test_the_total_correlation_of_independent_codes_is_zero() -> None:
    q = Independent(Normal(torch.zeros(50, 3), torch.ones(50, 3)), 1)
    parts = decompose_rate(q, PRIOR, q.sample(), 50)

    torch.testing.assert_close(parts.total_correlation, torch.zeros(50))
    torch.testing.assert_close(parts.information, torch.zeros(50))


def test_beta_weighs_the_total_correlation_alone(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    losses = []

    for beta in (1.0, 5.0):
        torch.manual_seed(1)
        losses.append(BetaTCVAE(beta).build(model, 500)(model, x, x))

    one, five = losses
    torch.testing.assert_close(one.total, -one.terms["bound"])
    torch.testing.assert_close(five.total - one.total, 4 * one.terms["total_correlation"])


def test_dependent_units_are_refused(make_model) -> None:
    q = MultivariateNormal(torch.zeros(4, 3), torch.eye(3))

    with pytest.raises(ValueError, match="posterior of independent units"):
        decompose_rate(q, PRIOR, q.sample(), 4)

    with pytest.raises(ValueError, match=r"Use posterior=Gaussian\(\)"):
        BetaTCVAE()(make_model(Dirac), randn(4, 5), randn(4, 5))


@pytest.mark.parametrize(("covariance", "ratio"), [("means", 10), ("codes", 1)])
def test_dip_penalizes_the_covariance(make_model, covariance: str, ratio: int) -> None:
    model, x = make_model(Gaussian), randn(32, 5)
    torch.manual_seed(1)
    loss = DIPVAE(3.0, covariance=covariance)(model, x, x)

    q = model.encode(x)
    C = torch.cov(q.mean.T, correction=0)
    C = C + torch.diag(q.variance.mean(dim=0)) if covariance == "codes" else C
    off = sum(C[i, j] ** 2 for i in range(2) for j in range(2) if i != j)
    on = sum((C[i, i] - 1) ** 2 for i in range(2))

    torch.manual_seed(1)
    expected = ELBO()(model, x, x).total + 3 * off + 3 * ratio * on

    torch.testing.assert_close(loss.total, expected)


def test_shuffled_units_keep_their_values() -> None:
    z = randn(100, 4)
    shuffled = shuffle_units(z)

    torch.testing.assert_close(shuffled.sort(dim=0).values, z.sort(dim=0).values)
    assert not shuffled.equal(z)
    assert torch.corrcoef(torch.stack([z[:, 0], shuffled[:, 0]]))[0, 1].abs() < 0.4


def test_a_discriminator_estimates_the_total_correlation() -> None:
    torch.manual_seed(0)
    rho = 0.8
    D = Discriminator(2, (32,))
    optimizer = torch.optim.Adam(D.parameters(), lr=1e-2)

    def sample(n: int) -> Tensor:
        e = randn(n, 2)
        return torch.stack([e[:, 0], rho * e[:, 0] + math.sqrt(1 - rho**2) * e[:, 1]], dim=1)

    for _ in range(200):
        z = sample(400)
        loss = torch.nn.functional.softplus(-D(z)) + torch.nn.functional.softplus(
            D(shuffle_units(z))
        )
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()

    estimate = float(D(sample(20_000)).mean().detach())
    assert estimate == pytest.approx(-math.log(1 - rho**2) / 2, abs=0.1)


def test_each_player_has_its_own_loss(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    objective = FactorVAE(2.0).build(model)

    torch.manual_seed(1)
    loss = objective(model, x, x)
    players = [list(model.parameters()), list(objective.discriminator.parameters())]
    terms = [loss.terms["selection"], loss.terms["discriminator"]]

    for i, j in itertools.product(range(2), repeat=2):
        grads = torch.autograd.grad(
            terms[i].sum(), players[j], retain_graph=True, allow_unused=True
        )
        reached = any(g is not None and bool((g != 0).any()) for g in grads)
        assert reached == (i == j)

    expected = -loss.terms["bound"] + 2 * loss.terms["total_correlation"]
    torch.testing.assert_close(loss.total, expected + loss.terms["discriminator"])


def test_units_that_pairs_share_agree_as_in_the_paper(make_model) -> None:
    model, x, other = make_model(Gaussian), randn(7, 5), randn(7, 5)
    objective = AdaGVAE(beta=2.0).build(model)
    torch.manual_seed(1)
    loss = objective(model, x, other)

    # One pair and one unit at a time
    q, p = model.encode(x), model.encode(other)
    mean, std = ([q.mean.clone(), p.mean.clone()], [q.stddev.clone(), p.stddev.clone()])

    for i in range(7):
        delta = [
            (p.stddev[i, j] / q.stddev[i, j]).log()
            + (q.variance[i, j] + (q.mean[i, j] - p.mean[i, j]) ** 2) / (2 * p.variance[i, j])
            - 0.5
            for j in range(2)
        ]

        for j in range(2):
            if delta[j] < (max(delta) + min(delta)) / 2:
                for part in (0, 1):
                    mean[part][i, j] = (q.mean[i, j] + p.mean[i, j]) / 2
                    std[part][i, j] = ((q.variance[i, j] + p.variance[i, j]) / 2) ** 0.5

    torch.manual_seed(1)
    expected = 0

    for m, s, target in zip(mean, std, (x, other)):
        z = m + s * torch.randn(7, 2)
        rate = (m**2 + s**2 - 1).sum(dim=1) / 2 - s.log().sum(dim=1)
        expected = expected - model.decode(z).log_prob(target) / 2 + rate

    torch.testing.assert_close(loss.total, expected, rtol=1e-6, atol=1e-9)
    assert loss.terms["shared"].tolist() == [0.5] * 7  # one of two units, whatever they are
    found, own = (
        torch.autograd.grad(t.sum(), [*model.parameters()]) for t in (loss.total, expected)
    )

    for a, b in zip(found, own):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)


def test_pairs_are_needed_in_training_alone(make_model) -> None:
    model, x = make_model(Gaussian), randn(7, 5)
    objective = AdaGVAE().build(model)

    with pytest.raises(ValueError, match="learns from pairs of examples"):
        objective(model, x, x)

    torch.manual_seed(1)
    loss = objective.eval()(model, x, x)
    rate = torch.distributions.kl_divergence(model.encode(x), model.prior())
    torch.testing.assert_close(loss.terms["rate"], rate)

    for posterior, said in [(FullGaussian, "independent units"), (Laplace, "normal units")]:
        with pytest.raises(ValueError, match=f"expected a posterior of {said}"):
            objective(make_model(posterior), x, x + 1)


@pytest.mark.parametrize(
    "make",
    [
        lambda: BetaTCVAE(-1.0),
        lambda: FactorVAE(-1.0),
        lambda: AdaGVAE(-1.0),
        lambda: DIPVAE(-1.0),
        lambda: DIPVAE(covariance="other"),
    ],
)
def test_bad_arguments_are_refused(make) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()
