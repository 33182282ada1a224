r"""Tests of the explorer's page in a browser: what it shows is what the library computes."""

import io
import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser import KINDS, Opened, chromium, data_of, explorer_of
from matplotlib.path import Path as Outline
from PIL import Image

import autoencode as ae

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def explorers() -> Iterator[dict[str, Any]]:
    found: dict[str, Any] = {}
    yield found
    for explorer in found.values():
        explorer.stop()


@pytest.fixture
def opened(browser, explorers, request) -> Iterator[Opened]:
    r"""The page of a kind; images unless the test names another."""
    kind = getattr(request, "param", "images")

    if kind not in explorers:
        labels = [str(i % 3) for i in range(len(data_of(kind)))]
        explorers[kind] = explorer_of(kind, columns={"third": labels})

    page = Opened(browser, explorers[kind].url)
    page.explorer, page.kind = explorers[kind], kind
    yield page
    page.close()


every_kind = pytest.mark.parametrize("opened", KINDS, indirect=True)


@every_kind
def test_all_points_are_drawn(opened: Opened) -> None:
    ink, (left, top) = opened.ink() > 0, opened.corner()
    near = np.zeros_like(ink)
    i, j = np.indices(ink.shape)

    for index in range(len(opened.explorer.X)):
        x, y = opened.pixel(index)
        distance = np.hypot(j + 0.5 - (x - left), i + 0.5 - (y - top))
        assert ink[distance < 1.5].all(), f"example {index} is not drawn"
        near |= distance < 8

    assert not ink[~near].any()


def empty_place(opened: Opened) -> tuple[float, float]:
    r"""A place of the map that is far from every point."""
    box = opened.page.locator(".map-surface").bounding_box()
    points = np.array([opened.pixel(i) for i in range(len(opened.explorer.X))])
    x = np.linspace(box["x"] + 90, box["x"] + box["width"] - 260, 30)
    y = np.linspace(box["y"] + 20, box["y"] + box["height"] - 20, 30)
    places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    distances = np.linalg.norm(places[:, None] - points, axis=-1).min(axis=1)

    return tuple(places[distances.argmax()].tolist())


def decoded(opened: Opened) -> Any:
    r"""What the library gives for the code that the page shows."""
    return opened.explorer.model.inverse_transform(np.array([opened.state["code"]], np.float32))[
        0:1
    ]


def assert_shown(opened: Opened, where: str, X: Any) -> None:
    shown = opened.example(where, opened.kind)

    match opened.kind:
        case "images":
            assert np.abs(shown.squeeze().astype(int) - np.asarray(X)[0].squeeze()).max() <= 1
        case "sounds":
            with wave.open(io.BytesIO(shown)) as sound:
                samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
            expected = 32767.0 * np.clip(np.asarray(X[0]).squeeze(), -1, 1)
            assert np.abs(samples - expected).max() < 2
        case "texts":
            assert shown == str(np.asarray(X, object)[0])
        case "series":
            channel = np.asarray(X)[0][:, 0]
            y = np.array([float(p.split(" ")[1]) for p in shown.replace("M", "L").split("L")[1:]])
            assert np.corrcoef(y, -channel)[0, 1] > 0.999
        case _:
            row = X.iloc[0] if isinstance(X, pd.DataFrame) else np.asarray(X)[0]
            assert len(shown) == len(row)
            for (_, text, *_), value in zip(shown, row):
                if isinstance(value, str):
                    assert text == value
                elif isinstance(value, (float, np.floating)) and not pd.isna(value):
                    number = float(text.replace("\N{MINUS SIGN}", "-"))
                    assert number == pytest.approx(float(value), rel=2e-3, abs=2e-3)


@every_kind
def test_a_press_on_the_map_decodes_as_the_model_does(opened: Opened) -> None:
    opened.page.mouse.click(*(place := empty_place(opened)))
    opened.wait("explorer.state.code && document.querySelector('.output :not(.empty)')")

    assert_shown(opened, ".output", decoded(opened))
    x, y = opened.plane(*place)
    assert opened.state["place"] == pytest.approx([x, y], rel=1e-3, abs=1e-3)
    assert opened.page.locator(".facts").inner_text()


@every_kind
def test_a_press_on_a_point_shows_the_example_and_its_code(opened: Opened) -> None:
    pixels = np.array([opened.pixel(i) for i in range(len(opened.explorer.X))])
    opened.page.mouse.click(*pixels[5])
    opened.wait("explorer.state.pinned !== null && document.querySelector('.pinned .beside')")
    index = opened.state["pinned"]

    assert np.linalg.norm(pixels[index] - pixels[5]) < 1
    X = opened.explorer.X
    X = X.iloc[[index]] if isinstance(X, pd.DataFrame) else X[index : index + 1]
    assert opened.state["code"] == pytest.approx(
        opened.explorer.model.transform(X)[0].tolist(), rel=1e-3, abs=1e-3
    )
    if opened.kind not in ("series", "mixed_tables"):  # they have gaps, which are shown as such
        assert_shown(opened, ".pinned .beside", X)


@pytest.mark.parametrize("opened", ["images", "sounds"], indirect=True)
def test_sliders_move_one_unit_and_undo_takes_it_back(opened: Opened) -> None:
    opened.page.get_by_role("button", name="Reset").click()
    opened.wait("explorer.state.code && document.querySelector('.output :not(.empty)')")
    before = opened.state["code"]
    slider = opened.page.locator(".slider input").first
    unit = int(slider.get_attribute("data-unit"))
    slider.focus()
    for _ in range(5):
        opened.page.keyboard.press("ArrowRight")
    opened.page.wait_for_timeout(500)
    after = opened.state["code"]

    assert after[unit] > before[unit]
    assert [*np.delete(after, unit)] == [*np.delete(before, unit)]
    assert_shown(opened, ".output", decoded(opened))

    opened.page.keyboard.press("Control+z")
    assert opened.state["code"] == before
    opened.page.keyboard.press("Control+Shift+z")
    assert opened.state["code"] == after


def test_the_lasso_takes_the_points_inside(opened: Opened) -> None:
    box = opened.page.locator(".map-surface").bounding_box()
    w, h = box["width"], box["height"]
    outline = [
        (box["x"] + a * w, box["y"] + b * h)
        for a, b in ((0.2, 0.2), (0.6, 0.15), (0.7, 0.5), (0.5, 0.45), (0.4, 0.8), (0.15, 0.7))
    ]
    opened.page.get_by_role("button", name="Lasso").click()
    opened.draw(outline)
    opened.wait("explorer.state.selection.length")
    points = np.array([opened.pixel(i) for i in range(len(opened.explorer.X))])
    inside = np.flatnonzero(Outline(outline).contains_points(points))

    assert 0 < len(inside) < len(points)
    assert opened.state["selection"] == inside.tolist()

    opened.page.keyboard.down("Alt")  # takes out
    opened.draw([outline[0], outline[1], outline[2]])
    opened.page.keyboard.up("Alt")
    opened.page.wait_for_timeout(200)
    out = Outline(outline[:3]).contains_points(points[inside])
    assert opened.state["selection"] == inside[~out].tolist()

    opened.page.keyboard.press("Control+z")
    assert opened.state["selection"] == inside.tolist()


def test_a_selection_is_described_compared_labeled_and_saved(opened: Opened, tmp_path) -> None:
    page = opened.page
    opened.select_tab("Select")
    page.get_by_label("by", exact=True).select_option(label="third")
    page.get_by_label("is", exact=True).select_option("1")
    page.locator(".selecting .line").get_by_role("button", name="Find").last.click()
    opened.wait("explorer.state.selection.length")
    assert opened.state["selection"] == [*range(1, len(opened.explorer.X), 3)]

    page.wait_for_selector(".summary .tiles .tile")
    page.get_by_label("label", exact=True).fill("a <b>label</b>")
    page.get_by_role("button", name="Label", exact=True).click()
    opened.wait("explorer.state.color === 'typed'")
    page.get_by_text("a <b>label</b>", exact=True).first.wait_for()
    typed = opened.explorer.labels_
    assert [i for i, label in enumerate(typed) if label] == opened.state["selection"]

    with page.expect_download() as download:
        page.get_by_role("button", name="Labels (CSV)").click()
    table = pd.read_csv(download.value.path())
    assert len(table) == len(opened.state["selection"])
    assert "a <b>label</b>" in table.to_string()

    page.get_by_role("button", name="Keep to compare").click()
    page.get_by_label("is", exact=True).select_option("2")
    page.locator(".selecting .line").get_by_role("button", name="Find").last.click()
    page.wait_for_selector(".comparison .pair")
    assert "difference vector" in page.locator(".comparison").inner_text()


@pytest.mark.parametrize("opened", ["images", "sounds", "texts"], indirect=True)
def test_a_walk_begins_and_ends_at_its_examples(opened: Opened) -> None:
    page = opened.page
    opened.select_tab("Walk")
    page.get_by_label("from").fill("3")
    page.get_by_label("to", exact=True).fill("9")
    page.keyboard.press("Tab")
    page.wait_for_selector(".strip .tile")
    tiles = page.locator(".strip").first.locator(".tile")
    assert tiles.count() == 11
    assert "Length" in page.locator(".walk-result").inner_text()

    codes = opened.explorer.model.transform(opened.explorer.X)
    for tile, index in ((tiles.first, 3), (tiles.last, 9)):
        tile.click()
        opened.page.wait_for_timeout(200)
        assert opened.state["code"] == pytest.approx(codes[index].tolist(), rel=1e-3, abs=1e-3)

    with page.expect_download() as download:
        page.locator(".strip-section").first.get_by_role("button", name="CSV").click()
    assert Path(download.value.path()).stat().st_size > 0


def test_a_file_is_looked_up_and_a_broken_one_refused_in_a_sentence(
    opened: Opened, tmp_path: Path
) -> None:
    page = opened.page
    opened.select_tab("Look up")
    Image.fromarray(opened.explorer.X[7]).save(tmp_path / "<b>seven.png")
    page.set_input_files("#file", tmp_path / "<b>seven.png")
    page.wait_for_selector(".found .tiles .tile")
    found = page.locator(".found").first
    assert found.locator("h3").first.inner_text() == "<b>seven.png"
    assert np.array_equal(
        opened.example(".found figure", "images").squeeze(), opened.explorer.X[7]
    )

    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    page.set_input_files("#file", tmp_path / "broken.png")
    page.wait_for_selector(".lookup-result .warning")
    text = page.locator(".lookup-result").inner_text()
    assert text.endswith(".")
    assert "Traceback" not in text
    assert len(text.splitlines()) == 1
    opened.complaints.clear()  # the browser notes the refused request


def test_the_address_restores_the_page(opened: Opened) -> None:
    page = opened.page
    opened.select_tab("Walk")
    page.get_by_label("from").fill("4")
    page.keyboard.press("Tab")
    page.locator(".controls select").last.select_option(label="third")
    page.locator(".level").first.click()
    opened.page.mouse.click(*empty_place(opened))
    opened.wait("explorer.state.code !== null")
    page.locator(".map-surface").focus()
    page.keyboard.press("+")
    page.wait_for_timeout(500)
    before, url = opened.state, page.url
    page.goto("about:blank")
    opened.open(url)
    after = opened.state

    assert after["code"] == pytest.approx(before["code"], rel=1e-4)
    assert list(after["view"].values()) == pytest.approx([*before["view"].values()], rel=1e-4)
    for name in ("map", "color", "hidden", "tab", "pinned", "selection", "from", "to"):
        assert after[name] == before[name], name


def test_the_legend_hides_a_class(opened: Opened) -> None:
    opened.page.locator(".controls select").last.select_option(label="third")
    opened.page.wait_for_selector(".level")
    for level in opened.page.locator(".level").all():
        level.click()
    assert not opened.ink().any()
    opened.page.get_by_role("button", name="Show all", exact=True).last.click()
    assert opened.ink().any()


def test_the_keyboard_alone_decodes_selects_and_undoes(opened: Opened) -> None:
    page = opened.page
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "map-surface":
            break
    else:
        raise AssertionError("the map is not reached by Tab")

    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    opened.wait("explorer.state.code !== null")
    page.keyboard.press(" ")
    opened.wait("explorer.state.selection.length === 1")
    page.keyboard.press("Control+z")
    assert opened.state["selection"] == []
    page.keyboard.press("5")
    assert opened.state["tab"] == "diagnosis"
    page.keyboard.press("?")
    assert page.locator("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()


def test_the_tour_has_five_steps_and_comes_once(browser, opened: Opened) -> None:
    first = Opened(browser, opened.explorer.url, tour=True)
    for step in range(1, 6):
        assert f"{step} of 5" in first.page.locator("dialog").inner_text()
        first.page.locator("dialog .primary").click()
    assert not first.page.locator("dialog").is_visible()
    first.page.reload()
    first.page.wait_for_selector("body[data-ready]")
    assert not first.page.locator("dialog").is_visible()
    first.close()


HOSTILE = [
    "<script>document.title = 'bad'</script>",
    "\u202eevil\u202c",
    "x" * 10_000,
    "<img src=x>",
]


def test_names_and_texts_are_shown_as_text(browser) -> None:
    words = [*HOSTILE, *("ordinary words" for _ in range(8))]
    model = ae.load(Path(__file__).parent / "data" / "tables.ae")
    X = data_of("tables")[: len(words)]
    with ae.explore(
        model, X, columns={"<b>c</b>": words}, names=words, title=HOSTILE[0]
    ) as explorer:
        opened = Opened(browser, explorer.url)
        opened.page.locator(".controls select").last.select_option(index=1)
        for k, name in enumerate(HOSTILE):
            opened.page.evaluate(f"explorer.pin({k})")
            opened.wait(f"explorer.state.pinned === {k}")
            shown = "document.querySelector('.pinned h3')?.textContent"
            opened.wait(f"{shown}.startsWith({json.dumps(name[:100])})")
        assert opened.page.locator("bdi img, bdi script, bdi b").count() == 0
        assert opened.page.title().startswith(HOSTILE[0])
        assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        opened.close()


def test_a_wrong_token_and_a_foreign_host_are_refused(browser, opened: Opened) -> None:
    page = browser.new_page()
    url = opened.explorer.url
    assert page.goto(url[:-3] + "xyz").status == 403
    assert page.goto(url.replace("127.0.0.1", "foreign.test")).status == 403
    page.close()


def test_a_server_that_has_stopped_is_told(browser) -> None:
    explorer = explorer_of("tables")
    opened = Opened(browser, explorer.url)
    explorer.stop()
    opened.page.get_by_role("button", name="Reset").click()
    opened.page.get_by_role("alert").wait_for()
    assert "does not answer" in opened.page.get_by_role("alert").inner_text()
    opened.complaints.clear()
    opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_bars_the_way_of_anyone(opened: Opened, scheme: str) -> None:
    axe = Path(__file__).parents[1] / "frontend/node_modules/axe-core/axe.min.js"

    if not axe.exists():
        pytest.skip("frontend/node_modules is missing: run `make explorer`")

    opened.page.emulate_media(color_scheme=scheme)
    opened.page.mouse.click(*opened.pixel(5))
    opened.wait("explorer.state.pinned !== null")
    opened.page.evaluate("explorer.select([1, 2, 3, 8])")
    opened.page.evaluate(axe.read_text())

    for tab in ("Decode", "Walk", "Select", "Look up", "Diagnosis"):
        opened.select_tab(tab)
        opened.page.wait_for_timeout(600)
        violations = opened.page.evaluate("axe.run().then(({ violations }) => violations)")
        serious = [
            (tab, violation["id"], [node["html"][:120] for node in violation["nodes"]][:3])
            for violation in violations
            if violation["impact"] in ("serious", "critical")
        ]
        assert not serious


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_page_does_not_scroll_sideways(opened: Opened, scheme: str) -> None:
    opened.page.set_viewport_size({"width": 360, "height": 740})
    for tab in ("Decode", "Walk", "Select", "Look up", "Diagnosis"):
        opened.select_tab(tab)
        opened.page.wait_for_timeout(100)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
