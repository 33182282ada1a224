// What all parts of the page share.

import type { MapView } from "../map/view";
import type { Store } from "./state";
import type { Decoded, Entry, MapChoice, Session } from "./types";
import type { Progress } from "./api";
import type { Colors } from "../map/columns";

export interface App {
  session: Session;
  store: Store;
  map: MapView;
  colors: Colors;
  say(text: string): void; // a message that goes away
  fail(error: unknown): void;
  tell(progress: Progress | null): void;
  decoded: Decoded | null; // the latest answer about a place of the map
  entry: Entry | null; // the latest answer about an example
  pin(index: number): Promise<void>; // looks at an example
  setCode(code: number[], gesture?: string): void;
}

export interface Panel {
  title: string;
  element: HTMLElement;
  opened?(): void;
}

export function mapQuery(map: MapChoice): string {
  const query = new URLSearchParams({ map: map.map });
  if (map.map === "units") {
    query.set("x", String(map.x ?? 0));
    if (map.y !== null && map.y !== undefined) query.set("y", String(map.y));
  }
  return query.toString();
}

// The condition as the requests need it.
export function conditioned(app: App): { condition?: Record<string, string | number> } {
  return app.session.conditions.length ? { condition: app.store.state.condition } : {};
}

// The selection as the requests need it: indices, or a mask if these are many.
export function packed(selection: readonly number[], count: number): number[] | { mask: string } {
  if (selection.length < 2000) return [...selection];
  const bytes = new Uint8Array(Math.ceil(count / 8));
  for (const i of selection) bytes[i >> 3]! |= 1 << (i & 7);
  let text = "";
  for (let k = 0; k < bytes.length; k += 8192) {
    text += String.fromCharCode(...bytes.subarray(k, k + 8192));
  }
  return { mask: btoa(text) };
}
