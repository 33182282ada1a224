r"""Laws of the densities of priors: integrals, other implementations, divergences."""

import numpy as np
import pytest
import torch
import zuko
from scipy.stats import multivariate_normal
from sklearn import neighbors
from torch import Tensor, randn
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    Normal,
)
from torch.distributions import (
    kl_divergence as closed,
)

from autoencode.distributions import Gaussian, kl_divergence
from autoencode.priors import (
    ExemplarPrior,
    FlowPrior,
    KernelDensity,
    LearnedMixture,
    StandardNormal,
    TwoStagePrior,
)
from autoencode.priors.base import sample_prior

FLOWS = [FlowPrior(kind, 2, 4, (16,)) for kind in ("maf", "realnvp", "spline")]
KERNELS = [KernelDensity(bandwidth=0.4), KernelDensity(3, bandwidth=0.8)]
MIXTURES = [LearnedMixture(1), LearnedMixture(3)]
each = pytest.mark.parametrize("prior", [*FLOWS, *KERNELS, *MIXTURES], ids=repr)
pytestmark = pytest.mark.usefixtures("float64")


def ready(prior, D: int = 2, context: int = 0):
    r"""Returns a prior with random weights, or kernels at random codes."""
    torch.manual_seed(3)
    prior = prior.clone()
    prior.attach(None, context)
    prior = prior.build(D).to(torch.float64)

    if isinstance(prior, KernelDensity):
        prior.fit(lambda: (0.4 * randn(12, 1, D) + torch.arange(D)).expand(12, 2, D))
        assert len(prior.loc) == 12
    elif isinstance(prior, FlowPrior):
        prior.loc, prior.log_scale = 0.3 * randn(1, D), 0.2 * randn(1, D)

    for weight in prior.parameters():
        weight.data.add_((0.1 if isinstance(prior, FlowPrior) else 0.3) * randn(weight.shape))

    return prior


@each
def test_densities_integrate_to_one_and_are_those_of_samples(prior) -> None:
    p = ready(prior)()
    side = torch.arange(-7, 8, 0.2)
    grid = torch.cartesian_prod(side, side)
    log_p = p.log_prob(grid).detach()
    density = log_p.exp()
    z = sample_prior(p, 4000)

    assert float(density.sum() / 25) == pytest.approx(1, abs=2e-3)

    for low in (grid > 0.3).unbind(dim=1), (grid > 1.1).unbind(dim=1):
        share = float(density[low[0] & low[1]].sum() / 25)
        found = float((z > grid[low[0] & low[1]].amin(dim=0) - 0.1).all(dim=1).double().mean())
        assert found == pytest.approx(share, abs=0.05)

    # One sample at a time estimates the divergence, without bias
    q = Independent(Normal(torch.tensor([0.2, -0.4]), torch.tensor([0.5, 0.8])), 1)
    log_q = q.log_prob(grid)
    q = q.expand((4000,))
    rates = kl_divergence(q, p, q.sample()).detach()
    exact = float((log_q.exp() * (log_q - log_p)).sum() / 25)
    assert float(rates.mean()) == pytest.approx(exact, abs=4 * float(rates.std()) / 63 + 2e-3)


@each
def test_priors_begin_as_the_unit_gaussian_and_take_any_batch(prior) -> None:
    unit, z = StandardNormal().build(3), randn(4, 5, 3)
    new = prior.clone().build(3).to(torch.float64)
    p = ready(prior, 3)()

    if not isinstance(prior, LearnedMixture) or prior.n_components == 1:
        first = new().log_prob(z)
        assert torch.allclose(first, unit().log_prob(z), atol=1e-6)

    found = p.log_prob(z)
    assert found.shape == (4, 5)
    assert torch.allclose(found[2, 3], p.log_prob(z[2, 3]))
    assert p.sample((2, 4)).shape == (2, 4, 3)


def test_a_learned_mixture_begins_with_the_moments_of_the_unit_gaussian() -> None:
    p = LearnedMixture(2000).build(2).to(torch.float64)()
    assert torch.allclose(p.mean, torch.zeros(2), atol=0.1)
    assert torch.allclose(p.variance, torch.ones(2), atol=0.1)


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("prior", FLOWS, ids=repr)
def test_flows_are_those_of_zuko(prior, conditional: bool) -> None:
    prior = ready(prior.clone().set_params(conditional=conditional), 4, context=3)
    c = randn(6, 3)
    h = c if conditional else c[:, :0]
    p = prior(c)

    def step(network):
        def elementwise(x: Tensor):
            theta = network(x, h)

            if prior.kind == "spline":
                parts = theta.split([4, 4, 3], dim=-1)
                t = zuko.transforms.MonotonicRQSTransform(*parts)
            else:
                s = theta[..., 1] / (1 + theta[..., 1].abs() / 6.9)
                t = torch.distributions.AffineTransform(
                    -theta[..., 0] * (-s).exp(), (-s).exp(), event_dim=0
                )

            return zuko.transforms.DependentTransform(t, 1)

        return zuko.transforms.AutoregressiveTransform(elementwise, passes=4)

    scale = prior.log_scale[0].exp()
    first = torch.distributions.AffineTransform(-prior.loc[0] / scale, 1 / scale, event_dim=1)
    steps = zuko.transforms.ComposedTransform(first, *map(step, prior.networks))
    theirs = zuko.distributions.NormalizingFlow(
        steps, zuko.distributions.DiagNormal(torch.zeros(6, 4), torch.ones(6, 4))
    )
    z = randn(6, 4)

    torch.testing.assert_close(p.log_prob(z), theirs.log_prob(z), rtol=1e-6, atol=1e-6)
    e = randn(6, 4)
    torch.testing.assert_close(p._transform(e)[0], steps.inv(e), rtol=1e-6, atol=1e-6)


def test_units_of_coupling_steps_depend_on_the_other_half() -> None:
    network = ready(FLOWS[1], 5).networks[0]
    J = torch.autograd.functional.jacobian(lambda z: network(z, z[:0])[:, 0], randn(5))

    assert len(network.groups) == 2
    assert [len(group) for group in network.groups] == [3, 2]
    assert (J[:3] == 0).all()
    assert (J[3:, 3:] == 0).all()
    assert (J[3:, :3] != 0).all()


def test_kernels_are_those_of_sklearn_and_scipy() -> None:
    z = randn(40, 1, 3) @ randn(3, 3)
    x = randn(9, 3)

    for prior in (KernelDensity(bandwidth=0.3), KernelDensity(4, bandwidth=0.7)):
        prior = prior.build(3).to(torch.float64)
        torch.manual_seed(0)
        prior.fit(lambda: z.expand(40, 2, 3))  # points
        L, found = prior.scale_tril, prior().log_prob(x)
        assert torch.allclose((L @ L.T), torch.cov(z[:, 0].T, correction=0), rtol=0.35)

        laws = [
            multivariate_normal(m, w**2 * L @ L.T).logpdf(x)
            for m, w in zip(prior.loc, prior.width)
        ]
        expected = np.logaddexp.reduce(laws, axis=0) - np.log(40)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)

        centers = torch.linalg.solve_triangular(L, prior.loc.T, upper=False).T

        if prior.n_neighbors is None:
            theirs = neighbors.KernelDensity(bandwidth=0.3, rtol=1e-9).fit(centers)
            white = torch.linalg.solve_triangular(L, x.T, upper=False).T
            expected = theirs.score_samples(white) - float(L.logdet())
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
        else:
            near = neighbors.NearestNeighbors(n_neighbors=5).fit(centers)
            distance = near.kneighbors(centers)[0][:, -1]
            np.testing.assert_allclose(prior.width, 0.7 * distance, rtol=1e-6)


def test_kernels_leave_collapsed_features_alone() -> None:
    z = torch.cat([randn(400, 1, 1), 0.2 * randn(400, 1, 1)], dim=-1)
    prior = KernelDensity().build(2).to(torch.float64)
    prior.fit(lambda: z)
    x = randn(5, 2)
    rest = prior().log_prob(x) - Normal(0, 1).log_prob(x[:, 0])

    assert prior.fitted.tolist() == [False, True]
    assert torch.allclose(
        rest, (prior().log_prob(x * torch.tensor([0, 1])) + 0.9189385), atol=1e-6
    )
    assert torch.allclose(prior().mean, torch.tensor([0.0, z[..., 1].mean()]), atol=1e-9)
    assert torch.allclose(prior().sample((9000,)).var(dim=0), prior().variance, rtol=0.1)


def test_conditional_mixtures_are_those_of_torch() -> None:
    prior = ready(LearnedMixture(3, conditional=True, layers=(8,)), 2, context=4)
    c, z = randn(5, 4), randn(6, 5, 2)
    phi = prior.first + prior.network(c)
    theirs = MixtureSameFamily(
        Categorical(logits=phi[..., 0]),
        Independent(Normal(phi[..., 1:3], phi[..., 3:].exp()), 1),
    )

    torch.testing.assert_close(prior(c).log_prob(z), theirs.log_prob(z), rtol=1e-9, atol=1e-9)
    assert sample_prior(prior(c), 5).shape == (5, 2)

    one = ready(LearnedMixture(1, conditional=True), 2, context=4)
    q = Independent(Gaussian()(randn(5, 2, 2)), 1)
    assert torch.allclose(kl_divergence(q, one(c), z[0]), closed(q, one(c)))


@pytest.mark.parametrize(
    "prior",
    [LearnedMixture(1, conditional=True, joint=False), FlowPrior("realnvp", 2, conditional=True)],
    ids=repr,
)
def test_codes_of_a_label_are_drawn_after_the_fit(prior, monkeypatch) -> None:
    monkeypatch.setattr("autoencode.priors.neural.ascent._MAX_UPDATES", 150)
    torch.manual_seed(0)
    c = torch.eye(2)[torch.arange(200) % 2]
    z = 0.5 * randn(200, 1, 3) + 3 * (2 * c[:, None, :1] - 1)
    prior = prior.clone()
    prior.attach(None, 2)
    prior = prior.build(3).to(torch.float64)
    prior.fit(lambda: z, c)

    for label, mean in ((0, 3.0), (1, -3.0)):
        new = sample_prior(prior(torch.eye(2)[label].expand(300, 2)), 300)
        assert torch.allclose(new.mean(dim=0), torch.tensor(mean), atol=1.5)

    assert not any(weight.requires_grad for weight in prior.parameters())


@pytest.mark.parametrize("prior", [FLOWS[0], LearnedMixture(3, joint=False)], ids=repr)
def test_the_unit_gaussian_stays_where_nothing_is_gained(prior, monkeypatch, caplog) -> None:
    monkeypatch.setattr("autoencode.priors.neural.ascent._MAX_UPDATES", 100)
    torch.manual_seed(1)
    prior = prior.clone().build(2)
    before = {name: tensor.clone() for name, tensor in prior.state_dict().items()}

    with caplog.at_level("INFO", "autoencode"):
        prior.fit(lambda: randn(300, 2, 2))

    assert "not significantly better" in caplog.text
    assert all(torch.equal(prior.state_dict()[name], before[name]) for name in before)
    assert prior().log_prob(torch.zeros(2)) == StandardNormal().build(2)().log_prob(torch.zeros(2))

    prior.fit(lambda: torch.full((30, 2, 2), torch.nan))
    assert "not all finite" in caplog.text


def test_the_second_stage_is_a_latent_model_of_its_own() -> None:
    prior = ready(TwoStagePrior((8,)), 2)
    prior.log_scale.data.fill_(-0.5)
    prior.loc, prior.scale = torch.tensor([[0.3, -0.2]]), torch.tensor([[0.5, 2.0]])
    gamma = prior.log_scale.exp()

    # The logarithm of a weight is that of a script of the bound
    z, e = randn(3, 2), randn(1, 3, 2)
    mean, log_std = prior.encoder(z).unbind(dim=1)
    q, u = Normal(mean, log_std.exp()), mean + log_std.exp() * e[0]
    bound = Normal(prior.decoder(u), gamma).log_prob(z).sum(dim=1)
    bound = bound + Normal(0, 1).log_prob(u).sum(dim=1) - q.log_prob(u).sum(dim=1)
    torch.testing.assert_close(prior.log_weights(z, e)[0], bound, rtol=1e-6, atol=1e-6)

    # With a wide second posterior, the density is that of simple Monte Carlo over its prior
    torch.nn.init.zeros_(prior.encoder.output_layer.weight)
    prior.encoder.output_layer.bias.data.copy_(torch.tensor([0.0, 0.0, 0.2, 0.2]))
    prior.noise, p = randn(2000, 2), prior()
    mu = prior.decoder(randn(20_000, 2)).detach()
    white = 0.7 * randn(15, 2)
    each = torch.stack([Normal(mu, gamma).log_prob(x).sum(dim=1).logsumexp(dim=0) for x in white])
    expected = each - np.log(20_000) - prior.scale.log().sum()
    found = p.log_prob(prior.loc + prior.scale * white)
    assert torch.allclose(found, expected, atol=0.2)
    assert torch.equal(p.log_prob(white[:, None])[:, 0], p.log_prob(white))

    prior.noise = prior.noise[:100]
    side = torch.arange(-5, 5, 0.25)
    density = p.log_prob(prior.loc + prior.scale * torch.cartesian_prod(side, side)).exp()
    assert float(density.sum() / 16) == pytest.approx(1, abs=0.15)

    new, mean = p.sample((20_000,)), prior.loc[0] + prior.scale[0] * mu.mean(dim=0)
    assert torch.allclose(new.mean(dim=0), mean, atol=0.1)


def test_exemplars_are_components_and_never_those_of_their_own_example(make_model) -> None:
    model, x = make_model(Gaussian), randn(6, 5)
    prior = ExemplarPrior(6)
    prior.attach(model.encoder)
    prior = prior.build(2)
    prior.start(lambda: (x, None))
    prior.log_scale.data.fill_(-1.0)
    z, q, p = randn(7, 3, 2), model.encode(x), prior()

    kernels = Independent(Normal(q.mean, prior.log_scale.exp().expand(6, 2)), 1)
    theirs = MixtureSameFamily(Categorical(torch.ones(6)), kernels)
    torch.testing.assert_close(p.log_prob(z), theirs.log_prob(z), rtol=1e-9, atol=1e-9)
    assert torch.allclose(p.variance, theirs.variance)
    assert torch.allclose(p.sample((20_000,)).mean(dim=0), theirs.mean, atol=0.05)

    z = q.sample()
    each = kernels.log_prob(z[:, None])  # of examples and exemplars
    others = each.masked_fill(torch.eye(6, dtype=torch.bool), -torch.inf).logsumexp(1) - np.log(5)
    torch.testing.assert_close(p.log_prob_of_others(z, q.mean), others, rtol=1e-9, atol=1e-9)

    torch.manual_seed(0)
    found = torch.stack([kl_divergence(q, p, z) for _ in range(200)])
    torch.manual_seed(1)
    z = q.sample((200,))
    exact = q.log_prob(z) - p.log_prob_of_others(z, q.mean)
    error = (found.var(dim=0) + exact.var(dim=0)).sqrt() / 200**0.5
    assert (abs(found.mean(dim=0) - exact.mean(dim=0)) < 5 * error).all()

    found.sum().backward()
    assert all(w.grad is not None for w in (*prior.parameters(), *model.encoder.parameters()))
    assert "encoder" not in str([*prior.state_dict()])
