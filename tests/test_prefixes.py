r"""Tests for the prefixes module: the Fisher-Rao metric of texts."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical

import autoencode as ae
from autoencode.common.batching import memory_budget
from autoencode.distributions import Autoregressive, AutoregressiveDistribution
from autoencode.manifold import Geodesics, NeighborGraph
from autoencode.manifold.codec import Codec
from autoencode.manifold.geodesics.riemannian_metrics import RiemannianMetric, fisher
from autoencode.manifold.geodesics.sequence_metric import prefix_metric
from autoencode.networks import Network, Recurrent, Transformer

NETWORKS = [Recurrent(8, vocab_size=3), Transformer(8, depth=1, n_heads=2, vocab_size=3)]
networks = pytest.mark.parametrize("network", NETWORKS, ids=["recurrent", "transformer"])
WORDS = ["abba", "baba", "aaaa", "bbbb", "abab", "baab", "aabb", "bbaa"]

# All rows of three places, of the symbols 0 and 1 with the end 2
ALL_SEQUENCES = torch.tensor(
    [
        [*word, *[2] * (3 - len(word))]
        for n in range(4)
        for word in itertools.product((0, 1), repeat=n)
    ]
)


class Writer:
    r"""Codes of two numbers to distributions of sequences, all of which can be listed."""

    def __init__(self, network: Network, scale: float = 1.0) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.family = Autoregressive(max_length=3).build(network, (16,)).eval()
            torch.nn.init.normal_(self.family.token_decoder.head.weight, std=2.0)
            self.A = scale * torch.randn(2, 16)

    def __call__(self, z: Tensor) -> AutoregressiveDistribution:
        return self.family((z @ self.A).sin()[..., None])

    def log_p(self, z: Tensor) -> Tensor:
        r"""The log-probabilities of all sequences, with shape `(N, 15)`."""
        return self(z[:, None]).log_prob(ALL_SEQUENCES)

    def information(self, z: Tensor) -> Tensor:
        r"""The Fisher information by its definition, with shape `(2, 2)`."""
        J = torch.autograd.functional.jacobian(lambda z: self.log_p(z[None])[0], z)
        return J.T @ (self.log_p(z[None])[0].exp()[:, None] * J)

    def listed(self) -> RiemannianMetric:
        r"""The metric after all beginnings, each as often as sequences begin with it."""
        same = ALL_SEQUENCES[:, None] == ALL_SEQUENCES
        before = torch.nn.functional.pad(same[..., :-1], (1, 0), value=True).cumprod(dim=-1)
        features, squared = prefix_metric(ALL_SEQUENCES, before.sum(dim=1).log(), 3)

        return RiemannianMetric(lambda z: features(self(z)), squared)

    def codec(self) -> Codec:
        def same(x: Tensor) -> Tensor:
            return x

        return Codec(same, same, torch.as_tensor, same, likelihood=self)


def matrix(metric: RiemannianMetric, z: Tensor, h: float = 1e-4) -> Tensor:
    r"""The matrix of a metric at a code, from the lengths of small steps."""
    V = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    g = metric.squared_lengths(torch.stack([z - h * V, z + h * V], dim=1))[:, 0] / (2 * h) ** 2
    both = (g[2] - g[0] - g[1]) / 2

    return torch.stack([g[0], both, both, g[1]]).reshape(2, 2)


@networks
def test_after_all_beginnings_it_is_the_fisher_information(network: Network, float64) -> None:
    p = Writer(network)
    assert torch.allclose(p.log_p(torch.randn(5, 2)).exp().sum(dim=1), torch.ones(5))

    for z in torch.randn(4, 2):
        assert torch.allclose(matrix(p.listed(), z), p.information(z), rtol=1e-5, atol=1e-9)


@networks
def test_lengths_are_those_of_one_category_for_each_sequence(network: Network, float64) -> None:
    p = Writer(network)
    whole = replace(p.codec(), likelihood=lambda z: Categorical(logits=p.log_p(z)))
    curves = torch.lerp(*torch.randn(2, 5, 1, 2), torch.linspace(0, 1, 200)[:, None])
    expected = fisher(whole, curves[0]).lengths(curves)

    assert torch.allclose(p.listed().lengths(curves), expected, rtol=1e-3)


@pytest.mark.parametrize(
    "distance",
    [
        pytest.param(0.0, id="where they are drawn"),
        pytest.param(0.3, id="beside", marks=pytest.mark.slow),
    ],
)
def test_sequences_drawn_estimate_it(distance: float, float64) -> None:
    p, z = Writer(NETWORKS[0]), torch.tensor([0.4, -0.2])
    codes = z + distance * torch.linspace(-1, 1, 200)[:, None] + distance
    found = []

    for seed in range(20):
        torch.manual_seed(seed)
        found.append(matrix(fisher(p.codec(), codes), z))

    found = torch.stack(found)
    error = found.std(dim=0) / math.sqrt(len(found))
    assert ((found.mean(dim=0) - p.information(z)).abs() < 3 * error).all()
    assert (error.diagonal() < 0.05 * p.information(z).diagonal()).all()


def test_far_from_all_that_is_drawn_it_is_still_a_metric(float64) -> None:
    p = Writer(NETWORKS[0], scale=3.0)
    torch.manual_seed(0)
    metric = fisher(p.codec(), torch.zeros(3, 2))

    for z in 30 * torch.randn(20, 2):
        G = matrix(metric, z)
        assert G.isfinite().all()
        assert torch.linalg.eigvalsh(G)[0] > -1e-6
        assert G.trace() > 1e-6


def test_of_one_symbol_it_is_the_metric_of_categories(float64) -> None:
    p = Writer(NETWORKS[0])
    features, squared = prefix_metric(torch.tensor([[0], [1]]), torch.zeros(2, 1), 3)
    sequences = RiemannianMetric(lambda z: features(p(z)), squared)
    x = torch.zeros(7, 1, dtype=torch.long)
    first = replace(p.codec(), likelihood=lambda z: p.family.factors(p(z).phi, x[: len(z)]))
    curve = torch.randn(1, 7, 2)
    expected = fisher(first, curve[0]).lengths(curve)

    assert torch.allclose(sequences.lengths(curve), expected)


# Geodesics of texts


@pytest.fixture(scope="module")
def model() -> ae.Autoencoder:
    training = ae.Training(epochs=80, batch_size=8, learning_rate=1e-2, show_progress=False)
    return ae.autoencoder(2, network=Recurrent(16), training=training, random_state=0).fit(WORDS)


def geodesics(model: ae.Autoencoder, **arguments) -> Geodesics:
    return Geodesics(model, metric="fisher", n_points=8, **{"n_references": 8, **arguments})


@pytest.mark.slow
def test_ways_between_texts(model) -> None:
    ways = geodesics(model)
    texts = ways.interpolate(WORDS[:2], WORDS[2:4], n_points=5)
    distances = ways.distance(WORDS[:3], WORDS[3:6])

    assert texts.shape == (2, 5)
    assert all(isinstance(text, str) for text in texts.ravel())
    assert texts[:, 0].tolist() == model.reconstruct(WORDS[:2]).tolist()
    assert texts[:, -1].tolist() == model.reconstruct(WORDS[2:4]).tolist()
    assert ways.interpolate(WORDS[0], WORDS[2], n_points=5).tolist() == texts[0].tolist()
    assert (distances > 0).all()
    assert np.allclose(ways.distance(WORDS[3:6], WORDS[:3]), distances, rtol=0.2)

    # Each curve has its own texts: it does not matter what else is asked for
    state = torch.get_rng_state()
    assert np.allclose(ways.distance(WORDS[1:2], WORDS[4:5]), distances[1], rtol=1e-3)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.slow
def test_no_longer_than_the_straight_line(model) -> None:
    Z = model.transform(WORDS)
    ways, straight = geodesics(model), geodesics(model, max_iter=0)
    bent, line = (way.path(Z[:4], Z[4:]) for way in (ways, straight))

    assert (ways.length(bent) <= ways.length(line) * (1 + 1e-5)).all()
    assert (ways.length(bent) < ways.length(line) * (1 - 1e-3)).any()
    assert np.allclose(ways.length(bent), ways.distance(WORDS[:4], WORDS[4:]))
    assert np.allclose(line[:, 4], (3 * Z[:4] + 4 * Z[4:]) / 7, atol=1e-5)


@pytest.mark.slow
def test_more_texts_make_less_of_an_error(model) -> None:
    def spread(n: int) -> float:
        ways = [geodesics(model, n_references=n, max_iter=0, random_state=s) for s in range(6)]
        return np.std([way.distance(WORDS[:1], WORDS[1:2]) for way in ways])

    assert spread(48) < 0.6 * spread(3)


def test_memory_bounds_the_number_of_texts(model) -> None:
    def distance(**arguments) -> np.ndarray:
        return geodesics(model, max_iter=0, **arguments).distance(WORDS[:2], WORDS[2:4])

    few = distance(n_references=2)

    with memory_budget(1):
        small = distance()

    assert np.array_equal(small, few)
    assert not np.array_equal(small, distance())


@pytest.mark.slow
def test_a_distance_tells_its_error(model) -> None:
    def found(seed: int):
        way = geodesics(model, n_references=6, max_iter=0, random_state=seed)
        return way.distance(WORDS[:3], WORDS[3:6], return_std=True)

    distances, errors = map(np.array, zip(*(found(seed) for seed in range(12))))
    spread = np.sqrt(distances.var(axis=0, ddof=1).mean())

    assert errors.shape == (12, 3)
    assert (errors > 0).all()
    assert 0.6 < np.sqrt(np.square(errors).mean()) / spread < 1.7  # of 33 degrees of freedom
    assert np.allclose(found(3), [distances[3], errors[3]])


def test_over_a_graph_of_texts(model) -> None:
    Z = model.transform(WORDS)
    graph = NeighborGraph(n_neighbors=3).fit(Z)
    path = geodesics(model, graph=graph, max_iter=0).path(Z[:2], Z[4:6])

    assert path.shape == (2, 8, 2)
    assert np.allclose(path[:, [0, -1]], np.stack([Z[:2], Z[4:6]], axis=1), atol=1e-6)

    # Little memory holds a part of the graph at once
    with memory_budget(2**20):
        little = geodesics(model, graph=graph, max_iter=0).path(Z[:2], Z[4:6])

    assert np.allclose(little, path, atol=1e-4)


def test_texts_under_a_label() -> None:
    training = ae.Training(epochs=5, batch_size=8, learning_rate=1e-2, show_progress=False)
    network = Recurrent(16)
    model = ae.autoencoder(2, network=network, conditional=True, training=training, random_state=0)
    model.fit(WORDS, ["a", "b"] * 4)
    distances = [
        geodesics(model, y=[y], max_iter=0).distance(WORDS[:2], WORDS[2:4]) for y in ("a", "b")
    ]

    assert not np.allclose(*distances)


def test_other_metrics_are_refused(model) -> None:
    with pytest.raises(ValueError, match="metric='fisher'"):
        Geodesics(model).distance(WORDS[:2], WORDS[2:4])

    with pytest.raises(ValueError, match="n_references as an integer >= 2"):
        geodesics(model, n_references=1).distance(WORDS[:2], WORDS[2:4])
