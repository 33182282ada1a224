r"""Tests of work in parts: every row once and in order, whatever the input and the shards."""

import csv
import io
import json
import os
import pickle
import re
import resource
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import autoencode as ae
from autoencode import scale
from autoencode.cli import main
from autoencode.modalities import MixedTables
from autoencode.scale.reading.lines import divide_lines

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
parquet = pytest.importorskip("pyarrow.parquet")

N, NAMES = 300, ["a", "b", "c", "d"]
QUICK = ae.Training(epochs=1, show_progress=False)


@pytest.fixture(scope="module")
def frame():
    X = np.random.default_rng(0).normal(size=(N, 4)).round(6)
    return pd.DataFrame(X, columns=NAMES)


@pytest.fixture(scope="module")
def model(frame, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.ae"
    ae.linear(2).fit(frame).save(path)
    return path


@pytest.fixture(scope="module")
def codes(frame, model: Path) -> np.ndarray:
    return ae.load(model).transform(frame)


@pytest.fixture
def rows(frame, tmp_path: Path) -> Path:
    r"""A folder with three Parquet files of uneven lengths and groups of rows."""
    folder = tmp_path / "rows"
    folder.mkdir()
    ids = frame.assign(id=[f"id {i}" for i in range(N)], other="x")

    for name, begin, end, group in (("1", 0, 100, 17), ("2", 100, 101, 1), ("3", 101, N, 50)):
        ids[begin:end].to_parquet(folder / f"{name}.parquet", row_group_size=group, index=False)

    return folder


def table_of(out: Path):
    return pa.concat_tables([parquet.read_table(path) for path in sorted(out.glob("part-*"))])


def codes_of(out: Path) -> np.ndarray:
    column = table_of(out)["code"].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.glob("part-*")}


def write(frame, folder: Path, kind: str) -> None:
    folder.mkdir()

    for i, part in enumerate((frame[:101], frame[101:102], frame[102:])):
        path = folder / f"{i}.{kind}"

        if kind == "npy":
            np.save(path, part.to_numpy())
        elif kind == "parquet":
            part.to_parquet(path, row_group_size=30)
        elif kind == "lists.parquet":
            lists = pa.array(list(part.to_numpy()))
            parquet.write_table(pa.table({"x": lists}), path, row_group_size=30)
        elif kind == "feather":
            part.reset_index(drop=True).to_feather(path)
        elif kind == "jsonl":
            part.to_json(path, orient="records", lines=True)
        else:
            part.to_csv(path, sep="\t" if kind == "tsv" else ",", index=False)


@pytest.mark.parametrize(
    "kind", ["parquet", "lists.parquet", "npy", "csv", "tsv", "csv.gz", "jsonl", "feather"]
)
def test_shards_of_every_format_are_the_codes_of_the_whole(
    kind: str, frame, codes, model: Path, tmp_path: Path
) -> None:
    write(frame, tmp_path / "x", kind)
    known = model

    if kind == "lists.parquet":
        known = tmp_path / "unnamed.ae"
        ae.linear(2).fit(frame.to_numpy()).save(known)

    source = tmp_path / "x" / f"*.{kind}"
    reports = [
        scale.transform(known, source, tmp_path / "z", shard=f"{k}/4", part_rows=40)
        for k in (3, 1, 4, 2)
    ]
    at_once = scale.transform(known, source, tmp_path / "one", part_rows=40)

    assert reports[-1].is_complete
    assert sum(report.rows for report in reports) == at_once.rows == N
    np.testing.assert_allclose(codes_of(tmp_path / "z"), codes, atol=1e-5)
    assert contents(tmp_path / "z") == contents(tmp_path / "one")  # to the bit


def test_ids_and_places_stand_beside_the_codes(rows: Path, codes, model, tmp_path: Path) -> None:
    report = scale.transform(model, rows / "*.parquet", tmp_path / "z", id_column="id")
    table = table_of(tmp_path / "z")

    assert report.finished == report.total == 3
    assert table["id"].to_pylist() == [f"id {i}" for i in range(N)]
    assert table["file"].to_pylist()[99:102] == ["1.parquet", "2.parquet", "3.parquet"]
    assert table["row"].to_pylist()[98:103] == [98, 99, 0, 0, 1]
    assert table.schema.field("code").type.list_size == 2
    np.testing.assert_allclose(codes_of(tmp_path / "z"), codes, atol=1e-5)


def test_arrays_and_half_precision(rows: Path, codes, model, tmp_path: Path) -> None:
    z = tmp_path / "z"
    scale.transform(model, rows, z, file_format="npy", dtype="float16", part_rows=50)
    Z = np.concatenate([np.load(path) for path in sorted(z.glob("*.npy"))])

    assert Z.dtype == np.float16
    np.testing.assert_array_equal(Z, codes.astype(np.float16))

    X = parquet.read_table(rows / "1.parquet").to_pandas()
    X[NAMES] *= 1e6
    X.to_parquet(rows / "1.parquet")
    report = scale.transform(model, rows, tmp_path / "large", dtype="float16")

    assert "beyond the range of float16" in next(iter(report.failed.values()))
    assert report.finished == 2


def test_empty_files_have_no_parts(rows: Path, frame, model, tmp_path: Path) -> None:
    frame[:0].to_parquet(rows / "0.parquet")
    frame[:0].to_csv(rows / "4.csv", index=False)
    (rows / "5.csv").touch()
    (rows / "_SUCCESS").touch()

    assert scale.transform(model, rows, tmp_path / "z").rows == N

    with pytest.raises(ValueError, match="expected examples, got none"):
        scale.transform(model, rows / "[045].*", tmp_path / "none")


def test_each_file_counts_once(rows: Path, model, tmp_path: Path) -> None:
    (rows / "link.parquet").symlink_to(rows / "1.parquet")
    twice = [rows, rows / "*.parquet", rows / "**" / "*", rows / "1.parquet"]

    assert scale.transform(model, twice, tmp_path / "z").rows == N
    assert len(table_of(tmp_path / "z")) == N


@pytest.mark.parametrize("name", ["größe 日本.parquet", "a'b\n$(x).parquet", "🙂*.parquet"])
def test_names_of_files_may_be_any(name: str, rows: Path, model, tmp_path: Path) -> None:
    (rows / "1.parquet").rename(rows / name)
    assert scale.transform(model, rows / name, tmp_path / "z é").rows == 100
    assert set(table_of(tmp_path / "z é")["file"].to_pylist()) == {name}


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux")
def test_names_need_not_be_text(rows: Path, model, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(rows) + b"/\xff.parquet"))
    shutil.copy(rows / "1.parquet", odd)

    assert scale.transform(model, rows, tmp_path / "z").rows == N + 100
    assert "\ufffd.parquet" in table_of(tmp_path / "z")["file"].to_pylist()


def test_finished_parts_are_skipped_and_lost_ones_made_again(rows, model, tmp_path) -> None:
    out = tmp_path / "z"
    first = scale.transform(model, rows, out, part_rows=40)
    before, states = contents(out), {p: p.stat().st_mtime_ns for p in out.glob("part-*")}
    assert scale.transform(model, rows, out).done == 0

    lost = sorted(out.glob("part-*"))[2]
    lost.unlink()
    report = scale.transform(model, rows, out)

    assert (report.done, report.finished, report.total) == (1, first.total, first.total)
    assert contents(out) == before
    assert all(p.stat().st_mtime_ns == t for p, t in states.items() if p != lost)


def test_other_models_settings_and_inputs_are_refused(rows, frame, model, tmp_path) -> None:
    out = tmp_path / "z"
    scale.transform(model, rows, out, shard="1/2")
    other = tmp_path / "other.ae"
    ae.linear(1).fit(frame).save(other)

    with pytest.raises(ValueError, match="begun with another model"):
        scale.transform(other, rows, out, shard="2/2")

    with pytest.raises(ValueError, match="begun with `transform`"):
        scale.score(model, rows, out)

    with pytest.raises(ValueError, match="dtype 'float32' and now 'float16'"):
        scale.transform(model, rows, out, dtype="float16")

    frame.to_parquet(rows / "new.parquet")

    with pytest.raises(ValueError, match=r"has also new\.parquet"):
        scale.transform(model, rows, out)

    (rows / "new.parquet").unlink()
    (rows / "3.parquet").rename(tmp_path / "3.parquet")

    with pytest.raises(ValueError, match=r"lacks 3\.parquet"):
        scale.transform(model, rows, out)


def test_changed_files_begin_anew_until_a_part_is_finished(rows, frame, model, tmp_path) -> None:
    out = tmp_path / "z"
    scale.transform(model, rows, out, shard="1/3")  # the first file alone
    frame[:7].to_parquet(rows / "3.parquet")
    assert scale.transform(model, rows, out).rows == 8

    frame[:6].to_parquet(rows / "3.parquet")

    with pytest.raises(ValueError, match=r"'3.parquet' was changed after 1 of its parts"):
        scale.transform(model, rows, out)

    os.utime(rows / "1.parquet")  # the content is the same
    frame[:7].to_parquet(rows / "3.parquet")
    assert scale.transform(model, rows, out).is_complete


def test_large_files_are_changed_if_their_time_is(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(2**16 + 7, 40))
    path, known = tmp_path / "x.npy", tmp_path / "m.ae"
    np.save(path, X)
    ae.linear(2).fit(X[:50]).save(known)
    scale.transform(known, path, tmp_path / "z", part_rows=2**15, shard="1/3")
    place = np.load(path, mmap_mode="r+")
    place[2**15 + 1] = 0.0  # between the blocks of a digest, perhaps
    place.flush()
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 10**9))

    with pytest.raises(ValueError, match="was changed after 1 of its parts"):
        scale.transform(known, path, tmp_path / "z", shard="2/3")


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    path.write_bytes(content)


@pytest.mark.parametrize("kind", ["footer", "pages", "csv", "npy", "columns"])
def test_one_damaged_file_costs_only_itself(kind, rows, frame, model, tmp_path, capsys) -> None:
    out = tmp_path / "z"
    bad = rows / f"2.{kind if kind in ('csv', 'npy') else 'parquet'}"
    (rows / "2.parquet").unlink()
    good = frame[100:101]

    def mend() -> None:
        if kind == "npy":
            np.save(bad, good.to_numpy())
        elif kind == "csv":
            good.to_csv(bad, index=False)
        else:
            good.to_parquet(bad)

    mend()

    if kind == "footer":
        bad.write_bytes(bad.read_bytes()[:-7])
    elif kind == "pages":
        frame.to_parquet(bad, compression="gzip")
        damage(bad)
    elif kind == "csv":
        bad.write_text("a,b,c,d\n1,2,3,4\n1,2,3,word\n")
    elif kind == "npy":
        bad.write_bytes(bad.read_bytes()[:-3])
    else:
        good.rename(columns={"a": "e"}).to_parquet(bad)

    words = ["transform", str(model), str(rows / "*.*"), "--out", str(out)]
    assert main(words) == 1
    said = capsys.readouterr()
    assert f"Failed: '{bad.name}" in said.out
    assert "2 of 3 parts are finished." in said.out
    assert "mend these files" in said.out.splitlines()[-1]
    assert "Traceback" not in said.out + said.err

    mend()
    assert main(words) == 0
    assert len(table_of(out)) == N
    assert len(table_of(out).group_by(["file", "row"]).aggregate([])) == N


def test_unreadable_images_are_named_and_made_later(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)

    for i in range(7):
        Image.fromarray(rng.integers(0, 255, (8, 8), np.uint8)).save(photos / f"{i}.png")

    model = ae.linear(2).fit(photos)
    Z = model.transform(photos)
    (photos / "4.png").rename(tmp_path / "4.png")
    (photos / "4.png").write_bytes(b"no image")

    report = scale.transform(model, photos / "*.png", tmp_path / "z", part_rows=3)
    assert [*report.failed] == ["'4.png'"]
    assert (report.rows, report.finished, report.is_complete) == (6, 3, False)
    assert [*scale.transform(model, photos, tmp_path / "z").failed] == ["'4.png'"]

    shutil.copy(tmp_path / "4.png", photos / "4.png")
    report = scale.transform(model, photos, tmp_path / "z")
    assert (report.rows, report.is_complete) == (3, True)
    assert table_of(tmp_path / "z")["file"].to_pylist() == [f"{i}.png" for i in range(7)]
    np.testing.assert_allclose(codes_of(tmp_path / "z"), Z, atol=1e-5)


def test_windows_of_sounds_keep_their_file(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    pytest.importorskip("soxr")
    sounds = tmp_path / "sounds"
    sounds.mkdir()

    for i, seconds in enumerate((0.2, 0.2, 0.5)):
        wave = 0.3 * np.sin(np.arange(int(16000 * seconds)) * (0.1 + 0.05 * i))
        soundfile.write(sounds / f"{i}.wav", wave, 16000)

    kind = ae.modalities.Sounds(seconds=0.2)
    model = ae.autoencoder(2, modality=kind, training=QUICK, layers=(4,)).fit(sounds)
    report = scale.transform(model, sounds, tmp_path / "z", part_rows=2)
    table = table_of(tmp_path / "z")

    assert report.rows == len(model.transform(sounds))
    np.testing.assert_allclose(codes_of(tmp_path / "z"), model.transform(sounds), atol=1e-5)
    assert table["file"].to_pylist()[:3] == ["0.wav", "1.wav", "2.wav"]
    assert table["row"].to_pylist() == [0, 0, *range(report.rows - 2)]
    pooled = scale.transform(model, sounds, tmp_path / "pooled", pool_windows=True, part_rows=2)
    assert pooled.rows == 3
    whole = model.transform(sounds, pool_windows=True)
    np.testing.assert_allclose(codes_of(tmp_path / "pooled"), whole, atol=1e-5)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_mixed_tables_come_back_in_their_columns(kind: str, tmp_path: Path) -> None:
    n = 60
    cells = {"size": np.arange(n) / 7, "kind": ["a", "b, c", 'd"\ne'] * 20, "id": np.arange(n)}
    table = pd.DataFrame(cells)
    table.loc[5, "size"] = None
    X = table[["size", "kind"]]
    model = ae.autoencoder(2, modality=MixedTables(), training=QUICK, layers=(4,)).fit(X)
    path = tmp_path / f"x.{kind}"
    table.to_csv(path, index=False) if kind == "csv" else table.to_parquet(path, index=False)

    scale.transform(model, path, tmp_path / "z", id_column="id", part_rows=25)
    scale.reconstruct(model, path, tmp_path / "r", part_rows=40)
    np.testing.assert_allclose(codes_of(tmp_path / "z"), model.transform(X), atol=1e-5)
    assert table_of(tmp_path / "z")["id"].to_pylist() == [*range(n)]
    again, R = table_of(tmp_path / "r").to_pandas(), model.reconstruct(X)
    assert again["kind"].astype(str).tolist() == R["kind"].astype(str).tolist()
    np.testing.assert_allclose(again["size"].astype(float), R["size"].astype(float), rtol=1e-4)


def test_texts_are_lines(tmp_path: Path) -> None:
    lines = [f"a line {i}" if i % 5 else "" for i in range(23)]
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(lines))
    model = ae.autoencoder(2, training=QUICK).fit([x or "b" for x in lines])

    report = scale.transform(model, path, tmp_path / "z", part_rows=4)
    assert report.rows == 23
    np.testing.assert_allclose(codes_of(tmp_path / "z"), model.transform(lines), atol=1e-5)


@pytest.fixture(scope="module")
def conditional(frame, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("conditional") / "c.ae"
    y = [("x", "y")[i % 2] for i in range(N)]
    recipe = ae.vae(2, conditional=True, training=QUICK, layers=(4,), random_state=0)
    recipe.fit(frame, y).save(path)
    return path


def test_labels_stand_in_a_column_or_are_the_same_for_all(conditional, frame, tmp_path) -> None:
    model, y = ae.load(conditional), [("x", "y")[i % 2] for i in range(N)]
    frame.assign(label=y).to_parquet(tmp_path / "x.parquet")
    frame.assign(label=y).to_csv(tmp_path / "x.csv", index=False)

    for i, name in enumerate(("x.parquet", "x.csv")):
        out = tmp_path / f"z{i}"
        scale.transform(conditional, tmp_path / name, out, label_column="label", part_rows=70)
        np.testing.assert_allclose(codes_of(out), model.transform(frame, y), atol=1e-5)

    scale.transform(conditional, tmp_path / "x.csv", tmp_path / "same", y="y")
    np.testing.assert_allclose(
        codes_of(tmp_path / "same"), model.transform(frame, ["y"] * N), atol=1e-5
    )

    with pytest.raises(ValueError, match="needs labels"):
        scale.transform(conditional, tmp_path / "x.csv", tmp_path / "none")


def test_scores_and_anomalies_are_those_of_the_whole(
    rows, frame, model, conditional, tmp_path
) -> None:
    known = ae.load(model)
    scale.score(conditional, rows, tmp_path / "d", y="x", part_rows=40)
    expected = ae.load(conditional).score_samples(frame, ["x"] * N)
    np.testing.assert_allclose(table_of(tmp_path / "d")["score_samples"], expected, rtol=1e-4)
    normal = tmp_path / "normal.parquet"
    frame.to_parquet(normal)

    scale.score(model, rows, tmp_path / "s", part_rows=40)
    column = table_of(tmp_path / "s").column_names[-1]
    expected = getattr(known, column)(frame)
    np.testing.assert_allclose(table_of(tmp_path / "s")[column], expected, rtol=1e-4, atol=1e-5)

    scale.anomalies(model, rows, tmp_path / "a", normal, part_rows=40)
    found = table_of(tmp_path / "a")
    detector = ae.manifold.OffManifoldDetector(known).fit(frame)
    on, off = detector.decompose(frame)
    np.testing.assert_allclose(found["on"], on, atol=1e-3)
    np.testing.assert_allclose(found["off"], off, atol=1e-3)

    frame[:50].to_parquet(normal)

    with pytest.raises(ValueError, match="begun with reference"):
        scale.anomalies(model, rows, tmp_path / "a", normal)


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of processes")
def test_a_full_disk_stops_the_run_which_then_continues(rows, model, tmp_path, capsys) -> None:
    words = ["transform", str(model), str(rows), "--out", str(tmp_path / "z"), "--part-rows", "40"]
    scale.transform(model, rows, tmp_path / "z", shard="1/5", part_rows=40)
    done = contents(tmp_path / "z")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    capsys.readouterr()

    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (min(map(len, done.values())) // 2, limits[1]))
        status = main(words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    said = capsys.readouterr()
    assert status == 1
    assert "Stopped: File too large" in said.out
    assert "skips finished parts" in said.out.splitlines()[-1]
    assert "Traceback" not in said.err
    assert contents(tmp_path / "z") == done

    assert main(words) == 0
    assert len(table_of(tmp_path / "z")) == N
    assert not [p for p in (tmp_path / "z").iterdir() if p.name.startswith(".")]


def test_commands_say_what_is_finished_and_what_is_next(rows, model, tmp_path, capsys) -> None:
    words = ["transform", str(model), f"{rows}/*.parquet", "--out", str(tmp_path / "codes dir")]
    assert main([*words, "--shard", "2/3"]) == 0
    said = capsys.readouterr().out
    assert "1 of 3 parts is finished." in said or "1 of 3 parts are finished." in said
    assert "shards 1, 3 of 3" in said
    assert said.splitlines()[-1].endswith("--shard 1/3")

    assert main(words) == 0
    said = capsys.readouterr().out
    assert "3 of 3 parts are finished." in said
    assert said.splitlines()[-1].startswith("Next: read the folder")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--shard", "0/3"], "expected shard as K/N"),
        (["--shard", "4/3"], "expected shard as K/N"),
        (["--shard", "x"], "expected shard as K/N"),
        (["--workers", "0"], "at least one worker"),
        (["--part-rows", "0"], "at least one row"),
        (["--full-size", "--workers", "1"], "--full-size cannot be combined"),
        (["--id-column", "nothing"], "it has no column 'nothing' of ids"),
        (["--file-format", "npy", "--id-column", "id"], "no place for the ids"),
        (["--y", "3"], "no effect"),
    ],
)
def test_invalid_flags_are_refused_in_one_line(flags, message, rows, model, tmp_path, capsys):
    words = ["transform", str(model), f"{rows}/*.parquet", "--out", str(tmp_path / "z")]
    assert main([*words, *flags]) in (1, 2)
    said = capsys.readouterr()
    assert message in said.err + said.out
    assert "Traceback" not in said.err


def test_outputs_stand_apart(rows, model, tmp_path, capsys) -> None:
    with pytest.raises(ValueError, match="holds the input"):
        scale.transform(model, rows, rows)

    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").touch()

    with pytest.raises(ValueError, match=r"holds 'letter\.txt'"):
        scale.transform(model, rows, tmp_path / "letters")

    assert main(["score", str(model), str(rows / "*"), "--out", "codes.csv"]) == 2
    assert "expected a folder" in capsys.readouterr().err
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "_manifest.json").write_text(json.dumps({"version": 99}))

    with pytest.raises(ValueError, match="of version 99"):
        scale.transform(model, rows, tmp_path / "z")

    with pytest.raises(FileNotFoundError, match="no file that matches"):
        scale.transform(model, rows / "*.jpg", tmp_path / "none")


def test_the_guide_runs_as_it_stands(rows: Path, model, tmp_path, monkeypatch, capsys) -> None:
    guide = Path(__file__).parents[1] / "docs" / "scale.md"
    monkeypatch.chdir(tmp_path)
    shutil.copy(model, "m.ae")
    names = {"ae": ae}

    for block in re.findall(r"```python\n(.*?)```", guide.read_text("utf-8"), re.DOTALL):
        exec(block, names)

    assert "3 of 3 parts are finished" in capsys.readouterr().out
    assert names["codes"]["id"].to_pylist() == [f"id {i}" for i in range(N)]


CELL = st.text(alphabet='ab,\n\r" é', max_size=5)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=12), st.integers(1, 4))
def test_ranges_of_lines_are_the_rows_of_a_csv_reader(cells: list[list[str]], rows: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(cells)
    data = text.getvalue().encode()
    found = [*divide_lines(io.BytesIO(data), 0, None, rows, quoted=True, blank=False)]
    parts = [data[r.begin : r.end].decode() for r in found]

    assert "".join(parts).encode() == data
    assert [r.stop - r.start for r in found[:-1]] == [rows] * (len(found) - 1)
    assert [r for part in parts for r in csv.reader(io.StringIO(part, newline=""))] == cells


def test_an_encoder_takes_batches_of_every_type(frame, codes, model: Path, rows: Path) -> None:
    encoder = pickle.loads(pickle.dumps(scale.Encoder(model)))
    arrow = parquet.read_table(rows / "1.parquet")
    ids = [f"id {i}" for i in range(100)]
    X = frame[:100]

    table = encoder(arrow)
    assert table.column_names == ["id", "other", "code"]
    assert table["id"].to_pylist() == ids
    batch = encoder(arrow.combine_chunks().to_batches()[0])
    assert isinstance(batch, pa.RecordBatch)
    by_name = encoder({**{name: X[name].to_numpy() for name in NAMES}, "id": ids})
    assert [*by_name] == ["id", "code"]
    named = encoder(X.assign(id=ids))
    assert [*named.columns] == ["id", "code1", "code2"]
    (streamed,) = encoder(iter([arrow]))

    for Z in (
        np.array(table["code"].to_pylist()),
        np.array(batch.column("code").to_pylist()),
        np.array(streamed["code"].to_pylist()),
        by_name["code"],
        named[["code1", "code2"]].to_numpy(),
        encoder(X.to_numpy()),
        np.array(encoder(pa.array(list(X.to_numpy()))).to_pylist()),
    ):
        np.testing.assert_allclose(Z, codes[:100], atol=1e-5)

    assert encoder(X.to_numpy()[:0]).shape == (0, 2)
    assert len(encoder(arrow[:0])) == 0
    assert "list<" in str(scale.Encoder(model, lists="variable")(arrow).schema.field("code").type)


def test_an_encoder_takes_columns_of_lists(frame, tmp_path: Path) -> None:
    X = frame.to_numpy()
    ae.linear(2).fit(X).save(tmp_path / "m.ae")
    encoder = scale.Encoder(tmp_path / "m.ae")
    lists = np.empty(N, object)
    lists[:] = list(X)
    Z = ae.load(tmp_path / "m.ae").transform(X)

    by_name = encoder({"id": np.arange(N), "x": lists})
    named = encoder(pd.DataFrame({"id": np.arange(N), "x": lists}))
    np.testing.assert_allclose(by_name["code"], Z, atol=1e-5)
    np.testing.assert_allclose(named[["code1", "code2"]], Z, atol=1e-5)
    lists[3] = X[3, :2]

    with pytest.raises(ValueError, match=r"got lengths \[2, 4\]"):
        encoder({"x": lists})


def test_an_encoder_says_what_is_wrong(frame, model: Path, tmp_path: Path) -> None:
    copy = shutil.copy(model, tmp_path / "m.ae")
    encoder = scale.Encoder(copy)

    with pytest.raises(ValueError, match=r"lacks the columns \['d'\]"):
        encoder(frame[["a", "b", "c"]])

    with pytest.raises(ValueError, match="has a column 'code'"):
        encoder(pa.Table.from_pandas(frame.assign(code=1)))

    with pytest.raises(TypeError, match="got int"):
        encoder(3)

    with pytest.raises(FileNotFoundError, match="no model file"):
        scale.Encoder(tmp_path / "nothing.ae")

    ae.linear(1).fit(frame).save(copy)
    other = pickle.loads(pickle.dumps(encoder))
    from autoencode.scale import encoder as module

    module._models.clear()  # as in another process

    with pytest.raises(ValueError, match="has changed since the encoder was made"):
        other(frame)
