// Columns of numbers that color the points, loaded once each.

import { columns, get, type Tell } from "../core/api";
import type { Color } from "../core/types";

export class Colors {
  readonly offered: Map<string, Color>;
  private readonly values = new Map<string, Float32Array>();

  constructor(offered: Color[]) {
    this.offered = new Map(offered.map((color) => [color.name, color]));
  }

  // The column of a color for all examples. Scores are computed at the first question.
  async load(name: string, tell?: Tell): Promise<{ color: Color; values: Float32Array } | null> {
    let color = this.offered.get(name);
    if (!color) return null;
    if (!color.ready) {
      const options = tell ? { tell } : {};
      color = await get<Color>(`api/color?name=${encodeURIComponent(name)}`, options);
      this.offered.set(name, color);
    }
    let values = this.values.get(name);
    if (!values) {
      const path = `api/points?map=none&columns=${encodeURIComponent(name)}`;
      values = (await columns(path, tell ? { tell } : {})).columns.get(name);
      if (!values) return null;
      this.values.set(name, values);
    }
    return { color, values };
  }

  renew(color: Color): void {
    this.offered.set(color.name, color);
    this.values.delete(color.name);
  }
}
