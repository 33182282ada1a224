r"""Tests for photographs that come back in their own size."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

import autoencode as ae
from autoencode.cli import main
from autoencode.data import read_images
from autoencode.data.media import image_plans
from autoencode.data.media.deep_png import write_deep_png
from autoencode.data.media.photographs import read_photograph, write_photograph
from autoencode.inference.own_size import resized
from autoencode.modalities.image import tiles as mosaics
from autoencode.modalities.image.tiles import over_blocks, over_tiles

RNG = np.random.default_rng(0)


def picture(*shape: int, levels: int = 256) -> NDArray:
    r"""Smooth pixels that use many levels."""
    i, j = np.mgrid[: shape[0], : shape[1]]
    waves = [0.5 + 0.4 * np.sin(i / (9 + k) + j / (13 - k)) for k in range(3)]
    X = np.stack(waves, axis=-1) if len(shape) == 3 else waves[0]

    return ((levels - 1) * X).astype(np.uint8 if levels == 256 else np.uint16)


def patches(n: int = 16, *channels: int) -> NDArray:
    X = picture(80, 80, *channels)
    return np.stack([X[i : i + n, j : j + n] for i in range(0, 64, 8) for j in range(0, 64, 8)])


def cleaner(X: NDArray, **options):
    training = ae.Training(epochs=1, batch_size=16)
    return ae.denoising(training=training, random_state=0, noise=0.1, **options).fit(X)


MAPS = ae.networks.FullyConvolutional(width=4, stride=4, channels=6)


@pytest.fixture(
    scope="module",
    params=[{}, {"latent_dim": 8}, {"network": MAPS}],
    ids=["keeps places", "by tiles", "narrow map"],
)
def color(request):
    return cleaner(patches(16, 3), **request.param)


@pytest.fixture(scope="module")
def gray():
    return cleaner(patches())


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 20), st.integers(1, 20))
def test_tiles_are_put_together_to_what_was_cut(H: int, W: int, h: int, w: int) -> None:
    x, seen = torch.rand(2, H, W), []

    def same(tiles: torch.Tensor) -> torch.Tensor:
        seen.append(len(tiles))
        assert tiles.shape[1:] == (2, h, w)
        return tiles

    assert torch.allclose(over_tiles(x, (h, w), same), x, atol=1e-5)
    assert max(seen) <= 1 + max(0, W - w) // max(1, w // 2) + 1  # one row of tiles at once


@pytest.mark.slow
def test_blocks_are_one_pass(color, monkeypatch) -> None:
    if color.network_.receptive_radius is None:
        pytest.skip("this network sees one size")

    X = picture(75, 51, 3)
    monkeypatch.setattr(mosaics, "_BLOCK_PIXELS", 20)
    by_blocks = color.denoise([X])
    monkeypatch.setattr(mosaics, "_BLOCK_PIXELS", 1000)
    at_once = color.denoise([X])

    assert np.abs(by_blocks.astype(int) - at_once).max() <= 1  # a level, by rounding
    assert (by_blocks == at_once).mean() > 0.99


def test_no_farther_pixel_is_seen(gray) -> None:
    x = torch.rand(1, 90, 90, requires_grad=True)
    clean = resized(gray.blueprint_, gray.model_, (1, 90, 90))
    radius = gray.network_.receptive_radius
    y = over_blocks(x, radius, lambda b: clean.decode(clean.encode(b).mean).mean)
    (slope,) = torch.autograd.grad(y[0, 45, 44], x)
    rows, columns = slope[0].nonzero().T

    assert max((rows - 45).abs().max(), (columns - 44).abs().max()) <= radius


def test_images_of_mixed_sizes_come_back_in_them(color) -> None:
    sizes = [(16, 16), (40, 30), (7, 50), (20, 700), (5, 5)]
    X = [picture(*size, 3) for size in sizes]
    R = color.denoise(X)

    assert [r.shape for r in R] == [x.shape for x in X]
    assert all(r.dtype == np.uint8 for r in R)
    assert np.abs(R[1].astype(int) - X[1]).mean() < 40

    # As they are where they have the size of the fit
    alone = color.denoise(patches(16, 3)[:3])
    assert np.array_equal(alone, color.reconstruct(patches(16, 3)[:3]))
    assert color.denoise(np.stack([X[1], X[1]])).shape == (2, 40, 30, 3)

    with pytest.raises(ValueError, match=r"Use X\[None\] for a single"):
        color.denoise(X[1])


@pytest.mark.parametrize("scale", [np.uint8(1), 1 / 255, 2.0])
def test_scale_and_type_are_those_of_the_user(scale) -> None:
    X = patches() * scale
    model = cleaner(X)
    (R,) = model.denoise([picture(30, 40) * scale])

    assert R.dtype == X.dtype
    assert abs(R.mean() / X.mean() - 1) < 0.3


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    (folder / "more").mkdir(parents=True)
    alpha = np.full((30, 41), 255, np.uint8)
    alpha[:9] = 100
    upright = Image.Exif()
    upright[0x0112] = 6
    Image.fromarray(picture(40, 24, 3)).save(folder / "turned.jpg", exif=upright)
    Image.fromarray(np.dstack([picture(30, 41, 3), alpha])).save(folder / "clear.png")
    Image.fromarray(picture(25, 33, levels=65536)).save(folder / "deep.png")
    Image.fromarray(picture(20, 300)).save(folder / "more" / "strip.png")
    Image.fromarray(picture(40, 24, 3)).save(folder / "more" / "page.bmp")

    return folder


@pytest.mark.slow
def test_colors_depth_transparency_and_orientation_survive(color, gray, album, tmp_path) -> None:
    for model, out in ((color, tmp_path / "by color"), (gray, tmp_path / "by gray")):
        model.save(tmp_path / "model.ae")
        line = ["denoise", tmp_path / "model.ae", album, "--out", out]
        assert main([*map(str, line)]) == 0

        clean = {p.stem: read_photograph(p) for p in out.rglob("*.png")}
        assert {k: (v.shape, v.dtype.name) for k, v in clean.items()} == {
            "turned": ((24, 40, 3), "uint8"),
            "clear": ((30, 41, 4), "uint8"),
            "deep": ((25, 33), "uint16"),
            "strip": ((20, 300), "uint8"),
            "page": ((40, 24, 3), "uint8"),
        }
        assert np.array_equal(clean["clear"][..., 3], read_photograph(album / "clear.png")[..., 3])
        assert len(np.unique(clean["deep"])) > 256
        assert abs(clean["deep"].mean() / picture(25, 33, levels=65536).mean() - 1) < 0.3
        assert clean["page"].std(axis=2).max() > 5  # colors

    one = tmp_path / "one.png"
    assert (
        main([*map(str, ["denoise", tmp_path / "model.ae", album / "deep.png", "--out", one])])
        == 0
    )
    assert np.array_equal(read_photograph(one), clean["deep"])

    in_memory = gray.denoise(album)
    assert [r.shape for r in in_memory] == [
        (30, 41, 4),
        (25, 33),
        (40, 24, 3),
        (20, 300),
        (24, 40, 3),
    ]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bits_a_channel_are_written_as_they_are(tmp_path: Path, channels: int) -> None:
    X = np.random.default_rng(0).integers(2**16, size=(7, 5, channels), dtype=np.uint16)
    X = X[..., 0] if channels == 1 else X
    write_photograph(tmp_path / "x.png", X)

    assert np.array_equal(read_photograph(tmp_path / "x.png"), X)

    with Image.open(tmp_path / "x.png") as image:
        image.load()  # Pillow, which checks the sums of chunks, keeps the upper eight bits
        upper = np.asarray(image)

    if channels > 2:
        assert np.array_equal(upper, X >> 8)

    with pytest.raises(ValueError, match="expected levels as uint16"):
        write_deep_png(tmp_path / "x.png", X.astype(np.uint8))


def test_a_color_profile_is_that_of_the_original(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(picture(8, 8, 3)).save(tmp_path / "like.png", icc_profile=profile)
    write_photograph(tmp_path / "x.png", np.zeros((8, 8, 3), np.uint16), tmp_path / "like.png")

    with Image.open(tmp_path / "x.png") as image:
        assert image.info["icc_profile"] == profile


@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_colors_of_more_than_8_bits_keep_them(tmp_path: Path, kind: str) -> None:
    album, model = tmp_path / "album", tmp_path / "m.ae"
    album.mkdir()
    X = np.random.default_rng(0).integers(2**16, size=(16, 12, 12, 3), dtype=np.uint16)

    for i, x in enumerate(X):
        write_photograph(album / f"{i:02}.png", x)

    fitted = ae.autoencoder(2, layers=(8,), training=ae.Training(epochs=1), random_state=0)
    fitted.fit(album if kind == "uint16" else (X / 65535).astype(np.float32)).save(model)
    tasks = ["reconstruct", "denoise"] if kind == "uint16" else ["reconstruct"]

    for task in tasks:
        assert main([task, str(model), str(album), "--out", str(tmp_path / task)]) == 0
        R = np.stack([read_photograph(f) for f in sorted((tmp_path / task).iterdir())])
        assert R.dtype == np.uint16
        expected = np.asarray(ae.load(model).reconstruct(album), float)
        scale = 65535 if kind == "float32" else 1
        np.testing.assert_allclose(R, scale * expected, atol=1)


def test_colors_that_no_file_holds_are_reported(tmp_path: Path, caplog) -> None:
    X = np.random.default_rng(0).normal(size=(12, 8, 8, 3))
    ae.autoencoder(1, layers=(4,), training=ae.Training(epochs=1)).fit(X).save(tmp_path / "m.ae")
    np.save(tmp_path / "x.npy", X)
    out = ["--out", str(tmp_path / "out")]

    assert main(["reconstruct", str(tmp_path / "m.ae"), str(tmp_path / "x.npy"), *out]) == 0
    assert caplog.text.count("are written as images of 8 bits. A .npy file keeps") == 1


def test_files_say_themselves_what_they_are(tmp_path) -> None:
    X = picture(40, 40)

    for i in range(3):  # planes that are alike, of which an array may be one photograph
        Image.fromarray(X).save(tmp_path / f"{i}.png")

    model = ae.linear(1).fit(tmp_path)
    assert model.modality_.shape_ == (1, 40, 40)

    with pytest.raises(ValueError, match="one photograph with its channels first"):
        ae.linear(1).fit(np.stack([X] * 3))


def test_arrays_of_another_size_go_through_the_command_line(gray, tmp_path) -> None:
    gray.save(tmp_path / "m.ae")
    np.save(tmp_path / "x.npy", np.stack([picture(30, 40)] * 2))
    line = ["denoise", tmp_path / "m.ae", tmp_path / "x.npy", "--out", tmp_path / "r.npy"]

    assert main([*map(str, line)]) == 0
    assert np.load(tmp_path / "r.npy").shape == (2, 30, 40)


def test_strips_keep_as_many_pixels_as_squares(tmp_path) -> None:
    Image.fromarray(picture(20, 2000)).save(tmp_path / "line.png")
    X = read_images(tmp_path).X

    assert X.shape == (1, 13, 1280)

    with pytest.warns(ae.FitWarning, match="images of 20 x 2000 became 13 x 1280"):
        ae.autoencoder(1, layers=(2,), training=ae.Training(epochs=1)).fit(tmp_path)


def test_many_photographs_are_smaller_than_few(tmp_path, monkeypatch) -> None:
    for i in range(4):
        Image.fromarray(picture(200, 150)).save(tmp_path / f"{i}.png")

    for pixels, shape in ((2**24, (128, 96)), (4 * 100**2, (100, 75)), (1, (64, 48))):
        monkeypatch.setattr(image_plans, "_MAX_DEFAULT_PIXELS", pixels)
        assert read_images(tmp_path).X.shape == (4, *shape)


def test_codes_of_images_of_any_size_are_maps(color, tmp_path) -> None:
    X = [picture(75, 51, 3), picture(16, 16, 3)]

    if color.network_.stride is None:
        with pytest.raises(ValueError, match=r"are vectors.*FullyConvolutional"):
            color.transform(X, full_size=True)

        return

    Z = color.transform(X, full_size=True)
    rows = color.transform(X[1][None])
    assert [z.shape for z in Z] == [color.network_.code_shape((3, *x.shape[:2])) for x in X]
    assert np.array_equal(Z[1].reshape(1, -1), rows)  # a flattened map is a row

    R, whole = color.inverse_transform(Z), color.reconstruct(X, full_size=True)

    for r, expected, x in zip(R, whole, X):
        H, W = x.shape[:2]
        assert np.abs(r[:H, :W].astype(int) - expected).max() <= 1

    assert color.inverse_transform(np.stack([Z[1]] * 2)).shape == (2, 16, 16, 3)

    color.save(tmp_path / "maps.ae")
    assert np.array_equal(ae.load(tmp_path / "maps.ae").transform(X, full_size=True)[0], Z[0])

    with pytest.raises(ValueError, match="expected maps of"):
        color.inverse_transform([Z[0][:1]])


def test_blocks_of_codes_are_one_pass(color, monkeypatch) -> None:
    if color.network_.stride is None:
        pytest.skip("this network sees one size")

    X = [picture(75, 51, 3)]
    whole = color.transform(X, full_size=True)
    monkeypatch.setattr(mosaics, "_BLOCK_PIXELS", 20)
    assert np.allclose(color.transform(X, full_size=True), whole, atol=1e-5)


def test_errors_of_pixels_add_up_to_those_of_images(color, gray, tmp_path) -> None:
    X = patches(16, 3)[:3]
    errors = color.error_map(X)
    assert errors.shape == (3, 16, 16)
    assert np.allclose(errors.sum(axis=(1, 2)), color.reconstruction_error(X), rtol=1e-3)

    big = picture(40, 30, 3)
    (found,) = color.error_map([big])
    expected = np.square((color.denoise([big])[0] / 255.0) - big / 255.0).sum(axis=-1)
    assert np.abs(found - expected).max() < 0.02  # by rounding to bytes

    smooth = color.error_map([big], smoothing=2.0)[0]
    assert smooth.mean() == pytest.approx(found.mean(), rel=1e-4)
    assert smooth.std() < found.std()

    # A gray model sees the mean of colors
    mean = gray.error_map([big])[0]
    assert np.allclose(mean, gray.error_map([big.mean(axis=-1)])[0], atol=1e-5)

    with pytest.raises(ValueError, match="smoothing >= 0"):
        color.error_map(X, smoothing=-1)

    assert not hasattr(ae.linear(1).fit(X.reshape(3, -1)[:, :5]), "error_map")


@pytest.mark.slow
def test_heat_maps_are_written_in_the_size_of_each_photograph(gray, album, tmp_path) -> None:
    gray.save(tmp_path / "model.ae")
    line = ["anomalies", tmp_path / "model.ae", album, "--out", tmp_path / "scores.csv"]
    maps = tmp_path / "maps"

    assert main([*map(str, [*line, "--maps", maps])]) == 0
    found = {p.stem: read_photograph(p).shape for p in maps.rglob("*.png")}
    assert found == {
        "turned": (24, 40, 3),
        "clear": (30, 41, 3),
        "deep": (25, 33, 3),
        "strip": (20, 300, 3),
        "page": (40, 24, 3),
    }
    assert main([*map(str, [*line, "--force", "--maps", album])]) == 2  # originals stay

    np.save(tmp_path / "x.npy", patches()[:4])
    line[2] = tmp_path / "x.npy"
    assert main([*map(str, [*line, "--force", "--maps", tmp_path / "two"])]) == 0
    assert len([*(tmp_path / "two").iterdir()]) == 4
