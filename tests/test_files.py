r"""Tests for files of images, sounds and texts: what is read, joined, and left out."""

import gzip
import json
import logging
import os
import struct
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import autoencode as ae
from autoencode.data import read_images
from autoencode.data.joining import join_names, take
from autoencode.data.labels import read_labels
from autoencode.data.listing.lists import as_files
from autoencode.data.listing.names import Names
from autoencode.data.listing.sources import Files, list_files
from autoencode.data.media.photographs import read_photograph
from autoencode.data.media.text import is_text, read_lines
from autoencode.data.remedies import remedy
from autoencode.inputs import Loaded, join_labels, join_pairs, read
from autoencode.modalities import Images, Texts

RNG = np.random.default_rng(0)


def gray(path: Path, level: int, size: tuple[int, int] = (8, 8)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, level).save(path)
    return path


def levels(X) -> list[int]:
    return [int(x.flat[0]) for x in np.asarray(X)]


# Names


@pytest.mark.parametrize(
    ("a", "b", "pairs"),
    [
        ("a.png b.png", "b.png a.png", [(0, 1), (1, 0)]),
        ("a.png b.png", "b.TIF c.tif", [(1, 0)]),
        ("a.PNG", "A.png", [(0, 0)]),
        ("a.png A.png", "A.png", [(1, 0)]),
        ("x/1.png y/1.png", "y/1.jpg x/1.jpg", [(0, 1), (1, 0)]),
        ("a.png a.jpg", "a.jpg", [(1, 0)]),
        ("scan.1 scan.2", "scan.2 scan.1", [(0, 1), (1, 0)]),
        ("scan.1.png scan.2.png", "scan.2 scan.1", [(0, 1), (1, 0)]),
        ("cats/1.png dogs/1.png", "data/dogs/1.png data/cats/1.png", [(0, 1), (1, 0)]),
        ("data/img/1.png data/img/2.png", "2 1", [(0, 1), (1, 0)]),
        ("x\\1.png", "x/1.png", [(0, 0)]),
        ("./a.png", "a.png", [(0, 0)]),
        ("1.png 1.png 2.png", "1.png 1.png 2.png", [(0, 0), (1, 1), (2, 2)]),
        ("1.png 1.png 2.png", "1.png 2.png", [(0, 0), (1, 0), (2, 1)]),
        ("1.png 10.png 2.png", "2.tif 1.tif 10.tif", [(0, 1), (1, 2), (2, 0)]),
    ],
)
def test_names_are_joined(a: str, b: str, pairs) -> None:
    assert join_names(a.split(), b.split(), ("X", "Y")) == pairs
    if len({*a.split()}) == len(a.split()):
        assert sorted(join_names(b.split(), a.split(), ("Y", "X"))) == sorted(
            (j, i) for i, j in pairs
        )


def test_forms_of_unicode_are_one_name() -> None:
    composed, decomposed = (unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD"))
    assert join_names([composed, "a.png"], ["a.png", decomposed], ("X", "Y")) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (
            "clean_1 clean_2",
            "noisy_1 noisy_2",
            "nothing in common: clean_1; clean_2; against nois",
        ),
        ("1.png 2.png", "001.png 002.png", "have nothing in common"),
        ("a.png a.jpg", "a.tif", "cannot tell which belong together: a.png; a.jpg of X and a.tif"),
        ("cats/1 dogs/1", "1 2", "cannot tell which belong together"),
    ],
)
def test_names_without_a_meaning_are_refused(a: str, b: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        join_names(a.split(), b.split(), ("X", "Y"))


def test_some_of_a_mapped_file_stays_in_a_file(tmp_path: Path, monkeypatch, limits) -> None:
    np.save(tmp_path / "X.npy", np.arange(20.0).reshape(10, 2))
    limits(resident_bytes=0)
    monkeypatch.setenv("AUTOENCODE_CACHE", str(tmp_path))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")

    for rows in ([1, 4, 9], [9, 1, 1]):
        part = take(X, rows)
        assert np.array_equal(part, X[rows])
        assert isinstance(part, np.memmap)


# What a source consists of


def test_a_folder_is_looked_through(tmp_path: Path) -> None:
    gray(tmp_path / "real" / "1.png", 1)
    gray(tmp_path / "set" / "a.png", 2)
    gray(tmp_path / "set" / ".hidden.png", 3)
    (tmp_path / "set" / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "gone.png").symlink_to(tmp_path / "nothing")
    (tmp_path / "set" / "itself").symlink_to(tmp_path / "set" / "itself")
    os.mkfifo(tmp_path / "set" / "pipe")
    found = list_files(tmp_path / "set")

    assert found.names == ["a.png", str(Path("linked", "1.png"))]
    assert found.hidden == 1
    assert {*found.lost} == {"loop", "gone.png", "itself", "pipe"}

    files = read_images(tmp_path / "set").files
    assert files == found.names
    assert "gone.png (a broken link)" in files.summary()
    assert "1 hidden" in files.summary()


def test_lists_of_files_are_read_in_their_order(tmp_path: Path, monkeypatch) -> None:
    paths = [gray(tmp_path / f"{i}.png", 20 * i) for i in (2, 0, 1)]
    monkeypatch.chdir(tmp_path)

    for X in (
        paths,
        tuple(map(str, paths)),
        ["2.png", Path("0.png"), "1.png"],
        np.array([*map(str, paths)]),
        np.array(paths, object),
    ):
        found = read(X, None, fitting=True)
        assert levels(found.X) == [40, 0, 20]
        assert found.names == ["2.png", "0.png", "1.png"]

    pd = pytest.importorskip("pandas")
    assert levels(read(pd.Series([*map(str, paths)]), None).X) == [40, 0, 20]
    assert levels(read([*map(str, paths)], Images()).X) == [40, 0, 20]


def test_what_only_looks_like_files_is_said_and_texts_stay_texts(tmp_path: Path) -> None:
    there = str(gray(tmp_path / "a.png", 1))

    for X in (["a.png", "b.png"], [there, "b.png"], [Path("b.png")], [Path("b.png"), there]):
        with pytest.raises(FileNotFoundError, match=r"no file '.*b\.png'|no file 'a\.png'"):
            as_files(X)

    with pytest.raises(ValueError, match=r"expected names of files, got 3 as element 1"):
        as_files([Path(there), 3])

    with pytest.raises(ValueError, match="got the folder"):
        list_files(Files([tmp_path]))

    for X in (["happy", "a.png"], ["C.O", "CC"], ["", "x"], [there, "a text"], [[1, 2]], [], 3):
        assert as_files(X) is None

    assert as_files(["a.png", "b.png"], texts=True) is None
    model = ae.vae(2, modality=Texts())
    assert [*read(["a.png", "b.png"], model.modality).X] == ["a.png", "b.png"]


def test_lists_of_arrays_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        np.save(tmp_path / f"{name}.npy", np.zeros((2, 2)))

    with pytest.raises(ValueError, match=r"numpy\.concatenate"):
        read([*tmp_path.iterdir()], None)


# Pairs


def pairs_of(tmp_path: Path, **fit):
    model = ae.denoising(2, layers=(4,), **fit.pop("model", {}))
    model.history_ = []
    return model._prepare(
        fit.pop("X", tmp_path / "clean"), fit.pop("y", None), fit.pop("corrupted"), False
    ).data


def test_pairs_are_joined_by_name(tmp_path: Path, caplog) -> None:
    for i in range(9):
        gray(tmp_path / "clean" / f"{i}.png", 20 * i)
        gray(tmp_path / "noisy" / f"{i}.bmp", 20 * i + 5)

    (tmp_path / "clean" / "0.png").write_bytes(b"")
    (tmp_path / "noisy" / "8.bmp").write_bytes(b"")
    gray(tmp_path / "clean" / "extra.png", 255)
    data = pairs_of(tmp_path, corrupted=tmp_path / "noisy")

    assert levels(data.target) == [20 * i for i in range(1, 8)]
    assert levels(data.corrupted) == [20 * i + 5 for i in range(1, 8)]
    assert "7 pairs" in caplog.text
    assert "extra.png" in caplog.text.split("7 pairs")[1]
    assert "8.png (whose file was left out" in caplog.text
    assert "0.bmp (whose file was left out" in caplog.text

    # In the order of a list, and of a list of the damaged ones
    listed = [tmp_path / "clean" / f"{i}.png" for i in (5, 3)]
    data = pairs_of(tmp_path, X=listed, corrupted=tmp_path / "noisy")
    assert levels(data.corrupted) == [105, 65]
    damaged = [str(tmp_path / "noisy" / f"{i}.bmp") for i in (3, 5)]
    assert levels(pairs_of(tmp_path, X=listed, corrupted=damaged).corrupted) == [105, 65]


def test_pairs_without_names_are_joined_by_position(tmp_path: Path) -> None:
    for i in range(3):
        gray(tmp_path / "clean" / f"{i}.png", 20 * i)

    X = read_images(tmp_path / "clean").X
    images = {"modality": Images(layout="NHW")}
    data = pairs_of(tmp_path, X=X, model=images, corrupted=X[::-1])
    assert levels(data.corrupted) == [40, 20, 0]
    assert levels(pairs_of(tmp_path, corrupted=X[::-1]).corrupted) == [40, 20, 0]
    (tmp_path / "clean" / "1.png").write_bytes(b"")

    with pytest.raises(ValueError, match=r"2 readable files of 3.*1\.png"):
        pairs_of(tmp_path, corrupted=X)

    for i in range(12):
        gray(tmp_path / "clean" / f"{i}.png", i)

    with pytest.raises(ValueError, match=r"the alphabetical order, 0\.png; 1\.png; 10\.png"):
        pairs_of(tmp_path, corrupted=np.zeros((12, 8, 8), np.uint8))


def test_examples_without_a_partner_say_nothing_of_the_others(tmp_path: Path) -> None:
    for i in range(3):
        for place in ("clean", "noisy"):
            x = np.full((8, 8), 100 * (i + 1), np.uint16)
            path = tmp_path / place / f"{i}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(x).save(path)

    Image.fromarray(np.full((8, 8), 60000, np.uint16)).save(tmp_path / "clean" / "hot.png")
    model = ae.denoising(2, layers=(4,))
    model.history_ = []
    model._prepare(tmp_path / "clean", None, tmp_path / "noisy", False)
    assert model.modality_.range_ == (0, 511)


# Labels


def labeled(tmp_path: Path, y, **options):
    return (
        pairs_of(tmp_path, y=y, corrupted=None, model={"conditional": True}, **options)
        .context.argmax(dim=1)
        .tolist()
    )


def folder_of(tmp_path: Path, n: int = 3) -> Path:
    for i in range(n):
        gray(tmp_path / "clean" / f"{i}.png", 20 * i)

    return tmp_path / "clean"


@pytest.mark.parametrize(
    "text",
    [
        "file,label\n2.png,b\n0.png,a\n1.png,a\n9.png,b\n",
        "kind;name\nb;clean/2.png\na;clean/0.png\na;clean/1.png\n",
        "2,b\n0,a\n1,a\n",
        "kind,file\n7,2\n3,0\n3,1\n",
        "kind,file\n1,2.png\n0,0.png\n0,1.png\n",
        "id\tkind\n2.PNG\tb\n0.png\ta\n1.png\ta\n1.png\ta\n",
        "a\na\nb\n",
    ],
)
def test_labels_of_a_table_are_joined_by_name(tmp_path: Path, text: str) -> None:
    folder_of(tmp_path)
    (tmp_path / "labels.csv").write_text(text)
    assert labeled(tmp_path, tmp_path / "labels.csv") == [0, 0, 1]
    assert labeled(tmp_path, str(tmp_path / "labels.csv")) == [0, 0, 1]


def test_labels_by_name_from_memory(tmp_path: Path, caplog) -> None:
    folder_of(tmp_path)
    pd = pytest.importorskip("pandas")
    named = {"2.png": "b", "0.png": "a", "1.png": "a"}
    assert labeled(tmp_path, named) == [0, 0, 1]
    assert labeled(tmp_path, pd.Series(named)) == [0, 0, 1]
    assert labeled(tmp_path, ["a", "a", "b"]) == [0, 0, 1]
    assert labeled(tmp_path, {"2": "b", "1": "a", "x": "a"}) == [0, 1]
    assert "1 of 3 examples have no label in y, and are left out: 0.png" in caplog.text
    assert "1 labels of y belong to no example: x" in caplog.text

    with pytest.raises(ValueError, match=r"have nothing in common: 0\.png; 1\.png"):
        labeled(tmp_path, {"cat": "b", "dog": "a"})

    with pytest.raises(ValueError, match="examples without names"):
        labeled(tmp_path, named, X=np.zeros((3, 8, 8)))


def test_labels_without_names_need_all_files(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    (folder / "1.png").write_bytes(b"")

    with pytest.raises(ValueError, match=r"got 3 labels for 2 readable files of 3.*1\.png.*name"):
        labeled(tmp_path, ["a", "a", "b"])

    listed = [folder / f"{i}.png" for i in (2, 1, 0)]  # of which each has its label
    assert labeled(tmp_path, ["b", "x", "a"], X=listed) == [1, 0]

    with pytest.raises(ValueError, match="got 2 labels for 2 readable files of 3"):
        labeled(tmp_path, ["a", "b"], X=listed)

    folder_of(tmp_path, 11)

    with pytest.raises(ValueError, match="Give a list of the files in the right order"):
        labeled(tmp_path, [*"ababababab", "a"])


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("file,a,b\n0.png,1,2\n1.png,1,2\n", None, r"one of \['a', 'b'\].*--label-column COLUMN"),
        ("file,a\n0.png,1\n", "c", "has no column 'c'"),
        ("x,y\n1000.png,1\n", None, "none of the columns .* holds names of the files"),
        ("file,a\n0.png\n", None, "expected 2 cells in each row, got 1 in row 2"),
        ("file,a\n0.png,1\n0.png,2\n1.png,1", None, "cannot tell which belong together: 0.png"),
        ("", None, "it is empty"),
    ],
)
def test_bad_tables_of_labels_are_refused(tmp_path: Path, text: str, column, message: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    found = Loaded(np.zeros((2, 8, 8)), None, Names(["0.png", "1.png"], [0, 1], 2))

    with pytest.raises(ValueError, match=message):
        join_labels(found, tmp_path / "labels.csv", column)


def test_labels_of_a_parquet_file_are_joined_by_name(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pa.table({"age": [3, 5], "path": ["b.png", "a.png"], "kind": ["x", None]})
    pq.write_table(table, tmp_path / "labels.parquet")
    labels = read_labels(tmp_path / "labels.parquet", ["a.png", "b.png"], "age")
    assert labels.names == ["b.png", "a.png"]
    assert labels.values.tolist() == [3, 5]
    found = Loaded(np.arange(2), None, Names(["a.png", "b.png"], [0, 1], 2))
    joined = join_labels(found, tmp_path / "labels.parquet", "kind")
    assert (joined.X.tolist(), joined.y.tolist()) == ([1], ["x"])  # who has no label


# Levels


def png_of_16_bits(X: np.ndarray, color: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in X)
    head = struct.pack(">IIBBBBB", X.shape[1], X.shape[0], 16, color, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def tif_of(X: np.ndarray) -> bytes:
    r"""The bytes of a big-endian TIFF with one strip."""
    bits, format_ = 8 * X.dtype.itemsize, {"u": 1, "i": 2, "f": 3}[X.dtype.kind]
    body = X.astype(X.dtype.newbyteorder(">")).tobytes()
    colors = 1 if X.ndim == 2 else X.shape[2]
    after = 8 + len(body)
    tags = {
        256: X.shape[1], 257: X.shape[0], 258: bits, 259: 1, 262: 1 if colors == 1 else 2,
        273: 8, 277: colors, 278: X.shape[0], 279: len(body), 339: format_,
    }  # fmt: skip
    extra = b""

    if colors == 3:
        extra = struct.pack(">HHH", bits, bits, bits) + struct.pack(">HHH", *[format_] * 3)

    entries = b""
    for tag, value in tags.items():
        if colors == 3 and tag in (258, 339):
            offset = after + 2 + 12 * len(tags) + 4 + (6 if tag == 339 else 0)
            entries += struct.pack(">HHII", tag, 3, 3, offset)
        else:
            entries += struct.pack(">HHII", tag, 4, 1, value)

    directory = struct.pack(">H", len(tags)) + entries + bytes(4)
    return b"MM\0*" + struct.pack(">I", after) + body + directory + extra


def test_pixels_that_no_part_of_a_file_describes_are_no_black_image(tmp_path: Path) -> None:
    X = RNG.integers(256, size=(4, 5), dtype=np.uint8)
    Image.fromarray(X).save(tmp_path / "a.png")
    whole = tif_of(X)
    height = struct.pack(">HHII", 257, 4, 1, 4)
    assert whole.count(height) == 1
    (tmp_path / "b.tif").write_bytes(whole.replace(height, struct.pack(">HHII", 257, 4, 1, 2**24)))
    found = read_images(tmp_path)

    assert found.X.tolist() == [X.tolist()]
    assert "5 x 16777216 pixels" in found.files.left_out["b.tif"]

    with pytest.raises(ValueError, match=r"b\.tif.*damaged or truncated"):
        read_photograph(tmp_path / "b.tif")

    # Frames of animations may be smaller than the canvas
    frame = Image.fromarray(X)
    frame.save(tmp_path / "c.gif", save_all=True, append_images=[frame.transpose(0)])
    assert read_images([tmp_path / "c.gif"]).X.shape[:3] == (1, 4, 5)


UINT16 = RNG.integers(200, 500, (6, 8)).astype(np.uint16)
INT32 = 300 * UINT16.astype(np.int32)
COLORS = RNG.integers(0, 4096, (6, 8, 3)).astype(np.uint16)
FLOATS = RNG.random((6, 8)).astype(np.float32)


def _saved(X: np.ndarray):
    return lambda path: Image.fromarray(X).save(path)


def _bytes(data: bytes):
    return lambda path: path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "write", "X", "dtype", "range_"),
    [
        ("a.tif", _saved(UINT16), UINT16, "uint16", (0, 511)),
        ("a.png", _saved(UINT16), UINT16, "uint16", (0, 511)),
        ("a.tif", _bytes(tif_of(UINT16)), UINT16, "uint16", (0, 511)),
        ("a.tif", _bytes(tif_of(COLORS)), COLORS, "uint16", (0, 4095)),
        ("a.pgm", _bytes(b"P5 8 6 65535\n" + UINT16.astype(">u2").tobytes()), UINT16, "uint16",
         (0, 511)),
        ("a.ppm", _bytes(b"P6 8 6 65535\n" + COLORS.astype(">u2").tobytes()), COLORS, "uint16",
         (0, 4095)),
        ("a.png", _bytes(png_of_16_bits(COLORS, 2)), COLORS, "uint16", (0, 4095)),
        ("a.tif", _saved(FLOATS), FLOATS, "float32", (0, 1)),
        ("a.tif", _saved(1000 * FLOATS - 500), 1000 * FLOATS - 500, "float32", None),
        ("a.tif", _saved(INT32), INT32, "int32", (0, 262143)),
        ("a.tif", _saved(-UINT16.astype(np.int32)), -UINT16.astype(int), "int32", None),
        ("a.tif", _bytes(tif_of(-UINT16.astype(np.int16))), -UINT16.astype(int), "int32", None),
    ],
)  # fmt: skip
def test_levels_are_those_of_the_file(tmp_path: Path, name, write, X, dtype, range_) -> None:
    write(tmp_path / name)
    found = read_images(tmp_path).X
    images = Images().fit(found)

    assert found.dtype == dtype
    assert np.array_equal(found[0], X if dtype != "int32" else np.asarray(X).astype(np.int32))
    assert range_ is None or images.range_ == range_
    assert np.allclose(images.restore(images.normalize(images.load(found))), found, atol=1e-4)


def test_unsigned_levels_of_32_bits_do_not_wrap_around(tmp_path: Path) -> None:
    X = np.array([[0, 2**32 - 1]], np.uint32)
    data = bytearray(tif_of(X))
    (tmp_path / "a.tif").write_bytes(_little_endian(X))
    assert read_images(tmp_path).X.tolist() == [[[0, 2**32 - 1]]]
    assert data[:2] == b"MM"


def _little_endian(X: np.ndarray) -> bytes:
    tags = {256: X.shape[1], 257: X.shape[0], 258: 32, 259: 1, 262: 1, 273: 8, 277: 1,
            278: X.shape[0], 279: X.nbytes}  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    body = X.astype("<u4").tobytes()
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory


def test_opacity_of_16_bits_is_laid_on_white(tmp_path: Path) -> None:
    gray_alpha = np.stack([UINT16, np.full_like(UINT16, 65535)], axis=-1)
    gray_alpha[0, 0, 1] = 0
    (tmp_path / "a.png").write_bytes(png_of_16_bits(gray_alpha, 4))
    (X,) = read_images(tmp_path).X

    assert X.shape == UINT16.shape
    assert X[0, 0] == 511
    assert np.array_equal(X[1:], UINT16[1:])


def test_images_of_several_depths(tmp_path: Path, caplog) -> None:
    gray(tmp_path / "a.png", 255)
    Image.fromarray(UINT16 * 130).save(tmp_path / "b.png")
    caplog.set_level(logging.INFO)
    X = read_images(tmp_path, size=(6, 8)).X
    assert X[0].min() == 65535
    assert np.array_equal(X[1], UINT16 * 130)
    assert "bytes times 257" in caplog.text

    Image.fromarray(UINT16).save(tmp_path / "b.png")

    with pytest.raises(ValueError, match=r"cannot compare gray levels.*'b\.png'"):
        read_images(tmp_path)

    # By a model, whose scale is known
    bytes_ = Images().fit(np.array([[[0, 255]]], np.uint8))
    Image.fromarray(np.array([[0, 65535]], np.uint16)).save(tmp_path / "b.png")
    assert bytes_.read(tmp_path / "b.png")[0].tolist() == [[[0, 255]]]
    Image.fromarray(np.array([[0, 4095]], np.uint16)).save(tmp_path / "b.png")

    with pytest.raises(ValueError, match="cannot compare gray levels"):
        bytes_.read(tmp_path / "b.png")

    of_twelve_bits = Images().fit(np.array([[[0, 4000]]], np.uint16))
    Image.fromarray(np.array([[0, 100]], np.uint16)).save(tmp_path / "b.png")
    assert of_twelve_bits.read(tmp_path / "b.png")[0].tolist() == [[[0, 100]]]


def test_levels_stay_in_the_files_that_are_written(tmp_path: Path) -> None:
    for X in (UINT16[None], 1000 * FLOATS[None], FLOATS[None]):
        images = Images().fit(X)
        images.write(tmp_path / f"a{images.suffix}", X[0])
        (again,), *_ = images.read(tmp_path / f"a{images.suffix}")
        assert np.allclose(again, X[0], atol=1e-5)
        assert again.dtype == X.dtype
        (tmp_path / f"a{images.suffix}").unlink()


def test_resized_levels_do_not_overshoot(tmp_path: Path) -> None:
    edge = np.zeros((40, 40), np.uint16)
    edge[:, 20:] = 4095
    Image.fromarray(edge).save(tmp_path / "a.png")
    X = read_images(tmp_path, size=(13, 13)).X
    assert (X.min(), X.max(), X.dtype) == (0, 4095, np.uint16)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_images_are_turned_as_others(tmp_path: Path, orientation: int) -> None:
    x = np.arange(6, dtype=np.uint16).reshape(2, 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(1000 * x).save(tmp_path / "a.png", exif=exif)
    Image.fromarray(x.astype(np.uint8)).save(tmp_path / "b.png", exif=exif)
    a, b = (read_images(tmp_path / name).X for name in ("a.png", "b.png"))
    assert np.array_equal(a, 1000 * b.astype(int))


def test_large_folders_keep_their_levels(tmp_path: Path, monkeypatch, limits) -> None:
    monkeypatch.setenv("AUTOENCODE_CACHE", str(tmp_path / "cache"))
    limits(resident_bytes=0)
    (tmp_path / "in").mkdir()

    for i in range(3):
        Image.fromarray(UINT16 + i).save(tmp_path / "in" / f"{i}.png")

    (tmp_path / "in" / "bad.png").write_bytes(b"")

    for _ in range(2):  # the second time from the cache
        found = read_images(tmp_path / "in")
        assert np.array_equal(found.X, [UINT16 + i for i in range(3)])
        assert [*found.files.left_out] == ["bad.png"]

    rest = found.files.select([0, 2])
    assert np.array_equal(take(found.X, [0, 2]), found.X[[0, 2]])
    assert rest == ["0.png", "2.png"]


def test_images_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    gray(tmp_path / "a.png", 1)
    Image.fromarray(np.full((8, 8), np.nan, np.float32)).save(tmp_path / "b.tif")
    assert "b.tif (ValueError: it holds numbers that are not finite)" in (
        read_images(tmp_path).files.summary()
    )


@pytest.mark.parametrize("suffix", ["tif", "gif", "png", "webp"])
def test_frames_after_the_first_are_counted(tmp_path: Path, suffix: str, caplog) -> None:
    first, *others = [Image.new("L", (16, 16), v) for v in (10, 100, 200)]
    first.save(tmp_path / f"s.{suffix}", save_all=True, append_images=others)
    gray(tmp_path / "one.png", 3)
    files = read_images(tmp_path).files

    assert f"s.{suffix} (3). The first is read, and 2 are left out." in caplog.text
    assert "2 frames after the first" in files.summary()


# Sounds


def test_sounds_are_judged_as_they_are_in_the_file(tmp_path: Path, caplog) -> None:
    soundfile = pytest.importorskip("soundfile")
    from autoencode.data.media.audio.folders import read_sounds

    t = np.arange(4410) / 44100
    tone = np.sin(2 * np.pi * 440 * t)
    soundfile.write(tmp_path / "hot.wav", 20000 * tone, 44100, subtype="FLOAT")
    soundfile.write(tmp_path / "clipped.wav", (1.5 * tone).clip(-1, 1), 44100)
    soundfile.write(tmp_path / "opposite.wav", 0.5 * np.stack([tone, -tone], 1), 44100)
    soundfile.write(tmp_path / "both.wav", 0.5 * np.stack([tone, tone], 1), 44100)
    found = read_sounds(tmp_path, rate=8000)

    assert found.files == ["both.wav", "clipped.wav", "opposite.wav"]
    assert "hot.wav (its samples reach 20,000" in caplog.text.replace("19,", "20,")[: 10**6] or (
        "hot.wav (its samples reach" in caplog.text
    )
    assert "divide them by 32768" in caplog.text
    assert "1 of 4 files clipped, and kept: clipped.wav." in caplog.text
    assert "channels that cancel, so that their mean is silent (use channels=2)" in caplog.text
    assert "kept: opposite.wav." in caplog.text
    caplog.clear()
    read_sounds(tmp_path, rate=8000, channels=2)
    assert "opposite" not in caplog.text


def test_sounds_are_joined_by_name(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    pytest.importorskip("soxr")
    sounds = ae.modalities.Sounds(rate=8000, seconds=0.1)

    for i in range(4):
        for place, suffix in (("clean", "wav"), ("noisy", "flac")):
            (tmp_path / place).mkdir(exist_ok=True)
            soundfile.write(tmp_path / place / f"{i}.{suffix}", np.full(800, 0.1 * i), 8000)

    (tmp_path / "clean" / "1.wav").write_bytes(b"")
    (tmp_path / "noisy" / "3.flac").write_bytes(b"")
    a, b = join_pairs(read(tmp_path / "clean", sounds), read(tmp_path / "noisy", sounds))

    for found in (a, b):
        assert [round(10 * float(x[400])) for x in found.X] == [0, 2]


# Texts


@pytest.mark.parametrize(
    ("name", "data", "texts"),
    [
        ("a.txt", b"one\ntwo\n", ["one", "two"]),
        ("a.txt", b"one\rtwo\r", ["one", "two"]),
        ("a.txt", b"one\r\ntwo", ["one", "two"]),
        ("a.txt", b"a\rb\nc", ["a\rb", "c"]),
        ("a.TXT.gz", gzip.compress(b"one\ntwo\n", mtime=0), ["one", "two"]),
        ("words", "né\nzwei\n".encode(), ["né", "zwei"]),
        ("a.jsonl", b'"one"\n\n"two"\n', ["one", "two"]),
        ("a.jsonl", b'{"id": 1, "body": "one"}\n{"id": 2, "body": "two"}', ["one", "two"]),
        ("a.jsonl", b'{"text": "one", "by": "x"}\n{"text": "two", "by": "y"}', ["one", "two"]),
        ("a.jsonl.gz", gzip.compress(json.dumps({"q": "one"}).encode(), mtime=0), ["one"]),
    ],
)
def test_texts_of_files(tmp_path: Path, name: str, data: bytes, texts: list[str]) -> None:
    (tmp_path / name).write_bytes(data)
    kinds = Texts() if "jsonl" in name else None  # records may be rows of a table, too
    found = read(tmp_path / name, kinds)
    assert [*found.X] == texts
    (tmp_path / "zz.txt").write_text("three\n")

    for source in ([tmp_path / name, tmp_path / "zz.txt"], tmp_path):
        assert [*read(source, kinds).X] == [*texts, "three"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b'{"a": "x", "b": "y"}', r"out of \['a', 'b'\].*--modality.column"),
        ("a.jsonl", b'"x"\n{', "line 2 is not JSON"),
        ("a.jsonl", b'{"a": "x"}\n{"b": "y"}', "text in the field 'a' in line 2, got none"),
        ("a.txt.gz", gzip.compress(b"one", mtime=0)[:-6], "damaged or truncated"),
        ("a.txt.gz", gzip.compress(b"\xff", mtime=0), "not UTF-8 once unpacked"),
        ("a.md", b"# one\n", "It seems to be text. If each line is an example, use modality"),
        ("a.fasta", b">one\nACGT\n", "keep the sequences alone"),
        ("numbers", b"1,2\n3,4\n", "If it is a table, name it .csv"),
        ("a.heic", b"\0\0\0\x18ftypheic", "photograph in HEIC: save it as PNG or JPEG"),
        ("a.m4a", b"\0\0\0\x18ftypM4A ", "ffmpeg -i a.m4a a.wav"),
        ("a.zip", b"PK\3\4....", "unpack it"),
        ("a.pkl", b"\x80\4\x95....", "could run code"),
    ],
)
def test_messages_lead_out(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)

    with pytest.raises(ValueError, match=message):
        read(tmp_path / name, Texts() if "jsonl" in name else None)


def test_fields_of_records_and_columns(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": "x", "b": "y"}\n')
    assert read_lines(tmp_path / "a.jsonl", "b") == ["y"]
    (tmp_path / "a.tsv").write_text("id\ttext\n1\tone, two\n")
    assert [*Texts(column="text").read(tmp_path / "a.tsv")[0]] == ["one, two"]
    assert not is_text(gray(tmp_path / "image.png", 3).rename(tmp_path / "image"))


def test_what_files_are_is_seen_in_them(tmp_path: Path) -> None:
    (tmp_path / "renamed.png").write_bytes(b"\0\0\0\x18ftypheic")
    assert "HEIC" in (remedy(tmp_path / "renamed.png") or "")


def test_a_fit_says_what_was_read(tmp_path: Path, caplog) -> None:
    folder_of(tmp_path)
    (tmp_path / "clean" / "bad.png").write_bytes(b"")
    (tmp_path / "clean" / ".hidden").touch()
    caplog.set_level(logging.INFO)
    read(tmp_path / "clean", None, fitting=True)
    (line,) = [record.message for record in caplog.records if record.message.startswith("read ")]
    assert line.startswith("read 3 of 4 files; left out: bad.png (")
    assert "1 hidden" in line


def test_windows_are_joined_by_the_names_of_their_recordings(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    pytest.importorskip("soxr")

    for i in range(3):
        for place, suffix in (("clean", "wav"), ("noisy", "flac")):
            (tmp_path / place).mkdir(exist_ok=True)
            wave = np.full(4000, 0.1 * (i + 1)) * np.linspace(0.5, 1, 4000)
            soundfile.write(tmp_path / place / f"{i}.{suffix}", wave, 8000)

    (tmp_path / "clean" / "1.wav").write_bytes(b"")
    sounds = ae.modalities.Sounds(rate=8000, seconds=0.1)
    options = {"model": {"modality": sounds}}
    data = pairs_of(tmp_path, corrupted=tmp_path / "noisy", **options)
    assert len(data.target) == len(data.corrupted) > 4
    assert np.abs(np.asarray(data.target) - np.asarray(data.corrupted)).max() < 1e-3

    conditional = {"model": {"modality": sounds, "conditional": True}}
    y = {"0.wav": "a", "2.wav": "b", "1.wav": "c"}
    context = pairs_of(tmp_path, y=y, corrupted=None, **conditional).context.argmax(dim=1)
    assert sorted(context.unique().tolist()) == [0, 1]
    assert len(context) == len(data.target)


def test_listed_photographs_are_cleaned_in_their_order(tmp_path: Path) -> None:
    paths = [gray(tmp_path / f"{i}.png", 100 * i) for i in (2, 0, 1)]
    training = ae.Training(epochs=1)
    model = ae.denoising(1, layers=(4,), training=training).fit(paths, corrupted=paths)
    cleaned = model.denoise([*map(str, paths)])
    assert np.array_equal(cleaned, [model.denoise(path)[0] for path in paths])


# What cannot be read as it is meant


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
@pytest.mark.parametrize(
    "suffix", [".npy", ".npz", ".csv", ".parquet", ".txt", ".png", ".wav", ""]
)
def test_pipes_are_refused_and_do_not_hang(tmp_path: Path, suffix: str) -> None:
    os.mkfifo(pipe := tmp_path / f"pipe{suffix}")

    with pytest.raises(ValueError, match="it is a pipe or a device"):
        ae.linear(1).fit(pipe)

    with pytest.raises(ValueError, match="it is a pipe or a device"):
        read_labels(pipe, ["a.png"])

    with pytest.raises(FileNotFoundError, match="no model file"):
        ae.load(pipe)

    with pytest.raises(ValueError, match="addresses are not read"):
        ae.linear(1).fit(f"https://example.org/data{suffix}")


def _of_kind(folder: Path, kind: str, n: int) -> None:
    folder.mkdir(exist_ok=True)

    for i in range(n):
        if kind == "image":
            gray(folder / f"{i}.png", 20 * i)
        else:
            lines = "a,b\n" + "1,2\n3,4\n" * 3 if kind == "csv" else f"a line\nof {i}\n"
            (folder / f"{i}.{kind}").write_text(lines)


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ({"image": 4, "txt": 4}, r"4 images and 4 texts.*Images\(\) or .*Texts\(\).*--modality I"),
        ({"image": 2, "txt": 1, "wav": 2}, "2 images and 2 sounds and 1 texts"),
        ({"csv": 3, "md": 1}, "expected tables alone, got 3 tables and 1 other files"),
        ({"csv": 3, "image": 1}, "expected tables alone, got 3 tables and 1 images, 0 other"),
    ],
)
def test_a_folder_of_several_kinds_is_refused(tmp_path: Path, kinds: dict, message: str) -> None:
    for kind, n in kinds.items():
        _of_kind(tmp_path / "mixed", kind, n)

    with pytest.raises(ValueError, match=message):
        read(tmp_path / "mixed", None)

    with pytest.raises(ValueError, match="expected"):
        read(sorted((tmp_path / "mixed").iterdir()), None)

    if "image" in kinds:
        found = read(tmp_path / "mixed", Images())
        assert len(found.X) == kinds["image"]
        assert len(found.names.left_out) == sum(kinds.values()) - kinds["image"]


@pytest.mark.parametrize("kinds", [{"image": 5, "txt": 1}, {"image": 3, "json": 3}, {"txt": 3}])
def test_a_folder_of_one_kind_may_have_others_beside_it(tmp_path: Path, kinds: dict) -> None:
    for kind, n in kinds.items():
        _of_kind(tmp_path / "one", kind, n)

    assert len(read(tmp_path / "one", None).X) == kinds.get("image", 2 * 3)


def test_rows_of_numbers_are_no_texts_unless_declared(tmp_path: Path) -> None:
    for i, lines in enumerate(("1,2\n3,4\n", "1.5 2e3\n-3 4\n", "1;2,5\n3;4\n")):
        (file := tmp_path / f"{i}.txt").write_text(lines)

        with pytest.raises(ValueError, match=r"has rows of numbers.*Name it .csv.*Texts\(\)"):
            read(file, None)

        assert read(file, Texts()).X == lines.split()[:0] + lines.splitlines()

    (tmp_path / "words.txt").write_text("12\n13\n")
    assert read(tmp_path / "words.txt", None).X == ["12", "13"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_byte_order_marks_tell_the_encoding_of_texts(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.txt").write_text("né\nzwei\n", encoding)
    assert read_lines(tmp_path / "t.txt") == ["né", "zwei"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("l.csv", b"file|label\na|x\nb|y\n"),
        ("l.csv", "file;label\na;x\nb;y\n".encode("utf-16")),
        ("l.csv.gz", gzip.compress(b"file,label\na,x\nb,y\n", mtime=0)),
        ("l.tab", b"# of Monday\nfile\tlabel\na\tx\nb\ty\n"),
        ("l.csv", b'"file" "label"\n"a" "x"\n"b" "y"\n'.replace(b" ", b",")),
    ],
)
def test_labels_are_read_as_tables_are(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    found = read_labels(tmp_path / name, ["b.png", "a.png"])

    assert dict(zip(found.names, found.values.tolist())) == {"a": "x", "b": "y"}


def test_labels_of_two_words_are_one_column(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("\n".join(f"digit {i}" for i in range(9)))
    assert read_labels(tmp_path / "l.csv").values.tolist() == [f"digit {i}" for i in range(9)]
