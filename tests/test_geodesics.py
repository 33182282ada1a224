r"""Tests for the curves, geodesics, lengths and paths modules."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn
from torch.distributions import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Gamma,
    Independent,
    Normal,
    kl_divergence,
)

import autoencode as ae
from autoencode.common.batching import memory_budget
from autoencode.distributions.mixed import MixedRow
from autoencode.manifold.codec import Codec, as_codec
from autoencode.manifold.geodesics.geodesics import Geodesics
from autoencode.manifold.geodesics.graph_init import initial_paths
from autoencode.manifold.geodesics.riemannian_metrics import RiemannianMetric, fisher, pullback
from autoencode.manifold.neighbors.graph import NeighborGraph

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def float32(float64) -> None:
    torch.set_default_dtype(torch.float32)


def identity(x: Tensor) -> Tensor:
    return x


def plane(z: Tensor) -> Tensor:
    return z @ torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]])


def sphere(z: Tensor) -> Tensor:
    u, v = z.T
    return torch.stack([u.cos() * v.cos(), u.sin() * v.cos(), v.sin()], dim=1)


def cylinder(z: Tensor) -> Tensor:
    return torch.stack([z[:, 0].cos(), z[:, 0].sin(), z[:, 1]], dim=1)


def swiss_roll(z: Tensor) -> Tensor:
    t = z[:, 0]
    return torch.stack([t * t.cos(), t * t.sin(), z[:, 1]], dim=1)


def codes(n: int = 20, low: float = -1.2, high: float = 1.2) -> tuple[Tensor, Tensor]:
    return torch.empty(n, 2).uniform_(low, high), torch.empty(n, 2).uniform_(low, high)


def great_circle(a: Tensor, b: Tensor) -> Tensor:
    return (sphere(a) * sphere(b)).sum(dim=1).clamp(-1, 1).acos()


def rolled_out(a: Tensor, b: Tensor) -> Tensor:
    def arc(t: Tensor) -> Tensor:
        return (t * (1 + t**2).sqrt() + t.asinh()) / 2

    return torch.hypot(arc(b[:, 0]) - arc(a[:, 0]), b[:, 1] - a[:, 1])


CLOSED_FORMS = {
    "plane": (plane, lambda a, b: torch.linalg.vector_norm(plane(a) - plane(b), dim=1), {}),
    "sphere": (sphere, great_circle, {}),
    "cylinder": (cylinder, lambda a, b: torch.linalg.vector_norm(a - b, dim=1), {}),
    "swiss_roll": (swiss_roll, rolled_out, {"low": 1.0, "high": 6.0}),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_lengths_of_known_surfaces(name: str) -> None:
    surface, expected, spread = CLOSED_FORMS[name]
    a, b = codes(**spread)
    geodesics = Geodesics((identity, surface))
    length = geodesics.length(geodesics.path(a, b))

    assert torch.allclose(length, expected(a, b), rtol=1e-3, atol=1e-6)
    assert torch.allclose(geodesics.distance(a, b), length)


def test_the_error_falls_with_the_square_of_the_points() -> None:
    a, b = codes()
    errors = []

    for n in (9, 17, 33):
        geodesics = Geodesics((identity, sphere), n_points=n)
        length = geodesics.length(geodesics.path(a, b))
        errors.append((length - great_circle(a, b)).abs().max())

    assert errors[0] / errors[1] > 3
    assert errors[1] / errors[2] > 3


def test_straight_where_the_decoder_is_linear() -> None:
    a, b = codes()
    t = torch.linspace(0, 1, 64)[:, None]

    assert torch.allclose(
        Geodesics((identity, plane)).path(a, b), a[:, None] + t * (b - a)[:, None]
    )


def test_lengths_do_not_depend_on_the_chart() -> None:
    def chart(w: Tensor) -> Tensor:  # onto the plane, one to one
        return torch.stack([w[:, 0] + 0.3 * torch.sin(w[:, 1]), w[:, 1]], dim=1).sinh()

    def inverse(z: Tensor) -> Tensor:
        w = z.asinh()
        return torch.stack([w[:, 0] - 0.3 * torch.sin(w[:, 1]), w[:, 1]], dim=1)

    a, b = codes()
    before, after = Geodesics((identity, sphere)), Geodesics((inverse, lambda w: sphere(chart(w))))

    assert torch.allclose(before.distance(a, b), after.distance(a, b), rtol=1e-3)


@pytest.mark.slow
def test_a_distance() -> None:
    bends, mixed = nn.Linear(2, 32), nn.Linear(32, 8)
    surface = nn.Sequential(bends, nn.Tanh(), mixed)
    nn.init.normal_(bends.weight, std=2)
    geodesics = Geodesics((identity, surface))
    (a, b), (c, _) = codes(), codes()
    ab, bc, ac = (geodesics.distance(*pair) for pair in [(a, b), (b, c), (a, c)])

    assert torch.allclose(ab, geodesics.distance(b, a), rtol=1e-3)
    assert (ac <= (ab + bc) * 1.001).all()
    assert torch.allclose(geodesics.distance(a, a), torch.zeros(20), atol=1e-6)
    assert not geodesics.distance(a, b, return_std=True)[1].any()  # nothing is drawn

    # At least as long as the chord, and no longer than the way it began at
    chord = torch.linalg.vector_norm(surface(a) - surface(b), dim=1)
    line = torch.lerp(a[:, None], b[:, None], torch.linspace(0, 1, 64)[:, None])

    assert (ab >= chord * (1 - 1e-9)).all()
    assert (ab <= geodesics.length(line)).all()
    assert (ab < 0.99 * geodesics.length(line)).any()
    assert all(p.grad is None for p in surface.parameters())


def test_never_longer_than_the_start_however_little_is_done() -> None:
    surface = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 8))
    a, b = codes()
    line = torch.lerp(a[:, None], b[:, None], torch.linspace(0, 1, 16)[:, None])
    longest = Geodesics((identity, surface)).length(line)

    for max_iter in (0, 1, 5):
        geodesics = Geodesics((identity, surface), n_points=16, max_iter=max_iter)
        assert (geodesics.distance(a, b) <= longest * (1 + 1e-12)).all()


def test_memory_changes_nothing() -> None:
    a, b = codes(6)
    geodesics = Geodesics((identity, sphere))
    whole = geodesics.distance(a, b)

    with memory_budget(2**15):
        assert torch.allclose(geodesics.distance(a, b), whole, rtol=1e-4)


# Beginning on a graph


class Ring:
    r"""Codes on a circle, each joined to the next; the first to the last as well."""

    def __init__(self, n: int = 40, joined: bool = True) -> None:
        angle = torch.arange(n) * (2 * math.pi / n)
        self.points_ = torch.stack([angle.cos(), angle.sin()], dim=1)
        self.joined = joined

    def to_scipy(self) -> csr_array:
        n = len(self.points_)
        i = np.arange(n if self.joined else 0)
        arcs = csr_array((np.ones(len(i)), (i, (i + 1) % n)), shape=(n, n))
        return arcs + arcs.T

    def kneighbors(self, Z: Tensor) -> tuple[Tensor, Tensor]:
        distances, indices = torch.cdist(Z, self.points_).topk(1, largest=False)
        return distances, indices


def test_a_graph_leads_around_a_hole() -> None:
    def crater(z: Tensor) -> Tensor:  # a ridge in the middle that is dear to cross
        return torch.cat([z, 6 * torch.exp(-4 * z.square().sum(dim=1, keepdim=True))], dim=1)

    a, b = torch.tensor([[1.0, 0.05]]), torch.tensor([[-1.0, 0.02]])
    across = Geodesics((identity, crater), max_iter=0)
    around = Geodesics((identity, crater), graph=Ring())
    z = around.path(a, b)

    assert around.length(z) < 0.5 * across.length(across.path(a, b))
    assert torch.linalg.vector_norm(z, dim=2).min() > 0.5
    assert torch.allclose(z[:, [0, -1]], torch.stack([a, b], dim=1))


def test_never_longer_than_the_way_over_the_graph() -> None:
    bends = nn.Linear(2, 32)
    nn.init.normal_(bends.weight, std=2)
    surface = nn.Sequential(bends, nn.Tanh(), nn.Linear(32, 8))
    graph = NeighborGraph(n_neighbors=6).fit(torch.randn(300, 2))
    a, b = codes()

    metric = RiemannianMetric(surface, lambda h, k: (h - k).square().sum(dim=-1))

    with torch.no_grad():
        start = initial_paths(graph, metric, torch.stack([a, b], dim=1), 32, 1000)

    longest = Geodesics((identity, surface)).length(start)

    for max_iter in (0, 1, 5, 50):
        geodesics = Geodesics((identity, surface), graph=graph, n_points=32, max_iter=max_iter)
        lengths = geodesics.distance(a, b)
        assert (lengths <= longest * (1 + 1e-9)).all()

    assert (lengths < 0.99 * longest).all()


def test_over_a_graph_of_neighbors() -> None:
    t = torch.linspace(0, 2 * math.pi, 200)
    Z = torch.stack([t.cos(), t.sin()], dim=1).numpy()
    a, b = Z[:3], Z[80:83]

    path = Geodesics(
        (identity, plane), graph=NeighborGraph(n_neighbors=4).fit(Z), max_iter=0
    ).path(a, b)

    assert isinstance(path, np.ndarray)
    assert np.allclose(np.linalg.norm(path, axis=2), 1, atol=0.03)
    assert np.allclose(path[:, [0, -1]], np.stack([a, b], axis=1))


@pytest.mark.usefixtures("float32")
def test_between_points_of_the_graph() -> None:
    t = torch.linspace(0, math.pi, 100)
    Z = torch.stack([t.cos(), t.sin()], dim=1)
    geodesics = Geodesics((identity, plane), graph=NeighborGraph(n_neighbors=4).fit(Z), max_iter=0)
    path = geodesics.path(Z[[0, 7]], Z[[99, 7]])

    assert torch.allclose(path.norm(dim=2), torch.ones(()), atol=0.03)
    assert torch.allclose(path[1], Z[7].expand(64, 2), atol=1e-6)


def test_the_line_remains_where_the_graph_has_no_path() -> None:
    a, b = codes(3)
    apart = Geodesics((identity, plane), graph=Ring(joined=False))

    assert torch.allclose(apart.path(a, b), Geodesics((identity, plane)).path(a, b))


# Other metrics


def of_likelihood(likelihood: Any) -> Codec:
    return Codec(identity, identity, torch.as_tensor, identity, likelihood=likelihood)


def test_fisher_of_one_binary_element_is_the_arc() -> None:
    codec = of_likelihood(lambda z: Independent(Bernoulli(logits=z), 1))
    p, q = torch.rand(20, 1), torch.rand(20, 1)
    expected = 2 * (p.sqrt().asin() - q.sqrt().asin()).abs().squeeze(dim=1)
    distance = Geodesics(codec, metric="fisher").distance(p.logit(), q.logit())

    assert torch.allclose(distance, expected, rtol=1e-4)

    # Also where it is all but certain
    far = Geodesics(codec, metric="fisher").distance(torch.full((1, 1), -300.0), -p.logit()[:1])
    assert torch.allclose(far, 2 * (1 - p[:1, 0]).sqrt().asin(), rtol=1e-3)


def test_fisher_of_categories_is_on_a_sphere_of_radius_two() -> None:
    codec = of_likelihood(lambda z: Categorical(logits=z))
    p, q = torch.softmax(torch.randn(20, 3), dim=1), torch.softmax(torch.randn(20, 3), dim=1)
    expected = 2 * (p * q).sqrt().sum(dim=1).acos()

    assert torch.allclose(
        Geodesics(codec, metric="fisher").distance(p.log(), q.log()), expected, rtol=1e-3
    )


def test_fisher_of_normals_is_hyperbolic() -> None:
    codec = of_likelihood(lambda z: Normal(z[:, :1], z[:, 1:].exp()))
    a, b = codes()
    mu, sigma = torch.stack([a, b]).unbind(dim=2)
    sigma = sigma.exp()
    cosh = 1 + (mu.diff(dim=0) ** 2 / 2 + sigma.diff(dim=0) ** 2) / (2 * sigma.prod(dim=0))

    assert torch.allclose(
        Geodesics(codec, metric="fisher").distance(a, b),
        math.sqrt(2) * cosh.squeeze(dim=0).acosh(),
        rtol=1e-3,
    )


def test_fisher_of_mixed_cells_is_the_product() -> None:
    def numbers(z: Tensor) -> Tensor:
        return torch.stack([z[:, 0], (0.3 * z[:, 1]).exp()], dim=1)

    def cells(z: Tensor) -> MixedRow:
        return MixedRow(*numbers(z).split(1, dim=1), 2 * z, levels=(2,))

    a, b = codes(10)
    steps = torch.stack([a, a + 1e-3 * b], dim=1)
    normals = fisher(of_likelihood(lambda z: Normal(*numbers(z).T[..., None])), a)
    levels = fisher(of_likelihood(lambda z: Categorical(logits=2 * z)), a)
    both = fisher(of_likelihood(cells), a).squared_lengths(steps)

    assert torch.allclose(
        both, normals.squared_lengths(steps) + levels.squared_lengths(steps), rtol=1e-9
    )


def test_fisher_with_a_shared_scale_is_the_pullback_in_units_of_it() -> None:
    a, b = codes()
    codec = of_likelihood(lambda z: Independent(Normal(sphere(z), 0.25), 1))
    line = torch.lerp(a[:, None], b[:, None], torch.linspace(0, 1, 9)[:, None])
    expected = pullback(as_codec((identity, sphere))).lengths(line) / 0.25

    assert torch.allclose(fisher(codec, a).lengths(line), expected)


@pytest.mark.parametrize(
    "likelihood",
    [
        lambda z: Bernoulli(logits=z),
        lambda z: Categorical(logits=z),
        lambda z: Normal(z[:, :1], z[:, 1:].exp()),
        lambda z: ContinuousBernoulli(logits=z + 2),
    ],
)
def test_fisher_is_twice_the_divergence_of_near_neighbors(likelihood) -> None:
    z = torch.randn(10, 2)
    dz = 1e-3 * torch.randn(10, 2)
    p, q = likelihood(z), likelihood(z + dz)
    divergence = kl_divergence(p, q).reshape(10, -1).sum(dim=1)
    steps = fisher(of_likelihood(likelihood), z).squared_lengths(torch.stack([z, z + dz], dim=1))

    assert torch.allclose(steps.squeeze(dim=1), 2 * divergence, rtol=2e-2)


def test_fisher_needs_a_likelihood_it_knows() -> None:
    a, b = codes(2)

    with pytest.raises(ValueError, match="needs a likelihood"):
        Geodesics((identity, sphere), metric="fisher").distance(a, b)

    gamma = of_likelihood(lambda z: Gamma(z.exp(), z.exp()))

    with pytest.raises(ValueError, match="no closed form for Gamma"):
        Geodesics(gamma, metric="fisher").distance(a, b)


def test_an_ensemble_averages_the_metrics() -> None:
    def stretched(z: Tensor) -> Tensor:
        return 3 * plane(z)

    a, b = codes()
    both = Geodesics([(identity, plane), (identity, stretched)], metric="ensemble")
    expected = torch.linalg.vector_norm(plane(a - b), dim=1) * math.sqrt((1 + 9) / 2)

    assert torch.allclose(both.distance(a, b), expected)

    same = Geodesics([(identity, sphere)] * 3, metric="ensemble")
    assert torch.allclose(same.distance(a, b), great_circle(a, b), rtol=1e-3)


def test_an_ensemble_shares_its_codes() -> None:
    a, b = codes(2)

    with pytest.raises(ValueError, match="two or more models"):
        Geodesics((identity, plane), metric="ensemble").distance(a, b)

    other = [(identity, plane), (lambda x: 2 * x, plane)]

    with pytest.raises(ValueError, match="share their codes"):
        Geodesics(other, metric="ensemble").distance(a, b)


# At the border

SMALL = {"layers": (8,), "training": ae.Training(epochs=1), "random_state": 0}


@pytest.mark.usefixtures("float32")
def test_tables_come_back_in_the_units_of_the_user() -> None:
    X = np.random.default_rng(0).normal([100.0, -5.0, 0.0], [10.0, 0.1, 1.0], size=(50, 3))
    model = ae.linear(latent_dim=2).fit(X)
    geodesics = Geodesics(model)
    path = geodesics.interpolate(X[:4], X[4:8], n_points=5)
    r = model.reconstruct(X[:8])

    assert path.shape == (4, 5, 3)
    assert np.allclose(path[:, 2], (r[:4] + r[4:]) / 2, atol=1e-3)  # linear: the middle is it
    assert np.allclose(
        geodesics.distance(X[:4], X[4:8]), np.linalg.norm(r[:4] - r[4:], axis=1), rtol=1e-4
    )
    assert np.allclose(geodesics.interpolate(X[0], X[4], n_points=5), path[0], atol=1e-3)
    assert isinstance(geodesics.distance(X[:4], X[4:8]), np.ndarray)

    tensor = torch.from_numpy(X)
    assert isinstance(geodesics.interpolate(tensor[:4], tensor[4:8]), Tensor)
    assert isinstance(geodesics.distance(tensor[:4], tensor[4:8]), Tensor)
    assert isinstance(geodesics.path(np.zeros((1, 2)), np.ones((1, 2))), np.ndarray)


@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3)])
def test_images(shape: tuple[int, ...]) -> None:
    X = np.random.default_rng(0).integers(256, size=(20, *shape), dtype=np.uint8)
    model = ae.vae(latent_dim=2, prior=ae.priors.StandardNormal(), **SMALL).fit(X)
    geodesics = Geodesics(model, n_points=8)
    path = geodesics.interpolate(X[:3], X[3:6], n_points=4)

    assert path.shape == (3, 4, *shape)
    assert path.dtype == np.uint8
    assert geodesics.interpolate(X[0], X[3], n_points=4).shape == (4, *shape)
    assert (np.abs(path[:, 0].astype(int) - model.reconstruct(X[:3])) <= 1).all()
    assert np.isfinite(Geodesics(model, "fisher", n_points=8).distance(X[:3], X[3:6])).all()


@pytest.mark.usefixtures("float32")
def test_conditional_models_are_seen_under_a_label() -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    model = ae.autoencoder(2, conditional=True, **SMALL).fit(X, [0, 1] * 20)
    distances = [Geodesics(model, y=[y]).distance(X[:5], X[5:10]) for y in (0, 1)]

    assert not np.allclose(*distances)


def test_clones_keep_model_and_graph() -> None:
    a, b = codes(2)
    geodesics = Geodesics((identity, sphere), graph=Ring(), n_points=8)
    copy = clone(geodesics)

    assert copy.get_params(deep=False) == geodesics.get_params(deep=False)
    assert torch.equal(copy.path(a, b), geodesics.path(a, b))

    # What is set afterwards counts
    copy.set_params(metric="ensemble", model=[geodesics.model] * 2)
    assert torch.allclose(copy.distance(a, b), great_circle(a, b), rtol=0.02)


def test_bad_arguments_are_named() -> None:
    a, b = codes(2)
    geodesics = Geodesics((identity, plane))

    with pytest.raises(ValueError, match="metric as one of"):
        Geodesics((identity, plane), metric="euclidean").path(a, b)

    with pytest.raises(ValueError, match="n_points as an integer >= 3"):
        Geodesics((identity, plane), n_points=2).path(a, b)

    with pytest.raises(ValueError, match="max_iter as an integer >= 0"):
        Geodesics((identity, plane), max_iter=-1).length(a[:, None])

    with pytest.raises(TypeError, match="a fitted Autoencoder, or a pair"):
        Geodesics(identity).distance(a, b)

    with pytest.raises(ValueError, match="as many ends"):
        geodesics.distance(a, b[:1])

    with pytest.raises(ValueError, match=r"shape \(N, T, d\)"):
        geodesics.length(a)

    with pytest.raises(ValueError, match="finite codes"):
        geodesics.path(a * math.nan, b)

    with pytest.raises(ValueError, match="n_points as an integer >= 2"):
        geodesics.interpolate(a, b, n_points=1)


def test_a_graph_is_one_of_codes() -> None:
    pair = nn.Linear(3, 2), nn.Linear(2, 3)
    X = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)

    with pytest.raises(NotFittedError, match="the graph is not fitted"):
        Geodesics(pair, graph=NeighborGraph(3)).distance(X[:2], X[2:4])

    with pytest.raises(ValueError, match="codes of 2 numbers, got one of points with 3"):
        Geodesics(pair, graph=NeighborGraph(3).fit(X)).distance(X[:2], X[2:4])

    with pytest.raises(
        TypeError, match="expected the encoder of a pair to return a tensor, got tuple"
    ):
        Geodesics((lambda x: (x, x), pair[1])).distance(X[:2], X[2:4])
