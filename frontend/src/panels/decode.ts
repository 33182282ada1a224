// Decode anywhere: the model's output for a code, how near the data are, and the sliders.

import { Newest, post } from "../core/api";
import { conditioned, type App, type Panel } from "../core/app";
import { button, data, fill, h } from "../core/dom";
import { number } from "../core/format";
import type { Decoded, Entry } from "../core/types";
import { beside, nameOf, table, whole } from "../show/example";
import { conditionControls } from "./conditions";
import { Sliders } from "./sliders";
import { Traversal } from "./traversal";

export function decodePanel(app: App): Panel {
  const output = h("div", { class: "output", "aria-live": "polite" });
  const facts = h("div", { class: "facts" });
  const example = h("section", { class: "pinned" });
  const sliders = new Sliders(app);
  const traversal = new Traversal(app);

  const show = (decoded: Decoded) => {
    fill(output, whole(decoded.example, "decoded example"));
    fill(facts, ...factsOf(app, decoded));
    app.map.mark({ code: decoded.place });
  };
  const newest = new Newest<number[], Decoded>(
    (z) => {
      const { map } = app.store.state;
      return post<Decoded>("api/decode", { z, map, ...conditioned(app) });
    },
    show,
    (error) => app.fail(error),
  );

  const update = (anew: boolean) => {
    const { code } = app.store.state;
    sliders.show(code);
    traversal.element.hidden = !code || !app.session.can.decode;
    if (code && !anew && app.decoded?.z === code) show(app.decoded);
    else if (code && app.session.can.decode) newest.ask(code);
    else {
      newest.drop();
      app.map.mark({ code: null });
      fill(output, empty(app));
      fill(facts);
    }
  };

  app.store.watch((_, changed) => {
    const anew = changed.has("condition") || changed.has("map");
    if (changed.has("code") || anew) update(anew);
    if (changed.has("pinned")) showPinned(app, example);
  });
  showPinned(app, example);
  update(true);

  const element = h(
    "div", { class: "decode" },
    h("h2", {}, "Decoded"), conditionControls(app), output, facts, example,
    sliders.element, traversal.element,
  );
  return { title: "Decode", element };
}

function empty(app: App): HTMLElement {
  const text = app.session.can.decode
    ? "Point at the map: the model decodes every place. Press to keep a place or an example here."
    : "This model has no decoder for single codes. Press on a point to see the example.";
  return h("p", { class: "empty" }, text);
}

function factsOf(app: App, decoded: Decoded): HTMLElement[] {
  const { nearest, usual_distance: usual } = decoded;
  const facts: HTMLElement[] = [];
  if (decoded.note) facts.push(h("p", { class: "warning", role: "status" }, decoded.note));
  if (nearest) {
    const name = button(nameOf(nearest), () => app.pin(nearest.index), { class: "link" });
    const near = nearest.distance > 1e-6 * (usual ?? 1);
    const share = usual ? `, ${number(nearest.distance / usual, 2)} times the usual distance` : "";
    facts.push(
      near
        ? h("p", {}, "Nearest example: ", name, `, at a distance of ${number(nearest.distance)}${share}.`)
        : h("p", {}, "This is the code of ", name, "."),
    );
  }
  if (decoded.log_prior !== null) {
    facts.push(h("p", {}, `log p(z) = ${number(decoded.log_prior)} nats`));
  }
  if (decoded.filled) facts.push(h("p", { class: "soft" }, decoded.filled));
  return facts;
}

async function showPinned(app: App, element: HTMLElement): Promise<void> {
  const { pinned } = app.store.state;
  app.map.mark({ pinned: pinned === null ? null : app.map.placeOf(pinned) });
  if (pinned === null) return fill(element);
  try {
    const entry = app.entry?.index === pinned ? app.entry : await fetchEntry(app, pinned);
    if (app.store.state.pinned === pinned) fill(element, ...pinnedParts(app, entry));
  } catch (error) {
    app.fail(error);
  }
}

export async function fetchEntry(app: App, index: number): Promise<Entry> {
  const body = { indices: [index], reconstruction: app.session.can.decode, ...conditioned(app) };
  const { entries } = await post<{ entries: Entry[] }>("api/examples", body);
  return entries[0]!;
}

function pinnedParts(app: App, entry: Entry): (HTMLElement | null)[] {
  const scores = Object.entries(entry.scores ?? {}).map(([name, value]) => ({
    name: app.colors.offered.get(name)?.title ?? name,
    value,
  }));
  const known = new Set(entry.example.kind === "row" ? entry.example.cells.map((c) => c.name) : []);
  const cells = [...(entry.columns ?? []), ...scores].filter(({ name }) => !known.has(name));
  const start = button("Walk from here", () => app.store.set({ from: entry.index, tab: "walk" }));
  const end = button("Walk to here", () => app.store.set({ to: entry.index, tab: "walk" }));
  const add = button("Select", () => {
    const selection = [...new Set([...app.store.state.selection, entry.index])];
    app.store.set({ selection: selection.sort((a, b) => a - b) });
  });
  return [
    h("h3", {}, data(nameOf(entry))),
    h("div", { class: "beside" }, beside(entry.example, entry.reconstruction ?? null)),
    h("div", { class: "actions" }, start, end, add,
      button("Close", () => app.store.set({ pinned: null }))),
    cells.length ? table(cells) : null,
  ];
}
