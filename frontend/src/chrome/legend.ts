// The legend: what the colors mean; a level is hidden or shown by a press.

import type { App } from "../core/app";
import { button, data, fill, h } from "../core/dom";
import { number } from "../core/format";
import type { Color } from "../core/types";
import { css, levelColor, rampColor } from "../map/colors";

const MOST = 40; // levels that are listed at once

export class Legend {
  readonly element = h("details", {
    class: "legend", "aria-label": "legend", open: matchMedia("(min-width: 761px)").matches,
  });
  private all = false;

  constructor(private readonly app: App) {}

  show(color: Color | null): void {
    this.element.hidden = !color;
    if (!color) return fill(this.element);
    const title = h("summary", {}, data(color.title));
    if (color.kind === "category") fill(this.element, title, ...this.levels(color));
    else fill(this.element, title, ramp(), h("div", { class: "ends" }, ...ends(color)));
  }

  private levels(color: Color): HTMLElement[] {
    const levels = color.levels ?? [];
    const hidden = new Set(this.app.store.state.hidden);
    const listed = this.all ? levels : levels.slice(0, MOST);
    const rows = listed.map((level, k) => {
      const swatch = h("span", { class: "swatch" });
      swatch.style.background = css(levelColor(k));
      const count = color.counts?.[k];
      return h("button", {
        type: "button", class: "level", "aria-pressed": String(!hidden.has(level)),
        title: hidden.has(level) ? "Show" : "Hide (double press: only this one)",
        on: {
          click: () => this.toggle(level),
          dblclick: () => this.only(level, levels),
        },
      }, swatch, data(level), count === undefined ? null : h("small", {}, count.toLocaleString("en-US")));
    });
    const parts: HTMLElement[] = [h("div", { class: "levels" }, ...rows)];
    if (levels.length > listed.length) {
      parts.push(button(`and ${levels.length - listed.length} more`, () => {
        this.all = true;
        this.show(color);
      }, { class: "link" }));
    }
    if (hidden.size) {
      parts.push(button("Show all", () => this.app.store.set({ hidden: [] }), { class: "link" }));
    }
    return parts;
  }

  private toggle(level: string): void {
    const { hidden } = this.app.store.state;
    const without = hidden.filter((name) => name !== level);
    this.app.store.set({ hidden: without.length < hidden.length ? without : [...hidden, level] });
  }

  private only(level: string, levels: string[]): void {
    this.app.store.set({ hidden: levels.filter((name) => name !== level) });
  }
}

function ramp(): HTMLElement {
  const stops = Array.from({ length: 9 }, (_, k) => css(rampColor(k / 8)));
  const bar = h("div", { class: "ramp", "aria-hidden": "true" });
  bar.style.background = `linear-gradient(to right, ${stops.join(",")})`;
  return bar;
}

function ends({ low, high }: Color): HTMLElement[] {
  return [h("span", {}, `≤ ${number(low)}`), h("span", {}, `≥ ${number(high)}`)];
}
