r"""Tests for the types of tables, which come back from every verb as they were."""

import datetime as dt
import logging
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import autoencode as ae
from autoencode.data import read_frame, write_frame
from autoencode.modalities import MixedTables, Tables
from autoencode.modalities.columns import NumberColumn, describe_column
from autoencode.priors import StandardNormal

pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")
pc = pytest.importorskip("pyarrow.compute")
pq = pytest.importorskip("pyarrow.parquet")
pl = pytest.importorskip("polars")

N = 20
PARIS, SAO_PAULO = "Europe/Paris", "America/Sao_Paulo"  # midnight is skipped in the latter
NUMBERS = [i % 7 - 1 for i in range(N)]
DAYS = [dt.date(2024, 2, 20) + dt.timedelta(i * i % 17) for i in range(N)]
TIMES = [dt.time(i % 24, 30 * (i % 2)) for i in range(N)]
MOMENTS = pd.date_range("2024-03-30", periods=N, freq="3h", tz=PARIS)  # clocks change on the 31st
SPANS = pd.to_timedelta([15 * (i % 9) for i in range(N)], "min")
WORDS = ["a", "b", "ß", "c"] * (N // 4)
GAPS = np.arange(N) % 5 == 3


def gappy(cells: Any) -> Any:
    return pd.Series(cells, dtype=object).where(~GAPS, None)


def arrow(cells: Any, kind: Any) -> Any:
    values = [None if gap else cell for cell, gap in zip(cells, GAPS)]
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(values, kind)))


def of_numpy() -> Any:
    X = {kind: pd.Series(np.abs(NUMBERS), dtype=kind) for kind in ("int8", "uint8", "int64")}
    X |= {kind: pd.Series(NUMBERS, dtype=kind) / 4 for kind in ("float16", "float32", "float64")}
    X |= {k: v.where(~GAPS) for k, v in {"gaps": X["float64"], "single": X["float32"]}.items()}
    X |= {
        "big": pd.Series(NUMBERS).astype(">f8"),
        "uint64": pd.Series([2**64 - 1 - i for i in range(N)], dtype="uint64"),
    }
    X |= {"bool": pd.Series(NUMBERS) > 1, "maybe": gappy([n > 1 for n in NUMBERS])}
    X |= {
        "words": gappy(WORDS),
        "str": pd.Series(WORDS),
        "dates": gappy(DAYS),
        "times": gappy(TIMES),
    }
    X |= {
        "datetimes": pd.Series(
            [m.to_pydatetime().replace(tzinfo=None) for m in MOMENTS], dtype=object
        )
    }
    X |= {
        "spans": gappy([s.to_pytimedelta() for s in SPANS]),
        "huge": gappy([2**70 + i for i in range(N)]),
        "floats": gappy([float(n) for n in NUMBERS]),
        "halves": gappy([n / 2 for n in NUMBERS]),
    }
    X |= {"decimal": gappy([Decimal(n) / 4 for n in NUMBERS]), "ints": gappy(NUMBERS)}
    X |= {
        "ns": pd.Series(MOMENTS.tz_localize(None).astype("M8[ns]")),
        "zone": pd.Series(MOMENTS).where(~GAPS),
    }
    X |= {"span": pd.Series(SPANS).where(~GAPS), "day": pd.Series(pd.to_datetime(DAYS))}
    return pd.DataFrame(X)


def of_pandas() -> Any:
    nullable = ["Int8", "Int64", "UInt16", "UInt64", "Float32", "Float64"]
    X = {kind: pd.Series(np.abs(NUMBERS)).astype(kind).where(~GAPS) for kind in nullable}
    X |= {"boolean": gappy([n > 1 for n in NUMBERS]).astype("boolean")}
    X |= {"string": gappy(WORDS).astype("string"), "python": gappy(WORDS).astype("string[python]")}
    X |= {
        f"c_{name}": pd.Series(pd.Categorical(cells)).where(~GAPS)
        for name, cells in CATEGORIES.items()
    }
    X |= {"ordered": pd.Series(pd.Categorical(WORDS, ["ß", "c", "b", "a", "z"], ordered=True))}
    X |= {"sparse": pd.Series(NUMBERS).clip(0).astype(pd.SparseDtype("int64", 0))}
    X |= {"sparse_float": (pd.Series(NUMBERS) / 4).astype(pd.SparseDtype("float64", np.nan))}
    X |= {"period": pd.Series(pd.period_range("2024", periods=N, freq="M")).where(~GAPS)}
    X |= {"interval": pd.Series(pd.interval_range(0.0, 4.0).repeat(N // 4)).where(~GAPS)}
    X |= {"sparse_bool": (pd.Series(NUMBERS) > 3).astype(pd.SparseDtype(bool, False))}
    return pd.DataFrame(X)


CATEGORIES = {
    "text": WORDS,
    "ints": pd.array(np.abs(NUMBERS), dtype="int8"),
    "floats": np.array(NUMBERS) / 2,
    "bools": np.array(NUMBERS) > 1,
    "moments": MOMENTS[[0, 9] * (N // 2)],
    "objects": pd.Series(DAYS[:4] * (N // 4), dtype=object),
    "spans": SPANS[:4].repeat(N // 4),
    "intervals": pd.cut(NUMBERS, [-2, 0, 3, 9]),
    "periods": pd.period_range("2024", periods=2, freq="M").repeat(N // 2),
}

ARROW: dict[str, tuple[Any, Any]] = {
    "int16": (NUMBERS, pa.int16()),
    "uint64": ([2**64 - 1 - i for i in range(N)], pa.uint64()),
    "half": ([np.float16(n / 4) for n in NUMBERS], pa.float16()),
    "float": ([n / 4 for n in NUMBERS], pa.float32()),
    "double": ([n / 4 for n in NUMBERS], pa.float64()),
    "bool": ([n > 1 for n in NUMBERS], pa.bool_()),
    "string": (WORDS, pa.string()),
    "large": (WORDS, pa.large_string()),
    "date": (DAYS, pa.date32()),
    "date64": (DAYS, pa.date64()),
    "time": (TIMES, pa.time32("s")),
    "time64": (TIMES, pa.time64("us")),
    "plain": ([*MOMENTS.tz_localize(None)], pa.timestamp("ms")),
    "zone": ([*MOMENTS], pa.timestamp("us", PARIS)),
    "span": ([*SPANS], pa.duration("ms")),
    "decimal": ([Decimal(n) / 4 for n in NUMBERS], pa.decimal128(12, 2)),
    "wide": ([Decimal(10**30 + n) for n in NUMBERS], pa.decimal256(60, 4)),
    "nothing": ([None] * N, pa.null()),
}


def dictionary(kind: Any = None) -> Any:
    words = [None if gap else word for word, gap in zip(WORDS, GAPS)]
    encoded = pa.array(words, kind or pa.string()).dictionary_encode()
    return encoded.cast(pa.dictionary(pa.int8(), kind or pa.string()))


def of_arrow_in_pandas() -> Any:
    X = pd.DataFrame({name: arrow(*cells) for name, cells in ARROW.items()})
    return X.assign(dictionary=pd.Series(pd.arrays.ArrowExtensionArray(dictionary())))


def of_pyarrow() -> Any:
    X = {
        name: pa.array([None if g else c for c, g in zip(cells, GAPS)], kind)
        for name, (cells, kind) in ARROW.items()
    }
    return pa.table(X | {"dictionary": dictionary()})


def of_polars() -> Any:
    def series(cells: Any, kind: Any) -> Any:
        return pl.Series([None if g else c for c, g in zip(cells, GAPS)], dtype=kind)

    return pl.DataFrame(
        {
            "int": series(NUMBERS, pl.Int32),
            "uint64": series([2**64 - 1 - i for i in range(N)], pl.UInt64),
            "int128": series([2**100 + i for i in range(N)], pl.Int128),
            "float": series([n / 4 for n in NUMBERS], pl.Float32),
            "bool": series([n > 1 for n in NUMBERS], pl.Boolean),
            "text": series(WORDS, pl.String),
            "category": series(WORDS, pl.Categorical),
            "enum": series(WORDS, pl.Enum(["z", "ß", "a", "b", "c"])),
            "date": series(DAYS, pl.Date),
            "time": series(TIMES, pl.Time),
            "plain": series(
                [m.replace(tzinfo=None) for m in MOMENTS.to_pydatetime()], pl.Datetime("ms")
            ),
            "zone": pl.Series([*MOMENTS.to_pydatetime()], dtype=pl.Datetime("us", PARIS)),
            "span": series([s.to_pytimedelta() for s in SPANS], pl.Duration("us")),
            "decimal": series([Decimal(n) / 4 for n in NUMBERS], pl.Decimal(12, 2)),
        }
    )


def numbers_of_pandas() -> Any:
    X = of_numpy()[["int8", "uint8", "float16", "float32", "float64", "big", "bool"]]
    more = {"Int16": "Int16", "arrow": "int64[pyarrow]", "double": "double[pyarrow]"}
    X = X.assign(**{name: pd.Series(NUMBERS).astype(kind) for name, kind in more.items()})
    return X.assign(sparse=of_pandas()["sparse"], constant=pd.Series([3] * N, dtype="UInt8"))


TABLES: dict[str, Callable[[], Any]] = {
    f.__name__: f
    for f in (of_numpy, of_pandas, of_arrow_in_pandas, of_pyarrow, of_polars, numbers_of_pandas)
} | {
    "numbers_of_polars": lambda: of_polars()[["int", "float"]].fill_null(0),
    "numbers_of_pyarrow": lambda: pa.table({"a": pa.array(NUMBERS, pa.int8()), "b": [0.5] * N}),
    "sparse_alone": lambda: pd.get_dummies(pd.Series(WORDS), sparse=True),
}


def quick(recipe: Any = ae.vae, **options: Any) -> ae.Autoencoder:
    training = ae.Training(epochs=1, validation_fraction=0)
    if recipe is ae.vae:
        options = {"prior": StandardNormal()} | options  # which takes no time to fit

    return recipe(1, layers=(4,), training=training, random_state=0, **options)


@pytest.fixture(scope="module", params=TABLES)
def case(request) -> tuple[str, Any, ae.Autoencoder]:
    X = TABLES[request.param]()
    X = X.set_axis([f"row {i}" for i in range(N)]) if hasattr(X, "iloc") else X
    return request.param, X, quick().fit(X)


def as_pandas(X: Any) -> Any:
    return (
        X
        if hasattr(X, "iloc")
        else pa.table(X.drop("int128") if "int128" in X.columns else X).to_pandas()
    )


def gaps_of(X: Any) -> np.ndarray:
    if hasattr(X, "iloc"):
        return np.stack([X[name].isna() for name in X], axis=1)

    columns = X.columns if isinstance(X, pa.Table) else [*X]
    return np.stack([np.asarray(c.is_null()) for c in columns], axis=1)


def assert_like(Y: Any, X: Any) -> None:
    assert type(Y) is type(X)

    if isinstance(X, pa.Table):
        assert Y.schema == X.schema
    elif isinstance(X, pl.DataFrame):
        assert Y.schema == X.schema
    else:
        assert [*Y.columns] == [*X.columns]
        assert [*map(str, Y.dtypes)] == [*map(str, X.dtypes)]
        assert [*Y.dtypes] == [*X.dtypes]

        for name in X:
            if X[name].dtype == object:
                kinds = set(map(type, X[name].dropna()))
                assert set(map(type, Y[name].dropna())) <= kinds, name


@pytest.mark.slow
def test_all_verbs_give_back_the_types(case, tmp_path: Path) -> None:
    name, X, model = case
    mixed = isinstance(model.modality_, MixedTables)
    assert mixed == (not name.startswith(("numbers", "sparse")))
    assert np.isfinite(model.transform(X)).all()
    assert np.isfinite(model.score_samples(X)).all()
    assert np.isfinite(model.reconstruction_error(X)).all()

    R, S = model.reconstruct(X), model.sample(6, random_state=0)
    shuffled = X[[*X.columns][::-1]] if not isinstance(X, pa.Table) else X

    for Y in (R, S, model.inverse_transform(model.transform(X))):
        assert_like(Y, X)
        assert np.isfinite(model.transform(Y)).all()

    if hasattr(X, "iloc"):
        assert R.index.equals(X.index)
        assert S.index.equals(pd.RangeIndex(6))

    model.save(tmp_path / "m.ae")
    loaded = ae.load(tmp_path / "m.ae")
    again = loaded.sample(6, random_state=0)
    assert_like(again, X)
    assert again.equals(S)

    if not mixed:
        return

    assert (np.isnan(model.cell_surprisal(X)) == gaps_of(X)).all()
    assert_like(model.reconstruct(shuffled), shuffled)

    for filled in (model.impute(X), loaded.impute(shuffled), *model.impute(X, n_samples=2)):
        Y = (
            filled
            if [*filled.columns] == [*X.columns] or isinstance(X, pa.Table)
            else filled[[*X.columns]]
        )
        assert_like(Y, X)
        there = ~gaps_of(X)
        assert not gaps_of(Y)[:, there.any(axis=0)].any()

        for j, column in enumerate(model.modality_.columns_):
            a, b = (list_of(t, column.name) for t in (X, Y))
            assert [v for v, k in zip(a, there[:, j]) if k] == [
                v for v, k in zip(b, there[:, j]) if k
            ]

        if hasattr(X, "iloc"):
            assert Y.index.equals(X.index)

    holes = model.sample(200, missing=True, random_state=0)
    assert_like(holes, X)
    assert gaps_of(holes).any(axis=0).tolist() == gaps_of(X).any(axis=0).tolist()


def list_of(X: Any, name: str) -> list[Any]:
    return X.column(name).to_pylist() if isinstance(X, pa.Table) else [*X[name]]


UNKNOWN_TO_PARQUET = {
    "float16",
    "huge",
    "c_objects",
    "c_intervals",
    "c_periods",
    "c_spans",
    "spans",
    "datetimes",
    "half",
    "big",
    "dictionary",
}


def test_parquet_and_csv(case, tmp_path: Path) -> None:
    name, _, model = case
    S = model.sample(6, random_state=0)
    names = S.column_names if isinstance(S, pa.Table) else [*S.columns]
    keep = [c for c in names if c not in UNKNOWN_TO_PARQUET and "sparse" not in name + str(c)]

    if name == "sparse_alone":
        return

    if isinstance(S, pa.Table):
        pq.write_table(S, tmp_path / "s.parquet")
        assert pq.read_table(tmp_path / "s.parquet").to_pylist() == S.to_pylist()
        S.to_pandas().to_csv(tmp_path / "s.csv", index=False)
    elif isinstance(S, pl.DataFrame):
        S.write_parquet(tmp_path / "s.parquet")
        assert pl.read_parquet(tmp_path / "s.parquet").equals(S)
        S = S.drop("span", strict=False)  # which polars cannot write as text
        S.write_csv(tmp_path / "s.csv")
    else:
        S[keep].to_parquet(tmp_path / "s.parquet")
        assert pd.read_parquet(tmp_path / "s.parquet")[keep].astype(S[keep].dtypes).equals(S[keep])
        S.to_csv(tmp_path / "s.csv", index=False)

    values = pd.read_csv(tmp_path / "s.csv", dtype=str, keep_default_na=False)
    assert values.shape == S.shape


def stored(table: Any, path: Path) -> Path:
    if isinstance(table, pa.Table):
        pq.write_table(table, path)
    elif isinstance(table, pl.DataFrame):
        table.write_parquet(path)
    else:
        table.to_parquet(path, index=False)

    return path


def alike(a: Any, b: Any) -> bool:
    r"""Whether types of Arrow differ at most in how texts are stored."""
    if pa.types.is_dictionary(a) and pa.types.is_dictionary(b):
        return a.index_type == b.index_type and alike(a.value_type, b.value_type)

    texts = {pa.string(), pa.large_string(), pa.string_view()}
    return a == b or {a, b} <= texts


@pytest.mark.parametrize(
    "name",
    [
        "of_numpy",
        "of_polars",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("of_pandas", "of_arrow_in_pandas", "of_pyarrow")
        ),
    ],
)
def test_types_of_parquet_files_come_back_by_path(name: str, tmp_path: Path) -> None:
    X = TABLES[name]()
    keep = [
        c
        for c in (X.column_names if isinstance(X, pa.Table) else [*X.columns])
        if c not in UNKNOWN_TO_PARQUET - {"dictionary", "half"}
        and "sparse" not in c
        and c != "int128"
    ]
    X = X.select(keep) if isinstance(X, pa.Table) else X[keep]
    path = stored(X, tmp_path / "x.parquet")
    model = quick().fit(path)
    types = pq.read_schema(path)

    for i, Y in enumerate(
        [model.sample(6, random_state=0), model.reconstruct(path), model.impute(path)]
    ):
        write_frame(tmp_path / f"{i}.parquet", Y, ".parquet")
        again = pq.read_schema(tmp_path / f"{i}.parquet")
        assert again.names == types.names
        assert {
            n: (a, b) for n, a, b in zip(types.names, types.types, again.types) if not alike(a, b)
        } == {}
        assert np.isfinite(model.transform(tmp_path / f"{i}.parquet")).all()

    assert model.cell_surprisal(path).shape == (N, len(types.names))
    assert np.isfinite(model.score_samples(path)).all()
    there = pq.read_table(path).to_pydict()
    filled = pq.read_table(tmp_path / "2.parquet").to_pydict()
    assert all(a is None or a == b or a != a for n in there for a, b in zip(there[n], filled[n]))
    model.save(tmp_path / "m.ae")
    assert (
        ae.load(tmp_path / "m.ae")
        .sample(6, random_state=0)
        .equals(model.sample(6, random_state=0))
    )


SINGLE: dict[str, Callable[[], Any]] = {
    "numpy numbers": lambda: gappy([np.float32(n / 3) for n in NUMBERS]),
    "numpy texts": lambda: gappy([np.str_(word) for word in WORDS]),
    "numpy dates": lambda: gappy([np.datetime64(day) for day in DAYS]),
    "all of int64": lambda: pd.Series(np.resize([-(2**63), 2**63 - 1, 5], N)),
    "all of uint64": lambda: pd.Series(np.resize(np.array([0, 2**64 - 1], "u8"), N)),
    "years before and after": lambda: gappy([dt.date(1 + 400 * i, 1, 1) for i in range(N)]),
    "huge decimals": lambda: gappy([Decimal(f"1E+{i}") for i in range(N)]),
    "views": lambda: arrow(WORDS, pa.string_view()),
    "negative scale": lambda: arrow([Decimal(1000 * i) for i in range(N)], pa.decimal128(5, -3)),
    "sparse text": lambda: pd.Series(WORDS).astype(object).astype(pd.SparseDtype(object, "a")),
    "named offset": lambda: pd.Series(MOMENTS.tz_convert(dt.timezone(dt.timedelta(hours=5)))),
}


@pytest.mark.parametrize("kind", SINGLE)
def test_rare_types_come_back(kind: str) -> None:
    X = pd.DataFrame({"odd": SINGLE[kind](), "k": WORDS, "gap": gappy(WORDS)})
    frames = MixedTables().fit(X)
    Y = frames.restore(frames.normalize(frames.load(X)))
    assert_like(Y, X)
    assert_like(frames.fill(X, Y), X)

    if isinstance(column := frames.columns_[0], NumberColumn):
        for score in (-9.0, 9.0):
            assert_like(Y.assign(odd=column.decode(np.full(N, score))), X)


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_frames_of_narwhals_are_what_is_within(library: str) -> None:
    narwhals = pytest.importorskip("narwhals")
    X = of_polars() if library == "polars" else of_numpy()
    model = quick().fit(narwhals.from_native(X))

    assert_like(model.sample(3), X)
    assert_like(model.impute(narwhals.from_native(X)), X)


# What cannot be is refused before the work


REFUSED: dict[str, tuple[Any, str]] = {
    "list": ([[1], [2]] * 9, r"got list \[1\]. Turn it into text, .* column for each element"),
    "dict": ([{"a": 1}] * 18, "got dict .* Turn it into text"),
    "arrow list": (
        pd.Series([[1], [2]] * 9, dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
        "got list|got ndarray",
    ),
    "struct": (
        pd.Series([{"a": 1}] * 18, dtype=pd.ArrowDtype(pa.struct({"a": pa.int8()}))),
        "got dict",
    ),
    "binary": (pd.Series([b"a", b"b"] * 9, dtype=pd.ArrowDtype(pa.binary())), r"\.str\.decode"),
    "bytes": ([b"a", b"b"] * 9, r"got bytes b'a'. .*\.str\.decode"),
    "fraction": ([Fraction(1, 3), Fraction(2, 3)] * 9, r"got Fraction .*\.map\(float\)"),
    "complex": ([1j, 2.0] * 9, r"got complex .*\.map\(lambda z: z.real\)"),
    "interval": (
        pd.Series(pd.interval_range(0, 18), dtype=object),
        r"got Interval .*\.astype\('category'\)",
    ),
    "tuples": (
        pd.Series(pd.Categorical([(1, 2), (3, 4)] * 9)),
        "categories of text, .* got tuple",
    ),
    "infinite": ([Decimal("Infinity"), Decimal(1)] * 9, "the number in row 0 is infinite"),
    "beyond floats": ([10**400, 1] * 9, "in row 0 is infinite, or too large"),
    "zones": (
        [pd.Timestamp("2024", tz=zone) for zone in (PARIS, "UTC") * 9],
        r"several time zones, Europe/Paris and UTC. .*utc=True",
    ),
    "mixture": ([Decimal(1), 2.5] * 9, r"got Decimal .*\.map\(Decimal\)"),
    "void": ([np.void(b"ab")] * 18, "got void"),
    "dateutil": (
        pd.date_range("2024", periods=18, tz="dateutil/Europe/Paris"),
        "time zone with a name",
    ),
    "run ends": (
        pd.Series(pd.arrays.ArrowExtensionArray(pc.run_end_encode(pa.array([1, 2] * 9)))),
        "run_end_encoded.* Cast it",
    ),
    "object": ([object()] * 18, "got object"),
    "path": ([Path("a"), Path("b")] * 9, r"got PosixPath.* \.astype\(str\)"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_is_refused_by_name(kind: str) -> None:
    cells, message = REFUSED[kind]

    with pytest.raises(ValueError, match=f"column 'odd': .*({message})"):
        quick().fit(pd.DataFrame({"x": range(18), "odd": cells}))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            pd.DataFrame(np.eye(4), columns=pd.MultiIndex.from_tuples([(c, 1) for c in "abcd"])),
            "'_'.join",
        ),
        (pd.DataFrame({True: [1.0, 2], False: ["a", "b"]}), r"columns.astype\(str\)"),
        (pd.DataFrame(np.eye(2), columns=pd.date_range("2024", periods=2)), r"astype\(str\)"),
        (pd.DataFrame(index=range(5)), r"rows and columns, got shape \(5, 0\)"),
        ([{"a": 1, "b": "x"}] * 3, r"pd.DataFrame\(X\)"),
        ([{"image": np.eye(3), "label": 1}] * 3, r"use iter\(X\)"),
    ],
)
def test_what_is_no_table_is_refused_with_a_remedy(X: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quick().fit(X)


def test_levels_of_rows_and_the_name_of_the_columns_remain() -> None:
    rows = pd.MultiIndex.from_product([["u", "v"], range(9)], names=["site", "day"])
    X = pd.DataFrame({"x": np.arange(18) / 7, "k": ["a", "b"] * 9}, rows)
    X = X.rename_axis(columns="quantity")
    R = quick().fit(X).reconstruct(X)

    assert R.index.equals(rows)
    assert R.index.names == ["site", "day"]
    assert R.columns.name == "quantity"


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (pd.cut(NUMBERS, [-2, 0, 3, 9]), "text"),
        ([10**30 + i for i in range(N)], "decimal"),
        (pd.Series([w + "\ud800" for w in WORDS], dtype=object), "text"),
        (np.arange(N).astype(np.longdouble) / 7, "float64"),
    ],
)
def test_cells_that_parquet_lacks_are_written_in_the_nearest_type(tmp_path, cells, kind) -> None:
    model = quick().fit(pd.DataFrame({"odd": cells, "k": WORDS}))

    with pytest.warns(UserWarning, match=f"'odd' is written as {kind}"):
        write_frame(tmp_path / "s.parquet", model.sample(4, random_state=0), ".parquet")

    assert np.isfinite(model.transform(tmp_path / "s.parquet")).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cells", "text"),
    [
        (TIMES, "06:30"),
        (DAYS, "2024-02-21"),
        (pd.period_range("2024", periods=N, freq="D"), "2024-01-03"),
        (pd.interval_range(0.0, float(N)), "(1.0, 2.0]"),
        (pd.cut(NUMBERS, [-2, 0, 3, 9]), "(0, 3]"),
        (MOMENTS.tz_localize(None), "2024-03-30 06:00"),
        (SPANS, "2h"),
    ],
)
def test_conditions_in_text_keep_the_type(cells: Any, text: str) -> None:
    X = pd.DataFrame({"c": cells, "k": WORDS})
    S = quick().fit(X).sample(3, conditions={"c": text})

    assert S["c"].nunique() == 1
    assert S["c"].dtype == X["c"].dtype
    assert type(S["c"][0]) is type(X["c"][0])


def test_scipy_matrices_are_refused() -> None:
    with pytest.raises(ValueError, match="dense"):
        quick().fit(scipy.sparse.csr_matrix(np.eye(9)))


def test_masks_are_missing() -> None:
    X = np.random.default_rng(0).normal(size=(N, 3))
    X[2, 1] = -999
    masked = np.ma.masked_equal(X, -999)

    with pytest.raises(ValueError, match="contains NaN"):
        quick().fit(masked)

    model = quick(modality=MixedTables()).fit(masked)
    assert model.modality_.columns_[1].low_ > -999
    assert np.isfinite(model.impute(masked).to_numpy()).all()
    assert quick().fit(masked[3:]).modality_.low_[1] > -999


def test_lazy_frames_are_collected() -> None:
    X = of_polars()
    model = quick().fit(X.lazy())
    assert_like(model.sample(3), X)
    assert_like(model.impute(X.lazy()), X)
    assert_like(model.reconstruct(X.lazy()), X)


def test_labels_may_be_the_only_column_of_a_frame() -> None:
    X = np.random.default_rng(0).normal(size=(N, 3))

    for y in (WORDS, pd.Categorical(WORDS), pd.array(NUMBERS, dtype="Int64")):
        one = quick(conditional=True).fit(X, y)
        two = quick(conditional=True).fit(X, pd.DataFrame({"y": y}))
        np.testing.assert_array_equal(
            one.transform(X, y), two.transform(X, pd.DataFrame({"y": y}))
        )

    frame = pl.DataFrame({"y": WORDS})
    assert quick(conditional=True).fit(X, frame).sample(2, y="ß").shape == (2, 3)


# Grids


DATES = pd.Series(pd.date_range("2020-01-31", periods=30, freq="ME"))
GRIDS: dict[str, tuple[Any, str]] = {
    "cents": (np.round(np.linspace(1, 9, 40) ** 2, 2), "numbers in steps of 0.01"),
    "single cents": (
        np.round(np.linspace(1, 9, 40) ** 2, 2).astype("f4"),
        "numbers in steps of 0.01",
    ),
    "fives": (5 * np.arange(40) ** 2, "numbers in steps of 5"),
    "quarters": (np.arange(40) ** 2 / 4, "numbers in steps of 0.25"),
    "sums": (np.arange(40) * 0.1, "numbers in steps of 0.1"),
    "prices": (np.arange(1, 40) ** 2 - 0.01, "whole numbers"),
    "tiny": (np.arange(40) ** 2 * 1e-9, "numbers in steps of 1e-09"),
    "large": (10**17 + 1000 * np.arange(40), "numbers in steps of 1000"),
    "hundreds": ([Decimal(100 * i * i) for i in range(40)], "numbers in steps of 100"),
    "exponent": ([Decimal(i * i).scaleb(-3) for i in range(40)], "numbers in steps of 0.001"),
    "any": (np.random.default_rng(0).normal(size=40), "numbers"),
    "any single": (np.random.default_rng(0).normal(size=40).astype("f4"), "numbers"),
    "days": (pd.to_datetime(np.arange(40) ** 2 + 1, unit="D"), "dates in whole days"),
    "hours": (pd.to_datetime(np.arange(40) ** 2, unit="h"), "dates in whole hours"),
    "half hours": (
        pd.to_datetime(30 * np.arange(40) ** 2, unit="m"),
        "dates in steps of 30 minutes",
    ),
    "starts": (DATES + pd.Timedelta(days=1), "first days of months"),
    "ends": (DATES, "last days of months"),
    "quarter ends": (DATES[1::3], "last days of months, each 3"),
    "weeks": (pd.date_range("2024", periods=30, freq="W-WED"), "dates in steps of 7 days"),
    "daily in a zone": (pd.date_range("2024-03", periods=60, tz=PARIS), "dates in whole days"),
    "hourly in a zone": (
        pd.date_range("2024-10-26", periods=60, freq="h", tz=PARIS),
        "dates in whole hours",
    ),
    "no midnight": (
        pd.date_range("2018-10-20", periods=60).tz_localize(
            SAO_PAULO, nonexistent="shift_forward"
        ),
        "dates in whole hours",
    ),
    "times": (TIMES, "times in steps of 30 minutes"),
    "spans": (SPANS, "durations in steps of 15 minutes"),
}


@pytest.mark.parametrize("kind", GRIDS)
def test_new_values_lie_on_the_grid(kind: str) -> None:
    cells, grid = GRIDS[kind]
    cells = pd.Series(cells)
    column = describe_column("c", cells)
    assert column.grid == grid

    new = column.decode(np.random.default_rng(0).normal(size=300))
    assert new.dtype == cells.dtype
    assert describe_column("c", pd.concat([cells, new])).grid == grid  # no finer one

    if kind in {"any", "any single"}:
        assert new.nunique() > 100


def test_grids_of_arrays_and_frames_of_numbers(caplog) -> None:
    rng = np.random.default_rng(0)
    X = np.stack(
        [rng.normal(20, 5, 200).round(2), 5.0 * rng.integers(1, 90, 200), rng.normal(size=200)], 1
    )

    with caplog.at_level(logging.INFO, "autoencode"):
        model = quick().fit(X)

    assert "new rows keep the steps of columns: 0 0.01, 1 5." in caplog.text
    S = model.sample(100)
    np.testing.assert_array_equal(S[:, 0], S[:, 0].round(2))
    assert (S[:, 1] % 5 == 0).all()
    assert (model.reconstruct(X)[:, 1] % 5 != 0).any()  # which is a mean

    F = pd.DataFrame(X, columns=list("abc"))
    assert (quick().fit(F).reconstruct(F)["b"] % 5 == 0).all()
    assert isinstance(quick().fit(F).modality_, Tables)


def test_decimals_keep_their_exponent() -> None:
    X = pd.DataFrame({"price": [Decimal(i * i).scaleb(-2) for i in range(N)], "k": WORDS})
    assert {str(v).partition(".")[2].__len__() for v in quick().fit(X).sample(30)["price"]} == {2}


def test_new_rows_have_cells_missing_as_often_and_together() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({name: rng.normal(size=400) for name in "abc"}).assign(
        k=rng.choice([*"xy"], 400)
    )
    both, alone = rng.random(400) < 0.3, rng.random(400) < 0.2
    X.loc[both, ["a", "k"]] = None
    X.loc[alone, "b"] = None
    model = quick().fit(X)
    S = model.sample(4000, missing=True, random_state=0)

    np.testing.assert_allclose(S.isna().mean(), X.isna().mean(), atol=0.03)
    assert (S["a"].isna() == S["k"].isna()).all()
    assert not model.sample(50).isna().any(axis=None)
    assert model.sample(50, conditions={"a": 0.5}, missing=True)["a"].eq(0.5).all()
    assert model.sample(50, conditions={"a": 0.5}, missing=True)["b"].isna().any()

    with pytest.raises(ValueError, match="or missing cells, or of a table"):
        quick().fit(rng.normal(size=(30, 2))).sample(2, missing=True)


def test_patterns_beyond_the_limit_keep_their_frequencies() -> None:
    from autoencode.modalities.mixed_tables.gaps import Gaps

    there = np.random.default_rng(0).random((500, 12)) < np.linspace(0.3, 1, 12)
    drawn = Gaps(limit=20).fit(there).draw(20_000).numpy()

    np.testing.assert_allclose(1 - drawn.mean(0), there.mean(0), atol=0.03)


def test_files_come_back_through_our_own_reader(tmp_path: Path) -> None:
    X = of_numpy()[["int64", "float64", "gaps", "bool", "str", "day"]]
    model = quick().fit(X)
    S = model.sample(9, random_state=0)

    S.to_csv(tmp_path / "s.csv", index=False)
    S.to_parquet(tmp_path / "s.parquet")

    for file in ("s.csv", "s.parquet"):
        np.testing.assert_array_equal(model.transform(tmp_path / file), model.transform(S))
        assert read_frame(tmp_path / file).shape == S.shape


def test_without_pandas_there_is_one_sentence(monkeypatch) -> None:
    from autoencode.data.tabular import libraries

    monkeypatch.setattr(libraries, "find_spec", lambda name: None)

    with pytest.raises(
        ImportError, match=r"need pandas and pyarrow: pip install 'autoencode\[tables\]'"
    ):
        quick().fit(of_polars())
