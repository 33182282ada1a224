r"""Tests for the objectives module."""

import inspect

import pytest
import torch
from torch import randn
from torch.distributions import Independent, Normal

from autoencode import objectives
from autoencode.distributions import Bernoulli, Dirac, FixedGaussian, Gaussian, SharedGaussian
from autoencode.evaluation import active_units, log_evidence, mutual_information
from autoencode.models.latent import LatentModel
from autoencode.networks import FullyConnected
from autoencode.objectives import ELBO, Contractive, LinearSchedule, Objective, Reconstruction
from autoencode.priors import StandardNormal

pytestmark = pytest.mark.usefixtures("float64")

OBJECTIVES = [
    cls
    for cls in vars(objectives).values()
    if inspect.isclass(cls) and issubclass(cls, Objective)
    if cls not in {Objective, objectives.ImageSimilarity, objectives.AdaGVAE}  # images, pairs
]


@pytest.mark.parametrize("cls", OBJECTIVES)
def test_laws(cls: type[Objective], make_model) -> None:
    model = make_model(cls.posterior, SharedGaussian())
    objective, x = cls().build(model, 1000), randn(64, 5)
    loss = objective(model, x, x)

    # One loss per example
    assert loss.total.shape == (64,)
    assert all(term.shape in {(64,), ()} for term in loss.terms.values())

    # Every parameter is trained
    loss.total.mean().backward()

    for name, p in [*objective.named_parameters(), *model.named_parameters()]:
        assert p.grad is not None, name
        assert p.grad.isfinite().all(), name
        assert (p.grad != 0).any(), name

    # The arguments are the configuration
    assert cls(**objective.get_params(deep=False)).get_params() == objective.get_params()

    # Scoring without gradients gives the same kind of loss
    with torch.no_grad():
        assert objective(model, x, x).terms.keys() == loss.terms.keys()


@pytest.mark.parametrize("cls", OBJECTIVES)
def test_the_input_is_encoded_and_the_target_scored(cls: type[Objective], make_model) -> None:
    model, x, target = make_model(cls.posterior), randn(8, 5), randn(8, 5)

    few = {"n_samples": 1, "n_bounds": 1, "n_steps": 0}
    settings = {k: n for k, n in few.items() if k in inspect.signature(cls).parameters}
    objective = cls(**settings).build(model)

    torch.manual_seed(1)
    distortion = objective(model, x, target).terms["distortion"]

    torch.manual_seed(1)
    expected = -model.decode(model.encode(x).rsample()).log_prob(target)

    assert torch.allclose(distortion, expected)


def test_elbo_is_the_sum_of_its_terms(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    loss = ELBO(beta=3.0)(model, x, x)
    rate = torch.distributions.kl_divergence(model.encode(x), model.prior())

    assert torch.allclose(loss.terms["rate"], rate)
    assert torch.allclose(loss.total, loss.terms["distortion"] + 3 * rate)
    assert torch.allclose(loss.terms["bound"], -loss.terms["distortion"] - rate)


def test_elbo_without_weight_is_the_reconstruction(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)

    torch.manual_seed(1)
    expected = Reconstruction()(model, x, x).total

    torch.manual_seed(1)
    assert torch.allclose(ELBO(beta=0.0)(model, x, x).total, expected)


def test_elbo_warms_up(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    objective = ELBO(beta=LinearSchedule(end=2.0))

    for progress, weight in [(0.0, 0.0), (0.25, 1.0), (0.5, 2.0), (1.0, 2.0)]:
        objective.progress.fill_(progress)
        loss = objective(model, x, x)
        total = loss.terms["distortion"] + weight * loss.terms["rate"]

        assert torch.allclose(loss.total, total)


def weight(objective: ELBO, model, x: torch.Tensor, progress: float) -> float:
    objective.progress.fill_(progress)
    loss = objective(model, x, x)
    weights = (loss.total - loss.terms["distortion"]) / loss.terms["rate"]
    assert torch.allclose(weights, weights[0])
    return float(weights[0].detach())


def test_under_a_context_the_rate_begins_with_the_weight_of_all_elements(make_model) -> None:
    model, x = make_model(Gaussian, context=3).given(randn(16, 3)), randn(16, 5)

    for objective, share in [(ELBO(), 0.2), (ELBO(2.0, cooling=0.5), 0.5)]:
        weights = [weight(objective, model, x, p * share) / objective.beta for p in (0, 0.5, 1, 2)]
        assert weights == pytest.approx([5, 5**0.5, 1, 1])

    assert weight(ELBO(LinearSchedule()), model, x, 0.25) == pytest.approx(0.5)
    assert weight(ELBO(), make_model(Gaussian), x, 0.0) == pytest.approx(1)


def test_free_nats_cost_nothing_more(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    loss = ELBO(free_nats=100.0)(model, x, x)

    assert torch.allclose(loss.total, loss.terms["distortion"] + 100)
    assert (loss.terms["rate"] < 100).all()

    # Where the rate is below, it has no gradient
    scale = torch.autograd.grad(
        (loss.total - loss.terms["distortion"]).sum(),
        model.encoder.network.layers[-1].bias,
        allow_unused=True,
    )[0]
    assert scale is None or (scale == 0).all()


def test_free_nats_of_a_unit_bound_its_mean_rate(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    q = model.encode(x).base_dist
    rates = torch.distributions.kl_divergence(q, Normal(torch.zeros(2), 1.0)).mean(dim=0).detach()

    for free_nats in (0.1 * float(rates.min()), float(rates.mean()), 2 * float(rates.max())):
        loss = ELBO(beta=3.0, free_nats_per_unit=free_nats)(model, x, x)
        expected = loss.terms["distortion"] + 3 * rates.clamp(min=free_nats).sum()
        assert torch.allclose(loss.total, expected)


def test_elbo_is_tight_at_the_posterior(probabilistic_pca) -> None:
    x, evidence = probabilistic_pca.sample_and_log_prob(4096)
    bound = -ELBO()(probabilistic_pca.model(), x, x).total

    # At the exact posterior, log p(x, z) - log q(z | x) is log p(x) whatever z is
    assert bound.mean().item() == pytest.approx(evidence.mean().item(), abs=0.05)


def test_elbo_is_a_lower_bound(probabilistic_pca) -> None:
    def worse(x):
        q = probabilistic_pca.posterior(x)
        return Independent(Normal(q.mean + 0.3, 1.5 * q.stddev), 1)

    x, evidence = probabilistic_pca.sample_and_log_prob(4096)
    model = probabilistic_pca.model(worse)
    bound = -ELBO()(model, x, x).total
    gap = torch.distributions.kl_divergence(worse(x), probabilistic_pca.posterior(x)).mean()

    assert gap > 0.5
    assert (evidence - bound).mean().item() == pytest.approx(gap.item(), abs=0.1)

    # Importance sampling closes the gap
    assert torch.allclose(log_evidence(model, x[:64], n_samples=20000), evidence[:64], atol=0.05)


def test_log_evidence_is_exact_at_the_posterior(probabilistic_pca) -> None:
    x, evidence = probabilistic_pca.sample_and_log_prob(64)

    for samples in (1, 3):
        estimate = log_evidence(probabilistic_pca.model(), x, n_samples=samples)
        assert torch.allclose(estimate, evidence)


def contraction(model, x: torch.Tensor) -> torch.Tensor:
    r"""Returns the penalty by its definition: half the squared Jacobian, in scales."""

    def mean(x_i: torch.Tensor) -> torch.Tensor:
        return model.decode(model.encode(x_i).mean).mean

    scales = model.decode(model.encode(x).mean).stddev
    jacobians = [torch.autograd.functional.jacobian(mean, x_i) for x_i in x]
    squares = [(J / s[:, None]).square().sum() for J, s in zip(jacobians, scales)]

    return torch.stack(squares).detach() / 2


@pytest.mark.parametrize(
    ("likelihood", "exact"),
    [
        (FixedGaussian(0.3), 2),
        (Gaussian(), 2),
        (Bernoulli(), 2),
        (Gaussian(), 0),
        pytest.param(FixedGaussian(0.3), 0, marks=pytest.mark.slow),
        pytest.param(Bernoulli(), 0, marks=pytest.mark.slow),
    ],
)
def test_contraction_is_the_jacobian_norm(make_model, likelihood, exact: int) -> None:
    model, x = make_model(Dirac, likelihood), torch.rand(3, 5)
    expected = contraction(model, x)
    draws = torch.stack(
        [
            Contractive(max_exact_dim=exact)(model, x, x).terms["contraction"].detach()
            for _ in range(1 if exact else 1024)
        ]
    )

    if exact:
        assert torch.allclose(draws[0], expected)
    else:
        error = (draws.mean(dim=0) - expected).abs()
        assert (error <= 4 * draws.std(dim=0) / len(draws) ** 0.5 + 1e-12).all()


def test_contraction_has_the_gradient_of_its_definition(make_model) -> None:
    model, x = make_model(Dirac, SharedGaussian()), randn(3, 5)
    parameters = list(model.parameters())

    def mean(x_i: torch.Tensor) -> torch.Tensor:
        return model.decode(model.encode(x_i).mean).mean

    jacobians = [torch.func.jacrev(mean)(x_i) for x_i in x]
    squares = [(J / model.likelihood(x[:1, None]).stddev[0]).square().sum() for J in jacobians]
    expected = torch.autograd.grad(torch.stack(squares).sum() / 2, parameters, allow_unused=True)
    found = Contractive()(model, x, x).terms["contraction"].sum()

    for g, e in zip(torch.autograd.grad(found, parameters, allow_unused=True), expected):
        assert g is None or torch.allclose(g, torch.zeros_like(g) if e is None else e)


@pytest.mark.parametrize("exact", [2, 0])
def test_contraction_does_not_depend_on_the_scale_of_the_code(make_model, exact: int) -> None:
    model, x = make_model(Dirac, SharedGaussian()), randn(8, 5)
    objective = Contractive(max_exact_dim=exact)
    last, first = model.encoder.network.layers[-1], model.decoder.network.layers[0]

    torch.manual_seed(1)
    before = objective(model, x, x)

    for scale in (1e-3, 7.0):
        with torch.no_grad():
            last.weight.mul_(scale), last.bias.mul_(scale), first.weight.div_(scale)

        torch.manual_seed(1)
        after = objective(model, x, x)

        assert torch.allclose(after.terms["contraction"], before.terms["contraction"])
        assert torch.allclose(after.total, before.total)


@pytest.mark.slow
@pytest.mark.parametrize("spread", [1.0, 0.05])
def test_contraction_of_affine_networks_is_what_noise_costs(spread: float) -> None:
    model = LatentModel.build(
        FullyConnected(()), (5,), 2, Dirac(), SharedGaussian(), StandardNormal()
    )
    x, noise = randn(4, 5), 0.4 * spread * randn(4000, 4, 5)
    shown = torch.cat([x, -x])
    shown = shown / shown.std(dim=0, correction=0) * spread

    with torch.no_grad():
        costs = torch.stack([Reconstruction()(model, x + e, x).total for e in noise])

    objective = Contractive(weight=0.16).build(model)
    objective.start(lambda: shown)
    expected = objective(model, x, x).total.detach()
    error = (costs.mean(dim=0) - expected).abs()

    assert (error <= 4 * costs.std(dim=0) / len(costs) ** 0.5).all()


def test_numbers_that_are_constant_or_missing_have_a_finite_contraction(make_model) -> None:
    model, x = make_model(Dirac), randn(40, 5)
    x[:, 0], x[::2, 1], x[:, 2] = 7.0, torch.nan, torch.nan
    objective = Contractive().build(model)
    objective.start(lambda: x)

    assert objective.spread[3:].tolist() == pytest.approx(x[:, 3:].std(0, correction=0).tolist())
    assert (objective.spread[[0, 2]] > 0.1).all()
    x = randn(40, 5) * torch.tensor([1e-6, 1.0, 2.0, 3.0, 4.0])
    objective.start(lambda: x)
    variance = x.var(dim=0, correction=0)
    assert objective.spread[0].square().item() == pytest.approx(float(variance.mean()) / 10)
    objective.start(lambda: torch.ones(9, 5))
    assert torch.equal(objective.spread, torch.ones(5))


def test_contraction_is_weighted(make_model) -> None:
    model, x = make_model(Dirac), randn(3, 5)
    loss = Contractive(weight=0.7)(model, x, x)
    expected = loss.terms["distortion"] + 0.7 * loss.terms["contraction"]

    assert torch.allclose(loss.total, expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ELBO(beta=-1.0),
        lambda: ELBO(LinearSchedule(duration=1.5)),
        lambda: ELBO(cooling=1.5),
        lambda: ELBO(free_nats=1.0, free_nats_per_unit=1.0),
        lambda: ELBO(free_nats_per_unit=-1.0),
        lambda: ELBO(LinearSchedule(), cooling=0.5),
        lambda: ELBO(free_nats=-1.0),
        lambda: Contractive(weight=-0.1),
    ],
)
def test_bad_arguments_are_refused(make) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()


def test_elbo_needs_a_density(make_model) -> None:
    with pytest.raises(ValueError, match=r"Use posterior=Gaussian\(\)"):
        ELBO()(make_model(Dirac), randn(4, 5), randn(4, 5))


def test_mutual_information_is_that_of_gaussians(probabilistic_pca) -> None:
    x, _ = probabilistic_pca.sample_and_log_prob(3000)
    W = probabilistic_pca.W / probabilistic_pca.scale
    exact = torch.linalg.slogdet(torch.eye(2) + W.T @ W).logabsdet / 2

    assert mutual_information(probabilistic_pca.model(), x) == pytest.approx(float(exact), abs=0.1)
    assert mutual_information(probabilistic_pca.model(), x[:1]) == 0.0


def test_active_units_have_variance() -> None:
    Z = randn(1000, 4) * torch.tensor([1.0, 0.2, 0.09, 0.0]) + 5

    assert active_units(Z) == 2


@pytest.mark.parametrize("cls", OBJECTIVES)
def test_objectives_score_a_model_given_a_context(cls: type[Objective], make_model) -> None:
    model = make_model(cls.posterior, SharedGaussian(), context=3)
    objective, x = cls().build(model, 100), randn(16, 5)

    def total(c: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(1)
        return objective(model.given(c), x, x).total

    a, b = total(torch.zeros(16, 3)), total(torch.ones(16, 3))
    assert a.shape == (16,)
    assert not torch.allclose(a, b)
