r"""Tests for the networks module."""

import pytest
import torch

from autoencode.networks import Convolutional, Perceptron

pytestmark = pytest.mark.usefixtures("float64")

NETWORKS = [
    Perceptron(()),
    Perceptron((16, 8)),
    Perceptron((16, 8), shortcut=True),
    Convolutional(width=4, hidden=16),
    Convolutional(width=2, depth=2, hidden=8),
    Convolutional(width=2, hidden=8, shortcut=True),
]
SHAPES = [(1, 1, 1), (1, 8, 8), (3, 5, 9), (2, 1, 17), (1, 28, 28), (4, 33, 30)]


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("context", [0, 3])
def test_laws(network, shape, context) -> None:
    encoder, decoder = network.encoder(shape, 5, context), network.decoder(5, shape, context)
    x = torch.rand(3, *shape, requires_grad=True)
    c = torch.randn(3, context) if context else None
    z = encoder(x, c)
    r = decoder(z, c)

    assert z.shape == (3, 5)
    assert r.shape == x.shape

    # What comes out for an example depends on that example alone
    alone = decoder(encoder(x[1:2], None if c is None else c[1:2]), None if c is None else c[1:2])
    assert torch.allclose(alone[0], r[1])

    # Every parameter counts; the last convolution of a residual block starts at zero
    r.square().sum().backward()

    for name, p in [*encoder.named_parameters(), *decoder.named_parameters()]:
        assert p.grad.isfinite().all(), name
        assert (p.grad != 0).any() or ".first." in name, name

    assert x.grad.isfinite().all()
    assert (x.grad != 0).any()


@pytest.mark.parametrize("network", NETWORKS[1:], ids=repr)
def test_networks_are_twice_differentiable(network) -> None:
    encoder = network.encoder((1, 4, 4), 2)

    with torch.no_grad():
        for p in encoder.parameters():
            p.copy_(torch.randn_like(p))

    x = torch.rand(2, 1, 4, 4, requires_grad=True)
    assert torch.autograd.gradgradcheck(encoder, x)


def test_affine_without_layers() -> None:
    encoder = Perceptron(()).encoder((5,), 2)
    x, y = torch.randn(2, 4, 5)

    assert torch.allclose(encoder((x + y) / 2), (encoder(x) + encoder(y)) / 2)


def test_layers_are_mirrored() -> None:
    network = Perceptron((30, 20))
    widths = [m.out_features for m in network.encoder((9,), 2).layers[::2]]
    mirrored = [m.out_features for m in network.decoder(2, (9,)).layers[::2]]

    assert widths == [30, 20, 2]
    assert mirrored == [20, 30, 9]


@pytest.mark.parametrize("layers", [(0,), (-3, 4), (2.5,), ("a",)])
def test_bad_widths_are_refused(layers) -> None:
    with pytest.raises(ValueError, match="expected layers as widths > 0"):
        Perceptron(layers).encoder((5,), 2)


def test_convolutions_need_images() -> None:
    with pytest.raises(ValueError, match=r"needs images.*\(5,\)"):
        Convolutional().encoder((5,), 2)

    with pytest.raises(ValueError, match="expected width >= 1"):
        Convolutional(width=0).encoder((1, 8, 8), 2)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "network",
    [Perceptron((8,), shortcut=True), Convolutional(width=2, hidden=8, shortcut=True)],
    ids=repr,
)
def test_a_skip_connection_is_all_that_is_left_beside_zeros(network, shape) -> None:
    encoder, decoder = network.encoder(shape, 4, context=1), network.decoder(4, shape, context=1)
    x, z, c = torch.randn(5, *shape), torch.randn(5, 4), torch.randn(5, 1)

    for module in (encoder, decoder):
        torch.nn.init.zeros_(module.last.weight)
        torch.nn.init.zeros_(module.last.bias)

    codes = encoder.shortcut(torch.cat([x.flatten(start_dim=1), c], dim=-1))
    images = decoder.shortcut(torch.cat([z, c], dim=-1)).view(5, *shape)
    assert torch.allclose(encoder(x, c), codes)
    assert torch.allclose(decoder(z, c), images)


def test_a_skip_connection_keeps_full_precision() -> None:
    encoder = Convolutional(width=2, hidden=8, shortcut=True).encoder((1, 8, 8), 4).float()
    torch.nn.init.zeros_(encoder.last.weight)
    torch.nn.init.zeros_(encoder.last.bias)
    x = torch.rand(3, 1, 8, 8).float()

    with torch.autocast("cpu", torch.bfloat16):
        half = encoder(x)

    assert torch.allclose(half.float(), encoder(x), atol=1e-6)
