// The bar above the map: what is shown, undo and redo, dark and light, help.

import type { App } from "../core/app";
import { choice, data, fill, h } from "../core/dom";
import { iconButton } from "../core/icons";
import { count } from "../core/format";
import type { MapChoice } from "../core/types";

export function header(app: App, help: () => void): HTMLElement {
  const { session, store } = app;
  const undo = iconButton("undo", "Undo (Ctrl+Z)", () => store.undo());
  const redo = iconButton("redo", "Redo (Ctrl+Shift+Z)", () => store.redo());
  const axes = h("span", { class: "axes" });
  const maps = choice("map", session.maps.map(({ map, title }) => ({ value: map, label: title })),
    store.state.map.map, (map) => choose(app, map as MapChoice["map"]));
  for (const offer of session.maps) {
    const option = maps.querySelector<HTMLOptionElement>(`option[value="${offer.map}"]`);
    if (option && !offer.available) Object.assign(option, { disabled: true, title: offer.reason ?? "" });
  }
  const colors = choice("color", [
    { value: "", label: "one color" },
    ...session.colors.map(({ name, title }) => ({ value: name, label: title })),
  ], store.state.color, (color) => store.set({ color, hidden: [] }));

  const update = () => {
    undo.disabled = !store.canUndo;
    redo.disabled = !store.canRedo;
    maps.querySelector("select")!.value = store.state.map.map;
    colors.querySelector("select")!.value = store.state.color;
    fill(axes, ...axisControls(app));
  };
  store.watch((_, changed) => {
    if (changed.has("view") && changed.size === 1) return;
    update();
  });
  update();
  return h("header", {},
    h("div", { class: "brand" }, h("h1", {}, data(session.title)),
      h("small", {}, count(session.count, "example"))),
    h("div", { class: "controls" }, maps, axes, colors),
    h("div", { class: "tools" }, undo, redo,
      iconButton("theme", "Dark or light", toggleTheme),
      iconButton("help", "Tour and keys (?)", help)));
}

function choose(app: App, map: MapChoice["map"]): void {
  const offer = app.session.maps.find((other) => other.map === map);
  app.store.set({ map: { map, ...offer?.default }, view: null });
}

function axisControls(app: App): HTMLElement[] {
  const { map } = app.store.state;
  if (map.map !== "units" || app.session.latent_dim < 2) return [];
  const options = app.session.units.map(({ unit }) => ({ value: String(unit), label: `unit ${unit}` }));
  return (["x", "y"] as const).map((axis) =>
    choice(axis, options, String(map[axis] ?? ""), (unit) =>
      app.store.set({ map: { ...app.store.state.map, [axis]: Number(unit) }, view: null })));
}

const THEME = "autoencode-theme";

export function toggleTheme(): void {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!document.documentElement.style.colorScheme && matchMedia("(prefers-color-scheme: dark)").matches);
  const next = dark ? "light" : "dark";
  document.documentElement.style.colorScheme = next;
  remember(THEME, next);
  window.dispatchEvent(new Event("theme"));
}

export function restoreTheme(): void {
  const theme = recall(THEME);
  if (theme === "dark" || theme === "light") document.documentElement.style.colorScheme = theme;
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A frame without storage
  }
}

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
