// One slider for each unit, ordered by rate, on the scale of its quantiles.

import type { App } from "../core/app";
import { button, h } from "../core/dom";
import { number, quantile } from "../core/format";
import type { Unit } from "../core/types";

const STEPS = 200;

export class Sliders {
  readonly element: HTMLElement;
  private readonly inputs = new Map<number, { input: HTMLInputElement; value: HTMLElement }>();

  constructor(private readonly app: App) {
    const { units } = app.session;
    const live = units.filter((unit) => !unit.dead);
    const dead = units.filter((unit) => unit.dead);
    const folded = dead.length
      ? h("details", {}, h("summary", {}, `${dead.length} dead units`), ...dead.map((u) => this.row(u)))
      : null;
    const actions = h(
      "div", { class: "actions" },
      button("Reset", () => this.reset()),
      button("Randomize", () => this.randomize()),
      button("Copy as JSON", () => this.copy()),
    );
    this.element = h(
      "section", { class: "sliders" },
      h("h3", {}, "Units of the code"),
      h("p", { class: "soft" }, `Ordered by ${app.session.rate_name}, highest first.`),
      actions, ...live.map((unit) => this.row(unit)), folded,
    );
    this.element.hidden = !app.session.can.decode;
  }

  private row(unit: Unit): HTMLElement {
    const value = h("output", {}, "–");
    const input = h("input", {
      type: "range", min: unit.low, max: unit.high, step: (unit.high - unit.low) / STEPS || "any",
      "data-unit": unit.unit,
      on: { input: () => this.slide(unit.unit, Number(input.value)) },
    });
    this.inputs.set(unit.unit, { input, value });
    const rate = unit.rate === null ? null : h("small", { title: this.app.session.rate_name }, number(unit.rate, 2));
    return h("label", { class: "slider" }, h("span", {}, `unit ${unit.unit}`, rate), input, value);
  }

  show(code: number[] | null): void {
    const means = this.means();
    for (const [unit, { input, value }] of this.inputs) {
      const z = (code ?? means)[unit] ?? 0;
      if (z < Number(input.min)) input.min = String(z);
      if (z > Number(input.max)) input.max = String(z);
      if (document.activeElement !== input || Math.abs(Number(input.value) - z) > 1e-3) {
        input.value = String(z);
      }
      value.textContent = code ? z.toFixed(2).replace("-", "−") : "–";
    }
  }

  private slide(unit: number, z: number): void {
    const code = [...(this.app.store.state.code ?? this.means())];
    code[unit] = z;
    this.app.setCode(code, `slider ${unit}`);
  }

  private means(): number[] {
    const code = new Array<number>(this.app.session.latent_dim).fill(0);
    for (const { unit, mean } of this.app.session.units) code[unit] = mean;
    return code;
  }

  private reset(): void {
    const { pinned } = this.app.store.state;
    if (pinned === null) this.app.setCode(this.means());
    else this.app.pin(pinned);
  }

  private randomize(): void {
    const code = this.means();
    for (const { unit, quantiles } of this.app.session.units) {
      code[unit] = quantile(quantiles, this.app.session.probabilities, Math.random());
    }
    this.app.setCode(code);
  }

  private async copy(): Promise<void> {
    const text = JSON.stringify(this.app.store.state.code ?? this.means());
    try {
      await navigator.clipboard.writeText(text);
      this.app.say("The code is on the clipboard.");
    } catch {
      this.app.say(text);
    }
  }
}
