// The state as the fragment of the address, and back. What cannot be read is left out.

import type { MapChoice } from "./types";
import { TABS, type State, same } from "./state";

const DIGITS = 6;
const LONGEST = 20_000; // characters of a selection; larger ones are not kept in the address

export function toFragment(state: State, initial: State): string {
  const parts = new URLSearchParams();
  const write = (name: keyof State, value: string) => {
    if (!same(state[name], initial[name])) parts.set(name, value);
  };
  const { map } = state;
  write("map", map.map === "units" ? `units.${map.x}.${map.y ?? ""}` : map.map);
  write("color", state.color);
  write("hidden", JSON.stringify(state.hidden));
  write("view", state.view ? numbers([state.view.x, state.view.y, state.view.span]) : "");
  write("tab", state.tab);
  write("code", state.code ? numbers(state.code) : "");
  write("place", state.place ? numbers(state.place) : "");
  write("pinned", String(state.pinned ?? ""));
  write("selection", pack(state.selection));
  write("other", pack(state.other));
  write("from", String(state.from ?? ""));
  write("to", String(state.to ?? ""));
  write("condition", JSON.stringify(state.condition));
  return parts.toString();
}

export function fromFragment(fragment: string): Partial<State> {
  const state: Partial<State> = {};
  for (const [name, text] of new URLSearchParams(fragment)) {
    const read = READERS[name as keyof State];
    try {
      const value = read?.(text);
      if (value !== undefined) Object.assign(state, { [name]: value });
    } catch {
      // An address that was cut off or edited
    }
  }
  return state;
}

const READERS: { [K in keyof State]: (text: string) => State[K] | undefined } = {
  map: readMap,
  color: (text) => text,
  hidden: (text) => strings(JSON.parse(text)),
  view: (text) => {
    const [x, y, span] = readNumbers(text, 3) ?? [];
    return span !== undefined && span > 0 ? { x: x!, y: y!, span } : undefined;
  },
  tab: (text) => TABS.find((tab) => tab === text),
  code: (text) => readNumbers(text),
  place: (text) => readNumbers(text, 2) as [number, number] | undefined,
  pinned: index,
  selection: unpack,
  other: unpack,
  from: index,
  to: index,
  condition: (text) => {
    const value: unknown = JSON.parse(text);
    return value && typeof value === "object" ? (value as State["condition"]) : undefined;
  },
};

function readMap(text: string): MapChoice | undefined {
  const [map, x, y] = text.split(".");
  if (map === "units") return { map, x: index(x!) ?? 0, y: y ? (index(y) ?? 0) : null };
  return map === "pca" || map === "umap" ? { map } : undefined;
}

function numbers(values: readonly number[]): string {
  return values.map((value) => Number(value.toPrecision(DIGITS))).join(",");
}

function readNumbers(text: string, count?: number): number[] | undefined {
  if (!text) return undefined;
  const values = text.split(",").map(Number);
  const good = values.every(Number.isFinite) && (count === undefined || values.length === count);
  return good ? values : undefined;
}

function index(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function strings(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((v) => typeof v === "string") ? value : undefined;
}

// Ascending indices as the gaps between them, in base 36; a run of neighbors is "-length".
function pack(indices: readonly number[]): string {
  const parts: string[] = [];
  let [last, run] = [-1, 0];
  const close = () => {
    if (run) parts.push(`-${run.toString(36)}`);
    run = 0;
  };
  for (const i of indices) {
    if (i === last + 1 && parts.length) run++;
    else {
      close();
      parts.push((i - last).toString(36));
    }
    last = i;
  }
  close();
  const text = parts.join(".");
  return text.length <= LONGEST ? text : "";
}

function unpack(text: string): number[] | undefined {
  const indices: number[] = [];
  let last = -1;
  for (const part of text ? text.split(".") : []) {
    const value = Number.parseInt(part.replace("-", ""), 36);
    if (!(value > 0 && value < 1e8)) return undefined;
    const steps = part.startsWith("-") ? value : 1;
    for (let k = 0; k < steps; k++) indices.push((last += part.startsWith("-") ? 1 : value));
  }
  return indices;
}
