r"""Tables in text that nobody would write, and that programs and people do write."""

import warnings
from pathlib import Path

import pandas as pd
import pytest

from autoencode import FitWarning
from autoencode.data import read_table


def write(folder: Path, content: str | bytes) -> Path:
    file = folder / "t.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def columns(cells: list[str]) -> str:
    return "v|w\n" + "".join(f"{cell}|{i * 7 % 5}.5\n" for i, cell in enumerate(cells))


# The cells of a file, column by column
READ = {
    "spaces before quotes": (
        'a, b\n1, "x, y"\n2, "p ""q"""\n',
        {"a": [1, 2], "b": ["x, y", 'p "q"']},
    ),
    "quotes that hold a comma and a space": ('a,b\n"x, ""y"" z",1\n"p",2\n', {"b": [1, 2]}),
    "UTF-16 without a mark": (
        "a,b\nä,1\nö,2\n".encode("utf-16-le"),
        {"a": ["ä", "ö"], "b": [1, 2]},
    ),
    "the same, the other way": (
        "a,b\nä,1\nö,2\n".encode("utf-16-be"),
        {"a": ["ä", "ö"], "b": [1, 2]},
    ),
    "a column without name and cells": ("a,,b\n1,,2\n3,,4\n", {"a": [1, 3], "b": [2, 4]}),
    "pipes around each row": ("|a|b|\n|1|x|\n|2|y|\n", {"a": [1, 2], "b": ["x", "y"]}),
    "negative numbers of accounting": (
        'a,b,c\n$(1.50),1.25-,\u20135\n"($2,000.00)",3.00,6\n$7,.5-,7\n',
        {"a": [-1.5, -2000.0, 7.0], "b": [-1.25, 3.0, -0.5], "c": [-5, 6, 7]},
    ),
    "quarters, months and days of weeks": (
        "a,b,c\n2024Q1,2024-01,2024-W01-1\nQ2/2023,2023-12,2023-W52-7\n",
        {
            "a": [pd.Period("2024Q1"), pd.Period("2023Q2")],
            "b": [pd.Period("2024-01"), pd.Period("2023-12")],
            "c": [pd.Timestamp("2024-01-01"), pd.Timestamp("2023-12-31")],
        },
    ),
    "numbers in parentheses alone": ("a,b\n(1),1\n(2),2\n", {"a": ["(1)", "(2)"]}),
    "months beside missing ones": ("a,b\n2024-01,1\n?,2\n", {"b": [1, 2]}),
    "Japanese with escapes": (
        "a,b\n日本,1\n語,2\n".encode("iso2022_jp"),
        {"a": ["日本", "語"], "b": [1, 2]},
    ),
    "French in Windows-1252": (
        "a,b\n\u00ab\u00a0été\u00a0\u00bb,1\nl\u2019école,2\n".encode("cp1252"),
        {"a": ["\u00ab\u00a0été\u00a0\u00bb", "l\u2019école"]},
    ),
    "hexadecimal numbers": ("a,b\n0x1A,1\n0x0F,2\n", {"a": ["0x1A", "0x0F"], "b": [1, 2]}),
}


@pytest.mark.parametrize("kind", READ)
def test_strange_layouts_are_read(tmp_path: Path, kind: str) -> None:
    content, found = READ[kind]
    X = read_table(write(tmp_path, content))

    for name, cells in found.items():
        assert X[name].tolist() == cells

    assert len(X.columns) == max(2, len(found))
    assert not X.columns.str.startswith("Unnamed").any()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\nx\0y,1\nz,2\n", "bytes of zero in line 2"),
        ("a,b\n日本語0,1\n東京,2\n".encode("shift_jis"), "several encodings"),
        ("a,b\nカタカナ,1\n".encode("euc_jp"), "several encodings"),
        ("a,b\nGröße,1\n".encode("cp437"), "several encodings"),
        (b"\1\2\3\0\0\0\0\4\5", "binary"),
        ("a,b\n1,2\n3,4\na,b\n5,6\n", "1 row repeats the names"),
        ("a,b\n1,2\na,b\n5,6\na,b\n3,4\n", "2 rows repeat the names"),
        ("|a|b|\n|---|---|\n|1|2|\n", "is a rule"),
        (",2020,2020,2021\nn,x,y,x\na,1,2,3\nb,3,4,5\nc,3,4,5\n", "header=2"),
        (b"@relation x\n@attribute a numeric\n@data\n1\n", "it is a table"),
        (b"PK\3\4" + bytes(26) + b"docProps/app.xml", "it is a table"),
    ],
)
def test_what_is_no_table_of_rows_is_refused(tmp_path, content, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_table(write(tmp_path, content))


N = range(12)
MONTHS = [
    "Jan",
    "févr.",
    "März",
    "Apr",
    "mai",
    "Jun",
    "juil.",
    "août",
    "Sep",
    "Okt",
    "Nov",
    "dic",
]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (columns([f"P{i + 1}M" for i in N]), "look like durations"),
        (columns([f"{'-+'[i % 2]}{i}:30" for i in N]), "look like durations"),
        (columns([f"{m}-20" for m in MONTHS]), "look like dates"),
        (columns([f"{m} 2020" for m in MONTHS]), "look like dates"),
        (columns([f"Mon, {10 + i} Feb 2023 10:00:00 GMT" for i in N]), "look like dates"),
        (columns([f"Mon Feb {10 + i} 10:00:00 2023" for i in N]), "look like dates"),
        (columns([f"2023-02-{10 + i} 10:00:00 CET" for i in N]), "look like dates"),
        (columns([f"202302{10 + i}101500" for i in N]), "2023-02-10 12:00:00, if they are"),
        (columns([f'="00{i}"' for i in N]), "of a spreadsheet"),
        (columns([f"'{i}" for i in N]), "of a spreadsheet"),
        (columns([f"{i}/7" for i in N]), "fractions"),
        (columns([f"{i} ± 0.1" for i in N]), "with their errors"),
        (columns(["MÃ¼ller", "Berg"] * 6), "decoded in a wrong encoding"),
        (columns(["M\ufffdller", "Berg"] * 6), "decoded in a wrong encoding"),
        (columns([f"{i}°31'N" for i in N]), "degrees"),
        (columns(["yes", "Yes", "no"] * 4), "only in letter case"),
        (columns(["a", "a ", "b"] * 4), "only in letter case"),
        (columns(["é", "e\u0301", "b"] * 4), "Unicode form"),
        (columns(["2147483647", "1", "2", "3"] * 3), r"missing_values=\['2147483647'\]"),
        (columns(["-99.9", "1", "2", "3.5"] * 3), "are -99.9, far from"),
        (columns(["1e20", "1", "2", "3"] * 3), "far from all others"),
        (columns([f"{i + 10}e{i % 5}" for i in N]), r"number.* exponent.*text_columns=\['v'\]"),
        (columns(["12e4", "345", "6789"] * 4), "such as '12e4' are read as numbers"),
        (
            columns([f"1.{i}" for i in range(1, 12)]),
            "'1.1' and '1.10' are one number",
        ),
        ("n,x\na,1.5\nb,2\nc,3\nTotal,6.5\n", "the last row begins with 'Total'"),
        ("n,x,y\na,1.5,2\nb,2,1\nc,3,3\n,6.5,6\n", "the last row is the sum"),
        ("a,b\n1,x\n,\n2,y\n", "1 empty row is kept"),
    ],
)
def test_what_was_perhaps_not_meant_is_reported(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.warns(FitWarning, match=message):
        read_table(write(tmp_path, content))


@pytest.mark.parametrize(
    "content",
    [
        columns(["total", "mean", "b"] * 4),
        columns([f"{i}-{i + 4}" for i in N]),
        columns([f"A{i}" for i in N]),
        columns(["inf", "1", "2.5"] * 4),
        columns(["1e5", "2.5e5", "30000"] * 4),
        columns(["1e+05", "2e+05", "30000"] * 4),
        columns(["1.50", "1.25", "3.00"] * 4),
        columns(["0", "120.5", "130"] * 4),
        "a,b\n1,1\n2,1\n3,1\n6,3\n",
    ],
)
def test_what_is_plain_is_read_without_a_word(tmp_path: Path, content: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_table(write(tmp_path, content))
