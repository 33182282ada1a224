r"""Tests for the networks module."""

import copy
import pickle

import numpy as np
import pytest
import torch
import torch.nn as nn
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import dctn
from torch.nn.utils import parametrizations

import autoencode as ae
from autoencode.networks import (
    Convolutional,
    FullyConnected,
    FullyConvolutional,
    Incomplete,
    Network,
    Recurrent,
    SpectralNorm,
    Transformer,
)
from autoencode.networks.convolutional import Residual, Shuffle
from autoencode.networks.positions.frequencies import cosine_patches
from autoencode.networks.views.incomplete import elapsed, interpolate
from autoencode.networks.views.spectral import SpectrallyNormalized

pytestmark = pytest.mark.usefixtures("float64")

NETWORKS = [
    FullyConnected(()),
    FullyConnected((16, 8)),
    FullyConnected((16, 8), skip=True),
    Convolutional(width=4, hidden_width=16),
    Convolutional(width=2, depth=2, hidden_width=8),
    Convolutional(width=2, hidden_width=8, skip=True),
    Convolutional(width=2, depth=3, hidden_width=8, dilation=2),
    Incomplete(FullyConnected((8,), skip=True)),
    Incomplete(Convolutional(width=2, hidden_width=8)),
]
FULLY_CONVOLUTIONAL = [
    FullyConvolutional(width=4),
    FullyConvolutional(width=3, stride=4, channels=5),
]
SHAPES = [(1, 1, 1), (1, 8, 8), (3, 5, 9), (2, 1, 17), (1, 28, 28), (4, 33, 30)]
STEPS = [
    Recurrent(width=6),
    Recurrent(width=6, skip=True),
    Transformer(width=8, depth=1, n_heads=2),
    Transformer(width=4, depth=2, n_heads=1, skip=True),
    Incomplete(Transformer(width=4, depth=1, n_heads=2)),
]
SERIES = [(1, 2), (3, 21)]
SHAPES += [(1, 1), (3, 50), (1, 203), (2, 4, 5, 3), (1, 7, 1, 9)]  # series and volumes


CASES = [(n, s) for n in NETWORKS for s in SHAPES] + [(n, s) for n in STEPS for s in SERIES]


@pytest.mark.parametrize(("network", "shape"), CASES, ids=str)
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


@pytest.mark.parametrize("network", [*NETWORKS[1:], *STEPS], ids=repr)
def test_networks_are_twice_differentiable(network) -> None:
    shape = (2, 3) if network in STEPS else (1, 4, 4)
    encoder = network.encoder(shape, 2)

    with torch.no_grad():
        for p in encoder.parameters():
            p.copy_(torch.randn_like(p))

    x = torch.rand(2, *shape, requires_grad=True)
    assert torch.autograd.gradgradcheck(encoder, x)


def test_affine_without_layers() -> None:
    encoder = FullyConnected(()).encoder((5,), 2)
    x, y = torch.randn(2, 4, 5)

    assert torch.allclose(encoder((x + y) / 2), (encoder(x) + encoder(y)) / 2)


def test_layers_are_mirrored() -> None:
    network = FullyConnected((30, 20))
    widths = [m.out_features for m in network.encoder((9,), 2).layers[::2]]
    mirrored = [m.out_features for m in network.decoder(2, (9,)).layers[::2]]

    assert widths == [30, 20, 2]
    assert mirrored == [20, 30, 9]


@pytest.mark.parametrize("layers", [(0,), (-3, 4), (2.5,), ("a",)])
def test_bad_widths_are_refused(layers) -> None:
    with pytest.raises(ValueError, match="expected layers as widths > 0"):
        FullyConnected(layers).encoder((5,), 2)


def test_convolutions_need_positions() -> None:
    with pytest.raises(ValueError, match=r"needs series.*images.*volumes.*\(5,\)"):
        Convolutional().encoder((5,), 2)

    with pytest.raises(ValueError, match="dilation >= 1"):
        Convolutional(dilation=0).encoder((1, 9), 2)

    with pytest.raises(ValueError, match="expected width >= 1"):
        Convolutional(width=0).encoder((1, 8, 8), 2)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "network",
    [FullyConnected((8,), skip=True), Convolutional(width=2, hidden_width=8, skip=True)],
    ids=repr,
)
def test_a_skip_connection_is_all_that_is_left_beside_zeros(network, shape) -> None:
    encoder, decoder = network.encoder(shape, 4, context=1), network.decoder(4, shape, context=1)
    x, z, c = torch.randn(5, *shape), torch.randn(5, 4), torch.randn(5, 1)

    for module in (encoder, decoder):
        torch.nn.init.zeros_(module.output_layer.weight)
        torch.nn.init.zeros_(module.output_layer.bias)

    codes = encoder.skip(torch.cat([x.flatten(start_dim=1), c], dim=-1))
    images = decoder.skip(torch.cat([z, c], dim=-1)).view(5, *shape)
    assert torch.allclose(encoder(x, c), codes)
    assert torch.allclose(decoder(z, c), images)


def test_a_skip_connection_keeps_full_precision() -> None:
    encoder = Convolutional(width=2, hidden_width=8, skip=True).encoder((1, 8, 8), 4).float()
    torch.nn.init.zeros_(encoder.output_layer.weight)
    torch.nn.init.zeros_(encoder.output_layer.bias)
    x = torch.rand(3, 1, 8, 8).float()

    with torch.autocast("cpu", torch.bfloat16):
        half = encoder(x)

    assert torch.allclose(half.float(), encoder(x), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("network", FULLY_CONVOLUTIONAL, ids=repr)
@pytest.mark.parametrize("context", [0, 3])
@pytest.mark.parametrize("shape", [s for s in SHAPES if len(s) == 3], ids=str)
def test_fully_convolutional_networks_keep_places(shape, context, network) -> None:
    C, H, W = shape
    s, D = network.stride, network.code_size(shape)
    encoder, decoder = network.encoder(shape, D, context), network.decoder(D, shape, context)
    x, c = torch.rand(3, *shape, requires_grad=True), torch.randn(3, context)
    z = encoder(x, c if context else None)
    r = decoder(z, c if context else None)

    assert D == (network.channels or s * s * C) * -(-H // s) * -(-W // s)
    assert z.shape == (3, D)
    assert r.shape == x.shape

    r.square().sum().backward()

    for name, p in [*encoder.named_parameters(), *decoder.named_parameters()]:
        assert p.grad.isfinite().all(), name
        assert (p.grad != 0).any() or ".first." in name, name


@pytest.mark.parametrize("shape", [s for s in SHAPES if len(s) == 3], ids=str)
@pytest.mark.parametrize("stride", [2, 8])
def test_fully_convolutional_networks_begin_near_the_identity(shape, stride) -> None:
    network = FullyConvolutional(width=4, stride=stride)
    D = network.code_size(shape)
    encoder, decoder = (
        network.encoder(shape, 2 * D),
        network.decoder(D, (2 * shape[0], *shape[1:])),
    )

    for layer in (encoder.layers[-1], decoder.layers[-1]):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)

    x = torch.rand(3, *shape)
    mean, scale = encoder(x).chunk(2, dim=1)
    r, others = decoder(mean).chunk(2, dim=1)
    assert torch.allclose(r, x)
    assert not scale.any()
    assert not others.any()


@pytest.mark.parametrize("network", FULLY_CONVOLUTIONAL, ids=repr)
def test_fully_convolutional_networks_move_with_the_image(network) -> None:
    s, n = network.stride, 2 * network.receptive_radius + 32
    D = network.code_size((1, n, n))
    encoder, decoder = network.encoder((1, n, n), D), network.decoder(D, (1, n, n))
    x = torch.rand(1, 1, n, n)
    r, moved = (decoder(encoder(y)) for y in (x, x.roll((s, 2 * s), dims=(2, 3))))
    r, moved = r[0, 0].roll((s, 2 * s), dims=(0, 1)), moved[0, 0]
    inner = slice(n // 2 - 8, n // 2 + 8)
    assert torch.allclose(r[inner, inner], moved[inner, inner])


@pytest.mark.parametrize("network", FULLY_CONVOLUTIONAL, ids=repr)
def test_no_farther_pixel_is_seen_than_the_receptive_radius(network) -> None:
    radius, n = network.receptive_radius, 2 * network.receptive_radius + 32
    D = network.code_size((1, n, n))
    encoder, decoder = network.encoder((1, n, n), D), network.decoder(D, (1, n, n))
    x = torch.rand(1, 1, n, n, requires_grad=True)
    (slope,) = torch.autograd.grad(decoder(encoder(x))[0, 0, n // 2, n // 2 + 1], x)
    rows, columns = slope[0, 0].nonzero().T

    assert max((rows - n // 2).abs().max(), (columns - n // 2 - 1).abs().max()) <= radius
    assert radius % network.stride == 0


@pytest.mark.parametrize(("C", "s"), [(1, 2), (3, 4), (2, 8)])
def test_cosine_patches_are_the_transform_of_scipy(C: int, s: int) -> None:
    basis, x = cosine_patches(C, s), torch.rand(C, s, s)
    expected = np.sort(dctn(x.numpy(), norm="ortho").ravel())

    assert torch.allclose(basis @ basis.T, torch.eye(C * s * s))
    assert np.allclose(np.sort((basis @ x.flatten()).numpy()), expected)
    assert torch.allclose(basis[0], torch.full_like(basis[0], (C * s * s) ** -0.5))


def test_narrow_maps_begin_with_smooth_images() -> None:
    network = FullyConvolutional(width=4, stride=4, channels=6)
    D = network.code_size((3, 16, 24))
    encoder, decoder = network.encoder((3, 16, 24), D), network.decoder(D, (3, 16, 24))

    for layer in (encoder.layers[-1], decoder.layers[-1]):
        torch.nn.init.zeros_(layer.weight)

    x = torch.linspace(0, 1, 24).expand(1, 3, 16, 24)  # gray, and linear in each square
    r = decoder(encoder(x))

    assert (r - x).square().mean() < 1e-3 * x.var()
    assert torch.allclose(decoder(encoder(r)), r)  # a projection


def test_fully_convolutional_networks_have_one_size_of_code() -> None:
    with pytest.raises(ValueError, match="code size of 64"):
        FullyConvolutional().encoder((1, 8, 8), 5)

    with pytest.raises(ValueError, match="needs images"):
        FullyConvolutional().code_size((5,))

    for wrong in ({"width": 0}, {"channels": 0}, {"depth": -1}):
        with pytest.raises(ValueError, match="expected width >= 1"):
            FullyConvolutional(**wrong).code_size((1, 8, 8))

    for stride in (0, 1, 3, 2.5):
        with pytest.raises(ValueError, match="power of two"):
            FullyConvolutional(stride=stride).code_size((1, 8, 8))


def test_shuffled_channels_become_positions() -> None:
    x = torch.rand(2, 12, 5, 4)
    assert torch.equal(Shuffle(2)(x), torch.nn.PixelShuffle(2)(x))

    y = Shuffle(1)(x[..., 0])
    assert torch.equal(y[..., ::2], x[:, ::2, :, 0])
    assert torch.equal(y[..., 1::2], x[:, 1::2, :, 0])

    z = Shuffle(3)(torch.rand(2, 16, 3, 1, 2))
    assert z.shape == (2, 2, 6, 2, 4)


@pytest.mark.parametrize("dilation", [1, 2, 4])
def test_dilated_blocks_see_farther(dilation) -> None:
    block = Residual(1, axes=1, dilation=dilation)
    torch.nn.init.ones_(block.first.weight)
    torch.nn.init.ones_(block.second.weight)
    x = torch.zeros(1, 1, 41, requires_grad=True)
    block(x)[0, 0, 20].backward()

    seen = (x.grad[0, 0] != 0).nonzero().flatten()
    assert (seen.min(), seen.max()) == (20 - 2 * dilation, 20 + 2 * dilation)


numbers = st.lists(st.one_of(st.just(np.nan), st.floats(-9, 9)), min_size=1, max_size=12)


@given(numbers)
def test_missing_numbers_are_interpolated(values) -> None:
    x, t = np.array(values), np.arange(len(values))
    there = ~np.isnan(x)
    expected = np.interp(t, t[there], x[there]) if there.any() else np.zeros(len(x))
    filled = interpolate(torch.tensor(x, dtype=torch.float64))
    since = [next((k for k in range(i + 1) if there[i - k]), i + 1) for i in t]

    assert np.allclose(filled.numpy(), expected)
    assert elapsed(torch.tensor(there)).tolist() == since


def test_encoders_of_incomplete_examples_see_what_is_missing() -> None:
    encoder = Incomplete(FullyConnected((8,))).encoder((2, 6), 3)
    x = torch.randn(4, 2, 6)
    x[:, :, 2] = x[:, :, [1, 3]].mean(dim=2)  # which interpolation would give back
    hidden = x.clone()
    hidden[:, :, 2] = torch.nan

    assert not torch.allclose(encoder(x), encoder(hidden))

    with pytest.raises(ValueError, match=r"examples with channels.*\(5,\)"):
        Incomplete().encoder((5,), 3)


# Series of numbers


@pytest.mark.parametrize("network", [Recurrent(width=6), Transformer(8, 1, 2)], ids=repr)
def test_networks_of_series_tell_the_order_of_steps(network) -> None:
    encoder, decoder = network.encoder((2, 9), 3), network.decoder(3, (2, 9))
    x, z = torch.randn(4, 2, 9), torch.randn(4, 3)

    assert (encoder(x) - encoder(x.flip(-1))).abs().min() > 1e-6
    assert decoder(z).std(dim=-1).min() > 1e-6


@pytest.mark.parametrize("network", [Recurrent(skip=True), Transformer(skip=True)], ids=repr)
def test_tokens_have_no_skip_connection(network) -> None:
    network.vocab_size = 5

    with pytest.raises(ValueError, match="no affine skip connection"):
        network.encoder((7,), 2)

    with pytest.raises(ValueError, match="no vocabulary"):
        network.encoder((2, 7), 2)


@pytest.mark.parametrize("network", [Recurrent(), Transformer()], ids=repr)
@pytest.mark.parametrize("shape", [(5,), (1, 8, 8)], ids=str)
def test_numbers_without_steps_are_refused(network, shape) -> None:
    with pytest.raises(ValueError, match="expected series of numbers"):
        network.encoder(shape, 2)


def test_attention_is_that_of_torch() -> None:
    block = Transformer(8, 1, 2).encoder((3, 7), 2).body[0]
    h = torch.randn(4, 7, 8)
    everywhere = torch.ones(7, 7, dtype=torch.bool)
    torch.testing.assert_close(block(h), block.cached(h, everywhere, None)[0])


def test_spectral_norms_are_those_of_torch() -> None:
    torch.manual_seed(0)
    plain = torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.Unflatten(1, (2, 2, 2)), torch.nn.ConvTranspose2d(2, 3, 2)
    )
    ours = SpectrallyNormalized(copy.deepcopy(plain))
    theirs = copy.deepcopy(plain)

    for i, layer in ((0, theirs[0]), (1, theirs[2])):
        parametrizations.spectral_norm(layer)
        state = layer.parametrizations.weight[0]
        state._u.copy_(getattr(ours, f"left{i}"))
        state._v.copy_(getattr(ours, f"right{i}"))

    z = torch.randn(5, 4)

    for _ in range(3):
        a, b = ours(z), theirs(z)
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-9)

    own = torch.autograd.grad(a.square().sum(), ours.inner[0].weight)
    other = torch.autograd.grad(b.square().sum(), theirs[0].parametrizations.weight.original)
    torch.testing.assert_close(own, other, rtol=1e-6, atol=1e-9)

    # After many steps the norms are exact, and evaluation changes nothing
    ours._iterate(500)
    largest = [torch.linalg.matrix_norm(W, ord=2) for W in (ours.normalized()["0.weight"],)]
    torch.testing.assert_close(torch.stack(largest), torch.ones(1))
    before = {k: v.clone() for k, v in ours.eval().state_dict().items()}
    torch.testing.assert_close(ours(z), ours(z), rtol=0, atol=0)
    assert all(v.equal(before[k]) for k, v in ours.state_dict().items())


def test_decoders_of_spectral_norm_stretch_no_distance() -> None:
    decoder = SpectralNorm(FullyConnected((16, 16))).decoder(3, (7,)).eval()
    decoder._iterate(500)
    a, b = torch.randn(2, 200, 3)
    slope = (decoder(a) - decoder(b)).norm(dim=1) / (a - b).norm(dim=1)

    assert slope.max() < 1.13**2 + 1e-6  # the largest slope of the activation, for each layer

    with pytest.raises(ValueError, match="expected a decoder with weight matrices"):
        SpectrallyNormalized(torch.nn.ReLU())


@pytest.mark.parametrize(
    "inner", [Residual(4), nn.Linear(3, 5), nn.Conv1d(3, 4, 3)], ids=["residual", "dense", "steps"]
)
def test_spectral_norms_of_weights_that_begin_at_zero(inner: nn.Module) -> None:
    with torch.no_grad():
        for p in inner.parameters():
            p.zero_()

    layer = SpectrallyNormalized(inner.double()).train()
    assert not any(W.any() for W in layer.normalized().values())

    for value in (1e-6, 1.0):  # as after a first step
        with torch.no_grad():
            for p in inner.parameters():
                p.copy_(value * torch.randn(p.shape))

        layer._iterate(100)

        for W in layer.normalized().values():
            norm = torch.linalg.matrix_norm(W.flatten(start_dim=1), ord=2)
            torch.testing.assert_close(norm, torch.ones(()), rtol=1e-2, atol=0.0)


@pytest.mark.parametrize("network", [Convolutional(), Recurrent(), FullyConnected((8,))], ids=repr)
def test_models_of_spectral_norm_stay_finite(network: Network) -> None:
    torch.set_default_dtype(torch.float32)
    rng = np.random.default_rng(0)
    series = isinstance(network, Recurrent)
    X = rng.normal(size=(40, 12, 2)).cumsum(axis=1) if series else rng.random((40, 8, 8))
    modality = ae.modalities.Series() if series else ae.modalities.Images()
    training = ae.Training(epochs=2)
    model = ae.autoencoder(3, network=SpectralNorm(network), modality=modality, training=training)
    model.set_params(random_state=0).fit(X)
    assert all(np.isfinite(record.train["total"]) for record in model.history_)


def test_models_of_spectral_norm_are_stored(tmp_path) -> None:
    X = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")
    torch.set_default_dtype(torch.float32)
    network, training = SpectralNorm(FullyConnected((8,))), ae.Training(3, 8, compile=False)
    model = ae.rae(2, network=network, training=training, random_state=0).fit(X)
    model.save(tmp_path / "model.ae")

    for other in (ae.load(tmp_path / "model.ae"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.reconstruct(X), model.reconstruct(X))

    frozen = model.model_.decoder.network.left0.clone()
    model.reconstruct(X)
    assert model.model_.decoder.network.left0.equal(frozen)
