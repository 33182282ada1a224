r"""Tests for missing pixels of images, which a model fills in."""

import logging

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import autoencode as ae
from autoencode.cli import main
from autoencode.inference.inpainting import masks_of

X = (load_digits().images * 15).astype(np.uint8)
TRAIN, TEST = X[:1500], X[1500:1540]
MASK = np.zeros((8, 8), bool)
MASK[2:5, 2:6] = True


@pytest.fixture(scope="module")
def linear() -> ae.Autoencoder:
    return ae.linear(6).fit(TRAIN)


def test_a_linear_model_finds_the_best_code(linear) -> None:
    model = ae.linear(6).fit(TRAIN / 255.0)
    mean = model.inverse_transform(np.zeros((1, 6))).reshape(64)
    A = (model.inverse_transform(0.1 * np.eye(6)).reshape(6, 64) - mean).T
    mask = np.random.default_rng(0).random((40, 8, 8)) < 0.2
    filled = model.inpaint(TEST / 255.0, mask, max_steps=2000).reshape(-1, 64)

    for x, found, m in zip(TEST.reshape(-1, 64) / 255.0, filled, mask.reshape(-1, 64)):
        z, *_ = np.linalg.lstsq(A[~m], (x - mean)[~m], rcond=None)
        assert np.abs(found - np.clip(mean + A @ z, 0, 1))[m].max() < 0.02


def test_known_pixels_stay_and_missing_ones_improve(linear) -> None:
    mask = np.random.default_rng(0).random(TEST.shape) < 0.3
    filled = linear.inpaint(TEST, mask)
    mean = np.broadcast_to(TRAIN.mean(axis=0), TEST.shape)

    assert filled.dtype == np.uint8
    assert np.array_equal(filled[~mask], TEST[~mask])

    errors = [np.square((R - TEST.astype(float))[mask]).mean() for R in (filled, mean)]
    assert errors[0] < 0.7 * errors[1]
    assert np.array_equal(linear.inpaint(TEST, np.zeros((8, 8))), TEST)


def test_masks_of_their_own_are_those_of_single_images(linear) -> None:
    masks = np.random.default_rng(0).random((5, 8, 8)) < 0.3
    together = linear.inpaint(TEST[:5], masks, max_steps=2000)
    alone = [linear.inpaint(x[None], m, max_steps=2000)[0] for x, m in zip(TEST, masks)]
    apart = np.abs(together.astype(int) - np.stack(alone))
    assert apart.max() <= 2


def test_images_of_any_size_are_filled_in_tiles(linear) -> None:
    big = np.kron(TEST[0], np.ones((2, 3))).astype(np.uint8)
    mask = np.zeros(big.shape, bool)
    mask[4:7, 9:12] = True
    (filled,) = linear.inpaint([big], [mask])

    assert filled.shape == big.shape
    assert np.array_equal(filled[~mask], big[~mask])
    assert not np.array_equal(filled[mask], big[mask])


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((7, 8)), "as large as their images"),
        (np.zeros((3, 8, 8)), "one for each of 40 images, got 3"),
        (np.full((8, 8), "a"), "masks of booleans"),
    ],
)
def test_masks_that_do_not_fit_are_refused(linear, mask, message) -> None:
    with pytest.raises(ValueError, match=message):
        linear.inpaint(TEST, mask)


def test_only_images_have_pixels() -> None:
    assert not hasattr(ae.linear(1).fit(X[:20, 0].astype(float)), "inpaint")


def test_a_model_that_returns_what_it_is_given_is_reported(caplog) -> None:
    model = ae.linear(64).fit(TRAIN[:200])

    with caplog.at_level(logging.WARNING):
        model.inpaint(TEST[:2], MASK)

    assert "the model may copy its input" in caplog.text


def test_masks_in_files_are_joined_by_name(linear, tmp_path) -> None:
    linear.save(tmp_path / "model.ae")

    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()

    for i, name in enumerate("ba"):
        mask = np.roll(MASK, i, axis=0)
        Image.fromarray(TEST[i]).save(tmp_path / "images" / f"{name}.png")
        Image.fromarray(255 * mask.astype(np.uint8)).save(tmp_path / "masks" / f"{name}.bmp")

    names = ["model.ae", "images", "masks", "out"]
    model, images, masks, out = (str(tmp_path / name) for name in names)
    assert main(["inpaint", model, images, "--mask", masks, "--out", out]) == 0

    for i, name in enumerate("ba"):
        found = np.asarray(Image.open(tmp_path / "out" / f"{name}.png"))
        expected = linear.inpaint([TEST[i]], np.roll(MASK, i, axis=0))[0]
        assert np.abs(found.astype(int) - expected).max() <= 1

    # Files of other kinds beside the images have no part in it
    (tmp_path / "images" / "aa.txt").write_text("notes")
    assert main(["inpaint", model, images, "--mask", masks, "--out", out, "--force"]) == 0
    again = np.asarray(Image.open(tmp_path / "out" / "b.png"))
    assert np.abs(again.astype(int) - linear.inpaint([TEST[0]], MASK)[0]).max() <= 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.png"]

    (tmp_path / "masks" / "a.bmp").unlink()
    (tmp_path / "masks" / "b.bmp").rename(tmp_path / "masks" / "c.bmp")
    Image.fromarray(TEST[0]).save(tmp_path / "masks" / "d.bmp")
    assert main(["inpaint", model, images, "--mask", masks, "--out", out, "--force"]) == 2


def test_masks_in_subfolders_are_joined_by_their_paths(linear, tmp_path) -> None:
    for i, kind in enumerate("ba"):
        for folder in ("images", "masks"):
            (tmp_path / folder / kind).mkdir(parents=True)

        mask = np.roll(MASK, i, axis=0)
        Image.fromarray(TEST[i]).save(tmp_path / "images" / kind / "1.png")
        Image.fromarray(255 * mask.astype(np.uint8)).save(tmp_path / "masks" / kind / "1.png")

    first, second = masks_of(tmp_path / "masks", tmp_path / "images")
    assert np.array_equal(first, np.roll(MASK, 1, axis=0))
    assert np.array_equal(second, MASK)


def test_masks_of_colors_are_where_any_color_is() -> None:
    mask = np.zeros((9, 9, 4), np.uint8)
    mask[..., 3] = 255  # opaque
    mask[1, 2, 1] = 9
    (found,) = masks_of([mask], np.zeros((1, 9, 9)))
    assert found.sum() == 1
    assert found[1, 2]
