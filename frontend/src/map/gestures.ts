// Pointer and keys on the map, as gestures: pan, zoom, draw around, point at, press.

import type { Camera } from "./camera";

export type Tool = "pan" | "lasso" | "box";
export type Mode = "replace" | "add" | "subtract";
type Place = [number, number]; // in pixels

export interface Actions {
  moved(): void; // the camera
  pointed(place: Place | null): void;
  pressed(place: Place): void;
  drawing(outline: Place[]): void;
  drawn(outline: Place[], mode: Mode): void;
}

const STILL = 4; // pixels within which a press is not a drag

export class Gestures {
  tool: Tool = "pan";
  private readonly down = new Map<number, Place>();
  private outline: Place[] | null = null;
  private start: Place | null = null;
  private mode: Mode = "replace";
  private dragged = false;

  constructor(
    private readonly element: HTMLElement,
    private readonly camera: Camera,
    private readonly actions: Actions,
  ) {
    element.addEventListener("pointerdown", (event) => this.press(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    element.addEventListener("pointerup", (event) => this.release(event));
    element.addEventListener("pointercancel", (event) => this.cancel(event));
    element.addEventListener("pointerleave", () => this.actions.pointed(null));
    element.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    element.addEventListener("dblclick", (event) => event.preventDefault());
  }

  private place(event: MouseEvent): Place {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) return;
    const place = this.place(event);
    try {
      this.element.setPointerCapture(event.pointerId);
    } catch {
      // A pointer that has left already
    }
    this.down.set(event.pointerId, place);
    this.start = place;
    this.dragged = this.down.size > 1;
    this.mode = event.altKey ? "subtract" : event.shiftKey ? "add" : "replace";
    const draws = this.tool !== "pan" || event.shiftKey || event.altKey;
    this.outline = draws && this.down.size === 1 ? [place] : null;
  }

  private move(event: PointerEvent): void {
    const place = this.place(event);
    const last = this.down.get(event.pointerId);
    if (!last) return this.actions.pointed(place);
    this.dragged ||= distance(place, this.start ?? place) > STILL;
    if (!this.dragged) return;
    if (this.outline) {
      this.extend(place);
      this.actions.drawing(this.outline);
    } else {
      this.drag(event.pointerId, last, place);
    }
    this.down.set(event.pointerId, place);
  }

  private extend(place: Place): void {
    if (this.tool === "box") {
      const [x, y] = this.start!;
      this.outline = [[x, y], [place[0], y], place, [x, place[1]]];
    } else if (distance(place, this.outline!.at(-1)!) > 2) this.outline!.push(place);
  }

  private drag(id: number, last: Place, place: Place): void {
    const other = [...this.down].find(([key]) => key !== id)?.[1];
    if (other) {
      const before = distance(last, other);
      const middle: Place = [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2];
      if (before > 0) this.camera.zoom(distance(place, other) / before, ...middle);
    }
    const share = other ? 0.5 : 1;
    this.camera.pan(share * (place[0] - last[0]), share * (place[1] - last[1]));
    this.actions.moved();
  }

  private release(event: PointerEvent): void {
    if (!this.down.delete(event.pointerId)) return;
    const outline = this.outline;
    this.outline = null;
    if (this.down.size) return;
    if (outline && this.dragged) this.actions.drawn(outline, this.mode);
    else if (!this.dragged) this.actions.pressed(this.place(event));
    this.dragged = false;
  }

  private cancel(event: PointerEvent): void {
    this.down.delete(event.pointerId);
    this.outline = null;
    this.actions.drawing([]);
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    this.camera.zoom(Math.exp(-event.deltaY * lines * 0.002), ...this.place(event));
    this.actions.moved();
  }
}

function distance(a: Place, b: Place): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
