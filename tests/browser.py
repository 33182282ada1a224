r"""The explorer's page in a browser without a window."""

import base64
import io
import runpy
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

import autoencode as ae

DATA = Path(__file__).parent / "data"
MAKE = runpy.run_path(str(DATA / "make.py"))
KINDS = sorted(MAKE["MODELS"])
FLAGS = [
    "--enable-unsafe-swiftshader",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--mute-audio",
    "--host-resolver-rules=MAP foreign.test 127.0.0.1",
]
NO_TOUR = "try { localStorage.setItem('autoencode-tour', 'yes') } catch {}"
SIZE = {"width": 1180, "height": 760}


@contextmanager
def chromium() -> Iterator[Any]:
    r"""A browser, or a skipped test with the reason."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser")

    if path is None:
        pytest.skip("chromium is not installed")

    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def data_of(kind: str) -> Any:
    return MAKE["EXAMPLES"][kind]()


def explorer_of(kind: str, **options: Any) -> Any:
    model, X = ae.load(DATA / f"{kind}.ae"), data_of(kind)
    explorer = ae.explore(model, X, **options)
    explorer.kind, explorer.model, explorer.X = kind, model, X

    return explorer


class Opened:
    r"""A page that is ready, and what it asked for and complained about."""

    def __init__(self, browser: Any, url: str, tour: bool = False, **options: Any) -> None:
        self.context = browser.new_context(viewport=SIZE, accept_downloads=True, **options)
        self.context.set_default_timeout(10_000)
        self.page = self.context.new_page()
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

        if not tour:
            self.page.add_init_script(NO_TOUR)

        self.open(url)

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.wait_for_selector("body[data-ready]", timeout=30_000)

    def close(self) -> None:
        self.context.close()
        assert self.hosts <= {"127.0.0.1"}
        assert not self.complaints

    def _note(self, url: str) -> None:
        if url.startswith("http"):
            self.hosts.add(str(urlsplit(url).hostname))

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    # What the page shows

    @property
    def state(self) -> dict[str, Any]:
        return self.page.evaluate("JSON.parse(JSON.stringify(explorer.state))")

    def wait(self, condition: str) -> None:
        r"""Waits for a condition. The page itself may not run code from text, a debugger may."""
        for _ in range(400):
            if self.page.evaluate(f"Boolean({condition})"):
                return
            self.page.wait_for_timeout(50)

        raise AssertionError(f"20 seconds passed without {condition}")

    def pixel(self, index: int) -> list[float]:
        return self.page.evaluate(f"explorer.pixel({index})")

    def plane(self, x: float, y: float) -> list[float]:
        return self.page.evaluate(f"explorer.plane({x}, {y})")

    def ink(self) -> np.ndarray:
        r"""The opacity of each pixel of the points, with shape `(height, width)`."""
        self.page.wait_for_timeout(200)
        url = self.page.evaluate("document.querySelector('canvas.points').toDataURL()")
        return np.asarray(Image.open(io.BytesIO(content(url))).convert("RGBA"))[..., 3]

    def corner(self) -> tuple[float, float]:
        box = self.page.locator(".map-surface").bounding_box()
        return box["x"], box["y"]

    def select_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    def draw(self, outline: list[tuple[float, float]]) -> None:
        mouse = self.page.mouse
        mouse.move(*outline[0])
        mouse.down()
        for place in outline[1:]:
            mouse.move(*place)
        mouse.up()

    def example(self, where: str, kind: str) -> Any:
        r"""The numbers or the text of an example that is shown."""
        part = self.page.locator(where)

        match kind:
            case "images":
                url = part.locator("img").first.get_attribute("src")
                return np.asarray(Image.open(io.BytesIO(content(url))))
            case "sounds":
                return content(part.locator("audio").first.get_attribute("src"))
            case "texts":
                return part.locator(".letters").first.text_content()
            case "series":
                return part.locator("path.curve").first.get_attribute("d")
            case _:
                cells = part.locator("table.row").first.locator("tbody tr")
                return [cell.inner_text().split("\t") for cell in cells.all()]


def content(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2])
