// Loads the points and their colors when the state asks for others.

import { columns, Latest } from "./core/api";
import { mapQuery, type App } from "./core/app";
import type { Legend } from "./chrome/legend";
import type { Color } from "./core/types";
import { Density } from "./map/density";

const MOST = 200_000; // points of a view of large data

export class Drawing {
  private readonly latest = new Latest();
  private readonly density: Density | null;
  private color: Color | null = null;
  private values: Float32Array | null = null;

  constructor(private readonly app: App, private readonly legend: Legend) {
    this.density = app.session.large ? new Density(app) : null;
  }

  async start(): Promise<void> {
    const { store } = this.app;
    await Promise.all([this.place(), this.loadColor()]);
    this.paint();
    store.watch(async (state, changed) => {
      try {
        if (changed.has("map")) await this.place();
        else if (changed.has("view")) {
          if (this.density) await this.place();
          else if (!state.view || state.view !== this.app.map.camera.view) this.app.map.show(state.view);
        }
        if (changed.has("color")) await this.loadColor();
        const keys = ["color", "hidden", "selection", "map"] as const;
        if (keys.some((key) => changed.has(key)) || this.density) this.paint();
      } catch (error) {
        this.app.fail(error);
      }
    });
  }

  private async place(): Promise<void> {
    const { map, store, tell } = this.app;
    const query = mapQuery(store.state.map);
    const view = this.density?.view(store.state.view);
    const part = view ? `&view=${view.join(",")}&limit=${MOST}` : "";
    const answer = await this.latest.run((signal) =>
      columns(`api/points?${query}&columns=${part}`, { signal, tell }),
    );
    if (!answer) return;
    const { columns: found } = answer;
    const ids = found.get("index") ?? null;
    map.place(found.get("x")!, found.get("y")!, ids, store.state.view);
    const { pinned } = store.state;
    map.mark({ pinned: pinned === null ? null : map.placeOf(pinned) });
    if (view) await this.density?.draw(query, view);
  }

  private async loadColor(): Promise<void> {
    const { color } = this.app.store.state;
    const loaded = color ? await this.app.colors.load(color, this.app.tell) : null;
    if (color !== this.app.store.state.color) return;
    this.color = loaded?.color ?? null;
    this.values = loaded?.values ?? null;
  }

  private paint(): void {
    const { map, store } = this.app;
    const levels = this.color?.levels ?? [];
    const hidden = new Set(store.state.hidden.map((name) => levels.indexOf(name)));
    const { ids } = map;
    const { values, color } = this;
    const here = (source: Float32Array | null) =>
      source && ids ? Float32Array.from(ids, (i) => source[i]!) : source;
    map.recolor({ color, values: here(values), hidden, selected: this.selected() });
    this.legend.show(color);
  }

  private selected(): Uint8Array | null {
    const { session, store, map } = this.app;
    if (!store.state.selection.length) return null;
    const all = new Uint8Array(session.count);
    for (const i of store.state.selection) all[i] = 1;
    return map.ids ? Uint8Array.from(map.ids, (i) => all[i]!) : all;
  }
}
