r"""Tests of walks, selections, look-ups and files of the explorer, against plain Python."""

import base64
import csv
import io
import threading
import wave
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Outline
from PIL import Image
from test_explorer import DATA as MODELS
from test_explorer import KINDS, MAKE, Client, columns, same, sentence

import autoencode as ae
from autoencode.explorer.gestures import lookup
from autoencode.explorer.places import maps
from autoencode.explorer.places.views import density, in_view, inside
from autoencode.explorer.session import Session
from autoencode.explorer.session import codes as stored
from autoencode.explorer.wire import Pending, Tasks
from autoencode.manifold import Geodesics
from autoencode.modalities.capabilities import Tokenized


@pytest.fixture(scope="module", params=KINDS)
def session(request) -> Session:
    kind = request.param
    found = Session(ae.load(MODELS / f"{kind}.ae"), MAKE["EXAMPLES"][kind]())
    found.kind = kind
    return found


@pytest.fixture(scope="module")
def client(session: Session) -> Client:
    return Client(session)


def indices(answer) -> list[int]:
    rows = np.frombuffer(answer.content, "<u4").tolist()
    assert len(rows) == int(answer.headers["X-Count"])
    return rows


def table(answer) -> list[list[str]]:
    return [*csv.reader(io.StringIO(answer.content.decode()))]


def mask(rows, n: int) -> dict[str, str]:
    bits = np.isin(np.arange(n), rows)
    return {"mask": base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()}


# Walks


def test_walks_are_those_of_python(client: Client, session: Session) -> None:
    model, n = session.model, 5
    ends = {"from": 0, "to": 9, "steps": n, "map": {"map": "units", "x": 0, "y": 1}}
    found = client.post("/api/walk", **ends)
    Z = model.transform(session.X)
    straight, geodesic = found["straight"], found["geodesic"]

    assert np.allclose(straight["codes"], np.linspace(Z[0], Z[9], n), atol=1e-5)
    assert np.allclose(geodesic["codes"], geodesic["path"])
    assert geodesic["length"] <= straight["length"] * (1 + 1e-4)
    same(straight["examples"][0], model.inverse_transform(Z[:1]), model)

    metric = "fisher" if isinstance(model.modality_, Tokenized) else "pullback"
    curves = Geodesics(model, metric, n_points=12 if metric == "fisher" else 32)
    path = curves.path(Z[:1], Z[[9]])
    assert geodesic["length"] == pytest.approx(float(curves.length(path)[0]), rel=1e-3)


def test_walks_become_files(client: Client, session: Session) -> None:
    ends = {"from": 0, "to": {"z": [0.0, 0.0]}, "steps": 4, "kind": "straight"}
    lines = table(client.post("/api/walk/export", format="csv", **ends))

    assert lines[0][0] == "step"
    assert lines[0][-2:] == ["z1", "z2"]
    assert [float(v) for v in lines[-1][-2:]] == [0.0, 0.0]
    assert {line[0] for line in lines[1:]} == {"0", "1", "2", "3"}

    if session.kind == "images":
        answer = client.post("/api/walk/export", format="gif", **ends)
        assert Image.open(io.BytesIO(answer.content)).n_frames == 6  # there and back
    elif session.kind == "sounds":
        answer = client.post("/api/walk/export", format="wav", **ends)
        with wave.open(io.BytesIO(answer.content)) as sound:
            assert sound.getnframes() == 4 * 400 + 3 * 600
    else:
        assert "no .gif" in client.refused("/api/walk/export", format="gif", **ends)


# Selections


def test_outlines_select_what_python_selects(client: Client, session: Session) -> None:
    Z = session.model.transform(session.X)
    center, spread = Z.mean(axis=0), Z.std(axis=0)
    corners = np.array([[-1.0, -0.9], [1.3, -1.1], [0.2, 0.1], [0.8, 1.2], [-0.7, 0.9]])
    polygon = center + corners * spread
    on_map = {"map": {"map": "units", "x": 0, "y": 1}}
    found = indices(client.post("/api/select", polygon=polygon.tolist(), **on_map))
    expected = np.flatnonzero(Outline(polygon).contains_points(Z)).tolist()

    assert found == expected
    assert 0 < len(found) < len(Z)

    n = len(session)
    rest = client.post("/api/select", indices=[*range(n)], without=mask(found, n))
    assert indices(rest) == sorted({*range(n)} - {*found})
    both = client.post("/api/select", indices=mask(found, n), within=[*range(0, n, 2)])
    assert indices(both) == [i for i in found if i % 2 == 0]


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=3, max_size=12),
    st.integers(0, 2**31),
)
def test_insides_of_polygons_follow_the_rule_of_even_and_odd(corners, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-10, 10, (50, 2))
    polygon = np.array(corners)

    x, y = points.T
    crossings = np.zeros(50, int)
    for a, b in zip(polygon, np.roll(polygon, -1, axis=0)):
        t = np.divide(y - a[1], b[1] - a[1], where=b[1] != a[1], out=np.full(50, np.nan))
        crossings += ((a[1] > y) != (b[1] > y)) & (a[0] + t * (b[0] - a[0]) > x)

    assert np.array_equal(inside(points, polygon), crossings % 2 == 1)


def test_summaries_of_selections(client: Client, session: Session) -> None:
    rows = [3, 1, 1, 7, 12, 20]
    found = client.post("/api/selection", selection=rows)
    chosen = sorted({*rows})
    Z = session.model.transform(session.X)[chosen]
    distances = np.linalg.norm(Z - Z.mean(axis=0), axis=1)
    order = np.array(chosen)[np.argsort(distances, kind="stable")]

    assert found["count"] == 5
    assert np.allclose(found["z"], Z.mean(axis=0), atol=1e-6)
    assert [entry["index"] for entry in found["typical"]] == order[:3].tolist()
    assert [entry["index"] for entry in found["unusual"]] == order[:2:-1].tolist()
    mean = session.model.inverse_transform(Z.mean(axis=0, keepdims=True))
    same(found["example"], mean, session.model)
    assert client.post("/api/selection", selection=mask(rows, len(session))) == found


def test_differences_are_applied(client: Client, session: Session) -> None:
    Z, a, b = session.model.transform(session.X), [0, 1, 2], [8, 9]
    found = client.post("/api/compare", a=a, b=b, apply_to=5, strengths=[0.0, 2.0])
    vector = Z[b].mean(axis=0) - Z[a].mean(axis=0)

    assert np.allclose(found["vector"], vector, atol=1e-6)
    assert found["length"] == pytest.approx(np.linalg.norm(vector), rel=1e-4)
    moved = session.model.inverse_transform(Z[[5]] + 2 * vector)
    same(found["applied"][1]["example"], moved, session.model)
    assert "empty" in client.refused("/api/compare", a=[], b=b)


def test_selections_become_files(client: Client, session: Session) -> None:
    lines = table(client.post("/api/export", selection=[4, 2], format="csv"))
    Z = session.model.transform(session.X)

    assert [line[0] for line in lines[1:]] == ["2", "4"]
    assert np.allclose(np.array([line[-2:] for line in lines[1:]], float), Z[[2, 4]], atol=1e-5)

    answer = client.post("/api/export", selection=[4, 2], format="files")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    names = archive.namelist()
    assert not any("/" in name or "\\" in name for name in names)

    if session.kind == "images":
        pixels = np.asarray(Image.open(archive.open("00000004.png")))
        assert np.array_equal(pixels, session.X[4])


def test_labels_are_typed_in_and_taken_away() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    session = Session(ae.linear(2).fit(X), X, names=["../a,b\n=1"] + 19 * ["x"])
    client = Client(session)
    label = "<script>\u202e"

    color = client.post("/api/labels", selection=[0, 3], label=label)
    assert (color["levels"], color["counts"]) == ([label], [2])
    client.post("/api/labels", selection=[3], label=None)
    lines = table(client.post("/api/export", selection=[0, 3], format="labels"))

    assert lines == [["index", "name", "label"], ["0", "../a,b\n=1", label], ["3", "x", ""]]
    assert indices(client.post("/api/select", color="typed", levels=[label])) == [0]
    assert indices(client.post("/api/select", search="SCRIPT")) == [0]
    assert indices(client.post("/api/select", search="../a")) == [0]
    assert "200 characters" in client.refused("/api/labels", selection=[0], label="a" * 201)


def test_colors_select() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = np.array(["b", "a", "c"] * 20)
    ages = np.linspace(1, 90, 60)
    session = Session(ae.linear(2).fit(X), X, y, {"age": ages})
    client = Client(session)
    name = next(c["name"] for c in client.get("/api/session")["colors"] if c["title"] == "age")

    assert indices(client.post("/api/select", color="label", levels=["a", "c"])) == [
        i for i in range(60) if y[i] != "b"
    ]
    assert indices(client.post("/api/select", color=name, low=30.5, high=50)) == [
        *np.flatnonzero((ages >= 30.5) & (ages <= 50))
    ]
    found = client.post("/api/selection", selection=np.flatnonzero(y == "a").tolist())
    assert found["shared"][0]["level"] == "a"
    assert found["shared"][0]["share"] == 1
    assert found["shared"][0]["everyone"] == pytest.approx(1 / 3)


# Look-up


def upload(client: Client, name: str, body: bytes):
    query = {"name": name, "map": "units", "x": 0, "y": 1}
    return client.http.post("/api/lookup", params=query, content=body)


def test_uploads_are_placed_and_scored(client: Client, session: Session, tmp_path) -> None:
    model, X = session.model, session.X

    if session.kind == "images":
        model.modality_.write(tmp_path / "a.png", X[3])
        answer = upload(client, "../../<b>.PNG", (tmp_path / "a.png").read_bytes())
    elif session.kind == "sounds":
        model.modality_.write(tmp_path / "a.wav", X[3])
        answer = upload(client, "a.wav", (tmp_path / "a.wav").read_bytes())
    elif session.kind == "texts":
        answer = client.http.post("/api/lookup", json={"text": X[3], "map": {"map": "units"}})
    elif session.kind == "series":
        np.save(tmp_path / "a.npy", X[3:4])
        answer = upload(client, "a.npy", (tmp_path / "a.npy").read_bytes())
    else:
        frame = X[3:4] if isinstance(X, pd.DataFrame) else pd.DataFrame(X[3:4])
        frame.columns = [*getattr(model, "feature_names_in_", ["x1", "x2", "x3"])]
        text = frame.to_csv(index=False)
        answer = client.http.post("/api/lookup", json={"text": text})

    assert answer.status_code == 200, answer.text
    (entry,) = answer.json()["entries"]
    Z = model.transform(X)
    close = 1e-2 if session.kind == "sounds" else 1e-4  # of 16-bit integers
    assert np.allclose(entry["z"], Z[3], atol=close)
    assert entry["place"] is None or np.allclose(entry["place"], Z[3], atol=close)
    assert entry["seen"]
    assert entry["neighbors_code"][0]["distance"] <= 2 * close
    assert 3 in [neighbor["index"] for neighbor in entry["neighbors_data"]]
    errors = {score["name"]: score["value"] for score in entry["scores"]}
    assert errors["error"] == pytest.approx(model.reconstruction_error(X)[3], rel=0.02)


@pytest.mark.parametrize("name", ["a.png", "a.npy", "a.csv", "a.pkl", "../a", "a.wav", "x" * 900])
@pytest.mark.parametrize("body", [b"", b"\x80\x04\x95 broken", b"\x89PNG\r\n\x1a\n", b"\0" * 99])
def test_broken_uploads_are_answered_by_a_sentence(
    client: Client, session: Session, name: str, body: bytes
) -> None:
    answer = upload(client, name, body)

    if session.kind == "texts" and answer.status_code == 200:
        return  # anything short is a text

    assert answer.status_code == 400, answer.text
    text = sentence(answer)
    assert "/tmp" not in text
    assert "Traceback" not in text
    assert lookup._FOLDER not in text


def test_large_uploads_are_refused(monkeypatch) -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    client = Client(Session(ae.linear(2).fit(X), X))
    monkeypatch.setattr("autoencode.explorer.serving.routes.MAX_UPLOAD", 100)

    assert upload(client, "a.csv", b"1" * 101).status_code == 413


# Diagnosis


def test_diagnosis_shows_the_training(client: Client, session: Session) -> None:
    found = client.get("/api/history")
    records = session.model.history_

    assert found["epochs"] == [record.epoch for record in records]
    for curve in found["curves"]:
        part, _, name = curve["name"].partition("_")
        assert curve["values"] == [getattr(record, part)[name] for record in records]

    if hasattr(session.model, "sample"):
        found = client.post("/api/samples", n=3, seed=5)
        assert len(found["samples"]) == len(found["real"]) == 3
        same(found["samples"][0], session.model.sample(3, random_state=5), session.model)
    else:
        assert "no density" in client.refused("/api/samples", n=3)


def test_findings_are_those_of_diagnose() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[:, 2] = 1
    model = ae.linear(1).fit(X)
    found = Client(Session(model, X)).get("/api/findings")["findings"]

    assert [finding["title"] for finding in found] == [f.name for f in model.diagnose(X)]


# Maps, codes and tasks


@pytest.fixture(scope="module")
def wide() -> Session:
    X = np.random.default_rng(0).normal(size=(80, 6)) @ np.diag([5.0, 4, 3, 2, 1, 0.5])
    return Session(ae.linear(4).fit(X), X)


def test_components_are_those_of_the_codes(wide: Session) -> None:
    client = Client(wide)
    found = columns(client.get("/api/points", map="pca"))
    Z = wide.model.transform(wide.X).astype(float)
    pca = ((Z - Z.mean(axis=0)) @ np.linalg.svd(Z - Z.mean(axis=0))[2].T)[:, :2]

    for name, expected in zip(("x", "y"), pca.T):
        sign = np.sign(found[name] @ expected)
        assert np.allclose(found[name], sign * expected, atol=1e-3)


@pytest.mark.parametrize("on_map", [{"map": "pca"}, {"map": "units", "x": 2, "y": 0}])
def test_decoded_places_lie_where_they_were_asked_for(wide: Session, on_map: dict) -> None:
    client = Client(wide)
    place = [0.7, -1.2]
    found = client.post("/api/decode", place=place, map=on_map)

    assert np.allclose(found["place"], place, atol=1e-5)
    assert "weighted mean of the 10 nearest examples" in found["filled"]
    filled = client.post("/api/decode", place=place, map=on_map, fill={"index": 7})
    assert "example 7" in filled["filled"]

    if on_map["map"] == "units":
        Z = wide.model.transform(wide.X)
        assert np.allclose(filled["z"], [place[1], Z[7, 1], place[0], Z[7, 3]], atol=1e-5)


def test_places_far_from_all_data_were_never_seen(wide: Session) -> None:
    client = Client(wide)
    far = client.post("/api/decode", z=[1e3, 0.0, 0.0, 0.0])
    near = client.post("/api/decode", z=wide.codes[[5]][0].tolist())

    assert not far["seen"]
    assert far["note"].startswith("No example was ever seen here")
    assert near["seen"]
    assert near["note"] is None
    assert near["nearest"]["index"] == 5


def test_umap_is_asked_for_by_name(wide: Session, monkeypatch) -> None:
    if maps._has_umap():
        pytest.skip("UMAP is installed")

    client = Client(wide)
    answer = client.http.get("/api/points", params={"map": "umap"})
    assert "pip install umap-learn" in sentence(answer)
    known = {m["map"]: m for m in client.get("/api/session")["maps"]}
    assert not known["umap"]["available"]


def test_codes_in_a_file_are_the_same(wide: Session, monkeypatch) -> None:
    Z = wide.codes[slice(None)]
    monkeypatch.setattr(stored, "MAX_BYTES_IN_MEMORY", 0)
    monkeypatch.setattr(stored, "_BLOCK_BYTES", 100)
    session = Session(wide.model, wide.X)

    assert not isinstance(session.codes._rows, np.ndarray)
    assert len([*session.codes.blocks()]) > 10
    assert np.array_equal(session.codes[[70, 3]], Z[[70, 3]])
    assert np.allclose(session.codes.mean(np.array([2, 70])), Z[[2, 70]].mean(axis=0))
    found = session.nearest.find(Z[33], 3)
    assert np.array_equal(found[0], wide.nearest.find(Z[33], 3)[0])
    both = [columns(Client(s).get("/api/points", map="pca")) for s in (session, wide)]
    assert np.allclose(both[0]["x"], both[1]["x"], atol=1e-5)


def test_views_have_their_points_and_counts() -> None:
    places = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
    view = [-1.0, 0.5, 0.0, 2.0]
    rows, total = in_view(places, view, 10**6)
    x, y = places.T
    expected = np.flatnonzero((x >= -1) & (x <= 0.5) & (y >= 0) & (y <= 2))

    assert np.array_equal(rows, expected)
    some, same_total = in_view(places, view, 100)
    assert (len(some), same_total) == (100, total)
    assert {*some} <= {*rows}
    assert density(places, view, 7, 5).sum() == total


def test_points_of_a_view_have_indices(wide: Session) -> None:
    client = Client(wide)
    everyone = columns(client.get("/api/points", map="pca"))
    found = columns(client.get("/api/points", map="pca", view="0,100,-100,100"))

    assert np.array_equal(everyone["x"][found["index"]], found["x"])
    assert (found["x"] >= 0).all()
    assert len(found["x"]) == (everyone["x"] >= 0).sum()


def test_tasks_tell_their_progress_and_are_repeated_after_errors() -> None:
    tasks, gate, calls = Tasks(), threading.Event(), []

    def work(report):
        report(0.5)
        gate.wait(30)
        calls.append(1)

        if len(calls) == 1:
            raise ValueError("once")

        return 7

    pending = tasks.ask("k", "work", work)
    assert isinstance(pending, Pending)
    assert pending.done == 0.5
    gate.set()

    with pytest.raises(ValueError, match="once"):
        tasks.ask("k", "work", work, wait=True)

    assert tasks.ask("k", "work", work, wait=True) == 7
    assert tasks.ask("k", "work", work) == 7
    assert len(calls) == 2


def test_usual_distances_are_those_to_the_nearest_others(wide: Session) -> None:
    Z = wide.codes[slice(None)].astype(float)
    distances = np.linalg.norm(Z[:, None] - Z[None], axis=2)
    nearest = np.where(np.eye(len(Z)) > 0, np.inf, distances).min(axis=1)

    assert wide.nearest.usual == pytest.approx(np.median(nearest), rel=1e-3)
    assert wide.nearest.far == pytest.approx(np.quantile(nearest, 0.99), rel=1e-3)
