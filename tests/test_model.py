r"""Tests for the model and priors modules."""

import pytest
import torch
from torch import randn

from autoencode.distributions import Dirac, Gaussian, SharedGaussian
from autoencode.models.latent import Conditional
from autoencode.networks import FullyConnected
from autoencode.priors import StandardNormal

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("batch", [(), (4,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("posterior", [Dirac, Gaussian])
def test_batch_shapes_give_the_numbers_of_a_loop(make_model, posterior, batch) -> None:
    model = make_model(posterior, SharedGaussian())
    z, x = randn(*batch, 2), randn(*batch, 5)
    log_prob = model.decode(z).log_prob(x)
    one_by_one = [
        model.decode(z_i).log_prob(x_i)
        for z_i, x_i in zip(z.reshape(-1, 2), x.reshape(-1, 5), strict=True)
    ]

    assert log_prob.shape == batch
    assert model.encode(x).mean.shape == (*batch, 2)
    assert torch.allclose(log_prob.flatten(), torch.stack(one_by_one))


def test_parameters_are_split_in_order() -> None:
    # The first half of the outputs are locations, the second log-scales
    network = FullyConnected(()).decoder(2, (2 * 3, 4, 5))
    p = Conditional(network, Gaussian(), (2,), (3, 4, 5))
    z = randn(7, 2)
    phi = network(z)

    assert torch.allclose(p(z).mean, phi[:, :3])
    assert torch.allclose(p(z).stddev, 1e-3 + phi[:, 3:].exp().log1p())
    assert p(z).log_prob(randn(7, 3, 4, 5)).shape == (7,)


@pytest.mark.parametrize("shape", [(4, 6), (5, 1), (3,)])
def test_wrong_shapes_are_named(make_model, shape) -> None:
    with pytest.raises(ValueError, match=rf"ending in \(5,\), got \({shape[0]},"):
        make_model(Dirac).encode(randn(*shape))


def test_context_is_bound_in_encoder_and_decoder(make_model) -> None:
    model = make_model(Gaussian, context=3)
    x, c = randn(4, 5), randn(4, 3)
    bound, other = model.given(c), model.given(randn(4, 3))

    assert not torch.allclose(bound.encode(x).mean, other.encode(x).mean)
    assert torch.allclose(bound.encode(x).mean[1], model.given(c[1:2]).encode(x[1:2]).mean[0])

    # Many codes for each example share its context
    z = randn(6, 4, 2)
    r = bound.decode(z).mean
    assert torch.allclose(r[2, 1], model.given(c[1:2]).decode(z[2, 1:2]).mean[0])

    assert model.given(None) is model
    assert not isinstance(bound, torch.nn.Module)
    assert bound.prior is model.prior
    assert bound.likelihood is model.likelihood

    with pytest.raises(AttributeError):
        bound.context = c


def test_standard_normal() -> None:
    p = StandardNormal().build(3)()
    z = randn(5, 3)
    expected = torch.distributions.MultivariateNormal(torch.zeros(3), torch.eye(3)).log_prob(z)

    assert p.batch_shape == ()
    assert torch.allclose(p.log_prob(z), expected)
