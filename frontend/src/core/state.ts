// What the page shows: one object, kept in the address, with undo and redo.

import { fromFragment, toFragment } from "./address";
import type { Conditions, MapChoice } from "./types";
import type { View } from "../map/camera";

export const TABS = ["decode", "walk", "select", "lookup", "diagnosis"] as const;
export type Tab = (typeof TABS)[number];

export interface State {
  map: MapChoice;
  color: string; // "" for one color
  hidden: string[]; // levels that the legend hides
  view: View | null; // null for the whole map
  tab: Tab;
  code: number[] | null; // the code that is decoded
  place: [number, number] | null; // where on the map it is
  pinned: number | null; // the example that is looked at
  selection: number[];
  other: number[]; // the selection that the first one is compared with
  from: number | null; // the ends of the walk
  to: number | null;
  condition: Conditions;
}

export type Key = keyof State;
type Listener = (state: State, changed: ReadonlySet<Key>) => void;

const DEPTH = 200;
const NOT_UNDONE: ReadonlySet<Key> = new Set<Key>(["view", "tab"]);

export class Store {
  private past: State[] = [];
  private future: State[] = [];
  private listeners: Listener[] = [];
  private mark = ""; // changes of one gesture, as of a slider, are one step

  constructor(
    public state: State,
    private readonly initial: State,
  ) {}

  static restored(initial: State): Store {
    return new Store({ ...initial, ...fromFragment(location.hash.slice(1)) }, initial);
  }

  watch(listener: Listener): void {
    this.listeners.push(listener);
  }

  set(patch: Partial<State>, gesture = ""): void {
    const changed = (Object.keys(patch) as Key[]).filter(
      (key) => !same(patch[key], this.state[key]),
    );
    if (!changed.length) return;
    if (changed.some((key) => !NOT_UNDONE.has(key)) && !(gesture && gesture === this.mark)) {
      this.past.push(this.state);
      if (this.past.length > DEPTH) this.past.shift();
      this.future = [];
    }
    this.mark = gesture;
    this.state = { ...this.state, ...patch };
    this.announce(changed);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  undo(): void {
    this.travel(this.past, this.future);
  }

  redo(): void {
    this.travel(this.future, this.past);
  }

  private travel(source: State[], target: State[]): void {
    const state = source.pop();
    if (!state) return;
    target.push(this.state);
    const before = this.state;
    this.state = { ...state, view: before.view, tab: before.tab };
    this.mark = "";
    this.announce(
      (Object.keys(state) as Key[]).filter((key) => !same(this.state[key], before[key])),
    );
  }

  private announce(changed: Key[]): void {
    const keys = new Set(changed);
    for (const listener of this.listeners) listener(this.state, keys);
    const fragment = toFragment(this.state, this.initial);
    history.replaceState(null, "", `${location.pathname}${location.search}#${fragment}`);
  }
}

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
  }
  if (a && b && typeof a === "object" && typeof b === "object") {
    return JSON.stringify(a) === JSON.stringify(b);
  }
  return false;
}
