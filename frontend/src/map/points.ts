// The drawing of points, on the processor: any browser does it, and a million take one frame.
//
// The weights of points add up at each pixel. The color there is the mean of theirs, and the
// opacity 1 - exp(-sum of weights): what layers of paint have, so that density is seen.

import type { Camera } from "./camera";

const ROUND = 3; // pixels from which on points are round; smaller ones are squares
const STEPS = 64; // of the table of opacities, for each unit of weight

const OPACITIES = Uint8Array.from({ length: 8 * STEPS + 1 }, (_, k) =>
  Math.round(255 * (1 - Math.exp(-k / STEPS))),
);

export class Points {
  private readonly context: CanvasRenderingContext2D;
  private x: Float32Array = new Float32Array();
  private y: Float32Array = new Float32Array();
  private colors = new Uint8Array();
  private sums = new Float32Array(); // of weight and weighted red, green, blue at each pixel
  private image: ImageData | null = null;

  constructor(readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext("2d")!;
  }

  place(x: Float32Array, y: Float32Array): void {
    [this.x, this.y, this.colors] = [x, y, new Uint8Array(4 * x.length)];
  }

  // Four bytes for each point: red, green, blue, and the weight; 0 for a hidden one.
  paint(colors: Uint8Array<ArrayBuffer>): void {
    this.colors = colors;
  }

  // Draws each `step`-th point, with a width of `size` in pixels of the page.
  draw(camera: Camera, size: number, opacity: number, step = 1): void {
    const { width, height } = this.canvas;
    if (!width || !height) return;
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = this.context.createImageData(width, height);
      this.sums = new Float32Array(4 * width * height);
    }
    this.sums.fill(0);
    const ratio = width / camera.width;
    const weight = -Math.log1p(-opacity) / 255;
    if (size * ratio < ROUND) this.squares(camera, Math.max(1, Math.round(size * ratio)), weight, step);
    else this.disks(camera, (size * ratio) / 2, weight, step);
    this.develop();
    this.context.putImageData(this.image, 0, 0);
  }

  private squares(camera: Camera, side: number, weight: number, step: number): void {
    const { x, y, colors, sums } = this;
    const { width, height } = this.canvas;
    const [k, left, top] = this.scales(camera);
    const shift = (side - 1) / 2;
    for (let i = 0; i < x.length; i += step) {
      const alpha = colors[4 * i + 3]!;
      if (!alpha) continue;
      const c = Math.floor(x[i]! * k + left - shift);
      const r = Math.floor(top - y[i]! * k - shift);
      if (!(c >= 0 && r >= 0 && c + side <= width && r + side <= height)) continue;
      const w = weight * alpha;
      const [red, green, blue] = [w * colors[4 * i]!, w * colors[4 * i + 1]!, w * colors[4 * i + 2]!];
      for (let a = r; a < r + side; a++) {
        for (let at = 4 * (a * width + c), end = at + 4 * side; at < end; at += 4) {
          sums[at]! += w;
          sums[at + 1]! += red;
          sums[at + 2]! += green;
          sums[at + 3]! += blue;
        }
      }
    }
  }

  private disks(camera: Camera, radius: number, weight: number, step: number): void {
    const { x, y, colors, sums } = this;
    const { width, height } = this.canvas;
    const [k, left, top] = this.scales(camera);
    const reach = radius + 0.5;
    for (let i = 0; i < x.length; i += step) {
      const alpha = colors[4 * i + 3]!;
      if (!alpha) continue;
      const px = x[i]! * k + left;
      const py = top - y[i]! * k;
      if (!(px > -reach && py > -reach && px < width + reach && py < height + reach)) continue;
      const [c0, c1] = [Math.max(0, Math.floor(px - reach)), Math.min(width - 1, Math.floor(px + reach))];
      const [r0, r1] = [Math.max(0, Math.floor(py - reach)), Math.min(height - 1, Math.floor(py + reach))];
      for (let r = r0; r <= r1; r++) {
        for (let c = c0; c <= c1; c++) {
          const inside = reach - Math.hypot(c + 0.5 - px, r + 0.5 - py);
          if (inside <= 0) continue;
          const w = weight * alpha * Math.min(inside, 1);
          const at = 4 * (r * width + c);
          sums[at]! += w;
          sums[at + 1]! += w * colors[4 * i]!;
          sums[at + 2]! += w * colors[4 * i + 1]!;
          sums[at + 3]! += w * colors[4 * i + 2]!;
        }
      }
    }
  }

  // Pixels of the canvas per unit of the plane, and where its origin is.
  private scales(camera: Camera): [k: number, left: number, top: number] {
    const ratio = this.canvas.width / camera.width;
    const [left, top] = camera.toScreen(0, 0);
    return [camera.scale * ratio, left * ratio, top * ratio];
  }

  private develop(): void {
    const { sums } = this;
    const pixels = this.image!.data;
    pixels.fill(0);
    for (let at = 0; at < sums.length; at += 4) {
      const w = sums[at]!;
      if (!w) continue;
      pixels[at] = sums[at + 1]! / w;
      pixels[at + 1] = sums[at + 2]! / w;
      pixels[at + 2] = sums[at + 3]! / w;
      pixels[at + 3] = OPACITIES[Math.min(Math.ceil(w * STEPS), 8 * STEPS)]!;
    }
  }
}
