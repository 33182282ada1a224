// A grid of decoded examples over one or two units, around the code that is decoded.

import { post } from "../core/api";
import { conditioned, type App } from "../core/app";
import { button, choice, fill, h } from "../core/dom";
import { number } from "../core/format";
import type { Grid } from "../core/types";
import { tileButton } from "../show/example";

const STEPS = 7;

export class Traversal {
  readonly element: HTMLElement;
  private readonly result = h("div", { class: "grid-result" });
  private first: number;
  private second: number | null;

  constructor(private readonly app: App) {
    const { units } = app.session;
    const options = units.map(({ unit }) => ({ value: String(unit), label: `unit ${unit}` }));
    this.first = units[0]?.unit ?? 0;
    this.second = units[1]?.unit ?? null;
    const none = { value: "", label: "none" };
    this.element = h(
      "section", { class: "traversal" },
      h("h3", {}, "Traversal"),
      h("div", { class: "actions" },
        choice("across", options, String(this.first), (unit) => (this.first = Number(unit))),
        choice("up", [none, ...options], String(this.second ?? ""), (unit) => {
          this.second = unit === "" ? null : Number(unit);
        }),
        button("Decode the grid", () => this.run()),
      ),
      this.result,
    );
  }

  private async run(): Promise<void> {
    const { code } = this.app.store.state;
    const two = this.second !== null && this.second !== this.first;
    const units = two ? [this.first, this.second!] : [this.first];
    fill(this.result, h("p", { class: "soft" }, "Decoding …"));
    try {
      const body = { units, steps: STEPS, z: code, ...conditioned(this.app) };
      this.show(await post<Grid>("api/grid", body), code);
    } catch (error) {
      fill(this.result);
      this.app.fail(error);
    }
  }

  private show({ units, ticks, examples }: Grid, code: number[] | null): void {
    const across = ticks[0] ?? [];
    const up = ticks[1] ? [...ticks[1]].reverse() : [null];
    const tiles = examples.map((example, k) => {
      const [a, b] = [across[k % across.length]!, up[Math.floor(k / across.length)] ?? null];
      const place = `unit ${units[0]} = ${number(a)}`;
      const described = b === null ? place : `${place}, unit ${units[1]} = ${number(b)}`;
      return tileButton(example, described, () => {
        const z = [...(code ?? this.app.session.units.map(() => 0))];
        z[units[0]!] = a;
        if (b !== null) z[units[1]!] = b;
        this.app.setCode(z);
      });
    });
    const grid = h("div", { class: "grid" }, ...tiles);
    grid.style.gridTemplateColumns = `repeat(${across.length}, minmax(0, 1fr))`;
    const range = (unit: number, values: number[]) =>
      `unit ${unit} from ${number(values[0])} to ${number(values.at(-1))}`;
    const caption = `Left to right: ${range(units[0]!, across)}.`;
    const upward = ticks[1] ? ` Bottom to top: ${range(units[1]!, [...up].reverse() as number[])}.` : "";
    fill(this.result, grid, h("p", { class: "soft" }, caption + upward));
  }
}
