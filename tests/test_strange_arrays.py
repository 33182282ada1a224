r"""Arrays, tensors and columns that are no plain numbers: converted, or refused with a remedy."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from autoencode import FitWarning
from autoencode.data import read_array, read_table
from autoencode.data.listing.names import first_few
from autoencode.inputs import read, tensor_to_numpy
from autoencode.inputs.conversion import from_other_array
from autoencode.modalities import MixedTables
from autoencode.modalities.columns import DateColumn

ROWS = torch.arange(6.0).reshape(3, 2)


@pytest.mark.parametrize(
    "X",
    [
        ROWS.bfloat16(),
        ROWS.to(torch.float8_e4m3fn),
        ROWS.clone().requires_grad_(),
        torch._neg_view(-ROWS),
        torch.complex(ROWS, -ROWS).conj().imag,
    ],
)
def test_dense_tensors_are_arrays(X: torch.Tensor) -> None:
    assert np.array_equal(tensor_to_numpy(X), ROWS.numpy())


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (torch.eye(3).to_sparse(), "to_dense"),
        (torch.empty(3, 2, device="meta"), "without values"),
        (torch.complex(ROWS, ROWS), "Complex data not supported"),
        (np.array([[1, "a"], [2, "b"]], dtype=object), "pd.DataFrame"),
        (np.array([[1, 1j], [2, 3]], dtype=object), "pd.DataFrame"),
        (np.array([["a", "b"]], dtype=np.dtypes.StringDType()), "pd.DataFrame"),
        ({"a": [1, 2], "b": ["x", "y"]}, "pd.DataFrame"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused_with_a_remedy(X, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(X, None, fitting=True)


def test_arrow_types_without_operations(tmp_path: Path) -> None:
    views = pa.table({"k": pa.array(["a", None, "b"], pa.string_view()), "x": [1.0, 2.0, None]})
    frames = MixedTables().fit(views)
    found = frames.restore(frames.normalize(frames.load(views)))
    assert [*found["k"]][::2] == ["a", "b"]

    cells = pa.array([b"a", None], pa.binary_view())
    X = pd.DataFrame({"k": pd.Series(pd.arrays.ArrowExtensionArray(cells))})

    with pytest.raises(ValueError, match="column 'k'"):
        MixedTables().fit(X)


def test_files_with_more_than_one_array(tmp_path: Path, caplog) -> None:
    file = tmp_path / "X.npy"
    np.save(file, np.ones((4, 2)))
    file.write_bytes(2 * file.read_bytes())

    with pytest.raises(ValueError, match="bytes follow its array of shape"):
        read_array(file)

    np.savez(tmp_path / "X.npz", X=np.ones((4, 2)), y=np.arange(4), scale=np.ones(2))

    with caplog.at_level(logging.INFO, "autoencode"):
        assert read_array(tmp_path / "X.npz").X.shape == (4, 2)

    assert "left out: scale" in caplog.text


def test_dates_in_text_after_the_fit() -> None:
    column = DateColumn("d").fit(pd.Series(pd.to_datetime(["2024-01-01", "2024-03-01"])))

    for words in (
        ["31.01.2024", "01.02.2024"],
        ["31/01/2024", "01/02/2024"],
        ["2024-01-31", "Feb 1, 2024"],
    ):
        assert column.to_numeric(pd.Series(words)).tolist() == [30, 31]

    with pytest.raises(ValueError, match=r"'01/02/2024' may begin with the day or the month"):
        column.to_numeric(pd.Series(["01/02/2024"]))


def test_times_with_nanoseconds_in_files(tmp_path: Path) -> None:
    times = pa.array([1_000, 2_001, None], pa.time64("ns"))
    pq.write_table(pa.table({"t": times}), tmp_path / "t.parquet")

    with pytest.warns(FitWarning, match="'t' are rounded down"):
        found = read_table(tmp_path / "t.parquet")["t"]

    assert [cell.microsecond for cell in found[:2]] == [1, 2]


def test_columns_of_one_name_in_parquet(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1, 2]), pa.array([3, 4])], names=["a", "a"])
    pq.write_table(twice, tmp_path / "t.parquet")

    with pytest.raises(ValueError, match=r"different names, got \['a'\]"):
        read_table(tmp_path / "t.parquet")


def test_arrays_of_other_libraries() -> None:
    class Other:
        def __init__(self) -> None:
            self.X = np.arange(6.0).reshape(3, 2)
            self.__dlpack__ = self.X.__dlpack__
            self.__dlpack_device__ = self.X.__dlpack_device__

    assert np.array_equal(from_other_array(Other()), Other().X)

    with pytest.raises(ValueError, match="got bytes"):
        read(b"digits.npy", None)


def test_dates_in_json_keep_their_zone(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('{"a": "2024-01-01T10:00:00Z", "b": "2024-01-01"}\n' * 3)
    X = read_table(file)

    assert X["a"].iloc[0] == pd.Timestamp("2024-01-01 10:00", tz="UTC")
    assert X["b"].iloc[0] == pd.Timestamp("2024-01-01")


def test_names_of_files_stay_in_one_line() -> None:
    assert first_few(["a\nb", "\x1b[31mc", "d\u202ee"]) == r"a\nb; \x1b[31mc; d\u202ee"
