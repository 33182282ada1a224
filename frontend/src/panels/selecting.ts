// Selecting without the pointer: by a level of a color, by a range of a score, or by a word.

import { postForBytes } from "../core/api";
import type { App } from "../core/app";
import { button, choice, fill, h } from "../core/dom";
import { count } from "../core/format";
import type { Mode } from "../map/gestures";

export function combine(before: readonly number[], found: readonly number[], mode: Mode): number[] {
  if (mode === "replace") return [...found];
  const set = new Set(before);
  for (const i of found) mode === "add" ? set.add(i) : set.delete(i);
  return [...set].sort((a, b) => a - b);
}

export async function select(app: App, by: Record<string, unknown>, mode: Mode): Promise<void> {
  try {
    const response = await postForBytes("api/select", by, { tell: app.tell });
    const found = Array.from(new Uint32Array(await response.arrayBuffer()));
    app.store.set({ selection: combine(app.store.state.selection, found, mode) });
    app.say(`${count(found.length, "example")} found.`);
  } catch (error) {
    app.fail(error);
  }
}

export function selectControls(app: App): HTMLElement {
  let mode: Mode = "replace";
  const modes = choice("found", [
    { value: "replace", label: "are selected alone" },
    { value: "add", label: "join the selection" },
    { value: "subtract", label: "leave the selection" },
  ], mode, (value) => (mode = value as Mode));

  const word = h("input", { type: "search", placeholder: "in names, labels and texts", maxlength: 200 });
  const search = h("form", {
    class: "line",
    on: {
      submit: (event) => {
        event.preventDefault();
        if (word.value) select(app, { search: word.value }, mode);
      },
    },
  }, h("label", {}, h("span", {}, "word"), word), h("button", { type: "submit" }, "Find"));

  const by = h("div", { class: "line" });
  const offered = [...app.colors.offered.values()];
  const colors = choice("by", offered.map(({ name, title }) => ({ value: name, label: title })),
    offered[0]?.name ?? "", (name) => show(name));
  const show = (name: string) => {
    const color = app.colors.offered.get(name);
    if (!color) return fill(by);
    if (color.kind === "category") fill(by, ...levelControls(app, name, () => mode));
    else fill(by, ...rangeControls(app, name, () => mode));
  };
  if (offered.length) show(offered[0]!.name);
  const everything = button("Invert", () => {
    const now = new Set(app.store.state.selection);
    const all = Array.from({ length: app.session.count }, (_, i) => i);
    app.store.set({ selection: all.filter((i) => !now.has(i)) });
  });
  return h("details", { class: "selecting", open: true }, h("summary", {}, "Find examples"),
    h("div", { class: "line" }, modes, everything), search, offered.length ? h("div", { class: "line" }, colors) : null, by);
}

function levelControls(app: App, name: string, mode: () => Mode): HTMLElement[] {
  const levels = app.colors.offered.get(name)?.levels ?? [];
  let level = levels[0] ?? "";
  const picker = choice("is", levels.map((value) => ({ value, label: value })), level, (v) => (level = v));
  return [picker, button("Find", () => select(app, { color: name, levels: [level] }, mode()))];
}

function rangeControls(app: App, name: string, mode: () => Mode): HTMLElement[] {
  const input = (placeholder: string) =>
    h("input", { type: "number", step: "any", placeholder, "aria-label": placeholder });
  const [low, high] = [input("at least"), input("at most")];
  const value = (element: HTMLInputElement) => (element.value === "" ? null : Number(element.value));
  const find = button("Find", () => {
    if (value(low) === null && value(high) === null) return app.say("Type a lower or an upper limit.");
    return select(app, { color: name, low: value(low), high: value(high) }, mode());
  });
  return [low, high, find];
}
