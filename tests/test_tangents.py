r"""Tests for the jacobians, spans, tangents and turns modules."""

import logging
import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import Tensor, cos, nn, sin
from torch.utils.flop_counter import FlopCounterMode

import autoencode as ae
from autoencode.common.batching import memory_budget
from autoencode.manifold.codec import as_codec
from autoencode.manifold.jacobians import decoder_jacobian, encoder_jacobian, pushforward
from autoencode.manifold.tangents import angles
from autoencode.manifold.tangents.tangents import Tangents
from autoencode.modalities import Sounds

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def float32(float64):
    r"""The precision in which the library trains."""

    torch.set_default_dtype(torch.float32)


MODELS = ["decoder", "encoder", "denoiser"]


@parametrize_with_checks([Tangents(source="neighbors", n_neighbors=5)])
def test_interface_of_scikit_learn(estimator, check) -> None:
    check(estimator)


# Jacobians


class Attention(nn.Module):
    def __init__(self, need_weights: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.2, batch_first=True)
        self.need_weights = need_weights

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x, need_weights=self.need_weights)[0]


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.lstm(x)[0]


class Cube(torch.autograd.Function):
    r"""A function that has no forward derivative."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        return 3 * ctx.saved_tensors[0] ** 2 * g


class Cubic(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return Cube.apply(x)


class Choosy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sin() if float(x.detach().abs().sum()) > 0 else x


CORES = {
    "mlp": lambda: nn.Sequential(nn.Linear(4, 7), nn.Tanh(), nn.Linear(7, 4)),
    "relu": lambda: nn.Sequential(nn.Linear(4, 7), nn.ReLU(), nn.Linear(7, 4)),
    "conv": lambda: nn.Sequential(nn.Conv1d(2, 3, 3, padding=1), nn.SiLU(), nn.GroupNorm(3, 3)),
    "transposed conv": lambda: nn.ConvTranspose1d(2, 3, 2),
    "batch norm": lambda: nn.Sequential(nn.BatchNorm1d(2), nn.GELU()),
    "dropout": lambda: nn.Sequential(nn.Linear(4, 7), nn.Dropout(0.5), nn.Softplus()),
    "attention": lambda: Attention(need_weights=False),
    "attention with weights": lambda: Attention(need_weights=True),
    "transformer": lambda: nn.TransformerEncoder(
        nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2
    ),
    "recurrent": Recurrent,
    "no forward derivative": Cubic,
    "value in python": Choosy,
}


def network(core: nn.Module) -> nn.Module:
    shaped = nn.Sequential(nn.Unflatten(1, (2, 4)), core, nn.Flatten())
    width = shaped(torch.randn(3, 8)).shape[1]
    return nn.Sequential(shaped, nn.Linear(width, 5))


@pytest.mark.parametrize("name", CORES)
def test_forward_and_backward_products_are_adjoint(name: str) -> None:
    f = network(CORES[name]()).train()
    f[1].eval()
    modes = [m.training for m in f.modules()]
    frozen = next(f.parameters()).requires_grad_(False)

    # One network in both places: forward products make one matrix, backward ones the other
    codec, x = as_codec((f, f)), torch.randn(6, 8)
    J, J_back = decoder_jacobian(codec, x), encoder_jacobian(codec, x)
    u, v = torch.randn(6, 1, 5), torch.randn(6, 8, 1)

    assert J.shape == J_back.shape == (6, 5, 8)
    assert (u @ (J @ v) - (J_back.mT @ u.mT).mT @ v).abs().max() < 1e-10

    # Against differences
    with codec.evaluating(), torch.no_grad():
        h = 1e-6 * v[:, :, 0]
        difference = (f(x + h) - f(x - h)) / 2e-6

    assert torch.allclose((J @ v)[:, :, 0], difference, atol=1e-7)

    # Nothing is left behind
    assert [m.training for m in f.modules()] == modes
    assert not frozen.requires_grad
    assert not x.requires_grad
    assert not J.requires_grad
    assert not J_back.requires_grad
    assert all(p.grad is None for p in f.parameters())


@pytest.mark.parametrize("d", [1, 4])
def test_as_many_products_as_the_code_has_numbers(d: int) -> None:
    D, N = 500, 20
    encoder = nn.Sequential(nn.Linear(D, 50), nn.Tanh(), nn.Linear(50, d))
    decoder = nn.Sequential(nn.Linear(d, 50), nn.Tanh(), nn.Linear(50, D))
    codec = as_codec((encoder, decoder))

    def flops(f: Callable, x: Tensor) -> int:
        with FlopCounterMode(display=False) as counter:
            f(x)

        return counter.get_total_flops()

    x, z = torch.randn(N, D), torch.randn(N, d)
    once = flops(encoder, x)
    assert flops(lambda x: encoder_jacobian(codec, x), x) <= (d + 1) * once
    assert flops(lambda z: decoder_jacobian(codec, z), z) <= (d + 3) * flops(decoder, z)

    # Against a product for each number of the data
    assert flops(lambda x: torch.func.vmap(torch.func.jacfwd(encoder))(x), x) > 100 * once


def test_little_memory_takes_few_examples_at_once() -> None:
    seen = []

    def record(x: Tensor) -> Tensor:
        seen.append(len(x))
        return x.sin()

    codec, x = as_codec((record, record)), torch.randn(1000, 10)

    for jacobian in (decoder_jacobian, encoder_jacobian):
        most = []

        for memory in (2**20, 2**22):
            seen.clear()

            with memory_budget(memory):
                jacobian(codec, x)

            most.append(max(seen))

        assert 1 < most[0] < 1000
        assert most[1] == pytest.approx(4 * most[0], rel=0.05) or most[1] == 1000


def test_memory_changes_nothing() -> None:
    codec, x = as_codec((network(CORES["conv"]()),) * 2), torch.randn(9, 8)

    for jacobian in (decoder_jacobian, encoder_jacobian):
        whole = jacobian(codec, x)

        with memory_budget(1):
            assert torch.allclose(jacobian(codec, x), whole, atol=1e-14)


def test_gradients_are_taken_where_they_are_switched_off() -> None:
    codec, x = as_codec((torch.sin, torch.sin)), torch.randn(3, 2)

    with torch.no_grad():
        J = encoder_jacobian(codec, x)

    assert torch.allclose(J, torch.diag_embed(x.cos()))


def test_an_encoder_without_gradient_is_refused() -> None:
    codec = as_codec((torch.no_grad()(torch.sin), torch.sin))

    with pytest.raises(ValueError, match="no gradient"):
        encoder_jacobian(codec, torch.randn(3, 2))


@pytest.mark.parametrize("f", [torch.sin, Cube.apply], ids=["forward", "twice backward"])
def test_products_can_be_differentiated(f) -> None:
    x, v = torch.randn(4, 3, requires_grad=True), torch.randn(2, 4, 3)
    (gradient,) = torch.autograd.grad(pushforward(f, x, v).sum(), x)

    second = torch.autograd.functional.hessian(lambda x: (f(x)).sum(), x).reshape(12, 12)
    expected = second.diag().reshape(4, 3) * v.sum(dim=0)

    assert torch.allclose(gradient, expected)


@pytest.mark.parametrize("weighed", [False, True], ids=["fixed weights", "weights that move"])
@pytest.mark.parametrize("bias", [None, torch.randn(3, dtype=torch.float64)])
def test_products_of_convolutions(bias: Tensor | None, weighed: bool) -> None:
    w = torch.randn(3, 2, 3, requires_grad=True)

    def f(x: Tensor) -> Tensor:
        weight = w * x.mean() if weighed else w
        return torch.conv1d(x, weight, bias, 1, 1).sin()

    x, V = torch.randn(1, 2, 5), torch.randn(4, 1, 2, 5)
    J = torch.autograd.functional.jacobian(f, x, create_graph=True).flatten(end_dim=2)
    expected = torch.einsum("ja, ma -> mj", J.flatten(start_dim=1), V.flatten(start_dim=1))
    found = pushforward(f, x, V).flatten(start_dim=1)

    assert torch.allclose(found, expected)
    gradients = (torch.autograd.grad(y.square().sum(), w)[0] for y in (found, expected))
    assert torch.allclose(*gradients)


# Planes in closed form


class Plane:
    d, D = 2, 5

    def __init__(self) -> None:
        self.Q = torch.linalg.qr(torch.randn(5, 2)).Q
        self.A = torch.randn(2, 2)

    def decode(self, z: Tensor) -> Tensor:
        return z @ self.A.T @ self.Q.T

    def encode(self, x: Tensor) -> Tensor:
        return x @ self.Q @ torch.linalg.inv(self.A).T

    def normals(self, z: Tensor) -> Tensor:
        return torch.eye(5) - self.Q @ self.Q.T


class Sphere:
    d, D = 2, 3

    def decode(self, z: Tensor) -> Tensor:
        a, b = z.unbind(1)
        return torch.stack([cos(a) * cos(b), sin(a) * cos(b), sin(b)], dim=1)

    def encode(self, x: Tensor) -> Tensor:
        return torch.stack(
            [torch.atan2(x[:, 1], x[:, 0]), torch.atan2(x[:, 2], x[:, :2].norm(dim=1))], dim=1
        )

    def normals(self, z: Tensor) -> Tensor:
        return self.decode(z)[:, None]


class Torus:
    d, D = 2, 3

    def decode(self, z: Tensor) -> Tensor:
        a, b = z.unbind(1)
        r = 3 + cos(b)
        return torch.stack([r * cos(a), r * sin(a), sin(b)], dim=1)

    def encode(self, x: Tensor) -> Tensor:
        r = x[:, :2].norm(dim=1)
        return torch.stack([torch.atan2(x[:, 1], x[:, 0]), torch.atan2(x[:, 2], r - 3)], dim=1)

    def normals(self, z: Tensor) -> Tensor:
        return Sphere().decode(z)[:, None]


class SwissRoll:
    d, D = 2, 3

    def decode(self, z: Tensor) -> Tensor:
        t, h = z[:, 0].abs() + 4, z[:, 1]
        return torch.stack([t * cos(t), h, t * sin(t)], dim=1)

    def encode(self, x: Tensor) -> Tensor:
        return torch.stack([x[:, ::2].norm(dim=1) - 4, x[:, 1]], dim=1)

    def normals(self, z: Tensor) -> Tensor:
        t = z[:, 0].abs() + 4
        n = torch.stack([-sin(t) - t * cos(t), 0 * t, cos(t) - t * sin(t)], dim=1)
        return (n / n.norm(dim=1, keepdim=True))[:, None]


SURFACES = [Plane, Sphere, Torus]  # of a swiss roll, the encoder's radius is not tangent


def surface(cls: type) -> tuple:
    manifold = cls()
    z = torch.rand(50, 2) + 0.1
    return manifold, (manifold.encode, manifold.decode), z, manifold.decode(z)


def largest_sine(basis: Tensor, normals: Tensor) -> float:
    return float(torch.linalg.matrix_norm(basis @ normals.mT, 2).max())


@pytest.mark.parametrize(
    ("cls", "source"),
    [(cls, source) for cls in SURFACES for source in MODELS]
    + [(SwissRoll, "decoder"), (SwissRoll, "denoiser")],
)
def test_planes_of_surfaces(cls: type, source: str) -> None:
    manifold, pair, z, x = surface(cls)
    tangents = Tangents(pair, source).fit(x)
    basis, scale = tangents.basis(x)

    assert tangents.n_components_ == 2
    assert basis.shape == (50, 2, manifold.D)
    assert torch.allclose(basis @ basis.mT, torch.eye(2).expand(50, 2, 2), atol=1e-12)
    assert math.asin(largest_sine(basis, manifold.normals(z))) < 1e-6
    assert (scale[:, 0] >= scale[:, 1]).all()

    # A projector has a trace of d, and leaves alone what it has projected
    V = torch.randn(50, manifold.D)
    PV = tangents.project(x, V)
    assert torch.allclose(tangents.project(x, PV), PV, atol=1e-12)
    assert torch.allclose((V * PV).sum(dim=1), PV.square().sum(dim=1))


def test_scales_are_singular_values() -> None:
    z = torch.rand(20, 2) + 0.1
    x = Torus().decode(z)

    # The circles of latitude have radius 3 + cos b, those of longitude 1
    for source, largest in [("decoder", 3 + cos(z[:, 1])), ("encoder", torch.ones(20))]:
        _, scale = Tangents((Torus().encode, Torus().decode), source).fit(x).basis(x)
        assert torch.allclose(scale[:, 0], largest)

    # Forth and back is a projection onto the plane: the data lie on the manifold
    _, scale = Tangents((Torus().encode, Torus().decode), "denoiser").fit(x).basis(x)
    assert torch.allclose(scale, torch.ones(20, 2))


def test_a_linear_autoencoder_has_the_plane_of_pca(float32) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5)) + rng.normal(size=5)
    noisy = X + 0.3 * rng.normal(size=X.shape)
    cases = [(noisy, source) for source in MODELS] + [(X, "neighbors")]

    for data, source in cases:
        model = ae.linear(2).fit(data)
        model.model_.double()
        basis, _ = Tangents(model, source).fit(data).basis(data[:10])
        expected = torch.from_numpy(PCA(2).fit(data).components_)
        normals = torch.eye(5, dtype=torch.float64) - expected.T @ expected

        assert basis.shape == (10, 2, 5), source
        assert largest_sine(torch.from_numpy(basis), normals) < 1e-6, source


def test_the_denoiser_of_a_gaussian() -> None:
    variances, noise = torch.tensor([9.0, 4.0, 1.0, 0.04, 0.01]), 0.5
    Q = torch.linalg.qr(torch.randn(5, 5)).Q
    gain = variances / (variances + noise**2)
    pair = (lambda x: x @ Q * gain, lambda z: z @ Q.T)
    x = torch.randn(10, 5)
    tangents = Tangents(pair, "denoiser").fit(x)

    # r(x) = S (S + noise^2)^-1 x, and three directions vary more than the noise
    assert tangents.n_components_ == 3
    assert torch.allclose(tangents.basis(x)[1], gain[:3].expand(10, 3))
    assert np.allclose(tangents.spectrum_, gain)
    assert largest_sine(tangents.basis(x)[0], Q[:, 3:].T) < 1e-6


def test_neighbors_are_local_pca() -> None:
    X = np.random.default_rng(0).normal(size=(40, 4))
    query = X[:5] + 0.01
    basis, scale = Tangents(source="neighbors", n_components=3, n_neighbors=8).fit(X).basis(query)

    for x, B, s in zip(query, basis, scale):
        nearest = X[np.argsort(((X - x) ** 2).sum(axis=1))[:8]]
        pca = PCA(3).fit(nearest)
        assert np.allclose(s, np.sqrt(pca.explained_variance_))
        assert np.allclose(abs((B * pca.components_).sum(axis=1)), 1)


def test_local_pca_improves_with_smaller_neighborhoods() -> None:
    angles, sizes = [], []

    for n in (500, 2000, 8000):
        x = torch.randn(n, 3)
        x /= x.norm(dim=1, keepdim=True)
        tangents = Tangents(source="neighbors", n_components=2, n_neighbors=30).fit(x)
        basis, scale = tangents.basis(x[:400])
        angles.append((basis @ x[:400, :, None]).norm(dim=(1, 2)).mean().log())
        sizes.append(scale.mean().log())

    # The curvature bends a neighborhood of size h by an angle of order h
    slope = np.polyfit(sizes, angles, 1)[0]
    assert slope == pytest.approx(1, abs=0.1)
    assert angles[-1].exp() < 0.01


def test_local_pca_improves_with_the_number_of_neighbors() -> None:
    angles, k = [], np.array([30, 90, 270])

    for n in k:
        x = torch.randn(50 * n, 3)
        x /= x.norm(dim=1, keepdim=True)
        tangents = Tangents(source="neighbors", n_components=2, n_neighbors=int(n)).fit(x)
        basis, scale = tangents.basis(x[:400])
        angles.append((basis @ x[:400, :, None]).norm(dim=(1, 2)).mean().log())
        assert scale.mean() == pytest.approx(0.14, abs=0.02)

    # In neighborhoods of one size chance tilts the plane by an angle of order 1 / sqrt(k)
    assert np.polyfit(np.log(k), angles, 1)[0] == pytest.approx(-0.5, abs=0.1)


# Numbers of components


@pytest.mark.parametrize("d", [1, 2, 5])
def test_neighbors_know_the_dimension_of_a_flat_manifold(d: int) -> None:
    x = torch.randn(2000, d) @ torch.linalg.qr(torch.randn(12, d)).Q.T

    for k in (15, 40):
        assert Tangents(source="neighbors", n_neighbors=k).fit(x).n_components_ == d


def test_dead_directions_are_left_out() -> None:
    x = torch.randn(20, 5)
    alive = torch.tensor([3.0, 0.0, 1.0, 1e-4])
    pair = (lambda x: x[:, :4] * alive, lambda z: nn.functional.pad(z * alive, (0, 1)))

    assert Tangents(pair, "decoder").fit(x).n_components_ == 2
    assert Tangents(pair, "encoder").fit(x).n_components_ == 2
    assert Tangents(pair, "denoiser").fit(x).n_components_ == 2
    assert Tangents(pair, "decoder", n_components=4).fit(x).n_components_ == 4

    # Vectors are orthonormal also where there is nothing
    basis, scale = Tangents(pair, "decoder", n_components=4).fit(x).basis(x)
    assert torch.allclose(basis @ basis.mT, torch.eye(4).expand(20, 4, 4), atol=1e-12)
    assert (scale[:, 3] == 0).all()


def test_fitting_again_starts_anew() -> None:
    flat = torch.randn(100, 2) @ torch.randn(2, 6)
    tangents = Tangents(source="neighbors").fit(flat)
    assert tangents.n_components_ == 2

    tangents.fit(torch.randn(400, 6))
    assert tangents.n_components_ > 3
    assert tangents.spectrum_.shape == (6,)


# Distances and moves


def test_normal_residual_is_the_distance_from_a_sphere() -> None:
    x = Sphere().decode(torch.rand(30, 2) + 0.1)
    height = torch.rand(30)
    tangents = Tangents((Sphere().encode, Sphere().decode)).fit(x)

    assert torch.allclose(tangents.normal_residual(x * (1 + height[:, None])), height)


def test_normal_residual_is_the_distance_from_neighbors() -> None:
    x = torch.cat([torch.randn(100, 2), torch.zeros(100, 1)], dim=1)
    tangents = Tangents(source="neighbors", n_components=2).fit(x)
    above = x + torch.tensor([0.0, 0.0, 0.1])

    assert torch.allclose(tangents.normal_residual(above), torch.tensor(0.1).expand(100))


def test_spread_of_local_pca_is_its_scale() -> None:
    x = torch.randn(50, 4)
    tangents = Tangents(source="neighbors", n_components=2).fit(x)

    assert torch.allclose(tangents.local_scale(x), tangents.basis(x)[1])


def test_directions_leave_with_the_velocity_of_the_basis() -> None:
    manifold, pair, _, x = surface(Torus)
    tangents = Tangents(pair).fit(x)
    basis, _ = tangents.basis(x)
    strips = tangents.traversals(x[7], n_steps=5, extent=1e-4)

    assert strips.shape == (2, 5, 3)
    assert torch.allclose(strips[:, 2], x[7].expand(2, 3))
    assert torch.allclose((strips[:, 3] - strips[:, 1]) / 1e-4, basis[7], atol=1e-6)

    # Far out it is still on the torus, where the plane is not
    far = tangents.traversals(x[7], n_steps=3, extent=1.0).flatten(end_dim=1)
    assert torch.allclose(manifold.decode(manifold.encode(far)), far)


@pytest.mark.parametrize("source", ["encoder", "denoiser", "neighbors"])
def test_directions_in_the_plane(source: str) -> None:
    _, pair, _, x = surface(Plane)
    tangents = Tangents(pair, source).fit(x)
    basis, _ = tangents.basis(x)
    steps = torch.tensor([-0.5, 0.0, 0.5])[:, None]

    expected = x[3] + steps * basis[3][:, None]
    assert torch.allclose(tangents.traversals(x[3], 3, extent=0.5), expected)

    # By default to twice the spread of the data
    length = (tangents.traversals(x[3])[:, -1] - x[3]).norm(dim=1)
    assert torch.allclose(length, 2 * tangents.local_scale(x[3:4])[0])


def test_moves_are_along_the_plane_in_units_of_the_spread() -> None:
    _, pair, _, x = surface(Sphere)
    tangents = Tangents(pair).fit(x)
    basis, _ = tangents.basis(x)
    steps = torch.randn(50, 2)

    moved = tangents.displace(x, steps) - x
    assert torch.allclose((basis @ moved[..., None])[..., 0], steps * tangents.local_scale(x))
    assert torch.allclose(tangents.project(x, moved), moved)


# Quality and reach


def test_quality_is_zero_on_a_plane() -> None:
    _, pair, _, x = surface(Plane)

    for source in [*MODELS, "neighbors"]:
        quality = Tangents(pair, source).fit(x).projection_error(x)
        assert 0 <= quality.value < 1e-20
        assert quality.standard_error < 1e-20


def test_quality_of_random_planes() -> None:
    x, values, errors = torch.randn(300, 6), [], []

    for _ in range(20):
        Q = torch.linalg.qr(torch.randn(6, 2)).Q
        quality = (
            Tangents((lambda x, Q=Q: x @ Q, lambda z, Q=Q: z @ Q.T)).fit(x).projection_error(x)
        )
        values.append(quality.value)
        errors.append(quality.standard_error)

    assert np.mean(values) == pytest.approx(1 - 2 / 6, abs=0.03)
    assert all(0 < e < 0.02 for e in errors)


def test_quality_does_not_see_duplicates() -> None:
    _, pair, _, x = surface(Sphere)
    tangents = Tangents(pair, n_neighbors=3).fit(x)

    doubled = Tangents(pair, n_neighbors=7).fit(x).projection_error(torch.cat([x, x]))
    assert doubled.value == pytest.approx(tangents.projection_error(x).value)


def test_reach_on_a_circle_is_the_arc() -> None:
    angle = torch.arange(72) * 2 * torch.pi / 72
    pair = (
        lambda x: torch.atan2(x[:, 1:], x[:, :1]),
        lambda z: torch.cat([cos(z), sin(z)], dim=1),
    )
    x = pair[1](angle[:, None])
    tangents = Tangents(pair, n_neighbors=4).fit(x)

    expected = torch.tensor([5.0, 5.0, 10.0, 10.0]).expand(72, 4)
    assert torch.allclose(tangents.principal_angles(x), expected, atol=1e-10)

    # Along the arcs of any graph; a plane has no sense, and a right angle is the most
    across = (torch.arange(72)[:, None] + torch.tensor([0, 9, 18, 27, 36])) % 72
    expected = torch.tensor([0.0, 45.0, 90.0, 45.0, 0.0]).expand(72, 5)
    assert torch.allclose(tangents.principal_angles(x, across), expected, atol=2e-6)
    assert torch.equal(
        tangents.principal_angles(x, across), tangents.principal_angles(x, across.numpy())
    )


def test_reach_is_accurate_where_planes_are_the_same() -> None:
    _, pair, _, x = surface(Plane)
    assert Tangents(pair).fit(x).principal_angles(x).deg2rad().max() < 1e-12


def test_twists_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    _, pair, z, x = surface(SwissRoll)
    tangents = Tangents(pair, n_neighbors=3).fit(x)

    with caplog.at_level(logging.WARNING):
        tangents.principal_angles(x)
    assert not caplog.records

    far = SwissRoll().decode(z * torch.tensor([10.0, 1.0]))
    with caplog.at_level(logging.WARNING):
        share = (tangents.principal_angles(far) > 30).double().mean().item()

    assert share > 0
    assert f"{100 * share:.1f} %" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("source", [*MODELS, "neighbors"])
def test_parts_change_nothing(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, pair, _, x = surface(Torus)
    tangents = Tangents(pair, source).fit(x)
    V, steps, j = torch.randn(50, 3), torch.randn(50, 2), torch.randint(50, (50, 3))

    def all_of_it() -> list[Tensor]:
        return [
            *tangents.basis(x),
            tangents.project(x, V),
            tangents.normal_residual(x),
            tangents.displace(x, steps),
            tangents.principal_angles(x, j),
            torch.tensor(tangents.projection_error(x)),
        ]

    whole = all_of_it()
    monkeypatch.setattr(angles, "_CACHE_BYTES", 500)

    with memory_budget(2000):
        parts = all_of_it()

    for part, expected in zip(parts, whole, strict=True):
        assert torch.allclose(part, expected, atol=1e-12)


# Data of all kinds


def test_duplicates_and_constants() -> None:
    x = torch.randn(60, 3) * torch.tensor([1.0, 1.0, 0.0]) + torch.tensor([0.0, 0.0, 7.0])
    x = torch.cat([x, x[:1].expand(20, 3)])
    tangents = Tangents(source="neighbors").fit(x)
    basis, scale = tangents.basis(x)

    # Twenty copies of one point have no direction, which their scale says
    assert tangents.n_components_ == 2
    assert (scale[60:] == 0).all()
    assert (scale[1:10] > 0).all()
    assert torch.allclose(basis @ basis.mT, torch.eye(2).expand(80, 2, 2), atol=1e-12)
    assert torch.allclose(basis[1:10, :, 2], torch.zeros(9, 2), atol=1e-12)
    assert tangents.principal_angles(x).isfinite().all()
    assert math.isfinite(tangents.projection_error(x).value)

    for constant in (tangents.projection_error, Tangents(source="neighbors").fit):
        with pytest.raises(ValueError, match="all"):
            constant(torch.ones(30, 3))


@pytest.mark.parametrize("source", [*MODELS, "neighbors"])
def test_one_dimension(source: str) -> None:
    x = torch.randn(30, 1)
    tangents = Tangents((torch.sinh, torch.asinh), source).fit(x)

    assert torch.equal(tangents.basis(x)[0], torch.ones(30, 1, 1))
    assert torch.allclose(tangents.project(x, 2 * x), 2 * x)
    assert torch.allclose(tangents.normal_residual(x), torch.zeros(30))
    assert (tangents.principal_angles(x) == 0).all()


@pytest.mark.parametrize("source", MODELS)
def test_codes_wider_than_the_data(source: str) -> None:
    W = torch.randn(7, 3)
    x = torch.randn(30, 3)
    pair = (lambda x: x @ W.T, lambda z: (z @ W).tanh())
    tangents = Tangents(pair, source, n_components=3).fit(x)
    basis, _ = tangents.basis(x)

    assert basis.shape == (30, 3, 3)
    assert torch.allclose(tangents.project(x, x), x)

    with pytest.raises(ValueError, match="from 1 to 3, got 7"):
        Tangents((lambda x: x @ W.T, lambda z: z @ W), source, n_components=7).fit(x)


def test_arrays_give_arrays_and_tensors_tensors() -> None:
    _, pair, _, x = surface(Plane)
    x_np, tangents = x.numpy(), Tangents(pair).fit(x)

    for method in (
        tangents.basis,
        lambda X: tangents.project(X, X),
        tangents.normal_residual,
        tangents.local_scale,
        lambda X: tangents.displace(X, X[:, :2]),
        tangents.principal_angles,
        lambda X: tangents.traversals(X[0]),
    ):
        result, expected = method(x_np), method(x)
        result, expected = ([r] if not isinstance(r, tuple) else r for r in (result, expected))

        for r, e in zip(result, expected, strict=True):
            assert isinstance(r, np.ndarray)
            assert isinstance(e, Tensor)
            assert np.allclose(r, e)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.random((40, 2)) @ rng.random((2, 64)) * 120).reshape(40, 8, 8).astype(np.uint8)


@pytest.fixture(scope="module")
def conditional_model(images: np.ndarray) -> ae.Autoencoder:
    # Without a judge: a linear decoder has the same planes under all labels
    training = ae.Training(epochs=20, validation_fraction=0, show_progress=False)
    return ae.Autoencoder(3, conditional=True, training=training, random_state=0).fit(
        images, np.arange(40) % 2
    )


@pytest.mark.slow
@pytest.mark.parametrize("source", [*MODELS, "neighbors"])
def test_images_under_a_condition(source: str, float32, images, conditional_model) -> None:
    tangents = Tangents(conditional_model, source, n_components=2, y=[1]).fit(images)
    basis, _ = tangents.basis(images)

    assert basis.shape == (40, 2, 64)
    assert np.allclose(basis @ basis.swapaxes(1, 2), np.eye(2), atol=1e-5)
    assert tangents.normal_residual(images).shape == (40,)

    strips = tangents.traversals(images[0], n_steps=3)
    assert strips.shape == (2, 3, 8, 8)
    assert strips.dtype == np.uint8
    assert tangents.traversals(torch.from_numpy(images[0]), n_steps=3).dtype == torch.uint8

    if source == "decoder":
        other = Tangents(conditional_model, source, n_components=2, y=[0]).fit(images)
        assert not np.allclose(other.basis(images)[0], basis)

        reconstruction = conditional_model.inverse_transform(
            conditional_model.transform(images[:1], [1]), [1]
        )
        assert (strips[:, 1] == reconstruction).all()


def test_tables_in_their_own_units(float32) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 1)) * np.array([1.0, 1000.0]) + np.array([5.0, -3.0])
    model = ae.linear(1).fit(X)
    basis, _ = Tangents(model).fit(X).basis(X[:3])

    assert np.allclose(basis[:, 0], np.array([1e-3, 1]), atol=1e-6)


def test_clones_keep_the_model(float32) -> None:
    X = np.random.default_rng(0).normal(size=(40, 4))
    model = ae.linear(2).fit(X)
    tangents = Tangents(model, "encoder", n_neighbors=5).fit(X)
    copy = clone(tangents)

    assert copy.get_params(deep=False) == tangents.get_params(deep=False)
    assert not hasattr(copy, "n_components_")
    assert np.array_equal(copy.fit(X).basis(X)[0], tangents.basis(X)[0])
    assert np.array_equal(pickle.loads(pickle.dumps(tangents)).basis(X)[0], tangents.basis(X)[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "codes"}, "one of .*'neighbors'.*, got 'codes'"),
        ({"source": "decoder"}, "need a model"),
        ({"source": "neighbors", "n_neighbors": 1}, "n_neighbors >= 2, got 1"),
        ({"source": "neighbors", "n_neighbors": 40}, "n_neighbors = 40, got n_samples = 20"),
        ({"source": "neighbors", "n_components": 0}, "from 1 to 4, got 0"),
        ({"source": "neighbors", "n_components": 4, "n_neighbors": 4}, "from 1 to 3, got 4"),
        ({"source": "neighbors", "n_components": "all"}, "'auto'"),
        ({"model": (torch.sin, torch.zeros_like)}, "no tangents"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Tangents(**arguments).fit(torch.randn(20, 4))


def test_what_does_not_fit_is_refused() -> None:
    x = torch.randn(20, 4)
    tangents = Tangents((torch.sin, torch.sin), n_neighbors=5).fit(x)

    for call, message in [
        (lambda: tangents.basis(x[:, :3]), "3 features, but Tangents is expecting 4"),
        (lambda: tangents.project(x, x[:3]), "V with shape"),
        (lambda: tangents.displace(x, x[:3]), "steps with shape"),
        (lambda: tangents.traversals(x), "one example, got 20"),
        (lambda: tangents.traversals(x[0], n_steps=4), "odd"),
        (lambda: tangents.principal_angles(x, [[0]]), r"shape \(20, k\), got \(1, 1\)"),
        (lambda: tangents.projection_error(x[:4]), "n_neighbors = 5, got n_samples = 4"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_sounds_of_different_lengths(float32) -> None:
    sounds = [np.sin(np.arange(n) * n / 9000, dtype=np.float32) / 2 for n in range(800, 830)]
    modality = Sounds(rate=8000, seconds=0.1)
    training = ae.Training(epochs=2, show_progress=False)
    model = ae.autoencoder(2, layers=(16,), modality=modality, training=training).fit(sounds)
    tangents = Tangents(model, n_components=2, n_neighbors=5).fit(sounds)

    assert tangents.basis(sounds[:3])[0].shape == (3, 2, tangents.n_features_in_)
    assert tangents.traversals(sounds[0], n_steps=3).shape == (2, 3, 800)
