r"""Tests that a user-defined modality works everywhere in the library."""

import importlib
from pathlib import Path

import numpy as np
import pytest

import autoencode as ae
from autoencode.cli import main
from autoencode.manifold import NeighborGraph, Tangents


@pytest.fixture
def graphs(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "examples")
    return importlib.import_module("graphs")


@pytest.fixture
def data(graphs):
    return graphs.rings_and_stars(60, 6, np.random.default_rng(0))


def quick(graphs, recipe=ae.vae, **options) -> ae.Autoencoder:
    training = ae.Training(epochs=2)
    return recipe(2, modality=graphs.Graphs(6), training=training, random_state=0, **options)


@pytest.mark.parametrize("recipe", [ae.vae, ae.autoencoder, ae.denoising, ae.contractive])
def test_recipes_take_it(graphs, data, recipe) -> None:
    X, _ = data
    model = quick(graphs, recipe).fit(X)

    assert model.transform(X).shape == (60, 2)
    assert model.reconstruct(X).shape == X.shape
    assert set(np.unique(model.inverse_transform(np.zeros((1, 2))))) <= {0, 1}
    assert np.isfinite(model.score(X))


def test_new_examples_are_of_the_kind(graphs, data) -> None:
    made = quick(graphs, conditional=True).fit(*data).sample(5, y="star", random_state=0)

    assert made.shape == (5, 6, 6)
    assert np.array_equal(made, made.swapaxes(1, 2))
    assert not made[:, range(6), range(6)].any()


def test_probabilities_are_of_pairs_of_nodes(graphs, data) -> None:
    X, _ = data
    model = quick(graphs).fit(X)
    i, j = np.triu_indices(6, 1)
    pairs = ae.vae(
        2, modality=ae.modalities.Tables(), likelihood=model.likelihood_.clone(),
        network=model.modality_.network(), training=ae.Training(epochs=2), random_state=0,
    ).fit(X[:, i, j].astype(np.float32))  # fmt: skip

    assert np.allclose(model.score_samples(X), pairs.score_samples(X[:, i, j]), atol=1e-4)


def test_storage_wants_trust(graphs, data, tmp_path) -> None:
    X, _ = data
    model = quick(graphs).fit(X)
    model.save(tmp_path / "graphs.ae")

    for trusted in ("graphs.Graphs", graphs.Graphs, [graphs.Graphs]):
        loaded = ae.load(tmp_path / "graphs.ae", trusted=trusted)
        assert np.array_equal(loaded.transform(X), model.transform(X))

    with pytest.raises(ValueError, match=r"load with trusted=\['graphs.Graphs'\]"):
        ae.load(tmp_path / "graphs.ae")


@pytest.mark.slow
def test_the_command_line_wants_trust(graphs, data, tmp_path, capsys) -> None:
    X, _ = data
    quick(graphs).fit(X).save(tmp_path / "graphs.ae")
    np.save(tmp_path / "X.npy", X)

    def run(command: str, *words: str) -> int:
        return main([command, str(tmp_path / "graphs.ae"), *words])

    given, out = str(tmp_path / "X.npy"), f"--out={tmp_path / 'out'}"
    lines = {
        "transform": [given, f"{out}.csv"],
        "reconstruct": [given, f"{out}.npy"],
        "denoise": [given, out],
        "sample": [f"{out}.npy", "-n=3"],
        "score": [given],
        "plot": [given, f"{out}-plot"],
        "manifold": [given, f"{out}-manifold"],
        "neighbors": [given, f"{out}-neighbors.csv"],
        "anomalies": [given, f"{out}-anomalies.csv"],
        "interpolate": [given, "0", "1", f"{out}-way.npy"],
        "info": [],
    }

    for command, words in lines.items():
        assert run(command, *words) == 2
        assert "with --trusted graphs.Graphs." in capsys.readouterr().err
        assert run(command, *words, "--trusted", "graphs.Graphs") == 0, capsys.readouterr().err

    assert run("plot", given, f"{out}-plot", "--trusted", "graphs.Graphs") == 0
    printed = capsys.readouterr().out
    assert "out-plot/grid.png" in printed  # rows of numbers, as those of a series
    assert "out-plot/codes.png" in printed
    assert run("impute", given, f"{out}.npy", "--trusted", "graphs.Graphs") == 2
    assert "needs a model of a table with columns" in capsys.readouterr().err
    assert np.allclose(np.load(tmp_path / "out.npy")[[0, -1]].shape, (2, 6, 6))


def test_folders_files_and_memory_are_alike(graphs, data, tmp_path) -> None:
    X, _ = data
    (tmp_path / "graphs").mkdir()
    np.save(tmp_path / "X.npy", X)
    model = quick(graphs)
    fitted = model.fit(X)

    for i, x in enumerate(X):
        fitted.modality_.write(tmp_path / "graphs" / f"{i:03}.txt", x)

    Z = fitted.transform(X)
    assert np.array_equal(fitted.transform(tmp_path / "graphs"), Z)
    assert np.array_equal(model.fit(tmp_path / "graphs").transform(X), Z)
    assert np.array_equal(model.fit(np.load(tmp_path / "X.npy", mmap_mode="r")).transform(X), Z)


def test_clones_and_resumed_training(graphs, data, tmp_path) -> None:
    from sklearn.base import clone

    X, _ = data
    model = quick(graphs).set_params(training__checkpoint_dir=str(tmp_path)).fit(X)

    assert clone(model).modality.nodes == 6
    assert model.get_params()["modality__nodes"] == 6
    assert np.array_equal(model.transform(X), clone(model).fit(X, resume=True).transform(X))


def test_the_manifold_part_takes_it(graphs, data) -> None:
    X, _ = data
    model = quick(graphs).fit(X)

    assert NeighborGraph(3).fit(model.transform(X)).indices_.shape == (60, 3)
    assert np.isfinite(
        Tangents(model).fit(X).principal_angles(X[:4], np.array([[1], [2], [3], [0]]))
    ).all()


def test_other_data_are_refused(graphs) -> None:
    with pytest.raises(ValueError, match=r"expected symmetric matrices of 6 nodes, got shape"):
        quick(graphs).fit(np.zeros((5, 7, 7)))

    with pytest.raises(ValueError, match="expected symmetric matrices"):
        quick(graphs).fit(np.triu(np.ones((5, 6, 6))))


@pytest.fixture
def angles(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "examples")
    return importlib.import_module("angles")


@pytest.fixture
def clocks(angles):
    return angles.hands(60, np.random.default_rng(0))


def wrapped(difference: np.ndarray) -> np.ndarray:
    return np.abs(np.arctan2(np.sin(difference), np.cos(difference)))


@pytest.mark.parametrize("recipe", [ae.vae, ae.autoencoder, ae.denoising])
def test_a_kind_in_ten_methods_has_the_whole_interface(angles, clocks, recipe, tmp_path) -> None:
    training = ae.Training(epochs=2)
    model = recipe(2, modality=angles.Angles(), training=training, random_state=0).fit(clocks)
    model.save(tmp_path / "clocks.ae")
    loaded = ae.load(tmp_path / "clocks.ae", trusted=angles.Angles)

    assert np.array_equal(loaded.transform(clocks), model.transform(clocks))
    assert np.allclose(model.transform(clocks + 2 * np.pi), model.transform(clocks), atol=1e-4)
    assert model.inverse_transform(model.transform(clocks)).shape == clocks.shape
    assert np.isfinite(model.score(clocks))
    assert not any(hasattr(model, name) for name in ("impute", "cell_surprisal"))

    difference = model.reconstruct(clocks) - clocks
    assert np.allclose(model.reconstruction_error(clocks), (wrapped(difference) ** 2).sum(axis=1))

    if hasattr(model, "sample"):
        assert np.abs(model.sample(50, random_state=0)).max() <= np.pi

    with pytest.raises(ValueError, match=r"Angles\(\) has no windows to pool"):
        model.transform(clocks, pool_windows=True)

    with pytest.raises(ValueError, match="expected rows of 3 finite angles"):
        model.transform(clocks[:, :2])


def test_its_way_there_and_back_is_the_same_angle(angles, clocks) -> None:
    kind = angles.Angles().fit(clocks)
    again = kind.restore(kind.normalize(kind.load(clocks)))

    assert wrapped(again - clocks).max() < 1e-6


def test_its_files_and_commands(angles, clocks, tmp_path, capsys) -> None:
    training = ae.Training(epochs=1)
    model = ae.vae(
        2,
        modality=angles.Angles(),
        training=training,
        random_state=0,
        prior=ae.priors.StandardNormal(),
    ).fit(clocks)
    model.save(tmp_path / "clocks.ae")
    np.save(tmp_path / "X.npy", clocks)
    np.savetxt(tmp_path / "X.csv", clocks, delimiter=",", header="h,m,b", comments="")

    for file in ("X.npy", "X.csv"):
        out = tmp_path / f"{file}-codes.npy"
        words = ["transform", str(tmp_path / "clocks.ae"), str(tmp_path / file), f"--out={out}"]
        assert main(words) == 2
        assert "with --trusted angles.Angles." in capsys.readouterr().err
        assert main([*words, "--trusted", "angles.Angles"]) == 0, capsys.readouterr().err
        assert np.allclose(np.load(out), model.transform(clocks), atol=1e-5)

    with pytest.raises(ValueError, match=r"Angles\(\), got the folder"):
        model.transform(tmp_path)
