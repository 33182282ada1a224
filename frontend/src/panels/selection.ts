// Selections: what they share, two of them compared, and what can be done with them.

import { Latest, post } from "../core/api";
import { conditioned, packed, type App, type Panel } from "../core/app";
import { button, fill, h } from "../core/dom";
import { count, number } from "../core/format";
import type { Comparison, Summary } from "../core/types";
import { entryTile, tileButton, whole } from "../show/example";
import { exportControls } from "./exports";
import { selectControls } from "./selecting";

const STRENGTHS = [0, 0.5, 1, 1.5];

export function selectionPanel(app: App): Panel {
  const summary = h("div", { class: "summary", "aria-live": "polite" });
  const comparison = h("div", { class: "comparison" });
  const [describing, comparing] = [new Latest(), new Latest()];

  const describe = async () => {
    const { selection, tab } = app.store.state;
    if (tab !== "select") return;
    if (!selection.length) {
      describing.stop();
      return fill(summary, empty());
    }
    fill(summary, h("p", { class: "count" }, count(selection.length, "example"), " selected"));
    try {
      const body = { selection: packed(selection, app.session.count), ...conditioned(app) };
      const options = { tell: app.tell };
      const answer = await describing.run((signal) =>
        post<Summary>("api/selection", body, { ...options, signal }),
      );
      if (answer) fill(summary, ...summaryParts(app, answer));
    } catch (error) {
      app.fail(error);
    }
  };

  const compare = async () => {
    const { selection, other, pinned, tab } = app.store.state;
    if (tab !== "select") return;
    if (!other.length) {
      comparing.stop();
      return fill(comparison);
    }
    const kept = h("p", {}, "Kept to compare: ", count(other.length, "example"), " ",
      button("Forget", () => app.store.set({ other: [] }), { class: "link" }));
    if (!selection.length) return fill(comparison, kept);
    const body = {
      a: packed(other, app.session.count),
      b: packed(selection, app.session.count),
      apply_to: pinned,
      strengths: STRENGTHS,
      ...conditioned(app),
    };
    try {
      const answer = await comparing.run((signal) => post<Comparison>("api/compare", body, { signal }));
      if (answer) fill(comparison, kept, ...comparisonParts(app, answer));
    } catch (error) {
      app.fail(error);
    }
  };

  const keep = button("Keep to compare", () => {
    app.store.set({ other: app.store.state.selection, selection: [] });
    app.say("Select other examples to compare with.");
  });
  const clear = button("Clear", () => app.store.set({ selection: [] }));
  const actions = h("div", { class: "selected-actions" },
    h("div", { class: "actions" }, keep, clear), exportControls(app));

  const update = () => {
    actions.hidden = !app.store.state.selection.length;
    describe();
    compare();
  };
  app.store.watch((_, changed) => {
    const keys = ["selection", "other", "condition", "tab"] as const;
    if (keys.some((key) => changed.has(key))) update();
    else if (changed.has("pinned")) compare();
  });
  const element = h("div", { class: "selection" }, h("h2", {}, "Selection"),
    selectControls(app), comparison, summary, actions);
  return { title: "Select", element, opened: update };
}

function empty(): HTMLElement {
  const text = "Nothing is selected. Draw around points with the lasso or the box of the map "
    + "(Shift adds, Alt subtracts), or select by a color or a word here.";
  return h("p", { class: "empty" }, text);
}

function shared(texts: { text: string }[]): HTMLElement | null {
  return texts.length ? h("ul", { class: "shared" }, ...texts.map(({ text }) => h("li", { dir: "auto" }, text))) : null;
}

function summaryParts(app: App, answer: Summary): (HTMLElement | null)[] {
  const pin = (index: number) => app.pin(index);
  return [
    h("p", { class: "count" }, count(answer.count, "example"), " selected"),
    h("div", { class: "pair" },
      h("figure", {}, whole(answer.example, "decoded mean of the selection"),
        h("figcaption", {}, "decoded mean ",
          button("Use this code", () => app.setCode(answer.z), { class: "link" }))),
      h("div", {}, h("h3", {}, "What they share"),
        shared(answer.shared) ?? h("p", { class: "soft" }, "Nothing that others do not have."))),
    h("h3", {}, "Most typical"),
    h("div", { class: "tiles" }, ...answer.typical.map((entry) => entryTile(entry, pin))),
    h("h3", {}, "Most unusual"),
    h("div", { class: "tiles" }, ...answer.unusual.map((entry) => entryTile(entry, pin))),
  ];
}

function comparisonParts(app: App, answer: Comparison): (HTMLElement | null)[] {
  const units = answer.units.map(({ unit, difference, effect }) =>
    h("tr", {}, h("th", { scope: "row" }, `unit ${unit}`), h("td", {}, number(difference)),
      h("td", {}, `${number(effect, 2)} sd`)));
  const applied = answer.applied.map(({ strength, example }) =>
    tileButton(example, `strength ${strength}`, () => {}, h("span", { class: "under" }, `× ${strength}`)));
  return [
    h("h3", {}, "Kept and selected"),
    h("div", { class: "pair" },
      h("figure", {}, whole(answer.a, "decoded mean of the kept selection"), h("figcaption", {}, "kept")),
      h("figure", {}, whole(answer.b, "decoded mean of the selection"), h("figcaption", {}, "selected"))),
    h("p", {}, `Length of the difference vector: ${number(answer.length)}`),
    shared(answer.shared),
    h("table", { class: "row" },
      h("thead", {}, h("tr", {}, ...["unit", "difference", "effect"].map((t) => h("th", { scope: "col" }, t)))),
      h("tbody", {}, ...units)),
    applied.length
      ? h("h3", {}, `Difference added to example ${app.store.state.pinned}`)
      : h("p", { class: "soft" }, "Press on a point to add the difference to it."),
    applied.length ? h("div", { class: "tiles" }, ...applied) : null,
  ];
}
