r"""Seconds of the explorer's page in a browser that renders in software.

A million points drawn, from the request of the page on; ten thousand images usable, from the call
of `explore` on; and the time from a movement of the pointer to the decoded image beside it, with
one thread of torch. Needs playwright and the system's Chromium.
"""

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import report
import torch
from playwright.sync_api import sync_playwright

import autoencode as ae

REPEATS = 3
MOVES = 100
FLAGS = [
    "--enable-unsafe-swiftshader",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NO_TOUR = "localStorage.setItem('autoencode-tour', 'yes')"
DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
WATCH = """() => {
  window.delays = [];
  let moved = 0;
  const surface = document.querySelector('.map-surface');
  surface.addEventListener('pointermove', () => { moved = performance.now(); }, true);
  new MutationObserver(async () => {
    const image = document.querySelector('.hover img');
    if (!image || image.alt !== 'decoded' || !moved) return;
    const start = moved;
    moved = 0;
    await image.decode();
    window.delays.push(performance.now() - start);
  }).observe(document.querySelector('.hover'), { childList: true });
}"""


@contextmanager
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(NO_TOUR)
    yield context.new_page()
    context.close()


def opened(page: Any, url: str) -> float:
    r"""Returns the seconds until all points are drawn."""
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector("body[data-ready]", timeout=120_000)
    page.evaluate(DRAWN)

    return time.perf_counter() - start


def images(n: int) -> np.ndarray:
    r"""Digits of scikit-learn, repeated with noise, in 28 x 28 pixels."""
    X = ae.datasets.digits().X.reshape(-1, 8, 8).astype(np.float32)
    rng = np.random.default_rng(0)
    X = X[rng.integers(0, len(X), n)] * (255 / X.max())
    X = np.pad(X.repeat(3, 1).repeat(3, 2), ((0, 0), (2, 2), (2, 2)))

    return np.clip(X + 8 * rng.standard_normal(X.shape), 0, 255).astype(np.uint8)


def million(browser: Any) -> list[float]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1_000_000, 4)).astype(np.float32)
    model = ae.linear(2).fit(X[:10_000])

    with ae.explore(model, X) as explorer:
        seconds = []
        for _ in range(REPEATS):
            with page(browser) as tab:
                seconds.append(opened(tab, explorer.url))

    return seconds


def usable(browser: Any, model: Any, X: np.ndarray) -> list[float]:
    seconds = []

    for _ in range(REPEATS):
        with page(browser) as tab:
            start = time.perf_counter()
            with ae.explore(model, X) as explorer:
                opened(tab, explorer.url)
                seconds.append(time.perf_counter() - start)

    return seconds


def pointing(browser: Any, model: Any, X: np.ndarray) -> list[float]:
    r"""Returns the milliseconds from a movement of the pointer to the decoded image."""
    with ae.explore(model, X[:300]) as explorer, page(browser) as tab:
        opened(tab, explorer.url)
        tab.evaluate(f"({WATCH})()")
        rng = np.random.default_rng(0)

        for x, y in rng.uniform((80, 80), (840, 500), (MOVES, 2)):
            tab.mouse.move(x, y)
            tab.wait_for_timeout(120)

        return tab.evaluate("window.delays")


def main() -> None:
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    X = images(10_000)
    training = ae.Training(epochs=2, show_progress=False)
    model = ae.vae(2, layers=(512,), training=training, random_state=0).fit(X)

    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        version = browser.version
        drawn, ready = million(browser), usable(browser, model, X)
        delays = pointing(browser, model, X)
        browser.close()

    def seconds(found: list[float]) -> str:
        return f"{statistics.median(found):.2f} s ({min(found):.2f} to {max(found):.2f})"

    report.write(
        "explorer_page",
        "The explorer's page",
        ["measured", "found", "aim"],
        [
            ["a million points drawn, from the request of the page on", seconds(drawn), "3 s"],
            ["10,000 images usable, from the call of `explore` on", seconds(ready), "2 s"],
            [
                f"pointer to decoded image of 28 x 28, 95th percentile of {len(delays)}",
                f"{np.percentile(delays, 95):.0f} ms (median {np.median(delays):.0f} ms)",
                "50 ms",
            ],
        ],
        f"Chromium {version} without a graphics card; medians of {REPEATS} runs, with their range."
        f" Before the runs, the load of the machine's last minute was {load:.1f}.",
    )


if __name__ == "__main__":
    main()
