r"""Tests of uploads and downloads of models, by a server of this machine in place of the hub."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

import autoencode as ae
from autoencode.persistence import hub

huggingface_hub = pytest.importorskip("huggingface_hub")
REPOSITORY = "https://huggingface.co/user/name"
X = np.random.default_rng(0).normal(size=(30, 4))


class Hub(BaseHTTPRequestHandler):
    r"""The parts of the hub that uploads and downloads need; versions are kept in memory."""

    versions: dict[str, dict[str, bytes]]
    asked: list[str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append(self.path)

        if self.path == "/api/repos/create":
            self.answer({"url": REPOSITORY})
        elif self.path == "/api/validate-yaml":
            self.answer({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            files = json.loads(body)["files"]
            kinds = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files
            ]
            self.answer({"files": kinds})
        elif "/commit/" in self.path:
            self.commit(body)
        else:
            self.answer({"error": "unknown"}, 404)

    def commit(self, body: bytes) -> None:
        lines = [json.loads(line) for line in body.splitlines()]
        files = dict([*self.versions.values()][-1]) if self.versions else {}
        changes = [line["value"] for line in lines if line["key"] == "file"]
        files |= {c["path"]: base64.b64decode(c["content"]) for c in changes}
        version = hashlib.sha1(f"{len(self.versions)}".encode()).hexdigest()
        self.versions[version] = files
        self.answer({"commitUrl": f"{REPOSITORY}/commit/{version}", "commitOid": version})

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.asked.append(self.path)
        found = re.fullmatch(r"/user/name/resolve/(\w+)/(.+)", self.path)
        version, name = found.groups() if found else ("", "")
        version = [*self.versions][-1] if version == "main" and self.versions else version
        content = self.versions.get(version, {}).get(name)

        if content is None:
            self.answer({"error": "not found"}, 404, {"X-Error-Code": "EntryNotFound"})
        else:
            tag = hashlib.sha1(content).hexdigest()
            self.answer(content, 200, {"ETag": f'"{tag}"', "X-Repo-Commit": version})

    def answer(self, content: Any, status: int = 200, headers: Any = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)

        for key, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
            self.send_header(key, value)

        self.end_headers()

        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    handler = type("OwnHub", (Hub,), {"versions": {}, "asked": []})
    running = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{running.server_port}"
    api, download = huggingface_hub.HfApi, huggingface_hub.hf_hub_download
    monkeypatch.setattr(
        huggingface_hub, "HfApi", lambda: api(endpoint=address, token="hf_" + 34 * "a")
    )
    monkeypatch.setattr(
        huggingface_hub,
        "hf_hub_download",
        lambda *args, **options: download(
            *args, **options, endpoint=address, cache_dir=tmp_path / "cache", token=False
        ),
    )

    yield handler

    running.shutdown()
    thread.join()
    running.server_close()


def test_pushed_models_come_back_by_their_version(server: type[Hub]) -> None:
    first, second = ae.linear(2).fit(X), ae.linear(3).fit(X)
    address = ae.push(first, "user/name")
    ae.push(second, "user/name")
    page = [*server.versions.values()][-1]["README.md"].decode()

    assert re.fullmatch(r"hf://user/name@[0-9a-f]{40}", address)
    assert np.array_equal(ae.load(address).transform(X), first.transform(X))
    assert np.array_equal(ae.load("hf://user/name").transform(X), second.transform(X))
    assert f'ae.load("{address}")' in page  # of the first upload, which is kept
    assert page.startswith("---\nlibrary_name: autoencode\n")


def test_only_the_file_of_the_model_is_read(server: type[Hub]) -> None:
    ae.push(ae.linear(2).fit(X), "user/name")
    version = [*server.versions][-1]
    server.versions[version]["model.pkl"] = b"anything"
    server.asked.clear()
    ae.load("hf://user/name")

    assert {path.rpartition("/")[2] for path in server.asked} == {hub.FILE}

    server.versions["f" * 40] = {hub.FILE: b"cos\nsystem\n(S'false'\ntR."}

    with pytest.raises(ValueError, match=r"not a model|damaged"):
        ae.load("hf://user/name@" + "f" * 40)


def test_addresses_and_refusals(server: type[Hub]) -> None:
    for wrong in ("hf://name", "hf://user/name@", "hf://user/name/model.ae", "hf://user/../x@y z"):
        with pytest.raises(ValueError, match="expected an address as"):
            ae.load(wrong)

    with pytest.raises(ValueError, match="did not give or take a model at 'user/name'"):
        ae.load("hf://user/name")

    with pytest.raises(ValueError, match="not fitted"):
        ae.push(ae.linear(2), "user/name")

    assert not server.versions


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)

    with pytest.raises(ImportError, match=r"pip install 'autoencode\[hub\]'"):
        ae.load("hf://user/name")
