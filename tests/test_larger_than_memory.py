r"""Tests of data that may be larger than memory: the same models, wherever the examples lie."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import memory
import numpy as np
import pytest
import torch
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset

import autoencode as ae
from autoencode.common.batching import limit_data
from autoencode.data import (
    Batches,
    Examples,
    chunks,
    on_disk,
    read_array,
    read_images,
    read_stream,
    stored_by_row,
)
from autoencode.data.cache import prepare as prepare_once
from autoencode.data.disk_arrays import is_mapped
from autoencode.modalities import Tables
from autoencode.modalities.statistics import column_statistics, value_range
from autoencode.priors import StandardNormal

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("AUTOENCODE_CACHE", str(folder))
    return folder


@pytest.fixture
def everything_is_large(limits) -> None:
    limits(resident_bytes=0, block_bytes=2**10, block_numbers=30, block_files=4)


def fit(X, y=None, **options) -> dict[str, torch.Tensor]:
    options = {"layers": (8,), "prior": StandardNormal()} | options  # which takes no time to fit
    training = ae.Training(epochs=2, batch_size=32, validation_fraction=0.2)
    model = ae.vae(2, training=training, random_state=0, **options).fit(X, y)
    return {"codes": torch.tensor(model.transform(X, y)), **model.model_.state_dict()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def mapped(path: Path, X: NDArray) -> np.memmap:
    np.save(path / "X.npy", X)
    return np.load(path / "X.npy", mmap_mode="r")


def numbers(dtype: str, *shape: int) -> NDArray:
    return (RNG.random(shape) * (255 if dtype == "u1" else 1)).astype(dtype)


# Arrays in files


SHAPES = [(100, 5), (100, 6, 7), (100, 4, 4, 3)]
DTYPES = ["u1", "f2", "f4", "f8", ">f4", ">f8", "i4", "u2"]


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [
        pytest.param(dtype, shape, marks=[] if i % 3 == j and i < 6 else [pytest.mark.slow])
        for i, dtype in enumerate(DTYPES)
        for j, shape in enumerate(SHAPES)
    ],
)
def test_mapped_files_train_as_memory_does(tmp_path, everything_is_large, dtype, shape) -> None:
    X = numbers(dtype, *shape) if dtype not in ("i4", "u2") else RNG.integers(0, 99, shape)
    X = X.astype(dtype)
    native = X.astype(X.dtype.newbyteorder("="))

    expected = fit(native)

    assert same(fit(mapped(tmp_path, X)), expected)
    assert same(fit(tmp_path / "X.npy"), expected)


def test_images_of_color_train_alike_with_convolutions(tmp_path) -> None:
    X = numbers("u1", 40, 8, 8, 3)
    training = ae.Training(epochs=1, batch_size=16)
    a, b = (ae.autoencoder(2, training=training, random_state=0) for _ in range(2))

    assert same(a.fit(X).model_.state_dict(), b.fit(mapped(tmp_path, X)).model_.state_dict())


def test_windows_of_large_series_lie_in_a_file(tmp_path, limits) -> None:
    X, modality = numbers("f8", 2, 90, 3), ae.modalities.Series(window=16, stride=5)
    expected = fit(X, modality=modality)
    (tmp_path / "all").mkdir()

    for i, x in enumerate(X):
        np.save(tmp_path / "all" / f"{i}.npy", x)

    limits(resident_bytes=0, block_bytes=2**10, block_numbers=30)
    assert is_mapped(modality.clone().fit(X).windows(X))

    for source in (mapped(tmp_path, X), tmp_path / "X.npy", tmp_path / "all"):
        assert same(fit(source, modality=modality), expected)


def test_a_conditional_model_and_pairs_train_alike(tmp_path) -> None:
    X, y = numbers("f4", 60, 5), np.arange(60) % 3
    (tmp_path / "damaged").mkdir()
    noisy = X + numbers("f4", 60, 5)
    models = [
        ae.denoising(2, layers=(8,), conditional=True, training=ae.Training(2), random_state=0)
        for _ in range(2)
    ]
    models[0].fit(X, y, corrupted=noisy)
    models[1].fit(mapped(tmp_path, X), y, corrupted=mapped(tmp_path / "damaged", noisy))

    assert same(*(model.model_.state_dict() for model in models))


@pytest.mark.slow
@given(
    hnp.arrays(np.int16, st.tuples(st.integers(1, 40), st.integers(1, 5), st.just(3))),
    st.data(),
)
def test_rows_of_files_are_those_of_the_array(tmp_path_factory, X, data) -> None:
    M = mapped(tmp_path_factory.mktemp("rows"), X)
    start = data.draw(st.integers(0, len(X) - 1))
    part, expected = M[start:], X[start:]
    x, plain = (on_disk(torch.from_numpy(np.array(A)).movedim(-1, 1), A) for A in (part, expected))
    index = torch.tensor(data.draw(st.lists(st.integers(0, len(part) - 1), min_size=1)))

    assert not isinstance(x, torch.Tensor)
    assert x[index].equal(plain[index])
    assert x[index].stride() == plain[index].stride()
    assert x[1:3].equal(plain[1:3])
    assert torch.cat([*x.split(7)]).equal(plain)
    assert np.array_equal(np.concatenate([*chunks(part)]), expected)


def test_what_the_file_does_not_hold_is_not_read_from_it(tmp_path) -> None:
    X = numbers("f4", 20, 3)
    np.save(tmp_path / "X.npy", X)

    written_to = np.load(tmp_path / "X.npy", mmap_mode="c")
    written_to[:] = 0
    assert isinstance(on_disk(torch.from_numpy(written_to), written_to), torch.Tensor)

    M = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.save(tmp_path / "other.npy", X + 1)
    os.replace(tmp_path / "other.npy", tmp_path / "X.npy")
    assert np.array_equal(np.concatenate([*chunks(M)]), X)


def test_columns_one_after_the_other_are_rewritten(tmp_path, everything_is_large, cache) -> None:
    X = numbers("f8", 200, 7)
    stored = stored_by_row(mapped(tmp_path, np.asfortranarray(X)))

    assert stored.flags.c_contiguous
    assert isinstance(stored, np.memmap)
    assert np.array_equal(stored, X)
    assert not isinstance(on_disk(torch.zeros(200, 7), stored), torch.Tensor)
    assert not [path for path in cache.rglob("*") if path.is_file()]  # the file has no name


def test_batches_of_files_are_those_of_memory(tmp_path) -> None:
    M = mapped(tmp_path, np.arange(100.0).reshape(50, 2))
    x = on_disk(torch.zeros(50, 2).double(), M)
    batches, plain = (Batches(Examples(t), 8) for t in (x, torch.tensor(np.array(M))))
    order = plain.shuffled()

    for start in (0, 3, 7):
        pairs = [*zip(batches.iterate(order, start), plain.iterate(order, start))]
        assert len(pairs) == 7 - start
        assert all(a.target.equal(b.target) for a, b in pairs)

    stopped = batches.iterate(order)
    next(stopped)
    stopped.close()

    os.truncate(tmp_path / "X.npy", 500)

    with pytest.raises(OSError, match="truncated"):
        list(batches.iterate(order))


SCRIPT = """
import sys
import memory
import numpy as np
import autoencode as ae
from autoencode.data import on_disk
from autoencode.modalities import Images, Tables

modality = (Tables if sys.argv[2] == "table" else Images)()
X = np.load(sys.argv[1], mmap_mode="r")
modality.fit(X[:10]).normalize(modality.load(X[:10]))
before = memory.forget()
x = on_disk(modality.fit(X).load(X), X)
sums = sum(modality.normalize(part).sum().item() for part in x.split(1024))
print(memory.peak() - before)
"""


@pytest.mark.slow
@memory.linux
@pytest.mark.parametrize("kind", ["table", "images"])
def test_memory_stays_bounded(tmp_path, kind: str) -> None:
    shape = (100_000, 1024) if kind == "table" else (100_000, 32, 32)
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, shape)
    X[::1000] = 1
    X.flush()
    assert memory.printed(SCRIPT, tmp_path / "X.npy", kind) < 2e8  # of 4e8 in the file


# Statistics


@given(
    hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.int32, np.uint8]),
        st.tuples(st.integers(1, 300), st.integers(1, 4)),
        elements=st.integers(0, 200),
    ),
    st.floats(-1e6, 1e6),
)
def test_merged_statistics_are_those_of_numpy(X, shift: float) -> None:
    X = X + shift if X.dtype == np.float64 else X

    with limit_data(block_numbers=32):
        columns, ends = column_statistics(X), value_range(X)
        modality, whole = Tables().fit(X), Tables("whole").fit(X)

    D = X.astype(float)
    size = np.abs(D).max() + 1
    assert np.allclose(columns.mean, D.mean(axis=0), rtol=1e-12, atol=1e-12 * size)
    assert np.allclose(columns.deviations / len(X), D.var(axis=0), rtol=1e-12, atol=1e-12 * size)
    assert np.array_equal(columns.low, D.min(axis=0))
    assert np.array_equal(columns.high, D.max(axis=0))
    assert ends == (D.min(), D.max(), np.isin(D, [D.min(), D.max()]).all())

    varying = D.min(axis=0) < D.max(axis=0)

    if varying.any():  # constant columns have no scale
        assert np.allclose(modality.scale_, D.std(axis=0)[varying], rtol=1e-10)

    variance = D.var(axis=0)[varying].sum() / D.shape[1]  # numpy rounds that of constants, too
    assert np.allclose(whole.scale_[0] ** 2, variance or 1, rtol=1e-9)


def test_missing_numbers_are_counted_in_all_parts(everything_is_large, tmp_path) -> None:
    X = numbers("f8", 300, 4)
    X[[150, 290], 1] = np.nan

    with pytest.raises(ValueError, match="2 values in 2 rows, the first in row 150"):
        Tables().fit(mapped(tmp_path, X))


# Tables


def test_all_files_of_tables_give_the_same_model(tmp_path, everything_is_large, cache) -> None:
    pandas = pytest.importorskip("pandas")
    X = numbers("f8", 90, 4)
    names = list("abcd")
    frame = pandas.DataFrame(X, columns=names)
    np.save(tmp_path / "X.npy", X)
    frame.to_parquet(tmp_path / "X.parquet", row_group_size=25)
    rows = [",".join(map(repr, row)) for row in X.tolist()]
    (tmp_path / "X.csv").write_text("\n".join([",".join(names), *rows]))
    expected = fit(X)

    for source in (frame, *(tmp_path / f"X.{suffix}" for suffix in ("npy", "parquet", "csv"))):
        assert same(fit(source), expected), source

    assert len([*cache.rglob("info.json")]) == 2
    assert read_array(tmp_path / "X.csv").columns == names


def test_labels_of_tables_are_kept(tmp_path, limits) -> None:
    pandas = pytest.importorskip("pandas")
    X, y = numbers("f4", 50, 2), np.array(list("xyz"))[np.arange(50) % 3]
    frame = pandas.DataFrame(X, columns=["a", "b"]).assign(kind=y)
    frame.to_parquet(tmp_path / "X.parquet")
    frame.to_csv(tmp_path / "X.csv", index=False)

    for large in (2**30, 0):
        limits(resident_bytes=large, block_numbers=15)

        for suffix in ("parquet", "csv"):
            table = read_array(tmp_path / f"X.{suffix}", label="kind")
            assert np.allclose(table.X, X)
            assert table.y.tolist() == y.tolist()
            assert table.columns == ["a", "b"]

    assert read_array(tmp_path / "X.parquet", label="kind").X.dtype == np.float32

    with pytest.raises(ValueError, match=r"expected numbers, got .*string.* in column 'kind'"):
        read_array(tmp_path / "X.parquet")


def test_bad_rows_of_large_tables_are_named(tmp_path, everything_is_large) -> None:
    pandas = pytest.importorskip("pandas")
    file = tmp_path / "X.csv"
    file.write_text("1,2\n" * 70 + "3\n")

    with pytest.raises(ValueError, match="expected 2 cells in each row, got 1 in line 71"):
        read_array(file)

    file.write_text("1,2\n" * 70 + "3,red\n")

    with pytest.raises(ValueError, match="expected numbers, got 'red' in row 71"):
        read_array(file)

    X = np.ones((70, 2))
    X[65, 1] = np.nan
    pandas.DataFrame(X, columns=["a", "b"]).to_parquet(tmp_path / "X.parquet")

    with pytest.raises(ValueError, match="expected numbers, got none in row 66 of column 'b'"):
        read_array(tmp_path / "X.parquet")

    (tmp_path / "X.parquet").write_bytes(b"what is this")

    with pytest.raises(ValueError, match="damaged or truncated"):
        read_array(tmp_path / "X.parquet")


# Streams


class Pairs(Dataset):
    def __init__(self, X: NDArray, wrap) -> None:
        self.X, self.wrap = X, wrap

    def __len__(self) -> int:
        return len(self.X)

    def __getitem__(self, i: int):
        return self.wrap(self.X[i]), i % 3


class OnlyForward(IterableDataset):
    def __init__(self, X: NDArray) -> None:
        self.X = X

    def __iter__(self):
        return iter(self.X)


class HuggingFace:
    r"""The part of `datasets.Dataset` that is used."""

    column_names = ("image", "label")
    shape = (40, 2)

    def __init__(self, X: NDArray, formatted: bool = False) -> None:
        self.X, self.formatted = X, formatted

    def with_format(self, kind: str) -> "HuggingFace":
        assert kind == "numpy"
        return HuggingFace(self.X, True)

    def __iter__(self):
        for i, x in enumerate(self.X):
            yield {"image": x if self.formatted else x.tolist(), "label": i % 3}


@pytest.mark.parametrize(
    ("shape", "large"),
    [
        ((40, 5), 0),
        ((40, 6, 7), 2**30),
        ((40, 6, 7, 3), 0),
        pytest.param((40, 5), 2**30, marks=pytest.mark.slow),
        pytest.param((40, 6, 7), 0, marks=pytest.mark.slow),
        pytest.param((40, 6, 7, 3), 2**30, marks=pytest.mark.slow),
    ],
)
def test_streams_train_as_arrays_do(limits, large: int, shape: tuple) -> None:
    limits(resident_bytes=large)
    X = numbers("f4", *shape)
    y = np.arange(40) % 3
    expected, conditional = fit(X), fit(X, y, conditional=True)

    def turned(x: NDArray) -> torch.Tensor:
        return torch.from_numpy(x).movedim(-1, 0) if x.ndim == 3 else torch.from_numpy(x)

    for data in (Pairs(X, np.array), Pairs(X, turned), HuggingFace(X)):
        assert same(fit(data), expected)
        assert same(fit(data, conditional=True), conditional)

    assert same(fit(OnlyForward(X)), expected)
    again = ae.vae(
        2,
        layers=(8,),
        prior=StandardNormal(),
        random_state=0,
        training=ae.Training(2, 32, validation_fraction=0.2),
    )
    assert torch.equal(torch.tensor(again.fit(x for x in X).transform(X)), expected["codes"])


def test_a_generator_is_read_once() -> None:
    X = numbers("f4", 40, 5)
    model = ae.vae(2, layers=(8,), random_state=0, training=ae.Training(1), prior=StandardNormal())

    assert np.array_equal(model.fit_transform(x for x in X), model.transform(X))


def test_rows_of_dictionaries_and_lists_are_tables() -> None:
    rows = [{"a": i, "b": 2.5 * i, "label": "uv"[i % 2]} for i in range(4)]
    X, y = read_stream(iter(rows))

    assert X.tolist() == [[0, 0], [1, 2.5], [2, 5], [3, 7.5]]
    assert y.tolist() == ["u", "v", "u", "v"]
    assert read_stream(zip([1, 2], [3, 4], [5, 6]))[0].tolist() == [[1, 3, 5], [2, 4, 6]]
    assert read_stream(iter([Image.new("L", (3, 2))]))[0].shape == (1, 2, 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (iter([]), "expected at least one example, got none"),
        (iter([np.ones(3), np.ones(4)]), r"with shape \(4,\) in number 1"),
        (iter([np.ones(3, int), np.ones(3)]), "got int64 .* and float64"),
        (iter([1.0, 2.0]), "expected an array of numbers for each example, got float"),
        (iter(["word"]), "expected arrays, got the text or path 'word' as example 0"),
        (iter([{"p": np.ones(2), "q": np.ones(2)}]), "under one of the names"),
        (iter([(np.ones(2), 1), (np.ones(2), None)]), "expected a label for each .* none for 1"),
        (DataLoader(Pairs(np.ones((4, 2)), np.array)), "give its .dataset"),
        ({"train": np.ones((4, 2))}, "expected examples, got a mapping with train"),
    ],
)
def test_bad_streams_are_refused(data, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ae.vae(2).fit(data)


# Folders


def photographs(folder: Path, n: int = 30) -> NDArray:
    for i in range(n):
        place = folder / "ab"[i % 2]
        place.mkdir(exist_ok=True, parents=True)
        X = np.random.default_rng(i).integers(0, 256, (9, 8, 3), dtype=np.uint8)
        Image.fromarray(X).save(place / f"{i:03}.png")

    return read_images(folder).X.copy()


LONG_AGO = (time.time() - 100 * 24 * 3600,) * 2


def make(folder: Path) -> dict[str, object]:
    np.arange(6.0).tofile(folder / "X")
    return {"dtype": "float64", "shape": [6]}


def test_what_nobody_uses_leaves_the_cache(cache) -> None:
    def begin(folder: Path) -> dict[str, object]:
        (folder / "X").write_bytes(b"half")
        raise KeyboardInterrupt

    old, used, locked = (prepare_once([name], make).folder for name in ("old", "used", "locked"))

    with pytest.raises(KeyboardInterrupt):
        prepare_once(["begun"], begin)

    (begun,) = cache.glob("*/*.partial")

    for folder in (old, used, locked, begun):
        for path in (folder / "info.json", folder):
            if path.exists():
                os.utime(path, LONG_AGO)

    assert prepare_once(["used"], make).folder == used  # which counts as its use

    with FileLock(locked.with_suffix(".lock")):
        new = prepare_once(["new"], make).folder

    assert {path for path in used.parent.iterdir() if path.is_dir()} == {used, locked, new}


@pytest.mark.parametrize(
    "name",
    [
        "thesis",
        ".hidden",
        "autoencode/thesis",
        "autoencode/begun.partial",
        "autoencode/" + 32 * "a",
        "autoencode/" + 32 * "a" + ".partial",
        "autoencode/" + 32 * "A",
        "autoencode/" + 40 * "b",
        *(f"autoencode/{32 * 'c'}/{how}" for how in ("info", "tag of another", "folder", "link")),
    ],
)
def test_what_others_made_stays_in_the_cache(cache, tmp_path, name: str) -> None:
    mine = prepare_once(["mine"], make).folder
    tag = (mine / "CACHEDIR.TAG").read_text()
    name, how = name.rsplit("/", 1) if 32 * "c" in name else (name, "")
    folder = cache / name
    folder.mkdir(parents=True)
    (folder / "results.txt").write_text("years of work")

    if how == "info":
        (folder / "info.json").write_text(json.dumps({"name": folder.name, "sizes": {}}))
    elif how == "tag of another":
        (folder / "CACHEDIR.TAG").write_text(tag)
    elif how in {"folder", "link"}:
        (folder / "CACHEDIR.TAG").write_text(tag.replace(mine.name, folder.name))
        (folder / "inner").mkdir() if how == "folder" else (folder / "inner").symlink_to(tmp_path)

    for path in [*folder.iterdir(), folder]:
        os.utime(path, LONG_AGO)

    prepare_once(["new"], make)

    assert (folder / "results.txt").read_text() == "years of work"


def test_a_link_out_of_the_cache_is_not_followed(cache, tmp_path) -> None:
    old = prepare_once(["old"], make).folder
    elsewhere = old.rename(tmp_path / old.name)
    old.symlink_to(elsewhere)
    os.utime(elsewhere / "info.json", LONG_AGO)
    prepare_once(["new"], make)

    assert (elsewhere / "X").exists()

    (elsewhere / "X").unlink()

    with pytest.raises(ValueError, match="is in the way, and not part of the cache"):
        prepare_once(["old"], make)


def test_what_is_in_the_way_is_not_replaced(cache) -> None:
    folder = prepare_once(["mine"], make).folder

    for path in folder.iterdir():
        path.unlink()

    (folder / "results.txt").write_text("years of work")

    with pytest.raises(ValueError, match="is in the way, and not part of the cache"):
        prepare_once(["mine"], make)

    assert (folder / "results.txt").read_text() == "years of work"
    (folder / "results.txt").unlink()
    assert np.array_equal(prepare_once(["mine"], make).X, np.arange(6.0))


@pytest.mark.parametrize("errno", [28, 122, None])
def test_what_fills_the_disk_does_not_stay(cache, errno: int | None) -> None:
    def fill(folder: Path) -> dict[str, object]:
        (folder / "X").write_bytes(b"half")
        raise OSError(errno, "full") if errno else OSError("2 requested and 1 written")

    with pytest.raises(ValueError, match=r"cannot prepare data in the cache folder"):
        prepare_once(["large"], fill)

    assert not [*cache.rglob("*.partial")]
    assert np.array_equal(prepare_once(["large"], make).X, np.arange(6.0))


def test_folders_are_prepared_once(tmp_path, monkeypatch, limits, cache) -> None:
    X = photographs(tmp_path)
    (tmp_path / "a" / "notes.txt").write_text("no image")
    limits(resident_bytes=0, block_files=4)
    first = read_images(tmp_path)

    assert isinstance(first.X, np.memmap)
    assert np.array_equal(first.X, X)
    assert first.y.tolist() == ["a"] * 15 + ["b"] * 15
    assert first.files[0] == str(Path("a/000.png"))

    # Found again, with what is wrong of it, and nothing decoded
    with monkeypatch.context() as patch:
        patch.setattr("autoencode.data.media.images._open", None)
        assert np.array_equal(read_images(tmp_path).X, X)

        with pytest.raises(
            ValueError, match=r"1 of 31 files are not readable images: a.notes\.txt"
        ):
            read_images(tmp_path, strict=True)

    assert len([*cache.rglob("info.json")]) == 1
    assert read_images(tmp_path, size=(4, 4)).X.shape == (30, 4, 4, 3)
    assert len([*cache.rglob("info.json")]) == 2

    # A file that has changed is another folder
    Image.fromarray(255 - X[0]).save(tmp_path / "a" / "000.png")
    assert np.array_equal(read_images(tmp_path).X[0], 255 - X[0])
    assert same(fit(tmp_path), fit(read_images(tmp_path).X.copy()))


def test_a_large_folder_without_an_image_is_reported(tmp_path, everything_is_large) -> None:
    for i in range(9):
        (tmp_path / f"{i}.txt").write_text("no image")

    with pytest.raises(ValueError, match="expected images, got none in"):
        read_images(tmp_path)


@pytest.mark.parametrize("damage", ["X", "info.json", "cut", "foreign"])
def test_a_damaged_cache_is_made_anew(tmp_path, limits, cache, damage: str) -> None:
    X = photographs(tmp_path)
    limits(resident_bytes=0)
    read_images(tmp_path)
    (folder,) = (f.parent for f in cache.rglob("info.json"))

    if damage == "cut":
        os.truncate(folder / "X", 1000)
    elif damage == "foreign":
        document = json.loads((folder / "info.json").read_text()) | {"name": "other"}
        (folder / "info.json").write_text(json.dumps(document))
    else:
        (folder / damage).unlink()

    assert np.array_equal(read_images(tmp_path).X, X)


PREPARE = """
import sys, time
import autoencode.data.media.images as folders
from autoencode.common.batching import limit_data

wait = float(sys.argv[3])
decode = folders._open

def slow(file, size):
    time.sleep(wait)
    print(file.name, flush=True)
    return decode(file, size)

folders._open = slow

with limit_data(resident_bytes=0, block_files=2):
    folders.read_images(sys.argv[1]).X.tofile(sys.argv[2])
"""


def prepare(folder: Path, out: Path, wait: float) -> subprocess.Popen:
    command = [sys.executable, "-c", PREPARE, str(folder), str(out), str(wait)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_processes_make_one_cache(tmp_path, cache) -> None:
    X = photographs(tmp_path / "images")
    both = [prepare(tmp_path / "images", tmp_path / f"{i}", 0.01) for i in range(2)]
    decoded = "".join(process.communicate()[0] for process in both)

    assert [process.returncode for process in both] == [0, 0]
    assert decoded.count(".png") == 30  # each image once
    assert len([*cache.rglob("info.json")]) == 1
    assert not [*cache.rglob("*.partial")]

    for i in range(2):
        assert (tmp_path / f"{i}").read_bytes() == X.tobytes()


@pytest.mark.slow
def test_a_killed_preparation_goes_on(tmp_path, cache) -> None:
    X = photographs(tmp_path / "images")
    first = prepare(tmp_path / "images", tmp_path / "out", 0.02)
    before = [first.stdout.readline() for _ in range(15)]
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not [*cache.rglob("info.json")]

    second = prepare(tmp_path / "images", tmp_path / "out", 0)
    after = second.communicate()[0].count(".png")

    assert second.returncode == 0
    assert len(before) == 15
    assert after < 20
    assert (tmp_path / "out").read_bytes() == X.tobytes()


def test_a_cache_without_room_is_reported(tmp_path, monkeypatch, limits) -> None:
    photographs(tmp_path)
    limits(resident_bytes=0)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("autoencode.data.media.images.os.fsync", full)

    with pytest.raises(ValueError, match=r"No space left on device\. Set .* AUTOENCODE_CACHE"):
        read_images(tmp_path)


# Where the system lacks a call


@pytest.mark.parametrize("how", ["absent", "refused"])
def test_rows_are_read_without_calls_of_some_systems(tmp_path, monkeypatch, how: str) -> None:
    X = numbers("f4", 50, 6)
    M = mapped(tmp_path, X)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    for name in ("preadv", "posix_fadvise"):
        if how == "absent":
            monkeypatch.delattr(os, name, raising=False)
        else:
            monkeypatch.setattr(os, name, refuse, raising=False)

    x = on_disk(torch.from_numpy(np.array(M)), M)
    rows = torch.tensor([3, 3, 49, 0])

    assert x[rows].equal(torch.from_numpy(X)[rows])
    assert x[5:9].equal(torch.from_numpy(X)[5:9])
    assert same(fit(M), fit(X))


def test_a_stream_is_spooled_without_nameless_files(
    cache, everything_is_large, monkeypatch
) -> None:
    monkeypatch.setattr("tempfile._O_TMPFILE_WORKS", False)
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    X = numbers("f4", 50, 6)

    assert np.array_equal(read_stream(iter(X))[0], X)
    assert not [path for path in cache.rglob("*") if path.is_file()]
