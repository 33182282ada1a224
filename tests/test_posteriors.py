r"""Laws of posteriors that are sparse, have a covariance, or heavy tails."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris
from torch import randn
from torch.distributions import Independent, MultivariateNormal, Normal

import autoencode as ae
from autoencode import Autoencoder, Training
from autoencode.distributions import (
    BatchTopK,
    DeltaGaussian,
    FullGaussian,
    Gaussian,
    InverseAutoregressiveFlow,
    JumpReLU,
    Laplace,
    PlanarFlow,
    SplineFlow,
    TopK,
    kl_divergence,
)
from autoencode.networks import FullyConnected
from autoencode.objectives import ELBO, Reconstruction, Sparse

X = load_iris().data.astype("float32")


@pytest.mark.parametrize("delta", [1e-3, 0.1, 2.0, 50.0])
def test_committed_rates_have_a_closed_form(float64, delta: float) -> None:
    phi = (3 * randn(400, 3, 2)).requires_grad_()
    family = DeltaGaussian(delta)
    q = family(phi)
    rate = torch.distributions.kl_divergence(q, Normal(0.0, 1.0))
    (gradient,) = torch.autograd.grad(rate.sum(), phi)
    m = phi[..., 0].detach()

    # The rate is that of the signal alone: the scale is free
    torch.testing.assert_close(rate.detach(), delta + m.square() / 2)
    torch.testing.assert_close(gradient[..., 0], m)
    assert gradient[..., 1].abs().max() < 1e-6
    assert (q.mean.sign() == m.sign()).all()

    # At both ends of the scales a mean of zero has the minimum rate
    for scale in family.scales:
        least = torch.distributions.kl_divergence(Normal(0.0, scale), Normal(0.0, 1.0))
        assert float(least) == pytest.approx(delta, rel=1e-6)


def test_units_with_a_committed_rate_cannot_collapse(tmp_path) -> None:
    options = {"network": FullyConnected((8,)), "training": Training(epochs=2), "random_state": 0}
    posterior = DeltaGaussian(0.3)
    noise = np.random.default_rng(0).normal(size=(60, 4))  # with nothing to find
    model = Autoencoder(3, objective=ELBO(), posterior=posterior, **options).fit(noise)

    assert min(record.train["rate"] for record in model.history_) > 3 * 0.3 - 1e-4
    model.save(tmp_path / "model.ae")
    np.testing.assert_array_equal(
        ae.load(tmp_path / "model.ae").transform(noise), model.transform(noise)
    )


def test_top_k_keeps_the_largest_units() -> None:
    phi = randn(20, 9, 1, requires_grad=True)
    z = TopK(3)(phi).mean
    a = phi[..., 0].detach().relu()
    kept = z > 0

    assert (kept.sum(dim=1) <= 3).all()
    torch.testing.assert_close(z[kept].detach(), a[kept])
    torch.testing.assert_close(z.sum(dim=1).detach(), a.sort(dim=1).values[:, -3:].sum(dim=1))

    z.sum().backward()
    torch.testing.assert_close(phi.grad[..., 0], kept.float())


def test_batch_top_k_keeps_k_units_on_average() -> None:
    torch.manual_seed(0)
    family = BatchTopK(3).train()
    phi = randn(50, 12, 1)

    assert ((family(phi).mean > 0).sum() == 150).item()

    for _ in range(20):
        family(randn(200, 12, 1))

    new = family.eval()(randn(2000, 12, 1)).mean
    assert float((new > 0).sum(dim=1).float().mean()) == pytest.approx(3, rel=0.05)
    assert not new.count_nonzero(dim=1).eq(3).all()  # complex examples use more


def test_the_threshold_is_the_mean_of_the_smallest_units() -> None:
    family, smallest = BatchTopK(2, ema_decay=0.9).train(), []

    for _ in range(5):
        z = family(randn(30, 8, 1)).mean
        smallest.append(float(z[z > 0].min()))

    assert float(family.threshold) == pytest.approx(np.mean(smallest), rel=1e-5)


def test_jump_relu_has_the_derivatives_of_the_paper() -> None:
    family = JumpReLU(threshold=1.0, bandwidth=0.5).double().build(None, (4,)).double()
    a = torch.tensor([[0.5, 0.8, 1.2, 2.0]], dtype=torch.float64, requires_grad=True)
    q = family(a[..., None])
    window = ((a - 1).abs() < 0.25).double()[0]

    torch.testing.assert_close(q.mean, torch.tensor([[0.0, 0.0, 1.2, 2.0]]).double())
    torch.testing.assert_close(q.active, torch.tensor([[0.0, 0.0, 1.0, 1.0]]).double())

    # Equations 11 and 12, times the derivative of the threshold's exponential
    (slope, of_a) = torch.autograd.grad(q.mean.sum(), [family.log_threshold, a], retain_graph=True)
    torch.testing.assert_close(slope, -window / 0.5)
    torch.testing.assert_close(of_a, (a > 1).double())

    (slope,) = torch.autograd.grad(q.active.sum(), family.log_threshold)
    torch.testing.assert_close(slope, -window / 0.5)


@pytest.mark.slow
def test_a_penalty_on_active_units_raises_thresholds() -> None:
    active = []

    for weight in (0.0, 20.0):
        model = Autoencoder(
            8,
            objective=Sparse(weight, "l0"),
            posterior=JumpReLU(),
            network=FullyConnected((16,)),
            training=Training(25, device="cpu", compile=False),
            random_state=0,
        ).fit(X)
        active.append((model.transform(X) != 0).mean())

    assert active[1] < 0.8 * active[0]

    with pytest.raises(ValueError, match=r"JumpReLU\(\)"):
        Autoencoder(2, objective=Sparse(penalty="l0")).fit(X)


@pytest.mark.usefixtures("float64")
def test_full_gaussians_have_the_covariance_of_their_factor() -> None:
    D = 3
    family = FullGaussian().build(None, (D,))
    phi = randn(5, D, family.n_params)
    q = family(phi)
    L = phi[..., 1:].tril(-1) + torch.diag_embed(
        torch.nn.functional.softplus(phi[..., 1:].diagonal(dim1=-2, dim2=-1)) + 5e-7
    )

    torch.testing.assert_close(q.covariance_matrix, L @ L.mT)
    torch.testing.assert_close(q.mean, phi[..., 0])


@pytest.mark.usefixtures("float64")
def test_the_divergence_of_full_gaussians_from_the_prior_is_exact() -> None:
    A = randn(4, 3, 3)
    q = MultivariateNormal(randn(4, 3), A @ A.mT + torch.eye(3))
    p = Independent(Normal(torch.zeros(3), torch.ones(3)), 1)
    S = q.covariance_matrix
    exact = (
        S.diagonal(dim1=1, dim2=2).sum(dim=1) + q.mean.square().sum(dim=1) - 3 - torch.logdet(S)
    ) / 2

    torch.testing.assert_close(kl_divergence(q, p, q.sample()), exact)


FLOWS = [PlanarFlow(2), InverseAutoregressiveFlow(2, (8,)), SplineFlow(1, 4, (8,))]


@pytest.mark.slow
@pytest.mark.parametrize("posterior", [FullGaussian(), Laplace(), *FLOWS], ids=repr)
def test_models_with_other_posteriors(posterior, tmp_path) -> None:
    model = Autoencoder(
        3,
        objective=ELBO(),
        posterior=posterior,
        network=FullyConnected((16,)),
        training=Training(5, device="cpu", compile=False),
        random_state=0,
    ).fit(X)
    model.save(tmp_path / "m.ae")
    loaded = ae.load(tmp_path / "m.ae")

    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
    np.testing.assert_array_equal(loaded.score_samples(X[:5]), model.score_samples(X[:5]))
    assert np.isfinite(model.sample(5, random_state=0)).all()


@pytest.mark.parametrize("posterior", [TopK(2), BatchTopK(2), JumpReLU()], ids=repr)
def test_models_with_sparse_codes(posterior, tmp_path) -> None:
    model = Autoencoder(
        6,
        objective=Reconstruction(),
        posterior=posterior,
        network=FullyConnected((16,)),
        training=Training(5, device="cpu", compile=False),
        random_state=0,
    ).fit(X)
    model.save(tmp_path / "m.ae")

    np.testing.assert_array_equal(ae.load(tmp_path / "m.ae").transform(X), model.transform(X))
    assert (model.transform(X) == 0).any()


@pytest.mark.slow
def test_scores_do_not_depend_on_neighbors() -> None:
    for posterior in (Gaussian(), FullGaussian(), Laplace(), *FLOWS):
        model = Autoencoder(
            2,
            objective=ELBO(),
            posterior=posterior,
            network=FullyConnected((8,)),
            training=Training(2, device="cpu", compile=False),
            random_state=0,
        ).fit(X)
        together = model.score_samples(X[:6], n_samples=8)
        alone = np.concatenate([model.score_samples(X[i : i + 1], n_samples=8) for i in range(6)])

        np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: TopK(0),
        lambda: BatchTopK(0),
        lambda: BatchTopK(ema_decay=1.0),
        lambda: JumpReLU(threshold=0.0),
        lambda: JumpReLU(bandwidth=0.0),
        lambda: Laplace(0.0),
        lambda: DeltaGaussian(0.0),
        lambda: DeltaGaussian(60.0),
    ],
)
def test_bad_arguments_are_refused(make) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()
