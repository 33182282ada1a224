// The buttons over the map, and its keys.

import type { App } from "../core/app";
import { download, h } from "../core/dom";
import { iconButton } from "../core/icons";
import type { Tool } from "../map/gestures";

const TOOLS: [tool: Tool, title: string][] = [
  ["pan", "Move (V)"],
  ["lasso", "Lasso (L)"],
  ["box", "Box (B)"],
];
const STEP = 14; // pixels that the cross moves

export class Toolbar {
  readonly element: HTMLElement;
  private readonly buttons = new Map<Tool, HTMLButtonElement>();
  private readonly pictures: HTMLButtonElement;

  constructor(private readonly app: App) {
    const { map } = app;
    for (const [tool, title] of TOOLS) {
      this.buttons.set(tool, iconButton(tool, title, () => this.use(tool)));
    }
    this.pictures = iconButton("pictures", "Pictures when zoomed in (T)", () => this.togglePictures(), {
      "aria-pressed": String(map.withPictures),
    });
    this.pictures.hidden = !app.session.can.thumbnails;
    const zoom = (factor: number) => () => this.zoom(factor);
    this.element = h("div", { class: "toolbar", role: "toolbar", "aria-label": "map" },
      ...this.buttons.values(), this.pictures,
      iconButton("plus", "Zoom in (+)", zoom(1.5)),
      iconButton("minus", "Zoom out (−)", zoom(1 / 1.5)),
      iconButton("all", "Show all (0)", () => this.home()),
      iconButton("save", "Save the map as a picture", () => this.save()));
    this.use("pan");
    map.element.addEventListener("keydown", (event) => this.key(event));
    map.element.addEventListener("blur", () => map.mark({ cursor: null }));
  }

  use(tool: Tool): void {
    this.app.map.tool = tool;
    for (const [name, element] of this.buttons) element.setAttribute("aria-pressed", String(name === tool));
  }

  togglePictures(): void {
    const { map } = this.app;
    map.withPictures = !map.withPictures;
    this.pictures.setAttribute("aria-pressed", String(map.withPictures));
    if (!map.withPictures) map.overlay.tiles = [];
    map.moved();
  }

  private zoom(factor: number): void {
    this.app.map.camera.zoom(factor);
    this.app.map.moved();
  }

  private home(): void {
    this.app.map.camera.view = { ...this.app.map.camera.home };
    this.app.map.moved();
  }

  private save(): void {
    this.app.map.toCanvas().toBlob((blob) => blob && download("map.png", blob));
  }

  private key(event: KeyboardEvent): void {
    const { map } = this.app;
    const cursor = map.overlay.marks.cursor ?? [map.camera.width / 2, map.camera.height / 2];
    const way = ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as const)[
      event.key as "ArrowLeft"
    ];
    if (way && event.shiftKey) {
      map.camera.pan(-way[0] * 4 * STEP, -way[1] * 4 * STEP);
      map.moved();
    } else if (way) {
      const at: [number, number] = [cursor[0] + way[0] * STEP, cursor[1] + way[1] * STEP];
      map.mark({ cursor: [clamp(at[0], map.camera.width), clamp(at[1], map.camera.height)] });
      map.point(map.overlay.marks.cursor!);
    } else if (event.key === "Enter") map.press([...cursor]);
    else if (event.key === " ") this.toggle([...cursor]);
    else if (event.key === "+" || event.key === "=") this.zoom(1.5);
    else if (event.key === "-") this.zoom(1 / 1.5);
    else if (event.key === "0") this.home();
    else return;
    event.preventDefault();
  }

  private toggle(pixel: [number, number]): void {
    const { map, store } = this.app;
    const index = map.nearest(pixel);
    if (index < 0) return;
    const selection = new Set(store.state.selection);
    if (!selection.delete(index)) selection.add(index);
    store.set({ selection: [...selection].sort((a, b) => a - b) });
  }
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
