r"""Laws of posteriors whose codes lie in a space of their own, and of the prior of this space."""

import functools
import math

import numpy as np
import pytest
import torch
import torch.distributions as td
from scipy import special
from sklearn.base import clone
from sklearn.datasets import load_iris
from torch import Tensor, randn
from torch.nn.functional import one_hot

import autoencode as ae
from autoencode import Autoencoder, Training
from autoencode.blueprint.arguments import defaults_for
from autoencode.distributions import (
    Gaussian,
    GumbelSoftmax,
    PowerSpherical,
    StraightThroughBernoulli,
    WrappedNormal,
    kl_divergence,
)
from autoencode.distributions.codes.gumbel_softmax import CategoricalCodes
from autoencode.distributions.codes.power_spherical import PowerSphericalDistribution
from autoencode.distributions.codes.wrapped_normal import (
    WrappedNormalDistribution,
    from_tangent,
)
from autoencode.inference.generation import sample_codes
from autoencode.networks import FullyConnected
from autoencode.objectives import DIPVAE, ELBO, IWAE, WAE
from autoencode.priors import Mixture, Reference, StandardNormal, VampPrior

X = load_iris().data.astype("float32")
DISCRETE = [GumbelSoftmax(n_categories=3), StraightThroughBernoulli()]
CLOSED = [PowerSpherical(), *DISCRETE]  # whose divergence from the reference is
POSTERIORS = [*CLOSED, WrappedNormal(curvature=0.7)]
each_posterior = pytest.mark.parametrize("posterior", POSTERIORS, ids=repr)


def build(posterior, epochs: int = 2, **options) -> Autoencoder:
    folder = options.pop("checkpoint_dir", None)
    given = {
        "objective": ELBO(),
        "network": FullyConnected((16,)),
        "training": Training(epochs, device="cpu", compile=False, checkpoint_dir=folder),
        "random_state": 0,
    }

    return Autoencoder(6, posterior=posterior, **given | options)


@functools.cache
def fitted(posterior) -> Autoencoder:
    return build(posterior).fit(X)


def built(posterior, D: int = 6):
    return posterior.clone().build(None, (D,)).eval()


def joint(q: td.Distribution) -> td.Distribution:
    r"""The distribution of a whole code, as a model makes it."""
    return q if q.event_shape else td.Independent(q, 1)


def within_standard_errors(draws: Tensor, expected: Tensor, errors: float = 5) -> None:
    error = draws.std(dim=0) / len(draws) ** 0.5
    assert ((draws.mean(dim=0) - expected).abs() <= errors * error + 1e-12).all()


# Laws of every such posterior


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("posterior", CLOSED, ids=repr)
def test_the_divergence_is_the_mean_of_log_ratios(posterior) -> None:
    torch.manual_seed(0)
    family = built(posterior)
    q, p = joint(family(randn(4, 6, family.n_params))), family.reference(torch.zeros(6))
    z = q.rsample((2_000,))

    within_standard_errors(q.log_prob(z) - p.log_prob(z), kl_divergence(q, p, z[0]))
    assert z.shape == (2_000, 4, 6)
    torch.testing.assert_close(family.project(z), z)


@pytest.mark.parametrize("posterior", CLOSED, ids=repr)
def test_samples_have_the_moments_of_the_posterior(posterior) -> None:
    torch.manual_seed(0)
    family = built(posterior)
    q = family(randn(3, 6, family.n_params))
    z = q.sample((40_000,))

    within_standard_errors((z - z.mean(dim=0)).square(), q.variance)


@each_posterior
def test_models_are_stored_and_draw_codes_of_their_space(posterior, tmp_path) -> None:
    model = fitted(posterior)
    model.save(tmp_path / "m.ae")
    loaded = ae.load(tmp_path / "m.ae")
    family, z = model.model_.posterior, sample_codes(model.model_, 50)

    assert type(model.prior_) is Reference
    assert repr(clone(model).posterior) == repr(posterior)
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
    np.testing.assert_array_equal(loaded.score_samples(X[:5]), model.score_samples(X[:5]))
    again, new = (m.sample(9, random_state=0) for m in (loaded, model))
    np.testing.assert_array_equal(again, new)
    torch.testing.assert_close(family.project(z), z)
    assert len(z.unique(dim=0)) > 3


@each_posterior
def test_scores_do_not_depend_on_neighbors(posterior) -> None:
    model = fitted(posterior)
    together = model.score_samples(X[:4], n_samples=8)
    alone = np.concatenate([model.score_samples(X[i : i + 1], n_samples=8) for i in range(4)])

    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)


@each_posterior
def test_trainings_resume_to_the_bit(posterior, tmp_path, cut_short) -> None:
    cut_short(lambda: build(posterior, checkpoint_dir=tmp_path / "run").fit(X), 1)
    resumed = build(posterior, checkpoint_dir=tmp_path / "run").fit(X, resume=True)

    np.testing.assert_array_equal(resumed.transform(X), fitted(posterior).transform(X))


@each_posterior
def test_trainings_of_skip_connected_networks_start_at_random(posterior) -> None:
    # Principal components would come with the noise of an exact linear model
    model = build(posterior, epochs=1, network=None).fit(X)

    assert hasattr(model.model_.encoder.network, "skip")
    assert -20 < model.history_[0]["validation"]["bound"] < 0


@each_posterior
def test_grids_lie_in_the_space_of_the_codes(posterior, monkeypatch) -> None:
    model, decoded = fitted(posterior), []
    monkeypatch.setattr(
        Autoencoder, "inverse_transform", lambda self, Z, y=None: decoded.append(Z) or X[: len(Z)]
    )
    ae.plots.grid(model, X, n_per_side=3)
    z = torch.as_tensor(decoded[0])

    torch.testing.assert_close(model.model_.posterior.project(z), z)

    with pytest.raises(ValueError, match="expected examples X"):
        ae.plots.grid(model)


@each_posterior
@pytest.mark.parametrize("prior", [StandardNormal(), Mixture()], ids=repr)
def test_a_density_of_vectors_is_refused_as_a_prior(posterior, prior) -> None:
    with pytest.raises(ValueError, match=r"density of vectors.*Reference\(\)"):
        build(posterior, prior=prior).fit(X)


def test_a_prior_of_the_space_needs_such_codes() -> None:
    with pytest.raises(ValueError, match=r"ordinary vectors.*StandardNormal\(\)"):
        build(Gaussian(), prior=Reference()).fit(X)


@each_posterior
def test_codes_of_a_space_are_no_data(posterior) -> None:
    with pytest.raises(ValueError, match="expected a likelihood"):
        Autoencoder(2, likelihood=posterior).fit(X)


@pytest.mark.parametrize(
    ("objective", "prior"), [(IWAE(2), None), (ELBO(), VampPrior(4)), (WAE(), None)]
)
@each_posterior
def test_other_objectives_and_priors(posterior, objective, prior) -> None:
    model = build(posterior, epochs=1, objective=objective, prior=prior).fit(X)
    assert np.isfinite(model.sample(3, random_state=0)).all()


@each_posterior
def test_nested_arguments_of_an_open_prior_belong_to_the_space(posterior) -> None:
    made = defaults_for(build(posterior).get_params(deep=False), {"prior__none": 1})
    assert type(made["prior"]) is Reference


# The unit sphere


def power_spherical(phi: np.ndarray, z: np.ndarray, D: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Log-density and divergence from the uniform distribution, from equations 2, 4, 5 and 7."""
    mu = phi[:, :, 0] / np.linalg.norm(phi[:, :, 0], axis=1, keepdims=True)
    kappa = 2 / (1e-2 + np.log1p(np.exp(phi[:, :, 1].mean(axis=1)))) ** 2
    alpha, beta = (D - 1) / 2 + kappa, (D - 1) / 2
    log_n = (
        (alpha + beta) * np.log(2)
        + beta * np.log(np.pi)
        + special.gammaln(alpha)
        - special.gammaln(alpha + beta)
    )
    mean = np.log(2) + special.digamma(alpha) - special.digamma(alpha + beta)
    area = np.log(2) + D / 2 * np.log(np.pi) - special.gammaln(D / 2)

    return kappa * np.log1p((mu * z).sum(axis=1)) - log_n, kappa * mean - log_n + area


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("D", [2, 3, 17])
def test_power_spherical_densities_are_those_of_the_paper(D: int) -> None:
    family, phi = built(PowerSpherical(), D), 3 * randn(6, D, 2)
    z = family.project(randn(6, D))

    def ours(phi: Tensor) -> Tensor:
        q = family(phi)
        return torch.stack([q.log_prob(z), kl_divergence(q, family.reference(z[0]), z)])

    expected = np.stack(power_spherical(phi.numpy(), z.numpy(), D))
    np.testing.assert_allclose(ours(phi), expected, rtol=1e-6, atol=1e-6)
    assert torch.autograd.gradcheck(ours, phi.requires_grad_())


@pytest.mark.usefixtures("float64")
def test_power_spherical_densities_integrate_to_one() -> None:
    torch.manual_seed(0)
    angle = torch.linspace(0, 2 * torch.pi, 2001)[:-1]
    circle = torch.stack([angle.cos(), angle.sin()], dim=1)
    q = built(PowerSpherical(), 2)(randn(5, 2, 2))
    integral = q.log_prob(circle[:, None]).exp().mean(dim=0) * 2 * torch.pi

    torch.testing.assert_close(integral, torch.ones(5), rtol=1e-6, atol=1e-6)

    # In three dimensions the area is the product of angle and height
    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(200))
    ring = circle[::20] @ torch.eye(3)[:2] * (1 - nodes.square()).sqrt()[:, None, None]
    sphere = ring + nodes[:, None, None] * torch.eye(3)[2]
    q = built(PowerSpherical(), 3)(randn(5, 3, 2))
    density = q.log_prob(sphere[:, :, None]).exp().mean(dim=1) * 2 * torch.pi

    torch.testing.assert_close(weights @ density, torch.ones(5), rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("float64")
def test_samples_on_the_sphere_have_the_gradient_of_their_mean() -> None:
    torch.manual_seed(0)
    kappa = torch.full((100_000,), 3.0, requires_grad=True)
    mu = torch.tensor([0.6, 0.0, 0.8])
    q = PowerSphericalDistribution(mu.expand(len(kappa), 3), kappa)
    (each,) = torch.autograd.grad((q.rsample() @ mu).sum(), kappa)

    # The mean of the cosine is kappa / (kappa + D - 1)
    within_standard_errors(each, torch.tensor(2 / 5**2))


def test_a_sphere_needs_two_numbers() -> None:
    with pytest.raises(ValueError, match="at least two numbers, got 1"):
        Autoencoder(1, objective=ELBO(), posterior=PowerSpherical()).fit(X)


# Categories and booleans


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("posterior", DISCRETE, ids=repr)
def test_probabilities_of_all_codes_add_up_to_one(posterior) -> None:
    family = built(posterior, 3)
    codes = family.project(torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)).unique(dim=0)
    log_p = joint(family(randn(5, 3, 1))).log_prob(codes[:, None])

    assert len(codes) in {3, 8}
    torch.testing.assert_close(log_p.exp().sum(dim=0), torch.ones(5))


@pytest.mark.usefixtures("float64")
def test_divergences_of_discrete_codes_are_those_of_torch() -> None:
    phi = (2 * randn(7, 6, 1)).requires_grad_()
    families = [built(f) for f in DISCRETE]
    ours = [
        kl_divergence(joint(f(phi)), f.reference(torch.zeros(6)), torch.zeros(6)) for f in families
    ]
    groups, bits = phi.reshape(7, 2, 3), phi[..., 0]
    theirs = [
        td.kl_divergence(td.Categorical(logits=groups), td.Categorical(torch.ones(2, 3))),
        td.kl_divergence(td.Bernoulli(logits=bits), td.Bernoulli(torch.full((7, 6), 0.5))),
    ]

    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a, b.sum(dim=1))
        torch.testing.assert_close(*(torch.autograd.grad(x.sum(), phi)[0] for x in (a, b)))


@pytest.mark.usefixtures("float64")
def test_relaxed_categories_have_the_density_of_torch() -> None:
    logits = randn(5, 2, 4, requires_grad=True)
    q = CategoricalCodes(logits, temperature=0.4)
    theirs = td.RelaxedOneHotCategorical(torch.tensor(0.4), logits=logits)
    z = theirs.sample()
    found = q.log_prob(z.flatten(1)), theirs.log_prob(z).sum(dim=1)

    torch.testing.assert_close(*found)
    torch.testing.assert_close(*(torch.autograd.grad(x.sum(), logits)[0] for x in found))

    # Two levels have a density of one number
    x = (torch.arange(200_000) + 0.5) / 200_000
    one = CategoricalCodes(torch.tensor([[0.3, -0.5]]), 0.67).log_prob(torch.stack([x, 1 - x], 1))
    assert float(one.exp().mean()) == pytest.approx(1, abs=1e-3)


@pytest.mark.usefixtures("float64")
def test_relaxed_samples_have_the_gradient_of_the_softmax() -> None:
    family = GumbelSoftmax(3, temperature=0.5).build(None, (6,)).train()

    def sample(phi: Tensor) -> Tensor:
        torch.manual_seed(1)
        return family(phi).rsample((4,))

    phi = randn(2, 6, 1, requires_grad=True)
    z = sample(phi).unflatten(-1, (2, 3))

    assert torch.autograd.gradcheck(sample, phi)
    torch.testing.assert_close(z.sum(dim=-1), torch.ones(4, 2, 2))

    # The largest level is a sample of the probabilities, whatever the temperature
    q = family(phi.detach().expand(20_000, 2, 6, 1))
    largest = q.rsample().unflatten(-1, (2, 3)).argmax(dim=-1)
    probabilities = q.mean[0].unflatten(-1, (2, 3))
    within_standard_errors(one_hot(largest, 3).double(), probabilities)


def test_truth_values_pass_their_gradient_to_probabilities() -> None:
    phi = randn(50, 6, 1, requires_grad=True)
    z = StraightThroughBernoulli()(phi).rsample()
    weight = randn(50, 6)
    (z * weight).sum().backward()
    p = phi.detach().sigmoid()

    assert set(z.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(phi.grad, weight[..., None] * p * (1 - p))


@pytest.mark.parametrize("posterior", DISCRETE, ids=repr)
def test_discrete_codes_have_indices(posterior) -> None:
    model = fitted(posterior)
    index, p = model.transform(X, indices=True), model.transform(X)
    p = p.reshape(150, 2, 3) if index.shape == (150, 2) else np.stack([1 - p, p], axis=2)

    np.testing.assert_array_equal(index, p.argmax(axis=2))
    np.testing.assert_allclose(p.sum(axis=2), 1, rtol=1e-5)


def test_a_number_of_categories_divides_the_code() -> None:
    with pytest.raises(ValueError, match="multiple of 4, the number"):
        build(GumbelSoftmax(4)).fit(X)

    for D, K in ((16, 8), (20, 10), (6, 6)):
        assert built(GumbelSoftmax(), D)(randn(1, D, 1)).index.shape == (1, D // K)


# Hyperbolic space


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("c", [0.5, 1.0])
def test_wrapped_normal_densities_integrate_to_one(c: float) -> None:
    torch.manual_seed(0)
    q = built(WrappedNormal(c), 2)(0.5 * randn(4, 2, 2))
    angle = torch.linspace(0, 2 * torch.pi, 201)[:-1]
    directions = torch.stack([angle.cos(), angle.sin()], dim=1)
    distance = (torch.arange(600) + 0.5) / 40
    z = from_tangent(distance[:, None, None] * directions, c)
    area = (c**0.5 * distance).sinh() / c**0.5 * 2 * torch.pi / 40  # of a circle's ring
    integral = (area[:, None] * q.log_prob(z[:, :, None]).exp().mean(dim=1)).sum(dim=0)

    torch.testing.assert_close(integral, torch.ones(4), rtol=1e-4, atol=1e-4)


def on_hyperboloid(mu: Tensor, scale: Tensor, z: Tensor) -> Tensor:
    r"""Log-density on the hyperboloid, by algorithm 2 of Nagano et al. (2019)."""

    def lift(b: Tensor) -> Tensor:
        square = (b**2).sum(-1, keepdim=True)
        return torch.cat([1 + square, 2 * b], -1) / (1 - square)

    def dot(a: Tensor, b: Tensor) -> Tensor:
        return (a * b)[..., 1:].sum(-1, keepdim=True) - (a * b)[..., :1]

    origin = torch.eye(mu.shape[-1] + 1)[0]
    mu, z = lift(mu), lift(z)
    a = -dot(mu, z)
    u = torch.acosh(a) / (a**2 - 1).sqrt() * (z - a * mu)
    v = u + dot(origin + dot(mu, origin) * mu, u) / (1 - dot(mu, origin)) * (origin + mu)
    r = dot(u, u).sqrt().squeeze(-1)
    normal = td.Normal(0.0, scale).log_prob(v[..., 1:]).sum(-1)

    return normal - (scale.shape[-1] - 1) * (r.sinh() / r).log()


@pytest.mark.usefixtures("float64")
def test_wrapped_normal_densities_are_those_on_the_hyperboloid() -> None:
    torch.manual_seed(0)
    family = built(WrappedNormal(), 3)
    phi, z = randn(6, 3, 2, requires_grad=True), from_tangent(2 * randn(6, 3), 1.0)
    q = family(phi)
    found = q.log_prob(z), on_hyperboloid(q.mean, q.scale, z)

    torch.testing.assert_close(*found, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(
        *(torch.autograd.grad(x.sum(), phi, retain_graph=True)[0] for x in found),
        rtol=1e-6,
        atol=1e-6,
    )

    # A curved space is a scaled one
    c = 0.3
    p = WrappedNormalDistribution(q.mean / c**0.5, q.scale / c**0.5, c)
    scaled = p.log_prob(z / c**0.5) - 3 * math.log(c) / 2
    torch.testing.assert_close(scaled, found[0])


@pytest.mark.usefixtures("float64")
def test_samples_in_hyperbolic_space_are_differentiable() -> None:
    family = built(WrappedNormal(0.5), 3)

    def sample(phi: Tensor) -> Tensor:
        torch.manual_seed(1)
        return family(phi).rsample((2,))

    assert torch.autograd.gradcheck(sample, randn(4, 3, 2, requires_grad=True))

    # The distance of a code from its center is that of its noise from zero
    q = family(randn(5, 3, 2))
    torch.manual_seed(1)
    noise = q.scale * randn(5, 3)
    torch.manual_seed(1)
    z, c = q.rsample(), 0.5
    square = ((z - q.mean) ** 2).sum(1) / (1 - c * (z**2).sum(1)) / (1 - c * (q.mean**2).sum(1))
    torch.testing.assert_close(torch.acosh(1 + 2 * c * square) / c**0.5, noise.norm(dim=1))


def test_single_precision_suffices_far_from_the_origin() -> None:
    torch.manual_seed(0)
    q = built(WrappedNormal(), 64).reference(torch.zeros(64))
    z = q.sample((200,))
    precise = WrappedNormalDistribution(q.loc.double(), q.scale.double(), 1.0)
    near = WrappedNormalDistribution(z, torch.full_like(z, 0.1), 1.0)

    assert z.norm(dim=1).min() > 0.99
    torch.testing.assert_close(q.log_prob(z).double(), precise.log_prob(z.double()))
    torch.testing.assert_close(
        near.log_prob(z), torch.full((200,), 64 * math.log(10 / math.sqrt(2 * math.pi)))
    )
    assert q.log_prob(z.new_zeros(64)).isfinite()


def test_hyperbolic_codes_have_no_variance() -> None:
    with pytest.raises(ValueError, match="no variance in closed form"):
        build(WrappedNormal(), objective=DIPVAE()).fit(X)


@pytest.mark.parametrize(
    "make",
    [
        lambda: WrappedNormal(0.0),
        lambda: WrappedNormal(min_scale=-1),
        lambda: PowerSpherical(0.0),
        lambda: GumbelSoftmax(1),
        lambda: GumbelSoftmax(temperature=0),
    ],
)
def test_bad_arguments_are_refused(make) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()
