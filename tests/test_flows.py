r"""Laws of posteriors that are noise, transformed by invertible steps."""

import math

import numpy as np
import pytest
import torch
import zuko
from torch import Tensor, nn, randn
from torch.distributions import AffineTransform, Normal
from torch.nn.functional import softplus

from autoencode import Autoencoder
from autoencode.distributions import (
    FullGaussian,
    InverseAutoregressiveFlow,
    PlanarFlow,
    RadialFlow,
    SplineFlow,
)
from autoencode.distributions.codes.flows.masked import MaskedNetwork
from autoencode.modalities import Images

FLOWS = [
    PlanarFlow(3),
    InverseAutoregressiveFlow(2, layers=(16,)),
    SplineFlow(2, n_bins=4, layers=(16, 16)),
    RadialFlow(3),
]
each_flow = pytest.mark.parametrize("posterior", FLOWS, ids=repr)


def built(posterior, D: int):
    torch.manual_seed(1)
    return posterior.clone().build(None, (D,)).to(torch.get_default_dtype())


@pytest.mark.usefixtures("float64")
@each_flow
def test_densities_integrate_to_one(posterior) -> None:
    family = built(posterior, 2)
    q = family(0.7 * randn(2, 2, family.n_params))
    side = torch.arange(-8, 8, 0.125)
    density = q.log_prob(torch.cartesian_prod(side, side)[:, None]).exp()

    torch.testing.assert_close(density.sum(dim=0) / 64, torch.ones(2), rtol=5e-3, atol=5e-3)


@pytest.mark.usefixtures("float64")
@each_flow
def test_densities_follow_the_change_of_variables(posterior) -> None:
    family = built(posterior, 3)
    phi = randn(2, 3, family.n_params)
    q = family(phi)

    for i in range(2):
        one, e = family(phi[i]), randn(3)
        J = torch.autograd.functional.jacobian(lambda e, q=one: q._transform(e)[0], e)
        z = one._transform(e)[0]
        expected = Normal(0, 1).log_prob(e).sum() - J.det().abs().log()
        torch.testing.assert_close(one.log_prob(z), expected, rtol=1e-6, atol=1e-6)

    # One density, from the noise of samples or from the inverse, with the same gradients
    phi.requires_grad_()
    weights = [phi, *family.parameters()]
    q = family(phi)
    z = q.rsample((4,))
    found = [q.log_prob(z), q.log_prob(z * 1)]
    torch.testing.assert_close(*found)

    for a, b in zip(*(torch.autograd.grad(x.sum(), weights, retain_graph=True) for x in found)):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)

    assert q.log_prob(z[:, None, :1].detach()).shape == (4, 1, 2)


@pytest.mark.usefixtures("float64")
@each_flow
def test_gradients_are_those_of_finite_differences(posterior) -> None:
    family, z = built(posterior, 2), randn(1, 2)

    def sample_and_density(phi: Tensor) -> tuple[Tensor, Tensor]:
        torch.manual_seed(2)
        q = family(phi)
        return q.rsample(), q.log_prob(z)

    phi = randn(1, 2, family.n_params, requires_grad=True)
    assert torch.autograd.gradcheck(sample_and_density, phi)


@pytest.mark.usefixtures("float64")
def test_radial_steps_are_those_of_the_paper() -> None:
    # With raw strengths that are zero for no step
    torch.manual_seed(0)
    phi, noise = randn(5, 3, 8), randn(5, 3)
    q = built(RadialFlow(2), 3)(phi)
    scale = 5e-7 + softplus(phi[..., 1])
    z, log_q = phi[..., 0] + scale * noise, Normal(0, 1).log_prob(noise).sum(dim=1)
    log_q = log_q - scale.log().sum(dim=1)

    for c, a, b in (phi[..., 2:5].unbind(-1), phi[..., 5:8].unbind(-1)):
        center, alpha = phi[..., 0] + c, a.mean(dim=1).exp()
        beta = -alpha + torch.log(1 + (b.mean(dim=1) + torch.log(alpha.exp() - 1)).exp())
        r = (z - center).norm(dim=1)
        h, slope = 1 / (alpha + r), -1 / (alpha + r) ** 2
        log_q = log_q - torch.log((1 + beta * h) ** 2 * (1 + beta * h + beta * slope * r))
        z = z + (beta * h)[:, None] * (z - center)

    torch.testing.assert_close(q._transform(noise)[0], z, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(q.log_prob(z), log_q, rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("float64")
def test_planar_steps_are_those_of_the_paper() -> None:
    # Equations 10 to 12 and appendix A.1, with another m
    torch.manual_seed(0)
    phi = randn(5, 3, 8)
    z = noise = randn(5, 3)
    q = built(PlanarFlow(2), 3)(phi)
    log_q = Normal(0, 1).log_prob(noise).sum(dim=1)
    scale = 5e-7 + softplus(phi[..., 1])
    z, log_q = phi[..., 0] + scale * z, log_q - scale.log().sum(dim=1)

    for u, w, b in (phi[..., 2:5].unbind(-1), phi[..., 5:8].unbind(-1)):
        wu = (w * u).sum(dim=1, keepdim=True)
        m = 0.99 * (-1 + torch.log(1 + (math.e - 1) * wu.exp()))
        u = u + (m - wu) * w / w.square().sum(dim=1, keepdim=True)
        inner = (w * z).sum(dim=1, keepdim=True) + b.mean(dim=1, keepdim=True)
        psi = (1 - inner.tanh() ** 2) * w
        z, log_q = z + u * inner.tanh(), log_q - (1 + (u * psi).sum(dim=1)).abs().log()

    torch.testing.assert_close(q._transform(noise)[0], z, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(q.log_prob(z), log_q, rtol=1e-6, atol=1e-6)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("posterior", FLOWS[1:3], ids=repr)
def test_autoregressive_steps_are_those_of_zuko(posterior) -> None:
    family = built(posterior, 4)
    step = family(randn(5, 4, 3)).steps[
        1 if isinstance(posterior, InverseAutoregressiveFlow) else 0
    ]

    def transform(x: Tensor):
        theta = step.network(x, step.context)

        if isinstance(posterior, InverseAutoregressiveFlow):
            m, s = theta.unbind(dim=-1)
            gate = (s + 2).sigmoid()
            return AffineTransform((1 - gate) * m, gate, event_dim=0)

        return zuko.transforms.MonotonicRQSTransform(*theta.split([4, 4, 3], dim=-1))

    theirs = zuko.transforms.AutoregressiveTransform(_Dependent(transform), passes=4)
    e = randn(5, 4)
    z, log_det = step.forward(e)
    torch.testing.assert_close(z, theirs(e))
    torch.testing.assert_close(log_det, theirs.log_abs_det_jacobian(e, z))
    torch.testing.assert_close(step.inverse(z)[0], theirs.inv(z))


class _Dependent:
    def __init__(self, transform) -> None:
        self.transform = transform

    def __call__(self, x: Tensor):
        return zuko.transforms.DependentTransform(self.transform(x), 1)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("D", [1, 2, 5])
def test_outputs_of_masked_networks_depend_on_the_units_before(D: int, flip: bool) -> None:
    network, x, h = MaskedNetwork(D, 2, 1, (16, 8), flip), randn(D), randn(2)
    J = torch.autograd.functional.jacobian(lambda x: network(x, h)[:, 0], x)
    J = J.flip(0, 1) if flip else J

    assert (J.triu() == 0).all()
    assert (J[~torch.ones(D, D).triu().bool()] != 0).all()
    assert (torch.autograd.functional.jacobian(lambda h: network(x, h)[:, 0], h) != 0).all()


@pytest.mark.parametrize("posterior", FLOWS, ids=repr)
def test_single_precision_suffices(posterior) -> None:
    torch.manual_seed(0)
    q = built(posterior, 8)(2 * randn(50, 8, posterior.n_params))
    z = q.sample((20,))

    # Where a flow nearly folds, its inverse magnifies the rounding without limit
    close = torch.isclose(q.log_prob(z), q.log_prob(z * 1), rtol=1e-3, atol=1e-2)
    assert close.float().mean() > 0.99


def divergence(posterior, p, steps: int = 150) -> float:
    r"""The least divergence from a distribution that training finds."""
    torch.manual_seed(0)
    family = built(posterior, 2)
    phi = nn.Parameter(0.1 * randn(1, 2, family.n_params))
    optimizer = torch.optim.Adam([phi, *family.parameters()], lr=0.05)

    for _ in range(steps):
        q = family(phi)
        z = q.rsample((128,))
        loss = (q.log_prob(z) - p(z)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    z = q.sample((5000,))
    return float((q.log_prob(z) - p(z)).mean().detach())


def banana(z: Tensor) -> Tensor:
    first = Normal(0.0, 1.0).log_prob(z[..., 0])
    return first + Normal(z[..., 0] ** 2, 0.5).log_prob(z[..., 1])


def modes(z: Tensor) -> Tensor:
    second = Normal(0.0, 1.0).log_prob(z[..., 1])
    first = Normal(torch.tensor([-1.5, 1.5]), 0.5).log_prob(z[..., :1])

    return first.logsumexp(dim=-1) - math.log(2) + second


@pytest.mark.slow
@pytest.mark.parametrize(("p", "flows"), [(modes, FLOWS[:1]), (banana, FLOWS[1:3])])
def test_flows_come_nearer_to_other_shapes_than_gaussians(p, flows) -> None:
    best = divergence(FullGaussian(), p)

    for posterior in flows:
        assert divergence(posterior, p) < 0.6 * best


@each_flow
def test_flows_are_distributions_of_vectors(posterior) -> None:
    with pytest.raises(ValueError, match="expected vectors"):
        Autoencoder(2, likelihood=posterior, modality=Images()).fit(
            np.eye(8, dtype="uint8")[None].repeat(9, 0)
        )


def test_a_missing_package_is_named(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "zuko.transforms", None)

    with pytest.raises(ValueError, match=r"pip install 'autoencode\[flows\]'"):
        SplineFlow().build(None, (2,))


@pytest.mark.parametrize(
    "make",
    [
        lambda: PlanarFlow(0),
        lambda: InverseAutoregressiveFlow(0),
        lambda: SplineFlow(0),
        lambda: SplineFlow(n_bins=1),
    ],
)
def test_bad_arguments_are_refused(make) -> None:
    with pytest.raises(ValueError, match="expected"):
        make()
