// The map: points, what lies over them, and gestures.

import { Camera, type View } from "./camera";
import { paint, shownIn, type Painting } from "./colors";
import { Gestures, type Mode, type Tool } from "./gestures";
import { Grid, type Polygon } from "./grid";
import { Overlay } from "./overlay";
import { MOST, Pictures, type Dot } from "./pictures";
import { Points } from "./points";
import { h } from "../core/dom";

type Place = [number, number];

export interface Handlers {
  pointed(index: number, place: Place, pixel: Place): void; // -1 for a place without a point
  left(): void;
  pressed(index: number, place: Place): void;
  drawn(polygon: Place[], mode: Mode): void;
  moved(view: View): void; // after the camera came to rest
}

const NEAR = 9; // pixels from a point at which it is meant
const REST = 160; // milliseconds without a movement
const MOST_MOVING = 400_000; // points that are drawn in each frame of a movement

export class MapView {
  readonly element: HTMLElement;
  readonly camera = new Camera();
  readonly overlay: Overlay;
  private readonly points: Points;
  private readonly gestures: Gestures;
  private readonly pictures = new Pictures();
  private readonly canvas = h("canvas", { class: "points", "aria-hidden": "true" });
  grid = new Grid(new Float32Array(), new Float32Array());
  ids: Float32Array | null = null; // the examples of the points, if these are a sample
  private painting: Painting = { color: null, values: null, hidden: new Set(), selected: null };
  private bytes = new Uint8Array();
  private frame = 0;
  private rest = 0;
  private moving = false;
  withPictures = false;

  constructor(private readonly handlers: Handlers) {
    const overlay = h("canvas", { class: "overlay", "aria-hidden": "true" });
    this.overlay = new Overlay(overlay);
    this.element = h("div", { class: "map-surface", tabindex: 0, role: "application" }, this.canvas, overlay);
    this.points = new Points(this.canvas);
    this.gestures = new Gestures(this.element, this.camera, {
      moved: () => this.moved(),
      pointed: (pixel) => (pixel ? this.point(pixel) : this.handlers.left()),
      pressed: (pixel) => this.press(pixel),
      drawing: (outline) => this.mark({ outline }),
      drawn: (outline, mode) => {
        this.mark({ outline: [] });
        this.handlers.drawn(outline.map((pixel) => this.camera.toPlane(...pixel)), mode);
      },
    });
    new ResizeObserver(() => this.resize()).observe(this.element);
  }

  set tool(tool: Tool) {
    this.gestures.tool = tool;
    this.element.dataset.tool = tool;
  }

  place(x: Float32Array, y: Float32Array, ids: Float32Array | null, view: View | null): void {
    this.grid = new Grid(x, y);
    this.ids = ids;
    this.overlay.tiles = [];
    this.points.place(x, y);
    this.resize();
    this.camera.view = view ?? (ids ? this.camera.view : { ...this.camera.home });
  }

  recolor(painting: Painting): void {
    this.painting = painting;
    this.bytes = paint(this.grid.x.length, painting);
    this.points.paint(this.bytes);
    this.overlay.tiles = [];
    this.settle();
    this.render();
  }

  mark(marks: Partial<Overlay["marks"]>): void {
    Object.assign(this.overlay.marks, marks);
    this.render();
  }

  show(view: View | null): void {
    this.camera.view = view ?? { ...this.camera.home };
    this.settle();
    this.render();
  }

  moved(): void {
    this.moving = true;
    this.render();
    clearTimeout(this.rest);
    this.rest = window.setTimeout(() => {
      this.moving = false;
      this.render();
      this.handlers.moved(this.camera.view);
      this.settle();
    }, REST);
  }

  at(pixel: Place): number {
    const [x, y] = this.camera.toPlane(...pixel);
    const tile = this.overlay.tiles.find((tile) => {
      const [u, v] = this.camera.toScreen(tile.x, tile.y);
      return Math.abs(u - pixel[0]) < tile.side / 2 && Math.abs(v - pixel[1]) < tile.side / 2;
    });
    if (tile) return tile.index;
    const i = this.grid.nearest(x, y, NEAR / this.camera.scale, shownIn(this.painting));
    return i < 0 || !this.ids ? i : this.ids[i]!;
  }

  // Where an example is on the map, or null if it is not among the points.
  placeOf(index: number): Place | null {
    const i = this.ids ? this.ids.indexOf(index) : index;
    const x = this.grid.x[i];
    return x === undefined ? null : [x, this.grid.y[i]!];
  }

  inside(polygon: Polygon): number[] {
    return this.grid.inside(polygon, shownIn(this.painting));
  }

  point(pixel: Place): void {
    this.handlers.pointed(this.at(pixel), this.camera.toPlane(...pixel), pixel);
  }

  press(pixel: Place): void {
    this.handlers.pressed(this.at(pixel), this.camera.toPlane(...pixel));
  }

  // The example nearest to a pixel, however far, or -1 if no point is in view.
  nearest(pixel: Place): number {
    const [x, y] = this.camera.toPlane(...pixel);
    const i = this.grid.nearest(x, y, this.camera.view.span, shownIn(this.painting));
    return i < 0 || !this.ids ? i : this.ids[i]!;
  }

  toCanvas(): HTMLCanvasElement {
    const { width, height } = this.canvas;
    const canvas = h("canvas", { width, height });
    const context = canvas.getContext("2d")!;
    context.fillStyle = getComputedStyle(this.canvas).backgroundColor;
    context.fillRect(0, 0, width, height);
    for (const layer of [this.canvas, this.overlay.canvas]) context.drawImage(layer, 0, 0);
    return canvas;
  }

  private resize(): void {
    const box = this.element.getBoundingClientRect();
    const many = this.grid.x.length > 200_000;
    const ratio = many ? 1 : Math.min(window.devicePixelRatio || 1, 2);
    Object.assign(this.camera, { width: Math.max(box.width, 1), height: Math.max(box.height, 1) });
    const atHome = this.camera.view.span === this.camera.home.span;
    this.camera.fit(this.grid.bounds);
    if (atHome) this.camera.view = { ...this.camera.home };
    for (const canvas of [this.canvas, this.overlay.canvas]) {
      canvas.width = Math.round(box.width * ratio);
      canvas.height = Math.round(box.height * ratio);
    }
    this.settle();
    this.render();
  }

  render(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    const { camera } = this;
    const n = this.grid.x.length;
    const zoom = camera.home.span / camera.view.span;
    const base = n < 2000 ? 7 : n < 20_000 ? 5 : n < 200_000 ? 3 : 2;
    const size = Math.min(base * Math.max(zoom, 1) ** 0.3, 11);
    const layers = (n * size * size) / (camera.width * camera.height * Math.max(zoom, 1) ** 2);
    const opacity = Math.min(0.9, Math.max(0.05, 0.9 * (4 * layers) ** -0.6));
    // While the map moves, a part of very many points is enough
    const step = this.moving ? Math.ceil(n / MOST_MOVING) : 1;
    this.points.draw(camera, size, opacity, step);
    this.overlay.draw(camera);
  }

  private async settle(): Promise<void> {
    const { camera, painting } = this;
    if (!this.withPictures || camera.width < 2) return;
    const shown = this.grid.within(camera.box(), shownIn(painting), MOST);
    if (!shown?.length) {
      this.pictures.stop();
      this.overlay.tiles = [];
      return this.render();
    }
    const dots = shown.map((i): Dot => {
      const [r, g, b] = this.bytes.subarray(4 * i, 4 * i + 3) as unknown as [number, number, number];
      return { index: this.ids?.[i] ?? i, x: this.grid.x[i]!, y: this.grid.y[i]!, ink: [r, g, b] };
    });
    try {
      const tiles = await this.pictures.tiles(dots, camera);
      if (tiles) this.overlay.tiles = tiles;
      this.render();
    } catch {
      this.overlay.tiles = []; // dots stay
    }
  }
}
