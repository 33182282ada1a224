// The card beside the pointer: the example under it, or what the model decodes there.

import { Newest, post } from "../core/api";
import { conditioned, type App } from "../core/app";
import { data, fill, h } from "../core/dom";
import { number } from "../core/format";
import type { Decoded, Entry } from "../core/types";
import { nameOf, tile } from "../show/example";

type Place = [number, number];

interface Question {
  index: number;
  place: Place;
}

const KEPT = 500; // examples that are not asked for again

export class Hover {
  readonly element = h("div", { class: "hover", hidden: true });
  private readonly entries = new Map<number, Entry>();
  private readonly newest: Newest<Question, HTMLElement[]>;
  private inside = false;

  constructor(private readonly app: App) {
    this.newest = new Newest(
      (question: Question) => this.answer(question),
      (parts) => this.inside && parts.length && this.present(parts),
      () => this.hide(), // the panel says what is wrong once the place is pressed
    );
  }

  point(index: number, place: Place, pixel: Place): void {
    this.inside = true;
    const { camera } = this.app.map;
    const [left, up] = [pixel[0] > camera.width / 2, pixel[1] > camera.height / 2];
    this.element.style.left = left ? "" : `${pixel[0] + 16}px`;
    this.element.style.right = left ? `${camera.width - pixel[0] + 16}px` : "";
    this.element.style.top = up ? "" : `${pixel[1] + 16}px`;
    this.element.style.bottom = up ? `${camera.height - pixel[1] + 16}px` : "";
    this.newest.ask({ index, place });
  }

  hide(): void {
    this.inside = false;
    this.newest.drop();
    this.element.hidden = true;
  }

  private present(parts: HTMLElement[]): void {
    fill(this.element, ...parts);
    this.element.hidden = false;
  }

  private async answer({ index, place }: Question): Promise<HTMLElement[]> {
    if (index >= 0) return exampleParts(this.app, await this.entry(index));
    if (!this.app.session.can.decode) return [];
    const { map, pinned } = this.app.store.state;
    const fill = pinned === null ? null : { index: pinned };
    const decoded = await post<Decoded>("api/decode", { place, map, fill, ...conditioned(this.app) });
    return decodedParts(decoded);
  }

  private async entry(index: number): Promise<Entry> {
    const known = this.entries.get(index);
    if (known) return known;
    const { entries } = await post<{ entries: Entry[] }>("api/examples", { indices: [index] });
    if (this.entries.size > KEPT) this.entries.clear();
    this.entries.set(index, entries[0]!);
    return entries[0]!;
  }
}

function exampleParts(app: App, entry: Entry): HTMLElement[] {
  const { color } = app.store.state;
  const value = entry.scores?.[color] ?? null;
  const title = app.colors.offered.get(color)?.title;
  return [
    tile(entry.example, nameOf(entry)),
    h("p", {}, data(nameOf(entry))),
    value === null ? null : h("p", { class: "soft" }, `${title}: ${number(value)}`),
  ].filter((part): part is HTMLElement => part !== null);
}

function decodedParts({ example, seen, nearest }: Decoded): HTMLElement[] {
  const far = seen || !nearest ? "decoded here" : "decoded: no example was ever seen here";
  return [tile(example, "decoded"), h("p", { class: seen ? "soft" : "warning" }, far)];
}
