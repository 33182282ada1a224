r"""Tests for the datasets module."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from autoencode import datasets

NAMES = {
    "X": "train-images-idx3-ubyte",
    "y": "train-labels-idx1-ubyte",
    "X_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {"X": (5, 4, 4), "y": (5,), "X_test": (2, 4, 4), "y_test": (2,)}
    return {key: rng.integers(256, size=shape, dtype=np.uint8) for key, shape in shapes.items()}


def write(folder: Path, packed: str) -> None:
    for key, array in arrays().items():
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        content, name = head + array.tobytes(), NAMES[key]

        if key in packed.split():
            content, name = gzip.compress(content), f"{name}.gz"

        (folder / name).write_bytes(content)


def test_digits() -> None:
    data = datasets.digits()

    assert data.X.shape == (1797, 8, 8)
    assert data.X.dtype == np.uint8
    assert (data.X.min(), data.X.max()) == (0, 255)
    assert np.unique(data.X).size == 17
    assert np.bincount(data.y).min() > 170


@pytest.mark.parametrize("packed", ["", "X y", "X y X_test y_test"])
@pytest.mark.parametrize("read", [datasets.mnist, datasets.fashion_mnist])
def test_mnist_from_a_folder(tmp_path: Path, packed: str, read) -> None:
    write(tmp_path, packed)
    data = read(tmp_path)

    for key, array in arrays().items():
        assert np.array_equal(data[key], array), key


def test_idx_from_a_file(tmp_path: Path) -> None:
    write(tmp_path, "y")

    assert np.array_equal(datasets.idx(tmp_path / NAMES["X"]), arrays()["X"])
    assert np.array_equal(datasets.idx(f"{tmp_path}/{NAMES['y']}.gz"), arrays()["y"])


@pytest.mark.parametrize("key", NAMES)
def test_a_missing_file_is_named(tmp_path: Path, key: str) -> None:
    write(tmp_path, "")
    (tmp_path / NAMES[key]).unlink()

    with pytest.raises(FileNotFoundError, match=f"there is no '{NAMES[key]}' or .*gz' in"):
        datasets.mnist(tmp_path)


def test_number_words_are_distinct_and_in_a_seeded_order() -> None:
    words, shuffled = datasets.number_words(), datasets.number_words(random_state=3)
    again = dict(zip(shuffled.y.tolist(), shuffled.X, strict=True))

    assert len({*words.X}) == 1000
    assert [again[n] for n in range(1000)] == words.X != shuffled.X
    assert words.X[999] == "nine hundred and ninety-nine"


def test_drums_of_a_seed_are_the_same() -> None:
    one, same, other = (datasets.drums(6, random_state=seed) for seed in (1, 1, 2))

    assert np.array_equal(one.X, same.X)
    assert not np.allclose(one.X, other.X, atol=0.1)
    assert np.abs(one.X).max() < 1


def test_the_cell_rests_fires_and_rests() -> None:
    cell = datasets.membrane_potential()
    fires = np.flatnonzero(np.diff((cell.x > -10).astype(int)) == 1)

    assert cell.x.dtype == np.float32
    assert (cell.x[:900] < -60).all()
    assert (cell.x[-500:] < -60).all()
    assert np.median(np.diff(fires)[5:25]) == pytest.approx(cell.rate / 14, rel=0.05)
