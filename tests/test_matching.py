r"""Laws of the objectives that match codes to the prior."""

import itertools

import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, randn

from autoencode.distributions import Dirac, Gaussian, SharedGaussian
from autoencode.objectives import AAE, ELBO, VAEGAN, WAE, InfoVAE, SinkhornAE, SlicedWAE
from autoencode.objectives.matching.mmd import squared_mmd
from autoencode.objectives.matching.transport import sinkhorn_divergence, sliced_wasserstein

pytestmark = pytest.mark.usefixtures("float64")


def kernel(a: Tensor, b: Tensor) -> float:
    r"""Returns the mean of the inverse multiquadratic kernels of two points."""
    width = [2 * len(a) * s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)]
    return sum(w / (w + float(((a - b) ** 2).sum())) for w in width) / len(width)


def test_mmd_is_that_of_its_definition() -> None:
    x, y = randn(6, 3), randn(6, 3) + 1
    pairs = list(itertools.permutations(range(6), 2))
    within = sum(kernel(x[i], x[j]) + kernel(y[i], y[j]) for i, j in pairs) / len(pairs)
    across = sum(kernel(a, b) for a in x for b in y) / 36

    assert float(squared_mmd(x, y)) == pytest.approx(within - 2 * across)


def test_mmd_of_a_sample_with_itself_is_zero() -> None:
    x = randn(20, 3)

    assert float(squared_mmd(x, x, unbiased=False)) == pytest.approx(0, abs=1e-12)
    assert float(squared_mmd(x, x + 1e-3, unbiased=False)) > 0


def test_mmd_is_unbiased() -> None:
    found = torch.stack([squared_mmd(randn(8, 2), randn(8, 2)) for _ in range(2000)])

    assert found.mean().abs() < 4 * found.std() / len(found) ** 0.5


def test_sliced_distances_of_shifted_samples() -> None:
    x, shift = randn(50, 4), torch.tensor([1.0, -2.0, 0.5, 3.0])
    found = sliced_wasserstein(x, x + shift, n_projections=20_000)

    assert float(found) == pytest.approx(float(shift.square().sum()) / 4, rel=0.03)
    assert float(sliced_wasserstein(x, x[torch.randperm(50)])) == pytest.approx(0, abs=1e-20)


def test_sinkhorn_divergence_approaches_the_cost_of_transport() -> None:
    x, y = randn(12, 2), randn(12, 2) + 2
    cost = (x[:, None] - y).square().sum(dim=-1) / 2
    rows, columns = linear_sum_assignment(cost.numpy())
    exact = float(cost[rows, columns].mean())

    assert float(sinkhorn_divergence(x, y, 0.1, 500)) == pytest.approx(exact, rel=0.02)
    assert float(sinkhorn_divergence(x, x[torch.randperm(12)], 0.5)) == pytest.approx(0, abs=1e-9)


def test_sinkhorn_divergence_of_blurred_points() -> None:
    # Two single points have one plan, whatever the blur
    x, y = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]])
    assert float(sinkhorn_divergence(x, y, 1.0)) == pytest.approx(12.5)


@pytest.mark.parametrize("objective", [WAE(3.0), SlicedWAE(3.0), SinkhornAE(3.0)], ids=repr)
def test_distortion_and_weighted_mismatch(make_model, objective) -> None:
    model, x = make_model(Dirac), randn(16, 5)
    loss = objective(model, x, x)

    torch.testing.assert_close(loss.total, loss.terms["distortion"] + 3 * loss.terms["mismatch"])
    assert objective.matches_prior


@pytest.mark.parametrize("objective", [WAE(), SlicedWAE(), SinkhornAE()], ids=repr)
def test_the_default_weight_grows_with_the_example(make_model, objective) -> None:
    model, x = make_model(Dirac), randn(16, 5)
    loss = objective(model, x, x)

    torch.testing.assert_close(loss.total, loss.terms["distortion"] + 5 * loss.terms["mismatch"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mismatch", "n"),
    [
        (squared_mmd, 100),
        (sliced_wasserstein, 200),
        (lambda z, y: sinkhorn_divergence(z, y, 0.3, 10), 64),
    ],
    ids=["mmd", "sliced", "sinkhorn"],
)
def test_descent_of_the_mismatch_moves_codes_to_the_prior(mismatch, n: int) -> None:
    torch.manual_seed(0)
    z = (0.2 * randn(n, 2) + 1.5).requires_grad_()
    optimizer = torch.optim.Adam([z], lr=0.2)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, 60)

    for _ in range(60):
        optimizer.zero_grad()
        mismatch(z, randn(n, 2)).backward()
        optimizer.step()
        schedule.step()

    z = z.detach()
    assert z.mean(dim=0).abs().max() < 0.3
    assert ((z.std(dim=0) - 1).abs() < 0.5).all()  # at the start, it is 0.2


def test_infovae_without_its_terms_is_the_elbo(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)

    torch.manual_seed(1)
    expected = ELBO()(model, x, x).total

    torch.manual_seed(1)
    torch.testing.assert_close(InfoVAE(alpha=0.0, weight=1.0)(model, x, x).total, expected)


def test_infovae_weighs_rate_and_mismatch(make_model) -> None:
    model, x = make_model(Gaussian), randn(16, 5)
    loss = InfoVAE(alpha=0.7, weight=10.0)(model, x, x)
    terms = loss.terms

    torch.testing.assert_close(
        loss.total, terms["distortion"] + 0.3 * terms["rate"] + 9.7 * terms["mismatch"]
    )


def test_the_players_of_aae_have_their_own_losses(make_model) -> None:
    model, x = make_model(Dirac), randn(16, 5)
    objective = AAE(2.0).build(model)
    loss = objective(model, x, x)
    terms = loss.terms

    torch.testing.assert_close(
        loss.total, terms["distortion"] + 2 * terms["fooling"] + terms["discriminator"]
    )

    def reached(term: Tensor, module) -> bool:
        grads = torch.autograd.grad(
            term.sum(), list(module.parameters()), retain_graph=True, allow_unused=True
        )
        return any(g is not None and bool((g != 0).any()) for g in grads)

    assert reached(terms["fooling"], model.encoder)
    assert not reached(terms["fooling"], objective.discriminator)
    assert reached(terms["discriminator"], objective.discriminator)
    assert not reached(terms["discriminator"], model)


def test_the_players_of_vae_gan_have_their_own_losses(make_model) -> None:
    model, x = make_model(Gaussian, SharedGaussian()), randn(9, 5)
    objective = VAEGAN(weight=3.0, feature_weight=2.0).build(model)
    D = objective.features, objective.verdict
    torch.manual_seed(1)
    loss = objective(model, x, x)

    # Algorithm 1, with a backward pass for each player
    torch.manual_seed(1)
    q = model.encode(x)
    z = q.rsample()
    z_p = randn(9, 2)
    rate = torch.distributions.kl_divergence(q, model.prior())
    made = [model.decode(code).mean for code in (z, z_p)]

    def logit(images: Tensor) -> Tensor:
        return D[1](D[0](images, None))[:, 0]

    def gap(images: Tensor) -> Tensor:  # the normal log-density of features, up to a constant
        return (D[0](x, None).detach() - D[0](images, None)).square().mean(dim=1) / 2

    features = gap(made[0])
    fooling = -sum(logit(image).sigmoid().log() for image in made)
    telling = -logit(x).sigmoid().log() - sum((1 - logit(m).sigmoid()).log() for m in made)
    distortion = -model.decode(z).log_prob(x)
    total = rate + 2 * features + 3 * fooling + telling + distortion
    torch.testing.assert_close(loss.total, total, rtol=1e-6, atol=1e-9)

    losses = [
        (model.encoder.parameters(), rate + 2 * features),
        (model.decoder.network.parameters(), 2 * features + 3 * fooling),
        (model.likelihood.parameters(), distortion),
        (objective.parameters(), telling),
    ]

    for parameters, own in losses:
        parameters = [*parameters]
        found, expected = (
            torch.autograd.grad(t.sum(), parameters, retain_graph=True) for t in (loss.total, own)
        )

        for a, b in zip(found, expected):
            torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)


def test_missing_numbers_do_not_tell_what_was_made(make_model) -> None:
    model, x = make_model(Gaussian), randn(4, 5)
    found = VAEGAN()._like(model.decode(randn(4, 2)).mean, x.where(x > 0, torch.nan))

    assert found.isnan().equal(x <= 0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: WAE(-1.0),
        lambda: VAEGAN(-1.0),
        lambda: VAEGAN(feature_weight=-1.0),
        lambda: InfoVAE(alpha=2.0),
        lambda: InfoVAE(alpha=0.0, weight=0.5),
        lambda: SlicedWAE(n_projections=0),
        lambda: SinkhornAE(blur=0.0),
        lambda: AAE(-1.0),
    ],
)
def test_bad_arguments_are_refused(make) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()
