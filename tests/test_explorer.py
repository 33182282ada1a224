r"""Tests of the explorer's server: what it answers for each kind of data, and whom it refuses."""

import base64
import io
import json
import runpy
import wave
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from starlette.testclient import TestClient

import autoencode as ae
from autoencode.explorer.gestures import ENDPOINTS
from autoencode.explorer.serving import application
from autoencode.explorer.serving.security import Guard
from autoencode.explorer.session import Session
from autoencode.explorer.wire.schemas import check

DATA = Path(__file__).parent / "data"
MAKE = runpy.run_path(str(DATA / "make.py"))
KINDS = sorted(MAKE["MODELS"])
SHOWN = {
    "images": "picture",
    "mixed_tables": "row",
    "series": "series",
    "sounds": "sound",
    "tables": "row",
    "texts": "text",
}
RESPONSES = {endpoint.path: endpoint.response for endpoint in ENDPOINTS}


class Client:
    r"""A page that compares each answer with its schema, and waits for what takes long."""

    def __init__(self, session: Session) -> None:
        guard = Guard(application(session), "T", ["testserver"], framed=False)
        self.http = TestClient(guard, headers={"X-Token": "T"}, raise_server_exceptions=False)

    def get(self, path: str, **query):
        return self._answer("GET", path, params=query)

    def post(self, path: str, **values):
        return self._answer("POST", path, json=values)

    def refused(self, path: str, status: int = 400, **values) -> str:
        answer = self.http.post(path, json=values)
        assert answer.status_code == status, answer.text
        return sentence(answer)

    def _answer(self, method: str, path: str, **options):
        while (answer := self.http.request(method, path, **options)).status_code == 202:
            assert 0 <= answer.json()["done"] <= 1

        assert answer.status_code == 200, answer.text

        if (response := RESPONSES.get(path)) is None:
            return answer

        check(answer.json(), response)
        return answer.json()


def sentence(answer) -> str:
    document = answer.json()
    assert [*document] == ["error"]
    assert document["error"][0].isupper() or document["error"][0] == "'"
    assert document["error"].endswith(".")
    assert "\n" not in document["error"]

    return document["error"]


def columns(answer) -> dict[str, np.ndarray]:
    kinds = [c.rsplit(":", 1) for c in answer.headers["X-Columns"].split(",")]
    n, found, start = int(answer.headers["X-Count"]), {}, 0

    for name, kind in kinds:
        found[name] = np.frombuffer(answer.content, f"<{kind}", n, start)
        start += 4 * n

    assert start == len(answer.content)
    return found


def content(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2])


@pytest.fixture(scope="module", params=KINDS)
def session(request) -> Session:
    kind = request.param
    found = Session(ae.load(DATA / f"{kind}.ae"), MAKE["EXAMPLES"][kind]())
    found.kind = kind
    return found


@pytest.fixture(scope="module")
def client(session: Session) -> Client:
    return Client(session)


def same(document, X, model) -> None:
    r"""Asserts that a shown example is the first of `X`, up to rounding to integers."""
    if document["kind"] == "picture":
        pixels = np.asarray(Image.open(io.BytesIO(content(document["url"]))))
        assert np.abs(pixels.astype(int) - np.asarray(X)[0]).max() <= 1
    elif document["kind"] == "sound":
        with wave.open(io.BytesIO(content(document["url"]))) as sound:
            assert sound.getframerate() == model.modality_.rate
            samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        assert np.abs(samples - 32767.0 * np.clip(X[0], -1, 1)).max() < 2
    elif document["kind"] == "text":
        assert document["text"] == np.asarray(X, object)[0]
    elif document["kind"] == "series":
        values = np.array(document["values"], float).T
        expected = np.asarray(X[0]).squeeze()
        assert np.allclose(values.squeeze(), expected, rtol=1e-4, atol=1e-4, equal_nan=True)
    else:
        row = X.iloc[0] if isinstance(X, pd.DataFrame) else X[0]
        found = [cell["value"] for cell in document["cells"]]
        for value, expected in zip(found, row):
            if isinstance(value, float):
                assert value == pytest.approx(float(expected), rel=1e-4, abs=1e-4)
            else:
                assert (value is None and pd.isna(expected)) or value == str(expected)


def test_the_session_describes_each_kind(client: Client, session: Session) -> None:
    document = client.get("/api/session")

    assert document["kind"] == SHOWN[session.kind]
    assert document["count"] == len(session)
    rates = [unit["rate"] for unit in document["units"]]
    assert rates == sorted(rates, reverse=True)
    assert {unit["unit"] for unit in document["units"]} == {0, 1}


def test_points_are_the_codes(client: Client, session: Session) -> None:
    found = columns(client.get("/api/points", map="units", x=1, y=0, columns="error"))
    Z = session.model.transform(session.X)

    assert np.array_equal(found["x"], Z[:, 1])
    assert np.array_equal(found["y"], Z[:, 0])
    expected = session.model.reconstruction_error(session.X)
    assert np.allclose(found["error"], expected, rtol=1e-4)


def test_examples_are_those_of_the_data(client: Client, session: Session) -> None:
    found = client.post("/api/examples", indices=[5, 0], reconstruction=True)["entries"]

    assert [entry["index"] for entry in found] == [5, 0]
    same(found[0]["example"], session.take([5]), session.model)
    decoded = session.model.inverse_transform(session.model.transform(session.X)[[5, 0]])
    same(found[0]["reconstruction"], decoded[:1], session.model)


def test_decoded_examples_are_those_of_inverse_transform(client: Client, session: Session) -> None:
    z = [0.5, -0.25]
    found = client.post("/api/decode", place=z, map={"map": "units", "x": 0, "y": 1})

    assert found["z"] == z
    assert found["place"] == pytest.approx(z)
    same(found["example"], session.model.inverse_transform([z]), session.model)
    Z = session.model.transform(session.X)
    distances = np.linalg.norm(Z - np.array(z), axis=1)
    assert found["nearest"]["index"] == distances.argmin()
    assert found["nearest"]["distance"] == pytest.approx(distances.min(), rel=1e-5)


def test_grids_move_two_units(client: Client, session: Session) -> None:
    found = client.post("/api/grid", units=[1, 0], steps=3, z=[0.0, 0.0])
    right, up = found["ticks"]

    assert len(found["examples"]) == 9
    # The first example is that of the highest tick of the second unit
    same(found["examples"][0], session.model.inverse_transform([[up[2], right[0]]]), session.model)


@pytest.mark.parametrize(
    ("path", "values", "words"),
    [
        ("/api/decode", {}, "neither"),
        ("/api/decode", {"z": [1.0]}, "code of 2 numbers"),
        ("/api/decode", {"z": [1.0, "a"]}, "a number"),
        ("/api/decode", {"z": [1.0, 2.0], "more": 3}, "only"),
        ("/api/decode", {"place": [0.0, 0.0], "map": {"map": "units", "x": 7}}, "from 0 to 1"),
        ("/api/decode", {"z": [0.0, 0.0], "condition": {"label": "a"}}, "not conditional"),
        ("/api/examples", {"indices": [10**6]}, "examples from 0"),
        ("/api/examples", {"indices": [-1]}, "examples from 0"),
        ("/api/examples", {"indices": [0] * 257}, "0 to 256 items"),
        ("/api/grid", {"units": [0, 0]}, "different units"),
        ("/api/grid", {"units": [0], "steps": 10**6}, "from 2 to 20"),
    ],
)
def test_bad_requests_are_answered_by_a_sentence(
    client: Client, path: str, values: dict, words: str
) -> None:
    assert words in client.refused(path, **values)


def test_conditional_models_have_controls() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 5)), np.array(["<b>", "\u202eab"] * 20)
    training = ae.Training(epochs=1, show_progress=False)
    model = ae.vae(3, layers=(), conditional=True, training=training, random_state=0).fit(X, y)
    client = Client(Session(model, X, y))
    document = client.get("/api/session")
    (control,) = document["conditions"]

    assert control["levels"] == ["<b>", "\u202eab"]
    z = [0.1, 0.2, 0.3]

    for label in control["levels"]:
        found = client.post("/api/decode", z=z, condition={"label": label})
        same(found["example"], model.inverse_transform([z], label), model)

    assert "a label of the fit" in client.refused("/api/decode", z=z, condition={"label": "c"})


# Security


@pytest.fixture(scope="module")
def small() -> Session:
    X = np.random.default_rng(0).normal(size=(30, 3))
    return Session(ae.linear(2).fit(X), X)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Token": "t"},
        {"X-Token": "T", "Host": "evil.example"},
        {"X-Token": "T", "Host": "testserver.evil.example"},
        {"X-Token": "T", "Host": ""},
        {"X-Token": "T", "Origin": "http://evil.example"},
        {"X-Token": "T", "Origin": "http://testserver:1"},
        {"X-Token": "T", "Origin": "null"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/session", "/api/nothing"])
def test_strangers_are_refused(small: Session, headers: dict[str, str], path: str) -> None:
    guard = Guard(application(small), "T", ["testserver"], framed=False)
    answer = TestClient(guard).get(path, headers=headers)

    assert answer.status_code == 403
    assert sentence(answer)
    assert "access-control-allow-origin" not in answer.headers


def test_answers_forbid_everything_from_elsewhere(small: Session) -> None:
    guard = Guard(application(small), "T", ["testserver"], framed=False)
    paths = ["/?token=T", "/api/session?token=T", "/static/explorer.js", "/static/../explore.py"]

    for path in paths:
        headers = TestClient(guard).get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/static/..%2fexplore.py", 404),
        ("/static/%2e%2e/explore.py", 404),
        ("/static/__init__.py", 404),
        ("/api/nothing", 404),
        ("/api/decode", 405),
    ],
)
def test_only_known_addresses_answer(small: Session, path: str, status: int) -> None:
    answer = Client(small).http.get(path)

    assert answer.status_code == status
    assert sentence(answer)


def test_large_and_broken_requests_are_refused(small: Session, monkeypatch) -> None:
    http = Client(small).http
    json_type = {"Content-Type": "application/json"}
    monkeypatch.setattr("autoencode.explorer.serving.routes._MAX_JSON", 1000)

    def parts():
        yield from [b" " * 600, b" " * 600]

    for body, headers, status in [
        (b"{", json_type, 400),
        (b"[" * 900, json_type, 400),
        (b"[]", json_type, 400),
        (b'{"z": [NaN, 0]}', json_type, 400),
        (b"z=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b" " * 1001, json_type, 413),
        (parts(), json_type, 413),  # without a stated length
    ]:
        answer = http.post("/api/decode", content=body, headers=headers)
        assert answer.status_code == status, answer.text
        assert sentence(answer)


def test_a_process_serves_the_page_until_it_is_stopped(small: Session) -> None:
    explorer = ae.explore(small.model, small.X, y=["<script>"] * 30, names=["\u202e" * 600] * 30)

    with explorer:
        parts = urlsplit(explorer.url)
        assert parts.hostname == "127.0.0.1"
        token = parts.query.removeprefix("token=")
        address = f"http://{parts.netloc}"
        assert len(token) >= 32
        assert explorer.url in explorer._repr_html_()

        with httpx.Client(base_url=address, trust_env=False) as http:
            assert http.get("/api/session").status_code == 403
            document = http.get("/api/session", params={"token": token}).json()
            assert document["colors"][0]["levels"] == ["<script>"]
            wrong = http.get("/api/session", headers={"X-Token": token, "Host": "evil.example"})
            assert wrong.status_code == 403
            entry = http.post(
                "/api/examples", json={"indices": [0]}, headers={"X-Token": token}
            ).json()["entries"][0]
            assert entry["name"] == "\u202e" * 500

    assert not explorer.server.is_running

    with pytest.raises(httpx.HTTPError):
        httpx.get(address, trust_env=False)


def test_schemas_are_documented(small: Session) -> None:
    documents = Client(small).http.get("/api/schemas").json()["endpoints"]

    assert {document["path"] for document in documents} == {e.path for e in ENDPOINTS}
    assert all(document["about"].endswith(".") for document in documents)
    json.dumps(documents)
