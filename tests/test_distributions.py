r"""Tests for the distributions module."""

import inspect

import numpy as np
import pytest
import scipy.stats
import torch
from torch import randn
from torch.distributions import Independent, Laplace, Normal, StudentT, constraints

from autoencode import distributions
from autoencode.distributions import (
    Autoregressive,
    Bernoulli,
    ContinuousBernoulli,
    DiagonalGaussian,
    Dirac,
    DiscretizedLogistic,
    Family,
    FixedGaussian,
    Gaussian,
    Homoscedastic,
    MixedColumns,
    Observed,
    SharedGaussian,
    kl_divergence,
)

pytestmark = pytest.mark.usefixtures("float64")

# But those of whole rows and sequences, see test_frames.py, test_texts.py and test_likelihoods.py
FAMILIES = [
    cls
    for cls in vars(distributions).values()
    if inspect.isclass(cls) and issubclass(cls, Family)
    if cls not in {Autoregressive, Family, MixedColumns, Observed} and cls.elementwise
    if not cls.__module__.startswith("autoencode.distributions.codes")
]
DENSITIES = [
    Gaussian,
    FixedGaussian,
    SharedGaussian,
    DiagonalGaussian,
    ContinuousBernoulli,
    distributions.Laplace,
]


@pytest.mark.parametrize("cls", FAMILIES)
def test_shapes_and_gradients(cls: type[Family]) -> None:
    family = cls()
    phi = torch.randn(3, 4, family.n_params, requires_grad=True)
    p = family(phi)

    assert p.batch_shape == (3, 4)
    assert p.mean.shape == (3, 4)
    assert p.sample((7,)).shape == (7, 3, 4)
    assert p.expand((2, 3, 4)).batch_shape == (2, 3, 4)

    value = p.mean if cls is Dirac else p.log_prob(torch.rand(3, 4))
    value.sum().backward()

    assert phi.grad.isfinite().all()
    assert (phi.grad != 0).any(dim=-1).all()
    assert all(q.grad.isfinite() and q.grad != 0 for q in family.parameters())


@pytest.mark.parametrize("cls", DENSITIES)
@pytest.mark.parametrize("seed", range(3))
def test_densities_integrate_to_one(cls: type[Family], seed: int) -> None:
    phi = torch.randn(1, cls.n_params, generator=torch.Generator().manual_seed(seed))
    p = cls()(phi)
    bounded = cls.support is constraints.unit_interval
    low, high = (0.0, 1.0) if bounded else (p.mean - 12 * p.stddev, p.mean + 12 * p.stddev)

    x = torch.lerp(torch.as_tensor(low), torch.as_tensor(high), torch.linspace(0, 1, 20001))
    mass = torch.trapezoid(p.log_prob(x).exp(), x)
    mean = torch.trapezoid(p.log_prob(x).exp() * x, x)

    assert mass.item() == pytest.approx(1, abs=1e-6)
    assert mean.item() == pytest.approx(p.mean.item(), abs=1e-5)


def test_bernoulli_sums_to_one() -> None:
    p = Bernoulli()(torch.randn(100, 1))
    total = p.log_prob(torch.zeros(100)).exp() + p.log_prob(torch.ones(100)).exp()

    assert torch.allclose(total, torch.ones(100))


@pytest.mark.parametrize("loc", [-3.0, 0.0, 0.5, 0.987, 4.0])
@pytest.mark.parametrize("scale", [1e-3, 0.05, 1.0, 20.0])
def test_discretized_logistic_sums_to_one(loc: float, scale: float) -> None:
    p = distributions.Logistic256(torch.tensor(loc), torch.tensor(scale))
    levels = torch.arange(256) / 255
    log_prob = p.log_prob(levels)
    reference = np.diff(
        scipy.stats.logistic(loc, scale).cdf(np.r_[-np.inf, (np.arange(255) + 0.5) / 255, np.inf])
    )

    assert log_prob.exp().sum().item() == pytest.approx(1, abs=1e-9)
    assert np.allclose(log_prob.exp(), reference, atol=1e-12)
    assert log_prob.isfinite().all()

    # The mean is that of the clipped logistic, which the levels match to half a level
    assert p.mean.item() == pytest.approx((log_prob.exp() * levels).sum().item(), abs=0.5 / 255)


def test_discretized_logistic_samples_its_levels() -> None:
    p = DiscretizedLogistic()(torch.tensor([[0.1, -2.0]])).expand((20000,))
    x = p.sample()

    assert torch.equal((x * 255).round() / 255, x)
    assert x.min() >= 0
    assert x.max() <= 1
    assert x.mean().item() == pytest.approx(p.mean[0].item(), abs=4 * x.std().item() / 20000**0.5)


@pytest.mark.parametrize("value", [0.0, 0.1, 0.49, 0.51, 0.9, 1.0])
def test_continuous_bernoulli_is_scipys_truncated_exponential(value: float) -> None:
    # p(x) is proportional to exp(phi x) on the unit interval
    phi = 2.3
    log_prob = ContinuousBernoulli()(torch.tensor([phi])).log_prob(torch.tensor(value))
    expected = phi * value - np.log(np.expm1(phi) / phi)

    assert log_prob.item() == pytest.approx(expected)


def test_fixed_gaussian_is_the_squared_error() -> None:
    x, loc = torch.randn(2, 50)
    log_prob = FixedGaussian(scale=0.5**0.5)(loc[:, None]).log_prob(x)

    assert torch.allclose(-log_prob, (x - loc).square() + 0.5 * np.log(np.pi))


def test_shared_scale_settles_at_the_residual() -> None:
    family = SharedGaussian()
    residual = 0.3 * torch.randn(1000)
    optimizer = torch.optim.Adam(family.parameters(), lr=1e-2)

    for _ in range(300):
        optimizer.zero_grad()
        (-family(torch.zeros(1000, 1)).log_prob(residual).mean()).backward()
        optimizer.step()

    rms = residual.square().mean().sqrt()
    assert family(torch.zeros(1, 1)).stddev.item() == pytest.approx(rms.item(), rel=1e-3)

    family.set_scale(torch.tensor(0.7))
    assert family(torch.zeros(1, 1)).stddev.item() == pytest.approx(0.7)


def test_the_optimal_scale_is_that_of_the_paper() -> None:
    family = SharedGaussian(optimal=True)
    loc, x = randn(40, 5).requires_grad_(), randn(40, 5)
    log_prob = family(loc[..., None]).log_prob(x).sum(dim=1).mean()
    of_means, of_scale = torch.autograd.grad(log_prob, [loc, family.log_scale])

    # With the root mean square residual as the scale, the density depends on that alone
    mse = (x - loc).square().mean()
    expected = -5 / 2 * ((2 * torch.pi * mse).log() + 1)
    torch.testing.assert_close(log_prob, expected)
    torch.testing.assert_close(of_means, torch.autograd.grad(expected, loc)[0])

    # The learned scale has the gradient that it has without, and its fixed point is the same
    learned = SharedGaussian()
    own = learned(loc[..., None]).log_prob(x).sum(dim=1).mean()
    torch.testing.assert_close(of_scale, torch.autograd.grad(own, learned.log_scale)[0])
    family.set_scale(mse.detach().sqrt())
    again = family(loc[..., None]).log_prob(x).sum(dim=1).mean()
    assert torch.autograd.grad(again, family.log_scale)[0].abs() < 1e-10

    # Outside of a training rows do not depend on each other
    learned.set_scale(mse.detach().sqrt())
    p = family.eval()(loc[..., None])
    torch.testing.assert_close(p.log_prob(x), learned(loc[..., None]).log_prob(x))
    assert p.log_prob(x)[:3].equal(family(loc[:3, :, None]).log_prob(x[:3]))

    with pytest.raises(ValueError, match="count missing numbers as predicted exactly"):
        Observed(family)


def test_dirac_has_no_density() -> None:
    p = Dirac()(torch.randn(4, 1))

    assert torch.equal(p.rsample((2,)), p.mean.expand(2, 4))
    assert (p.variance == 0).all()

    with pytest.raises(ValueError, match=r"Use posterior=Gaussian\(\)"):
        p.log_prob(torch.randn(4))


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_scales_must_be_positive(scale: float) -> None:
    with pytest.raises(ValueError, match="expected scale > 0"):
        FixedGaussian(scale)

    with pytest.raises(ValueError, match="expected min_scale > 0"):
        DiagonalGaussian(scale)


@pytest.mark.parametrize("smallest", [1e-6, 0.1, 2.0])
def test_scales_of_columns_have_a_floor(smallest: float) -> None:
    family = DiagonalGaussian(smallest).build(None, (3,))
    family.set_scale(torch.tensor([0.0, 0.5, 3.0]))
    scale = family(torch.zeros(3, 1)).stddev

    assert scale.tolist() == pytest.approx([max(smallest, s) for s in (0, 0.5, 3)], abs=2e-6)


@pytest.mark.parametrize("q_cls", [Normal, Laplace])
def test_kl_divergence_is_the_mean_log_ratio(q_cls) -> None:
    q = Independent(q_cls(torch.randn(3, 2), torch.rand(3, 2) + 0.5), 1)
    p = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
    z = q.sample((200000,))
    estimate = (q.log_prob(z) - p.log_prob(z)).mean(dim=0)
    kl = kl_divergence(q, p, z[0])

    assert torch.allclose(kl, estimate, atol=0.05)
    assert (kl >= 0).all()
    assert torch.allclose(kl_divergence(p, p, z[0]), torch.zeros(()))


def test_kl_divergence_without_closed_form_is_the_log_ratio_at_the_sample() -> None:
    q = Independent(StudentT(5.0, torch.randn(3, 2), torch.rand(3, 2) + 0.5), 1)
    p = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
    z = q.sample()

    assert torch.allclose(kl_divergence(q, p, z), q.log_prob(z) - p.log_prob(z))


@pytest.mark.parametrize("shape", [(), (5,), (3, 4, 5)])
def test_one_scale_gives_the_density_of_many(shape: tuple[int, ...]) -> None:
    loc, s, x = randn(4, 5, requires_grad=True), randn((), requires_grad=True), randn(shape)
    found = []

    for make in (Homoscedastic, Normal):
        p = make(loc, s.exp())
        found.append((p.log_prob(x), *torch.autograd.grad(p.log_prob(x).sum(), (loc, s))))

    for one, many in zip(*found, strict=True):
        assert torch.allclose(one, many)

    p = Homoscedastic(loc, s.exp()).expand((3, 4, 5))
    assert p.log_prob(x).shape == p.sample().shape == (3, 4, 5)
    assert torch.allclose(kl_divergence(p, Normal(loc, s.exp()), x), torch.zeros(3, 4, 5))


@pytest.mark.parametrize("family", [FixedGaussian(), SharedGaussian(), Gaussian()])
def test_missing_numbers_are_not_scored(family: Family) -> None:
    phi = torch.randn(5, 4, family.n_params, requires_grad=True)
    x = torch.randn(5, 4)
    missing = torch.rand(5, 4) < 0.5
    observed = Observed(family)
    ll = observed(phi).log_prob(x.masked_fill(missing, torch.nan))

    assert torch.equal(ll, family(phi).log_prob(x).masked_fill(missing, 0.0))
    assert torch.equal(observed(phi).mean, family(phi).mean)

    ll.sum().backward()
    grad, phi.grad = phi.grad, None
    family(phi).log_prob(x)[~missing].sum().backward()
    assert torch.allclose(grad, phi.grad)  # none of what is missing, and never NaN
