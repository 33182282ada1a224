r"""Tests of runs of several processes: killed workers and drivers, shards at once, and engines."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import memory
import numpy as np
import pytest

import autoencode as ae
from autoencode import scale
from autoencode.scale.engines import local

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
parquet = pytest.importorskip("pyarrow.parquet")

N = 4000
SHARD = (
    "import sys; from autoencode.cli import main; "
    "raise SystemExit(main(['transform', 'm.ae', 'rows/*.parquet', '--out', 'z', '--part-rows',"
    " '10', '--id-column', 'id', *sys.argv[1:]]))"
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch) -> Path:
    r"""A folder with a model and three files of rows."""
    monkeypatch.chdir(tmp_path)
    X = np.random.default_rng(0).normal(size=(N, 6))
    ae.linear(2).fit(X[:100]).save("m.ae")
    Path("rows").mkdir()

    for i, (begin, end) in enumerate([(0, 1000), (1000, 1030), (1030, N)]):
        lists = pa.array(list(X[begin:end]))
        table = pa.table({"id": np.arange(begin, end), "x": lists})
        parquet.write_table(table, f"rows/{i}.parquet", row_group_size=10)

    np.save("codes.npy", ae.load("m.ae").transform(X))

    return tmp_path


def shard(*flags: str) -> subprocess.Popen:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SHARD, *flags], stdout=pipe, stderr=pipe, text=True
    )


def contents(out: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(out).glob("part-*")}


def check_codes(out: str) -> None:
    r"""Each row is there once, in order."""
    table = pa.concat_tables([parquet.read_table(p) for p in sorted(Path(out).glob("part-*"))])
    column = table["code"].combine_chunks()
    Z = column.flatten().to_numpy().reshape(len(column), -1)

    assert table["id"].to_pylist() == [*range(N)]
    np.testing.assert_allclose(Z, np.load("codes.npy"), atol=1e-5)


@pytest.mark.slow
def test_processes_write_the_same_bytes_as_one(place: Path) -> None:
    one = scale.transform("m.ae", "rows/*.parquet", "one", id_column="id", part_rows=500)
    two = scale.transform("m.ae", "rows", "two", id_column="id", part_rows=500, workers=2)

    assert one.rows == two.rows == N
    assert contents("one").keys() == contents("two").keys()
    check_codes("one")
    check_codes("two")


@pytest.mark.slow
def test_a_killed_process_is_started_again(place: Path, monkeypatch) -> None:
    started: list[subprocess.Popen] = []
    start = local._start

    def watched() -> subprocess.Popen:
        started.append(start())
        return started[-1]

    monkeypatch.setattr(local, "_start", watched)
    asked = local._asked

    def killed(process: subprocess.Popen, question):
        if len(started) == 1 and isinstance(question, tuple):
            process.kill()
        return asked(process, question)

    monkeypatch.setattr(local, "_asked", killed)
    report = scale.transform(
        "m.ae", "rows", "z", id_column="id", engine="processes", workers=1, part_rows=2000
    )

    assert len(started) == 2
    assert report.is_complete
    check_codes("z")


@pytest.mark.slow
def test_a_part_that_kills_its_process_is_named_and_all_others_are_done(place, monkeypatch):
    asked = local._asked

    def killed(process: subprocess.Popen, question):
        if isinstance(question, tuple) and question[0].endswith("part-00001-00000.parquet"):
            process.kill()
        return asked(process, question)

    monkeypatch.setattr(local, "_asked", killed)
    report = scale.transform("m.ae", "rows", "z", engine="processes", workers=1, part_rows=5000)

    assert report.finished == report.total - 1
    why = report.failed["'1.parquet', rows 0 to 29"]
    assert "killed by SIGKILL, perhaps as memory ran out" in why


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by a signal")
def test_nothing_is_lost_or_written_twice_by_kills_at_any_moment(place: Path) -> None:
    choice = random.Random(0)
    seen: dict[str, int] = {}

    def made() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in Path("z").glob("part-*")}

    for i in range(20):
        running = shard("--workers", "2") if i % 5 == 4 else shard("--shard", f"{1 + i % 2}/2")
        target = len(seen) + choice.randint(0, 20)

        while running.poll() is None and len(made()) < target:
            time.sleep(0.001)

        time.sleep(choice.uniform(0, 0.05))
        running.send_signal(signal.SIGKILL)
        running.communicate()  # ends when the processes of a killed driver have ended, too
        now = made()
        assert [name for name, written in seen.items() if now.get(name) != written] == []
        seen = now

    assert 0 < len(seen) < 400
    running = shard()
    said, errors = running.communicate()
    assert running.returncode == 0, errors
    assert "400 of 400 parts are finished" in said
    assert len(made()) == 400
    assert made().items() >= seen.items()
    assert not [path for path in Path("z").iterdir() if path.name.startswith(".")]
    check_codes("z")


@pytest.mark.slow
def test_shards_may_begin_at_the_same_moment(place: Path) -> None:
    running = [shard("--shard", f"{k}/3") for k in (1, 2, 3)]
    ended = [process.communicate() for process in running]

    assert [process.returncode for process in running] == [0, 0, 0], ended
    check_codes("z")
    assert len(json.loads(Path("z/_manifest.json").read_text())["inputs"]) == 3


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of processes")
def test_an_interrupt_leaves_no_process(place: Path) -> None:
    running = shard("--workers", "2")

    while not Path("z/_manifest.json").exists():
        assert running.poll() is None
        time.sleep(0.05)

    time.sleep(1)
    running.send_signal(signal.SIGTERM)
    _, errors = running.communicate(timeout=60)
    assert running.returncode in (0, 130)
    assert "Traceback" not in errors


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(find_spec("ray") is None, reason="needs ray: pip install 'autoencode[ray]'")
def test_ray_runs_the_same_parts(place: Path, monkeypatch) -> None:
    import ray

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setenv("RAY_worker_niceness", "0")  # on a busy machine, nicer ones never begin
    scale.transform("m.ae", "rows", "one", id_column="id", part_rows=500)
    Path("rows/3.parquet").write_bytes(b"PAR1 damaged")

    report = scale.transform(
        "m.ae", "rows", "z", engine="ray", workers=2, id_column="id", part_rows=500
    )

    assert [*report.failed] == ["'3.parquet'"]
    assert report.finished == report.total - 1
    assert not ray.is_initialized()
    assert contents("z").keys() == contents("one").keys()
    check_codes("z")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(find_spec("ray") is None, reason="needs ray: pip install 'autoencode[ray]'")
def test_ray_maps_batches_by_an_encoder(place: Path, monkeypatch) -> None:
    import ray

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setenv("RAY_worker_niceness", "0")  # on a busy machine, nicer ones never begin

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")

    try:
        rows, pool = ray.data.read_parquet("rows"), ray.data.ActorPoolStrategy(size=1)
        coded = rows.map_batches(
            scale.Encoder,
            fn_constructor_args=("m.ae",),
            compute=pool,
        ).to_pandas()
    finally:
        ray.shutdown()

    coded = coded.sort_values("id")
    np.testing.assert_allclose(np.stack(coded["code"]), np.load("codes.npy"), atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_dask_maps_partitions_and_blocks_by_an_encoder(place: Path) -> None:
    dd = pytest.importorskip("dask.dataframe", reason="needs dask: pip install 'dask[dataframe]'")
    array = pytest.importorskip("dask.array")
    X, Z = np.stack(parquet.read_table("rows")["x"].to_numpy()), np.load("codes.npy")
    frame = pd.DataFrame(X, columns=list("abcdef"))
    ae.linear(2).fit(frame[:100]).save("f.ae")
    frame.assign(id=np.arange(N)).to_parquet("frame.parquet")

    encoder = scale.Encoder("f.ae")
    rows = dd.read_parquet("frame.parquet").repartition(npartitions=3)
    codes = rows.map_partitions(encoder, meta=encoder(rows._meta)).compute()
    assert codes["id"].tolist() == [*range(N)]
    np.testing.assert_allclose(codes[["code1", "code2"]], Z, atol=1e-5)

    x = array.from_array(X, chunks=(1500, 6))
    found = x.map_blocks(scale.Encoder("m.ae"), dtype="float32", chunks=(x.chunks[0], (2,)))
    np.testing.assert_allclose(found.compute(), Z, atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_daft_maps_columns_by_an_encoder(place: Path) -> None:
    daft = pytest.importorskip("daft", reason="needs daft: pip install daft")
    encoder = scale.Encoder("m.ae")
    kind = daft.DataType.fixed_size_list(daft.DataType.float32(), encoder.width)
    encode = daft.func.batch(return_dtype=kind)(encoder)
    rows = daft.read_parquet("rows/*.parquet")
    codes = rows.select("id", encode(daft.col("x")).alias("code")).to_pandas().sort_values("id")

    assert codes["id"].tolist() == [*range(N)]
    np.testing.assert_allclose(np.stack(codes["code"]), np.load("codes.npy"), atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Spark warns of itself
def test_spark_maps_batches_by_an_encoder(place: Path, monkeypatch) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="needs Spark: pip install pyspark")

    if shutil.which("java") is None:
        pytest.skip("needs Java, in which Spark runs")

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = spark.getOrCreate()

    try:
        encoder = scale.Encoder("m.ae", lists="variable")
        rows = session.read.parquet("rows")
        coded = rows.mapInArrow(encoder, "id long, code array<float>").collect()
    finally:
        session.stop()

    codes = dict(map(tuple, coded))
    assert sorted(codes) == [*range(N)]
    Z = np.stack([codes[i] for i in range(N)])
    np.testing.assert_allclose(Z, np.load("codes.npy"), atol=1e-5)


PEAK = """
import sys, memory, pyarrow as pa, pyarrow.parquet as parquet, numpy as np
from autoencode import scale
scale.transform("m.ae", sys.argv[1], "small" if sys.argv[1] == "first" else "all")
print(memory.peak())
"""


@pytest.mark.slow
@memory.linux
@pytest.mark.parametrize(
    "kind", ["parquet", *(pytest.param(k, marks=pytest.mark.by_hand) for k in ("csv", "npy"))]
)
def test_memory_does_not_grow_with_the_input(kind: str, place: Path) -> None:
    X = np.random.default_rng(0).normal(size=(100_000, 6)).astype(np.float32)

    for folder, n in (("first", 1), ("second", 8)):
        Path(folder).mkdir()

        if kind == "npy":
            np.save(f"{folder}/x.npy", np.tile(X, (4 * n, 1)))
        elif kind == "csv":
            lines = "".join(f"{','.join(map(str, row))}\n" for row in X[:20_000].round(3).tolist())
            with open(f"{folder}/x.csv", "w") as file:
                file.write("a,b,c,d,e,f\n")
                file.writelines([lines] * 2 * n)
        else:
            for i in range(n):
                lists = pa.array(list(X))
                parquet.write_table(pa.table({"x": lists}), f"{folder}/{i}.parquet")

    small, large = (memory.printed(PEAK, folder) for folder in ("first", "second"))
    assert large < small + 80e6
