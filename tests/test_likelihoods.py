r"""Tests of likelihoods of counts, shares, angles, gray levels and heavy-tailed numbers."""

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from sklearn.base import clone

import autoencode as ae
from autoencode.cli import main
from autoencode.distributions import (
    Beta,
    DiscretizedLogistic,
    Family,
    Gaussian,
    Laplace,
    Logistic256,
    MixtureOfLogistics,
    Multinomial,
    NegativeBinomial,
    Observed,
    Poisson,
    SizeFactor,
    StudentT,
    VonMises,
    ZeroInflated,
)
from autoencode.distributions.log_gamma import log_gamma_ratio

double = pytest.mark.usefixtures("float64")

NUMBERS = np.linspace(-30, 40, 15)
SHARES = np.r_[1e-9, 0.01, 0.2, 0.5, 0.9, 1 - 1e-9]
COUNTS = np.r_[0, 1, 2, 3, 10, 100, 1000, 10**6]


def softplus(s: float) -> float:
    return float(np.logaddexp(0, s))


def at_most(t: float, limit: float) -> float:
    return t / (1 + t / limit)


def beta(m: float, s: float) -> object:
    kappa, mean = at_most(softplus(s + 2), 1e4), scipy.special.expit(m)
    return scipy.stats.beta(mean * kappa, (1 - mean) * kappa)


def von_mises(a: float, b: float) -> object:
    return scipy.stats.vonmises(at_most(math.hypot(a, b), 1e6), np.arctan2(b, a))


def nbinom(mean: float, theta: float) -> object:
    return scipy.stats.nbinom(theta, theta / (theta + mean))


# Each family, valid data, and the distribution of scipy for some raw parameters
PEERS = [
    (Gaussian(0.1), NUMBERS, lambda m, s: scipy.stats.norm(m, 0.1 + softplus(s))),
    (Laplace(), NUMBERS, lambda m, s: scipy.stats.laplace(m, 1e-3 + softplus(s))),
    (StudentT(), NUMBERS, lambda m, s: scipy.stats.t(4, m, 1e-3 + softplus(s))),
    (StudentT(1.5, 0.2), NUMBERS, lambda m, s: scipy.stats.t(1.5, m, 0.2 + softplus(s))),
    (StudentT(1e7), NUMBERS, lambda m, s: scipy.stats.t(1e7, m, 1e-3 + softplus(s))),
    (Beta(), SHARES, beta),
    (VonMises(), np.linspace(-np.pi, np.pi, 13), von_mises),
    (Poisson(), COUNTS, lambda m: scipy.stats.poisson(math.exp(m))),
    (NegativeBinomial(), COUNTS, lambda m: nbinom(math.exp(m), 1.0)),
    (
        NegativeBinomial("element"),
        COUNTS,
        lambda m, s: nbinom(math.exp(m), 1e-3 + softplus(s)),
    ),
]


@double
@pytest.mark.parametrize(
    ("family", "x", "peer"), PEERS, ids=lambda v: repr(v)[:25] if isinstance(v, Family) else ""
)
def test_log_densities_are_those_of_scipy(family: Family, x, peer) -> None:
    rng = np.random.default_rng(0)

    for spread in (0.1, 1.0, 5.0):
        phi = spread * rng.normal(size=family.n_params)
        expected = peer(*phi)
        log_prob = expected.logpmf if family.discrete else expected.logpdf
        p = family(torch.tensor(phi).expand(len(x), -1))

        np.testing.assert_allclose(
            p.log_prob(torch.tensor(x).double()).detach(), log_prob(x), rtol=1e-6, atol=1e-6
        )
        if not isinstance(family, VonMises) and np.isfinite(expected.var()):
            mean, variance = p.mean.detach()[0], p.variance.detach()[0]
            np.testing.assert_allclose(mean, expected.mean(), rtol=1e-6)
            np.testing.assert_allclose(variance, expected.var(), rtol=1e-6)


CONTINUOUS = [Gaussian(), Laplace(), StudentT(), StudentT(3.0), Beta(), VonMises()]
DISCRETE = [
    Poisson(),
    NegativeBinomial(),
    NegativeBinomial("element"),
    ZeroInflated(),
    ZeroInflated(Poisson()),
    ZeroInflated(NegativeBinomial("element")),
]


@double
@pytest.mark.parametrize("family", DISCRETE, ids=repr)
@pytest.mark.parametrize("seed", range(3))
def test_probabilities_of_counts_sum_to_one(family: Family, seed: int) -> None:
    x = torch.arange(20_000.0)
    phi = torch.randn(family.n_params, generator=torch.Generator().manual_seed(seed))
    p = family(phi.expand(len(x), -1))
    weight, mean, variance = (t.detach() for t in (p.log_prob(x).exp(), p.mean, p.variance))

    assert float(weight.sum()) == pytest.approx(1, abs=1e-9)
    assert float((weight * x).sum()) == pytest.approx(float(mean[0]), rel=1e-8)
    spread = (weight * (x - mean).square()).sum()
    assert float(spread) == pytest.approx(float(variance[0]), rel=1e-7)


@double
@pytest.mark.parametrize("family", CONTINUOUS, ids=repr)
@pytest.mark.parametrize("seed", range(2))
def test_densities_integrate_to_one(family: Family, seed: int) -> None:
    phi = torch.randn(family.n_params, generator=torch.Generator().manual_seed(seed))
    p = family(phi.expand(1, -1))
    ends = (1e-12, 1 - 1e-12) if isinstance(family, Beta) else (-np.pi, np.pi)

    if isinstance(family, (Gaussian, Laplace, StudentT)):  # the whole line, by a tangent
        u = torch.linspace(-np.pi / 2, np.pi / 2, 200_003)[1:-1]
        x, slope = u.tan(), 1 / u.cos().square()
    elif isinstance(family, Beta):  # poles at both ends
        t = torch.linspace(-60, 60, 20_001)
        u, x = t, t.sigmoid().clamp(1e-300, 1 - 1e-16)
        slope = t.sigmoid() * (-t).sigmoid()
    else:
        u = x = torch.linspace(*ends, 20_001)
        slope = torch.ones_like(x)

    mass = torch.trapezoid(p.log_prob(x).exp() * slope, u).detach()
    assert float(mass) == pytest.approx(1, abs=1e-5)


@double
@pytest.mark.parametrize("family", [*DISCRETE, *CONTINUOUS, ZeroInflated(Beta())], ids=repr)
def test_gradients_are_those_of_finite_differences(family: Family) -> None:
    torch.manual_seed(0)
    phi = torch.randn(6, family.n_params, requires_grad=True)
    x = torch.arange(6.0) if family.discrete else torch.linspace(0.1, 0.9, 6)
    x = x.index_fill(0, torch.tensor([2]), 0.0) if isinstance(family, ZeroInflated) else x
    torch.autograd.gradcheck(lambda phi: family(phi).log_prob(x), phi)


@pytest.mark.parametrize("family", [*DISCRETE, *CONTINUOUS, ZeroInflated(Beta())], ids=repr)
def test_samples_have_the_mean_and_the_probability_of_zero(family: Family) -> None:
    torch.manual_seed(1)
    n = 20_000
    p = family(torch.randn(1, family.n_params).expand(n, -1))
    x = p.sample().detach()
    family.check_support(x[None] if family.elementwise else x)

    if isinstance(family, VonMises):
        x, mean = torch.stack([x.cos(), x.sin()], dim=1), p.mean[0].detach()
        scipy_mean = 1 - p.variance[0].item()
        expected = scipy_mean * torch.stack([mean.cos(), mean.sin()])
    else:
        x, expected = x[:, None], p.mean[:1].detach()

    error = (x.mean(dim=0) - expected).abs()
    assert (error <= 5 * x.std(dim=0) / n**0.5 + 1e-6).all()

    if isinstance(family, ZeroInflated):
        zero = p.log_prob(torch.zeros(n))[0].exp().item()
        found = (x == 0).float().mean().item()
        assert found == pytest.approx(zero, abs=5 * (zero * (1 - zero) / n) ** 0.5)


@double
@pytest.mark.parametrize("shift", [-20.0, -1.0, 0.3, 4.0])
def test_mixtures_of_logistics_sum_to_one_over_gray_levels(shift: float) -> None:
    phi = torch.randn(12) + shift
    levels = torch.arange(256) / 255
    log_prob = MixtureOfLogistics(4)(phi.expand(256, -1)).log_prob(levels)
    weight = phi[:4].softmax(dim=0)
    scale = 1e-3 + torch.nn.functional.softplus(phi[8:])
    loc = phi[4:8] + torch.tensor([0.125, 0.375, 0.625, 0.875])
    parts = torch.stack([Logistic256(m, s).log_prob(levels).exp() for m, s in zip(loc, scale)])

    assert float(log_prob.exp().sum()) == pytest.approx(1, abs=1e-9)
    torch.testing.assert_close(log_prob.exp(), weight @ parts)

    one = MixtureOfLogistics(1)(torch.tensor([3.0, 0.2, -1.0])).log_prob(levels)
    torch.testing.assert_close(
        one, DiscretizedLogistic()(torch.tensor([0.2, -1.0])).log_prob(levels)
    )


@double
def test_multinomial_probabilities_are_those_of_scipy() -> None:
    logits = torch.randn(4)
    p = Multinomial(size=6.0)(logits[:, None])
    x = torch.cartesian_prod(*[torch.arange(7.0)] * 4)
    x = x[x.sum(dim=1) == 6]
    expected = scipy.stats.multinomial(6, logits.softmax(dim=0).tolist())

    log_pmf = expected.logpmf(x.numpy().astype(int))
    np.testing.assert_allclose(p.log_prob(x), log_pmf, rtol=1e-9)
    np.testing.assert_allclose(p.mean, expected.mean(), rtol=1e-9)
    np.testing.assert_allclose(p.variance, np.diag(expected.cov()), rtol=1e-9)
    assert float(p.log_prob(x).exp().sum()) == pytest.approx(1)

    new = p.sample((5000,))
    assert (new.sum(dim=1) == 6).all()
    assert ((new.mean(dim=0) - p.mean).abs() < 5 * (p.variance / 5000).sqrt()).all()

    sizes = torch.tensor([0.0, 3.0, 50.0])
    assert p.expand((3,)).at(sizes).sample().sum(dim=1).equal(sizes)


@double
@pytest.mark.parametrize(
    "family", [None, Poisson(), NegativeBinomial("element"), ZeroInflated()], ids=repr
)
def test_means_are_shares_of_the_size_of_the_example(family: Family | None) -> None:
    sized = SizeFactor(family, size=200.0).build(None, (5,))
    phi = torch.randn(3, 5, sized.n_params, requires_grad=True)
    p = sized(phi)
    x = torch.tensor([[0, 2, 0, 1, 4.0], [0, 0, 0, 0, 0], [900, 1, 0, 0, 99]])
    sizes = x.sum(dim=1).clamp(min=1)

    assert p.log_prob(x).shape == (3,)
    assert p.log_prob(x).isfinite().all()
    assert p.sample((7,)).shape == (7, 3, 5)

    kept = 1 if not isinstance(family, ZeroInflated) else (-phi[..., -1]).sigmoid()
    share = phi[..., 0].softmax(dim=-1)
    torch.testing.assert_close(p.mean, 200 * share * kept)
    torch.testing.assert_close(p.at(sizes).mean, sizes[:, None] * share * kept)
    assert p.expand((2, 3)).at(sizes).mean.shape == (2, 3, 5)

    # The family itself has the same probabilities, with the size as an offset
    log_mean = (share.log() + sizes.log()[:, None])[..., None]
    alone = sized.inner(torch.cat([log_mean, phi[..., 1:]], dim=-1)).log_prob(x).sum(dim=1)
    torch.testing.assert_close(p.log_prob(x), alone)
    torch.autograd.gradcheck(lambda phi: sized(phi).log_prob(x), phi)


@pytest.mark.parametrize("a", [1e-6, 0.3, 15.9, 16.1, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("x", [0.0, 0.5, 1.0, 30.0, 1e4])
def test_ratios_of_gamma_functions_do_not_cancel(a: float, x: float) -> None:
    def exact(a: float) -> float:  # a product for whole numbers, a known ratio for one half
        if x == 0.5:
            return float(
                scipy.special.loggamma(a + 0.5) - scipy.special.loggamma(a)
            ) - x * math.log(a)
        return float(np.log1p(np.arange(int(x)) / a).sum())

    found = log_gamma_ratio(torch.tensor(a), torch.tensor(x))
    size = max(1.0, abs(x * math.log(a)), abs(scipy.special.loggamma(x + min(a, 16))))
    tolerance = 1e-6 if a > 1e5 and x == 0.5 else 4e-7 * size  # the difference itself cancels
    expected = 0.0 if a > 1e5 and x == 0.5 else exact(float(np.float32(a)))
    assert float(found) == pytest.approx(expected, rel=2e-6, abs=tolerance)


@pytest.mark.parametrize(
    ("family", "x", "message"),
    [
        (
            Poisson(),
            [0.5, 1.0],
            "Poisson needs counts, whole numbers from 0 on, got 0.5 to 1, such as 0.5",
        ),
        (NegativeBinomial(), [3.0, -1.0], "got -1 to 3, such as -1"),
        (SizeFactor(), [3.0, 0.1], "neither scaled nor normalized"),
        (Multinomial(), [-0.5, 2.0], "numbers from 0 on, got -0.5 to 2"),
        (
            Beta(),
            [0.5, 1.0],
            r"above 0 and below 1, got 0.5 to 1, such as 1.* ContinuousBernoulli",
        ),
        (ZeroInflated(Beta()), [0.0, 45.0], r"or 0, .* such as 45.* Divide percentages by 100"),
        (VonMises(), [0.0, 180.0], r"np.deg2rad"),
        (MixtureOfLogistics(), [0.0, 255.0], "values between 0 and 1, got 0 to 255"),
    ],
    ids=repr,
)
def test_data_outside_of_the_support_are_named(family: Family, x, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        family.check_support(torch.tensor(x))


def test_zero_and_valid_data_are_accepted() -> None:
    ZeroInflated(Beta()).check_support(torch.tensor([0.0, 0.4]))
    VonMises().check_support(torch.tensor([0.0, 2 * math.pi, -math.pi]))
    Multinomial().check_support(torch.tensor([0.0, 3.5]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StudentT(1.0), "expected df > 1, got 1.0"),
        (lambda: StudentT(min_scale=0.0), "expected min_scale > 0"),
        (lambda: Beta(-1.0), "expected max_concentration > 0"),
        (lambda: VonMises(0.0), "expected max_concentration > 0"),
        (lambda: MixtureOfLogistics(0), "expected n_components >= 1"),
        (lambda: NegativeBinomial("gene"), "expected dispersion 'feature' or 'element'"),
        (lambda: ZeroInflated(Gaussian()), "zero means nothing"),
        (lambda: ZeroInflated(SizeFactor()), r"SizeFactor\(ZeroInflated"),
        (lambda: SizeFactor(Beta()), "not the logarithm of a mean"),
        (lambda: SizeFactor(size=0.0), "expected size > 0"),
        (lambda: Multinomial(0.0), "expected size > 0"),
        (lambda: Multinomial().build(None, (1, 8, 8)), r"needs rows of counts"),
        (lambda: SizeFactor().build(None, (1, 8, 8)), r"X.reshape\(len\(X\), -1\)"),
        (lambda: Observed(Multinomial()), "scores numbers together"),
    ],
)
def test_arguments_are_checked(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_a_direction_of_zero_has_finite_gradients() -> None:
    phi = torch.zeros(3, 2, requires_grad=True)
    x = torch.tensor([-1.0, 0.0, 2.0])
    log_prob = VonMises()(phi).log_prob(x)
    log_prob.sum().backward()

    torch.testing.assert_close(log_prob, torch.full((3,), -math.log(2 * math.pi)))
    assert phi.grad.isfinite().all()


@pytest.fixture(scope="module")
def counted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    r"""Rows of counts, shares and angles, each with one hidden factor."""
    rng = np.random.default_rng(0)
    t = rng.normal(size=(120, 1))
    counts = rng.poisson(np.exp(1 + t * [1.0, -1.0, 0.5]))
    shares = rng.beta(*np.broadcast_arrays(2 * np.exp(t * [1.0, -1.0]), 2.0))
    angles = np.angle(np.exp(1j * (t * [1.0, 2.0] + rng.normal(0, 0.1, (120, 2)))))

    return counts, shares, angles


TRIED = [
    (Poisson(), 0),
    (NegativeBinomial(), 0),
    (ZeroInflated(Poisson()), 0),
    (SizeFactor(), 0),
    (Multinomial(size=10.0), 0),
    (Beta(), 1),
    (VonMises(), 2),
    (StudentT(), 1),
    (Laplace(), 1),
]


@pytest.mark.parametrize(("family", "which"), TRIED, ids=repr)
def test_models_are_fitted_cloned_stored_and_sampled(family, which, counted, tmp_path) -> None:
    X = counted[which]
    training = ae.Training(3, batch_size=60, device="cpu", compile=False)
    prior = ae.priors.StandardNormal()
    model = clone(
        ae.vae(1, layers=(8,), likelihood=family, prior=prior, training=training, random_state=0)
    ).fit(X)
    scores = model.score_samples(X, n_samples=4)
    new = model.sample(50, random_state=0)

    assert np.isfinite(scores).all()
    assert np.isfinite(model.reconstruct(X)).all()
    family.check_support(torch.as_tensor(new.astype(np.float32)))

    model.save(tmp_path / "model.ae")
    again = ae.load(tmp_path / "model.ae")
    assert repr(again.likelihood_) == repr(model.likelihood_)
    np.testing.assert_allclose(again.score_samples(X, n_samples=4), scores, rtol=1e-6)
    assert not np.shares_memory(again.sample(50, random_state=0), new)
    np.testing.assert_array_equal(again.sample(50, random_state=0), new)


def test_the_command_line_takes_nested_likelihoods(counted, tmp_path, capsys) -> None:
    file, out = tmp_path / "X.npy", tmp_path / "model.ae"
    np.save(file, counted[0])
    flags = "--likelihood ZeroInflated --likelihood.family Poisson --epochs 2 --layers 8"
    assert main(["fit", str(file), "--recipe", "vae", "--out", str(out), *flags.split()]) == 0
    assert repr(ae.load(out).likelihood_) == "ZeroInflated(family=Poisson())"

    np.save(file, counted[0] + 0.5)
    assert main(["fit", str(file), "--recipe", "vae", *flags.split()]) == 2
    assert "neither scaled nor normalized" in capsys.readouterr().err
