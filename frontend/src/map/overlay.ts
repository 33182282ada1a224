// What lies over the points: pictures, the walk, marks and the outline that is drawn.

import type { Camera } from "./camera";
import type { Tile } from "./pictures";

type Place = [number, number];

export interface Marks {
  code: Place | null; // of the code that is decoded
  pinned: Place | null;
  cursor: Place | null; // of the keyboard, in pixels
  walks: { path: Place[]; dashed: boolean }[];
  outline: Place[]; // in pixels
}

export class Overlay {
  marks: Marks = { code: null, pinned: null, cursor: null, walks: [], outline: [] };
  tiles: Tile[] = [];
  density: { image: CanvasImageSource; box: [number, number, number, number] } | null = null;
  private readonly context: CanvasRenderingContext2D;

  constructor(readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext("2d")!;
  }

  draw(camera: Camera): void {
    const { context: c, canvas, marks } = this;
    const ratio = canvas.width / camera.width;
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, camera.width, camera.height);
    const style = getComputedStyle(canvas);
    const [ink, paper] = [style.color, style.caretColor];
    if (this.density) this.drawDensity(camera);
    for (const tile of this.tiles) drawTile(c, camera, tile);
    for (const walk of marks.walks) {
      const places = walk.path.map(([x, y]) => camera.toScreen(x, y));
      line(c, places, style.outlineColor, paper, walk.dashed ? [6, 5] : []);
      for (const place of places) dot(c, place, 3, paper, style.outlineColor);
    }
    if (marks.pinned) ring(c, camera.toScreen(...marks.pinned), 9, ink, paper);
    if (marks.code) cross(c, camera.toScreen(...marks.code), 9, style.outlineColor, paper);
    if (marks.cursor) cross(c, marks.cursor, 14, ink, paper);
    if (marks.outline.length > 1) this.drawOutline(style.outlineColor);
  }

  private drawDensity(camera: Camera): void {
    const { image, box } = this.density!;
    const [left, top] = camera.toScreen(box[0], box[3]);
    const [right, bottom] = camera.toScreen(box[1], box[2]);
    this.context.drawImage(image, left, top, right - left, bottom - top);
  }

  private drawOutline(color: string): void {
    const c = this.context;
    c.beginPath();
    for (const place of this.marks.outline) c.lineTo(...place);
    c.closePath();
    c.globalAlpha = 0.15;
    c.fillStyle = color;
    c.fill();
    c.globalAlpha = 1;
    c.strokeStyle = color;
    c.lineWidth = 1.5;
    c.setLineDash([]);
    c.stroke();
  }
}

function drawTile(c: CanvasRenderingContext2D, camera: Camera, tile: Tile): void {
  const [x, y] = camera.toScreen(tile.x, tile.y);
  const { side, from, image } = tile;
  c.imageSmoothingEnabled = from.side < side ? false : true;
  c.fillStyle = tile.color;
  c.fillRect(x - side / 2 - 2, y - side / 2 - 2, side + 4, side + 4);
  c.drawImage(image, from.x, from.y, from.side, from.side, x - side / 2, y - side / 2, side, side);
}

function stroke(
  c: CanvasRenderingContext2D, color: string, paper: string, dashes: number[] = [],
): void {
  c.setLineDash([]);
  c.strokeStyle = paper;
  c.lineWidth = 5;
  c.stroke();
  c.setLineDash(dashes);
  c.strokeStyle = color;
  c.lineWidth = 2;
  c.stroke();
}

function line(
  c: CanvasRenderingContext2D, places: Place[], color: string, paper: string, dashes: number[],
): void {
  c.beginPath();
  for (const place of places) c.lineTo(...place);
  stroke(c, color, paper, dashes);
}

function dot(
  c: CanvasRenderingContext2D, [x, y]: Place, r: number, fill: string, color: string,
): void {
  c.beginPath();
  c.arc(x, y, r, 0, 2 * Math.PI);
  c.fillStyle = fill;
  c.fill();
  c.setLineDash([]);
  c.lineWidth = 1.5;
  c.strokeStyle = color;
  c.stroke();
}

function ring(
  c: CanvasRenderingContext2D, [x, y]: Place, r: number, color: string, paper: string,
): void {
  c.beginPath();
  c.arc(x, y, r, 0, 2 * Math.PI);
  stroke(c, color, paper);
}

function cross(
  c: CanvasRenderingContext2D, [x, y]: Place, r: number, color: string, paper: string,
): void {
  c.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
    c.moveTo(x + (dx * r) / 3, y + (dy * r) / 3);
    c.lineTo(x + dx * r, y + dy * r);
  }
  stroke(c, color, paper);
}
