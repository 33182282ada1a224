// The parts of the page, and what happens between them.

import { post } from "./core/api";
import { conditioned, type App } from "./core/app";
import { fill, h } from "./core/dom";
import { count } from "./core/format";
import type { Store } from "./core/state";
import type { Decoded, Session } from "./core/types";
import { header } from "./chrome/header";
import { Help } from "./chrome/help";
import { Hover } from "./chrome/hover";
import { listen } from "./chrome/keys";
import { Legend } from "./chrome/legend";
import type { Messages } from "./chrome/messages";
import { tabs } from "./chrome/tabs";
import { Toolbar } from "./chrome/toolbar";
import { Colors } from "./map/columns";
import { MapView } from "./map/view";
import { decodePanel, fetchEntry } from "./panels/decode";
import { diagnosisPanel } from "./panels/diagnosis";
import { lookupPanel } from "./panels/lookup";
import { combine, select } from "./panels/selecting";
import { selectionPanel } from "./panels/selection";
import { walkPanel } from "./panels/walk";
import { Drawing } from "./drawing";

export async function assemble(
  body: HTMLElement, session: Session, store: Store, messages: Messages,
): Promise<void> {
  let hover: Hover | null = null;
  const map = new MapView({
    pointed: (index, place, pixel) => hover?.point(index, place, pixel),
    left: () => hover?.hide(),
    pressed: (index, place) => (index >= 0 ? press(app, index) : decodePlace(app, place)),
    drawn: (polygon, mode) => {
      if (session.large) return void select(app, { polygon, map: store.state.map }, mode);
      const found = map.inside(polygon);
      store.set({ selection: combine(store.state.selection, found, mode), tab: "select" });
      messages.say(`${count(found.length, "example")} inside.`);
    },
    moved: (view) => store.set({ view }),
  });
  map.withPictures = session.can.thumbnails;
  const app: App = {
    session, store, map,
    colors: new Colors(session.colors),
    decoded: null,
    entry: null,
    say: (text) => messages.say(text),
    fail: (error) => messages.fail(error),
    tell: (progress) => messages.tell(progress),
    pin: async (index) => {
      try {
        app.entry = await fetchEntry(app, index);
        store.set({ pinned: index, place: null, code: app.entry.z ?? store.state.code });
      } catch (error) {
        messages.fail(error);
      }
    },
    setCode: (code, gesture = "") => store.set({ code, place: null }, gesture),
  };
  hover = new Hover(app);
  const help = new Help();
  const toolbar = new Toolbar(app);
  const legend = new Legend(app);
  const panels = {
    decode: decodePanel(app), walk: walkPanel(app), select: selectionPanel(app),
    lookup: lookupPanel(app), diagnosis: diagnosisPanel(app),
  };
  const stage = h("main", { class: "map", "aria-label": "map of the examples" },
    map.element, toolbar.element, legend.element, hover.element);
  map.element.setAttribute("aria-label",
    `Map of ${count(session.count, "example")}. Arrows move the cross, Enter keeps what is under it.`);
  fill(body, header(app, () => help.open()), h("div", { class: "columns" }, stage, tabs(store, panels)));
  document.body.append(help.element);
  listen(app, toolbar, help);
  window.addEventListener("theme", () => map.render());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => map.render());
  await new Drawing(app, legend).start();
  Object.assign(window, { explorer: forScripts(app) });
  document.body.dataset.ready = "yes";
  help.openFirstTime();
}

async function press(app: App, index: number): Promise<void> {
  const { tab, from } = app.store.state;
  if (tab === "walk") app.store.set(from === null ? { from: index } : { to: index });
  else if (tab !== "select") app.store.set({ tab: "decode" });
  await app.pin(index);
}

async function decodePlace(app: App, place: [number, number]): Promise<void> {
  if (!app.session.can.decode) return;
  const { map, pinned } = app.store.state;
  try {
    const body = { place, map, fill: pinned === null ? null : { index: pinned }, ...conditioned(app) };
    app.decoded = await post<Decoded>("api/decode", body);
    app.store.set({ code: app.decoded.z, place, tab: "decode" });
  } catch (error) {
    app.fail(error);
  }
}


// What a script on the page, as a test, may ask: the state, and where things are.
function forScripts({ map, store, pin }: App): object {
  return {
    pin,
    select: (indices: number[]) => store.set({ selection: indices }),
    get state() {
      return store.state;
    },
    // An example in pixels of the window, or null if it is not drawn
    pixel(index: number) {
      const place = map.placeOf(index);
      if (!place) return null;
      const { left, top } = map.element.getBoundingClientRect();
      const [x, y] = map.camera.toScreen(...place);
      return [x + left, y + top];
    },
    plane(x: number, y: number) {
      const { left, top } = map.element.getBoundingClientRect();
      return map.camera.toPlane(x - left, y - top);
    },
  };
}
