// Points in cells of a regular grid: the nearest point, and the points in a box or a lasso.

import type { Box } from "./camera";

const PER_CELL = 4;
const MOST_CELLS = 1024; // along one side

export type Polygon = readonly (readonly [number, number])[];

export class Grid {
  readonly bounds: Box;
  private readonly side: number;
  private readonly starts: Uint32Array;
  private readonly order: Uint32Array;

  constructor(
    readonly x: Float32Array,
    readonly y: Float32Array,
  ) {
    const n = x.length;
    this.bounds = boundsOf(x, y);
    this.side = Math.min(Math.max(Math.ceil(Math.sqrt(n / PER_CELL)), 1), MOST_CELLS);
    this.starts = new Uint32Array(this.side ** 2 + 1);
    const cells = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      cells[i] = this.row(y[i]!) * this.side + this.column(x[i]!);
      this.starts[cells[i]! + 1]!++;
    }
    for (let c = 0; c < this.side ** 2; c++) this.starts[c + 1]! += this.starts[c]!;
    const next = this.starts.slice();
    this.order = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.order[next[cells[i]!]!++] = i;
  }

  private column(x: number): number {
    const { left, right } = this.bounds;
    return clamp(Math.floor(((x - left) / (right - left || 1)) * this.side), this.side);
  }

  private row(y: number): number {
    const { bottom, top } = this.bounds;
    return clamp(Math.floor(((y - bottom) / (top - bottom || 1)) * this.side), this.side);
  }

  // The indices of points in a box, in the order of the data, or null if they are more than `most`.
  within(box: Box, shown: (i: number) => boolean, most = Infinity): number[] | null {
    const found: number[] = [];
    const [c0, c1] = [this.column(box.left), this.column(box.right)];
    const [r0, r1] = [this.row(box.bottom), this.row(box.top)];
    for (let r = r0; r <= r1; r++) {
      for (let k = this.starts[r * this.side + c0]!; k < this.starts[r * this.side + c1 + 1]!; k++) {
        const i = this.order[k]!;
        const [x, y] = [this.x[i]!, this.y[i]!];
        if (x < box.left || x > box.right || y < box.bottom || y > box.top || !shown(i)) continue;
        found.push(i);
        if (found.length > most) return null;
      }
    }
    return found.sort((a, b) => a - b);
  }

  // The nearest point within a radius, or -1.
  nearest(x: number, y: number, radius: number, shown: (i: number) => boolean): number {
    const box = { left: x - radius, right: x + radius, bottom: y - radius, top: y + radius };
    let [best, least] = [-1, radius * radius];
    for (const i of this.within(box, shown) ?? []) {
      const d = (this.x[i]! - x) ** 2 + (this.y[i]! - y) ** 2;
      if (d <= least) [best, least] = [i, d];
    }
    return best;
  }

  // The points inside of a polygon, by the even-odd rule.
  inside(polygon: Polygon, shown: (i: number) => boolean): number[] {
    const xs = polygon.map(([x]) => x);
    const ys = polygon.map(([, y]) => y);
    const box = {
      left: Math.min(...xs),
      right: Math.max(...xs),
      bottom: Math.min(...ys),
      top: Math.max(...ys),
    };
    const near = this.within(box, shown) ?? [];
    return near.filter((i) => contains(polygon, this.x[i]!, this.y[i]!));
  }
}

export function contains(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [x1, y1] = polygon[i]!;
    const [x2, y2] = polygon[j]!;
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}

function clamp(cell: number, side: number): number {
  return Math.min(Math.max(cell, 0), side - 1) || 0;
}

function boundsOf(x: Float32Array, y: Float32Array): Box {
  const box = { left: Infinity, right: -Infinity, bottom: Infinity, top: -Infinity };
  for (let i = 0; i < x.length; i++) {
    box.left = Math.min(box.left, x[i]!);
    box.right = Math.max(box.right, x[i]!);
    box.bottom = Math.min(box.bottom, y[i]!);
    box.top = Math.max(box.top, y[i]!);
  }
  return x.length ? box : { left: -1, right: 1, bottom: -1, top: 1 };
}
