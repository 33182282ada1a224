// Pictures in place of dots when few points are in view: one atlas of what is visible.

import { Latest, postForBytes } from "../core/api";
import { css, type Rgb } from "./colors";
import type { Camera } from "./camera";

export const MOST = 400; // points in view; with more, they stay dots
const SIDE = 48; // pixels of a picture in the atlas

export interface Tile {
  index: number;
  x: number;
  y: number;
  side: number; // pixels on the screen
  color: string;
  image: CanvasImageSource;
  from: { x: number; y: number; side: number };
}

interface Cell {
  image: ImageBitmap;
  x: number;
  y: number;
  side: number;
}

export interface Dot {
  index: number;
  x: number;
  y: number;
  ink: Rgb;
}

export class Pictures {
  private readonly latest = new Latest();
  private cells = new Map<number, Cell>();

  // The tiles of the dots. Those that would cover another one stay dots.
  async tiles(dots: Dot[], camera: Camera): Promise<Tile[] | null> {
    const side = Math.max(22, Math.min(SIDE, Math.sqrt((camera.width * camera.height) / (6 * dots.length))));
    const apart = choose(dots, camera, side + 5);
    const missing = apart.map(({ index }) => index).filter((i) => !this.cells.has(i));
    if (missing.length) {
      const done = await this.latest.run((signal) => this.load(missing, signal));
      if (!done) return null;
    }
    return apart.flatMap(({ index, x, y, ink }) => {
      const cell = this.cells.get(index);
      const from = cell && { x: cell.x, y: cell.y, side: cell.side };
      return cell ? [{ index, x, y, side, color: css(ink), image: cell.image, from: from! }] : [];
    });
  }

  stop(): void {
    this.latest.stop();
  }

  private async load(indices: number[], signal: AbortSignal): Promise<boolean> {
    const response = await postForBytes("api/atlas", { indices, side: SIDE }, { signal });
    const image = await createImageBitmap(await response.blob());
    const columns = Number(response.headers.get("X-Columns"));
    const side = Number(response.headers.get("X-Side"));
    if (this.cells.size > 5000) this.cells = new Map();
    indices.forEach((index, k) => {
      const [x, y] = [(k % columns) * side, Math.floor(k / columns) * side];
      this.cells.set(index, { image, x, y, side });
    });
    return true;
  }
}

function choose(dots: Dot[], camera: Camera, apart: number): Dot[] {
  const taken = new Map<string, [number, number][]>();
  return dots.filter(({ x, y }) => {
    const [px, py] = camera.toScreen(x, y);
    const [c, r] = [Math.floor(px / apart), Math.floor(py / apart)];
    for (let i = c - 1; i <= c + 1; i++) {
      for (let j = r - 1; j <= r + 1; j++) {
        const near = taken.get(`${i},${j}`) ?? [];
        if (near.some(([u, v]) => Math.abs(u - px) < apart && Math.abs(v - py) < apart)) return false;
      }
    }
    const key = `${c},${r}`;
    taken.set(key, [...(taken.get(key) ?? []), [px, py]]);
    return true;
  });
}
