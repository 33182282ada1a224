r"""Tables in files as people and programs export them: read as they are meant, or refused."""

import datetime as dt
import gzip
import logging
import warnings
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import autoencode as ae
from autoencode import FitWarning, Training
from autoencode.cli import inputs as cli_inputs
from autoencode.cli import main
from autoencode.common.batching import memory_budget
from autoencode.data import (
    TableFormat,
    holds_frame,
    one_parse,
    read_array,
    read_frame,
    read_table,
    summarize,
    write_frame,
)
from autoencode.data.tabular import delimited
from autoencode.inputs import read
from autoencode.modalities import MixedTables

N = range(1, 30)


def lines(head: str, row, n=N) -> str:
    return "\n".join([head, *map(row, n), ""])


def write(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


# What a file holds: the columns, and the first row
READ = {
    "names that pandas gives": (
        lines("0,1,2", lambda i: f"{i / 7:.3f},{i / 3:.3f},{i}.5"),
        {"0": 0.143, "1": 0.333, "2": 1.5},
    ),
    "names of one column": (lines("0", lambda i: f"{i / 7:.3f}"), {"0": 0.143}),
    "years": (lines("n,2019,2020", lambda i: f"n{i},{i}.5,{i}.2"), {"2019": 1.5, "2020": 1.2}),
    "pixels": (
        lines("0,1,2,3", lambda i: f"{i % 7},{i % 5},{i % 3},{i * 7 % 16}"),
        {"0": 1, "1": 1, "2": 1, "3": 7},
    ),
    "no names": ("\n".join(f"{i}.5,{i % 3},Iris-{i % 2}" for i in N), {"x1": 1.5, "x3": "Iris-1"}),
    "a kept index": (lines(",a,b", lambda i: f"{i - 1},{i}.5,{i}"), {"a": 1.5, "b": 1}),
    "an index with a name": (lines("Unnamed: 0,a", lambda i: f"{i - 1},{i}.5"), {"a": 1.5}),
    "semicolons": (lines("a;b", lambda i: f"{i},5;{i},25"), {"a": 1.5, "b": 1.25}),
    "quoted decimals": (lines("a;b", lambda i: f'"{i},5";"x;{i % 2}"'), {"a": 1.5, "b": "x;1"}),
    "pipes": (lines("a|b", lambda i: f"{i}|{i}.5"), {"a": 1, "b": 1.5}),
    "spaces": (lines("a  b   c", lambda i: f"{i}   {i}.5  -{i}"), {"a": 1, "b": 1.5, "c": -1}),
    "R write.table": (lines('"a" "b"', lambda i: f'"r {i}" {i} {i}.5'), {"a": 1, "b": 1.5}),
    "R write.csv": (lines('"","a"', lambda i: f'"car {i}",{i}.5'), {"a": 1.5}),
    "numpy.savetxt": (lines("# a b", lambda i: f"{i:.3e} {i * 2:.3e}"), {"a": 1.0, "b": 2.0}),
    "comments": ("# on Monday\n" + lines("a,b", lambda i: f"{i},{i}"), {"a": 1, "b": 1}),
    "thousands": (lines("a,b", lambda i: f'"{i},234.5",{i}'), {"a": 1234.5}),
    "Swiss thousands": (lines("a,b", lambda i: f"{i}'234.5,{i}"), {"a": 1234.5}),
    "French thousands": (lines("n;a", lambda i: f"x{i % 3};{i}\u202f234,5"), {"a": 1234.5}),
    "millions": (lines("a;b", lambda i: f"{i}.234.567;{i}"), {"a": 1234567, "b": 1}),
    "euros": (lines("a;b", lambda i: f"1.2{i:02},50 €;{i}"), {"a": 1201.5, "b": 1}),
    "dollars": (lines("a,b", lambda i: f'"-$1,2{i:02}.50",{i}'), {"a": -1201.5}),
    "percent": (lines("a,b", lambda i: f"{i}.5%,{i}"), {"a": 1.5, "b": 1}),
    "German dates": (lines("d,x", lambda i: f"{i:02}.01.2024,{i}"), {"d": "2024-01-01"}),
    "American dates": (
        lines("d,x", lambda i: f"02/{i % 28 + 1:02}/2024 12:05 AM,{i}"),
        {"d": "2024-02-02 00:05"},
    ),
    "dates with slashes": (lines("d,x", lambda i: f"2024/1/{i},{i}"), {"d": "2024-01-01"}),
    "ISO dates": (lines("d,x", lambda i: f"2024-01-{i:02} 10:00:00,{i}"), {"d": "2024-01-01 10"}),
    "question marks": (lines("a,b", lambda i: f"{i if i % 5 else '?'},{i}"), {"a": 1}),
    "Stata": (lines("a,b", lambda i: f"{i * 0.5 if i % 5 else '.'},{i}"), {"a": 0.5}),
    "SQL": (lines("a\tb", lambda i: f"{i}\t{i * 0.5 if i % 5 else chr(92) + 'N'}"), {"b": 0.5}),
    "truths": (lines("a,b", lambda i: f"{'TRUE' if i % 2 else 'False'},{i}"), {"a": True}),
    "exponents": (lines("a,b", lambda i: f"{i}.50E-7,{i}.0e5"), {"a": 1.5e-7, "b": 1e5}),
    "ids with zeros": (lines("a,b", lambda i: f"{i:05},{i}"), {"a": "00001", "b": 1}),
    "long ids": (lines("a,b", lambda i: f"{10**21 + i},{i}"), {"a": "1000000000000000000001"}),
    "large numbers": (lines("a,b", lambda i: f"{2**60 + i},{i}"), {"a": 2**60 + 1}),
    "telephones": (lines("a,b", lambda i: f"+49 170 {i + 1234567},{i}"), {"a": "+49 170 1234568"}),
    "accounts": (lines("a,b", lambda i: f"170 123 {i + 100},{i}"), {"a": "170 123 101"}),
    "separators at the end": (lines("a,b", lambda i: f"{i},{i}.5,"), {"a": 1, "b": 1.5}),
    "carriage returns": (lines("a,b", lambda i: f"{i},{i}.5").replace("\n", "\r"), {"b": 1.5}),
    "UTF-16": (lines("a\té", lambda i: f"{i}\tü").encode("utf-16"), {"a": 1, "é": "ü"}),
    "Excel": (
        ("sep=;\n" + lines("Größe;n", lambda i: f"1,{i};ü{i % 3}")).encode("cp1252"),
        {"Größe": 1.1, "n": "ü1"},
    ),
    "a title": ("Report\nMade on Monday\n\n" + lines("a,b", lambda i: f"{i},{i}.5"), {"b": 1.5}),
    "a station": (
        "Station: X; Place: Y\n# degrees\n" + lines("d;t;h", lambda i: f"{i:02}.01.2024;{i},5;9"),
        {"d": "2024-01-01", "t": 1.5},
    ),
    "quotes after backslashes": (
        lines("a,b", lambda i: f'{i},"he said \\"yes, {i}\\" twice"'),
        {"a": 1, "b": 'he said "yes, 1" twice'},
    ),
    "backslashes at the end": (lines("a,b", lambda i: f'"C:\\",{i}'), {"a": "C:\\", "b": 1}),
    "names of months": (lines("d,x", lambda i: f'"March {i}, 2024",{i}'), {"d": "2024-03-01"}),
    "dates of SAS": (lines("d,x", lambda i: f"{i:02}JAN2024,{i}"), {"d": "2024-01-01"}),
    "moments of SAS": (
        lines("d,x", lambda i: f"{i:02}jan2024:06:05:04,{i}"),
        {"d": "2024-01-01 06:05:04"},
    ),
    "Japanese dates": (lines("d,x", lambda i: f"2024年1月{i}日,{i}"), {"d": "2024-01-01"}),
    "a column without a name": (
        lines("a,,b", lambda i: f"{i}.5,{i % 3},{i}"),
        {"a": 1.5, "x2": 1, "b": 1},
    ),
    "two columns without names": (lines(",,b", lambda i: f"{i},{i % 3},{i}"), {"x2": 1, "b": 1}),
    "an index that repeats": (lines(",b", lambda i: f"{i % 3},{i}"), {"x1": 1, "b": 1}),
    "a name that is taken": (lines("x2,", lambda i: f"{i},{i % 3}"), {"x2": 1, "column 2": 1}),
    "three decimals": (lines("a,b", lambda i: f"{i}.{i * 31 % 1000:03},{i}"), {"a": 1.031}),
    "a break in a cell": (lines("a,b", lambda i: f'"x\ny",{i}'), {"a": "x\ny", "b": 1}),
}


@pytest.mark.parametrize("kind", READ)
def test_exports_are_read_as_they_are_meant(tmp_path: Path, kind: str) -> None:
    content, first = READ[kind]
    X = read_table(write(tmp_path, content))

    assert len(X) == 29
    assert {*first} <= {*X.columns}

    for name, cell in first.items():
        found = X[name].iloc[0]

        if X[name].dtype.kind == "M":
            assert found == pd.Timestamp(cell)
        else:
            assert found == cell
            assert isinstance(found, str) == isinstance(cell, str)

    if len(first) > 1 and "n" not in first:  # nothing is left that would be a feature
        assert len(X.columns) <= max(3, len(first))


@pytest.mark.parametrize(
    ("content", "message", "settings", "first"),
    [
        ("0,1\n" + "0,2\n1,4\n9,9\n" * 4, "count up", {"header": "yes"}, [0, 2]),
        ("0,1\n" + "0,2\n1,4\n9,9\n" * 4, "count up", {"header": False}, [0, 1]),
        (lines("red,x", lambda i: "red,y"), "may hold names", {"header": 0}, ["red", "x"]),
        (lines("a,b\n[s],[m]", lambda i: f"{i},{i}"), "header=2", {"header": 2}, [1, 1]),
        (lines("a;b", lambda i: f"{i},234;{i}"), "1,234", {"decimal": ","}, [1.234, 1]),
        (lines("a;b", lambda i: f"{i},234;{i}"), "1,234", {"thousands": ","}, [1234, 1]),
        (lines("a;b", lambda i: f"{i}.500;{i}"), "1.500", {"thousands": "."}, [1500, 1]),
        (lines("a;b", lambda i: f"{i}.500;{i}"), "1.500", {"decimal": "."}, [1.5, 1]),
        (lines("a;b", lambda i: f"{i},5;{i}.5"), "decimal commas", {"decimal": ","}, [1.5, "1.5"]),
        (
            lines("d,x", lambda i: "01/02/2024,1"),
            "day or the month",
            {"date_order": "dmy"},
            [pd.Timestamp("2024-02-01"), 1],
        ),
        (
            lines("w", lambda i: f"{i},5"),
            "decimal commas",
            {"separator": ";", "decimal": ","},
            [1.5],
        ),
        (
            lines("d,x", lambda i: f"{i}:05,1"),
            "hours and minutes, minutes and seconds",
            {"text_columns": ["d"]},
            ["1:05", 1],
        ),
        (
            b"a,b\n\xf2\xe5\xea,1\n",
            "--encoding",
            {"encoding": "cp1251"},
            ["\u0442\u0435\u043a", 1],
        ),
    ],
)
def test_two_readings_are_refused_with_the_setting_that_decides(
    tmp_path: Path, content: str | bytes, message: str, settings: dict, first: list
) -> None:
    file = write(tmp_path, content)

    with pytest.raises(ValueError, match=message) as error:
        read_table(file)

    assert str(file) in str(error.value)
    X = read_table(file, **settings)
    assert [X[name].iloc[0] for name in X.columns] == first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lines("a^b", lambda i: f"{i}^x"), r"1 times '\^'.*separator='\^'"),
        (lines("a~b~c", lambda i: f"{i}~x~y"), "separator='~'"),
        (lines("a:b", lambda i: f"{i}:{i}"), "separator=':'"),
        ("\n".join(f"{i}::{i}::5" for i in N), "replace '::' by a single character"),
        (lines("a,b", lambda i: f"'{i},5','x'"), "in single quotes"),
        ('[{"a": 1, "b": 2},\n{"a": 2, "b": 3}]', r"it is JSON: name it \.jsonl"),
        (b"PK\3\4" + bytes(26) + b"[Content_Types].xml", "it is a table: save it as"),
        (b"BZh91AY&SY", "it is an archive: unpack"),
        (b"SQLite format 3\0", "it is an SQLite database"),
        ("<html><table><tr><td>1</td></tr></table></html>", "it is a document"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, content: str | bytes, message: str):
    with pytest.raises(ValueError, match=f"t.csv.*{message}"):
        read_table(write(tmp_path, content))


def test_single_columns_stay_so(tmp_path: Path) -> None:
    for row in ("10:30", "a:b", "x/y", "2024-01-05", "a-b"):
        X = read_table(write(tmp_path, lines("words", lambda i, row=row: row)))
        assert X.shape == (29, 1)

    assert (
        read_table(write(tmp_path, lines("a^b", lambda i: f"{i}^x")), separator="^").shape[1] == 2
    )
    assert (
        read_table(write(tmp_path, lines("a^b", lambda i: f"{i}^x")), separator=",").shape[1] == 1
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (lambda i: f"{i}.5 kg", "numbers with 'kg'"),
        (lambda i: f"{i}°N", "numbers with '°N'"),
        (lambda i: f"<{i}", "numbers with '<'"),
        (lambda i: f"{i}.5D-03", "look like numbers, such as"),
        (lambda i: f"{i}-Mar-24", "look like dates"),
        (lambda i: f"{i:02}.03.24", "look like dates"),
        (lambda i: f"202403{i:02}", "2024-03-01, if they are"),
        (lambda i: f"2024-03-{i:02}" if i % 2 else f"{i:02}/03/2024", "dates, but in different"),
    ],
)
def test_spellings_that_are_not_read_are_reported(tmp_path: Path, row, message: str) -> None:
    with pytest.warns(FitWarning, match=message):
        read_table(write(tmp_path, lines("a,b", lambda i: f"{row(i)},{i}")))


@pytest.mark.parametrize(
    "row", [lambda i: f"user{i}", lambda i: f"A{i}-{i}", lambda i: f"No {i}b{i}"]
)
def test_names_are_no_other_spellings(tmp_path: Path, row) -> None:
    assert isinstance(
        read_table(write(tmp_path, lines("a,b", lambda i: f"{row(i)},1")))["a"][0], str
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"header": "maybe"}, "expected header"),
        ({"separator": "ab"}, "expected separator"),
        ({"decimal": ";"}, "expected decimal"),
        ({"thousands": "7"}, "expected thousands"),
        ({"date_order": "d/m"}, "expected date_order"),
        ({"index_column": "c"}, "no column 'c'"),
        ({"text_columns": ["c"]}, r"no columns \['c'\]"),
        ({"encoding": "morse"}, "unknown encoding"),
    ],
)
def test_settings_that_are_none_are_refused(tmp_path: Path, settings: dict, message: str) -> None:
    file = write(tmp_path, "a,b\n1,x\n2,y\n")

    with pytest.raises(ValueError, match=message):
        read_table(file, **settings)


def test_what_stands_for_missing_cells(tmp_path: Path) -> None:
    file = write(tmp_path, lines("a,b,k", lambda i: f"{i if i % 4 else -999},{i},{'x?'[i % 2]}"))

    with pytest.warns(FitWarning) as found:
        X = read_table(file)

    messages = " ".join(str(w.message) for w in found)
    assert "7 cells of column 'a' are -999" in messages
    assert "15 cells of column 'k' are '?'" in messages
    assert not X.isna().any(axis=None)

    X = read_table(file, missing_values=["-999", "?"])
    assert X.isna().sum().tolist() == [7, 0, 15]
    assert str(X["a"].dtype) == "Int64"


def test_cells_in_other_spellings_are_reported(tmp_path: Path) -> None:
    file = write(
        tmp_path, lines("a,d", lambda i: f"{i if i % 9 else 'about 9'},x").replace("x", "")
    )

    with pytest.warns(
        FitWarning, match=r"most cells .* 'a' look like numbers.*'about 9'.*--text-columns"
    ):
        read_table(file)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_table(file, text_columns=["a"])["a"].iloc[0] == "1"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["(-1.50)", "2.50"], "look like numbers, but in different spellings"),
        (["1 EUR", "2 USD"], "look like numbers, but in different spellings"),
        (["2024-01-02", "02.01.2024"], "look like dates, but in different spellings"),
        (["DE", "NA"], "if NA is one of the codes"),
    ],
)
def test_columns_that_are_perhaps_something_else(
    tmp_path: Path, cells: list[str], message: str
) -> None:
    file = write(tmp_path, lines("a,b", lambda i: f"{cells[i % 2]},{i}"))

    with pytest.warns(FitWarning, match=message):
        assert isinstance(read_table(file)["a"].dropna().iloc[0], str)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".tsv.gz", ".jsonl", ".feather"])
def test_all_files_hold_the_same(tmp_path: Path, suffix: str) -> None:
    X = pd.DataFrame({"n": [2**60 + 1, 5, 7], "x": [0.5, None, 2.5], "k": ["a", "b", "ä"]})
    text = X.to_csv(index=False, sep="\t" if ".tsv" in suffix else ",").encode()

    if suffix == ".jsonl":
        text = X.to_json(orient="records", lines=True, force_ascii=False).encode()

    file = write(tmp_path, gzip.compress(text) if suffix.endswith(".gz") else text, f"t{suffix}")

    if suffix == ".feather":
        X.to_feather(file)

    Y = read_table(file)
    assert Y["n"].tolist() == X["n"].tolist()
    assert Y["x"].isna().tolist() == [False, True, False]
    assert Y["k"].tolist() == X["k"].tolist()


@pytest.mark.parametrize("suffix", [".jsonl", ".feather", ".parquet"])
def test_files_with_types_take_the_settings_that_concern_them(tmp_path: Path, suffix) -> None:
    X = pd.DataFrame(
        {"id": ["u", "v", "w"], "n": [7, -9, 8], "k": ["a", "?", "b"], "z": [1, 2, 3]}
    )
    file = tmp_path / f"t{suffix}"
    writers = {".jsonl": lambda: X.to_json(file, orient="records", lines=True)}
    writers.get(suffix, X.to_feather if suffix == ".feather" else X.to_parquet)(
        *(() if suffix == ".jsonl" else (file,))
    )

    given = {"index_column": "id", "missing_values": ["-9", "?"], "text_columns": ["z"]}
    Y = read_table(file, **given)
    assert (Y.index.name, [*Y.index], [*Y.columns]) == ("id", ["u", "v", "w"], ["n", "k", "z"])
    assert Y.isna().sum().tolist() == [1, 1, 0]
    assert [*Y["z"]] == ["1", "2", "3"]

    for name, value in {"decimal": ",", "header": 1, "separator": ";"}.items():
        with pytest.raises(ValueError, match=f"{name}.*has no effect on .*have types"):
            read_table(file, **{name: value})

    for given in ({"index_column": "q"}, {"text_columns": ["q"]}):
        with pytest.raises(ValueError, match=r"no column \['q'\]"):
            read_table(file, **given)


def test_json_lines_in_other_encodings_and_with_wide_integers(tmp_path: Path) -> None:
    text = '{"a": "Größe", "n": 18446744073709551615}\n{"a": "é", "n": 1}\n'

    for name in ("utf-16", "utf-16-le", "latin-1", "utf-8-sig"):
        X = read_table(write(tmp_path, text.encode(name), "t.jsonl"))
        assert X.values.tolist() == [["Größe", 2**64 - 1], ["é", 1]]

    file = write(tmp_path, '{"a": "日本語"}\n'.encode("shift_jis"), "t.jsonl")
    with pytest.raises(ValueError, match="several encodings"):
        read_table(file)

    assert read_table(file, encoding="shift_jis")["a"].tolist() == ["日本語"]

    with pytest.raises(ValueError, match="cells of several kinds"):
        read_table(write(tmp_path, '{"a": 1}\n{"a": "x"}\n', "t.jsonl"))


def test_files_with_the_same_columns_are_one_table(tmp_path: Path) -> None:
    write(tmp_path, "a,b,c\n1,x,\n2,y,\n", "1.csv")
    write(tmp_path, "b,a,c\n7,0.5,3\n", "2.csv")
    X = read_table([tmp_path / "1.csv", tmp_path / "2.csv"])

    assert X["a"].tolist() == [1.0, 2.0, 0.5]
    assert X["b"].tolist() == ["x", "y", "7"]
    assert X["c"].isna().tolist() == [True, True, False]

    write(tmp_path, "b,a\n7,0.5\n", "3.csv")
    with pytest.raises(ValueError, match=r"\['c'\] are missing"):
        read_table(sorted(tmp_path.glob("*.csv")))


def vae() -> ae.Autoencoder:
    training = Training(epochs=1, validation_fraction=0, show_progress=False)
    return ae.vae(
        1, layers=(4,), training=training, random_state=0, prior=ae.priors.StandardNormal()
    )


@pytest.mark.parametrize("numbers", [True, False])
def test_new_files_are_read_as_those_of_the_fit(tmp_path: Path, numbers: bool) -> None:
    cell = "" if numbers else ";{k}"
    head = "a;b" + ("" if numbers else ";k")
    row = "{i},5;{i}.234" + cell
    fit = lines(head, lambda i: row.format(i=i, k="xy"[i % 2]))
    model = vae().fit(write(tmp_path, fit))
    model.save(tmp_path / "m.ae")
    model = ae.load(tmp_path / "m.ae")

    # Nothing in this file says that a comma is a decimal sign
    new = write(tmp_path, f"{head}\n3,500;3.234" + cell.format(k="y") + "\n", "new.csv")
    expected = model.transform(tmp_path / "t.csv")[2:3]
    np.testing.assert_allclose(model.transform(new), expected, rtol=1e-5)

    other = write(tmp_path, f"{head}\n3.5;3234" + cell.format(k="x") + "\n", "other.csv")
    with pytest.raises(ValueError, match=r"expected numbers, got '3\.5' in (row 1|line 2)"):
        model.transform(other)


def test_files_are_read_in_the_types_of_the_fit(tmp_path: Path) -> None:
    model = vae().fit(
        write(tmp_path, lines("x,n,d,k,t", lambda i: f"{i}.5,{i},2024-01-{i:02},k{i % 2},true"))
    )
    empty = model.impute(write(tmp_path, "x,n,d,k,t\n,,,,\n", "e.csv"))
    whole = model.impute(write(tmp_path, "x,n,d,k,t\n3,3,2024-01-03,k1,true\n", "w.csv"))

    assert [dtype.kind for dtype in whole.dtypes] == ["f", "i", "M", "O", "b"]
    assert not empty.isna().any(axis=None)
    assert model.transform([tmp_path / "e.csv", tmp_path / "w.csv"]).shape == (2, 1)


def test_parquet_keeps_whole_numbers_beside_missing_cells(tmp_path: Path) -> None:
    ids = [None if i % 5 == 0 else 2**60 + i for i in range(40)]
    small = [None if i % 7 == 0 else i for i in range(40)]
    truths = [None if i % 3 == 0 else i % 2 == 0 for i in range(40)]
    columns = {"id": pa.array(ids, pa.int64()), "n": pa.array(small, pa.uint8())}
    columns |= {"t": pa.array(truths), "x": np.arange(40) / 3}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")

    X = read_table(tmp_path / "t.parquet")
    assert [*map(str, X.dtypes)] == ["Int64", "UInt8", "boolean", "float64"]

    filled = vae().fit(tmp_path / "t.parquet").impute(tmp_path / "t.parquet")
    assert all(int(a) == b for a, b in zip(filled["id"], ids) if b is not None)


def test_the_fit_says_how_each_column_is_taken(tmp_path: Path, caplog) -> None:
    rows = lines("id,x,n,d,k,t,c", lambda i: f"u{i},{i}.5,{i * i},2024-01-{i:02},k{i % 3},true,7")
    file = write(tmp_path, rows.replace("true", "false", 1))

    with caplog.at_level(logging.INFO, "autoencode"), pytest.warns(FitWarning) as found:
        vae().fit(file)

    (message,) = [m for m in caplog.messages if m.startswith("table of 29 rows")]

    for kind in ("1 number (x)", "1 whole number (n)", "1 date (d)", "1 category (k, 3 levels)"):
        assert kind in message

    for kind in ("1 text that tells rows apart (id)", "1 yes or no (t)", "1 constant (c)"):
        assert kind in message

    assert any("'id' tells rows apart" in str(w.message) for w in found)


def test_objects_are_of_their_kind_in_the_log() -> None:
    X = pd.DataFrame({"d": [dt.date(2024, 1, i) for i in N], "t": [dt.time(i % 24) for i in N]})
    X = X.assign(n=[Decimal(i) / 4 for i in N], p=pd.period_range("2024", periods=29, freq="M"))
    kinds = "1 date (d); 1 time (t); 1 number (n); 1 period (p)"

    assert summarize(X) == f"table of 29 rows: {kinds}"
    assert summarize(X[["d"]].rename(columns={"d": "x" * 99})).endswith(f"({'x' * 80}...)")


def test_rows_keep_their_names(tmp_path: Path) -> None:
    file = write(tmp_path, lines("id,x,k", lambda i: f"u{i},{i if i % 5 else ''},k{i % 2}"))
    X = read_table(file, index_column="id")
    filled = vae().fit(X).impute(X)

    assert X.index.tolist() == filled.index.tolist() == [f"u{i}" for i in N]
    assert [*filled.columns] == ["x", "k"]


def test_command_line(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, lines("id;a;b", lambda i: f"u{i};{i},234;{i if i % 4 else -999}"))
    fit = "fit t.csv --recipe vae --latent-dim 1 --layers 4 --epochs 1 --out m.ae"

    assert main(fit.split()) == 2
    assert "--decimal or --thousands" in capsys.readouterr().err
    assert (
        main([*fit.split(), "--decimal", ",", "--index-column", "id", "--missing-values", "-999"])
        == 0
    )
    assert main("impute m.ae t.csv --out full.csv".split()) == 0

    X = pd.read_csv("full.csv", index_col=0)
    assert X.index.tolist() == [f"u{i}" for i in N]
    assert X["a"].tolist() == pytest.approx([i + 0.234 for i in N])
    assert X["b"].min() > 0


def test_a_table_of_numbers_is_mapped_where_it_is_large(
    tmp_path: Path, monkeypatch, limits
) -> None:
    monkeypatch.setenv("AUTOENCODE_CACHE", str(tmp_path / "cache"))
    file = write(tmp_path, lines("a;b;k", lambda i: f"{i},5;{i}.234,5;x{i}"))
    small = read_array(file, label="k")
    limits(resident_bytes=0)
    large = read_array(file, label="k")

    assert isinstance(large.X, np.memmap)
    np.testing.assert_array_equal(small.X, large.X)
    assert small.X[0].tolist() == [1.5, 1234.5]
    assert small.y.tolist() == large.y.tolist()
    assert small.columns == large.columns == ["a", "b"]


TIMES = {
    "minutes": ("{0:02}:35", dt.time(5, 35)),
    "one digit": ("{0}:35", dt.time(5, 35)),
    "seconds": ("{0:02}:35:10", dt.time(5, 35, 10)),
    "fractions": ("{0}:35:10.25", dt.time(5, 35, 10, 250_000)),
    "halves": ("{1} pm", dt.time(17, 35)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TIMES)
def test_times_of_the_day_are_times(tmp_path: Path, kind: str) -> None:
    form, time = TIMES[kind]
    cells = [form.format(i % 9 + 1, f"{i % 9 + 1}:35") if i > 1 else "" for i in range(30)]
    file = write(tmp_path, lines("t,k", lambda i: f"{cells[i]},{'ab'[i % 2]}"))
    X = read_table(file)
    assert X["t"][3] == time

    model = vae().fit(file)
    S = model.sample(5, random_state=0)
    assert all(isinstance(cell, dt.time) for cell in S["t"])
    (hours,) = {cell.replace(hour=0) for cell in S["t"]}
    assert hours == time.replace(hour=0)

    write_frame(tmp_path / "s.csv", S, ".csv")
    np.testing.assert_allclose(model.transform(tmp_path / "s.csv"), model.transform(S))
    empty = write(tmp_path, "t,k\n,a\n,b\n", "empty.csv")
    assert np.isfinite(model.transform(empty)).all()
    assert model.sample(2, conditions={"t": "06:30"})["t"].tolist() == [dt.time(6, 30)] * 2
    lines_of_json = '{"t": "06:30", "k": "a"}\n{"t": "5:30", "k": "b"}\n'
    assert np.isfinite(model.transform(write(tmp_path, lines_of_json, "t.jsonl"))).all()
    other = write(tmp_path, "t,k\n31:10,a\n12:00,b\n", "other.csv")

    with pytest.raises(ValueError, match="column 't': expected durations or times, got '31:10'"):
        model.transform(other)

    whole = read_table([file, tmp_path / "s.csv"])
    assert all(isinstance(cell, dt.time) for cell in whole["t"].dropna())
    assert read_table(file, text_columns=["t"])["t"][3] == cells[4]


H, D = 3600, 86400
DURATIONS = {
    "hours beyond a day": (["31:10:00", "0:05:00", "007:00:01"], [31 * H + 600, 300, 7 * H + 1]),
    "fractions": (["31:10:00.25", "0:05:00"], [31 * H + 600.25, 300]),
    "below zero": (["-1:10:00", "0:05:00"], [-H - 600, 300]),
    "pandas": (["1 days 07:10:00", "-1 days +23:59:00"], [D + 7 * H + 600, -60]),
    "Python": (["1 day, 7:10:00", "0:00:01.500000"], [D + 7 * H + 600, 1.5]),
    "Postgres": (
        ["2 days 03:00:00", "1 day", "-1 days -02:00:00"],
        [2 * D + 3 * H, D, -D - 2 * H],
    ),
    "ISO 8601": (["PT36H", "P1DT2H30M", "PT0.5S", "P2W"], [36 * H, D + 2.5 * H, 0.5, 14 * D]),
    "units": (["1h 30m", "45 min", "2 hours 5 s"], [1.5 * H, 2700, 2 * H + 5]),
}


@pytest.mark.parametrize("kind", DURATIONS)
def test_durations_are_durations(tmp_path: Path, kind: str) -> None:
    words, seconds = DURATIONS[kind]
    n = len(words)
    cells = ["", *(words[i % n] for i in N)]
    file = write(tmp_path, lines("t;k", lambda i: f"{cells[i - 1]};{'ab'[i % 2]}"))
    X = read_table(file)
    assert X["t"].isna()[0]
    found = X["t"][1:].dt.total_seconds().tolist()
    assert found == [seconds[i % n] for i in N][:28]
    assert read_table(file, text_columns=["t"])["t"][1] == words[1]

    # A later file is read in the kind of the fit, whatever its cells look like
    again = write(tmp_path, "t;k\n00:05:00;a\n", "later.csv")
    table = MixedTables().fit(X)
    assert read_frame(again, table.file_kinds())["t"][0] == pd.Timedelta("5 min")
    write_frame(tmp_path / "own.csv", X, ".csv")
    assert read_frame(tmp_path / "own.csv", table.file_kinds())["t"].equals(X["t"])
    assert read_table([file, tmp_path / "own.csv"])["t"].tolist()[1:29] == X["t"].tolist()[1:]


def test_rows_without_a_name_stay_what_they_were(tmp_path: Path) -> None:
    whole = pd.DataFrame({"a": [i / 7 for i in N]})
    counted, repeated = tmp_path / "counted.csv", tmp_path / "repeated.csv"
    whole.to_csv(counted)
    whole.set_axis([i % 3 for i in N]).to_csv(repeated)

    for file, names in ((counted, ["a"]), (repeated, ["x1", "a"])):
        form = TableFormat.of(read_table(file).attrs["format"])

        for rows in ([5], [3, 3], [0, 1]):
            whole.iloc[rows].to_csv(tmp_path / "later.csv")
            assert [*read_frame(tmp_path / "later.csv", {}, form).columns] == names


def test_numbers_beside_truth_values_are_read_for_tables(tmp_path: Path) -> None:
    X = pd.DataFrame({"x": [i / 7 for i in N], "t": [i % 3 == 0 for i in N]})
    model = vae().fit(X)
    X.to_csv(tmp_path / "t.csv", index=False)

    assert type(model.modality_).__name__ == "Tables"
    np.testing.assert_array_equal(model.transform(tmp_path / "t.csv"), model.transform(X))


def test_numbers_and_dates_as_text_in_memory_are_reported(recwarn) -> None:
    X = pd.DataFrame({"a": [f"{i},5" for i in N], "d": [f"2024-01-{i:02}" for i in N]})
    X["t"] = [f"{i % 24}:05" for i in N]
    X["h"] = [f"{i}:05:00" for i in N]
    X = X.assign(
        zip=[f"0{i:04}" for i in N], kind=["1", "2"] * 14 + ["1"], word=["a", "b"] * 14 + ["a"]
    )
    ae.vae(1, layers=(4,), training=Training(epochs=1)).fit(X)
    messages = [str(w.message) for w in recwarn if "text that spells" in str(w.message)]

    assert [s.split("'")[1] for s in messages] == ["a", "d", "t", "h"]
    assert "pd.to_numeric" in messages[0]
    assert "pd.to_datetime" in messages[1]
    assert "pd.to_timedelta" in messages[3]


@pytest.mark.parametrize("of_command", [False, True])
@pytest.mark.parametrize(
    ("row", "parses"),
    [
        ("{0}.512;0.{0}7", 1),
        ("x{0};0.25{0}", 1),
        ("{0},5;1,{0}", 1),
        ("{0};1{0};7{0}", 2),  # a second time as text, as zeros may stand before whole numbers
        ("00{0};x;{0};2{0}", 2),
    ],
)
def test_tables_are_parsed_once(
    tmp_path: Path, monkeypatch, row: str, parses: int, of_command: bool
) -> None:
    file, seen = tmp_path / "table.csv", []
    names = ";".join("abcd"[: row.count(";") + 1])
    file.write_text(f"{names}\n" + "".join(row.format(i) + "\n" for i in range(10, 30)))
    parse = delimited._Source.read
    monkeypatch.setattr(delimited._Source, "read", lambda *a: seen.append(a) or parse(*a))

    X = cli_inputs.read(file).X if of_command else read(file, None, fitting=True).X

    assert len(X) == 20
    assert len(seen) == parses


def test_memory_bounds_the_columns_that_are_read_as_text(tmp_path: Path, monkeypatch) -> None:
    file, seen = tmp_path / "table.csv", []
    X = np.arange(60).reshape(10, 6) + 100
    pd.DataFrame(X, columns=[*"abcdef"]).to_csv(file, index=False)
    parse = delimited._Source.read
    monkeypatch.setattr(delimited._Source, "read", lambda *a: seen.append(a[2]) or parse(*a))

    with memory_budget(4 * 16 * len(X)):
        assert np.array_equal(read_frame(file), X)

    assert [len(columns) for columns in seen] == [0, 4, 2]


def test_changed_files_and_other_settings_are_parsed_again(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("a,b\n1,x\n")

    with one_parse():
        assert holds_frame(file)
        file.write_text("a,b\n2,x\n3,y\n")
        assert read_frame(file)["a"].tolist() == [2, 3]
        assert holds_frame(file)
        assert read_frame(file, {"a": "text"})["a"].tolist() == ["2", "3"]
