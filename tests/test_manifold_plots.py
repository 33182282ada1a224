r"""Tests of the pictures of manifolds, tangents, geodesics, graphs and dimensions."""

import math

import numpy as np
import pytest
import torch
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

import autoencode as ae
from autoencode import manifold, plots

TRAINING = ae.Training(epochs=2, show_progress=False)
OPTIONS = {"layers": (16,), "training": TRAINING, "random_state": 0}

generator = np.random.default_rng(0)
IMAGES = generator.integers(0, 256, size=(60, 6, 5), dtype=np.uint8)
TABLE = generator.normal(size=(60, 5)) * [1, 10, 100, 1, 1]
ANGLE = np.linspace(0, 2 * math.pi, 100, endpoint=False)
CIRCLE = np.stack([np.cos(ANGLE), np.sin(ANGLE)], axis=1)


@pytest.fixture(scope="module")
def image_model() -> ae.Autoencoder:
    return ae.autoencoder(3, **OPTIONS).fit(IMAGES)


@pytest.fixture(scope="module")
def table_model() -> ae.Autoencoder:
    return ae.autoencoder(3, **OPTIONS).fit(TABLE)


def circle_codec() -> tuple:
    return (
        lambda x: torch.atan2(x[:, 1:], x[:, :1]),
        lambda z: torch.cat([z.cos(), z.sin()], dim=1),
    )


def shown(figure: Figure) -> np.ndarray:
    figure.canvas.draw()  # raises if the figure cannot be drawn
    return np.stack([np.asarray(image.get_array()) for image in figure.axes[0].images])


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


# Tangents


def test_tangents_draws_displaced_images(image_model) -> None:
    tangents = manifold.Tangents(image_model, n_components=3).fit(IMAGES)
    figure = plots.tangents(tangents, IMAGES[0], n_directions=2, n_steps=5)
    expected = tangents.traversals(IMAGES[0], 5)[:2].reshape(-1, 6, 5) / 255

    assert np.allclose(shown(figure), expected, atol=1e-6)
    assert words(figure) == ["1", "2", "-2 s", "", "x", "", "+2 s"]
    assert words(plots.tangents(tangents, IMAGES[0], n_steps=3, extent=0.5))[-1] == "+0.5"


def test_tangents_draws_images_without_a_model_and_from_tensors() -> None:
    tangents = manifold.Tangents(source="neighbors", n_components=2).fit(IMAGES)
    assert len(shown(plots.tangents(tangents, torch.from_numpy(IMAGES[0])))) == 14


def test_bars_show_directions_in_standard_deviations(table_model) -> None:
    tangents = manifold.Tangents(table_model, n_components=2).fit(TABLE)
    figure = plots.tangents(tangents, TABLE[0])
    figure.canvas.draw()
    basis, _ = tangents.basis(TABLE[:1])
    expected = tangents.local_scale(TABLE[:1])[0, :, None] * basis[0] / TABLE.std(axis=0, ddof=1)
    heights = [[bar.get_height() for bar in ax.patches] for ax in figure.axes]

    assert np.allclose(heights, expected, rtol=1e-4)

    named = plots.tangents(tangents, TABLE[0], names=list("abcde")).axes[-1]
    assert [text.get_text() for text in named.get_xticklabels()] == list("abcde")


# Geodesics


def test_straight_curve_is_straight_in_code_space(image_model) -> None:
    geodesics = manifold.Geodesics(image_model, n_points=9, max_iter=20)
    figure = plots.geodesics(geodesics, IMAGES[0], IMAGES[1], n_points=5)
    pixels = shown(figure)

    assert np.allclose(pixels[5:], geodesics.interpolate(IMAGES[0], IMAGES[1], 5) / 255)

    Z = image_model.transform(IMAGES[:2])
    dense = Z[0] + np.linspace(0, 1, 2001)[:, None] * (Z[1] - Z[0])
    decoded = image_model.inverse_transform(dense) / 255.0

    for image in pixels[:5]:  # rounded to bytes
        assert np.abs(decoded - image).max(axis=(1, 2)).min() <= 1.01 / 255


def test_geodesics_are_labeled_with_their_lengths() -> None:
    figure = plots.geodesics(manifold.Geodesics(circle_codec()), CIRCLE[0], CIRCLE[25])
    figure.canvas.draw()
    (straight, shortest) = (text.get_text() for text in figure.legends[0].get_texts())

    assert straight == "straight: 1.571"
    assert shortest == "geodesic: 1.571"

    x, y = (figure.axes[d].lines[1].get_ydata() for d in range(2))
    assert np.allclose(np.hypot(x, y), 1)


# Manifold


def test_tangent_segments_touch_the_circle() -> None:
    tangents = manifold.Tangents(source="neighbors", n_components=1, n_neighbors=5).fit(CIRCLE)
    density = manifold.ManifoldParzen(n_components=1, n_neighbors=5).fit(CIRCLE)
    figure = plots.manifold(CIRCLE, tangents, density, n_planes=20)
    figure.canvas.draw()
    (segments,) = (
        np.array(c.get_segments())
        for c in figure.axes[0].collections
        if isinstance(c, LineCollection)
    )

    assert segments.shape == (20, 2, 2)
    middles, directions = segments.mean(axis=1), segments[:, 1] - segments[:, 0]
    assert np.allclose(np.linalg.norm(middles, axis=1), 1)
    assert np.abs((middles * directions).sum(axis=1)).max() < 1e-6

    # The twenty points are far from each other
    gaps = np.diff(np.sort(np.arctan2(*middles.T)))
    assert gaps.min() > 2 * math.pi / 64


@pytest.mark.parametrize(("d", "kind"), [(1, Line3DCollection), (2, Poly3DCollection)])
@pytest.mark.parametrize("shaded", [False, True])
def test_planes_of_three_columns_are_lines_or_patches(d, kind, shaded) -> None:
    X = np.concatenate([CIRCLE, 0.1 * generator.normal(size=(100, 1))], axis=1)
    tangents = manifold.Tangents(source="neighbors", n_components=d).fit(X)
    density = manifold.ManifoldParzen(n_components=d).fit(X) if shaded else None
    figure = plots.manifold(X, tangents, density, n_planes=7)
    figure.canvas.draw()

    assert sum(isinstance(c, kind) for c in figure.axes[0].collections) == 1
    assert len(figure.axes) == 1 + shaded


def test_data_with_five_columns_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(N, 2\) or \(N, 3\)"):
        plots.manifold(TABLE)


# Neighbor graph


def test_edges_equal_those_of_the_graph() -> None:
    graph = manifold.NeighborGraph(n_neighbors=2, mutual=True).fit(CIRCLE[::5] * [1.0, 1.1])
    figure = plots.graph(graph, graph.distances_, "distance")
    figure.canvas.draw()
    lines = figure.axes[0].collections[0]
    segments = np.array(lines.get_segments())
    lengths = np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1)

    assert len(segments) == graph.edge_mask_.sum()
    assert np.allclose(lengths, lines.get_array())
    assert (np.diff(lines.get_array()) >= 0).all()
    assert figure.axes[1].get_ylabel() == "distance"


def test_points_are_colored_by_numbers() -> None:
    graph = manifold.NeighborGraph(n_neighbors=3).fit(TABLE)
    points = plots.graph(graph, TABLE[:, 0]).axes[0].collections[1]

    assert np.array_equal(points.get_array(), TABLE[:, 0])
    assert points.get_clim() == (TABLE[:, 0].min(), TABLE[:, 0].max())
    assert plots.graph(graph, TABLE[:, 0], limits=(0, 9)).axes[1].get_ylim() == (0, 9)
    assert len(plots.graph(graph).axes) == 1


def test_codes_with_indices_make_a_graph() -> None:
    indices = np.roll(np.arange(100), -1)[:, None]
    lines = plots.graph(torch.from_numpy(CIRCLE), indices=indices).axes[0].collections[0]

    assert np.allclose(lines.get_segments(), np.stack([CIRCLE, CIRCLE[indices[:, 0]]], axis=1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"graph_or_Z": TABLE}, "indices="),
        (
            {"graph_or_Z": TABLE, "indices": np.zeros((60, 2), int), "color": TABLE},
            r"got \(60, 5\)",
        ),
    ],
)
def test_invalid_graphs_are_refused(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        plots.graph(**arguments)


# Intrinsic dimension


def test_dimension_draws_curves_and_bands_of_two_standard_errors() -> None:
    X = generator.normal(size=(300, 2))
    one = manifold.intrinsic_dimension(X, "mle")
    other = manifold.intrinsic_dimension(X, "gride", n_neighbors=8)
    ax = plots.dimension({"mle": one, "gride": other}).axes[0]
    band = ax.collections[-1].get_paths()[0].vertices
    highest = other.curve.values + 2 * other.curve.standard_errors

    assert np.array_equal(ax.lines[0].get_ydata(), one.curve.values)
    assert np.array_equal(ax.lines[-1].get_xdata(), other.curve.scales)
    assert band[:, 1].max() == pytest.approx(highest.max())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mle", "gride"]
    assert plots.dimension(one).axes[0].get_legend() is None


def test_dimension_without_estimates_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one estimate"):
        plots.dimension({})
