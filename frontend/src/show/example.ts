// One example as an element: picture, sound, text, series or row; whole, or small as a tile.

import { data, h } from "../core/dom";
import { number } from "../core/format";
import type { Cell, Entry, Example } from "../core/types";
import { lines, sketch } from "./svg";
import { play } from "./sound";

const SMALL = 160; // pixels; pictures below are enlarged without smoothing
const CELLS = 4; // of a row in a tile
const LETTERS = 160; // of a text in a tile
const CHANNELS = 12; // of a series

export function whole(example: Example, described = "decoded example"): HTMLElement {
  switch (example.kind) {
    case "picture":
      return image(example, described, "whole");
    case "sound": {
      const audio = h("audio", { controls: true, preload: "metadata", src: example.url, "aria-label": described });
      return h("figure", { class: "sound" }, spectrum(example, described), waveform(example), audio);
    }
    case "text":
      return h("div", { class: "text-example", tabindex: 0, role: "group", "aria-label": described }, letters(example.text));
    case "series":
      return series(example, described);
    case "row":
      return table(example.cells);
  }
}

export function tile(example: Example, described: string): HTMLElement {
  switch (example.kind) {
    case "picture":
      return image(example, described, "tile-picture");
    case "sound":
      return h("span", { class: "tile-sound" }, spectrum(example, described));
    case "text":
      return h("span", { class: "tile-text" }, letters(example.text.slice(0, LETTERS)));
    case "series":
      return h("span", { class: "tile-series" }, smallSeries(example, described));
    case "row":
      return h("span", { class: "tile-row" }, table(example.cells.slice(0, CELLS), example.cells.length));
  }
}

// A tile that acts. A sound is played, too.
export function tileButton(
  example: Example, described: string, act: () => void, ...below: (HTMLElement | null)[]
): HTMLElement {
  const press = () => {
    if (example.kind === "sound") play(example.url);
    act();
  };
  return h(
    "button",
    { type: "button", class: `tile ${example.kind}`, title: described, on: { click: press } },
    tile(example, described),
    ...below,
  );
}

export function entryTile(entry: Entry, act: (index: number) => void): HTMLElement {
  const name = nameOf(entry);
  const distance = entry.distance === undefined ? null : h("small", {}, number(entry.distance));
  const label = entry.label === null ? null : data(entry.label, { class: "data label" });
  return tileButton(entry.example, name, () => act(entry.index), h("span", { class: "under" }, label, distance));
}

export function nameOf(entry: { index: number; name: string | null; label?: string | null }): string {
  const name = entry.name ?? `example ${entry.index}`;
  return entry.label === null || entry.label === undefined ? name : `${name}, ${entry.label}`;
}

function image(example: Example & { kind: "picture" }, described: string, kind: string): HTMLElement {
  const small = Math.max(example.width, example.height) < SMALL;
  return h("img", { src: example.url, alt: described, class: small ? `${kind} pixels` : kind });
}

function spectrum(example: Example & { kind: "sound" }, described: string): HTMLElement {
  return h("img", { src: example.spectrum, alt: `spectrum: ${described}`, class: "spectrum" });
}

function waveform({ peaks, seconds, rate }: Example & { kind: "sound" }): HTMLElement {
  const canvas = h("canvas", { width: 512, height: 64, class: "waveform", "aria-hidden": "true" });
  const context = canvas.getContext("2d")!;
  requestAnimationFrame(() => {
    context.fillStyle = getComputedStyle(canvas).color;
    const step = canvas.width / Math.max(peaks.length, 1);
    peaks.forEach(([low, high], k) => {
      context.fillRect(k * step, 32 - 31 * high, Math.max(step - 0.5, 0.5), Math.max(31 * (high - low), 1));
    });
  });
  const caption = `${number(seconds)} s at ${(rate / 1000).toLocaleString("en-US")} kHz`;
  return h("div", { class: "wave" }, canvas, h("small", {}, caption));
}

function letters(text: string): HTMLElement {
  return h("span", { dir: "auto", class: "letters" }, text || "(an empty text)");
}

// Channels have units of their own: each has its own axis, and in a tile its own scale.
function series({ channels, values }: Example & { kind: "series" }, described: string): HTMLElement {
  const named = channels.length > 1;
  const parts = channels.slice(0, CHANNELS).map((name, k) => {
    const curve = lines([{ name, values: values[k] ?? [] }], `${described}: ${name}`, 320, named ? 80 : 130, k);
    return h("div", {}, named ? h("span", { class: `key c${k % 6}` }, data(name)) : null, curve);
  });
  const more = channels.length - parts.length;
  if (more > 0) parts.push(h("div", { class: "soft" }, `and ${more} more channels`));
  return h("figure", { class: "series" }, ...parts);
}

function smallSeries({ channels, values }: Example & { kind: "series" }, described: string): SVGElement {
  const curves = channels.map((name, k) => ({ name, values: scaled(values[k] ?? []) }));
  return sketch(curves, described);
}

function scaled(values: (number | null)[]): (number | null)[] {
  const known = values.filter((v): v is number => v !== null);
  const [low, high] = known.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  return values.map((v) => (v === null ? null : high > low ? (v - low) / (high - low) : 0.5));
}

// An example beside its reconstruction; rows share the names of their columns.
export function beside(example: Example, reconstruction: Example | null): HTMLElement {
  if (example.kind === "row" && reconstruction?.kind === "row") {
    const head = ["", "example", "reconstruction"].map((text) => h("th", { scope: "col" }, text));
    const rows = example.cells.map(({ name, value }, k) =>
      h("tr", {}, h("th", { scope: "row" }, data(name)), h("td", {}, cell(value)),
        h("td", {}, cell(reconstruction.cells[k]?.value ?? null))));
    return h("table", { class: "row" }, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows));
  }
  const figure = (shown: Example, name: string) =>
    h("figure", {}, whole(shown, name), h("figcaption", {}, name));
  return h("div", { class: "pair" }, figure(example, "example"),
    reconstruction ? figure(reconstruction, "reconstruction") : null);
}

export function table(cells: Cell[], all = cells.length): HTMLElement {
  const rows = cells.map(({ name, value }) =>
    h("tr", {}, h("th", { scope: "row" }, data(name)), h("td", {}, cell(value))),
  );
  const more = all - cells.length;
  if (more > 0) rows.push(h("tr", {}, h("td", { colspan: 2, class: "soft" }, `and ${more} more`)));
  return h("table", { class: "row" }, h("tbody", {}, ...rows));
}

function cell(value: Cell["value"]): Node | string {
  if (value === null) return h("span", { class: "soft" }, "missing");
  return typeof value === "number" ? number(value, 4) : data(value);
}
