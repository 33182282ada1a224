r"""Tests for the statistics module: the same numbers give the same bits, wherever they lie."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

import autoencode as ae
from autoencode.common.arrays import evenly_spaced, tensor_of
from autoencode.common.batching import limit_data
from autoencode.data import Examples, on_disk, stored_by_row
from autoencode.modalities import Images, Sounds, Tables, describe_context
from autoencode.modalities.columns import NumberColumn
from autoencode.modalities.normal_scores import NormalScores
from autoencode.modalities.statistics import column_statistics, value_range


def _within(X: NDArray) -> NDArray:
    r"""The middle of a larger array, with a step along each dimension."""
    larger = np.full([2 * n + 3 for n in X.shape], 7, X.dtype)
    view = larger[tuple(slice(1, 2 * n + 1, 2) for n in X.shape)]
    view[:] = X
    return view


def _last_first(X: NDArray) -> NDArray:
    r"""Rows that follow each other along the second dimension."""
    return np.ascontiguousarray(X.swapaxes(0, 1)).swapaxes(0, 1)


def _mapped(order: str) -> Callable[[NDArray, Path], NDArray]:
    def mapped(X: NDArray, folder: Path) -> NDArray:
        np.save(folder / "X.npy", np.asarray(X, order=order))
        return np.load(folder / "X.npy", mmap_mode="r")

    return mapped


LAYOUTS: dict[str, Callable[[NDArray, Path], NDArray]] = {
    "columns": lambda X, _: np.asfortranarray(X),
    "slices": lambda X, _: _within(X),
    "columns of slices": lambda X, _: np.asfortranarray(_within(X)),
    "upside down": lambda X, _: X[::-1].copy()[::-1],
    "mirrored": lambda X, _: X[..., ::-1].copy()[..., ::-1],
    "rows inside": lambda X, _: _last_first(X),
    "big-endian": lambda X, _: X.astype(X.dtype.newbyteorder(">")),
    "read-only": lambda X, _: np.frombuffer(X.tobytes(), X.dtype).reshape(X.shape),
    "map": _mapped("C"),
    "map of columns": _mapped("F"),
}

TYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">f4", ">f8", ">i4"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("statistics")


def bits(*learned: Any) -> bytes:
    return pickle.dumps([np.asarray(part).tolist() for part in learned])


def of_column(values: NDArray) -> tuple[Any, ...]:
    scores = NormalScores(5).fit(values)
    return scores.values_, scores.low_, scores.middle_, scores.high_, scores.slope_, scores.scale_


def learned(X: NDArray) -> bytes:
    r"""Everything that is learned from an array of numbers, whatever its number of dimensions."""
    whole = [value_range(X), *of_column(X.reshape(-1))]

    if X.ndim == 2:
        whole += [*column_statistics(X)]
        whole += [*vars(describe_context(X)).values()]
        whole += [v for scaling in ("columns", "whole") for v in scaled(Tables(scaling).fit(X))]

    return bits(*whole)


def scaled(tables: Tables) -> tuple[NDArray, ...]:
    return tables.loc_, tables.scale_, tables.low_, tables.high_


@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=4, max_side=9),
        elements=st.floats(-1e3, 1e3) | st.sampled_from([0.0, -0.0]),
    ),
    st.sampled_from([*LAYOUTS]),
    st.integers(1, 64),
)
def test_layouts_change_no_bit(folder, X, layout: str, numbers: int) -> None:
    with limit_data(block_numbers=numbers):
        expected = learned(X)

        with limit_data(block_bytes=8 * numbers + 1):
            assert learned(LAYOUTS[layout](X, folder)) == expected


@given(
    hnp.arrays(np.int64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40),
               elements=st.integers(0, 127)),
    st.sampled_from(TYPES),
    st.sampled_from(["rows", *LAYOUTS]),
)  # fmt: skip
def test_types_change_no_bit(folder, X, dtype: str, layout: str) -> None:
    with limit_data(block_numbers=32):
        T = X.astype(dtype)
        T = T if layout == "rows" else LAYOUTS[layout](T, folder)

        assert bits(*column_statistics(T), value_range(T)) == bits(
            *column_statistics(X), value_range(X)
        )


def test_zeros_have_one_sign() -> None:
    X = np.array([[0.0, -0.0], [-0.0, 0.0], [-0.0, -0.0]])

    for Z in (X, -X, X[::-1], np.abs(X)):
        known = NormalScores().fit(Z).values_

        for part in (*column_statistics(Z)[:2], *value_range(Z)[:2], known):
            assert not np.signbit(part).any()


def test_columns_of_frames_are_those_of_any_block() -> None:
    pandas = pytest.importorskip("pandas")
    v = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    block, alone = pandas.DataFrame(v), pandas.DataFrame({j: v[:, j].copy() for j in range(3)})
    double = pandas.DataFrame(np.asfortranarray(v.astype(float)))

    for j in range(3):
        fits = [NumberColumn("a").fit(frame[j]).scores_ for frame in (block, alone, double)]
        assert len({bits(*vars(fit).values()) for fit in fits}) == 1


@pytest.mark.parametrize("channels", [1, 9, 17])
@pytest.mark.parametrize("layout", [*LAYOUTS])
def test_sounds_in_any_layout(tmp_path, channels: int, layout: str) -> None:
    X = np.random.default_rng(0).uniform(-0.5, 0.5, size=(70, 160, channels)).astype(np.float32)
    T = stored_by_row(LAYOUTS[layout](X, tmp_path))
    one, other = (Sounds(rate=800, seconds=0.2).fit(part) for part in (X, T))

    assert (one.loc_, one.scale_) == (other.loc_, other.scale_)


# Models


def rows(shape: tuple[int, ...]) -> NDArray:
    X = np.random.default_rng(1).random((40, *shape))
    return X if len(shape) == 1 else (255 * X).astype(np.uint8)


@pytest.mark.parametrize("shape", [(3,), (4, 5), (4, 4, 3), (4, 5, 1)])
@pytest.mark.parametrize("layout", [*LAYOUTS])
def test_minibatches_in_any_layout(tmp_path, layout: str, shape: tuple[int, ...]) -> None:
    X = rows(shape)
    modality = (Tables if len(shape) == 1 else Images)().fit(X)
    T = stored_by_row(LAYOUTS[layout](X, tmp_path))
    plain, other = Examples(modality.load(X)), Examples(on_disk(modality.load(T), T))

    for chosen in (slice(None), slice(3, 9), slice(5, 6), torch.tensor([7, 2]), torch.arange(1)):
        a, b = plain[chosen].target, other[chosen].target
        assert torch.equal(a, b)
        assert a.stride() == b.stride()


def test_slices_in_the_usual_layout_are_not_copied() -> None:
    X = np.zeros((9, 4, 4, 3), np.float32)

    for x in (Images().fit(X).load(X), tensor_of(X.reshape(9, -1))):
        assert Examples(x)[2:4].target.data_ptr() == x[2:].data_ptr()


@pytest.mark.parametrize(
    ("recipe", "shape"),
    [
        (ae.linear, (4, 4, 3)),
        (ae.vae, (5,)),
        (ae.autoencoder, (4, 4, 3)),
        pytest.param(ae.linear, (5,), marks=pytest.mark.slow),
        pytest.param(ae.vae, (4, 4, 3), marks=pytest.mark.slow),
        pytest.param(ae.autoencoder, (5,), marks=pytest.mark.slow),
    ],
)
def test_models_of_any_layout_are_the_same(tmp_path, recipe, shape: tuple[int, ...]) -> None:
    X, y = rows(shape), np.random.default_rng(2).random((40, 2))
    once = {"layers": (8,), "training": ae.Training(epochs=1, validation_fraction=0.1)}
    options = {} if recipe is ae.linear else once

    def fit(T: NDArray, y: NDArray) -> dict[str, torch.Tensor]:
        model = recipe(2, conditional=True, random_state=0, **options).fit(T, y)
        outputs = {"codes": model.transform(T, y), "rows": model.reconstruct(T, y)}
        return {
            **model.model_.state_dict(),
            **{name: torch.from_numpy(v.astype(float)) for name, v in outputs.items()},
        }

    expected = fit(X, y)

    for name, layout in LAYOUTS.items():
        (tmp_path / name).mkdir()
        found = fit(layout(X, tmp_path / name), np.asfortranarray(y))
        assert all(torch.equal(found[key], value) for key, value in expected.items()), name


@pytest.mark.parametrize("n_rows", [0, 1, 2, 9, 1000, 2**24 + 9, 2**40])
@pytest.mark.parametrize("n", [1, 2, 5, 700])
def test_rows_are_evenly_spaced_however_many_there_are(n_rows: int, n: int) -> None:
    rows = evenly_spaced(n_rows, n)
    gaps = rows.diff()

    assert len(rows) == min(n, n_rows)
    assert rows[:1].tolist() == [0][:n_rows]
    assert rows[1:][-1:].tolist() == ([n_rows - 1] if len(rows) > 1 else [])
    assert len(gaps) == 0 or (gaps.min() >= 1 and gaps.max() - gaps.min() <= 1)
