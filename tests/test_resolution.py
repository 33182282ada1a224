r"""Tests for images of lower resolution, whose details a model restores."""

import logging

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

import autoencode as ae
from autoencode.cli import main
from autoencode.corruptions import Downsampling
from autoencode.corruptions.resolution import enlarge
from autoencode.modalities.image.enlarging import enlarge_pixels

DIGITS = (load_digits().images * 15).astype(np.uint8)[:1796].reshape(449, 2, 2, 8, 8)
X = DIGITS.transpose(0, 1, 3, 2, 4).reshape(449, 16, 16)  # four digits in each image


def small(X: np.ndarray) -> np.ndarray:
    r"""Means of squares of two by two pixels, of images in bytes."""
    n, H, W = X.shape
    return np.rint(X.reshape(n, H // 2, 2, W // 2, 2).mean(axis=(2, 4))).astype(X.dtype)


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_small_images_are_means_of_squares(factor: int, h: int, w: int) -> None:
    x = torch.rand(2, 3, factor * h, factor * w, dtype=torch.float64)
    means = x.unflatten(3, (w, factor)).unflatten(2, (h, factor)).mean(dim=(3, 5))
    torch.testing.assert_close(Downsampling(factor)(x), enlarge(means, factor))


def test_enlarging_is_linear_interpolation() -> None:
    x = np.random.default_rng(0).random((5, 7))
    expected = zoom(x, 3, order=1, mode="nearest", grid_mode=True)
    assert np.allclose(enlarge(torch.from_numpy(x)[None, None], 3)[0, 0], expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, bool])
@pytest.mark.parametrize("shape", [(2, 4, 5), (2, 4, 5, 3)])
def test_types_of_pixels_stay(dtype, shape) -> None:
    x = np.full(shape, 1, dtype)
    found = enlarge_pixels(x, 2)
    assert found.dtype == x.dtype
    assert found.shape == (2, 8, 10, *shape[3:])
    assert (found == 1).all()

    first = enlarge_pixels(np.zeros((2, 3, 4, 5)), 2, channels_first=True)
    assert first.shape == (2, 3, 8, 10)


@pytest.mark.parametrize("factor", [0, 1.5, "2", -1])
def test_factors_are_whole(factor) -> None:
    with pytest.raises(ValueError, match="whole number >= 1"):
        Downsampling(factor)


def test_rows_have_no_resolution() -> None:
    with pytest.raises(ValueError, match="needs images"):
        Downsampling()(torch.rand(3, 4))

    model = ae.linear(1).fit(X[:20, 0].astype(float))

    with pytest.raises(ValueError, match="expected images for enlarge=2"):
        model.denoise(X[:2, 0].astype(float), enlarge=2)


@pytest.fixture(scope="module")
def model() -> ae.Autoencoder:
    training = ae.Training(epochs=25, batch_size=50)
    network = ae.networks.Convolutional(width=8, hidden_width=64, skip=True)
    options = {"network": network, "training": training, "random_state": 0}
    return ae.autoencoder(80, **options).fit(X[:400], corrupted=small(X[:400]))


@pytest.mark.slow
def test_details_of_small_images_are_restored(model) -> None:
    found = model.denoise(small(X[400:]), enlarge=2)
    blurred = enlarge_pixels(small(X[400:]), 2)
    errors = [np.square(R.astype(float) - X[400:]).mean() for R in (found, blurred)]

    assert found.shape == X[400:].shape
    assert errors[0] < 0.8 * errors[1]
    assert np.array_equal(found[:9], model.denoise(blurred[:9], full_size=True))


def test_pairs_of_sizes_are_the_corruption(caplog) -> None:
    options = {"training": ae.Training(epochs=1), "random_state": 0}

    with caplog.at_level(logging.INFO):
        ae.autoencoder(4, **options).fit(X[:50], corrupted=small(X[:50]))

    assert "enlarged from 8 x 8 to 16 x 16" in caplog.text

    with pytest.raises(ValueError, match="expected images with shape"):
        ae.autoencoder(4, **options).fit(X[:50], corrupted=X[:50, :8, :7])


def test_files_are_enlarged(model, tmp_path) -> None:
    model.save(tmp_path / "model.ae")
    (tmp_path / "small").mkdir()
    Image.fromarray(small(X[:1])[0]).save(tmp_path / "small" / "a.png")
    paths = [str(tmp_path / name) for name in ("model.ae", "small", "large")]
    assert main(["denoise", *paths[:2], "--enlarge", "2", "--out", paths[2]]) == 0

    found = np.asarray(Image.open(tmp_path / "large" / "a.png"))
    assert np.array_equal(found, model.denoise(small(X[:1]), enlarge=2)[0])
