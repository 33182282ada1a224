r"""Tests for the data module: files in, arrays out."""

import gzip
import logging
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

import autoencode as ae
from autoencode.data import Batches, Examples, read_array, read_images

IDX_TYPES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx_bytes(array: np.ndarray) -> bytes:
    code = IDX_TYPES[array.dtype.str[1:]]
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def png_bytes(width: int, height: int) -> bytes:
    r"""The start of a PNG file that announces a size, and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


# Arrays


@pytest.mark.parametrize("dtype", IDX_TYPES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_idx_round_trip(tmp_path: Path, dtype: str, pack) -> None:
    X = np.arange(24).reshape(2, 3, 4).astype(dtype)
    (tmp_path / "x-idx3-ubyte").write_bytes(pack(idx_bytes(X)))
    read = read_array(tmp_path / "x-idx3-ubyte").X

    assert read.dtype == X.dtype
    assert read.dtype.isnative
    assert np.array_equal(read, X)


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=4, max_side=4)))
def test_npy_and_npz_round_trip(tmp_path_factory, X: np.ndarray) -> None:
    folder = tmp_path_factory.mktemp("arrays")
    np.save(folder / "a.npy", X)
    np.savez(folder / "only.npz", X)
    np.savez(folder / "named.npz", X=X, y=np.arange(3), other=np.zeros(2))

    assert np.array_equal(read_array(folder / "a.npy").X, X, equal_nan=True)
    assert np.array_equal(read_array(folder / "only.npz").X, X, equal_nan=True)
    assert read_array(folder / "only.npz").y is None
    assert np.array_equal(read_array(folder / "named.npz").X, X, equal_nan=True)
    assert read_array(folder / "named.npz").y.tolist() == [0, 1, 2]


@pytest.mark.slow
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 3)),
        elements=st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_csv_round_trip_is_exact(tmp_path_factory, X: np.ndarray) -> None:
    file = tmp_path_factory.mktemp("csv") / "a.csv"
    rows = [",".join(map(repr, row)) for row in X.tolist()]

    file.write_text("\n".join(rows))
    assert np.array_equal(read_array(file).X, X)
    assert read_array(file).columns is None

    header = ",".join(f"column {i}" for i in range(X.shape[1]))
    file.write_text("\n".join([header, *rows]) + "\n")
    assert np.array_equal(read_array(file).X, X)
    assert read_array(file).columns == header.split(",")


@pytest.mark.parametrize(
    ("text", "label", "X", "y", "columns"),
    [
        ("1,2\r\n3,4\r\n", None, [[1, 2], [3, 4]], None, None),
        ("\ufeffa,b\n1,2\n", None, [[1, 2]], None, ["a", "b"]),
        ("\ufeff1,2\n", None, [[1, 2]], None, None),
        ('"a, in m","b ""c"""\n"1",2', None, [[1, 2]], None, ["a, in m", 'b "c"']),
        ('"two\nlines",b\n1,2', None, [[1, 2]], None, ["two\nlines", "b"]),
        ("\n\na,b\n1,2\n\n3,4\n\n", None, [[1, 2], [3, 4]], None, ["a", "b"]),
        ("5", None, [[5]], None, None),
        ("a,k\n1,x\n2,y z\n", "k", [[1], [2]], ["x", "y z"], ["a"]),
        ('k,a\n"x,y",1\n', "k", [[1]], ["x,y"], ["a"]),
        ("k,a\n7,1\n3,2\n", "k", [[1], [2]], ["7", "3"], ["a"]),
    ],
)
def test_csv(tmp_path: Path, text: str, label, X: list, y, columns) -> None:
    file = tmp_path / "a.CSV"
    file.write_bytes(text.encode())
    table = read_array(file, label)

    assert table.X.tolist() == X
    assert (table.y if y is None else table.y.tolist()) == y
    assert table.columns == columns


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        (b"", None, "it is empty"),
        (b"\n\n", None, "it is empty"),
        (b"a,b\n", None, "it has a header, but no rows"),
        (b"1,2\n3\n", None, "expected 2 cells in each row, got 1 in line 2"),
        (b"1,2\n3,4\n5,6,7\n", None, "expected 2 cells in each row, got 3 in line 3"),
        (b"a,k\n1,x\n1,x\n1,x,3\n", "k", "expected 2 cells in each row, got 3 in line 4"),
        (b"a,b\n1,2\n3,\n", None, "expected numbers, got '' in row 2"),
        (b"1,,3\n", None, "expected numbers, got '' in row 1"),
        (b"a,b\n1,red\n", None, "expected numbers, got 'red' in row 1.*`label`"),
        (b"a,b\n1,2\n", "c", r"it has no column 'c'; it has \['a', 'b'\]"),
        (b"1,2\n", "c", "it has no column 'c'; it has no header"),
        (b"k\nx\n", "k", "it has no column except"),
        (b"a,b\n\xf2\xe5\xea\xf1\xf2,2\n", None, "could be in several encodings: .*--encoding"),
        (b"a,b\n" + b"1,2\n" * 9000 + b"\x90,1\n", None, "could be in several encodings"),
    ],
)
def test_bad_csv_is_refused(tmp_path: Path, text: bytes, label, message: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(text)

    with pytest.raises(ValueError, match=message) as error:
        read_array(file, label)

    assert str(file) in str(error.value)


def _of_objects(file: Path) -> None:
    np.save(file, np.array([{"a": 1}], dtype=object))


def _of_two_arrays(file: Path) -> None:
    with file.open("wb") as opened:
        np.savez(opened, a=np.zeros(2), b=np.zeros(2))


def _of_objects_packed(file: Path) -> None:
    with file.open("wb") as opened:
        np.savez(opened, X=np.array([{"a": 1}], dtype=object))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", _of_objects, "holds objects of Python, which are not read"),
        ("a.npy", b"", "damaged or truncated"),
        ("a.npy", b"what is this", "cannot read"),
        ("a.npy", _of_two_arrays, "it is a .npz file"),
        ("a.npz", _of_two_arrays, r"expected an array 'X', or a single one, got \['a', 'b'\]"),
        ("a.npz", _of_objects_packed, "holds objects of Python, which are not read"),
        ("a.npz", b"what is this", "damaged or truncated"),
        ("a.npz", b"\x93NUMPY", "damaged or truncated"),
        ("a-idx", b"", "expected a .npy, .npz, .csv, .parquet or IDX file, or a folder of images"),
        ("a.png", b"\x89PNG\r\n", "expected a .npy, .npz, .csv, .parquet or IDX file"),
        ("a-idx", bytes([0, 0, 8, 3]), "truncated or damaged"),
        ("a-idx", idx_bytes(np.zeros((2, 3), "u1")) + b"!", "6 bytes, and more follow"),
        ("a-idx", b"\x1f\x8b\x08what is this", "damaged or truncated"),
        ("a-idx", struct.pack(">BBBB4I", 0, 0, 14, 4, *4 * [2**32 - 1]), "truncated or damaged"),
    ],
)
def test_bad_array_is_refused(tmp_path: Path, name: str, content, message: str) -> None:
    file = tmp_path / name

    if callable(content):
        content(file)
    else:
        file.write_bytes(content)

    with pytest.raises(ValueError, match=message):
        read_array(file)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a-idx", "a-idx.gz"])
def test_truncated_at_any_length_is_refused(tmp_path: Path, name: str) -> None:
    X, file = np.arange(12, dtype="u1").reshape(3, 4), tmp_path / name

    if name == "a.npy":
        np.save(file, X)
    elif name == "a.npz":
        np.savez(file, X)
    else:
        file.write_bytes(gzip.compress(idx_bytes(X)) if ".gz" in name else idx_bytes(X))

    whole = file.read_bytes()
    assert np.array_equal(read_array(file).X, X)

    for length in {0, 1, 3, 4, 7, *range(8, len(whole), 5), len(whole) - 1}:
        file.write_bytes(whole[:length])

        with pytest.raises(ValueError, match="cannot read"):
            read_array(file)


@given(data=st.data())
def test_any_damage_is_a_value_error(tmp_path_factory, data) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    X = np.arange(12, dtype="u1").reshape(3, 4)
    np.save(folder / "a.npy", X)
    np.savez_compressed(folder / "a.npz", X)
    (folder / "a-idx").write_bytes(gzip.compress(idx_bytes(X)))

    for file in sorted(folder.iterdir()):
        whole = bytearray(file.read_bytes())
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        file.write_bytes(whole)

        try:
            read_array(file)
        except ValueError:
            pass


def test_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no file or folder '.*none\.npy'"):
        read_array(tmp_path / "none.npy")

    np.save(tmp_path / "a.npy", np.zeros(3))

    with pytest.raises(ValueError, match=r"only \.csv and \.parquet files have a label"):
        read_array(tmp_path / "a.npy", label="k")


# Folders


def gray_steps(size: tuple[int, int] = (8, 8)) -> Image.Image:
    levels = np.linspace(0, 255, size[0] * size[1]).reshape(size[::-1])
    return Image.fromarray(levels.astype(np.uint8))


@pytest.mark.parametrize(
    ("mode", "suffix", "shape"),
    [
        ("1", "png", (1, 8, 8)),
        ("L", "png", (1, 8, 8)),
        ("LA", "png", (1, 8, 8)),
        ("I;16", "png", (1, 8, 8)),
        ("P", "gif", (1, 8, 8, 3)),
        ("RGB", "png", (1, 8, 8, 3)),
        ("RGBA", "png", (1, 8, 8, 3)),
        ("CMYK", "jpg", (1, 8, 8, 3)),
        ("YCbCr", "jpg", (1, 8, 8, 3)),
        ("L", "tif", (1, 8, 8)),
        ("L", "bmp", (1, 8, 8)),
    ],
)
def test_images_of_any_mode_are_read(tmp_path: Path, mode: str, suffix: str, shape) -> None:
    image = gray_steps()

    if mode == "I;16":
        image = Image.fromarray((np.asarray(image).astype(np.uint16) << 8) + 128)
    else:
        image = image.convert(mode)

    image.save(tmp_path / f"a.{suffix}")
    X = read_images(tmp_path, strict=True).X

    assert X.shape == shape
    assert X.dtype == (np.uint16 if mode == "I;16" else np.uint8)
    X = X / 257 if mode == "I;16" else X

    if mode != "1":  # dithered
        gray = X[0] if X.ndim == 3 else X[0].mean(axis=-1)
        assert np.abs(gray - np.asarray(gray_steps()).astype(float)).max() <= 8


def test_transparent_images_are_laid_on_white(tmp_path: Path, caplog) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "a.png")

    with caplog.at_level(logging.INFO, "autoencode"):
        assert (read_images(tmp_path).X == 255).all()

    assert "1 of 1 images have an alpha channel, which is left out" in caplog.text

    Image.new("P", (4, 4)).save(tmp_path / "a.png", transparency=0)
    assert (read_images(tmp_path).X == 255).all()


def test_mixed_images_become_of_one_size(tmp_path: Path) -> None:
    for i, size in enumerate([(10, 6), (12, 7), (300, 200)]):
        gray_steps(size).save(tmp_path / f"{i}.png")

    assert read_images(tmp_path).X.shape == (3, 7, 12)  # the median
    assert read_images(tmp_path, size=(5, 9)).X.shape == (3, 5, 9)
    assert read_images(tmp_path, size=(1, 1)).X.shape == (3, 1, 1)
    assert read_images(tmp_path, channels=3).X.shape == (3, 7, 12, 3)

    Image.new("RGB", (12, 7), "red").save(tmp_path / "3.jpg")
    X = read_images(tmp_path).X

    assert X.shape[-1] == 3
    assert np.abs(X[3].mean(axis=(0, 1)) - [255, 0, 0]).max() < 3


def test_large_images_are_brought_to_128_pixels(tmp_path: Path) -> None:
    gray_steps((400, 200)).save(tmp_path / "a.png")
    assert read_images(tmp_path).X.shape == (1, 64, 128)


def test_rotation_by_the_camera_is_undone(tmp_path: Path) -> None:
    image = Image.new("L", (16, 8))
    image.paste(255, (0, 0, 8, 8))  # white on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise: white on top
    image.save(tmp_path / "a.jpg", exif=exif)
    (X,) = read_images(tmp_path).X

    assert X.shape == (16, 8)
    assert X[:6].min() > 200
    assert X[10:].max() < 50


def test_animations_give_their_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("L", (4, 4), gray) for gray in (200, 0)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])

    assert (read_images(tmp_path).X == 200).all()


def test_subfolders_are_labels(tmp_path: Path) -> None:
    for name in ["dogs/a.png", "cats/b.png", "cats/c.png", ".hidden/d.png", "cats/.e.png"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        gray_steps().save(tmp_path / name)

    folder = read_images(tmp_path)

    assert folder.y.tolist() == ["cats", "cats", "dogs"]
    assert [Path(file).name for file in folder.files] == ["b.png", "c.png", "a.png"]
    assert read_images(tmp_path / "cats").y is None


def test_unreadable_files_are_skipped_and_named(tmp_path: Path, caplog) -> None:
    gray_steps((32, 32)).save(tmp_path / "good.png")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "bomb.png").write_bytes(png_bytes(30_000, 30_000))
    (tmp_path / "large.png").write_bytes(png_bytes(10_000, 10_000))

    with caplog.at_level(logging.WARNING, "autoencode"):
        folder = read_images(tmp_path)

    assert folder.files == ["good.png"]
    assert "5 of 6 files are not readable images" in caplog.text

    for name in ["truncated.png", "empty.png", "notes.txt", "bomb.png", "large.png"]:
        assert name in caplog.text

    assert "bomb.png (DecompressionBombError" in caplog.text
    assert "large.png (DecompressionBombWarning" in caplog.text

    with pytest.raises(ValueError, match=r"5 of 6 files are not readable images.*strict=False"):
        read_images(tmp_path, strict=True)


def test_a_single_image_is_read_as_those_of_a_folder(tmp_path: Path) -> None:
    gray_steps().save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no image")
    model = ae.autoencoder(2, training=ae.Training(epochs=1)).fit(read_images(tmp_path).X)
    one = tmp_path / "a.png"

    assert read_images(one).files == ["a.png"]
    assert read_images(one).y is None
    assert np.array_equal(read_images(one).X, read_images(tmp_path).X)
    assert np.array_equal(model.reconstruct(one), model.reconstruct(tmp_path))

    with pytest.raises(ValueError, match=r"cannot read '.*b.png': UnidentifiedImageError"):
        model.reconstruct(tmp_path / "b.png")

    for missing in ("c.png", "c"):
        with pytest.raises(FileNotFoundError, match="there is no file or folder"):
            model.reconstruct(tmp_path / missing)


def test_no_image_and_no_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected images, got none in .*'\.$"):
        read_images(tmp_path)

    (tmp_path / "a.txt").write_text("a\n")

    with pytest.raises(ValueError, match=r"join the files to one \.txt file"):
        read_images(tmp_path)

    gray_steps().save(tmp_path / "a.png")

    with pytest.raises(ValueError, match="expected a size of at least one pixel"):
        read_images(tmp_path, size=(0, 8))


# Minibatches


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.float32])
@pytest.mark.parametrize("shape", [(9,), (9, 4), (9, 4, 5, 3), (9, 4, 5, 1)], ids=str)
@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
def test_rows_have_one_layout(dtype, shape: tuple[int, ...], last: bool) -> None:
    x = torch.randint(0, 255, shape).to(dtype)
    x = x.movedim(-1, 1) if last and x.ndim > 2 else x
    usual = x.movedim(1, -1).contiguous().movedim(-1, 1) if x.ndim == 4 else x
    rows = torch.tensor([7, 0, 7, 3])
    chosen = Examples(x)[rows].target

    assert np.array_equal(chosen.numpy(), x.numpy()[rows.numpy()])
    assert chosen.stride()[1:] == usual.stride()[1:] == Examples(x)[2:4].target.stride()[1:]
    assert np.array_equal(Examples(x).select(rows)[rows[-1:]].target.numpy(), x.numpy()[[3]])


@pytest.mark.parametrize("n", [1, 4, 7, 100, 129])
@pytest.mark.parametrize("batch_size", [1, 4, 128, 1000])
def test_batches_hold_each_example_once(n: int, batch_size: int) -> None:
    x = torch.arange(n)
    batches = Batches(Examples(x, -x, x[:, None]), batch_size)
    parts = list(batches.iterate(batches.shuffled()))
    sizes = [len(part) for part in parts]

    assert len(parts) == len(batches)
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1
    assert torch.cat([part.target for part in parts]).sort().values.equal(x)

    for part in parts:
        assert part.corrupted.equal(-part.target)
        assert part.context.equal(part.target[:, None])


@pytest.mark.parametrize("n", [0, 1, 7, 30, 59])
def test_equal_examples_are_held_out_together(n: int) -> None:
    X = torch.arange(20.0).repeat_interleave(3)[torch.randperm(60), None].expand(60, 4)
    data, held_out = Examples(X).hold_out(n)

    if held_out is None:
        assert n < 3
    else:
        assert n - 3 < len(held_out) <= n
        assert not set(held_out[:].target[:, 0].tolist()) & set(data[:].target[:, 0].tolist())
        assert len(data) + len(held_out) == 60

    assert Examples(torch.zeros(9, 2)).hold_out(3)[1] is None


@pytest.mark.parametrize("seed", range(5))
def test_a_row_that_many_share_does_not_keep_others_from_being_held_out(seed: int) -> None:
    torch.manual_seed(seed)
    X = torch.cat([torch.zeros(150), torch.arange(1.0, 151)])[:, None]
    data, held_out = Examples(X).hold_out(30)

    assert held_out is not None
    assert len(held_out) == 30
    assert (held_out[:].target > 0).all()
    assert (data[:].target == 0).sum() == 150


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=20),
    st.floats(0.05, 0.4),
    st.integers(1, 5),
    st.integers(0, 9),
)
def test_windows_of_a_recording_validate_no_neighbors(counts, fraction, overlap, seed) -> None:
    torch.manual_seed(seed)
    n = max(1, round(fraction * sum(counts)))
    whose = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    place = torch.cat([torch.arange(count) for count in counts])
    X = torch.stack([whose, place], dim=1)
    trained, held_out = Examples(X, recordings=tuple(counts), overlap=overlap).hold_out(n)
    rows = {*map(tuple, trained[:].target.tolist())}
    assert rows

    if held_out is None:
        assert max(counts) < 3
        return

    others = {*map(tuple, held_out[:].target.tolist())}
    shared = {i for i, _ in rows} & {i for i, _ in others}

    for i in shared:  # neighbors are left out, but at most half of the others
        first = min(j for k, j in others if k == i)
        last = max(j for k, j in rows if k == i)
        assert first - last - 1 == min(overlap, first // 2)

    if shared:
        assert len(rows) >= n / 2
    else:  # whole recordings
        assert n / 2 <= len(others) <= 2 * n
        assert len(rows) + len(others) == sum(counts)


def test_different_examples_are_held_out_in_any_order() -> None:
    torch.manual_seed(3)
    data, held_out = Examples(torch.arange(50)).hold_out(10)
    torch.manual_seed(3)
    order = torch.randperm(50)

    assert torch.equal(held_out[:].target, order[:10])
    assert torch.equal(data[:].target, order[10:])
